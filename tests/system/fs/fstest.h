/* SPDX-License-Identifier: MIT */
/* File system tests, by ../frame; each runs in a folder of its own. */
#ifndef FSTEST_H
#define FSTEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "../frame/frame.h"

/* Helpers: each fails the test if it cannot do its work. */
void put_file(const char *path, const void *data, size_t len);
void put_text(const char *path, const char *text);
size_t get_file(const char *path, void *data, size_t room);
/* Copy an executable file of at most 4 MiB. */
void copy_program(const char *from, const char *to);
bool file_is(const char *path, const char *text);
void fill_from(void *buf, size_t len, uint32_t seed);
uint32_t checksum(const void *buf, size_t len, uint32_t sum);
bool exists(const char *path);
struct stat stat_of(const char *path);
int wait_for(pid_t pid);
/* Save all, and have the kernel ask for names and attributes again. Skips the test without root. */
void forget_all(void);
/* A process that saves all, over and over, until it is killed or this one ends. */
pid_t start_saving(void);
/* "f0", "f1", ...; until the next call. */
const char *name_of(int i);

#endif

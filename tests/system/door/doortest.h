/* SPDX-License-Identifier: MIT */
/*
 * Tests of the exceptionless door, by ../frame. The same binary must pass on an
 * ordinary Linux, and in the primary without the library and with it; with -d it also
 * checks that the door was used.
 *
 * <sys/stat.h> is not included here: it and virtuos/door.h define the same types.
 */
#ifndef DOORTEST_H
#define DOORTEST_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../../libsyscall-forward/libsyscall-forward.h"
#include "../frame/frame.h"

/* At least @n calls of a kind have passed the door in this process. */
#define CHECK_DOOR(op, n)							\
	do {									\
		if (door_expected && door_calls(op) < (uint64_t)(n))		\
			test_fail(__FILE__, __LINE__, "door[" #op "] >= " #n,	\
				  (long)door_calls(op));			\
	} while (0)

extern bool door_expected;	/* -d */
extern int hostile_seconds;	/* -s */
extern unsigned int hostile_seed;	/* -r, or the clock's */

/* util.c */
struct vos_door_stats door_stats(void);
uint64_t door_calls(int op);
int new_file(const char *name, int flags);	/* read and write, empty, ready for the door */
int number_file(const char *name, uint32_t count);	/* holds 0, 1, 2, ... */
const char *path_of(const char *name);	/* of new_file(); until the next call */
off_t size_of(int fd);
void warm_file(int fd);
void tcp_pair(int fd[2]);	/* ready for the door */
void udp_pair(int fd[2]);
void *shared_memory(size_t n);
bool own_door_opens(void);	/* or there is no door in this kernel */

/* mode.c */
mode_t mode_of_path(const char *path);	/* 0: there is none */
int set_mode(const char *path, mode_t mode);

/* endless.c */
int endless_pages(void **p, size_t n);	/* nobody ever fills them; -1: no userfaultfd(2) */
void await_touch(int fd);

/* t_exec.c */
int exec_main(const char *dir, pid_t holder);

#endif

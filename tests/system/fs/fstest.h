/* SPDX-License-Identifier: MIT */
/*
 * What the file system tests share. A test is a function that returns when all is
 * well; a CHECK that fails ends its process. Each runs in a directory of its own.
 */
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

#define SKIP 77

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_add(struct test *t);
void test_fail(const char *file, int line, const char *what, long value) __attribute__((noreturn));
void test_skip(const char *why) __attribute__((noreturn));

/* TEST(name) { ... } defines and registers a test. */
#define TEST(n)							\
	static void run_##n(void);				\
	static struct test test_##n = { #n, run_##n, NULL };	\
	__attribute__((constructor)) static void add_##n(void)	\
	{							\
		test_add(&test_##n);				\
	}							\
	static void run_##n(void)

#define CHECK(cond)							\
	do {								\
		if (!(cond))						\
			test_fail(__FILE__, __LINE__, #cond, 0);	\
	} while (0)

#define CHECK_EQ(expr, want)						\
	do {								\
		long got_ = (long)(expr);				\
		if (got_ != (long)(want))				\
			test_fail(__FILE__, __LINE__, #expr " == " #want, got_);	\
	} while (0)

/* The call fails with this errno. */
#define CHECK_ERR(expr, want)						\
	do {								\
		long got_;						\
		errno = 0;						\
		got_ = (long)(expr);					\
		if (got_ != -1 || errno != (want))			\
			test_fail(__FILE__, __LINE__, #expr " fails with " #want, got_);	\
	} while (0)

/* The call succeeds; its value. */
#define CHECK_OK(expr)							\
	({								\
		long val_ = (long)(expr);				\
		if (val_ < 0)						\
			test_fail(__FILE__, __LINE__, #expr, val_);	\
		val_;							\
	})

/* Helpers: each fails the test if it cannot do its work. */
void put_file(const char *path, const void *data, size_t len);
void put_text(const char *path, const char *text);
size_t get_file(const char *path, void *data, size_t room);
bool file_is(const char *path, const char *text);
void fill(void *buf, size_t len, uint32_t seed);
uint32_t checksum(const void *buf, size_t len, uint32_t sum);
bool exists(const char *path);
struct stat stat_of(const char *path);
int wait_for(pid_t pid);

#endif

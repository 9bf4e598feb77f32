/* SPDX-License-Identifier: MIT */
/*
 * A small frame for tests of the exceptionless door: each test is a function that
 * runs in a process of its own under a time limit, and fails at the first CHECK()
 * that does not hold.
 *
 * The same binary must pass on an ordinary Linux, and in the primary without the
 * library and with it; with -d it also checks that the door was used.
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

#define SKIP 77

struct test {
	const char *name;
	void (*fn)(void);
	struct test *next;
};

void test_add(struct test *t);
void test_fail(const char *file, int line, const char *what, long value);

#define TEST(id)								\
	static void test_##id(void);						\
	static struct test test_entry_##id = { .name = #id, .fn = test_##id };	\
	__attribute__((constructor)) static void test_add_##id(void)		\
	{									\
		test_add(&test_entry_##id);					\
	}									\
	static void test_##id(void)

#define CHECK(cond)								\
	do {									\
		if (!(cond))							\
			test_fail(__FILE__, __LINE__, #cond, 0);		\
	} while (0)

#define CHECK_EQ(expr, want)							\
	do {									\
		long got_ = (long)(expr);					\
		if (got_ != (long)(want))					\
			test_fail(__FILE__, __LINE__, #expr " == " #want, got_);	\
	} while (0)

#define CHECK_ERR(expr, err)							\
	do {									\
		long got_ = (long)(expr);					\
		if (got_ != -1 || errno != (err))				\
			test_fail(__FILE__, __LINE__, #expr " fails with " #err, got_);	\
	} while (0)

/* At least @n calls of a kind have passed the door in this process. */
#define CHECK_DOOR(op, n)							\
	do {									\
		if (door_expected && door_calls(op) < (uint64_t)(n))		\
			test_fail(__FILE__, __LINE__, "door[" #op "] >= " #n,	\
				  (long)door_calls(op));			\
	} while (0)

extern bool door_expected;	/* -d */
extern const char *folder;	/* where files are made */
extern int hostile_seconds;	/* -s */
extern char *program;		/* this one's path */

/* util.c */
struct vos_door_stats door_stats(void);
uint64_t door_calls(int op);
int new_file(const char *name, int flags);	/* read and write, empty, ready for the door */
int number_file(const char *name, uint32_t count);	/* holds 0, 1, 2, ... */
void warm_file(int fd);
void tcp_pair(int fd[2]);	/* ready for the door */
void udp_pair(int fd[2]);
double now(void);
void fill(unsigned char *p, size_t n, uint32_t *state);
void write_all(int fd, const void *p, size_t n);
void read_all(int fd, void *p, size_t n);
pid_t child(void (*fn)(void *), void *arg);
void reap(pid_t pid);
void *shared_memory(size_t n);

#endif

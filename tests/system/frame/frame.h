/* SPDX-License-Identifier: MIT */
/*
 * A small frame for test programs that run on an ordinary Linux and in the primary:
 * each test is a function that runs in a process of its own under a time limit, and
 * fails at the first CHECK() that does not hold.
 *
 *	PROGRAM [-l] [-t SECONDS] [its own options] ... [NAME...]
 *
 * runs the named tests (or those that begin so), or all; -l lists them. A line for
 * each says pass, skip or FAIL; the last one "N passed, N failed".
 */
#ifndef FRAME_H
#define FRAME_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

/**
 * struct frame - what a program has of its own
 * @options: more of them, as getopt(3) wants them
 * @option: takes one; returns false if its argument is bad
 * @folder: the first argument is a folder for the tests to use
 * @prepare: in the test's process, before it
 * @clean: in the program's, after it; returns false if that is a failure
 */
struct frame {
	const char *name;
	const char *options;
	bool (*option)(int c, char *arg);
	bool folder;
	void (*prepare)(const struct test *t);
	bool (*clean)(const struct test *t);
};

extern const char *folder;	/* see struct frame */
extern char *program;		/* this one's path */

int frame_main(const struct frame *f, int argc, char **argv);
void test_add(struct test *t);
void test_fail(const char *file, int line, const char *what, long value) __attribute__((noreturn));
void test_skip(const char *why) __attribute__((noreturn));

/* TEST(name) { ... } defines and registers a test. */
#define TEST(id)								\
	static void test_##id(void);						\
	static struct test test_entry_##id = { .name = #id, .run = test_##id };	\
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

/* A call that must give this value; shows what it gave, and errno. */
#define CHECK_EQ(expr, want)							\
	do {									\
		long got_ = (long)(expr);					\
		if (got_ != (long)(want))					\
			test_fail(__FILE__, __LINE__, #expr " == " #want, got_);	\
	} while (0)

/* A call that must fail with this errno. */
#define CHECK_ERR(expr, err)							\
	do {									\
		long got_ = (long)(expr);					\
		if (got_ != -1 || errno != (err))				\
			test_fail(__FILE__, __LINE__, #expr " fails with " #err, got_);	\
	} while (0)

/* A call that must succeed; its value. */
#define CHECK_OK(expr)								\
	({									\
		long val_ = (long)(expr);					\
		if (val_ < 0)							\
			test_fail(__FILE__, __LINE__, #expr, val_);		\
		val_;								\
	})

/* Helpers. Each fails the test if it cannot do its work. */
double now(void);		/* seconds, by the monotonic clock */
void fill(unsigned char *p, size_t n, uint32_t *state);
void write_all(int fd, const void *p, size_t n);
void read_all(int fd, void *p, size_t n);
pid_t child(void (*fn)(void *), void *arg);
void reap(pid_t pid);		/* it must have ended with status 0 */

#endif

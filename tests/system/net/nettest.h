/* SPDX-License-Identifier: MIT */
/*
 * A small frame for socket tests: each test is a function that runs in a process
 * of its own under a time limit, and fails at the first CHECK() that does not hold.
 *
 * The same binary must pass on an ordinary Linux and in the primary.
 */
#ifndef NETTEST_H
#define NETTEST_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

/* util.c */
struct endpoint {
	struct sockaddr_storage addr;
	socklen_t len;
};

struct endpoint loopback(int family, int port);
int port_of(int fd);
int listener(int family, struct endpoint *where);
void tcp_pair(int family, int fd[2]);
void udp_pair(int family, int fd[2]);
void set_nonblock(int fd, bool on);
int get_int(int fd, int level, int name);
void set_int(int fd, int level, int name, int value);
int poll_for(int fd, short events, int ms);
double now(void);
void fill(unsigned char *p, size_t n, uint32_t *state);
uint64_t sum(uint64_t s, const unsigned char *p, size_t n);
void write_all(int fd, const void *p, size_t n);
void read_all(int fd, void *p, size_t n);
pid_t child(void (*fn)(void *), void *arg);
void reap(pid_t pid);

extern const char *peer_host;	/* an echo server outside (TCP and UDP), or NULL */
extern int peer_port;

#endif

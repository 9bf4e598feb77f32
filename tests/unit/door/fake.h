/* SPDX-License-Identifier: MIT */
/*
 * The other side of the exceptionless door, for tests of libsyscall-forward on the
 * host: a kernel that opens doors and channels, a service thread that answers from
 * memory, and a trap door that works on the same objects.
 *
 * The interposed functions are those of interpose.c, under names that begin with door_.
 */
#ifndef DOOR_FAKE_H
#define DOOR_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <netinet/in.h>

#include "iov.h"

#define read door_read_fd
#define write door_write_fd
#define pread door_pread
#define pwrite door_pwrite
#define readv door_readv
#define writev door_writev
#define recv door_recv
#define send door_send
#define recvfrom door_recvfrom
#define sendto door_sendto
#define recvmsg door_recvmsg
#define sendmsg door_sendmsg
#define setsockopt door_setsockopt
#define pread64 door_pread64
#define pwrite64 door_pwrite64
#define __read door_read_fd2
#define __write door_write_fd2
#define __send door_send2
#define __pread64 door_pread64_2
#define __pwrite64 door_pwrite64_2
#define __read_chk door_read_chk
#define __pread_chk door_pread_chk
#define __pread64_chk door_pread64_chk
#define __recv_chk door_recv_chk
#define __recvfrom_chk door_recvfrom_chk
ssize_t read(int fd, void *buf, size_t n);
ssize_t write(int fd, const void *buf, size_t n);
ssize_t pread(int fd, void *buf, size_t n, off_t pos);
ssize_t pwrite(int fd, const void *buf, size_t n, off_t pos);
ssize_t readv(int fd, const struct iovec *v, int n);
ssize_t writev(int fd, const struct iovec *v, int n);
ssize_t recv(int fd, void *buf, size_t n, int flags);
ssize_t send(int fd, const void *buf, size_t n, int flags);
ssize_t recvfrom(int fd, void *buf, size_t n, int flags, struct sockaddr *from, socklen_t *len);
ssize_t sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *to,
	       socklen_t len);
ssize_t recvmsg(int fd, struct msghdr *m, int flags);
ssize_t sendmsg(int fd, const struct msghdr *m, int flags);
int setsockopt(int fd, int level, int name, const void *value, socklen_t len);

#define LANES		3u
#define LANE_ARENA	8192u
#define LOG_SIZE	16384u
#define FDS		64
#ifndef FILE_MAX
#define FILE_MAX	(1u << 20)
#endif

enum answer { ANSWER, ANSWERED, SILENT };

struct object {
	__u32 kind, flags, slot, gen;
	/* a stream: what may be received, what was sent, how much may be sent */
	unsigned char rx[1 << 16], tx[1 << 16];
	size_t rx_head, rx_len, tx_len, tx_room;
	int error;		/* send and recv fail with it, once */
	int option;		/* what was set last */
	/* a file */
	unsigned char *data;	/* a test may put its own here, for a while */
	unsigned char *own;	/* what fake_open() made, and teardown() frees */
	size_t size;
	__u64 pos;		/* while the kernel has it */
	bool window;		/* it can be read in place */
};

struct fake_chan {
	char *mem, *arena;
	struct vos_uchan_head *head;
	struct vos_ring sq[LANES], cq[LANES];
	bool dead;
};

extern struct fake {
	pthread_mutex_t lock;	/* objects, and a channel's life */
	pthread_t service;
	bool stop, asleep;
	struct vos_door_state *state;
	struct fake_chan *chan[VOS_DOOR_SERVICES];
	struct object *fd[FDS];
	long open_rc, channel_rc;
	long trap_rc;		/* not 0: what the trap door answers instead of moving data */
	__u32 log_head;		/* found there when a channel is made */
	bool tell_kind;		/* ATTACH without a channel says what is wanted */
	__u64 seq;
	bool durable_at_once, commit_works;
	/* what the service does instead */
	enum answer (*hook)(struct vos_sqe *e, struct vos_cqe *c);
	void (*in_wait)(void);	/* called in ENTER, before it looks */
	long (*enter)(unsigned int s, __u32 arg);	/* instead of ENTER */
	long (*account)(void);		/* ACCOUNT; NULL: it is not known */
	int accounts;
	int opens, channels, attaches, enters, kicks, commits, traps, unmaps, windows, tidies, recalls,
		rests;
	__u32 max_call;		/* moves no more than this in one call */
} fake;

/* Let others go on. */
void rest(void);

/* The service: begins and ends; answers what is there, in the caller's thread; dies. */
int start_service(void);
void stop_service(void);
bool serve_all(void);
void kill_channel(unsigned int s);

/* Everything but the service: begins and ends. */
void fake_begin(void);
void fake_end(void);

/* A descriptor of that kind, VOS_KIND_*, and with these VOS_WORD_* flags. */
struct object *fake_open(int fd, __u32 kind, __u32 flags);

/* Make futile calls until the descriptor's word is set. Return: it is. */
bool attach_now(int fd);

/* Return: a file of that content in a window whose word is set. */
struct object *fake_window(int fd, __u32 flags, const void *data, size_t size);

/* Have bytes received on a socket. */
void feed(struct object *o, const void *p, size_t n);

/* Around each test: fake_begin() and the service; their ends. */
int setup(void **state);
int teardown(void **state);

#define FILE_FLAGS (VOS_WORD_READ | VOS_WORD_WRITE | VOS_WORD_POS)

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif

// SPDX-License-Identifier: MIT
/* Sockets: what is done to them behind the library's back, waiting, and their data. */
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "doortest.h"

static void ping(int from, int to, int n)
{
	char c;

	while (n--) {
		CHECK_EQ(send(from, "x", 1, 0), 1);
		CHECK_EQ(recv(to, &c, 1, 0), 1);
	}
}

TEST(the_door_is_used)
{
	int fd[2], i;
	char c;

	tcp_pair(fd);
	for (i = 0; i < 100; i++) {
		CHECK_EQ(send(fd[0], "x", 1, 0), 1);
		/* To wait for what is not there yet is the trap door's. */
		CHECK_EQ(recv(fd[1], &c, 1, MSG_DONTWAIT), 1);
	}
	CHECK_DOOR(VOS_STAT_SEND, 100);
	CHECK_DOOR(VOS_STAT_RECV, 50);
	udp_pair(fd);
	ping(fd[0], fd[1], 100);
	CHECK_DOOR(VOS_STAT_SEND, 200);
}

static void set(int fd, int name, int value)
{
	CHECK_EQ(setsockopt(fd, IPPROTO_TCP, name, &value, sizeof(value)), 0);
}

static int get(int fd, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	CHECK_EQ(getsockopt(fd, IPPROTO_TCP, name, &value, &len), 0);
	return value;
}

TEST(options_that_are_not_waited_for)
{
	int fd[2], i;

	tcp_pair(fd);
	ping(fd[0], fd[1], 10);
	for (i = 0; i < 100; i++) {
		set(fd[0], TCP_NODELAY, i & 1);
		CHECK_EQ(get(fd[0], TCP_NODELAY), i & 1);
		set(fd[0], TCP_CORK, i & 1);
		CHECK_EQ(get(fd[0], TCP_CORK), i & 1);
	}
	CHECK_DOOR(VOS_STAT_OPTION, 150);
	CHECK_ERR(setsockopt(fd[0], IPPROTO_TCP, TCP_CORK, "x", 1), EINVAL);
	CHECK_ERR(setsockopt(fd[0], IPPROTO_TCP, 9999, &i, sizeof(i)), ENOPROTOOPT);
}

/* What is corked comes as soon as it is not any more, however that comes about. */
TEST(corked_bytes_come)
{
	int fd[2], i, copy, late = 0;
	char buf[8];

	for (i = 0; i < 30; i++) {
		double start;

		tcp_pair(fd);
		ping(fd[0], fd[1], 10);
		start = now();
		set(fd[0], TCP_CORK, 1);
		CHECK_EQ(send(fd[0], "ab", 2, 0), 2);
		CHECK_ERR(recv(fd[1], buf, 8, MSG_DONTWAIT), EAGAIN);
		CHECK_EQ(send(fd[0], "cd", 2, 0), 2);
		switch (i % 3) {
		case 0:
			set(fd[0], TCP_CORK, 0);
			break;
		case 1:		/* its last handle goes at once */
			copy = dup(fd[0]);
			set(fd[0], TCP_CORK, 0);
			CHECK_EQ(close(fd[0]), 0);
			fd[0] = copy;
			break;
		case 2:
			CHECK_EQ(close(fd[0]), 0);
			fd[0] = dup(0);
		}
		CHECK_EQ(recv(fd[1], buf, 8, 0), 4);
		/* The cork would come off by itself after 0.2 s. */
		late += now() - start >= 0.19;
		close(fd[0]);
		close(fd[1]);
	}
	CHECK(late < 8);
}

/* close, dup2 and reuse by bare system calls */
TEST(descriptors_change_behind_its_back)
{
	int a[2], b[2], file = new_file("reuse", 0), i;
	char c;

	CHECK_EQ(write(file, "f", 1), 1);
	tcp_pair(a);
	for (i = 0; i < 30; i++) {
		tcp_pair(b);
		ping(a[0], a[1], 2);
		CHECK_EQ(syscall(SYS_dup2, b[1], a[1]), a[1]);
		CHECK_EQ(send(b[0], "b", 1, 0), 1);
		CHECK_EQ(recv(a[1], &c, 1, 0), 1);
		CHECK_EQ(c, 'b');
		CHECK_EQ(syscall(SYS_close, a[0]), 0);
		CHECK_ERR(send(a[0], "x", 1, MSG_NOSIGNAL), EBADF);
		CHECK_EQ(syscall(SYS_dup2, file, a[0]), a[0]);
		CHECK_EQ(pread(a[0], &c, 1, 0), 1);
		CHECK_EQ(c, 'f');
		CHECK_ERR(recv(a[0], &c, 1, 0), ENOTSOCK);
		CHECK_EQ(syscall(SYS_dup2, b[0], a[0]), a[0]);
		CHECK_EQ(syscall(SYS_close, b[0]), 0);
		CHECK_EQ(syscall(SYS_close, b[1]), 0);
		ping(a[0], a[1], 2);
	}
}

static void send_fd(int via, int fd)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } u = { 0 };
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u,
			    .msg_controllen = sizeof(u) };

	u.h.cmsg_len = CMSG_LEN(sizeof(int));
	u.h.cmsg_level = SOL_SOCKET;
	u.h.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&u.h), &fd, sizeof(fd));
	CHECK_EQ(sendmsg(via, &m, 0), 1);
}

static int recv_fd(int via)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } u = { 0 };
	char c;
	struct iovec v = { &c, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u,
			    .msg_controllen = sizeof(u) };
	int fd;

	CHECK_EQ(recvmsg(via, &m, 0), 1);
	CHECK_EQ(u.h.cmsg_type, SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(&u.h), sizeof(fd));
	return fd;
}

/* A descriptor that was just closed comes back as another's. */
TEST(descriptors_by_scm_rights)
{
	int via[2], a[2], b[2], i;
	char c;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, via), 0);
	tcp_pair(b);
	for (i = 0; i < 30; i++) {
		int got, hole;

		tcp_pair(a);
		hole = dup(0);		/* where the listener was */
		send_fd(via[0], b[1]);
		CHECK_EQ(close(a[1]), 0);
		got = recv_fd(via[1]);
		CHECK_EQ(got, a[1]);
		CHECK_EQ(send(b[0], "s", 1, 0), 1);
		CHECK_EQ(recv(got, &c, 1, 0), 1);
		CHECK_EQ(c, 's');
		close(got);
		close(a[0]);
		close(hole);
	}
}

TEST(nonblock_is_toggled)
{
	struct timeval tv = { .tv_usec = 100000 };
	int fd[2], on, i;
	double start;
	char c;

	tcp_pair(fd);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
		start = now();
		CHECK_ERR(recv(fd[0], &c, 1, 0), EAGAIN);
		CHECK_ERR(read(fd[0], &c, 1), EAGAIN);
		CHECK(now() - start < 0.08);
		ping(fd[1], fd[0], 0);
		on = 0;
		CHECK_EQ(ioctl(fd[0], FIONBIO, &on), 0);
		start = now();
		CHECK_ERR(recv(fd[0], &c, 1, 0), EAGAIN);	/* after the time-out */
		CHECK(now() - start > 0.08);
		on = 1;
		CHECK_EQ(ioctl(fd[0], FIONBIO, &on), 0);
		start = now();
		CHECK_ERR(recv(fd[0], &c, 1, 0), EAGAIN);
		CHECK(now() - start < 0.08);
		CHECK_EQ(fcntl(fd[0], F_SETFL, 0), 0);
		ping(fd[1], fd[0], 3);
	}
}

static int wait_in(int ep, int ms)
{
	struct epoll_event e;

	return epoll_wait(ep, &e, 1, ms);
}

TEST(epoll_level_and_edge)
{
	struct epoll_event level = { .events = EPOLLIN }, edge = { .events = EPOLLIN | EPOLLET };
	int fd[2], l = epoll_create1(0), e = epoll_create1(0), i;
	char buf[8];

	tcp_pair(fd);
	CHECK_EQ(epoll_ctl(l, EPOLL_CTL_ADD, fd[0], &level), 0);
	CHECK_EQ(epoll_ctl(e, EPOLL_CTL_ADD, fd[0], &edge), 0);
	CHECK_EQ(wait_in(l, 0), 0);
	for (i = 0; i < 50; i++) {
		CHECK_EQ(send(fd[1], "ab", 2, 0), 2);
		CHECK_EQ(wait_in(l, 2000), 1);
		CHECK_EQ(wait_in(e, 2000), 1);
		CHECK_EQ(wait_in(e, 0), 0);
		CHECK_EQ(recv(fd[0], buf, 1, 0), 1);
		CHECK_EQ(wait_in(l, 0), 1);	/* there is more */
		CHECK_EQ(recv(fd[0], buf, 8, 0), 1);
		CHECK_EQ(wait_in(l, 0), 0);
		CHECK_ERR(recv(fd[0], buf, 8, MSG_DONTWAIT), EAGAIN);
	}
	CHECK_DOOR(VOS_STAT_RECV, 100);
}

TEST(rcvtimeo_ends_a_wait)
{
	struct timeval tv = { .tv_usec = 150000 };
	double start;
	int fd[2];
	char c;

	tcp_pair(fd);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	start = now();
	CHECK_ERR(recv(fd[0], &c, 1, 0), EAGAIN);
	CHECK(now() - start > 0.14 && now() - start < 5);
	ping(fd[1], fd[0], 5);
}

#define STREAM (4u << 20)

static void *send_pattern(void *arg)
{
	unsigned char *buf = malloc(300000);
	unsigned int seed = 3;
	uint32_t state = 1;
	size_t left = STREAM;

	while (left) {
		size_t n = rand_r(&seed) % 300000 + 1;

		if (n > left)
			n = left;
		fill(buf, n, &state);
		CHECK_EQ(send(*(int *)arg, buf, n, 0), n);	/* blocking: all of it */
		left -= n;
	}
	free(buf);
	return NULL;
}

TEST(streams_keep_their_order)
{
	unsigned char *got = malloc(200000), *want = malloc(200000);
	unsigned int seed = 7;
	uint32_t state = 1;
	size_t left = STREAM;
	pthread_t t;
	int fd[2];

	tcp_pair(fd);
	CHECK_EQ(pthread_create(&t, NULL, send_pattern, &fd[1]), 0);
	while (left) {
		size_t max = rand_r(&seed) % 200000 + 1;
		struct iovec v[2] = { { got, max / 3 }, { got + max / 3, max - max / 3 } };
		ssize_t n = left % 2 ? readv(fd[0], v, 2) : read(fd[0], got, max);

		CHECK(n > 0);
		fill(want, n, &state);
		CHECK(!memcmp(got, want, n));
		left -= n;
	}
	pthread_join(t, NULL);
	CHECK_DOOR(VOS_STAT_SEND, 10);
}

TEST(datagrams_have_addresses)
{
	struct sockaddr_in me, from;
	socklen_t len = sizeof(me);
	static char big[3000];
	char buf[100];
	struct iovec v = { buf, sizeof(buf) };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &v,
			    .msg_iovlen = 1 };
	int fd[2], i;

	udp_pair(fd);
	CHECK_EQ(getsockname(fd[0], (struct sockaddr *)&me, &len), 0);
	for (i = 0; i < 20; i++) {
		CHECK_EQ(send(fd[0], "abc", 3, 0), 3);
		len = sizeof(from);
		memset(&from, 0, sizeof(from));
		CHECK_EQ(recvfrom(fd[1], buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 3);
		CHECK_EQ(len, sizeof(from));
		CHECK(from.sin_port == me.sin_port && from.sin_addr.s_addr == me.sin_addr.s_addr);
		CHECK_EQ(sendto(fd[1], big, sizeof(big), 0, (struct sockaddr *)&from, len),
			 sizeof(big));
		m.msg_namelen = sizeof(from);
		CHECK_EQ(recvmsg(fd[0], &m, 0), sizeof(buf));
		CHECK_EQ(m.msg_flags, MSG_TRUNC);
		CHECK_EQ(m.msg_namelen, sizeof(from));
		CHECK_ERR(recv(fd[0], buf, 1, MSG_DONTWAIT), EAGAIN);
	}
	CHECK_DOOR(VOS_STAT_RECV, 20);
}

TEST(the_end_of_a_stream)
{
	int fd[2];
	char c;

	signal(SIGPIPE, SIG_IGN);
	tcp_pair(fd);
	CHECK_EQ(send(fd[1], "z", 1, 0), 1);
	CHECK_EQ(shutdown(fd[1], SHUT_WR), 0);
	CHECK_EQ(recv(fd[0], &c, 1, 0), 1);
	CHECK_EQ(recv(fd[0], &c, 1, 0), 0);
	CHECK_EQ(recv(fd[0], &c, 1, 0), 0);
	CHECK_EQ(shutdown(fd[0], SHUT_WR), 0);
	CHECK_ERR(send(fd[0], "x", 1, 0), EPIPE);
}

static volatile sig_atomic_t pipes;

static void count_pipe(int sig)
{
	(void)sig;
	pipes++;
}

TEST(epipe_comes_with_sigpipe)
{
	int fd[2];

	tcp_pair(fd);
	signal(SIGPIPE, count_pipe);
	CHECK_EQ(shutdown(fd[0], SHUT_WR), 0);
	CHECK_ERR(send(fd[0], "x", 1, 0), EPIPE);
	CHECK_EQ(pipes, 1);
	CHECK_ERR(send(fd[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ(pipes, 1);
	CHECK_ERR(write(fd[0], "x", 1), EPIPE);
	CHECK_EQ(pipes, 2);
}

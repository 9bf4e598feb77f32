// SPDX-License-Identifier: MIT
/*
 * What a call of another thread, a listener or urgent data changes without any data: waiting
 * readers, inherited time-outs, SIGURG, what MSG_PEEK shows, close() with SO_LINGER.
 */
#include <pthread.h>
#include "nettest.h"

struct reader {
	int fd;
	ssize_t got;
	int err;
};

static void *read_once(void *arg)
{
	struct reader *r = arg;
	char buf[16];

	r->got = recv(r->fd, buf, sizeof(buf), 0);
	r->err = errno;
	return NULL;
}

TEST(wake_dgram_shutdown)
{
	struct reader r = { .got = -2 };
	pthread_t t;
	char c;
	int fd[2];

	udp_pair(AF_INET, fd);
	r.fd = fd[0];
	CHECK_EQ(pthread_create(&t, NULL, read_once, &r), 0);
	usleep(200000);
	CHECK_EQ(shutdown(fd[0], SHUT_RD), 0);
	pthread_join(t, NULL);
	CHECK_EQ(r.got, 0);
	/* A call that does not wait hears nothing of it. */
	CHECK_ERR(recv(fd[0], &c, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(recv(fd[0], &c, 1, 0), 0);
}

TEST(wake_stream_dissolved)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct reader r = { .got = -2 };
	pthread_t t;
	int fd[2];

	tcp_pair(AF_INET, fd);
	r.fd = fd[0];
	CHECK_EQ(pthread_create(&t, NULL, read_once, &r), 0);
	usleep(200000);
	CHECK_EQ(connect(fd[0], &none, sizeof(none)), 0);
	pthread_join(t, NULL);
	CHECK_EQ(r.got, -1);
	CHECK_EQ(r.err, EPIPE);
}

TEST(accept_inherits_timeouts)
{
	struct timeval tv = { 0, 300000 }, got = {};
	struct endpoint e;
	socklen_t len = sizeof(got);
	int l = listener(AF_INET, &e), c = socket(AF_INET, SOCK_STREAM, 0), a;
	char b;

	CHECK_EQ(setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	CHECK_EQ(connect(c, (struct sockaddr *)&e.addr, e.len), 0);
	a = CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(getsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &got, &len), 0);
	CHECK_EQ(got.tv_usec, 300000);
	CHECK_ERR(recv(a, &b, 1, 0), EAGAIN);
}

static volatile sig_atomic_t urgs;

static void on_urg(int sig)
{
	(void)sig;
	urgs++;
}

TEST(urgent_signal)
{
	char buf[16];
	int fd[2], i;

	signal(SIGURG, on_urg);
	tcp_pair(AF_INET, fd);
	CHECK_EQ(fcntl(fd[1], F_SETOWN, getpid()), 0);
	for (i = 1; i <= 3; i++) {
		CHECK_EQ(send(fd[0], "ab!", 3, MSG_OOB), 3);
		CHECK_EQ(poll_for(fd[1], POLLPRI, 3000), POLLPRI);
		CHECK_EQ(urgs, i);
		CHECK_EQ(recv(fd[1], buf, 1, MSG_OOB), 1);
		CHECK_EQ(recv(fd[1], buf, sizeof(buf), 0), 2);
	}
}

TEST(urgent_ends_waitall)
{
	char buf[16];
	int fd[2];

	tcp_pair(AF_INET, fd);
	set_int(fd[1], SOL_SOCKET, SO_OOBINLINE, 1);
	CHECK_EQ(send(fd[0], "abcD", 4, MSG_OOB), 4);
	CHECK_EQ(send(fd[0], "ef", 2, 0), 2);
	usleep(200000);
	CHECK_EQ(recv(fd[1], buf, 6, MSG_WAITALL), 3);
	CHECK_EQ(recv(fd[1], buf, 3, MSG_WAITALL), 3);
}

/* A reader passes over urgent data that nobody has read, and it is gone. */
static void pass_over(int fd, int flags)
{
	char c;

	CHECK_ERR(recv(fd, &c, 1, flags), EAGAIN);
	CHECK_EQ(poll_for(fd, POLLPRI, 0), 0);
	CHECK_ERR(recv(fd, &c, 1, MSG_OOB), EINVAL);
}

TEST(urgent_is_passed_over)
{
	int fd[2], i;
	char c;

	tcp_pair(AF_INET, fd);
	for (i = 0; i < 5; i++)		/* the door, if there is one, takes the socket */
		CHECK_ERR(recv(fd[1], &c, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(send(fd[0], "u", 1, MSG_OOB), 1);
	CHECK_EQ(poll_for(fd[1], POLLPRI, 1000), POLLPRI);
	CHECK_ERR(recv(fd[1], &c, 1, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(poll_for(fd[1], POLLPRI, 0), POLLPRI);
	pass_over(fd[1], MSG_DONTWAIT);
	set_nonblock(fd[1], true);
	CHECK_EQ(send(fd[0], "v", 1, MSG_OOB), 1);
	CHECK_EQ(poll_for(fd[1], POLLPRI, 1000), POLLPRI);
	pass_over(fd[1], 0);
}

TEST(peek_all)
{
	enum { N = 150000 };
	static unsigned char in[N], out[N];
	int fd[2], i, n = 0;

	tcp_pair(AF_INET, fd);
	for (i = 0; i < N; i++)
		in[i] = i * 7 % 251;
	set_int(fd[1], SOL_SOCKET, SO_RCVBUF, 400000);
	set_int(fd[0], SOL_SOCKET, SO_SNDBUF, 400000);
	write_all(fd[0], in, N);
	for (i = 0; i < 100 && n < N; i++) {
		CHECK_EQ(ioctl(fd[1], FIONREAD, &n), 0);
		usleep(20000);
	}
	CHECK_EQ(n, N);
	CHECK_EQ(recv(fd[1], out, N, MSG_PEEK), N);
	CHECK_EQ(memcmp(in, out, N), 0);
	CHECK_EQ(recv(fd[1], out, N, MSG_WAITALL), N);
	CHECK_EQ(memcmp(in, out, N), 0);
}

TEST(linger_waits)
{
	struct linger l = { 1, 1 };
	static char buf[65536];
	int fd[2], idle = 0;
	double start;

	tcp_pair(AF_INET, fd);
	set_nonblock(fd[0], true);
	while (idle < 3) {
		if (send(fd[0], buf, sizeof(buf), 0) < 0) {
			idle++;
			usleep(50000);
		}
	}
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	start = now();
	close(fd[0]);
	CHECK(now() - start > 0.8 && now() - start < 3);
}

TEST(fastopen_waits)
{
	struct endpoint e;
	int l = listener(AF_INET, &e), c = socket(AF_INET, SOCK_STREAM, 0), a;
	char buf[8];

	CHECK_EQ(sendto(c, "hello", 5, MSG_FASTOPEN, (struct sockaddr *)&e.addr, e.len), 5);
	a = CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(recv(a, buf, sizeof(buf), 0), 5);
}

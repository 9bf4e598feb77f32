// SPDX-License-Identifier: MIT
/*
 * Streams: connect, accept, data both ways, ends, sizes.
 */
#include <sys/sendfile.h>
#include "nettest.h"

#define MIB (1024 * 1024)

static void echo_some(int family)
{
	char buf[64];
	int fd[2];

	tcp_pair(family, fd);
	CHECK_EQ(write(fd[0], "hello", 5), 5);
	CHECK_EQ(read(fd[1], buf, sizeof(buf)), 5);
	CHECK(!memcmp(buf, "hello", 5));
	CHECK_EQ(send(fd[1], "world!", 6, 0), 6);
	CHECK_EQ(recv(fd[0], buf, 3, 0), 3);
	CHECK_EQ(recv(fd[0], buf + 3, sizeof(buf) - 3, 0), 3);
	CHECK(!memcmp(buf, "world!", 6));
	close(fd[0]);
	CHECK_EQ(read(fd[1], buf, sizeof(buf)), 0);
	CHECK_EQ(read(fd[1], buf, sizeof(buf)), 0);
	close(fd[1]);
}

TEST(stream_v4) { echo_some(AF_INET); }
TEST(stream_v6) { echo_some(AF_INET6); }

TEST(stream_names)
{
	struct endpoint a = { .len = sizeof(a.addr) }, b = { .len = sizeof(b.addr) };
	struct endpoint e, from = { .len = sizeof(from.addr) };
	int l = listener(AF_INET, &e), fd[2];

	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_ERR(getpeername(fd[0], (struct sockaddr *)&a.addr, &a.len), ENOTCONN);
	CHECK_EQ(connect(fd[0], (struct sockaddr *)&e.addr, e.len), 0);
	fd[1] = accept4(l, (struct sockaddr *)&from.addr, &from.len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	CHECK(fd[1] >= 0);
	CHECK_EQ(from.len, sizeof(struct sockaddr_in));
	CHECK(fcntl(fd[1], F_GETFL) & O_NONBLOCK);
	CHECK(fcntl(fd[1], F_GETFD) & FD_CLOEXEC);
	a.len = sizeof(a.addr);
	CHECK_EQ(getsockname(fd[0], (struct sockaddr *)&a.addr, &a.len), 0);
	CHECK_EQ(a.len, from.len);
	CHECK(!memcmp(&a.addr, &from.addr, a.len));
	CHECK_EQ(getpeername(fd[0], (struct sockaddr *)&b.addr, &b.len), 0);
	CHECK_EQ(b.len, e.len);
	CHECK(!memcmp(&b.addr, &e.addr, b.len));
	/* A short buffer gets what fits, and is told the true length. */
	b.len = 4;
	CHECK_EQ(getpeername(fd[0], (struct sockaddr *)&b.addr, &b.len), 0);
	CHECK_EQ(b.len, sizeof(struct sockaddr_in));
}

TEST(stream_errors)
{
	struct endpoint e = loopback(AF_INET, 1), any = loopback(AF_INET, 0);
	int fd = socket(AF_INET, SOCK_STREAM, 0), fd2;
	char c;

	CHECK_ERR(connect(fd, (struct sockaddr *)&e.addr, e.len), ECONNREFUSED);
	CHECK_ERR(read(fd, &c, 1), ENOTCONN);
	CHECK_ERR(send(fd, &c, 1, MSG_NOSIGNAL), EPIPE);
	CHECK_ERR(accept(fd, NULL, NULL), EINVAL);
	CHECK_ERR(shutdown(fd, SHUT_RD), ENOTCONN);
	CHECK_ERR(connect(fd, (struct sockaddr *)&e.addr, 1), EINVAL);
	CHECK_EQ(bind(fd, (struct sockaddr *)&any.addr, any.len), 0);
	CHECK_ERR(bind(fd, (struct sockaddr *)&any.addr, any.len), EINVAL);
	CHECK_EQ(listen(fd, 1), 0);
	e = loopback(AF_INET, port_of(fd));
	fd2 = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_ERR(bind(fd2, (struct sockaddr *)&e.addr, e.len), EADDRINUSE);
	CHECK_EQ(connect(fd2, (struct sockaddr *)&e.addr, e.len), 0);
	CHECK_ERR(connect(fd2, (struct sockaddr *)&e.addr, e.len), EISCONN);
	CHECK_ERR(socket(AF_INET, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
	CHECK_ERR(socketpair(AF_INET, SOCK_STREAM, 0, (int[2]){}), EOPNOTSUPP);
}

struct bulk {
	int fd;
	size_t bytes, piece;
};

static void send_bulk(void *arg)
{
	struct bulk *b = arg;
	unsigned char *buf = malloc(b->piece);
	uint32_t state = 1;
	size_t left = b->bytes;

	while (left) {
		size_t n = left < b->piece ? left : b->piece;

		fill(buf, n, &state);
		write_all(b->fd, buf, n);
		left -= n;
	}
	CHECK_EQ(shutdown(b->fd, SHUT_WR), 0);
}

static void transfer(int family, size_t bytes, size_t piece, size_t room)
{
	unsigned char *buf = malloc(room > piece ? room : piece);
	uint32_t state = 1;
	uint64_t want = 0, have = 0;
	size_t got = 0, left = bytes;
	struct bulk b;
	ssize_t n;
	pid_t pid;
	int fd[2];

	tcp_pair(family, fd);
	b = (struct bulk){ fd[0], bytes, piece };
	pid = child(send_bulk, &b);
	close(fd[0]);
	while ((n = read(fd[1], buf, room)) > 0) {
		have = sum(have, buf, n);
		got += n;
	}
	CHECK_EQ(n, 0);
	CHECK_EQ(got, bytes);
	while (left) {
		size_t m = left < piece ? left : piece;

		fill(buf, m, &state);
		want = sum(want, buf, m);
		left -= m;
	}
	CHECK(want == have);
	reap(pid);
}

TEST(stream_bulk_16m) { transfer(AF_INET, 16 * MIB, 256 * 1024, 100000); }
TEST(stream_bulk_odd) { transfer(AF_INET6, 3 * MIB + 17, 7777, 3333); }
TEST(stream_bulk_huge_write) { transfer(AF_INET, 8 * MIB, 8 * MIB, 65536); }

TEST(stream_partial_write)
{
	static char buf[4 * MIB], in[65536];
	size_t total = 0, got = 0;
	ssize_t n;
	int fd[2];

	tcp_pair(AF_INET, fd);
	set_nonblock(fd[0], true);
	set_int(fd[0], SOL_SOCKET, SO_SNDBUF, 65536);
	/* One large write takes some of it, and some more until it would block. */
	n = write(fd[0], buf, sizeof(buf));
	CHECK(n > 0 && n < (ssize_t)sizeof(buf));
	while (n > 0) {
		total += n;
		n = write(fd[0], buf, sizeof(buf));
	}
	CHECK_ERR(n, EAGAIN);
	CHECK(!(poll_for(fd[0], POLLOUT, 0) & POLLOUT));
	while (got < total) {
		n = read(fd[1], in, sizeof(in));
		CHECK(n > 0);
		got += n;
	}
	CHECK_EQ(got, total);
	CHECK(poll_for(fd[0], POLLOUT, 2000) & POLLOUT);
}

TEST(stream_shutdown_halves)
{
	char buf[16];
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_EQ(shutdown(fd[0], SHUT_WR), 0);
	CHECK_EQ(read(fd[1], buf, sizeof(buf)), 0);
	CHECK_EQ(send(fd[1], "still", 5, 0), 5);
	CHECK_EQ(read(fd[0], buf, sizeof(buf)), 5);
	CHECK_ERR(send(fd[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ(shutdown(fd[0], SHUT_RD), 0);
	CHECK_EQ(read(fd[0], buf, sizeof(buf)), 0);
}

static void read_one(void *arg)
{
	char c;

	CHECK_EQ(read(*(int *)arg, &c, 1), 0);
}

/* A blocked reader wakes up when another process shuts the socket down. */
TEST(stream_shutdown_wakes)
{
	int fd[2];
	pid_t pid;

	tcp_pair(AF_INET, fd);
	pid = child(read_one, &fd[0]);
	usleep(200000);
	CHECK_EQ(shutdown(fd[0], SHUT_RDWR), 0);
	reap(pid);
}

static volatile sig_atomic_t pipes;
static siginfo_t pipe_said;

static void on_pipe(int sig, siginfo_t *si, void *context)
{
	(void)sig;
	(void)context;
	pipe_said = *si;
	pipes++;
}

TEST(stream_sigpipe)
{
	struct sigaction sa = { .sa_sigaction = on_pipe, .sa_flags = SA_SIGINFO };
	char c = 0;
	int fd[2];

	CHECK_EQ(sigaction(SIGPIPE, &sa, NULL), 0);
	tcp_pair(AF_INET, fd);
	CHECK_EQ(shutdown(fd[0], SHUT_WR), 0);
	CHECK_ERR(write(fd[0], &c, 1), EPIPE);
	CHECK_EQ(pipes, 1);
	CHECK_EQ(pipe_said.si_code, SI_USER);
	CHECK_EQ(pipe_said.si_pid, getpid());
	CHECK_EQ(pipe_said.si_uid, getuid());
	CHECK_ERR(send(fd[0], &c, 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ(pipes, 1);
}

TEST(stream_reset)
{
	struct linger l = { .l_onoff = 1, .l_linger = 0 };
	char c;
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_EQ(setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	close(fd[1]);
	CHECK(poll_for(fd[0], POLLIN, 2000) & POLLHUP);
	CHECK_ERR(read(fd[0], &c, 1), ECONNRESET);
	CHECK_EQ(read(fd[0], &c, 1), 0);
	CHECK_ERR(send(fd[0], &c, 1, MSG_NOSIGNAL), EPIPE);
}

TEST(stream_peek)
{
	char buf[16];
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_ERR(recv(fd[1], buf, 1, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(write(fd[0], "peekaboo", 8), 8);
	CHECK_EQ(recv(fd[1], buf, 4, MSG_PEEK), 4);
	CHECK_EQ(recv(fd[1], buf, sizeof(buf), MSG_PEEK), 8);
	CHECK_EQ(recv(fd[1], buf, 3, MSG_TRUNC), 3);
	CHECK_EQ(recv(fd[1], buf, sizeof(buf), 0), 5);
	CHECK(!memcmp(buf, "kaboo", 5));
}

static void drip(void *arg)
{
	int i;

	for (i = 0; i < 10; i++) {
		usleep(20000);
		write_all(*(int *)arg, "0123456789", 10);
	}
}

TEST(stream_waitall)
{
	char buf[100];
	int fd[2];
	pid_t pid;

	tcp_pair(AF_INET, fd);
	pid = child(drip, &fd[0]);
	CHECK_EQ(recv(fd[1], buf, 100, MSG_WAITALL), 100);
	reap(pid);
	pid = child(drip, &fd[0]);
	CHECK_EQ(recv(fd[1], buf, 100, MSG_WAITALL | MSG_PEEK), 100);
	CHECK_EQ(recv(fd[1], buf, 100, MSG_WAITALL), 100);
	reap(pid);
	/* The end of the stream ends the wait. */
	write_all(fd[0], "ab", 2);
	close(fd[0]);
	CHECK_EQ(recv(fd[1], buf, 100, MSG_WAITALL), 2);
}

TEST(stream_iov)
{
	struct iovec out[3] = { { "ab", 2 }, { "", 0 }, { "cdef", 4 } }, in[2];
	char a[3], b[8];
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_EQ(writev(fd[0], out, 3), 6);
	in[0] = (struct iovec){ a, 3 };
	in[1] = (struct iovec){ b, 8 };
	CHECK_EQ(readv(fd[1], in, 2), 6);
	CHECK(!memcmp(a, "abc", 3) && !memcmp(b, "def", 3));
}

TEST(stream_bad_memory)
{
	void *volatile bad = (void *)8;
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_ERR(write(fd[0], bad, 10), EFAULT);
	CHECK_EQ(write(fd[0], "x", 1), 1);
	CHECK(poll_for(fd[1], POLLIN, 2000) & POLLIN);
	CHECK_ERR(read(fd[1], bad, 10), EFAULT);
	CHECK_ERR(bind(fd[0], bad, 16), EFAULT);
}

TEST(stream_sendfile)
{
	enum { SIZE = 300000 };
	static unsigned char buf[SIZE], in[SIZE];
	char name[] = "/tmp/nettest-XXXXXX";
	uint32_t state = 7;
	off_t off = 0;
	int fd[2], f;
	size_t got = 0;
	pid_t pid;

	f = mkstemp(name);
	CHECK(f >= 0);
	unlink(name);
	fill(buf, SIZE, &state);
	write_all(f, buf, SIZE);
	tcp_pair(AF_INET, fd);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(fd[1]);
		while (off < SIZE)
			CHECK(sendfile(fd[0], f, &off, SIZE - off) > 0);
		/* Asked for more than there is: what there is goes out at once. */
		off = SIZE - 5;
		CHECK_EQ(sendfile(fd[0], f, &off, 100000), 5);
		pause();
	}
	while (got < SIZE) {
		ssize_t n = read(fd[1], in + got, SIZE - got);

		CHECK(n > 0);
		got += n;
	}
	CHECK(!memcmp(in, buf, SIZE));
	CHECK_EQ(recv(fd[1], in, 5, MSG_WAITALL), 5);
	CHECK(!memcmp(in, buf + SIZE - 5, 5));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST(stream_splice)
{
	char buf[32];
	int fd[2], p[2];

	tcp_pair(AF_INET, fd);
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(write(fd[0], "through a pipe", 14), 14);
	CHECK_EQ(splice(fd[1], NULL, p[1], NULL, 100, 0), 14);
	CHECK_EQ(splice(p[0], NULL, fd[1], NULL, 100, 0), 14);
	CHECK_EQ(read(fd[0], buf, sizeof(buf)), 14);
	CHECK(!memcmp(buf, "through a pipe", 14));
}

TEST(stream_oob)
{
	char buf[8];
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_EQ(send(fd[0], "ab!", 3, MSG_OOB), 3);
	CHECK(poll_for(fd[1], POLLPRI, 2000) & POLLPRI);
	CHECK_EQ(recv(fd[1], buf, 8, MSG_OOB), 1);
	CHECK_EQ(buf[0], '!');
	CHECK_EQ(recv(fd[1], buf, 8, 0), 2);
	CHECK_ERR(recv(fd[1], buf, 8, MSG_OOB), EINVAL);
}

TEST(stream_many)
{
	enum { N = 200 };
	struct endpoint e;
	int l = listener(AF_INET, &e), c[N], s[N], i;
	char b;

	for (i = 0; i < N; i++) {
		c[i] = socket(AF_INET, SOCK_STREAM, 0);
		CHECK(c[i] >= 0);
		CHECK_EQ(connect(c[i], (struct sockaddr *)&e.addr, e.len), 0);
		s[i] = accept(l, NULL, NULL);
		CHECK(s[i] >= 0);
		b = i;
		CHECK_EQ(write(c[i], &b, 1), 1);
	}
	for (i = N - 1; i >= 0; i--) {
		CHECK_EQ(read(s[i], &b, 1), 1);
		CHECK_EQ((unsigned char)b, i & 255);
	}
	for (i = 0; i < N; i++) {
		close(c[i]);
		CHECK_EQ(read(s[i], &b, 1), 0);
		close(s[i]);
	}
}

static void *connect_late(void *arg)
{
	struct endpoint *e = arg;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	usleep(200000);
	CHECK_EQ(connect(fd, (struct sockaddr *)&e->addr, e->len), 0);
	return NULL;
}

static void connect_child(void *arg)
{
	connect_late(arg);
}

TEST(stream_accept_blocks)
{
	struct endpoint e;
	int l = listener(AF_INET, &e);
	pid_t pid = child(connect_child, &e);

	CHECK(accept(l, NULL, NULL) >= 0);
	reap(pid);
	set_nonblock(l, true);
	CHECK_ERR(accept(l, NULL, NULL), EAGAIN);
}

TEST(stream_connect_nonblock)
{
	struct endpoint e;
	int l = listener(AF_INET, &e), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int rc = connect(fd, (struct sockaddr *)&e.addr, e.len);

	CHECK(rc == 0 || errno == EINPROGRESS);
	CHECK(poll_for(fd, POLLOUT, 2000) & POLLOUT);
	CHECK_EQ(get_int(fd, SOL_SOCKET, SO_ERROR), 0);
	CHECK(accept(l, NULL, NULL) >= 0);

	/* To nobody: the error is to be fetched. */
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	e = loopback(AF_INET, 1);
	rc = connect(fd, (struct sockaddr *)&e.addr, e.len);
	CHECK(rc == -1);
	if (errno == EINPROGRESS) {
		CHECK(poll_for(fd, POLLOUT, 2000) & POLLERR);
		CHECK_EQ(get_int(fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
		CHECK_EQ(get_int(fd, SOL_SOCKET, SO_ERROR), 0);
	} else {
		CHECK_EQ(errno, ECONNREFUSED);
	}
}

TEST(stream_v4_mapped)
{
	struct endpoint to, from = { .len = sizeof(from.addr) };
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	struct sockaddr_in6 *a = (struct sockaddr_in6 *)&from.addr;
	int l = socket(AF_INET6, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

	set_int(l, SOL_IPV6, IPV6_V6ONLY, 0);
	CHECK_EQ(bind(l, (struct sockaddr *)&any, sizeof(any)), 0);
	CHECK_EQ(listen(l, 5), 0);
	to = loopback(AF_INET, port_of(l));
	CHECK_EQ(connect(fd, (struct sockaddr *)&to.addr, to.len), 0);
	CHECK(accept(l, (struct sockaddr *)&from.addr, &from.len) >= 0);
	CHECK_EQ(from.len, sizeof(*a));
	CHECK(IN6_IS_ADDR_V4MAPPED(&a->sin6_addr));
}

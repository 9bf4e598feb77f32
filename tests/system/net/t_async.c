// SPDX-License-Identifier: MIT
/*
 * What the signals of O_ASYNC tell: si_code and si_band with F_SETSIG. AIO of the kernel.
 */
#include <linux/aio_abi.h>
#include <pthread.h>
#include <sys/syscall.h>
#include "nettest.h"

static volatile sig_atomic_t errors, inputs;

static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (info->si_code == POLL_ERR && info->si_band & POLLERR)
		errors++;
	if (info->si_code == POLL_IN && info->si_band & POLLIN)
		inputs++;
}

static void have_signals_by(int fd, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };

	CHECK_EQ(sigaction(SIGRTMIN, &sa, NULL), 0);
	CHECK_EQ(fcntl(fd, F_SETOWN, getpid()), 0);
	CHECK_EQ(fcntl(fd, F_SETSIG, SIGRTMIN), 0);
	CHECK_EQ(fcntl(fd, F_SETFL, O_ASYNC), 0);
}

static void have_signals(int fd)
{
	have_signals_by(fd, on_signal);
	errors = 0;
	inputs = 0;
}

static bool comes(volatile sig_atomic_t *nr)
{
	int i;

	for (i = 0; i < 100 && !*nr; i++)
		usleep(20000);
	return *nr;
}

TEST(async_data_is_input)
{
	int fd[2];

	udp_pair(AF_INET, fd);
	have_signals(fd[0]);
	CHECK_EQ(send(fd[1], "x", 1, 0), 1);
	CHECK(comes(&inputs));
	CHECK_EQ(errors, 0);
}

TEST(async_refused_is_an_error)
{
	int fd[2];

	udp_pair(AF_INET, fd);
	have_signals(fd[0]);
	close(fd[1]);
	CHECK_EQ(send(fd[0], "x", 1, 0), 1);
	CHECK(comes(&errors));
	CHECK_EQ(inputs, 0);
}

TEST(async_reset_is_an_error)
{
	struct linger now = { 1, 0 };
	int fd[2];

	tcp_pair(AF_INET, fd);
	have_signals(fd[0]);
	CHECK_EQ(setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(fd[1]);
	CHECK(comes(&errors));
}

/* One letter for each signal, in order. */
static char told[32];
static volatile sig_atomic_t nr_told;

static void on_told(int signal, siginfo_t *info, void *context)
{
	static const char letter[] = "?iomeph";		/* POLL_IN is 1, ... POLL_HUP is 6 */

	(void)signal;
	(void)context;
	if (nr_told < (int)sizeof(told) - 1)
		told[nr_told++] = letter[info->si_code];
}

/* What another descriptor has to tell may come meanwhile. */
static void be_told(int fd)
{
	have_signals_by(fd, on_told);
}

/* Whether these signals have come since it was asked last, and no others. */
static bool was_told(const char *letters)
{
	int nr = strlen(letters), i;
	bool same;

	for (i = 0; i < 100 && nr_told < nr; i++)
		usleep(20000);
	for (i = 0; i < 5; i++)
		usleep(20000);
	same = nr_told == nr && !memcmp(told, letters, nr);
	if (!same)
		printf("told \"%.*s\", not \"%s\"\n", (int)nr_told, told, letters);
	nr_told = 0;
	return same;
}

TEST(async_end_of_data)
{
	int fd[2];

	tcp_pair(AF_INET, fd);
	be_told(fd[0]);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	CHECK(was_told("i"));
	CHECK_EQ(shutdown(fd[1], SHUT_WR), 0);
	CHECK(was_told("ii"));
	CHECK_EQ(shutdown(fd[0], SHUT_RDWR), 0);
	CHECK(was_told(""));
	close(fd[0]);

	tcp_pair(AF_INET, fd);
	be_told(fd[0]);
	CHECK_EQ(shutdown(fd[0], SHUT_WR), 0);
	CHECK(was_told(""));
	close(fd[1]);
	CHECK(was_told("hi"));
}

static void *write_late(void *fd)
{
	usleep(200000);
	CHECK_EQ(write(*(int *)fd, "x", 1), 1);
	return NULL;
}

/* Wait in read() for data while signals are asked for. */
static void read_what_comes(int fd[2])
{
	pthread_t t;
	char c;

	be_told(fd[0]);
	CHECK_EQ(pthread_create(&t, NULL, write_late, &fd[1]), 0);
	CHECK_EQ(read(fd[0], &c, 1), 1);
	CHECK_EQ(pthread_join(t, NULL), 0);
}

/* A task that waits for data on a stream learns of it by itself. */
TEST(async_tells_no_reader)
{
	int fd[2];

	tcp_pair(AF_INET, fd);
	read_what_comes(fd);
	CHECK(was_told(""));
	CHECK_EQ(write(fd[1], "x", 1), 1);
	CHECK(was_told("i"));
}

/* One that waits for a datagram is not the only one that learns of it. */
TEST(async_tells_of_datagrams)
{
	int fd[2];

	udp_pair(AF_INET, fd);
	read_what_comes(fd);
	CHECK(was_told("i"));
}

TEST(async_connect)
{
	struct linger now = { 1, 0 };
	struct endpoint at;
	int l = listener(AF_INET, &at), fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), peer;

	be_told(fd);
	CHECK_EQ(connect(fd, (void *)&at.addr, at.len), 0);
	CHECK(was_told("o"));
	peer = CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(peer);
	CHECK(was_told("e"));
	close(fd);
	close(l);
	fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	be_told(fd);
	/* Once for the answer, and once when connect() has taken the error. */
	CHECK_ERR(connect(fd, (void *)&at.addr, at.len), ECONNREFUSED);
	CHECK(was_told("ee"));
}

/* A new connection has room, which is no news besides. */
TEST(async_connects_are_told_once)
{
	static const char letters[] = "oooooooooooooooooooooooo";
	struct endpoint at;
	int l = listener(AF_INET, &at), i;

	for (i = 0; letters[i]; i++) {
		int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));

		be_told(fd);
		CHECK_EQ(connect(fd, (void *)&at.addr, at.len), 0);
	}
	CHECK(was_told(letters));
	close(l);
}

TEST(async_room)
{
	static char buf[1 << 20];
	size_t total = 0;
	int fd[2];
	ssize_t n;

	tcp_pair(AF_INET, fd);
	be_told(fd[0]);
	set_int(fd[0], SOL_SOCKET, SO_SNDBUF, 100000);
	CHECK_EQ(write(fd[0], "abc", 3), 3);
	CHECK(was_told(""));
	total = 3;
	CHECK_EQ(fcntl(fd[0], F_SETFL, O_ASYNC | O_NONBLOCK), 0);
	while ((n = write(fd[0], buf, sizeof(buf))) > 0)
		total += n;
	CHECK_ERR(n, EAGAIN);
	nr_told = 0;
	for (; total; total -= n)
		n = CHECK_OK(read(fd[1], buf, total < sizeof(buf) ? total : sizeof(buf)));
	CHECK(was_told("o"));
}

static void submit(aio_context_t ctx, struct iocb *cb)
{
	CHECK_EQ(syscall(SYS_io_submit, ctx, 1, &cb), 1);
}

static long result(aio_context_t ctx, int ms)
{
	struct timespec limit = { ms / 1000, ms % 1000 * 1000000l };
	struct io_event e;

	return syscall(SYS_io_getevents, ctx, 1, 1, &e, &limit) == 1 ? (long)e.res : 0;
}

/* Linux's own AIO: a socket is polled once, and read. */
TEST(async_by_io_submit)
{
	struct iocb cb = { .aio_lio_opcode = 5 /* IOCB_CMD_POLL */, .aio_buf = POLLIN | POLLRDHUP };
	aio_context_t ctx = 0;
	char buf[8] = "";
	int fd[2];

	if (syscall(SYS_io_setup, 4, &ctx))
		test_skip("no AIO");
	tcp_pair(AF_INET, fd);
	cb.aio_fildes = fd[0];
	submit(ctx, &cb);
	CHECK_EQ(result(ctx, 50), 0);
	CHECK_EQ(write(fd[1], "abc", 3), 3);
	CHECK(result(ctx, 5000) & POLLIN);
	cb = (struct iocb){ .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = fd[0],
			    .aio_buf = (uintptr_t)buf, .aio_nbytes = sizeof(buf) };
	submit(ctx, &cb);
	CHECK_EQ(result(ctx, 5000), 3);
	CHECK(!memcmp(buf, "abc", 3));
	cb = (struct iocb){ .aio_lio_opcode = 5, .aio_fildes = fd[0],
			    .aio_buf = POLLIN | POLLRDHUP };
	submit(ctx, &cb);
	CHECK_EQ(shutdown(fd[1], SHUT_WR), 0);
	CHECK(result(ctx, 5000) & POLLIN);
	CHECK_EQ(syscall(SYS_io_destroy, ctx), 0);
}

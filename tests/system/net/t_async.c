// SPDX-License-Identifier: MIT
/*
 * What the signals of O_ASYNC tell: si_code and si_band with F_SETSIG. AIO of the kernel.
 */
#include <linux/aio_abi.h>
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

static void have_signals(int fd)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };

	CHECK_EQ(sigaction(SIGRTMIN, &sa, NULL), 0);
	CHECK_EQ(fcntl(fd, F_SETOWN, getpid()), 0);
	CHECK_EQ(fcntl(fd, F_SETSIG, SIGRTMIN), 0);
	CHECK_EQ(fcntl(fd, F_SETFL, O_ASYNC), 0);
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

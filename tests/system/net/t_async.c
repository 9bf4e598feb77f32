// SPDX-License-Identifier: MIT
/*
 * What the signals of O_ASYNC tell: si_code and si_band with F_SETSIG.
 */
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

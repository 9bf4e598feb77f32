// SPDX-License-Identifier: MIT
/*
 * Waiting: poll, select, epoll in both modes, timeouts, signals.
 */
#include <sys/select.h>
#include "nettest.h"

TEST(poll_masks)
{
	char c;
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_EQ(poll_for(fd[0], POLLIN | POLLOUT, 0), POLLOUT);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	CHECK_EQ(poll_for(fd[0], POLLIN, 2000), POLLIN);
	CHECK_EQ(read(fd[0], &c, 1), 1);
	CHECK_EQ(poll_for(fd[0], POLLIN, 0), 0);
	CHECK_EQ(shutdown(fd[1], SHUT_WR), 0);
	CHECK_EQ(poll_for(fd[0], POLLIN | POLLRDHUP, 2000), POLLIN | POLLRDHUP);
	CHECK_EQ(shutdown(fd[0], SHUT_WR), 0);
	CHECK(poll_for(fd[0], POLLIN, 2000) & POLLHUP);
}

TEST(poll_timeout)
{
	double start = now();
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_EQ(poll_for(fd[0], POLLIN, 150), 0);
	CHECK(now() - start > 0.14);
}

static void write_late(void *arg)
{
	usleep(200000);
	write_all(*(int *)arg, "late", 4);
}

TEST(poll_wakes)
{
	int fd[2];
	pid_t pid;

	tcp_pair(AF_INET, fd);
	pid = child(write_late, &fd[1]);
	CHECK_EQ(poll_for(fd[0], POLLIN, 5000), POLLIN);
	reap(pid);
}

TEST(poll_mixed)
{
	struct pollfd p[3];
	int fd[2], pi[2];
	pid_t pid;

	tcp_pair(AF_INET, fd);
	CHECK_EQ(pipe(pi), 0);
	pid = child(write_late, &pi[1]);
	p[0] = (struct pollfd){ .fd = fd[0], .events = POLLIN };
	p[1] = (struct pollfd){ .fd = pi[0], .events = POLLIN };
	p[2] = (struct pollfd){ .fd = fd[1], .events = POLLIN };
	CHECK_EQ(poll(p, 3, 5000), 1);
	CHECK_EQ(p[1].revents, POLLIN);
	reap(pid);
}

TEST(select_works)
{
	struct timeval tv = { .tv_sec = 5 };
	fd_set r, w;
	int fd[2];
	pid_t pid;

	tcp_pair(AF_INET6, fd);
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(fd[0], &r);
	FD_SET(fd[0], &w);
	CHECK_EQ(select(fd[0] + 1, &r, &w, NULL, &tv), 1);
	CHECK(!FD_ISSET(fd[0], &r) && FD_ISSET(fd[0], &w));
	pid = child(write_late, &fd[1]);
	FD_ZERO(&r);
	FD_SET(fd[0], &r);
	CHECK_EQ(select(fd[0] + 1, &r, NULL, NULL, &tv), 1);
	reap(pid);
}

TEST(blocking_ping_pong)
{
	int fd[2], i;
	pid_t pid;
	char c;

	tcp_pair(AF_INET, fd);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		for (i = 0; i < 500; i++) {
			read_all(fd[1], &c, 1);
			write_all(fd[1], &c, 1);
		}
		_exit(0);
	}
	for (i = 0; i < 500; i++) {
		write_all(fd[0], "x", 1);
		read_all(fd[0], &c, 1);
	}
	reap(pid);
}

TEST(timeo_receive)
{
	struct timeval tv = { .tv_usec = 200000 }, back = {};
	struct endpoint e;
	socklen_t len = sizeof(back);
	double start;
	int fd[2], l = listener(AF_INET, &e);
	char c;

	tcp_pair(AF_INET, fd);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	CHECK_EQ(getsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &back, &len), 0);
	CHECK_EQ(len, sizeof(back));
	CHECK(back.tv_sec == 0 && back.tv_usec == 200000);
	start = now();
	CHECK_ERR(read(fd[0], &c, 1), EAGAIN);
	CHECK(now() - start > 0.18 && now() - start < 2);
	CHECK_EQ(setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	start = now();
	CHECK_ERR(accept(l, NULL, NULL), EAGAIN);
	CHECK(now() - start > 0.18 && now() - start < 2);
}

TEST(timeo_send)
{
	struct timeval tv = { .tv_usec = 200000 };
	static char buf[1 << 20];
	int fd[2];
	ssize_t n;

	tcp_pair(AF_INET, fd);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	while ((n = write(fd[0], buf, sizeof(buf))) > 0)
		;
	CHECK_ERR(n, EAGAIN);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static void alarm_in(int ms, int flags)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = flags };
	timer_t t;
	struct itimerspec when = { .it_value = { ms / 1000, ms % 1000 * 1000000L } };
	struct sigevent se = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };

	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &se, &t), 0);
	CHECK_EQ(timer_settime(t, 0, &when, NULL), 0);
}

TEST(signal_eintr)
{
	struct endpoint e;
	int fd[2], l = listener(AF_INET, &e);
	char c;

	tcp_pair(AF_INET, fd);
	alarm_in(150, 0);
	CHECK_ERR(read(fd[0], &c, 1), EINTR);
	alarm_in(150, 0);
	CHECK_ERR(accept(l, NULL, NULL), EINTR);
	CHECK_EQ(alarms, 2);
}

TEST(signal_restart)
{
	int fd[2];
	pid_t pid;
	char buf[8];

	tcp_pair(AF_INET, fd);
	alarm_in(50, SA_RESTART);
	pid = child(write_late, &fd[1]);
	CHECK_EQ(read(fd[0], buf, 8), 4);
	CHECK_EQ(alarms, 1);
	reap(pid);
}

/* With a timeout set, a signal ends the call even with SA_RESTART. */
TEST(signal_timeo)
{
	struct timeval tv = { .tv_sec = 5 };
	int fd[2];
	char c;

	tcp_pair(AF_INET, fd);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	alarm_in(100, SA_RESTART);
	CHECK_ERR(read(fd[0], &c, 1), EINTR);
}

TEST(signal_kill)
{
	int fd[2], status;
	pid_t pid;

	tcp_pair(AF_INET, fd);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		char c;

		(void)!read(fd[0], &c, 1);
		_exit(0);
	}
	usleep(100000);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(rcvlowat)
{
	char buf[16];
	int fd[2];

	tcp_pair(AF_INET, fd);
	set_int(fd[0], SOL_SOCKET, SO_RCVLOWAT, 10);
	CHECK_EQ(write(fd[1], "12345", 5), 5);
	CHECK_EQ(poll_for(fd[0], POLLIN, 100), 0);
	CHECK_EQ(write(fd[1], "67890", 5), 5);
	CHECK_EQ(poll_for(fd[0], POLLIN, 2000), POLLIN);
	CHECK_EQ(read(fd[0], buf, 16), 10);
}

/* A reader asks for more than the socket can hold, and gets half of what it can. */
TEST(rcvlowat_is_bounded)
{
	static char buf[65536];
	struct timeval tv = { .tv_sec = 3 };
	double start;
	int fd[2];

	tcp_pair(AF_INET, fd);
	set_int(fd[0], SOL_SOCKET, SO_RCVBUF, 8192);
	set_int(fd[0], SOL_SOCKET, SO_RCVLOWAT, 1 << 20);
	CHECK_EQ(get_int(fd[0], SOL_SOCKET, SO_RCVLOWAT), 8192);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	CHECK_EQ(write(fd[1], buf, 10000), 10000);
	start = now();
	CHECK(recv(fd[0], buf, sizeof(buf), 0) >= 8192);
	CHECK(now() - start < 2);
	set_int(fd[0], SOL_SOCKET, SO_RCVLOWAT, 0);
	CHECK_EQ(get_int(fd[0], SOL_SOCKET, SO_RCVLOWAT), 1);
}

/* A reader whose wait ends with fewer bytes than its mark, some of which were there before. */
static void ends_below_the_mark(const char *before, bool by_signal, int flags)
{
	struct timeval tv = { .tv_usec = 700000 };
	char buf[64];
	int fd[2];
	pid_t pid;

	tcp_pair(AF_INET, fd);
	set_int(fd[0], SOL_SOCKET, SO_RCVLOWAT, 10);
	if (*before)
		CHECK_EQ(write(fd[1], before, strlen(before)), strlen(before));
	if (by_signal)
		alarm_in(700, 0);
	else
		CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	pid = child(write_late, &fd[1]);
	CHECK_EQ(recv(fd[0], buf, sizeof(buf), flags), strlen(before) + 4);
	CHECK_ERR(recv(fd[0], buf, sizeof(buf), flags | MSG_DONTWAIT), EAGAIN);
	reap(pid);
	close(fd[0]);
	close(fd[1]);
}

TEST(rcvlowat_ends_with_fewer)
{
	ends_below_the_mark("", false, 0);
	ends_below_the_mark("", true, 0);
	ends_below_the_mark("before", false, 0);
	ends_below_the_mark("be", true, 0);
	ends_below_the_mark("be", false, MSG_WAITALL);
}

static volatile sig_atomic_t ios;

static void on_io(int sig)
{
	(void)sig;
	ios++;
}

/* Ask for signals, and expect one when data come. */
static void expect_signal(bool by_ioctl)
{
	int fd[2], i, on = 1;

	tcp_pair(AF_INET, fd);
	/* Something has come before, and nobody waited for it. */
	for (i = 0; i < 3; i++) {
		CHECK_EQ(write(fd[1], "y", 1), 1);
		usleep(30000);
	}
	CHECK_EQ(fcntl(fd[0], F_SETOWN, getpid()), 0);
	if (by_ioctl)
		CHECK_EQ(ioctl(fd[0], FIOASYNC, &on), 0);
	else
		CHECK_EQ(fcntl(fd[0], F_SETFL, O_ASYNC), 0);
	ios = 0;
	CHECK_EQ(write(fd[1], "x", 1), 1);
	for (i = 0; i < 100 && !ios; i++)
		usleep(20000);
	CHECK(ios > 0);
	close(fd[0]);
	close(fd[1]);
}

TEST(fasync)
{
	struct sigaction sa = { .sa_handler = on_io };

	CHECK_EQ(sigaction(SIGIO, &sa, NULL), 0);
	expect_signal(false);
	expect_signal(true);
}

// SPDX-License-Identifier: MIT
/* Threads and signals: many at once, nested, interrupted, cancelled. */
#include "doortest.h"

#define NUMBERS 20000u

static int numbers;

static uint32_t number_at(int fd, uint32_t i)
{
	uint32_t n = ~i;

	CHECK_EQ(pread(fd, &n, 4, i * 4), 4);
	return n;
}

static void *read_some(void *arg)
{
	unsigned int seed = (unsigned int)(long)arg, i;

	for (i = 0; i < 50; i++) {
		uint32_t at = rand_r(&seed) % NUMBERS;

		CHECK_EQ(number_at(numbers, at), at);
	}
	return NULL;
}

TEST(threads_come_and_go)
{
	pthread_t t[4];
	long i, k;

	numbers = number_file("threads", NUMBERS);
	for (i = 0; i < 25; i++) {
		for (k = 0; k < 4; k++)
			CHECK_EQ(pthread_create(&t[k], NULL, read_some, (void *)(i * 4 + k)), 0);
		for (k = 0; k < 4; k++)
			CHECK_EQ(pthread_join(t[k], NULL), 0);
	}
	CHECK_DOOR(VOS_STAT_READ, 2500);
}

static void *read_large(void *arg)
{
	unsigned int seed = (unsigned int)(long)arg, i, k;
	uint32_t *buf = malloc(16000);

	for (i = 0; i < 40; i++) {
		uint32_t at = rand_r(&seed) % (NUMBERS - 4000);

		CHECK_EQ(pread(numbers, buf, 16000, at * 4), 16000);
		for (k = 0; k < 4000; k++)
			CHECK_EQ(buf[k], at + k);
	}
	free(buf);
	return NULL;
}

TEST(more_threads_than_lanes)
{
	pthread_t t[32];
	long i;

	numbers = number_file("lanes", NUMBERS);
	for (i = 0; i < 32; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, read_large, (void *)i), 0);
	for (i = 0; i < 32; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	CHECK_DOOR(VOS_STAT_READ, 100);
}

static int handler_fd[2];
static volatile sig_atomic_t handled;

static void call_in_handler(int sig)
{
	int saved = errno;
	char c = 0;

	(void)sig;
	if (send(handler_fd[0], "h", 1, 0) != 1 || recv(handler_fd[1], &c, 1, 0) != 1 || c != 'h' ||
	    number_at(numbers, 77) != 77)
		_exit(1);
	handled++;
	errno = saved;
}

static void every_ms(int ms)
{
	struct itimerval it = { .it_interval.tv_usec = ms * 1000, .it_value.tv_usec = ms * 1000 };

	CHECK_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
}

TEST(handlers_make_calls)
{
	struct sigaction sa = { .sa_handler = call_in_handler, .sa_flags = SA_RESTART };
	double end;
	uint32_t i;
	char c;
	int fd[2];

	numbers = number_file("handlers", NUMBERS);
	tcp_pair(fd);
	tcp_pair(handler_fd);
	alarm(0);			/* ours is the timer now */
	CHECK_EQ(sigaction(SIGALRM, &sa, NULL), 0);
	every_ms(1);
	for (end = now() + 2, i = 0; now() < end; i++) {
		CHECK_EQ(number_at(numbers, i % NUMBERS), i % NUMBERS);
		CHECK_EQ(send(fd[0], "m", 1, 0), 1);
		CHECK_EQ(recv(fd[1], &c, 1, 0), 1);
		CHECK_EQ(c, 'm');
	}
	every_ms(0);
	CHECK(handled > 20);
	CHECK_DOOR(VOS_STAT_READ, 100);
}

static void nothing(int sig)
{
	(void)sig;
}

static void signal_in(int ms, void (*fn)(int), int flags)
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = flags };
	struct itimerval it = { .it_value.tv_usec = ms * 1000 };

	alarm(0);
	CHECK_EQ(sigaction(SIGALRM, &sa, NULL), 0);
	CHECK_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
}

TEST(signals_interrupt_recv)
{
	char c;
	int fd[2];

	tcp_pair(fd);
	signal_in(100, nothing, 0);
	CHECK_ERR(recv(fd[0], &c, 1, 0), EINTR);
}

static void send_one(int sig)
{
	(void)sig;
	if (send(handler_fd[1], "s", 1, 0) != 1)
		_exit(1);
}

TEST(recv_is_restarted)
{
	char c;

	tcp_pair(handler_fd);
	signal_in(100, send_one, SA_RESTART);
	CHECK_EQ(recv(handler_fd[0], &c, 1, 0), 1);
	CHECK_EQ(c, 's');
}

static void *block_in_recv(void *arg)
{
	char c;

	recv(*(int *)arg, &c, 1, 0);
	return NULL;
}

static void *be_busy(void *arg)
{
	char c;

	for (;;) {
		recv(*(int *)arg, &c, 1, MSG_DONTWAIT);
		number_at(numbers, 5);
	}
	return NULL;
}

static void cancel_soon(void *(*fn)(void *), int *fd)
{
	pthread_t t;
	void *rc;

	CHECK_EQ(pthread_create(&t, NULL, fn, fd), 0);
	usleep(100000);
	CHECK_EQ(pthread_cancel(t), 0);
	CHECK_EQ(pthread_join(t, &rc), 0);
	CHECK(rc == PTHREAD_CANCELED);
}

TEST(cancel_a_blocked_recv)
{
	char c;
	int fd[2];

	tcp_pair(fd);
	cancel_soon(block_in_recv, fd);
	CHECK_EQ(send(fd[1], "x", 1, 0), 1);
	CHECK_EQ(recv(fd[0], &c, 1, 0), 1);
}

TEST(cancel_a_busy_loop)
{
	char c;
	int fd[2], i;

	numbers = number_file("cancel", NUMBERS);
	tcp_pair(fd);
	for (i = 0; i < 12; i++)	/* more than there are lanes: none may be lost */
		cancel_soon(be_busy, fd);
	CHECK_EQ(send(fd[1], "x", 1, 0), 1);
	CHECK_EQ(recv(fd[0], &c, 1, 0), 1);
	CHECK_DOOR(VOS_STAT_READ, 100);
}

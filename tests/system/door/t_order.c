// SPDX-License-Identifier: MIT
/*
 * What is sent through the door has been sent: by whatever comes next, a stream has all
 * its bytes, in order, and its errors are told.
 */
#include <poll.h>
#include <sched.h>
#include <sys/sendfile.h>

#include "doortest.h"

static void say(int fd, const char *what)
{
	CHECK_EQ(send(fd, what, strlen(what), 0), strlen(what));
}

/* All that comes until the end of the stream. */
static void hear(int fd, const char *want)
{
	char buf[64] = "";
	size_t got = 0;
	ssize_t n;

	while ((n = recv(fd, buf + got, sizeof(buf) - 1 - got, 0)) > 0)
		got += n;
	CHECK_EQ(n, 0);
	if (strcmp(buf, want))
		test_fail(__FILE__, __LINE__, buf, got);
}

TEST(sent_to_oneself_is_there_at_once)
{
	int fd[2], i;
	char c;

	tcp_pair(fd);
	for (i = 0; i < 200; i++) {
		say(fd[0], "x");
		CHECK_EQ(recv(fd[1], &c, 1, MSG_DONTWAIT), 1);
	}
}

#define STREAM (1u << 20)

static void *read_slowly(void *arg)
{
	unsigned char got[4096], want[4096];
	uint32_t state = 1;
	size_t left = STREAM;
	int i = 0;

	while (left) {
		ssize_t n = read(*(int *)arg, got, sizeof(got));

		CHECK(n > 0);
		fill(want, n, &state);
		CHECK(!memcmp(got, want, n));
		left -= n;
		if (i++ % 8 == 0)
			usleep(2000);
	}
	return NULL;
}

TEST(sends_and_a_full_buffer)
{
	int fd[2], small = 1, full = 0;
	unsigned int seed = 5;
	uint32_t state = 1;
	size_t left = STREAM;
	pthread_t t;

	tcp_pair(fd);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	CHECK_EQ(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	CHECK_EQ(pthread_create(&t, NULL, read_slowly, &fd[1]), 0);
	while (left) {
		struct pollfd p = { .fd = fd[0], .events = POLLOUT };
		unsigned char buf[2000], *from = buf;
		size_t n = rand_r(&seed) % sizeof(buf) + 1;

		if (n > left)
			n = left;
		fill(buf, n, &state);
		left -= n;
		while (n) {
			ssize_t done = send(fd[0], from, n, 0);

			if (done < 0) {
				CHECK_EQ(errno, EAGAIN);
				CHECK_EQ(poll(&p, 1, 10000), 1);
				full++;
				continue;
			}
			from += done;
			n -= done;
		}
	}
	pthread_join(t, NULL);
	CHECK(full > 0);
}

TEST(sends_then_shutdown)
{
	int fd[2], i;

	for (i = 0; i < 30; i++) {
		tcp_pair(fd);
		say(fd[0], "one");
		say(fd[0], "two");
		CHECK_EQ(shutdown(fd[0], SHUT_WR), 0);
		CHECK_ERR(send(fd[0], "x", 1, MSG_NOSIGNAL), EPIPE);
		hear(fd[1], "onetwo");
		close(fd[0]);
		close(fd[1]);
	}
}

TEST(sends_then_close)
{
	int fd[2], i, hole = dup(0);

	for (i = 0; i < 30; i++) {
		tcp_pair(fd);
		say(fd[0], "one");
		say(fd[0], "two");
		/* The descriptor goes, or becomes another's. */
		CHECK(i & 1 ? close(fd[0]) == 0 : dup2(hole, fd[0]) == fd[0]);
		hear(fd[1], "onetwo");
		close(fd[0]);
		close(fd[1]);
	}
}

static void send_and_end(void *arg)
{
	int *fd = arg, i;
	char c;

	for (i = 0; i < 10; i++) {
		say(fd[1], "w");
		CHECK_EQ(recv(fd[0], &c, 1, 0), 1);
	}
	say(fd[0], "one");
	say(fd[0], "two");
	if (fd[2])
		kill(getpid(), SIGKILL);
	_exit(0);
}

TEST(sends_then_death_of_the_process)
{
	int fd[3], i, status;

	for (i = 0; i < 20; i++) {
		pid_t pid;

		tcp_pair(fd);
		fd[2] = i & 1;
		pid = child(send_and_end, fd);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(i & 1 ? WIFSIGNALED(status) : !status);
		close(fd[0]);
		hear(fd[1], "onetwo");
		close(fd[1]);
	}
}

static void send_b(void *arg)
{
	say(*(int *)arg, "b");
}

TEST(sends_then_those_of_a_child)
{
	int fd[2], i;
	char buf[2];

	tcp_pair(fd);
	for (i = 0; i < 30; i++) {
		say(fd[0], "a");
		reap(child(send_b, &fd[0]));
		read_all(fd[1], buf, 2);
		CHECK(!memcmp(buf, "ab", 2));
	}
}

static void answer_turns(void *arg)
{
	int *fd = arg;
	char c;

	close(fd[3]);
	while (read(fd[2], &c, 1) == 1) {
		say(fd[0], "b");
		CHECK_EQ(write(fd[5], "t", 1), 1);
	}
}

/* Both have a door before long. */
TEST(sends_of_two_processes)
{
	int fd[6], i;
	pid_t pid;
	char c, buf[2];

	tcp_pair(fd);
	CHECK(!pipe(fd + 2) && !pipe(fd + 4));
	pid = child(answer_turns, fd);
	for (i = 0; i < 300; i++) {
		say(fd[0], "a");
		CHECK_EQ(write(fd[3], "t", 1), 1);
		CHECK_EQ(read(fd[4], &c, 1), 1);
		say(fd[0], "A");
		read_all(fd[1], buf, 2);
		CHECK(!memcmp(buf, "ab", 2));
		read_all(fd[1], buf, 1);
		CHECK_EQ(buf[0], 'A');
	}
	close(fd[3]);
	reap(pid);
}

#define NUMBERS 8000u

static struct turns {
	pthread_mutex_t lock;
	int fd;
	uint32_t next;
	bool over;
} turns = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* EAGAIN: the buffer is full while another thread has set O_NONBLOCK. */
static void send_number(int fd, uint32_t n)
{
	ssize_t rc;

	while ((rc = send(fd, &n, 4, 0)) < 0 && errno == EAGAIN)
		sched_yield();
	CHECK_EQ(rc, 4);
}

static void *take_turns(void *arg)
{
	(void)arg;
	while (!turns.over) {
		pthread_mutex_lock(&turns.lock);
		if (turns.next < NUMBERS) {
			send_number(turns.fd, turns.next);
			turns.next++;
		} else {
			turns.over = true;
		}
		pthread_mutex_unlock(&turns.lock);
	}
	return NULL;
}

static void check_numbers(int fd)
{
	uint32_t i, n;

	for (i = 0; i < NUMBERS; i++) {
		read_all(fd, &n, 4);
		CHECK_EQ(n, i);
	}
}

TEST(sends_of_threads_in_turn)
{
	pthread_t t[4];
	int fd[2], i;

	tcp_pair(fd);
	turns.fd = fd[0];
	for (i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, take_turns, NULL), 0);
	check_numbers(fd[1]);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}

static void *toggle(void *arg)
{
	int i;

	for (i = 0; !turns.over; i++) {
		CHECK_EQ(fcntl(*(int *)arg, F_SETFL, i & 1 ? O_NONBLOCK : 0), 0);
		usleep(i % 7 * 100);
	}
	return NULL;
}

/* The kernel takes the word away, again and again. */
TEST(sends_while_the_descriptor_changes)
{
	pthread_t t[2];
	int fd[2];

	tcp_pair(fd);
	turns.fd = fd[0];
	CHECK_EQ(pthread_create(&t[0], NULL, toggle, &fd[0]), 0);
	CHECK_EQ(pthread_create(&t[1], NULL, take_turns, NULL), 0);
	check_numbers(fd[1]);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
}

TEST(sends_around_sendfile)
{
	int fd[2], file = new_file("order", 0), i;
	char buf[6];

	CHECK_EQ(write(file, "file", 4), 4);
	tcp_pair(fd);
	for (i = 0; i < 50; i++) {
		off_t from = 0;

		say(fd[0], "<");
		CHECK_EQ(sendfile(fd[0], file, &from, 4), 4);
		say(fd[0], ">");
		read_all(fd[1], buf, 6);
		CHECK(!memcmp(buf, "<file>", 6));
	}
}

TEST(sends_and_a_reset)
{
	int fd[2], i, err = 0;
	socklen_t len = sizeof(err);

	signal(SIGPIPE, SIG_IGN);
	tcp_pair(fd);
	say(fd[0], "nobody reads this");
	say(fd[0], "nor this");
	while (recv(fd[1], &i, 1, MSG_PEEK) != 1)
		;
	close(fd[1]);			/* with bytes unread: a reset */
	for (i = 0; i < 1000 && send(fd[0], "x", 1, 0) == 1; i++)
		usleep(1000);
	CHECK(i < 1000 && (errno == ECONNRESET || errno == EPIPE));
	CHECK_ERR(send(fd[0], "x", 1, 0), EPIPE);
	CHECK_EQ(getsockopt(fd[0], SOL_SOCKET, SO_ERROR, &err, &len), 0);
	CHECK_EQ(err, 0);
}

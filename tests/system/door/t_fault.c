// SPDX-License-Identifier: MIT
/*
 * Memory that a program names and does not have. Each call answers as Linux does, by either
 * door, and no signal is raised. What it answers here was seen on an ordinary Linux.
 */
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "doortest.h"

#define PAGE	4096
#define LEN	100

/* What the second of two pages is. */
enum second { GONE, SEALED, READ_ONLY, BEYOND_END, SECONDS };

static void on_signal(int sig)
{
	(void)sig;
	_exit(99);		/* a system call raises none */
}

static void expect_no_signal(void)
{
	signal(SIGSEGV, on_signal);
	signal(SIGBUS, on_signal);
}

static char *map_file_of_one_page(void)
{
	int fd = new_file("beyond", 0);
	char *p;

	CHECK_EQ(ftruncate(fd, PAGE), 0);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return p;
}

/* Return: @good bytes that can be written, and behind them none. */
static char *memory(enum second kind, size_t good)
{
	char *p = kind == BEYOND_END ? map_file_of_one_page() :
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	memset(p, '.', PAGE);
	if (kind == GONE)
		CHECK_EQ(munmap(p + PAGE, PAGE), 0);
	else if (kind != BEYOND_END)
		CHECK_EQ(mprotect(p + PAGE, PAGE, kind == SEALED ? PROT_NONE : PROT_READ), 0);
	return p + PAGE - good;
}

/* For each kind of bad memory, with no and with some good bytes. */
static void each_memory(void (*test)(void *arg, char *p, size_t good), void *arg, bool source)
{
	int kind;

	expect_no_signal();
	test(arg, NULL, 0);
	for (kind = 0; kind < SECONDS; kind++) {
		if (source && kind == READ_ONLY)
			continue;
		test(arg, memory(kind, 0), 0);
		test(arg, memory(kind, 1), 1);
		test(arg, memory(kind, 40), 40);
	}
}

static void read_into(void *arg, char *p, size_t good)
{
	struct iovec v[2] = { { malloc(10), 10 }, { p, LEN } };
	int fd = *(int *)arg;
	char was[LEN];

	CHECK_EQ(pread(fd, was, LEN, 8), LEN);
	CHECK_EQ(lseek(fd, 8, SEEK_SET), 8);
	if (!good) {
		CHECK_ERR(pread(fd, p, LEN, 8), EFAULT);
		CHECK_ERR(read(fd, p, LEN), EFAULT);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 8);
	} else {
		CHECK_EQ(pread(fd, p, LEN, 8), good);
		CHECK(!memcmp(p, was, good));
		memset(p, '.', good);
		CHECK_EQ(read(fd, p, LEN), good);
		CHECK(!memcmp(p, was, good));
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 8 + good);
	}
	CHECK_EQ(lseek(fd, 8, SEEK_SET), 8);
	CHECK_EQ(readv(fd, v, 2), 10 + good);
	CHECK(!memcmp(v[0].iov_base, was, 10) && !memcmp(p, was + 10, good));
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 18 + good);
	free(v[0].iov_base);
}

TEST(bad_memory_for_read)
{
	int fd = number_file("fault-read", 4 * PAGE);
	char *p = memory(SEALED, PAGE);

	each_memory(read_into, &fd, false);
	/* More than one chunk, with the end in the second. */
	CHECK_EQ(pread(fd, p, 3 * PAGE, 0), PAGE);
	CHECK_EQ(*(uint32_t *)(p + PAGE - 4), PAGE / 4 - 1);
	CHECK_DOOR(VOS_STAT_READ, 20);
	close(fd);
}

/* One that is used in place. */
TEST(bad_memory_for_read_in_place)
{
	int fd = number_file("fault-place", 4 * PAGE), i;
	char path[512];

	close(fd);
	snprintf(path, sizeof(path), "%s/doortest-fault-place", folder);
	fd = CHECK_OK(open(path, O_RDONLY));
	for (i = 0; i < 20; i++)
		warm_file(fd);
	each_memory(read_into, &fd, false);
	if (door_expected)
		CHECK(door_stats().in_place > 20);
	close(fd);
}

static void write_from(void *arg, char *p, size_t good)
{
	char first[10] = "0123456789", now[LEN];
	struct iovec v[2] = { { first, 10 }, { p, LEN } };
	int fd = *(int *)arg;
	off_t end = lseek(fd, 0, SEEK_END);

	if (good)
		memset(p, 'a' + good % 26, good);
	if (!good) {
		CHECK_ERR(pwrite(fd, p, LEN, end), EFAULT);
		CHECK_ERR(write(fd, p, LEN), EFAULT);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), end);
	} else {
		CHECK_EQ(pwrite(fd, p, LEN, end), good);
		CHECK_EQ(write(fd, p, LEN), good);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), end + good);
	}
	CHECK_EQ(lseek(fd, 0, SEEK_END), end + good);
	CHECK_EQ(pread(fd, now, LEN, end), good);
	CHECK(!memcmp(now, p, good));
	CHECK_EQ(writev(fd, v, 2), 10 + good);
	CHECK_EQ(lseek(fd, 0, SEEK_END), end + 10 + 2 * good);
	CHECK_EQ(pread(fd, now, LEN, end + good), 10 + good);
	CHECK(!memcmp(now, first, 10) && !memcmp(now + 10, p, good));
	/* ... and what comes next is in its place. */
	CHECK_EQ(write(fd, first, 10), 10);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), end + 20 + 2 * good);
}

TEST(bad_memory_for_write)
{
	int fd = new_file("fault-write", 0), i;
	char *p = memory(GONE, PAGE), c = 'x';

	for (i = 0; i < 100; i++)
		CHECK_EQ(write(fd, &c, 1), 1);
	each_memory(write_from, &fd, true);
	CHECK_EQ(pwrite(fd, p, 3 * PAGE, 0), PAGE);
	CHECK_DOOR(VOS_STAT_WRITE, 100);
	close(fd);
}

/* The file has all of it, so that it may be used in place. */
TEST(bad_memory_for_write_in_place)
{
	int fd = number_file("fault-inside", 4 * PAGE), kind, i;
	uint32_t found, one = 1;
	char *p;

	for (i = 0; i < 20; i++)
		CHECK_EQ(pwrite(fd, &one, 4, 4), 4);
	expect_no_signal();
	for (kind = 0; kind < SECONDS; kind++) {
		if (kind == READ_ONLY)
			continue;
		CHECK_ERR(pwrite(fd, memory(kind, 0), LEN, 4000), EFAULT);
		p = memory(kind, 40);
		memset(p, kind, 40);
		CHECK_EQ(pwrite(fd, p, LEN, 4000), 40);
		CHECK_EQ(pread(fd, &found, 4, 4036), 4);
		CHECK_EQ(found, 0x01010101u * kind);
		CHECK_EQ(pread(fd, &found, 4, 4040), 4);
		CHECK_EQ(found, 4040 / 4);
	}
	close(fd);
}

/* What waits on a socket. */
static int waiting(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	CHECK_EQ(poll(&p, 1, 10000), 1);
	CHECK_EQ(ioctl(fd, FIONREAD, &n), 0);
	return n;
}

static long receive(int how, int fd, char *p)
{
	char first[10];
	struct iovec v[2] = { { first, 10 }, { p, LEN } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	switch (how) {
	case 0:
		return recv(fd, p, LEN, 0);
	case 1:
		return read(fd, p, LEN);
	case 2:
		return recvfrom(fd, p, LEN, 0, (struct sockaddr *)&a, &len);
	case 3:
		return readv(fd, v, 2);
	default:
		return recvmsg(fd, &m, 0);
	}
}

static void receive_stream(void *arg, char *p, size_t good)
{
	int *fd = arg, how;
	char sent[LEN], got[LEN];

	(void)good;
	for (how = 0; how < 5; how++) {
		memset(sent, 'A' + how, LEN);
		CHECK_EQ(send(fd[0], sent, LEN, 0), LEN);
		CHECK_EQ(waiting(fd[1]), LEN);
		CHECK_ERR(receive(how, fd[1], p), EFAULT);
		CHECK_EQ(waiting(fd[1]), LEN);
		CHECK_EQ(recv(fd[1], got, LEN, MSG_PEEK), LEN);
		CHECK_EQ(recv(fd[1], got, LEN, 0), LEN);
		CHECK(!memcmp(got, sent, LEN));
	}
	CHECK_ERR(recv(fd[1], got, LEN, MSG_DONTWAIT), EAGAIN);
}

TEST(bad_memory_for_a_stream)
{
	int fd[2];

	tcp_pair(fd);
	each_memory(receive_stream, fd, false);
	CHECK_DOOR(VOS_STAT_RECV, 20);
	close(fd[0]);
	close(fd[1]);
}

/* Long ones: every byte comes once, in order, whatever the calls between said. */
TEST(a_stream_loses_nothing)
{
	static uint32_t sent[1 << 16], got[1 << 16];
	size_t have = 0, good = 0;
	int fd[2], i, bad = 0;
	pid_t pid;

	expect_no_signal();
	for (i = 0; i < 1 << 16; i++)
		sent[i] = i * 2654435761u;
	tcp_pair(fd);
	pid = fork();
	if (!pid) {
		write_all(fd[0], sent, sizeof(sent));
		_exit(0);
	}
	while (have < sizeof(got)) {
		char *p = memory(SEALED, good);
		ssize_t n = recv(fd[1], p, 3 * PAGE, 0);

		bad += n < 0;
		if (n < 0)
			CHECK_EQ(errno, EFAULT);
		if (n > 0)
			memcpy((char *)got + have, p, n);
		have += n > 0 ? n : 0;
		munmap(p + good - PAGE, 2 * PAGE);
		good = (good + 1) % PAGE;
		n = recv(fd[1], (char *)got + have, sizeof(got) - have < 1000 ? sizeof(got) - have : 1000,
			 MSG_DONTWAIT);
		have += n > 0 ? n : 0;
	}
	CHECK(!memcmp(got, sent, sizeof(got)));
	CHECK(bad > 5);
	reap(pid);
}

static void send_stream(void *arg, char *p, size_t good)
{
	int *fd = arg;
	char first[10] = "0123456789", got[LEN];
	struct iovec v[2] = { { first, 10 }, { p, LEN } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };

	(void)good;
	CHECK_ERR(send(fd[0], p, LEN, 0), EFAULT);
	CHECK_ERR(write(fd[0], p, LEN), EFAULT);
	CHECK_ERR(writev(fd[0], v, 2), EFAULT);
	CHECK_ERR(sendmsg(fd[0], &m, 0), EFAULT);
	CHECK_EQ(send(fd[0], "x", 1, 0), 1);
	CHECK_EQ(recv(fd[1], got, LEN, 0), 1);
	CHECK_EQ(got[0], 'x');
}

TEST(bad_memory_to_a_stream)
{
	int fd[2];

	tcp_pair(fd);
	each_memory(send_stream, fd, true);
	CHECK_DOOR(VOS_STAT_SEND, 5);
	close(fd[0]);
	close(fd[1]);
}

static void use_datagrams(void *arg, char *p, size_t good)
{
	char first[10] = "0123456789", got[LEN];
	struct iovec v[2] = { { first, 10 }, { p, LEN } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	int *fd = arg, how;

	(void)good;
	for (how = 0; how < 5; how++) {
		memset(got, 'A' + how, LEN);
		CHECK_EQ(send(fd[0], got, LEN, 0), LEN);
		CHECK_EQ(send(fd[0], "next", 4, 0), 4);
		waiting(fd[1]);
		CHECK_ERR(receive(how, fd[1], p), EFAULT);
		CHECK_EQ(recv(fd[1], got, LEN, 0), 4);
		CHECK(!memcmp(got, "next", 4));
	}
	CHECK_ERR(send(fd[0], p, LEN, 0), EFAULT);
	CHECK_ERR(writev(fd[0], v, 2), EFAULT);
	CHECK_ERR(sendmsg(fd[0], &m, 0), EFAULT);
	if (p)
		CHECK_ERR(sendto(fd[0], first, 10, 0, (struct sockaddr *)p, 16), EFAULT);
	CHECK_ERR(recv(fd[1], got, LEN, MSG_DONTWAIT), EAGAIN);
}

static void use_datagrams_of_good_addresses(void *arg, char *p, size_t good)
{
	if (good < 16)
		use_datagrams(arg, p, good);
}

TEST(bad_memory_and_datagrams)
{
	int fd[2];

	udp_pair(fd);
	each_memory(use_datagrams_of_good_addresses, fd, true);
	CHECK_DOOR(VOS_STAT_RECV, 20);
	CHECK_DOOR(VOS_STAT_SEND, 20);
	close(fd[0]);
	close(fd[1]);
}

/* Places for what comes beside the data: the data is taken, and in the buffer. */
static void name_datagrams(void *arg, char *p, size_t good)
{
	struct sockaddr_in a;
	char got[LEN] = "";
	struct iovec v = { got, LEN };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_name = p, .msg_namelen = 16 };
	socklen_t len = sizeof(a);
	int *fd = arg;

	if (good >= 16 || !p)
		return;
	CHECK_EQ(send(fd[0], "one", 3, 0), 3);
	CHECK_EQ(send(fd[0], "two", 3, 0), 3);
	CHECK_EQ(send(fd[0], "three", 5, 0), 5);
	CHECK_EQ(send(fd[0], "four", 4, 0), 4);
	CHECK_ERR(recvfrom(fd[1], got, LEN, 0, (struct sockaddr *)p, &len), EFAULT);
	CHECK(!memcmp(got, "one", 3));
	CHECK_ERR(recvmsg(fd[1], &m, 0), EFAULT);
	CHECK(!memcmp(got, "two", 3));
	CHECK_ERR(recvfrom(fd[1], got, LEN, 0, (struct sockaddr *)&a, (void *)p), EFAULT);
	CHECK(!memcmp(got, "three", 5));
	CHECK_EQ(recv(fd[1], got, LEN, 0), 4);
}

TEST(bad_memory_for_an_address)
{
	int fd[2];

	udp_pair(fd);
	each_memory(name_datagrams, fd, false);
	close(fd[0]);
	close(fd[1]);
}

/* Lists and messages that cannot be read: nothing is taken. */
static void describe_badly(void *arg, char *p, size_t good)
{
	struct msghdr m = { .msg_iov = (void *)p, .msg_iovlen = 1 };
	int *fd = arg;
	char got[LEN];

	if (good >= 16)
		return;
	CHECK_EQ(send(fd[0], "data", 4, 0), 4);
	waiting(fd[1]);
	CHECK_ERR(readv(fd[1], (void *)p, 1), EFAULT);
	CHECK_ERR(recvmsg(fd[1], &m, 0), EFAULT);
	CHECK_ERR(recvmsg(fd[1], (void *)p, 0), EFAULT);
	CHECK_ERR(writev(fd[0], (void *)p, 1), EFAULT);
	CHECK_ERR(sendmsg(fd[0], &m, 0), EFAULT);
	CHECK_ERR(sendmsg(fd[0], (void *)p, 0), EFAULT);
	CHECK_EQ(recv(fd[1], got, LEN, 0), 4);
}

TEST(bad_memory_for_a_description)
{
	int fd[2];

	tcp_pair(fd);
	each_memory(describe_badly, fd, true);
	close(fd[0]);
	close(fd[1]);
}

/* Fills pages when they have been touched for a time. */
static void *come_late(void *arg)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));
	int fd = *(int *)arg;
	struct uffd_msg m;

	memset(page, 'p', PAGE);
	while (read(fd, &m, sizeof(m)) == sizeof(m)) {
		struct uffdio_copy c = {
			.dst = m.arg.pagefault.address & -PAGE, .src = (uintptr_t)page, .len = PAGE,
		};

		usleep(30000);
		ioctl(fd, UFFDIO_COPY, &c);
	}
	return NULL;
}

TEST(memory_that_comes_late)
{
	int file = number_file("fault-late", 4 * PAGE), fd[2], uffd;
	pthread_t thread;
	char *p, got[LEN];

	uffd = endless_pages((void **)&p, 8);
	if (uffd < 0)
		test_skip("no userfaultfd(2)");
	expect_no_signal();
	CHECK_EQ(pthread_create(&thread, NULL, come_late, &uffd), 0);
	tcp_pair(fd);
	CHECK_EQ(pread(file, p + PAGE - 50, LEN, 4), LEN);
	CHECK_EQ(*(uint32_t *)(p + PAGE - 50), 1);
	CHECK_EQ(send(fd[0], p + 2 * PAGE, LEN, 0), LEN);
	CHECK_EQ(recv(fd[1], p + 4 * PAGE - 50, LEN, 0), LEN);
	CHECK_EQ(p[4 * PAGE - 50], 'p');
	CHECK_EQ(pwrite(file, p + 6 * PAGE - 50, LEN, 0), LEN);
	CHECK_EQ(pread(file, got, LEN, 0), LEN);
	CHECK(got[0] == 'p' && got[LEN - 1] == 'p');
}

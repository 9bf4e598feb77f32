// SPDX-License-Identifier: MIT
/* /proc/PID/io: reads and writes count by whichever door they pass, each once. */
#include <inttypes.h>

#include "doortest.h"

#define CALLS	300

struct io {
	uint64_t rchar, wchar, syscr, syscw;
	uint64_t length;	/* of what was read to know that: it counts next time */
};

static void parse(const char *text, struct io *io)
{
	CHECK_EQ(sscanf(text, "rchar: %" SCNu64 " wchar: %" SCNu64 " syscr: %" SCNu64 " syscw: %" SCNu64,
			&io->rchar, &io->wchar, &io->syscr, &io->syscw), 4);
}

static struct io io_of(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct io io = { 0 };
	char text[512];
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		test_skip("no /proc/PID/io");
	CHECK(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	CHECK(n > 0);
	close(fd);
	text[n] = 0;
	io.length = n;
	parse(text, &io);
	return io;
}

static struct io own_io(void)
{
	return io_of("/proc/self/io");
}

/* What came since @old, without the reading of @old. */
static struct io since(const struct io *old)
{
	struct io now = own_io();

	now.rchar -= old->rchar + old->length;
	now.wchar -= old->wchar;
	now.syscr -= old->syscr + 1;
	now.syscw -= old->syscw;
	return now;
}

static void check_since(const struct io *old, uint64_t rchar, uint64_t wchar, uint64_t syscr,
			uint64_t syscw)
{
	struct io new = since(old);

	CHECK_EQ(new.syscr, syscr);
	CHECK_EQ(new.rchar, rchar);
	CHECK_EQ(new.syscw, syscw);
	CHECK_EQ(new.wchar, wchar);
}

static void read_some(int fd)
{
	struct iovec iov[2];
	char a[10], b[5];
	int i;

	iov[0] = (struct iovec) { a, 10 };
	iov[1] = (struct iovec) { b, 5 };
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	for (i = 0; i < CALLS; i++) {
		CHECK_EQ(read(fd, a, 10), 10);
		CHECK_EQ(pread(fd, a, 10, i), 10);
		CHECK_EQ(readv(fd, iov, 2), 15);
	}
}

static void write_some(int fd)
{
	char a[15] = "something new.";
	struct iovec iov = { a, 15 };
	int i;

	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	for (i = 0; i < CALLS; i++) {
		CHECK_EQ(write(fd, a, 10), 10);
		CHECK_EQ(pwrite(fd, a, 10, i), 10);
		CHECK_EQ(writev(fd, &iov, 1), 15);
	}
}

#define SOME_CALLS	(3 * CALLS)
#define SOME_BYTES	(35 * CALLS)

TEST(io_of_a_file_that_is_served)
{
	int fd = new_file("io", 0);
	struct io old = own_io();
	char c;

	write_some(fd);
	check_since(&old, 0, SOME_BYTES, 0, SOME_CALLS);
	CHECK_DOOR(VOS_STAT_WRITE, CALLS);
	old = own_io();
	read_some(fd);
	check_since(&old, SOME_BYTES, 0, SOME_CALLS, 0);
	CHECK_DOOR(VOS_STAT_READ, CALLS);
	/* The end of the file is a call without bytes. */
	old = own_io();
	CHECK_EQ(pread(fd, &c, 1, 1 << 20), 0);
	check_since(&old, 0, 0, 1, 0);
	close(fd);
}

TEST(io_of_a_file_in_place)
{
	int fd = number_file("io", 10000);
	char path[512];
	struct io old;

	CHECK_EQ(close(fd), 0);
	snprintf(path, sizeof(path), "%s/doortest-io", folder);
	fd = open(path, O_RDWR);
	CHECK(fd >= 0);
	warm_file(fd);
	old = own_io();
	read_some(fd);
	check_since(&old, SOME_BYTES, 0, SOME_CALLS, 0);
	old = own_io();
	write_some(fd);
	check_since(&old, 0, SOME_BYTES, 0, SOME_CALLS);
	close(fd);
}

/* Linux counts read() and write() of a socket, and neither recv() nor send(). */
TEST(io_of_a_socket)
{
	struct io old;
	char a[10] = "";
	int fd[2], i;

	tcp_pair(fd);
	old = own_io();
	for (i = 0; i < CALLS; i++) {
		CHECK_EQ(write(fd[0], a, 10), 10);
		CHECK_EQ(read(fd[1], a, 10), 10);
	}
	check_since(&old, 10 * CALLS, 10 * CALLS, CALLS, CALLS);
	old = own_io();
	for (i = 0; i < CALLS; i++) {
		CHECK_EQ(send(fd[0], a, 10, 0), 10);
		CHECK_EQ(recv(fd[1], a, 10, 0), 10);
	}
	check_since(&old, 0, 0, 0, 0);
	CHECK_EQ(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
	old = own_io();
	CHECK_ERR(read(fd[1], a, 10), EAGAIN);
	check_since(&old, 0, 0, 1, 0);
}

static void *read_in_thread(void *arg)
{
	char path[64];
	struct io own;

	read_some(*(int *)arg);
	snprintf(path, sizeof(path), "/proc/self/task/%ld/io", (long)syscall(SYS_gettid));
	own = io_of(path);
	CHECK_EQ(own.syscr, SOME_CALLS);
	CHECK_EQ(own.rchar, SOME_BYTES);
	return (void *)(uintptr_t)own.length;
}

/* What threads have read stays when they have ended. */
TEST(io_of_threads_that_end)
{
	int fd = number_file("io", 10000), i;
	uint64_t more = 0;
	struct io old;
	pthread_t t;
	void *length;

	read_some(fd);
	old = own_io();
	for (i = 0; i < 40; i++) {
		CHECK(!pthread_create(&t, NULL, read_in_thread, &fd));
		CHECK(!pthread_join(t, &length));
		more += (uintptr_t)length;
	}
	check_since(&old, 40 * SOME_BYTES + more, 0, 40 * (SOME_CALLS + 1), 0);
	close(fd);
}

/* A child begins at 0, keeps its count over exec(), and leaves it to its parent. */
TEST(io_of_a_child)
{
	int fd = number_file("io", 10000), out[2];
	struct io old, child = { 0 };
	char text[512] = "";
	pid_t pid;

	read_some(fd);
	CHECK_EQ(pipe(out), 0);
	old = own_io();
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		if (own_io().syscr > 0)
			_exit(1);
		read_some(fd);
		dup2(out[1], 1);
		execlp("cat", "cat", "/proc/self/io", NULL);
		_exit(1);
	}
	close(out[1]);
	reap(pid);
	CHECK(read(out[0], text, sizeof(text) - 1) > 0);
	parse(text, &child);
	CHECK(child.syscr > SOME_CALLS && child.syscr < SOME_CALLS + 100);
	CHECK(child.rchar > SOME_BYTES && child.rchar < SOME_BYTES + 1000000);
	CHECK(own_io().syscr - old.syscr > SOME_CALLS);
	close(fd);
}

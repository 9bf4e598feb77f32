// SPDX-License-Identifier: MIT
/* Ways of programs that mix calls, which pass the door, with others that do not. */
#include <limits.h>

#include "doortest.h"

/* errno is for failures alone. */
TEST(success_leaves_errno)
{
	int fd = number_file("errno", 3000), i;
	uint32_t n;

	for (i = 0; i < 300; i++) {
		struct iovec v = { &n, 4 };

		errno = 4711;
		CHECK_EQ(pread(fd, &n, 4, 4 * i), 4);
		CHECK_EQ(pwrite(fd, &n, 4, 4 * i), 4);
		CHECK_EQ(read(fd, &n, 4), 4);
		CHECK_EQ(lseek(fd, -4, SEEK_CUR), 4 * i);
		CHECK_EQ(write(fd, &n, 4), 4);
		CHECK_EQ(lseek(fd, -4, SEEK_CUR), 4 * i);
		CHECK_EQ(readv(fd, &v, 1), 4);
		CHECK_EQ(errno, 4711);
	}
	close(fd);
}

/* The buffer has to hold what the file has, not what was asked for. */
TEST(a_buffer_shorter_than_the_count)
{
	char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *end;
	int fd = new_file("short", 0), i;

	CHECK(p != MAP_FAILED);
	CHECK_EQ(munmap(p + 8192, 65536 - 8192), 0);
	end = p + 8192;
	memset(p, 'x', 8192);
	CHECK_EQ(write(fd, p, 100), 100);
	for (i = 0; i < 300; i++) {
		memset(end - 100, 0, 100);
		CHECK_EQ(pread(fd, end - 100, 1 << 20, 0), 100);
		CHECK(end[-1] == 'x' && end[-100] == 'x');
		CHECK_EQ(pread(fd, end - 10, INT_MAX, 90), 10);
		CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
		CHECK_EQ(read(fd, end - 100, 30000), 100);
		CHECK_EQ(read(fd, end, 30000), 0);
		CHECK_EQ(pread(fd, end, 1, 100), 0);
		CHECK_ERR(pread(fd, end, 1, 0), EFAULT);
	}
	/* A write takes what there is of the buffer, page by page. */
	CHECK_EQ(pwrite(fd, p, 20000, 0), 8192);
	CHECK_EQ(size_of(fd), 8192);
	CHECK_ERR(pwrite(fd, end, 20000, 0), EFAULT);
	CHECK_EQ(size_of(fd), 8192);
	close(fd);
}

/* Nothing is written and nothing moves. */
TEST(nothing_is_written)
{
	int fd = new_file("nothing", 0), i;
	struct iovec v[2] = { { "", 0 }, { NULL, 0 } }, many[IOV_MAX + 1];
	char c = 'c', sum[IOV_MAX];

	for (i = 0; i < IOV_MAX; i++) {
		CHECK_EQ(pwrite(fd, &c, 1, i), 1);
		CHECK_EQ(pwrite(fd, &c, 0, 1 << 20), 0);
		CHECK_EQ(write(fd, NULL, 0), 0);
		CHECK_EQ(read(fd, NULL, 0), 0);
		CHECK_EQ(writev(fd, v, 2), 0);
		CHECK_EQ(readv(fd, v, 2), 0);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
		CHECK_EQ(size_of(fd), i + 1);
	}
	CHECK_ERR(pread(fd, &c, 1, -1), EINVAL);
	CHECK_ERR(pwrite(fd, &c, 1, -1), EINVAL);
	CHECK_ERR(pread(fd, &c, 1, LLONG_MAX), EINVAL);
	CHECK_EQ(pread(fd, &c, 1, LLONG_MAX - 1), 0);
	CHECK(pwrite(fd, &c, 1, LLONG_MAX) < 0);
	for (i = 0; i <= IOV_MAX; i++)
		many[i] = (struct iovec){ sum + i % IOV_MAX, 1 };
	CHECK_ERR(readv(fd, many, IOV_MAX + 1), EINVAL);
	CHECK_EQ(readv(fd, many, IOV_MAX), IOV_MAX);
	CHECK_EQ(sum[IOV_MAX - 1], 'c');
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), IOV_MAX);
	many[0].iov_len = SIZE_MAX;
	CHECK_ERR(readv(fd, many, 2), EINVAL);
	close(fd);
}

/* libc's streams make system calls of their own. */
TEST(streams_and_calls)
{
	int fd = new_file("stream", 0), i;
	FILE *f = fdopen(dup(fd), "r+");
	char line[64], want[64];

	CHECK(f);
	for (i = 0; i < 100; i++) {
		CHECK(fprintf(f, "stream %d\n", i) > 0);
		CHECK_EQ(fflush(f), 0);
		snprintf(line, sizeof(line), "call %d\n", i);
		CHECK_EQ(write(fd, line, strlen(line)), strlen(line));
		snprintf(line, sizeof(line), "twin %d\n", i);
		CHECK_EQ(write(fileno(f), line, strlen(line)), strlen(line));
	}
	rewind(f);
	for (i = 0; i < 300; i++) {
		CHECK(fgets(line, sizeof(line), f));
		snprintf(want, sizeof(want), "%s %d\n",
			 i % 3 == 0 ? "stream" : i % 3 == 1 ? "call" : "twin", i / 3);
		CHECK(!strcmp(line, want));
	}
	CHECK(!fgets(line, sizeof(line), f));
	fclose(f);
	f = fopen(path_of("stream"), "a+");
	CHECK(f);
	CHECK_EQ(pwrite(fd, "end\n", 4, size_of(fd)), 4);
	CHECK(fputs("appended\n", f) >= 0);
	fclose(f);
	CHECK_EQ(pread(fd, line, 64, size_of(fd) - 13), 13);
	CHECK(!memcmp(line, "end\nappended\n", 13));
	close(fd);
}

static void *on_small_stack(void *arg)
{
	int fd = *(int *)arg, i;
	struct iovec v[60];
	char c[60];

	for (i = 0; i < 60; i++)
		v[i] = (struct iovec){ c + i, 1 };
	for (i = 0; i < 200; i++) {
		CHECK_EQ(pwrite(fd, c, 60, 0), 60);
		CHECK_EQ(pread(fd, c, 60, 0), 60);
		CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
		CHECK_EQ(writev(fd, v, 60), 60);
		CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
		CHECK_EQ(readv(fd, v, 60), 60);
	}
	return NULL;
}

static volatile int signal_fd;
static volatile sig_atomic_t handled;

static void call_in_handler(int sig)
{
	char c = (char)sig;
	struct iovec v = { &c, 1 };

	if (pwrite(signal_fd, &c, 1, 100) == 1 && pread(signal_fd, &c, 1, 100) == 1 &&
	    writev(signal_fd, &v, 1) == 1)
		handled++;
}

TEST(small_stacks)
{
	int fd = new_file("stack", 0), i;
	size_t room = (size_t)sysconf(_SC_MINSIGSTKSZ) + 2048;
	char *low = mmap(NULL, room + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	stack_t ss = { .ss_size = (room + 15) & ~15ul };
	struct sigaction act = { .sa_handler = call_in_handler, .sa_flags = SA_ONSTACK };
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	CHECK_EQ(pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN), 0);
	CHECK_EQ(pthread_create(&t, &attr, on_small_stack, &fd), 0);
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK(low != MAP_FAILED);
	CHECK_EQ(mprotect(low, 4096, PROT_NONE), 0);
	ss.ss_sp = low + 4096;
	CHECK_EQ(sigaltstack(&ss, NULL), 0);
	CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
	signal_fd = fd;
	for (i = 0; i < 100; i++)
		CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(handled, 100);
	close(fd);
}

static volatile bool stop;
static volatile int changing_fd;

static void *reopen(void *arg)
{
	(void)arg;
	for (int i = 0; !stop; i++) {
		int fd = open(path_of(i % 2 ? "all-a" : "all-b"), O_RDWR);

		CHECK(fd >= 0);
		if (fd != changing_fd) {
			CHECK_EQ(dup2(fd, changing_fd), changing_fd);
			close(fd);
		}
		for (int k = 0; k < 100 + i % 3000; k++) {
			char c;

			CHECK_EQ(pread(changing_fd, &c, 1, k), 1);
		}
		if (i % 5 == 0)
			close(changing_fd);
	}
	return NULL;
}

/* What a read returns is of one file, whichever the descriptor is meanwhile. */
TEST(descriptor_changes_while_it_is_read)
{
	static char a[20000], b[20000], buf[20000];
	int fd, other;
	double end = now() + 3;
	pthread_t t;
	ssize_t n;

	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	fd = new_file("all-a", 0);
	write_all(fd, a, sizeof(a));
	other = new_file("all-b", 0);
	write_all(other, b, sizeof(b));
	close(other);
	changing_fd = fd;
	CHECK_EQ(pthread_create(&t, NULL, reopen, NULL), 0);
	while (now() < end) {
		n = pread(changing_fd, buf, sizeof(buf), 0);
		if (n < 0) {
			CHECK_EQ(errno, EBADF);
			continue;
		}
		CHECK_EQ(n, sizeof(buf));
		CHECK(!memcmp(buf, buf[0] == 'a' ? a : b, n));
		n = pread(changing_fd, buf, 100, 5000);
		CHECK(n == 100 || (n < 0 && errno == EBADF));
		CHECK(n < 0 || !memcmp(buf, buf[0] == 'a' ? a : b, n));
	}
	stop = true;
	CHECK_EQ(pthread_join(t, NULL), 0);
}

/* A program may take mappings away that it has not made, and lock the others. */
TEST(mappings_are_taken_away)
{
	int fd = number_file("taken", 3000), i, k;
	char line[1024];
	uint32_t n;
	FILE *f;

	close(fd);
	fd = open(path_of("taken"), O_RDONLY);
	for (i = 0; i < 10; i++) {
		for (k = 0; k < 1200; k++) {
			CHECK_EQ(pread(fd, &n, 4, 4 * k), 4);
			CHECK_EQ(n, k);
		}
		f = fopen("/proc/self/maps", "r");
		CHECK(f);
		while (fgets(line, sizeof(line), f)) {
			unsigned long from, to;

			if (strstr(line, "doortest-taken") && sscanf(line, "%lx-%lx", &from, &to) == 2)
				CHECK_EQ(i % 2 ? munmap((void *)from, to - from) :
						 mprotect((void *)from, to - from, PROT_NONE), 0);
		}
		fclose(f);
		for (k = 0; k < 100; k++) {
			CHECK_EQ(pread(fd, &n, 4, 4 * k), 4);
			CHECK_EQ(n, k);
			CHECK_EQ(read(fd, &n, 4), 4);
			CHECK_EQ(n, 100 * i + k);
		}
	}
	close(fd);
}

static void cancelled_cleanup(void *arg)
{
	(*(volatile int *)arg)++;
}

static void *write_until_cancelled(void *arg)
{
	static volatile int cleaned;
	uint32_t record[128];
	uint32_t n = 0;

	pthread_setcanceltype(*(int *)arg, NULL);
	pthread_cleanup_push(cancelled_cleanup, (void *)&cleaned);
	for (;;) {
		n++;
		for (int i = 0; i < 128; i++)
			record[i] = n;
		if (write(changing_fd, record, 512) != 512)
			abort();
	}
	pthread_cleanup_pop(0);
	return NULL;
}

/* A thread that is cancelled has written each record whole. */
TEST(cancelled_while_it_writes)
{
	int types[2] = { PTHREAD_CANCEL_DEFERRED, PTHREAD_CANCEL_ASYNCHRONOUS }, i;
	int fd = new_file("cancelled", 0);
	uint32_t record[128];
	off_t begin = lseek(fd, 0, SEEK_CUR), end;

	changing_fd = fd;
	for (i = 0; i < 60; i++) {
		void *result;
		uint32_t n = 0, k;
		pthread_t t;

		CHECK_EQ(pthread_create(&t, NULL, write_until_cancelled, &types[i % 2]), 0);
		usleep(3000 + random() % 2000);
		CHECK_EQ(pthread_cancel(t), 0);
		CHECK_EQ(pthread_join(t, &result), 0);
		CHECK(result == PTHREAD_CANCELED);
		end = lseek(fd, 0, SEEK_CUR);
		CHECK_EQ((end - begin) % 512, 0);
		CHECK_EQ(size_of(fd), end);
		for (; begin < end; begin += 512) {
			n++;
			CHECK_EQ(pread(fd, record, 512, begin), 512);
			for (k = 0; k < 128; k++)
				CHECK_EQ(record[k], n);
		}
	}
	close(fd);
}

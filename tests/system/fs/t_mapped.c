// SPDX-License-Identifier: MIT
/* Mappings beyond reading and writing: ends of files, holes, futexes, memory as a file's page. */
#include "fstest.h"
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>

static sigjmp_buf back;

static void on_fault(int nr)
{
	siglongjmp(back, nr);
}

/* Return: the signal that reading or storing a byte brings, or 0. */
static int touch(volatile char *p, bool store)
{
	int nr;

	signal(SIGBUS, on_fault);
	signal(SIGSEGV, on_fault);
	nr = sigsetjmp(back, 1);
	if (nr)
		return nr;
	if (store)
		*p = 'x';
	else
		(void)*p;
	return 0;
}

static char *map(int fd, size_t len, int flags)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

TEST(behind_the_end_of_a_file)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char *p, *q, c;

	CHECK_EQ(ftruncate(fd, 5000), 0);
	p = map(fd, 16384, MAP_SHARED);
	q = map(fd, 16384, MAP_PRIVATE);
	CHECK_EQ(touch(p + 8191, true), 0);
	CHECK_EQ(touch(p + 8192, false), SIGBUS);
	CHECK_EQ(touch(q + 8192, true), SIGBUS);
	CHECK_EQ(touch(q, true), 0);
	CHECK_EQ(ftruncate(fd, 16384), 0);
	CHECK_EQ(touch(p + 8192, true), 0);
	CHECK_EQ(pread(fd, &c, 1, 8192), 1);
	CHECK_EQ(c, 'x');
	CHECK_EQ(pread(fd, &c, 1, 8191), 1);
	CHECK_EQ(pwrite(fd, "new", 3, 12288), 3);
	CHECK(!memcmp(p + 12288, "new", 3) && !memcmp(q + 12288, "new", 3));
	CHECK_EQ(truncate("f", 4096), 0);
	CHECK_EQ(touch(p + 4096, false), SIGBUS);
	CHECK_EQ(touch(p + 12288, true), SIGBUS);
	CHECK_EQ(touch(p + 4095, true), 0);
	CHECK_EQ(ftruncate(fd, 16384), 0);
	CHECK(!p[4096] && !p[12288] && p[4095] == 'x');
	CHECK_EQ(q[0], 'x');
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(c, 0);
}

TEST(a_mapping_is_moved_and_punched)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	unsigned char in[4];
	char *p, c;

	CHECK_EQ(ftruncate(fd, 8192), 0);
	p = map(fd, 4096, MAP_SHARED);
	memset(p, 'a', 4096);
	p = mremap(p, 4096, 16384, MREMAP_MAYMOVE);
	CHECK(p != MAP_FAILED);
	CHECK(p[0] == 'a' && !p[4096]);
	memset(p + 4096, 'b', 4096);
	CHECK_EQ(touch(p + 8192, false), SIGBUS);
	CHECK_EQ(madvise(p, 4096, MADV_REMOVE), 0);
	CHECK(!p[0] && p[4096] == 'b');
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(c, 0);
	CHECK_EQ(stat_of("f").st_size, 8192);
	CHECK_EQ(mincore(p, 8192, in), 0);
	CHECK(in[1] & 1);
	CHECK_EQ(madvise(p, 8192, MADV_DONTNEED), 0);
	CHECK_EQ(p[4096], 'b');
	CHECK_ERR(msync(p + 1, 10, MS_SYNC), EINVAL);
	CHECK_ERR(msync(p, 10, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK_EQ(msync(p, 8192, MS_SYNC | MS_INVALIDATE), 0);
	CHECK_EQ(mlock(p, 8192), 0);
	CHECK_ERR(msync(p, 8192, MS_INVALIDATE), EBUSY);
	CHECK_EQ(munmap(p, 16384), 0);
}

TEST(what_may_be_mapped)
{
	int rd, wr, fd;
	char *p;

	put_text("f", "text");
	rd = CHECK_OK(open("f", O_RDONLY));
	wr = CHECK_OK(open("f", O_WRONLY));
	fd = CHECK_OK(open(".", O_RDONLY));
	CHECK(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, rd, 0) == MAP_FAILED && errno == EACCES);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, wr, 0) == MAP_FAILED && errno == EACCES);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == ENODEV);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, rd, 100) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, 0, PROT_READ, MAP_PRIVATE, rd, 0) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, rd, 0) == MAP_FAILED &&
	      errno == EOPNOTSUPP);
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, rd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERR(mprotect(p, 4096, PROT_READ | PROT_WRITE), EACCES);
	CHECK_EQ(close(rd), 0);
	CHECK_EQ(pwrite(wr, "T", 1, 0), 1);
	CHECK(!memcmp(p, "Text", 4));
}

/* Two processes that have the file's page each by a mapping of its own. */
TEST(a_futex_in_a_file)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;
	int *p;
	pid_t pid;

	CHECK_EQ(ftruncate(fd, 4096), 0);
	pid = CHECK_OK(fork());
	p = (int *)map(CHECK_OK(open("f", O_RDWR)), 4096, MAP_SHARED);
	if (!pid) {
		while (!__atomic_load_n(p, __ATOMIC_ACQUIRE))
			syscall(SYS_futex, p, FUTEX_WAIT, 0, NULL, NULL, 0);
		_exit(0);
	}
	usleep(200000);
	sync();
	__atomic_store_n(p, 1, __ATOMIC_RELEASE);
	for (i = 0; i < 100 && syscall(SYS_futex, p, FUTEX_WAKE, 1, NULL, NULL, 0) < 1; i++)
		usleep(10000);
	CHECK_EQ(wait_for(pid), 0);
}

static void check_shared(int fd, char *p, int round)
{
	char want[32], got[32];
	int n = snprintf(want, sizeof(want), "round %d", round);

	CHECK_EQ(pwrite(fd, want, n, 4090), n);
	CHECK(!memcmp(p + 4090, want, n));
	memset(p + 4090, round, n);
	CHECK_EQ(pread(fd, got, n, 4090), n);
	CHECK(!memcmp(got, p + 4090, n));
}

/* By the exceptionless door the file was served or in place before it is mapped. */
TEST(mapped_after_it_was_used)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;
	char buf[64];
	char *p;

	CHECK_EQ(ftruncate(fd, 8192), 0);
	for (i = 0; i < 300; i++) {
		CHECK_EQ(pwrite(fd, &i, sizeof(i), i * 4), sizeof(i));
		CHECK_EQ(pread(fd, buf, 4, i * 4), 4);
	}
	p = map(fd, 8192, MAP_SHARED);
	CHECK_EQ(((int *)p)[299], 299);
	for (i = 0; i < 100; i++)
		check_shared(fd, p, i);
	CHECK_EQ(munmap(p, 8192), 0);
	usleep(600000);
	for (i = 0; i < 300; i++)
		CHECK_EQ(pwrite(fd, &i, sizeof(i), i * 4), sizeof(i));
	p = map(fd, 8192, MAP_SHARED);
	CHECK_EQ(((int *)p)[299], 299);
	check_shared(fd, p, 7);
}

static int parts_of(const char *p, size_t len)
{
	unsigned long from, to, at = (unsigned long)p;
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	int n = 0;

	CHECK(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from < at + len && to > at)
			n++;
	fclose(maps);
	return n;
}

TEST(a_mapping_is_one_again)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;
	char *p, *q;

	CHECK_EQ(ftruncate(fd, 65536), 0);
	for (i = 0; i < 2; i++) {
		p = map(fd, 65536, i ? MAP_PRIVATE : MAP_SHARED);
		p[0] = 'a';
		p[65535] = 'z';
		CHECK_EQ(mprotect(p + 16384, 16384, PROT_READ), 0);
		CHECK_EQ(parts_of(p, 65536), 3);
		CHECK(mremap(p, 65536, 131072, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
		CHECK_EQ(mprotect(p + 16384, 16384, PROT_READ | PROT_WRITE), 0);
		CHECK_EQ(parts_of(p, 65536), 1);
		CHECK_EQ(mlock(p + 4096, 4096), 0);
		CHECK_EQ(munlock(p + 4096, 4096), 0);
		CHECK_EQ(madvise(p + 8192, 8192, MADV_SEQUENTIAL), 0);
		CHECK_EQ(madvise(p + 8192, 8192, MADV_NORMAL), 0);
		CHECK_EQ(parts_of(p, 65536), 1);
		q = mremap(p, 65536, 131072, MREMAP_MAYMOVE);
		CHECK(q != MAP_FAILED && q[0] == 'a' && q[65535] == 'z');
		CHECK_EQ(munmap(q, 131072), 0);
	}
	p = map(fd, 8192, MAP_SHARED);
	CHECK_EQ(munmap(p + 4096, 4096), 0);
	q = mmap(p + 4096, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 4096);
	CHECK_EQ(q, p + 4096);
	CHECK_EQ(parts_of(p, 8192), 1);
	CHECK_EQ(munmap(p, 8192), 0);
}

/* The child counts up in the file; each mapping shows what was written before it, or later. */
TEST(mapped_while_others_write)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), back_fd[2], i, n = 0, seen, last = 0;
	volatile int *p;
	pid_t pid;

	CHECK_EQ(ftruncate(fd, 8192), 0);
	CHECK_EQ(pipe(back_fd), 0);
	pid = CHECK_OK(fork());
	if (!pid) {
		int own = CHECK_OK(open("f", O_RDWR));

		for (n = 1; ; n++) {
			CHECK_EQ(pwrite(own, &n, sizeof(n), 0), sizeof(n));
			CHECK_EQ(pread(own, &i, sizeof(i), 0), sizeof(i));
			CHECK_EQ(i, n);
			if (write(back_fd[1], &n, sizeof(n)) < 0)
				_exit(0);
		}
	}
	for (i = 0; i < 300; i++) {
		CHECK_EQ(read(back_fd[0], &n, sizeof(n)), sizeof(n));
		p = (int *)map(fd, 8192, MAP_SHARED);
		seen = *p;
		CHECK(seen >= n && seen >= last);
		last = seen;
		p[1024] = i;
		CHECK_EQ(munmap((void *)p, 8192), 0);
		if (i % 50 == 49)
			usleep(600000);
	}
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(wait_for(pid), 128 + SIGKILL);
	CHECK_EQ(pread(fd, &n, sizeof(n), 4096), sizeof(n));
	CHECK_EQ(n, 299);
}

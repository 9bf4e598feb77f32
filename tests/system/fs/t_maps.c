// SPDX-License-Identifier: MIT
/* Mappings, and programs run from the file system. */
#include "fstest.h"

#define LEN (256 * 1024)

TEST(mmap_private_read)
{
	char *want = malloc(LEN), *p;
	int fd;

	fill_from(want, LEN, 1);
	put_file("f", want, LEN);
	fd = CHECK_OK(open("f", O_RDONLY));
	p = mmap(NULL, LEN, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	close(fd);
	CHECK(!memcmp(p, want, LEN));
	CHECK_EQ(munmap(p, LEN), 0);
}

TEST(mmap_private_write_stays_private)
{
	char *p, c;
	int fd;

	put_text("f", "original");
	fd = CHECK_OK(open("f", O_RDWR));
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	p[0] = 'X';
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(c, 'o');
	CHECK_EQ(p[0], 'X');
}

TEST(mmap_shared_write)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char *p, *want = malloc(LEN), *got = malloc(LEN);

	CHECK_EQ(ftruncate(fd, LEN), 0);
	p = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	fill_from(want, LEN, 2);
	memcpy(p, want, LEN);
	CHECK_EQ(pread(fd, got, LEN, 0), LEN);
	CHECK(!memcmp(got, want, LEN));
	CHECK_EQ(msync(p, LEN, MS_SYNC), 0);
	CHECK_EQ(pwrite(fd, "through write", 13, 5), 13);
	CHECK(!memcmp(p + 5, "through write", 13));
	CHECK_EQ(munmap(p, LEN), 0);
	close(fd);
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	memcpy(want + 5, "through write", 13);
	CHECK_EQ(pread(fd, got, LEN, 0), LEN);
	CHECK(!memcmp(got, want, LEN));
}

TEST(mmap_shared_between_processes)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	volatile char *p;
	pid_t pid;

	CHECK_EQ(ftruncate(fd, 4096), 0);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK((void *)p != MAP_FAILED);
	pid = CHECK_OK(fork());
	if (!pid) {
		int other = CHECK_OK(open("f", O_RDWR));
		char *q = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);

		q[100] = 42;
		_exit(0);
	}
	CHECK_EQ(wait_for(pid), 0);
	CHECK_EQ(p[100], 42);
}

TEST(mmap_survives_unlink)
{
	char *p;
	int fd;

	put_text("f", "mapped");
	fd = CHECK_OK(open("f", O_RDWR));
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	close(fd);
	CHECK_EQ(unlink("f"), 0);
	CHECK(!memcmp(p, "mapped", 6));
	p[0] = 'M';
	CHECK_EQ(msync(p, 4096, MS_SYNC), 0);
	CHECK_EQ(munmap(p, 4096), 0);
}

/* A disk's file system has no mappings that are durable without fsync(), and does not pretend to. */
TEST(mmap_synchronous_is_refused)
{
	int fd;

	put_text("f", "mapped");
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0) == MAP_FAILED);
	CHECK_EQ(errno, EOPNOTSUPP);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_SYNC, fd, 0) == MAP_FAILED);
	CHECK_EQ(errno, EOPNOTSUPP);
	close(fd);
}

static void copy_self(const char *to)
{
	int in = CHECK_OK(open("/proc/self/exe", O_RDONLY));
	int out = CHECK_OK(open(to, O_CREAT | O_WRONLY, 0755));
	struct stat st;

	CHECK_EQ(fstat(in, &st), 0);
	while (st.st_size > 0)
		st.st_size -= CHECK_OK(sendfile(out, in, NULL, st.st_size));
	CHECK_EQ(close(out), 0);
}

TEST(exec_program)
{
	pid_t pid;
	int fd;

	copy_self("prog");
	pid = CHECK_OK(fork());
	if (!pid) {
		close(1);
		open("/dev/null", O_WRONLY);
		execl("./prog", "prog", "-l", NULL);
		_exit(126);
	}
	CHECK_EQ(wait_for(pid), 0);
	CHECK_EQ(chmod("prog", 0644), 0);
	CHECK_ERR(execl("./prog", "prog", "-l", NULL), EACCES);
	CHECK_EQ(chmod("prog", 0755), 0);
	fd = CHECK_OK(open("prog", O_WRONLY));
	CHECK_ERR(execl("./prog", "prog", "-l", NULL), ETXTBSY);
	close(fd);
}

TEST(exec_script)
{
	pid_t pid;

	put_text("script", "#!/bin/sh\nexit 42\n");
	CHECK_EQ(chmod("script", 0755), 0);
	pid = CHECK_OK(fork());
	if (!pid) {
		execl("./script", "script", NULL);
		_exit(126);
	}
	CHECK_EQ(wait_for(pid), 42);
}

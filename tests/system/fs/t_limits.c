// SPDX-License-Identifier: MIT
/* Limits and moves of data: RLIMIT_FSIZE, vectors with bad parts, pipes, copies, dumps, aio. */
#include "fstest.h"
#include <linux/aio_abi.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

TEST(a_write_up_to_the_limit)
{
	struct rlimit l = { 1000, 1000 };
	struct iovec v[2];
	char buf[800] = "";
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	signal(SIGXFSZ, SIG_IGN);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &l), 0);
	v[0] = v[1] = (struct iovec){ buf, 800 };
	CHECK_EQ(pwritev(fd, v, 2, 0), 1000);
	CHECK_ERR(pwrite(fd, buf, 1, 1000), EFBIG);
	CHECK_ERR(pwrite(fd, buf, 1, 1 << 20), EFBIG);
	CHECK_EQ(pwrite(fd, buf, 800, 900), 100);
	CHECK_ERR(ftruncate(fd, 1001), EFBIG);
	CHECK_ERR(fallocate(fd, 0, 0, 1001), EFBIG);
	CHECK_EQ(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 10000), 0);
	CHECK_EQ(ftruncate(fd, 1000), 0);
	CHECK_EQ(stat_of("f").st_size, 1000);
}

/* What lies before the bad part is written, and the position moves by that. */
TEST(vectors_with_bad_parts)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;
	struct iovec v[3];

	CHECK(p != MAP_FAILED);
	memset(p, 'a', 4096);
	CHECK_EQ(mprotect(p + 4096, 4096, PROT_NONE), 0);
	for (i = 0; i < 3; i++) {
		v[0] = (struct iovec){ p, 100 };
		v[1] = (struct iovec){ p + 4096, 100 };
		v[2] = (struct iovec){ p, 100 };
		CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
		CHECK_EQ(writev(fd, v, 3), 100);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 100);
		v[1].iov_base = p + 4000;
		v[1].iov_len = 200;
		CHECK_EQ(writev(fd, v, 3), 196);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 296);
		CHECK_ERR(write(fd, p + 4096, 10), EFAULT);
		CHECK_EQ(write(fd, p + 4090, 10), 6);
		CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
		CHECK_EQ(readv(fd, v, 3), 196);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 196);
		CHECK_ERR(read(fd, p + 4096, 10), EFAULT);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 196);
		CHECK_EQ(read(fd, p + 4090, 10), 6);
		CHECK_EQ(stat_of("f").st_size, 302);
		usleep(600000);
	}
}

TEST(pipes_and_files)
{
	int in = CHECK_OK(open("in", O_CREAT | O_RDWR, 0644));
	int out = CHECK_OK(open("out", O_CREAT | O_RDWR, 0644)), p[2], q[2];
	loff_t from = 2, to = 1;
	char buf[32];

	CHECK_EQ(write(in, "0123456789", 10), 10);
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(pipe(q), 0);
	CHECK_EQ(splice(in, &from, p[1], NULL, 5, 0), 5);
	CHECK_EQ(from, 7);
	CHECK_EQ(tee(p[0], q[1], 100, 0), 5);
	CHECK_EQ(splice(p[0], NULL, out, &to, 100, 0), 5);
	CHECK_EQ(to, 6);
	CHECK_EQ(pread(out, buf, 32, 0), 6);
	CHECK(!memcmp(buf, "\0" "23456", 6));
	CHECK_EQ(read(q[0], buf, 32), 5);
	CHECK(!memcmp(buf, "23456", 5));
	CHECK_EQ(lseek(in, 0, SEEK_SET), 0);
	CHECK_EQ(splice(in, NULL, p[1], NULL, 4, 0), 4);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 4);
	CHECK_EQ(splice(in, NULL, p[1], NULL, 100, 0), 6);
	CHECK_EQ(splice(in, NULL, p[1], NULL, 100, 0), 0);
	CHECK_EQ(lseek(out, 0, SEEK_END), 6);
	CHECK_EQ(splice(p[0], NULL, out, NULL, 10, 0), 10);
	CHECK_EQ(lseek(out, 0, SEEK_CUR), 16);
	CHECK_EQ(fcntl(out, F_SETFL, O_APPEND), 0);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_ERR(splice(p[0], NULL, out, NULL, 1, 0), EINVAL);
	CHECK_ERR(copy_file_range(in, &from, out, NULL, 1, 0), EBADF);
	CHECK_EQ(fcntl(out, F_SETFL, 0), 0);
	CHECK_ERR(sendfile(out, p[0], NULL, 1), EINVAL);
	from = 2;
	to = 4;
	CHECK_ERR(copy_file_range(in, &from, in, &to, 5, 0), EINVAL);
	CHECK_EQ(copy_file_range(in, &from, in, &to, 2, 0), 2);
	CHECK_EQ(pread(in, buf, 32, 0), 10);
	CHECK(!memcmp(buf, "0123236789", 10));
	CHECK_EQ(copy_file_range(in, &from, out, &to, 1000, 0), 6);
	CHECK_ERR(copy_file_range(in, &from, out, &to, 1, 1), EINVAL);
}

TEST(a_dump_of_memory)
{
	char pattern[64] = "";
	struct rlimit l = { RLIM_INFINITY, RLIM_INFINITY };
	struct stat st;
	pid_t pid;

	get_file("/proc/sys/kernel/core_pattern", pattern, sizeof(pattern) - 1);
	if (strcmp(pattern, "core\n"))
		test_skip("dumps go elsewhere");
	pid = CHECK_OK(fork());
	if (!pid) {
		setrlimit(RLIMIT_CORE, &l);
		prctl(PR_SET_DUMPABLE, 1);
		abort();
	}
	CHECK_EQ(wait_for(pid), 128 + SIGABRT);
	st = exists("core") ? stat_of("core") : stat_of(({ static char n[32];
		snprintf(n, sizeof(n), "core.%d", pid); n; }));
	CHECK(st.st_size > 8192 && st.st_mode == (S_IFREG | 0600));
}

TEST(aio_with_an_eventfd)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), efd = CHECK_OK(eventfd(0, 0));
	struct iocb cb[4], *list[4];
	struct io_event ev[4];
	aio_context_t ctx = 0;
	char out[4096], in[4096];
	uint64_t n;
	int i;

	fill_from(out, sizeof(out), 1);
	if (syscall(SYS_io_setup, 8, &ctx))
		test_skip("no aio here");
	memset(cb, 0, sizeof(cb));
	for (i = 0; i < 4; i++) {
		list[i] = &cb[i];
		cb[i].aio_fildes = fd;
		cb[i].aio_flags = IOCB_FLAG_RESFD;
		cb[i].aio_resfd = efd;
		cb[i].aio_lio_opcode = IOCB_CMD_PWRITE;
		cb[i].aio_buf = (uintptr_t)out;
		cb[i].aio_nbytes = sizeof(out);
		cb[i].aio_offset = i * 4096;
		cb[i].aio_data = i;
	}
	CHECK_EQ(syscall(SYS_io_submit, ctx, 4, list), 4);
	CHECK_EQ(syscall(SYS_io_getevents, ctx, 4, 4, ev, NULL), 4);
	for (i = 0; i < 4; i++)
		CHECK_EQ(ev[i].res, 4096);
	CHECK_EQ(read(efd, &n, 8), 8);
	CHECK_EQ(n, 4);
	cb[0].aio_lio_opcode = IOCB_CMD_PREAD;
	cb[0].aio_buf = (uintptr_t)in;
	cb[0].aio_offset = 8192;
	cb[1].aio_lio_opcode = IOCB_CMD_FSYNC;
	cb[1].aio_buf = cb[1].aio_nbytes = cb[1].aio_offset = 0;
	CHECK_EQ(syscall(SYS_io_submit, ctx, 2, list), 2);
	CHECK_EQ(syscall(SYS_io_getevents, ctx, 2, 2, ev, NULL), 2);
	CHECK(!memcmp(in, out, 4096));
	cb[0].aio_lio_opcode = IOCB_CMD_POLL;
	cb[0].aio_buf = 1;
	CHECK_ERR(syscall(SYS_io_submit, ctx, 1, list), EINVAL);
}

static bool has_moved(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec || a->tv_nsec != b->tv_nsec;
}

/* What a write must not do is found before it is found that its memory cannot be read. */
TEST(limits_come_before_bad_memory)
{
	struct rlimit limit = { 100, 100 };
	char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = CHECK_OK(open("f", O_RDWR | O_CREAT | O_EXCL, 0600));
	struct stat before, after;

	CHECK(none != MAP_FAILED);
	CHECK_EQ(write(fd, "data", 4), 4);
	CHECK_EQ(fstat(fd, &before), 0);
	usleep(20000);
	CHECK_ERR(pwrite(fd, none, 10, 0), EFAULT);
	CHECK_EQ(fstat(fd, &after), 0);
	CHECK(has_moved(&before.st_mtim, &after.st_mtim));
	CHECK_EQ(after.st_size, 4);
	signal(SIGXFSZ, SIG_IGN);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
	CHECK_ERR(pwrite(fd, none, 10, 100), EFBIG);
	CHECK_ERR(pwrite(fd, none, 10, 2), EFAULT);
	CHECK(file_is("f", "data"));
}

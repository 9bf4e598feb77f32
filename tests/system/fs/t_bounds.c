// SPDX-License-Identifier: MIT
/* Bounds of calls: sizes and addresses that no buffer has, far positions, moves of no bytes. */
#include "fstest.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>

TEST(buffers_that_are_none)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;
	struct iovec none = { NULL, 0 }, v[2] = { { NULL, 0 }, { NULL, 10 } };
	struct timespec before;
	/* So that the compiler does not know. */
	void *volatile no = NULL, *volatile bad = (void *)-4096;
	volatile size_t too_many = SIZE_MAX;
	char buf[16];

	CHECK_EQ(write(fd, "0123456789", 10), 10);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(pread(fd, no, 100, 10), 0);
		CHECK_EQ(pread(fd, no, 100, 1 << 20), 0);
		CHECK_EQ(lseek(fd, 10, SEEK_SET), 10);
		CHECK_EQ(read(fd, no, 100), 0);
		CHECK_ERR(pread(fd, no, 100, 0), EFAULT);
		CHECK_ERR(pread(fd, bad, 10, 0), EFAULT);
		CHECK_ERR(pwrite(fd, bad, 10, 0), EFAULT);
		CHECK_ERR(pread(fd, buf, too_many, 0), EFAULT);
		CHECK_ERR(pwrite(fd, buf, too_many, 0), EFAULT);
		CHECK_ERR(read(fd, buf, too_many), EFAULT);
		CHECK_ERR(write(fd, buf, too_many), EFAULT);
		CHECK_EQ(pread(fd, no, 0, 0), 0);
		CHECK_ERR(pwritev(fd, v, 2, 0), EFAULT);
		CHECK_ERR(write(fd, bad, 0), EFAULT);
		before = stat_of("f").st_mtim;
		usleep(20000);
		CHECK_EQ(pwrite(fd, no, 0, 0), 0);
		CHECK_EQ(writev(fd, &none, 1), 0);
		CHECK_EQ(writev(fd, &none, 0), 0);
		CHECK_EQ(readv(fd, &none, 1), 0);
		CHECK_EQ(preadv(fd, v, 2, 10), 0);
		CHECK_EQ(stat_of("f").st_mtim.tv_nsec, before.tv_nsec);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
		CHECK_EQ(stat_of("f").st_size, 10);
		CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 10);
		usleep(600000);
	}
}

TEST(the_farthest_position)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	const off_t end = (1LL << 44) - 4096;
	struct statfs st;
	off_t at;

	CHECK_EQ(fstatfs(fd, &st), 0);
	if (st.f_type != 0xef53)
		test_skip("no ext4 here");
	CHECK_EQ(lseek(fd, end, SEEK_SET), end);
	CHECK_ERR(lseek(fd, end + 1, SEEK_SET), EINVAL);
	CHECK_ERR(lseek(fd, 1, SEEK_CUR), EINVAL);
	CHECK_ERR(write(fd, "x", 1), EFBIG);
	CHECK_EQ(pwrite(fd, "xyz", 3, end - 1), 1);
	CHECK_EQ(stat_of("f").st_size, end);
	CHECK_EQ(ftruncate(fd, 10), 0);
	CHECK_ERR(ftruncate(fd, end + 1), EFBIG);
	CHECK_EQ(ftruncate(fd, end), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_END), end);
	CHECK_ERR(lseek(fd, 1, SEEK_END), EINVAL);
	CHECK_ERR(lseek(fd, 0, SEEK_DATA), ENXIO);
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 0);
	CHECK_ERR(fallocate(fd, 0, end, 1), EFBIG);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, INT64_MAX & ~4095) == MAP_FAILED);
	CHECK_EQ(errno, EOVERFLOW);
	at = INT64_MAX;
	CHECK_EQ(copy_file_range(fd, &at, fd, (off_t[]){ 0 }, 1, 0), 0);
	CHECK_ERR(sendfile(fd, fd, (off_t[]){ -1 }, 1), EINVAL);
}

static int ready(const char *path, int flags)
{
	struct pollfd p = { open(path, flags), 0xffff & ~0x2000, 0 };

	CHECK(p.fd >= 0);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(close(p.fd), 0);
	return p.revents;
}

TEST(files_are_always_ready)
{
	const int all = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

	put_text("f", "");
	CHECK_EQ(ready("f", O_RDONLY), all);
	CHECK_EQ(ready("f", O_WRONLY), all);
	CHECK_EQ(ready(".", O_RDONLY), all);
	CHECK_EQ(ready("f", O_PATH), POLLNVAL);
}

TEST(commands_that_files_do_not_know)
{
	int fd, dir = CHECK_OK(open(".", O_RDONLY)), n;
	struct termios t;

	fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	CHECK_ERR(tcgetattr(fd, &t), ENOTTY);
	CHECK_ERR(tcgetattr(dir, &t), ENOTTY);
	CHECK(!isatty(fd) && errno == ENOTTY);
	CHECK_ERR(ioctl(fd, FIOASYNC, &(int){ 1 }), ENOTTY);
	CHECK_EQ(ioctl(fd, FIONBIO, &(int){ 1 }), 0);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK_EQ(ioctl(fd, FIOCLEX), 0);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(ioctl(dir, FIONREAD, &n), ENOTTY);
	CHECK_ERR(fcntl(fd, F_NOTIFY, DN_CREATE), ENOTDIR);
	CHECK_ERR(fcntl(fd, F_GETPIPE_SZ), EBADF);
	CHECK_ERR(fallocate(dir, 0, 0, 1), EBADF);
	CHECK_EQ(fsync(dir), 0);
	CHECK_EQ(fdatasync(dir), 0);
	CHECK_EQ(posix_fadvise(dir, 0, 0, 0), 0);
	CHECK_ERR(readahead(dir, 0, 1), EINVAL);
	CHECK_EQ(sync_file_range(dir, 0, 0, 0), 0);
	CHECK_ERR(sendfile(fd, dir, NULL, 1), EINVAL);
}

TEST(moves_by_sendfile)
{
	int in = CHECK_OK(open("in", O_CREAT | O_RDWR, 0644));
	int out = CHECK_OK(open("out", O_CREAT | O_RDWR, 0644));
	char *want = malloc(200000), *got = malloc(400000);
	off_t at;

	fill_from(want, 200000, 5);
	CHECK_EQ(write(in, want, 200000), 200000);
	at = 100000;
	CHECK_EQ(sendfile(out, in, &at, 1 << 20), 100000);
	CHECK_EQ(at, 200000);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 200000);
	CHECK_EQ(lseek(out, 0, SEEK_CUR), 100000);
	CHECK_EQ(sendfile(out, in, &at, 1), 0);
	CHECK_EQ(sendfile(out, in, NULL, 1), 0);
	CHECK_EQ(lseek(in, 7, SEEK_SET), 7);
	CHECK_EQ(sendfile(out, in, NULL, 5000), 5000);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 5007);
	CHECK_EQ(pread(out, got, 400000, 0), 105000);
	CHECK(!memcmp(got, want + 100000, 100000) && !memcmp(got + 100000, want + 7, 5000));
	/* A file into itself, behind its end. */
	at = 0;
	CHECK_EQ(lseek(in, 0, SEEK_END), 200000);
	CHECK_EQ(sendfile(in, in, &at, 100000), 100000);
	CHECK_EQ(pread(in, got, 400000, 0), 300000);
	CHECK(!memcmp(got, want, 200000) && !memcmp(got + 200000, want, 100000));
	CHECK_EQ(fcntl(out, F_SETFL, O_APPEND), 0);
	at = 0;
	CHECK_ERR(sendfile(out, in, &at, 1), EINVAL);
	CHECK_ERR(sendfile(CHECK_OK(open("out", O_RDONLY)), in, &at, 1), EBADF);
	CHECK_ERR(sendfile(out, CHECK_OK(open("in", O_WRONLY)), &at, 1), EBADF);
}

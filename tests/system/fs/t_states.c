// SPDX-License-Identifier: MIT
/* What a file carries: flags that change how it is used, leases, hints, numbers of its blocks. */
#include "fstest.h"
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sched.h>
#include <sys/syscall.h>

/* Set these of the flags that the tests use, and leave others. */
static int set_flags(const char *path, int flags)
{
	int fd = CHECK_OK(open(path, O_RDONLY)), all, rc;

	if (ioctl(fd, FS_IOC_GETFLAGS, &all))
		test_skip("no flags here");
	all = (all & ~(FS_NOATIME_FL | FS_SYNC_FL)) | flags;
	rc = ioctl(fd, FS_IOC_SETFLAGS, &all);
	CHECK_EQ(close(fd), 0);
	return rc;
}

static void make_old(const char *path)
{
	struct timespec t[2] = { { 1000, 0 }, { 2000, 0 } };

	CHECK_EQ(utimensat(AT_FDCWD, path, t, 0), 0);
}

static void read_it(const char *path)
{
	char buf[16];
	int fd = CHECK_OK(open(path, O_RDONLY));

	CHECK_OK(read(fd, buf, sizeof(buf)));
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
	CHECK_EQ(close(fd), 0);
}

static int flags_of(const char *path)
{
	int flags = 0, fd = CHECK_OK(open(path, O_RDONLY));

	CHECK_EQ(ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
	CHECK_EQ(close(fd), 0);
	return flags;
}

/* chattr +A */
TEST(a_file_without_access_times)
{
	put_text("f", "text");
	CHECK_EQ(set_flags("f", FS_NOATIME_FL), 0);
	make_old("f");
	read_it("f");
	CHECK_EQ(stat_of("f").st_atime, 1000);
	forget_all();
	read_it("f");
	CHECK_EQ(stat_of("f").st_atime, 1000);
	CHECK_EQ(set_flags("f", 0), 0);
	make_old("f");
	read_it("f");
	CHECK(stat_of("f").st_atime > 1000);
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(set_flags("d", FS_NOATIME_FL), 0);
	put_text("d/f", "text");
	CHECK(flags_of("d/f") & FS_NOATIME_FL);
	make_old("d/f");
	read_it("d/f");
	CHECK_EQ(stat_of("d/f").st_atime, 1000);
}

/* chattr +S, also while the file is open: what was written is clean at once. */
TEST(a_file_that_is_saved_at_once)
{
	static char buf[1 << 20];
	struct cachestat { uint64_t cache, dirty, writeback, evicted, recent; } s = { 0 };
	uint64_t all[2] = { 0, 0 };
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
	CHECK_EQ(set_flags("f", FS_SYNC_FL), 0);
	CHECK_EQ(pwrite(fd, buf, 8192, 0), 8192);
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_EQ(pwrite(fd, buf, 8192, 8192), 8192);
	if (syscall(451 /* cachestat */, fd, all, &s, 0))
		test_skip("the kernel does not tell");
	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(pwrite(fd, buf, 8192, 16384), 8192);
	CHECK_EQ(syscall(451, fd, all, &s, 0), 0);
	CHECK_EQ(s.dirty + s.writeback, 0);
	CHECK(flags_of("f") & FS_SYNC_FL);
	CHECK_EQ(set_flags("f", 0), 0);
	CHECK_EQ(pwrite(fd, buf, 8192, 16384), 8192);
	CHECK(!(flags_of("f") & FS_SYNC_FL));
}

TEST(an_equal_attribute_moves_no_time)
{
	struct timespec before;

	put_text("f", "");
	CHECK_EQ(setxattr("f", "user.x", "value", 5, 0), 0);
	before = stat_of("f").st_ctim;
	usleep(50000);
	CHECK_EQ(setxattr("f", "user.x", "value", 5, 0), 0);
	CHECK_EQ(setxattr("f", "user.x", "value", 5, XATTR_REPLACE), 0);
	CHECK_ERR(setxattr("f", "user.x", "value", 5, XATTR_CREATE), EEXIST);
	CHECK(!memcmp(&before, &(struct timespec[]){ stat_of("f").st_ctim }[0], sizeof(before)));
	CHECK_EQ(setxattr("f", "user.x", "valu", 4, 0), 0);
	CHECK(memcmp(&before, &(struct timespec[]){ stat_of("f").st_ctim }[0], sizeof(before)));
	before = stat_of("f").st_ctim;
	usleep(50000);
	CHECK_EQ(setxattr("f", "user.e", "", 0, 0), 0);
	CHECK(memcmp(&before, &(struct timespec[]){ stat_of("f").st_ctim }[0], sizeof(before)));
	before = stat_of("f").st_ctim;
	usleep(50000);
	CHECK_EQ(setxattr("f", "user.e", "", 0, 0), 0);
	CHECK(!memcmp(&before, &(struct timespec[]){ stat_of("f").st_ctim }[0], sizeof(before)));
}

TEST(direct_io_wants_sectors)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR | O_DIRECT, 0644)), p[2];
	char *buf = aligned_alloc(4096, 8192);
	struct iovec v[2] = { { buf, 4096 }, { buf + 4096, 100 } };
	struct stat st;

	memset(buf, 'a', 8192);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(pwrite(fd, buf, 8192, 0), 8192);
	CHECK_ERR(pwrite(fd, buf, 100, 0), EINVAL);
	CHECK_ERR(pwrite(fd, buf, 4096, 100), EINVAL);
	CHECK_ERR(pwrite(fd, buf + 1, 4096, 0), EINVAL);
	CHECK_ERR(pwritev(fd, v, 2, 0), EINVAL);
	CHECK_ERR(pread(fd, buf, 100, 0), EINVAL);
	CHECK_ERR(pread(fd, buf, 4096, 100), EINVAL);
	CHECK_ERR(pread(fd, buf + 1, 4096, 0), EINVAL);
	CHECK_EQ(pwrite(fd, buf, 0, 100), 0);
	CHECK_EQ(pread(fd, buf, 0, 100), 0);
	CHECK_EQ(pread(fd, buf, 100, 8192), 0);
	CHECK_EQ(pread(fd, buf + 1, 100, 10000), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 8192);
	CHECK_EQ(ftruncate(fd, 5000), 0);
	CHECK_EQ(pread(fd, buf, 4096, 4096), 904);
	CHECK_EQ(pread(fd, buf, 4096, 5000), 0);
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(splice(fd, (loff_t[]){ 0 }, p[1], NULL, 4096, 0), 4096);
	CHECK_EQ(fcntl(fd, F_SETFL, 0), 0);
	CHECK_EQ(pwrite(fd, buf, 100, 5000), 100);
}

TEST(blocks_have_numbers)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), n = 0, size = 0;
	char buf[8192] = "x";

	CHECK_EQ(pwrite(fd, buf, 8192, 0), 8192);
	CHECK_EQ(pwrite(fd, buf, 4096, 16384), 4096);
	CHECK_EQ(ioctl(fd, FIGETBSZ, &size), 0);
	CHECK_EQ(size, 4096);
	CHECK_EQ(ioctl(fd, FIONREAD, &n), 0);
	CHECK_EQ(n, 20480);
}

/* RWF_* of aio, O_DIRECT by aio, and several requests at once. */
TEST(aio_of_many_kinds)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i, j;
	char *buf = aligned_alloc(4096, 65536), *in = aligned_alloc(4096, 65536);
	struct iovec v[2] = { { buf, 4096 }, { buf + 8192, 4096 } };
	struct iocb cb[8], *list[8];
	struct io_event ev[8];
	aio_context_t ctx = 0;

	fill_from(buf, 65536, 3);
	if (syscall(SYS_io_setup, 8, &ctx))
		test_skip("no aio here");
	for (j = 0; j < 4; j++) {
		CHECK_EQ(fcntl(fd, F_SETFL, j % 2 ? O_DIRECT : 0), 0);
		memset(cb, 0, sizeof(cb));
		for (i = 0; i < 8; i++) {
			list[i] = &cb[i];
			cb[i].aio_fildes = fd;
			cb[i].aio_lio_opcode = IOCB_CMD_PWRITE;
			cb[i].aio_buf = (uintptr_t)buf + i * 8192;
			cb[i].aio_nbytes = 8192;
			cb[i].aio_offset = i * 8192;
			cb[i].aio_rw_flags = i % 2 ? RWF_DSYNC : 0;
		}
		CHECK_EQ(syscall(SYS_io_submit, ctx, 8, list), 8);
		CHECK_EQ(syscall(SYS_io_getevents, ctx, 8, 8, ev, NULL), 8);
		for (i = 0; i < 8; i++) {
			CHECK_EQ(ev[i].res, 8192);
			cb[i].aio_lio_opcode = IOCB_CMD_PREAD;
			cb[i].aio_buf = (uintptr_t)in + i * 8192;
			cb[i].aio_rw_flags = 0;
		}
		memset(in, 0, 65536);
		CHECK_EQ(syscall(SYS_io_submit, ctx, 8, list), 8);
		CHECK_EQ(syscall(SYS_io_getevents, ctx, 8, 8, ev, NULL), 8);
		CHECK(!memcmp(buf, in, 65536));
		cb[0].aio_lio_opcode = IOCB_CMD_PWRITEV;
		cb[0].aio_buf = (uintptr_t)v;
		cb[0].aio_nbytes = 2;
		cb[0].aio_offset = 65536;
		CHECK_EQ(syscall(SYS_io_submit, ctx, 1, list), 1);
		CHECK_EQ(syscall(SYS_io_getevents, ctx, 1, 1, ev, NULL), 1);
		CHECK_EQ(ev[0].res, 8192);
		CHECK_EQ(stat_of("f").st_size, 65536 + 8192);
		cb[0].aio_lio_opcode = IOCB_CMD_FDSYNC;
		cb[0].aio_buf = cb[0].aio_nbytes = cb[0].aio_offset = 0;
		CHECK_EQ(syscall(SYS_io_submit, ctx, 1, list), 1);
		CHECK_EQ(syscall(SYS_io_getevents, ctx, 1, 1, ev, NULL), 1);
		CHECK_EQ(ev[0].res, 0);
		cb[0].aio_lio_opcode = IOCB_CMD_PREAD;
		cb[0].aio_buf = (uintptr_t)in;
		cb[0].aio_nbytes = 8192;
		cb[0].aio_offset = 1 << 20;
		CHECK_EQ(syscall(SYS_io_submit, ctx, 1, list), 1);
		CHECK_EQ(syscall(SYS_io_getevents, ctx, 1, 1, ev, NULL), 1);
		CHECK_EQ(ev[0].res, 0);
	}
}

static int child_of_lock(int fd, int cmd, short type, off_t at)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 10 };
	pid_t pid = CHECK_OK(fork());

	if (!pid)
		_exit(fcntl(fd, cmd, &l) ? errno : 0);
	return wait_for(pid);
}

/* Locks of an open file go to children; those of a process do not. */
TEST(locks_of_open_files)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };
	int fd, other;

	put_text("f", "0123456789");
	fd = CHECK_OK(open("f", O_RDWR));
	other = CHECK_OK(open("f", O_RDWR));
	CHECK_EQ(fcntl(fd, F_OFD_SETLK, &l), 0);
	CHECK_EQ(child_of_lock(fd, F_OFD_SETLK, F_RDLCK, 0), 0);
	CHECK_EQ(child_of_lock(other, F_OFD_SETLK, F_WRLCK, 0), EAGAIN);
	CHECK_EQ(child_of_lock(other, F_OFD_SETLK, F_WRLCK, 20), 0);
	CHECK_EQ(fcntl(other, F_OFD_GETLK, &l), 0);
	CHECK_EQ(l.l_pid, -1);
	CHECK_EQ(l.l_type, F_RDLCK);
	CHECK_EQ(close(fd), 0);
	l = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };
	CHECK_EQ(fcntl(other, F_SETLK, &l), 0);
	CHECK_EQ(child_of_lock(other, F_SETLK, F_WRLCK, 5), EAGAIN);
	CHECK_EQ(fcntl(other, F_OFD_SETLK, &l), -1);
	CHECK_ERR(fcntl(CHECK_OK(open("f", O_RDONLY)), F_OFD_SETLK, &l), EBADF);
}

TEST(a_mount_that_is_changed)
{
	int fd;

	if (unshare(CLONE_NEWNS) || mount("", "/", "", MS_REC | MS_PRIVATE, NULL))
		test_skip("no mounts here");
	CHECK_EQ(mkdir("m", 0755), 0);
	copy_program("/proc/self/exe", "m/prog");
	put_text("m/f", "");
	CHECK_EQ(mount("m", "m", "", MS_BIND, NULL), 0);
	fd = CHECK_OK(open("m/f", O_RDWR));
	CHECK_ERR(mount("", "m", "", MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), EBUSY);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(mount("", "m", "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOEXEC, NULL), 0);
	CHECK_ERR(open("m/f", O_RDWR), EROFS);
	CHECK_ERR(access("m/f", W_OK), EROFS);
	CHECK_ERR(access("m/prog", X_OK), EACCES);
	CHECK_ERR(utimensat(AT_FDCWD, "m/f", NULL, 0), EROFS);
	CHECK_ERR(setxattr("m/f", "user.x", "1", 1, 0), EROFS);
	CHECK_ERR(execl("m/prog", "prog", "-l", NULL), EACCES);
	fd = CHECK_OK(open("m/f", O_RDONLY));
	CHECK_ERR(ioctl(fd, FS_IOC_SETFLAGS, (int[]){ 0 }), EROFS);
	CHECK_EQ(flock(fd, LOCK_EX), 0);
	CHECK_ERR(umount2("m", 0), EBUSY);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(mount("", "m", "", MS_REMOUNT | MS_BIND, NULL), 0);
	put_text("m/f", "x");
	CHECK_EQ(umount2("m", 0), 0);
}

TEST(advice_and_memory)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), p[2];
	unsigned char core[16];
	char *map, *moved, c;

	CHECK_EQ(ftruncate(fd, 65536), 0);
	map = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	CHECK(mmap(NULL, 4096, PROT_READ, 3 /* SHARED_VALIDATE */ | 0x80000 /* SYNC */, fd, 0) ==
	      MAP_FAILED);
	CHECK_EQ(errno, EOPNOTSUPP);
	if (!madvise(map, 65536, 23 /* MADV_POPULATE_WRITE */)) {
		CHECK_EQ(mincore(map, 65536, core), 0);
		CHECK(core[0] & 1 && core[15] & 1);
	}
	map[5000] = 'x';
	CHECK_EQ(madvise(map, 65536, MADV_RANDOM), 0);
	CHECK_EQ(madvise(map, 65536, MADV_WILLNEED), 0);
	CHECK_EQ(madvise(map, 65536, 21 /* MADV_PAGEOUT */), 0);
	CHECK_EQ(map[5000], 'x');
	CHECK_EQ(msync(map, 65536, MS_ASYNC | MS_INVALIDATE), 0);
	CHECK_ERR(msync(map, 65536, MS_ASYNC | MS_SYNC), EINVAL);
	moved = mremap(map, 65536, 131072, MREMAP_MAYMOVE);
	CHECK(moved != MAP_FAILED && moved[5000] == 'x');
	CHECK_EQ(mlock(moved, 4096), 0);
	CHECK_ERR(msync(moved, 4096, MS_INVALIDATE), EBUSY);
	CHECK_EQ(munlock(moved, 4096), 0);
	CHECK_EQ(ftruncate(fd, 131072), 0);
	moved[131071] = 'y';
	CHECK_EQ(pread(fd, &c, 1, 131071), 1);
	CHECK_EQ(c, 'y');
	CHECK_EQ(munmap(moved + 4096, 4096), 0);
	CHECK_EQ(moved[8192], 0);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
	CHECK_EQ(posix_fadvise(fd, 0, -1, POSIX_FADV_DONTNEED), EINVAL);
	CHECK_EQ(posix_fadvise(fd, 0, 0, 77), EINVAL);
	CHECK_EQ(readahead(fd, 0, 4096), 0);
	CHECK_EQ(sync_file_range(fd, 0, 0, 7), 0);
	CHECK_ERR(sync_file_range(fd, 0, 0, 8), EINVAL);
	CHECK_ERR(sync_file_range(fd, -1, 1, 7), EINVAL);
	CHECK_EQ(syncfs(fd), 0);
	CHECK_EQ(pipe(p), 0);
	CHECK_ERR(sync_file_range(p[0], 0, 0, 7), ESPIPE);
	CHECK_ERR(readahead(p[0], 0, 1), EINVAL);
	CHECK_EQ(posix_fadvise(p[0], 0, 0, 0), ESPIPE);
	CHECK_EQ(fcntl(fd, F_SET_RW_HINT, (uint64_t[]){ RWH_WRITE_LIFE_SHORT }), 0);
	CHECK_ERR(fcntl(fd, 1034 /* F_GET_SEALS */), EINVAL);
	CHECK_ERR(fcntl(fd, F_SETPIPE_SZ, 4096), EBADF);
}

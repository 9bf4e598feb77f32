// SPDX-License-Identifier: MIT
/* Flags of files, as chattr(1) and lsattr(1) use them. */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include "fstest.h"

static int get_flags(int fd)
{
	int flags;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		test_skip("no flags here");
	return flags;
}

static int set_flags(int fd, int flags)
{
	return ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

/* Of those that one may change. */
static int changed(int fd, int add)
{
	int flags = get_flags(fd) & FS_FL_USER_MODIFIABLE;

	if (set_flags(fd, flags | add))
		test_skip("these flags cannot be set here");
	CHECK_EQ(get_flags(fd) & add, add);
	return flags;
}

TEST(flags_are_kept)
{
	struct fsxattr x;
	int fd, before;

	put_text("f", "");
	fd = CHECK_OK(open("f", O_RDONLY));
	before = changed(fd, FS_NODUMP_FL | FS_NOATIME_FL);
	CHECK_EQ(ioctl(fd, FS_IOC_FSGETXATTR, &x), 0);
	CHECK_EQ(x.fsx_xflags & (FS_XFLAG_NODUMP | FS_XFLAG_NOATIME),
		 FS_XFLAG_NODUMP | FS_XFLAG_NOATIME);
	x.fsx_xflags &= ~FS_XFLAG_NOATIME;
	CHECK_EQ(ioctl(fd, FS_IOC_FSSETXATTR, &x), 0);
	CHECK_EQ(get_flags(fd) & (FS_NODUMP_FL | FS_NOATIME_FL), FS_NODUMP_FL);
	CHECK_EQ(set_flags(fd, before), 0);
	CHECK_ERR(ioctl(fd, _IO('q', 1), &x), ENOTTY);
}

TEST(flags_of_a_directory)
{
	int fd, before;

	CHECK_EQ(mkdir("d", 0755), 0);
	fd = CHECK_OK(open("d", O_RDONLY | O_DIRECTORY));
	before = changed(fd, FS_NODUMP_FL);
	CHECK_EQ(set_flags(fd, before), 0);
	CHECK_EQ(get_flags(fd) & FS_NODUMP_FL, 0);
}

static void check_fixed(void)
{
	CHECK_ERR(unlink("f"), EPERM);
	CHECK_ERR(rename("f", "g"), EPERM);
	CHECK_ERR(link("f", "g"), EPERM);
	CHECK_ERR(chmod("f", 0600), EPERM);
	CHECK_ERR(truncate("f", 1), EPERM);
	CHECK_ERR(open("f", O_WRONLY), EPERM);
	CHECK_ERR(open("f", O_RDWR | O_TRUNC | O_APPEND), EPERM);
	CHECK_ERR(utimensat(AT_FDCWD, "f", (struct timespec[2]){ { 1, 0 }, { 1, 0 } }, 0), EPERM);
	CHECK_ERR(setxattr("f", "user.a", "b", 1, 0), EPERM);
	CHECK(file_is("f", "what is there"));
}

/* Make f, and have it immutable and open to be read. @before: the flags that it had. */
static int open_immutable(int *before)
{
	int fd;

	put_text("f", "what is there");
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(fsync(fd), 0);
	*before = changed(fd, FS_IMMUTABLE_FL);
	return fd;
}

TEST(immutable_file)
{
	int before, fd = open_immutable(&before);

	check_fixed();
	CHECK_ERR(open("f", O_WRONLY | O_APPEND), EPERM);
	CHECK_ERR(utimensat(AT_FDCWD, "f", NULL, 0), EPERM);
	CHECK_EQ(set_flags(fd, before), 0);
	CHECK_EQ(chmod("f", 0600), 0);
	CHECK_EQ(unlink("f"), 0);
}

/* Reading it moves a time, and no error comes of that. */
TEST(immutable_file_that_is_read)
{
	int before, fd = open_immutable(&before);

	usleep(20000);
	CHECK(file_is("f", "what is there"));
	sync();
	CHECK_EQ(fsync(fd), 0);
	CHECK(file_is("f", "what is there"));
	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_DATA), 0);
	CHECK_EQ(set_flags(fd, before), 0);
	CHECK_EQ(syncfs(fd), 0);
}

static int store_into(char *p)
{
	*p = 'W';
	return 0;
}

/* Whoever had it open before, or mapped, cannot write it either. xfs lets them. */
TEST(immutable_file_that_was_open)
{
	int fd, before, status;
	struct statfs st;
	pid_t pid;
	char *p;

	CHECK_EQ(statfs(".", &st), 0);
	if (st.f_type != 0xef53)
		test_skip("not an ext4");
	put_text("f", "what is there");
	fd = CHECK_OK(open("f", O_RDWR));
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	before = changed(fd, FS_IMMUTABLE_FL);
	CHECK_ERR(pwrite(fd, "W", 1, 0), EPERM);
	CHECK_ERR(ftruncate(fd, 1), EPERM);
	CHECK_ERR(fallocate(fd, 0, 0, 8192), EPERM);
	pid = CHECK_OK(fork());
	if (!pid)
		_exit(store_into(p));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	CHECK(file_is("f", "what is there"));
	CHECK_EQ(set_flags(fd, before), 0);
	CHECK_EQ(pwrite(fd, "W", 1, 0), 1);
	CHECK(file_is("f", "What is there"));
}

TEST(append_only_file)
{
	int fd, before;

	put_text("f", "what is there");
	fd = CHECK_OK(open("f", O_RDWR | O_APPEND));
	CHECK_EQ(fsync(fd), 0);
	before = changed(fd, FS_APPEND_FL);
	check_fixed();
	CHECK_EQ(close(CHECK_OK(open("f", O_WRONLY | O_APPEND))), 0);
	CHECK_EQ(utimensat(AT_FDCWD, "f", NULL, 0), 0);
	CHECK_ERR(fcntl(fd, F_SETFL, 0), EPERM);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES);
	CHECK_ERR(ftruncate(fd, 1), EPERM);
	CHECK_EQ(write(fd, " and more", 9), 9);
	CHECK_EQ(fsync(fd), 0);
	CHECK(file_is("f", "what is there and more"));
	CHECK_EQ(set_flags(fd, before), 0);
	CHECK_EQ(ftruncate(fd, 4), 0);
	CHECK(file_is("f", "what"));
}

/* A directory in which nothing is made or removed. */
TEST(immutable_directory)
{
	int fd, before;

	CHECK_EQ(mkdir("d", 0755), 0);
	put_text("d/f", "");
	fd = CHECK_OK(open("d", O_RDONLY | O_DIRECTORY));
	before = changed(fd, FS_IMMUTABLE_FL);
	CHECK_ERR(mkdir("d/e", 0755), EPERM);
	CHECK_ERR(unlink("d/f"), EPERM);
	CHECK_ERR(open("d/g", O_CREAT | O_WRONLY, 0644), EPERM);
	CHECK_EQ(set_flags(fd, before), 0);
	CHECK_EQ(unlink("d/f"), 0);
}

static int set_as_user(void)
{
	int fd = CHECK_OK(open("f", O_RDONLY)), flags = get_flags(fd) & FS_FL_USER_MODIFIABLE;

	CHECK_EQ(setuid(1000), 0);
	CHECK_ERR(set_flags(fd, flags | FS_IMMUTABLE_FL), EPERM);
	CHECK_EQ(set_flags(fd, flags | FS_NODUMP_FL), 0);
	return 0;
}

TEST(flags_are_for_owner_and_root)
{
	pid_t pid;

	if (geteuid())
		test_skip("not root");
	put_text("f", "");
	changed(CHECK_OK(open("f", O_RDONLY)), 0);
	CHECK_EQ(chown("f", 1000, 1000), 0);
	pid = CHECK_OK(fork());
	if (!pid)
		_exit(set_as_user());
	CHECK_EQ(wait_for(pid), 0);
	CHECK_EQ(chown("f", 0, 0), 0);
}

TEST(flags_move_the_change_time)
{
	struct stat before;
	int fd, flags = FS_NODUMP_FL;

	put_text("f", "x");
	fd = CHECK_OK(open("f", O_RDONLY));
	before = stat_of("f");
	usleep(20000);
	CHECK_EQ(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
	CHECK(before.st_ctim.tv_nsec != stat_of("f").st_ctim.tv_nsec);
}

#define ATTRS	(STATX_ATTR_APPEND | STATX_ATTR_IMMUTABLE | STATX_ATTR_NODUMP | STATX_ATTR_COMPRESSED)

static uint64_t attrs_of(const char *path, int how)
{
	struct statx st;

	CHECK_EQ(statx(AT_FDCWD, path, how, STATX_BASIC_STATS, &st), 0);
	CHECK_EQ(st.stx_attributes_mask & ATTRS, ATTRS);
	return st.stx_attributes & ATTRS;
}

static void check_attrs(const char *path, int fd)
{
	int before;

	CHECK_EQ(attrs_of(path, 0), 0);
	before = changed(fd, FS_NODUMP_FL);
	CHECK_EQ(attrs_of(path, 0), STATX_ATTR_NODUMP);
	changed(fd, FS_APPEND_FL);
	CHECK_EQ(attrs_of(path, 0), STATX_ATTR_NODUMP | STATX_ATTR_APPEND);
	CHECK_EQ(attrs_of(path, AT_STATX_DONT_SYNC), STATX_ATTR_NODUMP | STATX_ATTR_APPEND);
	forget_all();
	CHECK_EQ(attrs_of(path, 0), STATX_ATTR_NODUMP | STATX_ATTR_APPEND);
	CHECK_EQ(set_flags(fd, before | FS_IMMUTABLE_FL), 0);
	CHECK_EQ(attrs_of(path, AT_STATX_FORCE_SYNC), STATX_ATTR_IMMUTABLE);
	CHECK_EQ(set_flags(fd, before), 0);
	CHECK_EQ(attrs_of(path, 0), 0);
}

TEST(statx_tells_flags)
{
	struct fsxattr x;
	int fd;

	put_text("f", "");
	fd = CHECK_OK(open("f", O_RDONLY));
	check_attrs("f", fd);
	CHECK_EQ(mkdir("d", 0755), 0);
	check_attrs("d", CHECK_OK(open("d", O_RDONLY | O_DIRECTORY)));
	CHECK_EQ(ioctl(fd, FS_IOC_FSGETXATTR, &x), 0);
	x.fsx_xflags |= FS_XFLAG_NODUMP;
	CHECK_EQ(ioctl(fd, FS_IOC_FSSETXATTR, &x), 0);
	CHECK_EQ(attrs_of("f", 0), STATX_ATTR_NODUMP);
	/* What is made in a directory has its flag. */
	changed(CHECK_OK(open("d", O_RDONLY | O_DIRECTORY)), FS_NODUMP_FL);
	put_text("d/f", "");
	CHECK_EQ(attrs_of("d/f", 0), STATX_ATTR_NODUMP);
	CHECK_EQ(attrs_of("f", AT_SYMLINK_NOFOLLOW), STATX_ATTR_NODUMP);
}

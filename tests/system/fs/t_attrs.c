// SPDX-License-Identifier: MIT
/* What stat tells and what changes it; extended attributes; locks. */
#include "fstest.h"
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>

#define CAPS "security.capability"

static bool near(struct timespec a, time_t b)
{
	return a.tv_sec >= b - 5 && a.tv_sec <= b + 5;
}

TEST(stat_fields)
{
	struct stat st, fst;
	int fd;

	put_text("f", "12345");
	st = stat_of("f");
	CHECK_EQ(st.st_mode, S_IFREG | 0644);
	CHECK_EQ(st.st_size, 5);
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(st.st_uid, geteuid());
	CHECK(st.st_blksize >= 512);
	CHECK(near(st.st_mtim, time(NULL)));
	CHECK(near(st.st_ctim, time(NULL)));
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(fstat(fd, &fst), 0);
	CHECK_EQ(fst.st_ino, st.st_ino);
	CHECK_EQ(fst.st_dev, st.st_dev);
	CHECK_EQ(stat_of(".").st_dev, st.st_dev);
}

TEST(statx_birth_time)
{
	struct statx sx;

	put_text("f", "");
	CHECK_EQ(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS | STATX_BTIME, &sx), 0);
	CHECK_EQ(sx.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
	if (!(sx.stx_mask & STATX_BTIME))
		test_skip("no birth time here");
	CHECK(sx.stx_btime.tv_sec > time(NULL) - 100);
}

/* What statx() is not asked for it may leave out. What it says that it knows is right. */
TEST(statx_knows_what_it_says)
{
	unsigned int mask, links;
	struct statx sx;

	CHECK_EQ(mkdir("d", 0755), 0);
	/* btrfs does not count what is in a folder */
	links = stat_of("d").st_nlink;
	links += links == 2;
	CHECK_EQ(mkdir("d/a", 0755), 0);
	for (mask = 0; mask <= STATX_NLINK; mask++) {
		CHECK_EQ(statx(AT_FDCWD, "d", 0, mask, &sx), 0);
		CHECK_EQ(sx.stx_mask & mask, mask);
		CHECK(!(sx.stx_mask & STATX_NLINK) || sx.stx_nlink == links);
	}
}

/* ftruncate() to the size that a file has frees what was laid behind its end. */
TEST(truncation_frees_what_was_laid)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0600));
	struct stat st;

	CHECK_EQ(write(fd, "1", 1), 1);
	CHECK_EQ(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 400 << 10), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(st.st_blocks >= 800);
	CHECK_EQ(ftruncate(fd, 1), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(st.st_blocks < 100);
}

TEST(write_changes_mtime)
{
	struct timespec old[2] = { { 1000, 0 }, { 2000, 0 } };
	int fd;

	put_text("f", "x");
	CHECK_EQ(utimensat(AT_FDCWD, "f", old, 0), 0);
	CHECK_EQ(stat_of("f").st_mtim.tv_sec, 2000);
	fd = CHECK_OK(open("f", O_WRONLY));
	CHECK_EQ(write(fd, "y", 1), 1);
	CHECK(near(stat_of("f").st_mtim, time(NULL)));
	close(fd);
	CHECK(near(stat_of("f").st_mtim, time(NULL)));
	CHECK_EQ(utimensat(AT_FDCWD, ".", old, 0), 0);
	put_text("g", "");
	CHECK(near(stat_of(".").st_mtim, time(NULL)));
}

TEST(utimensat_variants)
{
	struct timespec t[2] = { { 1234567890, 123456789 }, { 1000000000, 987654321 } };
	struct timespec omit[2] = { { 0, UTIME_OMIT }, { 0, UTIME_NOW } };
	struct stat st;

	put_text("f", "x");
	CHECK_EQ(utimensat(AT_FDCWD, "f", t, 0), 0);
	st = stat_of("f");
	CHECK_EQ(st.st_atim.tv_sec, t[0].tv_sec);
	CHECK_EQ(st.st_atim.tv_nsec, t[0].tv_nsec);
	CHECK_EQ(st.st_mtim.tv_sec, t[1].tv_sec);
	CHECK_EQ(st.st_mtim.tv_nsec, t[1].tv_nsec);
	CHECK_EQ(utimensat(AT_FDCWD, "f", omit, 0), 0);
	st = stat_of("f");
	CHECK_EQ(st.st_atim.tv_sec, t[0].tv_sec);
	CHECK(near(st.st_mtim, time(NULL)));
	CHECK_EQ(utimensat(AT_FDCWD, "f", NULL, 0), 0);
	CHECK(near(stat_of("f").st_atim, time(NULL)));
	CHECK_EQ(symlink("f", "l"), 0);
	CHECK_EQ(utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW), 0);
	CHECK_EQ(stat_of("l").st_mtim.tv_sec, t[1].tv_sec);
}

TEST(chmod_modes)
{
	int fd;

	put_text("f", "");
	CHECK_EQ(chmod("f", 0000), 0);
	CHECK_EQ(stat_of("f").st_mode, S_IFREG);
	CHECK_EQ(chmod("f", 07777), 0);
	CHECK_EQ(stat_of("f").st_mode, S_IFREG | 07777);
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(chmod("d", 01777), 0);
	CHECK_EQ(stat_of("d").st_mode, S_IFDIR | 01777);
	CHECK_ERR(chmod("none", 0644), ENOENT);
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_EQ(fchmod(fd, 0600), 0);
	CHECK_EQ(stat_of("f").st_mode, S_IFREG | 0600);
}

TEST(chown_ids)
{
	if (geteuid())
		test_skip("not root");
	put_text("f", "");
	CHECK_EQ(chown("f", 1234, 5678), 0);
	CHECK_EQ(stat_of("f").st_uid, 1234);
	CHECK_EQ(stat_of("f").st_gid, 5678);
	CHECK_EQ(chown("f", -1, 99), 0);
	CHECK_EQ(stat_of("f").st_uid, 1234);
	CHECK_EQ(stat_of("f").st_gid, 99);
	CHECK_EQ(symlink("f", "l"), 0);
	CHECK_EQ(lchown("l", 7, 7), 0);
	CHECK_EQ(stat_of("l").st_uid, 7);
	CHECK_EQ(stat_of("f").st_uid, 1234);
	CHECK_EQ(chmod("f", 06755), 0);
	CHECK_EQ(chown("f", 1, 1), 0);
	CHECK_EQ(stat_of("f").st_mode, S_IFREG | 0755);
}

static int write_as_user(void)
{
	int fd = CHECK_OK(open("f", O_WRONLY));

	CHECK_EQ(setgid(1000), 0);
	CHECK_EQ(setuid(1000), 0);
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(close(fd), 0);
	return 0;
}

TEST(write_drops_setuid)
{
	pid_t pid;

	if (geteuid())
		test_skip("not root");
	put_text("f", "");
	CHECK_EQ(chmod("f", 06777), 0);
	pid = CHECK_OK(fork());
	if (!pid)
		_exit(write_as_user());
	CHECK_EQ(wait_for(pid), 0);
	CHECK_EQ(stat_of("f").st_mode, S_IFREG | 0777);
}

static void become_user(void)
{
	CHECK_EQ(setgroups(0, NULL), 0);
	CHECK_EQ(setgid(1000), 0);
	CHECK_EQ(setuid(1000), 0);
}

static int allocate_as_user(void)
{
	int fd = CHECK_OK(open("f", O_WRONLY));

	become_user();
	CHECK_EQ(posix_fallocate(fd, 0, 50000), 0);
	return 0;
}

TEST(fallocate_drops_setuid)
{
	pid_t pid;

	if (geteuid())
		test_skip("not root");
	put_text("f", "");
	CHECK_EQ(chmod("f", 06777), 0);
	CHECK_EQ(posix_fallocate(CHECK_OK(open("f", O_WRONLY)), 0, 100), 0);
	CHECK_EQ(stat_of("f").st_mode, S_IFREG | 06777);
	pid = CHECK_OK(fork());
	if (!pid)
		_exit(allocate_as_user());
	CHECK_EQ(wait_for(pid), 0);
	CHECK_EQ(stat_of("f").st_mode, S_IFREG | 0777);
}

static int list_as_user(void)
{
	char buf[256];
	ssize_t n;

	become_user();
	n = CHECK_OK(listxattr("f", buf, sizeof(buf)));
	CHECK_EQ(n, sizeof("user.plain"));
	CHECK(!memcmp(buf, "user.plain", n));
	CHECK_EQ(listxattr("f", NULL, 0), n);
	CHECK_ERR(getxattr("f", "trusted.secret", buf, sizeof(buf)), ENODATA);
	return 0;
}

TEST(trusted_xattr_is_for_root)
{
	char buf[256];
	pid_t pid;

	if (geteuid())
		test_skip("not root");
	put_text("f", "");
	if (setxattr("f", "user.plain", "1", 1, 0))
		test_skip("no user attributes here");
	CHECK_EQ(setxattr("f", "trusted.secret", "2", 1, 0), 0);
	CHECK_EQ(listxattr("f", buf, sizeof(buf)), sizeof("user.plain") + sizeof("trusted.secret"));
	pid = CHECK_OK(fork());
	if (!pid)
		_exit(list_as_user());
	CHECK_EQ(wait_for(pid), 0);
}

TEST(setgid_directory)
{
	if (geteuid())
		test_skip("not root");
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(chown("d", 0, 4321), 0);
	CHECK_EQ(chmod("d", 02775), 0);
	put_text("d/f", "");
	CHECK_EQ(stat_of("d/f").st_gid, 4321);
	CHECK_EQ(mkdir("d/e", 0755), 0);
	CHECK_EQ(stat_of("d/e").st_gid, 4321);
	CHECK_EQ(stat_of("d/e").st_mode, S_IFDIR | S_ISGID | 0755);
}

TEST(statfs_numbers)
{
	struct statfs st;
	struct statvfs sv;

	CHECK_EQ(statfs(".", &st), 0);
	CHECK(st.f_bsize >= 512 && st.f_blocks > 0 && st.f_bfree <= st.f_blocks);
	CHECK(st.f_bavail > 0);
	CHECK_EQ(st.f_namelen, 255);
	CHECK_EQ(statvfs(".", &sv), 0);
	CHECK(sv.f_files > 0 || sv.f_files == 0);
}

TEST(user_xattr)
{
	char buf[256], big[2000];
	ssize_t n;

	put_text("f", "");
	if (setxattr("f", "user.one", "1", 1, 0)) {
		CHECK_EQ(errno, EOPNOTSUPP);
		test_skip("no user attributes here");
	}
	CHECK_EQ(getxattr("f", "user.one", NULL, 0), 1);
	CHECK_EQ(getxattr("f", "user.one", buf, sizeof(buf)), 1);
	CHECK_ERR(setxattr("f", "user.one", "2", 1, XATTR_CREATE), EEXIST);
	CHECK_ERR(setxattr("f", "user.two", "2", 1, XATTR_REPLACE), ENODATA);
	CHECK_EQ(setxattr("f", "user.one", "longer", 6, XATTR_REPLACE), 0);
	CHECK_ERR(getxattr("f", "user.one", buf, 3), ERANGE);
	CHECK_EQ(setxattr("f", "user.two", "", 0, 0), 0);
	n = CHECK_OK(listxattr("f", buf, sizeof(buf)));
	CHECK(memmem(buf, n, "user.one", 9) && memmem(buf, n, "user.two", 9));
	CHECK(listxattr("f", NULL, 0) >= 18);
	CHECK_ERR(listxattr("f", buf, 4), ERANGE);
	CHECK_EQ(removexattr("f", "user.one"), 0);
	CHECK_ERR(removexattr("f", "user.one"), ENODATA);
	CHECK_ERR(getxattr("f", "user.one", buf, sizeof(buf)), ENODATA);
	memset(big, 'b', sizeof(big));
	CHECK_EQ(setxattr("f", "user.big", big, sizeof(big), 0), 0);
	memset(big, 0, sizeof(big));
	CHECK_EQ(getxattr("f", "user.big", big, sizeof(big)), sizeof(big));
	CHECK(big[0] == 'b' && big[1999] == 'b');
	CHECK_ERR(getxattr("none", "user.one", buf, 1), ENOENT);
}

/* Can "./cat", which has the file's capabilities and no others, read what is not ours? */
static bool cat_can_read(void)
{
	pid_t pid = CHECK_OK(fork());

	if (!pid) {
		unsetenv("LD_PRELOAD");
		if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT) || !freopen("/dev/null", "w", stdout) ||
		    !freopen("/dev/null", "w", stderr))
			_exit(99);
		execl("./cat", "cat", "secret", NULL);
		_exit(98);
	}
	switch (wait_for(pid)) {
	case 0:
		return true;
	case 1:
		return false;
	}
	test_fail(__FILE__, __LINE__, "cat ran", 0);
}

/* The answer that there are none is remembered; it must not be when there are. */
TEST(file_capabilities)
{
	struct vfs_cap_data caps = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data[0].permitted = 1u << CAP_DAC_OVERRIDE,
	}, got;
	int i;

	copy_program("/bin/cat", "cat");
	put_text("secret", "s");
	if (chown("secret", 65534, 65534) || chmod("secret", 0600))
		test_skip("not root");
	for (i = 0; i < 3; i++) {
		CHECK(!cat_can_read());
		CHECK_ERR(getxattr("cat", CAPS, &got, sizeof(got)), ENODATA);
		CHECK_EQ(setxattr("cat", CAPS, &caps, XATTR_CAPS_SZ_2, 0), 0);
		CHECK_EQ(getxattr("cat", CAPS, &got, sizeof(got)), XATTR_CAPS_SZ_2);
		CHECK(cat_can_read());
		if (i == 1)	/* as any write would, this takes them away */
			CHECK_EQ(truncate("cat", stat_of("cat").st_size), 0);
		else
			CHECK_EQ(removexattr("cat", CAPS), 0);
	}
}

/* u::rw- u:1000:r-- g::--- m::r-- o::---, as an extended attribute */
static const uint8_t acl[] = {
	2, 0, 0, 0,
	0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,
	0x02, 0, 4, 0, 0xe8, 0x03, 0, 0,
	0x04, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
	0x10, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
	0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
};

static int read_as(uid_t uid)
{
	pid_t pid = CHECK_OK(fork());

	if (!pid) {
		if (setgid(uid) || setuid(uid))
			_exit(2);
		_exit(open("f", O_RDONLY) < 0);
	}
	return wait_for(pid);
}

TEST(posix_acl)
{
	char buf[64];

	if (geteuid())
		test_skip("not root");
	put_text("f", "");
	if (setxattr("f", "system.posix_acl_access", acl, sizeof(acl), 0)) {
		CHECK_EQ(errno, EOPNOTSUPP);
		test_skip("no access control lists here");
	}
	CHECK_EQ(getxattr("f", "system.posix_acl_access", buf, sizeof(buf)), sizeof(acl));
	CHECK(!memcmp(buf, acl, sizeof(acl)));
	CHECK_EQ(stat_of("f").st_mode, S_IFREG | 0640);
	CHECK_EQ(read_as(1000), 0);
	CHECK_EQ(read_as(1001), 1);
	CHECK_EQ(removexattr("f", "system.posix_acl_access"), 0);
	CHECK_EQ(read_as(1000), 1);
	/* A directory's default list takes the mask's place. */
	CHECK_EQ(mkdir("d", 0777), 0);
	CHECK_EQ(setxattr("d", "system.posix_acl_default", acl, sizeof(acl), 0), 0);
	umask(0777);
	close(CHECK_OK(open("d/f", O_CREAT | O_RDWR, 0666)));
	CHECK_EQ(stat_of("d/f").st_mode, S_IFREG | 0640);
}

static struct flock lock_of(short type, off_t start, off_t len)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET };

	l.l_start = start;
	l.l_len = len;
	return l;
}

static int try_lock(short type, off_t start, off_t len)
{
	struct flock l = lock_of(type, start, len);
	pid_t pid = CHECK_OK(fork());
	int fd;

	if (!pid) {
		fd = open("f", O_RDWR);
		_exit(fcntl(fd, F_SETLK, &l) ? errno : 0);
	}
	return wait_for(pid);
}

TEST(fcntl_locks)
{
	struct flock l = lock_of(F_WRLCK, 10, 10);
	int fd;

	put_text("f", "");
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_EQ(fcntl(fd, F_SETLK, &l), 0);
	CHECK_EQ(try_lock(F_WRLCK, 15, 1), EAGAIN);
	CHECK_EQ(try_lock(F_RDLCK, 19, 5), EAGAIN);
	CHECK_EQ(try_lock(F_WRLCK, 20, 5), 0);
	l = lock_of(F_UNLCK, 0, 0);
	CHECK_EQ(fcntl(fd, F_SETLK, &l), 0);
	CHECK_EQ(try_lock(F_WRLCK, 0, 0), 0);
	l = lock_of(F_RDLCK, 0, 0);
	CHECK_EQ(fcntl(fd, F_OFD_SETLK, &l), 0);
	CHECK_EQ(try_lock(F_RDLCK, 0, 0), 0);
	CHECK_EQ(try_lock(F_WRLCK, 0, 0), EAGAIN);
}

TEST(flock_locks)
{
	int a, b;

	put_text("f", "");
	a = CHECK_OK(open("f", O_RDWR));
	b = CHECK_OK(open("f", O_RDWR));
	CHECK_EQ(flock(a, LOCK_EX), 0);
	CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK_EQ(flock(a, LOCK_SH), 0);
	CHECK_EQ(flock(b, LOCK_SH | LOCK_NB), 0);
	CHECK_EQ(flock(a, LOCK_UN), 0);
	CHECK_EQ(flock(b, LOCK_EX | LOCK_NB), 0);
	close(b);
	CHECK_EQ(flock(a, LOCK_EX | LOCK_NB), 0);
}


// SPDX-License-Identifier: MIT
/* What a user without privileges may do: new files without rights, times, devices, groups. */
#include "fstest.h"
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>

/* Run @work as a user in a folder that belongs to it. */
static void as_user(void (*work)(void))
{
	pid_t pid;

	if (geteuid())
		test_skip("root becomes another user");
	CHECK_EQ(mkdir("u", 0755), 0);
	CHECK_EQ(chown("u", 1000, 1000), 0);
	pid = CHECK_OK(fork());
	if (!pid) {
		gid_t more = 2000;

		CHECK_EQ(chdir("u"), 0);
		CHECK_EQ(setgroups(1, &more), 0);
		CHECK_EQ(setgid(1000), 0);
		CHECK_EQ(setuid(1000), 0);
		work();
		_exit(0);
	}
	CHECK_EQ(wait_for(pid), 0);
}

/* Who makes a file may write it, whatever its mode; git's objects and locks count on it. */
static void make_without_rights(void)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_EXCL | O_RDWR, 0)), rc;

	CHECK_EQ(write(fd, "text", 4), 4);
	CHECK_EQ(ftruncate(fd, 2), 0);
	rc = fcntl(fd, 1028 /* F_CREATED_QUERY */);
	CHECK(rc == 1 || errno == EINVAL);
	CHECK_EQ(close(fd), 0);
	CHECK_ERR(open("f", O_RDONLY), EACCES);
	CHECK_ERR(open("f", O_CREAT | O_RDWR, 0644), EACCES);
	CHECK_ERR(truncate("f", 0), EACCES);
	CHECK_EQ(chmod("f", 0444), 0);
	fd = CHECK_OK(open("f", O_CREAT | O_RDONLY, 0644));
	if (rc == 1)
		CHECK_EQ(fcntl(fd, 1028), 0);
	CHECK_ERR(open("f", O_RDONLY | O_TRUNC), EACCES);
	CHECK_EQ(stat_of("f").st_size, 2);
	fd = CHECK_OK(open("g", O_CREAT | O_TRUNC | O_WRONLY, 0400));
	CHECK_EQ(write(fd, "x", 1), 1);
	fd = CHECK_OK(open(".", O_TMPFILE | O_RDWR, 0));
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(mkdir("d", 0), 0);
	CHECK_ERR(open("d/f", O_CREAT | O_RDWR, 0644), EACCES);
	CHECK_ERR(open("d", O_RDONLY), EACCES);
	CHECK_EQ(rmdir("d"), 0);
}

TEST(made_without_rights)
{
	as_user(make_without_rights);
}

static void set_times(void)
{
	struct timespec t[2] = { { 1000, 1 }, { 2000, 999999999 } };
	struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	struct timespec one[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };
	struct timespec none[2] = { { 0, UTIME_OMIT }, { 5, UTIME_OMIT } };
	struct timespec bad[2] = { { 0, 1000000000 }, { 0, 0 } };
	struct timespec before;

	CHECK_EQ(utimensat(AT_FDCWD, "../all", now, 0), 0);
	CHECK_EQ(utimensat(AT_FDCWD, "../all", NULL, 0), 0);
	CHECK_ERR(utimensat(AT_FDCWD, "../all", one, 0), EPERM);
	CHECK_ERR(utimensat(AT_FDCWD, "../all", t, 0), EPERM);
	CHECK_EQ(utimensat(AT_FDCWD, "../all", none, 0), 0);
	CHECK_EQ(utimensat(AT_FDCWD, "../root", none, 0), 0);
	CHECK_ERR(utimensat(AT_FDCWD, "../root", now, 0), EACCES);
	CHECK_ERR(utimensat(AT_FDCWD, "../root", t, 0), EPERM);
	put_text("f", "");
	CHECK_EQ(chmod("f", 0), 0);
	CHECK_EQ(utimensat(AT_FDCWD, "f", t, 0), 0);
	CHECK_EQ(stat_of("f").st_mtim.tv_nsec, 999999999);
	before = stat_of("f").st_ctim;
	usleep(20000);
	CHECK_EQ(utimensat(AT_FDCWD, "f", none, 0), 0);
	CHECK_EQ(stat_of("f").st_ctim.tv_nsec, before.tv_nsec);
	CHECK_ERR(utimensat(AT_FDCWD, "f", bad, 0), EINVAL);
	CHECK_EQ(utimensat(AT_FDCWD, "f", one, 0), 0);
	CHECK_EQ(stat_of("f").st_mtim.tv_sec, 2000);
	CHECK(stat_of("f").st_atim.tv_sec > 2000);
	CHECK_ERR(open("../all", O_RDONLY | O_NOATIME), EPERM);
	CHECK_ERR(fcntl(CHECK_OK(open("../all", O_RDONLY)), F_SETFL, O_NOATIME), EPERM);
}

TEST(times_and_rights)
{
	put_text("all", "");
	put_text("root", "");
	CHECK_EQ(chmod("all", 0666), 0);
	as_user(set_times);
}

static void make_devices(void)
{
	CHECK_ERR(mknod("c", S_IFCHR | 0644, makedev(1, 3)), EPERM);
	CHECK_ERR(mknod("b", S_IFBLK | 0644, makedev(7, 0)), EPERM);
	CHECK_ERR(mknod("d", S_IFDIR | 0755, 0), EPERM);
	CHECK_ERR(mknod("l", S_IFLNK | 0755, 0), EINVAL);
	CHECK_EQ(mknod("w", S_IFCHR | 0644, 0), 0);
	CHECK(S_ISCHR(stat_of("w").st_mode) && !stat_of("w").st_rdev);
	CHECK_EQ(mknod("s", S_IFSOCK | 0600, 0), 0);
	CHECK(S_ISSOCK(stat_of("s").st_mode));
	CHECK_EQ(mknod("r", 0600, 0), 0);
	CHECK(S_ISREG(stat_of("r").st_mode));
	CHECK_EQ(rename("w", "w2"), 0);
	CHECK_EQ(unlink("w2"), 0);
}

TEST(devices_and_rights)
{
	char c;
	int fd;

	as_user(make_devices);
	CHECK_EQ(mknod("null", S_IFCHR | 0666, makedev(1, 3)), 0);
	CHECK_EQ(mknod("many", S_IFBLK | 0600, makedev(4095, 1048575)), 0);
	forget_all();
	CHECK_EQ(stat_of("null").st_rdev, makedev(1, 3));
	CHECK_EQ(stat_of("many").st_rdev, makedev(4095, 1048575));
	fd = CHECK_OK(open("null", O_RDWR));
	CHECK_EQ(read(fd, &c, 1), 0);
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_ERR(open("many", O_RDONLY), ENXIO);
}

/* As cap_set_file() writes none. */
static const char no_caps[20] = { 0, 0, 0, 2 };

static void change_groups(void)
{
	put_text("f", "");
	CHECK_EQ(chown("f", -1, 2000), 0);
	CHECK_ERR(chown("f", -1, 3000), EPERM);
	CHECK_ERR(chown("f", 1001, -1), EPERM);
	CHECK_EQ(chown("f", 1000, -1), 0);
	CHECK_EQ(chown("f", -1, -1), 0);
	CHECK_EQ(chmod("f", 06755), 0);
	CHECK_EQ(stat_of("f").st_mode & 07777, 06755);
	CHECK_EQ(chown("f", -1, 1000), 0);
	CHECK_EQ(stat_of("f").st_mode & 07777, 0755);
	CHECK_ERR(chown("../foreign", -1, 2000), EPERM);
	CHECK_ERR(chmod("../foreign", 0755), EPERM);
	CHECK_EQ(chmod("../other_group", 02755), 0);
	CHECK_EQ(stat_of("../other_group").st_mode & 07777, 0755);
	CHECK_EQ(symlink("f", "l"), 0);
	CHECK_EQ(lchown("l", -1, 2000), 0);
	CHECK_EQ(stat_of("l").st_gid, 2000);
	CHECK_EQ(stat_of("f").st_gid, 1000);
	CHECK_ERR(setxattr("f", "security.capability", "x", 1, 0), EINVAL);
	CHECK_ERR(setxattr("f", "security.capability", no_caps, sizeof(no_caps), 0), EPERM);
	CHECK_ERR(setxattr("f", "security.other", "x", 1, 0), EPERM);
	CHECK_ERR(setxattr("f", "trusted.other", "x", 1, 0), EPERM);
	CHECK_EQ(setxattr("../all", "user.x", "x", 1, 0), 0);
}

TEST(groups_and_rights)
{
	put_text("foreign", "");
	put_text("other_group", "");
	put_text("all", "");
	CHECK_EQ(chmod("all", 0666), 0);
	CHECK_EQ(chown("other_group", 1000, 3000), 0);
	as_user(change_groups);
}

/* File servers change the user of a thread for each call. */
TEST(the_file_systems_user)
{
	int fd;

	if (geteuid())
		test_skip("root becomes another user");
	put_text("root", "");
	CHECK_EQ(chmod("root", 0600), 0);
	CHECK_EQ(mkdir("all", 0777), 0);
	CHECK_EQ(chmod("all", 0777), 0);
	setfsgid(1001);
	setfsuid(1001);
	CHECK_ERR(open("root", O_RDONLY), EACCES);
	fd = CHECK_OK(open("all/f", O_CREAT | O_RDWR, 0600));
	CHECK_EQ(mkdir("all/d", 0700), 0);
	CHECK_EQ(symlink("x", "all/l"), 0);
	CHECK_EQ(access("root", R_OK), 0);
	setfsuid(0);
	setfsgid(0);
	CHECK(stat_of("all/f").st_uid == 1001 && stat_of("all/f").st_gid == 1001);
	CHECK(stat_of("all/d").st_uid == 1001 && stat_of("all/l").st_gid == 1001);
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(fchown(fd, 5, 6), 0);
	setfsuid(1001);
	CHECK_ERR(fchmod(fd, 0644), EPERM);
	setfsuid(0);
}

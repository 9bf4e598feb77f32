// SPDX-License-Identifier: MIT
/* What was written lasts after the last close, and so does what is set then: as on a local disk. */
#include "fstest.h"
#include <linux/capability.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>

#define CAPS "security.capability"

static const char text[] = "written before the last close";

TEST(closed_times)
{
	struct timespec t[2] = { { 1000, 1 }, { 2000, 2 } }, shut = { 0, 300000000 };
	struct stat st;

	put_text("f", text);
	CHECK_EQ(utimensat(AT_FDCWD, "f", t, 0), 0);
	nanosleep(&shut, NULL);
	forget_all();
	st = stat_of("f");
	CHECK_EQ(st.st_mtim.tv_sec, 2000);
	CHECK_EQ(st.st_mtim.tv_nsec, 2);
	CHECK(file_is("f", text));
}

#define FILES	60

/* Times that are set while older ones of the same file are on their way to the disk. */
TEST(closed_times_in_order)
{
	struct timespec t[2] = { { 0, 1 }, { 0, 2 } };
	int i, round, status;
	struct stat st;
	pid_t pid;

	for (i = 0; i < FILES; i++)
		put_text(name_of(i), text);
	forget_all();
	pid = start_saving();
	for (round = 1; round <= 5; round++) {
		for (i = 0; i < FILES; i++) {
			put_text(name_of(i), text);
			t[0].tv_sec = round;
			t[1].tv_sec = 1000 * round + i;
			CHECK_EQ(utimensat(AT_FDCWD, name_of(i), t, 0), 0);
		}
	}
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	forget_all();
	for (i = 0; i < FILES; i++) {
		st = stat_of(name_of(i));
		CHECK_EQ(st.st_atim.tv_sec, 5);
		CHECK_EQ(st.st_mtim.tv_sec, 5000 + i);
		CHECK_EQ(st.st_mtim.tv_nsec, 2);
	}
}

/* Files go while their times are on their way, and others come in their place. */
TEST(closed_and_gone)
{
	pid_t pid = start_saving();
	int i, round, status;

	for (round = 0; round < 5; round++) {
		for (i = 0; i < FILES; i++)
			put_text(name_of(i), text);
		for (i = 0; i < FILES; i++)
			CHECK_EQ(unlink(name_of(i)), 0);
	}
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	put_text("f", text);
	forget_all();
	CHECK(file_is("f", text));
}

/* The last name of an open file goes, then the file, while the two are written back. */
TEST(unlinked_then_closed)
{
	pid_t pid = start_saving();
	int fd[8], i, round, status;

	for (round = 0; round < 60; round++) {
		for (i = 0; i < 8; i++) {
			fd[i] = CHECK_OK(open(name_of(i), O_CREAT | O_RDWR, 0600));
			CHECK_EQ(write(fd[i], text, sizeof(text)), sizeof(text));
		}
		for (i = 0; i < 8; i++) {
			CHECK_EQ(pwrite(fd[i], text, sizeof(text), 4096 * (round % 7)), sizeof(text));
			CHECK_EQ(unlink(name_of(i)), 0);
			CHECK_EQ(close(fd[i]), 0);
		}
	}
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	put_text("f", text);
	forget_all();
	CHECK(file_is("f", text));
}

TEST(closed_mtime_is_of_the_write)
{
	struct timespec one = { 1, 200000000 };
	struct timespec was;

	put_text("f", text);
	was = stat_of("f").st_mtim;
	nanosleep(&one, NULL);
	forget_all();
	CHECK_EQ(stat_of("f").st_mtim.tv_sec, was.tv_sec);
	CHECK_EQ(stat_of("f").st_mtim.tv_nsec, was.tv_nsec);
}

static void check_mode(uid_t owner)
{
	put_text("f", text);
	CHECK_EQ(chown("f", owner, owner), 0);
	CHECK_EQ(chmod("f", 06755), 0);
	forget_all();
	CHECK_EQ(stat_of("f").st_mode & 07777, 06755);
	CHECK_EQ(stat_of("f").st_uid, owner);
	CHECK(file_is("f", text));
	CHECK_EQ(unlink("f"), 0);
}

TEST(closed_set_uid)
{
	if (geteuid())
		test_skip("root gives files away");
	check_mode(0);
	check_mode(1000);
}

TEST(closed_mode)
{
	put_text("f", text);
	CHECK_EQ(chmod("f", 0400), 0);
	put_text("g", text);
	CHECK_EQ(chmod("g", 0), 0);
	forget_all();
	CHECK(file_is("f", text));
	CHECK_EQ(chmod("g", 0600), 0);
	CHECK(file_is("g", text));
}

TEST(closed_capabilities)
{
	struct vfs_cap_data caps = { .magic_etc = VFS_CAP_REVISION_2, .data = { { .permitted = 1 << CAP_CHOWN } } }, got;

	if (geteuid())
		test_skip("root gives capabilities");
	put_text("f", text);
	CHECK_EQ(setxattr("f", CAPS, &caps, XATTR_CAPS_SZ_2, 0), 0);
	forget_all();
	CHECK_EQ(getxattr("f", CAPS, &got, sizeof(got)), XATTR_CAPS_SZ_2);
	CHECK(file_is("f", text));
	/* A file that was made just now has none; one that got some loses them to a write. */
	put_text("f", text);
	CHECK_ERR(getxattr("f", CAPS, &got, sizeof(got)), ENODATA);
}

TEST(closed_immutable)
{
	int fd, flags;

	put_text("f", text);
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
	flags |= FS_IMMUTABLE_FL;
	CHECK_EQ(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
	forget_all();
	CHECK(file_is("f", text));
	flags &= ~FS_IMMUTABLE_FL;
	CHECK_EQ(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
}

TEST(closed_mapping)
{
	int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
	char *p;

	CHECK_EQ(ftruncate(fd, sizeof(text) - 1), 0);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	close(fd);
	memcpy(p, text, sizeof(text) - 1);
	CHECK_EQ(munmap(p, 4096), 0);
	forget_all();
	CHECK(file_is("f", text));
}

TEST(closed_names)
{
	struct stat st;

	put_text("a", text);
	CHECK_EQ(rename("a", "b"), 0);
	CHECK_EQ(link("b", "c"), 0);
	CHECK_EQ(unlink("b"), 0);
	put_text("d", "what is replaced");
	put_text("e", text);
	CHECK_EQ(rename("e", "d"), 0);
	put_text("f", text);
	CHECK_EQ(truncate("f", 7), 0);
	CHECK_EQ(truncate("f", 5000), 0);
	forget_all();
	CHECK(file_is("c", text));
	CHECK(file_is("d", text));
	st = stat_of("f");
	CHECK_EQ(st.st_size, 5000);
	CHECK_EQ(truncate("f", 7), 0);
	CHECK(file_is("f", "written"));
}

TEST(closed_then_opened)
{
	char data[8192], got[8192];
	int fd, i;

	fill_from(data, sizeof(data), 7);
	for (i = 0; i < 20; i++) {
		fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
		CHECK_EQ(pwrite(fd, data + 100 * i, 100, 100 * i), 100);
		close(fd);
		if (i == 10)
			forget_all();
	}
	CHECK_EQ(get_file("f", got, sizeof(got)), 2000);
	CHECK(!memcmp(data, got, 2000));
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(fsync(fd), 0);
	close(fd);
	forget_all();
	CHECK_EQ(get_file("f", got, sizeof(got)), 2000);
	CHECK(!memcmp(data, got, 2000));
}

static void check_times(const char *name, time_t atime, time_t mtime)
{
	struct statx now;

	CHECK_EQ(stat_of(name).st_atim.tv_sec, atime);
	CHECK_EQ(stat_of(name).st_mtim.tv_sec, mtime);
	/* Whoever has the file may know of older ones. */
	CHECK_EQ(statx(AT_FDCWD, name, AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &now), 0);
	CHECK_EQ(now.stx_atime.tv_sec, atime);
	CHECK_EQ(now.stx_mtime.tv_sec, mtime);
}

/* What tar and cp do with each file, the times being past ones. */
TEST(closed_times_are_past)
{
	struct timespec t[2] = { { 1000, 0 }, { 2000, 0 } }, u[2] = { { 500, 0 }, { 0, UTIME_OMIT } };
	int fd = CHECK_OK(open("f", O_WRONLY | O_CREAT | O_EXCL, 0640));
	struct timespec changed;

	CHECK_EQ(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	CHECK_EQ(fchown(fd, geteuid(), getegid()), 0);
	CHECK_EQ(fchmod(fd, 0640), 0);
	CHECK_EQ(futimens(fd, t), 0);
	changed = stat_of("f").st_ctim;
	CHECK(changed.tv_sec > 2000);
	check_times("f", 1000, 2000);
	close(fd);
	check_times("f", 1000, 2000);
	forget_all();
	check_times("f", 1000, 2000);
	CHECK_EQ(stat_of("f").st_ctim.tv_sec, changed.tv_sec);
	CHECK_EQ(stat_of("f").st_mode & 07777, 0640);
	CHECK(file_is("f", text));
	put_text("g", text);
	CHECK_EQ(utimensat(AT_FDCWD, "g", t, 0), 0);
	fd = CHECK_OK(open("g", O_RDONLY));
	CHECK_EQ(fsync(fd), 0);
	check_times("g", 1000, 2000);
	/* Earlier still, after it was saved. */
	CHECK_EQ(futimens(fd, u), 0);
	check_times("g", 500, 2000);
	CHECK_EQ(chmod("g", 0604), 0);
	check_times("g", 500, 2000);
	forget_all();
	check_times("g", 500, 2000);
}

/* What makes an attempt to set times fail does so for a new file, too. */
TEST(closed_times_refused)
{
	int fd = CHECK_OK(open("f", O_RDWR | O_CREAT | O_EXCL, 0666)), flags;
	struct timespec t[2] = { { 1000, 0 }, { 2000, 0 } };

	if (geteuid())
		test_skip("root sets flags");
	CHECK_EQ(ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
	flags |= FS_IMMUTABLE_FL;
	CHECK_EQ(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
	CHECK_ERR(futimens(fd, t), EPERM);
	CHECK_ERR(fchmod(fd, 0666 & ~022), EPERM);
	flags &= ~FS_IMMUTABLE_FL;
	CHECK_EQ(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
	CHECK_EQ(seteuid(1000), 0);
	CHECK_ERR(futimens(fd, t), EPERM);
	CHECK_ERR(fchown(fd, 0, 0), EPERM);
	CHECK_ERR(fchmod(fd, 0644), EPERM);
	CHECK_EQ(seteuid(0), 0);
}

/* Flags that forbid to set times come after those that were set. */
TEST(closed_times_then_immutable)
{
	int fd = CHECK_OK(open("f", O_RDWR | O_CREAT | O_EXCL, 0666)), flags;
	struct timespec t[2] = { { 1000, 0 }, { 2000, 0 } };

	CHECK_EQ(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	CHECK_EQ(futimens(fd, t), 0);
	CHECK_EQ(ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
	flags |= FS_IMMUTABLE_FL;
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags) && errno == EPERM)
		test_skip("root sets flags");
	CHECK_EQ(fsync(fd), 0);
	check_times("f", 1000, 2000);
	forget_all();
	check_times("f", 1000, 2000);
	flags &= ~FS_IMMUTABLE_FL;
	CHECK_EQ(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
	close(fd);
}

/* What a write took away is set again, though the mode is what was asked for at first. */
TEST(closed_set_uid_again)
{
	int fd;

	if (!geteuid())
		CHECK(!chmod(".", 0777) && !seteuid(1000));
	fd = CHECK_OK(open("f", O_RDWR | O_CREAT | O_EXCL, 04755));
	CHECK_EQ(fchmod(fd, 04755), 0);
	CHECK_EQ(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(fchmod(fd, 04755), 0);
	CHECK_EQ(stat_of("f").st_mode & 07777, 04755);
	close(fd);
	CHECK_EQ(seteuid(getuid()), 0);
	forget_all();
	CHECK_EQ(stat_of("f").st_mode & 07777, 04755);
}

/* A chown() that changes nothing still takes set-user-ID bits and capabilities away. */
TEST(closed_chown_takes_privileges)
{
	struct vfs_cap_data caps = { .magic_etc = VFS_CAP_REVISION_2, .data = { { .permitted = 1 << CAP_CHOWN } } };
	int fd = CHECK_OK(open("f", O_RDWR | O_CREAT | O_EXCL, 0755));

	if (geteuid())
		test_skip("root gives capabilities");
	CHECK_EQ(fchmod(fd, 04755), 0);
	CHECK_EQ(fchown(fd, 0, 0), 0);
	CHECK_EQ(stat_of("f").st_mode & 07777, 0755);
	CHECK_EQ(fsetxattr(fd, CAPS, &caps, XATTR_CAPS_SZ_2, 0), 0);
	CHECK_EQ(fchown(fd, 0, 0), 0);
	CHECK_ERR(fgetxattr(fd, CAPS, &caps, sizeof(caps)), ENODATA);
}

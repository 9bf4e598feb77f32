// SPDX-License-Identifier: MIT
/* Folders that are mounted once more with other flags: read-only, without programs or devices. */
#include "fstest.h"
#include <sched.h>
#include <sys/mount.h>

static void make(void)
{
	if (unshare(CLONE_NEWNS))
		test_skip("not root");
	CHECK_EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(mkdir("m", 0755), 0);
	put_text("d/f", "#!/bin/sh\nexit 3\n");
	CHECK_EQ(chmod("d/f", 0755), 0);
	CHECK_EQ(mount("d", "m", NULL, MS_BIND, NULL), 0);
}

static void set_flags(unsigned long flags)
{
	CHECK_EQ(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | flags, NULL), 0);
}

TEST(a_mount_that_is_read_only)
{
	struct timespec t[2] = { { 1000, 0 }, { 2000, 0 } };
	char buf[8];
	int fd;

	make();
	fd = CHECK_OK(open("m/f", O_RDWR));
	CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), EBUSY);
	CHECK_EQ(close(fd), 0);
	set_flags(MS_RDONLY);
	CHECK_ERR(open("m/f", O_WRONLY), EROFS);
	CHECK_ERR(open("m/f", O_RDONLY | O_TRUNC), EROFS);
	CHECK_ERR(open("m/new", O_CREAT | O_RDONLY, 0644), EROFS);
	CHECK_ERR(open("m", O_TMPFILE | O_RDWR, 0644), EROFS);
	CHECK_ERR(mkdir("m/new", 0755), EROFS);
	CHECK_ERR(mkdir("m/f", 0755), EEXIST);
	CHECK_ERR(unlink("m/f"), EROFS);
	CHECK_ERR(unlink("m/none"), EROFS);
	CHECK_ERR(rename("m/f", "m/g"), EROFS);
	CHECK_ERR(rename("m/f", "d/g"), EXDEV);
	CHECK_ERR(link("m/f", "m/g"), EROFS);
	CHECK_ERR(link("m/f", "d/g"), EXDEV);
	CHECK_ERR(symlink("x", "m/l"), EROFS);
	CHECK_ERR(chmod("m/f", 0644), EROFS);
	CHECK_ERR(chown("m/f", 0, 0), EROFS);
	CHECK_ERR(utimensat(AT_FDCWD, "m/f", t, 0), EROFS);
	CHECK_ERR(truncate("m/f", 1), EROFS);
	CHECK_ERR(setxattr("m/f", "user.x", "1", 1, 0), EROFS);
	CHECK_ERR(removexattr("m/f", "user.x"), EROFS);
	CHECK_ERR(access("m/f", W_OK), EROFS);
	fd = CHECK_OK(open("m/f", O_RDONLY));
	CHECK_EQ(read(fd, buf, 2), 2);
	put_text("d/f", "changed");
	CHECK(file_is("m/f", "changed"));
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(umount("m"), 0);
}

static int run(const char *path)
{
	pid_t pid = CHECK_OK(fork());

	if (!pid) {
		execl(path, path, (char *)NULL);
		_exit(errno == EACCES ? 91 : 92);
	}
	return wait_for(pid);
}

TEST(a_mount_without_programs_and_devices)
{
	int fd;

	make();
	CHECK_EQ(mknod("d/null", S_IFCHR | 0666, makedev(1, 3)), 0);
	CHECK_EQ(run("m/f"), 3);
	set_flags(MS_NOEXEC | MS_NODEV);
	CHECK_EQ(run("m/f"), 91);
	CHECK_EQ(run("d/f"), 3);
	CHECK_ERR(access("m/f", X_OK), EACCES);
	CHECK_ERR(open("m/null", O_RDWR), EACCES);
	close(CHECK_OK(open("d/null", O_RDWR)));
	fd = CHECK_OK(open("m/f", O_RDONLY));
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED);
	CHECK_EQ(errno, EPERM);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(umount("m"), 0);
}

TEST(a_mount_without_access_times)
{
	struct timespec t[2] = { { 1000, 0 }, { 2000, 0 } };
	char buf[8];
	int fd;

	make();
	CHECK_EQ(utimensat(AT_FDCWD, "d/f", t, 0), 0);
	set_flags(MS_NOATIME);
	fd = CHECK_OK(open("m/f", O_RDONLY));
	CHECK_EQ(read(fd, buf, 1), 1);
	CHECK_EQ(stat_of("m/f").st_atim.tv_sec, 1000);
	CHECK_EQ(close(fd), 0);
	set_flags(MS_STRICTATIME);
	fd = CHECK_OK(open("m/f", O_RDONLY));
	CHECK_EQ(read(fd, buf, 1), 1);
	CHECK(stat_of("m/f").st_atim.tv_sec > 2000);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(umount("m"), 0);
}

/* Where one is, as the folders above are renamed, removed and left. */
TEST(where_one_is)
{
	char begin[PATH_MAX], buf[PATH_MAX + 64], want[PATH_MAX + 64];
	int root;

	CHECK(getcwd(begin, sizeof(begin)));
	CHECK_EQ(mkdir("a", 0755), 0);
	CHECK_EQ(mkdir("a/b", 0755), 0);
	CHECK_EQ(chdir("a/b"), 0);
	snprintf(want, sizeof(want), "%s/c", begin);
	CHECK_EQ(rename("../../a", "../../c"), 0);
	snprintf(want, sizeof(want), "%s/c/b", begin);
	CHECK(getcwd(buf, sizeof(buf)) && !strcmp(buf, want));
	CHECK_EQ(rmdir("../b"), 0);
	CHECK(!getcwd(buf, sizeof(buf)) && errno == ENOENT);
	CHECK_ERR(open("new", O_CREAT | O_RDWR, 0644), ENOENT);
	CHECK_ERR(mkdir("new", 0755), ENOENT);
	CHECK_EQ(chdir(".."), 0);
	snprintf(want, sizeof(want), "%s/c", begin);
	CHECK(getcwd(buf, sizeof(buf)) && !strcmp(buf, want));
	forget_all();
	CHECK(getcwd(buf, sizeof(buf)) && !strcmp(buf, want));
	root = CHECK_OK(open("/", O_RDONLY));
	if (chroot("."))
		test_skip("not root");
	CHECK(getcwd(buf, sizeof(buf)) && !strcmp(buf, "/"));
	CHECK_EQ(chdir(".."), 0);
	CHECK(getcwd(buf, sizeof(buf)) && !strcmp(buf, "/"));
	CHECK_EQ(fchdir(root), 0);
	CHECK_EQ(chroot("."), 0);
	CHECK_EQ(chdir(begin), 0);
}

static void check_new(const char *dir, mode_t mode, gid_t gid)
{
	char path[64];
	int fd = CHECK_OK(open(dir, O_TMPFILE | O_RDWR, 0666));
	struct stat st;

	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | mode);
	CHECK_EQ(st.st_gid, gid);
	snprintf(path, sizeof(path), "%s/p", dir);
	CHECK_EQ(mkfifo(path, 0666), 0);
	CHECK_EQ(stat_of(path).st_mode, S_IFIFO | mode);
	CHECK_EQ(stat_of(path).st_gid, gid);
}

/* u::rw- g::r-- m::rw- o::--- and a user */
static const uint8_t acl[] = {
	2, 0, 0, 0,
	0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,
	0x02, 0, 4, 0, 0xe8, 0x03, 0, 0,
	0x04, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
	0x10, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,
	0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
};

TEST(modes_of_what_is_new)
{
	if (geteuid())
		test_skip("not root");
	CHECK_EQ(mkdir("a", 0777), 0);
	CHECK_EQ(mkdir("b", 0777), 0);
	CHECK_EQ(mkdir("c", 0777), 0);
	CHECK_EQ(chown("b", 0, 4321), 0);
	CHECK_EQ(chmod("b", 02777), 0);
	CHECK_EQ(setxattr("c", "system.posix_acl_default", acl, sizeof(acl), 0), 0);
	umask(027);
	check_new("a", 0640, getegid());
	check_new("b", 0640, 4321);
	check_new("c", 0660, getegid());
	CHECK_EQ(mkdir("c/d", 0777), 0);
	CHECK_EQ(stat_of("c/d").st_mode, S_IFDIR | 0660);
	CHECK_EQ(symlink("x", "b/l"), 0);
	CHECK_EQ(stat_of("b/l").st_gid, 4321);
}

// SPDX-License-Identifier: MIT
/* Names by calls that came later, and what else there is to ask of them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "file.h"

static int descriptors = -1;	/* /proc/self/fd, which no path leads to */

void more_begin(void)
{
	descriptors = open("/proc/self/fd", O_PATH | O_CLOEXEC);
}

/* What an open descriptor names, opened anew. */
void do_reopen_fd(void)
{
	static const int flags[] = { O_RDONLY, O_RDWR, O_WRONLY, O_WRONLY | O_TRUNC, O_PATH, O_DIRECTORY,
				     O_RDONLY | O_NOFOLLOW, O_CREAT | O_EXCL | O_RDWR };
	unsigned int shown;
	char name[20];
	int flag = PICK(flags), fd;

	snprintf(name, sizeof(name), "%d", some_fd(&shown));
	out_call(" %u %#o", shown, flag);
	fd = openat(descriptors, name, flag | O_NONBLOCK, 0644);
	out_result(fd < 0 ? -1 : 0);
	if (fd >= 0) {
		out_stat(fd, "", AT_EMPTY_PATH);
		put_fd(fd);
	}
}

void do_openat2(void)
{
	static const uint64_t kinds[] = { 0, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_XDEV,
					  RESOLVE_NO_MAGICLINKS, 1 << 20 };
	struct open_how how = { .flags = (chance(60) ? O_RDONLY : O_CREAT | O_RDWR) | O_NONBLOCK };
	const char *path = some_path();
	unsigned int shown;
	int dir = some_dir(&shown), fd;

	how.mode = how.flags & O_CREAT ? 0640 : chance(10) ? 1 : 0;
	how.resolve = PICK(kinds);
	out(" %u", shown);
	out_path(path);
	out_call(" %#llo %#llx", (unsigned long long)how.flags, (unsigned long long)how.resolve);
	fd = syscall(SYS_openat2, dir, path, &how, chance(95) ? sizeof(how) : 8 + below(32));
	out_result(fd < 0 ? -1 : 0);
	if (fd >= 0)
		put_fd(fd);
}

/* Which fields are given if they are asked for. */
void do_statx_mask(void)
{
	static const unsigned int masks[] = { 0, STATX_TYPE, STATX_SIZE, STATX_BASIC_STATS, STATX_BTIME, STATX_ALL,
					      0x80000000u };
	const char *path = some_path();
	unsigned int mask = PICK(masks);
	struct statx s = { };

	out_path(path);
	out_call(" %#x", mask);
	out_result(statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, mask, &s));
	out(" %#x", s.stx_mask & mask & STATX_ALL);
	if (mask & STATX_BTIME)
		out(" %s", s.stx_btime.tv_sec ? "born" : "never");
}

/* Flags that change nothing a program sees, and those that are not to be set. */
void do_flags(void)
{
	static const int kinds[] = { FS_NODUMP_FL, FS_NOATIME_FL, FS_SYNC_FL, FS_DIRSYNC_FL, 0, FS_COMPR_FL, FS_TOPDIR_FL };
	const int ours = FS_NODUMP_FL | FS_NOATIME_FL | FS_SYNC_FL | FS_DIRSYNC_FL | FS_COMPR_FL;
	unsigned int shown;
	int fd = some_fd(&shown), now = 0, flags = PICK(kinds);

	out_call(" %u %#x", shown, flags);
	out_result(ioctl(fd, FS_IOC_GETFLAGS, &now));
	flags |= now & ~ours;
	out_result(ioctl(fd, FS_IOC_SETFLAGS, &flags));
	if (!ioctl(fd, FS_IOC_GETFLAGS, &now))
		out(" %#x", now & ours);
}

/* A value whose size is asked for first, then read with as much room, more, and too little. */
void do_exact(void)
{
	const char *path = some_path();
	char room[4096];
	ssize_t n = getxattr(path, "user.a", NULL, 0), all = listxattr(path, NULL, 0);

	out_path(path);
	out(" =");
	out_result(n);
	if (n > 0) {
		out_result(getxattr(path, "user.a", room, n));
		out_result(getxattr(path, "user.a", room, n - 1));
		out_result(getxattr(path, "user.a", room, n + 1));
	}
	out(" list");
	out_result(all);
	if (all > 0) {
		out_result(listxattr(path, room, all));
		out_result(listxattr(path, room, all - 1));
	}
}

void do_small_list(void)
{
	char room[32];
	unsigned int shown;
	int fd = some_fd(&shown);
	size_t n = below(28);

	out_call(" %u %zu", shown, n);
	out_result(syscall(SYS_getdents64, fd, room, n) > 0 ? 1 : syscall(SYS_getdents64, fd, room, n));
	lseek(fd, 0, SEEK_SET);
}

void do_statfs(void)
{
	const char *path = some_path();
	struct statfs s = { };

	out_path(path);
	out(" =");
	out_result(statfs(path, &s));
	out(" names %ld blocks %ld", (long)s.f_namelen, (long)s.f_bsize);
}

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

void do_chmod2(void)
{
	const char *path = some_path();
	int flags = chance(60) ? AT_SYMLINK_NOFOLLOW : chance(60) ? AT_EMPTY_PATH : 0x8000;
	unsigned int shown;
	int dir = flags == AT_EMPTY_PATH ? some_fd(&shown) : some_dir(&shown);

	path = flags == AT_EMPTY_PATH ? "" : path;
	out(" %u", shown);
	out_path(path);
	out_call(" %#x", flags);
	out_result(syscall(SYS_fchmodat2, dir, path, 0700 | below(0100), flags));
	out_stat(dir, path, flags & ~0x8000);
}

// SPDX-License-Identifier: MIT
/* Calls that change names and attributes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "file.h"

static const mode_t modes[] = { 0644, 0644, 0600, 0755, 0777, 0444, 0, 0666, 04755, 02755, 06777, 01777, 02644 };

static void start(unsigned int shown, const char *path)
{
	out(" %u", shown);
	out_path(path);
}

static const char *given(const char *path)
{
	return faults && chance(20) ? bad_address() : path;
}

void do_create(void)
{
	static const int access[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR, O_WRONLY | O_APPEND, 3 };
	static const int more[] = { O_EXCL, O_TRUNC, O_TRUNC, O_NOFOLLOW, O_DIRECTORY, O_PATH, O_NOATIME, O_SYNC,
				    O_PATH | O_NOFOLLOW, O_DIRECT, O_ASYNC };
	int flags = PICK(access) | O_NONBLOCK | (chance(60) ? O_CREAT : 0) | (chance(50) ? PICK(more) : 0), dir, fd;
	const char *path = some_path();
	mode_t mode = PICK(modes);
	unsigned int shown;

	if (chance(15))
		flags = O_DIRECTORY;
	dir = some_dir(&shown);
	start(shown, path);
	out_call(" %#o %04o", flags, mode);
	fd = openat(dir, given(path), flags, mode);
	out_result(fd < 0 ? -1 : 0);
	if (fd >= 0) {
		out_stat(fd, "", AT_EMPTY_PATH);
		put_fd(fd);
	}
}

void do_mkdir(void)
{
	const char *path = some_path();
	mode_t mode = chance(70) ? 0755 : PICK(modes);
	unsigned int shown;
	int dir = some_dir(&shown), r;

	start(shown, path);
	out_call(" %04o", mode);
	r = mkdirat(dir, given(path), mode);
	out_result(r);
	if (!r)
		out_stat(dir, path, 0);
}

void do_mknod(void)
{
	static const mode_t types[] = { S_IFIFO, S_IFSOCK, S_IFREG, S_IFCHR, S_IFBLK, S_IFDIR, 0 };
	const char *path = some_path();
	mode_t type = PICK(types), mode = PICK(modes);
	unsigned int shown;
	int dir = some_dir(&shown), r;

	start(shown, path);
	out_call(" %#o", type | mode);
	r = mknodat(dir, given(path), type | mode, makedev(1, 3));
	out_result(r);
	if (!r)
		out_stat(dir, path, AT_SYMLINK_NOFOLLOW);
}

void do_symlink(void)
{
	const char *path = some_path(), *to = some_path();
	unsigned int shown;
	int dir = some_dir(&shown);

	out_path(to);
	start(shown, path);
	out(" =");
	out_result(symlinkat(given(to), dir, path));
}

void do_link(void)
{
	const char *old = some_path(), *new = some_path();
	int flags = chance(70) ? 0 : chance(60) ? AT_SYMLINK_FOLLOW : chance(70) ? AT_EMPTY_PATH : 0x8000;
	unsigned int from, to;
	int old_dir = flags == AT_EMPTY_PATH ? some_fd(&from) : some_dir(&from), dir = some_dir(&to), r;

	if (flags == AT_EMPTY_PATH && chance(80))
		old = "";
	start(from, old);
	start(to, new);
	out_call(" %#x", flags);
	r = linkat(old_dir, given(old), dir, new, flags);
	out_result(r);
	if (!r)
		out_stat(dir, new, AT_SYMLINK_NOFOLLOW);
}

void do_unlink(void)
{
	const char *path = some_path();
	int flags = chance(60) ? 0 : chance(95) ? AT_REMOVEDIR : 0x8000, dir;
	unsigned int shown;

	dir = some_dir(&shown);
	start(shown, path);
	out_call(" %#x", flags);
	out_result(unlinkat(dir, given(path), flags));
}

void do_rename(void)
{
	static const unsigned int kinds[] = { 0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_EXCHANGE,
					      RENAME_WHITEOUT, RENAME_WHITEOUT | RENAME_NOREPLACE,
					      RENAME_EXCHANGE | RENAME_NOREPLACE, 64 };
	const char *old = some_path(), *new = some_path();
	unsigned int from, to, flags = chance(50) ? 0 : PICK(kinds);
	int old_dir = some_dir(&from), dir = some_dir(&to), r;

	start(from, old);
	start(to, new);
	out_call(" %u", flags);
	r = renameat2(old_dir, given(old), dir, new, flags);
	out_result(r);
	if (!r) {
		out_stat(dir, new, AT_SYMLINK_NOFOLLOW);
		out_stat(old_dir, old, AT_SYMLINK_NOFOLLOW);
	}
}

/* A file without a name, which may get one. */
void do_tmpfile(void)
{
	const char *path = some_path(), *name = some_path();
	int flags = O_TMPFILE | (chance(80) ? O_RDWR : chance(50) ? O_WRONLY : O_RDONLY) | (chance(20) ? O_EXCL : 0);
	int fd;

	path = chance(60) ? "." : path;
	out_path(path);
	out_path(name);
	out_call(" %#o", flags);
	fd = open(path, flags, PICK(modes));
	out_result(fd < 0 ? -1 : 0);
	if (fd < 0)
		return;
	out_stat(fd, "", AT_EMPTY_PATH);
	if (chance(70))
		out_result(linkat(fd, "", AT_FDCWD, name, AT_EMPTY_PATH));
	out_stat(fd, "", AT_EMPTY_PATH);
	put_fd(fd);
}

void do_chmod(void)
{
	const char *path = some_path();
	mode_t mode = PICK(modes);
	unsigned int shown;
	bool by_fd = chance(30);
	int dir = by_fd ? some_fd(&shown) : some_dir(&shown);

	start(shown, path);
	out_call(" %04o", mode);
	if (by_fd) {
		out_result(fchmod(dir, mode));
		out_stat(dir, "", AT_EMPTY_PATH);
	} else {
		out_result(fchmodat(dir, given(path), mode, 0));
		out_stat(dir, path, 0);
	}
}

void do_chown(void)
{
	static const int ids[] = { 0, USER, USER, -1, 7 };
	const char *path = some_path();
	uid_t uid = PICK(ids);
	gid_t gid = PICK(ids);
	unsigned int shown;
	bool by_fd = chance(30);
	int flags = chance(60) ? 0 : AT_SYMLINK_NOFOLLOW, dir = by_fd ? some_fd(&shown) : some_dir(&shown);

	start(shown, path);
	out_call(" %d %d %#x", uid, gid, flags);
	if (by_fd) {
		out_result(fchown(dir, uid, gid));
		out_stat(dir, "", AT_EMPTY_PATH);
	} else {
		out_result(fchownat(dir, given(path), uid, gid, flags));
		out_stat(dir, path, flags);
	}
}

void do_truncate(void)
{
	static const off_t sizes[] = { 0, 1, 100, 4096, 5000, -1, 1ll << 31, 1ll << 50 };
	const char *path = some_path();
	off_t size = PICK(sizes);
	unsigned int shown;
	int fd = some_fd(&shown);

	out_call(" %u %lld", shown, (long long)size);
	if (chance(30)) {
		out_result(ftruncate(fd, size));
		out_stat(fd, "", AT_EMPTY_PATH);
		return;
	}
	out_path(path);
	out_result(truncate(given(path), size));
	out_stat(AT_FDCWD, path, 0);
}

static struct timespec some_time(void)
{
	static const long odd[] = { UTIME_OMIT, UTIME_NOW, -1, 1000000000 };
	struct timespec t = { .tv_sec = below(1600000000), .tv_nsec = below(1000000000) };

	if (chance(20))
		t.tv_nsec = PICK(odd);
	if (chance(5))
		t.tv_sec = -(time_t)below(1000000000);
	return t;
}

void do_utimens(void)
{
	struct timespec t[2] = { some_time(), some_time() };
	const char *path = some_path();
	int flags = chance(70) ? 0 : AT_SYMLINK_NOFOLLOW, dir, r;
	unsigned int shown;

	dir = some_dir(&shown);
	start(shown, path);
	out_call(" %ld.%ld %ld.%ld %#x", t[0].tv_sec, t[0].tv_nsec, t[1].tv_sec, t[1].tv_nsec, flags);
	r = utimensat(dir, given(path), chance(10) ? NULL : t, flags);
	out_result(r);
	if (!r)
		out_stat(dir, path, flags);
}

/* Go on as a user without capabilities, or as root again; another umask. */
void do_user(void)
{
	bool root = geteuid() != 0;
	mode_t mask = chance(60) ? 022 : below(01000);

	umask(mask);
	if (root)
		out_call(" root %d %d umask %03o", seteuid(0), setegid(0), mask);
	else
		out_call(" user %d %d umask %03o", setegid(USER), seteuid(USER), mask);
}

// SPDX-License-Identifier: MIT
/* What a file's attributes are, and the tree that is left. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "file.h"

#define GRAIN_MS	12	/* longer than the clock of files takes for a step */
#define SET_BEFORE	1700000000	/* times below are those that utimensat() has set */

static char letter(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return 'f';
	case S_IFDIR: return 'd';
	case S_IFLNK: return 'l';
	case S_IFIFO: return 'p';
	case S_IFSOCK: return 's';
	case S_IFCHR: return 'c';
	case S_IFBLK: return 'b';
	default: return '?';
	}
}

static void out_time(char name, const struct statx_timestamp *t)
{
	if (t->tv_sec < SET_BEFORE)
		out(" %c%lld.%09u", name, (long long)t->tv_sec, t->tv_nsec);
}

/* How blocks are counted is up to the disk's layout; programs ask whether there are holes. */
static const char *blocks_of(const struct statx *s)
{
	if (!s->stx_blocks)
		return "empty";
	return s->stx_blocks * 512 < s->stx_size ? "holes" : "full";
}

static void out_fields(const struct statx *s)
{
	out(" %c%04o n%u u%u g%u b%u", letter(s->stx_mode), s->stx_mode & 07777, s->stx_nlink, s->stx_uid,
	    s->stx_gid, s->stx_blksize);
	if (!S_ISDIR(s->stx_mode))
		out(" s%llu %s", (unsigned long long)s->stx_size, blocks_of(s));
	if (S_ISCHR(s->stx_mode) || S_ISBLK(s->stx_mode))
		out(" r%u:%u", s->stx_rdev_major, s->stx_rdev_minor);
	out_time('a', &s->stx_atime);
	out_time('m', &s->stx_mtime);
	if (s->stx_attributes & STATX_ATTR_MOUNT_ROOT)
		out(" root");
}

/* All that is the same on every system; the result if there is none. */
void out_stat(int dir, const char *path, int flags)
{
	struct statx s;

	if (statx(dir, path, flags, STATX_BASIC_STATS, &s))
		out_result(-1);
	else
		out_fields(&s);
}

void do_statx(void)
{
	static const int kinds[] = { 0, 0, AT_SYMLINK_NOFOLLOW, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x8000,
				     AT_STATX_FORCE_SYNC, AT_STATX_DONT_SYNC };
	unsigned int shown;
	const char *path = some_path();
	int flags = PICK(kinds), dir = flags == AT_EMPTY_PATH ? some_fd(&shown) : some_dir(&shown);

	if (flags == AT_EMPTY_PATH && chance(90))
		path = "";
	out(" %u", shown);
	out_path(path);
	out(" %#x =", flags);
	out_stat(dir, path, flags);
}

static int order(const struct statx_timestamp *a, const struct statx_timestamp *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return a->tv_nsec < b->tv_nsec ? -1 : a->tv_nsec > b->tv_nsec;
}

static bool out_moved(char name, const struct statx_timestamp *was, const struct statx_timestamp *is)
{
	int o = order(was, is);

	if (o)
		out(" %c%c", name, o < 0 ? '+' : '-');
	return o;
}

static void out_difference(const char *what, const struct statx *was, const struct statx *is)
{
	bool written, changed;

	out(" %s", what);
	out_moved('a', &was->stx_atime, &is->stx_atime);
	written = out_moved('m', &was->stx_mtime, &is->stx_mtime);
	changed = out_moved('c', &was->stx_ctime, &is->stx_ctime);
	out_moved('B', &was->stx_btime, &is->stx_btime);
	if (written && changed && order(&is->stx_mtime, &is->stx_ctime))
		out(" m!=c");
}

static void change(const char *path)
{
	const char *other = some_path();
	char text[8];
	int fd;

	switch (below(9)) {
	case 0: out(" chmod"); out_result(chmod(path, 0644 | below(0200))); break;
	case 1: out(" link"); out_path(other); out_result(link(path, other)); break;
	case 2: out(" rename"); out_path(other); out_result(rename(path, other)); break;
	case 3: out(" unlink"); out_result(unlink(path)); break;
	case 4: out(" setxattr"); out_result(setxattr(path, "user.t", "1", 1, 0)); break;
	case 5: out(" truncate"); out_result(truncate(path, below(3) * 100)); break;
	case 6: out(" create"); out_path(other); fd = open(other, O_CREAT | O_WRONLY, 0644);
		out_result(fd < 0 ? -1 : 0); close(fd); break;
	case 7: out(" write"); fd = open(path, O_WRONLY | O_NONBLOCK); out_result(write(fd, "x", 1)); close(fd); break;
	default: out(" read"); fd = open(path, O_RDONLY | O_NONBLOCK); out_result(read(fd, text, 1)); close(fd);
	}
}

/*
 * Which times of a file and of its folder a change moves. Reading moves the access time if it
 * is not after the others: whether it is would depend on what happened in one grain.
 */
void do_times(void)
{
	static const struct timespec old[2] = { { 1000000000, 0 }, { 1100000000, 0 } };
	const char *path = some_path();
	struct statx file, folder, now;
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	out_path(path);
	if (fd < 0 || utimensat(AT_FDCWD, path, old, AT_SYMLINK_NOFOLLOW) ||
	    statx(fd, "", AT_EMPTY_PATH, STATX_ALL, &file) || statx(AT_FDCWD, ".", 0, STATX_ALL, &folder)) {
		out(" none");
		close(fd);
		return;
	}
	pause_ms(GRAIN_MS);
	change(path);
	out(" =");
	if (!statx(fd, "", AT_EMPTY_PATH, STATX_ALL, &now))
		out_difference("file", &file, &now);
	if (!statx(AT_FDCWD, ".", 0, STATX_ALL, &now))
		out_difference("folder", &folder, &now);
	close(fd);
}

static void out_contents(const char *path, const struct stat *s)
{
	static unsigned char bytes[1 << 16];
	int fd;
	ssize_t n;

	if (S_ISLNK(s->st_mode)) {
		n = readlink(path, (char *)bytes, sizeof(bytes));
	} else if (S_ISREG(s->st_mode)) {
		fd = open(path, O_RDONLY);
		n = read(fd, bytes, sizeof(bytes));
		close(fd);
	} else {
		return;
	}
	if (n >= 0)
		out_bytes(bytes, n);
	else
		out_result(n);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of the extended attributes, sorted, with their values. */
static void out_attributes(const char *path)
{
	char names[4096], *sorted[128], *p, value[4096];
	ssize_t n = llistxattr(path, names, sizeof(names)), length;
	size_t count = 0, i;

	for (p = names; n > 0 && p < names + n && count < COUNT_OF(sorted); p += strlen(p) + 1)
		sorted[count++] = p;
	qsort(sorted, count, sizeof(*sorted), by_text);
	for (i = 0; i < count; i++) {
		out(" %s", sorted[i]);
		length = lgetxattr(path, sorted[i], value, sizeof(value));
		if (length >= 0)
			out_bytes(value, length);
	}
}

static void out_node(const char *path, int depth);

static void out_folder(const char *path, int depth)
{
	struct dirent **found;
	char below_it[8192];
	int n = scandir(path, &found, NULL, alphasort), i;

	for (i = 0; i < n; i++) {
		if (strcmp(found[i]->d_name, ".") && strcmp(found[i]->d_name, "..")) {
			snprintf(below_it, sizeof(below_it), "%s/%s", path, found[i]->d_name);
			out_node(below_it, depth + 1);
		}
		free(found[i]);
	}
	if (n >= 0)
		free(found);
}

static void out_node(const char *path, int depth)
{
	struct stat s;

	out("tree");
	out_path(path);
	out_stat(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW);
	if (!lstat(path, &s)) {
		out(" i%u", out_symbol('i', s.st_ino));
		out_contents(path, &s);
		out_attributes(path);
	}
	out("\n");
	if (depth < 30)
		out_folder(path, depth);
}

void out_tree(void)
{
	out_node(".", 0);
}

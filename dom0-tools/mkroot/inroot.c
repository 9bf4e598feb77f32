/* SPDX-License-Identifier: GPL-2.0-only */
/* Files in a foreign root file system: see inroot.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inroot.h"

#define DIR_MODE	0755

int mkroot_open(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned int)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

bool mkroot_exists(int root, const char *path)
{
	int fd = mkroot_open(root, path, O_PATH);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int mkroot_dir(int root, const char *path)
{
	char so_far[INROOT_PATH], *slash;
	int fd = mkroot_open(root, ".", O_PATH | O_DIRECTORY), next;

	if (snprintf(so_far, sizeof(so_far), "%s/", path) >= (int)sizeof(so_far)) {
		close(fd);
		errno = ENAMETOOLONG;
		return -1;
	}
	for (slash = so_far; fd >= 0 && (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		next = mkroot_open(root, so_far, O_PATH | O_DIRECTORY);
		if (next < 0 && errno == ENOENT &&
		    !mkdirat(fd, strrchr(so_far, '/') ? strrchr(so_far, '/') + 1 : so_far, DIR_MODE))
			next = mkroot_open(root, so_far, O_PATH | O_DIRECTORY);
		*slash = '/';
		close(fd);
		fd = next;
	}
	return fd;
}

/* The directory of a path, and the last component. */
static int open_parent(int root, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char dir[INROOT_PATH];

	*name = slash ? slash + 1 : path;
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	return mkroot_dir(root, dir);
}

static int write_all(int fd, const char *bytes, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, bytes, len);
		if (n < 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

int mkroot_write(int root, const char *path, const char *bytes, size_t len, mode_t mode)
{
	struct stat st = { .st_mode = mode ? mode : 0644 };
	const char *name;
	int dir, fd, r = -1;

	dir = open_parent(root, path, &name);
	if (dir < 0)
		return -1;
	if (!mode && (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode)))
		st = (struct stat){ .st_mode = 0644 };
	if (unlinkat(dir, name, 0) && errno != ENOENT) {
		close(dir);
		return -1;
	}
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0) {
		r = write_all(fd, bytes, len);
		if (!r && !mode && st.st_ino)
			r = fchown(fd, st.st_uid, st.st_gid);
		if (!r)
			r = fchmod(fd, st.st_mode & 07777);
		close(fd);
	}
	close(dir);
	return r;
}

static char *read_text(int fd, size_t *len)
{
	char *text = malloc(INROOT_MAX + 1);
	ssize_t n = 1;

	for (*len = 0; text && n > 0 && *len <= INROOT_MAX; *len += n > 0 ? (size_t)n : 0)
		n = read(fd, text + *len, INROOT_MAX + 1 - *len);
	if (text && !n && *len <= INROOT_MAX) {
		text[*len] = 0;
		return text;
	}
	if (text && !n)
		errno = EFBIG;
	free(text);
	return NULL;
}

char *mkroot_read(int root, const char *path)
{
	int fd = mkroot_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	struct stat st;
	size_t len = 0;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		errno = EINVAL;
	else if (st.st_size > INROOT_MAX)
		errno = EFBIG;
	else
		text = read_text(fd, &len);
	close(fd);
	if (text && strlen(text) != len) {
		free(text);
		errno = EINVAL;
		return NULL;
	}
	return text;
}

int mkroot_copy(int root, const char *path, const char *from, mode_t mode)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), r = -1;
	struct stat st;
	char *bytes;

	if (in < 0)
		return -1;
	bytes = fstat(in, &st) ? NULL : malloc((size_t)st.st_size + 1);
	if (bytes && read(in, bytes, (size_t)st.st_size) == st.st_size)
		r = mkroot_write(root, path, bytes, (size_t)st.st_size, mode);
	else
		errno = EIO;
	free(bytes);
	close(in);
	return r;
}

int mkroot_link(int root, const char *path, const char *target)
{
	const char *name;
	int dir, r = -1;

	dir = open_parent(root, path, &name);
	if (dir < 0)
		return -1;
	if (!unlinkat(dir, name, 0) || errno == ENOENT)
		r = symlinkat(target, dir, name);
	close(dir);
	return r;
}

/* Like open_parent(), but nothing is made. */
static int find_parent(int root, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char dir[INROOT_PATH];

	*name = slash ? slash + 1 : path;
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	return mkroot_open(root, dir, O_PATH | O_DIRECTORY);
}

int mkroot_stat(int root, const char *path, struct stat *st)
{
	const char *name;
	int dir = find_parent(root, path, &name), r;

	if (dir < 0)
		return -1;
	r = fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW);
	close(dir);
	return r;
}

int mkroot_remove(int root, const char *path, bool is_dir)
{
	const char *name;
	int dir = find_parent(root, path, &name), r;

	if (dir < 0)
		return errno == ENOENT ? 0 : -1;
	r = unlinkat(dir, name, is_dir ? AT_REMOVEDIR : 0);
	close(dir);
	return r && errno != ENOENT && !(is_dir && errno == ENOTEMPTY) ? -1 : 0;
}

/* Both names' directories, and then one of the calls that take two. */
static int with_two(int root, const char *path, const char *as, bool move)
{
	const char *from_name, *to_name;
	int from = find_parent(root, path, &from_name), to, r = -1;

	if (from < 0)
		return -1;
	to = open_parent(root, as, &to_name);
	if (to >= 0) {
		r = move ? renameat(from, from_name, to, to_name) : linkat(from, from_name, to, to_name, 0);
		close(to);
	}
	close(from);
	return r;
}

int mkroot_move(int root, const char *path, const char *as)
{
	return with_two(root, path, as, true);
}

int mkroot_also(int root, const char *path, const char *as)
{
	return with_two(root, path, as, false);
}

struct hw_names mkroot_list(int root, const char *path)
{
	struct hw_names names = { 0 };
	int fd = mkroot_open(root, path, O_RDONLY | O_DIRECTORY);

	if (fd >= 0) {
		names = hw_list(fd, ".");
		close(fd);
	}
	return names;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Files below a root directory: see tree.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tree.h"

static bool format_path(char path[HW_PATH], const char *fmt, va_list ap)
{
	int n = vsnprintf(path, HW_PATH, fmt, ap);

	return n > 0 && n < HW_PATH;
}

static int open_path(int root, const char *path, int flags)
{
	return openat(root, path, flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

int hw_text(int root, char *buf, size_t size, const char *fmt, ...)
{
	char path[HW_PATH];
	ssize_t n = -1;
	va_list ap;
	int fd = -1;

	va_start(ap, fmt);
	if (format_path(path, fmt, ap))
		fd = open_path(root, path, 0);
	va_end(ap);
	if (fd >= 0) {
		n = read(fd, buf, size - 1);
		close(fd);
	}
	buf[n > 0 ? n : 0] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return n < 0 ? -1 : 0;
}

int hw_link(int root, char target[HW_PATH], const char *fmt, ...)
{
	char path[HW_PATH];
	ssize_t n = -1;
	va_list ap;

	va_start(ap, fmt);
	if (format_path(path, fmt, ap))
		n = readlinkat(root, path, target, HW_PATH);
	va_end(ap);
	if (n < 0 || n >= HW_PATH)
		n = 0;
	target[n] = 0;
	return n ? 0 : -1;
}

bool hw_exists(int root, const char *fmt, ...)
{
	char path[HW_PATH];
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = format_path(path, fmt, ap);
	va_end(ap);
	return ok && !faccessat(root, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

FILE *hw_open(int root, const char *path)
{
	int fd = open_path(root, path, 0);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (!f && fd >= 0)
		close(fd);
	return f;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A name left out might be that of a disk in use. */
static void *must(void *p)
{
	if (p)
		return p;
	fputs("virtuos: out of memory\n", stderr);
	exit(1);
}

static void add_name(struct hw_names *names, const char *name)
{
	names->name = must(reallocarray(names->name, names->n + 1, sizeof(*names->name)));
	names->name[names->n++] = must(strdup(name));
}

struct hw_names hw_list(int root, const char *fmt, ...)
{
	struct hw_names names = { 0 };
	char path[HW_PATH];
	struct dirent *e;
	va_list ap;
	int fd = -1;
	DIR *dir;

	va_start(ap, fmt);
	if (format_path(path, fmt, ap))
		fd = open_path(root, path, O_DIRECTORY);
	va_end(ap);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return names;
	}
	while (names.n < HW_MOST_NAMES && (e = readdir(dir)))
		if (*e->d_name != '.')
			add_name(&names, e->d_name);
	closedir(dir);
	if (names.n)
		qsort(names.name, names.n, sizeof(*names.name), compare);
	return names;
}

void hw_list_free(struct hw_names *names)
{
	while (names->n)
		free(names->name[--names->n]);
	free(names->name);
	names->name = NULL;
}

const char *hw_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A finished text: see output.h. The new file is written beside the old one. Its name begins with
 * a dot and does not end as the old one's does, so that no collector takes it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"

static int write_all(int fd, const struct vp_text *t)
{
	size_t at = 0;
	ssize_t n;

	while (at < t->len) {
		n = write(fd, t->buf + at, t->len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += (size_t)n;
	}
	return 0;
}

static int make_path(const char *path, char new[PATH_MAX])
{
	char dir[PATH_MAX], base[PATH_MAX];

	if (strlen(path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(dir, path);
	strcpy(base, path);
	if (snprintf(new, PATH_MAX, "%s/.%s.XXXXXX", dirname(dir), basename(base)) < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

static int replace(const struct vp_text *t, const char *path)
{
	char new[PATH_MAX];
	int fd, r, saved;

	if (make_path(path, new))
		return -1;
	fd = mkstemp(new);
	if (fd < 0)
		return -1;
	r = write_all(fd, t) || fchmod(fd, 0644) || fsync(fd) ? -1 : 0;
	saved = errno;
	close(fd);
	if (!r && !rename(new, path))
		return 0;
	errno = r ? saved : errno;
	saved = errno;
	unlink(new);
	errno = saved;
	return -1;
}

int vp_output(const struct vp_text *t, const char *path)
{
	int r = path ? replace(t, path) : write_all(STDOUT_FILENO, t);

	if (r)
		fprintf(stderr, "virtuos: %s: %s\n", path ? path : "standard output",
			strerror(errno));
	return r;
}

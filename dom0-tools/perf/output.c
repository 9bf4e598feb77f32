/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file that is written: see output.h. The new file is written beside the old one. Its name begins
 * with a dot and does not end as the old one's does, so that no collector takes it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"

static int complain(const char *path)
{
	fprintf(stderr, "virtuos: %s: %s\n", path, strerror(errno));
	return -1;
}

/* What is no regular file must not be replaced by one: /dev/null, a pipe, a symbolic link. */
static bool is_replaced(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? errno == ENOENT : S_ISREG(st.st_mode);
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

/* A new file is for all to read, as far as the user's mask lets them. */
static FILE *open_beside(struct vp_output *o)
{
	mode_t mask = umask(077);
	int fd = make_path(o->path, o->beside) ? -1 : mkostemp(o->beside, O_CLOEXEC);

	umask(mask);
	if (fd < 0) {
		*o->beside = 0;
		return NULL;
	}
	fchmod(fd, 0644 & ~mask);
	return fdopen(fd, "w");
}

int vp_output_open(struct vp_output *o, const char *path)
{
	o->path = path;
	*o->beside = 0;
	o->f = is_replaced(path) ? open_beside(o) : fopen(path, "we");
	return o->f ? 0 : complain(path);
}

/* Return: 0, or -1 and errno. */
static int finish(struct vp_output *o)
{
	FILE *f = o->f;
	int bad = 0;

	o->f = NULL;
	errno = 0;
	if (fflush(f) || ferror(f) || (*o->beside && fsync(fileno(f))))
		bad = errno ? errno : EIO;
	if (fclose(f) && !bad)
		bad = errno;
	errno = bad;
	return bad ? -1 : 0;
}

int vp_output_close(struct vp_output *o, bool keep)
{
	int r = 0;

	if (!o->f)
		return 0;
	if (finish(o) && keep)
		r = complain(o->path);
	else if (keep && *o->beside && rename(o->beside, o->path))
		r = complain(o->path);
	else if (keep)
		return 0;
	if (*o->beside)
		unlink(o->beside);
	return r;
}

int vp_output(const struct vp_text *t, const char *path)
{
	struct vp_output o;

	if (path) {
		if (vp_output_open(&o, path))
			return -1;
		fwrite(t->buf, 1, t->len, o.f);
		return vp_output_close(&o, true);
	}
	errno = 0;
	fwrite(t->buf, 1, t->len, stdout);
	return fflush(stdout) || ferror(stdout) ? complain("standard output") : 0;
}

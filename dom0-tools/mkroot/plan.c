/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes of a root file system, made and taken back: see plan.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../host/host.h"
#include "plan.h"
#include "record.h"

static int failed(const char *path)
{
	vd_log("/%s in the image: %s", path, strerror(errno));
	return -1;
}

/* Where what had the name of a change is kept. */
static void saved_path(const struct mkroot_plan *p, const struct mkroot_change *c, char path[INROOT_PATH])
{
	snprintf(path, INROOT_PATH, MKROOT_ADOPTED "/%zu", (size_t)(c - p->change));
}

static struct mkroot_change *add(struct mkroot_plan *p, const char *path)
{
	struct mkroot_change *c = &p->change[p->n];

	if (p->n == MKROOT_MOST_CHANGES) {
		errno = E2BIG;
		return NULL;
	}
	*c = (struct mkroot_change){ 0 };
	if (snprintf(c->path, sizeof(c->path), "%s", path) >= (int)sizeof(c->path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	p->n++;
	return c;
}

static bool is_planned(const struct mkroot_plan *p, const char *path)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (!strcmp(p->change[i].path, path))
			return true;
	return false;
}

/* The directories above a name that are not there. */
static int add_dirs(struct mkroot_plan *p, const char *path)
{
	char dir[INROOT_PATH];
	struct mkroot_change *c;
	const char *slash;

	for (slash = path; (slash = strchr(slash, '/')); slash++) {
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
		if (mkroot_exists(p->root, dir) || is_planned(p, dir))
			continue;
		c = add(p, dir);
		if (!c)
			return -1;
		c->kind = MKROOT_DIR;
	}
	return 0;
}

static bool is_so(const struct mkroot_plan *p, const struct mkroot_change *c, const struct stat *st)
{
	return (!c->mode || (st->st_mode & 07777) == c->mode) &&
	       mkroot_sum_of(p->root, c->path) == c->sum;
}

static int add_change(struct mkroot_plan *p, enum mkroot_kind kind, const char *path, const char *bytes,
		      size_t len, mode_t mode)
{
	struct mkroot_change *c;
	struct stat st;

	if (is_planned(p, path))
		return 0;
	if (add_dirs(p, path))
		return -1;
	c = add(p, path);
	if (!c)
		return -1;
	c->kind = kind;
	c->mode = mode;
	c->sum = mkroot_sum(kind == MKROOT_LINK, bytes, len);
	c->was = !mkroot_stat(p->root, path, &st);
	if (c->was && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return -1;
	}
	if (c->was && is_so(p, c, &st)) {
		p->n--;
		return 0;
	}
	c->bytes = malloc(len + 1);
	if (!c->bytes)
		return -1;
	memcpy(c->bytes, bytes, len);
	c->bytes[len] = 0;
	c->len = len;
	p->bytes += len;
	return 0;
}

int mkroot_plan_file(struct mkroot_plan *p, const char *path, const char *bytes, size_t len, mode_t mode)
{
	return add_change(p, MKROOT_FILE, path, bytes, len, mode);
}

int mkroot_plan_link(struct mkroot_plan *p, const char *path, const char *target)
{
	return add_change(p, MKROOT_LINK, path, target, strlen(target), 0);
}

void mkroot_plan_free(struct mkroot_plan *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		free(p->change[i].bytes);
	p->n = 0;
	p->bytes = 0;
}

static int make_change(const struct mkroot_plan *p, const struct mkroot_change *c)
{
	char saved[INROOT_PATH];
	int fd;

	if (c->kind == MKROOT_DIR) {
		fd = mkroot_dir(p->root, c->path);
		if (fd >= 0)
			close(fd);
		return fd < 0 ? -1 : 0;
	}
	saved_path(p, c, saved);
	if (c->was && mkroot_also(p->root, c->path, saved))
		return -1;
	if (c->kind == MKROOT_LINK)
		return mkroot_link(p->root, c->path, c->bytes);
	return mkroot_write(p->root, c->path, c->bytes, c->len, c->mode);
}

/* A stranger's file there would pass for what had a name before. */
static int make_empty_dir(int root)
{
	int fd = mkroot_dir(root, MKROOT_ADOPTED);
	struct hw_names names;
	size_t n;

	if (fd < 0)
		return -1;
	close(fd);
	names = mkroot_list(root, MKROOT_ADOPTED);
	n = names.n;
	hw_list_free(&names);
	errno = ENOTEMPTY;
	return n ? -1 : 0;
}

int mkroot_plan_do(struct mkroot_plan *p, bool (*stop)(void))
{
	size_t i;

	/* What the record itself needs is recorded, too. */
	if (add_dirs(p, MKROOT_ADOPTED "/") || make_empty_dir(p->root) || mkroot_record_write(p))
		return failed(MKROOT_ADOPTED);
	for (i = 0; i < p->n; i++) {
		if (stop())
			return -1;
		if (make_change(p, &p->change[i]))
			return failed(p->change[i].path);
	}
	return mkroot_record_done(p->root) ? failed(MKROOT_ADOPTED) : 0;
}

int mkroot_plan_changed(const struct mkroot_plan *p)
{
	const struct mkroot_change *c;
	int n = 0;

	for (c = p->change; c < p->change + p->n; c++) {
		if (c->kind == MKROOT_DIR || mkroot_sum_of(p->root, c->path) == c->sum)
			continue;
		vd_log("/%s in the image: was changed since", c->path);
		n++;
	}
	return n;
}

static int restore(const struct mkroot_plan *p, const struct mkroot_change *c)
{
	char saved[INROOT_PATH];
	struct stat st;

	if (c->kind == MKROOT_DIR)
		return mkroot_remove(p->root, c->path, true);
	if (!c->was)
		return mkroot_remove(p->root, c->path, false);
	saved_path(p, c, saved);
	/* Not replaced yet, or given back already. */
	if (mkroot_stat(p->root, saved, &st))
		return errno == ENOENT ? 0 : -1;
	/* rename(2) leaves both names if they are one file's. */
	if (mkroot_move(p->root, saved, c->path))
		return -1;
	return mkroot_remove(p->root, saved, false);
}

static bool is_of_record(const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(dir, MKROOT_ADOPTED, len) && (MKROOT_ADOPTED[len] == '/' || !MKROOT_ADOPTED[len]);
}

int mkroot_plan_undo(struct mkroot_plan *p)
{
	const struct mkroot_change *c;

	if (mkroot_record_begin_undo(p->root))
		return failed(MKROOT_ADOPTED);
	for (c = p->change + p->n; c-- > p->change; )
		if (!(c->kind == MKROOT_DIR && is_of_record(c->path)) && restore(p, c))
			return failed(c->path);
	if (mkroot_record_remove(p->root))
		return failed(MKROOT_ADOPTED);
	for (c = p->change + p->n; c-- > p->change; )
		if (c->kind == MKROOT_DIR)
			mkroot_remove(p->root, c->path, true);
	mkroot_remove(p->root, MKROOT_ADOPTED, true);
	return 0;
}

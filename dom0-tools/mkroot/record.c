/* SPDX-License-Identifier: GPL-2.0-only */
/* The record of changes: see record.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../host/host.h"
#include "record.h"

#define RECORD		MKROOT_ADOPTED "/record"
#define RECORD_NEW	RECORD ".new"
#define DONE		MKROOT_ADOPTED "/done"
#define FIRST_LINE	"virtuos adopt 1"
#define FNV_BASE	0xcbf29ce484222325ull	/* of FNV-1a with 64 bits */
#define FNV_PRIME	0x100000001b3ull
#define LINK_FIRST	"l"
#define FILE_FIRST	"f"

static uint64_t sum_more(uint64_t sum, const char *bytes, size_t len)
{
	for (; len; bytes++, len--)
		sum = (sum ^ (unsigned char)*bytes) * FNV_PRIME;
	return sum;
}

uint64_t mkroot_sum(bool is_link, const char *bytes, size_t len)
{
	return sum_more(sum_more(FNV_BASE, is_link ? LINK_FIRST : FILE_FIRST, 1), bytes, len);
}

static uint64_t sum_of_link(int root, const char *path)
{
	int fd = mkroot_open(root, path, O_PATH | O_NOFOLLOW);
	char target[PATH_MAX];
	ssize_t n;

	if (fd < 0)
		return 0;
	n = readlinkat(fd, "", target, sizeof(target));
	close(fd);
	return n < 0 ? 0 : mkroot_sum(true, target, (size_t)n);
}

static uint64_t sum_of_file(int root, const char *path)
{
	int fd = mkroot_open(root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	uint64_t sum = mkroot_sum(false, "", 0);
	char buf[8192];
	ssize_t n = 1;

	while (fd >= 0 && n > 0) {
		n = read(fd, buf, sizeof(buf));
		if (n > 0)
			sum = sum_more(sum, buf, (size_t)n);
	}
	if (fd >= 0)
		close(fd);
	return fd < 0 || n < 0 ? 0 : sum;
}

uint64_t mkroot_sum_of(int root, const char *path)
{
	struct stat st;

	if (mkroot_stat(root, path, &st))
		return 0;
	if (S_ISLNK(st.st_mode))
		return sum_of_link(root, path);
	return S_ISREG(st.st_mode) ? sum_of_file(root, path) : 0;
}

static char *record_text(const struct mkroot_plan *p, size_t *len)
{
	const struct mkroot_change *c;
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	if (!f)
		return NULL;
	fprintf(f, FIRST_LINE "\n");
	for (c = p->change; c < p->change + p->n; c++)
		fprintf(f, "%s %" PRIx64 " %s\n", c->kind == MKROOT_DIR ? "dir" : c->was ? "was" : "new",
			c->kind == MKROOT_DIR ? 0 : c->sum, c->path);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

int mkroot_record_write(const struct mkroot_plan *p)
{
	size_t len;
	char *text = record_text(p, &len);
	int r;

	r = !text || mkroot_write(p->root, RECORD_NEW, text, len, 0644) || syncfs(p->root) ||
	    mkroot_move(p->root, RECORD_NEW, RECORD) || syncfs(p->root) ? -1 : 0;
	free(text);
	return r;
}

int mkroot_record_done(int root)
{
	return syncfs(root) || mkroot_write(root, DONE, "", 0, 0644) || syncfs(root) ? -1 : 0;
}

int mkroot_record_begin_undo(int root)
{
	return mkroot_remove(root, DONE, false) || syncfs(root) ? -1 : 0;
}

int mkroot_record_remove(int root)
{
	return syncfs(root) || mkroot_remove(root, RECORD, false) ? -1 : 0;
}

void mkroot_plan_tidy(int root)
{
	mkroot_remove(root, RECORD_NEW, false);
	mkroot_remove(root, DONE, false);
	mkroot_remove(root, MKROOT_ADOPTED, true);
}

/* Neither absolute nor with ".."; what is replaced is not the record. */
static bool is_path(const char *path)
{
	const char *at;

	if (!*path || *path == '/' || strlen(path) >= INROOT_PATH)
		return false;
	for (at = path; at; at = strchr(at, '/'), at += !!at)
		if (!strncmp(at, "..", 2) && (!at[2] || at[2] == '/'))
			return false;
	return true;
}

static bool parse_line(const char *line, struct mkroot_change *c)
{
	char kind[4];
	int at = 0;

	*c = (struct mkroot_change){ .kind = MKROOT_FILE };
	if (sscanf(line, "%3s %" SCNx64 " %n", kind, &c->sum, &at) != 2 || !at || !is_path(line + at))
		return false;
	snprintf(c->path, sizeof(c->path), "%s", line + at);
	c->was = !strcmp(kind, "was");
	if (!strcmp(kind, "dir"))
		c->kind = MKROOT_DIR;
	return c->was || c->kind == MKROOT_DIR || !strcmp(kind, "new");
}

static bool parse_record(struct mkroot_plan *p, char *text)
{
	char *rest = text, *line = strsep(&rest, "\n");

	if (strcmp(line, FIRST_LINE))
		return false;
	while ((line = strsep(&rest, "\n")) && *line) {
		if (p->n == MKROOT_MOST_CHANGES || !parse_line(line, &p->change[p->n]))
			return false;
		p->n++;
	}
	return line && !rest;
}

enum mkroot_record mkroot_plan_read(struct mkroot_plan *p)
{
	char *text = mkroot_read(p->root, RECORD);
	bool ok;

	p->n = 0;
	p->bytes = 0;
	if (!text && errno == ENOENT)
		return MKROOT_NO_RECORD;
	ok = text && parse_record(p, text);
	free(text);
	if (!ok) {
		p->n = 0;
		vd_log("/" RECORD " in the image: cannot be understood");
		return MKROOT_BAD_RECORD;
	}
	return mkroot_exists(p->root, DONE) ? MKROOT_DONE : MKROOT_HALF_DONE;
}

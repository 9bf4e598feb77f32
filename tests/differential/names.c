// SPDX-License-Identifier: MIT
/* The names mode: names, attributes and folders; the tree that is left is compared. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

static int fds[SLOTS];

/* A component; few of them, so that they meet. */
static const char *component(void)
{
	static const char *const common[] = { "a", "b", "c", "d", "a", "b", "c", "ee" };
	static const char *const rare[] = { ".", "..", "", "x/", "loop", "con taining\nodd\xff" };
	static char name[300];

	if (chance(93))
		return PICK(common);
	if (chance(60))
		return PICK(rare);
	memset(name, 'n', sizeof(name));
	name[chance(50) ? 255 : 254 + below(4)] = 0;
	return name;
}

/* A path; those that climb or begin at the root stay in the episode's folder, see begin(). */
static const char *any_path(void)
{
	static char paths[12][8192];
	static unsigned int next;
	char *p = paths[next++ % COUNT_OF(paths)], *end = p;
	unsigned int n, depth = chance(45) ? 1 : chance(60) ? 2 : 3;

	*p = 0;
	for (n = 0; n < depth; n++) {
		const char *c = component();

		end += sprintf(end, "%s%s", n ? "/" : "", c);
	}
	if (chance(2))
		strcat(p, "/");
	if (chance(1)) {	/* about as long as a path may be */
		size_t length = 4090 + below(10);

		memset(p, '/', length);
		memcpy(p, "./", 2);
		strcpy(p + length, "a");
	}
	return p;
}

/* A path, rather one of something that is there. */
const char *some_path(void)
{
	const char *path = any_path();
	unsigned int n, tries = chance(60) ? 3 : 0;
	struct stat s;

	for (n = 0; n < tries && lstat(path, &s); n++)
		path = any_path();
	return path;
}

void out_path(const char *path)
{
	size_t n = strlen(path);

	if (n > 60)
		out(" (%zu long)", n);
	else
		out(" '%s'", strchr(path, '\n') ? "odd" : path);
}

/* A folder's descriptor for an *at() call. */
int some_dir(unsigned int *shown)
{
	*shown = below(SLOTS);
	if (chance(65) || (fds[*shown] < 0 && chance(90))) {
		*shown = 99;
		return AT_FDCWD;
	}
	return fds[*shown];
}

int some_fd(unsigned int *shown)
{
	unsigned int n;

	*shown = below(SLOTS);
	for (n = 0; n < 6 && fds[*shown] < 0; n++)
		*shown = below(SLOTS);
	return fds[*shown];
}

/* Keep a descriptor, in place of an older one if there is no room. */
void put_fd(int fd)
{
	unsigned int i, at = below(SLOTS);

	for (i = 0; i < SLOTS && fds[at] >= 0; i++)
		at = (at + 1) % SLOTS;
	if (fds[at] >= 0)
		close(fds[at]);
	fds[at] = fd;
	out(" as %u", at);
}

void do_close_fd(void)
{
	unsigned int i;
	int fd = some_fd(&i);

	out_call(" %u", i);
	out_result(close(fd));
	fds[i] = -1;
}

void do_dup_fd(void)
{
	unsigned int i;
	int fd = dup(some_fd(&i));

	out_call(" %u", i);
	out_result(fd < 0 ? -1 : 0);
	if (fd >= 0)
		put_fd(fd);
}

static const struct op ops[] = {
	{ "create", 14, do_create },
	{ "mkdir", 10, do_mkdir },
	{ "symlink", 5, do_symlink },
	{ "mknod", 3, do_mknod },
	{ "link", 6, do_link },
	{ "unlink", 8, do_unlink },
	{ "rename", 14, do_rename },
	{ "tmpfile", 2, do_tmpfile },
	{ "chmod", 6, do_chmod },
	{ "chown", 5, do_chown },
	{ "truncate", 3, do_truncate },
	{ "utimens", 5, do_utimens },
	{ "times", 5, do_times },
	{ "user", 3, do_user },
	{ "access", 3, do_access },
	{ "readlink", 3, do_readlink },
	{ "list", 5, do_list },
	{ "list changing", 2, do_list_changing },
	{ "chdir", 2, do_chdir },
	{ "close", 3, do_close_fd },
	{ "dup", 1, do_dup_fd },
	{ "io", 5, do_io },
	{ "statx", 10, do_statx },
	{ "setxattr", 5, do_setxattr },
	{ "getxattr", 4, do_getxattr },
	{ "acl", 3, do_acl },
	{ "handle", 1, do_handle },
	{ "reopen", 3, do_reopen_fd },
	{ "openat2", 3, do_openat2 },
	{ "statx mask", 2, do_statx_mask },
	{ "flags", 2, do_flags },
	{ "exact", 2, do_exact },
	{ "small list", 1, do_small_list },
	{ "statfs", 1, do_statfs },
	{ "chmod2", 2, do_chmod2 },
	{ "watch", 3, do_watch },
	{ "events", 5, do_events },
};

/* What is there from the beginning. */
static void plant(void)
{
	static const char *const folders[] = { "a", "a/b", "b", "b/a", "d" };
	static const char *const texts[] = { "c", "a/a", "a/b/c", "b/c" };
	size_t i;
	int fd;

	for (i = 0; i < COUNT_OF(folders); i++)
		if (mkdir(folders[i], i % 2 ? 0777 : 0755) || chmod(folders[i], i % 2 ? 0777 : 0755))
			out("no %s\n", folders[i]);
	for (i = 0; i < COUNT_OF(texts); i++) {
		fd = open(texts[i], O_CREAT | O_WRONLY, 0666);
		if (write(fd, texts[i], i) != (ssize_t)i)
			out("no %s\n", texts[i]);
		close(fd);
	}
	if (symlink("loop", "loop") || symlink("../c", "a/ee") || symlink("a/b", "ee"))
		out("no links\n");
}

/* The episode's folder becomes its root: no path may lead out of it. */
static void begin(void)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		fds[i] = -1;
	more_begin();
	if (mkdir("top", 0777) || chmod("top", 0777) || chroot("top") || chdir("/")) {
		out("no root folder\n");
		_exit(1);
	}
	plant();
}

static void end(void)
{
	if (seteuid(0) || setegid(0) || chdir("/"))
		out("no root\n");
	umask(022);
	out_tree();
}

const struct mode names_mode = {
	.name = "names", .steps = 60, .openers = 3, .ops = ops, .count = COUNT_OF(ops), .begin = begin, .end = end,
};

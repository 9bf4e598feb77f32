// SPDX-License-Identifier: MIT
/* Calls that look at names, and reading and writing through what is open. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file.h"

void do_access(void)
{
	const char *path = some_path();
	int mode = below(8), flags = chance(60) ? 0 : chance(50) ? AT_EACCESS : AT_SYMLINK_NOFOLLOW;
	unsigned int shown;
	int dir = some_dir(&shown);

	out(" %u", shown);
	out_path(path);
	out_call(" %d %#x", mode, flags);
	out_result(faccessat(dir, path, mode, flags));
}

void do_readlink(void)
{
	const char *path = some_path();
	char text[8192];
	size_t room = chance(80) ? sizeof(text) : below(4);
	unsigned int shown;
	int dir = some_dir(&shown);
	ssize_t n;

	out(" %u", shown);
	out_path(path);
	out_call(" %zu", room);
	n = readlinkat(dir, path, text, room);
	out_result(n);
	if (n > 0)
		out_bytes(text, n);
}

/* An entry with its type, and whether its number is that of what it names. */
static void out_entry(int dir, const struct dirent *d)
{
	struct stat s;

	if (!strcmp(d->d_name, "..")) {	/* at the root it is what is outside */
		out(" ..");
		return;
	}
	out(" %s:%u", strlen(d->d_name) > 60 ? "long" : strchr(d->d_name, '\n') ? "odd" : d->d_name, d->d_type);
	if (!fstatat(dir, d->d_name, &s, AT_SYMLINK_NOFOLLOW) && s.st_ino != d->d_ino)
		out(" other number");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct dirent *)a)->d_name, ((const struct dirent *)b)->d_name);
}

static void out_entries(DIR *dir)
{
	static struct dirent all[256];
	struct dirent *d;
	size_t n = 0, i;

	while (n < COUNT_OF(all) && (d = readdir(dir)))
		memcpy(&all[n++], d, d->d_reclen);
	qsort(all, n, sizeof(*all), by_name);
	for (i = 0; i < n; i++)
		out_entry(dirfd(dir), &all[i]);
}

void do_list(void)
{
	unsigned int shown;
	int fd = some_fd(&shown), copy;
	const char *path = chance(50) ? "." : some_path();
	DIR *dir;

	if (chance(60)) {
		out_path(path);
		copy = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	} else {
		out(" %u", shown);
		copy = dup(fd);
		if (chance(50))
			out(" at %d", (int)lseek(copy, 0, SEEK_SET) < 0 ? -1 : 0);
	}
	out(" =");
	dir = fdopendir(copy);
	if (!dir) {
		out_result(-1);
		close(copy);
		return;
	}
	out_entries(dir);
	closedir(dir);
}

/* Make or remove every so manyth of the names that begin so. */
static void change_names(const char *prefix, unsigned int count, unsigned int stride, bool make)
{
	char path[64];
	unsigned int i;

	for (i = 0; i < count; i += stride) {
		snprintf(path, sizeof(path), "many/%s%u", prefix, i);
		if (make)
			close(open(path, O_CREAT | O_WRONLY, 0600));
		else
			unlink(path);
	}
}

/* Read on; *old counts names that were there from the beginning, as far as they stay. */
static void count_names(DIR *dir, unsigned int most, unsigned int *old)
{
	struct dirent *d;

	while (most-- && (d = readdir(dir)))
		if (!strncmp(d->d_name, "stays", 5))
			++*old;
}

/*
 * A folder of so many names that they come in parts; between the parts some go and come.
 * Those that stay are to be listed once each; the others may be or not.
 */
void do_list_changing(void)
{
	unsigned int count = 20 + below(50), stop = 1 + below(count), old = 0;
	DIR *dir;

	out(" %u %u =", count, stop);
	out_result(mkdir("many", 0777));
	change_names("stays-with-a-name-that-takes-room-", count, 1, true);
	change_names("goes", count, 2, true);
	dir = opendir("many");
	if (!dir)
		return;
	count_names(dir, stop, &old);
	change_names("goes", count, 4, false);
	change_names("comes", count, 3, true);
	count_names(dir, -1, &old);
	out(" %u", old);
	old = 0;
	rewinddir(dir);
	count_names(dir, -1, &old);
	out(" %u", old);
	closedir(dir);
	change_names("stays-with-a-name-that-takes-room-", count, 1, false);
	change_names("goes", count, 1, false);
	out_result(rmdir("many"));
	change_names("comes", count, 3, false);
	out_result(rmdir("many"));
}

void do_chdir(void)
{
	const char *path = some_path();
	char text[4096];

	out_path(path);
	out(" =");
	out_result(chdir(path));
	if (getcwd(text, sizeof(text)))
		out_path(text);
	else
		out_result(-1);
}

void do_io(void)
{
	unsigned int shown, what = below(6);
	int fd = some_fd(&shown);
	size_t n = below(600);
	char bytes[600];
	ssize_t r;

	pattern(bytes, n, rnd());
	out_call(" %u %u %zu", shown, what, n);
	switch (what) {
	case 0: r = read(fd, bytes, n); break;
	case 1: r = pread(fd, bytes, n, below(500)); break;
	case 2: r = pwrite(fd, bytes, n, below(500)); break;
	case 3: r = lseek(fd, below(2000), SEEK_SET); break;
	case 4: r = fsync(fd); break;
	default: r = write(fd, bytes, n);
	}
	out_result(what == 3 && r >= 0 ? 0 : r);
	if (what < 2 && r > 0)
		out_bytes(bytes, r);
	if (what == 2 || what == 5)
		out_stat(fd, "", AT_EMPTY_PATH);
}

void do_handle(void)
{
	struct {
		struct file_handle h;
		unsigned char room[128];
	} handle = { .h.handle_bytes = sizeof(handle.room) };
	const char *path = some_path();
	int mount, fd;

	out_path(path);
	out(" =");
	if (name_to_handle_at(AT_FDCWD, path, &handle.h, &mount, 0)) {
		out_result(-1);
		return;
	}
	fd = open_by_handle_at(AT_FDCWD, &handle.h, O_PATH);
	out_result(fd < 0 ? -1 : 0);
	if (fd >= 0)
		out_stat(fd, "", AT_EMPTY_PATH);
	close(fd);
}

// SPDX-License-Identifier: MIT
/* The data mode: what is in two files, by all the ways to it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "file.h"

struct open_file files[FILES];
unsigned char data[1 << 18];

static const char *const names[] = { "one", "one", "two" };

/* Rather one that is open. */
unsigned int some_file(void)
{
	unsigned int i = below(FILES), n;

	for (n = 0; n < 6 && files[i].fd < 0; n++)
		i = below(FILES);
	return i;
}

unsigned int empty_file(void)
{
	unsigned int i, at = below(FILES);

	for (i = 0; i < FILES && files[at].fd >= 0; i++)
		at = (at + 1) % FILES;
	if (files[at].fd >= 0)
		close(files[at].fd);
	files[at].fd = -1;
	return at;
}

/* Around the sizes of pages and blocks, and of what calls are cut into. */
size_t some_length(void)
{
	static const size_t edges[] = { 0, 1, 10, 511, 512, 4095, 4096, 4097, 8192, 16384, 65536, 100000 };

	return chance(50) ? PICK(edges) : chance(70) ? below(6000) : below(70000);
}

off_t some_offset(void)
{
	static const off_t edges[] = { 0, 0, 1, 512, 4095, 4096, 4097, 8192, 12288, 16384, 65536, 131072 };

	return chance(50) ? PICK(edges) : chance(95) ? (off_t)below(140000) : chance(50) ? -1 : 1ll << 40;
}

/* Where a descriptor is, and how long its file. */
void out_at(unsigned int i)
{
	struct stat s;

	out(" at %lld", (long long)lseek(files[i].fd, 0, SEEK_CUR));
	if (!fstat(files[i].fd, &s))
		out(" of %lld", (long long)s.st_size);
}

/* So many calls that the exceptionless door takes the file, if there is one. */
static void warm(int fd)
{
	char c;
	int n;

	for (n = 0; n < 10; n++)
		if (pread(fd, &c, 1, 0) < 0)
			break;
}

static void open_as(unsigned int i, const char *name, int flags)
{
	bool warmed = chance(60);

	out_call(" %u %s %#o%s", i, name, flags, warmed ? " warm" : "");
	files[i].fd = open(name, flags, 0666);
	files[i].flags = flags;
	out_result(files[i].fd < 0 ? -1 : 0);
	if (files[i].fd >= 0 && warmed)
		warm(files[i].fd);
}

void do_open(void)
{
	static const int access[] = { O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_WRONLY, O_RDWR | O_APPEND,
				      O_WRONLY | O_APPEND };
	static const int more[] = { O_TRUNC, O_SYNC, O_DSYNC, O_NONBLOCK, O_NOATIME, O_EXCL, O_CLOEXEC };

	open_as(empty_file(), PICK(names), PICK(access) | O_CREAT | (chance(20) ? PICK(more) : 0));
}

void do_close_file(void)
{
	unsigned int i = some_file();

	out_call(" %u", i);
	out_result(close(files[i].fd));
	files[i].fd = -1;
}

/* Another description of the same file, by /proc. */
void do_reopen(void)
{
	unsigned int i = some_file(), j;
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", files[i].fd);
	j = empty_file();
	out_call(" %u %u", i, j);
	files[j].fd = open(path, chance(70) ? O_RDWR : O_RDONLY);
	out_result(files[j].fd < 0 ? -1 : 0);
}

void do_dup_file(void)
{
	unsigned int i = some_file(), j = chance(50) ? empty_file() : some_file();
	int fd;

	out_call(" %u %u", i, j);
	if (files[j].fd >= 0)
		fd = dup2(files[i].fd, files[j].fd);
	else
		fd = dup(files[i].fd);
	out_result(fd < 0 ? -1 : 0);
	if (fd >= 0)
		files[j] = (struct open_file){ fd, files[i].flags };
}

/* The name goes, is replaced or comes back; what is open stays. */
void do_remove(void)
{
	const char *name = PICK(names);
	int r = chance(50) ? unlink(name) : rename("two", "one");

	out_call(" %s", name);
	out_result(r);
}

static const struct op ops[] = {
	{ "open", 8, do_open },
	{ "reopen", 2, do_reopen },
	{ "dup", 3, do_dup_file },
	{ "close", 4, do_close_file },
	{ "remove", 2, do_remove },
	{ "pwrite", 10, do_pwrite },
	{ "pread", 10, do_pread },
	{ "write", 10, do_file_write },
	{ "read", 10, do_file_read },
	{ "vector", 5, do_vector },
	{ "seek", 8, do_seek },
	{ "fcntl", 3, do_file_fcntl },
	{ "limit", 2, do_limit },
	{ "direct", 2, do_direct },
	{ "bits", 3, do_bits },
	{ "truncate", 6, do_ftruncate },
	{ "fallocate", 5, do_fallocate },
	{ "copy_file_range", 4, do_copy_range },
	{ "sendfile", 3, do_file_sendfile },
	{ "splice", 3, do_file_splice },
	{ "sync", 3, do_sync },
	{ "advise", 2, do_advise },
	{ "stat", 6, do_fstat },
	{ "ioctl", 2, do_file_ioctl },
	{ "map", 5, do_map },
	{ "unmap", 2, do_unmap },
	{ "store", 8, do_store },
	{ "load", 8, do_load },
	{ "msync", 2, do_msync },
	{ "protect", 1, do_protect },
	{ "lock", 5, do_lock },
	{ "flock", 2, do_flock },
	{ "lease", 2, do_lease },
	{ "lock block", 1, do_lock_block },
	{ "child", 4, do_file_child },
	{ "uring", 8, do_file_uring },
	{ "odd", 5, do_file_odd },
	{ "pass", 3, do_file_pass },
	{ "notify", 3, do_notify },
	{ "fanotify", 2, do_fanotify },
	{ "lease break", 2, do_lease_break },
};

static void begin(void)
{
	unsigned int i;

	for (i = 0; i < FILES; i++)
		files[i].fd = -1;
	maps_begin();
}

static void end(void)
{
	unsigned int i;

	for (i = 0; i < FILES; i++)
		close(files[i].fd);
	out_tree();
}

const struct mode data_mode = {
	.name = "data", .steps = 60, .openers = 1, .ops = ops, .count = COUNT_OF(ops), .begin = begin, .end = end,
};

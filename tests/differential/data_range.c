// SPDX-License-Identifier: MIT
/* Ranges of files, copies of them without a buffer, and what there is to know of a file. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "file.h"

void do_ftruncate(void)
{
	unsigned int i = some_file();
	off_t to = some_offset();

	out_call(" %u %lld", i, (long long)to);
	out_result(ftruncate(files[i].fd, to));
	out_at(i);
}

void do_fallocate(void)
{
	static const int modes[] = { 0, 0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				     FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE,
				     FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, 0x1000,
				     FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE };
	unsigned int i = some_file();
	int mode = PICK(modes);
	off_t at = some_offset();
	size_t n = some_length();

	if (at > 1 << 20)	/* of its own: there may be no room for it */
		at = -1;
	if (mode == FALLOC_FL_COLLAPSE_RANGE || mode == FALLOC_FL_INSERT_RANGE) {
		at &= chance(80) ? ~4095ll : -1ll;
		n = 4096 * below(4);
	}
	out_call(" %u %#x %lld %zu", i, mode, (long long)at, n);
	out_result(fallocate(files[i].fd, mode, at, n));
	out_at(i);
}

void do_copy_range(void)
{
	unsigned int i = some_file(), j = some_file();
	loff_t from = some_offset(), to = some_offset();
	bool by_position = chance(40);
	size_t n = some_length();

	out_call(" %u %lld %u %lld %zu%s", i, (long long)from, j, (long long)to, n, by_position ? " by position" : "");
	out_result(copy_file_range(files[i].fd, by_position ? NULL : &from, files[j].fd, by_position ? NULL : &to, n, 0));
	if (!by_position)
		out(" %lld %lld", (long long)from, (long long)to);
	out_at(i);
	out_at(j);
}

void do_file_sendfile(void)
{
	unsigned int i = some_file(), j = some_file();
	off_t from = some_offset();
	bool by_position = chance(40);
	size_t n = some_length();

	out_call(" %u %lld %u %zu%s", i, (long long)from, j, n, by_position ? " by position" : "");
	out_result(sendfile(files[j].fd, files[i].fd, by_position ? NULL : &from, n));
	out_at(i);
	out_at(j);
}

static bool same_file(int one, int two)
{
	struct stat a, b;

	return !fstat(one, &a) && !fstat(two, &b) && a.st_ino == b.st_ino;
}

/* Through a pipe, at most what it holds; not into itself, for the pipe may have the file's own pages. */
void do_file_splice(void)
{
	unsigned int i = some_file(), j = some_file();
	loff_t from = some_offset(), to = some_offset();
	size_t n = below(30000);
	int pipes[2];
	ssize_t r;

	if (same_file(files[i].fd, files[j].fd) || pipe2(pipes, O_NONBLOCK)) {
		out(" left out");
		return;
	}
	out_call(" %u %lld %u %lld %zu", i, (long long)from, j, (long long)to, n);
	r = splice(files[i].fd, &from, pipes[1], NULL, n, 0);
	out_result(r);
	if (r > 0)
		out_result(splice(pipes[0], NULL, files[j].fd, chance(50) ? &to : NULL, r, 0));
	out_at(j);
	close(pipes[0]);
	close(pipes[1]);
}

void do_sync(void)
{
	unsigned int i = some_file(), what = below(3);

	out_call(" %u %u", i, what);
	if (what == 0)
		out_result(fsync(files[i].fd));
	else if (what == 1)
		out_result(fdatasync(files[i].fd));
	else
		out_result(sync_file_range(files[i].fd, 0, 0, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));
}

void do_advise(void)
{
	static const int kinds[] = { POSIX_FADV_DONTNEED, POSIX_FADV_WILLNEED, POSIX_FADV_RANDOM, 99 };
	unsigned int i = some_file();
	int what = PICK(kinds);

	out_call(" %u %d", i, what);
	out(" %d", posix_fadvise(files[i].fd, 0, 0, what));
	out_result(readahead(files[i].fd, 0, 4096));
}

void do_fstat(void)
{
	unsigned int i = some_file();

	out_call(" %u", i);
	out_stat(files[i].fd, "", 0x1000);
}

void do_file_ioctl(void)
{
	static const struct {
		unsigned long number;
		const char *text;
	} kinds[] = {
		{ FIONREAD, "FIONREAD" }, { FIONREAD, "FIONREAD" }, { FS_IOC_GETFLAGS, "GETFLAGS" }, { FIGETBSZ, "FIGETBSZ" },
		{ FIONBIO, "FIONBIO" }, { FIOASYNC, "FIOASYNC" }, { FIOQSIZE, "FIOQSIZE" }, { TIOCGWINSZ, "TIOCGWINSZ" },
		{ FICLONE, "FICLONE" }, { 0x5421f00d, "none" },
	};
	unsigned int i = some_file(), k = below(COUNT_OF(kinds));
	int64_t value[4] = { 0 };
	int r;

	if (kinds[k].number == FICLONE)
		value[0] = files[i].fd;
	out_call(" %u %s", i, kinds[k].text);
	if (kinds[k].number == FICLONE)
		r = ioctl(files[i].fd, kinds[k].number, files[i].fd);
	else
		r = ioctl(files[i].fd, kinds[k].number, value);
	out_result(r);
	if (!r && kinds[k].number != FICLONE && kinds[k].number != FIOQSIZE)
		out(" %lld", (long long)value[0]);
}

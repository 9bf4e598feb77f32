// SPDX-License-Identifier: MIT
/* Reading, writing and seeking in the data mode. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "file.h"

static void *place(void)
{
	return faults && chance(15) ? bad_address() : data;
}

static void out_read(ssize_t r)
{
	out_result(r);
	if (r > 0)
		out_bytes(data, r);
}

void do_pwrite(void)
{
	unsigned int i = some_file();
	size_t n = some_length();
	off_t at = some_offset();

	pattern(data, n, rnd());
	out_call(" %u %zu at %lld", i, n, (long long)at);
	out_result(pwrite(files[i].fd, place(), n, at));
	out_signals();
	out_at(i);
}

void do_pread(void)
{
	unsigned int i = some_file();
	size_t n = some_length();
	off_t at = some_offset();

	out_call(" %u %zu at %lld", i, n, (long long)at);
	out_read(pread(files[i].fd, place(), n, at));
}

void do_file_write(void)
{
	unsigned int i = some_file();
	size_t n = some_length();

	pattern(data, n, rnd());
	out_call(" %u %zu", i, n);
	out_result(write(files[i].fd, place(), n));
	out_signals();
	out_at(i);
}

void do_file_read(void)
{
	unsigned int i = some_file();
	size_t n = some_length();

	out_call(" %u %zu", i, n);
	out_read(read(files[i].fd, place(), n));
	out_at(i);
}

static ssize_t vector_call(int fd, const struct iovec *v, int count, off_t at, unsigned int what)
{
	static const int flags[] = { 0, RWF_DSYNC, RWF_SYNC, RWF_HIPRI, RWF_APPEND, 0x1000 };
	int flag = what > 3 ? PICK(flags) : 0;

	out(" %#x", flag);
	switch (what) {
	case 0: return readv(fd, v, count);
	case 1: return writev(fd, v, count);
	case 2: return preadv(fd, v, count, at);
	case 3: return pwritev(fd, v, count, at);
	case 4: return preadv2(fd, v, count, at, flag);
	default: return pwritev2(fd, v, count, at, flag);
	}
}

void do_vector(void)
{
	unsigned int i = some_file(), what = below(6), k, count = below(5);
	off_t at = what > 3 && chance(30) ? -1 : some_offset();
	struct iovec v[5];
	size_t total = 0;
	ssize_t r;

	for (k = 0; k < count; k++) {
		size_t n = chance(20) ? 0 : below(9000);

		v[k] = (struct iovec){ data + total, n };
		total += n;
	}
	pattern(data, total, rnd());
	out_call(" %u %u %zu/%u at %lld", i, what, total, count, (long long)at);
	r = vector_call(files[i].fd, v, count, at, what);
	if (what & 1)
		out_result(r);
	else
		out_read(r);
	out_signals();
	out_at(i);
}

void do_seek(void)
{
	static const int kinds[] = { SEEK_SET, SEEK_SET, SEEK_CUR, SEEK_END, SEEK_END, SEEK_DATA, SEEK_HOLE, SEEK_DATA,
				     SEEK_HOLE, 9 };
	unsigned int i = some_file();
	int how = PICK(kinds);
	off_t to = some_offset(), r;

	if ((how == SEEK_CUR || how == SEEK_END) && chance(80))
		to = (off_t)below(8000) - 4000;
	out_call(" %u %lld %d", i, (long long)to, how);
	r = lseek(files[i].fd, to, how);
	out_result(r);
	if (r >= 0)
		out_at(i);
}

void do_file_fcntl(void)
{
	unsigned int i = some_file();
	int flags = (chance(40) ? O_APPEND : 0) | (chance(20) ? O_NONBLOCK : 0) | (chance(10) ? O_NOATIME : 0), r;

	if (chance(60)) {
		out_call(" %u SETFL %#o", i, flags);
		out_result(fcntl(files[i].fd, F_SETFL, flags));
	}
	r = fcntl(files[i].fd, F_GETFL);
	out(" GETFL");
	out_result(r < 0 ? -1 : 0);
	out(" %#o", r);
}

/* A write at the limit of a file's size; the limit is then lifted. */
void do_limit(void)
{
	static const rlim_t limits[] = { 0, 1, 100, 4096, 10000, 65536 };
	struct rlimit l = { PICK(limits), RLIM_INFINITY };

	out_call(" %llu", (unsigned long long)l.rlim_cur);
	out_result(setrlimit(RLIMIT_FSIZE, &l));
	(chance(40) ? do_pwrite : chance(40) ? do_file_write : chance(60) ? do_ftruncate : do_fallocate)();
	out_signals();
	l.rlim_cur = RLIM_INFINITY;
	out_result(setrlimit(RLIMIT_FSIZE, &l));
}

/* O_DIRECT between calls that are cached; what is not aligned is each file system's own matter. */
void do_direct(void)
{
	unsigned int i = some_file();
	size_t n = 4096 * below(5);
	off_t at = 4096 * below(10);
	void *p;
	ssize_t r;

	if (posix_memalign(&p, 4096, 1 << 16))
		return;
	out_call(" %u %zu at %lld", i, n, (long long)at);
	out_result(fcntl(files[i].fd, F_SETFL, O_DIRECT));
	if (chance(50)) {
		pattern(p, n, rnd());
		out_result(pwrite(files[i].fd, p, n, at));
	} else {
		r = pread(files[i].fd, p, n, at);
		out_result(r);
		if (r > 0)
			out_bytes(p, r);
	}
	out_result(fcntl(files[i].fd, F_SETFL, 0));
	free(p);
}

static void touch(int fd)
{
	switch (below(5)) {
	case 0: out(" write"); out_result(pwrite(fd, "x", 1, below(100))); break;
	case 1: out(" truncate"); out_result(ftruncate(fd, below(100))); break;
	case 2: out(" fallocate"); out_result(fallocate(fd, 0, 0, 100)); break;
	case 3: out(" chown"); out_result(fchown(fd, -1, USER)); break;
	default: out(" nothing written"); out_result(pwrite(fd, "x", 0, 0));
	}
}

/* What a change by a user, or by root, leaves of the bits that give rights. */
void do_bits(void)
{
	static const mode_t modes[] = { 06777, 04755, 02755, 02644, 06000, 01777 };
	static const char caps[20] = { 0, 0, 0, 2, 1 };
	unsigned int i = some_file();
	mode_t mode = PICK(modes);
	bool user = chance(60);

	out_call(" %u %04o%s", i, mode, user ? " user" : "");
	out_result(fchown(files[i].fd, chance(50) ? USER : 0, chance(50) ? USER : 0));
	out_result(fchmod(files[i].fd, mode));
	if (chance(40))
		out_result(fsetxattr(files[i].fd, "security.capability", caps, sizeof(caps), 0));
	if (user && seteuid(USER))
		out(" no user");
	touch(files[i].fd);
	if (seteuid(0))
		out(" no root");
	out_stat(files[i].fd, "", 0x1000);
	out(" caps");
	out_result(fgetxattr(files[i].fd, "security.capability", data, 100));
}

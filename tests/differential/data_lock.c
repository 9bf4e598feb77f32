// SPDX-License-Identifier: MIT
/* Locks and leases of files, and children that share positions. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "file.h"

static struct flock some_lock(void)
{
	static const short types[] = { F_RDLCK, F_WRLCK, F_WRLCK, F_UNLCK };
	static const short whence[] = { SEEK_SET, SEEK_CUR, SEEK_END };

	return (struct flock){
		.l_type = PICK(types), .l_whence = PICK(whence), .l_start = (off_t)below(300) - (chance(30) ? 200 : 0),
		.l_len = chance(30) ? 0 : chance(90) ? below(200) : -(off_t)below(200),
	};
}

static void out_lock(const struct flock *l)
{
	out(" (%d %d %lld %lld %s)", l->l_type, l->l_whence, (long long)l->l_start, (long long)l->l_len,
	    l->l_pid == -1 ? "-1" : l->l_pid == getpid() ? "own" : l->l_pid ? "other" : "0");
}

static void lock(unsigned int i, bool ofd, bool ask)
{
	struct flock l = some_lock();
	int r;

	out(" %u%s%s", i, ofd ? " ofd" : "", ask ? " ask" : "");
	out_lock(&l);
	out(" =");
	r = fcntl(files[i].fd, ask ? (ofd ? F_OFD_GETLK : F_GETLK) : (ofd ? F_OFD_SETLK : F_SETLK), &l);
	out_result(r);
	if (!r && ask)
		out_lock(&l);
}

static void lock_any(void)
{
	lock(some_file(), chance(40), chance(40));
}

/* By this process or by a child, whose locks go with it. */
void do_lock(void)
{
	if (chance(60))
		lock_any();
	else
		in_child(lock_any);
}

static void flock_any(void)
{
	static const int kinds[] = { LOCK_SH, LOCK_EX, LOCK_UN, LOCK_EX, 64 };
	unsigned int i = some_file();
	int kind = PICK(kinds);

	out_call(" %u %d", i, kind);
	out_result(flock(files[i].fd, kind | LOCK_NB));
}

void do_flock(void)
{
	if (chance(70))
		flock_any();
	else
		in_child(flock_any);
}

void do_lease(void)
{
	static const int kinds[] = { F_RDLCK, F_WRLCK, F_UNLCK };
	unsigned int i = some_file();
	int kind = PICK(kinds), r;

	out_call(" %u %d", i, kind);
	out_result(fcntl(files[i].fd, F_SETLEASE, kind));
	r = fcntl(files[i].fd, F_GETLEASE);
	out_result(r);
	if (r >= 0 && r != F_UNLCK)
		out_result(fcntl(files[i].fd, F_SETLEASE, F_UNLCK));
}

/* A child waits for a lock that this process has; it is interrupted, or the lock goes. */
static void wait_for_lock(void)
{
	struct flock l = { .l_type = F_WRLCK, .l_len = 10 };

	out_result(fcntl(files[some_file()].fd, F_SETLKW, &l));
}

void do_lock_block(void)
{
	struct flock l = { .l_type = F_WRLCK, .l_len = 10 };
	unsigned int i = some_file();

	out_call(" %u", i);
	out_result(fcntl(files[i].fd, F_SETLK, &l));
	in_child(wait_for_lock);
	l.l_type = F_UNLCK;
	out_result(fcntl(files[i].fd, F_SETLK, &l));
}

static void (*chosen)(void);

static void run_chosen(void)
{
	chosen();
}

/* Descriptors, and so positions, that a child has as well. */
void do_file_child(void)
{
	static void (*const steps[])(void) = { do_file_write, do_file_read, do_pwrite, do_pread, do_seek, do_ftruncate,
					       do_store, do_load, do_close_file, do_vector, do_fstat };

	chosen = PICK(steps);
	in_child(run_chosen);
}

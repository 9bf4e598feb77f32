// SPDX-License-Identifier: MIT
/* Mappings in the data mode. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file.h"

#define MAPS	3
#define PAGE	4096

/* @file: whose pages; what lies beyond its end is SIGBUS, and what the last page has there is not shown. */
static struct map {
	unsigned char *at;
	size_t size;
	off_t offset;
	int fd;
} maps[MAPS];

static sigjmp_buf back;

static void jump(int sig)
{
	siglongjmp(back, sig);
}

void maps_begin(void)
{
	struct sigaction act = { .sa_handler = jump };
	unsigned int i;

	sigaction(SIGBUS, &act, NULL);
	for (i = 0; i < MAPS; i++)
		maps[i] = (struct map){ .fd = -1 };
}

static void drop(struct map *m)
{
	if (m->at)
		munmap(m->at, m->size);
	close(m->fd);
	*m = (struct map){ .fd = -1 };
}

void do_map(void)
{
	struct map *m = &PICK(maps);
	unsigned int i = some_file();
	int flags = chance(70) ? MAP_SHARED : MAP_PRIVATE, prot = PROT_READ | (chance(80) ? PROT_WRITE : 0);
	size_t size = PAGE * (1 + below(20));
	off_t offset = chance(95) ? PAGE * below(5) : 100;
	void *p;

	drop(m);
	if (flags == MAP_SHARED && chance(20))
		flags |= MAP_POPULATE;
	out_call(" %d of %u %zu at %lld %#x %d", (int)(m - maps), i, size, (long long)offset, flags, prot);
	p = mmap(NULL, size, prot, flags, files[i].fd, offset);
	out_result(p == MAP_FAILED ? -1 : 0);
	if (p != MAP_FAILED)
		*m = (struct map){ p, size, offset, dup(files[i].fd) };
}

void do_unmap(void)
{
	unsigned int i = below(MAPS);

	out(" %u", i);
	drop(&maps[i]);
}

/* The part of a range that is within the file. */
static size_t within(const struct map *m, size_t at, size_t n)
{
	struct stat s;
	off_t left;

	if (fstat(m->fd, &s))
		return 0;
	left = s.st_size - m->offset - (off_t)at;
	if (left <= 0)
		return 0;
	return (off_t)n < left ? n : (size_t)left;
}

/* A range to use, begun anywhere; now and then one beyond the file's end. */
static size_t choose(const struct map *m, size_t *at)
{
	size_t n = some_length();

	*at = below(m->size);
	if (n > m->size - *at)
		n = m->size - *at;
	return n;
}

static void access_map(bool store)
{
	struct map *m = &PICK(maps);
	size_t at, n, valid;
	int sig;

	if (!m->at) {
		out(" none");
		return;
	}
	n = choose(m, &at);
	valid = within(m, at, n);
	pattern(data, n, rnd());
	out_call(" %d %zu at %zu", (int)(m - maps), n, at);
	sig = sigsetjmp(back, 1);
	if (sig)
		out(" killed by %d", sig);
	else if (store)
		memcpy(m->at + at, data, valid ? valid : n ? 1 : 0);
	else
		memcpy(data, m->at + at, valid ? valid : n ? 1 : 0);
	if (!sig && !store)
		out_bytes(data, valid);
}

static void on_segv(bool on)
{
	struct sigaction act = { .sa_handler = on ? jump : SIG_DFL };

	sigaction(SIGSEGV, &act, NULL);
}

void do_store(void)
{
	on_segv(true);
	access_map(true);
	on_segv(false);
}

void do_load(void)
{
	on_segv(true);
	access_map(false);
	on_segv(false);
}

void do_msync(void)
{
	static const int kinds[] = { MS_SYNC, MS_ASYNC, MS_INVALIDATE, MS_SYNC | MS_ASYNC };
	struct map *m = &PICK(maps);
	int flags = PICK(kinds);

	out_call(" %d %d", (int)(m - maps), flags);
	out_result(msync(m->at, m->size, flags));
}

/* Protection, and what private and shared pages do with advice. */
void do_protect(void)
{
	struct map *m = &PICK(maps);
	bool read_only = chance(50), drop_pages = chance(50);

	out_call(" %d%s", (int)(m - maps), read_only ? " read only" : "");
	if (!m->at) {
		out(" none");
		return;
	}
	out_result(mprotect(m->at, m->size, PROT_READ | (read_only ? 0 : PROT_WRITE)));
	if (drop_pages)
		out_result(madvise(m->at, m->size, MADV_DONTNEED));
}

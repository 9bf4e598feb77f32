/* SPDX-License-Identifier: MIT */
/* Reads and writes of a file that is in a cache; names; threads. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define FILE_SIZE	(16u << 20)
#define MAX_THREADS	64

struct place {
	int fd;
	char *buf;
	size_t size;
	off_t pos;
	bool grows;
};

/* The file to read, made and read through once; opened with @flags. */
static int cached_file(char *path, size_t len, int flags)
{
	char *buf = room(1 << 20);
	struct stat st;
	size_t done;
	int fd;

	snprintf(path, len, "%s/vosbench.data", opt.dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	must(fd >= 0 && !fstat(fd, &st), path);
	if (st.st_size < FILE_SIZE) {
		for (done = 0; done < FILE_SIZE; done += 1 << 20)
			must(pwrite(fd, buf, 1 << 20, done) == 1 << 20, "filling the file");
		must(!fsync(fd), "fsync");
	}
	for (done = 0; done < FILE_SIZE; done += 1 << 20)
		must(pread(fd, buf, 1 << 20, done) == 1 << 20, "reading the file");
	close(fd);
	fd = open(path, O_RDWR | flags);
	must(fd >= 0, path);
	return fd;
}

static void next(struct place *p)
{
	p->pos += p->size;
	if (p->pos + p->size > FILE_SIZE)
		p->pos = 0;
}

static void op_pread(void *context)
{
	struct place *p = context;

	must(pread(p->fd, p->buf, p->size, p->pos) == (ssize_t)p->size, "pread");
	if (p->grows)
		keep_growing(p->fd);
	next(p);
}

static void op_pwrite(void *context)
{
	struct place *p = context;

	must(pwrite(p->fd, p->buf, p->size, p->pos) == (ssize_t)p->size, "pwrite");
	next(p);
}

/* See GROWTH in bench.h. */
void make_it_grow(int fd)
{
	char byte = 'v';
	struct stat st;
	int i;

	must(!fstat(fd, &st), "fstat");
	for (i = 0; i < GROWTH; i++)
		must(pwrite(fd, &byte, 1, st.st_size + i) == 1, "pwrite");
}

void grow(int fd)
{
	struct stat st;

	must(!fstat(fd, &st) && pwrite(fd, "v", 1, st.st_size) == 1, "pwrite");
}

static int by_size(const char *what, int flags, bool grows, void (*op)(void *))
{
	char path[256], name[64];
	struct place p = { .fd = cached_file(path, sizeof(path), flags), .buf = room(2 << 20) };
	size_t i;

	p.grows = grows;
	if (grows)
		make_it_grow(p.fd);
	for (i = 0; opt.sizes[i]; i++) {
		p.size = opt.sizes[i];
		p.pos = 0;
		snprintf(name, sizeof(name), "%s %s", what, size_name(p.size));
		measure(name, p.size, 1, op, &p);
	}
	close(p.fd);
	return 0;
}

int group_pread(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return by_size("pread", 0, false, op_pread);
}

/* The same of a file that grows. */
int group_preadgrow(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return by_size("pread", 0, true, op_pread);
}

int group_pwrite(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return by_size("pwrite", 0, false, op_pwrite);
}

/*
 * Past the primary's page cache: each is forwarded by the trap door too, and answered
 * from the service's. A system with a disk of its own would read from that.
 */
int group_direct(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return by_size("pread past the cache", O_DIRECT, false, op_pread);
}

static char name_of_file[256];

static void op_create_unlink(void *unused)
{
	int fd = open(name_of_file, O_RDWR | O_CREAT | O_EXCL, 0600);

	(void)unused;
	must(fd >= 0, name_of_file);
	close(fd);
	must(!unlink(name_of_file), "unlink");
}

static void op_stat(void *unused)
{
	struct stat st;

	(void)unused;
	must(!stat(name_of_file, &st), "stat");
}

static void op_open_close(void *unused)
{
	int fd = open(name_of_file, O_RDONLY);

	(void)unused;
	must(fd >= 0, "open");
	close(fd);
}

int group_files(int argc, char **argv)
{
	int fd;

	(void)argc;
	(void)argv;
	snprintf(name_of_file, sizeof(name_of_file), "%s/vosbench.name", opt.dir);
	unlink(name_of_file);
	measure("create + close + unlink", 0, 3, op_create_unlink, NULL);
	fd = open(name_of_file, O_RDWR | O_CREAT, 0600);
	must(fd >= 0, name_of_file);
	close(fd);
	measure("stat", 0, 1, op_stat, NULL);
	measure("open + close", 0, 2, op_open_close, NULL);
	unlink(name_of_file);
	return 0;
}

struct crew {
	unsigned int threads;
	unsigned long each;
	struct place place[MAX_THREADS];
};

static void *worker(void *context)
{
	struct place *p = context;
	unsigned long n = p->pos;		/* handed over here; see work_together() */

	for (p->pos = 0; n; n--)
		op_pread(p);
	return NULL;
}

static void work_together(unsigned long n, void *context)
{
	struct crew *crew = context;
	pthread_t id[MAX_THREADS];
	unsigned int i;

	for (i = 0; i < crew->threads; i++) {
		crew->place[i].pos = (n + crew->threads - 1) / crew->threads;
		must(!pthread_create(&id[i], NULL, worker, &crew->place[i]), "thread");
	}
	for (i = 0; i < crew->threads; i++)
		pthread_join(id[i], NULL);
}

int group_threads(int argc, char **argv)
{
	char path[256], name[64];
	int fd = cached_file(path, sizeof(path), 0);
	struct crew crew;
	unsigned int t, i;

	(void)argc;
	(void)argv;
	for (t = 0; opt.threads[t]; t++) {
		crew.threads = opt.threads[t] < MAX_THREADS ? opt.threads[t] : MAX_THREADS;
		for (i = 0; i < crew.threads; i++)
			crew.place[i] = (struct place){ .fd = fd, .buf = room(4096), .size = 4096 };
		snprintf(name, sizeof(name), "pread 4 KiB, %u thread%s", crew.threads, crew.threads > 1 ? "s" : "");
		measure_many(name, 4096, 1, work_together, &crew);
	}
	close(fd);
	return 0;
}

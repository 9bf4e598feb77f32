/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Snapshots of this machine: see gather.h.
 *
 * A thread may end between the reading of its account and that of its processor time. It then
 * has no line of the latter.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gather.h"
#include "snapshot.h"

#define PATH_SIZE	512
#define NSEC		1000000000LL

const struct vp_places vp_places_real = { "/sys/kernel/virtuos", "/proc" };

/* Add a file's bytes, @max at most. Return: 0 or -1. */
static int add_file(const char *path, size_t max, struct vp_text *t)
{
	char buf[16384];
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	while (max && (n = read(fd, buf, max < sizeof(buf) ? max : sizeof(buf))) > 0) {
		vp_text_bytes(t, buf, (size_t)n);
		max -= (size_t)n;
	}
	close(fd);
	return n < 0 ? -1 : 0;
}

/* Add "KEY VALUE" for a file that holds one short line; nothing, if there is no such file. */
static void add_value(const char *dir, const char *key, struct vp_text *t)
{
	struct vp_text value = { 0 };
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", dir, key);
	if (!add_file(path, 64, &value) && value.len) {
		value.buf[strcspn(value.buf, "\n")] = 0;
		vp_text_add(t, "%s %s\n", key, value.buf);
	}
	vp_text_free(&value);
}

static int is_entry(const struct dirent *d)
{
	return *d->d_name != '.';
}

static void add_service(const char *sys, const char *name, struct vp_text *t)
{
	struct dirent **files;
	char dir[PATH_SIZE];
	int i, n;

	snprintf(dir, sizeof(dir), "%s/%s", sys, name);
	n = scandir(dir, &files, is_entry, alphasort);
	if (n < 0)		/* a file */
		return;
	vp_text_add(t, "service %s\n", name);
	for (i = 0; i < n; i++) {
		add_value(dir, files[i]->d_name, t);
		free(files[i]);
	}
	free(files);
}

static int add_services(const char *sys, struct vp_text *t)
{
	struct dirent **dirs;
	int i, n = scandir(sys, &dirs, is_entry, alphasort);

	if (n < 0)
		return -1;
	for (i = 0; i < n; i++) {
		add_service(sys, dirs[i]->d_name, t);
		free(dirs[i]);
	}
	free(dirs);
	return 0;
}

/* Its name in the second field may have any characters, so fields are counted behind it. */
static bool parse_cpu(const char *stat, uint64_t *ns)
{
	const char *end = strrchr(stat, ')');
	uint64_t user, system;

	if (!end || sscanf(end, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
			   &user, &system) != 2)
		return false;
	*ns = (user + system) * ((uint64_t)NSEC / (uint64_t)sysconf(_SC_CLK_TCK));
	return true;
}

static void add_cpu(const char *proc, unsigned int tid, unsigned int tgid, struct vp_text *t)
{
	struct vp_text stat = { 0 };
	char path[PATH_SIZE];
	uint64_t ns;

	snprintf(path, sizeof(path), "%s/%u/task/%u/stat", proc, tgid, tid);
	if (!add_file(path, 4096, &stat) && stat.len && parse_cpu(stat.buf, &ns))
		vp_text_add(t, "cpu %u %u %" PRIu64 "\n", tgid, tid, ns);
	vp_text_free(&stat);
}

/* A thread has a line for each service; the lines of one stand together. */
static void add_cpus(const char *proc, const char *threads, struct vp_text *t)
{
	unsigned int tid, tgid, last = 0;
	const char *line;

	for (line = threads; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%u %u ", &tid, &tgid) == 2 && tid != last) {
			add_cpu(proc, tid, tgid, t);
			last = tid;
		}
	}
}

static void add_threads(const char *proc, struct vp_text *t)
{
	struct vp_text threads = { 0 };
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/virtuos/threads", proc);
	if (!add_file(path, VP_SNAPSHOT_MAX / 2, &threads)) {
		vp_text_add(t, "threads\n");
		vp_text_bytes(t, threads.buf ? threads.buf : "", threads.len);
		if (threads.len && threads.buf[threads.len - 1] != '\n')
			vp_text_add(t, "\n");
		add_cpus(proc, threads.buf, t);
	}
	vp_text_free(&threads);
}

int vp_gather(const struct vp_places *p, struct vp_text *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	vp_text_add(t, VP_SNAPSHOT_BEGIN "monotonic_ns %lld\n", now.tv_sec * NSEC + now.tv_nsec);
	add_value(p->sys, "tsc_khz", t);
	if (add_services(p->sys, t))
		return -1;
	add_threads(p->proc, t);
	vp_text_add(t, VP_SNAPSHOT_END);
	return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int vp_gather_stream(const struct vp_places *p, double seconds, unsigned int count, int fd)
{
	const struct timespec pause = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * NSEC),
	};
	struct vp_text t = { 0 };
	struct timespec next;
	unsigned int i;
	int r = 0;

	for (i = 0; !r && (!count || i < count); i++) {
		if (i)
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
		vp_text_clear(&t);
		r = vp_gather(p, &t) ? -1 : 0;
		/* What is read is never closer in time, however long the reading took. */
		clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_sec += pause.tv_sec + (next.tv_nsec + pause.tv_nsec) / NSEC;
		next.tv_nsec = (next.tv_nsec + pause.tv_nsec) % NSEC;
		if (!r)
			r = write_all(fd, t.buf, t.len);
	}
	vp_text_free(&t);
	return r;
}

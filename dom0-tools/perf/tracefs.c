/* SPDX-License-Identifier: GPL-2.0-only */
/* An instance of tracefs: see tracefs.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mounts.h"
#include "tracefs.h"

#define TRACEFS		"/sys/kernel/tracing"
#define BUFFER_KIB	"4096"		/* of each processor */
#define PATH_SIZE	256
#define PAGE		4096u
#define PAGES_AT_ONCE	4096u
#define TEXT_SIZE	16384u

static const struct {
	const char *system, *name;
} points[VP_WHATS] = {
	[VP_SUBMIT]		= { "virtuos", "call_submit" },
	[VP_DONE]		= { "virtuos", "call_done" },
	[VP_WAIT_BEGIN]		= { "virtuos", "wait_begin" },
	[VP_WAIT_END]		= { "virtuos", "wait_end" },
	[VP_LINK_DOWN]		= { "virtuos", "link_down" },
	[VP_LINK_UP]		= { "virtuos", "link_up" },
	[VP_RECOVER_BEGIN]	= { "virtuos", "recover_begin" },
	[VP_RECOVER_END]	= { "virtuos", "recover_end" },
	[VP_FORK]		= { "sched", "sched_process_fork" },
};

static void __attribute__((format(printf, 2, 3))) make_path(char path[PATH_SIZE],
							     const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, PATH_SIZE, fmt, ap);
	va_end(ap);
}

static int put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, value, strlen(value));

	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

static int put_in(const struct vp_tracefs *t, const char *file, const char *value)
{
	char path[PATH_SIZE];

	make_path(path, "%s/%s", t->dir, file);
	return put(path, value);
}

/* Return: its bytes, of which text[] has all but what is too much; -1. */
static ssize_t get(const char *path, char text[TEXT_SIZE])
{
	size_t len = 0;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	while (len < TEXT_SIZE - 1 && (n = read(fd, text + len, TEXT_SIZE - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = 0;
	return n < 0 ? -1 : (ssize_t)len;
}

static int make_instance(struct vp_tracefs *t)
{
	if (vp_mounts_need("tracefs", TRACEFS, TRACEFS "/instances")) {
		fprintf(stderr, "virtuos-perf: %s: %s\n", TRACEFS, strerror(errno));
		return -1;
	}
	if (access(TRACEFS "/events/virtuos/call_submit", F_OK)) {
		fprintf(stderr, "virtuos-perf: this kernel has no tracepoints virtuos:*: it is no primary of VirtuOS, or an old one\n");
		return -1;
	}
	snprintf(t->dir, sizeof(t->dir), TRACEFS "/instances/virtuos-%d", (int)getpid());
	if (!mkdir(t->dir, 0700))
		return 0;
	fprintf(stderr, "virtuos-perf: %s: %s\n", t->dir, strerror(errno));
	*t->dir = 0;
	return -1;
}

/* Return: 0 or -1. Kinds of events that an older kernel lacks are left out. */
static int turn_on(struct vp_tracefs *t, enum vp_what what)
{
	static char text[TEXT_SIZE];
	char path[PATH_SIZE];

	t->format[what].id = -1;
	make_path(path, "%s/events/%s/%s/format", t->dir, points[what].system, points[what].name);
	if (get(path, text) < 0)
		return 0;
	make_path(path, "%s/events/%s/%s/enable", t->dir, points[what].system, points[what].name);
	return vp_format_parse(text, &t->format[what]) || put(path, "1");
}

static int open_cpus(struct vp_tracefs *t)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);
	char path[PATH_SIZE];
	int fd;

	for (long i = 0; i < n && t->cpus < VP_TRACE_CPUS; i++) {
		make_path(path, "%s/per_cpu/cpu%ld/trace_pipe_raw", t->dir, i);
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0)
			t->fd[t->cpus++] = fd;
	}
	return t->cpus ? 0 : -1;
}

int vp_tracefs_open(struct vp_tracefs *t, struct vp_timeline *to)
{
	int r, i;

	*t = (struct vp_tracefs){ .to = to };
	if (make_instance(t))
		return -1;
	r = put_in(t, "trace_clock", "x86-tsc") || put_in(t, "buffer_size_kb", BUFFER_KIB) ||
	    open_cpus(t);
	for (i = 0; !r && i < VP_WHATS; i++)
		r = turn_on(t, (enum vp_what)i);
	if (!r)
		return 0;
	fprintf(stderr, "virtuos-perf: cannot turn tracepoints on: %s\n", strerror(errno));
	return -1;
}

static void fill(const struct vp_format *f, const void *data, size_t n, struct vp_point *e)
{
#define GET(name) vp_format_get(f, #name, data, n)
	e->tid = (uint32_t)GET(common_pid);
	e->child = (uint32_t)GET(child_pid);
	e->service = (uint8_t)GET(service);
	e->op = (uint8_t)GET(op);
	e->chan = (uint16_t)GET(chan);
	e->tag = (uint32_t)GET(tag);
	e->obj = (uint32_t)GET(obj);
	e->bytes = (uint32_t)GET(bytes);
	e->ticks = (uint32_t)GET(ticks);
	e->status = (int32_t)GET(status);
	e->wait = (uint64_t)GET(wait);
	e->result = GET(result);
#undef GET
}

static void take_event(uint64_t time, const void *data, size_t n, void *arg)
{
	struct vp_tracefs *t = arg;
	struct vp_point e = { .tsc = time };
	uint16_t id;
	int i;

	if (n < sizeof(id))
		return;
	memcpy(&id, data, sizeof(id));
	for (i = 0; i < VP_WHATS; i++)
		if (t->format[i].id == id) {
			e.what = (enum vp_what)i;
			fill(&t->format[i], data, n, &e);
			vp_timeline_event(t->to, &e);
			return;
		}
}

unsigned int vp_tracefs_take(struct vp_tracefs *t)
{
	char page[PAGE];
	unsigned int i, pages = 0;
	ssize_t n;

	for (i = 0; i < t->cpus; i++)
		while (pages < PAGES_AT_ONCE && (n = read(t->fd[i], page, sizeof(page))) > 0) {
			t->to->counts.lost += vp_page_read(page, (size_t)n, take_event, t);
			pages++;
		}
	return pages;
}

/* Lines "TID NAME": those threads that ran while something was traced. */
static void take_names(struct vp_timeline *to)
{
	static char text[TEXT_SIZE];
	char *line, *rest = text, *name;

	if (get(TRACEFS "/saved_cmdlines", text) < 0)
		return;
	while ((line = strsep(&rest, "\n"))) {
		name = strchr(line, ' ');
		if (name)
			vp_timeline_name(to, (uint32_t)strtoul(line, NULL, 10), name + 1);
	}
}

void vp_tracefs_stop(struct vp_tracefs *t)
{
	unsigned int i;

	put_in(t, "tracing_on", "0");
	/* A buffer is not longer than that. */
	for (i = 0; i < t->cpus && vp_tracefs_take(t); i++)
		;
	take_names(t->to);
}

void vp_tracefs_close(struct vp_tracefs *t)
{
	unsigned int i;

	for (i = 0; i < t->cpus; i++)
		close(t->fd[i]);
	t->cpus = 0;
	if (*t->dir)
		rmdir(t->dir);
}

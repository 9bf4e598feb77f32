/* SPDX-License-Identifier: GPL-2.0-only */
/* Orders to virtuosd: see control.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"

enum order { OR_NONE, OR_UP, OR_FAILED_UP, OR_DOWN, OR_KILL, OR_RESTART };

struct client {
	int fd;			/* -1 = free */
	char line[128];
	size_t len;
	enum order order;	/* what it waits for */
	struct dom *dom;
	long generation;	/* of dom, when the order came */
	bool fresh;		/* nothing was up when the order came */
};

static int listener = -1;
static struct client clients[CONTROL_MAX];

static void drop(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	memset(c, 0, sizeof(*c));
	c->fd = -1;
}

/* A client that does not read its answer is not waited for. */
static void answer(struct client *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void answer(struct client *c, const char *fmt, ...)
{
	char line[1200];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if (n >= (int)sizeof(line) - 1)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	(void)!send(c->fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void finish(struct client *c, const char *error)
{
	if (error)
		answer(c, "error %s", error);
	else
		answer(c, "ok");
	drop(c);
}

/* Send a log line to each client that waits. */
static void relay_log(const char *line)
{
	int i;

	for (i = 0; i < CONTROL_MAX; i++)
		if (clients[i].fd >= 0 && clients[i].order != OR_NONE)
			answer(&clients[i], "log %s", line);
}

int control_open(const char *system)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char path[VD_PATH_MAX];
	int i;

	for (i = 0; i < CONTROL_MAX; i++)
		clients[i].fd = -1;
	vd_run_path(path, system, "sock");
	if (strlen(path) >= sizeof(a.sun_path)) {
		vd_log("%s: path too long", path);
		return -1;
	}
	strcpy(a.sun_path, path);
	unlink(path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	umask(0077);
	if (listener < 0 || bind(listener, (struct sockaddr *)&a, sizeof(a)) ||
	    listen(listener, CONTROL_MAX)) {
		vd_log("%s: %s", path, strerror(errno));
		return -1;
	}
	umask(0022);
	vd_log_hook(relay_log);
	return 0;
}

void control_close(const char *system)
{
	char path[VD_PATH_MAX];
	int i;

	vd_log_hook(NULL);
	vd_run_path(path, system, "sock");
	unlink(path);
	for (i = 0; i < CONTROL_MAX; i++)
		drop(&clients[i]);
	close(listener);
}

int control_poll(struct pollfd *p)
{
	int i, n = 0;

	p[n++] = (struct pollfd){ .fd = listener, .events = POLLIN };
	for (i = 0; i < CONTROL_MAX; i++)
		p[n++] = (struct pollfd){ .fd = clients[i].fd, .events = POLLIN };
	return n;
}

bool control_busy(void)
{
	int i;

	for (i = 0; i < CONTROL_MAX; i++)
		if (clients[i].fd >= 0)
			return true;
	return false;
}

static void accept_client(void)
{
	int i, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (i = 0; i < CONTROL_MAX; i++) {
		if (clients[i].fd >= 0)
			continue;
		clients[i].fd = fd;
		return;
	}
	close(fd);
}

static void order_dom(struct machine *m, struct client *c, enum order order,
		      const char *name)
{
	struct dom *d = machine_find(m, name);
	int r;

	if (!d) {
		finish(c, "no such domain");
		return;
	}
	c->order = order;
	c->dom = d;
	c->generation = d->st.generation;
	r = order == OR_KILL ? machine_kill(m, d) : machine_restart(m, d);
	if (r)
		finish(c, "not done");
}

static void carry_out(struct machine *m, struct client *c)
{
	if (m->going_down && strcmp(c->line, "down")) {
		finish(c, "the system is going down");
	} else if (!strcmp(c->line, "ping")) {
		finish(c, NULL);
	} else if (!strcmp(c->line, "up")) {
		c->order = OR_UP;
		c->fresh = !machine_is_up(m);
		machine_up(m);
	} else if (!strcmp(c->line, "down")) {
		c->order = OR_DOWN;
		machine_down(m);
	} else if (!strncmp(c->line, "kill ", 5)) {
		order_dom(m, c, OR_KILL, c->line + 5);
	} else if (!strncmp(c->line, "restart ", 8)) {
		order_dom(m, c, OR_RESTART, c->line + 8);
	} else {
		finish(c, "unknown order");
	}
}

static void read_client(struct machine *m, struct client *c)
{
	ssize_t n = read(c->fd, c->line + c->len, sizeof(c->line) - 1 - c->len);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || c->order != OR_NONE) {
		/*
		 * The client is gone, or its line is not an order. An earlier
		 * order of it is carried out all the same.
		 */
		drop(c);
		return;
	}
	c->len += (size_t)n;
	c->line[c->len] = 0;
	end = strchr(c->line, '\n');
	if (end) {
		*end = 0;
		carry_out(m, c);
	} else if (c->len == sizeof(c->line) - 1) {
		drop(c);
	}
}

void control_events(struct machine *m, const struct pollfd *p, int n)
{
	int i;

	for (i = 1; i < n; i++)
		if (p[i].revents && clients[i - 1].fd == p[i].fd)
			read_client(m, &clients[i - 1]);
	if (n && p[0].revents)
		accept_client();
}

/* If all domains run, answer ok. If one cannot be had, take everything down again. */
static void answer_up(struct machine *m, struct client *c)
{
	int i;

	if (!machine_stable(m))
		return;
	for (i = 0; i < m->n_doms; i++) {
		if (m->dom[i].phase == PH_RUNNING)
			continue;
		if (c->fresh) {
			/* The answer follows when that is done. */
			c->order = OR_FAILED_UP;
			machine_down(m);
		} else {
			finish(c, "not everything could be started");
		}
		return;
	}
	finish(c, NULL);
}

static const char *gone_text(enum order order)
{
	switch (order) {
	case OR_DOWN:
		return NULL;
	case OR_FAILED_UP:
		return "not everything could be started; nothing is left running";
	default:
		return "the system went down";
	}
}

static void answer_dom(struct client *c)
{
	struct dom *d = c->dom;

	if (d->phase == PH_FAILED)
		finish(c, "failed");
	else if (c->order == OR_KILL && (d->phase != PH_WORKING || d->destroyed))
		finish(c, NULL);
	else if (c->order == OR_RESTART && d->phase == PH_RUNNING &&
		 d->st.generation != c->generation)
		finish(c, NULL);
}

void control_answer(struct machine *m)
{
	struct client *c;
	int i;

	for (i = 0; i < CONTROL_MAX; i++) {
		c = &clients[i];
		if (c->fd < 0 || c->order == OR_NONE)
			continue;
		if (m->gone)
			finish(c, gone_text(c->order));
		else if (c->order == OR_UP && m->going_down)
			finish(c, "the system is going down");
		else if (c->order == OR_UP)
			answer_up(m, c);
		else if (c->order == OR_KILL || c->order == OR_RESTART)
			answer_dom(c);
	}
}

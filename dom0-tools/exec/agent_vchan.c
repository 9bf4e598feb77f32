/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions over libxenvchan. The client in dom0 makes the node data/virtuos/exec/<name>/request
 * in this domain's part of xenstore. A handler process offers a vchan at
 * data/virtuos/exec/<name>/vchan. It serves the vchan until either end closes it.
 *
 * Invariant: one handler per <name>. When the handler has ended, however that happened, the
 * node goes. Only the parent removes nodes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent_vchan.h"
#include "bus.h"
#include "../common/rendezvous.h"
#include "session.h"
#include "stream.h"

#define MAX_SESSIONS	64
#define CLIENT_WAIT_MS	10000	/* for a client to connect to what it asked for */
#define CLOSE_WAIT_MS	5000	/* for the client to let go of our pages */

struct slot {
	pid_t pid;		/* 0 = free */
	char name[VX_NAME_MAX + 1];
};

static struct slot slots[MAX_SESSIONS];

static struct slot *find_slot(const char *name)
{
	int i;

	for (i = 0; i < MAX_SESSIONS; i++)
		if (slots[i].pid && !strcmp(slots[i].name, name))
			return &slots[i];
	return NULL;
}

static struct slot *free_slot(void)
{
	int i;

	for (i = 0; i < MAX_SESSIONS; i++)
		if (!slots[i].pid)
			return &slots[i];
	return NULL;
}

/* Wait until the vchan is in another state than @state, at most @ms. */
static int wait_state(struct vx_stream *st, int state, int ms)
{
	struct pollfd p = { 0 };
	struct timespec t;
	int64_t now, until = 0;
	int s;

	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
		if (!until)
			until = now + ms;
		s = vx_stream_vchan_state(st);
		if (s != state || now >= until)
			return s;
		st->ops->poll(st, false, &p);
		/* Check now and then, in case the event came before the poll. */
		if (poll(&p, 1, 250) > 0)
			st->ops->woken(st, p.revents);
	}
}

static void __attribute__((noreturn)) handler(const char *name)
{
	char path[128];
	struct vx_stream *st;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	vx_session_block_signals();
	snprintf(path, sizeof(path), "%s/%s/vchan", VX_EXEC_DIR, name);
	st = vx_stream_vchan_server(0, path);
	if (!st) {
		fprintf(stderr, "virtuos-agent: cannot offer a vchan: %s\n",
			strerror(errno));
		_exit(1);
	}
	if (wait_state(st, 0, CLIENT_WAIT_MS) == 1) {
		vx_session_run(st, true);
		wait_state(st, 1, CLOSE_WAIT_MS);
	}
	st->ops->close(st);
	_exit(0);
}

static bool is_requested(struct bus *bus, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s/request", VX_EXEC_DIR, name);
	return vx_bus_exists(bus, path);
}

static void start_session(struct bus *bus, const char *name)
{
	struct slot *slot;

	if (!vx_name_ok(name) || find_slot(name) || !is_requested(bus, name))
		return;
	slot = free_slot();
	if (!slot)
		return;		/* tried again when a session ends */
	slot->pid = fork();
	if (!slot->pid)
		handler(name);
	if (slot->pid < 0) {
		perror("virtuos-agent: fork");
		slot->pid = 0;
		return;
	}
	snprintf(slot->name, sizeof(slot->name), "%s", name);
}

static void scan(struct bus *bus)
{
	char names[BUS_PAYLOAD_MAX + 1], *name;
	size_t len;

	bus->changed = false;
	if (vx_bus_directory(bus, VX_EXEC_DIR, names, &len))
		return;		/* dom0 has not made it yet; the watch will tell */
	for (name = names; name < names + len; name += strlen(name) + 1)
		start_session(bus, name);
}

static void reap(struct bus *bus)
{
	char path[128];
	pid_t pid;
	int i;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		for (i = 0; i < MAX_SESSIONS; i++) {
			if (slots[i].pid != pid)
				continue;
			snprintf(path, sizeof(path), "%s/%s", VX_EXEC_DIR,
				 slots[i].name);
			vx_bus_rm(bus, path);
			slots[i].pid = 0;
			bus->changed = true;	/* there is room for one more */
		}
	}
}

static void read_signals(int sigfd)
{
	struct signalfd_siginfo info;

	while (read(sigfd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGTERM)
			exit(0);	/* the handlers get SIGTERM by our death */
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int lost(const char *what)
{
	fprintf(stderr, "virtuos-agent: %s: %s\n", what, strerror(errno));
	return 1;
}

int vx_agent_vchan(void)
{
	int sigfd = open_signals();
	struct pollfd p[2];
	struct bus bus;

	if (vx_bus_open(&bus) || vx_bus_watch(&bus, VX_EXEC_DIR))
		return lost("cannot use xenstore");
	for (;;) {
		reap(&bus);
		while (bus.changed)
			scan(&bus);
		p[0] = (struct pollfd){ .fd = sigfd, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = bus.fd, .events = POLLIN };
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return lost("poll");
		if (p[0].revents)
			read_signals(sigfd);
		if (p[1].revents && vx_bus_events(&bus))
			return lost("xenstore");
	}
}

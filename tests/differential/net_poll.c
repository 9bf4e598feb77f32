// SPDX-License-Identifier: MIT
/* Masks: poll, select, epoll. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "net.h"

static int instance = -1;

static const char *const event_names[] = { "IN", "PRI", "OUT", "ERR", "HUP", "NVAL", "RDNORM", "RDBAND", "WRNORM",
					   "WRBAND", "RDHUP", "ET", "ONESHOT", "EXCLUSIVE" };
static const unsigned long event_bits[] = { POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL, POLLRDNORM,
					    POLLRDBAND, POLLWRNORM, POLLWRBAND, POLLRDHUP, EPOLLET, EPOLLONESHOT,
					    EPOLLEXCLUSIVE };

void out_events(unsigned int events)
{
	out_flags(events, event_names, event_bits, COUNT_OF(event_bits));
}

static unsigned int some_events(void)
{
	unsigned int events = chance(50) ? POLLIN | POLLOUT | POLLPRI | POLLRDHUP : 0;

	if (!events) {
		events = (chance(70) ? POLLIN : 0) | (chance(50) ? POLLOUT : 0) | (chance(30) ? POLLPRI : 0) |
			(chance(30) ? POLLRDHUP : 0) | (chance(20) ? POLLRDNORM | POLLRDBAND | POLLWRNORM : 0);
	}
	return events;
}

/* All of them at once, without waiting or for a short time. */
void do_poll(void)
{
	struct pollfd p[SLOTS];
	unsigned int i;
	int wait = chance(70) ? 0 : 20;

	for (i = 0; i < SLOTS; i++)
		p[i] = (struct pollfd){ .fd = slots[i].fd, .events = some_events() };
	out_call(" %d", wait);
	out_result(poll(p, SLOTS, wait));
	for (i = 0; i < SLOTS; i++) {
		if (!p[i].revents)
			continue;
		out(" %u", i);
		out_events(p[i].revents);
	}
}

static void add_some(fd_set *set, int *top)
{
	unsigned int i;

	FD_ZERO(set);
	for (i = 0; i < SLOTS; i++) {
		if (slots[i].fd < 0 || chance(20))
			continue;
		FD_SET(slots[i].fd, set);
		if (slots[i].fd >= *top)
			*top = slots[i].fd + 1;
	}
}

static void out_set(const char *name, const fd_set *set)
{
	unsigned int i;

	out(" %s", name);
	for (i = 0; i < SLOTS; i++)
		if (slots[i].fd >= 0 && FD_ISSET(slots[i].fd, set))
			out(" %u", i);
}

void do_select(void)
{
	struct timeval wait = { };
	fd_set in, writable, except;
	int top = 0, r;

	add_some(&in, &top);
	add_some(&writable, &top);
	add_some(&except, &top);
	out(" =");
	r = select(top, &in, &writable, &except, &wait);
	out_result(r);
	if (r < 0)
		return;
	out_set("in", &in);
	out_set("out", &writable);
	out_set("except", &except);
}

void do_epoll_ctl(void)
{
	static const int ops[] = { EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL };
	static const unsigned int rare[] = { EPOLLET, EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT, EPOLLEXCLUSIVE };
	unsigned int i = some_slot();
	int op = PICK(ops);
	struct epoll_event e = { .events = some_events() | (chance(60) ? PICK(rare) : 0), .data.u32 = i };

	if (instance < 0)
		instance = epoll_create1(EPOLL_CLOEXEC);
	out(" %u %d", i, op);
	out_events(e.events);
	out(" =");
	out_result(epoll_ctl(instance, op, slots[i].fd, &e));
}

static int by_slot(const void *a, const void *b)
{
	const struct epoll_event *x = a, *y = b;

	if (x->data.u32 != y->data.u32)
		return x->data.u32 < y->data.u32 ? -1 : 1;
	return x->events < y->events ? -1 : x->events > y->events;
}

/* Sorted, for the order is that of events that came at about the same time. */
void do_epoll_wait(void)
{
	struct epoll_event e[2 * SLOTS];
	int wait = chance(70) ? 0 : 20, n, i;

	out_call(" %d", wait);
	n = epoll_wait(instance, e, COUNT_OF(e), wait);
	out_result(n);
	if (n > 0)
		qsort(e, n, sizeof(*e), by_slot);
	for (i = 0; i < n; i++) {
		out(" %u", e[i].data.u32);
		out_events(e[i].events);
	}
}

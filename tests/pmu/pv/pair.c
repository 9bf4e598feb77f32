// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two domains by turns, by one event channel: each exchange() of the first one is two
 * switches of vCPUs, where both have one processor. Whoever waits asks Xen at least once,
 * so that each turn has the same instructions.
 */
#include "pv.h"

#include <xen/event_channel.h>
#include <xen/sched.h>

#define PING_DOMAIN	1	/* Xen counts domains from 1, in the order of their creation */
#define PONG_DOMAIN	2
#define MAX_PORT	16	/* the builder gives a domain fewer than that */

static int port;

static void yield(void)
{
	hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
}

static void pair_send(void)
{
	struct evtchn_send send = { .port = port };

	hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (unsigned long)&send);
}

static void pair_wait(void)
{
	evtchn_port_t one = port;
	struct sched_poll poll = { .nr_ports = 1 };

	set_xen_guest_handle(poll.ports, &one);
	do
		hypercall2(__HYPERVISOR_sched_op, SCHEDOP_poll, (unsigned long)&poll);
	while (!event_pending(port));
}

/* Return: 0, or Xen's error. */
int pair_ping(void)
{
	struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = PONG_DOMAIN };
	long ret = hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, (unsigned long)&alloc);

	if (ret)
		return (int)ret;
	port = alloc.port;
	pair_wait();
	return 0;
}

/* Of the first one's ports, Xen binds the one alone that was made for this domain. */
int pair_pong(void)
{
	struct evtchn_bind_interdomain bind = { .remote_dom = PING_DOMAIN, .remote_port = 1 };

	while (hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, (unsigned long)&bind)) {
		bind.remote_port = bind.remote_port % MAX_PORT + 1;
		yield();
	}
	port = bind.local_port;
	event_pending(port);		/* Xen sets it, for what may have been lost */
	pair_send();
	return 0;
}

/* The other one's turn, and back. */
void exchange(int ping)
{
	if (ping)
		pair_send();
	pair_wait();
	if (!ping)
		pair_send();
}

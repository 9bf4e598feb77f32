// SPDX-License-Identifier: GPL-2.0
/*
 * close() of a socket that holds an address does not wait for the service. The next caller that
 * needs an address waits: its call may use another channel and be served before the release. It
 * waits for the sockets that were closed before it began, and no others.
 *
 * If the other end is in the same stack, Linux's close() is over when that end knows of it. A
 * program relies on that, so here close() waits for the answer, but not for long.
 *
 * Invariant: a socket is on a list from its close() until the service has forgotten it or died.
 * Each list is in the order of the turns, so its first one tells whether a caller has to wait.
 */
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include "vnet.h"

static DEFINE_SPINLOCK(closing_lock);		/* the lists, and turns */
static DECLARE_WAIT_QUEUE_HEAD(closing_wait);
static LIST_HEAD(named);	/* those with an address that a program has chosen */
static LIST_HEAD(chosen);	/* those with a port that the service has chosen, and no more */
static u64 last_turn;

#define SEEN_WAIT	HZ		/* of one close() at most */
#define SEEN_PAUSE	(10 * HZ)	/* after one that has waited in vain, others do not wait */

static unsigned long seen_again = INITIAL_JIFFIES;	/* when the pause ends */

/**
 * vnet_closing_begin - note that the release of a socket with an address is about to be sent
 * @vs: socket that its user has closed
 *
 * Context: any.
 */
void vnet_closing_begin(struct vnet_sock *vs)
{
	unsigned long flags;

	spin_lock_irqsave(&closing_lock, flags);
	vs->turn = ++last_turn;
	list_add_tail(&vs->closing, vs->port && !vs->bound_len ? &chosen : &named);
	spin_unlock_irqrestore(&closing_lock, flags);
}

/**
 * vnet_closing_end - note that the service does not know a socket any more
 * @vs: any socket
 *
 * Context: any.
 */
void vnet_closing_end(struct vnet_sock *vs)
{
	unsigned long flags;

	/*
	 * No other thread has the socket. close() alone puts it on a list, and only this takes
	 * it off.
	 */
	if (list_empty(&vs->closing))
		return;
	spin_lock_irqsave(&closing_lock, flags);
	list_del_init(&vs->closing);
	spin_unlock_irqrestore(&closing_lock, flags);
	wake_up_all(&closing_wait);
}

static bool list_ended(struct list_head *list, u64 turn)
{
	const struct vnet_sock *first = list_first_entry_or_null(list, struct vnet_sock, closing);

	return !first || first->turn > turn;
}

/* Test whether the releases up to @turn have ended. @all: those of chosen ports as well */
static bool ended(u64 turn, bool all)
{
	bool yes;

	spin_lock_irq(&closing_lock);
	yes = list_ended(&named, turn) && (!all || list_ended(&chosen, turn));
	spin_unlock_irq(&closing_lock);
	return yes;
}

/**
 * vnet_closing_wait - wait until the addresses of sockets closed by now are free
 * @all: ports as well that the service has chosen. Programs seldom name one of these
 *
 * Context: process.
 * Return: 0; -ERESTARTSYS: killed.
 */
int vnet_closing_wait(bool all)
{
	u64 turn;

	/* A caller that knows of a close() sees the lists as that close() left them. */
	if (list_empty_careful(&named) && (!all || list_empty_careful(&chosen)))
		return 0;
	spin_lock_irq(&closing_lock);
	turn = last_turn;
	spin_unlock_irq(&closing_lock);
	return wait_event_killable(closing_wait, ended(turn, all));
}

/**
 * vnet_closing_is_seen - test whether a close() shows to another socket of the same stack at once
 * @vs: the socket, not released yet
 *
 * Those that wait for a listener's accept() hear of its end.
 *
 * Context: any.
 * Return: true: vnet_closing_seen() has to follow its release.
 */
bool vnet_closing_is_seen(const struct vnet_sock *vs)
{
	return READ_ONCE(vs->phase) == VNET_LISTENING ||
	       vos_obj_poll(vnet.session, vs->index, vs->gen) & VOS_POLL_LOCAL;
}

/**
 * vnet_closing_seen - wait until the service has closed a socket
 * @vs: the socket, released; the caller has a reference
 *
 * A service that does not answer holds the first caller up, and not a process with many sockets.
 *
 * Context: process.
 */
void vnet_closing_seen(struct vnet_sock *vs)
{
	if (current->flags & PF_KTHREAD || time_before(jiffies, READ_ONCE(seen_again)))
		return;
	if (!wait_for_completion_killable_timeout(&vs->gone, SEEN_WAIT))
		WRITE_ONCE(seen_again, jiffies + SEEN_PAUSE);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Which sessions there are, and which link each has in use. session.c makes and ends sessions,
 * and puts links into use.
 */
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include "session.h"

unsigned int vos_restart_timeout = 30;
module_param_named(restart_timeout, vos_restart_timeout, uint, 0644);
MODULE_PARM_DESC(restart_timeout, "seconds that calls wait for a service domain that is down");

/*
 * Protects the sessions, the devices, and which link is whose. It is the first lock in order
 * (core_priv.h).
 */
DEFINE_MUTEX(vos_mutex);
LIST_HEAD(vos_sessions);

/**
 * vos_session_find - find the session with a service
 * @name: the service
 *
 * Context: vos_mutex is held.
 * Return: the session or NULL.
 */
struct vos_session *vos_session_find(const char *name)
{
	struct vos_session *s;

	lockdep_assert_held(&vos_mutex);
	list_for_each_entry(s, &vos_sessions, node)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

/**
 * vos_sessions_tell_clock - have the primary's time sent to all service domains
 *
 * Context: process.
 */
void vos_sessions_tell_clock(void)
{
	struct vos_session *s;

	mutex_lock(&vos_mutex);
	list_for_each_entry(s, &vos_sessions, node)
		mod_delayed_work(s->wq, &s->clock_work, 0);
	mutex_unlock(&vos_mutex);
}

/**
 * vos_session_link_ready - put a link into use soon
 * @link: the peer has mapped it and serves it
 *
 * Context: process.
 */
void vos_session_link_ready(struct vos_link *link)
{
	struct vos_session *s = link->session;
	struct vos_link *old;

	vos_link_get(link);
	vos_poll_begin(link);
	spin_lock_irq(&s->lock);
	old = s->next;
	s->next = link;
	spin_unlock_irq(&s->lock);
	if (old)
		vos_link_put(old);
	queue_work(s->wq, &s->work);
}

/**
 * vos_session_link_dead - stop lending a link that has just died
 * @link: the link
 *
 * The session's work calls the user's down() soon.
 *
 * Context: process.
 */
void vos_session_link_dead(struct vos_link *link)
{
	struct vos_session *s = link->session;

	spin_lock_irq(&s->lock);
	if (vos_session_in_use(s) == link)
		WRITE_ONCE(s->state, VOS_SESSION_DOWN);
	spin_unlock_irq(&s->lock);
	queue_work(s->wq, &s->work);
}

/*
 * Test whether @link, which was just read from @s, is open for a caller with @flags. The state
 * is read after the link, and the death after the state. If the state is a later link's, this
 * link is found dead.
 */
static bool is_open(struct vos_session *s, struct vos_link *link, u32 flags)
{
	enum vos_session_state state;

	smp_rmb();	/* the link before the state */
	state = READ_ONCE(s->state);
	smp_rmb();	/* the state before the link's death */
	return !READ_ONCE(link->dead) &&
	       (state == VOS_SESSION_UP ||
		(state == VOS_SESSION_RECOVERING && (flags & VOS_GET_RECOVERY)));
}

/*
 * Get the link in use with a reference, if it is open for a caller with @flags.
 * Return: the link or NULL.
 */
static struct vos_link *link_if_open(struct vos_session *s, u32 flags)
{
	struct vos_link *link;

	rcu_read_lock();
	link = rcu_dereference(s->link);
	if (link && (!is_open(s, link, flags) || !kref_get_unless_zero(&link->ref)))
		link = NULL;
	rcu_read_unlock();
	return link;
}

static bool open_or_closing(struct vos_session *s, u32 flags, struct vos_link **link)
{
	*link = link_if_open(s, flags);
	return *link || READ_ONCE(s->closing);
}

/**
 * vos_session_link_get - get the link to use; wait for one if the flags allow
 * @s: the session
 * @flags: VOS_GET_*
 *
 * Context: process. With VOS_GET_NOWAIT, VOS_GET_UP_ONLY or VOS_GET_RECOVERY: any.
 * Return: the link with a reference; ERR_PTR(-ENOTCONN, -ERESTARTSYS).
 */
struct vos_link *vos_session_link_get(struct vos_session *s, u32 flags)
{
	struct vos_link *link = link_if_open(s, flags);
	unsigned long timeout = READ_ONCE(vos_restart_timeout) * HZ;
	u64 since;
	long left;

	if (link)
		return link;
	if (flags & (VOS_GET_NOWAIT | VOS_GET_UP_ONLY | VOS_GET_RECOVERY))
		return ERR_PTR(-ENOTCONN);
	since = ktime_get_ns();
	if (flags & VOS_GET_KILLABLE)
		left = wait_event_killable_timeout(s->up_wait, open_or_closing(s, flags, &link),
						   timeout);
	else
		left = wait_event_interruptible_timeout(s->up_wait,
							open_or_closing(s, flags, &link),
							timeout);
	vos_account_note_outage(ktime_get_ns() - since);
	if (link)
		return link;
	return ERR_PTR(left < 0 ? -ERESTARTSYS : -ENOTCONN);
}

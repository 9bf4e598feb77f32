// SPDX-License-Identifier: GPL-2.0
/*
 * Look-up of sessions, and of the link that each has in use. session.c makes and ends
 * sessions, and puts links into use.
 */
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include "session.h"

unsigned int vos_restart_timeout = 30;
module_param_named(restart_timeout, vos_restart_timeout, uint, 0644);
MODULE_PARM_DESC(restart_timeout, "seconds that calls wait for a service domain that is down");

/* Of the sessions and devices, and of which link is whose; first in order (core_priv.h). */
DEFINE_MUTEX(vos_mutex);
LIST_HEAD(vos_sessions);

/* The session with the service @name, or NULL. */
struct vos_session *vos_session_find(const char *name)
{
	struct vos_session *s;

	lockdep_assert_held(&vos_mutex);
	list_for_each_entry(s, &vos_sessions, node)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

/* The clock has been set. */
void vos_sessions_tell_clock(void)
{
	struct vos_session *s;

	mutex_lock(&vos_mutex);
	list_for_each_entry(s, &vos_sessions, node)
		mod_delayed_work(s->wq, &s->clock_work, 0);
	mutex_unlock(&vos_mutex);
}

/*
 * vos_session_link_ready - the peer has mapped and serves @link
 */
void vos_session_link_ready(struct vos_link *link)
{
	struct vos_session *s = link->session;
	struct vos_link *old;

	vos_link_get(link);
	vos_look_begin(link);
	spin_lock_irq(&s->lock);
	old = s->next;
	s->next = link;
	spin_unlock_irq(&s->lock);
	if (old)
		vos_link_put(old);
	queue_work(s->wq, &s->work);
}

/* @link has just died: stop lending it, tell the user soon. */
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
 * Is @link, which was just read from @s, open for a caller with @flags? State after
 * link, death after state: a state that is a later link's finds this one dead.
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

/* The link in use, with a reference, if it is open for a caller with @flags. */
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

/*
 * vos_session_link_get - the link to use, waiting for one if the flags allow
 * Return: the link with a reference; ERR_PTR(-ENOTCONN, -ERESTARTSYS).
 */
struct vos_link *vos_session_link_get(struct vos_session *s, u32 flags)
{
	struct vos_link *link = link_if_open(s, flags);
	unsigned long timeout = READ_ONCE(vos_restart_timeout) * HZ;
	long left;

	if (link)
		return link;
	if (flags & (VOS_GET_NOWAIT | VOS_GET_UP_ONLY | VOS_GET_RECOVERY))
		return ERR_PTR(-ENOTCONN);
	if (flags & VOS_GET_KILLABLE)
		left = wait_event_killable_timeout(s->up_wait, open_or_closing(s, flags, &link),
						   timeout);
	else
		left = wait_event_interruptible_timeout(s->up_wait,
							open_or_closing(s, flags, &link),
							timeout);
	if (link)
		return link;
	return ERR_PTR(left < 0 ? -ERESTARTSYS : -ENOTCONN);
}

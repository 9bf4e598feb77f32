// SPDX-License-Identifier: GPL-2.0
/*
 * Sessions, which outlast a service domain. A session has at most one link in use and one that
 * waits to be announced (session_link.c). Its ordered work queue calls the user's down() and
 * up() strictly in turn.
 */
#include <linux/export.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include "session.h"
#include "vos_trace.h"

/*
 * Take a dead link out of use.
 * Return: the link, for down(), or NULL.
 */
static struct vos_link *retire_link(struct vos_session *s)
{
	struct vos_link *link;

	spin_lock_irq(&s->lock);
	link = vos_session_in_use(s);
	if (link && READ_ONCE(link->dead)) {
		WRITE_ONCE(s->state, VOS_SESSION_DOWN);
		RCU_INIT_POINTER(s->link, NULL);
		s->epoch++;
		s->died++;
	} else {
		link = NULL;
	}
	spin_unlock_irq(&s->lock);
	return link;
}

/*
 * Put the next link into use, at first for recovery only.
 * Return: the link or NULL.
 */
static struct vos_link *adopt_link(struct vos_session *s)
{
	struct vos_link *link = NULL;

	spin_lock_irq(&s->lock);
	if (!vos_session_in_use(s) && s->next && !s->closing) {
		link = s->next;
		s->next = NULL;
		WRITE_ONCE(s->state, VOS_SESSION_RECOVERING);
		link->epoch = ++s->epoch;
		/*
		 * The state before the link: a caller that sees the link does not see the last
		 * link's state.
		 */
		rcu_assign_pointer(s->link, link);
	}
	spin_unlock_irq(&s->lock);
	return link;
}

static void open_for_all(struct vos_session *s, struct vos_link *link)
{
	spin_lock_irq(&s->lock);
	if (vos_session_in_use(s) == link && !READ_ONCE(link->dead))
		WRITE_ONCE(s->state, VOS_SESSION_UP);
	spin_unlock_irq(&s->lock);
	wake_up_all(&s->up_wait);
	if (s->ops->room)
		s->ops->room(s);
}

static void session_work(struct work_struct *work)
{
	struct vos_session *s = container_of(work, struct vos_session, work);
	/* Reclaim would wait for calls that wait for the end of this. */
	unsigned int noio = memalloc_noio_save();
	struct vos_link *link;

	for (;;) {
		link = retire_link(s);
		if (link) {
			trace_link_down(s->service, link->epoch);
			pr_info("virtuos: %s: service domain lost\n", s->name);
			if (s->ops->down)
				s->ops->down(s);
			vos_link_put(link);
			continue;
		}
		link = adopt_link(s);
		if (!link)
			break;
		vos_clock_link_up(s);
		trace_recover_begin(s->service, link->epoch);
		if (s->ops->up)
			s->ops->up(s);
		trace_recover_end(s->service, link->epoch);
		open_for_all(s, link);
		trace_link_up(s->service, link->epoch);
		pr_info("virtuos: %s: service domain in use\n", s->name);
	}
	memalloc_noio_restore(noio);
}

static struct vos_session *session_alloc(const char *name, const struct vos_session_ops *ops,
					 void *priv, u32 nr_objects, u32 arena_pages)
{
	struct vos_session *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;
	strscpy(s->name, name, sizeof(s->name));
	s->ops = ops;
	s->priv = priv;
	s->nr_objects = nr_objects;
	s->arena_pages = arena_pages;
	s->service = ops->service;
	spin_lock_init(&s->lock);
	spin_lock_init(&s->uchan_lock);
	INIT_LIST_HEAD(&s->uchans);
	init_waitqueue_head(&s->up_wait);
	INIT_WORK(&s->work, session_work);
	vos_clock_init_session(s);
	s->wq = alloc_ordered_workqueue("virtuos-%s", WQ_MEM_RECLAIM, name);
	if (s->wq)
		return s;
	kfree(s);
	return NULL;
}

/*
 * Show the session in sysfs, and let devices find it. If that fails, free it.
 * Return: 0, -EBUSY, -ENOMEM.
 */
static int session_publish(struct vos_session *s)
{
	int rc = -EBUSY;

	mutex_lock(&vos_mutex);
	if (!vos_session_find(s->name)) {
		rc = vos_stats_add(s);
		if (!rc)
			rc = vos_link_keep_room(s);
		if (!rc)
			list_add_tail(&s->node, &vos_sessions);
	}
	mutex_unlock(&vos_mutex);
	if (!rc) {
		vos_records_add(s);
		return 0;
	}
	destroy_workqueue(s->wq);
	if (rc == -EBUSY)
		kfree(s);
	else
		kobject_put(&s->kobj);
	return rc;
}

struct vos_session *vos_session_get(const char *name, const struct vos_session_ops *ops,
				    void *priv, u32 nr_objects, u32 arena_pages)
{
	struct vos_session *s;
	int rc;

	if (strlen(name) >= sizeof(s->name) || nr_objects > VOS_MAX_OBJECTS ||
	    nr_objects % 64 || !arena_pages ||
	    arena_pages > VOS_MAX_ARENA_PAGES - VOS_ENTRIES * VOS_INLINE / VOS_PAGE_SIZE)
		return ERR_PTR(-EINVAL);
	s = session_alloc(name, ops, priv, nr_objects, arena_pages);
	if (!s)
		return ERR_PTR(-ENOMEM);
	rc = session_publish(s);
	if (rc)
		return ERR_PTR(rc);
	vos_xenbus_session_new(name);
	return s;
}
EXPORT_SYMBOL_GPL(vos_session_get);

void vos_session_put(struct vos_session *s)
{
	struct vos_link *next;

	mutex_lock(&vos_mutex);
	WRITE_ONCE(s->closing, true);
	wake_up_all(&s->up_wait);
	vos_xenbus_session_gone(s);
	list_del(&s->node);
	mutex_unlock(&vos_mutex);

	/* All links are dead now. The work calls down() for the last one. */
	flush_workqueue(s->wq);
	vos_door->session_gone(s);
	vos_records_remove(s);
	vos_clock_exit_session(s);
	destroy_workqueue(s->wq);
	spin_lock_irq(&s->lock);
	next = s->next;
	s->next = NULL;
	spin_unlock_irq(&s->lock);
	if (next)
		vos_link_put(next);
	vos_grants_keep(s, 0);
	kobject_del(&s->kobj);
	/* Doors may ask a provider's session for its link, until it is withdrawn. */
	synchronize_rcu();
	kobject_put(&s->kobj);
}
EXPORT_SYMBOL_GPL(vos_session_put);

void *vos_session_priv(struct vos_session *s)
{
	return s->priv;
}
EXPORT_SYMBOL_GPL(vos_session_priv);

const char *vos_session_name(struct vos_session *s)
{
	return s->name;
}
EXPORT_SYMBOL_GPL(vos_session_name);

u32 vos_session_epoch(struct vos_session *s)
{
	return READ_ONCE(s->epoch);
}
EXPORT_SYMBOL_GPL(vos_session_epoch);

bool vos_session_is_up(struct vos_session *s)
{
	return READ_ONCE(s->state) == VOS_SESSION_UP;
}
EXPORT_SYMBOL_GPL(vos_session_is_up);

u32 vos_session_max_extent(struct vos_session *s)
{
	return vos_max_extent(s);
}
EXPORT_SYMBOL_GPL(vos_session_max_extent);

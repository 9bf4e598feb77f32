// SPDX-License-Identifier: GPL-2.0
/*
 * What a service domain says of itself: its own sums of what it has charged, and what its
 * processors did besides. A service that lies spoils these figures and no others.
 */
#include <virtuos/peer.h>
#include "core_priv.h"

static void add_told(struct vos_told *told, const struct vos_ctrl __peer *ctrl)
{
	told->calls += vos_load(&ctrl->calls);
	told->ticks += vos_load(&ctrl->called);
	told->wait += vos_load(&ctrl->waited);
	told->polled += vos_load(&ctrl->polled);
	told->running_ns += vos_load(&ctrl->running_ns);
}

/**
 * vos_told_keep - keep what the service of a link that dies has said last
 * @link: the link
 *
 * Context: the session's lock is held.
 */
void vos_told_keep(struct vos_link *link)
{
	lockdep_assert_held(&link->session->lock);
	add_told(&link->session->told, link->ctrl);
}

/**
 * vos_session_told - sum what all incarnations of a service have said
 * @s: the session
 * @told: filled
 *
 * Context: process.
 */
void vos_session_told(struct vos_session *s, struct vos_told *told)
{
	struct vos_link *link;

	spin_lock_irq(&s->lock);
	*told = s->told;
	link = rcu_dereference_protected(s->link, lockdep_is_held(&s->lock));
	if (link && !link->kept)
		add_told(told, link->ctrl);
	spin_unlock_irq(&s->lock);
}

static u64 kernel_calls(const struct vos_link *link)
{
	u64 calls = 0;
	u32 i;

	for (i = 0; i < link->nr_channels; i++)
		calls += READ_ONCE(link->chan[i].stats.completions);
	return calls;
}

/**
 * vos_told_doors - test whether a service has charged user channels more than is known
 * @s: the session
 *
 * Context: process.
 * Return: true: by the service's own sums it has answered calls on lanes that it was not asked
 * of yet.
 */
bool vos_told_doors(struct vos_session *s)
{
	struct vos_link *link;
	s64 news = 0;

	spin_lock_irq(&s->lock);
	link = rcu_dereference_protected(s->link, lockdep_is_held(&s->lock));
	if (link && !link->dead)
		news = vos_load(&link->ctrl->calls) - kernel_calls(link) -
		       READ_ONCE(link->door_calls);
	spin_unlock_irq(&s->lock);
	return news > 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * User channels: memory of the primary that a process and a service domain share.
 *
 * close.c has how they end.
 *
 * Invariant: a channel's pages go back to the allocator only after its grants have ended. These
 * are ended only when the service has unmapped the pages (UCHAN_CLOSE) or is dead. A channel's
 * number is given to another channel of the link only after UCHAN_CLOSE was answered.
 */
#include <linux/idr.h>
#include <linux/slab.h>
#include "door_priv.h"

/*
 * Get the arena bytes of a lane: whole pages. Lanes and log together stay below
 * VOS_UCHAN_MAX_PAGES.
 */
static u32 lane_bytes(void)
{
	return clamp(READ_ONCE(vdoor_lane_kib), 4u, 256u) / 4u * 4096u;
}

/*
 * Get the size of the log: a power of two, for its positions run freely. 0: there is none, and
 * writes trap.
 */
static u32 log_kib(const struct vdoor_uchan *uc)
{
	u32 kib = min(READ_ONCE(vdoor_log_kib), 1024u);

	return uc->service == VOS_DOOR_STORAGE && kib >= 4 ? rounddown_pow_of_two(kib) : 0;
}

static void lay_out(struct vdoor_uchan *uc)
{
	u32 log = log_kib(uc);

	uc->nr_lanes = clamp(READ_ONCE(vdoor_lanes), 1u, VOS_UCHAN_MAX_LANES);
	uc->lane_bytes = lane_bytes();
	uc->arena_pages = (uc->nr_lanes * uc->lane_bytes + log * 1024u) >> PAGE_SHIFT;
}

/**
 * vdoor_uchan_dead - test whether a channel's link has died
 * @uc: the channel
 *
 * Context: any.
 * Return: true if it has.
 */
bool vdoor_uchan_dead(const struct vdoor_uchan *uc)
{
	return READ_ONCE(uc->link->dead);
}

/**
 * vdoor_uchan_call - get a call to the channel's own link, on a kernel channel
 * @uc: the channel
 * @opcode: VOS_OP_*
 * @len0: bytes of the first extent, or 0
 * @flags: VOS_GET_*
 *
 * Context: process. With VOS_GET_NOWAIT: any.
 * Return: the call, or ERR_PTR: -ERESTARTSYS, -ENOBUFS and others of vos_call_get(). -ENOTCONN:
 * the link is dead.
 */
struct vos_call *vdoor_uchan_call(struct vdoor_uchan *uc, u8 opcode, u32 len0, u32 flags)
{
	struct vos_call *call = vos_call_get(uc->link->session, len0, 0, flags | VOS_GET_UP_ONLY);

	if (IS_ERR(call))
		return call;
	if (call->chan->link != uc->link) {
		vos_call_put(call);
		return ERR_PTR(-ENOTCONN);
	}
	call->sqe.opcode = opcode;
	return call;
}

/*
 * Note that the service has answered. Once the call was submitted the channel may be open,
 * whatever the answer. @opening ends with the answer.
 */
static void open_ended(struct vdoor_uchan *uc)
{
	WRITE_ONCE(uc->opening, false);
	vdoor_uchan_kick(uc);
	vdoor_uchan_put(uc);
}

/* Note an answer that comes after the opener was killed. Any context. */
static void open_orphan(struct vos_call *call)
{
	struct vdoor_uchan *uc = call->priv;

	vos_call_put(call);
	open_ended(uc);
}

static void fill_open(struct vos_call *call, struct vdoor_uchan *uc)
{
	vos_peer_write(call->data[0], uc->area.refs,
		       uc->area.nr_pages * sizeof(*uc->area.refs));
	call->sqe.arg[0] = uc->id;
	call->sqe.arg[1] = uc->nr_lanes | (u64)uc->arena_pages << 32;
	call->priv = uc;
	call->orphan = open_orphan;
}

static int tell_open(struct vdoor_uchan *uc)
{
	struct vos_call *call = vdoor_uchan_call(uc, VOS_OP_UCHAN_OPEN,
						 uc->area.nr_pages * sizeof(u32), 0);
	int rc;

	if (IS_ERR(call))
		return PTR_ERR(call);
	fill_open(call, uc);
	uc->open = true;
	uc->opening = true;
	vdoor_uchan_get(uc);
	rc = vos_call(call);
	if (rc == -EINTR)
		return rc;
	if (!rc)
		rc = call->cqe.result < 0 ? -ENOSPC : 0;
	vos_call_put(call);
	open_ended(uc);
	return rc == -EOWNERDEAD ? -ENOTCONN : rc;
}

/*
 * Give the channel its number and put it on the session's list. There events and the death of
 * the link find it.
 */
static int get_id(struct vdoor_uchan *uc)
{
	u32 most = uc->payer ? VOS_MAX_UCHANS - VDOOR_RESERVED_UCHANS : VOS_MAX_UCHANS;
	struct vos_link *link = uc->link;
	int id = ida_alloc_max(&link->uchan_ids, most - 1, GFP_KERNEL);

	if (id < 0)
		return id;
	uc->id = id;
	spin_lock_irq(&link->session->uchan_lock);
	list_add_tail(&uc->node, &link->session->uchans);
	spin_unlock_irq(&link->session->uchan_lock);
	return 0;
}

static void release_id(struct vdoor_uchan *uc)
{
	struct vos_link *link = uc->link;

	if (uc->id < 0)
		return;
	spin_lock_irq(&link->session->uchan_lock);
	list_del_init(&uc->node);
	spin_unlock_irq(&link->session->uchan_lock);
	ida_free(&link->uchan_ids, uc->id);
	uc->id = -1;
}

static u32 pages_of(const struct vdoor_uchan *uc)
{
	return VOS_UCHAN_HEAD_PAGES + uc->nr_lanes + uc->arena_pages;
}

static void uchan_free_work(struct work_struct *work)
{
	struct vdoor_uchan *uc = container_of(work, struct vdoor_uchan, free_work);
	struct vos_link *link = uc->link;
	struct vos_session *s = link->session;

	WARN_ON_ONCE(uc->open && !uc->closed);
	release_id(uc);
	kobject_get(&s->kobj);
	atomic_sub(vos_area_total(&uc->area), &s->shared);
	if (vos_area_free(&uc->area) && uc->unmapped)
		vos_link_violation(link, "pages kept after UCHAN_CLOSE");
	vdoor_channel_uncharge(uc->payer, pages_of(uc));
	vdoor_put(uc->door);
	vos_link_put(link);
	kobject_put(&s->kobj);
	kvfree(uc);
}

static void uchan_release(struct kref *ref)
{
	struct vdoor_uchan *uc = container_of(ref, struct vdoor_uchan, ref);

	queue_work(vos_wq, &uc->free_work);
}

/**
 * vdoor_uchan_put - put a reference on a channel
 * @uc: the channel
 *
 * Context: any.
 */
void vdoor_uchan_put(struct vdoor_uchan *uc)
{
	kref_put(&uc->ref, uchan_release);
}

static struct vdoor_uchan *uchan_alloc(struct vdoor *door, const struct vdoor_provider *p,
				       struct vos_link *link)
{
	struct vdoor_uchan *uc = kvzalloc(sizeof(*uc), GFP_KERNEL_ACCOUNT);
	u32 i;

	if (!uc)
		return NULL;
	kref_init(&uc->ref);
	INIT_LIST_HEAD(&uc->node);
	vdoor_get(door);
	uc->door = door;
	uc->link = link;
	uc->provider = p;
	uc->service = p->service;
	uc->id = -1;
	init_waitqueue_head(&uc->wait);
	vdoor_uchan_init_work(uc);
	INIT_WORK(&uc->free_work, uchan_free_work);
	for (i = 0; i < VOS_UCHAN_SLOTS; i++)
		uc->handle[i].uchan = uc;
	lay_out(uc);
	return uc;
}

static int uchan_share(struct vdoor_uchan *uc)
{
	u32 i, pages = pages_of(uc);
	int rc = vdoor_channel_charge(&uc->payer, pages);

	if (!rc)
		rc = vos_area_alloc_plain(&uc->area, uc->link->session, uc->link->peer,
					  pages);
	if (rc)
		return rc;
	atomic_add(vos_area_total(&uc->area), &uc->link->session->shared);
	atomic64_add(pages, &uc->link->session->grants);
	uc->head = vos_area_page(&uc->area, 0);
	for (i = 0; i < VOS_UCHAN_SLOTS; i++)
		vos_store(&uc->head->pos[i], VOS_POS_KERNEL);
	rc = get_id(uc);
	return rc ?: tell_open(uc);
}

/* The provider may be withdrawn at any time. Then its session goes a grace period later. */
static struct vos_link *link_of(const struct vdoor_provider *p)
{
	struct vos_link *link = ERR_PTR(-ENOTCONN);
	struct vos_session *session;

	rcu_read_lock();
	session = READ_ONCE(p->session);
	if (session)
		link = vos_session_link_get(session, VOS_GET_UP_ONLY);
	rcu_read_unlock();
	return link;
}

/**
 * vdoor_uchan_new - make a user channel on the link that is up, open at the service
 * @door: its door
 * @p: provider of the service
 *
 * Context: process; the door's mutex is held.
 * Return: the channel, which vdoor_uchan_end() gives up, or ERR_PTR: -ENOSPC; -ENOMEM; -EINTR,
 * -ERESTARTSYS. -ENOTCONN: the service is down.
 */
struct vdoor_uchan *vdoor_uchan_new(struct vdoor *door, const struct vdoor_provider *p)
{
	struct vos_link *link = link_of(p);
	struct vdoor_uchan *uc;
	int rc;

	if (IS_ERR(link))
		return ERR_CAST(link);
	uc = uchan_alloc(door, p, link);
	if (!uc) {
		vos_link_put(link);
		return ERR_PTR(-ENOMEM);
	}
	rc = uchan_share(uc);
	if (!rc)
		return uc;
	vdoor_uchan_end(uc);
	return ERR_PTR(rc);
}

/**
 * vdoor_uchan_next - go through the user channels of a session
 * @s: the session
 * @last: the one before, whose reference is put, or NULL
 *
 * Context: process.
 * Return: the next one with a reference, or NULL.
 */
struct vdoor_uchan *vdoor_uchan_next(struct vos_session *s, struct vdoor_uchan *last)
{
	struct vdoor_uchan *uc, *found = NULL;

	spin_lock_irq(&s->uchan_lock);
	/* @last stays on the list while it has a reference. */
	uc = last ? list_next_entry(last, node) :
		list_first_entry(&s->uchans, struct vdoor_uchan, node);
	list_for_each_entry_from(uc, &s->uchans, node) {
		if (kref_get_unless_zero(&uc->ref)) {
			found = uc;
			break;
		}
	}
	spin_unlock_irq(&s->uchan_lock);
	if (last)
		vdoor_uchan_put(last);
	return found;
}

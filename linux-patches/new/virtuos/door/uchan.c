// SPDX-License-Identifier: GPL-2.0
/*
 * User channels: memory of ours that a process and a service domain share.
 *
 * Invariant: a channel's pages go back to the allocator only after its grants have
 * ended; those are asked to end only when the service has unmapped them
 * (UCHAN_CLOSE) or is dead. Its number is given to another channel of the link only
 * after UCHAN_CLOSE was answered.
 */
#include <linux/idr.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <xen/events.h>
#include "internal.h"

/* Whole pages; lanes and log together stay below VOS_UCHAN_MAX_PAGES. */
static u32 lane_bytes(void)
{
	return clamp(READ_ONCE(vos_door_lane_kib), 4u, 256u) / 4u * 4096u;
}

/* A power of two, for its positions run freely; 0: none, and writes trap. */
static u32 log_kib(const struct vos_uchan *uc)
{
	u32 kib = min(READ_ONCE(vos_door_log_kib), 1024u);

	return uc->service == VOS_DOOR_STORAGE && kib >= 4 ? rounddown_pow_of_two(kib) : 0;
}

static void lay_out(struct vos_uchan *uc)
{
	u32 log = log_kib(uc);

	uc->nr_lanes = clamp(READ_ONCE(vos_door_lanes), 1u, VOS_UCHAN_MAX_LANES);
	uc->lane_bytes = lane_bytes();
	uc->arena_pages = (uc->nr_lanes * uc->lane_bytes + log * 1024u) >> PAGE_SHIFT;
}

bool vos_uchan_dead(const struct vos_uchan *uc)
{
	return READ_ONCE(uc->link->dead);
}

/*
 * vos_uchan_call - a call to the channel's own link, on the kernel's channel
 * @flags: VOS_GET_*
 * Return: the call, or ERR_PTR: -ENOTCONN that link is dead, -ERESTARTSYS.
 */
struct vos_call *vos_uchan_call(struct vos_uchan *uc, u8 opcode, u32 len0, u32 flags)
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

static int tell_open(struct vos_uchan *uc)
{
	u32 len = uc->area.nr_pages * sizeof(u32), i;
	struct vos_call *call = vos_uchan_call(uc, VOS_OP_UCHAN_OPEN, len, 0);
	u32 *refs;
	int rc;

	if (IS_ERR(call))
		return PTR_ERR(call);
	refs = vos_call_data(call, 0);
	for (i = 0; i < uc->area.nr_pages; i++)
		refs[i] = uc->area.refs[i];
	call->sqe.arg[0] = uc->id;
	call->sqe.arg[1] = uc->nr_lanes | (u64)uc->arena_pages << 32;
	/* Once submitted, it may be open, whatever we hear. */
	uc->open = true;
	rc = vos_call(call);
	if (rc == -EINTR)
		return rc;
	if (!rc)
		rc = call->cqe.result < 0 ? -ENOSPC : 0;
	vos_call_put(call);
	return rc == -EOWNERDEAD ? -ENOTCONN : rc;
}

/*
 * vos_uchan_close - the service takes no more calls and has unmapped the pages
 * Process context. Idempotent. Return: 0; -EINTR killed, and it is still open.
 */
int vos_uchan_close(struct vos_uchan *uc)
{
	struct vos_call *call;
	int rc;

	if (uc->closed || !uc->open)
		return 0;
	call = vos_uchan_call(uc, VOS_OP_UCHAN_CLOSE, 0, VOS_GET_KILLABLE | VOS_GET_NOCRED);
	if (call == ERR_PTR(-ERESTARTSYS))
		return -EINTR;
	if (!IS_ERR(call)) {
		call->sqe.arg[0] = uc->id;
		rc = vos_call(call);
		if (rc == -EINTR)
			return rc;
		vos_call_put(call);
	}
	uc->closed = true;
	wake_up_all(&uc->wait);
	return 0;
}

/*
 * vos_uchan_end_handles - tell the provider of the end of all handles
 *
 * After vos_uchan_close(). What was written through them goes to the disk, if need
 * be after a restart of the service; until then the channel must be kept, for its
 * log is what a restart replays. Process context.
 */
void vos_uchan_end_handles(struct vos_uchan *uc)
{
	u32 i;

	mutex_lock(&uc->drop_mutex);
	for (i = 0; i < VOS_UCHAN_SLOTS; i++) {
		struct vos_handle *h = &uc->handle[i];

		if (h->state == VOS_HANDLE_FREE)
			continue;
		if (h->target.priv && uc->provider->gone)
			uc->provider->gone(&h->target, h->target.flags & VOS_HANDLE_WRITE);
		vos_handle_close_window(h);
		h->state = VOS_HANDLE_FREE;
	}
	mutex_unlock(&uc->drop_mutex);
}

static void uchan_free_work(struct work_struct *work)
{
	struct vos_uchan *uc = container_of(work, struct vos_uchan, free_work);
	struct vos_link *link = uc->link;
	struct vos_session *s = link->session;

	/* A kernel thread is not killed. */
	vos_uchan_close(uc);
	vos_uchan_end_handles(uc);
	vos_uchan_release_id(uc);
	kobject_get(&s->kobj);
	atomic_sub(vos_area_total(&uc->area), &s->shared);
	vos_area_free(&uc->area);
	vos_door_put(uc->door);
	vos_link_put(link);
	kobject_put(&s->kobj);
	kvfree(uc);
}

static void uchan_release(struct kref *ref)
{
	struct vos_uchan *uc = container_of(ref, struct vos_uchan, ref);

	queue_work(vos_wait_wq, &uc->free_work);
}

void vos_uchan_put(struct vos_uchan *uc)
{
	kref_put(&uc->ref, uchan_release);
}

/* On the session's list, so that events and death of the link find the channel. */
static int take_id(struct vos_uchan *uc)
{
	struct vos_link *link = uc->link;
	int id = ida_alloc_max(&link->uchan_ids, VOS_MAX_UCHANS - 1, GFP_KERNEL);

	if (id < 0)
		return id;
	uc->id = id;
	spin_lock_irq(&link->session->uchan_lock);
	list_add_tail(&uc->node, &link->session->uchans);
	spin_unlock_irq(&link->session->uchan_lock);
	return 0;
}

void vos_uchan_release_id(struct vos_uchan *uc)
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

static struct vos_uchan *uchan_alloc(struct vos_door *door, const struct vos_door_provider *p,
				     struct vos_link *link)
{
	struct vos_uchan *uc = kvzalloc(sizeof(*uc), GFP_KERNEL_ACCOUNT);

	if (!uc)
		return NULL;
	kref_init(&uc->ref);
	INIT_LIST_HEAD(&uc->node);
	vos_door_get(door);
	uc->door = door;
	uc->link = link;
	uc->provider = p;
	uc->service = p->service;
	uc->id = -1;
	init_waitqueue_head(&uc->wait);
	mutex_init(&uc->drop_mutex);
	INIT_WORK(&uc->free_work, uchan_free_work);
	lay_out(uc);
	return uc;
}

static int uchan_share(struct vos_uchan *uc)
{
	u32 i, pages = VOS_UCHAN_HEAD_PAGES + uc->nr_lanes + uc->arena_pages;
	int rc = vos_area_alloc_plain(&uc->area, uc->link->peer, pages);

	if (rc)
		return rc;
	atomic_add(vos_area_total(&uc->area), &uc->link->session->shared);
	atomic64_add(pages, &uc->link->session->grants);
	uc->head = uc->area.vaddr;
	for (i = 0; i < VOS_UCHAN_SLOTS; i++)
		uc->head->pos[i] = VOS_POS_HOME;
	rc = take_id(uc);
	return rc ?: tell_open(uc);
}

/*
 * vos_uchan_new - a user channel on the link that is up, open at the service
 * Under door->mutex.
 * Return: the channel, or ERR_PTR: -ENOTCONN the service is down; -ENOSPC; -ENOMEM;
 * -EINTR, -ERESTARTSYS.
 */
struct vos_uchan *vos_uchan_new(struct vos_door *door, const struct vos_door_provider *p)
{
	struct vos_link *link = vos_session_link_get(p->session, VOS_GET_UP_ONLY);
	struct vos_uchan *uc;
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
	vos_uchan_put(uc);
	return ERR_PTR(rc);
}

static struct vos_lane_page *lane_page(struct vos_uchan *uc, u32 lane)
{
	return vos_area_page(&uc->area, VOS_UCHAN_HEAD_PAGES + lane);
}

/* All of it is the process's own word, and harms it alone. */
static bool lane_ready(struct vos_uchan *uc, struct vos_lane_page *lane)
{
	return vos_ring_waiting(&lane->cq, lane->cqe, VOS_LANE_ENTRIES, VOS_CQ_PHASE) ||
	       vos_uchan_dead(uc) || READ_ONCE(uc->closed);
}

static int wait_lane(struct vos_uchan *uc, struct vos_lane_page *lane)
{
	int rc;

	vos_store(&lane->cq.need_wakeup, 1u);
	/* Pairs with the back end's barrier between completion and flag. */
	vos_mb();
	atomic_inc(&uc->link->door_waiters);
	rc = wait_event_interruptible(uc->wait, lane_ready(uc, lane));
	atomic_dec(&uc->link->door_waiters);
	vos_store(&lane->cq.need_wakeup, 0u);
	return rc ? -EINTR : 0;
}

/* The service wakes up: worth polling for. */
static void spin_on(struct vos_uchan *uc, struct vos_lane_page *lane)
{
	u64 until = ktime_get_ns() + (u64)READ_ONCE(vos_spin_us) * NSEC_PER_USEC;

	while (!lane_ready(uc, lane) && !need_resched() && ktime_get_ns() < until)
		cpu_relax();
}

/*
 * Who takes the bit sees what the process has submitted. If it is set already, the event
 * has been sent, or is about to be.
 */
static void kick(struct vos_uchan *uc)
{
	struct vos_link *link = uc->link;
	struct vos_channel *chan = &link->chan[0];
	unsigned long flags;

	if (test_and_set_bit(uc->id, (unsigned long *)link->ctrl->uchan_sel))
		return;
	spin_lock_irqsave(&chan->lock, flags);
	chan->stats.sends++;
	spin_unlock_irqrestore(&chan->lock, flags);
	notify_remote_via_evtchn(chan->evtchn);
}

/*
 * vos_uchan_enter - wake the service's dispatcher, wait for a completion
 * @flags: VOS_ENTER_*
 * Return: 0; -EINTR; -EINVAL; -ENOTCONN nothing will come.
 */
int vos_uchan_enter(struct vos_uchan *uc, u32 lane, u32 flags)
{
	int rc = 0;

	if (lane >= uc->nr_lanes)
		return -EINVAL;
	if ((flags & VOS_ENTER_KICK) && !vos_uchan_dead(uc))
		kick(uc);
	if ((flags & VOS_ENTER_KICK) && (flags & VOS_ENTER_WAIT))
		spin_on(uc, lane_page(uc, lane));
	if (flags & VOS_ENTER_WAIT)
		rc = wait_lane(uc, lane_page(uc, lane));
	return vos_uchan_dead(uc) || READ_ONCE(uc->closed) ? -ENOTCONN : rc;
}

/*
 * vos_uchan_events - an event came on @link, or it died: let those who wait look
 * Any context. Return: somebody waits.
 */
bool vos_uchan_events(struct vos_link *link)
{
	struct vos_uchan *uc;
	unsigned long flags;

	/* Pairs with the barrier in wait_event(): one of us sees the other. */
	smp_mb();
	if (!atomic_read(&link->door_waiters))
		return false;
	spin_lock_irqsave(&link->session->uchan_lock, flags);
	list_for_each_entry(uc, &link->session->uchans, node)
		if (uc->link == link)
			wake_up(&uc->wait);
	spin_unlock_irqrestore(&link->session->uchan_lock, flags);
	return true;
}

/*
 * vos_uchan_next - go through the user channels of @s
 * @last: the one before, whose reference goes, or NULL
 * Return: the next one with a reference, or NULL.
 */
struct vos_uchan *vos_uchan_next(struct vos_session *s, struct vos_uchan *last)
{
	struct vos_uchan *uc, *found = NULL;

	spin_lock_irq(&s->uchan_lock);
	/* @last stays on the list for as long as it has a reference. */
	uc = last ? list_next_entry(last, node) :
		list_first_entry(&s->uchans, struct vos_uchan, node);
	list_for_each_entry_from(uc, &s->uchans, node) {
		if (kref_get_unless_zero(&uc->ref)) {
			found = uc;
			break;
		}
	}
	spin_unlock_irq(&s->uchan_lock);
	if (last)
		vos_uchan_put(last);
	return found;
}

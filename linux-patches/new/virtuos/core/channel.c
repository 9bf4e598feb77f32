// SPDX-License-Identifier: GPL-2.0
/*
 * One kernel channel of a link: slots and arena, submission, completion.
 *
 * Invariant: a slot is FREE, OWNED by its user, SUBMITTED, or ABANDONED. Only
 * SUBMITTED and ABANDONED slots may be answered, once, by the peer or by the
 * death of the link; a completion for anything else is a violation and ends the
 * link. The tag of a completion is slot number and sequence, never a pointer.
 */
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <xen/events.h>
#include "internal.h"

#define SLOT_BITS	10
#define SLOT_MASK	((1u << SLOT_BITS) - 1)

/* Passes of a spin between two looks at the clock, which cost more than they. */
#define LOOK_AT_CLOCK	64

static_assert(VOS_ENTRIES <= SLOT_MASK + 1);
static_assert(VOS_MAX_RING_ENTRIES <= SLOT_MASK + 1);

static void slots_init(struct vos_channel *chan)
{
	u32 i;

	INIT_LIST_HEAD(&chan->free);
	for (i = 0; i < VOS_ENTRIES; i++) {
		struct vos_slot *slot = &chan->slots[i];

		slot->call.chan = chan;
		slot->call.slot = i;
		slot->call.state = VOS_CALL_FREE;
		init_completion(&slot->finished);
		list_add_tail(&slot->free, &chan->free);
	}
}

/*
 * vos_channel_init - attach to the pages that @desc names in the link's area
 * Return: 0 or -ENOMEM; on error nothing is left.
 */
int vos_channel_init(struct vos_channel *chan, struct vos_link *link, u32 nr,
		     const struct vos_channel_desc *desc)
{
	struct vos_channel_page *hdr = vos_area_page(&link->area, desc->hdr_page);
	void *arena = vos_area_page(&link->area, desc->arena_page);

	chan->link = link;
	chan->nr = nr;
	spin_lock_init(&chan->sq_lock);
	spin_lock_init(&chan->cq_lock);
	spin_lock_init(&chan->slot_lock);
	vos_ring_init(&chan->sq, &hdr->sq, vos_area_page(&link->area, desc->sq_page),
		      desc->entries);
	vos_ring_init(&chan->cq, &hdr->cq, vos_area_page(&link->area, desc->cq_page),
		      desc->entries);
	/* Nobody polls yet: the first completion comes with an event. */
	vos_ring_prepare_sleep(&chan->cq);

	chan->slots = kvcalloc(VOS_ENTRIES, sizeof(*chan->slots), GFP_KERNEL);
	if (!chan->slots)
		return -ENOMEM;
	if (vos_arena_init(&chan->arena, arena, VOS_ENTRIES * VOS_INLINE,
			   desc->arena_pages << PAGE_SHIFT)) {
		kvfree(chan->slots);
		chan->slots = NULL;
		return -ENOMEM;
	}
	slots_init(chan);
	return 0;
}

/* Idempotent. All calls have ended. */
void vos_channel_exit(struct vos_channel *chan)
{
	vos_arena_exit(&chan->arena);
	kvfree(chan->slots);
	chan->slots = NULL;
}

/* Small calls live in their slot's own bytes; the rest asks the arena. */
static int take_room(struct vos_channel *chan, struct vos_call *call, u32 len0, u32 len1)
{
	u32 in0 = ALIGN(len0, 8);

	memset(call->room, 0, sizeof(call->room));
	if (in0 + len1 <= VOS_INLINE) {
		call->room[0].off = call->slot * VOS_INLINE;
		call->room[0].len = len0;
		call->room[1].off = call->room[0].off + (len1 ? in0 : 0);
		call->room[1].len = len1;
		return 0;
	}
	if (len0 && vos_arena_take(&chan->arena, len0, &call->room[0]))
		return -ENOSPC;
	if (len1 && vos_arena_take(&chan->arena, len1, &call->room[1])) {
		if (len0)
			vos_arena_give(&chan->arena, &call->room[0]);
		return -ENOSPC;
	}
	return 0;
}

static void give_room(struct vos_channel *chan, struct vos_call *call)
{
	int i;

	for (i = 0; i < 2; i++)
		if (call->room[i].len && call->room[i].off >= chan->arena.first)
			vos_arena_give(&chan->arena, &call->room[i]);
}

/*
 * vos_channel_take - a free slot with its room, if there is one now
 *
 * The caller's reference on the link becomes the call's, until vos_call_put().
 * Return: the call, or NULL.
 */
struct vos_call *vos_channel_take(struct vos_channel *chan, u32 len0, u32 len1)
{
	struct vos_slot *slot;
	struct vos_call *call = NULL;
	unsigned long flags;

	spin_lock_irqsave(&chan->slot_lock, flags);
	slot = list_first_entry_or_null(&chan->free, struct vos_slot, free);
	if (slot && !take_room(chan, &slot->call, len0, len1)) {
		list_del(&slot->free);
		call = &slot->call;
	}
	spin_unlock_irqrestore(&chan->slot_lock, flags);
	if (!call)
		return NULL;

	memset(&call->sqe, 0, sizeof(call->sqe));
	memset(&call->cqe, 0, sizeof(call->cqe));
	call->sqe.tag = ++slot->seq << SLOT_BITS | call->slot;
	call->sqe.ext[0] = call->room[0];
	call->sqe.ext[1] = call->room[1];
	call->done = NULL;
	call->orphan = NULL;
	call->priv = NULL;
	call->status = 0;
	slot->cred_index = 0;
	call->state = VOS_CALL_OWNED;
	return call;
}

void vos_call_put(struct vos_call *call)
{
	struct vos_channel *chan = call->chan;
	struct vos_slot *slot = vos_call_slot(call);
	struct vos_link *link = chan->link;
	unsigned long flags;

	if (slot->cred_index)
		vos_cred_put(link, slot->cred_index);
	spin_lock_irqsave(&chan->slot_lock, flags);
	give_room(chan, call);
	call->state = VOS_CALL_FREE;
	/* Last in, first out: its cache lines are warm. */
	list_add(&slot->free, &chan->free);
	spin_unlock_irqrestore(&chan->slot_lock, flags);
	vos_link_room(link);
	vos_link_put(link);
}
EXPORT_SYMBOL_GPL(vos_call_put);

void *vos_call_data(struct vos_call *call, unsigned int i)
{
	return call->chan->arena.base + call->room[i].off;
}
EXPORT_SYMBOL_GPL(vos_call_data);

u32 vos_call_epoch(const struct vos_call *call)
{
	return call->chan->link->epoch;
}
EXPORT_SYMBOL_GPL(vos_call_epoch);

/* Under cq_lock: the call has its answer. Its end runs when the lock is gone. */
static void answered(struct vos_channel *chan, struct vos_call *call, int status,
		     struct list_head *ended)
{
	call->status = status;
	chan->stats.completions++;
	list_add_tail(&call->node, ended);
}

static void run_ended(struct list_head *ended)
{
	struct vos_call *call, *next;

	list_for_each_entry_safe(call, next, ended, node) {
		bool abandoned = call->state == VOS_CALL_ABANDONED;

		call->state = VOS_CALL_OWNED;
		if (abandoned && call->orphan)
			call->orphan(call);
		else if (abandoned)
			vos_call_put(call);
		else if (call->done)
			call->done(call);
		else
			complete(&vos_call_slot(call)->finished);
	}
}

/* Under cq_lock. Return: the call that @cqe may answer, or NULL. */
static struct vos_call *find_call(struct vos_channel *chan, const struct vos_cqe *cqe)
{
	u32 nr = cqe->tag & SLOT_MASK;
	struct vos_call *call;

	if (nr >= VOS_ENTRIES)
		return NULL;
	call = &chan->slots[nr].call;
	if (call->sqe.tag != cqe->tag)
		return NULL;
	if (call->state != VOS_CALL_SUBMITTED && call->state != VOS_CALL_ABANDONED)
		return NULL;
	/* Answered already in this round, and still on the list? */
	if (!list_empty(&call->node))
		return NULL;
	return call;
}

static void reap_locked(struct vos_channel *chan, struct list_head *ended)
{
	struct vos_cqe cqe;
	int r;

	while ((r = vos_ring_pop(&chan->cq, &cqe)) > 0) {
		struct vos_call *call = find_call(chan, &cqe);

		if (!call) {
			r = -EPROTO;
			break;
		}
		call->cqe = cqe;
		answered(chan, call, 0, ended);
	}
	if (r < 0)
		vos_link_violation(chan->link, "completion ring");
}

/* Take all completions. Interrupts are off. */
static void reap_ring(struct vos_channel *chan)
{
	LIST_HEAD(ended);

	spin_lock(&chan->cq_lock);
	if (!chan->link->dead)
		reap_locked(chan, &ended);
	spin_unlock(&chan->cq_lock);
	run_ended(&ended);
}

/*
 * vos_channel_reap - take all completions and events
 *
 * Any context. Callbacks run with interrupts off and no lock held.
 */
void vos_channel_reap(struct vos_channel *chan)
{
	unsigned long flags;

	local_irq_save(flags);
	reap_ring(chan);
	vos_object_events(chan->link);
	local_irq_restore(flags);
}

/*
 * vos_channel_end_all - the link is dead: end what was submitted
 *
 * Sets link->dead under this channel's lock, so that no call can be submitted
 * past it. Process context.
 */
void vos_channel_end_all(struct vos_channel *chan)
{
	unsigned long flags;
	LIST_HEAD(ended);
	u32 i;

	local_irq_save(flags);
	spin_lock(&chan->cq_lock);
	WRITE_ONCE(chan->link->dead, true);
	for (i = 0; i < VOS_ENTRIES; i++) {
		struct vos_call *call = &chan->slots[i].call;

		if ((call->state == VOS_CALL_SUBMITTED || call->state == VOS_CALL_ABANDONED) &&
		    list_empty(&call->node))
			answered(chan, call, -EOWNERDEAD, &ended);
	}
	spin_unlock(&chan->cq_lock);
	run_ended(&ended);
	local_irq_restore(flags);
}

/* Under cq_lock: how the peer is to tell of what it pushes from now on. */
static void set_wakeup(struct vos_channel *chan)
{
	vos_ring_ask(&chan->cq, chan->spinners ? VOS_WAKE_NOT :
				chan->idle ? VOS_WAKE_NOW : VOS_WAKE_SOON);
}

/*
 * vos_channel_poll_begin, vos_channel_poll_end - between the two nothing has to be told
 *
 * After the end the caller looks once more (vos_channel_pending()): what came between
 * his last look and the flag came without an event.
 */
void vos_channel_poll_begin(struct vos_channel *chan)
{
	unsigned long flags;

	spin_lock_irqsave(&chan->cq_lock, flags);
	if (!chan->spinners++)
		set_wakeup(chan);
	spin_unlock_irqrestore(&chan->cq_lock, flags);
}

void vos_channel_poll_end(struct vos_channel *chan)
{
	unsigned long flags;

	spin_lock_irqsave(&chan->cq_lock, flags);
	if (!--chan->spinners)
		set_wakeup(chan);
	spin_unlock_irqrestore(&chan->cq_lock, flags);
}

/*
 * vos_channel_set_idle - its processor goes to sleep, or has woken up
 * Looks once more after having said that it is idle.
 */
void vos_channel_set_idle(struct vos_channel *chan, bool idle)
{
	unsigned long flags;

	if (READ_ONCE(chan->idle) == idle)
		return;
	spin_lock_irqsave(&chan->cq_lock, flags);
	chan->idle = idle;
	set_wakeup(chan);
	spin_unlock_irqrestore(&chan->cq_lock, flags);
}

/*
 * vos_channel_pending - has anything come that was not taken?
 */
bool vos_channel_pending(const struct vos_channel *chan)
{
	return vos_ring_ready(&chan->cq) || vos_object_pending(chan->link);
}

/*
 * Mark as submitted unless the link is dead already. Who will poll for the answer says
 * so first: it may come before push() returns.
 */
static bool mark_submitted(struct vos_channel *chan, struct vos_call *call, bool polls)
{
	unsigned long flags;
	bool dead;

	INIT_LIST_HEAD(&call->node);
	spin_lock_irqsave(&chan->cq_lock, flags);
	dead = chan->link->dead;
	if (!dead) {
		call->state = VOS_CALL_SUBMITTED;
		if (polls && !chan->spinners++)
			set_wakeup(chan);
	}
	spin_unlock_irqrestore(&chan->cq_lock, flags);
	return !dead;
}

static void push(struct vos_channel *chan, const struct vos_sqe *sqe)
{
	unsigned long flags;
	bool notify;
	int rc;

	spin_lock_irqsave(&chan->sq_lock, flags);
	rc = vos_ring_push(&chan->sq, sqe);
	notify = !rc && vos_ring_must_notify(&chan->sq);
	chan->stats.calls++;
	chan->stats.sends += notify;
	chan->stats.bytes += sqe->ext[0].len + sqe->ext[1].len;
	spin_unlock_irqrestore(&chan->sq_lock, flags);

	if (rc)		/* there are as many entries as slots */
		vos_link_violation(chan->link, "submission ring");
	else if (notify)
		notify_remote_via_evtchn(chan->evtchn);
}

void vos_call_submit(struct vos_call *call)
{
	struct vos_channel *chan = call->chan;
	struct vos_sqe sqe = call->sqe;
	bool submitted;

	/* Once submitted, the call may end at any time, and its reference with it. */
	rcu_read_lock();
	submitted = mark_submitted(chan, call, false);
	if (submitted)
		push(chan, &sqe);
	rcu_read_unlock();
	if (submitted)
		return;
	call->status = -EOWNERDEAD;
	call->done(call);
}
EXPORT_SYMBOL_GPL(vos_call_submit);

static void spin_end(struct vos_channel *chan, bool answered)
{
	unsigned long flags;

	spin_lock_irqsave(&chan->cq_lock, flags);
	if (answered)
		chan->stats.spun++;
	else
		chan->stats.slept++;
	if (!--chan->spinners)
		set_wakeup(chan);
	spin_unlock_irqrestore(&chan->cq_lock, flags);
	/* What came between our last look and the flag came without an event. */
	if (vos_channel_pending(chan))
		vos_channel_reap(chan);
}

/*
 * As completion_done(), without its lock: slots are reused but not freed while we have
 * the link, and after this nothing of the call is written any more.
 */
static bool is_done(const struct completion *finished)
{
	return smp_load_acquire(&finished->done);
}

/* Having said so: poll for the answer for at most vos_spin_us, or a little longer. */
static bool spin_for(struct vos_channel *chan, struct completion *finished)
{
	unsigned long flags;
	u64 until = 0;
	u32 passes = 0;
	bool done;

	for (;;) {
		if (vos_ring_ready(&chan->cq)) {
			local_irq_save(flags);
			reap_ring(chan);
			local_irq_restore(flags);
		}
		done = is_done(finished);
		if (done || need_resched())
			break;
		cpu_relax();
		if (++passes % LOOK_AT_CLOCK)
			continue;
		if (!until)
			until = ktime_get_ns() + (u64)READ_ONCE(vos_spin_us) * NSEC_PER_USEC;
		else if (ktime_get_ns() >= until)
			break;
	}
	spin_end(chan, done);
	return is_done(finished);
}

/* Killed: leave the slot to the completion that is still to come. */
static bool abandon(struct vos_channel *chan, struct vos_call *call)
{
	unsigned long flags;
	bool left = false;

	spin_lock_irqsave(&chan->cq_lock, flags);
	if (call->state == VOS_CALL_SUBMITTED && list_empty(&call->node)) {
		call->state = VOS_CALL_ABANDONED;
		left = true;
	}
	spin_unlock_irqrestore(&chan->cq_lock, flags);
	return left;
}

int vos_call(struct vos_call *call)
{
	struct completion *finished = &vos_call_slot(call)->finished;
	struct vos_channel *chan = call->chan;

	call->done = NULL;
	reinit_completion(finished);
	if (!mark_submitted(chan, call, true)) {
		call->status = -EOWNERDEAD;
		return -EOWNERDEAD;
	}
	push(chan, &call->sqe);
	if (!spin_for(chan, finished) && wait_for_completion_killable(finished)) {
		if (abandon(chan, call))
			return -EINTR;
		wait_for_completion(finished);	/* its end is running already */
	}
	return call->status;
}
EXPORT_SYMBOL_GPL(vos_call);

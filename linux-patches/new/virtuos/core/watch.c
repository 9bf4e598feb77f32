// SPDX-License-Identifier: GPL-2.0
/*
 * Whether a service still serves: its heart beats, and it answers.
 *
 * A work queue of the service domain makes the heart beat. So it beats on when the dispatcher
 * hangs, or when the kernel there lies.
 *
 * But for many calls the primary knows how long they may take (docs/protocol.md, section 6).
 * Those are the calls that the table of operations says are answered at once, and all calls of
 * a prompt service. After a call that lies unanswered the primary sends a NOP. So it also asks
 * a service that may take its time whether it is there.
 *
 * The primary counts its checks, not seconds: while it does not run, it does not check.
 *
 * Invariant: nothing here is on the way of a call. If a call may wait for a disk, its wait has
 * no limit.
 */
#include <linux/moduleparam.h>
#include "core_priv.h"

unsigned int vos_hang_timeout = 10;
module_param_named(hang_timeout, vos_hang_timeout, uint, 0644);
MODULE_PARM_DESC(hang_timeout,
		 "seconds without a heartbeat or a due answer after which a service domain counts as hung; 0: never");

static const struct vos_op ops[VOS_NR_OPCODES] = { VOS_OPCODES(VOS_OP_FACTS) };

/* What a check of a channel has found. */
struct found {
	bool old;			/* a call was there at the last check */
	bool asked;			/* a NOP lies there */
	u8 overdue;			/* this opcode was not answered in time, */
	u16 checks;			/* that have found it; 0: none */
};

static bool must_be_prompt(const struct vos_link *link, u8 opcode)
{
	return link->session->ops->prompt || ops[opcode].answer == VOS_ANSWER_NOW;
}

static void check_call(struct vos_channel *chan, struct vos_slot *slot, struct found *f)
{
	const struct vos_sqe *sqe = &slot->call.sqe;

	lockdep_assert_held(&chan->lock);
	if (slot->call.state != VOS_CALL_SUBMITTED && slot->call.state != VOS_CALL_ABANDONED)
		return;
	f->asked |= sqe->opcode == VOS_OP_NOP;
	if (slot->checked_tag != sqe->tag) {
		slot->checked_tag = sqe->tag;
		slot->checks = 0;
		return;
	}
	f->old = true;
	if (slot->checks < U16_MAX)
		slot->checks++;
	if (slot->checks > f->checks && must_be_prompt(chan->link, sqe->opcode)) {
		f->checks = slot->checks;
		f->overdue = sqe->opcode;
	}
}

static void check_calls(struct vos_channel *chan, struct found *f)
{
	u32 i;

	spin_lock_irq(&chan->lock);
	if (chan->stats.calls != chan->stats.completions)
		for (i = 0; i < VOS_ENTRIES; i++)
			check_call(chan, &chan->slots[i], f);
	spin_unlock_irq(&chan->lock);
}

/* Send a NOP. Its answer says that the service takes calls from this channel and answers them. */
static void ask(struct vos_channel *chan)
{
	struct vos_call *call;

	vos_link_get(chan->link);
	call = vos_channel_get_reserved(chan);
	if (!call) {
		vos_link_put(chan->link);
		return;
	}
	call->sqe.opcode = VOS_OP_NOP;
	call->done = vos_call_put;
	vos_call_submit(call);
}

/*
 * Check the calls of a channel.
 * Return: false: the service hangs.
 */
static bool answers(struct vos_channel *chan, unsigned int limit)
{
	struct found f = {};

	check_calls(chan, &f);
	if (f.checks > limit) {
		pr_err("virtuos: %s: no answer to %s for %u s, the service domain hangs\n",
		       chan->link->session->name, vos_opcode_name(f.overdue), f.checks);
		return false;
	}
	if (f.old && !f.asked)
		ask(chan);
	return true;
}

static bool beats(struct vos_link *link, unsigned int limit)
{
	u32 untrusted_beat = vos_load(&link->ctrl->heartbeat);

	if (untrusted_beat != link->beat) {
		link->beat = untrusted_beat;
		link->silent = 0;
	} else if (++link->silent > limit) {
		pr_err("virtuos: %s: no heartbeat for %u s, the service domain hangs\n",
		       link->session->name, limit);
		return false;
	}
	return true;
}

static bool serves(struct vos_link *link, unsigned int limit)
{
	bool well = beats(link, limit);
	u32 i;

	for (i = 0; well && i < link->nr_channels; i++)
		well = answers(&link->chan[i], limit);
	return well;
}

static void watch_work(struct work_struct *work)
{
	struct vos_link *link = container_of(to_delayed_work(work), struct vos_link, watch_work);
	unsigned int limit = READ_ONCE(vos_hang_timeout);

	/* link_free() waits for this work. */
	if (!kref_get_unless_zero(&link->ref))
		return;
	if (limit && !READ_ONCE(link->dead) && !serves(link, limit))
		vos_link_fail(link, "hang");
	else if (!READ_ONCE(link->dead))
		queue_delayed_work(vos_wq, &link->watch_work, HZ);
	vos_link_put(link);
}

/**
 * vos_watch_init - initialize the watch of a link
 * @link: the link
 */
void vos_watch_init(struct vos_link *link)
{
	INIT_DELAYED_WORK(&link->watch_work, watch_work);
}

/**
 * vos_watch_begin - begin to watch a link whose peer serves
 * @link: the link
 *
 * From now on its heart has to beat, and it has to answer.
 *
 * Context: any.
 */
void vos_watch_begin(struct vos_link *link)
{
	queue_delayed_work(vos_wq, &link->watch_work, HZ);
}

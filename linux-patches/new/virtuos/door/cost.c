// SPDX-License-Identifier: GPL-2.0
/*
 * What services say that they charged user channels. A channel's service is asked when someone
 * wants to know, and last when the channel is closed. The session has the sums.
 *
 * Invariant: a session's sums are those of what each of its channels was last said to have cost.
 * A channel that is lost with its link keeps its part.
 */
#include "door_priv.h"

/* Take over a figure of the service's. Return: how far it has gone up. */
static u64 more(u64 *last, u64 untrusted)
{
	u64 n = untrusted > *last ? untrusted - *last : 0;

	*last += n;
	return n;
}

/**
 * vdoor_cost_note - note what a service says that it charged a channel
 * @uc: the channel
 * @cqe: answer to UCHAN_COST or UCHAN_CLOSE; the peer's word
 *
 * An answer that was overtaken by a later one adds nothing.
 *
 * Context: any.
 */
void vdoor_cost_note(struct vdoor_uchan *uc, const struct vos_cqe *cqe)
{
	struct vos_session *s = uc->link->session;
	unsigned long flags;
	u64 calls;

	spin_lock_irqsave(&s->uchan_lock, flags);
	calls = more(&uc->cost.calls, cqe->out[0]);
	WRITE_ONCE(uc->link->door_calls, uc->link->door_calls + calls);
	atomic64_add(calls, &s->door.calls);
	atomic64_add(more(&uc->cost.ticks, cqe->out[1]), &s->door.ticks);
	atomic64_add(more(&uc->cost.wait, cqe->out[2]), &s->door.wait);
	spin_unlock_irqrestore(&s->uchan_lock, flags);
}

static bool can_be_asked(const struct vdoor_uchan *uc)
{
	return READ_ONCE(uc->open) && !READ_ONCE(uc->opening) && !READ_ONCE(uc->must_close) &&
	       !vdoor_uchan_dead(uc);
}

static int ask(struct vdoor_uchan *uc)
{
	struct vos_call *call = vdoor_uchan_call(uc, VOS_OP_UCHAN_COST, 0,
						 VOS_GET_NOCRED | VOS_GET_KILLABLE);
	int rc;

	if (IS_ERR(call))
		return PTR_ERR(call);
	call->sqe.arg[0] = uc->id;
	rc = vos_call(call);
	/* The call is not the caller's any more. */
	if (rc == -EINTR)
		return rc;
	if (!rc && !call->cqe.result)
		vdoor_cost_note(uc, &call->cqe);
	vos_call_put(call);
	return rc;
}

/**
 * vdoor_costs_ask - ask a service what it charged its user channels
 * @s: the session with it
 *
 * The caller's thread is charged for these calls. When one fails, the others are left out.
 *
 * Context: process.
 */
void vdoor_costs_ask(struct vos_session *s)
{
	struct vdoor_uchan *uc = NULL;

	while ((uc = vdoor_uchan_next(s, uc))) {
		if (can_be_asked(uc) && ask(uc)) {
			vdoor_uchan_put(uc);
			return;
		}
	}
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Calls on a channel or a lane: take submissions as checked private copies, have them carried
 * out, give completions back.
 *
 * Invariant: the engine takes no more calls than completions have room, so it can always push a
 * completion. An honest front end never has more outstanding than the ring has entries; one
 * that does is cut off.
 */
#include <linux/bitmap.h>
#include <linux/sched.h>
#include <xen/events.h>
#include "engine_priv.h"

/*
 * Calls that are taken from one ring before the next is polled. It covers all of a lane's
 * calls, for finish_lanes() has to carry out what has been submitted.
 */
#define CALLS_A_TURN	VOS_LANE_ENTRIES

/* A violation by a process costs its user channel; one by a front end, its connection. */
static void violation(struct veng_chan *chan, const char *what)
{
	if (!chan->uc)
		veng_conn_violation(chan->conn, what);
	else if (!xchg(&chan->uc->broken, true))
		veng_uchan_broken(chan->uc, what);
}

static bool is_broken(const struct veng_chan *chan)
{
	return READ_ONCE(chan->conn->broken) || (chan->uc && READ_ONCE(chan->uc->broken));
}

/* Copy one more submission. Context: dispatcher. Return: NULL if there is none. */
static struct veng_scall *consume(struct veng_chan *chan)
{
	struct veng_scall *call = NULL;
	unsigned long flags;

	if (!vos_ring_front_ready(&chan->sq))
		return NULL;

	spin_lock_irqsave(&chan->lock, flags);
	if (vos_ring_has_room(&chan->cq, chan->inflight + 1) > 0 && !list_empty(&chan->free)) {
		call = list_first_entry(&chan->free, struct veng_scall, node);
		list_del(&call->node);
		chan->inflight++;
	}
	spin_unlock_irqrestore(&chan->lock, flags);
	if (!call) {
		violation(chan, "more calls than completions");
		return NULL;
	}
	atomic_inc(&chan->conn->inflight);
	if (chan->uc)
		atomic_inc(&chan->uc->users);
	vos_ring_consume(&chan->sq, &call->sqe);
	return call;
}

/*
 * If the front end needs an event for the completions since the last flush, send it. Return:
 * true if it was sent.
 */
static bool flush(struct veng_chan *chan)
{
	if (!READ_ONCE(chan->answered))
		return false;
	WRITE_ONCE(chan->answered, false);
	if (!vos_ring_must_notify(&chan->cq))
		return false;
	notify_remote_via_irq(chan->irq);
	return true;
}

/* Under the channel's lock. Return: as vos_ring_push(). */
static int push(struct veng_chan *chan, const struct vos_cqe *cqe)
{
	chan->sums.calls++;
	chan->sums.ticks += VOS_COST_TICKS(cqe->cost);
	chan->sums.wait += cqe->out[4];
	return vos_ring_push(&chan->cq, cqe);
}

/*
 * Push the completion first: the caller goes on while the rest is done. The call took @ticks
 * besides what its completion says already.
 */
static void answer(struct veng_scall *call, s64 result, u64 ticks)
{
	struct veng_handle *handle = call->handle;
	const struct cred *cred = call->cred;
	struct veng_chan *chan = call->chan;
	unsigned long flags;
	int rc;

	call->cqe.tag = call->sqe.tag;
	call->cqe.result = result;
	call->cqe.cost = min_t(u64, call->cqe.cost + ticks, U32_MAX) & chan->conn->cost_mask;
	veng_lie_answer(call);
	spin_lock_irqsave(&chan->lock, flags);
	VENG_CHECK(chan->inflight);
	rc = push(chan, &call->cqe);
	if (veng_lie_repeats())
		push(chan, &call->cqe);
	WRITE_ONCE(chan->answered, true);
	list_add(&call->node, &chan->free);
	chan->inflight--;
	spin_unlock_irqrestore(&chan->lock, flags);
	if (rc)		/* there was room when the call was taken */
		violation(chan, "completion index");
	if (handle)
		veng_handle_put(handle);
	/* The user channel owns a lane's credentials. */
	if (!chan->uc && cred != veng_base_cred())
		put_cred(cred);
}

static void leave(struct veng_chan *chan)
{
	struct veng_conn *conn = chan->conn;

	if (chan->uc)
		veng_uchan_done(chan->uc);
	if (atomic_dec_and_test(&conn->inflight))
		wake_up(&conn->idle_wait);
}

/*
 * On one processor the dispatcher sleeps while a worker works, and has asked for events. The
 * next call follows the answer at once. So the dispatcher polls for it, and it needs no event.
 */
static void expect_next(struct veng_chan *chan)
{
	if (num_online_cpus() > 1)
		return;
	if (chan->uc)
		veng_uchan_expect(chan);
	vos_ring_awake(&chan->sq);
	veng_dispatcher_wake(chan->conn);
}

void veng_scall_complete(struct veng_scall *call, s64 result)
{
	struct veng_chan *chan = call->chan;
	u64 ticks;

	expect_next(chan);
	ticks = veng_cost_pending(call);
	if (static_branch_unlikely(&veng_trace_used))
		veng_trace_note(call, VOS_TRACE_END, rdtsc(), call->cqe.cost + ticks);
	answer(call, result, ticks);
	flush(chan);
	/* Last, for now the connection may be torn down. */
	leave(chan);
}
EXPORT_SYMBOL_GPL(veng_scall_complete);

/*
 * Set the service's pointers to extent @i.
 * Return: 0; -EINVAL there must be one, or none; -EPROTO outside the arena.
 */
static __always_inline int place(struct veng_scall *call, int i, u8 use)
{
	const struct veng_chan *chan = call->chan;
	const struct vos_extent *e = &call->sqe.ext[i];
	void __peer *p = NULL;

	if (e->len) {
		if (e->off > chan->arena_bytes || e->len > chan->arena_bytes - e->off)
			return -EPROTO;
		p = chan->arena + e->off;
	}
	call->in[i] = use & VOS_EXT_IN ? p : NULL;
	call->out[i] = use & VOS_EXT_OUT ? p : NULL;
	return vos_ext_check(use, e->len);
}

/* Check all of a call but its handle, by the table of operations. Return: as place(). */
static int check(struct veng_scall *call, const struct vos_op *op, enum vos_from from)
{
	int rc = vos_op_check(op, from, call->conn->svc->class);

	if (!rc)
		rc = place(call, 0, op->ext[0]);
	if (!rc)
		rc = place(call, 1, op->ext[1]);
	if (rc == -EPROTO)
		violation(call->chan, "extent");
	return rc;
}

static const struct cred *call_cred(struct veng_conn *conn, u16 index)
{
	if (!index)
		return veng_base_cred();
	if (index >= VOS_MAX_CREDS || !conn->cred[index])
		return NULL;
	return get_cred(conn->cred[index]);
}

/*
 * Carry out what has been submitted on the lanes so far, before @call goes on.
 * Context: dispatcher, and not from a lane's call.
 */
static noinline void finish_lanes(struct veng_scall *call, struct veng_uchan *uc)
{
	u64 since;
	u32 i;

	veng_in_dispatcher(uc->conn);
	veng_cost_nest(call);
	since = uc->conn->clock.last;
	for (i = 0; i < uc->nr_lanes; i++)
		veng_chan_run(&uc->lane[i]);
	veng_cost_unnest(call, since);
}

/*
 * Carry out what processes have submitted before a call on an object. A process may have gone
 * on without waiting for an answer. What it asks through the trap door now has to find that
 * done.
 * Context: dispatcher.
 */
static noinline void finish_object(struct veng_scall *call)
{
	struct veng_conn *conn = call->conn;
	DECLARE_BITMAP(ids, VOS_MAX_UCHANS) = { 0 };
	struct veng_handle *h;
	unsigned long flags;
	u32 id;

	veng_in_dispatcher(conn);
	if (!conn->by_obj || call->sqe.obj >= conn->nr_objects ||
	    hlist_empty(&conn->by_obj[call->sqe.obj]))
		return;
	spin_lock_irqsave(&conn->handle_lock, flags);
	hlist_for_each_entry(h, &conn->by_obj[call->sqe.obj], by_obj)
		__set_bit(h->uc->id, ids);
	spin_unlock_irqrestore(&conn->handle_lock, flags);
	for_each_set_bit(id, ids, VOS_MAX_UCHANS) {
		struct veng_uchan *uc = veng_uchan_find(conn, id);

		if (uc)
			finish_lanes(call, uc);
	}
}

/* Carry out what has to precede a kernel's call: processes need not wait for answers. */
static void finish_first(struct veng_scall *call, const struct vos_op *op)
{
	struct veng_uchan *uc;

	switch (op->after) {
	case VOS_AFTER_OBJECT:
		finish_object(call);
		break;
	case VOS_AFTER_UCHAN:
		uc = veng_uchan_find(call->conn, (u32)call->sqe.arg[0]);
		if (uc)
			finish_lanes(call, uc);
	}
}

static s64 service_call(struct veng_scall *call)
{
	const struct cred *old;
	s64 result;

	if (call->cred == veng_base_cred())
		return call->conn->svc->dispatch(call);
	old = override_creds(call->cred);
	result = call->conn->svc->dispatch(call);
	revert_creds(old);
	return result;
}

/* Carry out a lane's call with the process's credentials, on what its handle stands for. */
static s64 carry_out_user(struct veng_scall *call, const struct vos_op *op)
{
	int rc;

	call->cred = call->chan->uc->cred;
	rc = check(call, op, VOS_FROM_PROCESS);
	if (rc)
		return rc;
	if (op->class == VOS_CLASS_CORE)
		return veng_core_call(call);
	rc = veng_handle_use(call, op);
	return rc ?: service_call(call);
}

static s64 carry_out_kernel(struct veng_scall *call, const struct vos_op *op)
{
	int rc;

	call->cred = call_cred(call->conn, call->sqe.cred);
	if (!call->cred) {
		call->cred = veng_base_cred();
		violation(call->chan, "credentials");
		return -EPROTO;
	}
	rc = check(call, op, VOS_FROM_KERNEL);
	if (rc)
		return rc;
	if (op->after)
		finish_first(call, op);
	return op->class == VOS_CLASS_CORE ? veng_core_call(call) : service_call(call);
}

/* Return: the result, VENG_PENDING, or -EPROTO with the connection or lane cut off. */
static s64 carry_out(struct veng_scall *call)
{
	const u8 opcode = call->sqe.opcode;
	const struct vos_op *op = &veng_ops[opcode];
	struct veng_conn *conn = call->conn;
	s64 result;

	memset(&call->cqe, 0, sizeof(call->cqe));
	call->handle = NULL;
	if (veng_lie_eats(call))
		return VENG_PENDING;
	result = call->chan->uc ? carry_out_user(call, op) : carry_out_kernel(call, op);
	/* If the call is pending, another thread owns it now. */
	veng_turn_call(&conn->turn, opcode);
	if (result == VENG_PENDING)
		WARN_ON_ONCE(op->answer == VOS_ANSWER_NOW);
	return result;
}

/*
 * Record that a call is taken. Its stretch of the dispatcher's time then begins here, and not
 * where the search for it began.
 */
static noinline void note_taken(struct veng_scall *call)
{
	struct veng_clock *clock = &call->conn->clock;

	veng_clock_lap(clock);
	veng_trace_note(call, VOS_TRACE_BEGIN, clock->last, call->sqe.arg[0]);
}

/**
 * veng_chan_run - take and carry out what is there, CALLS_A_TURN at most
 * @chan: the channel or lane
 *
 * Context: dispatcher.
 * Return: number of calls taken.
 */
int veng_chan_run(struct veng_chan *chan)
{
	struct veng_clock *clock = &chan->conn->clock;
	struct veng_scall *call;
	u32 n = 0;

	veng_in_dispatcher(chan->conn);
	while (n < CALLS_A_TURN && !is_broken(chan)) {
		s64 result;
		u64 ticks;

		call = consume(chan);
		if (!call)
			break;
		n++;
		if (static_branch_unlikely(&veng_trace_used))
			note_taken(call);
		result = carry_out(call);
		if (result == VENG_PENDING) {
			/* It may have been answered. What followed the hand-over is background. */
			veng_clock_lap(clock);
			continue;
		}
		ticks = veng_clock_lap(clock);
		veng_trace(call, VOS_TRACE_END, clock->last, call->cqe.cost + ticks);
		answer(call, result, ticks);
		leave(chan);
	}
	if (n) {
		veng_lie_taken(chan);
		/* An event may be for many calls: background. */
		if (flush(chan))
			veng_clock_lap(clock);
	}
	return n;
}

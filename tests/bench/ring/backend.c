// SPDX-License-Identifier: GPL-2.0-only
/*
 * The service domain's end of the null call: what service-domain/engine/run.c and
 * dispatch.c do for a NOP, without the kernel's locks and lists. It says what each call cost.
 *
 * Invariant: a submission is looked at only in its private copy, and is taken only
 * when its completion has room.
 */
#include <errno.h>
#include <x86intrin.h>

#include "bench.h"
#include "nullcall.h"

struct call {
	struct vos_sqe sqe;
	struct vos_cqe cqe;
};

/* What engine/cost.c keeps: the times that say who else has run stand still here. */
struct clock {
	uint64_t last, stamp, entry, exec_start;
	uint64_t calls, ticks, wait;
};

/* One side's view of the channel. */
struct view {
	struct clock clock;
	struct vos_ring sq, cq;
	bool violated;
	unsigned int sends;	/* events that a sleeping front end would have got */
};

static const struct vos_op ops[VOS_NR_OPCODES] = { VOS_OPCODES(VOS_OP_FACTS) };

static bool extents_ok(const struct vos_sqe *sqe)
{
	for (int i = 0; i < 2; i++) {
		const struct vos_extent *e = &sqe->ext[i];

		if (e->len && (e->off > ARENA_BYTES || e->len > ARENA_BYTES - e->off))
			return false;
	}
	return true;
}

/* Return: the result, or -EPROTO for a call that no honest front end makes. */
static int64_t carry_out(struct call *call)
{
	const struct vos_op *op = &ops[call->sqe.opcode];
	int rc;

	memset(&call->cqe, 0, sizeof(call->cqe));
	if (call->sqe.cred >= VOS_MAX_CREDS || !extents_ok(&call->sqe))
		return -EPROTO;
	rc = vos_op_check(op, VOS_FROM_KERNEL, VOS_CLASS_CORE) ?:
	     vos_ext_check(op->ext[0], call->sqe.ext[0].len) ?:
	     vos_ext_check(op->ext[1], call->sqe.ext[1].len);
	if (rc)
		return rc;
	return call->sqe.opcode == VOS_OP_NOP ? 0 : -ENOSYS;
}

static uint64_t lap(struct clock *c)
{
	uint64_t now = __rdtsc(), ticks = now - c->last;

	c->last = now;
	if (__atomic_load_n(&c->entry, __ATOMIC_RELAXED) +
	    __atomic_load_n(&c->exec_start, __ATOMIC_RELAXED) != c->stamp)
		return 0;
	return ticks;
}

static void charge(struct clock *c, struct vos_cqe *cqe)
{
	uint64_t ticks = cqe->cost + lap(c);

	cqe->cost = ticks < UINT32_MAX ? ticks : UINT32_MAX;
	c->calls++;
	c->ticks += VOS_COST_TICKS(cqe->cost);
	c->wait += cqe->out[4];
}

static void complete(struct view *v, struct call *call)
{
	int64_t result = carry_out(call);

	call->cqe.tag = call->sqe.tag;
	call->cqe.result = result;
	charge(&v->clock, &call->cqe);
	if (result == -EPROTO)
		v->violated = true;
}

/* As run.c does it: every entry taken and answered by itself, one check whether to notify. */
static unsigned int run(struct view *v)
{
	unsigned int n = 0;
	struct call call;

	while (n < v->sq.entries && !v->violated && vos_ring_ready(&v->sq)) {
		if (vos_ring_has_room(&v->cq, 1) <= 0) {
			v->violated = true;
			break;
		}
		vos_ring_consume(&v->sq, &call.sqe);
		complete(v, &call);
		if (vos_ring_push(&v->cq, &call.cqe))
			v->violated = true;
		n++;
	}
	if (n && vos_ring_must_notify(&v->cq))
		v->sends++;
	return n;
}

void *backend_main(void *arg)
{
	struct backend *b = arg;
	struct channel *ch = b->channel;
	struct view v = { .violated = false };

	vos_ring_init(&v.sq, &ch->hdr.sq, ch->sq, b->entries, VOS_SQ_PHASE);
	vos_ring_init(&v.cq, &ch->hdr.cq, ch->cq, b->entries, VOS_CQ_PHASE);
	while (!v.violated && !__atomic_load_n(&b->stop, __ATOMIC_RELAXED)) {
		if (!run(&v))
			wait_step();
	}
	__atomic_store_n(&b->violated, v.violated, __ATOMIC_RELEASE);
	return NULL;
}

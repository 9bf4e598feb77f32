// SPDX-License-Identifier: GPL-2.0-only
/*
 * The service domain's end of the null call: what service-domain/engine/chan.c and
 * dispatch.c do for a NOP, without the kernel's locks and lists.
 *
 * Invariant: a submission is looked at only in its private copy, and is taken only
 * when its completion has room.
 */
#include <errno.h>

#include "bench.h"
#include "nullcall.h"

struct call {
	struct vos_sqe sqe;
	struct vos_cqe cqe;
};

/* One side's view of the channel; entry by entry, only the plain rings in it are used. */
struct view {
	struct vos_ring_batch sq, cq;
	bool violated;
	unsigned int sends;	/* events that a sleeping front end would have got */
};

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
	memset(&call->cqe, 0, sizeof(call->cqe));
	if (call->sqe.cred >= VOS_MAX_CREDS || !extents_ok(&call->sqe))
		return -EPROTO;
	if (vos_opcode_class(call->sqe.opcode) != VOS_CLASS_CORE)
		return -ENOSYS;
	return call->sqe.opcode == VOS_OP_NOP ? 0 : -ENOSYS;
}

static void complete(struct view *v, struct call *call)
{
	int64_t result = carry_out(call);

	call->cqe.tag = call->sqe.tag;
	call->cqe.result = result;
	if (result == -EPROTO)
		v->violated = true;
}

static void notify(struct view *v)
{
	if (vos_ring_must_notify(&v->cq.ring))
		v->sends++;
}

/* As chan.c does it: every entry checked, popped and pushed by itself. */
static unsigned int run_entries(struct view *v)
{
	unsigned int n = 0;
	struct call call;

	while (n < v->sq.ring.entries && !v->violated) {
		int ready = vos_ring_ready(&v->sq.ring);

		if (!ready)
			break;
		if (ready < 0 || vos_ring_has_room(&v->cq.ring, 1) <= 0 ||
		    vos_ring_pop(&v->sq.ring, &call.sqe) < 0) {
			v->violated = true;
			break;
		}
		complete(v, &call);
		if (vos_ring_push(&v->cq.ring, &call.cqe))
			v->violated = true;
		n++;
	}
	if (n)
		notify(v);
	return n;
}

/* One call from ring to ring, nothing published. Return: false if there was none. */
static bool run_one(struct view *v)
{
	struct call call;
	int rc = vos_ring_take(&v->sq, &call.sqe);

	if (rc > 0) {
		complete(v, &call);
		if (vos_ring_put(&v->cq, &call.cqe))
			v->violated = true;
	} else if (rc) {
		v->violated = true;
	}
	return rc && !v->violated;
}

/*
 * Room first, then the completions: a front end that has them may at once submit as
 * many calls.
 */
static void publish(struct view *v)
{
	vos_ring_release(&v->sq);
	vos_ring_publish(&v->cq);
}

/*
 * The same, published in batches, or when no more calls are known of: nobody waits for
 * an answer because of a call that might come. The notification's barrier is last.
 */
static unsigned int run_batches(struct view *v, unsigned int batch)
{
	unsigned int n = 0, published = 0;

	while (n < v->sq.ring.entries && run_one(v)) {
		n++;
		if (n - published == batch || !vos_ring_known(&v->sq)) {
			publish(v);
			published = n;
		}
	}
	if (n)
		notify(v);
	return n;
}

void *backend_main(void *arg)
{
	struct backend *b = arg;
	struct channel *ch = b->channel;
	struct view v = { .violated = false };

	vos_ring_batch_init(&v.sq, &ch->hdr.sq, ch->sq, b->entries);
	vos_ring_batch_init(&v.cq, &ch->hdr.cq, ch->cq, b->entries);
	while (!v.violated && !__atomic_load_n(&b->stop, __ATOMIC_RELAXED)) {
		if (!(b->batch ? run_batches(&v, b->batch) : run_entries(&v)))
			wait_step();
	}
	__atomic_store_n(&b->violated, v.violated, __ATOMIC_RELEASE);
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The null call: NOP submissions through a channel, from the front end's side, with
 * a given number of them under way.
 *
 * Invariant: calls under way and completions not yet released are together never
 * more than the ring has entries, so the back end always has room.
 */
#include <errno.h>

#include "bench.h"
#include "nullcall.h"

#define POLLS_PER_CLOCK_READ 64
#define POLLS_BEFORE_ASKING 65536u

struct frontend {
	struct vos_ring sq, cq;
	unsigned int depth;
	uint32_t next_tag;	/* of the next submission */
	uint32_t next_done;	/* of the next completion: a NOP overtakes none */
	unsigned int sends;	/* events that a sleeping back end would have got */
	const struct backend *backend;
};

/* Fill up to the depth. Return: 0 or -errno of the ring. */
static int submit(struct frontend *f)
{
	unsigned int room = f->depth - (f->next_tag - f->next_done);
	int rc = 0;

	while (room && !rc) {
		struct vos_sqe sqe = { .opcode = VOS_OP_NOP, .tag = f->next_tag++ };

		room--;
		rc = vos_ring_push(&f->sq, &sqe);
		/* One event would do for all of them. */
		if (!room && vos_ring_must_notify(&f->sq))
			f->sends++;
	}
	return rc;
}

static bool answer_ok(struct frontend *f, const struct vos_cqe *cqe)
{
	return cqe->tag == f->next_done++ && cqe->result == 0;
}

/* Take what is there. Return: how many, or -EPROTO. */
static int reap(struct frontend *f)
{
	struct vos_cqe cqe;
	int n = 0;

	/* No poll for more than was asked, as the library does it. */
	while (f->next_done != f->next_tag && vos_ring_pop(&f->cq, &cqe)) {
		if (!answer_ok(f, &cqe))
			return -EPROTO;
		n++;
	}
	return n;
}

/* One more poll in vain. Return: -EPROTO if the back end has given up. */
static int wait_on(struct frontend *f, unsigned int *polls)
{
	wait_step();
	if (++*polls % POLLS_BEFORE_ASKING)
		return 0;
	return __atomic_load_n(&f->backend->violated, __ATOMIC_ACQUIRE) ? -EPROTO : 0;
}

/* At least @want answers. Return: 0 or -EPROTO. */
static int await(struct frontend *f, unsigned int want)
{
	unsigned int polls = 0, got = 0;

	while (got < want) {
		int n = reap(f);

		if (!n)
			n = wait_on(f, &polls);
		if (n < 0)
			return n;
		got += n;
	}
	return 0;
}

static int measure(struct frontend *f, uint64_t ns, struct slice *out)
{
	struct watch watch;
	unsigned int turn;
	int rc;

	watch_start(&watch, ns);
	do {
		for (turn = 0; turn < POLLS_PER_CLOCK_READ; turn++) {
			rc = submit(f);
			if (!rc)
				rc = await(f, 1);
			if (rc)
				return rc;
		}
	} while (!watch_over(&watch, f->next_done, out));
	return await(f, f->next_tag - f->next_done);
}

int nullcall_run(const struct bench_case *c, uint64_t ns, struct slice *out)
{
	static struct channel channel;
	struct backend b = { .channel = &channel, .entries = c->entries };
	struct frontend f = { .depth = c->depth, .backend = &b };
	struct peer *peer;
	int rc;

	memset(&channel, 0, sizeof(channel));
	vos_ring_init(&f.sq, &channel.hdr.sq, channel.sq, c->entries, VOS_SQ_PHASE);
	vos_ring_init(&f.cq, &channel.hdr.cq, channel.cq, c->entries, VOS_CQ_PHASE);
	peer = peer_start(backend_main, &b);
	rc = measure(&f, ns, out);
	__atomic_store_n(&b.stop, true, __ATOMIC_RELAXED);
	peer_join(peer);
	return rc;
}

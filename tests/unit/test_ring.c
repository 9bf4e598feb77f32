/* SPDX-License-Identifier: MIT */
/*
 * The ring library with one thread: order, room, wrap-around of the free-running
 * indices, need_wakeup, and what a peer may scribble.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <virtuos/ring.h>

#define ENTRIES 64u

struct pair {
	struct vos_ring_hdr hdr;
	struct vos_sqe entry[ENTRIES];
	struct vos_ring prod, cons;
};

static struct pair *new_pair(uint32_t start)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	vos_ring_init(&p->prod, &p->hdr, p->entry, ENTRIES, VOS_SQ_PHASE);
	vos_ring_init(&p->cons, &p->hdr, p->entry, ENTRIES, VOS_SQ_PHASE);
	vos_ring_at(&p->prod, start);
	vos_ring_at(&p->cons, start);
	p->prod.peer = p->hdr.cons = start;
	return p;
}

static struct vos_sqe sqe(uint32_t tag)
{
	struct vos_sqe e = { .opcode = 1, .tag = tag };

	return e;
}

static void push_ok(struct pair *p, uint32_t tag)
{
	struct vos_sqe e = sqe(tag);

	assert_int_equal(vos_ring_push(&p->prod, &e), 0);
}

static void pop_ok(struct pair *p, uint32_t tag)
{
	struct vos_sqe e;

	assert_true(vos_ring_pop(&p->cons, &e));
	assert_int_equal(e.tag, tag);
	assert_int_equal(e.flags, 0);
}

static void fill_and_drain(struct pair *p)
{
	struct vos_sqe e = sqe(0);
	uint32_t i;

	for (i = 0; i < ENTRIES; i++) {
		assert_int_equal(vos_ring_room(&p->prod), ENTRIES - i);
		push_ok(p, i);
	}
	assert_int_equal(vos_ring_push(&p->prod, &e), -ENOSPC);
	for (i = 0; i < ENTRIES; i++)
		pop_ok(p, i);
	assert_false(vos_ring_pop(&p->cons, &e));
}

static void keeps_order_and_room(void **state)
{
	struct pair *p = new_pair(0);
	uint32_t i;

	(void)state;
	fill_and_drain(p);
	fill_and_drain(p);
	/* Not in step with the rounds. */
	for (i = 0; i < 5 * ENTRIES; i++) {
		push_ok(p, i);
		pop_ok(p, i);
		assert_false(vos_ring_ready(&p->cons));
		if (i == 7)
			fill_and_drain(p);
	}
	free(p);
}

static void survives_index_wrap(void **state)
{
	/* Zeroed entries are old in rounds of even number. */
	struct pair *p = new_pair(-2 * ENTRIES + ENTRIES / 2);

	(void)state;
	fill_and_drain(p);
	fill_and_drain(p);
	fill_and_drain(p);
	free(p);
}

/* An entry is there when its first word is, whatever else has been written. */
static void takes_what_is_published(void **state)
{
	struct pair *p = new_pair(0);
	struct vos_sqe *slot = p->prod.next, e;

	(void)state;
	slot->obj = 3;
	slot->arg[3] = 4;
	assert_false(vos_ring_pop(&p->cons, &e));
	assert_false(vos_ring_waiting(&p->hdr, p->entry, ENTRIES, VOS_SQ_PHASE));
	vos_ring_publish(&p->prod, 5 | 6ull << 32);
	assert_true(vos_ring_waiting(&p->hdr, p->entry, ENTRIES, VOS_SQ_PHASE));
	assert_true(vos_ring_pop(&p->cons, &e));
	assert_true(e.opcode == 5 && !e.flags && e.tag == 6 && e.obj == 3 && e.arg[3] == 4);
	assert_false(vos_ring_waiting(&p->hdr, p->entry, ENTRIES, VOS_SQ_PHASE));
	free(p);
}

/* The bit that is the ring's does not reach anybody, whatever the caller put there. */
static void the_phase_is_the_rings(void **state)
{
	struct vos_ring_hdr hdr = { 0 };
	struct vos_cqe entry[4] = { 0 }, c;
	struct vos_ring prod, cons;
	uint32_t i;

	(void)state;
	vos_ring_init(&prod, &hdr, entry, 4, VOS_CQ_PHASE);
	vos_ring_init(&cons, &hdr, entry, 4, VOS_CQ_PHASE);
	for (i = 0; i < 20; i++) {
		c = (struct vos_cqe){ .tag = i, .poll = i % 3 ? ~0u : 0, .result = i };
		assert_int_equal(vos_ring_push(&prod, &c), 0);
		assert_true(vos_ring_pop(&cons, &c));
		assert_int_equal(c.poll, i % 3 ? ~VOS_CQE_PHASE : 0);
		assert_true(c.tag == i && c.result == i);
		assert_false(vos_ring_ready(&cons));
	}
}

static void refuses_impossible_consumer(void **state)
{
	struct pair *p = new_pair(0);
	struct vos_sqe e = sqe(7);
	uint32_t i;

	(void)state;
	p->hdr.cons = 1;	/* ahead of the producer */
	assert_int_equal(vos_ring_room(&p->prod), -EPROTO);
	assert_int_equal(vos_ring_has_room(&p->prod, ENTRIES + 1), -EPROTO);
	/* It is looked at when the ring is full as far as is known. */
	for (i = 0; i < ENTRIES; i++)
		push_ok(p, i);
	p->hdr.cons = ENTRIES + 1;
	assert_int_equal(vos_ring_push(&p->prod, &e), -EPROTO);
	assert_int_equal(p->prod.own, ENTRIES);
	p->hdr.cons = 3;
	assert_int_equal(vos_ring_push(&p->prod, &e), 0);
	assert_int_equal(vos_ring_has_room(&p->prod, 2), 1);
	assert_int_equal(vos_ring_has_room(&p->prod, 3), 0);
	free(p);
}

static void own_index_is_never_read_back(void **state)
{
	struct pair *p = new_pair(0);

	(void)state;
	push_ok(p, 1);
	push_ok(p, 2);
	pop_ok(p, 1);
	p->hdr.cons = 77;	/* the peer scribbles over what we published */
	pop_ok(p, 2);
	assert_int_equal(p->hdr.cons, 2);
	free(p);
}

static void notifies_only_a_sleeper(void **state)
{
	struct pair *p = new_pair(0);

	(void)state;
	push_ok(p, 1);
	assert_false(vos_ring_must_notify(&p->prod));
	vos_ring_prepare_sleep(&p->cons);
	assert_true(vos_ring_must_notify(&p->prod));
	vos_ring_awake(&p->cons);
	assert_false(vos_ring_must_notify(&p->prod));
	free(p);
}

static void says_how_it_wants_to_be_told(void **state)
{
	struct pair *p = new_pair(0);

	(void)state;
	vos_ring_ask(&p->cons, VOS_WAKE_SOON);
	assert_int_equal(vos_ring_wakeup(&p->prod), VOS_WAKE_SOON);
	/* What must be told at once is told of at once. */
	assert_true(vos_ring_must_notify(&p->prod));
	vos_ring_prepare_sleep(&p->cons);
	assert_int_equal(vos_ring_wakeup(&p->prod), VOS_WAKE_NOW);
	free(p);
}

/* Looked at where it lies, and then copied: what changes in between is seen. */
static void the_front_is_not_the_copy(void **state)
{
	struct pair *p = new_pair(0);
	struct vos_sqe e;

	(void)state;
	push_ok(p, 5);
	assert_true(vos_ring_ready(&p->cons));
	assert_int_equal(((const struct vos_sqe *)vos_ring_front(&p->cons))->tag, 5);
	((struct vos_sqe *)p->cons.next)->tag = 6;
	vos_ring_consume(&p->cons, &e);
	assert_int_equal(e.tag, 6);
	assert_int_equal(p->hdr.cons, 1);
	assert_false(vos_ring_ready(&p->cons));
	free(p);
}

/* Random scribbling over the shared half never makes us touch what is not ours. */
static void random_headers_do_no_harm(void **state)
{
	struct pair *p = new_pair(0);
	struct vos_sqe e = sqe(0);
	unsigned int seed = 1;
	int i;

	(void)state;
	for (i = 0; i < 200000; i++) {
		int r;

		memset(&p->entry[rand_r(&seed) % ENTRIES], rand_r(&seed), sizeof(e));
		p->hdr.cons = (uint32_t)rand_r(&seed) * 2246822519u;
		vos_ring_pop(&p->cons, &e);
		r = vos_ring_push(&p->prod, &e);
		assert_true(r == 0 || r == -ENOSPC || r == -EPROTO);
	}
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_order_and_room),
		cmocka_unit_test(survives_index_wrap),
		cmocka_unit_test(takes_what_is_published),
		cmocka_unit_test(the_phase_is_the_rings),
		cmocka_unit_test(refuses_impossible_consumer),
		cmocka_unit_test(own_index_is_never_read_back),
		cmocka_unit_test(notifies_only_a_sleeper),
		cmocka_unit_test(says_how_it_wants_to_be_told),
		cmocka_unit_test(the_front_is_not_the_copy),
		cmocka_unit_test(random_headers_do_no_harm),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}

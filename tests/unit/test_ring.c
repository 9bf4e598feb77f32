/* SPDX-License-Identifier: MIT */
/*
 * The ring library with one thread: order, room, wrap-around of the free-running
 * indices, need_wakeup, and every kind of impossible index.
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
	vos_ring_init(&p->prod, &p->hdr, p->entry, ENTRIES);
	vos_ring_init(&p->cons, &p->hdr, p->entry, ENTRIES);
	p->prod.own = p->prod.peer = p->cons.own = p->hdr.prod = p->hdr.cons = start;
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

	assert_int_equal(vos_ring_pop(&p->cons, &e), 1);
	assert_int_equal(e.tag, tag);
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
	for (i = 0; i < ENTRIES; i++) {
		assert_int_equal(vos_ring_ready(&p->cons), ENTRIES - i);
		pop_ok(p, i);
	}
	assert_int_equal(vos_ring_pop(&p->cons, &e), 0);
}

static void keeps_order_and_room(void **state)
{
	struct pair *p = new_pair(0);

	(void)state;
	fill_and_drain(p);
	free(p);
}

static void survives_index_wrap(void **state)
{
	struct pair *p = new_pair(UINT32_MAX - ENTRIES / 2);

	(void)state;
	fill_and_drain(p);
	fill_and_drain(p);
	free(p);
}

static void refuses_impossible_producer(void **state)
{
	struct pair *p = new_pair(0);
	struct vos_sqe e;

	(void)state;
	p->hdr.prod = ENTRIES + 1;
	assert_int_equal(vos_ring_ready(&p->cons), -EPROTO);
	assert_int_equal(vos_ring_pop(&p->cons, &e), -EPROTO);
	p->hdr.prod = (uint32_t)-1;
	assert_int_equal(vos_ring_pop(&p->cons, &e), -EPROTO);
	assert_int_equal(p->cons.own, 0);
	free(p);
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
	assert_int_equal(p->hdr.prod, ENTRIES);
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
	p->hdr.prod = 0;	/* the peer scribbles over what we published */
	push_ok(p, 2);
	assert_int_equal(p->hdr.prod, 2);
	pop_ok(p, 1);
	p->hdr.cons = 77;
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
	assert_int_equal(vos_ring_ready(&p->cons), 1);
	assert_int_equal(((const struct vos_sqe *)vos_ring_front(&p->cons))->tag, 5);
	((struct vos_sqe *)vos_ring_slot(&p->cons, 0))->tag = 6;
	vos_ring_consume(&p->cons, &e);
	assert_int_equal(e.tag, 6);
	assert_int_equal(p->hdr.cons, 1);
	assert_int_equal(vos_ring_ready(&p->cons), 0);
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

		p->hdr.prod = (uint32_t)rand_r(&seed) * 2654435761u;
		p->hdr.cons = (uint32_t)rand_r(&seed) * 2246822519u;
		r = vos_ring_pop(&p->cons, &e);
		assert_true(r == 0 || r == 1 || r == -EPROTO);
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
		cmocka_unit_test(refuses_impossible_producer),
		cmocka_unit_test(refuses_impossible_consumer),
		cmocka_unit_test(own_index_is_never_read_back),
		cmocka_unit_test(notifies_only_a_sleeper),
		cmocka_unit_test(says_how_it_wants_to_be_told),
		cmocka_unit_test(the_front_is_not_the_copy),
		cmocka_unit_test(random_headers_do_no_harm),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}

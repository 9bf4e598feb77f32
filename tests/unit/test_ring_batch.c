/* SPDX-License-Identifier: MIT */
/*
 * The ring library in batches: what is put is not seen before it is published, what
 * is taken is not given back before it is released, and what each side remembers of
 * the other's index never lets it go beyond what the other could have meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <virtuos/ring_batch.h>

#define ENTRIES 64u

struct pair {
	struct vos_ring_hdr hdr;
	struct vos_sqe entry[ENTRIES];
	struct vos_ring_batch prod, cons;
};

static struct pair *new_pair(uint32_t start)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	vos_ring_batch_init(&p->prod, &p->hdr, p->entry, ENTRIES);
	vos_ring_batch_init(&p->cons, &p->hdr, p->entry, ENTRIES);
	p->prod.ring.own = p->prod.ring.peer = p->cons.ring.own = p->hdr.prod = p->hdr.cons = start;
	p->prod.peer = p->cons.peer = start;
	return p;
}

static int put(struct pair *p, uint32_t tag)
{
	struct vos_sqe e = { .opcode = 1, .tag = tag };

	return vos_ring_put(&p->prod, &e);
}

static void put_all(struct pair *p, uint32_t from, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		assert_int_equal(put(p, from + i), 0);
}

static void take_all(struct pair *p, uint32_t from, uint32_t n)
{
	struct vos_sqe e;
	uint32_t i;

	for (i = 0; i < n; i++) {
		assert_int_equal(vos_ring_take(&p->cons, &e), 1);
		assert_int_equal(e.tag, from + i);
	}
}

static void nothing_seen_before_publication(void **state)
{
	struct pair *p = new_pair(0);
	struct vos_sqe e;

	(void)state;
	put_all(p, 0, 5);
	assert_int_equal(vos_ring_ready(&p->cons.ring), 0);
	assert_int_equal(vos_ring_take(&p->cons, &e), 0);
	vos_ring_publish(&p->prod);
	assert_int_equal(vos_ring_ready(&p->cons.ring), 5);
	take_all(p, 0, 5);
	assert_int_equal(vos_ring_take(&p->cons, &e), 0);
	free(p);
}

static void no_room_before_release(void **state)
{
	struct pair *p = new_pair(0);

	(void)state;
	put_all(p, 0, ENTRIES);
	assert_int_equal(put(p, ENTRIES), -ENOSPC);
	vos_ring_publish(&p->prod);
	take_all(p, 0, ENTRIES);
	assert_int_equal(vos_ring_room(&p->prod.ring), 0);
	assert_int_equal(put(p, ENTRIES), -ENOSPC);
	vos_ring_release(&p->cons);
	assert_int_equal(vos_ring_room(&p->prod.ring), ENTRIES);
	put_all(p, ENTRIES, ENTRIES);
	free(p);
}

/* Batches of every size, over the end of the entries and of the 32-bit indices. */
static void batches_wrap(void **state)
{
	struct pair *p = new_pair(UINT32_MAX - 3 * ENTRIES);
	uint32_t n, tag = 0;

	(void)state;
	for (n = 1; n <= ENTRIES; n++) {
		put_all(p, tag, n);
		vos_ring_publish(&p->prod);
		take_all(p, tag, n);
		vos_ring_release(&p->cons);
		tag += n;
	}
	assert_int_equal(p->hdr.prod, p->hdr.cons);
	free(p);
}

/* A side that works entry by entry has one peer or the other; each may use its way. */
static void peer_may_use_single_entries(void **state)
{
	struct pair *p = new_pair(0);
	struct vos_ring *one = &p->cons.ring;
	struct vos_sqe e;
	uint32_t i;

	(void)state;
	put_all(p, 0, 3);
	assert_int_equal(vos_ring_pop(one, &e), 0);
	vos_ring_publish(&p->prod);
	for (i = 0; i < 3; i++) {
		assert_int_equal(vos_ring_pop(one, &e), 1);
		assert_int_equal(e.tag, i);
		assert_int_equal(p->hdr.cons, i + 1);
	}
	put_all(p, 3, ENTRIES);
	assert_int_equal(put(p, 0), -ENOSPC);
	free(p);

	p = new_pair(0);
	one = &p->prod.ring;
	for (i = 0; i < ENTRIES; i++) {
		e = (struct vos_sqe){ .tag = i };
		assert_int_equal(vos_ring_push(one, &e), 0);
	}
	take_all(p, 0, ENTRIES);
	assert_int_equal(vos_ring_push(one, &e), -ENOSPC);
	vos_ring_release(&p->cons);
	assert_int_equal(vos_ring_push(one, &e), 0);
	free(p);
}

/* A side goes by what it knows as long as that lasts, and then checks anew. */
static void peer_is_checked_when_looked_at(void **state)
{
	struct pair *p = new_pair(0);
	struct vos_sqe e;

	(void)state;
	put_all(p, 0, 2);
	vos_ring_publish(&p->prod);
	take_all(p, 0, 1);			/* knows of two */
	p->hdr.prod = ENTRIES + 10;
	take_all(p, 1, 1);
	assert_int_equal(vos_ring_take(&p->cons, &e), -EPROTO);
	assert_int_equal(p->cons.ring.own, 2);
	p->hdr.prod = 1;			/* behind what was taken */
	assert_int_equal(vos_ring_take(&p->cons, &e), -EPROTO);
	assert_int_equal(p->cons.ring.own, 2);

	put_all(p, 2, ENTRIES - 2);		/* all that is known to be free */
	p->hdr.cons = ENTRIES + 1;
	assert_int_equal(put(p, 0), -EPROTO);
	assert_int_equal(p->prod.ring.own, ENTRIES);
	free(p);
}

/* A refused look leaves no trace: the next honest index is as good as ever. */
static void violation_is_not_remembered(void **state)
{
	struct pair *p = new_pair(0);
	struct vos_sqe e;

	(void)state;
	p->hdr.prod = ENTRIES + 1;
	assert_int_equal(vos_ring_take(&p->cons, &e), -EPROTO);
	p->hdr.prod = 0;
	assert_int_equal(vos_ring_take(&p->cons, &e), 0);
	put_all(p, 0, ENTRIES);
	p->hdr.cons = (uint32_t)-5;
	assert_int_equal(put(p, 0), -EPROTO);
	p->hdr.cons = 0;
	assert_int_equal(put(p, 0), -ENOSPC);
	free(p);
}

/*
 * Random indices of the peer: no side ever has more entries open than the ring has,
 * so the producer overwrites nothing that the consumer's word did not free.
 */
static void random_peer_gains_nothing(void **state)
{
	struct pair *p = new_pair(0);
	struct vos_sqe e = { .tag = 0 };
	unsigned int seed = 7;
	int i, r;

	(void)state;
	for (i = 0; i < 200000; i++) {
		p->hdr.cons = p->prod.ring.own + (uint32_t)(rand_r(&seed) % 400) - 200;
		p->hdr.prod = p->cons.ring.own + (uint32_t)(rand_r(&seed) % 400) - 200;
		r = vos_ring_put(&p->prod, &e);
		assert_true(r == 0 || r == -ENOSPC || r == -EPROTO);
		assert_true(p->prod.ring.own - p->prod.peer <= ENTRIES);
		r = vos_ring_take(&p->cons, &e);
		assert_true(r == 0 || r == 1 || r == -EPROTO);
		assert_true(p->cons.peer - p->cons.ring.own <= ENTRIES);
	}
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_seen_before_publication),
		cmocka_unit_test(no_room_before_release),
		cmocka_unit_test(batches_wrap),
		cmocka_unit_test(peer_may_use_single_entries),
		cmocka_unit_test(peer_is_checked_when_looked_at),
		cmocka_unit_test(violation_is_not_remembered),
		cmocka_unit_test(random_peer_gains_nothing),
	};

	return cmocka_run_group_tests_name("ring, batches", tests, NULL, NULL);
}

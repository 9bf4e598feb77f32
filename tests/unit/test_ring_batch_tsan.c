/* SPDX-License-Identifier: MIT */
/*
 * Batches between two threads: a producer that publishes after random numbers of
 * entries, a consumer that releases after others. Nothing may be lost, torn or
 * doubled. Built with ThreadSanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <pthread.h>
#include <sched.h>
#include <cmocka.h>

#include <virtuos/ring_batch.h>

#define ENTRIES 64u
#define COUNT 200000u

static struct vos_ring_hdr hdr;
static struct vos_sqe entry[ENTRIES];

static void *produce(void *arg)
{
	unsigned int seed = 1, left = 0;
	struct vos_ring_batch r;
	uint32_t i;

	(void)arg;
	vos_ring_batch_init(&r, &hdr, entry, ENTRIES);
	for (i = 0; i < COUNT; i++) {
		struct vos_sqe e = { .tag = i, .arg = { i, ~(uint64_t)i, i * 3ull, 0 } };

		while (vos_ring_put(&r, &e) == -ENOSPC) {
			vos_ring_publish(&r);
			sched_yield();
		}
		if (!left--) {
			vos_ring_publish(&r);
			left = (unsigned int)rand_r(&seed) % 40;
		}
	}
	vos_ring_publish(&r);
	return NULL;
}

static void batches_lose_nothing(void **state)
{
	unsigned int seed = 2, left = 0;
	pthread_t producer;
	struct vos_ring_batch r;
	uint32_t want = 0;

	(void)state;
	vos_ring_batch_init(&r, &hdr, entry, ENTRIES);
	assert_int_equal(pthread_create(&producer, NULL, produce, NULL), 0);
	while (want < COUNT) {
		struct vos_sqe e;
		int got = vos_ring_take(&r, &e);

		assert_true(got >= 0);
		if (!got) {
			vos_ring_release(&r);
			sched_yield();
			continue;
		}
		assert_int_equal(e.tag, want);
		assert_true(e.arg[1] == ~(uint64_t)want && e.arg[2] == want * 3ull);
		want++;
		if (!left--) {
			vos_ring_release(&r);
			left = (unsigned int)rand_r(&seed) % 40;
		}
	}
	pthread_join(producer, NULL);
	assert_int_equal(vos_ring_ready(&r.ring), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(batches_lose_nothing) };

	return cmocka_run_group_tests_name("ring, batches, two threads", tests, NULL, NULL);
}

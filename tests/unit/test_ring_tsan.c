/* SPDX-License-Identifier: MIT */
/*
 * The ring library with two threads: a producer and a consumer that sleeps when
 * there is nothing, woken only if need_wakeup says so. Nothing may be lost, torn
 * or doubled, and nobody may sleep for ever. Built with ThreadSanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <cmocka.h>

#include <virtuos/ring.h>

#define ENTRIES 64u
#define COUNT 200000u

static struct vos_ring_hdr hdr;
static struct vos_sqe entry[ENTRIES];
static sem_t event;

static void *produce(void *arg)
{
	struct vos_ring r;
	uint32_t i;

	(void)arg;
	vos_ring_init(&r, &hdr, entry, ENTRIES, VOS_SQ_PHASE);
	for (i = 0; i < COUNT; i++) {
		struct vos_sqe e = { .tag = i, .arg = { i, ~(uint64_t)i, i * 3ull, 0 } };

		while (vos_ring_push(&r, &e) == -ENOSPC)
			sched_yield();
		if (vos_ring_must_notify(&r))
			sem_post(&event);
	}
	return NULL;
}

static void wait_for_event(struct vos_ring *r)
{
	vos_ring_prepare_sleep(r);
	if (!vos_ring_ready(r))
		sem_wait(&event);
	vos_ring_awake(r);
}

static void nothing_is_lost(void **state)
{
	pthread_t producer;
	struct vos_ring r;
	uint32_t want = 0;

	(void)state;
	sem_init(&event, 0, 0);
	vos_ring_init(&r, &hdr, entry, ENTRIES, VOS_SQ_PHASE);
	assert_int_equal(pthread_create(&producer, NULL, produce, NULL), 0);
	while (want < COUNT) {
		struct vos_sqe e;

		if (!vos_ring_pop(&r, &e)) {
			wait_for_event(&r);
			continue;
		}
		assert_int_equal(e.tag, want);
		assert_true(e.arg[1] == ~(uint64_t)want && e.arg[2] == want * 3ull);
		want++;
	}
	pthread_join(producer, NULL);
	assert_false(vos_ring_ready(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_is_lost) };

	return cmocka_run_group_tests_name("ring, two threads", tests, NULL, NULL);
}

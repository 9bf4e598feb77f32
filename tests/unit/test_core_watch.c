/* SPDX-License-Identifier: MIT */
/*
 * Whether a service answers: which calls are due, which are waited for without end
 * (linux-patches/new/virtuos/core/watch.c). The test is the back end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define U16_MAX			0xffffu
#define pr_err(...)		((void)0)
#define INIT_DELAYED_WORK(w, fn)	((void)(fn))
#define to_delayed_work(w)	container_of(w, struct delayed_work, work)
#define queue_delayed_work(wq, w, delay)	((void)(w), checks++)
#define kref_get_unless_zero(k)	(kref_get(k) > 0)

static unsigned int checks;

#include "arena.c"
#include "slot.c"
#include "queue.c"
#include "call.c"
#include "channel.c"
#include "cost.c"
#include "watch.c"

#include "core/bench.h"

#define LIMIT		5u

static struct vos_session_ops callbacks;
static unsigned int hangs;

struct workqueue_struct *vos_wq;

/* What these sources call of the rest of the core. */
void vos_link_violation(struct vos_link *link, const char *what)
{
	(void)link;
	fail_msg("%s", what);
}

bool vos_link_fail(struct vos_link *link, const char *why)
{
	(void)link;
	assert_string_equal(why, "hang");
	return !hangs++;
}

static int set_up(void **state)
{
	int rc;

	(void)state;
	callbacks = (struct vos_session_ops){};
	checks = 0;
	hangs = 0;
	vos_hang_timeout = LIMIT;
	rc = bench_begin(&callbacks);
	b.link->ctrl = calloc(1, sizeof(*b.link->ctrl));
	return rc;
}

static int tear_down(void **state)
{
	(void)state;
	vos_channel_end_all(b.chan);
	vos_channel_reap_ring(b.chan);
	free(b.link->ctrl);
	bench_end();
	return 0;
}

/* Ends by itself when it is answered, or the link is dead. */
static u32 submit(u8 opcode)
{
	struct vos_call *call = vos_channel_try_get(b.chan, 0, 0);

	assert_non_null(call);
	vos_link_get(b.link);
	call->sqe.opcode = opcode;
	call->done = vos_call_put;
	vos_call_submit(call);
	return call->sqe.tag;
}

static void answer(u32 tag)
{
	struct vos_cqe cqe = { .tag = tag };

	assert_int_equal(vos_ring_push(&b.peer_cq, &cqe), 0);
	vos_channel_reap_ring(b.chan);
}

/* A second passes, and the heart beats. */
static void pass_second(void)
{
	b.link->ctrl->heartbeat++;
	watch_work(&b.link->watch_work.work);
}

static void pass_seconds(unsigned int n)
{
	while (n--)
		pass_second();
}

/* Return: the call that the back end has not seen yet. */
static struct vos_sqe next_call(void)
{
	struct vos_sqe sqe = { .opcode = 0xff };

	vos_ring_pop(&b.peer_sq, &sqe);
	return sqe;
}

static void who_beats_and_has_no_calls_is_well(void **state)
{
	(void)state;
	pass_seconds(10 * LIMIT);
	assert_int_equal(hangs, 0);
	assert_int_equal(checks, 10 * LIMIT);
	assert_int_equal(next_call().opcode, 0xff);
}

static void whose_heart_stands_still_hangs(void **state)
{
	unsigned int i;

	(void)state;
	pass_second();
	for (i = 0; i < LIMIT; i++)
		watch_work(&b.link->watch_work.work);
	assert_int_equal(hangs, 0);
	watch_work(&b.link->watch_work.work);
	assert_int_equal(hangs, 1);
}

static void what_is_answered_at_once_is_due(void **state)
{
	(void)state;
	submit(VOS_OP_RECVMSG);
	pass_seconds(LIMIT + 1);
	assert_int_equal(hangs, 0);
	pass_second();
	assert_int_equal(hangs, 1);
}

/* A disk may be slow; but who is asked answers. */
static void a_disk_is_waited_for(void **state)
{
	int i;

	(void)state;
	submit(VOS_OP_FUSE);
	assert_int_equal(next_call().opcode, VOS_OP_FUSE);
	for (i = 0; i < 100; i++) {
		struct vos_sqe nop;

		pass_second();
		nop = next_call();
		if (nop.opcode == VOS_OP_NOP)
			answer(nop.tag);
		else
			assert_int_equal(i, 0);
	}
	assert_int_equal(hangs, 0);
}

static void who_does_not_even_say_nothing_hangs(void **state)
{
	(void)state;
	submit(VOS_OP_FUSE);
	pass_seconds(LIMIT + 4);
	assert_int_equal(hangs, 1);
	next_call();
	assert_int_equal(next_call().opcode, VOS_OP_NOP);
	/* Asked once. */
	assert_int_equal(next_call().opcode, 0xff);
}

static void a_prompt_service_is_due_with_all(void **state)
{
	(void)state;
	callbacks.prompt = true;
	submit(VOS_OP_UCHAN_CLOSE);
	pass_seconds(LIMIT + 2);
	assert_int_equal(hangs, 1);
}

/* The same slot, and never the same call. */
static void who_is_busy_is_well(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		u32 tag = submit(VOS_OP_SENDMSG);

		pass_second();
		answer(tag);
	}
	assert_int_equal(hangs, 0);
}

/* All slots are taken that anybody may have. */
static void a_full_channel_is_asked(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < VOS_ENTRIES - VOS_RESERVE; i++)
		submit(VOS_OP_FUSE);
	pass_seconds(LIMIT + 4);
	assert_int_equal(hangs, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_beats_and_has_no_calls_is_well),
		TEST(whose_heart_stands_still_hangs),
		TEST(what_is_answered_at_once_is_due),
		TEST(a_disk_is_waited_for),
		TEST(who_does_not_even_say_nothing_hangs),
		TEST(a_prompt_service_is_due_with_all),
		TEST(who_is_busy_is_well),
		TEST(a_full_channel_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

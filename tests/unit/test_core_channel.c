/* SPDX-License-Identifier: MIT */
/*
 * The front end's slots, arena, queue of waiters and rings of one channel, as the primary
 * has them (linux-patches/new/virtuos/core), with the test as the back end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

#include "arena.c"
#include "slot.c"
#include "queue.c"
#include "call.c"
#include "channel.c"
#include "cost.c"

#include "core/bench.h"

#define QUARTER		((ARENA_PAGES * VOS_PAGE_SIZE - VOS_ENTRIES * VOS_INLINE) / 4)

static unsigned int rooms;	/* calls of ops->room */
static unsigned int violations;

/* What these sources call of the rest of the core. */
void vos_link_violation(struct vos_link *link, const char *what)
{
	(void)link;
	(void)what;
	violations++;
}

static void room(struct vos_session *s)
{
	(void)s;
	__atomic_add_fetch(&rooms, 1, __ATOMIC_RELAXED);
}

static const struct vos_session_ops ops = { .room = room };

static int set_up(void **state)
{
	(void)state;
	rooms = 0;
	violations = 0;
	return bench_begin(&ops);
}

static int tear_down(void **state)
{
	(void)state;
	bench_end();
	return 0;
}

static void note_done(struct vos_call *call)
{
	(void)call;
}

static struct vos_call *take_len(u32 len0, u32 len1)
{
	struct vos_call *call = vos_channel_try_get(b.chan, len0, len1);

	if (call)
		vos_link_get(b.link);
	return call;
}

static struct vos_call *take(void)
{
	return take_len(8, 0);
}

static u32 take_all(struct vos_call *calls[VOS_ENTRIES])
{
	u32 n = 0;

	while ((calls[n] = take()))
		n++;
	return n;
}

static void put_all(struct vos_call **calls, u32 n)
{
	while (n--)
		vos_call_put(calls[n]);
}

static void submit(struct vos_call *call)
{
	assert_true(vos_channel_submit(b.chan, call, &call->sqe, false));
}

static void answer(u32 tag, s64 result)
{
	struct vos_cqe cqe = { .tag = tag, .result = result };

	assert_int_equal(vos_ring_push(&b.peer_cq, &cqe), 0);
}

/* A thread that waits for a slot, keeps it until told, and says when it got it. */
struct sleeper {
	pthread_t thread;
	struct task_struct *task;
	u32 len;
	u32 flags;
	struct vos_call *call;
	unsigned int turn;		/* 0: not yet */
};

static unsigned int turns;

static void *sleep_for_slot(void *arg)
{
	struct sleeper *s = arg;
	struct vos_call *call;

	WRITE_ONCE(s->task, current);
	call = vos_channel_wait(b.chan, s->len, 0, s->flags);
	if (!IS_ERR(call))
		vos_link_get(b.link);
	s->call = call;
	__atomic_store_n(&s->turn, __atomic_add_fetch(&turns, 1, __ATOMIC_SEQ_CST),
			 __ATOMIC_SEQ_CST);
	return NULL;
}

static u32 waiting(void)
{
	struct vos_waiter *w;
	u32 n = 0;

	spin_lock(&b.chan->slot_lock);
	list_for_each_entry(w, &b.chan->waiters, node)
		n++;
	spin_unlock(&b.chan->slot_lock);
	return n;
}

static void start(struct sleeper *s, u32 len, u32 flags)
{
	u32 before = waiting();

	*s = (struct sleeper){ .len = len, .flags = flags };
	assert_int_equal(pthread_create(&s->thread, NULL, sleep_for_slot, s), 0);
	while (waiting() == before)
		usleep(100);
}

static unsigned int turn_of(struct sleeper *s)
{
	pthread_join(s->thread, NULL);
	return s->turn;
}

static void answered_calls_were_answered(void **state)
{
	struct vos_call *first = take(), *second = take(), *third = take();

	(void)state;
	submit(first);
	submit(second);
	submit(third);
	answer(second->sqe.tag, 42);
	vos_channel_end_all(b.chan);
	assert_int_equal(second->status, 0);
	assert_int_equal(second->cqe.result, 42);
	assert_int_equal(first->status, -EOWNERDEAD);
	assert_int_equal(third->status, -EOWNERDEAD);
	assert_int_equal(violations, 0);
	vos_call_put(first);
	vos_call_put(second);
	vos_call_put(third);
}

static void what_follows_a_lie_is_not_believed(void **state)
{
	struct vos_call *first = take(), *second = take();

	(void)state;
	submit(first);
	submit(second);
	answer(first->sqe.tag, 1);
	answer(first->sqe.tag, 2);
	answer(second->sqe.tag, 3);
	vos_channel_end_all(b.chan);
	assert_int_equal(first->status, 0);
	assert_int_equal(first->cqe.result, 1);
	assert_int_equal(second->status, -EOWNERDEAD);
	vos_call_put(first);
	vos_call_put(second);
}

static void a_reserve_is_left_for_recovery(void **state)
{
	struct vos_call *calls[VOS_ENTRIES], *call;
	u32 n = take_all(calls);
	u32 i;

	(void)state;
	assert_in_range(n, VOS_ENTRIES - VOS_RESERVE, VOS_ENTRIES - 1);
	for (i = n; i < VOS_ENTRIES; i++) {
		call = vos_channel_wait(b.chan, 8, 0, VOS_GET_RECOVERY);
		assert_false(IS_ERR(call));
		vos_link_get(b.link);
		calls[i] = call;
	}
	put_all(calls, VOS_ENTRIES);
}

static void slots_are_given_in_turn(void **state)
{
	struct vos_call *calls[VOS_ENTRIES];
	u32 n = take_all(calls), i;
	struct sleeper s[4];

	(void)state;
	turns = 0;
	for (i = 0; i < 4; i++)
		start(&s[i], 8, 0);
	for (i = 0; i < 4; i++) {
		vos_call_put(calls[--n]);
		/* Nobody who comes now is served. */
		assert_null(take());
		assert_int_equal(turn_of(&s[i]), i + 1);
	}
	for (i = 0; i < 4; i++)
		vos_call_put(s[i].call);
	put_all(calls, n);
}

static void recovery_stands_in_front(void **state)
{
	struct vos_call *calls[VOS_ENTRIES];
	u32 n = take_all(calls), i;
	struct sleeper s[2];

	(void)state;
	turns = 0;
	start(&s[0], 8, 0);
	/* Of the reserve, nothing is left. */
	for (i = n; i < VOS_ENTRIES; i++) {
		calls[i] = vos_channel_wait(b.chan, 8, 0, VOS_GET_RECOVERY);
		vos_link_get(b.link);
	}
	start(&s[1], 8, VOS_GET_RECOVERY);
	vos_call_put(calls[--n]);
	assert_int_equal(turn_of(&s[1]), 1);
	vos_call_put(s[1].call);
	put_all(calls, n);
	assert_int_equal(turn_of(&s[0]), 2);
	vos_call_put(s[0].call);
	put_all(&calls[n + 1], VOS_ENTRIES - n - 1);
}

/* Small calls, for which there is a slot at any time, do not starve a large one. */
static void a_large_call_has_its_turn(void **state)
{
	struct vos_call *large[4], *small;
	struct sleeper s[2];
	int i;

	(void)state;
	turns = 0;
	for (i = 0; i < 4; i++)
		assert_non_null(large[i] = take_len(QUARTER, 0));
	start(&s[0], QUARTER, 0);
	assert_null(take());
	start(&s[1], 8, 0);
	vos_call_put(large[0]);
	turn_of(&s[0]);
	turn_of(&s[1]);
	small = take();
	assert_non_null(small);
	vos_call_put(small);
	vos_call_put(s[0].call);
	vos_call_put(s[1].call);
	for (i = 1; i < 4; i++)
		vos_call_put(large[i]);
}

static void who_is_killed_makes_way(void **state)
{
	struct vos_call *large[4];
	struct sleeper s[2];
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_non_null(large[i] = take_len(QUARTER, 0));
	start(&s[0], QUARTER, VOS_GET_KILLABLE);
	start(&s[1], 8, 0);
	WRITE_ONCE(s[0].task->signalled, true);
	wake_up_process(s[0].task);
	turn_of(&s[0]);
	assert_int_equal(PTR_ERR(s[0].call), -ERESTARTSYS);
	turn_of(&s[1]);
	vos_call_put(s[1].call);
	for (i = 0; i < 4; i++)
		vos_call_put(large[i]);
}

static void waiters_leave_a_dead_link(void **state)
{
	struct vos_call *calls[VOS_ENTRIES];
	u32 n = take_all(calls);
	struct sleeper s;

	(void)state;
	start(&s, 8, 0);
	vos_channel_end_all(b.chan);
	vos_channel_wake_all(b.chan);
	turn_of(&s);
	assert_int_equal(PTR_ERR(s.call), -ENOTCONN);
	put_all(calls, n);
}

/* Who cannot wait is told when it is his turn, and finds a slot then whoever else came. */
static void a_ticket_stands_in_line(void **state)
{
	struct vos_call *calls[VOS_ENTRIES], *call;
	u32 n = take_all(calls);
	struct sleeper s;

	(void)state;
	assert_int_equal(PTR_ERR(vos_channel_ask(b.chan, 100, 0)), -ENOBUFS);
	start(&s, 8, 0);
	assert_int_equal(rooms, 0);
	vos_call_put(calls[--n]);
	assert_int_equal(rooms, 1);
	assert_null(take());
	call = vos_channel_ask(b.chan, 200, 0);
	assert_false(IS_ERR(call));
	vos_link_get(b.link);
	assert_int_equal(call->room[0].len, 200);
	vos_call_put(call);
	turn_of(&s);
	vos_call_put(s.call);
	put_all(calls, n);
}

static void a_ticket_that_nobody_fetches_goes_back(void **state)
{
	struct vos_call *calls[VOS_ENTRIES];
	u32 n = take_all(calls);
	struct sleeper s;

	(void)state;
	assert_int_equal(PTR_ERR(vos_channel_ask(b.chan, 8, 0)), -ENOBUFS);
	vos_call_put(calls[--n]);
	start(&s, 8, 0);
	turn_of(&s);
	vos_call_put(s.call);
	put_all(calls, n);
}

/* Nobody fetches it any more, and nothing of it is left (tear_down()). */
static void a_ticket_in_line_goes_with_the_link(void **state)
{
	struct vos_call *calls[VOS_ENTRIES];
	u32 n = take_all(calls);

	(void)state;
	assert_int_equal(PTR_ERR(vos_channel_ask(b.chan, 2 * QUARTER, 3 * QUARTER)), -ENOBUFS);
	vos_channel_end_all(b.chan);
	put_all(calls, n);
	assert_false(list_empty(&b.chan->waiters));
}

static void *take_and_put(void *arg)
{
	u32 i, *len = arg;

	for (i = 0; i < 2000; i++) {
		struct vos_call *call = vos_channel_try_get(b.chan, *len, 0);

		if (!call)
			call = vos_channel_wait(b.chan, *len, 0, 0);
		assert(!IS_ERR(call));
		vos_link_get(b.link);
		vos_call_put(call);
	}
	return NULL;
}

/* No wake-up is lost, and all comes back (tear_down()). */
static void many_at_a_time(void **state)
{
	struct vos_call *calls[VOS_ENTRIES];
	u32 n = take_all(calls), len[6] = { 8, 8, 2000, 2 * QUARTER, 900, 8 }, i;
	pthread_t thread[6];

	(void)state;
	put_all(calls, 3);
	for (i = 0; i < 6; i++)
		pthread_create(&thread[i], NULL, take_and_put, &len[i]);
	for (i = 0; i < 6; i++)
		pthread_join(thread[i], NULL);
	put_all(calls + 3, n - 3);
}

static void answer_cost(u32 tag, u64 cost)
{
	struct vos_cqe cqe = { .tag = tag, .cost = cost };

	assert_int_equal(vos_ring_push(&b.peer_cq, &cqe), 0);
}

/* Make a call that costs @cost. Return: what was charged for it. */
static u64 charged(u64 cost, bool charges)
{
	u64 before = b.unclaimed.ticks;
	struct vos_call *call = take();

	call->done = note_done;
	call->charges = charges;
	submit(call);
	answer_cost(call->sqe.tag, cost);
	vos_channel_reap(b.chan);
	vos_call_put(call);
	return b.unclaimed.ticks - before;
}

/* In 10 ticks 32 processors have 320. The instructions in the upper half are not looked at. */
static void a_service_charges_what_it_may_have_used(void **state)
{
	(void)state;
	tsc += 10;
	assert_int_equal(charged(300, false), 300);
	assert_int_equal(charged(5ull << 32 | 20, false), 20);
	assert_int_equal(b.chan->stats.refused, 0);
	assert_int_equal(charged(1, false), 0);
	assert_int_equal(b.chan->stats.refused, 1);
	tsc += 1;
	assert_int_equal(charged(~0ull, false), 32);
	assert_int_equal(b.chan->stats.refused, 1 + 0xffffffffu - 32);
	assert_int_equal(b.chan->stats.admitted - b.chan->stats.left, 300 + 20 + 32);
}

static void a_call_whose_user_charges_is_not_charged_to_nobody(void **state)
{
	(void)state;
	tsc += 10;
	assert_int_equal(charged(300, true), 0);
	assert_int_equal(b.unclaimed.calls, 0);
	assert_int_equal(charged(7, false), 7);
	assert_int_equal(b.unclaimed.calls, 1);
}

/* It has no answer, so it has cost nothing. */
static void a_death_charges_nothing(void **state)
{
	struct vos_call *call = take();

	(void)state;
	call->done = note_done;
	submit(call);
	vos_channel_end_all(b.chan);
	assert_int_equal(call->status, -EOWNERDEAD);
	assert_int_equal(b.unclaimed.calls, 0);
	vos_call_put(call);
}

static void a_caller_that_was_killed_leaves_a_call_to_nobody(void **state)
{
	struct vos_call *call = take();

	(void)state;
	tsc += 10;
	call->orphan = vos_call_put;
	submit(call);
	assert_true(vos_channel_abandon(b.chan, call));
	answer_cost(call->sqe.tag, 9);
	vos_channel_reap(b.chan);
	assert_int_equal(b.unclaimed.calls, 1);
	assert_int_equal(b.unclaimed.ticks, 9);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answered_calls_were_answered),
		TEST(what_follows_a_lie_is_not_believed),
		TEST(a_reserve_is_left_for_recovery),
		TEST(slots_are_given_in_turn),
		TEST(recovery_stands_in_front),
		TEST(a_large_call_has_its_turn),
		TEST(who_is_killed_makes_way),
		TEST(waiters_leave_a_dead_link),
		TEST(a_ticket_stands_in_line),
		TEST(a_ticket_that_nobody_fetches_goes_back),
		TEST(a_ticket_in_line_goes_with_the_link),
		TEST(many_at_a_time),
		TEST(a_service_charges_what_it_may_have_used),
		TEST(a_call_whose_user_charges_is_not_charged_to_nobody),
		TEST(a_death_charges_nothing),
		TEST(a_caller_that_was_killed_leaves_a_call_to_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/* The unit "virtuos": what a charge adds to which event, and when a sample falls due. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "../../linux-patches/new/virtuos/perf/count.c"
#include "../../linux-patches/new/virtuos/perf/late.c"
#include "../../linux-patches/new/virtuos/perf/sample.c"

#define N_EVENTS 8

static struct perf_event_context ctx;
static struct perf_event events[N_EVENTS];
static int nr;
static struct virtuos_account account;
static struct vos_sums given;	/* what the core says of the thread that runs */
static struct vos_sums given_of_other;
static struct task_struct other;
static int sums_read;
static unsigned int samples, most_samples;
static u64 sampled;		/* sum of periods */

void vos_account_sums(struct task_struct *task, struct vos_sums *sums)
{
	sums_read++;
	*sums = task == &other ? given_of_other : given;
}

int perf_event_overflow(struct perf_event *event, struct perf_sample_data *data,
			struct pt_regs *regs)
{
	assert_true(regs->user);
	samples++;
	sampled += data->period;
	if (samples < most_samples)
		return 0;
	event->hw.interrupts = VPERF_THROTTLED;
	return 1;
}

static int set_up(void **state)
{
	(void)state;
	memset(events, 0, sizeof(events));
	memset(&account, 0, sizeof(account));
	memset(&given, 0, sizeof(given));
	memset(&given_of_other, 0, sizeof(given_of_other));
	memset(&other, 0, sizeof(other));
	runs = NULL;
	memset(&ctx, 0, sizeof(ctx));
	active.first = NULL;
	current->virtuos_account = &account;
	current->flags = 0;
	tsc_khz = 2999999;
	nr = sums_read = 0;
	samples = 0;
	most_samples = UINT32_MAX;
	sampled = 0;
	return 0;
}

/* An event of the thread that runs, which counts from now on. */
static struct perf_event *begin(u64 config, u64 period)
{
	struct perf_event *event = &events[nr++];

	assert_true(nr <= N_EVENTS);
	event->attr.config = config;
	event->attach_state = PERF_ATTACH_TASK;
	event->group_leader = event;
	event->ctx = &ctx;
	event->hw.sample_period = event->hw.last_period = period;
	event->hw.period_left.value = (s64)period;
	vperf_count_init(event);
	vperf_count_add(event);
	vperf_count_begin(event);
	return event;
}

static void event_stops_and_starts(struct perf_event *event)
{
	vperf_count_update(event);
	vperf_count_begin(event);
}

static void charge(u8 service, u8 opcode, u64 ticks)
{
	const struct vos_charge c = {
		.task = current, .service = service, .opcode = opcode, .ticks = ticks,
		.wait = 10 * ticks, .bytes = 128,
	};

	vperf_count_charge(&c);
}

static void counts_are(const struct perf_event *event, u64 count)
{
	assert_int_equal(event->count.value, count);
}

static void charges_go_where_they_match(void **state)
{
	struct perf_event *calls = begin(VPERF_CALLS, 0), *net = begin(VPERF_CALLS | 1 << 8, 0);
	struct perf_event *storage = begin(VPERF_BYTES | 2 << 8, 0);
	struct perf_event *op = begin(VPERF_TRAP_CALLS | 0x1c << 16, 0);
	int i;

	(void)state;
	for (i = 0; i < 5; i++)
		charge(VOS_DOOR_NET, 0x1b, 100);
	charge(VOS_DOOR_NET, 0x19, 100);
	charge(VOS_DOOR_STORAGE, 0x40, 100);
	counts_are(calls, 7);
	counts_are(net, 6);
	counts_are(storage, 128);
	counts_are(op, 5);
	net->hw.state = PERF_HES_STOPPED;
	charge(VOS_DOOR_NET, 0x1b, 100);
	counts_are(net, 6);
	counts_are(calls, 8);
}

static void charges_of_others_go_to_the_processor(void **state)
{
	struct perf_event *thread = begin(VPERF_CALLS, 0), *cpu = begin(VPERF_TRAP_CALLS, 0);
	const struct vos_charge c = { .task = &other };

	(void)state;
	other.flags = PF_KTHREAD;
	cpu->attach_state = 0;
	vperf_count_init(cpu);
	vperf_count_charge(&c);
	counts_are(thread, 0);
	counts_are(cpu, 1);
	cpu->attr.exclude_kernel = true;
	vperf_count_charge(&c);
	counts_are(cpu, 1);
}

/* What is rounded off at each charge does not add up. */
static void nanoseconds_are_those_of_the_sum(void **state)
{
	struct perf_event *ns = begin(VPERF_SERVICE_NS, 0), *ticks = begin(VPERF_SERVICE_TICKS, 0);
	struct perf_event *wait = begin(VPERF_SERVICE_WAIT_NS, 0);
	int i;

	(void)state;
	for (i = 0; i < 100000; i++)
		charge(VOS_DOOR_NET, 0x1b, 1 + i % 7);
	counts_are(ns, (u64)ticks->count.value * 1000000 / tsc_khz);
	counts_are(wait, (u64)ticks->count.value * 10000000 / tsc_khz);
}

static void any_number_of_ticks_is_borne(void **state)
{
	static const u32 frequencies[] = { VPERF_SLOWEST_KHZ, 999999, 3000000, UINT32_MAX };
	static const u64 numbers[] = { 0, 1, U32_MAX, 1ull << 58, 1ull << 63, UINT64_MAX };
	struct perf_event *ns = begin(VPERF_SERVICE_NS, 1000);
	size_t i, j;

	(void)state;
	most_samples = 10;
	for (i = 0; i < ARRAY_SIZE(frequencies); i++) {
		tsc_khz = frequencies[i];
		for (j = 0; j < ARRAY_SIZE(numbers); j++) {
			charge(VOS_DOOR_NET, 0x1b, numbers[j]);
			given.door[VOS_DOOR_NET].ticks = numbers[j];
			vperf_count_update(ns);
		}
	}
	assert_true(samples <= 10);
}

static void the_other_door_is_added(void **state)
{
	struct perf_event *calls, *net, *op, *wait;

	(void)state;
	given.door[VOS_DOOR_NET].calls = 40;
	calls = begin(VPERF_CALLS, 0);
	net = begin(VPERF_DOOR_CALLS | 1 << 8, 0);
	op = begin(VPERF_CALLS | 0x1c << 16, 0);
	wait = begin(VPERF_SERVICE_WAIT_NS, 0);
	given.door[VOS_DOOR_NET].calls = 50;
	given.door[VOS_DOOR_STORAGE].calls = 3;
	given.door[VOS_DOOR_NET].wait = 1000000;
	charge(VOS_DOOR_NET, 0x1b, 0);
	vperf_count_update(calls);
	vperf_count_update(net);
	vperf_count_update(op);
	vperf_count_update(wait);
	counts_are(calls, 14);
	counts_are(net, 10);
	counts_are(op, 1);
	counts_are(wait, 0);
	/* A process may take its word back. */
	given.door[VOS_DOOR_NET].calls = 0;
	vperf_count_update(net);
	counts_are(net, 10);
	given.door[VOS_DOOR_NET].calls = 2;
	vperf_count_update(net);
	counts_are(net, 12);
}

static void own_counters_are_differences(void **state)
{
	struct perf_event *sends, *wait;

	(void)state;
	account.sends = 7;
	account.sleep_ns = 1000;
	sends = begin(VPERF_SENDS, 0);
	wait = begin(VPERF_WAIT_NS, 0);
	account.sends += 2;
	account.sleep_ns += 500;
	vperf_count_update(sends);
	vperf_count_update(wait);
	counts_are(sends, 2);
	counts_are(wait, 500);
	current->virtuos_account = NULL;
	vperf_count_update(sends);
	counts_are(sends, 2);
}

/* Events that count by differences keep perf from exchanging them, as long as they are active. */
static void differences_forbid_the_exchange(void **state)
{
	struct perf_event *calls = begin(VPERF_CALLS, 0);

	(void)state;
	begin(VPERF_TRAP_CALLS, 0);
	assert_int_equal(ctx.nr_no_switch_fast.value, 1);
	vperf_count_del(calls);
	assert_int_equal(ctx.nr_no_switch_fast.value, 0);
}

static void a_switch_reads_the_sums_once(void **state)
{
	int i;

	(void)state;
	vperf_count_hold(true);
	for (i = 0; i < 4; i++)
		begin(VPERF_CALLS, 0);
	assert_int_equal(sums_read, 1);
	vperf_count_hold(false);
	vperf_count_update(&events[0]);
	vperf_count_update(&events[1]);
	assert_int_equal(sums_read, 3);
}

/* An event of the processor, which counts from now on. */
static struct perf_event *begin_here(u64 config)
{
	struct perf_event *event = begin(config, 0);

	local_dec(&ctx.nr_no_switch_fast);
	event->attach_state = 0;
	return event;
}

/* A processor has what each thread did while it had the processor, and nothing else. */
static void processors_follow_their_threads(void **state)
{
	struct perf_event *calls = begin_here(VPERF_CALLS), *sends = begin_here(VPERF_SENDS);
	struct perf_event *user = begin_here(VPERF_DOOR_CALLS), *thread = begin(VPERF_CALLS, 0);
	struct virtuos_account account_of_other = { .sends = 1000 };

	(void)state;
	other.virtuos_account = &account_of_other;
	user->attr.exclude_kernel = true;
	given_of_other.door[VOS_DOOR_NET].calls = 100;
	given.door[VOS_DOOR_NET].calls = 5;
	account.sends = 2;
	vperf_count_switch(&other);
	counts_are(calls, 5);
	counts_are(sends, 2);
	given_of_other.door[VOS_DOOR_NET].calls += 7;
	account_of_other.sends += 3;
	/* perf changes cgroups in the midst of the switch, or reads. */
	event_stops_and_starts(calls);
	counts_are(calls, 12);
	vperf_count_switch(current);
	counts_are(calls, 12);
	counts_are(sends, 5);
	counts_are(user, 12);
	/* What kernel threads do is not for all to see. */
	other.flags = PF_KTHREAD;
	vperf_count_switch(&other);
	given_of_other.door[VOS_DOOR_NET].calls += 1;
	vperf_count_switch(NULL);
	counts_are(calls, 13);
	counts_are(user, 12);
	given.door[VOS_DOOR_NET].calls += 1;
	vperf_count_update(calls);
	counts_are(calls, 14);
	/* A thread's event does not follow. */
	counts_are(thread, 0);
	assert_int_equal(ctx.nr_no_switch_fast.value, 1);
}

static struct perf_event_context of_other[2];

static void exchange(void)
{
	before_lock = NULL;
	other.perf_event_ctxp = &of_other[1];
}

static struct perf_event *other_has(int i, struct pmu *unit, u64 config)
{
	struct perf_event *event = &events[nr++];

	event->attr.config = config;
	event->pmu = unit;
	event->group_leader = event;
	event->cpu = -1;
	vperf_count_init(event);
	list_add_tail(&event->event_entry, &of_other[i].event_list);
	return event;
}

/* A background request is counted for its thread: running, asleep, or just being exchanged. */
static void late_charges_find_their_thread(void **state)
{
	const struct vos_charge c = { .task = &other, .ticks = 6000000 };
	struct pmu unit, another;
	struct perf_event *calls, *ns, *off, *led, *elsewhere, *foreign, *exchanged;

	(void)state;
	INIT_LIST_HEAD(&of_other[0].event_list);
	INIT_LIST_HEAD(&of_other[1].event_list);
	other.perf_event_ctxp = NULL;
	vperf_late_charge(&c, &unit);
	calls = other_has(0, &unit, VPERF_CALLS);
	ns = other_has(0, &unit, VPERF_SERVICE_NS);
	off = other_has(0, &unit, VPERF_CALLS);
	off->state = PERF_EVENT_STATE_OFF;
	led = other_has(0, &unit, VPERF_CALLS);
	led->group_leader = off;
	elsewhere = other_has(0, &unit, VPERF_CALLS);
	elsewhere->cpu = 1;
	foreign = other_has(0, &another, VPERF_CALLS);
	exchanged = other_has(1, &unit, VPERF_CALLS);
	other.perf_event_ctxp = &of_other[0];
	vperf_late_charge(&c, &unit);
	assert_int_equal(calls->child_count.counter, 1);
	assert_int_equal(ns->child_count.counter, 2000000);
	assert_int_equal(off->child_count.counter, 0);
	assert_int_equal(led->child_count.counter, 0);
	assert_int_equal(elsewhere->child_count.counter, 0);
	assert_int_equal(foreign->child_count.counter, 0);
	before_lock = exchange;
	vperf_late_charge(&c, &unit);
	assert_int_equal(calls->child_count.counter, 1);
	assert_int_equal(exchanged->child_count.counter, 1);
}

/* Between a call and its charge the thread may sleep, and perf then stops its events. */
static void what_was_counted_at_a_switch_is_sampled(void **state)
{
	struct perf_event *sends = begin(VPERF_SENDS, 1);
	int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		account.sends++;
		event_stops_and_starts(sends);
		charge(VOS_DOOR_NET, 0x1b, 0);
	}
	counts_are(sends, 5);
	assert_int_equal(samples, 5);
	charge(VOS_DOOR_NET, 0x1b, 0);
	assert_int_equal(samples, 5);
}

static void samples_are_exact(void **state)
{
	int i;

	(void)state;
	begin(VPERF_TRAP_CALLS, 1000);
	for (i = 0; i < 100000; i++) {
		assert_int_equal(samples, i / 1000);
		charge(VOS_DOOR_NET, 0x1b, 100);
	}
	assert_int_equal(samples, 100);
}

/* Each period that a charge has used up has a sample, or its part of one. */
static void periods_add_up(void **state)
{
	struct perf_event *ticks = begin(VPERF_SERVICE_TICKS, 1000);
	unsigned int i, n;

	(void)state;
	for (i = 0; i < 1000; i++)
		charge(VOS_DOOR_NET, 0x1b, i * 7);
	assert_int_equal(samples, ticks->count.value / 1000);
	assert_int_equal(sampled, samples * 1000u);
	n = samples;
	ticks->attr.sample_type = PERF_SAMPLE_PERIOD;
	charge(VOS_DOOR_NET, 0x1b, 5000000);
	assert_int_equal(samples, n + 1);
	assert_int_equal(sampled, ticks->count.value / 1000 * 1000);
}

static void a_throttled_event_counts_on(void **state)
{
	struct perf_event *calls = begin(VPERF_TRAP_CALLS, 1);
	int i;

	(void)state;
	most_samples = 3;
	for (i = 0; i < 10; i++)
		charge(VOS_DOOR_NET, 0x1b, 100);
	assert_int_equal(samples, 3);
	counts_are(calls, 10);
	calls->hw.interrupts = 0;
	most_samples = 100;
	charge(VOS_DOOR_NET, 0x1b, 100);
	assert_int_equal(samples, 4);
}

/* perf changes the period of an event with a frequency, and sets what is left of it to 0. */
static void a_new_period_begins_anew(void **state)
{
	struct perf_event *calls = begin(VPERF_TRAP_CALLS, 1);
	int i;

	(void)state;
	charge(VOS_DOOR_NET, 0x1b, 100);
	assert_int_equal(samples, 1);
	calls->hw.sample_period = 5;
	calls->hw.period_left.value = 0;
	for (i = 0; i < 10; i++)
		charge(VOS_DOOR_NET, 0x1b, 100);
	assert_int_equal(samples, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(charges_go_where_they_match, set_up),
		cmocka_unit_test_setup(charges_of_others_go_to_the_processor, set_up),
		cmocka_unit_test_setup(nanoseconds_are_those_of_the_sum, set_up),
		cmocka_unit_test_setup(any_number_of_ticks_is_borne, set_up),
		cmocka_unit_test_setup(the_other_door_is_added, set_up),
		cmocka_unit_test_setup(own_counters_are_differences, set_up),
		cmocka_unit_test_setup(differences_forbid_the_exchange, set_up),
		cmocka_unit_test_setup(a_switch_reads_the_sums_once, set_up),
		cmocka_unit_test_setup(processors_follow_their_threads, set_up),
		cmocka_unit_test_setup(late_charges_find_their_thread, set_up),
		cmocka_unit_test_setup(what_was_counted_at_a_switch_is_sampled, set_up),
		cmocka_unit_test_setup(samples_are_exact, set_up),
		cmocka_unit_test_setup(periods_add_up, set_up),
		cmocka_unit_test_setup(a_throttled_event_counts_on, set_up),
		cmocka_unit_test_setup(a_new_period_begins_anew, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

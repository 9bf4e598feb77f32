// SPDX-License-Identifier: GPL-2.0
/*
 * What a service domain's engine says that calls cost, and what it records of them. The
 * engine's files are real; the kernel around them is the fuzzers' shim, and its clock goes on
 * as a test says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "dispatch.c"
#include "state.h"

#define ENTRIES		64u
#define AREA_PAGES	(3 + 1 + 2)	/* a channel, its arena, events and objects */
#define LANES		2u
#define UCHAN_PAGES	(VOS_UCHAN_HEAD_PAGES + LANES + 1)
#define MAX_PENDING	16

enum { CTRL_REF = 1, DIR_REF, AREA_REF, UCHAN_REF = 100 };

static struct veng_conn *conn;
static struct vos_ctrl ctrl;
static struct vos_ring sq, cq, lane_sq[LANES], lane_cq[LANES];
static struct cred base = { .refs = 1 };
static struct xenbus_device dev;
static struct task_struct ctl_task, io_task, other_task;
static struct kthread_worker ctl = { .task = &ctl_task };
static struct { struct veng_scall *call; s64 (*fn)(struct veng_scall *call); } queued;
static struct veng_scall *pending[MAX_PENDING];
static unsigned int nr_pending;
static u64 work;		/* ticks that the service takes for a call */
static u64 stolen, switched;	/* and of these, how many the thread was away */
static bool leave_pending;
/* what the front end has seen */
static struct veng_sums seen, seen_lanes;

/* --- the kernel around the engine -------------------------------------------------- */

int veng_map_refs(struct veng_map *map, domid_t domid, const grant_ref_t *refs, u32 n)
{
	map->nr_pages = n;
	map->area = malloc(sizeof(*map->area));
	map->area->addr = aligned_alloc(PAGE_SIZE, n * PAGE_SIZE);
	memset(map->area->addr, 0, n * PAGE_SIZE);
	if (refs[0] == CTRL_REF)
		memcpy(map->area->addr, &ctrl, sizeof(ctrl));
	if (refs[0] == DIR_REF)
		*(u32 *)map->area->addr = AREA_REF;
	return 0;
}

void veng_unmap(struct veng_map *map)
{
	if (map->area) {
		free(map->area->addr);
		free(map->area);
	}
	map->area = NULL;
}

const struct cred *veng_base_cred(void)
{
	return &base;
}

s64 veng_cred_set(struct veng_scall *call)
{
	return -EINVAL;
}

s64 veng_cred_drop(struct veng_scall *call)
{
	return -EINVAL;
}

void veng_cred_drop_all(struct veng_conn *c)
{
}

s64 veng_clock_set(struct veng_scall *call)
{
	return -EINVAL;
}

void shim_notified(int irq)
{
}

bool shim_need_resched(void)
{
	return false;
}

bool shim_killed(void)
{
	return false;
}

void shim_relax(void)
{
}

int veng_ctl_start(struct veng_conn *c)
{
	c->ctl = &ctl;
	return 0;
}

void veng_ctl_stop(struct veng_conn *c)
{
}

void veng_ctl_queue(struct veng_scall *call, s64 (*fn)(struct veng_scall *call))
{
	queued.call = call;
	queued.fn = fn;
}

void veng_scall_queue_ctl(struct veng_scall *call, s64 (*fn)(struct veng_scall *call))
{
	veng_scall_hand_over(call);
	veng_ctl_queue(call, fn);
}

static void run_ctl(void)
{
	if (!queued.call)
		return;
	current = ctl.task;
	veng_scall_take_up(queued.call);
	veng_scall_complete(queued.call, queued.fn(queued.call));
	queued.call = NULL;
}

/* --- the service ------------------------------------------------------------------- */

/* The thread is busy for @work ticks; for some of them it is away. */
static void be_busy(void)
{
	shim_now += work;
	if (stolen) {
		xen_runstate.state_entry_time = shim_now;
		xen_runstate.time[RUNSTATE_runnable] += stolen;
	}
	if (switched) {
		current->nvcsw++;
		current->se.exec_start += work;
		current->se.sum_exec_runtime += work - switched;
	}
	if (work > 1000000) {	/* the tick of the clock */
		current->se.exec_start += 1000;
		current->se.sum_exec_runtime += 1000;
	}
}

static s64 serve(struct veng_scall *call)
{
	be_busy();
	if (!leave_pending)
		return 0;
	veng_scall_hand_over(call);
	pending[nr_pending++] = call;
	return VENG_PENDING;
}

static void *connect_service(struct veng_conn *c)
{
	return &base;
}

static void disconnect(struct veng_conn *c, void *priv)
{
}

static const struct veng_service service = {
	.role = "network", .class = VOS_CLASS_NET, .connect = connect_service,
	.disconnect = disconnect, .dispatch = serve,
};

/* --- the front end ----------------------------------------------------------------- */

static void turn(void)
{
	current = conn->dispatcher;
	run_turn(conn);
}

static struct vos_cqe take(struct vos_ring *from)
{
	struct vos_cqe c;

	assert_true(vos_ring_pop(from, &c));
	seen.calls++;
	seen.ticks += VOS_COST_TICKS(c.cost);
	seen.wait += c.out[4];
	if (from != &cq) {
		seen_lanes.calls++;
		seen_lanes.ticks += VOS_COST_TICKS(c.cost);
		seen_lanes.wait += c.out[4];
	}
	return c;
}

static struct vos_cqe ask(struct vos_sqe e)
{
	vos_ring_push(&sq, &e);
	turn();
	run_ctl();
	return take(&cq);
}

static struct vos_cqe listen_call(void)
{
	return ask((struct vos_sqe){ .opcode = VOS_OP_LISTEN });
}

static void submit_lane(u32 lane)
{
	struct vos_sqe e = { .opcode = VOS_OP_SETINT, .obj = 0, .gen = 1 };

	vos_ring_push(&lane_sq[lane], &e);
	conn->ctrl->uchan_sel[0] |= 1;
	WRITE_ONCE(conn->rescan, true);
}

/* A process with a handle for object 0 in its slot 0. */
static void open_door(void)
{
	struct vos_sqe e = { .opcode = VOS_OP_UCHAN_OPEN, .arg = { 0, LANES | 1ull << 32 } };
	u32 i, *refs = conn->chan[0].arena;

	for (i = 0; i < UCHAN_PAGES; i++)
		refs[i] = UCHAN_REF + i;
	e.ext[0].len = UCHAN_PAGES * 4;
	assert_int_equal(ask(e).result, 0);
	for (i = 0; i < LANES; i++) {
		const struct veng_chan *lane = &conn->uchan[0]->lane[i];

		vos_ring_init(&lane_sq[i], lane->sq.hdr, lane->sq.entry, lane->sq.entries,
			      VOS_SQ_PHASE);
		vos_ring_init(&lane_cq[i], lane->cq.hdr, lane->cq.entry, lane->cq.entries,
			      VOS_CQ_PHASE);
	}
	e = (struct vos_sqe){ .opcode = VOS_OP_HANDLE_ADD, .obj = 0, .gen = 1,
			      .arg = { 0, 1 | (u64)VOS_HANDLE_WRITE << 32 } };
	assert_int_equal(ask(e).result, 0);
}

static void begin(u32 features)
{
	shim_begin();
	shim_task.refs = 1;
	work = stolen = switched = 0;
	leave_pending = false;
	nr_pending = 0;
	memset(&seen, 0, sizeof(seen));
	memset(&seen_lanes, 0, sizeof(seen_lanes));
	ctrl = (struct vos_ctrl){
		.magic = VOS_MAGIC, .version = VOS_PROTOCOL_VERSION, .features = features,
		.nr_channels = 1, .nr_objects = 64, .area_pages = AREA_PAGES, .obj_page = 4,
		.event_page = 5, .nr_dir = 1, .dir_ref = { DIR_REF },
		.channel[0] = { .sq_page = 1, .cq_page = 2, .arena_page = 3, .entries = ENTRIES,
				.arena_pages = 1, .evtchn = 1 },
	};
	dev = (struct xenbus_device){ .otherend_id = 1, .nodename = "device" };
	veng_conns_init();
	conn = veng_conn_create(&service, &dev, CTRL_REF);
	assert_false(IS_ERR(conn));
	vos_ring_init(&sq, conn->chan[0].sq.hdr, conn->chan[0].sq.entry, ENTRIES, VOS_SQ_PHASE);
	vos_ring_init(&cq, conn->chan[0].cq.hdr, conn->chan[0].cq.entry, ENTRIES, VOS_CQ_PHASE);
	current = conn->dispatcher;
	dispatcher_init(conn);
}

static int setup(void **state)
{
	begin(VOS_F_COST);
	return 0;
}

static int teardown(void **state)
{
	int i;

	veng_conn_end(conn);
	for (i = 0; i < 8 && shim_run_one_work(); i++)
		;
	assert_int_equal(veng_trace_used.enabled, 0);
	shim_end();
	return 0;
}

/* --- tests --------------------------------------------------------------------------- */

/* How much the clock itself takes is the same for each call. */
static u64 overhead(void)
{
	work = 0;
	return listen_call().cost;
}

static void a_call_costs_what_it_took(void **state)
{
	u64 none = overhead();

	work = 12345;
	assert_int_equal(listen_call().cost, none + 12345);
	work = 0;
	assert_int_equal(listen_call().cost, none);
	assert_int_equal(ask((struct vos_sqe){ .opcode = VOS_OP_NOP }).cost, none);
}

static void calls_of_a_turn_cost_what_each_took(void **state)
{
	struct vos_sqe e = { .opcode = VOS_OP_LISTEN };
	u64 begun, all;
	int i;

	work = 5000;
	for (i = 0; i < 5; i++)
		vos_ring_push(&sq, &e);
	begun = conn->clock.last;
	turn();
	for (i = all = 0; i < 5; i++)
		all += take(&cq).cost;
	assert_true(all >= 5 * work);
	assert_true(all <= conn->clock.last - begun);
}

static void a_long_call_saturates(void **state)
{
	work = 1ull << 33;
	assert_int_equal(listen_call().cost, U32_MAX);
	work = 10;
	assert_true(listen_call().cost < 10000);
	veng_cost_show(conn);
	assert_int_equal(conn->ctrl->called, seen.ticks);
}

static void stolen_time_is_left_out(void **state)
{
	u64 none = overhead();

	work = 50000;
	stolen = 48000;
	assert_int_equal(listen_call().cost, none + 2000);
	stolen = 0;
	assert_int_equal(listen_call().cost, none + 50000);
}

static void more_stolen_than_passed_costs_nothing(void **state)
{
	work = 50000;
	stolen = 1ull << 40;
	assert_int_equal(listen_call().cost, 0);
}

static void another_threads_time_is_left_out(void **state)
{
	u64 none = overhead();

	work = 50000;
	switched = 30000;
	assert_int_equal(listen_call().cost, none + 20000);
}

/* A tick of the clock writes the scheduler's times, and is no reason to leave anything out. */
static void a_tick_changes_nothing(void **state)
{
	u64 none = overhead();

	work = 2000000;
	assert_int_equal(listen_call().cost, none + 2000000);
}

/* What passes between two turns that find nothing is polling; it is not a call's. */
static void polling_is_apart(void **state)
{
	u64 none = overhead(), polled = conn->polled;
	int i;

	for (i = 0; i < 10; i++) {
		shim_now += 7000;
		turn();
	}
	assert_in_range(conn->polled - polled, 70000, 70000 + 10 * none + 10000);
	assert_int_equal(overhead(), none);
}

static struct vos_cqe by_worker(struct task_struct *taken, struct task_struct *answers,
				u64 before, u64 busy, u64 away)
{
	struct vos_sqe e = { .opcode = VOS_OP_GETSOCKOPT };

	/* The dispatcher has polled meanwhile. */
	turn();
	leave_pending = true;
	vos_ring_push(&sq, &e);
	turn();
	assert_false(vos_ring_ready(&cq));
	shim_now += before;
	current = taken;
	if (taken)
		veng_scall_take_up(pending[nr_pending - 1]);
	current = answers;
	work = busy;
	switched = away;
	be_busy();
	work = switched = 0;
	veng_scall_complete(pending[--nr_pending], 0);
	leave_pending = false;
	return take(&cq);
}

static void a_workers_call_waits_and_costs(void **state)
{
	struct vos_cqe c = by_worker(&io_task, &io_task, 300000, 90000, 60000);

	assert_in_range(c.cost, 30000, 31000);
	assert_in_range(c.out[4], 360000, 361000);
}

static void a_worker_that_never_waits_costs_all(void **state)
{
	struct vos_cqe c = by_worker(&io_task, &io_task, 0, 90000, 0);

	assert_in_range(c.cost, 90000, 91000);
	assert_in_range(c.out[4], 0, 1000);
}

static void a_thread_that_took_nothing_up_waits(void **state)
{
	struct vos_cqe c = by_worker(&io_task, &other_task, 1000, 90000, 0);

	assert_in_range(c.cost, 0, 1000);
	assert_in_range(c.out[4], 91000, 92000);
	c = by_worker(NULL, &other_task, 1000, 90000, 0);
	assert_in_range(c.cost, 0, 1000);
	assert_in_range(c.out[4], 91000, 92000);
}

/* The dispatcher's own part is the call's, what follows is not. */
static void the_dispatchers_part_counts_once(void **state)
{
	struct vos_cqe c;

	work = 40000;
	c = by_worker(&io_task, &io_task, 0, 0, 0);
	assert_in_range(c.cost, 40000, 41000);
	assert_true(overhead() < 1000);
}

static void a_nested_call_has_its_own_cost(void **state)
{
	struct vos_sqe e = { .opcode = VOS_OP_SENDMSG, .obj = 0 };
	struct vos_cqe outer, inner;
	u64 begun;

	open_door();
	work = 20000;
	vos_ring_push(&sq, &e);
	e = (struct vos_sqe){ .opcode = VOS_OP_SETINT, .obj = 0, .gen = 1 };
	vos_ring_push(&lane_sq[0], &e);
	begun = conn->clock.last;
	turn();
	outer = take(&cq);
	inner = take(&lane_cq[0]);
	assert_in_range(outer.cost, 20000, 21000);
	assert_in_range(inner.cost, 20000, 21000);
	assert_in_range(outer.out[4], 20000, 21000);
	assert_int_equal(inner.out[4], 0);
	assert_true(outer.cost + inner.cost <= conn->clock.last - begun);
}

static void sums_are_what_was_said(void **state)
{
	struct vos_cqe c;
	u32 i;

	open_door();
	for (i = 0; i < 40; i++) {
		work = 100 * i;
		listen_call();
		submit_lane(i % LANES);
		turn();
		take(&lane_cq[i % LANES]);
		by_worker(&io_task, &io_task, i * 10, i * 1000, i * 3);
	}
	c = ask((struct vos_sqe){ .opcode = VOS_OP_UCHAN_COST });
	assert_int_equal(c.result, 0);
	assert_int_equal(c.out[0], seen_lanes.calls);
	assert_int_equal(c.out[1], seen_lanes.ticks);
	assert_int_equal(c.out[2], seen_lanes.wait);
	veng_cost_show(conn);
	assert_int_equal(conn->ctrl->calls, seen.calls);
	assert_int_equal(conn->ctrl->called, seen.ticks);
	assert_int_equal(conn->ctrl->waited, seen.wait);
}

/* The sums of a process that has ended stay the connection's. */
static void sums_outlive_a_process(void **state)
{
	struct vos_cqe c;

	open_door();
	submit_lane(1);
	turn();
	take(&lane_cq[1]);
	c = ask((struct vos_sqe){ .opcode = VOS_OP_UCHAN_CLOSE });
	assert_int_equal(c.result, 0);
	assert_int_equal(c.out[0], seen_lanes.calls);
	assert_int_equal(c.out[1], seen_lanes.ticks);
	assert_int_equal(ask((struct vos_sqe){ .opcode = VOS_OP_UCHAN_COST }).result, -EINVAL);
	veng_cost_show(conn);
	assert_int_equal(conn->ctrl->calls, seen.calls);
	assert_int_equal(conn->ctrl->called, seen.ticks);
}

static void the_heartbeat_writes_the_domains_time(void **state)
{
	xen_runstate.time[RUNSTATE_running] = 12345;
	shim_cpus = 2;
	veng_cost_show(conn);
	assert_int_equal(conn->ctrl->running_ns, 2 * 12345);
}

static void spans_of_the_counter(void **state)
{
	assert_int_equal(veng_ns(1000), 1000);
	assert_int_equal(veng_ns(0), 0);
	assert_int_equal(veng_ns(-1000ull), 0);
	assert_true(veng_ns(1ull << 62) == U64_MAX);
}

static int setup_without(void **state)
{
	begin(0);
	return 0;
}

static void without_the_feature_all_is_zero(void **state)
{
	struct vos_cqe c;

	open_door();
	work = 5000;
	listen_call();
	submit_lane(0);
	turn();
	take(&lane_cq[0]);
	by_worker(&io_task, &io_task, 500, 500, 100);
	c = ask((struct vos_sqe){ .opcode = VOS_OP_UCHAN_COST });
	assert_int_equal(c.result, -ENOSYS);
	veng_cost_show(conn);
	assert_int_equal(seen.ticks, 0);
	assert_int_equal(seen.wait, 0);
	assert_int_equal(conn->ctrl->calls, 0);
	assert_int_equal(conn->ctrl->running_ns, 0);
}

/* --- records ------------------------------------------------------------------------- */

static int setup_trace(void **state)
{
	begin(VOS_F_COST | VOS_F_TRACE);
	return 0;
}

static s64 trace_ctl(u64 what, u64 entries)
{
	return ask((struct vos_sqe){ .opcode = VOS_OP_TRACE_CTL, .arg = { what, entries } }).result;
}

/* What is recorded, in the arena. Return: how many. */
static s64 trace_read(u32 room, u64 *lost)
{
	struct vos_cqe c = ask((struct vos_sqe){ .opcode = VOS_OP_TRACE_READ, .ext[0].len = room * 32 });

	*lost = c.out[0];
	return c.result;
}

static const struct vos_trace_record *record(u32 i)
{
	return (const struct vos_trace_record *)conn->chan[0].arena + i;
}

static void a_call_has_a_beginning_and_an_end(void **state)
{
	struct vos_sqe e = { .opcode = VOS_OP_LISTEN, .tag = 77, .obj = 5, .arg = { 9 } };
	struct vos_cqe c;
	u64 lost;

	assert_int_equal(trace_ctl(VOS_TRACE_ON, 64), 0);
	work = 5000;
	c = ask(e);
	assert_int_equal(trace_read(64, &lost), 2);
	assert_int_equal(lost, 0);
	assert_int_equal(record(0)->type, VOS_TRACE_BEGIN);
	assert_int_equal(record(0)->arg, 9);
	assert_int_equal(record(1)->type, VOS_TRACE_END);
	assert_int_equal(record(1)->arg, c.cost);
	assert_int_equal(record(1)->tsc - record(0)->tsc, c.cost);
	assert_int_equal(record(1)->tag, 77);
	assert_int_equal(record(1)->obj, 5);
	assert_int_equal(record(1)->op, VOS_OP_LISTEN);
	assert_int_equal(record(1)->lane, VOS_TRACE_NO_LANE);
	assert_int_equal(trace_read(64, &lost), 0);
}

static void another_thread_goes_on_with_a_call(void **state)
{
	struct vos_cqe c;
	u64 lost;

	assert_int_equal(trace_ctl(VOS_TRACE_ON, 64), 0);
	c = by_worker(&io_task, &io_task, 500, 500, 100);
	assert_int_equal(trace_read(64, &lost), 3);
	assert_int_equal(record(1)->type, VOS_TRACE_RESUME);
	assert_int_equal(record(2)->arg, c.cost);
	/* The clock was read once more. */
	assert_int_equal(record(2)->tsc - record(0)->tsc, c.cost + c.out[4] + 100);
}

static void a_lanes_call_has_its_channel(void **state)
{
	u64 lost;

	open_door();
	assert_int_equal(trace_ctl(VOS_TRACE_ON, 64), 0);
	submit_lane(1);
	turn();
	take(&lane_cq[1]);
	assert_int_equal(trace_read(64, &lost), 2);
	assert_int_equal(record(0)->chan, 0);
	assert_int_equal(record(0)->lane, 1);
}

static void a_full_ring_loses_what_is_new(void **state)
{
	u64 lost;
	int i;

	assert_int_equal(trace_ctl(VOS_TRACE_ON, 8), 0);
	for (i = 0; i < 6; i++)
		listen_call();
	assert_int_equal(trace_read(3, &lost), 3);
	assert_int_equal(lost, 4);
	assert_int_equal(trace_read(64, &lost), 5);
	listen_call();
	assert_int_equal(trace_read(64, &lost), 2);
	assert_int_equal(lost, 4);
}

static void what_was_recorded_outlives_the_stop(void **state)
{
	u64 lost;

	assert_int_equal(trace_ctl(VOS_TRACE_ON, 64), 0);
	listen_call();
	assert_int_equal(trace_ctl(VOS_TRACE_STOP, 0), 0);
	assert_int_equal(veng_trace_used.enabled, 0);
	listen_call();
	assert_int_equal(trace_ctl(VOS_TRACE_STOP, 0), 0);
	assert_int_equal(trace_read(64, &lost), 2);
	assert_int_equal(trace_ctl(VOS_TRACE_OFF, 0), 0);
	assert_int_equal(trace_ctl(VOS_TRACE_OFF, 0), 0);
	assert_int_equal(trace_read(64, &lost), -EINVAL);
	assert_int_equal(trace_ctl(VOS_TRACE_STOP, 0), -EINVAL);
}

static void records_are_bounded(void **state)
{
	assert_int_equal(trace_ctl(VOS_TRACE_ON, 0), -EINVAL);
	assert_int_equal(trace_ctl(VOS_TRACE_ON, 48), -EINVAL);
	assert_int_equal(trace_ctl(VOS_TRACE_ON, 2 * VOS_TRACE_MAX), -EINVAL);
	assert_int_equal(trace_ctl(VOS_TRACE_ON, 1ull << 32), -EINVAL);
	assert_int_equal(trace_ctl(3, 64), -EINVAL);
	assert_int_equal(trace_ctl(VOS_TRACE_ON, VOS_TRACE_MAX), 0);
	assert_int_equal(trace_ctl(VOS_TRACE_ON, 64), -EBUSY);
}

static void records_are_the_primarys_own(void **state)
{
	struct vos_sqe e = { .opcode = VOS_OP_TRACE_CTL, .cred = 1, .arg = { VOS_TRACE_ON, 64 } };
	struct cred *user = calloc(1, sizeof(*user));

	user->refs = 2;
	conn->cred[1] = user;
	assert_int_equal(ask(e).result, -EPERM);
	conn->cred[1] = NULL;
	free(user);
}

static void without_the_feature_nothing_is_recorded(void **state)
{
	u64 lost;

	assert_int_equal(trace_ctl(VOS_TRACE_ON, 64), -ENOSYS);
	assert_int_equal(trace_read(1, &lost), -ENOSYS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define TRACE(f) cmocka_unit_test_setup_teardown(f, setup_trace, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_costs_what_it_took),
		TEST(calls_of_a_turn_cost_what_each_took),
		TEST(a_long_call_saturates),
		TEST(stolen_time_is_left_out),
		TEST(more_stolen_than_passed_costs_nothing),
		TEST(another_threads_time_is_left_out),
		TEST(a_tick_changes_nothing),
		TEST(polling_is_apart),
		TEST(a_workers_call_waits_and_costs),
		TEST(a_worker_that_never_waits_costs_all),
		TEST(a_thread_that_took_nothing_up_waits),
		TEST(the_dispatchers_part_counts_once),
		TEST(a_nested_call_has_its_own_cost),
		TEST(sums_are_what_was_said),
		TEST(sums_outlive_a_process),
		TEST(the_heartbeat_writes_the_domains_time),
		TEST(spans_of_the_counter),
		cmocka_unit_test_setup_teardown(without_the_feature_all_is_zero, setup_without,
						teardown),
		TRACE(a_call_has_a_beginning_and_an_end),
		TRACE(another_thread_goes_on_with_a_call),
		TRACE(a_lanes_call_has_its_channel),
		TRACE(a_full_ring_loses_what_is_new),
		TRACE(what_was_recorded_outlives_the_stop),
		TRACE(records_are_bounded),
		TRACE(records_are_the_primarys_own),
		TEST(without_the_feature_nothing_is_recorded),
	};

	return cmocka_run_group_tests_name("engine, costs and records", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A service domain's engine against a front end and processes that lie: in the control page, in
 * submissions, in rings' headers, in everything that is shared, at any time. Real are
 * connections, channels, user channels, handles, events and a turn of the dispatcher; the
 * control thread, workers and the service are here, and act when the input has it.
 *
 * Wanted: a service is given what the table of operations says, within the arena; a handle's
 * target is never used after its end, and ends once; a connection can be torn down at any
 * time, and then all maps, credentials and counts are back.
 */
#include "dispatch.c"
#include "shim/state.h"
#include "input.h"

#define CHANNELS	2
#define ENTRIES		64u
#define ARENA_PAGES	4u
#define CHAN_PAGES	(3 + ARENA_PAGES)
#define OBJ_PAGE	(CHANNELS * CHAN_PAGES)
#define AREA_PAGES	(OBJ_PAGE + 2)
#define OBJECTS		128u
#define MAX_MAPPED	256u	/* pages; for more there is no memory */
#define NR_UCHANS	3u
#define MAX_PENDING	16
#define MAX_CTL		4096
#define STEPS		300

enum { CTRL_REF = 1, DIR_REF, AREA_REF, UCHAN_REF = 100 };

/* What a front end or a process has mapped to the domain. */
struct region {
	char *mem;
	u32 pages;
	struct vos_ring sq[VOS_UCHAN_MAX_LANES], cq[VOS_UCHAN_MAX_LANES];
};

struct target {
	int users;
};

static struct input in;
static struct veng_conn *conn;
static struct vos_ctrl ctrl;
static struct vos_ring front_sq[VOS_MAX_CHANNELS], front_cq[VOS_MAX_CHANNELS];
static struct region area, ctrl_page, process[NR_UCHANS];
static int maps, targets;
static struct cred base = { .refs = 1 };
static struct task_struct worker, other_worker;
static struct kthread_worker ctl = { .task = &worker };
static struct { struct veng_scall *call; s64 (*fn)(struct veng_scall *call); } queue[MAX_CTL];
static unsigned int queue_first, queue_last;
static struct veng_scall *pending[MAX_PENDING];
static unsigned int nr_pending;

/* --- maps, credentials, the clock: simple models ----------------------------------- */

static struct region *region_of(grant_ref_t ref)
{
	static struct region other;

	if (ref == CTRL_REF)
		return &ctrl_page;
	if (ref == AREA_REF)
		return &area;
	return ref >= UCHAN_REF && ref < UCHAN_REF + NR_UCHANS ? &process[ref - UCHAN_REF] : &other;
}

static void set_lanes(struct region *r)
{
	u32 i;

	for (i = 0; i < VOS_UCHAN_MAX_LANES && i + VOS_UCHAN_HEAD_PAGES < r->pages; i++) {
		struct vos_lane_page *page = (void *)(r->mem + (i + VOS_UCHAN_HEAD_PAGES) * PAGE_SIZE);

		vos_ring_init(&r->sq[i], &page->sq, page->sqe, VOS_LANE_ENTRIES, VOS_SQ_PHASE);
		vos_ring_init(&r->cq[i], &page->cq, page->cqe, VOS_LANE_ENTRIES, VOS_CQ_PHASE);
	}
}

int veng_map_refs(struct veng_map *map, domid_t domid, const grant_ref_t *refs, u32 n)
{
	struct region *r = region_of(refs[0]);
	u32 i;

	memset(map, 0, sizeof(*map));
	might_sleep();
	if (n > MAX_MAPPED)
		return -ENOMEM;
	if (!n || in_u8(&in) % 32 == 1)
		return -EFAULT;
	map->nr_pages = n;
	map->area = malloc(sizeof(*map->area));
	map->area->addr = aligned_alloc(PAGE_SIZE, n * PAGE_SIZE);
	memset(map->area->addr, 0, n * PAGE_SIZE);
	maps++;
	if (refs[0] == CTRL_REF)
		memcpy(map->area->addr, &ctrl, sizeof(ctrl));
	for (i = 0; refs[0] == DIR_REF && i < n * PAGE_SIZE / 4; i++)
		((u32 *)map->area->addr)[i] = AREA_REF + i;
	r->mem = map->area->addr;
	r->pages = n;
	if (r >= process && r < process + NR_UCHANS)
		set_lanes(r);
	return 0;
}

static void forget_region(struct region *r, const void *mem)
{
	if (r->mem == mem)
		r->mem = NULL;
}

void veng_unmap(struct veng_map *map)
{
	u32 i;

	might_sleep();
	if (map->area) {
		forget_region(&area, map->area->addr);
		forget_region(&ctrl_page, map->area->addr);
		for (i = 0; i < NR_UCHANS; i++)
			forget_region(&process[i], map->area->addr);
		free(map->area->addr);
		free(map->area);
		maps--;
	}
	memset(map, 0, sizeof(*map));
}

const struct cred *veng_base_cred(void)
{
	return &base;
}

static void set_cred(struct veng_conn *c, u64 index, const struct cred *cred)
{
	if (c->cred[index])
		put_cred(c->cred[index]);
	c->cred[index] = cred;
}

s64 veng_cred_set(struct veng_scall *call)
{
	struct cred *cred;

	if (!call->sqe.arg[0] || call->sqe.arg[0] >= VOS_MAX_CREDS || !call->in[0])
		return -EINVAL;
	cred = malloc(sizeof(*cred));
	cred->refs = 1;
	set_cred(call->conn, call->sqe.arg[0], cred);
	return 0;
}

s64 veng_cred_drop(struct veng_scall *call)
{
	if (!call->sqe.arg[0] || call->sqe.arg[0] >= VOS_MAX_CREDS)
		return -EINVAL;
	set_cred(call->conn, call->sqe.arg[0], NULL);
	return 0;
}

void veng_cred_drop_all(struct veng_conn *c)
{
	u32 i;

	for (i = 0; i < VOS_MAX_CREDS; i++)
		set_cred(c, i, NULL);
}

s64 veng_clock_set(struct veng_scall *call)
{
	return 0;
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

/* --- the control thread --------------------------------------------------------------- */

int veng_ctl_start(struct veng_conn *c)
{
	c->ctl = &ctl;
	return 0;
}

void veng_ctl_stop(struct veng_conn *c)
{
	shim_assert(queue_first == queue_last);
	c->ctl = NULL;
}

void veng_ctl_queue(struct veng_scall *call, s64 (*fn)(struct veng_scall *call))
{
	shim_assert(queue_last < MAX_CTL);
	queue[queue_last].call = call;
	queue[queue_last++].fn = fn;
}

void veng_scall_queue_ctl(struct veng_scall *call, s64 (*fn)(struct veng_scall *call))
{
	veng_scall_hand_over(call);
	veng_ctl_queue(call, fn);
}

/* Records are as many as there is room for, and of calls that were made. */
static void check_records(const struct veng_scall *call, s64 n)
{
	const struct vos_trace_record *r = call->out[0];
	s64 i;

	shim_assert(n <= (s64)(call->sqe.ext[0].len / sizeof(*r)));
	for (i = 0; i < n; i++) {
		shim_assert(r[i].type >= VOS_TRACE_BEGIN && r[i].type <= VOS_TRACE_END);
		shim_assert(!i || r[i - 1].tsc <= r[i].tsc);
	}
}

static void run_ctl(void)
{
	struct task_struct *was = current;
	struct veng_scall *call;
	const struct cred *old;
	s64 result;

	if (queue_first == queue_last)
		return;
	call = queue[queue_first].call;
	current = ctl.task;
	veng_scall_take_up(call);
	old = override_creds(call->cred);
	result = queue[queue_first++].fn(call);
	revert_creds(old);
	if (call->sqe.opcode == VOS_OP_TRACE_READ)
		check_records(call, result);
	veng_scall_complete(call, result);
	current = was;
}

/* --- the service -------------------------------------------------------------------------- */

static void use_extents(struct veng_scall *call)
{
	const u8 *from;
	u8 sum = 0;
	int i;
	u32 k;

	for (i = 0; i < 2; i++) {
		from = call->in[i];
		for (k = 0; from && k < call->sqe.ext[i].len; k += 61)
			sum += from[k];
		if (from)
			sum += from[call->sqe.ext[i].len - 1];
		if (call->out[i])
			memset(call->out[i], 0x5a, call->sqe.ext[i].len);
	}
	/* What was read is wanted. */
	__asm__ volatile("" : : "r" (sum));
}

static void check_call(struct veng_scall *call)
{
	const struct vos_op *op = &veng_ops[call->sqe.opcode];
	bool lane = call->chan->uc;

	shim_assert(op->class == conn->svc->class);
	shim_assert(op->from & (lane ? VOS_FROM_PROCESS : VOS_FROM_KERNEL));
	shim_assert(call->cred && call->cred->refs > 0);
	shim_assert(lane == (call->handle || op->right == VOS_RIGHT_WHOLE) || !lane);
	shim_assert(!lane || call->slot);
	shim_assert(!call->handle || call->handle->flags & op->right);
}

static void leave_target(struct veng_scall *call)
{
	struct target *t = call->chan->uc ? call->target : NULL;

	if (t)
		t->users--;
}

static s64 serve(struct veng_scall *call)
{
	struct target *t = call->chan->uc ? call->target : NULL;

	check_call(call);
	use_extents(call);
	if (veng_ops[call->sqe.opcode].answer == VOS_ANSWER_LATER && nr_pending < MAX_PENDING &&
	    in_u8(&in) % 4) {
		if (t)
			t->users++;
		veng_scall_hand_over(call);
		pending[nr_pending++] = call;
		return VENG_PENDING;
	}
	if (in_u8(&in) % 4 == 1)
		veng_obj_publish(conn, call->sqe.obj, call->sqe.gen, 5, VOS_CAUSE_DATA);
	return (s64)in_lie(&in, 0) >> 1;
}

/* A worker answers. */
static void complete_one(void)
{
	struct task_struct *was = current;
	struct veng_scall *call;
	unsigned int i;

	if (!nr_pending)
		return;
	i = in_u8(&in) % nr_pending;
	call = pending[i];
	pending[i] = pending[--nr_pending];
	use_extents(call);
	leave_target(call);
	current = &other_worker;
	if (in_u8(&in) % 4)
		veng_scall_take_up(call);
	veng_scall_complete(call, 0);
	current = was;
}

static void *connect_service(struct veng_conn *c)
{
	return in_u8(&in) % 32 == 1 ? ERR_PTR(-ENOMEM) : &base;
}

static void disconnect(struct veng_conn *c, void *priv)
{
	shim_assert(!nr_pending && priv == &base);
}

static void *add(struct veng_conn *c, u64 node, u32 flags, struct vos_uchan_slot *slot)
{
	slot->durable = 0;
	if (in_u8(&in) % 8 == 1)
		return ERR_PTR(-ENOENT);
	targets++;
	return calloc(1, sizeof(struct target));
}

static bool drop(struct veng_conn *c, void *target)
{
	shim_assert(((struct target *)target)->users == 0);
	targets--;
	free(target);
	return in_u8(&in) % 2;
}

static const struct veng_service services[] = {
	{ .role = "network", .class = VOS_CLASS_NET, .connect = connect_service,
	  .disconnect = disconnect, .dispatch = serve },
	{ .role = "storage", .class = VOS_CLASS_STORAGE, .connect = connect_service,
	  .disconnect = disconnect, .dispatch = serve, .handle_add = add, .handle_drop = drop },
};

/* Who waits for calls to end: all others get on. */
void shim_relax(void)
{
	run_ctl();
	complete_one();
}

/* --- the liars ------------------------------------------------------------------------------ */

static void lie_in_ctrl(void)
{
	u32 n = in_u8(&in) % 4, at;

	for (; n; n--) {
		at = in_u16(&in) % (sizeof(ctrl) / 4);
		if (in_u8(&in) % 2)
			at %= 160;
		((u32 *)&ctrl)[at] = in_lie(&in, ((u32 *)&ctrl)[at]);
	}
}

static void fill_ctrl(void)
{
	u32 i;

	ctrl = (struct vos_ctrl){
		.magic = VOS_MAGIC, .version = VOS_PROTOCOL_VERSION, .features = VOS_F_COST | VOS_F_TRACE,
		.nr_channels = CHANNELS,
		.nr_objects = OBJECTS, .area_pages = AREA_PAGES, .obj_page = OBJ_PAGE,
		.event_page = OBJ_PAGE + 1, .nr_dir = 1, .dir_ref = { DIR_REF },
	};
	for (i = 0; i < CHANNELS; i++)
		ctrl.channel[i] = (struct vos_channel_desc){
			.hdr_page = i * CHAN_PAGES, .sq_page = i * CHAN_PAGES + 1,
			.cq_page = i * CHAN_PAGES + 2, .arena_page = i * CHAN_PAGES + 3,
			.entries = ENTRIES, .arena_pages = ARENA_PAGES, .evtchn = i + 1,
		};
	lie_in_ctrl();
}

static struct vos_extent an_extent(u32 right)
{
	if (in_u8(&in) % 4)
		return (struct vos_extent){ in_u8(&in) * 8u, right };
	return (struct vos_extent){ in_lie(&in, 0), in_lie(&in, right) };
}

static u8 an_opcode(void)
{
	static const u8 some[] = {
#define VOS_X(NAME, name, nr, ...) nr,
		VOS_OPCODES(VOS_X)
#undef VOS_X
	};
	u8 n = in_u8(&in);

	return n < 250 ? some[n % sizeof(some)] : in_u8(&in);
}

static u64 a_handle(void)
{
	return in_u8(&in) % NR_UCHANS | (u64)(in_u8(&in) % 4) << 32;
}

/* References behind one another; the first says which region it is. */
static void write_refs(struct veng_chan *chan, struct vos_sqe *e, u32 id, u32 pages)
{
	u32 *refs = chan->arena, i;

	e->ext[0] = (struct vos_extent){ 0, pages * 4 };
	for (i = 0; i < pages && i * 4 < chan->arena_bytes; i++)
		refs[i] = UCHAN_REF + id + i * 1000;
}

static void fill_core(struct veng_chan *chan, struct vos_sqe *e)
{
	u32 lanes = in_u8(&in) % 3 + 1, pages = in_u8(&in) % 8 + 1;

	switch (e->opcode) {
	case VOS_OP_UCHAN_OPEN:
		e->arg[0] = in_u8(&in) % NR_UCHANS;
		e->arg[1] = lanes | (u64)pages << 32;
		write_refs(chan, e, e->arg[0], VOS_UCHAN_HEAD_PAGES + lanes + pages);
		break;
	case VOS_OP_UCHAN_CLOSE:
	case VOS_OP_UCHAN_COST:
		e->arg[0] = in_u8(&in) % NR_UCHANS;
		break;
	case VOS_OP_TRACE_CTL:
		e->arg[0] = in_u8(&in) % 4;
		e->arg[1] = 1 << in_u8(&in) % 8;
		break;
	case VOS_OP_TRACE_READ:
		e->ext[0] = (struct vos_extent){ 0, in_u8(&in) * 16 };
		break;
	case VOS_OP_HANDLE_ADD:
	case VOS_OP_HANDLE_DROP:
		e->arg[0] = a_handle();
		e->arg[1] = in_u8(&in) % 3 | 3ull << 32;
		break;
	case VOS_OP_CRED_SET:
		e->ext[0] = (struct vos_extent){ 64, sizeof(struct vos_cred) };
		e->arg[0] = in_u8(&in) % 4;
	}
}

static void fill(struct veng_chan *chan, struct vos_sqe *e)
{
	const struct vos_op *op;
	int i;

	*e = (struct vos_sqe){ .opcode = an_opcode(), .tag = in_u8(&in), .obj = in_u8(&in) % 4,
			       .gen = in_u8(&in) % 3, .cred = in_u8(&in) % 4 == 1 ? in_u8(&in) % 4 : 0 };
	op = &veng_ops[e->opcode];
	for (i = 0; i < 2; i++)
		if (op->ext[i] & VOS_EXT_NEEDED || (op->ext[i] && in_u8(&in) % 2))
			e->ext[i] = an_extent(100);
	if (chan)
		fill_core(chan, e);
	if (in_u8(&in) % 16 == 1)
		((u64 *)e)[in_u8(&in) % 8] = in_u64(&in);
}

static void submit_front(void)
{
	u32 nr = in_u8(&in) % conn->nr_channels;
	struct vos_sqe e;

	fill(&conn->chan[nr], &e);
	vos_ring_push(&front_sq[nr], &e);
}

static void submit_lane(void)
{
	struct region *r = &process[in_u8(&in) % NR_UCHANS];
	u32 lane = in_u8(&in) % 3;
	struct vos_sqe e;

	if (!r->mem || lane + VOS_UCHAN_HEAD_PAGES >= r->pages)
		return;
	fill(NULL, &e);
	vos_ring_push(&r->sq[lane], &e);
	/* A directory that names the control page as the area's takes it away from here. */
	if (in_u8(&in) % 4 == 1 || !ctrl_page.mem)
		return;
	ctrl_page.mem[offsetof(struct vos_ctrl, uchan_sel)] |= 1 << (r - process);
	veng_event_interrupt(1, &conn->chan[0]);
}

static void take_answers(void)
{
	struct vos_cqe c;
	u32 i, j;

	for (i = 0; i < conn->nr_channels; i++)
		while (vos_ring_pop(&front_cq[i], &c))
			;
	for (i = 0; i < NR_UCHANS; i++)
		for (j = 0; j < 3 && process[i].mem && j + VOS_UCHAN_HEAD_PAGES < process[i].pages; j++)
			while (vos_ring_pop(&process[i].cq[j], &c))
				;
}

static void scribble(struct region *r)
{
	u32 at;

	if (!r->mem)
		return;
	at = in_u32(&in) % (r->pages * PAGE_SIZE / 8);
	if (in_u8(&in) % 2)
		at = in_u8(&in) % r->pages * (PAGE_SIZE / 8) + in_u8(&in) % 32;
	((u64 *)r->mem)[at] = in_lie(&in, ((u64 *)r->mem)[at]);
}

static void scribble_somewhere(void)
{
	u8 n = in_u8(&in) % 8;

	scribble(n < 3 ? &area : n == 3 ? &ctrl_page : &process[n % NR_UCHANS]);
}

/* --- the domain -------------------------------------------------------------------------------- */

static void turn(void)
{
	current = conn->dispatcher;
	run_turn(conn);
	current = NULL;
}

/* Another domain, or another thread, has the processor for a while. */
static void be_away(void)
{
	u64 ns = in_u16(&in) * 1000ull;

	shim_now += ns;
	if (in_u8(&in) % 2) {
		xen_runstate.state_entry_time = shim_now;
		xen_runstate.time[RUNSTATE_runnable] += in_lie(&in, ns);
	} else {
		conn->dispatcher->nivcsw++;
		conn->dispatcher->se.exec_start += in_lie(&in, ns);
	}
}

static void sleep_a_while(void)
{
	current = conn->dispatcher;
	sleep_until_event(conn);
	current = NULL;
	shim_now += in_u8(&in) * 10 * NSEC_PER_MSEC;
	jiffies += in_u8(&in) % 4;
}

static void step(void)
{
	switch (in_u8(&in) % 16) {
	case 0:
	case 1:
	case 2:
		submit_front();
		break;
	case 3:
	case 4:
	case 5:
		submit_lane();
		break;
	case 6:
		scribble_somewhere();
		break;
	case 7:
	case 8:
		run_ctl();
		break;
	case 9:
		complete_one();
		break;
	case 10:
		take_answers();
		break;
	case 11:
		veng_event_interrupt(1, &conn->chan[in_u8(&in) % conn->nr_channels]);
		break;
	case 12:
		sleep_a_while();
		break;
	case 13:
		shim_cpus = in_u8(&in) % 2 + 1;
		be_away();
		break;
	default:
		turn();
	}
}

static void run_works(void)
{
	int i;

	/* The heart beats for as long as there is a connection. */
	for (i = 0; i < 8 && shim_run_one_work(); i++)
		;
}

static void do_now(const struct vos_sqe *e)
{
	vos_ring_push(&front_sq[0], e);
	turn();
	run_ctl();
	take_answers();
}

/* As an honest front end begins: processes with two lanes each, and handles in three slots. */
static void open_doors(void)
{
	struct vos_sqe e;
	u32 id, slot;

	for (id = 0; id < NR_UCHANS; id++) {
		e = (struct vos_sqe){ .opcode = VOS_OP_UCHAN_OPEN, .arg = { id, 2 | 4ull << 32 } };
		write_refs(&conn->chan[0], &e, id, VOS_UCHAN_HEAD_PAGES + 2 + 4);
		do_now(&e);
		for (slot = 0; slot < 3; slot++) {
			e = (struct vos_sqe){ .opcode = VOS_OP_HANDLE_ADD, .obj = slot, .gen = 1,
					      .arg = { id | (u64)slot << 32, 1 | 3ull << 32 } };
			do_now(&e);
		}
	}
}

static void meet_front(void)
{
	u32 i;

	for (i = 0; i < conn->nr_channels; i++) {
		const struct veng_chan *c = &conn->chan[i];

		vos_ring_init(&front_sq[i], c->sq.hdr, c->sq.entry, c->sq.entries, VOS_SQ_PHASE);
		vos_ring_init(&front_cq[i], c->cq.hdr, c->cq.entry, c->cq.entries, VOS_CQ_PHASE);
	}
}

static void begin(void)
{
	shim_begin();
	veng_poll_us = 10;
	veng_event_delay_us = 10;
	base.refs = 1;
	worker = (struct task_struct){ 0 };
	queue_first = queue_last = nr_pending = 0;
	maps = targets = 0;
	memset(&area, 0, sizeof(area));
	memset(&ctrl_page, 0, sizeof(ctrl_page));
	memset(process, 0, sizeof(process));
	fill_ctrl();
}

static void end(struct xenbus_device *dev)
{
	run_works();
	shim_assert(!maps && !targets && !dev->dev.refs && !shim_works && !shim_task.refs);
	shim_assert(base.refs == 1);
	shim_assert(!veng_trace_used.enabled);
	shim_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xenbus_device dev = { .otherend_id = 1, .nodename = "device" };
	int i;

	in = (struct input){ data, size };
	begin();
	veng_conns_init();
	conn = veng_conn_create(&services[in_u8(&in) % 2], &dev, CTRL_REF);
	if (!IS_ERR(conn)) {
		meet_front();
		current = conn->dispatcher;
		dispatcher_init(conn);
		current = NULL;
		if (in_u8(&in) % 4)
			open_doors();
		for (i = 0; i < STEPS && !in_end(&in); i++)
			step();
		veng_conn_end(conn);
	}
	end(&dev);
	return 0;
}

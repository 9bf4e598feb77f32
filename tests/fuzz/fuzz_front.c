// SPDX-License-Identifier: GPL-2.0
/*
 * The primary's calls (core: call.c, channel.c, slot.c, arena.c) and events (object.c) against a
 * back end that lies: in completions, in the rings' headers, in the object table, at any time
 * at which the primary polls, waits or is interrupted.
 *
 * Wanted: each call that was submitted ends once, and no other does; what a call is given lies
 * in the arena, and is no other call's; an event is of an object that there is; what the back
 * end charges is charged once, as far as it is admitted; at the end all slots, all of the arena
 * and all counts are back.
 */
#include "account.h"
#include "shim/state.h"
#include "input.h"

#define CHANNELS	2
#define OBJECTS		256u
#define ARENA_PAGES	80u	/* 256 slots' own KiB, and 16 pages */
#define RING_PAGES	(VOS_ENTRIES * VOS_ENTRY_SIZE / VOS_PAGE_SIZE)
#define CHAN_PAGES	(1 + 2 * RING_PAGES + ARENA_PAGES)
#define AREA_PAGES	(CHANNELS * CHAN_PAGES + 2)
#define MAX_CALLS	64
#define STEPS		200
#define PATIENCE	40	/* polls of one waiter; then the link is dead */

/* A call that the primary has, between vos_channel_try_get() and vos_call_put(). */
struct mine {
	struct vos_call *call;
	bool submitted, ended, orphan;
};

/* The back end's half of a channel, and the submissions that it has taken. */
struct peer {
	struct vos_ring sq, cq;
	struct vos_sqe taken[8];
	unsigned int n;
};

/* Nobody turns it on. */
DEFINE_STATIC_KEY_FALSE(vos_charge_used);

void vos_charge_tell(const struct vos_call *call, struct task_struct *task)
{
}

static struct input in;
static u8 area[AREA_PAGES * VOS_PAGE_SIZE] __aligned(VOS_PAGE_SIZE);
static struct vos_link *link;
static struct vos_session session;
static struct peer peer[CHANNELS];
static struct mine mine[MAX_CALLS];
static struct virtuos_account account;
static struct vos_cost unclaimed;
static unsigned int polls, depth, cred_users;
static bool must_die;

/* --- what the tested files call ------------------------------------------------- */

void vos_link_violation(struct vos_link *l, const char *what)
{
	must_die = true;
}

/* The target itself has one reference. */
void vos_link_release(struct kref *ref)
{
	shim_assert(!"put once too often");
}

/* The target gets its calls by vos_channel_try_get(). */
struct vos_link *vos_session_link_get(struct vos_session *s, u32 flags)
{
	shim_assert(!"asked for");
	return NULL;
}

bool vos_cred_needed(u32 flags)
{
	shim_assert(!"asked for");
	return false;
}

int vos_cred_get(struct vos_link *l, u32 flags)
{
	shim_assert(!"asked for");
	return 0;
}

void vos_cred_put(struct vos_link *l, u16 index)
{
	shim_assert(cred_users > 0);
	cred_users--;
}

struct virtuos_account *vos_account_make(struct task_struct *task)
{
	return task->virtuos_account = &account;
}

void vos_charge_unclaimed(const struct vos_call *call)
{
	vos_cost_add(&unclaimed, call);
}

void vos_account_note_sleep(u64 ns)
{
}

static void on_event(struct vos_session *s, u32 obj, u32 cause)
{
	shim_assert(s == &session && obj < OBJECTS);
	shim_assert(link->tells_cause || cause == VOS_CAUSE_STATE);
}

static const struct vos_session_ops ops = { .event = on_event };

void shim_notified(int port)
{
	shim_assert(port == 100 || port == 101);
}

bool shim_need_resched(void)
{
	return in_u8(&in) % 4 == 1;
}

bool shim_killed(void)
{
	return in_u8(&in) % 16 == 1;
}

/* --- the liar ----------------------------------------------------------------------- */

static void take(struct peer *p)
{
	while (p->n < ARRAY_SIZE(p->taken) && vos_ring_pop(&p->sq, &p->taken[p->n]))
		p->n++;
}

static void push(struct peer *p, u32 tag, u64 result)
{
	/* What the call cost is as much of a lie as its result is. */
	struct vos_cqe e = { .tag = tag, .result = result, .cost = result, .out[4] = result };

	vos_ring_push(&p->cq, &e);
}

/* One that was asked: any of them, perhaps not for the last time. */
static void answer(struct peer *p, bool well)
{
	unsigned int i;

	take(p);
	if (!p->n)
		return;
	i = in_u8(&in) % p->n;
	push(p, well ? p->taken[i].tag : (u32)in_lie(&in, p->taken[i].tag), in_lie(&in, 0));
	if (well || in_u8(&in) % 4)
		p->taken[i] = p->taken[--p->n];
}

static void answer_all(struct peer *p)
{
	for (take(p); p->n; take(p))
		while (p->n)
			push(p, p->taken[--p->n].tag, 0);
}

static void scribble(void)
{
	u64 *to = link->area.vaddr + in_u32(&in) % (AREA_PAGES * VOS_PAGE_SIZE / 8) * 8;

	*to = in_lie(&in, *to);
}

/* Into the rings, where it counts. */
static void scribble_ring(unsigned int nr)
{
	struct peer *p = &peer[nr];
	u64 *to = (u64 *)(in_u8(&in) % 2 ? p->cq.entry : p->sq.entry) +
		  in_u16(&in) % (VOS_ENTRIES * 8);

	if (in_u8(&in) % 4 == 0)
		to = (u64 *)((struct vos_channel_page *)link->area.vaddr +
			     nr * CHAN_PAGES * (PAGE_SIZE / sizeof(struct vos_channel_page))) +
		     in_u8(&in) % 32;
	*to = in_lie(&in, *to);
}

static void raise_events(void)
{
	u32 i = in_u8(&in) % 8, w = in_u8(&in) % (VOS_PAGE_SIZE / 8);

	link->event[w] |= in_lie(&in, 1);
	link->ctrl->event_sel[i] |= in_lie(&in, 1);
}

/* Kill_work, which runs in process context. */
static void die(void)
{
	u32 i;

	for (i = 0; i < CHANNELS; i++)
		vos_channel_end_all(&link->chan[i]);
}

static void lie(void)
{
	unsigned int nr = in_u8(&in) % CHANNELS;

	switch (in_u8(&in) % 12) {
	case 0:
		scribble();
		break;
	case 1:
		scribble_ring(nr);
		break;
	case 2:
		raise_events();
		break;
	case 3:
	case 4:
		answer(&peer[nr], false);
		break;
	case 5:
	case 6:
	case 7:
		answer(&peer[nr], true);
		break;
	case 8:
		answer_all(&peer[nr]);
		break;
	case 9:
		link->tells_cause = in_u8(&in) % 2;
		link->obj[in_u8(&in)] = (struct vos_obj_state){
			in_u8(&in), in_u32(&in), 1, in_u32(&in) };
	}
}

/* An interrupt comes, where it may. */
static void interrupt(void)
{
	if (!shim_context.irqs_off)
		vos_channel_reap(&link->chan[in_u8(&in) % CHANNELS]);
}

/* The peer acts, interrupts come, a link that broke the protocol is killed. */
void shim_relax(void)
{
	if (depth++ == 0) {
		lie();
		if (in_u8(&in) % 2)
			interrupt();
		if (must_die || ++polls > PATIENCE)
			die();
	}
	depth--;
}

/* --- the primary ---------------------------------------------------------------------- */

static struct mine *find(struct vos_call *call)
{
	unsigned int i;

	for (i = 0; i < MAX_CALLS; i++)
		if (mine[i].call == call)
			return &mine[i];
	shim_assert(!"one that nobody has");
	return NULL;
}

static void check_end(struct mine *m)
{
	struct vos_call *call = m->call;

	shim_assert(m->submitted && !m->ended && call->state == VOS_CALL_OWNED);
	shim_assert(call->status == 0 || call->status == -EOWNERDEAD);
	shim_assert(call->status || call->cqe.tag == call->sqe.tag);
	m->ended = true;
}

static void give(struct mine *m)
{
	struct vos_call *call = m->call;

	m->call = NULL;
	vos_call_put(call);
}

static void on_done(struct vos_call *call)
{
	shim_assert(shim_context.irqs_off || call->status);
	shim_assert(!shim_context.locks);
	check_end(find(call));
	if (in_u8(&in) % 2)
		give(find(call));
}

static void on_orphan(struct vos_call *call)
{
	struct mine *m = find(call);

	shim_assert(m->orphan);
	check_end(m);
	give(m);
}

static void check_room(const struct vos_call *call)
{
	const u32 bytes = ARENA_PAGES << PAGE_SHIFT;
	unsigned int i, j;
	int k;

	for (k = 0; k < 2; k++)
		shim_assert(call->room[k].off <= bytes && call->room[k].len <= bytes - call->room[k].off);
	/* All of it is ours, and nobody else's: whoever else had it would see this. */
	for (i = 0; i < MAX_CALLS; i++)
		for (j = 0; mine[i].call && mine[i].call->chan == call->chan && j < 4; j++) {
			const struct vos_extent *a = &mine[i].call->room[j / 2], *b = &call->room[j % 2];

			shim_assert(mine[i].call == call || !a->len || !b->len ||
				    a->off + a->len <= b->off || b->off + b->len <= a->off);
		}
	for (k = 0; k < 2; k++)
		shim_assert(call->data[k] == call->chan->arena.base + call->room[k].off);
	memset(call->data[0], 0x55, call->room[0].len);
	memset(call->data[1], 0xaa, call->room[1].len);
}

static u32 a_length(void)
{
	u8 n = in_u8(&in);

	return n < 128 ? n * 8u : n < 250 ? in_u16(&in) % 20000 : 0;
}

static struct mine *a_call(void)
{
	unsigned int i = in_u8(&in) % MAX_CALLS;
	struct vos_channel *chan = &link->chan[in_u8(&in) % CHANNELS];
	u32 len0 = a_length(), len1 = a_length();
	struct mine *m = &mine[i];

	if (m->call)
		return m;
	*m = (struct mine){ .call = vos_channel_try_get(chan, len0, len1) };
	if (!m->call) {
		/* As who cannot wait: now, when it is his turn, or not at all. */
		m->call = vos_channel_ask(chan, len0, len1);
		if (IS_ERR(m->call))
			m->call = NULL;
	}
	if (!m->call)
		return NULL;
	vos_link_get(link);
	check_room(m->call);
	if (in_u8(&in) % 4 == 1) {
		cred_users++;
		vos_call_slot(m->call)->cred_index = 3;
	}
	return m;
}

static void wait_for(struct mine *m)
{
	bool with_orphan = in_u8(&in) % 2;
	struct vos_call *call = m->call;
	int rc;

	m->submitted = m->orphan = true;
	call->orphan = with_orphan ? on_orphan : NULL;
	if (!with_orphan)
		m->call = NULL;		/* the core gives it back, if nobody waits any more */
	polls = 0;
	rc = vos_call(call);
	if (rc == -EINTR)
		return;
	m->call = call;
	/* Who could not submit is owner as before. */
	check_end(m);
	shim_assert(rc == call->status);
	give(m);
}

static void submit(struct mine *m)
{
	m->call->done = on_done;
	m->submitted = true;
	vos_call_submit(m->call);
}

static void use(struct mine *m)
{
	if (!m)
		return;
	if (m->ended)
		give(m);
	else if (!m->submitted && in_u8(&in) % 8 == 1)
		give(m);
	else if (!m->submitted && in_u8(&in) % 2)
		wait_for(m);
	else if (!m->submitted)
		submit(m);
}

static void step(void)
{
	switch (in_u8(&in) % 8) {
	case 0:
	case 1:
		lie();
		break;
	case 2:
		interrupt();
		break;
	case 3:
		vos_obj_poll(&session, in_lie(&in, 5), in_u8(&in));
		vos_obj_arm(&session, in_lie(&in, OBJECTS), false);
		break;
	case 4:
		vos_channel_set_idle(&link->chan[0], in_u8(&in) % 2);
		break;
	default:
		use(a_call());
	}
	if (must_die && !shim_context.irqs_off)
		die();
}

/* --- one input ------------------------------------------------------------------------------ */

static struct vos_channel_desc layout(u32 nr)
{
	u32 page = nr * CHAN_PAGES;

	return (struct vos_channel_desc){
		.hdr_page = page, .sq_page = page + 1, .cq_page = page + 1 + RING_PAGES,
		.arena_page = page + 1 + 2 * RING_PAGES, .entries = VOS_ENTRIES,
		.arena_pages = ARENA_PAGES,
	};
}

static void make_channel(u32 nr)
{
	struct vos_channel_desc d = layout(nr);
	struct vos_channel_page *hdr = vos_area_page(&link->area, d.hdr_page);

	shim_assert(!vos_channel_init(&link->chan[nr], link, nr, &d));
	link->chan[nr].evtchn = 100 + nr;
	peer[nr].n = 0;
	vos_ring_init(&peer[nr].sq, &hdr->sq, vos_area_page(&link->area, d.sq_page), VOS_ENTRIES,
		      VOS_SQ_PHASE);
	vos_ring_init(&peer[nr].cq, &hdr->cq, vos_area_page(&link->area, d.cq_page), VOS_ENTRIES,
		      VOS_CQ_PHASE);
}

static void begin(void)
{
	u32 i;

	shim_begin();
	current = &shim_task;
	current->virtuos_account = NULL;
	memset(mine, 0, sizeof(mine));
	memset(&account, 0, sizeof(account));
	memset(&unclaimed, 0, sizeof(unclaimed));
	polls = depth = cred_users = 0;
	must_die = false;
	link = calloc(1, struct_size(link, chan, CHANNELS));
	memset(area, 0, sizeof(area));
	link->ref.refcount.counter = 1;
	link->area.vaddr = area;
	link->ctrl = calloc(1, VOS_PAGE_SIZE);
	link->session = &session;
	link->nr_channels = CHANNELS;
	link->nr_objects = OBJECTS;
	link->nr_sel = DIV_ROUND_UP(OBJECTS / 64, 64);
	link->obj = vos_area_page(&link->area, AREA_PAGES - 2);
	link->event = vos_area_page(&link->area, AREA_PAGES - 1);
	session.ops = &ops;
	session.link = link;
	for (i = 0; i < CHANNELS; i++)
		make_channel(i);
}

static void check_channel(struct vos_channel *chan)
{
	struct list_head *l;
	unsigned long u;
	u32 n = !!chan->spare + !!chan->ticket.slot;

	for (l = chan->free.next; l != &chan->free; l = l->next)
		n++;
	shim_assert(n == VOS_ENTRIES);
	for (u = 0; !chan->ticket.slot && u < chan->arena.units; u++)
		shim_assert(!test_bit(u, chan->arena.used));
	shim_assert(!chan->spinners);
}

/* All that was admitted and is not left has been charged, once. */
static void check_costs(void)
{
	u64 ticks = account.trap[0].ticks + unclaimed.ticks;
	u32 i;

	for (i = 0; i < CHANNELS; i++) {
		const struct vos_chan_stats *stats = &link->chan[i].stats;

		shim_assert(stats->left <= stats->admitted);
		ticks -= stats->admitted - stats->left;
	}
	shim_assert(!ticks);
}

static void end(void)
{
	unsigned int i;

	die();
	for (i = 0; i < MAX_CALLS; i++) {
		shim_assert(!mine[i].call || !mine[i].submitted || mine[i].ended);
		if (mine[i].call)
			give(&mine[i]);
	}
	shim_assert(link->ref.refcount.counter == 1 && !cred_users);
	check_costs();
	for (i = 0; i < CHANNELS; i++) {
		check_channel(&link->chan[i]);
		vos_slots_exit(&link->chan[i]);
	}
	shim_end();
	free(link->ctrl);
	free(link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int i;

	in = (struct input){ data, size };
	vos_spin_us = 1;
	begin();
	for (i = 0; i < STEPS && !in_end(&in); i++)
		step();
	end();
	return 0;
}

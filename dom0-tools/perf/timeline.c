/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events and records joined: see timeline.h.
 *
 * A call is known by its service, its channel and lane, and its tag. The primary gives a tag
 * again only after millions of calls, or on the next link. So of calls with one key the record
 * belongs to the last that was submitted before it. Only if there is none has a clock gone wrong,
 * and it is the first.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <virtuos/ops.h>

#include "timeline.h"

#define TIDS		(1u << 22)	/* Linux's limit */
#define FEW		256u
#define SLACK		(1ull << 36)	/* ticks: records may be so far off the events */

/* Make room for one more. Without memory the program ends. */
static void *grow(void *p, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return p;
	*room = *room ? *room * 2 : FEW;
	p = reallocarray(p, *room, size);
	if (!p) {
		fputs("virtuos: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

void vp_timeline_event(struct vp_timeline *t, const struct vp_point *e)
{
	if (t->events >= VP_EVENTS_MAX) {
		t->counts.lost++;
		return;
	}
	t->event = grow(t->event, t->events, &t->event_room, sizeof(*t->event));
	t->event[t->events++] = *e;
	if (e->what == VP_SUBMIT)
		t->under_way++;
	else if (e->what == VP_DONE && t->under_way)
		t->under_way--;
}

void vp_timeline_record(struct vp_timeline *t, uint8_t service, const struct vos_trace_record *r)
{
	if (t->records >= VP_EVENTS_MAX * VOS_DOOR_SERVICES) {
		t->counts.lost++;
		return;
	}
	t->record = grow(t->record, t->records, &t->record_room, sizeof(*t->record));
	t->record[t->records++] = (struct vp_record){ .r = *r, .service = service };
}

void vp_timeline_name(struct vp_timeline *t, uint32_t tid, const char *name)
{
	struct vp_name *n;

	t->name = grow(t->name, t->names, &t->name_room, sizeof(*t->name));
	n = &t->name[t->names++];
	n->tid = tid;
	snprintf(n->name, sizeof(n->name), "%s", name);
}

static int by_time(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* At one time a call is submitted before it is done. */
static int compare_events(const void *a, const void *b)
{
	const struct vp_point *x = a, *y = b;
	int r = by_time(x->tsc, y->tsc);

	return r ? r : (x->what > y->what) - (x->what < y->what);
}

static int compare_records(const void *a, const void *b)
{
	const struct vp_record *x = a, *y = b;
	int r = by_time(x->r.tsc, y->r.tsc);

	return r ? r : (x->r.type > y->r.type) - (x->r.type < y->r.type);
}

static void set_own(struct vp_timeline *t, uint32_t tid)
{
	if (tid < TIDS)
		t->own[tid / 8] |= (uint8_t)(1u << tid % 8);
}

static bool is_own(const struct vp_timeline *t, uint32_t tid)
{
	return tid < TIDS && t->own[tid / 8] & 1u << tid % 8;
}

static uint64_t key_of(const struct vp_call *c)
{
	return (uint64_t)c->tag | (uint64_t)c->chan << 32 | (uint64_t)c->lane << 48 |
	       (uint64_t)c->service << 56;
}

/* The place in the table where the calls with a key are, or would be. */
static size_t *find_place(struct vp_timeline *t, const struct vp_call *like)
{
	uint64_t key = key_of(like);
	size_t i = (size_t)(key * 0x9e3779b97f4a7c15ull >> 20) & (t->keys - 1);

	while (t->key[i] && key_of(&t->call[t->key[i] - 1]) != key)
		i = (i + 1) & (t->keys - 1);
	return &t->key[i];
}

static void make_table(struct vp_timeline *t)
{
	size_t most = t->events + t->records;

	for (t->keys = FEW; t->keys < 2 * most; t->keys *= 2)
		;
	t->key = calloc(t->keys, sizeof(*t->key));
	t->own = calloc(TIDS / 8, 1);
	if (!t->key || !t->own) {
		fputs("virtuos: out of memory\n", stderr);
		exit(1);
	}
}

static struct vp_call *add_call(struct vp_timeline *t, const struct vp_call *c)
{
	size_t *place;

	t->call = grow(t->call, t->calls, &t->call_room, sizeof(*t->call));
	t->call[t->calls] = *c;
	place = find_place(t, c);
	t->call[t->calls].older = *place;
	*place = ++t->calls;
	return &t->call[t->calls - 1];
}

/* The last call with this key. */
static struct vp_call *find_call(struct vp_timeline *t, const struct vp_call *like)
{
	size_t at = *find_place(t, like);

	return at ? &t->call[at - 1] : NULL;
}

/* Likewise, that was submitted before @tsc; if there is none, the first of all. */
static struct vp_call *find_call_at(struct vp_timeline *t, const struct vp_call *like, uint64_t tsc)
{
	struct vp_call *c = find_call(t, like);

	while (c && c->submit > tsc && c->older)
		c = &t->call[c->older - 1];
	return c;
}

static void note_done(struct vp_call *c, const struct vp_point *e)
{
	c->done = e->tsc;
	c->status = e->status;
	c->result = e->result;
	c->ticks = e->ticks;
	c->wait = e->wait;
}

/* An event of a call. Calls that were submitted before the trace began are left out. */
static void take_call_event(struct vp_timeline *t, const struct vp_point *e)
{
	struct vp_call like = {
		.tag = e->tag, .chan = e->chan, .service = e->service, .lane = VOS_TRACE_NO_LANE,
	};
	struct vp_call *c;

	if (e->what == VP_SUBMIT) {
		like.submit = e->tsc;
		like.down = t->down[e->service];
		like.tid = e->tid;
		like.own = is_own(t, e->tid);
		like.op = e->op;
		like.obj = e->obj;
		like.bytes = e->bytes;
		add_call(t, &like);
		return;
	}
	c = find_call(t, &like);
	if (!c || c->done)
		return;
	if (e->what == VP_DONE)
		note_done(c, e);
	else if (e->what == VP_WAIT_BEGIN)
		c->sleep = e->tsc;
	else if (c->sleep)
		c->wake = e->tsc;
}

static void take_event(struct vp_timeline *t, const struct vp_point *e)
{
	if (e->what == VP_FORK) {
		if (is_own(t, e->tid))
			set_own(t, e->child);
	} else if (e->what == VP_LINK_DOWN) {
		t->down[e->service] = e->tsc;
	} else if (e->what <= VP_WAIT_END) {
		take_call_event(t, e);
	}
}

/* The handles that a process adds tell whose user channel it is. */
static void note_lane(struct vp_timeline *t, const struct vp_call *c, uint64_t arg)
{
	bool tells = c->op == VOS_OP_UCHAN_OPEN || c->op == VOS_OP_HANDLE_ADD;

	if (tells && c->submit && (uint32_t)arg < VP_LANES)
		t->lane_tid[c->service][(uint32_t)arg] = c->own ? c->tid : 0;
}

static void take_begin(struct vp_timeline *t, const struct vp_record *record, struct vp_call *c,
		       struct vp_call *like)
{
	const struct vos_trace_record *r = &record->r;

	if (c && c->begin && (c->submit || !c->end)) {
		t->counts.spoilt++;
		return;
	}
	if (!c || c->begin) {
		like->op = r->op;
		like->obj = r->obj;
		if (r->lane != VOS_TRACE_NO_LANE && r->chan < VP_LANES)
			like->tid = t->lane_tid[record->service][r->chan];
		like->own = like->tid;
		c = add_call(t, like);
	}
	c->begin = r->tsc;
	c->cpu = r->cpu;
	note_lane(t, c, r->arg);
}

static void take_rest(struct vp_timeline *t, const struct vos_trace_record *r, struct vp_call *c)
{
	if (!c || !c->begin || c->end || r->tsc < c->begin) {
		t->counts.spoilt++;
		return;
	}
	if (r->type == VOS_TRACE_RESUME) {
		c->resume = r->tsc;
		return;
	}
	c->end = r->tsc;
	c->cost = r->arg;
}

static bool is_in_time(const struct vp_timeline *t, uint64_t tsc)
{
	return tsc + SLACK >= t->first && tsc <= t->last + SLACK;
}

/*
 * A call that was taken before the trace began has no beginning in it. That is no fault. A later
 * link may have a call with its tag, which is another one.
 */
static void take_record(struct vp_timeline *t, const struct vp_record *record)
{
	const struct vos_trace_record *r = &record->r;
	struct vp_call like = {
		.tag = r->tag, .chan = r->chan, .service = record->service, .lane = r->lane,
	};
	struct vp_call *c;

	if (!is_in_time(t, r->tsc) || r->type < VOS_TRACE_BEGIN || r->type > VOS_TRACE_END) {
		t->counts.spoilt++;
		return;
	}
	c = find_call_at(t, &like, r->tsc);
	if (c && c->submit > r->tsc && c->down > r->tsc)
		return;
	if (r->type == VOS_TRACE_BEGIN)
		take_begin(t, record, c, &like);
	else if (c)
		take_rest(t, r, c);
}

/* The front end's own: it counts up, so the last of a service counts. */
static void take_own_record(const struct vp_record *record, uint64_t lost[VOS_DOOR_SERVICES])
{
	if (record->r.type == VOS_TRACE_LOST)
		lost[record->service] = record->r.arg;
}

static bool is_own_record(const struct vp_record *record)
{
	return record->r.type == VOS_TRACE_LOST || record->r.type == VOS_TRACE_LINK_END;
}

static uint64_t ahead(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void check_order(struct vp_counts *n, const struct vp_call *c)
{
	uint64_t by = ahead(c->submit, c->begin), late = ahead(c->end, c->done);

	by = by > late ? by : late;
	if (!by)
		return;
	n->disordered++;
	if (by > n->worst)
		n->worst = by;
}

static void count_call(struct vp_counts *n, const struct vp_call *c, bool served[])
{
	if (!c->submit) {
		n->by_door += c->end && c->lane != VOS_TRACE_NO_LANE;
		served[c->service] |= c->end != 0;
		return;
	}
	n->calls++;
	served[c->service] |= c->begin != 0;
	n->dead += c->done && c->status;
	if (!c->done || c->status || !c->end)
		return;
	n->matched++;
	check_order(n, c);
}

static void count(struct vp_timeline *t)
{
	uint64_t lost[VOS_DOOR_SERVICES] = { 0 };
	bool served[VOS_DOOR_SERVICES] = { false };
	size_t i;

	for (i = 0; i < t->records; i++)
		take_own_record(&t->record[i], lost);
	for (i = 0; i < t->calls; i++)
		if (t->call[i].own)
			count_call(&t->counts, &t->call[i], served);
	t->counts.domains = 1;
	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		t->counts.domains += served[i];
		t->counts.lost += lost[i];
	}
}

void vp_timeline_join(struct vp_timeline *t, uint32_t tid)
{
	size_t i;

	make_table(t);
	if (t->events)
		qsort(t->event, t->events, sizeof(*t->event), compare_events);
	if (t->records)
		qsort(t->record, t->records, sizeof(*t->record), compare_records);
	t->first = t->events ? t->event[0].tsc : 0;
	t->last = t->events ? t->event[t->events - 1].tsc : 0;
	set_own(t, tid);
	for (i = 0; i < t->events; i++)
		if (t->event[i].what == VP_FORK || t->event[i].service < VOS_DOOR_SERVICES)
			take_event(t, &t->event[i]);
	for (i = 0; i < t->records; i++)
		if (!is_own_record(&t->record[i]))
			take_record(t, &t->record[i]);
	count(t);
}

void vp_timeline_free(struct vp_timeline *t)
{
	free(t->event);
	free(t->record);
	free(t->call);
	free(t->name);
	free(t->key);
	free(t->own);
	*t = (struct vp_timeline){ 0 };
}

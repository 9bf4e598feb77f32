/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A timeline as JSON: see timeline.h. Each domain is a process. The primary has a track for each
 * thread, a service domain one for each processor. Slices of one track must not overlap, so a
 * track has more than one row if need be.
 *
 * What a service recorded may be anything, so the number of rows is limited.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdlib.h>
#include <virtuos/ops.h>

#include "text.h"
#include "timeline.h"

#define ROWS	32u		/* of a track */
#define BUCKETS	4096u

/* A track: a thread or a processor. The key of a row says which, the row's number its order. */
struct track_row {
	uint64_t key;
	unsigned int nr;
	uint64_t busy;			/* until then */
	struct track_row *next;
};

struct writer {
	const struct vp_timeline *t;
	double khz;
	FILE *f;
	bool first;
	unsigned int rows;
	struct track_row *bucket[BUCKETS];
};

enum { PRIMARY = 1, SERVICE };		/* processes; SERVICE + enum vos_door_service */
#define OUTAGES		UINT32_MAX	/* a service's track for them */

static const char *const service_name[VOS_DOOR_SERVICES] = { "net", "storage" };

static double us(const struct writer *w, uint64_t ticks)
{
	return (double)ticks * 1000.0 / w->khz;
}

/* Since the first event of the primary; a service's may be earlier. */
static double at(const struct writer *w, uint64_t tsc)
{
	return (double)(int64_t)(tsc - w->t->first) * 1000.0 / w->khz;
}

static void begin_event(struct writer *w, const char *ph, unsigned int pid, unsigned int tid)
{
	fprintf(w->f, "%s\n{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u", w->first ? "" : ",", ph, pid,
		tid);
	w->first = false;
}

static void put_string(FILE *f, const char *s)
{
	struct vp_text text = { 0 };

	vp_text_json(&text, s);
	fwrite(text.buf, 1, text.len, f);
	vp_text_free(&text);
}

static void put_name(struct writer *w, const char *what, unsigned int pid, unsigned int tid,
		     const char *name)
{
	begin_event(w, "M", pid, tid);
	fprintf(w->f, ",\"name\":\"%s\",\"args\":{\"name\":", what);
	put_string(w->f, name);
	fputs("}}", w->f);
}

static const char *thread_name(const struct vp_timeline *t, uint32_t tid)
{
	size_t i;

	for (i = 0; i < t->names; i++)
		if (t->name[i].tid == tid)
			return t->name[i].name;
	return "thread";
}

static void name_row(struct writer *w, unsigned int pid, uint32_t id, unsigned int nr,
		     unsigned int row)
{
	char name[64], more[16] = "";

	if (row)
		snprintf(more, sizeof(more), " (%u)", row + 1);
	if (pid == PRIMARY)
		snprintf(name, sizeof(name), "%s %u%s", thread_name(w->t, id), id, more);
	else if (id == OUTAGES)
		snprintf(name, sizeof(name), "outages");
	else
		snprintf(name, sizeof(name), "processor %u%s", id, more);
	put_name(w, "thread_name", pid, nr, name);
}

/* Find a row of a thread or processor that is free at a time. Return: its number. */
static unsigned int find_row(struct writer *w, unsigned int pid, uint32_t id, uint64_t from,
			     uint64_t to)
{
	uint64_t key = (uint64_t)pid << 32 | id;
	struct track_row **link = &w->bucket[(key ^ key >> 29) % BUCKETS], *row = NULL;
	unsigned int n = 0;

	for (; *link; link = &(*link)->next) {
		if ((*link)->key != key)
			continue;
		row = *link;
		if (row->busy <= from || ++n == ROWS)
			break;
	}
	if (!*link) {
		row = calloc(1, sizeof(*row));
		if (!row) {
			fputs("virtuos: out of memory\n", stderr);
			exit(1);
		}
		row->key = key;
		row->nr = ++w->rows;
		*link = row;
		name_row(w, pid, id, row->nr, n);
	}
	row->busy = to > row->busy ? to : row->busy;
	return row->nr;
}

static void begin_slice(struct writer *w, unsigned int pid, unsigned int row, uint64_t from,
			uint64_t to)
{
	begin_event(w, "X", pid, row);
	fprintf(w->f, ",\"ts\":%.3f,\"dur\":%.3f", at(w, from), us(w, to - from));
}

static void put_slice(struct writer *w, unsigned int pid, unsigned int row, uint64_t from,
		      uint64_t to, const char *cat, const char *name)
{
	begin_slice(w, pid, row, from, to);
	fprintf(w->f, ",\"cat\":\"%s\",\"name\":\"%s\"}", cat, name);
}

/* A step of the arrow of a call: s, t, f. */
static void put_flow(struct writer *w, const char *ph, unsigned int pid, unsigned int row,
		     uint64_t tsc, size_t id)
{
	begin_event(w, ph, pid, row);
	fprintf(w->f, ",\"ts\":%.3f,\"cat\":\"flow\",\"name\":\"call\",\"id\":%zu,\"bp\":\"e\"}",
		at(w, tsc), id);
}

static void put_what(struct writer *w, const struct vp_call *c, const char *cat, size_t id)
{
	fprintf(w->f, ",\"cat\":\"%s\",\"name\":\"%s\",\"args\":{\"call\":%zu,\"service\":\"%s\"",
		cat, vos_opcode_name(c->op), id, service_name[c->service]);
	fprintf(w->f, ",\"channel\":%u,\"tag\":%u,\"object\":%u", c->chan, c->tag, c->obj);
	if (c->lane != VOS_TRACE_NO_LANE)
		fprintf(w->f, ",\"lane\":%u", c->lane);
}

static void put_answer(struct writer *w, const struct vp_call *c)
{
	if (!c->done)
		fputs(",\"answered\":false", w->f);
	else if (c->status)
		fprintf(w->f, ",\"answered\":false,\"status\":%d", c->status);
	else
		fprintf(w->f, ",\"answered\":true,\"result\":%" PRId64 ",\"ticks\":%u,\"wait\":%" PRIu64,
			c->result, c->ticks, c->wait);
}

/* The primary's side of a call. Return: its row. */
static unsigned int put_call(struct writer *w, const struct vp_call *c, size_t id)
{
	uint64_t to = c->done ? c->done : w->t->last;
	unsigned int row = find_row(w, PRIMARY, c->tid, c->submit, to);

	begin_slice(w, PRIMARY, row, c->submit, to);
	put_what(w, c, "call", id);
	fprintf(w->f, ",\"bytes\":%u", c->bytes);
	put_answer(w, c);
	fputs("}}", w->f);
	/* It wakes up after the answer, or when it is killed. */
	if (c->sleep)
		put_slice(w, PRIMARY, row, c->sleep, c->wake && c->wake < to ? c->wake : to, "wait",
			  "sleeps");
	return row;
}

/* The service's side. Return: its row. */
static unsigned int put_serve(struct writer *w, const struct vp_call *c, size_t id)
{
	unsigned int pid = SERVICE + c->service;
	unsigned int row = find_row(w, pid, c->cpu, c->begin, c->end);

	begin_slice(w, pid, row, c->begin, c->end);
	put_what(w, c, c->own ? "serve" : "other", id);
	fprintf(w->f, ",\"ticks\":%u}}", VOS_COST_TICKS(c->cost));
	if (c->resume >= c->begin && c->resume && c->resume <= c->end)
		put_slice(w, pid, row, c->resume, c->end, "work", "another thread");
	return row;
}

static bool is_ordered(const struct vp_call *c)
{
	return c->begin >= c->submit && c->done && c->done >= c->end && c->end;
}

static void put_arrows(struct writer *w, const struct vp_call *c, size_t id, unsigned int from,
		       unsigned int over)
{
	put_flow(w, "s", PRIMARY, from, c->submit, id);
	put_flow(w, "t", SERVICE + c->service, over, c->begin, id);
	put_flow(w, "f", PRIMARY, from, c->done, id);
}

static void put_both(struct writer *w, const struct vp_call *c, size_t id)
{
	unsigned int from = 0, over = 0;

	if (c->own && c->submit)
		from = put_call(w, c, id);
	if (c->begin && c->end)
		over = put_serve(w, c, id);
	if (from && over && is_ordered(c))
		put_arrows(w, c, id, from, over);
}

static int compare_calls(const void *a, const void *b, void *calls)
{
	const struct vp_call *x = (const struct vp_call *)calls + *(const size_t *)a;
	const struct vp_call *y = (const struct vp_call *)calls + *(const size_t *)b;
	uint64_t p = x->begin ? x->begin : x->submit, q = y->begin ? y->begin : y->submit;

	return (p > q) - (p < q);
}

/* Rows are found in the order of time. */
static void put_calls(struct writer *w)
{
	size_t n = w->t->calls, i, *order = calloc(n + 1, sizeof(*order));

	if (!order)
		return;
	for (i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), compare_calls, w->t->call);
	for (i = 0; i < n; i++)
		put_both(w, &w->t->call[order[i]], order[i] + 1);
	free(order);
}

static void put_instant(struct writer *w, unsigned int pid, unsigned int row, uint64_t tsc,
			const char *name)
{
	begin_event(w, "i", pid, row);
	fprintf(w->f, ",\"ts\":%.3f,\"s\":\"g\",\"cat\":\"outage\",\"name\":\"%s\"}", at(w, tsc),
		name);
}

static const char *link_event_name(enum vp_what what)
{
	switch (what) {
	case VP_LINK_DOWN:	return "link_down";
	case VP_LINK_UP:	return "link_up";
	case VP_RECOVER_BEGIN:	return "recover_begin";
	case VP_RECOVER_END:	return "recover_end";
	default:		return NULL;
	}
}

/* An outage lasts from the link's death until all may use the next one. */
static void put_outages(struct writer *w, uint8_t service)
{
	unsigned int pid = SERVICE + service, row;
	uint64_t down = 0, last = w->t->last;
	const struct vp_point *e;

	row = find_row(w, pid, OUTAGES, 0, 0);
	for (e = w->t->event; e < w->t->event + w->t->events; e++) {
		if (!link_event_name(e->what) || e->service != service)
			continue;
		put_instant(w, pid, row, e->tsc, link_event_name(e->what));
		if (e->what == VP_LINK_DOWN)
			down = e->tsc;
		if (e->what == VP_LINK_UP && down) {
			put_slice(w, pid, row, down, e->tsc, "outage", "outage");
			down = 0;
		}
	}
	if (down)
		put_slice(w, pid, row, down, last, "outage", "outage");
}

static bool has_outage(const struct vp_timeline *t, uint8_t service)
{
	size_t i;

	for (i = 0; i < t->events; i++)
		if (link_event_name(t->event[i].what) && t->event[i].service == service)
			return true;
	return false;
}

static void put_ends(struct writer *w)
{
	const struct vp_record *r;

	for (r = w->t->record; r < w->t->record + w->t->records; r++)
		if (r->r.type == VOS_TRACE_LINK_END)
			put_instant(w, SERVICE + r->service, 0, r->r.tsc, "records end");
}

static void put_summary(struct writer *w)
{
	const struct vp_counts *n = &w->t->counts;

	fprintf(w->f, "\n],\n\"displayTimeUnit\":\"ns\",\n\"otherData\":{\"tsc_khz\":%.0f,\"domains\":%u",
		w->khz, n->domains);
	fprintf(w->f, ",\"calls\":%zu,\"matched\":%zu,\"dead\":%zu,\"by_door\":%zu", n->calls,
		n->matched, n->dead, n->by_door);
	fprintf(w->f, ",\"lost\":%" PRIu64 ",\"spoilt\":%" PRIu64 ",\"disordered\":%zu,\"clock_check_us\":%.3f}}\n",
		n->lost, n->spoilt, n->disordered, us(w, n->worst));
}

static void free_rows(struct writer *w)
{
	struct track_row *row;
	size_t i;

	for (i = 0; i < BUCKETS; i++)
		while ((row = w->bucket[i])) {
			w->bucket[i] = row->next;
			free(row);
		}
}

void vp_timeline_json(const struct vp_timeline *t, double tsc_khz, FILE *f)
{
	struct writer *w = calloc(1, sizeof(*w));
	uint8_t s;

	if (!w)
		return;
	*w = (struct writer){ .t = t, .khz = tsc_khz > 0 ? tsc_khz : 1e6, .f = f, .first = true };
	fputs("{\"traceEvents\":[", f);
	put_name(w, "process_name", PRIMARY, 0, "primary");
	for (s = 0; s < VOS_DOOR_SERVICES; s++) {
		put_name(w, "process_name", SERVICE + s, 0, service_name[s]);
		if (has_outage(t, s))
			put_outages(w, s);
	}
	put_calls(w);
	put_ends(w);
	put_summary(w);
	free_rows(w);
	free(w);
}

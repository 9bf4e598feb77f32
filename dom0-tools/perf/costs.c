/* SPDX-License-Identifier: GPL-2.0-only */
/* What services did between two snapshots: see costs.h. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "costs.h"

/* What changed for a thread: its account by service, and its own time. */
struct change {
	struct vp_account account[VP_SERVICES];
	uint64_t cpu_ns;
};

/* The index that each service of the second snapshot had in the first; -1: none. */
struct match {
	int was[VP_SERVICES];
};

/* 0 if it went down; counters may wrap. */
static uint64_t since(uint64_t was, uint64_t is)
{
	uint64_t d = is - was;

	return d >> 63 ? 0 : d;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void match_services(const struct vp_snapshot *was, const struct vp_snapshot *is,
			   struct match *m)
{
	unsigned int i, j;

	for (i = 0; i < is->services; i++) {
		m->was[i] = -1;
		for (j = 0; j < was->services; j++)
			if (!strcmp(was->service[j].name, is->service[i].name))
				m->was[i] = (int)j;
	}
}

static const struct vp_thread *find_thread(const struct vp_snapshot *s, uint32_t tid,
					   uint32_t tgid)
{
	size_t low = 0, high = s->threads, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (s->thread[mid].tid < tid)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < s->threads && s->thread[low].tid == tid && s->thread[low].tgid == tgid)
		return &s->thread[low];
	return NULL;
}

static void account_since(const struct vp_account *was, const struct vp_account *is,
			  struct vp_account *d)
{
	d->calls = since(was->calls, is->calls);
	d->door_calls = since(was->door_calls, is->door_calls);
	d->ticks = since(was->ticks, is->ticks);
	d->wait_ticks = since(was->wait_ticks, is->wait_ticks);
}

static void account_less(struct vp_account *a, const struct vp_account *b)
{
	a->calls = less(a->calls, b->calls);
	a->ticks = less(a->ticks, b->ticks);
}

static void thread_since(const struct vp_thread *was, const struct vp_thread *is,
			 const struct match *m, unsigned int services, struct change *d)
{
	static const struct vp_account none;
	unsigned int i;

	for (i = 0; i < services; i++)
		account_since(was && m->was[i] >= 0 ? &was->account[m->was[i]] : &none,
			      &is->account[i], &d->account[i]);
	/* Its own time is from its start, which may be long ago. */
	d->cpu_ns = was ? since(was->cpu_ns, is->cpu_ns) : 0;
}

/* Where the sums of a thread go when it ends: to its group's leader, and then to thread 0. */
static const struct vp_thread *heir_of(const struct vp_snapshot *is, const struct vp_thread *t)
{
	const struct vp_thread *heir = NULL;

	if (t->tid != t->tgid)
		heir = find_thread(is, t->tgid, t->tgid);
	if (!heir && t->tid)
		heir = find_thread(is, 0, 0);
	return heir;
}

/* So much of what a thread has left as the first snapshot had is not new. */
static void forget_moved(const struct vp_snapshot *was, const struct vp_snapshot *is,
			 const struct match *m, struct change *change)
{
	static const struct vp_thread gone;
	const struct vp_thread *t, *now, *heir;
	struct vp_account lost;
	unsigned int i;
	size_t k;

	for (k = 0; k < was->threads; k++) {
		t = &was->thread[k];
		heir = heir_of(is, t);
		if (!heir)
			continue;
		now = find_thread(is, t->tid, t->tgid);
		for (i = 0; i < is->services; i++) {
			if (m->was[i] < 0)
				continue;
			account_since(&(now ? now : &gone)->account[i],
				      &t->account[m->was[i]], &lost);
			account_less(&change[heir - is->thread].account[i], &lost);
		}
	}
}

static double percent(const struct vp_costs *c, double ns)
{
	return c->seconds > 0 ? ns / 1e7 / c->seconds : NAN;
}

static double rate(const struct vp_costs *c, double n)
{
	return c->seconds > 0 ? n / c->seconds : NAN;
}

static double ns_of(const struct vp_snapshot *s, uint64_t ticks)
{
	return s->tsc_khz ? (double)ticks * 1e6 / (double)s->tsc_khz : NAN;
}

static bool has_cost(const struct vp_thread_cost *t)
{
	return t->calls > 0 || t->services > 0 || t->cpu > 0 || t->wait > 0;
}

static void fill_thread(const struct vp_costs *c, const struct vp_snapshot *is,
			const struct vp_thread *from, const struct change *d,
			struct vp_thread_cost *t)
{
	uint64_t calls = 0, door = 0, wait = 0;
	unsigned int i;

	*t = (struct vp_thread_cost){ .tid = from->tid, .tgid = from->tgid };
	strcpy(t->comm, from->comm);
	for (i = 0; i < is->services; i++) {
		t->service[i] = percent(c, ns_of(is, d->account[i].ticks));
		t->services += t->service[i];
		calls += d->account[i].calls;
		door += d->account[i].door_calls;
		wait += d->account[i].wait_ticks;
	}
	t->cpu = percent(c, (double)d->cpu_ns);
	t->calls = rate(c, (double)calls);
	t->wait = rate(c, ns_of(is, wait) / 1e6);
	t->door = calls ? fmin((double)door * 100 / (double)calls, 100) : NAN;
}

static void fill_threads(const struct vp_snapshot *was, const struct vp_snapshot *is,
			 const struct match *m, struct vp_costs *c)
{
	struct change *change = calloc(is->threads, sizeof(*change));
	size_t i;

	c->thread = calloc(is->threads, sizeof(*c->thread));
	c->cut = is->cut || !change || !c->thread;
	for (i = 0; change && i < is->threads; i++)
		thread_since(find_thread(was, is->thread[i].tid, is->thread[i].tgid),
			     &is->thread[i], m, is->services, &change[i]);
	if (change)
		forget_moved(was, is, m, change);
	for (i = 0; change && c->thread && i < is->threads; i++) {
		fill_thread(c, is, &is->thread[i], &change[i], &c->thread[c->threads]);
		if (has_cost(&c->thread[c->threads]))
			c->threads++;
	}
	free(change);
}

static double value_since(const struct vp_service *was, const struct vp_service *is,
			  enum vp_value v)
{
	if (!was || !(was->known & is->known & 1u << v))
		return NAN;
	return (double)since(was->value[v], is->value[v]);
}

/* The service's own words come some times a second, so they may be late: no sum is negative. */
static void fill_service(const struct vp_costs *c, const struct vp_snapshot *s,
			 const struct vp_service *was, const struct vp_service *is,
			 struct vp_service_cost *v)
{
	double tick = ns_of(s, 1), rest;

	strcpy(v->name, is->name);
	strcpy(v->state, *is->state ? is->state : "-");
	v->calls = rate(c, value_since(was, is, VP_SERVICE_CALLS));
	v->cpu = percent(c, value_since(was, is, VP_RUNNING_NS));
	v->called = percent(c, value_since(was, is, VP_SERVICE_TICKS) * tick);
	v->unclaimed = percent(c, value_since(was, is, VP_UNCLAIMED_TICKS) * tick);
	v->poll = percent(c, value_since(was, is, VP_POLL_TICKS) * tick);
	v->wait = rate(c, value_since(was, is, VP_SERVICE_WAIT_TICKS) * tick / 1e6);
	rest = v->cpu - v->called - v->poll;
	v->background = rest < 0 ? 0 : rest;
	rest = 100 - v->cpu;
	v->idle = rest < 0 ? 0 : rest;
}

void vp_costs_between(const struct vp_snapshot *was, const struct vp_snapshot *is,
		      struct vp_costs *c)
{
	struct match m;
	unsigned int i;

	*c = (struct vp_costs){ .services = is->services, .has_threads = is->has_threads };
	c->seconds = (double)since(was->monotonic_ns, is->monotonic_ns) / 1e9;
	match_services(was, is, &m);
	for (i = 0; i < is->services; i++)
		fill_service(c, is, m.was[i] < 0 ? NULL : &was->service[m.was[i]],
			     &is->service[i], &c->service[i]);
	if (is->threads)
		fill_threads(was, is, &m, c);
}

static double key_of(const struct vp_thread_cost *t, unsigned int order)
{
	switch (order) {
	case VP_BY_SERVICES:	return t->services;
	case VP_BY_CPU:		return t->cpu;
	case VP_BY_CALLS:	return t->calls;
	case VP_BY_WAIT:	return t->wait;
	default:
		order -= VP_BY_SERVICE;
		return order < VP_SERVICES ? t->service[order] : 0;
	}
}

/* Without the key: by calls, then by id. What is not known comes last. */
static int compare(const void *a, const void *b, void *order)
{
	const struct vp_thread_cost *x = a, *y = b;
	unsigned int by[2] = { *(unsigned int *)order, VP_BY_CALLS }, i;
	double p, q;

	for (i = 0; i < 2; i++) {
		p = key_of(x, by[i]);
		q = key_of(y, by[i]);
		if (p > q || (!isnan(p) && isnan(q)))
			return -1;
		if (q > p || (!isnan(q) && isnan(p)))
			return 1;
	}
	return (x->tid > y->tid) - (x->tid < y->tid);
}

void vp_costs_sort(struct vp_costs *c, enum vp_order order)
{
	unsigned int by = order;

	if (c->threads)
		qsort_r(c->thread, c->threads, sizeof(*c->thread), compare, &by);
}

void vp_costs_free(struct vp_costs *c)
{
	free(c->thread);
	*c = (struct vp_costs){ 0 };
}

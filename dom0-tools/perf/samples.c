/* SPDX-License-Identifier: GPL-2.0-only */
/* perf's records: see samples.h. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "samples.h"

#define MAX_LOG		(512u << 20)
#define MAX_CHAIN	1024u
#define NAME_SIZE	256

/* A sample's fields, in perf's order for VP_SAMPLE_TYPE. */
struct sample {
	uint64_t id;
	uint32_t pid, tid;
	uint64_t time;
	uint64_t period;
	uint64_t nr;
	const uint64_t *chain;
	const unsigned char *raw;	/* NULL: none */
};

/* PERF_SAMPLE_RAW of the unit "virtuos" (docs/observability.md). */
struct raw_charge {
	uint8_t service;
	uint8_t opcode;
	uint16_t reserved;
	uint32_t obj;
	uint32_t ticks;
};

/* What is behind the fields of all records but samples. */
struct trailer {
	uint32_t pid, tid;
	uint64_t time;
	uint64_t id;
};

/* What is left of a record. */
struct fields {
	const unsigned char *at;
	size_t left;
};

static bool next(struct fields *c, void *to, size_t n)
{
	if (c->left < n)
		return false;
	memcpy(to, c->at, n);
	c->at += n;
	c->left -= n;
	return true;
}

static bool parse_sample(const struct perf_event_header *h, struct sample *s)
{
	struct fields c = { (const unsigned char *)(h + 1), h->size - sizeof(*h) };
	uint32_t raw_len;

	s->raw = NULL;
	if (!next(&c, &s->id, 8) || !next(&c, &s->pid, 4) || !next(&c, &s->tid, 4) ||
	    !next(&c, &s->time, 8) || !next(&c, &s->period, 8) || !next(&c, &s->nr, 8) ||
	    s->nr > c.left / 8)
		return false;
	s->chain = (const uint64_t *)(const void *)c.at;
	c.at += s->nr * 8;
	c.left -= s->nr * 8;
	if (next(&c, &raw_len, 4) && raw_len >= sizeof(struct raw_charge) && raw_len <= c.left)
		s->raw = c.at;
	return true;
}

static bool get_trailer(const struct perf_event_header *h, struct trailer *t)
{
	if (h->size < sizeof(*h) + sizeof(*t))
		return false;
	memcpy(t, (const char *)h + h->size - sizeof(*t), sizeof(*t));
	return true;
}

void vp_samples_add(struct vp_samples *s, const struct perf_event_header *h)
{
	static const char zero[8];
	size_t *at;

	if (s->log.len + h->size + sizeof(zero) > MAX_LOG) {
		s->full = true;
		return;
	}
	if (!(s->n & (s->n - 1))) {
		at = reallocarray(s->at, s->n ? 2 * s->n : 1, sizeof(*at));
		if (!at) {
			s->full = true;
			return;
		}
		s->at = at;
	}
	/* perf's records are whole words; others are made so, for what follows. */
	s->at[s->n++] = s->log.len;
	vp_text_bytes(&s->log, (const char *)h, h->size);
	vp_text_bytes(&s->log, zero, -h->size & 7u);
}

void vp_samples_service(struct vp_samples *s, uint64_t id)
{
	uint64_t *ids = reallocarray(s->services, s->nr_services + 1, sizeof(*ids));

	if (!ids)
		return;
	ids[s->nr_services++] = id;
	s->services = ids;
}

static bool is_service(const struct vp_samples *s, uint64_t id)
{
	unsigned int i;

	for (i = 0; i < s->nr_services; i++)
		if (s->services[i] == id)
			return true;
	return false;
}

static const struct perf_event_header *header(const struct vp_samples *s, size_t at)
{
	return (const struct perf_event_header *)(const void *)(s->log.buf + at);
}

static uint64_t time_of(const struct perf_event_header *h)
{
	struct sample sample;
	struct trailer t;

	if (h->type == PERF_RECORD_SAMPLE)
		return parse_sample(h, &sample) ? sample.time : 0;
	return get_trailer(h, &t) ? t.time : 0;
}

/* Those of one time keep their order. */
static int by_time(const void *a, const void *b, void *arg)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	uint64_t p = time_of(header(arg, x)), q = time_of(header(arg, y));

	if (p != q)
		return (p > q) - (p < q);
	return (x > y) - (x < y);
}

/* A function's name by an address of its. In all but the first, it is where a call returns. */
static void name_frame(struct vp_samples *s, const struct sample *sample, uint64_t context,
		       uint64_t ip, bool first, char name[NAME_SIZE])
{
	const char *found;

	if (!first)
		ip--;
	if (context == PERF_CONTEXT_USER) {
		vp_spaces_function(&s->spaces, sample->pid, ip, name, NAME_SIZE);
		return;
	}
	found = vp_symbols_find(&s->spaces.kernel, ip);
	snprintf(name, NAME_SIZE, "%s_[k]", found ? found : "[kernel]");
}

/* Go down a call chain, which has the innermost function first. Return: its frame. */
static struct vp_frame *add_chain(struct vp_samples *s, const struct sample *sample)
{
	struct vp_frame *f = vp_frame_of(&s->root, vp_spaces_comm(&s->spaces, sample->tid));
	uint64_t nr = sample->nr < MAX_CHAIN ? sample->nr : MAX_CHAIN, i, context[MAX_CHAIN];
	uint64_t now = PERF_CONTEXT_USER;
	char name[NAME_SIZE];

	for (i = 0; i < nr; i++) {
		if (sample->chain[i] >= (uint64_t)PERF_CONTEXT_MAX)
			now = sample->chain[i];
		context[i] = now;
	}
	for (i = nr; i; i--) {
		if (sample->chain[i - 1] >= (uint64_t)PERF_CONTEXT_MAX)
			continue;
		name_frame(s, sample, context[i - 1], sample->chain[i - 1],
			   i == 1 || sample->chain[i - 2] >= (uint64_t)PERF_CONTEXT_MAX, name);
		f = vp_frame_of(f, name);
	}
	return f;
}

static void take_sample(struct vp_samples *s, const struct perf_event_header *h)
{
	struct sample sample;
	const char *service;
	char name[NAME_SIZE];
	struct vp_frame *f;
	struct raw_charge raw;

	if (!parse_sample(h, &sample))
		return;
	if (!is_service(s, sample.id)) {
		add_chain(s, &sample)->self += sample.period;
		s->own++;
		s->own_ns += sample.period;
		return;
	}
	if (!sample.raw)
		return;
	memcpy(&raw, sample.raw, sizeof(raw));
	service = vp_door_name(raw.service - 1u);
	if (!service)
		return;
	snprintf(name, sizeof(name), "[%s]", service);
	f = vp_frame_of(add_chain(s, &sample), name);
	vp_frame_of(f, vp_opcode_name(raw.opcode))->self += sample.period;
	s->service[raw.service - 1]++;
	s->service_ns[raw.service - 1] += sample.period;
}

/* Take over a string that has to end within the record. */
static const char *string_at(const struct perf_event_header *h, size_t offset)
{
	const char *p = (const char *)h + offset;

	return offset < h->size && memchr(p, 0, h->size - offset) ? p : NULL;
}

static void take_mapping(struct vp_samples *s, const struct perf_event_header *h)
{
	struct {
		uint32_t pid, tid;
		uint64_t start, len, offset;
		uint32_t maj, min;
		uint64_t ino, generation;
		uint32_t prot, flags;
	} m;
	const char *path = string_at(h, sizeof(*h) + sizeof(m));
	struct vp_mapping mapping;

	if (!path || h->misc & PERF_RECORD_MISC_MMAP_BUILD_ID)
		return;
	memcpy(&m, h + 1, sizeof(m));
	mapping = (struct vp_mapping){ m.start, m.len, m.offset, m.ino, path };
	vp_spaces_map(&s->spaces, m.pid, &mapping);
}

static void take_name(struct vp_samples *s, const struct perf_event_header *h)
{
	struct { uint32_t pid, tid; } id;
	const char *name = string_at(h, sizeof(*h) + sizeof(id));

	if (!name)
		return;
	memcpy(&id, h + 1, sizeof(id));
	if (h->misc & PERF_RECORD_MISC_COMM_EXEC)
		vp_spaces_exec(&s->spaces, id.pid);
	vp_spaces_name(&s->spaces, id.tid, name);
}

static void take_fork(struct vp_samples *s, const struct perf_event_header *h)
{
	struct { uint32_t pid, ppid, tid, ptid; } id;

	if (h->size < sizeof(*h) + sizeof(id))
		return;
	memcpy(&id, h + 1, sizeof(id));
	vp_spaces_fork(&s->spaces, id.pid, id.ppid, id.tid, id.ptid);
}

static void take_lost(struct vp_samples *s, const struct perf_event_header *h)
{
	struct { uint64_t id, lost; } l;

	if (h->size < sizeof(*h) + sizeof(l))
		return;
	memcpy(&l, h + 1, sizeof(l));
	s->lost += l.lost;
}

static void take(struct vp_samples *s, const struct perf_event_header *h)
{
	switch (h->type) {
	case PERF_RECORD_SAMPLE:
		take_sample(s, h);
		break;
	case PERF_RECORD_MMAP2:
		take_mapping(s, h);
		break;
	case PERF_RECORD_COMM:
		take_name(s, h);
		break;
	case PERF_RECORD_FORK:
		take_fork(s, h);
		break;
	case PERF_RECORD_LOST:
		take_lost(s, h);
		break;
	case PERF_RECORD_THROTTLE:
		s->throttled++;
		break;
	}
}

void vp_samples_join(struct vp_samples *s)
{
	size_t i;

	if (s->n)
		qsort_r(s->at, s->n, sizeof(*s->at), by_time, s);
	for (i = 0; i < s->n; i++)
		take(s, header(s, s->at[i]));
}

void vp_samples_free(struct vp_samples *s)
{
	vp_text_free(&s->log);
	vp_spaces_free(&s->spaces);
	vp_frames_free(&s->root);
	free(s->at);
	free(s->services);
	*s = (struct vp_samples){ 0 };
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Decode the counters and accounts of one moment: see snapshot.h. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "../common/printable.h"
#include "snapshot.h"

/* By enum vp_value. */
static const char *const value_names[VP_VALUES] = {
	"died", "sends", "interrupts", "bytes", "service_calls", "service_ticks",
	"service_wait_ticks", "poll_ticks", "running_ns", "claimed_ticks",
	"unclaimed_calls", "unclaimed_ticks", "cost_refused",
};

/* The columns of /proc/virtuos/threads behind the service's name that are read. */
enum {
	TRAP_CALLS, TRAP_TICKS, WAIT_TICKS, TRAP_BYTES, LATE_CALLS, LATE_TICKS, DOOR_CALLS,
	DOOR_TICKS, DEAD_CALLS, DEAD_TICKS, COLUMNS
};

/* Part of the text that is not read yet. */
struct cursor {
	const char *at;
	const char *end;
};

/* Take a line without its end; false at the end of the text. */
static bool next_line(struct cursor *c, struct cursor *line)
{
	const char *nl;

	if (c->at == c->end)
		return false;
	nl = memchr(c->at, '\n', (size_t)(c->end - c->at));
	line->at = c->at;
	line->end = nl ? nl : c->end;
	c->at = nl ? nl + 1 : c->end;
	return true;
}

/* Take what stands before the next blank, maybe nothing; false if it does not fit. */
static bool until_blank(struct cursor *line, char *word, size_t size)
{
	size_t n = 0;

	while (line->at < line->end && *line->at != ' ') {
		if (n + 1 >= size)
			return false;
		word[n++] = *line->at++;
	}
	word[n] = 0;
	return true;
}

/* Take a word; false if there is none, or it does not fit. */
static bool next_word(struct cursor *line, char *word, size_t size)
{
	while (line->at < line->end && *line->at == ' ')
		line->at++;
	return until_blank(line, word, size) && *word;
}

/* Take a thread's name. It may be empty: then two blanks stand together. */
static bool next_comm(struct cursor *line, char *comm, size_t size)
{
	if (line->at == line->end)
		return false;
	line->at++;
	return until_blank(line, comm, size);
}

static bool next_number(struct cursor *line, uint64_t *value)
{
	char word[24];
	const char *p;
	uint64_t v = 0;

	if (!next_word(line, word, sizeof(word)))
		return false;
	for (p = word; *p; p++) {
		if (*p < '0' || *p > '9' ||
		    __builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return false;
	}
	*value = v;
	return true;
}

static bool next_id(struct cursor *line, uint32_t *id)
{
	uint64_t v;

	if (!next_number(line, &v) || v > INT32_MAX)
		return false;
	*id = (uint32_t)v;
	return true;
}

/* Names of services go into labels and columns as they are. */
static bool is_name(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(s);
}

static bool octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' &&
	       s[2] <= '7';
}

/* Put bytes in the place of each \ooo; then leave nothing but printable ones. */
static void decode_comm(char *s)
{
	const char *from = s;
	char *to = s;

	while (*from) {
		if (*from == '\\' && octal(from + 1)) {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
				       (from[3] - '0'));
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	vd_printable(s, (size_t)(to - s));
	*to = 0;
}

static struct vp_service *find_service(struct vp_snapshot *s, const char *name)
{
	unsigned int i;

	for (i = 0; i < s->services; i++)
		if (!strcmp(s->service[i].name, name))
			return &s->service[i];
	return NULL;
}

/* Begin a service; NULL if its name is bad, or not new. */
static struct vp_service *add_service(struct vp_snapshot *s, struct cursor *line)
{
	char name[VP_NAME];
	struct vp_service *v;

	if (!next_word(line, name, sizeof(name)) || !is_name(name) ||
	    s->services == VP_SERVICES || find_service(s, name))
		return NULL;
	v = &s->service[s->services++];
	strcpy(v->name, name);
	return v;
}

static void set_value(struct vp_service *v, const char *key, struct cursor *line)
{
	char state[VP_NAME];
	unsigned int i;

	if (!v)
		return;
	if (!strcmp(key, "state") && next_word(line, state, sizeof(state))) {
		vd_printable(state, strlen(state));
		strcpy(v->state, state);
	}
	for (i = 0; i < VP_VALUES; i++)
		if (!strcmp(key, value_names[i]) && next_number(line, &v->value[i]))
			v->known |= 1u << i;
}

/* The thread of a line; the one of the line before, if it is the same. NULL: no room. */
static struct vp_thread *add_thread(struct vp_snapshot *s, uint32_t tid, uint32_t tgid,
				    const char *comm)
{
	struct vp_thread *t = s->threads ? &s->thread[s->threads - 1] : NULL;

	if (t && t->tid == tid && t->tgid == tgid)
		return t;
	if (s->threads == VP_THREADS) {
		s->cut = true;
		return NULL;
	}
	if (!(s->threads & (s->threads - 1))) {
		t = reallocarray(s->thread, s->threads ? 2 * s->threads : 1, sizeof(*t));
		if (!t) {
			s->cut = true;
			return NULL;
		}
		s->thread = t;
	}
	t = &s->thread[s->threads++];
	*t = (struct vp_thread){ .tid = tid, .tgid = tgid };
	strcpy(t->comm, comm);
	return t;
}

static void add_account(struct vp_account *a, const uint64_t *column)
{
	a->calls += column[TRAP_CALLS] + column[LATE_CALLS] + column[DOOR_CALLS] +
		    column[DEAD_CALLS];
	a->ticks += column[TRAP_TICKS] + column[LATE_TICKS] + column[DOOR_TICKS] +
		    column[DEAD_TICKS];
	a->door_calls += column[DOOR_CALLS];
	a->wait_ticks += column[WAIT_TICKS];
}

/* tid tgid comm service, then numbers. A line that is cut short is left out. */
static void parse_thread(struct vp_snapshot *s, struct cursor line)
{
	char comm[128], service[VP_NAME];
	uint64_t column[COLUMNS];
	const struct vp_service *v;
	struct vp_thread *t;
	uint32_t tid, tgid;
	int i;

	if (!next_id(&line, &tid) || !next_id(&line, &tgid) ||
	    !next_comm(&line, comm, sizeof(comm)) ||
	    !next_word(&line, service, sizeof(service)))
		return;
	for (i = 0; i < COLUMNS; i++)
		if (!next_number(&line, &column[i]))
			return;
	v = find_service(s, service);
	if (!v)
		return;
	if (tid)
		decode_comm(comm);
	else
		strcpy(comm, "(ended)");
	comm[VP_NAME - 1] = 0;
	t = add_thread(s, tid, tgid, comm);
	if (t)
		add_account(&t->account[v - s->service], column);
}

static int by_tid(const void *a, const void *b)
{
	const struct vp_thread *x = a, *y = b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

static void parse_cpu(struct vp_snapshot *s, struct cursor line)
{
	struct vp_thread key, *t;
	uint64_t ns;

	if (!next_id(&line, &key.tgid) || !next_id(&line, &key.tid) ||
	    !next_number(&line, &ns) || !s->threads)
		return;
	t = bsearch(&key, s->thread, s->threads, sizeof(key), by_tid);
	if (t && t->tgid == key.tgid)
		t->cpu_ns = ns;
}

static void sort_threads(struct vp_snapshot *s)
{
	if (s->threads)
		qsort(s->thread, s->threads, sizeof(*s->thread), by_tid);
}

/* The lines above the threads. True: here they begin. */
static bool parse_head(struct vp_snapshot *s, struct vp_service **v, struct cursor line)
{
	char key[VP_NAME];

	if (!next_word(&line, key, sizeof(key)))
		return false;
	if (!strcmp(key, "threads"))
		return true;
	if (!strcmp(key, "service"))
		*v = add_service(s, &line);
	else if (!strcmp(key, "monotonic_ns"))
		next_number(&line, &s->monotonic_ns);
	else if (!strcmp(key, "tsc_khz"))
		next_number(&line, &s->tsc_khz);
	else
		set_value(*v, key, &line);
	return false;
}

int vp_snapshot_parse(const char *text, size_t len, struct vp_snapshot *s)
{
	struct cursor c = { text, text + len }, line;
	struct vp_service *v = NULL;
	bool sorted = false;

	*s = (struct vp_snapshot){ 0 };
	if (len < strlen(VP_SNAPSHOT_BEGIN) ||
	    memcmp(text, VP_SNAPSHOT_BEGIN, strlen(VP_SNAPSHOT_BEGIN)))
		return -1;
	while (!s->has_threads && next_line(&c, &line))
		s->has_threads = parse_head(s, &v, line);
	while (next_line(&c, &line)) {
		if (line.end - line.at > 4 && !memcmp(line.at, "cpu ", 4)) {
			if (!sorted)
				sort_threads(s);
			sorted = true;
			line.at += 4;
			parse_cpu(s, line);
		} else if (!sorted) {
			parse_thread(s, line);
		}
	}
	if (!sorted)
		sort_threads(s);
	return 0;
}

void vp_snapshot_free(struct vp_snapshot *s)
{
	free(s->thread);
	*s = (struct vp_snapshot){ 0 };
}

size_t vp_snapshot_length(const char *text, size_t len)
{
	const char *end = memmem(text, len, "\n" VP_SNAPSHOT_END,
				 strlen("\n" VP_SNAPSHOT_END));

	return end ? (size_t)(end - text) + strlen("\n" VP_SNAPSHOT_END) : 0;
}

uint64_t vp_snapshot_ns(const struct vp_snapshot *s, uint64_t ticks)
{
	unsigned __int128 ns;

	if (!s->tsc_khz)
		return 0;
	ns = (unsigned __int128)ticks * 1000000 / s->tsc_khz;
	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

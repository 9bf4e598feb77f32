// SPDX-License-Identifier: MIT
/*
 * Counters. Each lane's belong to its holder; what went through the trap door is counted for
 * all. vos_door_stats() adds them up.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fwd_priv.h"

/**
 * fwd_count_trap - count a call that goes through the trap door
 * @op: kind of the call
 * @rc: FWD_TRAP()
 */
void fwd_count_trap(enum vos_stat_op op, long rc)
{
	struct fwd_door *d = vos_load(&fwd_door);

	__atomic_add_fetch(&d->trap[op][FWD_TRAP_WHY(rc)], 1, __ATOMIC_RELAXED);
}

static void add_lane(struct vos_door_stats *s, const struct fwd_count *c)
{
	int op;

	for (op = 0; op < VOS_STAT_OPS; op++) {
		s->door[op] += vos_load(&c->door[op]);
		s->bytes[op] += vos_load(&c->bytes[op]);
	}
	s->spun += vos_load(&c->spun);
	s->slept += vos_load(&c->slept);
	s->kicks += vos_load(&c->kicks);
}

__attribute__((visibility("default"))) struct vos_door_stats vos_door_stats(void)
{
	struct fwd_door *d = vos_load_acquire(&fwd_door);
	struct vos_door_stats s = { 0 };
	int service, lane, slot, op, why;

	if (!d)
		return s;
	for (service = 0; service < VOS_DOOR_SERVICES; service++)
		for (lane = 0; lane < (int)VOS_UCHAN_MAX_LANES; lane++)
			add_lane(&s, &d->chan[service].lane[lane].count);
	for (slot = 0; slot < (int)VOS_UCHAN_SLOTS; slot++) {
		const struct fwd_window *w = &d->window[slot];

		s.in_place += vos_load(&w->reads) + vos_load(&w->writes);
		s.door[VOS_STAT_READ] += vos_load(&w->reads);
		s.bytes[VOS_STAT_READ] += vos_load(&w->bytes);
		s.door[VOS_STAT_WRITE] += vos_load(&w->writes);
		s.bytes[VOS_STAT_WRITE] += vos_load(&w->written);
	}
	for (op = 0; op < VOS_STAT_OPS; op++)
		for (why = 0; why < VOS_STAT_WHYS; why++)
			s.trap[op][why] = vos_load(&d->trap[op][why]);
	s.opens = vos_load(&d->opens);
	s.channels = vos_load(&d->channels);
	s.attaches = vos_load(&d->attaches);
	return s;
}

static const char *const op_name[VOS_STAT_OPS] = { "recv", "send", "read", "write", "option" };
static const char *const why_name[VOS_STAT_WHYS] = {
	"odd", "wait", "lane", "stale", "dead", "offset", "log", "access",
	"fault",
};

static void print(int fd, const struct vos_door_stats *s)
{
	int op, why;

	dprintf(fd, "virtuos-door: pid %d opens %lu channels %lu attaches %lu spun %lu slept %lu kicks %lu in-place %lu\n",
		(int)getpid(), s->opens, s->channels, s->attaches, s->spun, s->slept, s->kicks,
		s->in_place);
	for (op = 0; op < VOS_STAT_OPS; op++) {
		dprintf(fd, "virtuos-door: %s door %lu bytes %lu trap", op_name[op], s->door[op],
			s->bytes[op]);
		for (why = 0; why < VOS_STAT_WHYS; why++)
			dprintf(fd, " %s %lu", why_name[why], s->trap[op][why]);
		dprintf(fd, "\n");
	}
}

/**
 * fwd_stats_at_exit - write the counters
 * @where: a descriptor's number, or a file's name
 */
void fwd_stats_at_exit(const char *where)
{
	struct vos_door_stats s = vos_door_stats();
	char *end;
	long fd = strtol(where, &end, 10);

	if (!*where)
		return;
	if (!*end) {
		print((int)fd, &s);
		return;
	}
	fd = open(where, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	print((int)fd, &s);
	close((int)fd);
}

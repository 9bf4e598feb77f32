/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One timeline over domains: what the primary's tracepoints say of calls, joined with what the
 * services recorded. No I/O.
 *
 * The primary's events are its kernel's, and are believed. A service's records may be anything:
 * what does not fit is counted as spoilt, and changes nothing else.
 */
#ifndef VIRTUOS_PERF_TIMELINE_H
#define VIRTUOS_PERF_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <virtuos/abi.h>
#include <virtuos/door.h>

#define VP_LANES	256u		/* user channels of a service, by the protocol */
#define VP_EVENTS_MAX	1000000u	/* events, and records of each service */

enum vp_what {
	VP_SUBMIT, VP_DONE, VP_WAIT_BEGIN, VP_WAIT_END,
	VP_LINK_DOWN, VP_LINK_UP, VP_RECOVER_BEGIN, VP_RECOVER_END, VP_FORK,
	VP_WHATS
};

/**
 * struct vp_point - an event of the primary
 * @tsc: time stamp counter
 * @what: which
 * @tid: the thread in which it came; of VP_FORK, the parent
 * @child: of VP_FORK
 * @service: enum vos_door_service; not of VP_FORK
 * @chan: these of calls only: kernel channel
 * @op: enum vos_opcode
 * @tag: of the call
 * @obj: of VP_SUBMIT: object index
 * @bytes: of VP_SUBMIT: extents
 * @ticks: these of VP_DONE: what it cost, as charged
 * @wait: ticks that it waited
 * @status: 0: it is answered; else the service domain died
 * @result: the answer
 */
struct vp_point {
	uint64_t tsc;
	enum vp_what what;
	uint32_t tid;
	uint32_t child;
	uint8_t service;
	uint8_t op;
	uint16_t chan;
	uint32_t tag;
	uint32_t obj;
	uint32_t bytes;
	uint32_t ticks;
	int32_t status;
	uint64_t wait;
	int64_t result;
};

/* A service's record, and whose. */
struct vp_record {
	struct vos_trace_record r;
	uint8_t service;
};

/**
 * struct vp_call - a call, from what is known of it
 * @submit: when; 0: the primary's kernel did not submit it while it was traced
 * @down: when its service's link had died last before that; 0: it had not
 * @done: when; 0: not seen
 * @sleep: when its caller fell asleep; 0: it did not
 * @wake: when it woke up
 * @begin: when the service took it; 0: it did not
 * @resume: when another thread of the service went on with it; 0: none did
 * @end: when the service answered it
 * @wait: as in struct vp_point
 * @result: same
 * @cost: what the service says that it cost
 * @tid: the thread that submitted it
 * @tag: and the next ones: as in struct vp_point
 * @lane: of a user channel; VOS_TRACE_NO_LANE: the call went by the trap door
 * @cpu: of the service, where it was taken
 * @own: it belongs to the command that is traced
 * @older: index of the call before it with the same key, plus 1; 0: none
 */
struct vp_call {
	uint64_t submit, down, done, sleep, wake;
	uint64_t begin, resume, end;
	uint64_t wait, cost;
	int64_t result;
	uint32_t tid, tag, obj, bytes, ticks;
	int32_t status;
	uint16_t chan;
	uint8_t service, op, lane, cpu;
	bool own;
	size_t older;
};

/**
 * struct vp_counts - the summary
 * @domains: the primary, and the services that served the command
 * @calls: of the command, by the trap door
 * @matched: those that have one serve record and an answer
 * @dead: those that ended because their service domain died
 * @by_door: exceptionless calls of the command that were served
 * @lost: events and records
 * @spoilt: records of services that did not fit
 * @disordered: calls of the command in another order than submit, begin, end, done
 * @worst: by how many ticks at most
 */
struct vp_counts {
	unsigned int domains;
	size_t calls, matched, dead, by_door;
	uint64_t lost, spoilt;
	size_t disordered;
	uint64_t worst;
};

struct vp_name {
	uint32_t tid;
	char name[16];
};

/**
 * struct vp_timeline - all of it; all zero is an empty one
 * @event: of the primary, sorted by vp_timeline_join()
 * @record: of services, likewise
 * @call: made by vp_timeline_join(); those of the primary first, by their time
 * @name: of threads
 * @under_way: calls that were submitted and are not done yet
 * @counts: made by vp_timeline_join()
 * @first: the first event's time, set by vp_timeline_join()
 * @last: the last one's
 * @down: when each service's link died last, while vp_timeline_join() takes events
 * @key: table of calls by their key; timeline.c's
 * @own: bits by thread id; same
 */
struct vp_timeline {
	struct vp_point *event;
	size_t events, event_room;
	struct vp_record *record;
	size_t records, record_room;
	struct vp_call *call;
	size_t calls, call_room;
	struct vp_name *name;
	size_t names, name_room;
	size_t under_way;
	struct vp_counts counts;
	uint64_t first, last;
	uint64_t down[VOS_DOOR_SERVICES];
	size_t *key;
	size_t keys;
	uint8_t *own;
	uint32_t lane_tid[VOS_DOOR_SERVICES][VP_LANES];
};

/**
 * vp_timeline_event - add an event of the primary
 * @t: the timeline
 * @e: the event; those of one processor come in order
 *
 * What is too much is counted as lost.
 */
void vp_timeline_event(struct vp_timeline *t, const struct vp_point *e);

/**
 * vp_timeline_record - add a record of a service
 * @t: the timeline
 * @service: enum vos_door_service
 * @r: the record
 */
void vp_timeline_record(struct vp_timeline *t, uint8_t service, const struct vos_trace_record *r);

/**
 * vp_timeline_name - note the name of a thread
 * @t: the timeline
 * @tid: its id
 * @name: its name, which may be anything
 */
void vp_timeline_name(struct vp_timeline *t, uint32_t tid, const char *name);

/**
 * vp_timeline_join - join what was added
 * @t: the timeline; afterwards nothing is added to it
 * @tid: the command's first thread; its children and threads belong to it
 */
void vp_timeline_join(struct vp_timeline *t, uint32_t tid);

/**
 * vp_timeline_json - write a timeline as Perfetto and chrome://tracing open it
 * @t: joined
 * @tsc_khz: of the time stamp counter
 * @f: where to
 */
void vp_timeline_json(const struct vp_timeline *t, double tsc_khz, FILE *f);

/**
 * vp_timeline_free - free a timeline's memory
 * @t: the timeline; empty afterwards
 */
void vp_timeline_free(struct vp_timeline *t);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What services have done so far, and for which thread, at one moment. It is the counters of
 * /sys/kernel/virtuos and the accounts of /proc/virtuos/threads, as text and decoded. The text is:
 *
 *	virtuos-snapshot 1
 *	monotonic_ns N
 *	tsc_khz N
 *	service NAME		for each directory of /sys/kernel/virtuos
 *	FILE VALUE		for each of its files
 *	threads			then /proc/virtuos/threads as it is
 *	cpu TGID TID NS		for each thread: processor time of its own
 *	end
 *
 * Invariant: the text may come from another domain, so nothing in it is believed. What is
 * malformed, or too much, is left out. Decoded names are printable ASCII.
 */
#ifndef VIRTUOS_PERF_SNAPSHOT_H
#define VIRTUOS_PERF_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VP_SNAPSHOT_BEGIN	"virtuos-snapshot 1\n"
#define VP_SNAPSHOT_END		"end\n"
#define VP_SNAPSHOT_MAX		(32u << 20)	/* bytes of one text */
#define VP_SERVICES		8u
#define VP_THREADS		65536u
#define VP_NAME			32u

/* The files of a service that are kept. */
enum vp_value {
	VP_DIED, VP_SENDS, VP_INTERRUPTS, VP_BYTES, VP_SERVICE_CALLS, VP_SERVICE_TICKS,
	VP_SERVICE_WAIT_TICKS, VP_POLL_TICKS, VP_RUNNING_NS, VP_CLAIMED_TICKS,
	VP_UNCLAIMED_CALLS, VP_UNCLAIMED_TICKS, VP_COST_REFUSED, VP_VALUES
};

/**
 * struct vp_service - a service
 * @name: as its directory is named
 * @state: down, recovering, up
 * @value: by enum vp_value
 * @known: bit N: @value[N] was in the text
 */
struct vp_service {
	char name[VP_NAME];
	char state[VP_NAME];
	uint64_t value[VP_VALUES];
	uint32_t known;
};

/**
 * struct vp_account - what one service has done for one thread, and for ended ones of its group
 * @calls: by either door, background requests too
 * @door_calls: those of them by the exceptionless door
 * @ticks: the service's processor time for them
 * @wait_ticks: how long calls by the trap door waited in the service
 */
struct vp_account {
	uint64_t calls;
	uint64_t door_calls;
	uint64_t ticks;
	uint64_t wait_ticks;
};

/**
 * struct vp_thread - a thread
 * @tid: its id; 0: all of the processes that have ended
 * @tgid: its process
 * @comm: its name
 * @cpu_ns: processor time of its own
 * @account: by index into the services of the snapshot
 */
struct vp_thread {
	uint32_t tid;
	uint32_t tgid;
	char comm[VP_NAME];
	uint64_t cpu_ns;
	struct vp_account account[VP_SERVICES];
};

/**
 * struct vp_snapshot - one moment
 * @monotonic_ns: when
 * @tsc_khz: ticks in a millisecond; 0: not known
 * @services: number of elements of @service
 * @service: the services
 * @threads: number of elements of @thread
 * @thread: sorted by @tid
 * @has_threads: the text has accounts of threads
 * @cut: it had more threads than are kept
 */
struct vp_snapshot {
	uint64_t monotonic_ns;
	uint64_t tsc_khz;
	unsigned int services;
	struct vp_service service[VP_SERVICES];
	size_t threads;
	struct vp_thread *thread;
	bool has_threads;
	bool cut;
};

/**
 * vp_snapshot_parse - decode a text
 * @text: the text
 * @len: its bytes
 * @s: filled; vp_snapshot_free() frees its memory
 *
 * Return: 0, or -1: this is no snapshot.
 */
int vp_snapshot_parse(const char *text, size_t len, struct vp_snapshot *s);

/**
 * vp_snapshot_free - free the memory of a snapshot
 * @s: as vp_snapshot_parse() left it, or all zero; all zero afterwards
 */
void vp_snapshot_free(struct vp_snapshot *s);

/**
 * vp_snapshot_length - find the end of the first snapshot in a stream
 * @text: bytes of the stream
 * @len: their number
 *
 * Return: its bytes, or 0: it is not complete yet.
 */
size_t vp_snapshot_length(const char *text, size_t len);

/**
 * vp_snapshot_ns - convert ticks to time
 * @s: the snapshot, which has the rate
 * @ticks: the ticks
 *
 * Return: nanoseconds; 0 if the rate is not known.
 */
uint64_t vp_snapshot_ns(const struct vp_snapshot *s, uint64_t ticks);

#endif

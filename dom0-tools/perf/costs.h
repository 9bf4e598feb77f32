/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What services did between two snapshots, for which thread. No I/O.
 *
 * Times are percentages of one processor. A number that is not known is NAN, never 0.
 */
#ifndef VIRTUOS_PERF_COSTS_H
#define VIRTUOS_PERF_COSTS_H

#include "snapshot.h"

/**
 * struct vp_service_cost - what a service did
 * @name: of the service
 * @state: at the end
 * @calls: answered in a second
 * @cpu: what its domain ran
 * @called: for calls
 * @unclaimed: the part of @called that no thread was charged with
 * @background: @cpu without @called and @poll
 * @poll: the dispatcher's turns that found nothing
 * @idle: what its domain left of one processor
 * @wait: ms in a second that calls waited in the service; several may wait at once
 */
struct vp_service_cost {
	char name[VP_NAME];
	char state[VP_NAME];
	double calls;
	double cpu;
	double called;
	double unclaimed;
	double background;
	double poll;
	double idle;
	double wait;
};

/**
 * struct vp_thread_cost - what was done for a thread
 * @tid: its id; 0: all of the processes that have ended
 * @tgid: its process
 * @comm: its name
 * @cpu: processor time of its own
 * @service: by index into the services
 * @services: sum of @service
 * @calls: in a second
 * @door: percentage of @calls by the exceptionless door; NAN without calls
 * @wait: as in struct vp_service_cost
 */
struct vp_thread_cost {
	uint32_t tid;
	uint32_t tgid;
	char comm[VP_NAME];
	double cpu;
	double service[VP_SERVICES];
	double services;
	double calls;
	double door;
	double wait;
};

/**
 * struct vp_costs - all of it
 * @seconds: between the snapshots
 * @services: number of elements of @service
 * @service: the services
 * @threads: number of elements of @thread
 * @thread: those that had some cost
 * @has_threads: the primary's kernel keeps accounts of threads
 * @cut: there were more threads than were read
 */
struct vp_costs {
	double seconds;
	unsigned int services;
	struct vp_service_cost service[VP_SERVICES];
	size_t threads;
	struct vp_thread_cost *thread;
	bool has_threads;
	bool cut;
};

/* By what threads are sorted; VP_BY_SERVICE + N: by the time of service N. */
enum vp_order {
	VP_BY_SERVICES, VP_BY_CPU, VP_BY_CALLS, VP_BY_WAIT, VP_BY_SERVICE
};

/**
 * vp_costs_between - compare two snapshots
 * @was: the first
 * @is: the second
 * @c: filled; vp_costs_free() frees its memory
 *
 * A number that went down counts as unchanged, for its service or its thread is new.
 */
void vp_costs_between(const struct vp_snapshot *was, const struct vp_snapshot *is,
		      struct vp_costs *c);

/**
 * vp_costs_sort - sort the threads, the dearest first
 * @c: the costs
 * @order: by what
 */
void vp_costs_sort(struct vp_costs *c, enum vp_order order);

/**
 * vp_costs_free - free the memory of costs
 * @c: as vp_costs_between() left it, or all zero; all zero afterwards
 */
void vp_costs_free(struct vp_costs *c);

#endif

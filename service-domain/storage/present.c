// SPDX-License-Identifier: GPL-2.0
/*
 * The time of a change is the client's: as it has told it, or else as its clock was told last. So
 * times of files come in the order of what its programs do. current_time() asks for it
 * (virtuos_file_time.h). Likewise a write of what is cached there takes no privileges from its
 * file: write(2) has taken them there.
 *
 * Invariant: a task has one request at most.
 */
#include <linux/hashtable.h>
#include <linux/spinlock.h>
#include <linux/virtuos_file_time.h>
#include "vst.h"

static DEFINE_HASHTABLE(present, 6);	/* requests by their task */
static DEFINE_SPINLOCK(present_lock);
static s64 last_tick;			/* of the client's coarse clock that it has told */

/* Get the time that a request tells. Return: ns; 0: none, or this domain's own counts. */
static s64 told(const struct vst_req *r)
{
	if (!r->by_caller || r->again || !(r->call->sqe.arg[0] & VOS_FUSE_TIME))
		return 0;
	if (atomic_read(&vst_nr_conns) > 1)
		return 0;
	WRITE_ONCE(last_tick, r->call->sqe.arg[3]);
	return r->call->sqe.arg[3];
}

static void list_it(struct vst_req *r)
{
	spin_lock(&present_lock);
	hash_add(present, &r->present, (unsigned long)r->task);
	spin_unlock(&present_lock);
}

/**
 * vst_present_begin - have what a request changes get its time
 * @r: request; vst_present_end() follows in any case
 *
 * Context: worker.
 */
void vst_present_begin(struct vst_req *r)
{
	r->task = current;
	r->keeps_privs = false;
	r->time = told(r);
	if (r->time)
		list_it(r);
}

/**
 * vst_present_keep_privs - have what a request writes from now on take no privileges
 * @r: request
 *
 * If there are several clients, one may not know of capabilities that another has given.
 *
 * Context: worker, between vst_present_begin() and vst_present_end().
 */
void vst_present_keep_privs(struct vst_req *r)
{
	if (atomic_read(&vst_nr_conns) > 1)
		return;
	r->keeps_privs = true;
	if (!r->time)
		list_it(r);
}

/**
 * vst_present_end - undo vst_present_begin()
 * @r: request
 *
 * Context: worker.
 */
void vst_present_end(struct vst_req *r)
{
	if (!r->time && !r->keeps_privs)
		return;
	spin_lock(&present_lock);
	hash_del(&r->present);
	spin_unlock(&present_lock);
}

/* Get what the caller's request says. Return: whether it has one that says anything. */
static bool present_says(s64 *time, bool *keeps_privs)
{
	const struct vst_req *r;
	bool found = false;

	if (!in_task() || !(current->flags & PF_WQ_WORKER))
		return false;
	spin_lock(&present_lock);
	hash_for_each_possible(present, r, present, (unsigned long)current) {
		if (r->task == current) {
			*time = r->time;
			*keeps_privs = r->keeps_privs;
			found = true;
		}
	}
	spin_unlock(&present_lock);
	return found;
}

/* Its clock's last tick: what came by the client's doors has times among those that it gives. */
static bool clients_time(s64 *time)
{
	s64 tick = READ_ONCE(last_tick), since;

	if (!in_task() || !veng_front_time(time))
		return false;
	since = *time - tick;
	if (!tick || since < -TICK_NSEC)
		return true;
	*time = since < 0 ? tick : *time - since % TICK_NSEC;
	return true;
}

static bool present_time(struct timespec64 *now)
{
	bool keeps_privs;
	s64 time;

	if ((!present_says(&time, &keeps_privs) || !time) && !clients_time(&time))
		return false;
	*now = ns_to_timespec64(time);
	return true;
}

static bool present_keeps_privs(void)
{
	bool keeps_privs;
	s64 time;

	return present_says(&time, &keeps_privs) && keeps_privs;
}

/**
 * vst_present_init - have the kernel ask here
 */
void vst_present_init(void)
{
	WRITE_ONCE(virtuos_file_time_hook, present_time);
	WRITE_ONCE(virtuos_file_keeps_privs_hook, present_keeps_privs);
}

/**
 * vst_present_exit - undo vst_present_init()
 *
 * Context: process.
 */
void vst_present_exit(void)
{
	WRITE_ONCE(virtuos_file_keeps_privs_hook, NULL);
	WRITE_ONCE(virtuos_file_time_hook, NULL);
	synchronize_rcu();
}

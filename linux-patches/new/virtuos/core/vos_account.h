/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What service domains did for a thread. The core keeps the account (account.c); ../perf and
 * /proc/virtuos/threads show it.
 *
 * A completion says what its call cost the service (vos_cqe.cost). The core charges that to the
 * thread that asked. A call that no thread asked for, or whose caller was killed, is charged to
 * the session as unclaimed. So all threads, ended ones too, and the unclaimed make up what the
 * service says that it has charged.
 *
 * Invariant: only the thread itself writes the plain fields of its account.
 */
#ifndef VOS_ACCOUNT_H
#define VOS_ACCOUNT_H

#include <linux/atomic.h>
#include <linux/jump_label.h>
#include <linux/sched.h>
#include <linux/seqlock.h>
#include <linux/types.h>
#include <linux/virtuos_account.h>
#include <virtuos/abi.h>
#include <virtuos/door.h>

/**
 * struct vos_cost - what some calls cost
 * @calls: calls that were answered
 * @ticks: the service's processor time for them, in ticks of the time stamp counter
 * @wait: time that they waited in the service (disk, locks), in the same ticks
 * @bytes: extents that were handed over
 */
struct vos_cost {
	u64 calls;
	u64 ticks;
	u64 wait;
	u64 bytes;
};

/**
 * struct vos_io - reads or writes that Linux counts and the kernel has not seen
 * @calls: calls
 * @bytes: that they returned
 */
struct vos_io {
	u64 calls;
	u64 bytes;
};

/* The same as struct vos_cost where other threads add: calls that were charged after the fact. */
struct vos_late_cost {
	atomic64_t calls;
	atomic64_t ticks;
	atomic64_t wait;
	atomic64_t bytes;
};

/**
 * struct virtuos_account - the account of a thread, by enum vos_door_service
 * @trap: calls by the trap door that the thread has made and waited for
 * @late: background requests of the file system that name the thread
 * @dead: a group leader's: what threads of the group had when they ended
 * @dead_claims: a group leader's: what the process says of exceptionless calls of those threads.
 *	It is in no sum of the service's
 * @claims_kept: its claim is in @dead_claims of its leader, or with those of ended processes
 * @io_seq: @io_kept and the thread's ioac change together
 * @io_kept: reads and writes by the exceptionless door are in the thread's ioac
 * @claim: what the process says of the thread's exceptionless calls; the door's (claim.c)
 * @sends: event-channel sends that the thread's calls needed
 * @sleeps: calls for whose answer the thread slept
 * @sleep_ns: how long it slept
 * @spin_ns: how long it polled for answers; counted only while vos_charge_used is on
 * @outage_ns: how long it waited for the successor of a domain that had died
 */
struct virtuos_account {
	struct vos_cost trap[VOS_DOOR_SERVICES];
	u64 sends;
	u64 sleeps;
	u64 sleep_ns;
	u64 spin_ns;
	u64 outage_ns;
	struct vos_late_cost late[VOS_DOOR_SERVICES];
	struct vos_late_cost dead[VOS_DOOR_SERVICES];
	struct vos_late_cost dead_claims[VOS_DOOR_SERVICES];
	bool claims_kept;
	seqcount_t io_seq;
	bool io_kept;
	struct vdoor_claim __rcu *claim;
};

/**
 * struct vos_sums - a thread's account and its exceptionless calls
 * @trap: calls by the trap door, late ones too
 * @door: calls by the exceptionless door, by the process's own word
 * @io: by enum vos_account_io, likewise; windows too
 * @sends: as in struct virtuos_account
 * @sleeps: same
 * @sleep_ns: same
 * @spin_ns: same
 * @outage_ns: same
 */
struct vos_sums {
	struct vos_cost trap[VOS_DOOR_SERVICES];
	struct vos_cost door[VOS_DOOR_SERVICES];
	struct vos_io io[VOS_ACCOUNT_IOS];
	u64 sends;
	u64 sleeps;
	u64 sleep_ns;
	u64 spin_ns;
	u64 outage_ns;
};

/**
 * vos_account_sums - read a thread's account
 * @task: the thread; the caller holds a reference, or rcu_read_lock()
 * @sums: filled; all zero if the thread has made no call
 *
 * If another thread reads, a field may lack the call that is being charged.
 *
 * Context: any.
 */
void vos_account_sums(struct task_struct *task, struct vos_sums *sums);

/**
 * vos_account_note_sleep - note that the caller has slept for an answer
 * @ns: how long
 *
 * Context: process.
 */
void vos_account_note_sleep(u64 ns);

/**
 * struct vos_charge - one call that is charged to a thread
 * @task: the thread. If it is not the caller, its call was a background request
 * @service: enum vos_door_service
 * @opcode: enum vos_opcode
 * @obj: object index, as submitted
 * @ticks: as in struct vos_cost
 * @wait: same
 * @bytes: same
 * @result: of the call
 */
struct vos_charge {
	struct task_struct *task;
	u8 service;
	u8 opcode;
	u32 obj;
	u64 ticks;
	u64 wait;
	u64 bytes;
	s64 result;
};

/**
 * vos_charge_get - have a function called for each charge
 * @hook: called after the thread's account has been changed: in that thread and in process
 *	context, or for a background request in any context. RCU is held. There is one hook; it
 *	must be the same each time
 *
 * It also turns the dear counters on (struct virtuos_account). Each call needs a
 * vos_charge_put(). The caller serializes the two.
 *
 * Context: process.
 */
void vos_charge_get(void (*hook)(const struct vos_charge *charge));

/**
 * vos_charge_put - take vos_charge_get() back
 *
 * When it returns, and it was the last, no hook runs.
 *
 * Context: process; it may sleep.
 */
void vos_charge_put(void);

#endif

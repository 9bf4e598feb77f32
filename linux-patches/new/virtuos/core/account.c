// SPDX-License-Identifier: GPL-2.0
/*
 * Accounts of threads: vos_account.h says what is in them.
 *
 * A thread that waits for its call charges itself (vos_charge_own()), and so needs no atomic
 * operation. A background request of the file system is charged by the thread that ends it.
 *
 * Invariant: each answered call is charged once, to a thread or to its session as unclaimed.
 * What a thread had goes to the session when the thread's account is freed.
 */
#include <linux/export.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "account.h"

DEFINE_STATIC_KEY_FALSE(vos_charge_used);

static void (*charge_hook)(const struct vos_charge *charge);

/* By enum vos_door_service, what threads had that have ended, and what processes said that have. */
static struct vos_late_cost ended[VOS_DOOR_SERVICES], ended_claims[VOS_DOOR_SERVICES];

static struct virtuos_account *make(struct task_struct *task, gfp_t gfp)
{
	struct virtuos_account *account = READ_ONCE(task->virtuos_account), *other;

	if (account)
		return account;
	account = kzalloc(sizeof(*account), gfp | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!account)
		return NULL;
	seqcount_init(&account->io_seq);
	other = cmpxchg(&task->virtuos_account, NULL, account);
	if (!other)
		return account;
	kfree(account);
	return other;
}

/**
 * vos_account_make - make a thread's account if it has none
 * @task: the caller, or the leader of its thread group
 *
 * Context: process; the caller may be reclaiming memory.
 * Return: the account; NULL: no memory.
 */
struct virtuos_account *vos_account_make(struct task_struct *task)
{
	return make(task, GFP_NOFS);
}

static void late_add(struct vos_late_cost *late, const struct vos_cost *cost)
{
	atomic64_add(cost->calls, &late->calls);
	atomic64_add(cost->ticks, &late->ticks);
	atomic64_add(cost->wait, &late->wait);
	atomic64_add(cost->bytes, &late->bytes);
}

static void cost_add_late(struct vos_cost *cost, const struct vos_late_cost *late)
{
	cost->calls += atomic64_read(&late->calls);
	cost->ticks += atomic64_read(&late->ticks);
	cost->wait += atomic64_read(&late->wait);
	cost->bytes += atomic64_read(&late->bytes);
}

/**
 * vos_charge_unclaimed - leave an answered call unclaimed: no thread is charged with it
 * @call: the call
 *
 * Context: any.
 */
void vos_charge_unclaimed(const struct vos_call *call)
{
	struct vos_cost cost = {};

	vos_cost_add(&cost, call);
	late_add(&call->chan->link->session->unclaimed, &cost);
}

/**
 * vos_charge_tell - tell the hook of vos_charge_get() of a call
 * @call: it has just been charged
 * @task: to this thread
 *
 * Context: any; process, if @task is the caller.
 */
void vos_charge_tell(const struct vos_call *call, struct task_struct *task)
{
	struct vos_charge charge = {
		.task = task,
		.service = call->chan->service,
		.opcode = call->sqe.opcode,
		.obj = call->sqe.obj,
		.ticks = vos_call_ticks(call),
		.wait = vos_call_wait(call),
		.bytes = call->sqe.ext[0].len + call->sqe.ext[1].len,
		.result = call->cqe.result,
	};
	void (*hook)(const struct vos_charge *charge);

	rcu_read_lock();
	hook = READ_ONCE(charge_hook);
	if (hook)
		hook(&charge);
	rcu_read_unlock();
}

void vos_account_prepare(void)
{
	make(current, GFP_ATOMIC);
}
EXPORT_SYMBOL_GPL(vos_account_prepare);

void vos_charge_late(struct vos_call *call, pid_t pid, struct pid_namespace *ns)
{
	struct virtuos_account *account;
	struct task_struct *task;
	struct vos_cost cost = {};

	rcu_read_lock();
	task = pid ? pid_task(find_pid_ns(pid, ns), PIDTYPE_PID) : NULL;
	account = task ? READ_ONCE(task->virtuos_account) : NULL;
	if (account) {
		vos_cost_add(&cost, call);
		late_add(&account->late[call->chan->service], &cost);
		if (static_branch_unlikely(&vos_charge_used))
			vos_charge_tell(call, task);
	} else {
		vos_charge_unclaimed(call);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(vos_charge_late);

void vos_charge_get(void (*hook)(const struct vos_charge *charge))
{
	WARN_ON_ONCE(charge_hook && charge_hook != hook);
	WRITE_ONCE(charge_hook, hook);
	static_branch_inc(&vos_charge_used);
}
EXPORT_SYMBOL_GPL(vos_charge_get);

void vos_charge_put(void)
{
	static_branch_dec(&vos_charge_used);
	if (!static_key_enabled(&vos_charge_used))
		WRITE_ONCE(charge_hook, NULL);
	/* A thread that has found the branch taken may still be in the hook, or find none. */
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(vos_charge_put);

void vos_account_note_sleep(u64 ns)
{
	struct virtuos_account *account = vos_account_own();

	if (!account)
		return;
	account->sleeps++;
	account->sleep_ns += ns;
}
EXPORT_SYMBOL_GPL(vos_account_note_sleep);

/**
 * vos_account_note_outage - note that the caller has waited for a service domain
 * @ns: how long
 *
 * Context: process.
 */
void vos_account_note_outage(u64 ns)
{
	struct virtuos_account *account = vos_account_own();

	if (account)
		account->outage_ns += ns;
}

/* Get all that a thread has without its exceptionless calls. */
static void own_cost(const struct virtuos_account *account, int service, struct vos_cost *cost)
{
	/* The thread itself may be adding a call; then the copy lacks a part of that. */
	*cost = data_race(account->trap[service]);
	cost_add_late(cost, &account->late[service]);
}

void vos_account_sums(struct task_struct *task, struct vos_sums *sums)
{
	const struct virtuos_account *account = READ_ONCE(task->virtuos_account);
	int i;

	memset(sums, 0, sizeof(*sums));
	if (account) {
		for (i = 0; i < VOS_DOOR_SERVICES; i++)
			own_cost(account, i, &sums->trap[i]);
		sums->sends = READ_ONCE(account->sends);
		sums->sleeps = READ_ONCE(account->sleeps);
		sums->sleep_ns = READ_ONCE(account->sleep_ns);
		sums->spin_ns = READ_ONCE(account->spin_ns);
		sums->outage_ns = READ_ONCE(account->outage_ns);
	}
	if (vos_door->sums)
		vos_door->sums(task, sums);
}
EXPORT_SYMBOL_GPL(vos_account_sums);

static void io_add(struct task_io_accounting *ioac, const struct vos_sums *claims)
{
	ioac->syscr += claims->io[VOS_ACCOUNT_READ].calls;
	ioac->rchar += claims->io[VOS_ACCOUNT_READ].bytes;
	ioac->syscw += claims->io[VOS_ACCOUNT_WRITE].calls;
	ioac->wchar += claims->io[VOS_ACCOUNT_WRITE].bytes;
}

/* Hand reads and writes of a thread that ends to Linux, which adds them up for its process. */
static void keep_io(struct task_struct *task, const struct vos_sums *claims)
{
	struct virtuos_account *account = task->virtuos_account;

	preempt_disable();
	write_seqcount_begin(&account->io_seq);
	io_add(&task->ioac, claims);
	WRITE_ONCE(account->io_kept, true);
	write_seqcount_end(&account->io_seq);
	preempt_enable();
}

/* What the kernel has counted is read before the claims are: no reader sees less than another. */
static void account_ioac(struct task_struct *task, struct task_io_accounting *ioac)
{
	const struct virtuos_account *account = READ_ONCE(task->virtuos_account);
	struct vos_sums claims = {};
	unsigned int seq;
	bool kept;

	do {
		seq = read_seqcount_begin(&account->io_seq);
		/* As in own_cost() */
		*ioac = data_race(task->ioac);
		kept = READ_ONCE(account->io_kept);
	} while (read_seqcount_retry(&account->io_seq, seq));
	if (kept || !vos_door->sums)
		return;
	vos_door->sums(task, &claims);
	io_add(ioac, &claims);
}

/* A thread of a group ends: its leader shows what it had. It may still make calls. */
static void account_exit(struct task_struct *task)
{
	struct virtuos_account *account = task->virtuos_account, *leader;
	struct vos_sums claims = {};
	int i;

	if (vos_door->account_exit)
		vos_door->account_exit(task);
	if (vos_door->sums)
		vos_door->sums(task, &claims);
	keep_io(task, &claims);
	if (task == task->group_leader)
		return;
	leader = vos_account_make(task->group_leader);
	if (!leader)
		return;
	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		late_add(&leader->dead_claims[i], &claims.door[i]);
		late_add(&leader->dead[i], &account->trap[i]);
		memset(&account->trap[i], 0, sizeof(account->trap[i]));
	}
	WRITE_ONCE(account->claims_kept, true);
}

/* Keep what a thread has claimed, unless its leader has it, and what its group's threads had. */
static void keep_claims(struct task_struct *task)
{
	struct virtuos_account *account = task->virtuos_account;
	struct vos_sums claims = {};
	int i;

	if (vos_door->sums && !account->claims_kept)
		vos_door->sums(task, &claims);
	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		cost_add_late(&claims.door[i], &account->dead_claims[i]);
		late_add(&ended_claims[i], &claims.door[i]);
	}
}

static void account_free(struct task_struct *task)
{
	struct virtuos_account *account = task->virtuos_account;
	struct vos_cost cost;
	int i;

	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		own_cost(account, i, &cost);
		cost_add_late(&cost, &account->dead[i]);
		late_add(&ended[i], &cost);
	}
	keep_claims(task);
	if (vos_door->account_free)
		vos_door->account_free(account);
	kfree(account);
}

static const struct virtuos_account_hooks account_hooks = {
	.exit = account_exit,
	.free = account_free,
	.ioac = account_ioac,
};

/**
 * vos_account_init - begin to keep accounts; once, for the module stays
 *
 * Context: process.
 * Return: 0 or -EBUSY.
 */
int vos_account_init(void)
{
	return virtuos_account_set_hooks(&account_hooks);
}

/**
 * vos_account_ended - read what threads had that have ended
 * @service: enum vos_door_service
 * @cost: filled
 *
 * Context: any.
 */
void vos_account_ended(int service, struct vos_cost *cost)
{
	memset(cost, 0, sizeof(*cost));
	cost_add_late(cost, &ended[service]);
}

/**
 * vos_account_ended_claims - read what processes have claimed that have ended
 * @service: enum vos_door_service
 * @cost: filled; by the processes' own word
 *
 * Context: any.
 */
void vos_account_ended_claims(int service, struct vos_cost *cost)
{
	memset(cost, 0, sizeof(*cost));
	cost_add_late(cost, &ended_claims[service]);
}

/**
 * vos_account_dead - read what threads of a group had when they ended
 * @leader: the group's leader; the caller holds a reference, or rcu_read_lock()
 * @service: enum vos_door_service
 * @cost: filled
 *
 * Context: any.
 */
void vos_account_dead(struct task_struct *leader, int service, struct vos_cost *cost)
{
	const struct virtuos_account *account = READ_ONCE(leader->virtuos_account);

	memset(cost, 0, sizeof(*cost));
	if (account)
		cost_add_late(cost, &account->dead[service]);
}

/**
 * vos_account_add_dead_claims - add what a group's ended threads had by the exceptionless door
 * @leader: the group's leader; the caller holds a reference, or rcu_read_lock()
 * @service: enum vos_door_service
 * @cost: added to; by the process's own word
 *
 * Context: any.
 */
void vos_account_add_dead_claims(struct task_struct *leader, int service, struct vos_cost *cost)
{
	const struct virtuos_account *account = READ_ONCE(leader->virtuos_account);

	if (account)
		cost_add_late(cost, &account->dead_claims[service]);
}

/**
 * vos_account_late - read what a thread was charged after the fact
 * @task: the thread; the caller holds a reference, or rcu_read_lock()
 * @service: enum vos_door_service
 * @cost: filled
 *
 * Context: any.
 */
void vos_account_late(struct task_struct *task, int service, struct vos_cost *cost)
{
	const struct virtuos_account *account = READ_ONCE(task->virtuos_account);

	memset(cost, 0, sizeof(*cost));
	if (account)
		cost_add_late(cost, &account->late[service]);
}

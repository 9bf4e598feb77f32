/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a call is charged to the thread that has made it: the counted path. account.c has the
 * rest.
 */
#ifndef VOS_CORE_ACCOUNT_H
#define VOS_CORE_ACCOUNT_H

#include "core_priv.h"
#include "vos_account.h"

DECLARE_STATIC_KEY_FALSE(vos_charge_used);

struct virtuos_account *vos_account_make(struct task_struct *task);
void vos_charge_tell(const struct vos_call *call, struct task_struct *task);

/* Get the ticks that a call is charged with. admit_cost() (channel.c) has cut them down. */
static inline u32 vos_call_ticks(const struct vos_call *call)
{
	return VOS_COST_TICKS(call->cqe.cost);
}

/* No call waits for days. Sums of what is below this do not overflow. */
#define VOS_MOST_WAIT	BIT_ULL(48)

/* Get the ticks for which the peer says that a call waited. */
static inline u64 vos_call_wait(const struct vos_call *call)
{
	return min(call->cqe.out[4], VOS_MOST_WAIT);
}

static inline void vos_cost_add(struct vos_cost *cost, const struct vos_call *call)
{
	cost->calls++;
	cost->ticks += vos_call_ticks(call);
	cost->wait += vos_call_wait(call);
	cost->bytes += call->sqe.ext[0].len + call->sqe.ext[1].len;
}

void vos_charge_unclaimed(const struct vos_call *call);

/* Get the current thread's account. Return: NULL if there is no memory for one. */
static inline struct virtuos_account *vos_account_own(void)
{
	struct virtuos_account *account = current->virtuos_account;

	return likely(account) ? account : vos_account_make(current);
}

/* Charge a call to the thread that has made it and has its answer. */
static inline void vos_charge_own(const struct vos_call *call)
{
	struct virtuos_account *account = vos_account_own();

	if (unlikely(!account)) {
		vos_charge_unclaimed(call);
		return;
	}
	vos_cost_add(&account->trap[call->chan->service], call);
	if (static_branch_unlikely(&vos_charge_used))
		vos_charge_tell(call, current);
}

#endif

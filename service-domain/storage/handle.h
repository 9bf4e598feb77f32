/* SPDX-License-Identifier: GPL-2.0 */
/* A file in a user channel: for handle.c, which has it and makes it durable, and io.c. */
#ifndef VST_HANDLE_H
#define VST_HANDLE_H

#include "vst.h"

/*
 * struct vst_handle - a file in one user channel
 * @list: on conn->handles, under conn->lock
 * @seq: last write through this handle
 * @noatime: reading does not change the access time
 */
struct vst_handle {
	struct list_head list;
	struct vst_node *node;
	struct file *file;
	struct vos_uchan_slot __peer *slot;
	u64 seq;
	bool noatime;
};

extern atomic64_t vst_last_seq;

/* What a worker does for a call: @fn, under the caller's credentials. */
static inline void vst_carry_out(struct work_struct *work,
				 s64 (*fn)(struct veng_scall *call))
{
	struct veng_scall *call = container_of(work, struct veng_scall, work);
	const struct cred *saved = override_creds(call->cred);
	s64 result;

	veng_scall_take_up(call);
	result = fn(call);
	revert_creds(saved);
	veng_scall_complete(call, result);
}

#endif

// SPDX-License-Identifier: GPL-2.0
/*
 * IOCTL, in the control thread: the argument's bytes go into its window, together
 * with what one pointer in them points to; any other pointer a primary may have
 * put there leads nowhere, since the window is all that is mapped.
 */
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/sockios.h>
#include <linux/uaccess.h>
#include <asm/ioctls.h>
#include "service.h"

#define WINDOW_ARG	0u
#define WINDOW_POINTED	4096u
#define ARG_MAX_LEN	1024u
#define POINTED_MAX	32768u

static_assert(WINDOW_POINTED + POINTED_MAX <= VOS_WINDOW_SIZE);

/* Commands that would act on this domain's processes and descriptors. */
static bool is_refused(u64 cmd)
{
	switch (cmd) {
	case FIOSETOWN:
	case SIOCSPGRP:
	case FIOGETOWN:
	case SIOCGPGRP:
	case SIOCGSKNS:
		return true;
	}
	return cmd > U32_MAX;
}

static bool shape_ok(const struct vos_scall *call)
{
	u32 len = call->sqe.ext[0].len;
	u64 ptr = call->sqe.arg[1];

	if (len > ARG_MAX_LEN || call->sqe.ext[1].len > POINTED_MAX)
		return false;
	return !ptr || (ptr - 1 <= len && len - (ptr - 1) >= sizeof(void *));
}

static int fill_window(const struct vos_scall *call, u8 __user *window)
{
	u64 ptr = call->sqe.arg[1];
	u8 __user *pointed = window + WINDOW_POINTED;

	if (clear_user(window + WINDOW_ARG, ARG_MAX_LEN))
		return -EFAULT;
	if (call->in[0] && copy_to_user(window + WINDOW_ARG, call->in[0],
					call->sqe.ext[0].len))
		return -EFAULT;
	if (call->in[1] && copy_to_user(pointed, call->in[1], call->sqe.ext[1].len))
		return -EFAULT;
	if (ptr && copy_to_user(window + WINDOW_ARG + ptr - 1, &pointed, sizeof(pointed)))
		return -EFAULT;
	return 0;
}

static int empty_window(struct vos_scall *call, const u8 __user *window)
{
	if (call->out[0] && copy_from_user(call->out[0], window + WINDOW_ARG,
					   call->sqe.ext[0].len))
		return -EFAULT;
	if (call->out[1] && copy_from_user(call->out[1], window + WINDOW_POINTED,
					   call->sqe.ext[1].len))
		return -EFAULT;
	return 0;
}

static s64 do_ioctl(struct netobj *o, struct vos_scall *call)
{
	u8 __user *window = vos_window(call->conn);
	struct file *file;
	s64 rc;

	if (!o->sock)
		return -EBADF;
	file = netobj_file(o);
	if (IS_ERR(file))
		return PTR_ERR(file);
	rc = fill_window(call, window);
	if (rc)
		return rc;
	rc = file->f_op->unlocked_ioctl(file, call->sqe.arg[0], (unsigned long)window);
	return rc < 0 ? rc : empty_window(call, window) ?: rc;
}

static s64 run_ioctl(struct vos_scall *call)
{
	struct netobj *o = call->priv;
	s64 rc = do_ioctl(o, call);

	netobj_put(o);
	/* The codes the kernel keeps to itself. */
	return rc == -ENOIOCTLCMD ? -ENOTTY : rc;
}

s64 net_ioctl(struct netobj *o, struct vos_scall *call)
{
	if (is_refused(call->sqe.arg[0]))
		return -ENOTTY;
	if (!shape_ok(call))
		return -EINVAL;
	call->priv = o;
	vos_scall_queue_ctl(call, run_ioctl);
	return VOS_PENDING;
}

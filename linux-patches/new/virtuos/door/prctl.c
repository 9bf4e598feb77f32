// SPDX-License-Identifier: GPL-2.0
/*
 * The door's system call: prctl(VOS_DOOR_PRCTL, op, ...); see <virtuos/door.h>.
 */
#include <linux/export.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/seccomp.h>
#include <linux/uaccess.h>
#include "door_priv.h"

/* Test for a tracer or a filter. What it asked to see must pass the kernel. */
static bool watched(void)
{
	struct task_struct *t;
	bool seen = false;

	rcu_read_lock();
	for_each_thread(current, t)
		if (READ_ONCE(t->ptrace) || READ_ONCE(t->seccomp.mode))
			seen = true;
	rcu_read_unlock();
	return seen;
}

/* Test whether all threads of the memory use the caller's descriptors. */
static bool shares_descriptors(void)
{
	struct task_struct *t;
	bool same = true;
	u32 threads = 0;

	rcu_read_lock();
	for_each_thread(current, t) {
		threads += READ_ONCE(t->mm) == current->mm;
		same &= READ_ONCE(t->files) == current->files || t->flags & PF_EXITING;
	}
	rcu_read_unlock();
	/* Other users of the memory, such as a vfork's parent, are no threads of this process. */
	return same && atomic_read(&current->mm->mm_users) <= threads;
}

/* Bind @door to the caller's descriptors. */
static int bind_files(struct vdoor *door)
{
	struct files_struct *files = current->files;
	struct vdoor *old;

	spin_lock(&files->file_lock);
	old = files->virtuos_door;
	if (old && !READ_ONCE(old->closed)) {
		spin_unlock(&files->file_lock);
		return -EBUSY;
	}
	vdoor_get(door);
	files->virtuos_door = door;
	spin_unlock(&files->file_lock);
	if (old)
		vdoor_put(old);
	return 0;
}

/*
 * Bind @door to the caller's memory.
 * Return: 0. -EEXIST: another thread was faster.
 */
static int bind_mm(struct vdoor *door)
{
	static DEFINE_SPINLOCK(bind_lock);
	struct mm_struct *mm = current->mm;
	struct vdoor *old;

	spin_lock(&bind_lock);
	old = rcu_dereference_protected(mm->virtuos_door, lockdep_is_held(&bind_lock));
	if (old && !READ_ONCE(old->closed)) {
		spin_unlock(&bind_lock);
		return -EEXIST;
	}
	vdoor_get(door);
	rcu_assign_pointer(mm->virtuos_door, door);
	spin_unlock(&bind_lock);
	if (old)
		vdoor_put(old);
	return 0;
}

static int put_info(struct vdoor *door, unsigned long arg)
{
	struct vos_door_info info = {
		.version = VOS_DOOR_VERSION,
		.nr_fds = VOS_DOOR_FDS,
		.state = READ_ONCE(door->user),
	};

	if (!info.state)
		return -EAGAIN;		/* another thread is about to map it */
	return copy_to_user((void __user *)arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int open_new(struct vdoor *door)
{
	unsigned long user;
	int rc = bind_mm(door);

	if (rc)
		return rc;
	rc = bind_files(door);
	if (rc) {
		WRITE_ONCE(door->closed, true);
		return rc;
	}
	user = vdoor_map(door);
	if (IS_ERR_VALUE(user)) {
		vdoor_shut(door);
		return (int)user;
	}
	WRITE_ONCE(door->user, user);
	/* A filter or tracer may have come while no door was there to be shut. */
	if (watched() || !shares_descriptors()) {
		vdoor_shut(door);
		return -EPERM;
	}
	return 0;
}

static int door_open(unsigned long arg)
{
	struct vdoor *door;
	int rc;

	if (!READ_ONCE(vdoor_enabled))
		return -ENOSYS;
	if (!current->mm || watched() || !shares_descriptors())
		return -EPERM;
	door = vdoor_of(current->mm);
	if (!door || READ_ONCE(door->closed)) {
		if (door) {
			vdoor_windows_tidy(door);
			vdoor_put(door);
		}
		door = vdoor_new();
		if (!door)
			return -ENOMEM;
		rc = open_new(door);
		if (rc == -EEXIST)
			rc = -EAGAIN;
		if (rc) {
			vdoor_put(door);
			return rc;
		}
	}
	rc = put_info(door, arg);
	vdoor_put(door);
	return rc;
}

/* What a set-up call tells its caller. It is copied to the caller when no lock is held. */
struct answer {
	struct vos_door_channel channel;
	struct vdoor_window *window;	/* counted */
};

static void tell_channel(const struct vdoor_uchan *uc, u32 epoch, struct vos_door_channel *c)
{
	*c = (struct vos_door_channel){
		.base = uc->user,
		.nr_lanes = uc->nr_lanes,
		.arena_pages = uc->arena_pages,
		.lane_arena = uc->lane_bytes,
		.log_off = uc->lane_bytes * uc->nr_lanes,
		.epoch = epoch,
	};
}

/*
 * Make @uc the door's. If the link dies from here on, lose() finds the channel there, and the
 * process is told.
 * Return: 0. -EAGAIN: the door has been shut meanwhile. -ENOTCONN.
 */
static int install(struct vdoor *door, struct vdoor_uchan *uc)
{
	unsigned long flags;
	int rc = 0;

	spin_lock_irqsave(&door->lock, flags);
	WARN_ON_ONCE(door->uchan[uc->service]);
	if (door->closed)
		rc = -EAGAIN;
	else if (vdoor_uchan_dead(uc))
		rc = -ENOTCONN;
	else
		door->uchan[uc->service] = uc;
	spin_unlock_irqrestore(&door->lock, flags);
	return rc;
}

static int make_channel(struct vdoor *door, const struct vdoor_provider *p)
{
	struct vdoor_uchan *uc;
	unsigned long user;
	int rc;

	lockdep_assert_held(&door->mutex);
	uc = vdoor_uchan_new(door, p);
	if (IS_ERR(uc))
		return PTR_ERR(uc);
	user = vdoor_uchan_map(uc);
	uc->user = user;
	rc = IS_ERR_VALUE(user) ? (int)user : install(door, uc);
	if (rc)
		vdoor_uchan_end(uc);
	return rc;
}

static bool is_of_use(const struct vdoor_uchan *uc)
{
	return !vdoor_uchan_dead(uc) && !READ_ONCE(uc->must_close);
}

static int door_channel(struct vdoor *door, u32 service, struct vos_door_channel *c)
{
	const struct vdoor_provider *p = vdoor_provider_of(service);
	/* Read before the channel is examined: the process is told of a death from here on. */
	u32 epoch = READ_ONCE(door->epoch[service % VOS_DOOR_SERVICES]);
	struct vdoor_uchan *uc;
	int rc = 0;

	if (!p)
		return -ENOENT;
	uc = vdoor_uchan_of(door, service);
	if (uc && !is_of_use(uc)) {
		vdoor_leave(door, service);
		vdoor_uchan_put(uc);
		uc = NULL;
	}
	if (!uc) {
		rc = make_channel(door, p);
		uc = rc ? NULL : vdoor_uchan_of(door, service);
	}
	if (!uc)
		return rc ?: -EAGAIN;
	tell_channel(uc, epoch, c);
	vdoor_uchan_put(uc);
	return 0;
}

static int door_enter(struct vdoor *door, u32 service, unsigned long arg)
{
	struct vdoor_uchan *uc = vdoor_uchan_of(door, service);
	int rc;

	if (!uc)
		return -ENOTCONN;
	rc = vdoor_uchan_enter(uc, arg & VOS_ENTER_LANE, arg & ~VOS_ENTER_LANE);
	vdoor_uchan_put(uc);
	return rc;
}

/* Let go of what has ended and is not used any more. */
static void tidy(struct vdoor *door)
{
	struct vdoor_uchan *uc = vdoor_uchan_of(door, VOS_DOOR_STORAGE);

	vdoor_windows_tidy(door);
	if (!uc)
		return;
	vdoor_rest_tidy(uc);
	vdoor_uchan_put(uc);
}

static long set_up_locked(struct vdoor *door, unsigned long op, unsigned long arg3,
			  unsigned long arg4, struct answer *answer)
{
	if (!vdoor_usable(door))
		return -EAGAIN;
	switch (op) {
	case VOS_DOOR_CHANNEL:
		return door_channel(door, arg3, &answer->channel);
	case VOS_DOOR_WINDOW:
		return vdoor_window(door, arg3, &answer->window);
	case VOS_DOOR_ACCOUNT:
		return vdoor_claim(door);
	default:
		return vdoor_attach(door, arg3, arg4);
	}
}

/*
 * Copy the answer to the process. The process decides when its memory comes, so no lock is
 * held.
 */
static int give_answer(unsigned long op, unsigned long arg, const struct answer *answer)
{
	int rc = 0;

	if (op == VOS_DOOR_CHANNEL)
		rc = copy_to_user((void __user *)arg, &answer->channel,
				  sizeof(answer->channel)) ? -EFAULT : 0;
	if (answer->window) {
		rc = vdoor_window_tell(answer->window, arg);
		vdoor_window_put(answer->window);
	}
	return rc;
}

/*
 * Carry out an operation that makes something. Only the owner of the descriptors may do so, and
 * only of an open door.
 */
static long door_set_up(struct vdoor *door, unsigned long op, unsigned long arg3,
			unsigned long arg4)
{
	struct answer answer = {};
	long rc;

	if (door->files != current->files)
		return -EBUSY;
	if (!vdoor_usable(door))
		return -EAGAIN;
	/* A window that has ended keeps its file from being served. */
	vdoor_windows_tidy(door);
	rc = mutex_lock_killable(&door->mutex);
	if (rc)
		return rc;
	rc = set_up_locked(door, op, arg3, arg4, &answer);
	mutex_unlock(&door->mutex);
	if (!rc)
		rc = give_answer(op, arg4, &answer);
	/* Unmap a window that was made in vain. */
	vdoor_windows_tidy(door);
	return rc == -ERESTARTSYS ? -EINTR : rc;
}

/**
 * vdoor_prctl - carry out prctl(VOS_DOOR_PRCTL, ...)
 * @op: VOS_DOOR_*
 * @arg3: as <virtuos/door.h> says
 * @arg4: as <virtuos/door.h> says
 * @arg5: not used
 *
 * Context: process.
 * Return: as the operation does, or -errno.
 */
long vdoor_prctl(unsigned long op, unsigned long arg3, unsigned long arg4, unsigned long arg5)
{
	struct vdoor *door;
	long rc;

	if (op == VOS_DOOR_OPEN)
		return door_open(arg3);
	door = current->mm ? vdoor_of(current->mm) : NULL;
	if (!door)
		return -ENOTCONN;
	switch (op) {
	case VOS_DOOR_ENTER:
		rc = door_enter(door, arg3, arg4);
		break;
	case VOS_DOOR_CHANNEL:
	case VOS_DOOR_ATTACH:
	case VOS_DOOR_WINDOW:
	case VOS_DOOR_ACCOUNT:
		rc = door_set_up(door, op, arg3, arg4);
		break;
	case VOS_DOOR_TIDY:
		tidy(door);
		rc = 0;
		break;
	case VOS_DOOR_REST:
		rc = vdoor_rest(door, arg3);
		break;
	case VOS_DOOR_RECALL:
		rc = vdoor_recall_fd(arg3);
		break;
	default:
		rc = -EINVAL;
	}
	vdoor_put(door);
	return rc;
}

/* See vdoor_provider.h. */
void vdoor_tidy(void)
{
	struct vdoor *door;

	if (!current->mm || !rcu_access_pointer(current->mm->virtuos_door))
		return;
	door = vdoor_of(current->mm);
	if (!door)
		return;
	vdoor_windows_tidy(door);
	vdoor_put(door);
}
EXPORT_SYMBOL_GPL(vdoor_tidy);

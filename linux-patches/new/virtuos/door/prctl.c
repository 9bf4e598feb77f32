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
#include "internal.h"

/* What a tracer or a filter asked to see must be seen. */
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

/* All threads of the memory use the descriptors that the door speaks of? */
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
	/* Others that use the memory, such as a vfork's parent, are not our threads. */
	return same && atomic_read(&current->mm->mm_users) <= threads;
}

/* Make @door the one that the caller's descriptors are spoken of by. */
static int bind_files(struct vos_door *door)
{
	struct files_struct *files = current->files;
	struct vos_door *old;

	spin_lock(&files->file_lock);
	old = files->virtuos_door;
	if (old && !READ_ONCE(old->closed)) {
		spin_unlock(&files->file_lock);
		return -EBUSY;
	}
	vos_door_get(door);
	files->virtuos_door = door;
	spin_unlock(&files->file_lock);
	if (old)
		vos_door_put(old);
	return 0;
}

/* Make @door the caller's memory's. Return: -EEXIST another thread was faster. */
static int bind_mm(struct vos_door *door)
{
	static DEFINE_SPINLOCK(bind_lock);
	struct mm_struct *mm = current->mm;
	struct vos_door *old;

	spin_lock(&bind_lock);
	old = rcu_dereference_protected(mm->virtuos_door, lockdep_is_held(&bind_lock));
	if (old && !READ_ONCE(old->closed)) {
		spin_unlock(&bind_lock);
		return -EEXIST;
	}
	vos_door_get(door);
	rcu_assign_pointer(mm->virtuos_door, door);
	spin_unlock(&bind_lock);
	if (old)
		vos_door_put(old);
	return 0;
}

static int put_info(struct vos_door *door, unsigned long arg)
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

static int open_new(struct vos_door *door)
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
	user = vos_door_map(door);
	if (IS_ERR_VALUE(user)) {
		vos_door_shut(door);
		return (int)user;
	}
	WRITE_ONCE(door->user, user);
	/* A filter or tracer may have come while no door was there to be shut. */
	if (watched() || !shares_descriptors()) {
		vos_door_shut(door);
		return -EPERM;
	}
	return 0;
}

static int door_open(unsigned long arg)
{
	struct vos_door *door;
	int rc;

	if (!READ_ONCE(vos_door_enabled))
		return -ENOSYS;
	if (!current->mm || watched() || !shares_descriptors())
		return -EPERM;
	door = vos_door_of(current->mm);
	if (!door || READ_ONCE(door->closed)) {
		if (door) {
			vos_windows_tidy(door);
			vos_door_put(door);
		}
		door = vos_door_new();
		if (!door)
			return -ENOMEM;
		rc = open_new(door);
		if (rc == -EEXIST)
			rc = -EAGAIN;
		if (rc) {
			vos_door_put(door);
			return rc;
		}
	}
	rc = put_info(door, arg);
	vos_door_put(door);
	return rc;
}

static int put_channel(const struct vos_uchan *uc, u32 epoch, unsigned long arg)
{
	struct vos_door_channel c = {
		.base = uc->user,
		.nr_lanes = uc->nr_lanes,
		.arena_pages = uc->arena_pages,
		.lane_arena = uc->lane_bytes,
		.log_off = uc->lane_bytes * uc->nr_lanes,
		.epoch = epoch,
	};

	return copy_to_user((void __user *)arg, &c, sizeof(c)) ? -EFAULT : 0;
}

/* Under door->mutex: the one that was lost makes room. */
static void drop_dead(struct vos_door *door, u32 service)
{
	struct vos_uchan *uc = door->uchan[service];
	unsigned long flags;

	if (!uc || !(vos_uchan_dead(uc) || uc->closed))
		return;
	vos_door_take_words(door, service);
	/* What was written through it has to be on the disk before it may go. */
	vos_uchan_end_handles(uc);
	spin_lock_irqsave(&door->lock, flags);
	door->uchan[service] = NULL;
	spin_unlock_irqrestore(&door->lock, flags);
	vos_uchan_put(uc);
}

/* Under door->mutex. */
static int make_channel(struct vos_door *door, const struct vos_door_provider *p)
{
	struct vos_uchan *uc = vos_uchan_new(door, p);
	unsigned long user, flags;

	if (IS_ERR(uc))
		return PTR_ERR(uc);
	user = vos_uchan_map(uc);
	if (IS_ERR_VALUE(user)) {
		vos_uchan_put(uc);
		return (int)user;
	}
	uc->user = user;
	spin_lock_irqsave(&door->lock, flags);
	door->uchan[p->service] = uc;
	spin_unlock_irqrestore(&door->lock, flags);
	return 0;
}

static int door_channel(struct vos_door *door, u32 service, unsigned long arg)
{
	const struct vos_door_provider *p = vos_door_provider_of(service);
	int rc = 0;

	if (!p)
		return -ENOENT;
	drop_dead(door, service);
	if (!door->uchan[service])
		rc = make_channel(door, p);
	return rc ?: put_channel(door->uchan[service], door->epoch[service], arg);
}

static int door_enter(struct vos_door *door, u32 service, unsigned long arg)
{
	struct vos_uchan *uc = NULL;
	unsigned long flags;
	int rc;

	spin_lock_irqsave(&door->lock, flags);
	if (service < VOS_DOOR_SERVICES)
		uc = door->uchan[service];
	if (uc)
		vos_uchan_get(uc);
	spin_unlock_irqrestore(&door->lock, flags);
	if (!uc)
		return -ENOTCONN;
	rc = vos_uchan_enter(uc, arg & VOS_ENTER_LANE, arg & ~VOS_ENTER_LANE);
	vos_uchan_put(uc);
	return rc;
}

static int door_home(unsigned int fd)
{
	struct file *file = fget(fd);
	int rc = -ENOENT;
	u32 i;

	if (!file)
		return -EBADF;
	for (i = 0; i < VOS_DOOR_SERVICES && rc == -ENOENT; i++) {
		const struct vos_door_provider *p = vos_door_provider_of(i);

		if (p && p->home)
			rc = p->home(file);
	}
	fput(file);
	return rc;
}

/* For what makes something: only the owner of the descriptors, and of an open door. */
static int door_set_up(struct vos_door *door, unsigned long op, unsigned long arg3,
		       unsigned long arg4)
{
	int rc;

	if (door->files != current->files)
		return -EBUSY;
	if (!vos_door_usable(door))
		return -EAGAIN;
	/* One that has ended keeps its file from being served. */
	vos_windows_tidy(door);
	rc = mutex_lock_killable(&door->mutex);
	if (rc)
		return rc;
	if (!vos_door_usable(door))
		rc = -EAGAIN;
	else if (op == VOS_DOOR_CHANNEL)
		rc = door_channel(door, arg3, arg4);
	else if (op == VOS_DOOR_WINDOW)
		rc = vos_door_window(door, arg3, arg4);
	else
		rc = vos_door_attach(door, arg3, arg4);
	mutex_unlock(&door->mutex);
	/* A window that was made in vain. */
	vos_windows_tidy(door);
	/* What was made while the door was being shut must not stay. */
	if (READ_ONCE(door->closed))
		vos_door_shut(door);
	return rc == -ERESTARTSYS ? -EINTR : rc;
}

long vos_door_prctl(unsigned long op, unsigned long arg3, unsigned long arg4,
		    unsigned long arg5)
{
	struct vos_door *door;
	long rc;

	if (op == VOS_DOOR_OPEN)
		return door_open(arg3);
	door = current->mm ? vos_door_of(current->mm) : NULL;
	if (!door)
		return -ENOTCONN;
	switch (op) {
	case VOS_DOOR_ENTER:
		rc = door_enter(door, arg3, arg4);
		break;
	case VOS_DOOR_CHANNEL:
	case VOS_DOOR_ATTACH:
	case VOS_DOOR_WINDOW:
		rc = door_set_up(door, op, arg3, arg4);
		break;
	case VOS_DOOR_TIDY:
		vos_windows_tidy(door);
		rc = 0;
		break;
	case VOS_DOOR_HOME:
		rc = door_home(arg3);
		break;
	default:
		rc = -EINVAL;
	}
	vos_door_put(door);
	return rc;
}

/* See vos_door.h. */
void vos_door_tidy(void)
{
	struct vos_door *door;

	if (!current->mm || !rcu_access_pointer(current->mm->virtuos_door))
		return;
	door = vos_door_of(current->mm);
	if (!door)
		return;
	vos_windows_tidy(door);
	vos_door_put(door);
}
EXPORT_SYMBOL_GPL(vos_door_tidy);

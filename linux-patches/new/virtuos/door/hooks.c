// SPDX-License-Identifier: GPL-2.0
/* What the kernel tells the door (linux/virtuos_door.h), and the door's start. */
#include <linux/export.h>
#include <linux/fdtable.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/virtuos_door.h>
#include "door_priv.h"

bool vdoor_enabled = true;
module_param_named(door, vdoor_enabled, bool, 0644);
MODULE_PARM_DESC(door, "processes may open the exceptionless door");

unsigned int vdoor_lanes = 4;
module_param_named(door_lanes, vdoor_lanes, uint, 0644);
MODULE_PARM_DESC(door_lanes, "lanes of a user channel: threads of a process that call at a time");

unsigned int vdoor_lane_kib = 64;
module_param_named(door_lane_kib, vdoor_lane_kib, uint, 0644);
MODULE_PARM_DESC(door_lane_kib, "KiB of arena for each lane");

unsigned int vdoor_log_kib = 256;
module_param_named(door_log_kib, vdoor_log_kib, uint, 0644);
MODULE_PARM_DESC(door_log_kib, "KiB for what a process has written and the disk does not have yet");

unsigned int vdoor_user_channels = 64;
module_param_named(door_user_channels, vdoor_user_channels, uint, 0644);
MODULE_PARM_DESC(door_user_channels,
		 "user channels that a user without CAP_SYS_RESOURCE may have, of all services");

static void fd_gone(struct files_struct *files, unsigned int fd)
{
	vdoor_revoke_word(files->virtuos_door, fd);
}

/*
 * Shut the door of a table of descriptors that is about to go. The caller is its last user, so
 * no task binds it to another door.
 */
static void files_gone(struct files_struct *files)
{
	struct vdoor *door;

	spin_lock(&files->file_lock);
	door = files->virtuos_door;
	files->virtuos_door = NULL;
	spin_unlock(&files->file_lock);
	/* The memory may outlive the descriptors (a thread that exits last, exec). */
	vdoor_end(door);
	vdoor_put(door);
}

static void mm_gone(struct mm_struct *mm)
{
	struct vdoor *door = rcu_replace_pointer(mm->virtuos_door, NULL, true);

	vdoor_end(door);
	vdoor_put(door);
}

static void shut(struct mm_struct *mm)
{
	struct vdoor *door = vdoor_of(mm);

	if (!door)
		return;
	vdoor_shut(door);
	vdoor_put(door);
}

/* Shut the door, and wait until the services know. */
static void close_now(struct mm_struct *mm)
{
	struct vdoor *door = vdoor_of(mm);

	if (!door)
		return;
	/*
	 * A process that comes under a filter must not even ask for another door: the filter
	 * may kill it for that.
	 */
	WRITE_ONCE(door->state->closed, 2);
	vdoor_close(door);
	vdoor_put(door);
}

static void creds_changed(struct mm_struct *mm)
{
	struct vdoor *door = vdoor_of(mm);
	struct vos_cred *now = door ? kmalloc(sizeof(*now), GFP_KERNEL) : NULL;

	if (now)
		vos_cred_value(now, current_cred());
	if (door && (!now || memcmp(now, door->cred, sizeof(*now))))
		vdoor_shut(door);
	kfree(now);
	if (door)
		vdoor_put(door);
}

static void add_pause(struct mm_struct *mm, int n)
{
	struct vdoor *door = vdoor_of(mm);
	unsigned long flags;

	if (!door)
		return;
	spin_lock_irqsave(&door->lock, flags);
	/* If another thread of the parent opened the door meanwhile, the door was never paused. */
	WRITE_ONCE(door->paused, max(door->paused + n, 0));
	spin_unlock_irqrestore(&door->lock, flags);
	if (n > 0)
		vdoor_revoke_all(door, VOS_DOOR_SERVICES);
	vdoor_put(door);
}

static void pause_door(struct mm_struct *mm)
{
	add_pause(mm, 1);
}

static void resume_door(struct mm_struct *mm)
{
	add_pause(mm, -1);
}

/* Have the process's files examined again, at the next calls. */
static void revoke(struct mm_struct *mm)
{
	struct vdoor *door = vdoor_of(mm);

	if (!door)
		return;
	vdoor_revoke_all(door, VOS_DOOR_STORAGE);
	vdoor_put(door);
}

static const struct virtuos_door_hooks hooks = {
	.prctl = vdoor_prctl,
	.fd_gone = fd_gone,
	.files_gone = files_gone,
	.file_gone = vdoor_handle_file_gone,
	.mm_gone = mm_gone,
	.close = close_now,
	.shut = shut,
	.creds = creds_changed,
	.pause = pause_door,
	.resume = resume_door,
	.file_changed = vdoor_handle_file_changed,
	.pos_take = vdoor_handle_pos_take,
	.pos_give = vdoor_handle_pos_give,
	.revoke = revoke,
	.watched = vdoor_handles_watched,
	.deny_signal = vdoor_claim_deny_signal,
	.landing = vdoor_claim_landing,
};

/**
 * vdoor_init - let processes open doors from here on; the module stays
 *
 * Context: process.
 * Return: 0 or -EBUSY.
 */
int vdoor_init(void)
{
	int rc = virtuos_door_set_hooks(&hooks);

	if (!rc)
		__module_get(THIS_MODULE);
	return rc;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel tells the door (linux/virtuos_door.h), and its start.
 */
#include <linux/export.h>
#include <linux/fdtable.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/virtuos_door.h>
#include "door_priv.h"

bool vos_door_enabled = true;
module_param_named(door, vos_door_enabled, bool, 0644);
MODULE_PARM_DESC(door, "processes may open the exceptionless door");

unsigned int vos_door_lanes = 4;
module_param_named(door_lanes, vos_door_lanes, uint, 0644);
MODULE_PARM_DESC(door_lanes, "lanes of a user channel: threads of a process that call at a time");

unsigned int vos_door_lane_kib = 64;
module_param_named(door_lane_kib, vos_door_lane_kib, uint, 0644);
MODULE_PARM_DESC(door_lane_kib, "KiB of arena for each lane");

unsigned int vos_door_log_kib = 256;
module_param_named(door_log_kib, vos_door_log_kib, uint, 0644);
MODULE_PARM_DESC(door_log_kib, "KiB for what a process has written and the disk does not have yet");

unsigned int vos_door_user_channels = 64;
module_param_named(door_user_channels, vos_door_user_channels, uint, 0644);
MODULE_PARM_DESC(door_user_channels,
		 "user channels that a user without CAP_SYS_RESOURCE may have, of all services");

static void fd_gone(struct files_struct *files, unsigned int fd)
{
	vos_door_take_word(files->virtuos_door, fd);
}

/* Its last user is we: nobody binds it to another door meanwhile. */
static void files_gone(struct files_struct *files)
{
	struct vos_door *door;

	spin_lock(&files->file_lock);
	door = files->virtuos_door;
	files->virtuos_door = NULL;
	spin_unlock(&files->file_lock);
	/* Whose memory may outlive its descriptors (a thread that exits last, exec). */
	vos_door_shut(door);
	vos_door_put(door);
}

static void mm_gone(struct mm_struct *mm)
{
	struct vos_door *door = rcu_replace_pointer(mm->virtuos_door, NULL, true);

	vos_door_shut(door);
	vos_door_put(door);
}

static void shut(struct mm_struct *mm)
{
	struct vos_door *door = vos_door_of(mm);

	if (!door)
		return;
	vos_door_shut(door);
	vos_door_put(door);
}

/* Shut, and wait until the services know. */
static void close_now(struct mm_struct *mm)
{
	struct vos_door *door = vos_door_of(mm);

	if (!door)
		return;
	/*
	 * Whoever comes under a filter must not even ask for another door: the filter
	 * may kill it for that.
	 */
	WRITE_ONCE(door->state->closed, 2);
	vos_door_close(door);
	vos_door_put(door);
}

static void creds_changed(struct mm_struct *mm)
{
	struct vos_door *door = vos_door_of(mm);
	struct vos_cred *now = door ? kmalloc(sizeof(*now), GFP_KERNEL) : NULL;

	if (now)
		vos_cred_value(now, current_cred());
	if (door && (!now || memcmp(now, door->cred, sizeof(*now))))
		vos_door_shut(door);
	kfree(now);
	if (door)
		vos_door_put(door);
}

static void add_pause(struct mm_struct *mm, int n)
{
	struct vos_door *door = vos_door_of(mm);
	unsigned long flags;

	if (!door)
		return;
	spin_lock_irqsave(&door->lock, flags);
	/* A door opened by the child's parent's other threads was never paused. */
	WRITE_ONCE(door->paused, max(door->paused + n, 0));
	spin_unlock_irqrestore(&door->lock, flags);
	if (n > 0)
		vos_door_take_words(door, VOS_DOOR_SERVICES);
	vos_door_put(door);
}

static void pause_door(struct mm_struct *mm)
{
	add_pause(mm, 1);
}

static void resume_door(struct mm_struct *mm)
{
	add_pause(mm, -1);
}

static const struct virtuos_door_hooks hooks = {
	.prctl = vos_door_prctl,
	.fd_gone = fd_gone,
	.files_gone = files_gone,
	.file_gone = vos_handle_file_gone,
	.mm_gone = mm_gone,
	.close = close_now,
	.shut = shut,
	.creds = creds_changed,
	.pause = pause_door,
	.resume = resume_door,
	.file_changed = vos_handle_file_changed,
	.pos_take = vos_handle_pos_take,
	.pos_give = vos_handle_pos_give,
};

/*
 * vos_door_init - from here on processes may open doors, and the module stays
 * Return: 0 or -EBUSY.
 */
int vos_door_init(void)
{
	int rc = virtuos_door_set_hooks(&hooks);

	if (!rc)
		__module_get(THIS_MODULE);
	return rc;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The gate of an inode's data: which tasks may use it now, and on which side.
 *
 * Any number of tasks may use data that is held (data.c). Data that is served has users that
 * read and write at the storage domain, until another task claims it. Then the gate lets no
 * more of these in. When the last has left, one of the claimants is the mover and takes the
 * data back.
 *
 * The move from held to served is only tried: it is for speed.
 *
 * A user of served data waits only for calls of the service while it is in, neither for user
 * memory nor for locks. So a claimant waits only for calls that are under way. A user of held
 * data may wait for the inode's lock or folios, since no task waits for it here. A fatal signal
 * ends all waits.
 *
 * Invariant: only the mover changes FUSE_I_SERVED, while no task is in. A task that touches
 * pages of a file is in and has seen the bit clear, or has it mapped (file.c).
 */
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include "data.h"

/* One class for all inodes: no task is in two gates at once. */
static struct lock_class_key gate_key, served_key;

/**
 * vosfs_gate_init - initialize the gate
 * @d: of an inode
 */
void vosfs_gate_init(struct vosfs_data *d)
{
	init_waitqueue_head(&d->wait);
	lockdep_init_map(&d->dep_map, "vosfs_gate", &gate_key, 0);
	lockdep_init_map(&d->served_map, "vosfs_gate_served", &served_key, 0);
}

/*
 * Try to enter the gate, or to become the mover.
 * Return: true, and @rc says which. false: the caller must wait.
 */
static bool try_enter(struct vosfs_data *d, int *rc)
{
	bool decided = true;

	spin_lock(&d->lock);
	if (d->moving) {
		decided = false;
	} else if (!vosfs_data_served(d->inode)) {
		d->using++;
		*rc = 0;
	} else if (!d->using) {
		d->moving = true;
		*rc = VOSFS_GATE_MOVE;
	} else {
		decided = false;
	}
	spin_unlock(&d->lock);
	return decided;
}

static void claim(struct vosfs_data *d, int n)
{
	spin_lock(&d->lock);
	d->claims += n;
	spin_unlock(&d->lock);
}

static int wait_and_enter(struct vosfs_data *d)
{
	int rc = 0, err;

	claim(d, 1);
	err = wait_event_killable(d->wait, try_enter(d, &rc));
	claim(d, -1);
	return err ? -EINTR : rc;
}

/**
 * vosfs_gate_enter - enter to use the data here
 * @d: of an inode that the caller has
 *
 * A task that is in may enter again.
 *
 * Context: process.
 * Return: 0: it is held, and vosfs_gate_leave() follows. VOSFS_GATE_MOVE: it is served, and the
 * caller is the mover. It takes the data back, and vosfs_gate_moved() or vosfs_gate_moved_in()
 * follows. -EINTR: killed.
 */
int vosfs_gate_enter(struct vosfs_data *d)
{
	int rc;

	might_sleep();
	/* The task may have to wait for users of served data. */
	lock_map_acquire(&d->served_map);
	lock_map_release(&d->served_map);
	lock_map_acquire_read(&d->dep_map);
	if (!try_enter(d, &rc))
		rc = wait_and_enter(d);
	if (!rc)
		return 0;
	lock_map_release(&d->dep_map);
	if (rc == VOSFS_GATE_MOVE)
		lock_map_acquire_try(&d->dep_map);
	return rc;
}

/**
 * vosfs_gate_try_enter - enter to use the data here, without waiting
 * @d: of an inode that the caller has
 *
 * Context: process.
 * Return: true: it is held, and vosfs_gate_leave() follows. false: it is served, or moving.
 */
bool vosfs_gate_try_enter(struct vosfs_data *d)
{
	bool in;

	spin_lock(&d->lock);
	in = !d->moving && !vosfs_data_served(d->inode);
	if (in)
		d->using++;
	spin_unlock(&d->lock);
	if (in)
		lock_map_acquire_tryread(&d->dep_map);
	return in;
}

/**
 * vosfs_gate_is_held - test whether the data is here, and no task is moving it
 * @d: of an inode that the caller has
 *
 * For the fault of a mapping. A mover that begins later finds the mapping and leaves the data.
 *
 * Context: any.
 * Return: true if so.
 */
bool vosfs_gate_is_held(struct vosfs_data *d)
{
	bool held;

	spin_lock(&d->lock);
	held = !d->moving && !vosfs_data_served(d->inode);
	spin_unlock(&d->lock);
	return held;
}

/**
 * vosfs_gate_try_enter_served - enter to use the data at the storage domain
 * @d: of an inode that the caller has
 *
 * The caller waits for nothing but calls of the service before vosfs_gate_leave_served().
 *
 * Context: process.
 * Return: true. false: it is not served, or another task claims it.
 */
bool vosfs_gate_try_enter_served(struct vosfs_data *d)
{
	bool in;

	spin_lock(&d->lock);
	in = vosfs_data_served(d->inode) && !d->moving && !d->claims;
	if (in)
		d->using++;
	spin_unlock(&d->lock);
	if (in)
		lock_map_acquire_try(&d->served_map);
	return in;
}

/**
 * vosfs_gate_try_move - become the mover, if no task uses the data
 * @d: of an inode that the caller has
 *
 * Context: process.
 * Return: true, and vosfs_gate_moved() follows.
 */
bool vosfs_gate_try_move(struct vosfs_data *d)
{
	bool alone;

	spin_lock(&d->lock);
	alone = !d->using && !d->moving && !d->claims;
	if (alone)
		d->moving = true;
	spin_unlock(&d->lock);
	if (alone)
		lock_map_acquire_try(&d->dep_map);
	return alone;
}

static void end_move(struct vosfs_data *d, unsigned int stay)
{
	lockdep_assert_held_write(d);
	lock_map_release(&d->dep_map);
	spin_lock(&d->lock);
	WARN_ON_ONCE(!d->moving || d->using);
	d->moving = false;
	d->using = stay;
	spin_unlock(&d->lock);
	wake_up_all(&d->wait);
}

/**
 * vosfs_gate_moved - end a move
 * @d: of an inode; the caller is the mover, and has changed sides or could not
 *
 * Context: process.
 */
void vosfs_gate_moved(struct vosfs_data *d)
{
	end_move(d, 0);
}

/**
 * vosfs_gate_moved_in - end a move, and be in
 * @d: of an inode; the caller is the mover, and has taken the data back
 *
 * Context: process.
 */
void vosfs_gate_moved_in(struct vosfs_data *d)
{
	WARN_ON_ONCE(vosfs_data_served(d->inode));
	end_move(d, 1);
	lock_map_acquire_tryread(&d->dep_map);
}

static void leave(struct vosfs_data *d)
{
	bool wake;

	spin_lock(&d->lock);
	WARN_ON_ONCE(!d->using);
	wake = !--d->using && d->claims;
	spin_unlock(&d->lock);
	if (wake)
		wake_up_all(&d->wait);
}

/**
 * vosfs_gate_leave - leave after vosfs_gate_enter() or vosfs_gate_moved_in()
 * @d: of the inode
 *
 * Context: process.
 */
void vosfs_gate_leave(struct vosfs_data *d)
{
	lock_map_release(&d->dep_map);
	leave(d);
}

/**
 * vosfs_gate_leave_served - leave after vosfs_gate_try_enter_served()
 * @d: of the inode
 *
 * Context: process.
 */
void vosfs_gate_leave_served(struct vosfs_data *d)
{
	lock_map_release(&d->served_map);
	leave(d);
}

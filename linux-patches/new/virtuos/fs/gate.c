// SPDX-License-Identifier: GPL-2.0
/*
 * The gate of an inode's data: who may use it now, and on which side.
 *
 * Data that is held (data.c) may be used by as many as like; data that is served, by those
 * who read and write at the storage domain, until somebody claims it: then no more of these
 * are let in, and when the last has left, one of the claimants moves it. The other way, from
 * held to served, is only ever tried: it is for speed.
 *
 * So what a claimant waits for is calls of the service that are under way: who uses served
 * data waits for nothing else while he is in, neither for user memory nor for locks.
 * Who uses held data may wait for what he likes (the inode's lock, folios), for nobody
 * waits for him here. All waits end with a fatal signal.
 *
 * Invariant: FUSE_I_SERVED is changed only by the one who moves, while nobody is in. Who
 * touches pages of a file is in and has seen the bit clear.
 */
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include "data.h"

/* One class for all inodes: nobody is in two gates at once. */
static struct lock_class_key gate_key, served_key;

void vosfs_gate_init(struct vosfs_data *d)
{
	init_waitqueue_head(&d->wait);
	lockdep_init_map(&d->dep_map, "vosfs_gate", &gate_key, 0);
	lockdep_init_map(&d->served_map, "vosfs_gate_served", &served_key, 0);
}

/* Is it decided: are we in, or the one who moves? */
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
 * vosfs_gate_enter - to use the data here
 * @d: of an inode that the caller has
 *
 * Who is in already may enter again.
 *
 * Return: 0 it is held, and vosfs_gate_leave() follows;
 * VOSFS_GATE_MOVE it is served, the caller is to take it back, and vosfs_gate_moved() or
 * vosfs_gate_moved_in() follows; -EINTR killed.
 */
int vosfs_gate_enter(struct vosfs_data *d)
{
	int rc;

	might_sleep();
	/* We may have to wait for those who use served data. */
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
 * vosfs_gate_try_enter_served - to use the data at the storage domain
 * @d: of an inode that the caller has
 *
 * The caller waits for nothing but calls of the service before vosfs_gate_leave_served().
 *
 * Return: false if it is not served, or somebody wants it held.
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
 * vosfs_gate_try_move - to change sides, if nobody uses the data
 * @d: of an inode that the caller has
 *
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

/* The caller has changed sides, or could not. */
void vosfs_gate_moved(struct vosfs_data *d)
{
	end_move(d, 0);
}

/* The caller has taken the data back, and is in. */
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

/* The end of vosfs_gate_enter() or vosfs_gate_moved_in(). */
void vosfs_gate_leave(struct vosfs_data *d)
{
	lock_map_release(&d->dep_map);
	leave(d);
}

/* The end of vosfs_gate_try_enter_served(). */
void vosfs_gate_leave_served(struct vosfs_data *d)
{
	lock_map_release(&d->served_map);
	leave(d);
}

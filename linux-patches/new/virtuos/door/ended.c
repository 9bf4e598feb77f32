// SPDX-License-Identifier: GPL-2.0
/*
 * The position of a file that a process has moved, and that ended in the midst of its write.
 * Nothing holds SIGKILL back (hooks.c), and a thread may end its process while others write. A
 * system call would have written its record, or not begun.
 *
 * So a thread claims what it reserves in the channel's head, before it moves the position, and
 * takes back what it has submitted (claim.pml). The service carries that out before it closes
 * the channel. One thread of a process at a time reserves and submits. So no record that is
 * submitted follows one that is not.
 *
 * The claim of a thread that has not moved the position yet may name the end of what another
 * process has written meanwhile. So nothing moves back from where the kernel gave it out.
 *
 * The process may claim anything. It may move its position anywhere, too.
 */
#include <linux/fs.h>
#include "door_priv.h"

/**
 * vdoor_handle_is_written - test whether a thread says that it writes through a handle
 * @h: the handle
 *
 * Context: any.
 * Return: true if so.
 */
bool vdoor_handle_is_written(const struct vdoor_handle *h)
{
	const struct vdoor_uchan *uc = h->uchan;
	u64 name = VOS_WRITING(vdoor_handle_slot(h), h->gen);
	u32 i;

	for (i = 0; i < uc->nr_lanes; i++)
		if (vos_load(&uc->head->writing[i]) == name)
			return true;
	return false;
}

/**
 * vdoor_ended_give_back - move a position back over what an ended process did not write
 * @h: a handle of its door, whose position has just been fetched
 *
 * Context: the file stands; the door's lock and that of the attached handles are held.
 */
void vdoor_ended_give_back(struct vdoor_handle *h)
{
	const struct vos_uchan_head __peer *head = h->uchan->head;
	u64 name = VOS_WRITING(vdoor_handle_slot(h), h->gen);
	u32 i;

	lockdep_assert_held(&h->uchan->door->lock);
	for (i = 0; i < h->uchan->nr_lanes; i++) {
		u64 untrusted_from = vos_load(&head->from[i]);
		u64 untrusted_till = vos_load(&head->till[i]);

		if (vos_load(&head->writing[i]) == name && untrusted_from < untrusted_till &&
		    (u64)h->file->f_pos == untrusted_till && h->file->f_pos != h->given)
			h->file->f_pos = untrusted_from;
	}
}

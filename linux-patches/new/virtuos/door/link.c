// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to user channels when their link dies. Their words are taken back, and processes
 * are told to ask for a new channel.
 *
 * ../core/link.c calls this through struct vos_door_ops.
 */
#include "door_priv.h"

static void lose(struct vdoor_uchan *uc)
{
	struct vdoor *door = uc->door;
	unsigned long flags;
	bool current_one;

	vdoor_revoke_all(door, uc->service);
	spin_lock_irqsave(&door->lock, flags);
	current_one = door->uchan[uc->service] == uc;
	if (current_one) {
		door->epoch[uc->service]++;
		WRITE_ONCE(door->state->epoch[uc->service], door->epoch[uc->service]);
	}
	spin_unlock_irqrestore(&door->lock, flags);
	/* The process may end before the service is back. */
	if (vdoor_uchan_has_log(uc) && !xchg(&uc->kept, true))
		vdoor_uchan_get(uc);
}

/**
 * vdoor_link_dead - take the channels of a dead link from their doors
 * @link: it has just died, and its calls have ended
 *
 * Context: process.
 */
void vdoor_link_dead(struct vos_link *link)
{
	struct vdoor_uchan *uc = NULL;

	vdoor_uchan_events(link);
	while ((uc = vdoor_uchan_next(link->session, uc)))
		if (uc->link == link)
			lose(uc);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A link's last reference, and its failure. The work that follows is in link.c and in
 * xenbus.c.
 */
#include "core_priv.h"

/* The last reference may go in an interrupt; pages are unmapped in a thread. */
void vos_link_release(struct kref *ref)
{
	struct vos_link *link = container_of(ref, struct vos_link, ref);

	queue_work(vos_wq, &link->free_work);
}

/*
 * vos_link_fail - have @link killed by a thread
 * @why: what dom0 is told
 * Any context. Return: false: it has failed already.
 */
bool vos_link_fail(struct vos_link *link, const char *why)
{
	if (cmpxchg(&link->failure, NULL, why))
		return false;
	vos_link_get(link);
	queue_work(vos_wq, &link->kill_work);
	return true;
}

/*
 * vos_link_violation - the peer broke the protocol: retire the connection
 * @what: for the log
 * Any context, also under the channel's lock.
 */
void vos_link_violation(struct vos_link *link, const char *what)
{
	if (vos_link_fail(link, "violation"))
		pr_err_ratelimited("virtuos: %s: protocol violation (%s), connection closed\n",
				   link->session->name, what);
}

// SPDX-License-Identifier: GPL-2.0
/* A link's last reference, and its failure. The work that follows is in link.c and in xenbus.c. */
#include "core_priv.h"

/**
 * vos_link_release - free a link, for kref_put()
 * @ref: the link's
 *
 * The last reference may go in an interrupt, and pages are unmapped in a thread. So a work item
 * frees the link.
 *
 * Context: any.
 */
void vos_link_release(struct kref *ref)
{
	struct vos_link *link = container_of(ref, struct vos_link, ref);

	queue_work(vos_wq, &link->free_work);
}

/**
 * vos_link_fail - have a thread kill a link
 * @link: the link
 * @why: sent to dom0
 *
 * Context: any.
 * Return: true. false: it has failed already.
 */
bool vos_link_fail(struct vos_link *link, const char *why)
{
	if (cmpxchg(&link->failure, NULL, why))
		return false;
	vos_link_get(link);
	queue_work(vos_wq, &link->kill_work);
	return true;
}

/**
 * vos_link_violation - end the connection of a peer that broke the protocol
 * @link: the connection's link
 * @what: for the log
 *
 * Context: any, also under the channel's lock.
 */
void vos_link_violation(struct vos_link *link, const char *what)
{
	if (vos_link_fail(link, "violation"))
		pr_err_ratelimited("virtuos: %s: protocol violation (%s), connection closed\n",
				   link->session->name, what);
}

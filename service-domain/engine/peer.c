// SPDX-License-Identifier: GPL-2.0
/*
 * The number of connected primaries, and the end of one that violates the protocol.
 */
#include "engine_priv.h"

atomic_t veng_nr_conns;

/* Does this domain serve one primary only? */
bool veng_conn_alone(void)
{
	return atomic_read(&veng_nr_conns) == 1;
}

/*
 * veng_conn_violation - the primary broke the protocol: consume nothing more
 * @what: for the log
 * Any context.
 */
void veng_conn_violation(struct veng_conn *conn, const char *what)
{
	if (xchg(&conn->broken, true))
		return;
	pr_err("virtuos: domain %u: protocol violation (%s), connection closed\n",
	       conn->domid, what);
	schedule_work(&conn->broken_work);
}

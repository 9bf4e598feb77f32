// SPDX-License-Identifier: GPL-2.0
/*
 * The number of connected primaries, and the end of one that violates the protocol.
 */
#include "engine_priv.h"

atomic_t veng_nr_conns;

/**
 * veng_conn_alone - tell whether this domain serves one primary only
 *
 * Context: any.
 * Return: true if so.
 */
bool veng_conn_alone(void)
{
	return atomic_read(&veng_nr_conns) == 1;
}

/**
 * veng_conn_violation - consume nothing more from a primary that broke the protocol
 * @conn: the connection
 * @what: for the log
 *
 * Context: any.
 */
void veng_conn_violation(struct veng_conn *conn, const char *what)
{
	if (xchg(&conn->broken, true))
		return;
	pr_err("virtuos: domain %u: protocol violation (%s), connection closed\n",
	       conn->domid, what);
	schedule_work(&conn->broken_work);
}

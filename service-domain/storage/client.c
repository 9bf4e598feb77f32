// SPDX-License-Identifier: GPL-2.0
/* The beginning and end of what is kept of one primary: its nodes. */
#include "vst.h"

/**
 * vst_conn_init - prepare the table and the lists of a primary
 * @conn: zeroed
 */
void vst_conn_init(struct vst_conn *conn)
{
	spin_lock_init(&conn->lock);
	hash_init(conn->table);
	INIT_LIST_HEAD(&conn->lru);
	INIT_LIST_HEAD(&conn->orphans);
	INIT_LIST_HEAD(&conn->handles);
}

/**
 * vst_conn_mounted - note that a client begins, whose requests are numbered anew
 * @conn: of a primary that has nothing of the file system in use
 *
 * Context: process.
 */
void vst_conn_mounted(struct vst_conn *conn)
{
	struct vst_node *node;
	int i;

	spin_lock(&conn->lock);
	hash_for_each(conn->table, i, node, hash)
		node->had_at = 0;
	spin_unlock(&conn->lock);
}

static void drop_all(struct list_head *list)
{
	struct vst_node *node, *next;

	list_for_each_entry_safe(node, next, list, lru) {
		hash_del(&node->hash);
		list_del_init(&node->lru);
		vst_node_put(node);
	}
}

/**
 * vst_conn_exit - put all nodes of a primary
 * @conn: all requests have ended
 *
 * Context: process.
 */
void vst_conn_exit(struct vst_conn *conn)
{
	drop_all(&conn->lru);
	drop_all(&conn->orphans);
}

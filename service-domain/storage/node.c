// SPDX-License-Identifier: GPL-2.0
/*
 * The cache of nodes. It maps ids (id.c) to dentries and open files. A node that is not in it is
 * found by file handle, as by an NFS server. An unlinked inode must not leave the cache before the
 * client forgets it, for nothing else keeps it alive. The cache does not follow the client's lookup
 * counts: if a lookup can find a name again, the node's handle finds it. Instead it notes when the
 * client got the node last. A FORGET that the client made before then is of an inode that it had
 * earlier.
 *
 * An id may be any number. It leads to nothing outside the export, which is all of its file
 * system or subvolume. It does not lead to the directory of unlinked files (orphan.c). It does lead
 * to the files there, since they may be open.
 *
 * Invariant: a hashed node is on exactly one of conn->lru and conn->orphans.
 */
#include <linux/file.h>
#include <linux/slab.h>
#include "vst.h"

static bool is_orphan(const struct vst_node *node)
{
	return !d_inode(node->dentry)->i_nlink;
}

static void node_free(struct vst_node *node)
{
	if (node->file)
		fput(node->file);
	if (node->quiet_file)
		fput(node->quiet_file);
	dput(node->dentry);
	kfree(node);
}

/**
 * vst_node_put - drop a reference to a node; the last one frees it
 * @node: the node
 *
 * Context: process.
 */
void vst_node_put(struct vst_node *node)
{
	if (refcount_dec_and_test(&node->ref))
		node_free(node);
}

/* Take over the reference on @dentry, on error too. Return: a node, not hashed, or NULL. */
static struct vst_node *node_new(u64 id, struct dentry *dentry)
{
	struct vst_node *node = kzalloc(sizeof(*node), GFP_KERNEL);

	if (!node) {
		dput(dentry);
		return NULL;
	}
	node->id = id;
	node->dentry = dentry;
	refcount_set(&node->ref, 1);
	INIT_LIST_HEAD(&node->lru);
	mutex_init(&node->write_mutex);
	return node;
}

static struct vst_node *find(struct vst_conn *conn, u64 id)
{
	struct vst_node *node;

	lockdep_assert_held(&conn->lock);
	hash_for_each_possible(conn->table, node, hash, id)
		if (node->id == id)
			return node;
	return NULL;
}

/* The caller puts the table's reference afterwards. */
static void unhash(struct vst_conn *conn, struct vst_node *node)
{
	lockdep_assert_held(&conn->lock);
	hash_del(&node->hash);
	list_del_init(&node->lru);
	node->hashed = false;
	if (!node->kept)
		conn->nr_lru--;
}

/* Move a hashed node to the orphans. */
static void keep(struct vst_conn *conn, struct vst_node *node)
{
	lockdep_assert_held(&conn->lock);
	if (node->kept)
		return;
	list_move(&node->lru, &conn->orphans);
	node->kept = true;
	conn->nr_lru--;
}

/* Make room. Return: a node to put, or NULL. */
static struct vst_node *evict_one(struct vst_conn *conn)
{
	struct vst_node *node;

	lockdep_assert_held(&conn->lock);
	while (conn->nr_lru > READ_ONCE(vst_max_nodes)) {
		node = list_last_entry(&conn->lru, struct vst_node, lru);
		if (!is_orphan(node) && !node->handles) {
			unhash(conn, node);
			return node;
		}
		keep(conn, node);
	}
	return NULL;
}

/* Put @node into the table, with a reference of its own. */
static void hash_in(struct vst_conn *conn, struct vst_node *node)
{
	lockdep_assert_held(&conn->lock);
	refcount_inc(&node->ref);
	hash_add(conn->table, &node->hash, node->id);
	list_add(&node->lru, &conn->lru);
	conn->nr_lru++;
	node->hashed = true;
	node->kept = false;
}

/* Note that @node has been used. */
static void touch(struct vst_conn *conn, struct vst_node *node)
{
	lockdep_assert_held(&conn->lock);
	if (!node->kept)
		list_move(&node->lru, &conn->lru);
}

static struct vst_node *lookup(struct vst_conn *conn, u64 id)
{
	struct vst_node *node;

	spin_lock(&conn->lock);
	node = find(conn, id);
	if (node) {
		refcount_inc(&node->ref);
		touch(conn, node);
	}
	spin_unlock(&conn->lock);
	return node;
}

/* Put @node into the table. If its id has a node there already, use that one. */
static struct vst_node *insert(struct vst_conn *conn, struct vst_node *node)
{
	struct vst_node *other, *evicted;

	spin_lock(&conn->lock);
	other = find(conn, node->id);
	if (other)
		refcount_inc(&other->ref);
	else
		hash_in(conn, node);
	evicted = evict_one(conn);
	spin_unlock(&conn->lock);

	if (evicted)
		vst_node_put(evicted);
	if (!other)
		return node;
	vst_node_put(node);
	return other;
}

/**
 * vst_node_get - find or make the node with an id
 * @conn: of the client that asks
 * @id: untrusted
 *
 * Context: process.
 * Return: the node with a reference, or ERR_PTR(-ESTALE, -ENOMEM, ...).
 */
struct vst_node *vst_node_get(struct vst_conn *conn, u64 id)
{
	struct vst_node *node = lookup(conn, id);
	struct dentry *dentry;

	if (node)
		return node;
	dentry = id == FUSE_ROOT_ID ? dget(vst_root.dentry) : vst_id_find(id);
	if (IS_ERR(dentry))
		return ERR_CAST(dentry);
	node = node_new(id, dentry);
	return node ? insert(conn, node) : ERR_PTR(-ENOMEM);
}

/**
 * vst_node_get_dir - find or make the node of a directory
 * @conn: of the client that asks
 * @id: untrusted
 *
 * Context: process.
 * Return: the node with a reference, or ERR_PTR(), -ENOTDIR among others.
 */
struct vst_node *vst_node_get_dir(struct vst_conn *conn, u64 id)
{
	struct vst_node *node = vst_node_get(conn, id);

	if (IS_ERR(node) || d_is_dir(node->dentry))
		return node;
	vst_node_put(node);
	return ERR_PTR(-ENOTDIR);
}

/**
 * vst_node_of - find or make the node of an inode
 * @conn: of the client that will use it
 * @dentry: positive; no reference is taken over
 *
 * Context: process.
 * Return: the node with a reference, or NULL without memory.
 */
struct vst_node *vst_node_of(struct vst_conn *conn, struct dentry *dentry)
{
	u64 id = vst_id_of(d_inode(dentry));
	struct vst_node *node = lookup(conn, id);

	if (node)
		return node;
	node = node_new(id, dget(dentry));
	return node ? insert(conn, node) : NULL;
}

/**
 * vst_number - get the client's number of a request, in the order in which it made them
 * @r: request
 *
 * Context: any.
 * Return: the number.
 */
u64 vst_number(const struct vst_req *r)
{
	return r->in.unique & ~FUSE_UNIQUE_RESEND;
}

/* The numbers of requests that run at the same time come in any order. */
static void note_given(const struct vst_req *r, struct vst_node *node)
{
	lockdep_assert_held(&r->conn->lock);
	node->had_at = max(node->had_at, vst_number(r));
}

/**
 * vst_node_given - note that the client has a node after a request
 * @r: the request
 * @node: held by the caller
 *
 * Context: process.
 */
void vst_node_given(const struct vst_req *r, struct vst_node *node)
{
	spin_lock(&r->conn->lock);
	note_given(r, node);
	spin_unlock(&r->conn->lock);
}

/**
 * vst_node_keep - keep a node that has lost its last name that clients see
 * @r: request that took the name; its client may have the node open
 * @node: held by the caller; nothing happens if it has a name
 *
 * Context: process.
 */
void vst_node_keep(const struct vst_req *r, struct vst_node *node)
{
	struct vst_conn *conn = r->conn;

	if (!is_orphan(node) && !vst_kept_links(d_inode(node->dentry)))
		return;
	spin_lock(&conn->lock);
	/* Another task may have evicted it since the caller got it. */
	if (!node->hashed && !find(conn, node->id))
		hash_in(conn, node);
	if (node->hashed)
		keep(conn, node);
	note_given(r, node);
	spin_unlock(&conn->lock);
}

/**
 * vst_node_forget - take a node out of the table, which the client has dropped
 * @conn: that client
 * @id: untrusted
 * @at: when the client dropped it, in numbers of requests; untrusted
 *
 * Context: process.
 * Return: false if the client has got the node again since, so that nothing was done.
 */
bool vst_node_forget(struct vst_conn *conn, u64 id, u64 at)
{
	struct vst_node *node;
	bool again;

	spin_lock(&conn->lock);
	node = find(conn, id);
	again = node && node->had_at > at;
	if (node && !again)
		unhash(conn, node);
	spin_unlock(&conn->lock);
	if (node && !again)
		vst_node_put(node);
	return !again;
}

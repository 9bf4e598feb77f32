// SPDX-License-Identifier: GPL-2.0
/*
 * Files that have no capabilities (security.capability). The kernel asks at every exec and
 * before the first write to a file, and nearly none has any. Only this client sets
 * capabilities. So an answer of the service is kept until this client asks it to set some.
 * A file that was made just now has none.
 *
 * Invariant: a node is in the table only if no change of its capabilities was begun since the
 * question was put to the service.
 */
#include <linux/hash.h>
#include <linux/slab.h>
#include <linux/xattr.h>
#include "opcode.h"
#include "vosfs.h"

#define BITS	12

/*
 * struct vosfs_caps - nodes of a connection without capabilities
 * @lock: for all of it
 * @changes: how many times any node's may have changed
 * @node: by a hash, one place for each node; 0: none, or not known
 */
struct vosfs_caps {
	spinlock_t lock;	/* all fields */
	u32 changes;
	u64 node[1 << BITS];
};

/**
 * vosfs_caps_new - make an empty table
 *
 * Context: process.
 * Return: the table or NULL.
 */
struct vosfs_caps *vosfs_caps_new(void)
{
	struct vosfs_caps *caps = kvzalloc(sizeof(*caps), GFP_KERNEL);

	if (caps)
		spin_lock_init(&caps->lock);
	return caps;
}

/**
 * vosfs_caps_free - free a table
 * @caps: the table, or NULL
 */
void vosfs_caps_free(struct vosfs_caps *caps)
{
	kvfree(caps);
}

static u64 *place_of(struct vosfs_caps *caps, u64 node)
{
	return &caps->node[hash_64(node, BITS)];
}

/* Test whether a request does @what (VOSFS_*) with a node's capabilities. */
static bool does(const struct fuse_req *req, u8 what)
{
	const struct vosfs_opcode *op = vosfs_opcode(req->in.h.opcode);

	return op->flags & what &&
	       !strcmp(req->args->in_args[op->name_arg].value, XATTR_NAME_CAPS);
}

static void forget(struct vosfs_caps *caps, u64 node)
{
	u64 *p = place_of(caps, node);

	spin_lock(&caps->lock);
	caps->changes++;
	if (*p == node)
		WRITE_ONCE(*p, 0);
	spin_unlock(&caps->lock);
}

/**
 * vosfs_caps_before - test whether the answer to a request is known
 * @caps: of the connection
 * @req: the request, not sent yet
 * @since: filled, for vosfs_caps_after()
 *
 * Context: process.
 * Return: true: the request need not be sent, the answer is -ENODATA.
 */
bool vosfs_caps_before(struct vosfs_caps *caps, const struct fuse_req *req, u32 *since)
{
	u64 node = req->in.h.nodeid;

	*since = READ_ONCE(caps->changes);
	/* A change that was begun before is seen, or no caller has its answer yet. */
	smp_mb();
	if (does(req, VOSFS_SETS_XATTR))
		forget(caps, node);
	return does(req, VOSFS_ASKS_XATTR) && READ_ONCE(*place_of(caps, node)) == node;
}

/**
 * vosfs_caps_after - note an answer of the service
 * @caps: of the connection
 * @req: the request that was answered
 * @since: as vosfs_caps_before() filled it
 * @err: the answer
 *
 * Context: process.
 */
void vosfs_caps_after(struct vosfs_caps *caps, const struct fuse_req *req, u32 since, int err)
{
	u64 node = req->in.h.nodeid;

	if (does(req, VOSFS_SETS_XATTR))
		forget(caps, node);
	if (!err && req->in.h.opcode == FUSE_MKNOD)
		node = ((struct fuse_entry_out *)req->args->out_args[0].value)->nodeid;
	else if (err != -ENODATA || !does(req, VOSFS_ASKS_XATTR))
		return;
	spin_lock(&caps->lock);
	if (caps->changes == since)
		WRITE_ONCE(*place_of(caps, node), node);
	spin_unlock(&caps->lock);
}

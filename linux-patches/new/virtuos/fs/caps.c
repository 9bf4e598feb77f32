// SPDX-License-Identifier: GPL-2.0
/*
 * Files that have no capabilities (security.capability): the kernel asks at every exec
 * and before the first write to a file, and nearly none has. What the service has
 * answered is kept, for as long as nobody asks it to set any; only this client does.
 *
 * Invariant: a node is in the table only if no change of its capabilities was begun
 * since the question was put to the service.
 */
#include <linux/hash.h>
#include <linux/slab.h>
#include <linux/xattr.h>
#include "opcode.h"
#include "vosfs.h"

#define BITS	12

/*
 * struct vosfs_caps - nodes of a connection without capabilities
 * @changes: how many times any node's may have changed
 * @node: 0: none, or not known; a node's only place is by its hash
 */
struct vosfs_caps {
	spinlock_t lock;	/* of all of it */
	u32 changes;
	u64 node[1 << BITS];
};

struct vosfs_caps *vosfs_caps_new(void)
{
	struct vosfs_caps *caps = kvzalloc(sizeof(*caps), GFP_KERNEL);

	if (caps)
		spin_lock_init(&caps->lock);
	return caps;
}

void vosfs_caps_free(struct vosfs_caps *caps)
{
	kvfree(caps);
}

static u64 *place_of(struct vosfs_caps *caps, u64 node)
{
	return &caps->node[hash_64(node, BITS)];
}

/* Does a request do that (VOSFS_*) with a node's capabilities? */
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
 * vosfs_caps_before - a request is about to be sent
 * @caps: of the connection
 * @req: the request
 * @since: for vosfs_caps_after()
 *
 * Return: true if it need not be: the answer is -ENODATA.
 */
bool vosfs_caps_before(struct vosfs_caps *caps, const struct fuse_req *req, u32 *since)
{
	u64 node = req->in.h.nodeid;

	*since = READ_ONCE(caps->changes);
	/* What was begun before is seen, or has not been answered to anybody. */
	smp_mb();
	if (does(req, VOSFS_SETS_XATTR))
		forget(caps, node);
	return does(req, VOSFS_ASKS_XATTR) && READ_ONCE(*place_of(caps, node)) == node;
}

/**
 * vosfs_caps_after - the service has answered
 * @caps: of the connection
 * @req: the request that was answered
 * @since: what vosfs_caps_before() gave
 * @err: what
 */
void vosfs_caps_after(struct vosfs_caps *caps, const struct fuse_req *req, u32 since, int err)
{
	u64 node = req->in.h.nodeid;

	if (does(req, VOSFS_SETS_XATTR))
		forget(caps, node);
	if (err != -ENODATA || !does(req, VOSFS_ASKS_XATTR))
		return;
	spin_lock(&caps->lock);
	if (caps->changes == since)
		WRITE_ONCE(*place_of(caps, node), node);
	spin_unlock(&caps->lock);
}

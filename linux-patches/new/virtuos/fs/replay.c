// SPDX-License-Identifier: GPL-2.0
/*
 * Writes that a storage domain took through the exceptionless door and lost. They are sent to
 * its successor before other callers may use the link.
 */
#include "vosfs.h"

#define REPLAY_CHUNK	65536u

static int write_chunk(struct vos_session *s, u64 node, u64 pos, const void __peer *data, u32 len,
		       u32 flags)
{
	struct fuse_in_header ih = {
		.len = sizeof(ih) + sizeof(struct fuse_write_in) + len,
		.opcode = FUSE_WRITE,
		.unique = 2,
		.nodeid = node,
	};
	struct fuse_write_in in = { .offset = pos, .size = len, .write_flags = flags };
	struct fuse_write_out out;
	struct fuse_out_header oh;
	struct vos_call *call;
	u8 __peer *to;
	int rc;

	call = vos_call_get(s, ih.len, sizeof(oh) + sizeof(struct fuse_write_out),
			    VOS_GET_RECOVERY | VOS_GET_NOCRED | VOS_GET_KILLABLE);
	if (IS_ERR(call))
		return -ENOTCONN;
	to = call->data[0];
	vos_peer_write(to, &ih, sizeof(ih));
	vos_peer_write(to + sizeof(ih), &in, sizeof(in));
	/* The source and the target are shared memory. The kernel does not interpret the data. */
	vos_peer_write(to + sizeof(ih) + sizeof(in), vos_peer_ptr(data), len);
	call->sqe.opcode = VOS_OP_FUSE;
	rc = vos_call(call);
	if (rc == -EINTR)
		return -ENOTCONN;
	if (rc)
		rc = -ENOTCONN;
	else if (call->cqe.result < 0)
		rc = max_t(s64, call->cqe.result, -MAX_ERRNO);
	if (!rc) {
		/* Only private copies are checked. A write of less than all is a loss, too. */
		vos_peer_read(&oh, call->data[1], sizeof(oh));
		vos_peer_read(&out, call->data[1] + sizeof(oh), sizeof(out));
		barrier();
		rc = oh.error < 0 && oh.error >= -MAX_ERRNO ? oh.error : 0;
		if (!rc && out.size != len)
			rc = -EIO;
	}
	vos_call_put(call);
	return rc;
}

/**
 * vosfs_replay_write - write data that was lost
 * @node: the file's
 * @pos: where to
 * @data: in shared memory
 * @len: bytes
 * @kill_privs: take privileges from the file
 *
 * See vdoor_provider.replay.
 *
 * Context: the session's thread.
 * Return: 0 or -errno. -ENOTCONN: the successor has died.
 */
int vosfs_replay_write(u64 node, u64 pos, const void __peer *data, u32 len, bool kill_privs)
{
	u32 flags = kill_privs ? FUSE_WRITE_KILL_SUIDGID : 0;
	struct vos_session *s = vosfs_provider_session();
	int rc = s ? 0 : -ENOTCONN;

	while (!rc && len) {
		u32 n = min(len, REPLAY_CHUNK);

		rc = write_chunk(s, node, pos, data, n, flags);
		pos += n;
		data += n;
		len -= n;
	}
	return rc;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Requests out of shared memory, and replies into it.
 *
 * Invariant: what is checked is a private copy. vst_arg() and vst_string() take the body piece
 * by piece, and never go past its end. The reply's room is only written.
 */
#include <linux/slab.h>
#include "vst.h"

/* The data of a WRITE stays where it is, for it needs no check. */
static u32 private_len(const struct fuse_in_header *in, u32 len)
{
	if (in->opcode == FUSE_WRITE)
		return min_t(u32, len, sizeof(struct fuse_write_in));
	return len;
}

static int copy_body(struct vst_req *r, const u8 __peer *untrusted, u32 len)
{
	u8 *body = r->small;

	if (len > VST_MAX_BODY)
		return -E2BIG;
	if (len > sizeof(r->small)) {
		body = kvmalloc(len, GFP_KERNEL);
		if (!body)
			return -ENOMEM;
	}
	vos_peer_read(body, untrusted, len);
	r->body = body;
	r->body_len = len;
	return 0;
}

/**
 * vst_req_begin - copy a request out of its call
 * @r: to be filled
 * @call: the call, of any content
 *
 * Context: worker.
 * Return: 0, then vst_req_end() must follow; or the result of the call.
 */
int vst_req_begin(struct vst_req *r, struct veng_scall *call)
{
	u32 len = call->sqe.ext[0].len;

	r->call = call;
	r->conn = veng_conn_priv(call->conn);
	r->pos = 0;
	r->out_len = 0;
	r->out = NULL;
	r->room = 0;
	r->replay = call->sqe.flags & VOS_SQE_REPLAY;
	if (len < sizeof(r->in))
		return -EINVAL;
	vos_peer_read(&r->in, call->in[0], sizeof(r->in));
	/* Check and use only the copy from here on. */
	barrier();
	if (r->in.len != len)
		return -EINVAL;
	if (call->sqe.ext[1].len) {
		if (call->sqe.ext[1].len < sizeof(struct fuse_out_header))
			return -EINVAL;
		r->out = call->out[1] + sizeof(struct fuse_out_header);
		r->room = call->sqe.ext[1].len - sizeof(struct fuse_out_header);
	}
	len -= sizeof(r->in);
	return copy_body(r, call->in[0] + sizeof(r->in), private_len(&r->in, len));
}

/**
 * vst_req_end - write the reply's header and free what the request held
 * @r: request
 * @err: 0 or the error of the request
 *
 * Context: worker.
 * Return: the call's result.
 */
s64 vst_req_end(struct vst_req *r, int err)
{
	struct fuse_out_header oh = {
		.len = sizeof(oh) + (err ? 0 : r->out_len),
		.error = err,
		.unique = r->in.unique,
	};

	if (r->body != r->small)
		kvfree(r->body);
	if (!r->out)
		return err;
	vos_peer_write(r->call->out[1], &oh, sizeof(oh));
	return oh.len;
}

/**
 * vst_arg - take the next @len bytes of the body
 * @r: request
 * @len: number of bytes
 *
 * Context: any.
 * Return: private memory, aligned to 8 if all taken so far was; NULL: too short.
 */
const void *vst_arg(struct vst_req *r, u32 len)
{
	const void *arg = r->body + r->pos;

	if (len > r->body_len - r->pos)
		return NULL;
	r->pos += len;
	return arg;
}

/**
 * vst_string - take a terminated string
 * @r: request
 *
 * Context: any.
 * Return: the string; NULL: it has no terminator.
 */
const char *vst_string(struct vst_req *r)
{
	u32 left = r->body_len - r->pos;
	size_t len = strnlen(r->body + r->pos, left);

	return len < left ? vst_arg(r, len + 1) : NULL;
}

/**
 * vst_name - take a name of a directory entry
 * @r: request
 *
 * Context: any.
 * Return: the name, not empty, without a slash; or NULL.
 */
const char *vst_name(struct vst_req *r)
{
	const char *name = vst_string(r);

	return name && *name && !strchr(name, '/') ? name : NULL;
}

/**
 * vst_reply - append to the reply
 * @r: request
 * @data: private memory
 * @len: bytes
 *
 * Context: any.
 * Return: 0, or -EINVAL: the client left no room for its own reply.
 */
int vst_reply(struct vst_req *r, const void *data, u32 len)
{
	if (len > r->room - r->out_len)
		return -EINVAL;
	vos_peer_write(r->out + r->out_len, data, len);
	r->out_len += len;
	return 0;
}

/**
 * vst_reply_ioctl - reply to an ioctl() that was carried out
 * @r: request
 * @data: what it hands out, private memory
 * @len: bytes; may be 0
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int vst_reply_ioctl(struct vst_req *r, const void *data, u32 len)
{
	const struct fuse_ioctl_out out = {};

	return vst_reply(r, &out, sizeof(out)) ?: len ? vst_reply(r, data, len) : 0;
}

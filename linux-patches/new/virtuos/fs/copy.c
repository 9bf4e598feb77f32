// SPDX-License-Identifier: GPL-2.0
/*
 * FUSE requests into calls, and answers out of them. Only this file and replay.c read what the
 * storage domain wrote.
 *
 * Invariant: the peer is hostile. Its header is copied once and checked against the request. No
 * length that it gives reaches beyond the call's own room or the request's own arguments.
 */
#include <linux/highmem.h>
#include "vosfs.h"

/* Test for an error that a system call may return. A service sends no others. */
static bool is_errno(s64 error)
{
	return error < 0 && error > -512;
}

/**
 * vosfs_in_len - get the length of a request as the service gets it
 * @req: the request; fuse_send_one() has set its length
 *
 * Return: bytes.
 */
u32 vosfs_in_len(const struct fuse_req *req)
{
	return req->in.h.len;
}

/**
 * vosfs_out_len - compute the room that a reply may need
 * @req: the request
 *
 * Return: bytes; 0: there is no reply.
 */
u32 vosfs_out_len(const struct fuse_req *req)
{
	struct fuse_args *args = req->args;

	if (!test_bit(FR_ISREPLY, &req->flags))
		return 0;
	return sizeof(struct fuse_out_header) + fuse_len_args(args->out_numargs, args->out_args);
}

static struct fuse_args_pages *pages_of(struct fuse_args *args)
{
	return container_of(args, struct fuse_args_pages, args);
}

/* Both variants of the union have the same layout of lengths. */
static_assert(sizeof(struct fuse_page_desc) == sizeof(struct fuse_folio_desc));

static void copy_from_part(u8 __peer *to, const struct fuse_args_pages *ap, unsigned int i, u32 len)
{
	if (ap->uses_folios)
		memcpy_from_folio(vos_peer_ptr(to), ap->folios[i], ap->folio_descs[i].offset, len);
	else
		memcpy_from_page(vos_peer_ptr(to), ap->pages[i], ap->descs[i].offset, len);
}

static void copy_to_part(const struct fuse_args_pages *ap, unsigned int i, const u8 __peer *from,
			 u32 len)
{
	if (ap->uses_folios)
		memcpy_to_folio(ap->folios[i], ap->folio_descs[i].offset, vos_peer_ptr(from),
				len);
	else
		memcpy_to_page(ap->pages[i], ap->descs[i].offset, vos_peer_ptr(from), len);
}

static void zero_part(const struct fuse_args_pages *ap, unsigned int i, u32 from)
{
	u32 len = ap->descs[i].length - from;

	if (ap->uses_folios)
		folio_zero_range(ap->folios[i], ap->folio_descs[i].offset + from, len);
	else
		memzero_page(ap->pages[i], ap->descs[i].offset + from, len);
}

static void copy_from_pages(u8 __peer *to, const struct fuse_args_pages *ap, u32 left)
{
	unsigned int i;

	for (i = 0; i < ap->num_pages && left; i++) {
		u32 len = min(ap->descs[i].length, left);

		copy_from_part(to, ap, i, len);
		to += len;
		left -= len;
	}
}

static void copy_to_pages(const struct fuse_args_pages *ap, const u8 __peer *from, u32 left)
{
	unsigned int i;

	for (i = 0; i < ap->num_pages; i++) {
		u32 len = min(ap->descs[i].length, left);

		if (len)
			copy_to_part(ap, i, from, len);
		if (ap->args.page_zeroing && len < ap->descs[i].length)
			zero_part(ap, i, len);
		from += len;
		left -= len;
	}
}

/**
 * vosfs_put_request - write a request into the call's first extent
 * @call: with at least vosfs_in_len() bytes there
 * @req: request, not sent yet
 *
 * Context: process; a spinlock may be held.
 */
void vosfs_put_request(struct vos_call *call, struct fuse_req *req)
{
	struct fuse_args *args = req->args;
	unsigned int i, n = args->in_numargs - args->in_pages;
	u8 __peer *to = call->data[0];

	vos_peer_write(to, &req->in.h, sizeof(req->in.h));
	to += sizeof(req->in.h);
	for (i = 0; i < n; i++) {
		vos_peer_write(to, args->in_args[i].value, args->in_args[i].size);
		to += args->in_args[i].size;
	}
	if (args->in_pages)
		copy_from_pages(to, pages_of(args), args->in_args[n].size);

	call->sqe.opcode = VOS_OP_FUSE;
	if (req->in.h.unique & FUSE_UNIQUE_RESEND)
		call->sqe.flags |= VOS_SQE_REPLAY;
	vosfs_count(VOSFS_BYTES_OUT, req->in.h.len);
	vosfs_count_request(req->in.h.opcode);
}

/* End the connection: no honest service sends such a reply. */
static int bad_reply(struct vos_call *call, const struct fuse_req *req, const char *what)
{
	vosfs_count(VOSFS_BAD_REPLIES, 1);
	pr_warn_ratelimited("virtuosfs: reply to opcode %u: %s\n", req->in.h.opcode, what);
	vos_call_violation(call, "reply");
	return -EIO;
}

/* Fit the last argument to the length of the reply. The other arguments must be whole. */
static int fit_args(struct fuse_args *args, u32 have)
{
	u32 want = fuse_len_args(args->out_numargs, args->out_args);
	struct fuse_arg *last;

	if (have == want)
		return 0;
	if (have > want || !args->out_argvar || !args->out_numargs)
		return -EIO;
	last = &args->out_args[args->out_numargs - 1];
	if (want - have > last->size)
		return -EIO;
	last->size -= want - have;
	return 0;
}

static void copy_reply(struct fuse_args *args, const u8 __peer *from)
{
	unsigned int i, n = args->out_numargs - args->out_pages;

	for (i = 0; i < n; i++) {
		vos_peer_read(args->out_args[i].value, from, args->out_args[i].size);
		from += args->out_args[i].size;
	}
	if (args->out_pages)
		copy_to_pages(pages_of(args), from, args->out_args[n].size);
}

/**
 * vosfs_copy_reply - check an answer and copy it to where the request wants it
 * @call: ended with status 0
 * @req: the request of the call
 *
 * Context: process.
 * Return: 0, or the error that the request ends with.
 */
int vosfs_copy_reply(struct vos_call *call, struct fuse_req *req)
{
	const u8 __peer *untrusted = call->data[1];
	s64 result = call->cqe.result;
	struct fuse_out_header oh;

	if (result < 0)
		return is_errno(result) ? result : bad_reply(call, req, "error of the call");
	if (!test_bit(FR_ISREPLY, &req->flags))
		return 0;
	if (result < sizeof(oh) || result > call->room[1].len)
		return bad_reply(call, req, "length of the call");
	vos_peer_read(&oh, untrusted, sizeof(oh));
	/* From here on only the copy is checked and used. */
	barrier();
	if (oh.len != result || oh.unique != req->in.h.unique)
		return bad_reply(call, req, "header");
	if (oh.error) {
		if (!is_errno(oh.error) || oh.len != sizeof(oh))
			return bad_reply(call, req, "error");
		return oh.error;
	}
	if (fit_args(req->args, oh.len - sizeof(oh)))
		return bad_reply(call, req, "length");
	copy_reply(req->args, untrusted + sizeof(oh));
	vosfs_count(VOSFS_BYTES_IN, oh.len);
	return 0;
}

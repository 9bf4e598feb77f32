// SPDX-License-Identifier: MIT
/*
 * Sends that are posted: handed to the service, whose answer nobody waits for. It is
 * known: the service has said for how many bytes there is room, and takes them whole.
 * An error that it meets is for the next call, as if it had come after the bytes.
 *
 * The bytes lie in the last half of the lane's part of the arena, VOS_POSTED parts
 * that are used in turn.
 *
 * Invariant: what has been posted is carried out before anything that comes after it:
 * by the lane's order; by vos_posts_first() between lanes; by the service, which looks
 * at all lanes before it carries out what came by the trap door, or ends the handle. The
 * kernel takes a descriptor's word before it ends the handle: if the word still stands
 * when the call is published, the service sees the call before it hears of the end.
 */
#include "socket.h"

bool vos_post_on = true;

/*
 * The word has gone while we posted: whether the service knew the handle still, its
 * answer tells.
 */
static __attribute__((noinline)) long ask_after_all(struct vos_lane *l, __u32 len)
{
	struct vos_cqe last = { 0 };

	if (vos_lane_settle(l, 0, &last))
		return VOS_TRAP(VOS_WHY_DEAD);
	return vos_not_done(last.result) ? VOS_TRAP(VOS_WHY_STALE) : (long)len;
}

/**
 * vos_post - send on a stream and go on
 * @len: of all of @iov; vos_may_post()
 * Return: @len, or VOS_TRAP(): nothing is sent.
 */
long vos_post(struct vos_lane *l, __u64 word, int fd, const struct iovec *iov, __u32 len, int flags)
{
	struct vos_chan *c = l->chan;
	struct vos_sqe *e;
	__u32 off;

	if (vos_lane_settle(l, VOS_POSTED - 1, NULL))
		return VOS_TRAP(VOS_WHY_DEAD);
	e = vos_lane_prepare(l, word);
	if (unlikely(!e))
		return VOS_TRAP(VOS_WHY_DEAD);
	off = l->data + c->lane_arena - (1 + l->posts % VOS_POSTED) * c->post_room;
	vos_gather(iov, c->arena + off, len);
	e->ext[0] = (struct vos_extent){ off, len };
	e->arg[0] = flags & MSG_MORE;
	vos_posted_by(l, word);
	l->posts++;
	vos_count_add(&l->count.posts, 1);
	if (unlikely(vos_lane_post(l, VOS_OP_SENDMSG | VOS_SQE_POSTED << 8)))
		return VOS_TRAP(VOS_WHY_DEAD);
	return likely(vos_lane_still_good(l, fd, word)) ? (long)len : ask_after_all(l, len);
}

// SPDX-License-Identifier: MIT
/*
 * Socket options whose setting cannot fail: the library posts them, and the program goes on at
 * once. They keep their place among what the process sends and sets. Within a lane the lane's
 * order does that, between lanes fwd_posts_first(). If the trap door comes next, the service
 * carries out the posted call first. What another process sends through a door may come before.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "socket.h"

static bool is_posted(int name)
{
	return name == TCP_CORK || name == TCP_NODELAY;
}

static long set_on(struct fwd_lane *l, __u64 word, int name, int value)
{
	struct vos_sqe *e;

	fwd_posts_first(l, word);
	if (fwd_lane_take_posted(l, FWD_POSTED - 1))
		return FWD_TRAP(VOS_WHY_DEAD);
	e = fwd_lane_prepare(l, word);
	e->arg[0] = IPPROTO_TCP;
	e->arg[1] = name;
	e->arg[2] = (__u32)value;
	fwd_posted_by(l, word);
	return fwd_lane_post(l, VOS_OP_SETINT) ? FWD_TRAP(VOS_WHY_DEAD) : 0;
}

/**
 * fwd_option_set - set an option of TCP
 * @word: with VOS_WORD_TCP
 * @fd: the descriptor
 * @name: of the option
 * @value: its value
 * @len: bytes of @value
 *
 * Return: 0, or FWD_TRAP().
 */
long fwd_option_set(__u64 word, int fd, int name, const void *value, socklen_t len)
{
	struct fwd_lane *l;
	int n;
	long rc;

	if (!is_posted(name) || len != sizeof(n) || !fwd_plausible(value, len))
		return fwd_trapped(VOS_STAT_OPTION, FWD_TRAP(VOS_WHY_ODD));
	if (!fwd_copy(&n, value, sizeof(n)))
		return fwd_trapped(VOS_STAT_OPTION, FWD_TRAP(VOS_WHY_FAULT));
	l = fwd_lane_get(VOS_DOOR_NET, fd, word);
	if (!l)
		return fwd_trapped(VOS_STAT_OPTION, FWD_TRAP(VOS_WHY_LANE));
	rc = set_on(l, word, name, n);
	if (!rc)
		fwd_lane_count(l, VOS_STAT_OPTION, 0);
	fwd_lane_put(l);
	return fwd_trapped(VOS_STAT_OPTION, rc);
}

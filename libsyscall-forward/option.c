// SPDX-License-Identifier: MIT
/*
 * Socket options whose setting cannot fail: they are posted, and the program goes on
 * at once. What the thread sends next through the door comes after them, unless others
 * have taken its lane; what it has the trap door send, and what others send, may come
 * before. Nothing but how bytes are cut into packets depends on that. Options come one
 * after the other in any case: the value that was set last is the one that stays, and
 * the one that is told. The service sees to that where the trap door is used.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "iov.h"

#define TELL_AFTER	256u	/* passes */

static bool is_posted(int name)
{
	return name == TCP_CORK || name == TCP_NODELAY;
}

/*
 * The service carries out calls of this kind one at a time, when it takes them. The
 * lane may be in use: by who has not told yet that the service sleeps, so we tell it.
 */
static void wait_taken(struct vos_lane *l)
{
	__u32 prod = vos_load_acquire(&l->sq.hdr->prod), i;
	long rc;

	for (i = 1; (__s32)(vos_load_acquire(&l->sq.hdr->cons) - prod) < 0; i++) {
		__builtin_ia32_pause();
		if (i % TELL_AFTER)
			continue;
		rc = vos_kernel(VOS_DOOR_ENTER, l->chan->service, l->index | VOS_ENTER_KICK);
		if (rc < 0 && rc != -EINTR)
			break;
	}
}

/* What was posted on other lanes is to come before what is to come. @l is in our hands. */
static void others_first(const struct vos_lane *l)
{
	struct vos_chan *c = l->chan;
	__u32 i;

	for (i = 0; i < c->nr_lanes; i++)
		if (unlikely(vos_load(&c->lane[i].posted)) && &c->lane[i] != l)
			wait_taken(&c->lane[i]);
}

static long set_on(struct vos_lane *l, __u64 word, int name, int value)
{
	struct vos_sqe *e;

	others_first(l);
	if (vos_lane_settle(l, VOS_POSTED - 1))
		return VOS_TRAP(VOS_WHY_DEAD);
	e = vos_lane_prepare(l, VOS_OP_SETINT, word);
	if (!e)
		return VOS_TRAP(VOS_WHY_DEAD);
	e->arg[0] = IPPROTO_TCP;
	e->arg[1] = name;
	e->arg[2] = (__u32)value;
	return vos_lane_post(l) ? VOS_TRAP(VOS_WHY_DEAD) : 0;
}

/**
 * vos_option_set - set an option of TCP
 * @word: with VOS_WORD_TCP
 * Return: 0, or VOS_TRAP().
 */
long vos_option_set(__u64 word, int fd, int name, const void *value, socklen_t len)
{
	struct vos_lane *l;
	int n;
	long rc;

	if (!is_posted(name) || len != sizeof(n) || !vos_plausible(value, len))
		return vos_trapped(VOS_STAT_OPTION, VOS_TRAP(VOS_WHY_ODD));
	memcpy(&n, value, sizeof(n));
	l = vos_lane_get(VOS_DOOR_NET, fd, word);
	if (!l)
		return vos_trapped(VOS_STAT_OPTION, VOS_TRAP(VOS_WHY_LANE));
	rc = set_on(l, word, name, n);
	if (!rc)
		vos_lane_count(l, VOS_STAT_OPTION, 0);
	vos_lane_put(l);
	return vos_trapped(VOS_STAT_OPTION, rc);
}

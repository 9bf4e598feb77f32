// SPDX-License-Identifier: GPL-2.0
/*
 * The primary's recvmsg() (net/recv.c, control.c, call.c) against a network domain that
 * answers anything, and goes on writing into the arena while the answer is taken.
 *
 * Wanted:
 * - a program gets no more than it asked for: of data, of an address, of control messages,
 *   whose kinds are those that a kernel without local sockets gives;
 * - what is returned is that number, or a datagram's true length if it was asked for, or an
 *   error that a program may see;
 * - nothing is copied but from the extents; what is judged is a private copy;
 * - a result that is none cuts the liar off, and nothing of that answer reaches the program;
 *   each call is given back; it ends;
 * - the door hears of an error that recvmmsg() may keep, and of no other result.
 */
#include <linux/errqueue.h>
#include <linux/in.h>
#include <linux/udp.h>
#include "vdoor_provider.h"
#include "vnet.h"
#include "wait.h"
#include "zerocopy.h"
#include "shim/state.h"
#include "input.h"
#include "one_call.h"

/* Of answers; then the link dies. */
#define ANSWERS_MAX	40u
#define SPACE_MAX	200000u
/* struct sockaddr_storage. */
#define ADDRESS		128u

struct vnet vnet = { .max_extent = 128u * 1024u };

static struct input in;
static struct vnet_sock vs;
static struct msghdr msg;
static u8 *space;		/* the program's, of the very length */
static u32 asked, copied, controls, answers;
static int last_max;		/* the highest honest result of the last call, by our count */
static int asked_flags;
static bool cut_off, lied, faulted, given_back, told_door;

void shim_relax(void)
{
}

/* --- the rest of the primary -------------------------------------------------------------- */

u32 vnet_sock_mask(struct vnet_sock *s)
{
	return in_u8(&in);
}

void vnet_wait_begin(struct vnet_wait *w)
{
	w->queued = true;
}

int vnet_turn_take(struct vnet_wait *w, struct mutex *turn)
{
	mutex_lock(turn);
	w->turn = turn;
	return 0;
}

/* There is news, or a signal, or time is up. */
int vnet_wait_event(struct vnet_wait *w)
{
	shim_assert(!held);
	if (!w->timeo)
		return -EAGAIN;
	if (in_end(&in) || in_u8(&in) % 4 == 1)
		return -ERESTARTSYS;
	return 0;
}

int vnet_wait_for(struct vnet_wait *w, u32 want)
{
	w->queued = true;
	return vnet_wait_event(w);
}

void vnet_wait_leave(struct vnet_wait *w)
{
	w->queued = false;
}

void vnet_sock_keep_error(struct vnet_sock *s, int err)
{
	shim_assert(err > 0 && err < 512);
	s->sk.sk_err = err;
}

void vnet_sock_lose(struct vnet_sock *s, int err)
{
	s->phase = VNET_LOST;
	s->sk.sk_err = err;
}

void vnet_object_remove(struct vnet_sock *s)
{
}

int vnet_zerocopy_recv(struct vnet_sock *s, struct msghdr *m)
{
	return -EAGAIN;
}

void vdoor_object_changed(struct vos_session *session, u32 obj)
{
	shim_assert(session == vnet.session && obj == vs.index);
	told_door = true;
}

/* A program attached to a cgroup is shown an address: all of it is there. */
void vnet_cgroup_recv(struct vnet_sock *s, struct msghdr *m)
{
	shim_assert(m->msg_name && m->msg_namelen > 0 && m->msg_namelen <= (int)ADDRESS);
}

/* --- the program ------------------------------------------------------------------------- */

/* The domain writes as long as it can. */
static void meanwhile(void)
{
	int i = in_u8(&in) % 8;

	if (i < 2 && held && call.room[i].len)
		memset(ext[i], in_u8(&in), min_t(u32, call.room[i].len, 300));
}

size_t copy_to_iter(const void *from, size_t n, struct iov_iter *to)
{
	size_t ok = min_t(size_t, n, to->count);

	shim_assert(held && !lied && (const u8 *)from == ext[0] && n <= call.room[0].len);
	if (in_u8(&in) % 32 == 1)
		ok /= 2;	/* a page that is not there */
	faulted |= ok < n;
	memcpy(to->to, from, ok);
	to->to += ok;
	to->count -= ok;
	return ok;
}

static bool is_of_local_sockets(int level, int type)
{
	return level == SOL_SOCKET && type >= 0x01 && type <= 0x04;
}

int put_cmsg(struct msghdr *m, int level, int type, int len, void *data)
{
	const u8 *from = data;
	u8 copy[VNET_CONTROL_MAX];
	size_t room;

	shim_assert(m == &msg && !lied && len >= 0 && len <= (int)sizeof(copy));
	shim_assert(!is_of_local_sockets(level, type));
	/* The domain cannot write it any more. */
	shim_assert(from < ext[1] || from >= ext[1] + call.room[1].len);
	memcpy(copy, data, len);
	meanwhile();
	shim_assert(!memcmp(copy, data, len));
	room = min_t(size_t, CMSG_SPACE(len), m->msg_controllen);
	m->msg_controllen -= room;
	controls++;
	return in_u8(&in) % 32 == 1 ? -EFAULT : 0;
}

/* --- the network domain ------------------------------------------------------------------- */

void vos_call_violation(struct vos_call *c, const char *what)
{
	shim_assert(c == &call && held && lied);
	cut_off = true;
}

struct vos_call *vos_call_get(struct vos_session *s, u32 len0, u32 len1, u32 flags)
{
	/* What is given back may be in the program's memory in part. */
	shim_assert(!held && len0 <= asked - (faulted ? 0 : msg.msg_iter.to - space));
	shim_assert(len1 <= ADDRESS + VNET_CONTROL_MAX);
	/* A link whose end has been ordered may be there for a moment yet. */
	if (answers++ == ANSWERS_MAX || (cut_off && in_u8(&in) % 4))
		return ERR_PTR(-ENOTCONN);
	take_call(len0, len1);
	if (in_u8(&in) % 32 == 1)
		call.epoch = 2;
	return &call;
}

/* Control messages of kinds that are allowed, and of others, one behind the other. */
static u32 write_controls(u8 *to, u32 room)
{
	static const int levels[] = { SOL_SOCKET, SOL_IP, SOL_IPV6, SOL_TCP, SOL_UDP };
	static const u8 types[] = { 1, 2, 3, 4, 8, 11, 29, 35, 40, 58, 63, 64, 65, 104 };
	u32 off = 0, n = in_u8(&in) % 5;

	while (n-- && room - off >= sizeof(struct cmsghdr)) {
		u8 data = in_u8(&in) % 48;
		struct cmsghdr c = {
			.cmsg_len = in_lie(&in, CMSG_LEN(data)),
			.cmsg_level = levels[in_u8(&in) % ARRAY_SIZE(levels)],
			.cmsg_type = types[in_u8(&in) % ARRAY_SIZE(types)],
		};

		memcpy(to + off, &c, sizeof(c));
		off += min_t(u32, CMSG_SPACE(data), room - off);
	}
	return off;
}

/* A datagram, or what is queued as an error, has a true length. A stream has none. */
static bool is_stream(void)
{
	return vs.sk.sk_type == SOCK_STREAM && !(asked_flags & MSG_ERRQUEUE);
}

static void answer(void)
{
	u32 side = call.room[1].len, n = call.room[0].len, used = 0;
	bool trunc = asked_flags & MSG_TRUNC && !is_stream();

	if (side)
		in_bytes(&in, ext[1], in_u8(&in) % min(side, 64));
	if (side > ADDRESS)
		used = write_controls(ext[1] + ADDRESS, side - ADDRESS);
	call.cqe.out[0] = in_lie(&in, 16);
	call.cqe.out[1] = in_lie(&in, used);
	call.cqe.out[2] = in_lie(&in, MSG_CTRUNC);
	call.cqe.out[3] = in_lie(&in, VOS_RECV_AT_MARK | VOS_RECV_HOLE);
	call.cqe.result = in_u8(&in) % 4 ? (s64)in_lie(&in, n) : -(s64)in_u8(&in);
	last_max = trunc ? INT_MAX : (int)n;
	lied = call.cqe.result > last_max || call.cqe.result < -MAX_ERRNO;
}

/* A stream gets back what the program's memory did not take, once. */
static void answer_unread(const struct vos_call *c)
{
	shim_assert(faulted && !given_back && vs.sk.sk_type == SOCK_STREAM && !lied);
	shim_assert(!(asked_flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE)));
	shim_assert(c->room[0].len && !c->room[1].len);
	given_back = true;
	call.cqe.result = in_u8(&in) % 4 ? 0 : (s64)in_lie(&in, 0);
	last_max = 0;
	lied = call.cqe.result > 0 || call.cqe.result < -MAX_ERRNO;
}

int vos_call(struct vos_call *c)
{
	bool back = c->sqe.opcode == VOS_OP_UNREAD;

	shim_assert(held && (back || c->sqe.opcode == VOS_OP_RECVMSG));
	shim_assert(c->sqe.obj == vs.index && c->sqe.gen == vs.gen);
	switch (in_u8(&in) % 32) {
	case 1:
		return -EOWNERDEAD;
	case 2:
		vos_call_put(c);	/* killed: it is not the caller's any more */
		return -EINTR;
	}
	if (back)
		answer_unread(c);
	else
		answer();
	return 0;
}

/* --- what must hold -------------------------------------------------------------------- */

static void check(int rc, unsigned int flags_before)
{
	bool trunc = asked_flags & MSG_TRUNC;
	const unsigned int known = MSG_TRUNC | MSG_CTRUNC | MSG_OOB | MSG_EOR | MSG_ERRQUEUE;

	copied = msg.msg_iter.to - space;
	shim_assert(!held && copied <= asked);
	shim_assert(!((msg.msg_flags ^ flags_before) & ~known));
	shim_assert(msg.msg_namelen >= 0 && msg.msg_namelen <= (int)ADDRESS);
	shim_assert(!controls || answers);
	shim_assert(told_door == (rc < 0 && rc != -EAGAIN && vs.sk.sk_type == SOCK_DGRAM));
	if (rc < 0)
		shim_assert(rc > -512 || rc == -ERESTARTSYS);
	else if (!trunc)
		shim_assert((u32)rc == copied || faulted);
	else if (is_stream())
		shim_assert((u32)rc <= asked);
}

static int any_flags(void)
{
	u8 bits = in_u8(&in);

	return (bits & 1 ? MSG_PEEK : 0) | (bits & 2 ? MSG_TRUNC : 0) | (bits & 4 ? MSG_OOB : 0) |
	       (bits & 8 ? MSG_ERRQUEUE : 0) | (bits & 16 ? MSG_WAITALL : 0) |
	       (bits & 32 ? MSG_DONTWAIT : 0);
}

static void begin(void)
{
	static const enum vnet_phase phases[] = {
		VNET_OPEN, VNET_LISTENING, VNET_CONNECTED, VNET_CONNECTED, VNET_LOST
	};

	copied = controls = answers = 0;
	held = cut_off = lied = faulted = given_back = told_door = false;
	vs = (struct vnet_sock){ .index = 3, .gen = 7, .epoch = 1 };
	vs.phase = phases[in_u8(&in) % ARRAY_SIZE(phases)];
	vs.sk.sk_type = in_u8(&in) % 2 ? SOCK_DGRAM : SOCK_STREAM;
	vs.sk.sk_protocol = vs.sk.sk_type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
	vs.sk.sk_rcvtimeo = MAX_SCHEDULE_TIMEOUT;
	vs.sk.sk_rcvlowat = in_u8(&in) % 3;
	asked = in_lie(&in, 500) % SPACE_MAX;
	space = malloc(asked ? asked : 1);
	asked_flags = any_flags();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct socket sock = { .sk = &vs.sk };
	u8 *name, control;
	int rc;

	in = (struct input){ data, size };
	shim_begin();
	begin();
	name = malloc(ADDRESS);
	msg = (struct msghdr){ .msg_iter = { space, asked }, .msg_get_inq = true, .msg_inq = -1 };
	msg.msg_name = in_u8(&in) % 2 ? name : NULL;
	msg.msg_control = in_u8(&in) % 4 ? &control : NULL;
	msg.msg_controllen = in_lie(&in, 300);
	rc = vnet_recvmsg(&sock, &msg, asked, asked_flags);
	check(rc, 0);
	shim_assert(rc >= 0 && vs.sk.sk_type == SOCK_STREAM ? msg.msg_inq >= 0 : msg.msg_inq == -1);
	shim_assert(!vs.receiving.held);
	free(name);
	free(space);
	shim_end();
	return 0;
}

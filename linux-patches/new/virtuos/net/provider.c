// SPDX-License-Identifier: GPL-2.0
/*
 * Which sockets the exceptionless door may use: those whose object the service knows and whose
 * next call can only be about data. The file also has the other functions that the door's hooks
 * call for sockets.
 *
 * The trap door reports an error that is kept for the next call (sk_err): see
 * vnet_sock_keep_error().
 */
#include <linux/in.h>
#include <linux/net.h>
#include "cgroup.h"
#include "vdoor_provider.h"
#include "vnet.h"

static bool ready_for_data(const struct vnet_sock *vs)
{
	enum vnet_phase phase = READ_ONCE(vs->phase);

	if (!READ_ONCE(vs->epoch) || READ_ONCE(vs->sk.sk_err) ||
	    READ_ONCE(vs->sk.sk_rcvlowat) > 1 || READ_ONCE(vs->unmasked) || READ_ONCE(vs->stamps))
		return false;
	if (vnet_is_stream(vs))
		return phase == VNET_CONNECTED || phase == VNET_CONNECTING;
	return phase == VNET_OPEN || phase == VNET_CONNECTED;
}

static bool is_tcp(const struct vnet_sock *vs)
{
	return vnet_is_stream(vs) && vs->sk.sk_protocol == IPPROTO_TCP;
}

static int vnet_examine(struct file *file, struct vdoor_target *t)
{
	struct socket *sock = sock_from_file(file);
	struct vnet_sock *vs;

	if (!sock || !sock->sk || sock->sk->sk_prot != &vnet_proto)
		return -ENOENT;
	vs = vnet_sk(sock->sk);
	switch (sock->type) {
	case SOCK_STREAM:
		t->kind = VOS_KIND_STREAM;
		break;
	case SOCK_DGRAM:
	case SOCK_RAW:
		t->kind = VOS_KIND_DGRAM;
		break;
	default:
		t->kind = VOS_KIND_TRAP;
		return 0;
	}
	if (vnet_cgroup_sees_datagrams(vs) || READ_ONCE(vs->ring)) {
		t->kind = VOS_KIND_TRAP;
		return 0;
	}
	if (!ready_for_data(vs))
		return -EAGAIN;
	t->word = VOS_WORD_READ | VOS_WORD_WRITE;
	t->flags = VOS_HANDLE_READ | VOS_HANDLE_WRITE;
	if (is_tcp(vs))
		t->word |= VOS_WORD_TCP;
	if (READ_ONCE(file->f_flags) & O_NONBLOCK)
		t->word |= VOS_WORD_NONBLOCK;
	t->obj = vs->index;
	t->gen = vs->gen;
	t->epoch = READ_ONCE(vs->epoch);
	return 0;
}

/*
 * Ask for events if a process wants signals from now on (O_ASYNC). It needs events as a waiter
 * does.
 */
static void vnet_changed(struct file *file)
{
	struct socket *sock = sock_from_file(file);

	if (sock && sock->sk && sock->sk->sk_prot == &vnet_proto &&
	    sock_flag(sock->sk, SOCK_FASYNC))
		vnet_sock_arm(vnet_sk(sock->sk));
}

static struct vdoor_provider provider = {
	.service = VOS_DOOR_NET,
	.examine = vnet_examine,
	.changed = vnet_changed,
};

/**
 * vnet_provider_init - offer sockets to the door
 *
 * Context: process.
 * Return: 0 or -EBUSY.
 */
int vnet_provider_init(void)
{
	provider.session = vnet.session;
	return vdoor_provide(&provider);
}

/**
 * vnet_provider_exit - undo vnet_provider_init()
 *
 * Context: process.
 */
void vnet_provider_exit(void)
{
	vdoor_withdraw(&provider);
}

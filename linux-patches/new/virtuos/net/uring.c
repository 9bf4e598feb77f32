// SPDX-License-Identifier: GPL-2.0
/*
 * What io_uring asks of a socket past the socket's calls.
 *
 * After a connect() that has not ended at once, io_uring polls for EPOLLERR alone and then reads
 * sk_err itself. Its commands SIOCINQ and SIOCOUTQ go to struct proto.
 */
#include <linux/sockios.h>
#include <asm/ioctls.h>
#include "vdoor_provider.h"
#include "vnet.h"

/**
 * vnet_uring_fetch_error - move a socket's error from the service to this kernel's sk_err
 * @vs: the socket; its mask says that there is one
 *
 * As in Linux, the caller that asks for the error first gets it.
 *
 * Context: process.
 */
void vnet_uring_fetch_error(struct vnet_sock *vs)
{
	u32 err = 0;
	struct vnet_req req = vnet_req_fetch_error(&err);
	int rc;

	if (vnet_is_lost(vs))
		return;
	if (READ_ONCE(vs->sk.sk_err)) {
		/* recvmmsg() has put it there. As in vnet_sock_keep_error(). */
		smp_mb();
		vdoor_object_changed(vnet.session, vs->index);
		return;
	}
	if (vnet_req_once(vs, &req, VOS_GET_UP_ONLY) || vnet_result(req.cqe.result, 0))
		return;
	rc = vnet_result(-(s64)err, 0);
	if (!rc)
		return;		/* another caller had it */
	vnet_connect_failed(vs);
	vnet_sock_keep_error(vs, -rc);
}

/**
 * vnet_uring_queued - get how many bytes are queued: ioctl() of struct proto
 * @sk: the socket
 * @cmd: SIOCINQ or SIOCOUTQ
 * @bytes: set
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vnet_uring_queued(struct sock *sk, int cmd, int *bytes)
{
	struct vnet_sock *vs = vnet_sk(sk);
	struct vnet_req req = {
		.opcode = VOS_OP_IOCTL,
		.arg = { cmd },
		.in[0] = bytes,
		.out[0] = bytes,
		.len[0] = sizeof(*bytes),
	};
	int rc;

	if (cmd != SIOCINQ && cmd != SIOCOUTQ)
		return -ENOIOCTLCMD;
	*bytes = 0;
	if (vnet_is_lost(vs))
		return 0;
	rc = vnet_sock_run(vs, &req);
	return rc ?: vnet_result(req.cqe.result, 0);
}

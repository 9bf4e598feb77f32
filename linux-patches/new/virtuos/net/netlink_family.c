// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers of generic netlink's families. Each kernel gives its own, so the domain's next
 * incarnation is asked anew.
 *
 * Invariant: whatever the domain answers, asking takes a bounded number of calls.
 */
#include <linux/genetlink.h>
#include <linux/slab.h>
#include <net/netlink.h>
#include "netlink.h"

#define ANSWER_MAX	8192u
#define STRANGERS_MAX	64
/* No request of changes has this number. */
#define SEQ		0xffffffffu

/*
 * struct question - CTRL_CMD_GETFAMILY
 * @name: of the family
 */
struct question {
	struct nlmsghdr h;
	struct genlmsghdr g;
	struct nlattr a;
	char name[GENL_NAMSIZ];
};

static int run(struct vnet_sock *vs, struct vnet_req *req, u32 flags)
{
	int rc = vnet_req_once(vs, req, flags);

	return rc ?: vnet_result(req->cqe.result, req->max);
}

static int put_question(struct vnet_sock *vs, const char *name, u32 flags)
{
	struct question q = {
		.h = {
			.nlmsg_len = sizeof(q),
			.nlmsg_type = GENL_ID_CTRL,
			.nlmsg_flags = NLM_F_REQUEST,
			.nlmsg_seq = SEQ,
		},
		.g = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 },
		.a = { .nla_len = NLA_HDRLEN + sizeof(q.name), .nla_type = CTRL_ATTR_FAMILY_NAME },
	};
	struct vnet_req req = {
		.opcode = VOS_OP_NLSEND,
		.in[0] = &q,
		.len[0] = sizeof(q),
		.max = sizeof(q),
	};

	strscpy_pad(q.name, name, sizeof(q.name));
	return min(run(vs, &req, flags), 0);
}

/* Return: the number, or -errno. -EINPROGRESS: it is no answer to the question. */
static int number_in(const struct nlmsghdr *h, int len)
{
	const struct nlmsgerr *e = nlmsg_data(h);
	const struct nlattr *number;

	if (!nlmsg_ok(h, len) || h->nlmsg_seq != SEQ)
		return -EINPROGRESS;
	if (h->nlmsg_type == NLMSG_ERROR && nlmsg_len(h) >= (int)sizeof(e->error))
		return vnet_result(e->error, 0) ?: -EINPROGRESS;
	if (h->nlmsg_type != GENL_ID_CTRL || nlmsg_len(h) < GENL_HDRLEN)
		return -EINPROGRESS;
	number = nlmsg_find_attr(h, GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);
	if (!number || nla_len(number) < (int)sizeof(u16))
		return -EIO;
	return nla_get_u16(number);
}

static int take_answer(struct vnet_sock *vs, u8 *answer, u32 flags)
{
	struct vnet_req req = {
		.opcode = VOS_OP_NLRECV,
		.out[0] = answer,
		.len[0] = ANSWER_MAX,
		.max = ANSWER_MAX,
	};
	int rc = -EINPROGRESS, i;

	for (i = 0; rc == -EINPROGRESS && i < STRANGERS_MAX; i++) {
		rc = run(vs, &req, flags);
		if (rc >= 0)
			rc = number_in((void *)answer, rc);
	}
	return rc;
}

/**
 * vnet_family_ask - ask the domain for a family's number
 * @vs: a socket of NETLINK_GENERIC, whose answers no other thread takes
 * @name: the family's
 * @flags: VOS_GET_*
 *
 * Context: process.
 * Return: the number. -ENOENT: it has no such family. -EOWNERDEAD or -ENETDOWN: the link has died.
 * Another -errno.
 */
int vnet_family_ask(struct vnet_sock *vs, const char *name, u32 flags)
{
	u8 *answer = kmalloc(ANSWER_MAX, GFP_KERNEL);
	int rc;

	if (!answer)
		return -ENOMEM;
	rc = put_question(vs, name, flags) ?: take_answer(vs, answer, flags);
	kfree(answer);
	return rc;
}

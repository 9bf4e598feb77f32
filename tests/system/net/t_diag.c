// SPDX-License-Identifier: MIT
/*
 * SOCK_DIAG: sockets of packets, as `ss -0' lists them.
 */
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <sys/stat.h>
#include "nettest.h"

struct found {
	int nr;				/* messages about the socket */
	struct packet_diag_msg msg;	/* the last one */
	uint32_t uid;
};

static void note(struct found *f, const struct nlmsghdr *h)
{
	const struct packet_diag_msg *m = NLMSG_DATA(h);
	int left = h->nlmsg_len - NLMSG_LENGTH(sizeof(*m));
	const struct nlattr *a = (const void *)(m + 1);

	f->nr++;
	f->msg = *m;
	while (left >= NLA_HDRLEN && a->nla_len >= NLA_HDRLEN) {
		if (a->nla_type == PACKET_DIAG_UID)
			memcpy(&f->uid, (const char *)a + NLA_HDRLEN, sizeof(f->uid));
		left -= NLA_ALIGN(a->nla_len);
		a = (const void *)((const char *)a + NLA_ALIGN(a->nla_len));
	}
}

/* Take in the messages of one answer. Return: whether it was the last. */
static bool take(struct found *f, const struct nlmsghdr *h, int len, ino_t ino)
{
	for (; NLMSG_OK(h, (unsigned int)len); h = NLMSG_NEXT(h, len)) {
		const struct packet_diag_msg *m = NLMSG_DATA(h);

		CHECK(h->nlmsg_type != NLMSG_ERROR);
		if (h->nlmsg_type == NLMSG_DONE)
			return true;
		CHECK_EQ(h->nlmsg_type, SOCK_DIAG_BY_FAMILY);
		if (m->pdiag_ino == ino)
			note(f, h);
	}
	return false;
}

static struct found find(ino_t ino)
{
	static char buf[1 << 16] __attribute__((aligned(8)));
	struct {
		struct nlmsghdr h;
		struct packet_diag_req r;
	} q = {
		{ sizeof(q), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		{ .sdiag_family = AF_PACKET, .pdiag_show = PACKET_SHOW_INFO },
	};
	int fd = CHECK_OK(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG)), n;
	struct found f = { .uid = 1 };

	CHECK_EQ(send(fd, &q, sizeof(q), 0), sizeof(q));
	do {
		n = CHECK_OK(recv(fd, buf, sizeof(buf), 0));
	} while (!take(&f, (void *)buf, n, ino));
	close(fd);
	return f;
}

TEST(diag_packet)
{
	int fd = CHECK_OK(socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_LOOP)));
	struct found f;
	struct stat st;

	CHECK_EQ(fstat(fd, &st), 0);
	f = find(st.st_ino);
	CHECK_EQ(f.nr, 1);
	CHECK_EQ(f.msg.pdiag_family, AF_PACKET);
	CHECK_EQ(f.msg.pdiag_type, SOCK_DGRAM);
	CHECK_EQ(f.msg.pdiag_num, ETH_P_LOOP);
	CHECK_EQ(f.uid, 0);
	close(fd);
	CHECK_EQ(find(st.st_ino).nr, 0);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Frames of a packet socket's ring, as TPACKET_V2 has them:
 *
 *	struct tpacket2_hdr, struct sockaddr_ll, what the program has reserved, link header, packet
 *
 * Invariant: nothing is read of a frame but whether it is free. Offsets and lengths are computed
 * from what the network domain says, and bounded by the frame.
 */
#include <linux/minmax.h>
#include <linux/socket.h>
#include <linux/string.h>
#include "frame.h"

/* The link header has at least so much room in front of the packet. */
#define HEADER_MIN	16u
/* Longest link header that is believed. */
#define HEADER_MAX	1024u
/* What of its status the network domain knows. */
#define STATUS_TOLD	(TP_STATUS_CSUMNOTREADY | TP_STATUS_VLAN_VALID |			\
			 TP_STATUS_VLAN_TPID_VALID | TP_STATUS_CSUM_VALID | TP_STATUS_GSO_TCP)

/**
 * vnet_frame_room - get how many bytes of a packet may fit into a frame
 * @size: bytes of the frame
 * @reserve: as in struct vnet_frame
 *
 * Context: any.
 * Return: bytes.
 */
u32 vnet_frame_room(u32 size, u32 reserve)
{
	u32 before = TPACKET2_HDRLEN + reserve;

	return size > before ? size - before : 0;
}

/**
 * vnet_frame_free - test whether the program has given a frame back
 * @at: the frame
 *
 * Context: any.
 * Return: whether it has.
 */
bool vnet_frame_free(const u8 *at)
{
	const struct tpacket2_hdr *h = (const void *)at;

	/* Pairs with the program, which has read the packet before. */
	return smp_load_acquire(&h->tp_status) == TP_STATUS_KERNEL;
}

static void take_control(struct vnet_packet *p, const struct cmsghdr *c)
{
	size_t len = c->cmsg_len - sizeof(*c);

	if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA &&
	    len == sizeof(p->aux)) {
		memcpy(&p->aux, c + 1, len);
	} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS_NEW &&
		   len == sizeof(p->stamp)) {
		memcpy(&p->stamp, c + 1, len);
		p->stamped = true;
	}
}

/**
 * vnet_packet_told - note what the network domain says of a packet
 * @p: filled, but for its data and lengths
 * @addr: private copy of the address
 * @alen: bytes of it
 * @control: private copy of the control messages
 * @clen: bytes of them
 *
 * What is not told is 0.
 *
 * Context: any.
 */
void vnet_packet_told(struct vnet_packet *p, const u8 *addr, u32 alen, const u8 *control,
		      u32 clen)
{
	u32 off = 0;

	memset(p, 0, sizeof(*p));
	memcpy(&p->from, addr, min_t(u32, alen, sizeof(p->from)));
	while (clen - off >= sizeof(struct cmsghdr)) {
		const struct cmsghdr *c = (const void *)(control + off);

		if (c->cmsg_len < sizeof(*c) || c->cmsg_len > clen - off)
			break;
		take_control(p, c);
		off += min_t(size_t, CMSG_ALIGN(c->cmsg_len), clen - off);
	}
}

/* Compute where the packet begins behind its link header. */
static u32 net_offset(const struct vnet_frame *f, u32 link)
{
	if (f->cooked)
		return TPACKET_ALIGN(TPACKET2_HDRLEN) + HEADER_MIN + f->reserve;
	return TPACKET_ALIGN(TPACKET2_HDRLEN + max(link, HEADER_MIN)) + f->reserve;
}

static u32 link_len(const struct vnet_frame *f, const struct vnet_packet *p)
{
	return f->cooked ? 0 : min_t(u32, p->aux.tp_net, HEADER_MAX);
}

/* Fill the header, but for the status. */
static void put_header(struct tpacket2_hdr *h, const struct vnet_packet *p, u32 mac, u32 net,
		       u32 copied)
{
	h->tp_len = p->aux.tp_len ?: p->len;
	h->tp_snaplen = copied;
	h->tp_mac = mac;
	h->tp_net = net;
	h->tp_sec = p->stamp.tv_sec;
	h->tp_nsec = p->stamp.tv_nsec;
	h->tp_vlan_tci = p->aux.tp_vlan_tci;
	h->tp_vlan_tpid = p->aux.tp_vlan_tpid;
	memset(h->tp_padding, 0, sizeof(h->tp_padding));
}

/**
 * vnet_frame_put - put a packet into a free frame, and give the frame to the program
 * @f: the frame; it has room for its headers and what is reserved
 * @p: the packet
 *
 * Context: any.
 */
void vnet_frame_put(const struct vnet_frame *f, const struct vnet_packet *p)
{
	struct tpacket2_hdr *h = (void *)f->at;
	u32 link = link_len(f, p), net = net_offset(f, link), mac = net - link;
	u32 copied = min(p->there, mac < f->size ? f->size - mac : 0);

	if (copied)
		vos_peer_read(f->at + mac, p->data, copied);
	put_header(h, p, mac, net, copied);
	memcpy(f->at + TPACKET_ALIGN(sizeof(*h)), &p->from, sizeof(p->from));
	/* The packet before the status: the program reads them in the other order. */
	smp_store_release(&h->tp_status, TP_STATUS_USER | (p->aux.tp_status & STATUS_TOLD) |
			  (p->stamped ? TP_STATUS_TS_SOFTWARE : 0));
}

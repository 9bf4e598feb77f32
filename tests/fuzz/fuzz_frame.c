// SPDX-License-Identifier: GPL-2.0
/*
 * Frames of a packet socket's ring (net/frame.c), filled from what a network domain says of a
 * packet.
 *
 * Wanted: nothing is written outside the frame, nor read outside what the domain has sent; what
 * the frame's header says of the packet lies within the frame; the program is given the frame.
 */
#include <linux/if_packet.h>
#include <linux/socket.h>
#include "frame.h"
#include "shim/state.h"
#include "input.h"

void shim_relax(void)
{
}

/* Bytes in memory of the very length, so that the sanitizer sees its end. */
static u8 *bytes(struct input *in, u32 len)
{
	u8 *b = malloc(len);

	in_bytes(in, b, len);
	return b;
}

/* Half of the time the control data begins with a message of either kind that is taken. */
static void head(struct input *in, u8 *control, u32 clen)
{
	struct cmsghdr aux = { CMSG_LEN(sizeof(struct tpacket_auxdata)), SOL_PACKET,
			       PACKET_AUXDATA };
	struct cmsghdr stamp = { CMSG_LEN(16), SOL_SOCKET, SO_TIMESTAMPNS_NEW };
	u8 which = in_u8(in) % 4;

	if (which < 2 && clen >= sizeof(aux))
		memcpy(control, which ? &stamp : &aux, sizeof(aux));
}

static void fill_packet(struct input *in, struct vnet_packet *p)
{
	u32 alen = in_u8(in) % 129, clen = in_u16(in) % 513;
	u8 *addr = bytes(in, alen), *control = bytes(in, clen);

	head(in, control, clen);
	vnet_packet_told(p, addr, alen, control, clen);
	free(addr);
	free(control);
}

static void check(const struct vnet_frame *f, const struct vnet_packet *p)
{
	const struct tpacket2_hdr *h = (const void *)f->at;

	shim_assert(!vnet_frame_free(f->at));
	shim_assert(h->tp_snaplen <= p->there);
	shim_assert(!h->tp_snaplen || h->tp_mac + h->tp_snaplen <= f->size);
	shim_assert(h->tp_net >= h->tp_mac && h->tp_mac >= TPACKET2_HDRLEN + f->reserve);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct vnet_frame f = { .reserve = in_u16(&in) % (VNET_RESERVE_MAX + 1) };
	struct vnet_packet p;
	u8 *sent;

	f.size = TPACKET_ALIGN(TPACKET2_HDRLEN + f.reserve + in_u16(&in) % 4096);
	f.cooked = in_u8(&in) % 2;
	f.at = calloc(1, f.size);
	shim_assert(vnet_frame_free(f.at));
	fill_packet(&in, &p);
	p.len = in_u32(&in) % 0x7fffffff;
	p.there = min(p.len, vnet_frame_room(f.size, f.reserve));
	sent = bytes(&in, p.there);
	p.data = sent;
	vnet_frame_put(&f, &p);
	check(&f, &p);
	free(sent);
	free(f.at);
	return 0;
}

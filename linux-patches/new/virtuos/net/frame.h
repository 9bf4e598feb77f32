/* SPDX-License-Identifier: GPL-2.0 */
/* Frames of a packet socket's ring. See frame.c. */
#ifndef VNET_FRAME_H
#define VNET_FRAME_H

#include <linux/if_packet.h>
#include <linux/time_types.h>
#include <linux/types.h>
#include "vos_front.h"

/* Most bytes that a program may reserve: behind them and a link header, 16 bits are an offset. */
#define VNET_RESERVE_MAX	0xf000u

/**
 * struct vnet_frame - the place of one packet in a ring
 * @at: its header; the program that maps it may write there at any time
 * @size: bytes of it
 * @reserve: bytes that the program wants to have free before the packet, VNET_RESERVE_MAX at most
 * @cooked: the packet comes without its link header
 */
struct vnet_frame {
	u8 *at;
	u32 size;
	u32 reserve;
	bool cooked;
};

/**
 * struct vnet_packet - a received packet
 * @data: its bytes
 * @there: how many of them were received
 * @len: how many the filter has left
 * @aux: what else the network domain says of it; all 0: nothing
 * @from: where it came from
 * @stamp: when it came, if @stamped
 * @stamped: the network domain has told
 */
struct vnet_packet {
	const void __peer *data;
	u32 there;
	u32 len;
	struct tpacket_auxdata aux;
	struct sockaddr_ll from;
	struct __kernel_timespec stamp;
	bool stamped;
};

u32 vnet_frame_room(u32 size, u32 reserve);
bool vnet_frame_free(const u8 *at);
void vnet_packet_told(struct vnet_packet *p, const u8 *addr, u32 alen, const u8 *control,
		      u32 clen);
void vnet_frame_put(const struct vnet_frame *f, const struct vnet_packet *p);

#endif

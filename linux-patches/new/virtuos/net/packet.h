/* SPDX-License-Identifier: GPL-2.0 */
/* What is different with packet sockets (packet.c), and their rings (ring.c, ring_set.c). */
#ifndef VNET_PACKET_H
#define VNET_PACKET_H

#include "vnet.h"

struct vnet_opt;

/* packet.c */
void vnet_packet_begin(struct vnet_sock *vs);
void vnet_packet_bound(const struct vnet_sock *vs, struct sockaddr *addr);
bool vnet_packet_is_late(const struct vnet_opt *opt);
bool vnet_packet_device_gone(struct vnet_sock *vs, int rc);

/* ring.c, ring_set.c */
struct vm_area_struct;
int vnet_ring_init(void);
void vnet_ring_exit(void);
int vnet_ring_lacks(int level, int name, const void *data, u32 len);
int vnet_ring_refuses(const struct vnet_sock *vs, int level, int name, const void *data,
		      u32 len);
int vnet_ring_set(struct socket *sock, sockptr_t val, unsigned int len);
int vnet_ring_mmap(struct file *file, struct socket *sock, struct vm_area_struct *vma);
u32 vnet_ring_mask(struct vnet_sock *vs, u32 mask);
void vnet_ring_event(struct vnet_sock *vs);
void vnet_ring_free(struct vnet_sock *vs);

#endif

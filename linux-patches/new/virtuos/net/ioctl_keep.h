/* SPDX-License-Identifier: GPL-2.0 */
/* Which changes by ioctl() are kept, and which of them make others void. See ioctl_keep.c. */
#ifndef VNET_IOCTL_KEEP_H
#define VNET_IOCTL_KEEP_H

#include <linux/if.h>
#include <linux/types.h>

/* What a setting is about. */
#define VNET_SETS_ADDR		0x001u
#define VNET_SETS_MASK		0x002u
#define VNET_SETS_BROADCAST	0x004u
#define VNET_SETS_PEER		0x008u
#define VNET_SETS_FLAGS		0x010u
#define VNET_SETS_MTU		0x020u
#define VNET_SETS_HW		0x040u
#define VNET_SETS_HW_BROADCAST	0x080u
#define VNET_SETS_QUEUE		0x100u
#define VNET_SETS_MAP		0x200u
/* What goes with an IPv4 address. */
#define VNET_SETS_ALL_ADDR	(VNET_SETS_ADDR | VNET_SETS_MASK | VNET_SETS_BROADCAST | \
				 VNET_SETS_PEER)

/**
 * struct vnet_kept - a change by ioctl()
 * @cmd: the command
 * @index: number of the interface that it is about; 0: none, or it is not known
 * @family: the socket's
 * @len: bytes of its argument
 * @ptr: offset of the pointer in it, plus 1; 0: none
 * @ptr_len: bytes that the pointer points to
 * @bytes: the argument, and those bytes
 */
struct vnet_kept {
	u32 cmd;
	s32 index;
	u16 family;
	u16 len;
	u16 ptr;
	u16 ptr_len;
	u8 bytes[];
};

bool vnet_ioctl_is_kept(int family, unsigned int cmd);
int vnet_kept_interface(const struct vnet_kept *k, char name[IFNAMSIZ]);
u32 vnet_kept_sets(const struct vnet_kept *k);
bool vnet_kept_touches(const struct vnet_kept *older, const struct vnet_kept *k);
bool vnet_kept_is_same(const struct vnet_kept *k, const struct vnet_kept *older);
bool vnet_kept_replaces(const struct vnet_kept *k, const struct vnet_kept *older);
bool vnet_kept_voids(const struct vnet_kept *k, const struct vnet_kept *older);
bool vnet_kept_undoes(const struct vnet_kept *k, const struct vnet_kept *older);

#endif

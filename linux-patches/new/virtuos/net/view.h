/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The network domain's tables, settings and interfaces, as programs of the primary see them in
 * /proc/net, /proc/sys/net and /sys/class/net. This header has what the files of that subject
 * share.
 *
 * Invariant: what the domain sends is text of unknown content. It is bounded before it is
 * copied. Programs read it, and in this kernel the parser in sysctl_line.c alone.
 */
#ifndef VNET_VIEW_H
#define VNET_VIEW_H

#include <linux/types.h>

/* view.c */

/**
 * struct vnet_view - a call on a file of the domain
 * @opcode: VOS_OP_TABLE, VOS_OP_SYSCTL, VOS_OP_NETNS_NEW or VOS_OP_NETNS_END
 * @arg: as in ops.h
 * @name: the file's, or NULL
 * @text: what is written, or where to put what is read
 * @len: bytes of @text
 * @write: @text is written
 * @flags: VOS_GET_*
 * @pos: set to what the service says of the offset after a write; unchecked
 * @epoch: the only link that may answer, 0: any; afterwards the one that did
 */
struct vnet_view {
	u8 opcode;
	u64 arg[3];
	const char *name;
	void *text;
	u32 len;
	bool write;
	u32 flags;
	u64 pos;
	u32 epoch;
};

int vnet_view_call(struct vnet_view *v);
u32 vnet_view_max(void);

/* table.c */

/**
 * struct vnet_text - a table of the domain, as it was
 * @data: its text; NULL: none
 * @len: bytes of it
 * @room: bytes of memory
 */
struct vnet_text {
	char *data;
	size_t len;
	size_t room;
};

int vnet_text_read(struct vnet_text *t, const char *name, u32 netns);
void vnet_text_drop(struct vnet_text *t);
void vnet_text_clean(char *text, int len);

/* sysctl.c */
int vnet_sysctl_move(u32 netns, const char *name, int write, void *value, size_t *len,
		     loff_t *pos);
int vnet_sysctl_run(struct vnet_view *v);
char *vnet_sysctl_list(u32 netns, const char *name, u64 flags);

/* sysctl_core.c */
int vnet_sysctl_core_init(void);
void vnet_sysctl_core_exit(void);

/* devices.c */
void vnet_devices_init(void);

/* keep.c */
int vnet_keep(const struct vnet_view *v);
void vnet_keep_again(void);
void vnet_keep_drop(void);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* Which options of a socket are kept, and which of them make others void. See option_keep.c. */
#ifndef VNET_OPTION_KEEP_H
#define VNET_OPTION_KEEP_H

#include <linux/list.h>
#include <linux/types.h>

struct cred;

/**
 * struct vnet_opt - an option that was set
 * @node: on vnet_sock.opts
 * @cred: of the task that set it, which may have a right that the socket's maker does not
 *	have
 * @level: of the option
 * @name: of the option
 * @len: of its value
 * @data: its value
 */
struct vnet_opt {
	struct list_head node;
	const struct cred *cred;
	int level;
	int name;
	u32 len;
	u8 data[];
};

u32 vnet_opt_longest(int level, int name);
u32 vnet_opt_weight(const struct vnet_opt *opt);
u32 vnet_opt_group(const struct vnet_opt *opt);
bool vnet_opt_is_kept(const struct vnet_opt *opt);
bool vnet_opt_is_last(const struct vnet_opt *opt);
bool vnet_opt_may_fail(const struct vnet_opt *opt);
bool vnet_opt_binds_to_device(const struct vnet_opt *opt);
bool vnet_opt_voids(const struct vnet_opt *opt, const struct vnet_opt *older);
bool vnet_opt_undoes(const struct vnet_opt *opt, const struct vnet_opt *older);

#endif

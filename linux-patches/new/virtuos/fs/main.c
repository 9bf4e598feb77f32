// SPDX-License-Identifier: GPL-2.0
/*
 * Module virtuos-fs: registers the file system type "virtuosfs".
 */
#include <linux/fs.h>
#include <linux/module.h>
#include "vosfs.h"

unsigned int vosfs_restart_timeout = 30;
module_param_named(restart_timeout, vosfs_restart_timeout, uint, 0644);
MODULE_PARM_DESC(restart_timeout,
		 "seconds that background requests wait for a new storage domain, then EIO");

unsigned int vosfs_arena_pages = 1024;
module_param_named(arena_pages, vosfs_arena_pages, uint, 0444);
MODULE_PARM_DESC(arena_pages, "shared pages per channel; a request is a quarter at most");

static int __init vosfs_init(void)
{
	int rc;

	if (vosfs_arena_pages < 16 || vosfs_arena_pages > VOS_MAX_ARENA_PAGES)
		return -EINVAL;
	vosfs_stats_init();
	vosfs_file_ops_init();
	rc = register_filesystem(&vosfs_type);
	if (rc)
		vosfs_stats_exit();
	return rc;
}
module_init(vosfs_init);

static void __exit vosfs_exit(void)
{
	unregister_filesystem(&vosfs_type);
	vosfs_stats_exit();
}
module_exit(vosfs_exit);

MODULE_DESCRIPTION("VirtuOS front end: files in a storage domain");
MODULE_LICENSE("GPL");
MODULE_ALIAS_FS("virtuosfs");

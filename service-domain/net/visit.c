// SPDX-License-Identifier: GPL-2.0
/*
 * How the control thread reads /proc/net, /proc/sys/net and /sys of another namespace.
 *
 * procfs shows what belongs to the namespace of the thread that opens a file. So the thread has
 * that namespace for a while. A mount of sysfs belongs to the namespace in which it was made, so
 * each has a mount of its own.
 *
 * Invariant: the thread is back before it carries out another call.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include "netns.h"

static const char sys[] = "/sys/";

static void put_on(struct nsproxy *proxy)
{
	task_lock(current);
	current->nsproxy = proxy;
	task_unlock(current);
}

/**
 * vns_visit_begin - go to a namespace
 * @nc: the connection
 * @number: the namespace's; unchecked
 * @v: filled, for vns_visit_end()
 *
 * Context: control thread.
 * Return: 0. -ENXIO: there is none.
 */
int vns_visit_begin(struct vns_conn *nc, u64 number, struct vns_visit *v)
{
	v->home = NULL;
	v->space = NULL;
	if (!number)
		return 0;
	/* Only this thread ends a namespace. */
	v->space = number <= U32_MAX ? xa_load(&nc->spaces->nets, number) : NULL;
	if (!v->space)
		return -ENXIO;
	v->home = current->nsproxy;
	v->proxy = *v->home;
	v->proxy.net_ns = v->space->net;
	put_on(&v->proxy);
	return 0;
}

/**
 * vns_visit_end - go back
 * @v: the visit
 *
 * Context: control thread.
 */
void vns_visit_end(struct vns_visit *v)
{
	if (v->home)
		put_on(v->home);
}

/* Get the root of the namespace's /sys. */
static int sysfs_root(struct vns_visit *v, struct path *root)
{
	struct vfsmount *mnt = v->space->sysfs;

	if (!mnt) {
		struct file_system_type *type = get_fs_type("sysfs");

		mnt = type ? kern_mount(type) : ERR_PTR(-ENODEV);
		if (IS_ERR(mnt))
			return PTR_ERR(mnt);
		v->space->sysfs = mnt;
	}
	root->mnt = mnt;
	root->dentry = mnt->mnt_root;
	return 0;
}

/**
 * vns_visit_open - open a file as a program in that namespace does
 * @v: the visit
 * @path: below /proc or /sys
 * @flags: O_*
 *
 * Context: control thread, during the visit.
 * Return: the file, or ERR_PTR.
 */
struct file *vns_visit_open(struct vns_visit *v, const char *path, int flags)
{
	struct path root;
	int rc;

	if (!v->space || !strstarts(path, sys))
		return filp_open(path, flags, 0);
	rc = sysfs_root(v, &root);
	return rc ? ERR_PTR(rc) : file_open_root(&root, path + strlen(sys), flags, 0);
}

/**
 * vns_visit_lookup - find a file as a program in that namespace does
 * @v: the visit
 * @name: below /proc or /sys
 * @flags: LOOKUP_FOLLOW or 0, for a link at the name's end
 * @path: filled, to be put with path_put()
 *
 * Context: control thread, during the visit.
 * Return: 0 or -errno.
 */
int vns_visit_lookup(struct vns_visit *v, const char *name, unsigned int flags, struct path *path)
{
	struct path root;
	int rc;

	if (!v->space || !strstarts(name, sys))
		return kern_path(name, flags, path);
	rc = sysfs_root(v, &root);
	return rc ?: vfs_path_lookup(root.dentry, root.mnt, name + strlen(sys), flags, path);
}

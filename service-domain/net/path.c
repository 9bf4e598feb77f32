// SPDX-License-Identifier: GPL-2.0
/*
 * Names that a primary gives of files below one folder of this domain's procfs or sysfs.
 *
 * Invariant: a name of procfs leads to nothing outside that folder, and one of sysfs to an
 * interface's own attributes and folders.
 */
#include <linux/array_size.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "vns.h"

/* A step is not empty and leads downwards only. */
static bool step_ok(const char *step, size_t len)
{
	if (!len || (len == 1 && step[0] == '.'))
		return false;
	return !(len == 2 && step[0] == '.' && step[1] == '.');
}

static bool name_ok(const char *name)
{
	for (;;) {
		size_t len = strcspn(name, "/");

		if (!step_ok(name, len))
			return false;
		if (!name[len])
			return true;
		name += len + 1;
	}
}

/**
 * vns_path - make the path of the file that a call names in its second extent
 * @call: the call
 * @folder: where it is, with a slash at its end
 *
 * Context: process.
 * Return: the path, to be freed with kfree(); ERR_PTR(-EINVAL, -ENOMEM).
 */
char *vns_path(const struct veng_scall *call, const char *folder)
{
	char name[VOS_NAME_MAX + 1] = {};
	u32 len = call->sqe.ext[1].len;

	if (!len || len > VOS_NAME_MAX)
		return ERR_PTR(-EINVAL);
	vos_peer_read(name, call->in[1], len);
	if (strlen(name) != len || !name_ok(name))
		return ERR_PTR(-EINVAL);
	return kasprintf(GFP_KERNEL, "%s%s", folder, name) ?: ERR_PTR(-ENOMEM);
}

/* Test whether the first step of a name is this one. */
static bool is_step(const char *name, size_t len, const char *step)
{
	return len == strlen(step) && !strncmp(name, step, len);
}

/* Folders that an interface's own has, none of which Linux makes a link. */
static const char * const folders[] = {
	"statistics", "bridge", "brport", "brif", "bonding", "bonding_slave", "queues",
};

static bool is_folder(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(folders); i++)
		if (is_step(name, len, folders[i]))
			return true;
	return false;
}

/* Test for a folder below "queues": of a queue, or of its limits. @depth: 1 or more */
static bool is_of_queue(const char *name, size_t len, int depth)
{
	if (depth == 1)
		return strstarts(name, "rx-") || strstarts(name, "tx-");
	return depth == 2 && is_step(name, len, "byte_queue_limits");
}

/* Go through the folders that a name begins with. Return: what is left; NULL: one is not known. */
static const char *pass_folders(const char *name, bool all)
{
	bool queues = false;
	size_t len;
	int depth;

	for (depth = 0;; depth++, name += len + 1) {
		len = strcspn(name, "/");
		if (!all && !name[len])
			return name;
		if (depth ? !queues || !is_of_queue(name, len, depth) : !is_folder(name, len))
			return NULL;
		queues |= is_step(name, len, "queues");
		if (!name[len])
			return name + len;
	}
}

/*
 * Links of an interface's folder lead to its device, and from there anywhere. So each folder on the
 * way is one that is known. @list: the last step as well
 */
static bool device_ok(const char *name, bool list)
{
	const char *rest;

	if (!strcmp(name, "net"))
		return list;
	if (!strstarts(name, "net/"))
		return false;
	rest = strchr(name + strlen("net/"), '/');
	if (!rest)
		return list || !strcmp(name, "net/bonding_masters");
	return pass_folders(rest + 1, list);
}

/**
 * vns_device_path - make the path of an interface's attribute, or of a folder
 * @call: the call; its second extent names the file below /sys/class
 * @list: it is a folder
 *
 * The last step of an attribute may be a link, which the caller must not follow.
 *
 * Context: process.
 * Return: the path, to be freed with kfree(); ERR_PTR(-EINVAL, -ENOMEM).
 */
char *vns_device_path(const struct veng_scall *call, bool list)
{
	static const char folder[] = "/sys/class/";
	char *path = vns_path(call, folder);

	if (IS_ERR(path) || device_ok(path + strlen(folder), list))
		return path;
	kfree(path);
	return ERR_PTR(-EINVAL);
}

/**
 * vns_tables_path - make the path of a folder of /proc/net that has a table for each interface
 * @call: the call; its second extent names the folder
 *
 * Context: process.
 * Return: the path, to be freed with kfree(); ERR_PTR(-EINVAL, -ENOMEM).
 */
char *vns_tables_path(const struct veng_scall *call)
{
	static const char folder[] = "/proc/net/";
	char *path = vns_path(call, folder);

	if (IS_ERR(path) || !strcmp(path + strlen(folder), "vlan") ||
	    !strcmp(path + strlen(folder), "bonding"))
		return path;
	kfree(path);
	return ERR_PTR(-EINVAL);
}

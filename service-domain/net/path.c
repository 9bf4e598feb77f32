// SPDX-License-Identifier: GPL-2.0
/*
 * Names that a primary gives of files below one folder of this domain's procfs or sysfs.
 *
 * Invariant: a name of procfs leads to nothing outside that folder, and one of sysfs to an
 * interface's own attributes.
 */
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

/* Count the steps of a name. */
static int steps(const char *name)
{
	int n = 1;

	while ((name = strchr(name, '/'))) {
		name++;
		n++;
	}
	return n;
}

/* Links of an interface's folder lead to its device, and from there anywhere. */
static bool attribute_ok(const char *name)
{
	const char *interface, *attribute;

	if (!strcmp(name, "net"))
		return true;
	if (!strstarts(name, "net/"))
		return false;
	interface = name + strlen("net/");
	attribute = strchr(interface, '/');
	switch (steps(interface)) {
	case 2:
		return true;
	case 3:
		return strstarts(attribute + 1, "statistics/");
	default:
		return false;
	}
}

/**
 * vns_device_path - make the path of an interface's attribute, or of the folder of all
 * @call: the call; its second extent names the file below /sys/class
 *
 * The last step may be a link, which the caller must not follow.
 *
 * Context: process.
 * Return: the path, to be freed with kfree(); ERR_PTR(-EINVAL, -ENOMEM).
 */
char *vns_device_path(const struct veng_scall *call)
{
	static const char folder[] = "/sys/class/";
	char *path = vns_path(call, folder);

	if (IS_ERR(path) || attribute_ok(path + strlen(folder)))
		return path;
	kfree(path);
	return ERR_PTR(-EINVAL);
}

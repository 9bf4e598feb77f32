// SPDX-License-Identifier: GPL-2.0
/*
 * Names that a primary gives of files below one folder of this domain's procfs.
 *
 * Invariant: a name leads to nothing outside that folder.
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

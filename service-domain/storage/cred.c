// SPDX-License-Identifier: GPL-2.0
/*
 * Credentials under which requests run: full capabilities, because the client has
 * checked the caller's; with the caller's file system ids where a file is made,
 * because it becomes its owner.
 */
#include "vst.h"

/* For all but creation; and the same without CAP_FSETID, to drop setuid bits. */
const struct cred *vst_cred;
const struct cred *vst_cred_nofsetid;

static struct cred *new_cred(void)
{
	return prepare_kernel_cred(&init_task);
}

/**
 * vst_cred_of - credentials to create files for the caller of @r
 * @r: request
 *
 * Return: credentials with a reference, or ERR_PTR(-EINVAL, -ENOMEM).
 */
const struct cred *vst_cred_of(const struct vst_req *r)
{
	kuid_t uid = make_kuid(&init_user_ns, r->in.uid);
	kgid_t gid = make_kgid(&init_user_ns, r->in.gid);
	struct cred *cred;

	if (!uid_valid(uid) || !gid_valid(gid))
		return ERR_PTR(-EINVAL);
	if (uid_eq(uid, GLOBAL_ROOT_UID) && gid_eq(gid, GLOBAL_ROOT_GID))
		return get_cred(vst_cred);
	cred = new_cred();
	if (!cred)
		return ERR_PTR(-ENOMEM);
	cred->fsuid = uid;
	cred->fsgid = gid;
	return cred;
}

int vst_cred_init(void)
{
	struct cred *full = new_cred(), *nofsetid = new_cred();

	if (!full || !nofsetid) {
		if (full)
			put_cred(full);
		if (nofsetid)
			put_cred(nofsetid);
		return -ENOMEM;
	}
	cap_lower(nofsetid->cap_effective, CAP_FSETID);
	vst_cred = full;
	vst_cred_nofsetid = nofsetid;
	return 0;
}

void vst_cred_exit(void)
{
	put_cred(vst_cred);
	put_cred(vst_cred_nofsetid);
}

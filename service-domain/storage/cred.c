// SPDX-License-Identifier: GPL-2.0
/*
 * Credentials under which requests run.
 *
 * The client checks permissions in ways that are not known here (user namespaces, security
 * modules). So the service does not refuse what the client has let pass: all requests have the
 * capabilities for that. What only a file system can decide goes by the caller's own ids,
 * groups and capabilities. These are the owner of a new file, the use of reserved blocks
 * (CAP_SYS_RESOURCE), and the sight of trusted attributes (CAP_SYS_ADMIN).
 *
 * The client says with each request which set-user-ID bits and file capabilities a change takes
 * away (FUSE_HANDLE_KILLPRIV_V2). FALLOCATE does not say it.
 */
#include <linux/capability.h>
#include <linux/highuid.h>
#include "vst.h"

/* The credentials of root and of the client itself; and the same without CAP_FSETID. */
const struct cred *vst_cred;
static const struct cred *cred_nofsetid;

/* The capabilities for what the client decides. */
static const kernel_cap_t decided = { .val = BIT_ULL(CAP_CHOWN) | BIT_ULL(CAP_DAC_OVERRIDE) |
	BIT_ULL(CAP_DAC_READ_SEARCH) | BIT_ULL(CAP_FOWNER) | BIT_ULL(CAP_FSETID) |
	BIT_ULL(CAP_MKNOD) | BIT_ULL(CAP_SETFCAP) | BIT_ULL(CAP_LINUX_IMMUTABLE) };

static struct cred *new_cred(void)
{
	return prepare_kernel_cred(&init_task);
}

static const struct cred *cred_as(kuid_t uid, kgid_t gid, const struct cred *caller)
{
	struct cred *cred = new_cred();

	if (!cred)
		return ERR_PTR(-ENOMEM);
	cred->fsuid = uid;
	cred->fsgid = gid;
	cred->cap_effective = decided;
	if (caller) {
		set_groups(cred, caller->group_info);
		cred->cap_effective = cap_combine(decided, caller->cap_effective);
	}
	return cred;
}

/**
 * vst_cred_of - get the credentials under which a request runs
 * @r: request
 *
 * A request that makes something has in its header the owner that the caller's mount maps the
 * caller to; in others it is the caller. One without registered credentials is the client's own,
 * or one that it sends in the background. If that names no user, a kernel thread sent it.
 *
 * Context: process.
 * Return: credentials with a reference, or ERR_PTR(-EINVAL, -ENOMEM).
 */
const struct cred *vst_cred_of(const struct vst_req *r)
{
	const struct cred *caller = r->call->cred;
	kuid_t uid = make_kuid(&init_user_ns, r->in.uid);
	kgid_t gid = make_kgid(&init_user_ns, r->in.gid);

	if (!r->by_caller)
		return get_cred(vst_cred);
	if (r->call->sqe.cred)
		return cred_as(uid_valid(uid) ? uid : caller->fsuid,
			       gid_valid(gid) ? gid : caller->fsgid, caller);
	if (!uid_valid(uid) || !gid_valid(gid))
		return cred_as(make_kuid(&init_user_ns, overflowuid),
			       make_kgid(&init_user_ns, overflowgid), NULL);
	if (uid_eq(uid, GLOBAL_ROOT_UID) && gid_eq(gid, GLOBAL_ROOT_GID))
		return get_cred(vst_cred);
	return cred_as(uid, gid, NULL);
}

/**
 * vst_cred_of_owner - get the credentials for data that is written back
 * @inode: whose data
 *
 * The writer is not known, so the data is charged to the owner, as quotas do.
 *
 * Context: process.
 * Return: credentials with a reference, or ERR_PTR(-ENOMEM).
 */
const struct cred *vst_cred_of_owner(const struct inode *inode)
{
	if (uid_eq(inode->i_uid, GLOBAL_ROOT_UID))
		return get_cred(vst_cred);
	return cred_as(inode->i_uid, inode->i_gid, NULL);
}

/**
 * vst_cred_to_change - get the present credentials, to change a file under
 * @kill: the change is to take set-user-ID bits and file capabilities away
 *
 * Context: process.
 * Return: credentials with a reference, or ERR_PTR(-ENOMEM).
 */
const struct cred *vst_cred_to_change(bool kill)
{
	struct cred *cred;

	if (!kill)
		return get_current_cred();
	if (current_cred() == vst_cred)
		return get_cred(cred_nofsetid);
	cred = prepare_creds();
	if (!cred)
		return ERR_PTR(-ENOMEM);
	cap_lower(cred->cap_effective, CAP_FSETID);
	return cred;
}

/**
 * vst_caller_has - test whether the caller of a request has a capability of its own
 * @r: request
 * @cap: CAP_*
 *
 * Context: any.
 * Return: true if so, as for the client's own requests.
 */
bool vst_caller_has(const struct vst_req *r, int cap)
{
	return cap_raised(r->call->cred->cap_effective, cap);
}

/**
 * vst_cred_init - prepare the service's own credentials
 *
 * Return: 0 or -ENOMEM.
 */
int vst_cred_init(void)
{
	struct cred *full = new_cred(), *nofsetid = new_cred();

	if (!full || !nofsetid) {
		put_cred(full);
		put_cred(nofsetid);
		return -ENOMEM;
	}
	cap_lower(nofsetid->cap_effective, CAP_FSETID);
	vst_cred = full;
	cred_nofsetid = nofsetid;
	return 0;
}

/**
 * vst_cred_exit - put the service's own credentials
 */
void vst_cred_exit(void)
{
	put_cred(vst_cred);
	put_cred(cred_nofsetid);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Credentials that the primary registered. The engine trusts the primary's kernel to name its
 * callers. It checks the form of what the primary's kernel writes.
 */
#include <linux/cred.h>
#include <linux/sched.h>
#include <linux/user_namespace.h>
#include <linux/uidgid.h>
#include "engine_priv.h"

static const struct cred *base_cred;

/**
 * veng_base_cred - get the service's own credentials, for which index 0 stands
 *
 * Return: the credentials, without a reference.
 */
const struct cred *veng_base_cred(void)
{
	return base_cred;
}

/**
 * veng_cred_init - prepare the service's own credentials
 *
 * Return: 0 or -ENOMEM.
 */
int veng_cred_init(void)
{
	base_cred = prepare_kernel_cred(&init_task);
	return base_cred ? 0 : -ENOMEM;
}

/**
 * veng_cred_exit - put the service's own credentials
 */
void veng_cred_exit(void)
{
	put_cred(base_cred);
}

static int set_groups_of(struct cred *cred, const struct vos_cred *v)
{
	struct group_info *gi = groups_alloc(v->ngroups);
	u32 i;

	if (!gi)
		return -ENOMEM;
	for (i = 0; i < v->ngroups; i++) {
		gi->gid[i] = make_kgid(&init_user_ns, v->group[i]);
		if (!gid_valid(gi->gid[i])) {
			put_group_info(gi);
			return -EINVAL;
		}
	}
	groups_sort(gi);
	set_groups(cred, gi);
	put_group_info(gi);
	return 0;
}

/* Capabilities are over the user namespace of the credentials, and those below it. */
static int set_user_ns_of(struct veng_conn *conn, struct cred *cred, u32 number)
{
	struct user_namespace *ns;

	if (!number)
		return 0;
	ns = conn->svc->user_ns ? conn->svc->user_ns(conn, number) : NULL;
	if (!ns)
		return -EINVAL;
	put_user_ns(cred->user_ns);
	cred->user_ns = ns;
	return 0;
}

static struct cred *make_cred(struct veng_conn *conn, const struct vos_cred *v)
{
	kuid_t uid = make_kuid(&init_user_ns, v->uid);
	kgid_t gid = make_kgid(&init_user_ns, v->gid);
	struct cred *cred;
	int rc;

	if (!uid_valid(uid) || !gid_valid(gid) || v->ngroups > VOS_CRED_MAX_GROUPS)
		return ERR_PTR(-EINVAL);
	cred = prepare_kernel_cred(&init_task);
	if (!cred)
		return ERR_PTR(-ENOMEM);
	cred->uid = uid;
	cred->euid = uid;
	cred->suid = uid;
	cred->fsuid = uid;
	cred->gid = gid;
	cred->egid = gid;
	cred->sgid = gid;
	cred->fsgid = gid;
	cred->cap_effective.val = v->cap_effective & CAP_VALID_MASK;
	cred->cap_permitted = cred->cap_effective;
	cred->cap_inheritable.val = 0;
	rc = set_groups_of(cred, v) ?: set_user_ns_of(conn, cred, v->userns);
	if (rc) {
		abort_creds(cred);
		return ERR_PTR(rc);
	}
	return cred;
}

static void replace(struct veng_conn *conn, u64 index, const struct cred *cred)
{
	const struct cred *old = conn->cred[index];

	veng_in_dispatcher(conn);
	conn->cred[index] = cred;
	if (old)
		put_cred(old);
}

static bool index_ok(const struct veng_scall *call)
{
	return call->sqe.arg[0] > 0 && call->sqe.arg[0] < VOS_MAX_CREDS;
}

/**
 * veng_cred_set - carry out VOS_OP_CRED_SET: register credentials
 * @call: the call
 *
 * Calls that run under the old entry hold a reference of their own.
 *
 * Context: dispatcher.
 * Return: 0, -EINVAL, -ENOMEM.
 */
s64 veng_cred_set(struct veng_scall *call)
{
	struct vos_cred copy;
	struct cred *cred;

	if (!index_ok(call) || call->sqe.ext[0].len != sizeof(copy))
		return -EINVAL;
	vos_peer_read(&copy, call->in[0], sizeof(copy));
	barrier();	/* the copy is checked and used, never the original */
	cred = make_cred(call->conn, &copy);
	if (IS_ERR(cred))
		return PTR_ERR(cred);
	replace(call->conn, call->sqe.arg[0], cred);
	return 0;
}

/**
 * veng_cred_drop - carry out VOS_OP_CRED_DROP: forget credentials
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0 or -EINVAL.
 */
s64 veng_cred_drop(struct veng_scall *call)
{
	if (!index_ok(call))
		return -EINVAL;
	replace(call->conn, call->sqe.arg[0], NULL);
	return 0;
}

/**
 * veng_cred_drop_all - forget all credentials of a connection
 * @conn: the connection; its dispatcher has stopped
 */
void veng_cred_drop_all(struct veng_conn *conn)
{
	u32 i;

	for (i = 0; i < VOS_MAX_CREDS; i++)
		replace(conn, i, NULL);
}

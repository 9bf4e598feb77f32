// SPDX-License-Identifier: GPL-2.0
/*
 * From the engine's dispatcher to the functions that carry out requests. All of them may wait
 * for the disk, so each request runs on the work queue. When a worker waits, the work queue
 * starts another one.
 */
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/slab.h>
#include "vst.h"

static struct workqueue_struct *vst_wq;
static struct kmem_cache *req_cache;

static int vst_init(struct vst_req *r)
{
	const u64 wanted = FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_WRITEBACK_CACHE |
		FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO | FUSE_PARALLEL_DIROPS |
		FUSE_ASYNC_DIO | FUSE_POSIX_ACL | FUSE_DONT_MASK | FUSE_MAX_PAGES |
		FUSE_NO_OPEN_SUPPORT | FUSE_NO_OPENDIR_SUPPORT | FUSE_HANDLE_KILLPRIV_V2 |
		FUSE_CACHE_SYMLINKS | FUSE_EXPORT_SUPPORT | FUSE_EXPLICIT_INVAL_DATA |
		FUSE_SETXATTR_EXT | FUSE_INIT_EXT | FUSE_ALLOW_IDMAP;
	const struct fuse_init_in *in = vst_arg(r, sizeof(*in));
	struct fuse_init_out out = {};
	u64 flags;

	if (!in)
		return -EINVAL;
	if (in->major != FUSE_KERNEL_VERSION || in->minor < 36)
		return -EPROTO;
	if (atomic_read(&vst_nr_conns) > 1)
		vst_changes_flush();
	/* Purge only if there is one primary: another's files may be open. */
	if (atomic_read(&vst_nr_conns) == 1)
		vst_orphans_purge();
	vst_conn_mounted(r->conn);
	flags = (in->flags | (u64)in->flags2 << 32) & wanted;
	/* A client that knows of access lists wants an answer to each question for one. */
	if (!(vst_root.mnt->mnt_sb->s_flags & SB_POSIXACL))
		flags &= ~(u64)FUSE_POSIX_ACL;
	out.major = FUSE_KERNEL_VERSION;
	out.minor = min_t(u32, in->minor, FUSE_KERNEL_MINOR_VERSION);
	out.max_readahead = in->max_readahead;
	out.flags = flags;
	out.flags2 = flags >> 32;
	out.max_background = VST_MAX_BACKGROUND;
	out.congestion_threshold = VST_MAX_BACKGROUND * 3 / 4;
	out.max_write = VST_MAX_PAGES * PAGE_SIZE;
	out.max_pages = VST_MAX_PAGES;
	out.time_gran = vst_root.mnt->mnt_sb->s_time_gran;
	return vst_reply(r, &out, sizeof(out));
}

static int vst_destroy(struct vst_req *r)
{
	return 0;
}

static void forget(struct vst_req *r, u64 id, u64 at)
{
	if (vst_node_forget(r->conn, id, at))
		vst_unkeep(id);
}

static int vst_forget(struct vst_req *r)
{
	forget(r, r->in.nodeid, vst_number(r));
	return 0;
}

/* The client sends no lookup counts but, in their place, when it dropped each node. */
static int vst_batch_forget(struct vst_req *r)
{
	const struct fuse_batch_forget_in *in = vst_arg(r, sizeof(*in));
	const struct fuse_forget_one *one;
	u32 i;

	if (!in)
		return -EINVAL;
	for (i = 0; i < in->count; i++) {
		one = vst_arg(r, sizeof(*one));
		if (!one)
			return -EINVAL;
		forget(r, one->nodeid, one->nlookup);
	}
	/* Files that were put are closed later. Blocks are free before the answer. */
	flush_delayed_fput();
	return 0;
}

/*
 * A request that is not here is answered with ENOSYS, and the client does without. by_caller:
 * the file system checks the caller's credentials (cred.c).
 */
static const struct {
	int (*fn)(struct vst_req *r);
	bool by_caller;
} serve_fuse[] = {
	[FUSE_LOOKUP]		= { vst_lookup },
	[FUSE_FORGET]		= { vst_forget },
	[FUSE_GETATTR]		= { vst_getattr },
	[FUSE_SETATTR]		= { vst_setattr, true },
	[FUSE_READLINK]		= { vst_readlink },
	[FUSE_SYMLINK]		= { vst_symlink, true },
	[FUSE_MKNOD]		= { vst_mknod, true },
	[FUSE_MKDIR]		= { vst_mkdir, true },
	[FUSE_UNLINK]		= { vst_unlink, true },
	[FUSE_RMDIR]		= { vst_rmdir, true },
	[FUSE_RENAME]		= { vst_rename, true },
	[FUSE_LINK]		= { vst_link, true },
	[FUSE_READ]		= { vst_read },
	[FUSE_WRITE]		= { vst_write, true },
	[FUSE_STATFS]		= { vst_statfs },
	[FUSE_FSYNC]		= { vst_fsync },
	[FUSE_SETXATTR]		= { vst_setxattr, true },
	[FUSE_GETXATTR]		= { vst_getxattr },
	[FUSE_LISTXATTR]	= { vst_listxattr, true },
	[FUSE_REMOVEXATTR]	= { vst_removexattr, true },
	[FUSE_INIT]		= { vst_init },
	[FUSE_READDIR]		= { vst_readdir },
	[FUSE_FSYNCDIR]		= { vst_fsyncdir },
	[FUSE_DESTROY]		= { vst_destroy },
	[FUSE_IOCTL]		= { vst_ioctl, true },
	[FUSE_BATCH_FORGET]	= { vst_batch_forget },
	[FUSE_FALLOCATE]	= { vst_fallocate, true },
	[FUSE_READDIRPLUS]	= { vst_readdirplus },
	[FUSE_RENAME2]		= { vst_rename2, true },
	[FUSE_LSEEK]		= { vst_lseek },
	[FUSE_SYNCFS]		= { vst_syncfs },
	[FUSE_TMPFILE]		= { vst_tmpfile, true },
	[FUSE_STATX]		= { vst_statx },
};

static int serve_one(struct vst_req *r)
{
	u32 opcode = r->in.opcode;
	const struct cred *cred, *saved;
	int err;

	if (opcode >= ARRAY_SIZE(serve_fuse) || !serve_fuse[opcode].fn)
		return -ENOSYS;
	r->by_caller = serve_fuse[opcode].by_caller;
	r->logs = r->by_caller && vst_may_log(r);
	r->again = r->by_caller && vst_is_again(r);
	cred = vst_cred_of(r);
	if (IS_ERR(cred))
		return PTR_ERR(cred);
	saved = override_creds(cred);
	vst_present_begin(r);
	err = serve_fuse[opcode].fn(r);
	vst_present_end(r);
	if (r->by_caller)
		vst_tell_committed(r);
	else if (r->call->sqe.arg[0] & VOS_FUSE_ASK)
		vst_tell_mark(r);
	revert_creds(saved);
	put_cred(cred);
	return err;
}

static s64 run(struct veng_scall *call)
{
	struct vst_req *r = kmem_cache_alloc(req_cache, GFP_KERNEL);
	s64 result;

	if (!r)
		return -ENOMEM;
	result = vst_req_begin(r, call);
	if (!result)
		result = vst_req_end(r, serve_one(r));
	kmem_cache_free(req_cache, r);
	return result;
}

/*
 * Workers share their file mode mask with the domain's init. The client has applied the
 * caller's mask already (see vst_create_mode()), so there must be none here.
 */
static void clear_umask(void)
{
	if (READ_ONCE(current->fs->umask))
		WRITE_ONCE(current->fs->umask, 0);
}

static void serve_work(struct work_struct *work)
{
	struct veng_scall *call = container_of(work, struct veng_scall, work);

	veng_scall_take_up(call);
	clear_umask();
	veng_scall_complete(call, run(call));
}

/**
 * vst_queue - have a worker carry out a call
 * @call: the call
 * @fn: calls veng_scall_take_up() first, and veng_scall_complete() in the end
 *
 * Context: dispatcher.
 */
void vst_queue(struct veng_scall *call, work_func_t fn)
{
	veng_scall_hand_over(call);
	INIT_WORK(&call->work, fn);
	queue_work(vst_wq, &call->work);
}

/**
 * vst_call_fuse - queue a FUSE request for a worker
 * @call: the call
 *
 * Context: dispatcher.
 * Return: VENG_PENDING.
 */
s64 vst_call_fuse(struct veng_scall *call)
{
	vst_queue(call, serve_work);
	return VENG_PENDING;
}

static s64 (* const serve[])(struct veng_scall *call) = {
#define VOS_X(NAME, name, nr, ...)	\
	[nr] = vst_call_##name,
	VOS_STORAGE_OPCODES(VOS_X)
#undef VOS_X
};

/**
 * vst_dispatch - carry out or queue a call of class STORAGE
 * @call: the call
 *
 * Context: dispatcher.
 * Return: the result or VENG_PENDING.
 */
s64 vst_dispatch(struct veng_scall *call)
{
	return serve[call->sqe.opcode](call);
}

/**
 * vst_dispatch_init - make the work queue and the cache of requests
 *
 * Return: 0 or -ENOMEM.
 */
int vst_dispatch_init(void)
{
	/* An ioctl's argument goes from there into user memory (ioctl.c). */
	req_cache = kmem_cache_create_usercopy("virtuos_storage_req", sizeof(struct vst_req), 0, 0,
					       offsetof(struct vst_req, small),
					       sizeof_field(struct vst_req, small), NULL);
	if (!req_cache)
		return -ENOMEM;
	vst_wq = alloc_workqueue("virtuos-storage", WQ_HIGHPRI, 0);
	if (!vst_wq) {
		kmem_cache_destroy(req_cache);
		return -ENOMEM;
	}
	vst_present_init();
	return 0;
}

/**
 * vst_dispatch_exit - destroy what vst_dispatch_init() made
 */
void vst_dispatch_exit(void)
{
	destroy_workqueue(vst_wq);
	vst_present_exit();
	kmem_cache_destroy(req_cache);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Who has a file's data: the delegation of an inode.
 *
 *	held	the primary caches pages; reads and writes are the FUSE client's
 *	served	programs read and write at the storage domain, through the exceptionless
 *		door or, uncached, through the trap door; nothing is cached here, and
 *		attributes are asked for each time
 *
 * An inode is held unless a program attaches it to its door. It becomes held again
 * when no program has it attached any more, when it is mapped, or when its data is
 * used otherwise than by reading and writing.
 *
 * Invariant: FUSE_I_SERVED changes under the inode's semaphore for writing; whoever
 * touches pages of a file holds it for reading and has seen the bit clear. A mapped
 * inode is not served: mappings are counted from before they exist.
 */
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/resource.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include "vosfs.h"
#include "vos_door.h"

#define NR_SEMS_BITS	6

/* One that has just been taken back is not given out again for so long. */
#define HOLD_TIME	(HZ / 2)

static struct rw_semaphore sems[1 << NR_SEMS_BITS];
static unsigned long held_until[1 << NR_SEMS_BITS];	/* jiffies; several inodes each */

/**
 * struct vosfs_data - an inode that is mapped, or was attached to a door
 * @inode: one reference for @targets together
 * @maps: mappings
 * @targets: handles of doors
 */
struct vosfs_data {
	struct hlist_node hash;
	struct inode *inode;
	unsigned int maps;
	unsigned int nr_targets;
	struct list_head targets;
};

static DEFINE_HASHTABLE(table, 8);
static DEFINE_SPINLOCK(table_lock);

static unsigned long *held_until_of(const struct inode *inode)
{
	return &held_until[hash_ptr(inode, NR_SEMS_BITS)];
}

/*
 * For writing it is only ever tried, so that nobody waits behind a writer: readers
 * may hold the inode's lock, or wait for it.
 */
static struct rw_semaphore *sem_of(const struct inode *inode)
{
	return &sems[hash_ptr(inode, NR_SEMS_BITS)];
}

static bool is_served(struct inode *inode)
{
	return test_bit(FUSE_I_SERVED, &get_fuse_inode(inode)->state);
}

/* Under table_lock. */
static struct vosfs_data *find(const struct inode *inode)
{
	struct vosfs_data *d;

	hash_for_each_possible(table, d, hash, (unsigned long)inode)
		if (d->inode == inode)
			return d;
	return NULL;
}

/* Under table_lock. */
static void drop_if_idle(struct vosfs_data *d)
{
	if (d->maps || d->nr_targets)
		return;
	hash_del(&d->hash);
	kfree(d);
}

/* The inode's entry, made if need be; returns with table_lock held, or NULL. */
static struct vosfs_data *get_locked(struct inode *inode)
{
	struct vosfs_data *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL), *d;

	if (!fresh)
		return NULL;
	spin_lock(&table_lock);
	d = find(inode);
	if (d) {
		kfree(fresh);
		return d;
	}
	fresh->inode = inode;
	INIT_LIST_HEAD(&fresh->targets);
	hash_add(table, &fresh->hash, (unsigned long)inode);
	return fresh;
}

static int fsync_node(struct inode *inode)
{
	struct fuse_mount *fm = get_fuse_mount(inode);
	struct fuse_fsync_in in = {};
	FUSE_ARGS(args);

	args.opcode = FUSE_FSYNC;
	args.nodeid = get_node_id(inode);
	args.in_numargs = 1;
	args.in_args[0].size = sizeof(in);
	args.in_args[0].value = &in;
	return fuse_simple_request(fm, &args);
}

/* A target that has not been recalled yet, kept, and its generation. */
static struct vos_door_target *next_target(struct inode *inode, u32 *gen)
{
	struct vos_door_target *t, *found = NULL;
	struct vosfs_data *d;

	spin_lock(&table_lock);
	d = find(inode);
	if (d) {
		list_for_each_entry(t, &d->targets, link) {
			if (!t->recalled) {
				t->recalled = true;
				*gen = vos_door_target_get(t);
				found = t;
				break;
			}
		}
	}
	spin_unlock(&table_lock);
	return found;
}

/*
 * Under the semaphore: no door has it any more.
 * Return: 0 or -errno; *dirty; *used: somebody will miss it.
 */
static int recall_all(struct inode *inode, bool *dirty, bool *used)
{
	struct vos_door_target *t;
	int rc = 0;
	u32 gen;

	/* None is added while we have the semaphore. */
	while (rc >= 0 && (t = next_target(inode, &gen))) {
		bool one;

		rc = vos_door_recall(t, gen, &one);
		if (rc < 0)
			t->recalled = false;	/* killed: whoever is next, again */
		*used |= rc > 0;
		*dirty |= one;
		vos_door_target_put(t);
	}
	return min(rc, 0);
}

/* From served to held. Under the semaphore for writing. */
static int take_back(struct inode *inode)
{
	bool dirty = false, used = false;
	int err = recall_all(inode, &dirty, &used);

	if (!err && dirty)
		err = fsync_node(inode);
	/* While it still counts as served, the server's size is believed. */
	if (!err)
		err = fuse_update_attributes(inode, NULL, STATX_BASIC_STATS);
	if (err)
		return err;
	invalidate_inode_pages2(inode->i_mapping);
	clear_bit(FUSE_I_SERVED, &get_fuse_inode(inode)->state);
	if (used)
		WRITE_ONCE(*held_until_of(inode), jiffies + HOLD_TIME);
	return 0;
}

/**
 * vosfs_data_begin - the data of @inode is about to be used here
 * @inode: a regular file's
 *
 * It is held until vosfs_data_end().
 * Return: 0, -EINTR killed, or what the storage domain said.
 */
int vosfs_data_begin(struct inode *inode)
{
	struct rw_semaphore *sem = sem_of(inode);
	int err;

	for (;;) {
		err = down_read_killable(sem);
		if (err || !is_served(inode))
			return err;
		up_read(sem);
		if (down_write_trylock(sem)) {
			err = is_served(inode) ? take_back(inode) : 0;
			up_write(sem);
			if (err)
				return err;
		} else if (schedule_timeout_killable(1) && fatal_signal_pending(current)) {
			return -EINTR;
		}
	}
}

void vosfs_data_end(struct inode *inode)
{
	up_read(sem_of(inode));
}

static bool is_attached(struct inode *inode)
{
	struct vosfs_data *d;
	bool attached;

	spin_lock(&table_lock);
	d = find(inode);
	attached = d && d->nr_targets;
	spin_unlock(&table_lock);
	return attached;
}

/*
 * As vosfs_data_begin(), but an inode that is served, and attached, may stay so.
 * Return: 0 held; 1 served; -errno. vosfs_data_end() follows unless it is an error.
 */
static int io_begin(struct inode *inode)
{
	int err = down_read_killable(sem_of(inode));

	if (err)
		return err;
	if (!is_served(inode))
		return 0;
	if (is_attached(inode))
		return 1;
	up_read(sem_of(inode));
	return vosfs_data_begin(inode);
}

/* At the storage domain, past all caches here. */
static ssize_t served_io(struct kiocb *iocb, struct iov_iter *iter, int flags)
{
	struct fuse_io_priv io = FUSE_IO_PRIV_SYNC(iocb);

	return fuse_direct_io(&io, iter, &iocb->ki_pos, flags | FUSE_DIO_CUSE);
}

static ssize_t data_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t n = io_begin(inode);

	if (n < 0)
		return n;
	n = n ? served_io(iocb, to, 0) : fuse_file_operations.read_iter(iocb, to);
	vosfs_data_end(inode);
	return n;
}

/*
 * What is written here is on the disk when it is answered, and so is all that was
 * written through doors before it (vst_write()): no replay may undo it.
 */
static ssize_t served_write(struct kiocb *iocb, struct iov_iter *from)
{
	ssize_t n = generic_write_checks(iocb, from);

	return n > 0 ? served_io(iocb, from, FUSE_DIO_WRITE) : n;
}

static ssize_t data_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	/* The end of a served file is known elsewhere. */
	bool append = iocb->ki_flags & IOCB_APPEND;
	ssize_t n = append ? vosfs_data_begin(inode) : io_begin(inode);

	if (n < 0)
		return n;
	if (n) {
		n = served_write(iocb, from);
		vosfs_data_end(inode);
		return n;
	}
	n = fuse_file_operations.write_iter(iocb, from);
	vosfs_data_end(inode);
	return n;
}

static ssize_t data_splice_read(struct file *in, loff_t *ppos, struct pipe_inode_info *pipe,
				size_t len, unsigned int flags)
{
	struct inode *inode = file_inode(in);
	ssize_t n = vosfs_data_begin(inode);

	if (n)
		return n;
	n = fuse_file_operations.splice_read(in, ppos, pipe, len, flags);
	vosfs_data_end(inode);
	return n;
}

/* iter_file_splice_write() comes back to data_write_iter(). */
static ssize_t data_splice_write(struct pipe_inode_info *pipe, struct file *out, loff_t *ppos,
				 size_t len, unsigned int flags)
{
	return fuse_file_operations.splice_write(pipe, out, ppos, len, flags);
}

static long data_fallocate(struct file *file, int mode, loff_t offset, loff_t length)
{
	struct inode *inode = file_inode(file);
	long rc = vosfs_data_begin(inode);

	if (rc)
		return rc;
	rc = fuse_file_operations.fallocate(file, mode, offset, length);
	vosfs_data_end(inode);
	return rc;
}

static void count_map(struct inode *inode, int n)
{
	struct vosfs_data *d;

	spin_lock(&table_lock);
	d = find(inode);
	if (d) {
		d->maps += n;
		drop_if_idle(d);
	}
	spin_unlock(&table_lock);
}

/* A mapping's operations with ours around them; there are few kinds. */
static struct counted_ops {
	const struct vm_operations_struct *base;
	struct vm_operations_struct ops;
} counted[4];
static DEFINE_MUTEX(counted_mutex);

static const struct vm_operations_struct *base_of(const struct vm_operations_struct *ops)
{
	return container_of(ops, struct counted_ops, ops)->base;
}

static void map_open(struct vm_area_struct *vma)
{
	count_map(file_inode(vma->vm_file), 1);
	if (base_of(vma->vm_ops)->open)
		base_of(vma->vm_ops)->open(vma);
}

static void map_close(struct vm_area_struct *vma)
{
	if (base_of(vma->vm_ops)->close)
		base_of(vma->vm_ops)->close(vma);
	count_map(file_inode(vma->vm_file), -1);
}

static const struct vm_operations_struct *counted_ops(const struct vm_operations_struct *base)
{
	const struct vm_operations_struct *found = NULL;
	int i;

	mutex_lock(&counted_mutex);
	for (i = 0; i < ARRAY_SIZE(counted) && !found; i++) {
		if (counted[i].base && counted[i].base != base)
			continue;
		if (!counted[i].base) {
			counted[i].ops = *base;
			counted[i].ops.open = map_open;
			counted[i].ops.close = map_close;
			counted[i].base = base;
		}
		found = &counted[i].ops;
	}
	mutex_unlock(&counted_mutex);
	return found;
}

static int data_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct inode *inode = file_inode(file);
	const struct vm_operations_struct *ops;
	struct vosfs_data *d;
	int rc = vosfs_data_begin(inode);

	if (rc)
		return rc;
	d = get_locked(inode);
	if (d) {
		d->maps++;
		spin_unlock(&table_lock);
	}
	vosfs_data_end(inode);
	if (!d)
		return -ENOMEM;
	rc = fuse_file_operations.mmap(file, vma);
	ops = !rc && vma->vm_ops ? counted_ops(vma->vm_ops) : NULL;
	if (ops)
		vma->vm_ops = ops;
	else
		count_map(inode, -1);
	return !rc && !ops ? -ENOMEM : rc;
}

static bool may_be_served(const struct file *file, struct inode *inode)
{
	const unsigned int plain = O_ACCMODE | O_NONBLOCK | O_LARGEFILE | O_CLOEXEC | O_NOATIME |
				   O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY | O_NOFOLLOW;

	return !(file->f_flags & ~plain) && !IS_SYNC(inode) && !IS_SWAPFILE(inode) &&
	       !READ_ONCE(inode->i_fsnotify_mask);
}

/* Not while mapped, nor again at once. */
static bool may_leave(struct inode *inode)
{
	struct vosfs_data *d;
	bool may;

	spin_lock(&table_lock);
	d = find(inode);
	may = !d || !d->maps;
	spin_unlock(&table_lock);
	return may && !mapping_mapped(inode->i_mapping) &&
	       time_after_eq(jiffies, READ_ONCE(*held_until_of(inode)));
}

static int data_examine(struct file *file, struct vos_door_target *t)
{
	struct inode *inode = file_inode(file);

	if (inode->i_sb->s_type != &vosfs_type)
		return -ENOENT;
	t->kind = VOS_KIND_TRAP;
	if (!S_ISREG(inode->i_mode) || file->f_op != &vosfs_file_ops ||
	    !may_be_served(file, inode))
		return 0;
	if (!may_leave(inode))
		return -EAGAIN;
	t->kind = VOS_KIND_FILE;
	t->node = get_node_id(inode);
	if (file->f_mode & FMODE_READ) {
		t->word |= VOS_WORD_READ;
		t->flags |= VOS_HANDLE_READ;
	}
	if ((file->f_mode & FMODE_WRITE) && rlimit(RLIMIT_FSIZE) == RLIM_INFINITY) {
		t->word |= VOS_WORD_WRITE;
		t->flags |= VOS_HANDLE_WRITE;
	}
	if (file->f_mode & FMODE_ATOMIC_POS)
		t->word |= VOS_WORD_POS;
	return 0;
}

/* From held to served. Under the semaphore for writing. */
static int give_out(struct inode *inode)
{
	int err = filemap_write_and_wait(inode->i_mapping);

	if (!err)
		err = write_inode_now(inode, 1);
	if (!err)
		err = invalidate_inode_pages2(inode->i_mapping);
	if (!err)
		set_bit(FUSE_I_SERVED, &get_fuse_inode(inode)->state);
	return err ? -EAGAIN : 0;
}

static int data_attach(struct file *file, struct vos_door_target *t)
{
	struct inode *inode = file_inode(file);
	struct rw_semaphore *sem = sem_of(inode);
	struct vosfs_data *d;
	int err = 0;

	if (!down_write_trylock(sem))
		return -EAGAIN;
	if (!may_leave(inode))
		err = -EAGAIN;
	else if (!is_served(inode))
		err = give_out(inode);
	d = err ? NULL : get_locked(inode);
	if (d) {
		if (!d->nr_targets++)
			ihold(inode);
		list_add_tail(&t->link, &d->targets);
		t->priv = inode;
		spin_unlock(&table_lock);
	}
	up_write(sem);
	return d ? 0 : -EAGAIN;
}

/* The handle has ended: what it wrote goes to the disk before it is forgotten. */
static void data_gone(struct vos_door_target *t, bool dirty)
{
	struct inode *inode = t->priv;
	struct vosfs_data *d;
	bool last;
	int err = dirty ? fsync_node(inode) : 0;

	if (err)
		mapping_set_error(inode->i_mapping, err);
	spin_lock(&table_lock);
	d = find(inode);
	list_del_init(&t->link);
	last = !--d->nr_targets;
	drop_if_idle(d);
	spin_unlock(&table_lock);
	/* Served by nobody: the next use of its data takes it back. */
	if (last)
		iput(inode);
}

static struct vos_door_provider provider = {
	.service = VOS_DOOR_STORAGE,
	.examine = data_examine,
	.attach = data_attach,
	.gone = data_gone,
	.replay = vosfs_replay_write,
};

struct file_operations vosfs_file_ops;

static const struct fuse_data_hooks data_hooks = {
	.file_ops = &vosfs_file_ops,
	.begin = vosfs_data_begin,
	.end = vosfs_data_end,
};

/**
 * vosfs_data_init_conn - a connection's regular files may be served
 * @fc: the connection, not used yet
 */
void vosfs_data_init_conn(struct fuse_conn *fc)
{
	fc->data_hooks = &data_hooks;
}

/**
 * vosfs_data_provide - offer the files of @session to doors; those of one session
 * Return: 0; -EBUSY: those of another are offered already, and these use the trap.
 */
int vosfs_data_provide(struct vos_session *session)
{
	provider.session = session;
	return vos_door_provide(&provider);
}

/* The session whose files are offered. */
struct vos_session *vosfs_data_session(void)
{
	return provider.session;
}

void vosfs_data_withdraw(struct vos_session *session)
{
	if (provider.session == session)
		vos_door_withdraw(&provider);
}

void vosfs_data_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sems); i++) {
		init_rwsem(&sems[i]);
		held_until[i] = jiffies;
	}
	vosfs_file_ops = fuse_file_operations;
	vosfs_file_ops.owner = THIS_MODULE;
	vosfs_file_ops.read_iter = data_read_iter;
	vosfs_file_ops.write_iter = data_write_iter;
	vosfs_file_ops.splice_read = data_splice_read;
	vosfs_file_ops.splice_write = data_splice_write;
	vosfs_file_ops.mmap = data_mmap;
	vosfs_file_ops.fallocate = data_fallocate;
	vosfs_file_ops.fop_flags |= FOP_LEASED_POS;
}

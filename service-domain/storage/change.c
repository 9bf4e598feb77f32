// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of names and attributes that are answered before the disk has them. The client keeps
 * each one until it is told that the disk has it, and has a successor carry it out again.
 *
 * Each transaction of ext4's journal that has such a change also has a mark: its own number, in an
 * attribute of the hidden directory. So the disk itself says which changes it has, whatever
 * mounted it since. A client gives its log a number and each connection an epoch. The mark has
 * both, so that numbers of transactions are compared only within an epoch.
 *
 * Invariant: the number in an answer is not less than the change's own transaction. When a change
 * is answered, a mark of that number or a later one is in the journal. So what began after the
 * answer is on the disk only if the mark is. changes.pml in virtuos/fs is the model.
 */
#include <linux/jbd2.h>
#include <linux/xattr.h>
#include "vst.h"
#include "ext4.h"

#define MARK_NAME	XATTR_TRUSTED_PREFIX "virtuos-log"

/* As on the disk. */
struct mark {
	__le64 log;
	__le32 epoch;
	__le32 tid;
};

static journal_t *journal;		/* NULL: changes are answered when they are on disk */
static DEFINE_MUTEX(mark_mutex);
static struct mark marked;		/* the last one written; under mark_mutex */

static bool is_ext4(const struct super_block *sb)
{
	return sb->s_magic == EXT4_SUPER_MAGIC && !strcmp(sb->s_type->name, "ext4");
}

/* Get the transaction that a change that begins now would be in. */
static tid_t present_tid(void)
{
	tid_t tid;

	read_lock(&journal->j_state_lock);
	tid = journal->j_running_transaction ? journal->j_running_transaction->t_tid :
					       journal->j_transaction_sequence;
	read_unlock(&journal->j_state_lock);
	return tid;
}

static tid_t committed_tid(void)
{
	tid_t tid;

	read_lock(&journal->j_state_lock);
	tid = journal->j_commit_sequence;
	read_unlock(&journal->j_state_lock);
	return tid;
}

static bool is_marked(const struct mark *m)
{
	lockdep_assert_held(&mark_mutex);
	return m->log == marked.log && m->epoch == marked.epoch &&
	       tid_geq(le32_to_cpu(marked.tid), le32_to_cpu(m->tid));
}

/* Write a mark. The transaction that gets it has this number or a later one. */
static int write_mark(const struct mark *m)
{
	const struct cred *saved;
	int err = mnt_want_write(vst_root.mnt);

	lockdep_assert_held(&mark_mutex);
	if (err)
		return err;
	saved = override_creds(vst_cred);
	err = vfs_setxattr(&nop_mnt_idmap, vst_hidden_dir(), MARK_NAME, m, sizeof(*m), 0);
	revert_creds(saved);
	mnt_drop_write(vst_root.mnt);
	if (!err)
		marked = *m;
	return err;
}

/* Mark the present transaction. Return: false if the change has to wait for the disk. */
static bool log_change(struct vst_req *r)
{
	struct mark m = {
		.log = cpu_to_le64(r->call->sqe.arg[2]),
		.epoch = cpu_to_le32(r->call->sqe.arg[0] >> 32),
	};
	bool done;

	mutex_lock(&mark_mutex);
	m.tid = cpu_to_le32(present_tid());
	done = is_marked(&m) || !write_mark(&m);
	if (done)
		r->call->cqe.out[0] = VOS_FUSE_LOGGED | le32_to_cpu(marked.tid);
	mutex_unlock(&mark_mutex);
	/* One more client commits the journal when it begins: see vst_changes_flush(). */
	return done && atomic_read(&vst_nr_conns) == 1;
}

/**
 * vst_end_change - have a change answered: at once if the client keeps it
 * @r: request that made the change
 * @inode: as for vst_commit()
 * @lasts: the change has to be on the disk before it is answered otherwise
 *
 * Context: worker; may wait for the disk.
 * Return: 0 or an error of the file system.
 */
int vst_end_change(struct vst_req *r, struct inode *inode, bool lasts)
{
	if (r->logs && log_change(r))
		return 0;
	r->call->cqe.out[0] = 0;
	return lasts ? vst_commit(inode) : 0;
}

/**
 * vst_may_log - test whether a request asks for an answer before the disk has its change
 * @r: request
 *
 * Context: any.
 * Return: true if it does, and may have it.
 */
bool vst_may_log(const struct vst_req *r)
{
	return journal && r->call->sqe.arg[0] & VOS_FUSE_LOG && atomic_read(&vst_nr_conns) == 1;
}

/**
 * vst_is_again - test whether a request is a change out of a client's log
 * @r: request
 *
 * Context: any.
 * Return: true if so.
 */
bool vst_is_again(const struct vst_req *r)
{
	return journal && r->replay && r->call->sqe.arg[0] & VOS_FUSE_AGAIN;
}

/**
 * vst_tell_committed - say in an answer up to where the disk has changes
 * @r: request
 *
 * Context: worker.
 */
void vst_tell_committed(struct vst_req *r)
{
	if (journal)
		r->call->cqe.out[1] = VOS_FUSE_LOGGED | committed_tid();
}

/**
 * vst_tell_mark - say in an answer which changes of a log have been carried out
 * @r: request with VOS_FUSE_ASK; runs under vst_cred
 *
 * After the death of a domain these are the changes that the disk has.
 *
 * Context: worker.
 */
void vst_tell_mark(struct vst_req *r)
{
	struct mark m;
	ssize_t n;

	if (!journal)
		return;
	n = vfs_getxattr(&nop_mnt_idmap, vst_hidden_dir(), MARK_NAME, &m, sizeof(m));
	if (n != sizeof(m) || le64_to_cpu(m.log) != r->call->sqe.arg[2])
		return;
	r->call->cqe.out[2] = VOS_FUSE_LOGGED | le32_to_cpu(m.tid);
	r->call->cqe.out[3] = le32_to_cpu(m.epoch);
}

/**
 * vst_changes_flush - put on the disk what was answered before it was there
 *
 * Context: process; waits for the disk.
 */
void vst_changes_flush(void)
{
	if (journal)
		jbd2_journal_force_commit(journal);
}

/**
 * vst_changes_init - find the export's journal
 *
 * A fast commit is none of a transaction, and without the hidden directory there is no place for
 * the mark.
 *
 * Context: process.
 */
void vst_changes_init(void)
{
	struct super_block *sb = vst_root.mnt->mnt_sb;

	if (is_ext4(sb) && vst_hidden_dir() && !ext4_has_feature_fast_commit(sb) && !sb_rdonly(sb))
		journal = EXT4_SB(sb)->s_journal;
}

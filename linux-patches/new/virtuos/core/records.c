// SPDX-License-Identifier: GPL-2.0
/*
 * What service domains record of calls, for root: /sys/kernel/debug/virtuos/<service>/trace. One
 * program at a time opens it, writes 1, reads struct vos_trace_record's, and writes 0. It then
 * reads what is left, up to the end of file. When it closes the file the service forgets all.
 *
 * Records come from the service, so anything may be in them. They are handed on as they are,
 * and nothing here depends on them.
 *
 * Invariant: a trace is one link's. When the link dies the trace ends, with a record that says
 * so.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/tsc.h>
#include "core_priv.h"

#define ENTRIES		VOS_TRACE_MAX
#define AT_ONCE		512u		/* records in one call */
#define AGAIN_MS	20		/* a reader asks again, for the service does not tell */

enum trace_state { TRACE_OFF, TRACE_RECORDS, TRACE_STOPPED };

/*
 * struct tracer - the open file
 * @asked: the service was asked to record, and may do so even if the answer did not come
 * @epoch: of the link that is traced
 * @lost: how many lost records have been reported
 * @record: what is being handed on
 */
struct tracer {
	struct vos_session *session;
	struct mutex mutex;		/* the fields below; held over calls */
	enum trace_state state;
	bool asked;
	u32 epoch;
	u64 lost;
	struct vos_trace_record record[AT_ONCE];
};

static struct dentry *virtuos_dir;

/*
 * Make a call of TRACE_CTL or TRACE_READ.
 * Return: the call, answered with a result that is no error, for the caller to put. ERR_PTR:
 * -ENOTCONN: there is no link, or not the one that is traced.
 */
static struct vos_call *ask(struct tracer *t, u8 opcode, u64 arg0, u32 len)
{
	struct vos_call *call = vos_call_get(t->session, len, 0, VOS_GET_KILLABLE |
					     VOS_GET_NOCRED | VOS_GET_UP_ONLY);
	int rc = 0;

	if (IS_ERR(call))
		return call;
	call->sqe.opcode = opcode;
	call->sqe.arg[0] = arg0;
	call->sqe.arg[1] = ENTRIES;
	if (t->state != TRACE_OFF && call->epoch != t->epoch)
		rc = -EOWNERDEAD;
	if (!rc)
		rc = vos_call(call);
	if (rc == -EINTR)
		return ERR_PTR(-ERESTARTSYS);
	if (!rc && call->cqe.result < 0)
		rc = call->cqe.result == -ENOSYS ? -EOPNOTSUPP : -EIO;
	if (!rc)
		return call;
	vos_call_put(call);
	return ERR_PTR(rc == -EOWNERDEAD ? -ENOTCONN : rc);
}

static int control(struct tracer *t, u64 what)
{
	struct vos_call *call = ask(t, VOS_OP_TRACE_CTL, what, 0);

	if (IS_ERR(call))
		return PTR_ERR(call);
	t->epoch = call->epoch;
	vos_call_put(call);
	return 0;
}

static int begin(struct tracer *t)
{
	int rc;

	if (t->state == TRACE_RECORDS)
		return 0;
	/* The service may still have the records of a reader that was killed. */
	t->state = TRACE_OFF;
	rc = control(t, VOS_TRACE_OFF);
	if (rc)
		return rc;
	/* The caller may be killed while it waits, and the service records all the same. */
	t->asked = true;
	rc = control(t, VOS_TRACE_ON);
	if (rc)
		return rc;
	t->state = TRACE_RECORDS;
	t->lost = 0;
	return 0;
}

/* If the link has died, a reader finds that out. */
static int stop(struct tracer *t)
{
	int rc;

	if (t->state != TRACE_RECORDS)
		return 0;
	rc = control(t, VOS_TRACE_STOP);
	if (!rc)
		t->state = TRACE_STOPPED;
	return rc == -ENOTCONN ? 0 : rc;
}

static ssize_t records_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct tracer *t = file->private_data;
	bool on;
	int rc = kstrtobool_from_user(buf, len, &on);

	if (!rc)
		rc = mutex_lock_killable(&t->mutex);
	if (rc)
		return rc;
	rc = on ? begin(t) : stop(t);
	mutex_unlock(&t->mutex);
	return rc ?: len;
}

/* Add a record of our own. Return: 1. */
static u32 add_own(struct vos_trace_record *record, u8 type, u64 arg)
{
	*record = (struct vos_trace_record){
		.tsc = rdtsc(), .lane = VOS_TRACE_NO_LANE, .type = type, .arg = arg,
	};
	return 1;
}

/* Take what a call of TRACE_READ with room for @room brought. Return: records, or -EIO. */
static int take_answer(struct tracer *t, const struct vos_call *call, u32 room)
{
	s64 untrusted_n = call->cqe.result;
	u64 lost = call->cqe.out[0];
	u32 n;

	if (untrusted_n > room) {
		vos_link_violation(call->chan->link, "records");
		return -EIO;
	}
	n = untrusted_n;
	vos_peer_read(t->record, call->data[0], n * sizeof(t->record[0]));
	if (lost != t->lost)
		n += add_own(&t->record[n], VOS_TRACE_LOST, lost);
	t->lost = lost;
	return n;
}

/* Get records, @most of them. Return: their number; 0: the trace is over; -EAGAIN: none yet. */
static int get_records(struct tracer *t, u32 most)
{
	u32 room = most - 1;		/* one for our own */
	struct vos_call *call;
	int n;

	if (t->state == TRACE_OFF)
		return 0;
	call = ask(t, VOS_OP_TRACE_READ, 0, room * sizeof(t->record[0]));
	if (call == ERR_PTR(-ENOTCONN)) {
		t->state = TRACE_OFF;
		return add_own(t->record, VOS_TRACE_LINK_END, 0);
	}
	if (IS_ERR(call))
		return PTR_ERR(call);
	n = take_answer(t, call, room);
	vos_call_put(call);
	return n || t->state == TRACE_STOPPED ? n : -EAGAIN;
}

static ssize_t read_once(struct tracer *t, char __user *buf, u32 most)
{
	int n = mutex_lock_killable(&t->mutex);

	if (n)
		return n;
	n = get_records(t, most);
	if (n > 0 && copy_to_user(buf, t->record, n * sizeof(t->record[0])))
		n = -EFAULT;
	mutex_unlock(&t->mutex);
	return n > 0 ? n * sizeof(t->record[0]) : n;
}

static ssize_t records_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct tracer *t = file->private_data;
	u32 most = min_t(size_t, len / sizeof(t->record[0]), AT_ONCE);
	ssize_t n;

	if (most < 2)
		return -EINVAL;
	for (;;) {
		n = read_once(t, buf, most);
		if (n != -EAGAIN || file->f_flags & O_NONBLOCK)
			return n;
		if (msleep_interruptible(AGAIN_MS))
			return -ERESTARTSYS;
	}
}

static int records_open(struct inode *inode, struct file *file)
{
	struct vos_session *s = inode->i_private;
	struct tracer *t;

	if (test_and_set_bit(0, &s->traced))
		return -EBUSY;
	t = kvzalloc(sizeof(*t), GFP_KERNEL);
	if (!t) {
		clear_bit(0, &s->traced);
		return -ENOMEM;
	}
	kobject_get(&s->kobj);
	t->session = s;
	mutex_init(&t->mutex);
	file->private_data = t;
	return nonseekable_open(inode, file);
}

/*
 * Have the service forget its records. The caller may have been killed, so it does not wait. If
 * there is no room for the call, the next reader's begin() makes it.
 */
static void forget(struct tracer *t)
{
	struct vos_call *call = vos_call_get(t->session, 0, 0, VOS_GET_NOWAIT | VOS_GET_NOCRED |
					     VOS_GET_UP_ONLY);

	if (IS_ERR(call))
		return;
	call->sqe.opcode = VOS_OP_TRACE_CTL;
	call->sqe.arg[0] = VOS_TRACE_OFF;
	call->done = vos_call_put;
	vos_call_submit(call);
}

static int records_release(struct inode *inode, struct file *file)
{
	struct tracer *t = file->private_data;
	struct vos_session *s = t->session;

	if (t->asked)
		forget(t);
	kvfree(t);
	clear_bit(0, &s->traced);
	kobject_put(&s->kobj);
	return 0;
}

static const struct file_operations records_fops = {
	.owner = THIS_MODULE,
	.open = records_open,
	.read = records_read,
	.write = records_write,
	.release = records_release,
};

/**
 * vos_records_add - show the trace of a session's service
 * @s: the session, which is in sysfs
 *
 * Context: process.
 */
void vos_records_add(struct vos_session *s)
{
	s->records_dir = debugfs_create_dir(s->name, virtuos_dir);
	debugfs_create_file("trace", 0600, s->records_dir, s, &records_fops);
}

/**
 * vos_records_remove - undo vos_records_add()
 * @s: the session; its link is dead, so that a reader comes to the end of its file
 *
 * Context: process; it waits for readers.
 */
void vos_records_remove(struct vos_session *s)
{
	debugfs_remove_recursive(s->records_dir);
}

/**
 * vos_records_init - make /sys/kernel/debug/virtuos
 */
void vos_records_init(void)
{
	virtuos_dir = debugfs_create_dir("virtuos", NULL);
}

/**
 * vos_records_exit - remove /sys/kernel/debug/virtuos
 */
void vos_records_exit(void)
{
	debugfs_remove_recursive(virtuos_dir);
}

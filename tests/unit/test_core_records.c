/* SPDX-License-Identifier: MIT */
/*
 * The file of what a service records of calls (linux-patches/new/virtuos/core/records.c). The
 * test is the reader and the service: an honest one, one that lies, one that dies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sys/types.h>

#define __user
#define O_NONBLOCK	04000
#define THIS_MODULE	NULL
#define U8_MAX		0xffu

struct inode { void *i_private; };
struct file { void *private_data; unsigned int f_flags; };

struct file_operations {
	void *owner;
	int (*open)(struct inode *inode, struct file *file);
	ssize_t (*read)(struct file *file, char *buf, size_t len, loff_t *pos);
	ssize_t (*write)(struct file *file, const char *buf, size_t len, loff_t *pos);
	int (*release)(struct inode *inode, struct file *file);
};

static struct { void *fault; bool no_memory, killed, interrupted; unsigned int naps; } k;

static bool test_and_set_bit(int nr, unsigned long *p)
{
	bool was = *p >> nr & 1;

	*p |= 1ul << nr;
	return was;
}

#define clear_bit(nr, p)	((void)(*(p) &= ~(1ul << (nr))))
#define kvzalloc(size, gfp)	((void)(gfp), k.no_memory ? NULL : calloc(1, size))
#define kobject_get(obj)	((void)++(obj)->unused)
#define kobject_put(obj)	((void)--(obj)->unused)
#define mutex_init(m)		((m)->unused = 0)
#define mutex_lock_killable(m)	(assert(!(m)->unused), k.killed ? -EINTR : ((m)->unused = 1, 0))
#define mutex_unlock(m)		((void)((m)->unused = 0))
#define nonseekable_open(inode, file)	((void)(inode), (void)(file), 0)
#define rdtsc()			12345ull

static int kstrtobool_from_user(const char *buf, size_t len, bool *on)
{
	if (!len || (*buf != '0' && *buf != '1'))
		return -EINVAL;
	*on = *buf == '1';
	return 0;
}

static unsigned long copy_to_user(void *to, const void *from, size_t n)
{
	if (to == k.fault)
		return n;
	memcpy(to, from, n);
	return 0;
}

struct dentry { int unused; };

static struct dentry debugfs;

#define debugfs_create_dir(name, parent)	((void)(parent), &debugfs)
#define debugfs_create_file(name, mode, dir, data, fops) \
	((void)(dir), (void)(data), assert((mode) == 0600))
#define debugfs_remove_recursive(d)	((void)(d))

static unsigned long msleep_interruptible(unsigned int ms);

#include "core_priv.h"
#include "records.c"

#define ROOM	(AT_ONCE + 1)	/* more than is handed on at once */

static struct vos_session session;
static struct vos_link link_to;
static struct vos_channel chan;

/* The service. */
static struct {
	bool down, full, silent, alien;	/* no link, no room, no answer, no such operation */
	u32 epoch;
	bool on;
	u64 lost;
	u32 made, read;			/* records so far */
	s64 lie;			/* the result of TRACE_READ; 0: none */
	unsigned int ctl[3], calls, violations;
	struct vos_trace_record record[AT_ONCE];
	u32 to_come;			/* records, after a nap of the reader */
} s;

static struct inode inode = { .i_private = &session };
static struct file file;

static unsigned long msleep_interruptible(unsigned int ms)
{
	assert_int_equal(ms, AGAIN_MS);
	k.naps++;
	s.made += s.to_come;
	s.to_come = 0;
	return k.interrupted;
}

struct vos_call *vos_call_get(struct vos_session *to, u32 len0, u32 len1, u32 flags)
{
	struct vos_call *call;

	assert_ptr_equal(to, &session);
	assert_int_equal(len1, 0);
	assert_true(flags & VOS_GET_NOCRED && flags & VOS_GET_UP_ONLY);
	if (s.down)
		return ERR_PTR(-ENOTCONN);
	if (s.full && flags & VOS_GET_NOWAIT)
		return ERR_PTR(-ENOBUFS);
	call = calloc(1, sizeof(*call));
	call->chan = &chan;
	call->epoch = s.epoch;
	call->sqe.ext[0].len = len0;
	call->data[0] = s.record;
	s.calls++;
	return call;
}

void vos_call_put(struct vos_call *call)
{
	s.calls--;
	free(call);
}

static s64 read_some(struct vos_call *call)
{
	u32 most = call->sqe.ext[0].len / sizeof(s.record[0]), n = s.made - s.read, i;

	n = min(n, most);
	for (i = 0; i < n; i++)
		s.record[i] = (struct vos_trace_record){ .tag = s.read++ };
	call->cqe.out[0] = s.lost;
	return s.lie ?: n;
}

static s64 serve(struct vos_call *call)
{
	u64 what = call->sqe.arg[0];

	if (s.alien)
		return -ENOSYS;
	if (call->sqe.opcode == VOS_OP_TRACE_READ)
		return read_some(call);
	assert_int_equal(call->sqe.opcode, VOS_OP_TRACE_CTL);
	assert_true(what < ARRAY_SIZE(s.ctl));
	if (what == VOS_TRACE_ON)
		assert_int_equal(call->sqe.arg[1], VOS_TRACE_MAX);
	s.ctl[what]++;
	s.on = what == VOS_TRACE_ON;
	if (what == VOS_TRACE_OFF)
		s.made = s.read = 0;
	return 0;
}

int vos_call(struct vos_call *call)
{
	s64 result = serve(call);

	if (s.silent && call->sqe.arg[0] == VOS_TRACE_ON) {
		vos_call_put(call);	/* it is the core's now */
		return -EINTR;
	}
	call->cqe.result = result;
	return s.down ? -EOWNERDEAD : 0;
}

void vos_call_submit(struct vos_call *call)
{
	call->cqe.result = serve(call);
	call->done(call);
}

void vos_link_violation(struct vos_link *link, const char *what)
{
	(void)what;
	assert_ptr_equal(link, &link_to);
	s.violations++;
}

static void write_file(const char *text, ssize_t rc)
{
	assert_int_equal(records_fops.write(&file, text, strlen(text), NULL), rc);
}

static struct vos_trace_record got[ROOM];

/* Return: records, or -errno. */
static ssize_t read_file(u32 room)
{
	ssize_t n = records_fops.read(&file, (char *)got, room * sizeof(got[0]), NULL);

	if (n < 0)
		return n;
	assert_int_equal(n % sizeof(got[0]), 0);
	return n / (ssize_t)sizeof(got[0]);
}

static int set_up(void **state)
{
	(void)state;
	memset(&k, 0, sizeof(k));
	memset(&s, 0, sizeof(s));
	memset(&session, 0, sizeof(session));
	memset(&file, 0, sizeof(file));
	s.epoch = 1;
	link_to.session = &session;
	chan.link = &link_to;
	vos_records_init();
	vos_records_add(&session);
	return records_fops.open(&inode, &file);
}

static int tear_down(void **state)
{
	(void)state;
	if (file.private_data)
		records_fops.release(&inode, &file);
	assert_int_equal(s.calls, 0);
	assert_int_equal(session.kobj.unused, 0);
	assert_int_equal(session.traced, 0);
	vos_records_remove(&session);
	vos_records_exit();
	return 0;
}

static void close_file(void)
{
	records_fops.release(&inode, &file);
	file.private_data = NULL;
}

static void all_records_come_in_order(void **state)
{
	u32 seen = 0;
	ssize_t n, i;

	(void)state;
	write_file("1", 1);
	write_file("1\n", 2);		/* it records already */
	assert_int_equal(s.ctl[VOS_TRACE_ON], 1);
	s.made = 2000;
	write_file("0", 1);
	assert_false(s.on);
	while ((n = read_file(ROOM)) > 0)
		for (i = 0; i < n; i++)
			assert_int_equal(got[i].tag, seen++);
	assert_int_equal(n, 0);
	assert_int_equal(seen, 2000);
	assert_int_equal(read_file(2), 0);
	assert_int_equal(k.naps, 0);
}

static void one_program_reads_at_a_time(void **state)
{
	struct file other = { 0 };

	(void)state;
	assert_int_equal(records_fops.open(&inode, &other), -EBUSY);
	close_file();
	assert_int_equal(records_fops.open(&inode, &file), 0);
	close_file();
	k.no_memory = true;
	assert_int_equal(records_fops.open(&inode, &other), -ENOMEM);
	k.no_memory = false;
	assert_int_equal(records_fops.open(&inode, &file), 0);
}

static void a_reader_waits_for_records(void **state)
{
	(void)state;
	write_file("1", 1);
	s.to_come = 3;
	assert_int_equal(read_file(8), 3);
	assert_int_equal(k.naps, 1);
	file.f_flags = O_NONBLOCK;
	assert_int_equal(read_file(8), -EAGAIN);
	file.f_flags = 0;
	k.interrupted = true;
	assert_int_equal(read_file(8), -ERESTARTSYS);
	k.killed = true;
	assert_int_equal(read_file(8), -EINTR);
	write_file("0", -EINTR);
	assert_int_equal(read_file(1), -EINVAL);
	write_file("x", -EINVAL);
}

static void lost_records_are_told_once(void **state)
{
	(void)state;
	write_file("1", 1);
	s.made = 5;
	s.lost = 40;
	assert_int_equal(read_file(8), 6);
	assert_int_equal(got[4].tag, 4);
	assert_int_equal(got[5].type, VOS_TRACE_LOST);
	assert_int_equal(got[5].arg, 40);
	assert_int_equal(got[5].tsc, 12345);
	s.made = 7;
	assert_int_equal(read_file(8), 2);
	s.lost = 41;
	assert_int_equal(read_file(8), 1);
	assert_int_equal(got[0].type, VOS_TRACE_LOST);
	/* A new trace has lost none. */
	write_file("0", 1);
	write_file("1", 1);
	s.lost = 0;
	s.made = 1;
	assert_int_equal(read_file(8), 1);
}

/* There is always room for the record that says how many were lost. */
static void a_full_answer_leaves_room(void **state)
{
	(void)state;
	write_file("1", 1);
	s.made = 2 * AT_ONCE;
	s.lost = 1;
	assert_int_equal(read_file(ROOM), AT_ONCE);
	assert_int_equal(got[AT_ONCE - 1].type, VOS_TRACE_LOST);
	assert_int_equal(read_file(2), 1);
	s.lost = 2;
	assert_int_equal(read_file(2), 2);
}

static void a_service_that_claims_more_is_cut_off(void **state)
{
	static const s64 lies[] = { 8, 1ll << 32, INT64_MAX };
	u32 i;

	(void)state;
	write_file("1", 1);
	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		s.lie = lies[i];
		assert_int_equal(read_file(8), -EIO);
		assert_int_equal(s.violations, i + 1);
	}
	s.lie = -EPERM;
	assert_int_equal(read_file(8), -EIO);
	assert_int_equal(s.violations, ARRAY_SIZE(lies));
	/* As many as there is room for is no lie. */
	s.lie = 7;
	assert_int_equal(read_file(8), 7);
}

static void a_death_ends_the_trace(void **state)
{
	(void)state;
	write_file("1", 1);
	s.down = true;
	assert_int_equal(read_file(8), 1);
	assert_int_equal(got[0].type, VOS_TRACE_LINK_END);
	assert_int_equal(got[0].lane, VOS_TRACE_NO_LANE);
	assert_int_equal(read_file(8), 0);
	write_file("1", -ENOTCONN);
	write_file("0", 1);
	s.down = false;
	s.epoch += 2;
	write_file("1", 1);
	s.made = 1;
	assert_int_equal(read_file(8), 1);
	assert_int_equal(got[0].type, 0);
}

/* Nobody read between the death and the next domain, which records nothing. */
static void the_next_domain_is_not_the_traced_one(void **state)
{
	(void)state;
	write_file("1", 1);
	s.epoch += 2;
	s.made = 9;
	assert_int_equal(read_file(8), 1);
	assert_int_equal(got[0].type, VOS_TRACE_LINK_END);
	assert_int_equal(read_file(8), 0);
	/* Stopped, and then dead. */
	write_file("1", 1);
	write_file("0", 1);
	s.down = true;
	assert_int_equal(read_file(8), 1);
	assert_int_equal(got[0].type, VOS_TRACE_LINK_END);
	assert_int_equal(read_file(8), 0);
}

static void closing_turns_the_records_off(void **state)
{
	(void)state;
	write_file("1", 1);
	close_file();
	assert_false(s.on);
	assert_int_equal(s.ctl[VOS_TRACE_OFF], 2);
}

static void who_asked_for_nothing_costs_nothing(void **state)
{
	(void)state;
	assert_int_equal(read_file(8), 0);
	write_file("0", 1);
	close_file();
	assert_int_equal(s.ctl[VOS_TRACE_OFF], 0);
}

/* The service got the order, and the one who gave it is dead. */
static void a_tracer_that_is_killed_leaves_nothing_on(void **state)
{
	(void)state;
	s.silent = true;
	write_file("1", -ERESTARTSYS);
	assert_true(s.on);
	close_file();
	assert_false(s.on);
}

/* ... nor if there is no room for the order: the next one begins with it. */
static void the_next_tracer_begins_anew(void **state)
{
	(void)state;
	write_file("1", 1);
	s.made = 5;
	s.full = true;
	close_file();
	assert_true(s.on);
	assert_int_equal(records_fops.open(&inode, &file), 0);
	s.full = false;
	write_file("1", 1);
	assert_true(s.on);
	file.f_flags = O_NONBLOCK;
	assert_int_equal(read_file(8), -EAGAIN);
}

static void a_service_without_records_says_so(void **state)
{
	(void)state;
	s.alien = true;
	write_file("1", -EOPNOTSUPP);
	assert_int_equal(read_file(8), 0);
}

static void a_reader_may_lie_about_its_buffer(void **state)
{
	(void)state;
	write_file("1", 1);
	s.made = 1;
	k.fault = got;
	assert_int_equal(read_file(8), -EFAULT);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_records_come_in_order),
		TEST(one_program_reads_at_a_time),
		TEST(a_reader_waits_for_records),
		TEST(lost_records_are_told_once),
		TEST(a_full_answer_leaves_room),
		TEST(a_service_that_claims_more_is_cut_off),
		TEST(a_death_ends_the_trace),
		TEST(the_next_domain_is_not_the_traced_one),
		TEST(closing_turns_the_records_off),
		TEST(who_asked_for_nothing_costs_nothing),
		TEST(a_tracer_that_is_killed_leaves_nothing_on),
		TEST(the_next_tracer_begins_anew),
		TEST(a_service_without_records_says_so),
		TEST(a_reader_may_lie_about_its_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * To whom calls are charged (linux-patches/new/virtuos/core/account.c), and what
 * /proc/virtuos/threads says of it (threads.c). The judge is what was charged: the file's lines
 * and the unclaimed calls have to make it up, whatever threads begin and end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#undef DECLARE_STATIC_KEY_FALSE
#undef static_branch_unlikely
#define DECLARE_STATIC_KEY_FALSE(name)	extern int name
#define DEFINE_STATIC_KEY_FALSE(name)	int name
#define static_branch_unlikely(key)	(*(key) > 0)
#define static_branch_inc(key)		((void)++*(key))
#define static_branch_dec(key)		((void)--*(key))
#define static_key_enabled(key)		(*(key) > 0)
#define synchronize_rcu()		((void)0)
#define data_race(x)			(x)
#define smp_rmb()			__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define atomic64_read(v)		((u64)(v)->counter)
#define atomic64_add(n, v)		((void)((v)->counter += (s64)(n)))

#define seqcount_init(s)		((void)(s))
#define read_seqcount_begin(s)		((void)(s), 0u)
#define read_seqcount_retry(s, seq)	((void)(s), (void)(seq), false)
#define write_seqcount_begin(s)		((void)(s))
#define write_seqcount_end(s)		((void)(s))
#define preempt_disable()		((void)0)
#define preempt_enable()		((void)0)

#define GFP_NOFS		0
#define GFP_ATOMIC		0
#define __GFP_ACCOUNT		0
#define __GFP_NOWARN		0
#define kzalloc(size, gfp)	((void)(gfp), no_memory ? NULL : calloc(1, size))
#define kfree(p)		free(p)

static bool no_memory;

/* Threads; those that have a number exist. */
#define TASKS		12
#define GROUP		3	/* threads of a process */

static struct task_struct tasks[TASKS];
static struct task_struct *self;

#undef current
#define current			self

typedef int pid_t;
struct pid_namespace;
enum { PIDTYPE_PID };

static struct task_struct *task_of(int pid)
{
	int i;

	for (i = 0; i < TASKS; i++)
		if (tasks[i].tid == pid)
			return &tasks[i];
	return NULL;
}

#define find_pid_ns(pid, ns)	((void)(ns), pid)
#define pid_task(pid, type)	((void)(type), task_of(pid))
#define task_pid_nr(task)	((task)->tid)
#define task_tgid_nr(task)	((task)->group_leader->tid)
#define TASK_COMM_LEN		16
#define get_task_comm(to, task)	strcpy(to, (task)->comm)
#define for_each_process_thread(group, task)					\
	for ((group) = (task) = tasks; (void)(group), (task) < tasks + TASKS; (task)++) \
		if ((task)->tid)

/* A file of /proc. */
struct seq_file {
	char buf[4096];
	size_t size, count;
};

#define ESCAPE_OCTAL	1
#define ESCAPE_NP	2
#define ESCAPE_APPEND	4

static bool seq_has_overflowed(struct seq_file *m)
{
	return m->count >= m->size;
}

static __attribute__((format(printf, 2, 3))) void seq_printf(struct seq_file *m,
							      const char *fmt, ...)
{
	va_list args;

	if (seq_has_overflowed(m))
		return;
	va_start(args, fmt);
	m->count += (size_t)vsnprintf(m->buf + m->count, m->size - m->count, fmt, args);
	va_end(args);
	if (m->count > m->size)
		m->count = m->size;
}

#define seq_puts(m, s)		seq_printf(m, "%s", s)

static void seq_escape_mem(struct seq_file *m, const char *s, size_t n, int flags,
			   const char *only)
{
	assert_int_equal(flags, ESCAPE_OCTAL | ESCAPE_NP | ESCAPE_APPEND);
	for (; n--; s++)
		seq_printf(m, *s < ' ' || *s > '~' || strchr(only, *s) ? "\\%03o" : "%c",
			   (unsigned char)*s);
}

struct proc_dir_entry { int unused; };

static struct proc_dir_entry proc;
static bool no_dir, no_file;
static int (*file_show)(struct seq_file *m, void *unused);

#define proc_mkdir(name, parent)	(no_dir ? NULL : &proc)
#define proc_create_single(name, mode, parent, show)				\
	(assert_int_equal(mode, 0400), no_file ? NULL : (file_show = (show), &proc))
#define remove_proc_subtree(name, parent)	((void)(file_show = NULL))

struct virtuos_account_hooks {
	void (*exit)(struct task_struct *task);
	void (*free)(struct task_struct *task);
	void (*ioac)(struct task_struct *task, struct task_io_accounting *ioac);
};

static const struct virtuos_account_hooks *kernel_hooks;

static int virtuos_account_set_hooks(const struct virtuos_account_hooks *hooks)
{
	if (kernel_hooks)
		return -EBUSY;
	kernel_hooks = hooks;
	return 0;
}

#include "account.c"
#include "threads.c"

/* What a process says of each of its threads. */
static struct vos_cost claim[TASKS][VOS_DOOR_SERVICES];
static struct vos_io io_claim[TASKS][VOS_ACCOUNT_IOS];

static void sums(struct task_struct *task, struct vos_sums *to)
{
	memcpy(to->door, claim[task - tasks], sizeof(to->door));
	memcpy(to->io, io_claim[task - tasks], sizeof(to->io));
}

static const struct vos_door_ops door = { .sums = sums }, no_door;
const struct vos_door_ops *vos_door = &door;

static struct vos_session session[VOS_DOOR_SERVICES];
static struct vos_link link_to[VOS_DOOR_SERVICES];
static struct vos_channel chan[VOS_DOOR_SERVICES];

/* The columns of a line that are summed up. */
enum { TRAP_CALLS, TRAP_TICKS, WAIT, BYTES, LATE_CALLS, LATE_TICKS, DOOR_CALLS, DOOR_TICKS,
       DEAD_CALLS, DEAD_TICKS, COLUMNS };

static struct vos_cost charged[VOS_DOOR_SERVICES], said[VOS_DOOR_SERVICES];
static struct vos_cost ended_before[VOS_DOOR_SERVICES], said_before[VOS_DOOR_SERVICES];
static struct vos_charge told;
static unsigned int tells;

static void hook(const struct vos_charge *charge)
{
	told = *charge;
	tells++;
}

static int set_up(void **state)
{
	int i;

	(void)state;
	memset(tasks, 0, sizeof(tasks));
	memset(claim, 0, sizeof(claim));
	memset(io_claim, 0, sizeof(io_claim));
	memset(session, 0, sizeof(session));
	memset(charged, 0, sizeof(charged));
	memset(said, 0, sizeof(said));
	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		link_to[i].session = &session[i];
		chan[i].link = &link_to[i];
		chan[i].service = i;
		vos_account_ended(i, &ended_before[i]);
		vos_account_ended_claims(i, &said_before[i]);
	}
	tells = 0;
	no_memory = no_dir = no_file = false;
	self = NULL;
	if (!kernel_hooks)
		assert_int_equal(vos_account_init(), 0);
	return vos_threads_init();
}

static struct task_struct *begin(int i, struct task_struct *leader)
{
	struct task_struct *task = &tasks[i];

	*task = (struct task_struct){ .tid = 100 + i, .group_leader = leader ?: task };
	memset(claim[i], 0, sizeof(claim[i]));
	strcpy(task->comm, "a b\\\n\033");
	return task;
}

/* The thread ends. A debugger may keep it: then it is still listed, and its claims show once. */
static void finish(struct task_struct *task)
{
	if (task->virtuos_account)
		kernel_hooks->exit(task);
}

/* The last reference to an ended thread goes. */
static void forget(struct task_struct *task)
{
	if (task->virtuos_account)
		kernel_hooks->free(task);
	task->virtuos_account = NULL;
	task->tid = 0;
}

static int tear_down(void **state)
{
	int i;

	(void)state;
	vos_threads_exit();
	assert_null(file_show);
	for (i = 0; i < TASKS; i++)
		forget(&tasks[i]);
	return 0;
}

static struct vos_call call_of(int service, u32 ticks)
{
	struct vos_call call = {
		.chan = &chan[service],
		.sqe = { .opcode = 9, .obj = 7, .ext = { { .len = 30 }, { .len = 12 } } },
		.cqe = { .cost = ticks | 5ull << 32, .out = { [4] = 3 } },
	};

	charged[service].calls++;
	charged[service].ticks += ticks;
	charged[service].wait += 3;
	charged[service].bytes += 42;
	return call;
}

static void trap(struct task_struct *task, int service, u32 ticks)
{
	struct vos_call call = call_of(service, ticks);

	self = task;
	vos_charge_own(&call);
}

static void late(int pid, int service, u32 ticks)
{
	struct vos_call call = call_of(service, ticks);

	vos_charge_late(&call, pid, NULL);
}

static void say(struct task_struct *task, int service, u32 ticks)
{
	claim[task - tasks][service].calls++;
	claim[task - tasks][service].ticks += ticks;
	said[service].calls++;
	said[service].ticks += ticks;
}

static const char *text(size_t size)
{
	static struct seq_file m;

	memset(m.buf, 0, sizeof(m.buf));
	m.size = size;
	m.count = 0;
	assert_int_equal(file_show(&m, NULL), 0);
	return m.buf;
}

static void read_line(const char *line, const char *name, u64 *column)
{
	const char *at = strstr(line, name) + strlen(name);
	char *end;
	int i;

	for (i = 0; i < COLUMNS; i++, at = end)
		column[i] += strtoull(at, &end, 10);
}

/* Sum the file's lines of a service up; @tid: only those of this thread, or -1. */
static void sum_lines(const char *name, int tid, u64 *column)
{
	const char *line = text(sizeof(((struct seq_file *)NULL)->buf));

	memset(column, 0, COLUMNS * sizeof(*column));
	while ((line = strchr(line, '\n')) && *++line)
		if (strstr(line, name) && strstr(line, name) < strchr(line, '\n') &&
		    (tid < 0 || strtol(line, NULL, 10) == tid))
			read_line(line, name, column);
}

/* Each call that was charged is somewhere, once, and so is each claim. */
static void assert_complete(void)
{
	u64 column[COLUMNS];
	int i;

	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		sum_lines(i == VOS_DOOR_NET ? " net " : " storage ", -1, column);
		assert_int_equal(column[TRAP_CALLS] + column[LATE_CALLS] + column[DEAD_CALLS] +
				 (u64)session[i].unclaimed.calls.counter,
				 charged[i].calls + ended_before[i].calls);
		assert_int_equal(column[TRAP_TICKS] + column[LATE_TICKS] + column[DEAD_TICKS] +
				 (u64)session[i].unclaimed.ticks.counter,
				 charged[i].ticks + ended_before[i].ticks);
		assert_int_equal(column[DOOR_CALLS], said[i].calls + said_before[i].calls);
		assert_int_equal(column[DOOR_TICKS], said[i].ticks + said_before[i].ticks);
	}
}

static void a_late_charge_is_the_threads_that_it_names(void **state)
{
	struct task_struct *a = begin(0, NULL), *b = begin(1, NULL);
	u64 column[COLUMNS];

	(void)state;
	trap(a, VOS_DOOR_STORAGE, 10);
	trap(b, VOS_DOOR_NET, 1000);
	late(a->tid, VOS_DOOR_STORAGE, 500);
	late(a->tid, VOS_DOOR_STORAGE, 70);
	sum_lines(" storage ", a->tid, column);
	assert_int_equal(column[TRAP_CALLS], 1);
	assert_int_equal(column[TRAP_TICKS], 10);
	assert_int_equal(column[LATE_CALLS], 2);
	assert_int_equal(column[LATE_TICKS], 570);
	assert_int_equal(column[WAIT], 9);
	assert_int_equal(column[BYTES], 126);
	sum_lines(" storage ", b->tid, column);
	assert_int_equal(column[LATE_CALLS], 0);
	assert_complete();
}

/* There may be no such thread any more, or it has never made a call itself. */
static void a_late_charge_for_no_account_is_unclaimed(void **state)
{
	struct task_struct *a = begin(0, NULL);

	(void)state;
	late(0, VOS_DOOR_STORAGE, 1);
	late(999, VOS_DOOR_STORAGE, 2);
	late(a->tid, VOS_DOOR_STORAGE, 4);
	assert_int_equal(session[VOS_DOOR_STORAGE].unclaimed.calls.counter, 3);
	assert_int_equal(session[VOS_DOOR_STORAGE].unclaimed.ticks.counter, 7);
	assert_null(a->virtuos_account);
	assert_complete();
}

static void the_hook_is_told_while_someone_asks(void **state)
{
	struct task_struct *a = begin(0, NULL), *b = begin(1, NULL);

	(void)state;
	trap(a, VOS_DOOR_NET, 1);
	assert_int_equal(tells, 0);
	vos_charge_get(hook);
	vos_charge_get(hook);
	trap(b, VOS_DOOR_NET, 2);
	assert_ptr_equal(told.task, b);
	late(a->tid, VOS_DOOR_STORAGE, 77);
	assert_int_equal(tells, 2);
	assert_ptr_equal(told.task, a);
	assert_int_equal(told.service, VOS_DOOR_STORAGE);
	assert_int_equal(told.opcode, 9);
	assert_int_equal(told.obj, 7);
	assert_int_equal(told.ticks, 77);
	assert_int_equal(told.wait, 3);
	assert_int_equal(told.bytes, 42);
	late(0, VOS_DOOR_NET, 5);	/* nobody's */
	assert_int_equal(tells, 2);
	vos_charge_put();
	trap(a, VOS_DOOR_NET, 3);
	assert_int_equal(tells, 3);
	vos_charge_put();
	trap(a, VOS_DOOR_NET, 4);
	assert_int_equal(tells, 3);
	assert_complete();
}

/* A thread may still be charged between its exit and its last reference. */
static void an_ended_thread_is_its_leaders(void **state)
{
	struct task_struct *leader = begin(0, NULL), *thread = begin(1, leader);
	u64 column[COLUMNS];

	(void)state;
	trap(thread, VOS_DOOR_NET, 100);
	say(thread, VOS_DOOR_NET, 7000);
	finish(thread);
	assert_complete();
	late(thread->tid, VOS_DOOR_NET, 20);
	trap(thread, VOS_DOOR_NET, 3);
	assert_complete();
	sum_lines(" net ", leader->tid, column);
	assert_int_equal(column[DEAD_TICKS], 100);
	assert_int_equal(column[DOOR_TICKS], 7000);
	forget(thread);
	assert_complete();
	finish(leader);
	forget(leader);
	assert_complete();
	sum_lines(" net ", 0, column);
	assert_int_equal(column[DEAD_TICKS], 123 + ended_before[VOS_DOOR_NET].ticks);
}

static void a_leader_may_end_first(void **state)
{
	struct task_struct *leader = begin(0, NULL), *thread = begin(1, leader);

	(void)state;
	trap(leader, VOS_DOOR_STORAGE, 1);
	say(leader, VOS_DOOR_STORAGE, 2);
	finish(leader);
	trap(thread, VOS_DOOR_STORAGE, 4);
	say(thread, VOS_DOOR_STORAGE, 8);
	finish(thread);
	forget(thread);
	assert_complete();
	forget(leader);
	assert_complete();
}

static void without_memory_nothing_is_lost(void **state)
{
	struct task_struct *leader = begin(0, NULL), *thread = begin(1, leader);

	(void)state;
	trap(thread, VOS_DOOR_NET, 5);
	say(thread, VOS_DOOR_NET, 6);
	no_memory = true;
	trap(leader, VOS_DOOR_NET, 11);
	assert_int_equal(session[VOS_DOOR_NET].unclaimed.ticks.counter, 11);
	finish(thread);
	assert_null(leader->virtuos_account);
	assert_complete();
	forget(thread);
	assert_complete();
}

static void names_are_escaped(void **state)
{
	static const char line[] =
		"100 100 a\\040b\\134\\012\\033 net 1 1 3 42 0 0 0 0 0 0 0 0 0 0\n";

	(void)state;
	trap(begin(0, NULL), VOS_DOOR_NET, 1);
	assert_memory_equal(strchr(text(4096), '\n') + 1, line, sizeof(line) - 1);
}

/* The kernel shows the file again in a larger buffer. */
static void a_small_buffer_is_no_harm(void **state)
{
	size_t size;
	int i;

	(void)state;
	for (i = 0; i < TASKS; i++)
		trap(begin(i, NULL), VOS_DOOR_NET, 1);
	for (size = 1; size < 4096; size += 61)
		text(size);
	assert_complete();
}

static void the_file_may_not_be_made(void **state)
{
	(void)state;
	vos_threads_exit();
	no_dir = true;
	assert_int_equal(vos_threads_init(), -ENOMEM);
	no_dir = false;
	no_file = true;
	assert_int_equal(vos_threads_init(), -ENOMEM);
	assert_null(file_show);
}

static void a_second_module_keeps_no_accounts(void **state)
{
	(void)state;
	assert_int_equal(vos_account_init(), -EBUSY);
}

/* Without the exceptionless door nobody claims anything. */
static void the_door_may_be_missing(void **state)
{
	struct task_struct *leader = begin(0, NULL), *thread = begin(1, leader);

	(void)state;
	vos_door = &no_door;
	trap(thread, VOS_DOOR_NET, 5);
	finish(thread);
	forget(thread);
	assert_complete();
	vos_door = &door;
}

/* Threads begin, call and end as chance has it; a process's first thread may end first. */
static void the_sums_always_hold(void **state)
{
	unsigned int seed = 1, step;
	bool over[TASKS] = { false };

	(void)state;
	for (step = 0; step < 20000; step++) {
		int i = rand_r(&seed) % TASKS, first = i - i % GROUP;
		int service = rand_r(&seed) % VOS_DOOR_SERVICES;
		struct task_struct *task = &tasks[i];
		u32 ticks = (u32)rand_r(&seed);

		no_memory = rand_r(&seed) % 16 == 0;
		switch (over[i] ? 8 : task->tid ? rand_r(&seed) % 8 : 9) {
		case 0 ... 2:
			trap(task, service, ticks);
			break;
		case 3 ... 4:
			late(task->tid, service, ticks);
			break;
		case 5:
			if (task->virtuos_account)
				say(task, service, ticks);
			break;
		case 6:
			/* A process's first thread is the last to be forgotten. */
			if (i == first)
				break;
			finish(task);
			over[i] = true;
			break;
		case 8:
			forget(task);
			over[i] = false;
			break;
		case 9:
			begin(i, i == first ? NULL : tasks[first].tid ? &tasks[first] : task);
			break;
		}
		if (step % 64 == 0)
			assert_complete();
	}
	assert_complete();
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static void assert_io(struct task_struct *task, u64 syscr, u64 rchar, u64 syscw, u64 wchar)
{
	struct task_io_accounting io = task->ioac;

	kernel_hooks->ioac(task, &io);
	assert_int_equal(io.syscr, syscr);
	assert_int_equal(io.rchar, rchar);
	assert_int_equal(io.syscw, syscw);
	assert_int_equal(io.wchar, wchar);
}

/* Before and after its end, a thread's reads and writes are the kernel's and what it claims. */
static void reads_and_writes_are_linux_own_in_the_end(void **state)
{
	struct task_struct *leader = begin(0, NULL), *task = begin(1, leader);

	(void)state;
	trap(leader, VOS_DOOR_STORAGE, 1);
	trap(task, VOS_DOOR_STORAGE, 1);
	task->ioac = (struct task_io_accounting){ .syscr = 1, .rchar = 10, .syscw = 2, .wchar = 20 };
	assert_io(task, 1, 10, 2, 20);
	io_claim[1][VOS_ACCOUNT_READ] = (struct vos_io){ 100, 1000 };
	io_claim[1][VOS_ACCOUNT_WRITE] = (struct vos_io){ 200, 2000 };
	assert_io(task, 101, 1010, 202, 2020);
	assert_int_equal(task->ioac.syscr, 1);
	finish(task);
	assert_int_equal(task->ioac.syscr, 101);
	assert_io(task, 101, 1010, 202, 2020);
	assert_io(leader, 0, 0, 0, 0);
	io_claim[0][VOS_ACCOUNT_READ] = (struct vos_io){ 3, 30 };
	finish(leader);
	assert_io(leader, 3, 30, 0, 0);
	assert_int_equal(leader->ioac.rchar, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_late_charge_is_the_threads_that_it_names),
		TEST(a_late_charge_for_no_account_is_unclaimed),
		TEST(the_hook_is_told_while_someone_asks),
		TEST(an_ended_thread_is_its_leaders),
		TEST(a_leader_may_end_first),
		TEST(without_memory_nothing_is_lost),
		TEST(names_are_escaped),
		TEST(a_small_buffer_is_no_harm),
		TEST(the_file_may_not_be_made),
		TEST(a_second_module_keeps_no_accounts),
		TEST(reads_and_writes_are_linux_own_in_the_end),
		TEST(the_door_may_be_missing),
		TEST(the_sums_always_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of a Linux kernel as the fuzzed code needs, for one thread in user space. All the
 * names under linux/, asm/ and xen/ here lead to this file. What a target decides for itself
 * (what a waiter sees, what is mapped) it defines: see "the target's part".
 *
 * Every promise of the kernel that can be broken by its caller is asserted: a lock is taken
 * once and given back, nothing sleeps under one, lists are sound, counts do not go below 0.
 */
#ifndef SHIM_KERNEL_H
#define SHIM_KERNEL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
typedef unsigned int gfp_t;
typedef unsigned short umode_t;
typedef u16 domid_t;
typedef u32 grant_ref_t;
typedef u32 grant_handle_t;
typedef u32 evtchn_port_t;

#define ERESTARTSYS	512
#define ENOIOCTLCMD	515
#define ENOTSUPP	524

/* --- the target's part --------------------------------------------------------- */

void shim_relax(void);		/* time passes for who polls or waits: let others act */
bool shim_killed(void);		/* has the waiter got a fatal signal? */
bool shim_need_resched(void);
void shim_notified(int irq);	/* an event was sent */

/* The memory of a process. Return: how many bytes could not be copied; length of a string. */
unsigned long copy_from_user(void *to, const void *from, unsigned long n);
unsigned long copy_to_user(void *to, const void *from, unsigned long n);
unsigned long clear_user(void *to, unsigned long n);
long strncpy_from_user(char *to, const char *from, long n);

#define put_user(v, p) ({								\
	typeof(*(p)) put_ = (v);							\
	copy_to_user(p, &put_, sizeof(put_)) ? -EFAULT : 0;				\
})

/* --- assertions ------------------------------------------------------------------ */

static inline void shim_assert_at(bool ok, const char *what, const char *file, int line)
{
	if (ok)
		return;
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

#define shim_assert(x)		shim_assert_at(x, #x, __FILE__, __LINE__)
#define WARN_ON_ONCE(x)		({									\
	bool warn_ = (x);								\
	shim_assert_at(!warn_, "no WARN of " #x, __FILE__, __LINE__);			\
	warn_;										\
})
#define WARN_ON(x)		WARN_ON_ONCE(x)
#define BUG_ON(x)		shim_assert(!(x))
#undef static_assert
#define static_assert(x, ...)	_Static_assert(x, #x)

struct shim_context {
	int locks, irqs_off;
};

extern struct shim_context shim_context;

#define might_sleep()	shim_assert(!shim_context.locks && !shim_context.irqs_off)

/* --- the compiler -------------------------------------------------------------------- */

#define IS_ENABLED(x)	1	/* what a debugging kernel checks is checked */
#define __user
#define __rcu
#define __iomem
#define __force
#define __init
#define __exit
#define __must_check
#define __read_mostly
#define __maybe_unused	__attribute__((unused))
#define noinline	__attribute__((noinline))
#undef __always_inline
#define __always_inline	inline __attribute__((always_inline))
#define __aligned(n)	__attribute__((aligned(n)))
#define __packed	__attribute__((packed))
#define ____cacheline_aligned	__aligned(64)
#define fallthrough	__attribute__((fallthrough))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define EXPORT_SYMBOL_GPL(x)	_Static_assert(1, #x)
#define module_param_named(x, value, type, mode) \
	static const void *const shim_param_##x __maybe_unused = &(value)
#define module_param_cb(x, ops, arg, mode) \
	static const void *const param_##x __attribute__((used)) = (ops)
#define sysfs_emit(buf, ...)	sprintf(buf, __VA_ARGS__)
#define MODULE_PARM_DESC(x, y)	_Static_assert(1, #x)

#define READ_ONCE(x)		(*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile typeof(x) *)&(x) = (v))
#define barrier()		__asm__ volatile("" : : : "memory")
#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define virt_mb()		smp_mb()
#define smp_mb__after_atomic()	smp_mb()
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define virt_load_acquire(p)	smp_load_acquire(p)
#define virt_store_release(p, v) smp_store_release(p, v)
#define xchg(p, v)		__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define cmpxchg(p, old, new) ({								\
	typeof(*(p)) cmpxchg_ = (old);							\
	__atomic_compare_exchange_n(p, &cmpxchg_, new, false, __ATOMIC_SEQ_CST,		\
				    __ATOMIC_SEQ_CST);					\
	cmpxchg_;									\
})

#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define offsetofend(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))
#define struct_size(p, member, n) (sizeof(*(p)) + sizeof((p)->member[0]) * (size_t)(n))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof(*(a)))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define ALIGN(n, a)		(((n) + (a) - 1) & ~((typeof(n))(a) - 1))
#define min_t(t, a, b)		((t)(a) < (t)(b) ? (t)(a) : (t)(b))
#define max_t(t, a, b)		((t)(a) > (t)(b) ? (t)(a) : (t)(b))
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define clamp(v, lo, hi)	min(max(v, lo), hi)
#define U32_MAX			((u32)~0u)
#define U64_MAX			((u64)~0ull)
#define INT_MAX			0x7fffffff
#define HZ			250
#define MSEC_PER_SEC		1000L
#define NSEC_PER_USEC		1000L
#define NSEC_PER_MSEC		1000000L
#define NSEC_PER_SEC		1000000000L
#define PAGE_SHIFT		12
#define PAGE_SIZE		(1ul << PAGE_SHIFT)
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define GFP_KERNEL		1u
#define GFP_NOWAIT		0u

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

#define MAX_ERRNO	4095
#define IS_ERR_VALUE(x)	((unsigned long)(x) >= (unsigned long)-MAX_ERRNO)

static inline void *ERR_PTR(long err)
{
	return (void *)err;
}

static inline long PTR_ERR(const void *p)
{
	return (long)p;
}

static inline bool IS_ERR(const void *p)
{
	return IS_ERR_VALUE(p);
}

static inline void *ERR_CAST(const void *p)
{
	return (void *)p;
}

static inline void shim_print(const char *fmt, ...)
{
}

#define pr_shim(...)		do { if (0) shim_print(__VA_ARGS__); } while (0)
#define pr_err(...)		pr_shim(__VA_ARGS__)
#define pr_warn(...)		pr_shim(__VA_ARGS__)
#define pr_info(...)		pr_shim(__VA_ARGS__)
#define pr_alert(...)		pr_shim(__VA_ARGS__)
#define pr_info_ratelimited(...) pr_shim(__VA_ARGS__)
#define pr_warn_ratelimited(...) pr_shim(__VA_ARGS__)
#define pr_err_ratelimited(...)	pr_shim(__VA_ARGS__)

/* --- memory: malloc()'s, so that the sanitizer sees where it ends ------------------- */

static inline void *shim_alloc(size_t size, gfp_t gfp)
{
	if (gfp & GFP_KERNEL)
		might_sleep();
	return calloc(1, size ? size : 1);
}

/* What nobody has written shows: it is not 0. */
static inline void *shim_alloc_dirty(size_t size, gfp_t gfp)
{
	return memset(shim_alloc(size, gfp), 0xc7, size);
}

#define kmalloc(n, gfp)			shim_alloc_dirty(n, gfp)
#define kzalloc(n, gfp)			shim_alloc(n, gfp)
#define kvmalloc(n, gfp)		shim_alloc_dirty(n, gfp)
#define kvzalloc(n, gfp)		shim_alloc(n, gfp)
#define kcalloc(n, size, gfp)		shim_alloc((size_t)(n) * (size), gfp)
#define kvcalloc(n, size, gfp)		shim_alloc((size_t)(n) * (size), gfp)
#define kvmalloc_array(n, size, gfp)	shim_alloc_dirty((size_t)(n) * (size), gfp)
#define kfree(p)			free((void *)(p))
#define kvfree(p)			free((void *)(p))

static inline void *kmemdup(const void *from, size_t n, gfp_t gfp)
{
	return memcpy(shim_alloc(n, gfp), from, n);
}

struct vm_struct {
	void *addr;
};

/* --- locks ----------------------------------------------------------------------------- */

typedef struct {
	bool held;
} spinlock_t;

#define DEFINE_SPINLOCK(x) spinlock_t x

static inline void spin_lock_init(spinlock_t *l)
{
	l->held = false;
}

static inline void spin_lock(spinlock_t *l)
{
	shim_assert(!l->held);	/* for ever, with one thread */
	l->held = true;
	shim_context.locks++;
}

static inline void spin_unlock(spinlock_t *l)
{
	shim_assert(l->held && shim_context.locks > 0);
	l->held = false;
	shim_context.locks--;
}

static inline unsigned long shim_irq_save(void)
{
	return shim_context.irqs_off++;
}

static inline void shim_irq_restore(unsigned long flags)
{
	shim_context.irqs_off--;
	shim_assert((unsigned long)shim_context.irqs_off == flags);
}

#define local_irq_save(f)		((f) = shim_irq_save())
#define local_irq_restore(f)		shim_irq_restore(f)
#define spin_lock_irqsave(l, f)		do { (f) = shim_irq_save(); spin_lock(l); } while (0)
#define spin_unlock_irqrestore(l, f)	do { spin_unlock(l); shim_irq_restore(f); } while (0)
#define spin_lock_irq(l)		do { shim_irq_save(); spin_lock(l); } while (0)
#define spin_unlock_irq(l)		do { spin_unlock(l); shim_irq_restore(0); } while (0)
#define lockdep_assert_held(l)		shim_assert((l)->held)
#define lockdep_assert_irqs_disabled()	shim_assert(shim_context.irqs_off)

struct mutex {
	bool held;
};

static inline void mutex_init(struct mutex *m)
{
	m->held = false;
}

static inline void mutex_lock(struct mutex *m)
{
	might_sleep();
	shim_assert(!m->held);
	m->held = true;
}

static inline void mutex_unlock(struct mutex *m)
{
	shim_assert(m->held);
	m->held = false;
}

#define rcu_read_lock()		do { } while (0)
#define rcu_read_unlock()	do { } while (0)
#define rcu_dereference(p)	(p)
#define rcu_dereference_protected(p, held)	(p)
#define rcu_assign_pointer(p, v)	((p) = (v))
#define RCU_INIT_POINTER(p, v)	((p) = (v))
#define synchronize_rcu()	might_sleep()

/* --- static keys ---------------------------------------------------------------------------- */

struct static_key_false {
	int enabled;
};

#define DECLARE_STATIC_KEY_FALSE(name)	extern struct static_key_false name
#define DEFINE_STATIC_KEY_FALSE(name)	struct static_key_false name
#define static_branch_unlikely(key)	((key)->enabled > 0)
#define static_branch_inc(key)		do { might_sleep(); (key)->enabled++; } while (0)
#define static_branch_dec(key)		do { might_sleep(); shim_assert((key)->enabled-- > 0); } while (0)
#define in_task()			true

/* --- counts ------------------------------------------------------------------------------ */

typedef struct {
	int counter;
} atomic_t;

#define ATOMIC_INIT(n)		{ (n) }

typedef struct {
	s64 counter;
} atomic64_t;

static inline int atomic_read(const atomic_t *v)
{
	return v->counter;
}

static inline void atomic_set(atomic_t *v, int n)
{
	v->counter = n;
}

static inline void atomic_or(int n, atomic_t *v)
{
	v->counter |= n;
}

static inline void atomic_inc(atomic_t *v)
{
	v->counter++;
}

static inline void atomic_dec(atomic_t *v)
{
	shim_assert(v->counter > 0);
	v->counter--;
}

static inline bool atomic_dec_and_test(atomic_t *v)
{
	atomic_dec(v);
	return !v->counter;
}

typedef atomic_t refcount_t;

struct kref {
	atomic_t refcount;
};

static inline void kref_get(struct kref *k)
{
	shim_assert(k->refcount.counter > 0);
	k->refcount.counter++;
}

static inline void kref_put(struct kref *k, void (*release)(struct kref *k))
{
	shim_assert(k->refcount.counter > 0);
	if (!--k->refcount.counter)
		release(k);
}

/* --- lists --------------------------------------------------------------------------------- */

#include "lists.h"

/* --- bits -------------------------------------------------------------------------------- */

#define BITS_PER_LONG		64
#define BIT(n)			(1ul << (n))
#define BIT_ULL(n)		(1ull << (n))
#define BITS_TO_LONGS(n)	DIV_ROUND_UP(n, BITS_PER_LONG)
#define DECLARE_BITMAP(x, n)	unsigned long x[BITS_TO_LONGS(n)]

static inline void set_bit(unsigned long n, unsigned long *p)
{
	p[n / BITS_PER_LONG] |= 1ul << n % BITS_PER_LONG;
}

static inline void clear_bit(unsigned long n, unsigned long *p)
{
	p[n / BITS_PER_LONG] &= ~(1ul << n % BITS_PER_LONG);
}

static inline bool test_bit(unsigned long n, const unsigned long *p)
{
	return p[n / BITS_PER_LONG] >> n % BITS_PER_LONG & 1;
}

static inline bool test_and_set_bit(unsigned long n, unsigned long *p)
{
	bool was = test_bit(n, p);

	set_bit(n, p);
	return was;
}

#define __set_bit(n, p)		set_bit(n, p)
#define hweight64(x)		((unsigned int)__builtin_popcountll(x))
#define __ffs(x)		((unsigned long)__builtin_ctzl(x))
#define for_each_set_bit(i, p, n) for ((i) = 0; (i) < (n); (i)++) if (test_bit(i, p))

static inline unsigned long *bitmap_zalloc(unsigned long n, gfp_t gfp)
{
	return kcalloc(BITS_TO_LONGS(n), sizeof(long), gfp);
}

#define bitmap_free(p)		free(p)

static inline void bitmap_set(unsigned long *p, unsigned long at, unsigned long n)
{
	for (; n; n--, at++) {
		shim_assert(!test_bit(at, p));
		set_bit(at, p);
	}
}

static inline bool bitmap_empty(const unsigned long *p, unsigned long n)
{
	while (n--)
		if (test_bit(n, p))
			return false;
	return true;
}

static inline void bitmap_clear(unsigned long *p, unsigned long at, unsigned long n)
{
	for (; n; n--, at++) {
		shim_assert(test_bit(at, p));
		clear_bit(at, p);
	}
}

/* Return: where, or more than @size. */
static inline unsigned long bitmap_find_next_zero_area(const unsigned long *p, unsigned long size,
						       unsigned long at, unsigned long n,
						       unsigned long align)
{
	unsigned long free;

	for (free = 0; at < size; at++) {
		free = test_bit(at, p) ? 0 : free + 1;
		if (free == n)
			return at + 1 - n;
	}
	return size + 1;
}

/* --- waiting ------------------------------------------------------------------------------ */

struct completion {
	unsigned int done;
};

static inline void init_completion(struct completion *c)
{
	c->done = 0;
}

#define reinit_completion(c)	init_completion(c)

static inline void complete(struct completion *c)
{
	c->done++;
}

static inline void wait_for_completion(struct completion *c)
{
	might_sleep();
	while (!c->done)
		shim_relax();
	c->done--;
}

static inline int wait_for_completion_killable(struct completion *c)
{
	might_sleep();
	while (!c->done) {
		if (shim_killed())
			return -ERESTARTSYS;
		shim_relax();
	}
	c->done--;
	return 0;
}

typedef struct {
	int unused;
} wait_queue_head_t;

typedef struct {
	int unused;
} wait_queue_entry_t;

#define init_waitqueue_head(w)	((w)->unused = 0)
#define wake_up(w)		((void)(w))
#define wake_up_all(w)		((void)(w))
#define wait_event(w, cond)	do { might_sleep(); while (!(cond)) shim_relax(); } while (0)

/* --- time and processors -------------------------------------------------------------- */

extern u64 shim_now;
extern unsigned int shim_cpus;
extern unsigned long jiffies;

static inline u64 ktime_get_ns(void)
{
	return shim_now += 100;
}

/* The time stamp counter has a tick for each nanosecond, and goes on whenever it is read. */
#define tsc_khz		1000000u
#define rdtsc()		ktime_get_ns()
#define rdtsc_ordered()	rdtsc()

static inline u64 mul_u64_u32_div(u64 a, u32 mul, u32 div)
{
	return (unsigned __int128)a * mul / div;
}

#define time_after(a, b)	((long)((b) - (a)) < 0)
#define time_before(a, b)	time_after(b, a)
#define MAX_SCHEDULE_TIMEOUT	0x7fffffffffffffffl
#define CPUTIME_STEAL		0
#define this_cpu_read(x)	(x)
#define this_cpu_ptr(p)		(p)
#define for_each_online_cpu(i)	for ((i) = 0; (i) < shim_cpus; (i)++)

extern struct shim_stat {
	u64 cpustat[1];
} kernel_cpustat;

#define cpu_relax()		shim_relax()
#define need_resched()		shim_need_resched()
#define num_online_cpus()	shim_cpus
#define raw_smp_processor_id()	0u
#define nr_cpu_ids		2u
#define cond_resched()		might_sleep()
#define single_task_running()	true

/* --- work: queued, and run when the target says so ------------------------------------- */

struct work_struct {
	void (*func)(struct work_struct *work);
	struct work_struct *next;
	bool queued;
};

typedef void (*work_func_t)(struct work_struct *work);

struct workqueue_struct {
	int unused;
};

struct delayed_work {
	struct work_struct work;
};

extern struct work_struct *shim_works;

static inline void INIT_WORK(struct work_struct *w, work_func_t fn)
{
	*w = (struct work_struct){ .func = fn };
}

#define INIT_DELAYED_WORK(w, fn)	INIT_WORK(&(w)->work, fn)
#define to_delayed_work(w)		container_of(w, struct delayed_work, work)

static inline bool schedule_work(struct work_struct *w)
{
	struct work_struct **last = &shim_works;

	if (w->queued)
		return false;
	while (*last)
		last = &(*last)->next;
	w->next = NULL;
	w->queued = true;
	*last = w;
	return true;
}

#define queue_work(wq, w)	((void)(wq), schedule_work(w))
#define schedule_delayed_work(w, after) schedule_work(&(w)->work)
#define queue_delayed_work(wq, w, after) ((void)(wq), schedule_work(&(w)->work))

static inline void cancel_work_sync(struct work_struct *w)
{
	struct work_struct **at = &shim_works;

	might_sleep();
	while (*at && *at != w)
		at = &(*at)->next;
	if (*at)
		*at = w->next;
	w->queued = false;
}

#define alloc_workqueue(name, flags, n) (&shim_wq)
#define destroy_workqueue(wq)	((void)(wq))
#define flush_workqueue(wq)	((void)(wq))

extern struct workqueue_struct shim_wq;

#define cancel_delayed_work_sync(w) cancel_work_sync(&(w)->work)

/* Return: there was one. */
static inline bool shim_run_one_work(void)
{
	struct work_struct *w = shim_works;

	if (!w)
		return false;
	shim_works = w->next;
	w->queued = false;
	w->func(w);
	return true;
}

/* --- tasks and credentials ---------------------------------------------------------------- */

struct fs_struct {
	int umask;
};

struct task_struct {
	int refs;
	struct fs_struct *fs;
	struct virtuos_account *virtuos_account;
	struct { u64 exec_start, sum_exec_runtime; } se;
	unsigned long nvcsw, nivcsw;
};

struct cred {
	int refs;
};

struct kthread_work {
	struct list_head node;
};

struct kthread_worker {
	struct task_struct *task;
};

struct mm_struct {
	int unused;
};

extern struct task_struct shim_task, *current;
extern const struct cred *shim_cred;

#define TASK_IDLE		0
#define TASK_RUNNING		0
#define TASK_INTERRUPTIBLE	1
#define TASK_KILLABLE		2
#define signal_pending_state(s, t)	((void)(s), (void)(t), true)
#define fatal_signal_pending(t)	((void)(t), false)
#define set_current_state(s)	((void)(s))
#define __set_current_state(s)	((void)(s))
#define schedule()		shim_relax()
#define schedule_timeout(n)	({ shim_relax(); (n) == 1 ? 0l : (n); })
#define kthread_create(fn, data, ...) ((void)(fn), &shim_task)
#define kthread_should_stop()	false
#define kthread_stop(t)		((void)(t))
#define wake_up_process(t)	((void)(t))

static inline struct task_struct *get_task_struct(struct task_struct *t)
{
	t->refs++;
	return t;
}

static inline void put_task_struct(struct task_struct *t)
{
	shim_assert(t->refs > 0);
	t->refs--;
}

#define current_cred()	shim_cred

static inline const struct cred *get_cred(const struct cred *c)
{
	shim_assert(c->refs > 0);
	((struct cred *)c)->refs++;
	return c;
}

static inline void put_cred(const struct cred *c)
{
	shim_assert(c->refs > 0);
	if (!--((struct cred *)c)->refs)
		free((void *)c);
}

static inline const struct cred *override_creds(const struct cred *c)
{
	const struct cred *old = shim_cred;

	shim_assert(c->refs > 0);
	shim_cred = c;
	return old;
}

static inline void revert_creds(const struct cred *old)
{
	shim_cred = old;
}

/* --- Xen -------------------------------------------------------------------------------------- */

enum xenbus_state { XenbusStateUnknown, XenbusStateClosing = 5, XenbusStateClosed };

struct device {
	int refs;
};

struct xenbus_device {
	int otherend_id;
	const char *nodename;
	struct device dev;
	enum xenbus_state state;
};

typedef int irqreturn_t;

static inline void get_device(struct device *d)
{
	d->refs++;
}

static inline void put_device(struct device *d)
{
	shim_assert(d->refs > 0);
	d->refs--;
}

enum { RUNSTATE_running, RUNSTATE_runnable, RUNSTATE_blocked, RUNSTATE_offline };

struct vcpu_runstate_info {
	u64 state_entry_time;
	u64 time[4];
};

/* Of all virtual processors. */
extern struct vcpu_runstate_info xen_runstate;

#define VCPUOP_get_runstate_info	4
#define xen_vcpu_nr(cpu)		((u32)(cpu))
#define HYPERVISOR_vcpu_op(op, cpu, p)	((void)(cpu), *(p) = xen_runstate, 0)

#define XBT_NIL		0
#define xenbus_printf(t, dir, node, ...) do { might_sleep(); pr_shim(__VA_ARGS__); } while (0)
#define IRQ_HANDLED	1
#define XEN_EOI_FLAG_SPURIOUS	1
#define xen_irq_lateeoi(irq, flags)	((void)(irq), (void)(flags))
#define notify_remote_via_irq(irq)	shim_notified(irq)
#define notify_remote_via_evtchn(port)	shim_notified((int)(port))
#define xenbus_switch_state(dev, s)	((dev)->state = (s))
#define bind_interdomain_evtchn_to_irqhandler_lateeoi(dev, port, fn, flags, name, arg) \
	((void)(fn), (void)(arg), (int)((port) % 1000 + 1))
#define unbind_from_irqhandler(irq, arg) ((void)(arg))

/* --- what only appears in structures --------------------------------------------------------- */

struct kobject {
	int unused;
};

struct ida {
	int unused;
};

typedef unsigned int fmode_t;

struct dentry;
struct file;
struct vfsmount;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct inode;

struct page;

struct kernel_param;

struct kernel_param_ops {
	int (*get)(char *buf, const struct kernel_param *kp);
};

struct rcu_head {
	int unused;
};

#endif

/* SPDX-License-Identifier: MIT */
/*
 * As much of a kernel as the sources of virtuos/core need that are compiled into a test,
 * included before them (-include); the kernel's headers that they name are empty files.
 *
 * Locks are mutexes that know their holder, so lockdep_assert_held() checks; a warning
 * aborts. Tasks are threads; a test sends a task a signal by its `signalled`.
 */
#ifndef TEST_CORE_SHIM_H
#define TEST_CORE_SHIM_H

#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;	/* as the kernel prints it */
typedef long long s64;
typedef u32 grant_ref_t;
typedef u32 evtchn_port_t;
typedef u16 domid_t;

#define __rcu
#define __init
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define likely(x)		__builtin_expect(!!(x), 1)
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define ALIGN(x, a)		(((x) + (a) - 1) / (a) * (a))
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define EXPORT_SYMBOL_GPL(f)	struct unused_##f
#define IS_ENABLED(option)	1
#define module_param_named(name, var, type, mode) struct unused_##name
#define MODULE_PARM_DESC(name, text)	struct unused_##name
#define PAGE_SHIFT		12
#define GFP_KERNEL		0
typedef unsigned int gfp_t;

#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), v, __ATOMIC_RELAXED)
#define xchg(p, v)		__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define cmpxchg(p, old, new) ({						\
	__typeof__(*(p)) seen_ = old;					\
	__atomic_compare_exchange_n(p, &seen_, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	seen_; })

#define WARN_ON_ONCE(cond) ({						\
	bool warn_ = cond;						\
	if (warn_) {							\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
		abort();						\
	}								\
	warn_; })

#define MAX_ERRNO		4095
#define ERESTARTSYS		512
#define ERR_PTR(err)		((void *)(intptr_t)(err))
#define PTR_ERR(p)		((long)(intptr_t)(p))
#define ERR_CAST(p)		((void *)(p))
#define IS_ERR(p)		((uintptr_t)(p) >= (uintptr_t)-MAX_ERRNO)

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(name)		struct list_head name = { &(name), &(name) }

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head->prev = head;
}

static inline bool list_empty(const struct list_head *head)
{
	return READ_ONCE(head->next) == head;
}

static inline void list_add(struct list_head *e, struct list_head *after)
{
	e->prev = after;
	e->next = after->next;
	after->next->prev = e;
	WRITE_ONCE(after->next, e);
}

static inline void list_add_tail(struct list_head *e, struct list_head *head)
{
	list_add(e, head->prev);
}

static inline void list_del_init(struct list_head *e)
{
	e->next->prev = e->prev;
	WRITE_ONCE(e->prev->next, e->next);
	INIT_LIST_HEAD(e);
}

#define list_del(e)		list_del_init(e)
#define list_first_entry(head, type, member) container_of((head)->next, type, member)
#define list_first_entry_or_null(head, type, member) \
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_next(pos, member)	container_of((pos)->member.next, __typeof__(*(pos)), member)
#define list_for_each_entry(pos, head, member)				\
	for (pos = list_first_entry(head, __typeof__(*(pos)), member); &(pos)->member != (head); \
	     pos = list_next(pos, member))
#define list_for_each_entry_safe(pos, n, head, member)			\
	for (pos = list_first_entry(head, __typeof__(*(pos)), member), n = list_next(pos, member); \
	     &(pos)->member != (head); pos = n, n = list_next(n, member))

typedef struct {
	pthread_mutex_t mutex;
	pthread_t holder;
	bool held;
} spinlock_t;

#define DEFINE_SPINLOCK(name)	spinlock_t name = { .mutex = PTHREAD_MUTEX_INITIALIZER }

static inline void spin_lock_init(spinlock_t *lock)
{
	*lock = (spinlock_t){ .mutex = PTHREAD_MUTEX_INITIALIZER };
}

static inline void spin_lock(spinlock_t *lock)
{
	pthread_mutex_lock(&lock->mutex);
	lock->holder = pthread_self();
	lock->held = true;
}

static inline void spin_unlock(spinlock_t *lock)
{
	lock->held = false;
	pthread_mutex_unlock(&lock->mutex);
}

#define lockdep_assert_held(lock) \
	assert((lock)->held && pthread_equal((lock)->holder, pthread_self()))
#define spin_lock_irq(lock)			spin_lock(lock)
#define spin_unlock_irq(lock)			spin_unlock(lock)
#define spin_lock_irqsave(lock, flags)		((flags) = 0, spin_lock(lock))
#define spin_unlock_irqrestore(lock, flags)	((void)(flags), spin_unlock(lock))
#define local_irq_save(flags)			((flags) = 0)
#define local_irq_restore(flags)		((void)(flags))

#define BITS_PER_LONG	64

static inline bool test_bit(unsigned long at, const unsigned long *map)
{
	return map[at / BITS_PER_LONG] >> at % BITS_PER_LONG & 1;
}

static inline void bitmap_set(unsigned long *map, unsigned long at, unsigned long n)
{
	for (; n--; at++)
		map[at / BITS_PER_LONG] |= 1ul << at % BITS_PER_LONG;
}

static inline void bitmap_clear(unsigned long *map, unsigned long at, unsigned long n)
{
	for (; n--; at++)
		map[at / BITS_PER_LONG] &= ~(1ul << at % BITS_PER_LONG);
}

static inline bool bitmap_empty(const unsigned long *map, unsigned long size)
{
	while (size--)
		if (test_bit(size, map))
			return false;
	return true;
}

/* As the kernel's: more than @size if there is none. */
static inline unsigned long bitmap_find_next_zero_area(const unsigned long *map,
						       unsigned long size, unsigned long from,
						       unsigned long n, unsigned long align)
{
	unsigned long at, free = 0;

	assert(!align);
	for (at = from; at < size; at++) {
		free = test_bit(at, map) ? 0 : free + 1;
		if (free == n)
			return at + 1 - n;
	}
	return size + 1;
}

static inline unsigned long *bitmap_zalloc(unsigned long size, int gfp)
{
	return calloc(DIV_ROUND_UP(size, BITS_PER_LONG) + gfp, sizeof(long));
}

#define bitmap_free(map)		free(map)
#define kvcalloc(n, size, gfp)		calloc(n, size)
#define kvfree(p)			free(p)

#define TASK_RUNNING		0
#define TASK_INTERRUPTIBLE	1
#define TASK_KILLABLE		2
#define HZ			100
#define BIT(n)			(1u << (n))

/* A task's own count has one writer at a time here, and is never read meanwhile. */
typedef struct { int unused; } seqcount_t;

struct task_io_accounting {
	u64 rchar, wchar, syscr, syscw;
};

struct task_struct {
	pthread_mutex_t mutex;
	pthread_cond_t woken;
	int state;
	bool signalled;
	unsigned int flags;
	struct perf_event_context *perf_event_ctxp;
	struct virtuos_account *virtuos_account;
	struct task_io_accounting ioac;
	struct task_struct *group_leader;
	int tid;
	char comm[16];
};

static __thread struct task_struct current_task = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
	.woken = PTHREAD_COND_INITIALIZER,
};

#define current				(&current_task)
#define rcu_read_lock()			do { } while (0)
#define rcu_read_unlock()		do { } while (0)
#define need_resched()			false
#define cpu_relax()			do { } while (0)
#define ktime_get_ns()			0ull
#define NSEC_PER_USEC			1000ull
#define might_sleep()			do { } while (0)
#define set_current_state(s)		__atomic_store_n(&current->state, s, __ATOMIC_SEQ_CST)
#define __set_current_state(s)		set_current_state(s)
#define signal_pending_state(s, task)	((void)(s), READ_ONCE((task)->signalled))

static inline void wake_up_process(struct task_struct *task)
{
	pthread_mutex_lock(&task->mutex);
	__atomic_store_n(&task->state, TASK_RUNNING, __ATOMIC_SEQ_CST);
	pthread_cond_signal(&task->woken);
	pthread_mutex_unlock(&task->mutex);
}

static inline long schedule_timeout(long ticks)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ticks / HZ;
	pthread_mutex_lock(&current->mutex);
	while (!rc && __atomic_load_n(&current->state, __ATOMIC_SEQ_CST) != TASK_RUNNING)
		rc = pthread_cond_timedwait(&current->woken, &current->mutex, &until);
	pthread_mutex_unlock(&current->mutex);
	set_current_state(TASK_RUNNING);
	return rc ? 0 : 1;
}

/* The tests set the time stamp counter. Nobody has asked perf for anything. */
static u64 tsc __attribute__((unused));
static u32 tsc_khz __attribute__((unused)) = 1000000;

#define rdtsc_ordered()			tsc
#define MSEC_PER_SEC			1000u
#define BIT_ULL(n)			(1ull << (n))
#define DECLARE_STATIC_KEY_FALSE(name)	struct unused_##name
#define static_branch_unlikely(key)	false
#define in_task()			true
#define noinline			__attribute__((noinline))
#define min_t(type, a, b)		min((type)(a), (type)(b))
#define clamp(v, least, most)		min(max(v, least), most)

/* What the core's structures are made of, and no test uses. */
typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;
typedef struct { int unused; } wait_queue_head_t;
struct mutex { int unused; };
struct completion { int unused; };
struct kref { int refs; };
struct kobject { int unused; };
struct work_struct { int unused; };
struct delayed_work { struct work_struct work; };
struct ida { int unused; };
struct workqueue_struct;
struct xenbus_device;
struct cred;
struct page;

#define init_completion(c)		((c)->unused = 0)
#define complete(c)			((c)->unused++)
#define reinit_completion(c)		((c)->unused = 0)
#define wait_for_completion(c)		((void)(c))
#define wait_for_completion_killable(c)	((void)(c), 0)
#define kref_get(k)			__atomic_add_fetch(&(k)->refs, 1, __ATOMIC_RELAXED)
#define kref_put(k, release) \
	((void)(__atomic_sub_fetch(&(k)->refs, 1, __ATOMIC_RELAXED) || (release(k), 0)))
#define raw_smp_processor_id()		0u
#define notify_remote_via_evtchn(port)	((void)(port))

#endif

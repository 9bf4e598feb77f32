/* SPDX-License-Identifier: MIT */
/*
 * As much of perf as virtuos/perf needs that is compiled into a test, included before it
 * (-include), after what virtuos/core needs. A sample is counted, and not written.
 */
#ifndef TEST_PMU_SHIM_H
#define TEST_PMU_SHIM_H

#include "../core/shim.h"

#define U32_MAX			UINT32_MAX
#define S64_MAX			INT64_MAX
#define NSEC_PER_MSEC		1000000ull
#define BIT_ULL(n)		(1ull << (n))
#define PF_KTHREAD		1
#define this_cpu_ptr(p)		(p)
#define DEFINE_PER_CPU(type, name) type name
#define div64_u64(a, b)		((u64)(a) / (b))

typedef struct { s64 value; } local64_t;
typedef struct { int held; } raw_spinlock_t;
typedef struct { long value; } local_t;

#define local64_read(l)		((l)->value)
#define local64_set(l, v)	((void)((l)->value = (s64)(v)))
#define local64_add(v, l)	((void)((l)->value += (s64)(v)))
#define local_inc(l)		((void)(l)->value++)
#define local_dec(l)		((void)(l)->value--)

static inline u64 local64_xchg(local64_t *l, u64 v)
{
	u64 was = l->value;

	l->value = v;
	return was;
}


/* As the processor does it: a quotient that does not fit is a fault. */
static inline u64 mul_u64_u64_div_u64(u64 a, u64 mul, u64 div)
{
	unsigned __int128 q = (unsigned __int128)a * mul / div;

	assert(q <= UINT64_MAX);
	return q;
}

struct hlist_node { struct hlist_node *next, **pprev; };
struct hlist_head { struct hlist_node *first; };

static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *head)
{
	n->next = head->first;
	n->pprev = &head->first;
	if (n->next)
		n->next->pprev = &n->next;
	head->first = n;
}

static inline void hlist_del_init(struct hlist_node *n)
{
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
}

#define hlist_next(node, type, member) ((node) ? container_of(node, type, member) : NULL)
#define hlist_for_each_entry(pos, head, member)					\
	for (pos = hlist_next((head)->first, __typeof__(*(pos)), member); pos;	\
	     pos = hlist_next((pos)->member.next, __typeof__(*(pos)), member))

#define PERF_HES_STOPPED	1
#define PERF_ATTACH_TASK	4
#define PERF_SAMPLE_PERIOD	(1u << 8)
#define PERF_SAMPLE_WEIGHT_TYPE	(1u << 14)

struct pmu { int unused; };
struct attribute_group;
struct pt_regs { bool user; };

struct perf_event_attr {
	u64 config;
	u64 sample_type;
	bool exclude_kernel;
};

struct hw_perf_event {
	u64 last_tag;
	int flags;
	u64 sample_period;
	u64 last_period;
	u64 interrupts;
	local64_t prev_count;
	local64_t period_left;
	int state;
};

struct perf_event_context {
	local_t nr_no_switch_fast;
	raw_spinlock_t lock;
	struct list_head event_list;
};

enum { PERF_EVENT_STATE_OFF = -1, PERF_EVENT_STATE_INACTIVE, PERF_EVENT_STATE_ACTIVE };

struct perf_event {
	struct perf_event_attr attr;
	struct hw_perf_event hw;
	struct hlist_node hlist_entry;
	struct list_head event_entry;
	struct perf_event_context *ctx;
	struct pmu *pmu;
	struct perf_event *group_leader;
	int state;
	int cpu;
	atomic64_t child_count;
	local64_t count;
	int attach_state;
};

struct perf_raw_record { struct { u32 size; void *data; } frag; };

struct perf_sample_data {
	u64 sample_flags;
	u64 period;
	struct { u64 full; } weight;
};

static inline void perf_sample_data_init(struct perf_sample_data *data, u64 addr, u64 period)
{
	data->sample_flags = addr;
	data->period = period;
}

#define lockdep_assert_irqs_disabled()	do { } while (0)
#define atomic64_add(v, a)		((void)((a)->counter += (s64)(v)))
#define task_cpu(task)			((void)(task), 0)

/* A test lets perf exchange contexts just before it is locked. */
static void (*before_lock)(void) __attribute__((unused));

static inline void raw_spin_lock(raw_spinlock_t *lock)
{
	if (before_lock)
		before_lock();
	assert(!lock->held++);
}

static inline void raw_spin_unlock(raw_spinlock_t *lock)
{
	assert(!--lock->held);
}

#define is_sampling_event(event)	((event)->hw.sample_period != 0)
#define perf_sample_save_raw_data(data, event, raw)	((void)(raw))
#define perf_fetch_caller_regs(regs)	((void)(regs))
#define user_mode(regs)			((regs)->user)

static struct pt_regs user_regs __attribute__((unused)) = { .user = true };

#define task_pt_regs(task)		(&user_regs)

int perf_event_overflow(struct perf_event *event, struct perf_sample_data *data,
			struct pt_regs *regs);

#endif

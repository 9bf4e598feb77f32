/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine's own structures. Direction of calls:
 *
 *	xenbus.c -> conn.c -> map.c, dispatch.c, ctl.c, cred.c
 *	dispatch.c -> lanes.c -> run.c -> ops.c -> uchan.c, handle.c, cred.c, clock.c, trace_call.c
 *				-> handle.c -> the service
 *	uchan.c -> handle.c, chan.c; handle.c -> uchan.c
 *	these -> ctl.c, peer.c, cost.c -> trace.c
 *
 * No call goes back but between uchan.c and handle.c; scripts/structure.sh checks that.
 *
 * When a primary's device goes to Initialised, the xenbus thread makes a connection. A worker
 * tears the connection down, once: calls under way may wait for a disk, and xenbus must not.
 * Between the two the connection's dispatcher thread alone consumes submissions.
 */
#ifndef VENG_PRIV_H
#define VENG_PRIV_H

#include <linux/bug.h>
#include <linux/cred.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/jump_label.h>
#include <linux/kthread.h>
#include <linux/llist.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <asm/msr.h>
#include <xen/grant_table.h>
#include <xen/xen-ops.h>
#include <virtuos/abi.h>
#include <virtuos/ring.h>
#include <virtuos/door.h>
#include "veng.h"
#include "lie.h"

extern unsigned int veng_poll_us;		/* dispatch.c */
extern unsigned int veng_event_delay_us;	/* object.c */

/* map.c: the primary's pages at one contiguous address */
struct veng_map {
	u32 nr_pages;
	struct vm_struct *area;
	grant_handle_t *handles;
	u64 *ptes;			/* machine address of each page-table entry */
};

int veng_map_refs(struct veng_map *map, domid_t domid, const grant_ref_t *refs, u32 n);
void veng_unmap(struct veng_map *map);

static inline void __peer *veng_map_page(const struct veng_map *map, u32 page)
{
	return (void __peer *)map->area->addr + ((size_t)page << PAGE_SHIFT);
}

/**
 * struct veng_sums - what the completions of a channel have said
 * @calls: how many there were
 * @ticks: sum of VOS_COST_TICKS()
 * @wait: sum of out[4]
 */
struct veng_sums {
	u64 calls;
	u64 ticks;
	u64 wait;
};

/* chan.c */
struct veng_chan {
	struct veng_conn *conn;
	u32 nr;
	int irq;
	bool event;			/* an event has come that no turn has taken */
	bool event_taken;		/* dispatcher only: by this turn */
	bool took;			/* dispatcher only: a call came since the last event */
	struct veng_uchan *uc;		/* a lane's; NULL for a kernel channel */
	struct vos_ring sq;		/* dispatcher only */
	void __peer *arena;
	u32 arena_bytes;
	struct list_head polled_node;	/* in @polled_lanes; dispatcher only */
	bool expected;			/* a lane's: set by veng_uchan_expect() */
	u64 idle_since;

	spinlock_t lock;		/* what follows */
	struct vos_ring cq;
	struct list_head free;
	u32 inflight;
	bool answered;			/* completions pushed, event not yet considered */
	struct veng_sums sums;
	struct veng_scall *calls;
};

struct veng_uchan;

int veng_chan_init(struct veng_chan *chan, struct veng_conn *conn, u32 nr,
		   const struct vos_channel_desc *desc);
void veng_chan_exit(struct veng_chan *chan);
int veng_chan_attach(struct veng_chan *chan, u32 entries);

/* run.c: calls on a channel or lane */
int veng_chan_run(struct veng_chan *chan);

/* turn.c: how long a turn of the dispatcher takes */

/* cost.c: what calls cost */
u64 veng_ticks(u64 ns);
u64 veng_ns(u64 ticks);
void veng_clock_start(struct veng_clock *c);
u64 veng_clock_correct(struct veng_clock *c, u64 ticks);
u64 veng_cost_pending(struct veng_scall *call);
void veng_cost_nest(struct veng_scall *call);
void veng_cost_unnest(struct veng_scall *call, u64 since);
void veng_cost_lanes(struct veng_sums *to, struct veng_uchan *uc);
void veng_cost_list(struct veng_uchan *uc);
void veng_cost_unlist(struct veng_uchan *uc);
void veng_cost_show(struct veng_conn *conn);

/*
 * End the stretch of time under way, and begin the next. Context: the clock's thread. Return:
 * how many ticks of the stretch the thread ran.
 *
 * If neither the hypervisor nor the scheduler has written a time, those are all of it.
 */
static inline u64 veng_clock_lap(struct veng_clock *c)
{
	u64 now = rdtsc(), ticks = now - c->last;

	c->last = now;
	if (unlikely(this_cpu_read(xen_runstate.state_entry_time) + current->se.exec_start !=
		     c->stamp))
		return veng_clock_correct(c, ticks);
	return ticks;
}

/**
 * struct veng_turn - times of the dispatcher's turns; only the dispatcher writes it
 * @since: when the turn began; times are in ticks of the time stamp counter unless said
 *	otherwise
 * @steal: time stolen from this processor by then
 * @tick: jiffies, as last seen
 * @ticks: how many passed in one call, at most
 * @op: that call's opcode; VOS_NR_OPCODES: none
 * @notable: veng_turn_end() does not examine a turn shorter than this
 * @longest: the longest turn, in ns
 * @longest_op: @op of that one
 * @nr_long: how many turns were longer than turn.c's limit
 */
struct veng_turn {
	u64 since;
	u64 steal;
	unsigned long tick;
	unsigned long ticks;
	u16 op;
	u16 longest_op;
	u32 nr_long;
	u64 notable;
	u64 longest;
};

void veng_turn_begin(struct veng_turn *t, u64 now);
void veng_turn_end(struct veng_conn *conn, u64 now);
void veng_turn_tick(struct veng_turn *t, u8 opcode);
void veng_turn_show(struct work_struct *work);

/* Note that a call has been carried out. A call that took long has seen the clock tick. */
static inline void veng_turn_call(struct veng_turn *t, u8 opcode)
{
	if (unlikely(time_after(jiffies, t->tick)))
		veng_turn_tick(t, opcode);
}

/* ops.c: the table of operations, and the functions of class CORE */
extern const struct vos_op veng_ops[VOS_NR_OPCODES];

s64 veng_core_call(struct veng_scall *call);

#define VOS_X(NAME, name, ...) s64 veng_##name(struct veng_scall *call);
VOS_CORE_OPCODES(VOS_X)
#undef VOS_X

/* handle.c: what a process may use through its user channel */

/*
 * struct veng_handle - one slot
 * @gen: 0: none; see handle.c
 * @users: one while it stands, one per call under way
 * @drop: HANDLE_DROP; the last user answers it
 * @dropping: from HANDLE_DROP until the target has ended; the slot is not free before
 * @by_obj: sockets: on conn->by_obj[obj], under conn->handle_lock
 */
struct veng_handle {
	struct veng_uchan *uc;
	u32 gen;
	u32 flags;
	u32 obj;
	u32 obj_gen;
	void *target;
	atomic_t users;
	struct veng_scall *drop;
	bool dropping;
	struct hlist_node by_obj;
};

int veng_handle_use(struct veng_scall *call, const struct vos_op *op);
void veng_handle_put(struct veng_handle *h);
void veng_handle_show(struct veng_conn *conn, u32 obj, u32 gen, u32 poll);
void veng_handles_end(struct veng_uchan *uc);

/* uchan.c: memory of one process */

/*
 * struct veng_uchan - a user channel
 * @cred: the process's, for all of its calls
 * @users: one while it is open, one per call under way
 * @close: UCHAN_CLOSE; the last user answers it
 * @broken: the process broke the protocol: the dispatcher polls its lanes no more
 */
struct veng_uchan {
	struct veng_conn *conn;
	u32 id;
	bool broken;
	struct list_head listed;	/* on conn->listed */
	const struct cred *cred;
	struct veng_map map;
	struct vos_uchan_head __peer *head;
	atomic_t users;
	struct veng_scall *close;
	struct veng_handle handle[VOS_UCHAN_SLOTS];
	u32 nr_lanes;
	struct veng_chan lane[];
};

void veng_uchan_broken(struct veng_uchan *uc, const char *what);
void veng_uchan_done(struct veng_uchan *uc);
void veng_uchan_expect(struct veng_chan *lane);
void veng_lane_unlist(struct veng_chan *lane);
struct veng_uchan *veng_uchan_find(struct veng_conn *conn, u64 id);
void veng_uchans_end(struct veng_conn *conn);

/* lanes.c */
bool veng_uchans_run(struct veng_conn *conn, u64 now);
bool veng_uchans_sleep(struct veng_conn *conn);
void veng_uchans_wake(struct veng_conn *conn);

/* conn.c */
struct veng_conn {
	const struct veng_service *svc;
	void *priv;
	domid_t domid;
	struct xenbus_device *dev;	/* held */
	bool broken;			/* consume no more: violation or end */
	bool announced;			/* the engine is to close the device */
	struct work_struct broken_work;
	struct work_struct end_work;

	struct veng_map ctrl_map;
	struct veng_map map;
	struct vos_ctrl __peer *ctrl;	/* heartbeat, uchans_broken, *_sel only */
	u64 cost_mask;			/* ~0: VOS_F_COST, completions say what they cost; or 0 */
	bool traces;			/* VOS_F_TRACE: it may ask for records */
	struct veng_trace __rcu *trace;	/* trace.c's; NULL: no records */
	u32 nr_objects;
	struct vos_obj_state __peer *obj;
	u64 __peer *event;

	struct task_struct *dispatcher;
	bool stopped;			/* the dispatcher has ended */
	struct veng_clock clock;	/* the dispatcher's */
	u64 polled;			/* ticks of turns that found nothing */
	u64 poll_for;			/* how long to poll after the last work, in ticks */
	bool raised;			/* dispatcher only: event bits, in this turn */
	u64 pending_since;		/* dispatcher only: when an event became pending; 0: none */
	u64 delay;			/* ticks that a busy front end has to take event bits */
	struct llist_head dirty;
	struct kthread_worker *ctl;
	/* veng_scall_complete(); ctl.c cannot call run.c, which queues calls in ctl.c */
	void (*complete)(struct veng_scall *call, s64 result);
	struct mm_struct *window_mm;
	struct delayed_work heartbeat;
	struct veng_turn turn;
	struct work_struct show_work;	/* shows the longest turn in xenstore */
	u64 shown;			/* the longest turn, as shown */

	atomic_t inflight;
	wait_queue_head_t idle_wait;
	const struct cred *cred[VOS_MAX_CREDS];	/* dispatcher only */

	bool events;			/* some channel's @event is set */
	bool events_taken;		/* dispatcher only: some channel's @event_taken is set */
	unsigned long poll_until;	/* jiffies: till then poll at every tick; dispatcher only */

	bool rescan;			/* other lanes may have calls: uchan_sel, */
	DECLARE_BITMAP(woken, VOS_MAX_UCHANS);	/* veng_uchan_expect()'s */
	struct list_head polled_lanes;	/* dispatcher only */
	u32 nr_polled;
	u64 polled_for;			/* ticks without a call until a lane is polled no more */
	spinlock_t uchan_lock;		/* the next three */
	struct veng_uchan *uchan[VOS_MAX_UCHANS];
	struct list_head listed;	/* user channels whose memory is there */
	struct veng_sums past;		/* of those that have ended */
	spinlock_t handle_lock;		/* lists of by_obj */
	struct hlist_head *by_obj;	/* nr_objects of them, or NULL */

	u32 nr_channels;
	struct veng_chan chan[];
};

/* Warn unless @cond holds. The test costs nothing unless the kernel checks its locks, too. */
#define VENG_CHECK(cond)							\
	do {									\
		if (IS_ENABLED(CONFIG_PROVE_LOCKING))				\
			WARN_ON_ONCE(!(cond));					\
	} while (0)

/* Check "Context: dispatcher". */
static inline void veng_in_dispatcher(const struct veng_conn *conn)
{
	VENG_CHECK(current == conn->dispatcher || READ_ONCE(conn->stopped));
}

/* Check "Context: control thread". */
static inline void veng_in_ctl(const struct veng_conn *conn)
{
	VENG_CHECK(current == conn->ctl->task || READ_ONCE(conn->stopped));
}

struct veng_conn *veng_conn_create(const struct veng_service *svc, struct xenbus_device *dev,
				   grant_ref_t ctrl_ref);
void veng_conn_end(struct veng_conn *conn);
void veng_conns_flush(void);
int veng_conns_init(void);
void veng_conns_exit(void);

/* peer.c */
extern atomic_t veng_nr_conns;
bool veng_conn_alone(void);
void veng_conn_violation(struct veng_conn *conn, const char *what);

/* dispatch.c */
int veng_dispatcher_start(struct veng_conn *conn);
void veng_dispatcher_stop(struct veng_conn *conn);

static inline void veng_dispatcher_wake(struct veng_conn *conn)
{
	wake_up_process(conn->dispatcher);
}

/* event.c: events from the front end */
irqreturn_t veng_event_interrupt(int irq, void *data);
void veng_events_begin(struct veng_conn *conn);
void veng_events_end(struct veng_conn *conn);
long veng_events_wait(const struct veng_conn *conn);

/* object.c: events to the front end */
void veng_events_tell(struct veng_conn *conn, u64 now);
void veng_events_flush(struct veng_conn *conn);

/* ctl.c */
void veng_ctl_queue(struct veng_scall *call, s64 (*fn)(struct veng_scall *call));
int veng_ctl_start(struct veng_conn *conn);
void veng_ctl_stop(struct veng_conn *conn);

/* trace.c: records of what happens to calls */
DECLARE_STATIC_KEY_FALSE(veng_trace_used);

void veng_trace_note(const struct veng_scall *call, u8 type, u64 tsc, u64 arg);
int veng_trace_begin(struct veng_conn *conn, u64 entries);
int veng_trace_stop(struct veng_conn *conn);
void veng_trace_end(struct veng_conn *conn);
int veng_trace_take(struct veng_conn *conn, struct vos_trace_record __peer *to, u32 room,
		    u64 *lost);

/* Record what happens to a call, if some primary wants records. */
static __always_inline void veng_trace(const struct veng_scall *call, u8 type, u64 tsc, u64 arg)
{
	if (static_branch_unlikely(&veng_trace_used))
		veng_trace_note(call, type, tsc, arg);
}

/* cred.c */
const struct cred *veng_base_cred(void);
int veng_cred_init(void);
void veng_cred_exit(void);
void veng_cred_drop_all(struct veng_conn *conn);

/* xenbus.c */
int veng_xenbus_start(const struct veng_service *svc);
void veng_xenbus_stop(void);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine's own structures. Direction of calls:
 *
 *	xenbus.c -> conn.c -> map.c, dispatch.c, ctl.c, cred.c
 *	dispatch.c -> lanes.c -> run.c -> ops.c -> uchan.c, handle.c, cred.c, clock.c
 *				-> handle.c -> the service
 *	uchan.c -> handle.c, chan.c; handle.c -> uchan.c
 *	these -> ctl.c, peer.c
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
#include <linux/kthread.h>
#include <linux/llist.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <xen/grant_table.h>
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

/* chan.c */
struct veng_chan {
	struct veng_conn *conn;
	u32 nr;
	int irq;
	bool event;			/* an event has come that no turn has taken */
	bool ending;			/* dispatcher only: this turn has taken it */
	bool took;			/* dispatcher only: a call came since the last event */
	struct veng_uchan *uc;		/* a lane's; NULL for a kernel channel */
	struct vos_ring sq;		/* dispatcher only */
	void __peer *arena;
	u32 arena_bytes;
	struct list_head hot;		/* lanes that are polled; dispatcher only */
	bool expected;			/* a lane's: set by veng_uchan_expect() */
	u64 idle_since;

	spinlock_t lock;		/* what follows */
	struct vos_ring cq;
	struct list_head free;
	u32 inflight;
	bool answered;			/* completions pushed, event not yet considered */
	struct veng_scall *calls;
};

int veng_chan_init(struct veng_chan *chan, struct veng_conn *conn, u32 nr,
		   const struct vos_channel_desc *desc);
void veng_chan_exit(struct veng_chan *chan);
int veng_chan_attach(struct veng_chan *chan, u32 entries);

/* run.c: calls on a channel or lane */
int veng_chan_run(struct veng_chan *chan);

/* turn.c: how long a turn of the dispatcher takes */

/**
 * struct veng_turn - times of the dispatcher's turns; only the dispatcher writes it
 * @since: when the turn began
 * @steal: time stolen from this processor by then
 * @tick: jiffies, as last seen
 * @ticks: how many passed in one call, at most
 * @op: that call's opcode; VOS_NR_OPCODES: none
 * @notable: veng_turn_end() does not examine a turn shorter than this, in ns
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
 * @ending: from HANDLE_DROP until the target has ended; the slot is not free before
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
	bool ending;
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
	u32 nr_objects;
	struct vos_obj_state __peer *obj;
	u64 __peer *event;

	struct task_struct *dispatcher;
	bool stopped;			/* the dispatcher has ended */
	u64 poll_ns;			/* how long to poll after the last work */
	bool raised;			/* dispatcher only: event bits, in this turn */
	u64 owed_since;			/* dispatcher only: when an event became pending; 0: none */
	u64 delay_ns;			/* time that a busy front end has to take event bits */
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
	bool ending;			/* dispatcher only: some channel's @ending is set */
	unsigned long look_until;	/* jiffies: till then poll at every tick; dispatcher only */

	bool rescan;			/* other lanes may have calls: uchan_sel, */
	DECLARE_BITMAP(woken, VOS_MAX_UCHANS);	/* veng_uchan_expect()'s */
	struct list_head hot;		/* lanes that are polled; dispatcher only */
	u32 nr_hot;
	spinlock_t uchan_lock;		/* the next one */
	struct veng_uchan *uchan[VOS_MAX_UCHANS];
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
void veng_events_settle(struct veng_conn *conn);

/* ctl.c */
int veng_ctl_start(struct veng_conn *conn);
void veng_ctl_stop(struct veng_conn *conn);

/* cred.c */
const struct cred *veng_base_cred(void);
int veng_cred_init(void);
void veng_cred_exit(void);
void veng_cred_drop_all(struct veng_conn *conn);

/* xenbus.c */
int veng_xenbus_start(const struct veng_service *svc);
void veng_xenbus_stop(void);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The core's own structures. Direction of calls:
 *
 *	main.c, session.c -> xenbus.c, clock.c
 *	xenbus.c -> link.c -> watch.c, register.c, interrupt.c, area.c
 *	clock.c, watch.c, register.c -> call.c -> session_link.c, cred.c, channel.c
 *	session_link.c -> look.c -> channel.c -> queue.c -> slot.c -> arena.c
 *	these -> life.c (what ends a link), base.c
 *
 * No call goes back; scripts/structure.sh checks that.
 *
 * The door (../door) uses what stands here, and is told by struct vos_door_ops what it
 * has to know; the module's begin and end are in ../door/module.c, above both.
 *
 * Locks, in order: vos_mutex (sessions, devices), session.lock (which link),
 * channel.lock (rings, states of calls), channel.slot_lock (free slots, arena, who waits).
 * Only vos_mutex sleeps.
 */
#ifndef VOS_CORE_PRIV_H
#define VOS_CORE_PRIV_H

#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/idr.h>
#include <linux/kobject.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <xen/grant_table.h>
#include <xen/interface/event_channel.h>
#include <virtuos/abi.h>
#include <virtuos/ring.h>
#include "vos_front.h"

#define VOS_ENTRIES		256u
#define VOS_INLINE		1024u	/* arena bytes that every slot owns */
#define VOS_RESERVE		16u	/* slots that are kept for recovery */
#define VOS_ARENA_UNIT_SHIFT	8	/* the rest is given out in 256 bytes */

/* Passes of a spin between two looks at the clock, which cost more than they. */
#define VOS_LOOK_AT_CLOCK	64

/* Invariants whose check the counted paths cannot afford: in kernels for debugging only. */
#define VOS_DEBUG_WARN(cond) \
	((void)(IS_ENABLED(CONFIG_PROVE_LOCKING) && WARN_ON_ONCE(cond)))

extern unsigned int vos_restart_timeout;	/* seconds */
extern unsigned int vos_hang_timeout;		/* seconds */
extern unsigned int vos_spin_us;
extern unsigned int vos_idle_poll_us;
extern struct mutex vos_mutex;

/* base.c */
extern struct workqueue_struct *vos_wq;
extern struct workqueue_struct *vos_wait_wq;
int vos_queues_init(void);
void vos_queues_exit(void);

/* area.c: pages that we own and grant */
enum vos_area_use { VOS_AREA_LINK, VOS_AREA_CHANNEL };

struct vos_area {
	struct vos_session *session;	/* whose pages they are */
	enum vos_area_use use;
	bool reserved;
	domid_t peer;
	u32 nr_pages;
	u32 nr_dir;
	struct page **pages;		/* area, then directory and control page, if any */
	grant_ref_t *refs;
	void *vaddr;			/* the area, contiguous; see vos_area_page() */
	struct vos_ctrl __peer *ctrl;
};

int vos_area_alloc(struct vos_area *area, struct vos_session *s, domid_t peer, u32 nr_pages);
int vos_area_alloc_plain(struct vos_area *area, struct vos_session *s, domid_t peer,
			 u32 nr_pages);
u32 vos_area_free(struct vos_area *area);
grant_ref_t vos_area_ctrl_ref(const struct vos_area *area);
u32 vos_area_total(const struct vos_area *area);

static inline void __peer *vos_area_page(const struct vos_area *area, u32 page)
{
	return (void __peer *)area->vaddr + ((size_t)page << PAGE_SHIFT);
}

/* grants.c: how many there may be */

/* Pages of a session. */
struct vos_pages {
	u32 link;			/* that a link takes */
	u32 in_links;			/* reserved, until their grants have ended */
	u32 in_channels;
};

void vos_grants_keep(struct vos_session *s, u32 pages);
int vos_grants_reserve(struct vos_session *s, enum vos_area_use use, u32 nr);
void vos_grants_release(struct vos_session *s, enum vos_area_use use, u32 nr);

/* ending.c: the end of grants */
u32 vos_grants_end(const struct vos_area *area, u32 nr);
void vos_grants_exit(void);

/* arena.c: which bytes of a channel's arena are in use */
struct vos_arena {
	void __peer *base;
	u32 first;			/* bytes before it belong to slots */
	unsigned long units;
	unsigned long hint;
	unsigned long *used;
};

int vos_arena_init(struct vos_arena *arena, void __peer *base, u32 first, u32 bytes);
void vos_arena_exit(struct vos_arena *arena);
int vos_arena_get(struct vos_arena *arena, u32 len, struct vos_extent *ext);
void vos_arena_put(struct vos_arena *arena, const struct vos_extent *ext);

/* channel.c */
enum vos_call_state {
	VOS_CALL_FREE,
	VOS_CALL_OWNED,			/* its user fills or reads it */
	VOS_CALL_SUBMITTED,
	VOS_CALL_ABANDONED,		/* submitted, and its waiter was killed */
};

struct vos_chan_stats {
	u64 calls;			/* under the lock */
	u64 sends;			/* under the lock: event-channel sends */
	u64 interrupts;			/* handler only */
	u64 throttled;			/* handler only: those of an event storm */
	u64 completions;		/* under the lock */
	u64 spun;			/* under the lock: answered within the spin */
	u64 slept;			/* under the lock */
	u64 idled;			/* under the lock: polls of an idle processor */
	u64 bytes;			/* under the lock: extents handed over */
};

/* How the caller of vos_call() waits. */
enum vos_wait_state { VOS_WAIT_POLLS, VOS_WAIT_SLEEPS, VOS_WAIT_OVER };

struct vos_slot {
	struct vos_call call;
	int wait;			/* enum vos_wait_state, changed by exchange */
	struct completion finished;	/* only if it sleeps */
	struct list_head free;
	u32 seq;
	u16 cred_index;
	u16 looks;			/* watch.c's: that have found this call unanswered, */
	u32 looked_tag;			/* which was this one */
};

/**
 * struct vos_waiter - who waits for a slot (queue.c)
 * @node: on the channel's list, while it waits
 * @task: to be woken; NULL: the channel's ticket
 * @len0: bytes that it wants for ext[0]
 * @len1: bytes that it wants for ext[1]
 * @recovery: it stands in front, and may have the reserve
 * @slot: what it was given, off the list
 */
struct vos_waiter {
	struct list_head node;
	struct task_struct *task;
	u32 len0;
	u32 len1;
	bool recovery;
	struct vos_slot *slot;
};

/* What interrupts have found (interrupt.c); handler only. */
struct vos_storm {
	unsigned long tick;
	u32 progress;
	u32 unfounded;			/* in this tick */
	u32 all;			/* same */
};

struct vos_channel {
	struct vos_link *link;
	u32 nr;
	int irq;
	evtchn_port_t evtchn;

	spinlock_t lock;		/* rings, states of calls, what follows */
	struct vos_ring sq;
	struct vos_ring cq;
	unsigned int spinners;
	bool idle;			/* its processor sleeps */

	struct vos_slot *spare;		/* one free slot, changed by exchange, or NULL */
	spinlock_t slot_lock;		/* what follows, but for stats */
	struct list_head free;
	u32 nr_free;
	struct list_head waiters;	/* in turn */
	struct vos_waiter ticket;	/* of who cannot wait */
	struct vos_slot *slots;
	struct vos_arena arena;

	struct vos_storm storm;
	struct vos_chan_stats stats;
};

void vos_channel_poll_begin(struct vos_channel *chan);
void vos_channel_poll_end(struct vos_channel *chan, u64 *outcome);
void vos_channel_set_idle(struct vos_channel *chan, bool idle);
bool vos_channel_pending(const struct vos_channel *chan);
int vos_channel_init(struct vos_channel *chan, struct vos_link *link, u32 nr,
		     const struct vos_channel_desc *desc);
void vos_channel_reap(struct vos_channel *chan);
void vos_channel_reap_ring(struct vos_channel *chan);
void vos_channel_end_all(struct vos_channel *chan);
bool vos_channel_submit(struct vos_channel *chan, struct vos_call *call,
			const struct vos_sqe *sqe, bool polls);
bool vos_channel_abandon(struct vos_channel *chan, struct vos_call *call);

/* slot.c, slot.h: what a call is while it exists. Its tag is sequence and number. */
#define VOS_SLOT_BITS	10
#define VOS_SLOT_MASK	((1u << VOS_SLOT_BITS) - 1)

int vos_slots_init(struct vos_channel *chan, void __peer *arena, u32 bytes);
void vos_slots_exit(struct vos_channel *chan);
struct vos_slot *vos_slot_pick(struct vos_channel *chan, u32 len0, u32 len1, u32 reserve);
bool vos_slot_change_room(struct vos_channel *chan, struct vos_slot *slot, u32 len0, u32 len1);
void vos_slot_put_back(struct vos_channel *chan, struct vos_slot *slot);
void vos_slot_recall_spare(struct vos_channel *chan);

/* call.c */
struct vos_call *vos_channel_try_get(struct vos_channel *chan, u32 len0, u32 len1);
struct vos_call *vos_channel_get_reserved(struct vos_channel *chan);

/* queue.c: who waits for a slot */
struct vos_call *vos_channel_wait(struct vos_channel *chan, u32 len0, u32 len1, u32 flags);
struct vos_call *vos_channel_ask(struct vos_channel *chan, u32 len0, u32 len1);
void vos_channel_serve(struct vos_channel *chan);
void vos_channel_rouse(struct vos_channel *chan);

/* interrupt.c */
int vos_interrupt_bind(struct vos_channel *chan);
void vos_interrupt_unbind(struct vos_channel *chan);

static inline struct vos_slot *vos_call_slot(struct vos_call *call)
{
	return container_of(call, struct vos_slot, call);
}

/* cred.c: which credentials the peer knows */
struct vos_cred_entry {
	struct vos_cred key;
	u32 users;
	bool known;
	u64 used_at;
};

struct vos_cred_table {
	struct mutex mutex;		/* one registration at a time */
	wait_queue_head_t idle;		/* its holder waits for an entry without users */
	spinlock_t lock;
	struct vos_cred_entry *entry;	/* VOS_MAX_CREDS */
	int (*tell)(struct vos_link *link, int index, const struct vos_cred *key);
	u64 clock;
};

void vos_cred_value(struct vos_cred *key, const struct cred *cred);
int vos_cred_get(struct vos_link *link, u32 flags);
int vos_cred_init(struct vos_cred_table *t,
		  int (*tell)(struct vos_link *link, int index, const struct vos_cred *key));
void vos_cred_exit(struct vos_cred_table *t);
void vos_cred_put(struct vos_link *link, u16 index);

/* register.c */
int vos_cred_tell(struct vos_link *link, int index, const struct vos_cred *key);

/* object.c */
void vos_object_events(struct vos_link *link);
bool vos_object_pending(const struct vos_link *link);

/* link.c: one incarnation of a service domain */
struct vos_link {
	struct kref ref;
	struct vos_session *session;
	struct xenbus_device *dev;	/* until vos_link_kill() */
	u32 epoch;
	bool dead;			/* written under every channel's lock */
	const char *failure;		/* why kill_work is to kill it */
	struct work_struct kill_work;
	struct work_struct free_work;
	struct delayed_work watch_work;	/* watch.c's */
	unsigned int silent;		/* looks since the heart has beaten */
	struct list_head looked_at;	/* look.c's */
	bool looked;			/* it is on that list */
	u32 beat;
	u32 nr_objects;
	u32 nr_sel;			/* words of ctrl->event_sel in use */
	struct vos_area area;
	struct vos_ctrl __peer *ctrl;
	struct vos_obj_state __peer *obj;
	u64 __peer *event;
	struct vos_cred_table creds;
	domid_t peer;
	struct ida uchan_ids;		/* user channels: ../door */
	atomic_t door_waiters;
	u32 uchans_broken;		/* as far as ../door has looked */
	u32 door_waits;			/* that have ended; may miss some */
	u32 events;			/* words of event bits that were taken; may miss some */
	u32 nr_channels;
	struct vos_channel chan[];
};

int vos_link_keep_room(struct vos_session *s);
struct vos_link *vos_link_create(struct vos_session *s, struct xenbus_device *dev,
				 void (*failed)(struct work_struct *work));
void vos_link_kill(struct vos_link *link);

/* life.c */
bool vos_link_fail(struct vos_link *link, const char *why);
void vos_link_violation(struct vos_link *link, const char *what);
void vos_link_release(struct kref *ref);

static inline void vos_link_get(struct vos_link *link)
{
	kref_get(&link->ref);
}

static inline void vos_link_put(struct vos_link *link)
{
	kref_put(&link->ref, vos_link_release);
}

/* The channel of this processor. */
static inline struct vos_channel *vos_link_channel(struct vos_link *link)
{
	return &link->chan[raw_smp_processor_id() % link->nr_channels];
}

/* watch.c: does the service answer? */
void vos_watch_init(struct vos_link *link);
void vos_watch_begin(struct vos_link *link);

/* session.c */
enum vos_session_state { VOS_SESSION_DOWN, VOS_SESSION_RECOVERING, VOS_SESSION_UP };

struct vos_session {
	struct list_head node;		/* under vos_mutex */
	struct kobject kobj;
	char name[32];
	const struct vos_session_ops *ops;
	void *priv;
	u32 nr_objects;
	u32 arena_pages;

	spinlock_t lock;		/* of the fields below that name it */
	enum vos_session_state state;	/* written under lock, before link */
	struct vos_link __rcu *link;	/* in use; written under lock */
	struct vos_link *next;		/* connected, not yet announced */
	u32 epoch;
	bool closing;
	wait_queue_head_t up_wait;
	struct workqueue_struct *wq;	/* ordered: down() and up() in turn */
	struct work_struct work;

	struct vos_pages pages;		/* grants.c's */
	atomic_t shared;		/* pages granted now, of what is in use */
	atomic64_t grants;		/* pages granted so far */
	spinlock_t uchan_lock;		/* uchans */
	struct list_head uchans;	/* user channels of all links */
	struct delayed_work clock_work;	/* on wq */
	u64 died;
	struct vos_chan_stats past;	/* of links that are gone, under lock */
};

static inline u32 vos_max_extent(const struct vos_session *s)
{
	return s->arena_pages * (VOS_PAGE_SIZE / 4);
}

/* session_link.c */
extern struct list_head vos_sessions;
struct vos_session *vos_session_find(const char *name);
void vos_sessions_tell_clock(void);
void vos_session_link_ready(struct vos_link *link);
void vos_session_link_dead(struct vos_link *link);
struct vos_link *vos_session_link_get(struct vos_session *s, u32 flags);

/* clock.c: the service domains' clocks */
int vos_clock_init(void);
void vos_clock_exit(void);
void vos_clock_init_session(struct vos_session *s);
void vos_clock_exit_session(struct vos_session *s);
void vos_clock_link_up(struct vos_session *s);

/**
 * struct vos_door_ops - what the core tells the door (../door), which stands above it
 * @events: an event came on @link, or it died: let those look who wait in the kernel for
 *	a lane. Any context. Return: somebody waits
 * @link_dead: @link has just died, and its calls have ended. Process context
 *
 * The core calls nothing of the door but by this.
 */
struct vos_door_ops {
	bool (*events)(struct vos_link *link);
	void (*link_dead)(struct vos_link *link);
};

extern const struct vos_door_ops *vos_door;	/* base.c */

/* main.c: the core's begin and end; ../door/module.c has the module's */
int vos_core_start(const struct vos_door_ops *door);
void vos_core_stop(void);

/* look.c: taking what has come without an interrupt */
int vos_look_init(void);
void vos_look_begin(struct vos_link *link);
void vos_look_end(struct vos_link *link);

/* stats.c */
int vos_stats_init(void);
void vos_stats_exit(void);
int vos_stats_add(struct vos_session *s);
void vos_session_stats(struct vos_session *s, struct vos_chan_stats *sum);

/* xenbus.c */
int vos_xenbus_init(void);
void vos_xenbus_exit(void);
void vos_xenbus_session_new(void);
void vos_xenbus_session_gone(struct vos_session *s);

#endif

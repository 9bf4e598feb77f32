/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the core share: with area.h, channel.h and link.h, its own structures.
 * Direction of calls:
 *
 *	main.c, session.c -> xenbus.c, clock.c, stats.c -> told.c
 *	main.c -> threads.c -> account.c
 *	main.c, session.c -> records.c -> call.c
 *	xenbus.c -> link.c -> watch.c, register.c, interrupt.c, area.c
 *	clock.c, watch.c, register.c -> call.c -> session_link.c, cred.c, channel.c
 *	session_link.c -> poll.c -> channel.c -> queue.c -> slot.c -> arena.c
 *	channel.c -> cost.c; call.c, channel.c, session_link.c -> account.c
 *	these -> life.c (what ends a link), base.c
 *
 * No call goes back; scripts/structure.sh checks that.
 *
 * The door (../door) uses what stands here. The core calls the door by struct vos_door_ops. The
 * module's start and stop are in ../door/module.c, above both.
 *
 * Locks, in order: vos_mutex (sessions, devices), session.lock (which link), channel.lock
 * (rings, states of calls), channel.slot_lock (free slots, arena, waiters). Only vos_mutex
 * sleeps.
 */
#ifndef VOS_CORE_PRIV_H
#define VOS_CORE_PRIV_H

#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <virtuos/abi.h>
#include "area.h"
#include "channel.h"
#include "link.h"
#include "vos_account.h"
#include "vos_front.h"

/* What this front end uses if the service domain has it. */
#define VOS_FEATURES		(VOS_F_EVENTS | VOS_F_HEARTBEAT | VOS_F_USER_CHANNELS | \
				 VOS_F_COST | VOS_F_TRACE | VOS_F_CAUSE)

/* Invariants that only kernels for debugging check: the counted paths cannot afford it. */
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

/* grants.c: how many grants there may be */

/* Pages of a session. */
struct vos_pages {
	u32 link;			/* pages of a link */
	u32 in_links;			/* reserved, until their grants have ended */
	u32 in_channels;
};

void vos_grants_keep(struct vos_session *s, u32 pages);
int vos_grants_reserve(struct vos_session *s, enum vos_area_use use, u32 nr);
void vos_grants_release(struct vos_session *s, enum vos_area_use use, u32 nr);

/* deferred.c: the end of grants */
u32 vos_grants_end(const struct vos_area *area, u32 nr);
void vos_grants_exit(void);

/**
 * struct vos_told - what a service says of itself (struct vos_ctrl)
 * @calls: completions that it has pushed, on lanes too
 * @ticks: ticks in them
 * @wait: ticks for which those calls waited
 * @polled: ticks in which it found nothing to do
 * @running_ns: time for which the domain's processors ran
 */
struct vos_told {
	u64 calls;
	u64 ticks;
	u64 wait;
	u64 polled;
	u64 running_ns;
};

/* told.c */
void vos_told_keep(struct vos_link *link);
void vos_session_told(struct vos_session *s, struct vos_told *told);
bool vos_told_doors(struct vos_session *s);

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
	u32 service;			/* enum vos_door_service */

	spinlock_t lock;		/* the fields below that name it */
	enum vos_session_state state;	/* written under lock, before link */
	struct vos_link __rcu *link;	/* in use; written under lock */
	struct vos_link *next;		/* connected, not yet announced */
	u32 epoch;
	bool closing;
	wait_queue_head_t up_wait;
	struct workqueue_struct *wq;	/* ordered: down() and up() in turn */
	struct work_struct work;

	struct vos_pages pages;		/* grants.c's */
	atomic_t shared;		/* pages granted now, of links in use */
	atomic64_t grants;		/* pages granted so far */
	spinlock_t uchan_lock;		/* uchans */
	struct list_head uchans;	/* user channels of all links */
	struct delayed_work clock_work;	/* on wq */
	unsigned long clock_every;	/* how often it runs, in jiffies; clock.c */
	unsigned long clock_told;	/* when it ran last */
	struct dentry *records_dir;	/* records.c's */
	unsigned long traced;		/* bit 0: its file is open */
	u64 died;
	struct vos_late_cost unclaimed;	/* account.c's */
	struct vos_late_cost door;	/* ../door/cost.c's */
	struct vos_told told;		/* by links that are gone, under lock */
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
 * struct vos_door_ops - what the core calls of the door (../door), which stands above it
 * @events: an event came on @link, or @link died: wake callers that wait in the kernel for
 *	a lane. Any context. Return: whether a caller waits
 * @link_dead: @link has just died, and its calls have ended. Process context
 * @session_gone: @s has no link, and never gets one again. Process context
 * @account_exit: @task, the caller, ends: keep what its exceptionless calls cost. NULL: none
 * @account_free: @account is about to be freed. Any context. NULL: none
 * @sums: fill @door of @sums for @task. Any context. NULL: none
 * @ask_costs: ask the service what it charged user channels; @door of the session becomes
 *	that. Process context
 *
 * The core calls nothing else of the door.
 */
struct vos_door_ops {
	bool (*events)(struct vos_link *link);
	void (*link_dead)(struct vos_link *link);
	void (*session_gone)(struct vos_session *s);
	void (*account_exit)(struct task_struct *task);
	void (*account_free)(struct virtuos_account *account);
	void (*sums)(struct task_struct *task, struct vos_sums *sums);
	void (*ask_costs)(struct vos_session *s);
};

extern const struct vos_door_ops *vos_door;	/* base.c */

/* main.c: start and stop of the core; ../door/module.c has the module's */
int vos_core_start(const struct vos_door_ops *door);
void vos_core_stop(void);

/* account.c: accounts of threads; account.h */
int vos_account_init(void);
void vos_account_note_outage(u64 ns);
void vos_account_ended(int service, struct vos_cost *cost);
void vos_account_ended_claims(int service, struct vos_cost *cost);
void vos_account_late(struct task_struct *task, int service, struct vos_cost *cost);
void vos_account_dead(struct task_struct *leader, int service, struct vos_cost *cost);
void vos_account_add_dead_claims(struct task_struct *leader, int service, struct vos_cost *cost);

/* threads.c: /proc/virtuos/threads */
int vos_threads_init(void);
void vos_threads_exit(void);

/* poll.c: polling without an interrupt */
int vos_poll_init(void);
void vos_poll_begin(struct vos_link *link);
void vos_poll_end(struct vos_link *link);

/* records.c: what services record of calls */
void vos_records_init(void);
void vos_records_exit(void);
void vos_records_add(struct vos_session *s);
void vos_records_remove(struct vos_session *s);

/* stats.c */
int vos_stats_init(void);
void vos_stats_exit(void);
int vos_stats_add(struct vos_session *s);
void vos_session_stats(struct vos_session *s, struct vos_chan_stats *sum);

/* xenbus.c */
int vos_xenbus_init(void);
void vos_xenbus_exit(void);
void vos_xenbus_session_new(const char *name);
void vos_xenbus_session_gone(struct vos_session *s);

#endif

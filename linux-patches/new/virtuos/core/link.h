/* SPDX-License-Identifier: GPL-2.0 */
/* A link to one incarnation of a service domain, and the credentials that it knows. */
#ifndef VOS_CORE_LINK_H
#define VOS_CORE_LINK_H

#include <linux/cred.h>
#include <linux/idr.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include "area.h"
#include "channel.h"

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
bool vos_cred_needed(u32 flags);
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
	bool kept;			/* under session.lock: the session has its counters */
	const char *failure;		/* the reason for kill_work */
	struct work_struct kill_work;
	struct work_struct free_work;
	struct delayed_work watch_work;	/* watch.c's */
	unsigned int silent;		/* checks since the last heartbeat */
	struct list_head poll_node;	/* poll.c's */
	bool is_polled;			/* it is on poll.c's list */
	u32 beat;
	u32 nr_objects;
	bool tells_cause;		/* the service has VOS_F_CAUSE */
	u32 nr_sel;			/* words of ctrl->event_sel in use */
	struct vos_area area;
	struct vos_ctrl __peer *ctrl;
	struct vos_obj_state __peer *obj;
	u64 __peer *event;
	struct vos_cred_table creds;
	domid_t peer;
	struct ida uchan_ids;		/* user channels: ../door */
	atomic_t door_waiters;
	u32 uchans_broken;		/* as ../door found last */
	u64 door_calls;			/* as ../door/cost.c was told; under uchan_lock */
	u32 door_waits;			/* count of those that have ended; may miss some */
	u32 events;			/* words of event bits taken; may miss some */
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

/* Get the channel of this processor. */
static inline struct vos_channel *vos_link_channel(struct vos_link *link)
{
	return &link->chan[raw_smp_processor_id() % link->nr_channels];
}

/* watch.c: whether the service answers */
void vos_watch_init(struct vos_link *link);
void vos_watch_begin(struct vos_link *link);

#endif

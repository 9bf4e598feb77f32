/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine's own structures. Direction of calls:
 *
 *	xenbus.c -> conn.c -> map.c, dispatch.c, ctl.c, cred.c
 *	dispatch.c -> chan.c -> the service
 *
 * A connection is made when a primary's device goes to Initialised, and torn down
 * once. Between the two its dispatcher thread alone consumes submissions.
 */
#ifndef VOS_ENGINE_INTERNAL_H
#define VOS_ENGINE_INTERNAL_H

#include <linux/cred.h>
#include <linux/kthread.h>
#include <linux/llist.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <xen/grant_table.h>
#include <virtuos/abi.h>
#include <virtuos/ring.h>
#include "vos_engine.h"

extern unsigned int vos_poll_us;

/* map.c: the primary's pages at one contiguous address */
struct vos_map {
	u32 nr_pages;
	struct vm_struct *area;
	grant_handle_t *handles;
	u64 *ptes;			/* machine address of each page-table entry */
};

int vos_map_refs(struct vos_map *map, domid_t domid, const grant_ref_t *refs, u32 n);
void vos_unmap(struct vos_map *map);

static inline void *vos_map_page(const struct vos_map *map, u32 page)
{
	return map->area->addr + ((size_t)page << PAGE_SHIFT);
}

/* chan.c */
struct vos_chan {
	struct vos_conn *conn;
	u32 nr;
	int irq;
	struct vos_ring sq;		/* dispatcher only */
	void *arena;
	u32 arena_bytes;

	spinlock_t lock;		/* what follows */
	struct vos_ring cq;
	struct list_head free;
	u32 inflight;
	bool answered;			/* completions pushed, event not yet considered */
	struct vos_scall *calls;
};

int vos_chan_init(struct vos_chan *chan, struct vos_conn *conn, u32 nr,
		  const struct vos_channel_desc *desc);
void vos_chan_exit(struct vos_chan *chan);
int vos_chan_run(struct vos_chan *chan);
void vos_chan_flush(struct vos_chan *chan);

/* conn.c */
struct vos_conn {
	const struct vos_service *svc;
	void *priv;
	domid_t domid;
	struct xenbus_device *dev;
	bool broken;			/* protocol violation: consume no more */
	struct work_struct broken_work;

	struct vos_map ctrl_map;
	struct vos_map map;
	struct vos_ctrl *ctrl;		/* shared: heartbeat and event_sel only */
	u32 nr_objects;
	struct vos_obj_state *obj;
	u64 *event;

	struct task_struct *dispatcher;
	struct llist_head dirty;
	struct kthread_worker *ctl;
	struct mm_struct *window_mm;
	struct delayed_work heartbeat;

	atomic_t inflight;
	wait_queue_head_t idle_wait;
	const struct cred *cred[VOS_MAX_CREDS];	/* dispatcher only */

	u32 nr_channels;
	struct vos_chan chan[];
};

struct vos_conn *vos_conn_create(const struct vos_service *svc, struct xenbus_device *dev,
				 grant_ref_t ctrl_ref);
void vos_conn_destroy(struct vos_conn *conn);
void vos_conn_violation(struct vos_conn *conn, const char *what);

/* dispatch.c */
int vos_dispatcher_start(struct vos_conn *conn);
void vos_dispatcher_stop(struct vos_conn *conn);
void vos_dispatcher_wake(struct vos_conn *conn);

/* ctl.c */
int vos_ctl_start(struct vos_conn *conn);
void vos_ctl_stop(struct vos_conn *conn);

/* cred.c */
const struct cred *vos_base_cred(void);
int vos_cred_init(void);
void vos_cred_exit(void);
s64 vos_cred_set(struct vos_conn *conn, const struct vos_scall *call);
s64 vos_cred_drop(struct vos_conn *conn, const struct vos_scall *call);
void vos_cred_drop_all(struct vos_conn *conn);

/* xenbus.c */
int vos_xenbus_start(const struct vos_service *svc);
void vos_xenbus_stop(void);

#endif

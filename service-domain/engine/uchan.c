// SPDX-License-Identifier: GPL-2.0
/*
 * User channels: the memory of one process of the primary, mapped once. lanes.c chooses the
 * lanes that are polled.
 *
 * Invariant: a channel is in conn->uchan[] from UCHAN_OPEN to UCHAN_CLOSE, and its memory stays
 * until the last call on it has ended.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <xen/events.h>
#include "engine_priv.h"

/**
 * veng_uchan_find - find a user channel by its number
 * @conn: the connection
 * @id: unchecked
 *
 * Context: dispatcher, which alone removes channels.
 * Return: the user channel; NULL: there is none.
 */
struct veng_uchan *veng_uchan_find(struct veng_conn *conn, u64 id)
{
	struct veng_uchan *uc = NULL;

	if (id >= VOS_MAX_UCHANS)
		return NULL;
	spin_lock(&conn->uchan_lock);
	uc = conn->uchan[id];
	spin_unlock(&conn->uchan_lock);
	return uc;
}

static void uchan_free(struct veng_uchan *uc)
{
	u32 i;

	veng_cost_unlist(uc);
	for (i = 0; i < uc->nr_lanes; i++)
		veng_chan_exit(&uc->lane[i]);
	veng_unmap(&uc->map);
	put_cred(uc->cred);
	kvfree(uc);
}

static void lane_init(struct veng_uchan *uc, u32 nr, u32 arena_pages)
{
	struct vos_lane_page __peer *page = veng_map_page(&uc->map, VOS_UCHAN_HEAD_PAGES + nr);
	struct veng_chan *lane = &uc->lane[nr];

	lane->conn = uc->conn;
	lane->uc = uc;
	lane->nr = nr;
	lane->irq = uc->conn->chan[0].irq;
	vos_ring_init(&lane->sq, &page->sq, page->sqe, VOS_LANE_ENTRIES, VOS_SQ_PHASE);
	vos_ring_init(&lane->cq, &page->cq, page->cqe, VOS_LANE_ENTRIES, VOS_CQ_PHASE);
	lane->arena = veng_map_page(&uc->map, VOS_UCHAN_HEAD_PAGES + uc->nr_lanes);
	lane->arena_bytes = arena_pages << VOS_PAGE_SHIFT;
}

static int lanes_init(struct veng_uchan *uc, u32 arena_pages)
{
	u32 i;
	int rc = 0;

	for (i = 0; i < uc->nr_lanes && !rc; i++) {
		lane_init(uc, i, arena_pages);
		rc = veng_chan_attach(&uc->lane[i], VOS_LANE_ENTRIES);
	}
	return rc;
}

static struct veng_uchan *uchan_make(struct veng_scall *call, const grant_ref_t *refs, u32 pages,
				     u32 nr_lanes)
{
	struct veng_uchan *uc = kvzalloc(struct_size(uc, lane, nr_lanes), GFP_KERNEL);
	u32 i;
	int rc;

	if (!uc)
		return ERR_PTR(-ENOMEM);
	uc->conn = call->conn;
	uc->id = call->sqe.arg[0];
	uc->nr_lanes = nr_lanes;
	uc->cred = get_cred(call->cred);
	atomic_set(&uc->users, 1);
	INIT_LIST_HEAD(&uc->listed);
	for (i = 0; i < VOS_UCHAN_SLOTS; i++) {
		uc->handle[i].uc = uc;
		INIT_HLIST_NODE(&uc->handle[i].by_obj);
	}
	rc = veng_map_refs(&uc->map, uc->conn->domid, refs, pages);
	if (!rc) {
		uc->head = veng_map_page(&uc->map, 0);
		rc = lanes_init(uc, pages - VOS_UCHAN_HEAD_PAGES - nr_lanes);
	}
	if (!rc) {
		veng_cost_list(uc);
		return uc;
	}
	uchan_free(uc);
	return ERR_PTR(rc);
}

/* Put @uc into the table. need_wakeup of all lanes is set: the process will send an event. */
static int uchan_install(struct veng_uchan *uc)
{
	struct veng_conn *conn = uc->conn;
	int rc = -EBUSY;
	u32 i;

	for (i = 0; i < uc->nr_lanes; i++)
		vos_ring_prepare_sleep(&uc->lane[i].sq);
	spin_lock(&conn->uchan_lock);
	if (!conn->uchan[uc->id]) {
		conn->uchan[uc->id] = uc;
		rc = 0;
	}
	spin_unlock(&conn->uchan_lock);
	return rc;
}

/* Context: control thread. */
static s64 open_work(struct veng_scall *call)
{
	u32 nr_lanes = call->sqe.arg[1], arena_pages = call->sqe.arg[1] >> 32;
	u32 pages = VOS_UCHAN_HEAD_PAGES + nr_lanes + arena_pages;
	struct veng_uchan *uc;
	grant_ref_t *refs;
	int rc;

	veng_in_ctl(call->conn);
	if (call->sqe.ext[0].len != pages * sizeof(*refs))
		return -EINVAL;
	refs = kvmalloc_array(pages, sizeof(*refs), GFP_KERNEL);
	if (!refs)
		return -ENOMEM;
	vos_peer_read(refs, call->in[0], pages * sizeof(*refs));
	uc = uchan_make(call, refs, pages, nr_lanes);
	kvfree(refs);
	if (IS_ERR(uc))
		return PTR_ERR(uc);
	rc = uchan_install(uc);
	if (rc)
		uchan_free(uc);
	return rc;
}

/**
 * veng_uchan_open - carry out UCHAN_OPEN
 * @call: the call
 *
 * Context: dispatcher.
 * Return: VENG_PENDING or -EINVAL.
 */
s64 veng_uchan_open(struct veng_scall *call)
{
	u32 nr_lanes = call->sqe.arg[1], arena_pages = call->sqe.arg[1] >> 32;

	if (call->sqe.arg[0] >= VOS_MAX_UCHANS || !nr_lanes || nr_lanes > VOS_UCHAN_MAX_LANES ||
	    !arena_pages || arena_pages > VOS_UCHAN_MAX_PAGES)
		return -EINVAL;
	veng_scall_queue_ctl(call, open_work);
	return VENG_PENDING;
}

static void tell_cost(struct veng_scall *call, struct veng_uchan *uc)
{
	struct veng_sums sums = {};

	if (!call->conn->cost_mask)
		return;
	veng_cost_lanes(&sums, uc);
	call->cqe.out[0] = sums.calls;
	call->cqe.out[1] = sums.ticks;
	call->cqe.out[2] = sums.wait;
}

/* Context: control thread. No call is under way, and veng_uchan_find() finds @uc no more. */
static s64 close_work(struct veng_scall *call)
{
	struct veng_uchan *uc = call->priv;

	veng_in_ctl(call->conn);
	tell_cost(call, uc);
	WARN_ON_ONCE(atomic_read(&uc->users));
	veng_handles_end(uc);
	uchan_free(uc);
	return 0;
}

/**
 * veng_uchan_done - drop a use of a user channel
 * @uc: the user channel
 *
 * The last use queues the pending UCHAN_CLOSE. A call drops its use when it ends, UCHAN_CLOSE
 * that of the open channel.
 *
 * Context: any but hard interrupt.
 */
void veng_uchan_done(struct veng_uchan *uc)
{
	struct veng_scall *close = READ_ONCE(uc->close);

	if (!atomic_dec_and_test(&uc->users))
		return;
	close = READ_ONCE(uc->close);
	if (close) {
		close->priv = uc;
		veng_ctl_queue(close, close_work);
	}
}

/**
 * veng_uchan_broken - report that a process broke the protocol
 * @uc: its user channel, from which the dispatcher takes nothing more
 * @what: for the log
 *
 * Call this once for a channel. The primary's kernel closes the process's door.
 *
 * Context: any.
 */
void veng_uchan_broken(struct veng_uchan *uc, const char *what)
{
	struct veng_conn *conn = uc->conn;

	pr_info_ratelimited("virtuos: user channel %u: protocol violation (%s)\n", uc->id, what);
	vos_store(&uc->head->broken, 1u);
	/* The channel before the count: a reader that has seen the count finds the channel. */
	vos_mb();
	atomic_inc((atomic_t *)vos_peer_ptr(&conn->ctrl->uchans_broken));
	notify_remote_via_irq(conn->chan[0].irq);
}

/**
 * veng_uchan_expect - have the dispatcher poll a lane whose next call is about to come
 * @lane: the lane
 *
 * Context: any.
 */
void veng_uchan_expect(struct veng_chan *lane)
{
	WRITE_ONCE(lane->expected, true);
	set_bit(lane->uc->id, lane->conn->woken);
	/* The bit before the flag. */
	smp_store_release(&lane->conn->rescan, true);
}

/**
 * veng_lane_unlist - poll a lane no more
 * @lane: the lane
 *
 * Context: dispatcher.
 */
void veng_lane_unlist(struct veng_chan *lane)
{
	veng_in_dispatcher(lane->conn);
	if (list_empty(&lane->polled_node))
		return;
	VENG_CHECK(lane->conn->nr_polled);
	list_del_init(&lane->polled_node);
	lane->conn->nr_polled--;
}

/**
 * veng_uchan_close - carry out UCHAN_CLOSE
 * @call: the call
 *
 * Context: dispatcher.
 * Return: VENG_PENDING; 0: there is no such channel.
 */
s64 veng_uchan_close(struct veng_scall *call)
{
	struct veng_conn *conn = call->conn;
	struct veng_uchan *uc = veng_uchan_find(conn, call->sqe.arg[0]);
	u32 i;

	if (!uc)
		return 0;
	spin_lock(&conn->uchan_lock);
	conn->uchan[uc->id] = NULL;
	spin_unlock(&conn->uchan_lock);
	for (i = 0; i < uc->nr_lanes; i++)
		veng_lane_unlist(&uc->lane[i]);
	veng_scall_hand_over(call);
	WRITE_ONCE(uc->close, call);
	veng_uchan_done(uc);
	return VENG_PENDING;
}

/**
 * veng_uchan_cost - carry out UCHAN_COST
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0; -EINVAL: there is no such channel; -ENOSYS: without VOS_F_COST.
 */
s64 veng_uchan_cost(struct veng_scall *call)
{
	struct veng_uchan *uc = veng_uchan_find(call->conn, call->sqe.arg[0]);

	if (!call->conn->cost_mask)
		return -ENOSYS;
	if (!uc)
		return -EINVAL;
	tell_cost(call, uc);
	return 0;
}

/**
 * veng_uchans_end - free all user channels of a connection
 * @conn: the connection; the dispatcher has stopped, no call is under way
 *
 * Context: process.
 */
void veng_uchans_end(struct veng_conn *conn)
{
	u32 i;

	for (i = 0; i < VOS_MAX_UCHANS; i++) {
		struct veng_uchan *uc = conn->uchan[i];

		if (!uc)
			continue;
		conn->uchan[i] = NULL;
		WARN_ON_ONCE(atomic_read(&uc->users) != 1);
		veng_handles_end(uc);
		uchan_free(uc);
	}
}

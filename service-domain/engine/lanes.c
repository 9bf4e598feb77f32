// SPDX-License-Identifier: GPL-2.0
/*
 * Lanes of user channels, as the dispatcher polls them.
 *
 * The list conn->polled_lanes has the MAX_POLLED lanes that had a call last. While the
 * dispatcher is awake, it polls them with the kernel's channels. The need_wakeup of any other
 * lane is set. If the lane's process asks by an event (vos_ctrl.uchan_sel), the dispatcher
 * checks all lanes of the process.
 */
#include "engine_priv.h"

#define MAX_POLLED		16u

static void put_on(struct veng_chan *lane, u64 now)
{
	lane->idle_since = now;
	list_add_tail(&lane->polled_node, &lane->conn->polled_lanes);
	lane->conn->nr_polled++;
	vos_ring_awake(&lane->sq);
}

/* Return: true if a call has come since the lane's need_wakeup was set. */
static bool has_call(const struct veng_chan *lane)
{
	return !READ_ONCE(lane->uc->broken) &&
	       (vos_ring_ready(&lane->sq) || READ_ONCE(lane->expected));
}

static void stop_polling(struct veng_chan *lane)
{
	veng_lane_unlist(lane);
	vos_ring_prepare_sleep(&lane->sq);
	if (has_call(lane))
		put_on(lane, rdtsc());
}

static void replace_oldest(struct veng_conn *conn)
{
	struct veng_chan *lane, *oldest = NULL;

	list_for_each_entry(lane, &conn->polled_lanes, polled_node)
		if (!oldest || lane->idle_since < oldest->idle_since)
			oldest = lane;
	stop_polling(oldest);
}

static void start_polling(struct veng_conn *conn, struct veng_chan *lane, u64 now)
{
	if (!list_empty(&lane->polled_node)) {
		lane->idle_since = now;
		return;
	}
	if (conn->nr_polled >= MAX_POLLED)
		replace_oldest(conn);
	put_on(lane, now);
}

/* Put the lanes of @uc that have calls on the list: its process or a worker has said so. */
static void poll_uchan(struct veng_uchan *uc, u64 now)
{
	u32 i;

	if (READ_ONCE(uc->broken))
		return;
	for (i = 0; i < uc->nr_lanes; i++)
		if (xchg(&uc->lane[i].expected, false) || vos_ring_ready(&uc->lane[i].sq))
			start_polling(uc->conn, &uc->lane[i], now);
}

/* Take the bits of one word. The exchange comes before the read of what they stand for. */
static unsigned long fetch_word(struct veng_conn *conn, u32 word)
{
	u64 __peer *asked = &conn->ctrl->uchan_sel[word];
	unsigned long bits = 0;

	if (vos_load(asked))
		bits = vos_take(asked);
	if (READ_ONCE(conn->woken[word]))
		bits |= xchg(&conn->woken[word], 0);
	return bits;
}

static void rescan(struct veng_conn *conn, u64 now)
{
	struct veng_uchan *uc;
	u32 word, bit;

	for (word = 0; word < VOS_MAX_UCHANS / BITS_PER_LONG; word++) {
		unsigned long bits = fetch_word(conn, word);

		for_each_set_bit(bit, &bits, BITS_PER_LONG) {
			uc = veng_uchan_find(conn, word * BITS_PER_LONG + bit);
			if (uc)
				poll_uchan(uc, now);
		}
	}
}

/*
 * stop_polling() may put a lane on the list's end again in this turn, after @now. Such a lane
 * must not seem to be idle, or the turn would not end.
 */
static bool is_idle(const struct veng_chan *lane, u64 now)
{
	return (s64)(now - lane->idle_since) > (s64)lane->conn->polled_for;
}

/**
 * veng_uchans_run - take and carry out the calls of all lanes that are polled
 * @conn: the connection
 * @now: time stamp
 *
 * Context: dispatcher.
 * Return: true if there was any.
 */
bool veng_uchans_run(struct veng_conn *conn, u64 now)
{
	struct veng_chan *lane, *next;
	bool busy = false;

	if (READ_ONCE(conn->rescan)) {
		WRITE_ONCE(conn->rescan, false);
		/* Pairs with the setter's order: its bit is seen. */
		smp_mb();
		rescan(conn, now);
	}
	list_for_each_entry_safe(lane, next, &conn->polled_lanes, polled_node) {
		if (veng_chan_run(lane) > 0) {
			lane->idle_since = now;
			busy = true;
		} else if (is_idle(lane, now) || READ_ONCE(lane->uc->broken)) {
			stop_polling(lane);
		}
	}
	return busy;
}

/**
 * veng_uchans_sleep - set need_wakeup of the lanes that are polled, before the dispatcher
 * sleeps
 * @conn: the connection
 *
 * The dispatcher calls veng_uchans_wake() afterwards.
 *
 * Context: dispatcher.
 * Return: true if no call is there, so it may sleep.
 */
bool veng_uchans_sleep(struct veng_conn *conn)
{
	bool may = !READ_ONCE(conn->rescan);
	struct veng_chan *lane;

	list_for_each_entry(lane, &conn->polled_lanes, polled_node) {
		vos_ring_prepare_sleep(&lane->sq);
		may &= !has_call(lane);
	}
	return may;
}

/**
 * veng_uchans_wake - clear need_wakeup of the lanes that are polled
 * @conn: the connection
 *
 * The dispatcher polls again, so a process that calls on such a lane sends no event.
 *
 * Context: dispatcher.
 */
void veng_uchans_wake(struct veng_conn *conn)
{
	struct veng_chan *lane;

	list_for_each_entry(lane, &conn->polled_lanes, polled_node)
		vos_ring_awake(&lane->sq);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Lanes as the kernel sees them. It wakes the service for a process, and sleeps for it until
 * the service has answered. It does not interpret what lies on them.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <virtuos/backoff.h>
#include <xen/events.h>
#include "door_priv.h"

static struct vos_lane_page __peer *lane_page(struct vdoor_uchan *uc, u32 lane)
{
	return vos_area_page(&uc->area, VOS_UCHAN_HEAD_PAGES + lane);
}

/*
 * Test whether a channel is broken. The process can write that word, too, and harms only
 * itself.
 */
static bool is_broken(const struct vdoor_uchan *uc)
{
	return vos_load(&uc->head->broken);
}

static bool lane_ready(struct vdoor_uchan *uc, struct vos_lane_page __peer *lane)
{
	return vos_ring_waiting(&lane->cq, lane->cqe, VOS_LANE_ENTRIES, VOS_CQ_PHASE) ||
	       vdoor_uchan_dead(uc) || READ_ONCE(uc->closed) || is_broken(uc);
}

static int wait_lane(struct vdoor_uchan *uc, struct vos_lane_page __peer *lane)
{
	int rc;

	vos_store(&lane->cq.need_wakeup, 1u);
	/* Pairs with the back end's barrier between completion and flag. */
	vos_mb();
	atomic_inc(&uc->link->door_waiters);
	rc = wait_event_interruptible(uc->wait, lane_ready(uc, lane));
	WRITE_ONCE(uc->link->door_waits, READ_ONCE(uc->link->door_waits) + 1);
	atomic_dec(&uc->link->door_waiters);
	vos_store(&lane->cq.need_wakeup, 0u);
	return rc ? -EINTR : 0;
}

/* Poll for the answer. The service wakes up, so this may succeed. */
static void spin_on(struct vdoor_uchan *uc, struct vos_lane_page __peer *lane)
{
	struct vos_poll poll = {};

	while (!lane_ready(uc, lane) && !need_resched() &&
	       !vos_poll_over(&poll, (u64)READ_ONCE(vos_spin_us) * NSEC_PER_USEC))
		cpu_relax();
}

/*
 * An event costs the service time, and a process may ask for any number of events. A process
 * that calls and waits asks less often than this.
 */
#define KICK_NS		(50 * NSEC_PER_USEC)
#define KICK_BURST	64

/*
 * Take the next event's turn.
 * Return: in how many ns it comes.
 */
static u64 next_turn(struct vdoor_uchan *uc)
{
	s64 now = ktime_get_ns(), was = atomic64_read(&uc->kick_at), at;

	do {
		at = max(was, now) + KICK_NS;
	} while (!atomic64_try_cmpxchg(&uc->kick_at, &was, at));
	at -= now + KICK_BURST * KICK_NS;
	return max(at, 0);
}

/*
 * Wait for the turn. Each wait is short, but a process that asks too often has one for each
 * event. A signal must not cost the service the event.
 */
static void wait_for_turn(struct vdoor_uchan *uc)
{
	ktime_t wait = next_turn(uc);

	if (!wait)
		return;
	set_current_state(TASK_KILLABLE);
	schedule_hrtimeout(&wait, HRTIMER_MODE_REL);
}

static void send_kick(struct vdoor_uchan *uc)
{
	struct vos_channel *chan = &uc->link->chan[0];
	unsigned long flags;

	/*
	 * When the service takes the bit, it sees what the process has submitted. If the bit is
	 * set already, the event has been sent, or is about to be.
	 */
	if (test_and_set_bit(uc->id, (unsigned long *)vos_peer_ptr(uc->link->ctrl->uchan_sel)))
		return;
	spin_lock_irqsave(&chan->lock, flags);
	chan->stats.sends++;
	spin_unlock_irqrestore(&chan->lock, flags);
	notify_remote_via_evtchn(chan->evtchn);
}

/* Have the service poll @lane, if it does not do so anyway. */
static void kick(struct vdoor_uchan *uc, const struct vos_lane_page __peer *lane)
{
	/* Pairs with the service's barrier: it asks for an event, then polls once more. */
	vos_mb();
	if (!vos_load(&lane->sq.need_wakeup))
		return;
	wait_for_turn(uc);
	if (!vdoor_uchan_dead(uc))
		send_kick(uc);
}

/**
 * vdoor_uchan_enter - wake the service's dispatcher, wait for a completion
 * @uc: the channel
 * @lane: number of the lane
 * @flags: VOS_ENTER_*
 *
 * Context: process.
 * Return: 0; -EINTR; -EINVAL. -ENOTCONN: no completion will come.
 */
int vdoor_uchan_enter(struct vdoor_uchan *uc, u32 lane, u32 flags)
{
	struct vos_lane_page __peer *page;
	int rc = 0;

	if (lane >= uc->nr_lanes)
		return -EINVAL;
	page = lane_page(uc, lane);
	if ((flags & VOS_ENTER_KICK) && !vdoor_uchan_dead(uc))
		kick(uc, page);
	if ((flags & VOS_ENTER_KICK) && (flags & VOS_ENTER_WAIT))
		spin_on(uc, page);
	if (flags & VOS_ENTER_WAIT)
		rc = wait_lane(uc, page);
	if (is_broken(uc)) {
		vdoor_shut(uc->door);
		return -ENOTCONN;
	}
	return vdoor_uchan_dead(uc) || READ_ONCE(uc->closed) ? -ENOTCONN : rc;
}

/*
 * Shut the doors whose channels the service has given up since the last check. Their processes
 * see that by the end of their doors, and use the trap door.
 * Return: true: there were some.
 */
static bool find_broken(struct vos_link *link)
{
	u32 untrusted_count = vos_load(&link->ctrl->uchans_broken);
	struct vdoor_uchan *uc;
	unsigned long flags;

	if (likely(untrusted_count == READ_ONCE(link->uchans_broken)))
		return false;
	WRITE_ONCE(link->uchans_broken, untrusted_count);
	/* Pairs with the service's barrier: it writes a channel's own word before the count. */
	smp_rmb();
	spin_lock_irqsave(&link->session->uchan_lock, flags);
	list_for_each_entry(uc, &link->session->uchans, node)
		if (uc->link == link && is_broken(uc))
			vdoor_shut(uc->door);
	spin_unlock_irqrestore(&link->session->uchan_lock, flags);
	return true;
}

/**
 * vdoor_uchan_events - wake the callers that wait for a lane of a link
 * @link: an event came on it, or it died
 *
 * Context: any.
 * Return: true: the event was for a channel or a waiter.
 */
bool vdoor_uchan_events(struct vos_link *link)
{
	bool news = !READ_ONCE(link->dead) && find_broken(link);
	struct vdoor_uchan *uc;
	unsigned long flags;

	/*
	 * Pairs with the barrier in wait_event(): either this thread sees the waiter, or the
	 * waiter sees the news.
	 */
	smp_mb();
	if (!atomic_read(&link->door_waiters))
		return news;
	spin_lock_irqsave(&link->session->uchan_lock, flags);
	list_for_each_entry(uc, &link->session->uchans, node)
		if (uc->link == link)
			wake_up(&uc->wait);
	spin_unlock_irqrestore(&link->session->uchan_lock, flags);
	return true;
}

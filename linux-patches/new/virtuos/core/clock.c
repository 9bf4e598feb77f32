// SPDX-License-Identifier: GPL-2.0
/*
 * One clock: the primary sends its wall-clock time to service domains, so that programs see the
 * times of files and packets by their own clock. A domain that starts has Xen's time, less the
 * ticks that its boot lost. No service domain asks an NTP server.
 *
 * The primary sends the time when a domain comes into use and when its own clock is set. It sends
 * it again a second later, and then as often as the two clocks drift apart. Each time costs an
 * idle domain a wake-up.
 */
#include <linux/irq_work.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/pvclock_gtod.h>
#include <linux/timekeeping.h>
#include <asm/tsc.h>
#include "core_priv.h"

#define FIRST	HZ
#define SOONEST	(5 * HZ)
#define LATEST	(60 * HZ)
/* As far as a domain's clock may get from this one's between two calls. */
#define DRIFT_NS	(250 * NSEC_PER_USEC)
#define READINGS	4

/*
 * Read the clock, and the time stamp counter at that moment. The service takes what has passed
 * since from the counter, which is the same in all domains. Xen may run another domain between
 * the two. So the reading counts that took the shortest time.
 */
static u64 read_clock(struct timespec64 *now)
{
	u64 stamp = 0, shortest = U64_MAX;
	int i;

	for (i = 0; i < READINGS; i++) {
		u64 begin = rdtsc_ordered(), took;
		struct timespec64 t;

		ktime_get_real_ts64(&t);
		took = rdtsc_ordered() - begin;
		if (took >= shortest)
			continue;
		shortest = took;
		stamp = begin;
		*now = t;
	}
	return stamp;
}

/* Return: how far the service's clock was off, in ns, as it says. */
static u64 tell(struct vos_session *s)
{
	struct vos_call *call = vos_call_get(s, 0, 0, VOS_GET_RECOVERY | VOS_GET_NOCRED);
	struct timespec64 now;
	u64 untrusted_off = 0;
	int rc;

	if (IS_ERR(call))
		return 0;
	call->sqe.opcode = VOS_OP_CLOCK_SET;
	call->sqe.arg[2] = read_clock(&now);
	call->sqe.arg[0] = now.tv_sec;
	call->sqe.arg[1] = now.tv_nsec;
	rc = vos_call(call);
	if (rc == -EINTR)
		return 0;
	if (!rc && call->cqe.result)
		pr_warn_once("virtuos: %s keeps its own time (%lld)\n", s->name, call->cqe.result);
	else if (!rc)
		untrusted_off = call->cqe.out[0];
	vos_call_put(call);
	return untrusted_off;
}

/*
 * Compute when to tell the time next: before the clocks have drifted apart by DRIFT_NS, if
 * they go on as they did. One of the two may be slewed, or its rate may have been measured badly.
 */
static unsigned long next_in(const struct vos_session *s, unsigned long passed, u64 untrusted_off)
{
	unsigned long most = min(2 * s->clock_every, LATEST);
	u64 off = clamp(untrusted_off, 1, NSEC_PER_SEC);

	return clamp(div64_u64(passed * DRIFT_NS, off), SOONEST, most);
}

static void clock_work(struct work_struct *work)
{
	struct vos_session *s = container_of(to_delayed_work(work), struct vos_session, clock_work);
	unsigned long passed = min(jiffies - s->clock_told, 2 * LATEST);

	s->clock_told = jiffies;
	s->clock_every = next_in(s, passed, tell(s));
	queue_delayed_work(s->wq, &s->clock_work, s->clock_every);
}

/**
 * vos_clock_init_session - initialize the clock work of a session
 * @s: the session
 */
void vos_clock_init_session(struct vos_session *s)
{
	INIT_DELAYED_WORK(&s->clock_work, clock_work);
}

/**
 * vos_clock_exit_session - cancel the clock work of a session
 * @s: the session; no link of it is in use, nor will be
 *
 * Context: process.
 */
void vos_clock_exit_session(struct vos_session *s)
{
	cancel_delayed_work_sync(&s->clock_work);
}

/**
 * vos_clock_link_up - send the time to a service domain that has just come
 * @s: its session
 *
 * Context: the session's work queue.
 */
void vos_clock_link_up(struct vos_session *s)
{
	tell(s);
	s->clock_told = jiffies;
	s->clock_every = SOONEST;
	mod_delayed_work(s->wq, &s->clock_work, FIRST);
}

static void tell_all(struct work_struct *unused)
{
	vos_sessions_tell_clock();
}

static DECLARE_WORK(set_work, tell_all);

/*
 * Have the time sent. clock_changed() runs under the timekeeper's lock, where a wake-up must
 * not happen, so this runs later.
 */
static void after_tick(struct irq_work *unused)
{
	queue_work(vos_wq, &set_work);
}

static struct irq_work set_irq_work = IRQ_WORK_INIT(after_tick);

static int clock_changed(struct notifier_block *nb, unsigned long was_set, void *timekeeper)
{
	if (was_set)
		irq_work_queue(&set_irq_work);
	return NOTIFY_OK;
}

static struct notifier_block notifier = { .notifier_call = clock_changed };

/**
 * vos_clock_init - get notified when the primary's clock is set
 *
 * Return: 0 or -errno.
 */
int vos_clock_init(void)
{
	return pvclock_gtod_register_notifier(&notifier);
}

/**
 * vos_clock_exit - undo vos_clock_init()
 *
 * Context: process.
 */
void vos_clock_exit(void)
{
	pvclock_gtod_unregister_notifier(&notifier);
	irq_work_sync(&set_irq_work);
	cancel_work_sync(&set_work);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * One clock: service domains are told the primary's wall-clock time, so that the times
 * of files and packets are those that programs see. A domain that starts has Xen's
 * time, less the ticks that its boot lost, and nobody there asks an NTP server.
 *
 * Told when a domain comes into use, when the primary's clock is set, and once in a
 * while, because clocks that are slewed drift away.
 */
#include <linux/irq_work.h>
#include <linux/pvclock_gtod.h>
#include <linux/timekeeping.h>
#include "core_priv.h"

#define AGAIN	(60 * HZ)

static void tell(struct vos_session *s)
{
	struct vos_call *call = vos_call_get(s, 0, 0, VOS_GET_RECOVERY | VOS_GET_NOCRED);
	struct timespec64 now;
	int rc;

	if (IS_ERR(call))
		return;
	ktime_get_real_ts64(&now);
	call->sqe.opcode = VOS_OP_CLOCK_SET;
	call->sqe.arg[0] = now.tv_sec;
	call->sqe.arg[1] = now.tv_nsec;
	rc = vos_call(call);
	if (rc == -EINTR)
		return;
	if (!rc && call->cqe.result)
		pr_warn_once("virtuos: %s keeps its own time (%lld)\n", s->name, call->cqe.result);
	vos_call_put(call);
}

static void clock_work(struct work_struct *work)
{
	struct vos_session *s = container_of(to_delayed_work(work), struct vos_session, clock_work);

	tell(s);
	queue_delayed_work(s->wq, &s->clock_work, AGAIN);
}

void vos_clock_init_session(struct vos_session *s)
{
	INIT_DELAYED_WORK(&s->clock_work, clock_work);
}

/* No link is in use any more, nor will be. */
void vos_clock_exit_session(struct vos_session *s)
{
	cancel_delayed_work_sync(&s->clock_work);
}

/*
 * vos_clock_link_up - tell the service domain that has just come
 * On the session's work queue.
 */
void vos_clock_link_up(struct vos_session *s)
{
	tell(s);
	mod_delayed_work(s->wq, &s->clock_work, AGAIN);
}

static void tell_all(struct work_struct *unused)
{
	vos_sessions_tell_clock();
}

static DECLARE_WORK(set_work, tell_all);

/* Under the timekeeper's lock, where a wake-up must not happen. */
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

int vos_clock_init(void)
{
	return pvclock_gtod_register_notifier(&notifier);
}

void vos_clock_exit(void)
{
	pvclock_gtod_unregister_notifier(&notifier);
	irq_work_sync(&set_irq_work);
	cancel_work_sync(&set_work);
}

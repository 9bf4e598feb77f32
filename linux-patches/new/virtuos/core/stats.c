// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of a session, one value a file: /sys/kernel/virtuos/<service>/.
 * docs/counters.md says what each one counts.
 */
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <asm/tsc.h>
#include "core_priv.h"

static struct kset *virtuos_set;

/* Some counters are of use only together, as admitted and left are. */
static void add_channel(struct vos_chan_stats *sum, struct vos_channel *chan)
{
	spin_lock(&chan->lock);
	vos_chan_stats_add(sum, &chan->stats);
	spin_unlock(&chan->lock);
}

/**
 * vos_session_stats - sum the counters of all links of a session, past and present
 * @s: the session
 * @sum: filled
 *
 * Context: process.
 */
void vos_session_stats(struct vos_session *s, struct vos_chan_stats *sum)
{
	struct vos_link *link;
	u32 i;

	spin_lock_irq(&s->lock);
	*sum = s->past;
	link = rcu_dereference_protected(s->link, lockdep_is_held(&s->lock));
	if (link && !link->kept)
		for (i = 0; i < link->nr_channels; i++)
			add_channel(sum, &link->chan[i]);
	spin_unlock_irq(&s->lock);
}

enum {
	S_STATE, S_EPOCH, S_DIED, S_GRANTS, S_SHARED, S_CALLS, S_SENDS, S_INTERRUPTS, S_THROTTLED,
	S_COMPLETIONS, S_SPUN, S_SLEPT, S_IDLED, S_BYTES, S_CLAIMED_TICKS, S_UNCLAIMED_CALLS,
	S_UNCLAIMED_TICKS, S_COST_REFUSED, S_SERVICE_CALLS, S_SERVICE_TICKS, S_SERVICE_WAIT_TICKS,
	S_POLL_TICKS, S_RUNNING_NS, S_DOOR_CALLS, S_DOOR_TICKS, S_DOOR_WAIT_TICKS
};

struct stat_attr {
	struct attribute attr;
	int what;
};

static const char *state_name(enum vos_session_state state)
{
	switch (state) {
	case VOS_SESSION_UP:
		return "up";
	case VOS_SESSION_RECOVERING:
		return "recovering";
	default:
		return "down";
	}
}

/* The service's own word. */
static u64 told_value(struct vos_session *s, int what)
{
	struct vos_told told;

	vos_session_told(s, &told);
	switch (what) {
	case S_SERVICE_CALLS:		return told.calls;
	case S_SERVICE_TICKS:		return told.ticks;
	case S_SERVICE_WAIT_TICKS:	return told.wait;
	case S_POLL_TICKS:		return told.polled;
	case S_RUNNING_NS:		return told.running_ns;
	}
	return 0;
}

/* What the service says of user channels. It is asked when it has news. */
static u64 door_value(struct vos_session *s, int what)
{
	if (vos_told_doors(s))
		vos_door->ask_costs(s);
	switch (what) {
	case S_DOOR_CALLS:	return atomic64_read(&s->door.calls);
	case S_DOOR_TICKS:	return atomic64_read(&s->door.ticks);
	}
	return atomic64_read(&s->door.wait);
}

/*
 * What threads were charged with: all that was charged but for the unclaimed. The channels'
 * sums were read first, so a call that has been left unclaimed since may be missing in them.
 */
static u64 claimed(struct vos_session *s, const struct vos_chan_stats *sum)
{
	u64 all = sum->admitted - sum->left, unclaimed = atomic64_read(&s->unclaimed.ticks);

	return all > unclaimed ? all - unclaimed : 0;
}

static u64 value(struct vos_session *s, const struct vos_chan_stats *sum, int what)
{
	switch (what) {
	case S_EPOCH:		return s->epoch;
	case S_DIED:		return s->died;
	case S_GRANTS:		return atomic64_read(&s->grants);
	case S_SHARED:		return atomic_read(&s->shared);
	case S_CALLS:		return sum->calls;
	case S_SENDS:		return sum->sends;
	case S_INTERRUPTS:	return sum->interrupts;
	case S_THROTTLED:	return sum->throttled;
	case S_COMPLETIONS:	return sum->completions;
	case S_SPUN:		return sum->spun;
	case S_SLEPT:		return sum->slept;
	case S_IDLED:		return sum->idled;
	case S_BYTES:		return sum->bytes;
	case S_UNCLAIMED_CALLS:	return atomic64_read(&s->unclaimed.calls);
	case S_UNCLAIMED_TICKS:	return atomic64_read(&s->unclaimed.ticks);
	case S_CLAIMED_TICKS:	return claimed(s, sum);
	case S_COST_REFUSED:	return sum->refused;
	case S_DOOR_CALLS:
	case S_DOOR_TICKS:
	case S_DOOR_WAIT_TICKS:	return door_value(s, what);
	}
	return told_value(s, what);
}

static ssize_t show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct vos_session *s = container_of(kobj, struct vos_session, kobj);
	int what = container_of(attr, struct stat_attr, attr)->what;
	struct vos_chan_stats sum;

	if (what == S_STATE)
		return sysfs_emit(buf, "%s\n", state_name(READ_ONCE(s->state)));
	vos_session_stats(s, &sum);
	return sysfs_emit(buf, "%llu\n", value(s, &sum, what));
}

static const struct sysfs_ops stat_ops = { .show = show };

#define STAT_MODE(n, w, m) static struct stat_attr attr_##n = { \
	.attr = { .name = #n, .mode = m }, .what = w }
#define STAT(n, w)		STAT_MODE(n, w, 0444)
/* How long one call takes tells other users what the program does. */
#define STAT_ROOT(n, w)		STAT_MODE(n, w, 0400)
STAT(state, S_STATE);
STAT(epoch, S_EPOCH);
STAT(died, S_DIED);
STAT(grants, S_GRANTS);
STAT(shared, S_SHARED);
STAT(calls, S_CALLS);
STAT(sends, S_SENDS);
STAT(interrupts, S_INTERRUPTS);
STAT(throttled, S_THROTTLED);
STAT(completions, S_COMPLETIONS);
STAT(spun, S_SPUN);
STAT(slept, S_SLEPT);
STAT(idled, S_IDLED);
STAT(bytes, S_BYTES);
STAT_ROOT(claimed_ticks, S_CLAIMED_TICKS);
STAT(unclaimed_calls, S_UNCLAIMED_CALLS);
STAT_ROOT(unclaimed_ticks, S_UNCLAIMED_TICKS);
STAT_ROOT(cost_refused, S_COST_REFUSED);
STAT(service_calls, S_SERVICE_CALLS);
STAT_ROOT(service_ticks, S_SERVICE_TICKS);
STAT_ROOT(service_wait_ticks, S_SERVICE_WAIT_TICKS);
STAT_ROOT(poll_ticks, S_POLL_TICKS);
STAT_ROOT(running_ns, S_RUNNING_NS);
STAT_ROOT(door_calls, S_DOOR_CALLS);
STAT_ROOT(door_ticks, S_DOOR_TICKS);
STAT_ROOT(door_wait_ticks, S_DOOR_WAIT_TICKS);

static struct attribute *stat_attrs[] = {
	&attr_state.attr, &attr_epoch.attr, &attr_died.attr, &attr_grants.attr,
	&attr_shared.attr, &attr_calls.attr, &attr_sends.attr, &attr_interrupts.attr,
	&attr_throttled.attr, &attr_completions.attr, &attr_spun.attr, &attr_slept.attr,
	&attr_idled.attr, &attr_bytes.attr, &attr_claimed_ticks.attr, &attr_unclaimed_calls.attr,
	&attr_unclaimed_ticks.attr, &attr_cost_refused.attr, &attr_service_calls.attr,
	&attr_service_ticks.attr, &attr_service_wait_ticks.attr, &attr_poll_ticks.attr,
	&attr_running_ns.attr, &attr_door_calls.attr, &attr_door_ticks.attr,
	&attr_door_wait_ticks.attr,
	NULL,
};
ATTRIBUTE_GROUPS(stat);

static void session_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct vos_session, kobj));
}

static const struct kobj_type session_type = {
	.release = session_release,
	.sysfs_ops = &stat_ops,
	.default_groups = stat_groups,
};

/**
 * vos_stats_add - show a session in sysfs
 * @s: the session; from now on kobject_put() frees it, also after an error
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vos_stats_add(struct vos_session *s)
{
	s->kobj.kset = virtuos_set;
	return kobject_init_and_add(&s->kobj, &session_type, NULL, "%s", s->name);
}

/* All domains of a host read the same time stamp counter. */
static ssize_t tsc_khz_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", tsc_khz);
}

static struct kobj_attribute tsc_khz_attr = __ATTR_RO(tsc_khz);

/**
 * vos_stats_init - make /sys/kernel/virtuos
 *
 * Return: 0 or -ENOMEM.
 */
int vos_stats_init(void)
{
	virtuos_set = kset_create_and_add("virtuos", NULL, kernel_kobj);
	if (!virtuos_set)
		return -ENOMEM;
	if (!sysfs_create_file(&virtuos_set->kobj, &tsc_khz_attr.attr))
		return 0;
	kset_unregister(virtuos_set);
	return -ENOMEM;
}

/**
 * vos_stats_exit - remove /sys/kernel/virtuos
 */
void vos_stats_exit(void)
{
	kset_unregister(virtuos_set);
}

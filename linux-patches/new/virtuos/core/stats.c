// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of a session, one value a file: /sys/kernel/virtuos/<service>/.
 * docs/counters.md says what each one counts.
 */
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include "core_priv.h"

static struct kset *virtuos_set;

static void add(struct vos_chan_stats *sum, const struct vos_chan_stats *c)
{
	sum->calls += READ_ONCE(c->calls);
	sum->sends += READ_ONCE(c->sends);
	sum->interrupts += READ_ONCE(c->interrupts);
	sum->throttled += READ_ONCE(c->throttled);
	sum->completions += READ_ONCE(c->completions);
	sum->spun += READ_ONCE(c->spun);
	sum->slept += READ_ONCE(c->slept);
	sum->idled += READ_ONCE(c->idled);
	sum->bytes += READ_ONCE(c->bytes);
}

/* All links, past and present. */
void vos_session_stats(struct vos_session *s, struct vos_chan_stats *sum)
{
	struct vos_link *link;
	u32 i;

	spin_lock_irq(&s->lock);
	*sum = s->past;
	link = rcu_dereference_protected(s->link, lockdep_is_held(&s->lock));
	if (link && !link->dead)
		for (i = 0; i < link->nr_channels; i++)
			add(sum, &link->chan[i].stats);
	spin_unlock_irq(&s->lock);
}

enum {
	S_STATE, S_EPOCH, S_DIED, S_GRANTS, S_SHARED, S_CALLS, S_SENDS, S_INTERRUPTS, S_THROTTLED,
	S_COMPLETIONS, S_SPUN, S_SLEPT, S_IDLED, S_BYTES, S_NR
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
	}
	return 0;
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

#define STAT(n, w) static struct stat_attr attr_##n = { \
	.attr = { .name = #n, .mode = 0444 }, .what = w }
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

static struct attribute *stat_attrs[] = {
	&attr_state.attr, &attr_epoch.attr, &attr_died.attr, &attr_grants.attr,
	&attr_shared.attr, &attr_calls.attr, &attr_sends.attr, &attr_interrupts.attr,
	&attr_throttled.attr, &attr_completions.attr, &attr_spun.attr, &attr_slept.attr,
	&attr_idled.attr, &attr_bytes.attr,
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

/* Shows @s in sysfs; from here on kobject_put() frees it, also after an error. */
int vos_stats_add(struct vos_session *s)
{
	s->kobj.kset = virtuos_set;
	return kobject_init_and_add(&s->kobj, &session_type, NULL, "%s", s->name);
}

int vos_stats_init(void)
{
	virtuos_set = kset_create_and_add("virtuos", NULL, kernel_kobj);
	return virtuos_set ? 0 : -ENOMEM;
}

void vos_stats_exit(void)
{
	kset_unregister(virtuos_set);
}

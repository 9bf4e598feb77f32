// SPDX-License-Identifier: MIT
/*
 * Lanes: taking one, putting calls into it, waiting for the answers.
 *
 * Invariant: a lane is given back only when nothing is under way on it. One whose
 * channel has died, or whose peer has answered what was not asked, is not given
 * back at all.
 */
#include <time.h>

#include "internal.h"

#define KEEP_TRYING	16u	/* every so many-th wait spins for as long as it may */

__u32 vos_spin_us = 200;

/* Ticks of the time stamp counter in a microsecond; a guess until it is measured. */
static __u32 ticks_per_us = 2000;
static __u64 start_ticks, start_ns;

/* The lane that served last serves again: its lines are in this CPU's cache. */
static __thread __u32 favourite __attribute__((tls_model("initial-exec")));

static inline __u64 ticks(void)
{
	return __builtin_ia32_rdtsc();
}

static __u64 now_ns(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * 1000000000u + t.tv_nsec;
}

/**
 * vos_ticks_start, vos_ticks_learn - measure the time stamp counter
 *
 * Between the two lie the system calls that open a door, which take long enough.
 */
void vos_ticks_start(void)
{
	start_ticks = ticks();
	start_ns = now_ns();
}

void vos_ticks_learn(void)
{
	__u64 us = (now_ns() - start_ns) / 1000, rate;

	if (us < 10 || us > 1000000000u)
		return;
	rate = (ticks() - start_ticks) / us;
	if (rate >= 50 && rate <= 20000)
		vos_store(&ticks_per_us, (__u32)rate);
}

static bool take(struct vos_lane *l)
{
	__u32 want = VOS_LANE_FREE;

	return vos_load(&l->state) == VOS_LANE_FREE &&
	       __atomic_compare_exchange_n(&l->state, &want, VOS_LANE_TAKEN, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/*
 * With the lane in hand the channel cannot be changed any more; is it still the
 * one that the word spoke of?
 */
static bool still_good(const struct vos_lane *l, const struct vos_io *io)
{
	const struct vos_chan *c = l->chan;

	return !vos_epoch_is_old(c) && vos_load_acquire(&c->state->word[io->fd]) == io->word;
}

/**
 * vos_lane_get - take a free lane
 * Return: the lane, or NULL: use the trap door.
 */
struct vos_lane *vos_lane_get(unsigned int service, const struct vos_io *io)
{
	struct vos_chan *c = &vos_load(&vos_door)->chan[service];
	__u32 first = favourite, i;

	for (i = 0; i < VOS_UCHAN_MAX_LANES; i++) {
		__u32 n = (first + i) % VOS_UCHAN_MAX_LANES;
		struct vos_lane *l = &c->lane[n];

		if (!take(l))
			continue;
		favourite = n;
		if (still_good(l, io))
			return l;
		vos_lane_put(l);
		return NULL;
	}
	return NULL;
}

/** vos_lane_put - give a lane back */
void vos_lane_put(struct vos_lane *l)
{
	vos_store_release(&l->state, (__u32)(l->lost ? VOS_LANE_NONE : VOS_LANE_FREE));
}

/**
 * vos_lane_prepare - begin a call
 * @word: names the handle
 * Return: the submission, in its place in the ring, with nothing but opcode and
 * handle filled in; NULL: the lane is lost.
 *
 * At most VOS_DEPTH calls may be under way.
 */
struct vos_sqe *vos_lane_prepare(struct vos_lane *l, enum vos_opcode opcode, __u64 word)
{
	struct vos_sqe *e = vos_ring_slot(&l->sq, l->sq.own);

	if (unlikely(vos_ring_room(&l->sq) <= 0)) {
		l->lost = true;
		return NULL;
	}
	*e = (struct vos_sqe){
		.opcode = opcode,
		.tag = l->tag,
		.obj = VOS_WORD_SLOT(word),
		.gen = VOS_WORD_GEN(word),
	};
	return e;
}

/**
 * vos_lane_submit - hand the call that was prepared to the service
 * Return: which of the lane's calls it is.
 */
int vos_lane_submit(struct vos_lane *l)
{
	int call = l->tag % VOS_DEPTH;

	l->asked[call] = l->tag++;
	l->busy |= 1u << call;
	/* The entry before the index, as vos_ring_push() does. */
	vos_store_release(&l->sq.hdr->prod, ++l->sq.own);
	if (unlikely(vos_ring_must_notify(&l->sq)))
		l->kick = true;
	return call;
}

/* Return: 1 answered, and *c is the answer; 0 not yet; -ENOTCONN never. */
static inline int answered(struct vos_lane *l, int call, struct vos_cqe *c)
{
	int rc;

	if (unlikely(l->have & 1u << call)) {
		l->have &= ~(1u << call);
		*c = l->stash[call];
		return 1;
	}
	while ((rc = vos_ring_pop(&l->cq, c)) > 0) {
		int other = c->tag % VOS_DEPTH;

		if (!(l->busy & 1u << other) || l->asked[other] != c->tag)
			return -ENOTCONN;
		l->busy &= ~(1u << other);
		if (likely(other == call))
			return 1;
		l->have |= 1u << other;
		l->stash[other] = *c;
	}
	return rc ? -ENOTCONN : 0;
}

/* The same, and whether the channel lives. What was answered before it died counts. */
static inline int look(struct vos_lane *l, int call, struct vos_cqe *c)
{
	int rc = answered(l, call, c);

	if (rc || !vos_epoch_is_old(l->chan))
		return rc;
	rc = answered(l, call, c);
	return rc ? rc : -ENOTCONN;
}

static int enter(struct vos_lane *l, __u32 flags)
{
	long rc = vos_kernel(VOS_DOOR_ENTER, l->chan->service, l->index | flags);

	vos_count_add(&l->count.slept, 1);
	if (flags & VOS_ENTER_KICK)
		vos_count_add(&l->count.kicks, 1);
	/* A signal's handler has run by now; the call under way is short, so wait on. */
	return rc < 0 && rc != -EINTR ? -ENOTCONN : 0;
}

static __u64 max_budget(void)
{
	return (__u64)vos_spin_us * vos_load(&ticks_per_us);
}

/*
 * How long to spin: twice what answers took of late, and some more; next to nothing
 * if that is longer than one may spin at all. Save now and then, and at first: to
 * see whether it is better by now.
 */
static __u64 budget(struct vos_chan *c)
{
	__u64 max = max_budget(), average = vos_load(&c->average), want;
	__u32 n = vos_load(&c->waits) + 1;

	vos_store(&c->waits, n);
	if (n < KEEP_TRYING || n % KEEP_TRYING == 0)
		return max;
	if (average >= max)
		return max / 16;
	want = 2 * average + max / 8;
	return want < max ? want : max;
}

static void learn(struct vos_chan *c, __u64 took)
{
	__s64 average = vos_load(&c->average), cap = 4 * (__s64)max_budget();

	if (took > (__u64)cap)
		took = cap;
	average += ((__s64)took - average) / 8;
	vos_store(&c->average, (__u32)average);
}

static int spin(struct vos_lane *l, int call, struct vos_cqe *c, __u64 start)
{
	__u64 limit = budget(l->chan);
	int rc;

	do {
		__builtin_ia32_pause();
		rc = look(l, call, c);
	} while (!rc && ticks() - start <= limit);
	if (rc > 0)
		vos_count_add(&l->count.spun, 1);
	return rc;
}

/* Not answered yet. Return: as look(), but not 0. */
static __attribute__((noinline)) int await(struct vos_lane *l, int call, struct vos_cqe *c)
{
	__u32 flags = VOS_ENTER_WAIT | (l->kick ? VOS_ENTER_KICK : 0);
	__u64 start = ticks();
	int rc = l->kick ? 0 : spin(l, call, c, start);

	l->kick = false;
	while (!rc) {
		bool dead = enter(l, flags) < 0;

		flags = VOS_ENTER_WAIT;
		rc = look(l, call, c);
		if (!rc && dead)
			rc = -ENOTCONN;
	}
	if (rc > 0)
		learn(l->chan, ticks() - start);
	return rc;
}

/**
 * vos_lane_wait - wait for the answer to a call
 * @call: as vos_lane_submit() returned
 * Return: 0, or -ENOTCONN: it will never be answered, and the lane is lost.
 *
 * Not ended by signals, whose handlers run meanwhile: a call through the door is
 * answered at once.
 */
int vos_lane_wait(struct vos_lane *l, int call, struct vos_cqe *c)
{
	int rc = l->kick ? 0 : look(l, call, c);

	if (!rc)
		rc = await(l, call, c);
	if (likely(rc > 0))
		return 0;
	l->lost = true;
	return -ENOTCONN;
}

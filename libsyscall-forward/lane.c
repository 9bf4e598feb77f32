// SPDX-License-Identifier: MIT
/*
 * Lanes: finding a free one, spinning and sleeping, posting. What every call passes
 * through is in lane.h.
 */
#include <time.h>

#include "lane.h"

#define BRIEFLY		256	/* passes */
#define PATIENCE	8u	/* long waits in a row */
#define KEEP_TRYING	16u	/* every so many-th wait spins for as long as it may */

__u32 fwd_spin_us = 200;

/* Ticks of the time stamp counter in a microsecond; a guess until it is measured. */
static __u32 ticks_per_us = 2000;
static __u64 start_ticks, start_ns;

static inline __u64 ticks(void)
{
	return __builtin_ia32_rdtsc();
}

__thread __u32 fwd_lane_favourite __attribute__((tls_model("initial-exec")));

/* One that is not the favourite. */
__attribute__((noinline)) struct fwd_lane *fwd_lane_other(struct fwd_chan *c)
{
	__u32 i;

	for (i = 0; i < VOS_UCHAN_MAX_LANES; i++)
		if (fwd_lane_claim(&c->lane[i])) {
			fwd_lane_favourite = i;
			return &c->lane[i];
		}
	return NULL;
}

static __u64 now_ns(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * 1000000000u + t.tv_nsec;
}

/**
 * fwd_ticks_start, fwd_ticks_measure - measure the time stamp counter
 *
 * Between the two lie the system calls that open a door, which take long enough.
 */
void fwd_ticks_start(void)
{
	start_ticks = ticks();
	start_ns = now_ns();
}

void fwd_ticks_measure(void)
{
	__u64 us = (now_ns() - start_ns) / 1000, rate;

	if (us < 10 || us > 1000000000u)
		return;
	rate = (ticks() - start_ticks) / us;
	if (rate >= 50 && rate <= 20000)
		vos_store(&ticks_per_us, (__u32)rate);
}

static int enter(struct fwd_lane *l, __u32 flags)
{
	long rc = fwd_kernel(VOS_DOOR_ENTER, l->chan->service, l->index | flags);

	if (flags & VOS_ENTER_WAIT)
		fwd_count_add(&l->count.slept, 1);
	if (flags & VOS_ENTER_KICK)
		fwd_count_add(&l->count.kicks, 1);
	/* A signal's handler has run by now; the call under way is short, so wait on. */
	return rc < 0 && rc != -EINTR ? -ENOTCONN : 0;
}

static __u64 max_budget(void)
{
	return (__u64)fwd_spin_us * vos_load(&ticks_per_us);
}

/*
 * How long to spin: for as long as one may, or next to nothing after a row of answers
 * that took longer; save now and then, to see whether it is better by now. One long
 * wait says little: the spinning thread may have had to give way to another, perhaps
 * to the one that its call has woken.
 */
static __u64 budget(struct fwd_chan *c)
{
	__u64 max = max_budget();
	__u32 n = vos_load(&c->waits) + 1;

	vos_store(&c->waits, n);
	return vos_load(&c->slow) < PATIENCE || n % KEEP_TRYING == 0 ? max : max / 16;
}

static void adapt(struct fwd_chan *c, __u64 took)
{
	__u32 slow = vos_load(&c->slow);

	if (took <= max_budget())
		vos_store(&c->slow, 0u);
	else if (slow < PATIENCE)
		vos_store(&c->slow, slow + 1);
}

/* Has anything come, or is it known that nothing will? */
static inline bool is_over(const struct fwd_lane *l)
{
	return vos_ring_ready(&l->cq) || fwd_epoch_is_old(l->chan);
}

static bool spin(struct fwd_lane *l, __u64 start)
{
	__u64 limit = budget(l->chan);
	bool over;

	do {
		__builtin_ia32_pause();
		over = is_over(l);
	} while (!over && ticks() - start <= limit);
	return over;
}

/* Not answered soon: poll by the clock, then sleep. */
static __attribute__((noinline)) bool await_long(struct fwd_lane *l)
{
	__u32 flags = VOS_ENTER_WAIT | (l->kick ? VOS_ENTER_KICK : 0);
	__u64 start = ticks();
	bool over = !l->kick && spin(l, start);

	fwd_count_add(&l->count.spun, over);
	l->kick = false;
	while (!over) {
		bool dead = enter(l, flags) < 0;

		flags = VOS_ENTER_WAIT;
		over = dead || is_over(l);
	}
	adapt(l->chan, ticks() - start);
	/* What was answered before the channel died counts. */
	return vos_ring_ready(&l->cq);
}

/**
 * fwd_lane_await - wait until the service has answered something
 * Return: has the lane's completion ring an answer? Else nothing will come any more.
 *
 * What is answered at once needs no clock.
 */
__attribute__((noinline)) bool fwd_lane_await(struct fwd_lane *l)
{
	const vos_word_t *next = l->cq.next;
	const __u64 bit = l->cq.phase, is_new = l->cq.is_new;
	int i = l->kick || !fwd_spin_us ? 0 : BRIEFLY;

	/* As vos_ring_ready() looks, with what does not change out of the loop. */
	for (; i; i--) {
		__builtin_ia32_pause();
		if (likely((vos_load_acquire(next) & bit) != is_new))
			continue;
		fwd_count_add(&l->count.spun, 1);
		if (unlikely(vos_load(&l->chan->slow)))
			vos_store(&l->chan->slow, 0u);
		return true;
	}
	/* Here the channel's death is looked for, too. */
	return await_long(l);
}

/*
 * fwd_lane_was_posted - is it the oldest call whose answer nobody wants? Then forget it.
 */
__attribute__((noinline)) bool fwd_lane_was_posted(struct fwd_lane *l, __u32 tag)
{
	__u32 i;

	if (!l->posted || l->post[0] != tag)
		return false;
	l->posted--;
	for (i = 0; i < l->posted; i++)
		l->post[i] = l->post[i + 1];
	return true;
}

/**
 * fwd_lane_drain - wait until the service has taken what is on a lane now
 *
 * It carries calls of the kinds that are posted out one at a time, when it takes them. The
 * lane may be in use: by who has not told yet that the service sleeps, so we tell it.
 */
void fwd_lane_drain(struct fwd_lane *l)
{
	__u32 submitted = vos_load(&l->sq.own), i;
	long rc;

	for (i = 1; (__s32)(vos_load_acquire(&l->sq.hdr->cons) - submitted) < 0; i++) {
		__builtin_ia32_pause();
		if (i % BRIEFLY)
			continue;
		rc = fwd_kernel(VOS_DOOR_ENTER, l->chan->service, l->index | VOS_ENTER_KICK);
		if (rc < 0 && rc != -EINTR)
			break;
	}
}

/**
 * fwd_lane_settle - have posted calls answered
 * @left: so many may be under way still
 * Return: 0, or -ENOTCONN: they will never be answered, and the lane is lost.
 *
 * For a lane that has no other call under way. What has been answered is taken anyway.
 */
int fwd_lane_settle(struct fwd_lane *l, __u32 left)
{
	struct vos_cqe c;

	for (;;) {
		bool ready = vos_ring_ready(&l->cq);

		if (!ready && l->posted <= left)
			return 0;
		if (!ready && !fwd_lane_await(l))
			break;
		vos_ring_consume(&l->cq, &c);
		if (!fwd_lane_was_posted(l, c.tag))
			break;
	}
	l->lost = true;
	return -ENOTCONN;
}

/**
 * fwd_lane_post - hand the call that was prepared to the service and go on
 * Return: 0, or -ENOTCONN: the service has died, and the lane is lost.
 *
 * For calls without extents whose answer is known. At most FWD_POSTED of them may be under way:
 * fwd_lane_settle() makes room. What the caller asks next on this lane comes
 * after it; a service that sleeps is woken, for it may be the last for long.
 */
int fwd_lane_post(struct fwd_lane *l, enum vos_opcode opcode)
{
	l->post[l->posted++] = l->tag;
	fwd_lane_publish(l, opcode);
	if (likely(!l->kick))
		return 0;
	l->kick = false;
	if (!enter(l, VOS_ENTER_KICK))
		return 0;
	l->lost = true;
	return -ENOTCONN;
}

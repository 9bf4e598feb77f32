// SPDX-License-Identifier: MIT
/* Lanes: finding a free one, spinning and sleeping, posting. lane.h has what every call runs. */
#include <time.h>

#include "lane.h"

#define BRIEFLY		256	/* passes */
#define PATIENCE	8u	/* long waits in a row */
#define KEEP_TRYING	16u	/* one in so many waits spins for as long as it may */

__u32 fwd_spin_us = 200;

/* Ticks of the time stamp counter in a microsecond; a guess until it is measured. */
static __u32 ticks_per_us = 2000;
static __u64 start_ticks, start_ns;

static inline __u64 ticks(void)
{
	return __builtin_ia32_rdtsc();
}

__thread struct fwd_thread fwd_thread __attribute__((tls_model("initial-exec"))) = {
	.lane = FWD_NO_LANE,
};

/* Where a thread counts that has no slot. It is never read. */
static __thread struct vos_account_slot no_account __attribute__((tls_model("initial-exec")));

/**
 * fwd_account_ask - ask the kernel for a slot, once a thread
 *
 * If the kernel has none, or knows of none, the thread's calls are not counted, and signals
 * interrupt them. So it is with those of a signal handler that runs meanwhile.
 */
__attribute__((noinline)) void fwd_account_ask(void)
{
	const struct fwd_door *d = vos_load(&fwd_door);
	const struct vos_door_state *state = d ? vos_load(&d->state) : NULL;
	long slot;

	fwd_thread.account = &no_account;
	if (!state)
		return;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	fwd_thread.asked = true;
	/* A door that has been closed may mean a filter that kills for a prctl(). */
	if (vos_load(&fwd_door_off) || vos_load(&state->closed))
		return;
	slot = fwd_kernel(VOS_DOOR_ACCOUNT, 0, 0);
	if (slot > 0)
		fwd_thread.account = (struct vos_account_slot *)slot;
}

/**
 * fwd_account_forget - have the calling thread ask for a slot again
 *
 * For a thread that has come out of fork() with its parent's.
 */
void fwd_account_forget(void)
{
	fwd_thread.asked = false;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	fwd_thread.lane = FWD_NO_LANE;
}

/**
 * fwd_lane_other - take a lane that is not the favourite
 * @c: the channel
 *
 * Return: the lane, or NULL: none is free.
 */
__attribute__((noinline)) struct fwd_lane *fwd_lane_other(struct fwd_chan *c)
{
	__u32 i;

	if (unlikely(!fwd_thread.asked))
		fwd_account_ask();
	for (i = 0; i < VOS_UCHAN_MAX_LANES; i++)
		if (fwd_lane_claim(&c->lane[i])) {
			fwd_thread.lane = i;
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
 * fwd_ticks_start - begin to measure the time stamp counter
 */
void fwd_ticks_start(void)
{
	start_ticks = ticks();
	start_ns = now_ns();
}

/**
 * fwd_ticks_measure - end what fwd_ticks_start() began
 *
 * Between the two lie the system calls that open a door, which take long enough.
 */
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
	/* A signal's handler has run by now. The call under way is short, so wait on. */
	return rc < 0 && rc != -EINTR ? -ENOTCONN : 0;
}

static __u64 max_budget(void)
{
	return (__u64)fwd_spin_us * vos_load(&ticks_per_us);
}

/*
 * Get the time to spin. It is the longest that is allowed, or next to nothing after a row of
 * answers that took longer. Now and then a wait spins long anyway, to see whether answers are
 * faster again. One long wait says little: the spinning thread may have had to give way to
 * another thread.
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

/* Return: true if an answer has come, or none can come. */
static inline bool is_over(const struct fwd_lane *l)
{
	return vos_ring_front_ready(&l->cq) || fwd_epoch_is_old(l->chan);
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

/* Wait for what is not answered soon: poll by the clock, then sleep. */
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
	/* An answer from before the channel's death counts. */
	return vos_ring_front_ready(&l->cq);
}

/**
 * fwd_lane_await - wait until the service has answered something
 * @l: the lane
 *
 * What is answered at once needs no clock.
 *
 * Return: true if the lane's completion ring has an answer; false: none will come.
 */
__attribute__((noinline)) bool fwd_lane_await(struct fwd_lane *l)
{
	const vos_word_t *next = l->cq.next;
	const __u64 bit = l->cq.phase, is_new = l->cq.is_new;
	int i = l->kick || !fwd_spin_us ? 0 : BRIEFLY;

	/* Like vos_ring_ready(), but what does not change is read outside the loop. */
	for (; i; i--) {
		__builtin_ia32_pause();
		if (likely((vos_load_acquire(next) & bit) != is_new))
			continue;
		fwd_count_add(&l->count.spun, 1);
		if (unlikely(vos_load(&l->chan->slow)))
			vos_store(&l->chan->slow, 0u);
		return true;
	}
	/* This checks for the channel's death, too. */
	return await_long(l);
}

/**
 * fwd_lane_was_posted - forget a posted call that is answered
 * @l: the lane
 * @tag: of the answer
 *
 * Return: true if the oldest posted call has that tag, and is forgotten.
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
 * @l: the lane; another thread may use it
 *
 * The service carries out a posted call when it takes it, one at a time. If another thread uses
 * the lane, it may not have woken the service yet. So this wakes the service.
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
 * fwd_lane_take_posted - wait until few enough posted calls are under way
 * @l: the lane, with no other call under way
 * @left: number of posted calls that may stay under way
 *
 * What has been answered is taken in any case.
 *
 * Return: 0, or -ENOTCONN: they will never be answered, and the lane is lost.
 */
int fwd_lane_take_posted(struct fwd_lane *l, __u32 left)
{
	struct vos_cqe c;

	for (;;) {
		bool ready = vos_ring_front_ready(&l->cq);

		if (!ready && l->posted <= left)
			return 0;
		if (!ready && !fwd_lane_await(l))
			break;
		vos_ring_consume(&l->cq, &c);
		fwd_account(l->chan->service, c.cost);
		if (!fwd_lane_was_posted(l, c.tag))
			break;
	}
	l->lost = true;
	return -ENOTCONN;
}

/**
 * fwd_lane_post - submit the prepared call, and do not wait for its answer
 * @l: the lane
 * @opcode: of a call without extents whose answer is known
 *
 * At most FWD_POSTED of them may be under way: fwd_lane_take_posted() makes room. What the caller
 * asks next on this lane comes after it. If the service sleeps, this wakes it, for the caller
 * may call next after a long time.
 *
 * Return: 0, or -ENOTCONN: the service has died, and the lane is lost.
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

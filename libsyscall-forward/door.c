// SPDX-License-Identifier: MIT
/*
 * Opening the door, making channels, and attaching descriptors: everything that happens seldom.
 *
 * One thread at a time does it (fwd_door.busy). If a call comes meanwhile, from another thread
 * or from a signal handler, it uses the trap door.
 */
#include <sys/mman.h>

#include "filetype.h"
#include "fwd_priv.h"
#include "section.h"
#include "syscall.h"

#define FIRST_STEP	64u
#define LAST_STEP	65536u
#define MAX_DOUBLING	10

struct fwd_door *fwd_door;
__u32 fwd_door_off = 1;		/* until the constructor has run */

/*
 * Calls on descriptors that are not attached. It is a guess that any thread may spoil and a
 * child may inherit.
 */
struct seen {
	__u16 calls;
	__u8 doublings;
};

static struct seen seen_small[VOS_DOOR_FDS], seen_large[VOS_DOOR_FDS];

/**
 * fwd_door_retire - use the door never again, in this process and its children
 *
 * If a process has put itself under seccomp, its filter may kill it for a prctl(). So the
 * library must not make one.
 */
void fwd_door_retire(void)
{
	vos_store(&fwd_door_off, 1u);
}

/* Return: true if it is worth asking the kernel about the descriptor by now. */
static bool seen_enough(struct seen *seen, unsigned int after)
{
	unsigned int n = vos_load(&seen->calls) + 1u;

	if (n < after << vos_load(&seen->doublings)) {
		vos_store(&seen->calls, (__u16)n);
		return false;
	}
	vos_store(&seen->calls, (__u16)0);
	return true;
}

static void note_outcome(struct seen *seen, bool ok)
{
	__u8 n = vos_load(&seen->doublings);

	if (ok)
		n = 0;
	else if (n < MAX_DOUBLING)
		n++;
	vos_store(&seen->doublings, n);
}

static struct fwd_door *map_door(void)
{
	struct fwd_door *none = NULL, *d;
	size_t size = (sizeof(*d) + VOS_PAGE_SIZE - 1) & ~(size_t)(VOS_PAGE_SIZE - 1);
	long p = fwd_syscall(SYS_mmap, 0, size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p < 0 && p > -4096)
		return NULL;
	d = (struct fwd_door *)p;
	if (!fwd_syscall(SYS_madvise, p, size, MADV_WIPEONFORK, 0, 0, 0)) {
		if (__atomic_compare_exchange_n(&fwd_door, &none, d, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			return d;
	} else {
		fwd_door_retire();
	}
	fwd_syscall(SYS_munmap, p, size, 0, 0, 0, 0);
	return none;
}

/*
 * Note that the kernel has refused: wait twice as long each time. On another kernel, never ask
 * again.
 */
static void note_refusal(struct fwd_door *d, long rc)
{
	if (rc == -ENOSYS || rc == -EINVAL) {
		fwd_door_retire();
		return;
	}
	d->step = d->step ? d->step * 2 : FIRST_STEP;
	if (d->step > LAST_STEP)
		d->step = LAST_STEP;
	d->skip = d->step;
}

static bool open_door(struct fwd_door *d)
{
	struct vos_door_info info = { 0 };
	long rc;

	if (d->skip) {
		d->skip--;
		return false;
	}
	fwd_ticks_start();
	rc = fwd_kernel(VOS_DOOR_OPEN, (long)&info, 0);
	if (!rc && (info.version != VOS_DOOR_VERSION || !info.state || !info.nr_fds))
		rc = -EINVAL;
	if (rc < 0) {
		note_refusal(d, rc);
		return false;
	}
	if (info.nr_fds > VOS_DOOR_FDS)
		info.nr_fds = VOS_DOOR_FDS;
	vos_store(&d->state, (const struct vos_door_state *)(uintptr_t)info.state);
	fwd_count_add(&d->opens, 1);
	fwd_account_forget();
	d->step = 0;
	vos_store_release(&d->nr_fds, info.nr_fds);
	return true;
}

/*
 * Take away every lane, so that no thread is in the channel. Each exchange is an acquire: what
 * a thread did before it gave its lane back is seen. Return: true if no lane is taken.
 */
static bool seal(struct fwd_chan *c)
{
	unsigned int i, taken = 0;

	for (i = 0; i < VOS_UCHAN_MAX_LANES; i++) {
		__u32 want = FWD_LANE_FREE;

		__atomic_compare_exchange_n(&c->lane[i].state, &want, FWD_LANE_NONE, false,
					    __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE);
		taken += want == FWD_LANE_TAKEN;
	}
	return !taken;
}

/*
 * Leave a door that the kernel has closed. If closed is above 1, the library must not even ask
 * for another. Otherwise it asks later, once no thread is in the channels of this one. Return:
 * true if there is no door now.
 */
static bool leave_closed_door(struct fwd_door *d)
{
	unsigned int i;

	if (vos_load(&d->state->closed) > 1) {
		fwd_door_retire();
		return false;
	}
	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		if (!seal(&d->chan[i]))
			return false;
		d->chan[i].usable = false;
	}
	vos_store_release(&d->nr_fds, 0u);
	/* A process that changes its credentials often is better off without a door. */
	d->skip = d->reopen;
	d->reopen = d->reopen ? d->reopen * 2 : 1;
	if (d->reopen > LAST_STEP)
		d->reopen = LAST_STEP;
	return true;
}

static bool have_door(struct fwd_door *d)
{
	if (d->nr_fds && vos_load(&d->state->closed) && !leave_closed_door(d))
		return false;
	return d->nr_fds || open_door(d);
}

/* Return: the door, open, with fwd_door.busy set by the caller; or NULL. */
static struct fwd_door *claim_door(void)
{
	struct fwd_door *d = vos_load_acquire(&fwd_door);

	if (!d)
		d = map_door();
	if (!d || __atomic_exchange_n(&d->busy, 1u, __ATOMIC_ACQUIRE))
		return NULL;
	if (have_door(d))
		return d;
	vos_store_release(&d->busy, 0u);
	return NULL;
}

/* The library trusts the kernel, but may be older than it, so it checks the numbers. */
static bool channel_fits(const struct vos_door_channel *info)
{
	__u64 pages = VOS_UCHAN_HEAD_PAGES + (__u64)info->nr_lanes + info->arena_pages;
	__u64 bytes = (__u64)info->arena_pages * VOS_PAGE_SIZE;

	return info->base && info->nr_lanes && info->nr_lanes <= VOS_UCHAN_MAX_LANES &&
	       pages <= VOS_UCHAN_MAX_PAGES && info->lane_arena >= VOS_PAGE_SIZE &&
	       (__u64)info->lane_arena * info->nr_lanes <= info->log_off &&
	       info->log_off <= bytes && !(info->log_off % sizeof(struct vos_log_record));
}

static void init_lane(struct fwd_chan *c, unsigned int i)
{
	struct fwd_lane *l = &c->lane[i];
	struct vos_lane_page *page = (void *)((char *)c->head +
		(size_t)(VOS_UCHAN_HEAD_PAGES + i) * VOS_PAGE_SIZE);

	l->index = i;
	l->chan = c;
	vos_ring_init(&l->sq, &page->sq, page->sqe, VOS_LANE_ENTRIES, VOS_SQ_PHASE);
	vos_ring_init(&l->cq, &page->cq, page->cqe, VOS_LANE_ENTRIES, VOS_CQ_PHASE);
	l->data = i * c->lane_arena;
	l->busy = l->have = l->posted = 0;
	l->kick = l->lost = false;
	vos_store_release(&l->state, (__u32)FWD_LANE_FREE);
}

static void init_channel(struct fwd_door *d, unsigned int service,
			 const struct vos_door_channel *info)
{
	struct fwd_chan *c = &d->chan[service];
	size_t lanes = (size_t)(VOS_UCHAN_HEAD_PAGES + info->nr_lanes) * VOS_PAGE_SIZE;
	unsigned int i;

	c->state = d->state;
	c->head = (void *)(uintptr_t)info->base;
	c->arena = (char *)c->head + lanes;
	c->service = service;
	c->epoch = info->epoch;
	c->nr_lanes = info->nr_lanes;
	c->lane_arena = info->lane_arena;
	c->log_lock = 0;
	c->log_off = info->log_off;
	c->log_size = info->arena_pages * VOS_PAGE_SIZE - info->log_off;
	/*
	 * Free-running positions wrap at 2^32. There only a power of two goes on
	 * without a jump.
	 */
	if (c->log_size & (c->log_size - 1))
		c->log_size = 0;
	c->log_head = c->log_tail = vos_load(&c->head->log_head);
	/*
	 * The service can write the memory, too. An odd position would make a record
	 * cross the log's end.
	 */
	if (c->log_head % sizeof(struct vos_log_record))
		c->log_size = 0;
	memset(c->pending_error, 0, sizeof(c->pending_error));
	memset(c->poster, 0, sizeof(c->poster));
	memset(c->turn, 0, sizeof(c->turn));
	c->usable = true;
	for (i = 0; i < info->nr_lanes; i++)
		init_lane(c, i);
}

/* No thread is in the old channel: its lanes are all taken away. */
static void unmap_old(struct fwd_chan *c, const struct vos_door_channel *info)
{
	if (c->head && (uintptr_t)c->head != info->base)
		fwd_unmap(c->head, c->size);
	c->size = (VOS_UCHAN_HEAD_PAGES + (size_t)info->nr_lanes + info->arena_pages) *
		  VOS_PAGE_SIZE;
}

static bool need_channel(struct fwd_door *d, unsigned int service)
{
	struct vos_door_channel info = { 0 };
	struct fwd_chan *c = &d->chan[service];

	if (c->usable && c->epoch == vos_load(&d->state->epoch[service]))
		return true;
	if (!seal(c))
		return false;
	c->usable = false;
	if (fwd_kernel(VOS_DOOR_CHANNEL, service, (long)&info) < 0 || !channel_fits(&info))
		return false;
	unmap_old(c, &info);
	init_channel(d, service, &info);
	fwd_count_add(&d->channels, 1);
	fwd_ticks_measure();
	return true;
}

/* Return: the service that would have this descriptor; -1: none. */
static int service_of(int fd)
{
	switch (fwd_filetype(fd)) {
	case FWD_SOCKET:
		return VOS_DOOR_NET;
	case FWD_REGULAR:
		return VOS_DOOR_STORAGE;
	default:
		return -1;
	}
}

static int service_of_kind(long kind)
{
	switch (kind) {
	case VOS_KIND_FILE:
	case VOS_KIND_WINDOW:
		return VOS_DOOR_STORAGE;
	case VOS_KIND_STREAM:
	case VOS_KIND_DGRAM:
		return VOS_DOOR_NET;
	default:
		return -1;
	}
}

/*
 * Attach a descriptor. Without the service's channel there is no word. The kernel may return
 * the kind all the same, or EAGAIN, which does not name a service.
 */
static bool attach(struct fwd_door *d, int fd, long flags)
{
	long kind = fwd_kernel(VOS_DOOR_ATTACH, fd, flags);
	int service = kind == -EAGAIN ? service_of(fd) : service_of_kind(kind);

	if (service >= 0) {
		if (!need_channel(d, service))
			return false;
		if (!vos_load(&d->state->word[fd]))
			kind = fwd_kernel(VOS_DOOR_ATTACH, fd, flags);
	}
	if (kind < 0)
		return false;
	if (kind == VOS_KIND_WINDOW)
		fwd_window_fetch(d, fd);
	fwd_count_add(&d->attaches, 1);
	return true;
}

/* A process that only reads from a pipe needs no door. After a refusal nothing is asked for. */
static bool worth_a_door(int fd)
{
	struct fwd_door *d = vos_load_acquire(&fwd_door);
	bool open_or_refused = d && (vos_load(&d->nr_fds) || vos_load(&d->skip));

	return open_or_refused || fwd_filetype(fd) != FWD_OTHER;
}

static __u64 attach_claimed(int fd, long flags, struct seen *seen)
{
	struct fwd_door *d = claim_door();
	__u64 word = 0;

	if (!d)
		return VOS_KIND_TRAP;
	if ((__u32)fd < d->nr_fds) {
		if (attach(d, fd, flags))
			word = vos_load_acquire(&d->state->word[fd]);
		note_outcome(seen, VOS_WORD_KIND(word));
	}
	vos_store_release(&d->busy, 0u);
	return VOS_WORD_KIND(word) ? word : VOS_KIND_TRAP;
}

/**
 * fwd_attach - attach a descriptor without a word if enough calls have come for it
 * @fd: the descriptor
 * @after: the number of such calls after which the kernel is asked; 0: do not count
 *	this one. With FWD_AFTER_WINDOW, only if the file can be used in place
 *
 * Return: its word now; one of kind TRAP if it has none.
 */
__attribute__((noinline)) __u64 fwd_attach(int fd, unsigned int after)
{
	long flags = after & FWD_AFTER_WINDOW ? VOS_ATTACH_WINDOW : 0;
	struct vos_account_slot *slot;
	struct seen *seen;
	__u64 word;

	if ((__u32)fd >= VOS_DOOR_FDS || !after)
		return VOS_KIND_TRAP;
	seen = flags ? &seen_large[fd] : &seen_small[fd];
	if (!seen_enough(seen, after & ~FWD_AFTER_WINDOW))
		return VOS_KIND_TRAP;
	if (!worth_a_door(fd)) {
		note_outcome(seen, false);
		return VOS_KIND_TRAP;
	}
	/* A thread's first call has no slot yet. */
	if (!fwd_thread.asked)
		return attach_claimed(fd, flags, seen);
	slot = fwd_enter();
	word = attach_claimed(fd, flags, seen);
	fwd_leave(slot);
	return word;
}

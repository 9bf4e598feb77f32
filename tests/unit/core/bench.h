/* SPDX-License-Identifier: MIT */
/*
 * One channel of one link, with the test as the back end; and what channel.c, slot.c and
 * their like call of the rest of the core, as far as it is the same for all tests. To be
 * included after those sources.
 */
#ifndef TEST_CORE_BENCH_H
#define TEST_CORE_BENCH_H

#define ARENA_PAGES	128u

static struct bench {
	struct vos_session session;
	struct vos_link *link;
	struct vos_channel *chan;
	struct vos_ring peer_sq;	/* the back end's view */
	struct vos_ring peer_cq;
	void *area;
	struct vos_cost unclaimed;	/* charged to nobody */
} b;

/* The tests count from 0, and free the link themselves. */
void vos_link_release(struct kref *ref)
{
	(void)ref;
}

void vos_object_events(struct vos_link *link)
{
	(void)link;
}

bool vos_object_pending(const struct vos_link *link)
{
	(void)link;
	return false;
}

bool vos_cred_needed(u32 flags)
{
	(void)flags;
	return false;
}

int vos_cred_get(struct vos_link *link, u32 flags)
{
	(void)link;
	(void)flags;
	return 0;
}

void vos_cred_put(struct vos_link *link, u16 index)
{
	(void)link;
	(void)index;
}

struct vos_link *vos_session_link_get(struct vos_session *s, u32 flags)
{
	(void)s;
	(void)flags;
	vos_link_get(b.link);
	return b.link;
}

/* A thread has an account from the begin, and the tests read it. */
static __thread struct virtuos_account bench_account;

struct virtuos_account *vos_account_make(struct task_struct *task)
{
	return task->virtuos_account = &bench_account;
}

void vos_charge_unclaimed(const struct vos_call *call)
{
	vos_cost_add(&b.unclaimed, call);
}

void vos_account_note_sleep(u64 ns)
{
	(void)ns;
}

static int bench_begin(const struct vos_session_ops *callbacks)
{
	const struct vos_channel_desc d = {
		.entries = VOS_ENTRIES, .hdr_page = 0, .sq_page = 1, .cq_page = 5,
		.arena_page = 9, .arena_pages = ARENA_PAGES,
	};
	struct vos_channel_page *hdr;

	memset(&b, 0, sizeof(b));
	b.session.ops = callbacks;
	b.session.arena_pages = ARENA_PAGES;
	b.link = calloc(1, sizeof(*b.link) + sizeof(b.link->chan[0]));
	b.area = aligned_alloc(VOS_PAGE_SIZE, (9 + ARENA_PAGES) * VOS_PAGE_SIZE);
	memset(b.area, 0, (9 + ARENA_PAGES) * VOS_PAGE_SIZE);
	b.link->session = &b.session;
	b.link->area.vaddr = b.area;
	b.link->nr_channels = 1;
	b.chan = &b.link->chan[0];
	hdr = b.area;
	vos_ring_init(&b.peer_sq, &hdr->sq, vos_area_page(&b.link->area, 1), VOS_ENTRIES,
		      VOS_SQ_PHASE);
	vos_ring_init(&b.peer_cq, &hdr->cq, vos_area_page(&b.link->area, 5), VOS_ENTRIES,
		      VOS_CQ_PHASE);
	return vos_channel_init(b.chan, b.link, 0, &d);
}

/* Whose invariants vos_slots_exit() checks: all slots are back, and all of the arena. */
static void bench_end(void)
{
	assert_int_equal(b.link->ref.refs, 0);
	vos_slots_exit(b.chan);
	free(b.link);
	free(b.area);
}

#endif

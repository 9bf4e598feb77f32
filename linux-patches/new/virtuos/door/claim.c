// SPDX-License-Identifier: GPL-2.0
/*
 * Claims: what a process says that its threads' exceptionless calls cost. Each thread counts in
 * a slot of an account page (struct vos_account_slot). The kernel has a mapping of its own. So
 * it can read in any context, and after the thread has lost its memory.
 *
 * The process may write anything there. The kernel adds what a field has gone up above the
 * highest value seen. The sums are shown as the thread's own word, and used for nothing else.
 * Reads and writes are shown among the others that Linux counts (/proc/PID/io).
 *
 * Invariant: a slot has one thread. That thread may end, or get another slot. Then no other
 * thread gets this one before all readers of the old claim have left.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "../core/account.h"
#include "door_priv.h"

#define MAX_PAGES	128u	/* of one door: 4096 threads */
#define IO_FIELDS	(2 * VOS_DOOR_SERVICES)	/* after calls and ticks of each service */
#define FIELDS		(IO_FIELDS + 2 * VOS_ACCOUNT_IOS)
#define IO_AT		(offsetof(struct vos_account_slot, io) / sizeof(u64))

/*
 * Linux adds up what threads and children have read and written. No liar alone makes such a sum
 * overflow.
 */
#define MOST_IO		BIT_ULL(56)

/**
 * struct vdoor_claim - what a thread claims
 * @rcu: the slot is given back when readers have left
 * @ref: of the thread's account, and of the slot until it is given back
 * @replaced: the thread has another claim: both references go when readers have left
 * @page: has the slot
 * @nr: number of the slot
 * @at: the slot, or NULL: it is not read any more
 * @before: what the thread had claimed before this slot, less what it found there
 * @highest: highest value seen of each field
 */
struct vdoor_claim {
	struct rcu_head rcu;
	struct kref ref;
	bool replaced;
	struct vdoor_account_page *page;
	u32 nr;
	u64 __peer *at;
	u64 before[FIELDS];
	atomic64_t highest[FIELDS];
};

static struct vos_account_slot __peer *slot_of(const struct vdoor_claim *c)
{
	return (struct vos_account_slot __peer *)READ_ONCE(c->at);
}

/* Make and map another account page. */
static struct vdoor_account_page *page_new(struct vdoor *door)
{
	struct vdoor_account_page *p = vdoor_account_page_new(door->mm);

	if (!p)
		return ERR_PTR(-ENOMEM);
	kref_get(&p->ref);	/* the mapping's */
	p->user = vdoor_account_map(p);
	if (IS_ERR_VALUE(p->user)) {
		int rc = (int)p->user;

		vdoor_account_page_put(p);
		return ERR_PTR(rc);
	}
	p->next = door->account_pages;
	door->account_pages = p;
	return p;
}

/* Find a page with a slot that is free. */
static struct vdoor_account_page *page_with_room(struct vdoor *door)
{
	struct vdoor_account_page *p;
	u32 pages = 0;

	lockdep_assert_held(&door->mutex);
	for (p = door->account_pages; p; p = p->next) {
		if (!bitmap_full(p->used, VDOOR_PAGE_SLOTS))
			return p;
		pages++;
	}
	return pages < MAX_PAGES ? page_new(door) : ERR_PTR(-ENOSPC);
}

/* Read a field, which is not next to the one before if words lie between that do not count. */
static u64 read_field(const u64 __peer *at, u32 field)
{
	return vos_load(&at[field < IO_FIELDS ? field : field - IO_FIELDS + IO_AT]);
}

static u64 claimed(struct vdoor_claim *c, u32 field)
{
	const u64 __peer *at = READ_ONCE(c->at);
	s64 highest = atomic64_read(&c->highest[field]);
	u64 untrusted = at ? read_field(at, field) : 0;

	while (untrusted > (u64)highest)
		if (atomic64_try_cmpxchg(&c->highest[field], &highest, untrusted))
			highest = untrusted;
	return c->before[field] + highest;
}

static void claim_free(struct kref *ref)
{
	kfree(container_of(ref, struct vdoor_claim, ref));
}

static void give_slot_back(struct rcu_head *rcu)
{
	struct vdoor_claim *c = container_of(rcu, struct vdoor_claim, rcu);

	clear_bit(c->nr, c->page->used);
	vdoor_account_page_put(c->page);
	if (c->replaced)
		kref_put(&c->ref, claim_free);
	kref_put(&c->ref, claim_free);
}

/* Take over what a claim's slot says last. */
static void flush_claim(struct vdoor_claim *c)
{
	u32 i;

	for (i = 0; i < FIELDS; i++)
		claimed(c, i);
	WRITE_ONCE(c->at, NULL);
}

/* Begin at what the fields of the slot are now: an earlier thread's, or what was written. */
static void begin(struct vdoor_claim *c, struct vdoor_claim *old)
{
	u32 i;

	for (i = 0; i < FIELDS; i++) {
		u64 untrusted = read_field(c->at, i);

		atomic64_set(&c->highest[i], untrusted);
		c->before[i] = (old ? claimed(old, i) : 0) - untrusted;
	}
}

static struct vdoor_claim *claim_new(struct vdoor *door)
{
	struct vdoor_account_page *p = page_with_room(door);
	struct vdoor_claim *c;

	if (IS_ERR(p))
		return ERR_CAST(p);
	c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
	if (!c)
		return ERR_PTR(-ENOMEM);
	kref_init(&c->ref);
	kref_get(&c->ref);
	kref_get(&p->ref);
	c->page = p;
	c->nr = find_first_zero_bit(p->used, VDOOR_PAGE_SLOTS);
	set_bit(c->nr, p->used);
	c->at = (u64 __peer *)(page_address(p->page) + c->nr * sizeof(struct vos_account_slot));
	vos_store(&slot_of(c)->section, 0);
	return c;
}

/**
 * vdoor_claim - give the caller a slot, in place of the one that it had
 * @door: the caller's
 *
 * Context: process; the door's mutex is held.
 * Return: the slot's address, or -ENOSPC, -ENOMEM and others of mmap().
 */
long vdoor_claim(struct vdoor *door)
{
	struct virtuos_account *account = vos_account_make(current);
	struct vdoor_claim *c, *old;

	if (!account)
		return -ENOMEM;
	c = claim_new(door);
	if (IS_ERR(c))
		return PTR_ERR(c);
	/* No other thread changes this one's claim. */
	old = rcu_dereference_protected(account->claim, true);
	if (old)
		flush_claim(old);
	begin(c, old);
	rcu_assign_pointer(account->claim, c);
	if (old) {
		old->replaced = true;
		call_rcu(&old->rcu, give_slot_back);
	}
	return c->page->user + c->nr * sizeof(struct vos_account_slot);
}

/**
 * vdoor_claim_exit - keep what a thread that ends has claimed, and free its slot
 * @task: the caller
 *
 * Context: process.
 */
void vdoor_claim_exit(struct task_struct *task)
{
	struct vdoor_claim *c = rcu_dereference_protected(task->virtuos_account->claim, true);

	if (!c)
		return;
	flush_claim(c);
	call_rcu(&c->rcu, give_slot_back);
}

/**
 * vdoor_claim_free - free the claim of a thread that has ended
 * @account: its account, which is about to be freed
 *
 * Context: any.
 */
void vdoor_claim_free(struct virtuos_account *account)
{
	struct vdoor_claim *c = rcu_dereference_protected(account->claim, true);

	if (c)
		kref_put(&c->ref, claim_free);
}

/**
 * vdoor_claim_sums - read what a thread has claimed
 * @task: the thread; the caller holds a reference, or rcu_read_lock()
 * @sums: its @door and @io are filled
 *
 * Context: any.
 */
void vdoor_claim_sums(struct task_struct *task, struct vos_sums *sums)
{
	struct virtuos_account *account = READ_ONCE(task->virtuos_account);
	struct vdoor_claim *c;
	u32 i;

	rcu_read_lock();
	c = account ? rcu_dereference(account->claim) : NULL;
	for (i = 0; c && i < VOS_DOOR_SERVICES; i++) {
		sums->door[i].calls = claimed(c, 2 * i);
		sums->door[i].ticks = claimed(c, 2 * i + 1);
	}
	for (i = 0; c && i < VOS_ACCOUNT_IOS; i++) {
		sums->io[i].calls = min(claimed(c, IO_FIELDS + 2 * i), MOST_IO);
		sums->io[i].bytes = min(claimed(c, IO_FIELDS + 2 * i + 1), MOST_IO);
	}
	rcu_read_unlock();
}

/* Get the caller's slot. Context: rcu_read_lock(). */
static struct vos_account_slot __peer *own_slot(void)
{
	struct virtuos_account *account = current->virtuos_account;
	struct vdoor_claim *c = account ? rcu_dereference(account->claim) : NULL;

	return c ? slot_of(c) : NULL;
}

/**
 * vdoor_claim_deny_signal - test whether the caller is in the midst of an exceptionless call
 *
 * If so, the call hears that a signal waits.
 *
 * Context: process.
 * Return: true if so.
 */
bool vdoor_claim_deny_signal(void)
{
	struct vos_account_slot __peer *slot;
	bool deny;

	rcu_read_lock();
	slot = own_slot();
	deny = slot && vos_load(&slot->section);
	if (deny)
		vos_store(&slot->denied, 1);
	rcu_read_unlock();
	return deny;
}

/**
 * vdoor_claim_landing - find where the caller goes on, whose instruction cannot touch memory
 * @ip: address of the instruction
 *
 * Context: process; may fault.
 * Return: an address of the process; 0: it has said nothing about that instruction.
 */
unsigned long vdoor_claim_landing(unsigned long ip)
{
	struct vos_account_slot __peer *slot;
	struct vos_door_section s;
	u64 untrusted;

	rcu_read_lock();
	slot = own_slot();
	untrusted = slot ? vos_load(&slot->section) : 0;
	rcu_read_unlock();
	if (!untrusted || copy_from_user(&s, u64_to_user_ptr(untrusted), sizeof(s)) ||
	    ip < s.start || ip >= s.end || s.landing >= TASK_SIZE_MAX)
		return 0;
	return s.landing;
}

/**
 * vdoor_claim_exec - keep what the caller has claimed before it executed this program
 *
 * What that program has left in the slot says nothing of this one's calls.
 *
 * Context: process; the program opens its first door.
 */
void vdoor_claim_exec(void)
{
	struct virtuos_account *account = current->virtuos_account;
	struct vdoor_claim *c = account ? rcu_dereference_protected(account->claim, true) : NULL;

	if (c)
		flush_claim(c);
}

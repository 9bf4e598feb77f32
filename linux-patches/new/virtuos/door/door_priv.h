/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The exceptionless door's own structures; part of virtuos-core. Direction of calls:
 *
 *	prctl.c -> attach.c -> handle.c, uchan.c -> window.c, door.c -> close.c, ../core
 *	hooks.c (called by the kernel) -> door.c, attached.c
 *	close.c -> drop.c (a channel's work: what has to be told to the service)
 *	attached.c -> ended.c
 *	prctl.c, close.c, drop.c -> rest.c -> attached.c, ended.c (writes whose descriptor has gone)
 *	close.c, module.c -> cost.c -> uchan.c
 *	prctl.c, module.c -> claim.c -> map.c; door.c, map.c -> page.c
 *	module.c -> ../core, hooks.c; gives the core what it has to call:
 *	link.c -> door.c, uchan.c
 *
 * A door belongs to an address space and one table of descriptors. It has a user channel per
 * service. A user channel belongs to one link and dies with it. A handle stands for a file in
 * one user channel, and is there for as long as a descriptor's word names it.
 *
 * Locks, in order: door->mutex (set-up, process context), files->file_lock, door->lock (words
 * and handles), attached_lock (which files have handles).
 *
 * A task that has door->mutex may wait for a service, and for the process's own memory. So only
 * threads of the process itself wait for it, until they are killed. When something ends, a
 * channel's work tells the service and waits for no answer.
 *
 * Invariant: a word that names a handle counts in handle->words. Words name only LIVE handles.
 * What the process may write is never believed.
 */
#ifndef VDOOR_PRIV_H
#define VDOOR_PRIV_H

#include <linux/bitmap.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <virtuos/door.h>
#include "../core/core_priv.h"
#include "vdoor_provider.h"

#define VDOOR_STATE_PAGES	2u
#define VDOOR_PAGE_SLOTS	(PAGE_SIZE / sizeof(struct vos_account_slot))

/* Of a link's channels, kept for users with CAP_SYS_RESOURCE. */
#define VDOOR_RESERVED_UCHANS	32u

/* Sizes and limits of user channels; module parameters. */
extern unsigned int vdoor_lanes;
extern unsigned int vdoor_lane_kib;
extern unsigned int vdoor_log_kib;
extern unsigned int vdoor_user_channels;
extern bool vdoor_enabled;

/*
 * States in their order. They change under door->lock, but for FREE to MAKING and back
 * (handle.c).
 */
enum vdoor_handle_state {
	VDOOR_HANDLE_FREE,
	VDOOR_HANDLE_MAKING,	/* the service is being told */
	VDOOR_HANDLE_LIVE,
	VDOOR_HANDLE_DROPPING,	/* no word names it; the service must forget it */
	VDOOR_HANDLE_TELLING,	/* the service is being told so */
	VDOOR_HANDLE_TOLD,	/* the service does not know it any more */
	VDOOR_HANDLE_RELEASING,	/* the provider is being told */
};

/**
 * struct vdoor_handle - a file in one user channel
 * @state: VDOOR_HANDLE_*
 * @gen: its generation
 * @words: descriptors that name it
 * @leased: its position is in the channel's head
 * @given: the position when the process got it last, -1 if it has not; under attached_lock
 * @unwanted: recalled. If it is not complete yet, it never will be
 * @dirty: something may have been written through it that is not durable; from TOLD on
 * @lost: -errno with which a part of that could not be replayed, or 0
 * @file: its file; valid while @words is not 0, and while the handle is @attached
 * @attached: on the list of those that stand for @file, under attached_lock
 * @order: when it came onto that list; later ones have higher numbers
 * @kept: the file, counted: a thread writes it though no word names the handle any more
 * @kept_since: when that began, in jiffies
 * @uchan: its channel
 * @window: the file, mapped, or NULL; counted
 * @target: what it stands for
 */
struct vdoor_handle {
	enum vdoor_handle_state state;
	u32 gen;
	u32 words;
	bool leased;
	bool unwanted;
	bool dirty;
	int lost;
	loff_t given;
	struct file *file;
	struct hlist_node attached;
	u64 order;
	struct file *kept;
	unsigned long kept_since;
	struct vdoor_uchan *uchan;
	struct vdoor_window *window;
	struct vdoor_target target;
};

/**
 * struct vdoor_window - a file's pages, mapped to be read
 * @ref: references
 * @uchan: channel of the handle that it belongs to; counted
 * @slot: slot of that handle
 * @gen: generation of that handle
 * @base: where it is mapped
 * @size: the file's size in bytes
 * @users: where the process counts its threads that read it, or NULL
 * @ops: of the mapping, as the file's file system made them
 * @write: it may be written
 * @mapped: it is mapped
 * @ended: no word names it any more
 * @leaving: a thread is about to unmap it
 */
struct vdoor_window {
	struct kref ref;
	struct vdoor_uchan *uchan;
	u32 slot;
	u32 gen;
	unsigned long base;
	u64 size;
	u32 __user *users;
	const struct vm_operations_struct *ops;
	bool write;
	bool mapped;
	bool ended;
	bool leaving;
};

/**
 * struct vdoor_uchan - a user channel
 * @ref: references
 * @node: on the session's list
 * @door: its door; counted
 * @link: its link; counted
 * @provider: of the service
 * @service: VOS_DOOR_*
 * @id: its number at the service; below 0: none
 * @opening: the service is being asked to map it
 * @open: the service may have mapped it
 * @must_close: it is to be closed, and given up; never taken back
 * @closing: UCHAN_CLOSE was sent, or there is no service; for the work only
 * @closed: the service takes no more calls from it
 * @unmapped: the service has said so, by its answer to UCHAN_CLOSE
 * @finished: the work has put the maker's reference; for the work only
 * @kept: link.c has a reference until its log has been replayed
 * @replayed: that has been done, after the death of its link
 * @lost: set before @replayed: it has not, for no domain came in time
 * @kick_at: when the service may be sent an event for it, by ktime_get_ns(); with a credit
 * @cost: what the service said last that it charged the channel; under the session's uchan_lock
 * @payer: the user for which it counts; NULL: none
 * @telling: handles that the service is being told of
 * @nr_lanes: number of lanes
 * @lane_bytes: bytes of arena for each lane
 * @arena_pages: pages of all lanes' arenas and of the log
 * @user: address in the process
 * @area: its memory
 * @head: first page of @area
 * @wait: for completions, and for what ends
 * @work: tells the service of what ends; close.c
 * @free_work: frees the channel
 * @handle: the handles, by slot
 */
struct vdoor_uchan {
	struct kref ref;
	struct list_head node;
	struct vdoor *door;
	struct vos_link *link;
	const struct vdoor_provider *provider;
	u32 service;
	int id;
	bool opening;
	bool open;
	bool must_close;
	bool closing;
	bool closed;
	bool unmapped;
	bool finished;
	bool kept;
	bool replayed;
	bool lost;
	atomic64_t kick_at;
	struct vos_cost cost;
	struct vdoor_payer *payer;
	atomic_t telling;
	u32 nr_lanes;
	u32 lane_bytes;
	u32 arena_pages;
	unsigned long user;
	struct vos_area area;
	struct vos_uchan_head __peer *head;
	wait_queue_head_t wait;
	struct delayed_work work;
	struct work_struct free_work;
	struct vdoor_handle handle[VOS_UCHAN_SLOTS];
};

/**
 * struct vdoor_account_page - memory in which 32 threads count
 * @ref: of its door, its mapping, and each slot in use
 * @next: of the same door
 * @mm: the address space that it is for; an identity, not to be followed
 * @page: the memory
 * @user: its address in the process
 * @used: slots in use; set under the door's mutex
 */
struct vdoor_account_page {
	struct kref ref;
	struct vdoor_account_page *next;
	struct mm_struct *mm;
	struct page *page;
	unsigned long user;
	DECLARE_BITMAP(used, VDOOR_PAGE_SLOTS);
};

/**
 * struct vdoor - the door of an address space
 * @ref: references
 * @rcu: mm->virtuos_door is followed without a lock
 * @mutex: for set-up
 * @lock: words, states of handles, which channels
 * @mm: its address space; an identity, not to be followed
 * @files: its descriptors; an identity, not to be followed
 * @closed: for good
 * @ended: no thread that used it goes on; under @lock
 * @paused: children that share the memory and not the descriptors
 * @cred: value of the credentials under which it acts
 * @state: the state area
 * @pages: pages of the state area
 * @user: address of the state area in the process
 * @ended_windows: windows that are mapped and have ended
 * @uchan: channels, by service
 * @epoch: counts lost channels, by service
 * @account_pages: its threads' account pages; under @mutex
 */
struct vdoor {
	struct kref ref;
	struct rcu_head rcu;
	struct mutex mutex;		/* set-up */
	spinlock_t lock;		/* words, states of handles, which channels */
	struct mm_struct *mm;
	struct files_struct *files;
	bool closed;
	bool ended;
	int paused;
	struct vos_cred *cred;
	struct vos_door_state *state;
	struct page *pages;
	unsigned long user;
	atomic_t ended_windows;
	struct vdoor_uchan *uchan[VOS_DOOR_SERVICES];
	u32 epoch[VOS_DOOR_SERVICES];
	struct vdoor_account_page *account_pages;
};

/* door.c */
struct vdoor *vdoor_new(void);
void vdoor_get(struct vdoor *door);
void vdoor_put(struct vdoor *door);
void vdoor_end(struct vdoor *door);
struct vdoor *vdoor_of(const struct mm_struct *mm);
bool vdoor_usable(const struct vdoor *door);
void vdoor_revoke_word(struct vdoor *door, unsigned int fd);
void vdoor_revoke_all(struct vdoor *door, u32 service);
struct vdoor_uchan *vdoor_uchan_of(struct vdoor *door, u32 service);
void vdoor_leave(struct vdoor *door, u32 service);
void vdoor_shut(struct vdoor *door);
void vdoor_close(struct vdoor *door);
u32 vdoor_word_service(u64 word);

/* map.c */
unsigned long vdoor_map(struct vdoor *door);
unsigned long vdoor_uchan_map(struct vdoor_uchan *uc);
unsigned long vdoor_account_map(struct vdoor_account_page *p);

/* page.c */
struct vdoor_account_page *vdoor_account_page_new(struct mm_struct *mm);
void vdoor_account_page_put(struct vdoor_account_page *p);
void vdoor_drop_accounts(struct vdoor *door);
struct page *vdoor_account_page_get_for(struct vdoor_account_page *p, const struct mm_struct *mm);

/* claim.c */
long vdoor_claim(struct vdoor *door);
void vdoor_claim_exit(struct task_struct *task);
void vdoor_claim_free(struct virtuos_account *account);
void vdoor_claim_sums(struct task_struct *task, struct vos_sums *sums);
void vdoor_claim_exec(void);
bool vdoor_claim_deny_signal(void);
unsigned long vdoor_claim_landing(unsigned long ip);

/* uchan.c */
struct vdoor_uchan *vdoor_uchan_new(struct vdoor *door, const struct vdoor_provider *p);
void vdoor_uchan_put(struct vdoor_uchan *uc);
bool vdoor_uchan_dead(const struct vdoor_uchan *uc);
struct vos_call *vdoor_uchan_call(struct vdoor_uchan *uc, u8 opcode, u32 len0, u32 flags);

static inline void vdoor_uchan_get(struct vdoor_uchan *uc)
{
	kref_get(&uc->ref);
}

struct vdoor_uchan *vdoor_uchan_next(struct vos_session *s, struct vdoor_uchan *last);

/* account.c */
int vdoor_channel_charge(struct vdoor_payer **payer, u32 pages);
void vdoor_channel_uncharge(struct vdoor_payer *payer, u32 pages);

/* lane.c */
int vdoor_uchan_enter(struct vdoor_uchan *uc, u32 lane, u32 flags);
bool vdoor_uchan_events(struct vos_link *link);

/* close.c */
void vdoor_uchan_init_work(struct vdoor_uchan *uc);
void vdoor_uchan_kick(struct vdoor_uchan *uc);
void vdoor_uchan_end(struct vdoor_uchan *uc);

/* cost.c */
void vdoor_cost_note(struct vdoor_uchan *uc, const struct vos_cqe *cqe);
void vdoor_costs_ask(struct vos_session *s);

/* handle.c */
struct vdoor_handle *vdoor_handle_new(struct vdoor_uchan *uc, struct file *file,
				      const struct vdoor_target *t);
void vdoor_handle_unname(struct vdoor_handle *h);

/* drop.c */
int vdoor_handles_tell(struct vdoor_uchan *uc);
bool vdoor_handles_end(struct vdoor_uchan *uc);
void vdoor_handle_close_window(struct vdoor_handle *h);
int vdoor_recall_fd(unsigned int fd);

/* ended.c */
bool vdoor_handle_is_written(const struct vdoor_handle *h);
void vdoor_ended_give_back(struct vdoor_handle *h);

/* rest.c */
bool vdoor_rest_done(struct vdoor_handle *h);
bool vdoor_rest_tidy(struct vdoor_uchan *uc);
long vdoor_rest(struct vdoor *door, unsigned long arg);

/* attached.c */
struct vdoor_handle *vdoor_handle_find(struct vdoor_uchan *uc, const struct file *file);
void vdoor_handle_lease(struct vdoor_handle *h);
void vdoor_handle_attach(struct vdoor_handle *h, struct file *file);
void vdoor_handle_detach(struct vdoor_handle *h);
void vdoor_handle_revoke(struct vdoor_handle *h, u32 gen);
void vdoor_handle_file_changed(struct file *file);
void vdoor_handle_file_gone(struct file *file);
void vdoor_handles_watched(void);
void vdoor_handle_pos_take(struct file *file);
void vdoor_handle_pos_give(struct file *file);

/* window.c */
struct vdoor_window *vdoor_window_new(struct vdoor_handle *h, struct file *file);
void vdoor_window_end(struct vdoor_window *w);
void vdoor_window_put(struct vdoor_window *w);
int vdoor_window_tell(struct vdoor_window *w, unsigned long arg);
void vdoor_windows_tidy(struct vdoor *door);

static inline u32 vdoor_handle_slot(const struct vdoor_handle *h)
{
	return h - h->uchan->handle;
}

/* attach.c */
const struct vdoor_provider *vdoor_provider_of(u32 service);
int vdoor_attach(struct vdoor *door, unsigned int fd, unsigned long flags);
int vdoor_window(struct vdoor *door, unsigned int fd, struct vdoor_window **w);

/* prctl.c */
long vdoor_prctl(unsigned long op, unsigned long arg3, unsigned long arg4,
		 unsigned long arg5);

/* link.c */
void vdoor_link_dead(struct vos_link *link);

/* replay.c */
bool vdoor_uchan_has_log(const struct vdoor_uchan *uc);

/* hooks.c */
int vdoor_init(void);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The exceptionless door's own structures; part of virtuos-core. Direction of calls:
 *
 *	prctl.c -> attach.c -> handle.c, uchan.c -> window.c, door.c -> close.c, ../core
 *	hooks.c (called by the kernel) -> door.c, attached.c
 *	close.c -> drop.c (a channel's work: what has to be told to the service)
 *	module.c -> ../core, hooks.c; gives the core what it has to call:
 *	link.c -> door.c, uchan.c
 *
 * A door belongs to an address space and speaks of one table of descriptors. It
 * has a user channel per service; a user channel belongs to one link and dies with
 * it. A handle stands for a file in one user channel, and is there for as long as
 * a descriptor's word names it.
 *
 * Locks, in order: door->mutex (set-up, process context), files->file_lock,
 * door->lock (words and handles), attached_lock (which files have handles).
 *
 * Who has door->mutex may wait for a service, and for the process's own memory; so only
 * threads of the process itself wait for it, until they are killed. What the service has
 * to be told when something ends is told by a channel's work, which waits for no answer.
 *
 * Invariant: a word that names a handle counts in handle->words; only LIVE handles
 * are named by words. What the process may write is never believed.
 */
#ifndef VDOOR_PRIV_H
#define VDOOR_PRIV_H

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

/* Of a link's channels; for who may do without the limits of users. */
#define VDOOR_RESERVED_UCHANS	32u

/* What user channels are made of; module parameters. */
extern unsigned int vdoor_lanes;
extern unsigned int vdoor_lane_kib;
extern unsigned int vdoor_log_kib;
extern unsigned int vdoor_user_channels;
extern bool vdoor_enabled;

/* In this order; changed under door->lock, but for FREE to MAKING and back (handle.c). */
enum vdoor_handle_state {
	VDOOR_HANDLE_FREE,
	VDOOR_HANDLE_MAKING,	/* the service is being told */
	VDOOR_HANDLE_LIVE,
	VDOOR_HANDLE_DROPPING,	/* no word names it; the service is to forget it */
	VDOOR_HANDLE_TELLING,	/* and is being told so */
	VDOOR_HANDLE_TOLD,	/* it does not know it any more */
	VDOOR_HANDLE_ENDING,	/* the provider is hearing of that */
};

/*
 * struct vdoor_handle - a file in one user channel
 * @file: whose; valid for as long as @words is not 0, and while the handle is @attached
 * @words: descriptors that name it
 * @attached: on the list of those that stand for @file, under attached_lock
 * @order: when it came onto that list; later ones have higher numbers
 * @leased: its position is in the channel's head
 * @unwanted: recalled; one that is not complete yet never will be
 * @dirty: something may have been written through it that is not durable; from TOLD on
 * @window: the file, mapped, or NULL; counted
 */
struct vdoor_handle {
	enum vdoor_handle_state state;
	u32 gen;
	u32 words;
	bool leased;
	bool unwanted;
	bool dirty;
	struct file *file;
	struct hlist_node attached;
	u64 order;
	struct vdoor_uchan *uchan;
	struct vdoor_window *window;
	struct vdoor_target target;
};

/*
 * struct vdoor_window - a file's pages, mapped to be read
 * @uchan, @slot, @gen: the handle that it belongs to; @uchan counted
 * @base, @size: where it is mapped, and the file's size in bytes
 * @users: how many of the process's threads say that they read it, or NULL
 * @ops: of the mapping, as the file's file system made them
 * @write: it may be written
 * @ended: no word names it any more
 * @leaving: somebody is about to unmap it
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

/*
 * struct vdoor_uchan - a user channel
 * @node: on the session's list
 * @opening: the service is being asked to map it
 * @open: the service may have mapped it
 * @ending: it is to be closed, and given up; never taken back
 * @closing: the service is being told, or there is none; the work's own
 * @closed: the service takes no more calls from it
 * @unmapped: the service has said so, by its answer to UCHAN_CLOSE
 * @finished: nothing is left to be told; the work's own
 * @kick_at: when the service may be sent an event for it, by ktime_get_ns(); with a credit
 * @payer: whose share of channels it is of; NULL: nobody's
 * @telling: handles that the service is being told of
 * @kept: by link.c, with a reference, until its log has been replayed
 * @replayed: that has been done, after the death of its link
 */
struct vdoor_uchan {
	struct kref ref;
	struct list_head node;
	struct vos_door *door;		/* counted */
	struct vos_link *link;		/* counted */
	const struct vdoor_provider *provider;
	u32 service;
	int id;
	bool opening;
	bool open;
	bool ending;
	bool closing;
	bool closed;
	bool unmapped;
	bool finished;
	bool kept;
	bool replayed;
	atomic64_t kick_at;
	struct vdoor_payer *payer;
	atomic_t telling;
	u32 nr_lanes;
	u32 lane_bytes;
	u32 arena_pages;
	unsigned long user;		/* address in the process */
	struct vos_area area;
	struct vos_uchan_head __peer *head;
	wait_queue_head_t wait;		/* for completions, and for what ends */
	struct delayed_work work;	/* tells the service of what ends; close.c */
	struct work_struct free_work;
	struct vdoor_handle handle[VOS_UCHAN_SLOTS];
};

/*
 * struct vos_door - the door of an address space
 * @rcu: mm->virtuos_door is followed without a lock
 * @mm, @files: whose; identities, not to be followed
 * @closed: for good
 * @paused: children that share the memory and not the descriptors
 * @ended_windows: windows that are mapped and have ended
 */
struct vos_door {
	struct kref ref;
	struct rcu_head rcu;
	struct mutex mutex;		/* set-up */
	spinlock_t lock;		/* words, states of handles, which channels */
	struct mm_struct *mm;
	struct files_struct *files;
	bool closed;
	int paused;
	struct vos_cred *cred;		/* value of the credentials it acts under */
	struct vos_door_state *state;
	struct page *pages;
	unsigned long user;
	atomic_t ended_windows;
	struct vdoor_uchan *uchan[VOS_DOOR_SERVICES];
	u32 epoch[VOS_DOOR_SERVICES];
};

/* door.c */
struct vos_door *vdoor_new(void);
void vdoor_get(struct vos_door *door);
void vdoor_put(struct vos_door *door);
struct vos_door *vdoor_of(const struct mm_struct *mm);
bool vdoor_usable(const struct vos_door *door);
void vdoor_revoke_word(struct vos_door *door, unsigned int fd);
void vdoor_revoke_all(struct vos_door *door, u32 service);
struct vdoor_uchan *vdoor_uchan_of(struct vos_door *door, u32 service);
void vdoor_leave(struct vos_door *door, u32 service);
void vdoor_shut(struct vos_door *door);
void vdoor_close(struct vos_door *door);
u32 vdoor_word_service(u64 word);

/* map.c */
unsigned long vdoor_map(struct vos_door *door);
unsigned long vdoor_uchan_map(struct vdoor_uchan *uc);

/* uchan.c */
struct vdoor_uchan *vdoor_uchan_new(struct vos_door *door, const struct vdoor_provider *p);
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

/* handle.c */
struct vdoor_handle *vdoor_handle_new(struct vdoor_uchan *uc, struct file *file,
				      const struct vdoor_target *t);
void vdoor_handle_unname(struct vdoor_handle *h);

/* drop.c */
int vdoor_handles_tell(struct vdoor_uchan *uc);
bool vdoor_handles_end(struct vdoor_uchan *uc);
void vdoor_handle_close_window(struct vdoor_handle *h);

/* attached.c */
struct vdoor_handle *vdoor_handle_find(struct vdoor_uchan *uc, const struct file *file);
void vdoor_handle_lease(struct vdoor_handle *h);
void vdoor_handle_attach(struct vdoor_handle *h, struct file *file);
void vdoor_handle_detach(struct vdoor_handle *h);
void vdoor_handle_revoke(struct vdoor_handle *h, u32 gen);
void vdoor_handle_file_changed(struct file *file);
void vdoor_handle_file_gone(struct file *file);
void vdoor_handle_pos_take(struct file *file);
void vdoor_handle_pos_give(struct file *file);

/* window.c */
struct vdoor_window *vdoor_window_new(struct vdoor_handle *h, struct file *file);
void vdoor_window_end(struct vdoor_window *w);
void vdoor_window_put(struct vdoor_window *w);
int vdoor_window_tell(struct vdoor_window *w, unsigned long arg);
void vdoor_windows_tidy(struct vos_door *door);

static inline u32 vdoor_handle_slot(const struct vdoor_handle *h)
{
	return h - h->uchan->handle;
}

/* attach.c */
const struct vdoor_provider *vdoor_provider_of(u32 service);
int vdoor_attach(struct vos_door *door, unsigned int fd, unsigned long flags);
int vdoor_window(struct vos_door *door, unsigned int fd, struct vdoor_window **w);

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

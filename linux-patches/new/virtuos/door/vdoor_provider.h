/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the exceptionless door asks of the socket family (../net) and of the file system
 * (../fs), and what they may ask of it.
 *
 * A provider knows which of its files a process may use past the kernel. It also knows the
 * names that the service domain has for them.
 */
#ifndef VDOOR_PROVIDER_H
#define VDOOR_PROVIDER_H

#include <linux/list.h>
#include <linux/types.h>
#include <virtuos/door.h>
#include <virtuos/peer.h>

struct file;
struct vos_session;

/**
 * struct vdoor_target - what a handle stands for
 * @kind: VOS_KIND_*; TRAP: never through the door
 * @word: VOS_WORD_* flags for the descriptor's word
 * @flags: VOS_HANDLE_*
 * @obj: sockets: object index
 * @gen: sockets: object generation
 * @epoch: the link that knows the object; 0: any
 * @node: files: node id
 * @window: files: size of a window that the file may have; 0: none. The service is not told
 *	of such a handle
 * @window_write: it may be written
 * @priv: the provider's; NULL: gone() is not called
 * @link: the provider's, to find handles again
 * @recalled: same
 */
struct vdoor_target {
	u32 kind;
	u32 word;
	u32 flags;
	u32 obj;
	u32 gen;
	u32 epoch;
	u64 node;
	u64 window;
	bool window_write;
	void *priv;
	struct list_head link;
	bool recalled;
};

/**
 * struct vdoor_provider - files of one service
 * @service: VOS_DOOR_NET, VOS_DOOR_STORAGE
 * @session: with that service; the door makes its calls on it. It may become NULL when it ends
 * @examine: examine @file. Fills in all of @t but what belongs to @attach. Returns 0.
 *	-ENOENT: not this provider's. -EAGAIN: not now
 * @attach: a handle for @t is about to be made, or NULL. If it needs to hear of the
 *	handle's end, it sets t->priv. Process context; @gone undoes it. Returns 0. -EAGAIN: not
 *	now
 * @sync: have what was written through a handle on the disk, whichever domain serves by
 *	now; or NULL. Process context. Returns 0 or an error
 * @gone: the service does not know the handle any more, or is dead. Process context. err is 0,
 *	or why what was written through it may be lost
 * @replay: write again what a predecessor may have lost, durably; from the session's up().
 *	@data is the process's memory. kill_privs: the process's writes clear set-user-ID bits.
 *	Returns 0. -ENOTCONN: this domain has died, too. Other errors are the file's
 * @recall: have @file used here again, if processes use it at the service; or NULL. Process
 *	context. Returns 0. -ENOENT: not this provider's. -EINTR; errors of the file
 * @changed: the flags of @file, maybe not the provider's, have changed (F_SETFL, FIONBIO),
 *	or something else in its word; or NULL. Any context but under files->file_lock
 */
struct vdoor_provider {
	u32 service;
	struct vos_session *session;
	int (*examine)(struct file *file, struct vdoor_target *t);
	int (*attach)(struct file *file, struct vdoor_target *t);
	int (*sync)(struct vdoor_target *t);
	void (*gone)(struct vdoor_target *t, int err);
	int (*replay)(u64 node, u64 pos, const void __peer *data, u32 len, bool kill_privs);
	int (*recall)(struct file *file);
	void (*changed)(struct file *file);
};

/**
 * vdoor_provide - offer a provider, once per service
 * @p: the provider; stays until the module goes
 *
 * Context: process.
 * Return: 0, -EBUSY.
 */
int vdoor_provide(const struct vdoor_provider *p);

/**
 * vdoor_withdraw - withdraw a provider
 * @p: the provider; its session has ended, and with it all of its user channels
 *
 * Context: process.
 */
void vdoor_withdraw(const struct vdoor_provider *p);

/**
 * vdoor_object_changed - have the kernel see the next calls on a socket
 * @session: the object's session
 * @obj: its index
 *
 * Takes back the words of all descriptors whose handle stands for object @obj of @session.
 *
 * Context: any but under the locks of a descriptor table.
 */
void vdoor_object_changed(struct vos_session *session, u32 obj);

/**
 * vdoor_target_get - keep the memory of a target that has not gone yet
 * @t: the target
 *
 * Context: any.
 * Return: generation of its handle, for vdoor_recall().
 */
u32 vdoor_target_get(struct vdoor_target *t);

/**
 * vdoor_target_put - put a target that vdoor_target_get() kept
 * @t: the target
 *
 * Context: any.
 */
void vdoor_target_put(struct vdoor_target *t);

/**
 * vdoor_recall - have no more calls pass the door on a target
 * @t: kept by vdoor_target_get()
 * @gen: as that returned
 * @dirty: set if the process may have written
 *
 * Takes the words back and waits for the calls under way. The provider's gone() follows all the
 * same, later.
 *
 * Context: process.
 * Return: 1: it was in use. 0: it was not. -EINTR: killed.
 */
int vdoor_recall(struct vdoor_target *t, u32 gen, bool *dirty);

/**
 * vdoor_end_window - end a window, for its file is about to change
 * @t: with a window; kept by vdoor_target_get()
 * @gen: as that returned
 *
 * When this returns, its words are gone, and no word will name it.
 *
 * Context: any.
 */
void vdoor_end_window(struct vdoor_target *t, u32 gen);

/**
 * vdoor_wrote - test and clear whether the process has written to a window
 * @t: with a window, not gone yet
 *
 * Context: any.
 * Return: true if it has written since the last call.
 */
bool vdoor_wrote(struct vdoor_target *t);

/**
 * vdoor_tidy - unmap the caller's windows that have ended and have no reader
 *
 * Context: process, without a lock of memory management.
 */
void vdoor_tidy(void);

/**
 * vdoor_replay - write again what processes wrote through dead links
 * @session: the storage domain's
 *
 * Context: the session's up(). vdoor_replay_is_lost() does not run meanwhile.
 * Return: 0. -ENOTCONN: this link has died as well; try again with the next. -ENOMEM: the logs
 * are lost.
 */
int vdoor_replay(struct vos_session *session);

/**
 * vdoor_replay_is_lost - let handles end that wait for a replay
 * @session: it gets no more domain in time; vdoor_replay() does not run meanwhile
 *
 * What is not replayed by now is reported as lost (@gone of struct vdoor_provider).
 *
 * Context: process.
 */
void vdoor_replay_is_lost(struct vos_session *session);

#endif

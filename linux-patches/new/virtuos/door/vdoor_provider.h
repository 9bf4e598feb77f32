/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the exceptionless door asks of the socket family (../net) and of the file
 * system (../fs), and what they may ask of it.
 *
 * A provider knows which of its files may be used past the kernel, and under which
 * name the service domain knows them.
 */
#ifndef VDOOR_PROVIDER_H
#define VDOOR_PROVIDER_H

#include <linux/list.h>
#include <linux/types.h>
#include <virtuos/door.h>
#include <virtuos/peer.h>

struct file;
struct vos_session;

/*
 * struct vdoor_target - what a handle stands for
 * @kind: VOS_KIND_*; TRAP: never through the door
 * @word: VOS_WORD_* flags for the descriptor's word
 * @flags: VOS_HANDLE_*
 * @obj: sockets: object index
 * @gen: sockets: object generation
 * @epoch: the link that knows the object; 0: any
 * @node: files: node id
 * @window: files: size of a window that @file may have; 0: none. The service is not
 *	told of such a handle
 * @window_write: it may be written
 * @priv: the provider's; NULL: @gone is not called
 * @link, @recalled: the provider's, to find handles again
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

/*
 * struct vdoor_provider - files of one service
 * @service: VOS_DOOR_NET, VOS_DOOR_STORAGE
 * @session: with that service; calls of the door are made on it
 * @examine: what is @file? Fills in all of @t but what belongs to @attach. Return: 0;
 *	-ENOENT not this provider's; -EAGAIN not now
 * @attach: a handle for @t is about to be made, or NULL. Sets t->priv if it wants to
 *	hear of its end. Process context; what it needs is undone by @gone. Return: 0;
 *	-EAGAIN not now
 * @sync: have what was written through a handle on the disk, whoever the service is by now; or
 *	NULL. Process context. Return: 0 or an error
 * @gone: the service does not know the handle any more, or is dead. Process context.
 *	@err: 0, or why what was written through it may be lost
 * @replay: write again what a predecessor may have lost, durably; from the session's
 *	up(). @data is the process's memory; kill_privs: the process's writes take
 *	set-user-ID bits away. Return: 0; -ENOTCONN this domain has died, too; other
 *	errors are the file's
 * @home: have @file used here again, whoever uses it elsewhere; or NULL. Process context.
 *	Return: 0; -ENOENT not this provider's; -EINTR; errors of the file
 * @changed: the flags of @file, maybe not the provider's, have changed (F_SETFL,
 *	FIONBIO), or something else that a word says of it; or NULL. Any context but
 *	under files->file_lock
 */
struct vdoor_provider {
	u32 service;
	struct vos_session *session;
	int (*examine)(struct file *file, struct vdoor_target *t);
	int (*attach)(struct file *file, struct vdoor_target *t);
	int (*sync)(struct vdoor_target *t);
	void (*gone)(struct vdoor_target *t, int err);
	int (*replay)(u64 node, u64 pos, const void __peer *data, u32 len, bool kill_privs);
	int (*home)(struct file *file);
	void (*changed)(struct file *file);
};

/**
 * vdoor_provide - offer a provider, once per service
 * @p: what it is asked for; stays until the module goes
 *
 * Return: 0, -EBUSY.
 */
int vdoor_provide(const struct vdoor_provider *p);
void vdoor_withdraw(const struct vdoor_provider *p);

/**
 * vdoor_object_changed - the kernel must see the next calls on a socket
 * @session: whose object
 * @obj: its index
 *
 * Takes back the words of all descriptors whose handle stands for object @obj of
 * @session. Any context but under the locks of a descriptor table.
 */
void vdoor_object_changed(struct vos_session *session, u32 obj);

/**
 * vdoor_target_get - keep the memory of a target that has not gone yet
 * @t: which
 *
 * Return: generation of its handle, for vdoor_recall(). Any context.
 */
u32 vdoor_target_get(struct vdoor_target *t);
void vdoor_target_put(struct vdoor_target *t);

/**
 * vdoor_recall - no call passes the door on this target any more
 * @t: kept by vdoor_target_get()
 * @gen: as that returned
 * @dirty: set if the process may have written
 *
 * Takes the words back and waits for the calls under way. @gone follows all the same,
 * later. Process context.
 *
 * Return: 1 it was in use, 0 it was not, and @dirty; -EINTR killed.
 */
int vdoor_recall(struct vdoor_target *t, u32 gen, bool *dirty);

/**
 * vdoor_end_window - the file is about to change
 * @t: with a window; kept by vdoor_target_get()
 * @gen: as that returned
 *
 * Its words are gone, and no word will name it, when this returns. Any context.
 */
void vdoor_end_window(struct vdoor_target *t, u32 gen);

/**
 * vdoor_wrote - has the process written to its window since this was last asked?
 * @t: with a window, not gone yet. Any context.
 *
 * Return: true if it has.
 */
bool vdoor_wrote(struct vdoor_target *t);

/**
 * vdoor_tidy - unmap the caller's windows that have ended and that nobody reads
 * Process context, no lock of memory management held.
 */
void vdoor_tidy(void);

/**
 * vdoor_replay - write again what processes wrote through dead links
 * @session: the storage domain's; from its up()
 * Return: 0; -ENOTCONN this link has died as well: again with the next.
 */
int vdoor_replay(struct vos_session *session);

#endif

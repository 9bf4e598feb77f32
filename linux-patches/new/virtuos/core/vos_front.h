/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the front end's core offers to the socket family (../net) and to the file
 * system (../fs): sessions with service domains, and calls over them.
 *
 * A session names one service ("net", "storage") and lives as long as its user.
 * It outlasts the service domain: each incarnation of the domain is a link, and
 * each link has its epoch. A call belongs to one link; when that dies, the call
 * ends with -EOWNERDEAD and its user decides what that means.
 *
 * Invariant: every call that was submitted ends exactly once, through done() or
 * through vos_call(), whatever the peer does.
 */
#ifndef VOS_FRONT_H
#define VOS_FRONT_H

#include <linux/types.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/atomic.h>
#include <virtuos/abi.h>
#include <virtuos/peer.h>
#include <virtuos/ops.h>

struct vos_session;
struct vos_link;
struct vos_channel;

/*
 * struct vos_call - one call from its allocation to its answer
 * @sqe: the user fills opcode, obj, gen, arg[] and may shorten ext[].len;
 *	the core has set tag, cred and ext[] when vos_call_get() returns
 * @cqe: private copy of the completion; valid if status is 0
 * @data: where each extent lies, contiguous, sqe.ext[].len bytes as it was got
 * @epoch: of the link that the call belongs to
 * @status: 0 answered; -EOWNERDEAD the link died first
 * @done: for vos_call_submit(): called once, with interrupts off, in any context
 * @orphan: for vos_call(), called like @done when the answer comes after vos_call()
 *	returned -EINTR. It must put the call, as is done if it is NULL
 * @priv: the user's
 */
struct vos_call {
	struct vos_sqe sqe;
	struct vos_cqe cqe;
	void __peer *data[2];
	u32 epoch;
	int status;
	void (*done)(struct vos_call *call);
	void (*orphan)(struct vos_call *call);
	void *priv;

	/* the core's own */
	struct vos_channel *chan;
	struct vos_extent room[2];	/* as allocated */
	u32 slot;
	u8 state;
	struct list_head node;
};

/**
 * struct vos_session_ops - what a session tells its user
 * @up: a link is ready for use by recovery. Runs in process context, may call
 *	with VOS_GET_RECOVERY; other callers are let in when it returns. NULL: none.
 * @down: the link is dead and all its calls have ended. Process context.
 * @event: object @obj has a new poll mask; see vos_obj_poll(). Interrupts may be
 *	off, any context.
 * @room: slots or arena have become free after a -ENOBUFS from vos_call_get(): a
 *	slot is kept for a second. Interrupts may be off, any context.
 * @prompt: the service waits for nobody, disks included: a call that it has not answered
 *	within hang_timeout it never will
 */
struct vos_session_ops {
	void (*up)(struct vos_session *s);
	void (*down)(struct vos_session *s);
	void (*event)(struct vos_session *s, u32 obj);
	void (*room)(struct vos_session *s);
	bool prompt;
};

/**
 * vos_session_get - find or make the session with a service
 * @name: as in the xenstore key "service", e.g. "net"
 * @ops: the one user's callbacks; -EBUSY if the session has another user
 * @priv: returned by vos_session_priv()
 * @nr_objects: size of the object table, a multiple of 64 up to VOS_MAX_OBJECTS,
 *	or 0
 * @arena_pages: arena of each channel, in pages, up to VOS_MAX_ARENA_PAGES
 * Return: the session, or ERR_PTR(-EINVAL, -EBUSY, -ENOMEM).
 */
struct vos_session *vos_session_get(const char *name,
				    const struct vos_session_ops *ops, void *priv,
				    u32 nr_objects, u32 arena_pages);

/**
 * vos_session_put - end it: closes the link, waits for all calls to end
 * @s: as vos_session_get() gave it
 */
void vos_session_put(struct vos_session *s);

void *vos_session_priv(struct vos_session *s);
const char *vos_session_name(struct vos_session *s);

/* Counts links: 0 before the first. Changes before down() and before up(). */
u32 vos_session_epoch(struct vos_session *s);

/* Is a link up, and open for ordinary callers? */
bool vos_session_is_up(struct vos_session *s);

/* vos_call_get() flags */
#define VOS_GET_NOWAIT		BIT(0)	/* -ENOBUFS rather than wait (atomic context) */
#define VOS_GET_RECOVERY	BIT(1)	/* from ops->up(), before others */
#define VOS_GET_KILLABLE	BIT(2)	/* only fatal signals end the wait */
#define VOS_GET_NOCRED		BIT(3)	/* run with the service's own credentials */
#define VOS_GET_UP_ONLY		BIT(4)	/* -ENOTCONN at once if no link is up */

/**
 * vos_call_get - a call with its slot and arena space
 * @s: the session
 * @len0: bytes of the first extent, or 0
 * @len1: bytes of the second extent, or 0
 * @len0, @len1: bytes for ext[0] and ext[1]; 0 for none. At most
 *	vos_session_max_extent().
 * @flags: VOS_GET_*
 *
 * Waits for the session to come up (at most restart_timeout), then for room, in turn.
 * The call runs under current_cred() unless VOS_GET_NOCRED, which VOS_GET_NOWAIT needs:
 * the service may have to be told of credentials first.
 *
 * Return: the call, or ERR_PTR: -ENOTCONN no link within restart_timeout,
 * -ERESTARTSYS interrupted, -ENOBUFS no room now (VOS_GET_NOWAIT only), -ENOMEM,
 * -EMSGSIZE. Never -EAGAIN or -EINTR, which mean something to callers as answers.
 */
struct vos_call *vos_call_get(struct vos_session *s, u32 len0, u32 len1, u32 flags);

/* Upper bound of one extent in bytes: a quarter of the arena. */
u32 vos_session_max_extent(struct vos_session *s);

/**
 * vos_call - submit and wait for the answer
 * @call: filled in
 *
 * The service never blocks on a call of class NET, so the wait is short; it can
 * be killed all the same. Spins within spin_us first.
 *
 * Return: 0: call->cqe is valid, the caller must vos_call_put().
 * -EOWNERDEAD: the link died; the caller must vos_call_put().
 * -EINTR: killed; the call is no longer the caller's (see @orphan).
 */
int vos_call(struct vos_call *call);

/**
 * vos_call_submit - submit; @call->done will be called exactly once
 * @call: filled in, with a done()
 *
 * Never fails and never sleeps. done() may run before this returns.
 */
void vos_call_submit(struct vos_call *call);

/* Give the call's slot and arena space back. Any context. */
void vos_call_put(struct vos_call *call);

/**
 * vos_call_violation - the answer is one that no honest service gives: end its connection
 * @call: ended with status 0, not put yet
 * @what: for the log
 *
 * Any context.
 */
void vos_call_violation(struct vos_call *call, const char *what);

/**
 * vos_obj_poll - poll mask of object @obj as the back end last wrote it
 * @s: the session
 * @obj: index of the object
 * @gen: must match the table's generation, else 0 is returned
 * Untrusted: a mask, nothing else, follows from it.
 * Return: EPOLL* bits; 0 while no link is up.
 */
u32 vos_obj_poll(struct vos_session *s, u32 obj, u32 gen);

/**
 * vos_obj_arm - ask for an event when @obj's mask changes
 * @s: the session
 * @obj: index of the object
 *
 * To be followed by a new vos_obj_poll() before sleeping (full barrier inside).
 * vos_obj_disarm() takes it back; both cheap, any context.
 */
void vos_obj_arm(struct vos_session *s, u32 obj);
void vos_obj_disarm(struct vos_session *s, u32 obj);

#endif

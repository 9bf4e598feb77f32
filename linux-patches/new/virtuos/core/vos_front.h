/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the front end's core offers to the socket family (../net) and to the file system
 * (../fs): sessions with service domains, and calls over them.
 *
 * A session names one service ("net", "storage") and lives as long as its user. It outlasts the
 * service domain: each incarnation of the domain is a link, and each link has its epoch. A call
 * belongs to one link. When the link dies, the call ends with -EOWNERDEAD and its user decides
 * what that means.
 *
 * Invariant: every call that was submitted ends exactly once, through done() or through
 * vos_call(), whatever the peer does.
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

struct pid_namespace;
struct user_namespace;
struct vos_session;
struct vos_link;
struct vos_channel;

/**
 * struct vos_call - one call from its allocation to its answer
 * @sqe: the user fills opcode, obj, gen, arg[] and may shorten ext[].len; the core has set
 *	tag, cred and ext[] when vos_call_get() returns
 * @cqe: private copy of the completion; valid if status is 0
 * @data: where each extent lies, contiguous, sqe.ext[].len bytes as allocated
 * @epoch: of the link that the call belongs to
 * @status: 0: answered; -EOWNERDEAD: the link died first
 * @done: for vos_call_submit(): called once, with interrupts off, in any context
 * @orphan: for vos_call(), called like @done when the answer comes after vos_call()
 *	returned -EINTR. It must put the call. NULL: the core puts it
 * @priv: the user's
 * @aux: the user's, too
 * @chan: the core's: the call's channel
 * @room: the core's: the extents as allocated
 * @slot: the core's: number of the call's slot
 * @state: the core's: enum vos_call_state
 * @charges: a call with done(): the user charges the call by vos_charge_late(). Otherwise it
 *	stays unclaimed
 * @node: the core's: on a list of answered calls
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
	void *aux;

	/* the core's own */
	struct vos_channel *chan;
	struct vos_extent room[2];
	u32 slot;
	u8 state;
	bool charges;
	struct list_head node;
};

/**
 * struct vos_session_ops - what a session calls of its user
 * @up: a link is ready for use by recovery. Runs in process context, may call with
 *	VOS_GET_RECOVERY. When it returns, other callers may use the link. NULL: none
 * @down: the link is dead and all its calls have ended. Process context
 * @event: object @obj has a new poll mask, see vos_obj_poll(), by @cause: VOS_CAUSE_*, other bits
 *	too. It is 0 if that was told already. Interrupts may be off, any context
 * @room: slots or arena have become free after a -ENOBUFS from vos_call_get(). A slot is
 *	kept for a second. Interrupts may be off, any context
 * @service: enum vos_door_service: under which threads are charged
 * @user_ns: the number of a caller's user namespace at the service. It is not called for the
 *	initial one. It clears those of @caps that do not count there. NULL: the service
 *	knows none, and none counts. Process context
 * @prompt: the service waits for no peer and no disk. It never answers a call that it has
 *	not answered within hang_timeout
 */
struct vos_session_ops {
	void (*up)(struct vos_session *s);
	void (*down)(struct vos_session *s);
	void (*event)(struct vos_session *s, u32 obj, u32 cause);
	void (*room)(struct vos_session *s);
	u32 (*user_ns)(struct vos_session *s, const struct user_namespace *ns, u64 *caps);
	u32 service;
	bool prompt;
};

/**
 * vos_session_get - make the session with a service
 * @name: as in the xenstore key "service", e.g. "net"
 * @ops: the user's callbacks
 * @priv: returned by vos_session_priv()
 * @nr_objects: size of the object table, a multiple of 64 up to VOS_MAX_OBJECTS, or 0
 * @arena_pages: arena of each channel, in pages, up to VOS_MAX_ARENA_PAGES
 *
 * Context: process.
 * Return: the session, or ERR_PTR(-EINVAL, -ENOMEM). ERR_PTR(-EBUSY): another user has the
 * session.
 */
struct vos_session *vos_session_get(const char *name,
				    const struct vos_session_ops *ops, void *priv,
				    u32 nr_objects, u32 arena_pages);

/**
 * vos_session_put - end a session: close the link, wait for all calls to end
 * @s: as vos_session_get() returned it
 *
 * Context: process.
 */
void vos_session_put(struct vos_session *s);

/**
 * vos_session_priv - get what the user gave to vos_session_get()
 * @s: the session
 *
 * Context: any.
 * Return: @priv as it was given.
 */
void *vos_session_priv(struct vos_session *s);

/**
 * vos_session_name - get the name of a session's service
 * @s: the session
 *
 * Context: any.
 * Return: the name, which lives as long as @s.
 */
const char *vos_session_name(struct vos_session *s);

/**
 * vos_session_epoch - get a number that counts links
 * @s: the session
 *
 * It changes before down() and before up().
 *
 * Context: any.
 * Return: the epoch; 0 before the first link.
 */
u32 vos_session_epoch(struct vos_session *s);

/**
 * vos_session_is_up - test whether a link is up, and open for ordinary callers
 * @s: the session
 *
 * Context: any.
 * Return: true if so.
 */
bool vos_session_is_up(struct vos_session *s);

/* vos_call_get() flags */
#define VOS_GET_NOWAIT		BIT(0)	/* -ENOBUFS rather than wait (atomic context) */
#define VOS_GET_RECOVERY	BIT(1)	/* from ops->up(), before others */
#define VOS_GET_KILLABLE	BIT(2)	/* only fatal signals end the wait */
#define VOS_GET_NOCRED		BIT(3)	/* run with the service's own credentials */
#define VOS_GET_UP_ONLY		BIT(4)	/* -ENOTCONN at once if no link is up */

/**
 * vos_call_get - get a call with its slot and arena space
 * @s: the session
 * @len0: bytes of the first extent, up to vos_session_max_extent(), or 0
 * @len1: bytes of the second extent, likewise
 * @flags: VOS_GET_*
 *
 * Waits for the session to come up (at most restart_timeout), then for room, in turn.
 *
 * The call runs under current_cred() unless @flags has VOS_GET_NOCRED. VOS_GET_NOWAIT needs
 * VOS_GET_NOCRED: the core may have to register credentials with the service first.
 *
 * Context: process. With VOS_GET_NOWAIT: any.
 * Return: the call, or ERR_PTR. -ENOTCONN: no link within restart_timeout. -ERESTARTSYS:
 * interrupted. -ENOBUFS: no room now (VOS_GET_NOWAIT only). -ENOMEM. -EMSGSIZE. Never -EAGAIN
 * or -EINTR, which callers take for answers.
 */
struct vos_call *vos_call_get(struct vos_session *s, u32 len0, u32 len1, u32 flags);

/**
 * vos_session_max_extent - get the upper bound of one extent, a quarter of the arena
 * @s: the session
 *
 * Context: any.
 * Return: the bound in bytes.
 */
u32 vos_session_max_extent(struct vos_session *s);

/**
 * vos_call - submit a call and wait for the answer
 * @call: filled in
 *
 * It polls for spin_us, then sleeps. The service never blocks on a call of class NET, so the
 * wait is short. A kill ends it all the same.
 *
 * Context: process.
 * Return: 0: call->cqe is valid, the caller must vos_call_put(). -EOWNERDEAD: the link died;
 * the caller must vos_call_put(). -EINTR: killed; the call is no longer the caller's (see
 * @orphan).
 */
int vos_call(struct vos_call *call);

/**
 * vos_call_unkillable - submit a call and wait for the answer, even if the task is killed
 * @call: filled in
 *
 * It is for calls that later ones must not overtake. The wait ends with the link at the latest.
 *
 * Context: process.
 * Return: as vos_call(), never -EINTR.
 */
int vos_call_unkillable(struct vos_call *call);

/**
 * vos_call_submit - submit a call; its done() will be called exactly once
 * @call: filled in, with a done()
 *
 * Never fails and never sleeps. done() may run before this returns.
 *
 * Context: any.
 */
void vos_call_submit(struct vos_call *call);

/**
 * vos_account_prepare - see that the caller can be charged by vos_charge_late()
 *
 * Context: the thread for which a call is about to be made; it may hold spin locks.
 */
void vos_account_prepare(void);

/**
 * vos_charge_late - charge an answered call to the thread that it was made for
 * @call: with @charges, ended with status 0, not put yet
 * @pid: the thread's number in @ns; 0: there is no thread
 * @ns: a namespace
 *
 * If there is no such thread any more, or it has no account, the call stays unclaimed.
 *
 * Context: any.
 */
void vos_charge_late(struct vos_call *call, pid_t pid, struct pid_namespace *ns);

/**
 * vos_call_put - give a call's slot and arena space back
 * @call: the call
 *
 * Context: any.
 */
void vos_call_put(struct vos_call *call);

/**
 * vos_call_violation - end the connection, for no honest service gives such an answer
 * @call: ended with status 0, not put yet
 * @what: for the log
 *
 * Context: any.
 */
void vos_call_violation(struct vos_call *call, const char *what);

/**
 * vos_obj_poll - read the poll mask of object @obj as the back end last wrote it
 * @s: the session
 * @obj: index of the object
 * @gen: must match the table's generation
 *
 * The mask is untrusted: a caller may take it for readiness and for nothing else.
 *
 * Context: any.
 * Return: EPOLL* bits; 0 if the generation does not match or no link is up.
 */
u32 vos_obj_poll(struct vos_session *s, u32 obj, u32 gen);

/**
 * vos_obj_arm - ask for an event when @obj's mask changes
 * @s: the session
 * @obj: index of the object
 * @room: ask for one each time that a datagram has left, too
 *
 * The caller calls vos_obj_poll() again before it sleeps. A full barrier is inside.
 *
 * Context: any.
 */
void vos_obj_arm(struct vos_session *s, u32 obj, bool room);

/**
 * vos_obj_disarm - undo vos_obj_arm()
 * @s: the session
 * @obj: index of the object
 *
 * Context: any.
 */
void vos_obj_disarm(struct vos_session *s, u32 obj);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine of a service domain: connections with primaries, their channels,
 * the dispatcher, credentials, the object table. A service (../net, ../storage)
 * gives it three functions and gets checked, private copies of calls.
 *
 * Invariant: a service never sees an extent outside the arena, more calls in flight than
 * the ring has entries, or a call that the table of operations does not allow
 * (virtuos/ops.h): of another class, by somebody else, without the right on its handle,
 * with an extent too many or too few.
 */
#ifndef VENG_H
#define VENG_H

#include <linux/types.h>
#include <linux/kthread.h>
#include <linux/llist.h>
#include <linux/workqueue.h>
#include <linux/cred.h>
#include <virtuos/abi.h>
#include <virtuos/ops.h>
#include <virtuos/peer.h>
#include <virtuos/door.h>

struct veng_conn;
struct veng_chan;
struct veng_handle;

/*
 * struct veng_scall - one call being served
 * @sqe: private, checked copy
 * @in: kernel address of each extent that the call is to read, by the table of operations,
 *	or NULL: there is none. The memory is shared: the peer may change it at any time,
 *	so copy before you check.
 * @out: the same of each that it is to write
 * @cqe: the service fills poll, pos and out[]
 * @cred: to run under (override_creds), never NULL
 * @work: free for the service's use, to carry on outside the dispatcher
 * @ctl: the same for veng_scall_queue_ctl(), with what it shall run
 * @handle: the engine's; NULL for a call on a kernel channel
 * @target: what the handle stands for (see veng_service.handle_add)
 * @slot: shared state of the handle, to be written only
 */
struct veng_scall {
	struct vos_sqe sqe;
	const void __peer *in[2];
	void __peer *out[2];
	struct vos_cqe cqe;
	struct veng_conn *conn;
	struct veng_chan *chan;
	const struct cred *cred;
	union {
		struct work_struct work;
		struct {
			struct kthread_work work;
			s64 (*fn)(struct veng_scall *call);
		} ctl;
	};
	void *priv;
	struct veng_handle *handle;
	void *target;
	struct vos_uchan_slot __peer *slot;
	struct list_head node;		/* the engine's */
};

#define VENG_PENDING	((s64)0x7fffffff00000001ll)

/*
 * struct veng_service - what a service gives the engine
 * @role: matched against the xenstore key "role": "network" or "storage"
 * @class: the opcodes it serves besides those of class CORE; dispatch() gets no others
 * @connect: a primary connected; return its private data or ERR_PTR
 * @disconnect: all calls have ended, the shared memory is still there; drop all
 *	objects and stop publishing
 * @dispatch: carry out a call, in the dispatcher, which must not block. Return
 *	the result, or VENG_PENDING if veng_scall_complete() will be called, which the
 *	table of operations has to allow (answer). Runs with @cred in force.
 * @handle_add: a process is to use @node (HANDLE_ADD's arg2) through its user channel;
 *	@flags: VOS_HANDLE_*; @slot: shared state of the handle, to be written only.
 *	Control thread. Return: what calls get as @target, or ERR_PTR. NULL: sockets,
 *	which calls name by obj and gen
 * @handle_drop: the end of that; no call uses it. Control thread. Return: did it
 *	leave something behind that is not durable?
 */
struct veng_service {
	const char *role;
	enum vos_class class;
	void *(*connect)(struct veng_conn *conn);
	void (*disconnect)(struct veng_conn *conn, void *priv);
	s64 (*dispatch)(struct veng_scall *call);
	void *(*handle_add)(struct veng_conn *conn, u64 node, u32 flags,
			    struct vos_uchan_slot __peer *slot);
	bool (*handle_drop)(struct veng_conn *conn, void *target);
};

int veng_service_register(const struct veng_service *svc);
void veng_service_unregister(const struct veng_service *svc);

void *veng_conn_priv(struct veng_conn *conn);
u32 veng_conn_nr_objects(struct veng_conn *conn);

/**
 * veng_scall_complete - answer a call that dispatch() left pending
 * @call: which; must not be touched afterwards
 * @result: value or -errno. Any context but hard interrupt.
 */
void veng_scall_complete(struct veng_scall *call, s64 result);

/**
 * veng_scall_queue_ctl - run @fn for the call in the connection's control thread
 * @call: which
 * @fn: what is run
 *
 * For paths that insist on user pointers or may block on locks (ioctl, socket
 * options): one thread per connection, in order, with a user address window of
 * its own (see veng_window()). @fn returns the result; dispatch() returns
 * VENG_PENDING after this. @fn runs with the call's credentials in force.
 */
void veng_scall_queue_ctl(struct veng_scall *call, s64 (*fn)(struct veng_scall *call));

/*
 * veng_window - the control thread's user window
 * Return: user address of VENG_WINDOW_SIZE zero-filled writable bytes, usable with
 * copy_to_user() and friends within @fn of veng_scall_queue_ctl() only.
 */
#define VENG_WINDOW_SIZE 0x20000u
void __user *veng_window(struct veng_conn *conn);

/**
 * veng_obj_publish - write an object's poll mask into the shared table
 * @conn: of which primary
 * @obj: index of the object
 * @gen: its generation
 * @poll: EPOLL* bits
 * @wake: raise its event bit (if the front end armed it), and notify
 *
 * Callers serialise per object. Any context. Out-of-range @obj is ignored.
 */
void veng_obj_publish(struct veng_conn *conn, u32 obj, u32 gen, u32 poll, bool wake);

/*
 * veng_obj_dirty - have @fn(node) called soon in the connection's dispatcher
 *
 * For wake-up callbacks of sockets, which run in soft interrupts under locks:
 * queue, then publish from the dispatcher. @node must stay valid until run;
 * queueing a node twice is a no-op. Returns false if already queued.
 */
struct veng_dirty {
	struct llist_node node;
	unsigned long queued;
	void (*fn)(struct veng_dirty *d);
};

bool veng_obj_dirty(struct veng_conn *conn, struct veng_dirty *d);

/*
 * Runs what is queued by veng_obj_dirty() now, so that an object can be freed whose
 * callbacks are already gone. From dispatch() or disconnect() only.
 */
void veng_dispatcher_sync(struct veng_conn *conn);

#endif

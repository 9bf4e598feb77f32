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
#ifndef VOS_ENGINE_H
#define VOS_ENGINE_H

#include <linux/types.h>
#include <linux/kthread.h>
#include <linux/llist.h>
#include <linux/workqueue.h>
#include <linux/cred.h>
#include <virtuos/abi.h>
#include <virtuos/ops.h>
#include <virtuos/peer.h>
#include <virtuos/door.h>

struct vos_conn;
struct vos_chan;
struct vos_handle;

/*
 * struct vos_scall - one call being served
 * @sqe: private, checked copy
 * @in: kernel address of each extent that the call is to read, by the table of operations,
 *	or NULL: there is none. The memory is shared: the peer may change it at any time,
 *	so copy before you check.
 * @out: the same of each that it is to write
 * @cqe: the service fills poll, pos and out[]
 * @cred: to run under (override_creds), never NULL
 * @work: free for the service's use, to carry on outside the dispatcher
 * @ctl: the same for vos_scall_queue_ctl(), with what it shall run
 * @handle: the engine's; NULL for a call on a kernel channel
 * @target: what the handle stands for (see vos_service.handle_add)
 * @slot: shared state of the handle, to be written only
 */
struct vos_scall {
	struct vos_sqe sqe;
	const void __peer *in[2];
	void __peer *out[2];
	struct vos_cqe cqe;
	struct vos_conn *conn;
	struct vos_chan *chan;
	const struct cred *cred;
	union {
		struct work_struct work;
		struct {
			struct kthread_work work;
			s64 (*fn)(struct vos_scall *call);
		} ctl;
	};
	void *priv;
	struct vos_handle *handle;
	void *target;
	struct vos_uchan_slot __peer *slot;
	struct list_head node;		/* the engine's */
};

#define VOS_PENDING	((s64)0x7fffffff00000001ll)

/*
 * struct vos_service - what a service gives the engine
 * @role: matched against the xenstore key "role": "network" or "storage"
 * @class: the opcodes it serves besides those of class CORE; dispatch() gets no others
 * @connect: a primary connected; return its private data or ERR_PTR
 * @disconnect: all calls have ended, the shared memory is still there; drop all
 *	objects and stop publishing
 * @dispatch: carry out a call, in the dispatcher, which must not block. Return
 *	the result, or VOS_PENDING if vos_scall_complete() will be called, which the
 *	table of operations has to allow (answer). Runs with @cred in force.
 * @handle_add: a process is to use @node (HANDLE_ADD's arg2) through its user channel;
 *	@flags: VOS_HANDLE_*; @slot: shared state of the handle, to be written only.
 *	Control thread. Return: what calls get as @target, or ERR_PTR. NULL: sockets,
 *	which calls name by obj and gen
 * @handle_drop: the end of that; no call uses it. Control thread. Return: did it
 *	leave something behind that is not durable?
 */
struct vos_service {
	const char *role;
	enum vos_class class;
	void *(*connect)(struct vos_conn *conn);
	void (*disconnect)(struct vos_conn *conn, void *priv);
	s64 (*dispatch)(struct vos_scall *call);
	void *(*handle_add)(struct vos_conn *conn, u64 node, u32 flags,
			    struct vos_uchan_slot __peer *slot);
	bool (*handle_drop)(struct vos_conn *conn, void *target);
};

int vos_service_register(const struct vos_service *svc);
void vos_service_unregister(const struct vos_service *svc);

void *vos_conn_priv(struct vos_conn *conn);
u32 vos_conn_nr_objects(struct vos_conn *conn);

/**
 * vos_scall_complete - answer a call that dispatch() left pending
 * @call: which; must not be touched afterwards
 * @result: value or -errno. Any context but hard interrupt.
 */
void vos_scall_complete(struct vos_scall *call, s64 result);

/**
 * vos_scall_queue_ctl - run @fn for the call in the connection's control thread
 * @call: which
 * @fn: what is run
 *
 * For paths that insist on user pointers or may block on locks (ioctl, socket
 * options): one thread per connection, in order, with a user address window of
 * its own (see vos_window()). @fn returns the result; dispatch() returns
 * VOS_PENDING after this. @fn runs with the call's credentials in force.
 */
void vos_scall_queue_ctl(struct vos_scall *call, s64 (*fn)(struct vos_scall *call));

/*
 * vos_window - the control thread's user window
 * Return: user address of VOS_WINDOW_SIZE zero-filled writable bytes, usable with
 * copy_to_user() and friends within @fn of vos_scall_queue_ctl() only.
 */
#define VOS_WINDOW_SIZE 0x20000u
void __user *vos_window(struct vos_conn *conn);

/**
 * vos_obj_publish - write an object's poll mask into the shared table
 * @conn: of which primary
 * @obj: index of the object
 * @gen: its generation
 * @poll: EPOLL* bits
 * @wake: raise its event bit (if the front end armed it), and notify
 *
 * Callers serialise per object. Any context. Out-of-range @obj is ignored.
 */
void vos_obj_publish(struct vos_conn *conn, u32 obj, u32 gen, u32 poll, bool wake);

/*
 * vos_obj_dirty - have @fn(node) called soon in the connection's dispatcher
 *
 * For wake-up callbacks of sockets, which run in soft interrupts under locks:
 * queue, then publish from the dispatcher. @node must stay valid until run;
 * queueing a node twice is a no-op. Returns false if already queued.
 */
struct vos_dirty {
	struct llist_node node;
	unsigned long queued;
	void (*fn)(struct vos_dirty *d);
};

bool vos_obj_dirty(struct vos_conn *conn, struct vos_dirty *d);

/*
 * Runs what is queued by vos_obj_dirty() now, so that an object can be freed whose
 * callbacks are already gone. From dispatch() or disconnect() only.
 */
void vos_dispatcher_sync(struct vos_conn *conn);

#endif

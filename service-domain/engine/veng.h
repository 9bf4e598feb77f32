/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine of a service domain: connections with primaries, their channels, the dispatcher,
 * credentials, the object table. A service (../net, ../storage) gives the engine three
 * functions and gets checked, private copies of calls.
 *
 * Invariant: a service never sees an extent outside the arena, nor more calls in flight than
 * the ring has entries. It never sees a call that the table of operations (virtuos/ops.h) does
 * not allow. That is a call of another class, from the wrong caller, without the right on its
 * handle, or with a wrong number of extents.
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

struct mm_struct;
struct veng_conn;
struct veng_chan;
struct veng_handle;

/*
 * struct veng_clock - the time of a thread that carries out calls
 * @last: time stamp at which the stretch under way began
 * @stamp: it changes whenever the thread or its virtual processor has been off the processor
 * @stolen: how long the virtual processor was off, at @stamp, in ns
 * @off: the same of the thread
 * @switches: how often other threads have run instead, at @stamp
 */
struct veng_clock {
	u64 last;
	u64 stamp;
	u64 stolen;
	u64 off;
	unsigned long switches;
};

/*
 * struct veng_scall - one call being served
 * @sqe: private, checked copy
 * @in: kernel address of each extent that the call reads, by the table of operations,
 *	or NULL: there is none. The peer may change the memory at any time, so copy
 *	before you check.
 * @out: the same of each extent that the call writes
 * @cqe: the service fills poll and out[0..3]. Until the answer, cost is what the call has
 *	taken so far, and out[4] how long it waited for nested calls
 * @cred: to run under (override_creds), never NULL
 * @work: free for the service's use outside the dispatcher
 * @ctl: the engine's, for veng_scall_queue_ctl()
 * @handle: the engine's; NULL for a call on a kernel channel
 * @target: what the handle stands for (see veng_service.handle_add)
 * @slot: shared state of the handle, to be written only
 * @taken: time stamp at which the dispatcher began with a call that it has handed over
 * @worker: the thread that has taken it up; NULL: none yet
 * @clock: that thread's
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
	u64 taken;
	struct task_struct *worker;
	struct veng_clock clock;
	struct list_head node;		/* the engine's */
};

#define VENG_PENDING	((s64)0x7fffffff00000001ll)

/*
 * struct veng_service - what a service gives the engine
 * @role: matched against the xenstore key "role": "network" or "storage"
 * @class: the opcodes it serves besides those of class CORE; dispatch() gets no others
 * @connect: take a primary that has connected; return private data for it, or ERR_PTR
 * @disconnect: drop all objects and stop publishing. All calls have ended; the shared
 *	memory is still mapped.
 * @dispatch: carry out a call with @cred in force. Context: dispatcher; must not block.
 *	Return: the result, or VENG_PENDING if veng_scall_complete() follows. The table
 *	of operations must allow the latter (answer).
 * @handle_add: let a process use @node (HANDLE_ADD's arg2) through its user channel;
 *	@flags: VOS_HANDLE_*; @slot: shared state of the handle, to be written only.
 *	Context: control thread. Return: what calls get as @target, or ERR_PTR. NULL:
 *	the service has sockets, which calls name by obj and gen.
 * @handle_drop: release a target that no call uses. Context: control thread.
 *	Return: true if data is left that is not durable.
 * @user_ns: find a user namespace by its number in struct vos_cred, which is not 0. Context:
 *	dispatcher. Return: it, with a reference; NULL: there is none. The function may be
 *	missing: the service knows the initial one alone.
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
	struct user_namespace *(*user_ns)(struct veng_conn *conn, u32 number);
};

int veng_service_register(const struct veng_service *svc);
void veng_service_unregister(const struct veng_service *svc);

/**
 * veng_conn_priv - get the service's private data of a connection
 * @conn: the connection
 *
 * Return: what veng_service.connect returned for @conn.
 */
void *veng_conn_priv(struct veng_conn *conn);

/**
 * veng_front_time - tell what the primary's clock shows now
 * @ns: becomes that, in ns
 *
 * This domain's own clock may drift by milliseconds until it is set again, if its kernel does not
 * trust the time stamp counter.
 *
 * Context: task.
 * Return: false: it is not known, or there are several primaries.
 */
bool veng_front_time(s64 *ns);

/**
 * veng_conn_nr_objects - count the entries of the object table
 * @conn: the connection
 *
 * Return: number of entries; 0: there is no table.
 */
u32 veng_conn_nr_objects(struct veng_conn *conn);

/**
 * veng_scall_complete - answer a call that dispatch() left pending
 * @call: the call; the service must not touch it afterwards
 * @result: value or -errno
 *
 * Context: any but hard interrupt.
 */
void veng_scall_complete(struct veng_scall *call, s64 result);

/**
 * veng_scall_hand_over - end the dispatcher's part of a call
 * @call: the call; another thread is going to answer it
 *
 * Call it before another thread can get at @call. veng_scall_queue_ctl() does it itself.
 *
 * Context: dispatcher, in dispatch().
 */
void veng_scall_hand_over(struct veng_scall *call);

/**
 * veng_scall_take_up - begin to carry out a call that was handed over
 * @call: the call
 *
 * What the thread does from here to veng_scall_complete() is charged to the call's caller.
 *
 * Context: process.
 */
void veng_scall_take_up(struct veng_scall *call);

/**
 * veng_scall_queue_ctl - run @fn for the call in the connection's control thread
 * @call: the call
 * @fn: returns the result; runs with the call's credentials in force
 *
 * Queue what needs user pointers or may block on locks, such as ioctl and socket options. A
 * connection has one control thread. The thread runs calls in order and has a window of user
 * addresses, see veng_window(). After this, dispatch() returns VENG_PENDING.
 *
 * Context: dispatcher, in dispatch().
 */
void veng_scall_queue_ctl(struct veng_scall *call, s64 (*fn)(struct veng_scall *call));

#define VENG_WINDOW_SIZE 0x20000u
/**
 * veng_window - get the address of the control thread's user window
 * @conn: the connection
 *
 * Context: @fn of veng_scall_queue_ctl().
 * Return: user address of VENG_WINDOW_SIZE zero-filled writable bytes, for copy_to_user() and
 * its like.
 */
void __user *veng_window(struct veng_conn *conn);

/**
 * veng_obj_publish - write an object's poll mask into the shared table
 * @conn: the primary's connection
 * @obj: index of the object; ignored if out of range
 * @gen: its generation
 * @poll: EPOLL* bits
 * @cause: VOS_CAUSE_*: raise its event bit (if the front end armed it), and notify; 0: do not
 *
 * Context: any; callers serialise per object.
 */
void veng_obj_publish(struct veng_conn *conn, u32 obj, u32 gen, u32 poll, u32 cause);

/**
 * veng_obj_tells_room - test whether the front end waits for each datagram that leaves
 * @conn: the primary's connection, not torn down yet
 * @obj: index of the object; false if out of range
 *
 * Context: any.
 * Return: true if so.
 */
bool veng_obj_tells_room(struct veng_conn *conn, u32 obj);

/**
 * veng_obj_announce - raise an object's event bit, armed or not, and notify
 * @conn: the primary's connection
 * @obj: index of the object; ignored if out of range
 *
 * For what a process is told of that waits for nothing.
 *
 * Context: as veng_obj_publish(), after it.
 */
void veng_obj_announce(struct veng_conn *conn, u32 obj);

/*
 * struct veng_dirty - what veng_obj_dirty() queues
 * @queued: bit 0: it is queued
 * @fn: what the dispatcher calls
 */
struct veng_dirty {
	struct llist_node node;
	unsigned long queued;
	void (*fn)(struct veng_dirty *d);
};

/**
 * veng_obj_dirty - queue @d for the connection's dispatcher, which calls its fn(@d) soon
 * @conn: the connection
 * @d: must stay valid until fn() runs
 *
 * Wake-up callbacks of sockets queue here and publish from the dispatcher. If @d is queued
 * already, nothing happens.
 *
 * Context: any, soft interrupts under locks too.
 * Return: false if @d was queued already.
 */
bool veng_obj_dirty(struct veng_conn *conn, struct veng_dirty *d);

/**
 * veng_dispatcher_sync - run now what veng_obj_dirty() has queued
 * @conn: the connection
 *
 * After this a service may free an object whose callbacks are gone.
 *
 * Context: dispatcher, in dispatch(); or disconnect().
 */
void veng_dispatcher_sync(struct veng_conn *conn);

/**
 * veng_mm_new - make an address space for kernel threads, which no process has
 *
 * Context: process.
 * Return: the mm, for kthread_use_mm() and mmput(); NULL: no memory.
 */
struct mm_struct *veng_mm_new(void);

#endif

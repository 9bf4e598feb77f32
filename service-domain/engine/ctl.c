// SPDX-License-Identifier: GPL-2.0
/*
 * The control thread of a connection. Calls that may block on locks or need user pointers run
 * here, one after the other. The thread's mm holds nothing but a small window, so a hostile
 * argument reaches that window at most.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <asm/paravirt.h>
#include "engine_priv.h"

#define WINDOW_ADDR 0x10000000ul

struct mm_work {
	struct kthread_work work;
	struct veng_conn *conn;
	int rc;
};

void __user *veng_window(struct veng_conn *conn)
{
	return (void __user *)WINDOW_ADDR;
}
EXPORT_SYMBOL_GPL(veng_window);

static void run_call(struct kthread_work *work)
{
	struct veng_scall *call = container_of(work, struct veng_scall, ctl.work);
	const struct cred *old = override_creds(call->cred);
	s64 result;

	veng_scall_take_up(call);
	result = call->ctl.fn(call);
	revert_creds(old);
	call->conn->complete(call, result);
}

/**
 * veng_ctl_queue - veng_scall_queue_ctl() for a call that has been handed over
 * @call: the call
 * @fn: returns the result
 *
 * Context: any but hard interrupt.
 */
void veng_ctl_queue(struct veng_scall *call, s64 (*fn)(struct veng_scall *call))
{
	kthread_init_work(&call->ctl.work, run_call);
	call->ctl.fn = fn;
	kthread_queue_work(call->conn->ctl, &call->ctl.work);
}

void veng_scall_queue_ctl(struct veng_scall *call, s64 (*fn)(struct veng_scall *call))
{
	veng_scall_hand_over(call);
	veng_ctl_queue(call, fn);
}
EXPORT_SYMBOL_GPL(veng_scall_queue_ctl);

/* Context: control thread. Take the mm and map the window in it. */
static void adopt_mm(struct kthread_work *work)
{
	struct mm_work *w = container_of(work, struct mm_work, work);
	unsigned long addr;

	kthread_use_mm(w->conn->window_mm);
	addr = vm_mmap(NULL, WINDOW_ADDR, VENG_WINDOW_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);
	w->rc = addr == WINDOW_ADDR ? 0 : IS_ERR_VALUE(addr) ? (int)addr : -ENOMEM;
}

static void leave_mm_work(struct kthread_work *work)
{
	struct mm_work *w = container_of(work, struct mm_work, work);

	kthread_unuse_mm(w->conn->window_mm);
}

static int run_in_ctl(struct veng_conn *conn, kthread_work_func_t fn)
{
	struct mm_work w = { .conn = conn };

	kthread_init_work(&w.work, fn);
	kthread_queue_work(conn->ctl, &w.work);
	kthread_flush_work(&w.work);
	return w.rc;
}

struct mm_struct *veng_mm_new(void)
{
	struct mm_struct *mm = mm_alloc();

	if (!mm)
		return NULL;
#ifdef CONFIG_MEMCG
	/* The task that makes it may end before it, and its memory is on no account. */
	RCU_INIT_POINTER(mm->owner, NULL);
#endif
	/* Like exec in activate_mm(): Xen must have seen the page tables. */
	paravirt_enter_mmap(mm);
	return mm;
}
EXPORT_SYMBOL_GPL(veng_mm_new);

/**
 * veng_ctl_start - start the control thread
 * @conn: the connection
 *
 * Context: process.
 * Return: 0 or -errno; on error nothing is left.
 */
int veng_ctl_start(struct veng_conn *conn)
{
	int rc;

	conn->ctl = kthread_create_worker(0, "virtuos-ctl/%u", conn->domid);
	if (IS_ERR(conn->ctl)) {
		rc = PTR_ERR(conn->ctl);
		conn->ctl = NULL;
		return rc;
	}
	conn->window_mm = veng_mm_new();
	if (!conn->window_mm) {
		kthread_destroy_worker(conn->ctl);
		conn->ctl = NULL;
		return -ENOMEM;
	}
	rc = run_in_ctl(conn, adopt_mm);
	if (rc)
		veng_ctl_stop(conn);
	return rc;
}

/**
 * veng_ctl_stop - end the control thread when it has run all queued calls
 * @conn: the connection
 *
 * Idempotent.
 *
 * Context: process.
 */
void veng_ctl_stop(struct veng_conn *conn)
{
	if (!conn->ctl)
		return;
	run_in_ctl(conn, leave_mm_work);
	kthread_destroy_worker(conn->ctl);
	mmput(conn->window_mm);
	conn->ctl = NULL;
	conn->window_mm = NULL;
}

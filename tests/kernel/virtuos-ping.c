// SPDX-License-Identifier: GPL-2.0
/*
 * Test module for the primary: null calls to a service, counted and timed.
 *
 * insmod virtuos-ping.ko service=net count=100000: says in the kernel log how many
 * nanoseconds a call took, and fails to load if one went wrong. It needs a session
 * of its own, so the service must not be in use by another front end.
 */
#include <linux/ktime.h>
#include <linux/module.h>
#include "vos_front.h"

static char *service = "net";
module_param(service, charp, 0444);
static uint count = 10000;
module_param(count, uint, 0444);

static const struct vos_session_ops ops;

static int ping(struct vos_session *s)
{
	struct vos_call *call = vos_call_get(s, 0, 0, VOS_GET_KILLABLE);
	int rc;

	if (IS_ERR(call))
		return PTR_ERR(call);
	call->sqe.opcode = VOS_OP_NOP;
	rc = vos_call(call);
	if (rc == -EINTR)
		return rc;
	if (!rc)
		rc = call->cqe.result;
	vos_call_put(call);
	return rc;
}

static int __init ping_init(void)
{
	struct vos_session *s = vos_session_get(service, &ops, NULL, 64, 256);
	u64 start;
	uint i;
	int rc;

	if (IS_ERR(s))
		return PTR_ERR(s);
	rc = ping(s);		/* waits for the service */
	start = ktime_get_ns();
	for (i = 0; i < count && !rc; i++)
		rc = ping(s);
	if (rc)
		pr_err("virtuos-ping: call %u: error %d\n", i, rc);
	else
		pr_info("virtuos-ping: %u calls, %llu ns each\n", count,
			(ktime_get_ns() - start) / (count ?: 1));
	vos_session_put(s);
	return rc;
}

static void __exit ping_exit(void)
{
}

module_init(ping_init);
module_exit(ping_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VirtuOS test: null calls");

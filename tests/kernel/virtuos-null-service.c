// SPDX-License-Identifier: GPL-2.0
/*
 * Test module for a service domain: a service that serves nothing but the
 * engine's own calls.
 */
#include <linux/err.h>
#include <linux/module.h>
#include "vos_engine.h"

static void *null_connect(struct vos_conn *conn)
{
	return conn;
}

static void null_disconnect(struct vos_conn *conn, void *priv)
{
}

static s64 null_dispatch(struct vos_scall *call)
{
	return -ENOSYS;
}

static const struct vos_service null_service = {
	.role = "network",
	.class = VOS_CLASS_NONE,
	.connect = null_connect,
	.disconnect = null_disconnect,
	.dispatch = null_dispatch,
};

static int __init null_init(void)
{
	return vos_service_register(&null_service);
}

static void __exit null_exit(void)
{
	vos_service_unregister(&null_service);
}

module_init(null_init);
module_exit(null_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VirtuOS test: a service without calls");

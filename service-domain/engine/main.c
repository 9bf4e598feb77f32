// SPDX-License-Identifier: GPL-2.0
/*
 * virtuos-engine: what both service domains have in common. See veng.h.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <xen/xen.h>
#include "engine_priv.h"

static DEFINE_MUTEX(service_mutex);
static const struct veng_service *current_service;

/**
 * veng_service_register - offer @svc to primaries
 * @svc: stays valid until veng_service_unregister()
 * Return: 0; -EBUSY, this domain has a service already; -errno of xenbus.
 */
int veng_service_register(const struct veng_service *svc)
{
	int rc = -EBUSY;

	mutex_lock(&service_mutex);
	if (!current_service) {
		rc = veng_xenbus_start(svc);
		if (!rc)
			current_service = svc;
	}
	mutex_unlock(&service_mutex);
	return rc;
}
EXPORT_SYMBOL_GPL(veng_service_register);

/**
 * veng_service_unregister - close all connections and take the service back
 * @svc: as registered
 */
void veng_service_unregister(const struct veng_service *svc)
{
	mutex_lock(&service_mutex);
	if (current_service == svc) {
		veng_xenbus_stop();
		current_service = NULL;
	}
	mutex_unlock(&service_mutex);
}
EXPORT_SYMBOL_GPL(veng_service_unregister);

static int __init veng_init(void)
{
	int rc;

	if (!xen_domain())
		return -ENODEV;
	rc = veng_cred_init();
	if (rc)
		return rc;
	rc = veng_conns_init();
	if (rc) {
		veng_cred_exit();
		return rc;
	}
	return veng_lie_init();
}

static void __exit veng_exit(void)
{
	veng_lie_exit();
	veng_conns_exit();
	veng_cred_exit();
}

module_init(veng_init);
module_exit(veng_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VirtuOS service domain: connections, channels, dispatcher");

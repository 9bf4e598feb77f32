// SPDX-License-Identifier: GPL-2.0
/*
 * virtuos-engine: what both service domains have in common. See vos_engine.h.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <xen/xen.h>
#include "engine_priv.h"

unsigned int vos_poll_us = 1000;
module_param_named(poll_us, vos_poll_us, uint, 0644);
MODULE_PARM_DESC(poll_us,
		 "microseconds that a dispatcher polls after its last work, at most; it learns how long pays");

unsigned int vos_event_delay_us = 1000;
module_param_named(event_delay_us, vos_event_delay_us, uint, 0644);
MODULE_PARM_DESC(event_delay_us,
		 "microseconds at most that a busy front end has to take events by itself before it is interrupted");

static DEFINE_MUTEX(service_mutex);
static const struct vos_service *current_service;

/**
 * vos_service_register - offer @svc to primaries
 * @svc: stays valid until vos_service_unregister()
 * Return: 0; -EBUSY, this domain has a service already; -errno of xenbus.
 */
int vos_service_register(const struct vos_service *svc)
{
	int rc = -EBUSY;

	mutex_lock(&service_mutex);
	if (!current_service) {
		rc = vos_xenbus_start(svc);
		if (!rc)
			current_service = svc;
	}
	mutex_unlock(&service_mutex);
	return rc;
}
EXPORT_SYMBOL_GPL(vos_service_register);

/**
 * vos_service_unregister - close all connections and take the service back
 * @svc: as registered
 */
void vos_service_unregister(const struct vos_service *svc)
{
	mutex_lock(&service_mutex);
	if (current_service == svc) {
		vos_xenbus_stop();
		current_service = NULL;
	}
	mutex_unlock(&service_mutex);
}
EXPORT_SYMBOL_GPL(vos_service_unregister);

static int __init vos_engine_init(void)
{
	int rc;

	if (!xen_domain())
		return -ENODEV;
	rc = vos_cred_init();
	if (rc)
		return rc;
	rc = vos_conns_init();
	if (rc) {
		vos_cred_exit();
		return rc;
	}
	return vos_lie_init();
}

static void __exit vos_engine_exit(void)
{
	vos_lie_exit();
	vos_conns_exit();
	vos_cred_exit();
}

module_init(vos_engine_init);
module_exit(vos_engine_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VirtuOS service domain: connections, channels, dispatcher");

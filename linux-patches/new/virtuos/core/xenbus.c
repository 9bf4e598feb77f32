// SPDX-License-Identifier: GPL-2.0
/*
 * The xenbus front end "virtuos": one device for each incarnation of a service
 * domain. It finds the session that the key "service" names, sets a link up, and
 * kills the link when the other end goes away in whatever manner.
 *
 * Invariant: dev->link is set from Initialised until the end, under vos_mutex.
 *
 * A device whose session does not exist yet stays without a driver: bound to one
 * and not connected, it would have every module that registers a xenbus driver
 * wait for it. A new session probes such devices again.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <xen/xen.h>
#include <xen/xenbus.h>
#include "internal.h"

struct vos_dev {
	struct list_head node;
	struct xenbus_device *dev;
	char *service;
	struct vos_link *link;
	bool announced;
};

static LIST_HEAD(devices);

static int publish(struct vos_dev *vd)
{
	struct xenbus_device *dev = vd->dev;
	int rc;

	rc = xenbus_printf(XBT_NIL, dev->nodename, "protocol-version", "%u",
			   VOS_PROTOCOL_VERSION);
	if (!rc)
		rc = xenbus_printf(XBT_NIL, dev->nodename, "features", "%u",
				   VOS_F_EVENTS | VOS_F_HEARTBEAT | VOS_F_USER_CHANNELS);
	if (!rc)
		rc = xenbus_printf(XBT_NIL, dev->nodename, "ctrl-ref", "%u",
				   vos_area_ctrl_ref(&vd->link->area));
	return rc;
}

static void drop_link(struct vos_dev *vd)
{
	struct vos_link *link = vd->link;

	if (!link)
		return;
	vd->link = NULL;
	vos_link_kill(link);
	vos_link_put(link);
}

/* The back end waits for our half. Under vos_mutex. */
static void set_up(struct vos_dev *vd)
{
	struct vos_session *s = vos_session_find(vd->service);
	struct vos_link *link;
	int rc;

	if (!s || vd->link)
		return;
	link = vos_link_create(s, vd->dev);
	if (IS_ERR(link)) {
		xenbus_dev_fatal(vd->dev, PTR_ERR(link), "allocating shared memory");
		return;
	}
	vd->link = link;
	atomic64_add(vos_area_total(&link->area), &s->grants);
	rc = publish(vd);
	if (rc) {
		drop_link(vd);
		xenbus_dev_fatal(vd->dev, rc, "writing to xenstore");
		return;
	}
	xenbus_switch_state(vd->dev, XenbusStateInitialised);
}

static void backend_connected(struct vos_dev *vd)
{
	if (!vd->link || vd->announced)
		return;
	vd->announced = true;
	xenbus_switch_state(vd->dev, XenbusStateConnected);
	vos_link_watch(vd->link);
	vos_session_link_ready(vd->link);
}

static void backend_changed(struct xenbus_device *dev, enum xenbus_state state)
{
	struct vos_dev *vd = dev_get_drvdata(&dev->dev);

	mutex_lock(&vos_mutex);
	switch (state) {
	case XenbusStateInitWait:
		set_up(vd);
		break;
	case XenbusStateConnected:
		backend_connected(vd);
		break;
	case XenbusStateUnknown:	/* the domain is gone, and its nodes too */
	case XenbusStateClosing:
	case XenbusStateClosed:
		drop_link(vd);
		if (dev->state != XenbusStateClosed)
			xenbus_frontend_closed(dev);
		break;
	default:
		break;
	}
	mutex_unlock(&vos_mutex);
}

static int probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
	struct vos_dev *vd = kzalloc(sizeof(*vd), GFP_KERNEL);
	bool wanted;

	if (!vd)
		return -ENOMEM;
	vd->dev = dev;
	vd->service = xenbus_read(XBT_NIL, dev->nodename, "service", NULL);
	if (IS_ERR(vd->service)) {
		int rc = PTR_ERR(vd->service);

		kfree(vd);
		xenbus_dev_fatal(dev, rc, "reading service");
		return rc;
	}
	dev_set_drvdata(&dev->dev, vd);
	mutex_lock(&vos_mutex);
	wanted = vos_session_find(vd->service);
	if (wanted)
		list_add_tail(&vd->node, &devices);
	mutex_unlock(&vos_mutex);
	if (wanted)
		return 0;
	kfree(vd->service);
	kfree(vd);
	return -EPROBE_DEFER;
}

static void remove(struct xenbus_device *dev)
{
	struct vos_dev *vd = dev_get_drvdata(&dev->dev);

	mutex_lock(&vos_mutex);
	list_del(&vd->node);
	drop_link(vd);
	mutex_unlock(&vos_mutex);
	kfree(vd->service);
	kfree(vd);
}

/* The session is about to go. Under vos_mutex, still on the list. */
void vos_xenbus_session_gone(struct vos_session *s)
{
	struct vos_dev *vd;

	list_for_each_entry(vd, &devices, node) {
		if (!vd->link || vd->link->session != s)
			continue;
		drop_link(vd);
		xenbus_switch_state(vd->dev, XenbusStateClosing);
	}
}

/*
 * vos_xenbus_link_failed - tell dom0 that @link was given up though its domain lives
 * @why: "hang", "violation"
 */
void vos_xenbus_link_failed(struct vos_link *link, const char *why)
{
	struct vos_dev *vd;

	mutex_lock(&vos_mutex);
	list_for_each_entry(vd, &devices, node)
		if (vd->link == link)
			xenbus_printf(XBT_NIL, vd->dev->nodename, "failed", "%s", why);
	mutex_unlock(&vos_mutex);
}

static const struct xenbus_device_id ids[] = {
	{ "virtuos" },
	{ "" }
};

static struct xenbus_driver driver = {
	.ids = ids,
	.probe = probe,
	.remove = remove,
	.otherend_changed = backend_changed,
	.not_essential = true,
};

/* A session has come: its device may have been waiting. Not under vos_mutex. */
void vos_xenbus_session_new(void)
{
	int rc = driver_attach(&driver.driver);

	if (rc)
		pr_warn("virtuos: looking for devices: error %d\n", rc);
}

int vos_xenbus_init(void)
{
	return xenbus_register_frontend(&driver);
}

void vos_xenbus_exit(void)
{
	xenbus_unregister_driver(&driver);
}

MODULE_ALIAS("xen:virtuos");

// SPDX-License-Identifier: GPL-2.0
/*
 * The xenbus front end "virtuos": one device for each incarnation of a service domain. It finds
 * the session that the key "service" names and sets a link up. When the other end goes away, in
 * whatever manner, it kills the link.
 *
 * Invariant: vd->link is set, under vos_mutex, from Initialised until the end, and never again.
 * A device whose link has ended has served (docs/protocol.md, "no reconnection"), for its back
 * end may have kept the pages. If a dying domain still has the pages that a link needs,
 * set_up() is tried again.
 *
 * Nothing here waits for a service. So link memory is allocated without reclaim of what only a
 * service could write back.
 *
 * While the session of a device does not exist, the device stays without a driver. Every module
 * that registers a xenbus driver would wait for a device that is bound and not connected. A new
 * session probes such devices again.
 */
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <xen/xen.h>
#include <xen/xenbus.h>
#include "core_priv.h"

#define TRY_AGAIN	(HZ / 5 ?: 1)

/**
 * struct vos_dev - a xenbus device
 * @node: on devices, under vos_mutex
 * @dev: the device
 * @service: the name of its service, from xenstore
 * @link: its link, or NULL; counted
 * @served: it had a link, and gets no other
 * @left: its link ended with the session
 * @announced: the back end has mapped and serves @link
 * @again: set_up() is to be tried again
 */
struct vos_dev {
	struct list_head node;
	struct xenbus_device *dev;
	char *service;
	struct vos_link *link;
	bool served;
	bool left;
	bool announced;
	struct delayed_work again;
};

static LIST_HEAD(devices);

static int publish(struct vos_dev *vd)
{
	struct xenbus_device *dev = vd->dev;
	int rc;

	rc = xenbus_printf(XBT_NIL, dev->nodename, "protocol-version", "%u",
			   VOS_PROTOCOL_VERSION);
	if (!rc)
		rc = xenbus_printf(XBT_NIL, dev->nodename, "features", "%u", VOS_FEATURES);
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

/*
 * Write to xenstore why the link was given up though its domain lives (docs/protocol.md). If
 * dom0 has removed the device, write nothing: that would leave a node behind.
 * Return: 0, or the error of xenstore.
 */
static int tell_failed(struct vos_dev *vd, const char *why)
{
	const char *node = vd->dev->nodename;
	struct xenbus_transaction t;
	bool there;
	int rc;

	/* The common case is a dead domain: no transaction while dom0 removes its nodes. */
	if (!xenbus_exists(XBT_NIL, node, "service"))
		return 0;
	do {
		rc = xenbus_transaction_start(&t);
		if (rc)
			break;
		there = xenbus_exists(t, node, "service");
		rc = there ? xenbus_printf(t, node, "failed", "%s", why) : 0;
		rc = xenbus_transaction_end(t, !there || rc) ?: rc;
	} while (rc == -EAGAIN);
	if (rc)
		pr_err("virtuos: %s: writing to xenstore: error %d\n", vd->service, rc);
	return rc;
}

/* End a link that has failed by vos_link_fail(), and write to xenstore why. */
static void link_failed(struct work_struct *work)
{
	struct vos_link *link = container_of(work, struct vos_link, kill_work);
	struct vos_dev *vd;

	vos_link_kill(link);
	mutex_lock(&vos_mutex);
	list_for_each_entry(vd, &devices, node)
		if (vd->link == link)
			tell_failed(vd, link->failure);
	mutex_unlock(&vos_mutex);
	vos_link_put(link);
}

/*
 * Make the device's link.
 * Return: 0 or -errno. -ENOSPC: there are no pages now.
 */
static int make_link(struct vos_dev *vd, struct vos_session *s)
{
	unsigned int noio = memalloc_noio_save();
	struct vos_link *link = vos_link_create(s, vd->dev, link_failed);

	memalloc_noio_restore(noio);
	if (IS_ERR(link))
		return PTR_ERR(link);
	vd->link = link;
	vd->served = true;
	atomic64_add(vos_area_total(&link->area), &s->grants);
	return 0;
}

/* Set the link up; the back end waits for it. */
static void set_up(struct vos_dev *vd)
{
	struct vos_session *s = vos_session_find(vd->service);
	int rc;

	lockdep_assert_held(&vos_mutex);
	if (!s || vd->link)
		return;
	rc = make_link(vd, s);
	if (rc == -ENOSPC) {
		pr_warn_ratelimited("virtuos: %s: no pages to be granted, trying again\n", s->name);
		queue_delayed_work(vos_wq, &vd->again, TRY_AGAIN);
		return;
	}
	if (rc) {
		xenbus_dev_fatal(vd->dev, rc, "allocating shared memory");
		return;
	}
	rc = publish(vd);
	if (rc) {
		drop_link(vd);
		xenbus_dev_fatal(vd->dev, rc, "writing to xenstore");
		return;
	}
	xenbus_switch_state(vd->dev, XenbusStateInitialised);
}

static void again_work(struct work_struct *work)
{
	struct vos_dev *vd = container_of(to_delayed_work(work), struct vos_dev, again);

	mutex_lock(&vos_mutex);
	if (!vd->served)
		set_up(vd);
	mutex_unlock(&vos_mutex);
}

static void backend_waits(struct vos_dev *vd)
{
	lockdep_assert_held(&vos_mutex);
	if (!vd->served) {
		set_up(vd);
	} else if (!vd->link) {
		pr_err_ratelimited("virtuos: %s: protocol violation (reconnection), refused\n",
				   vd->service);
		tell_failed(vd, "violation");
	}
}

/*
 * Drop the link. Either the back end has closed the connection, or has not begun it, or has
 * written an invalid state. Or it follows the primary, which closed first. Or it is gone with
 * its nodes.
 */
static void backend_closes(struct vos_dev *vd)
{
	lockdep_assert_held(&vos_mutex);
	if (vd->link || !vd->served)
		tell_failed(vd, "closed");
	vd->served = true;
	drop_link(vd);
}

static void backend_connected(struct vos_dev *vd)
{
	lockdep_assert_held(&vos_mutex);
	if (!vd->link || vd->announced)
		return;
	vd->announced = true;
	xenbus_switch_state(vd->dev, XenbusStateConnected);
	vos_watch_begin(vd->link);
	vos_session_link_ready(vd->link);
}

static void backend_changed(struct xenbus_device *dev, enum xenbus_state state)
{
	struct vos_dev *vd = dev_get_drvdata(&dev->dev);

	mutex_lock(&vos_mutex);
	switch (state) {
	case XenbusStateInitWait:
		backend_waits(vd);
		break;
	case XenbusStateConnected:
		backend_connected(vd);
		break;
	case XenbusStateClosing:
	case XenbusStateClosed:
	case XenbusStateUnknown:
		backend_closes(vd);
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
	INIT_DELAYED_WORK(&vd->again, again_work);
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
	vd->served = true;
	drop_link(vd);
	mutex_unlock(&vos_mutex);
	cancel_delayed_work_sync(&vd->again);
	kfree(vd->service);
	kfree(vd);
}

/**
 * vos_xenbus_session_gone - drop the links of a session that is about to go
 * @s: the session; still on the list
 *
 * Context: process; vos_mutex is held.
 */
void vos_xenbus_session_gone(struct vos_session *s)
{
	struct vos_dev *vd;

	lockdep_assert_held(&vos_mutex);
	list_for_each_entry(vd, &devices, node) {
		if (!vd->link || vd->link->session != s)
			continue;
		drop_link(vd);
		vd->left = true;
		xenbus_switch_state(vd->dev, XenbusStateClosing);
	}
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

/*
 * Let a session have the devices that were bound before it came. The back end of one waits: an
 * earlier session gave up before it did. Another was left by an earlier session, and a new one
 * is asked for in its place.
 */
static void take_bound(const char *service)
{
	struct vos_dev *vd;

	mutex_lock(&vos_mutex);
	list_for_each_entry(vd, &devices, node) {
		if (strcmp(vd->service, service))
			continue;
		if (vd->left)
			vd->left = tell_failed(vd, "again") != 0;
		else if (!vd->served &&
			 xenbus_read_driver_state(vd->dev->otherend) == XenbusStateInitWait)
			set_up(vd);
	}
	mutex_unlock(&vos_mutex);
}

/**
 * vos_xenbus_session_new - let devices find a session that has come
 * @name: its service
 *
 * A device may have waited for it, or have been bound for an earlier one.
 *
 * Context: process; vos_mutex is not held.
 */
void vos_xenbus_session_new(const char *name)
{
	int rc = driver_attach(&driver.driver);

	if (rc)
		pr_warn("virtuos: search for devices: error %d\n", rc);
	take_bound(name);
}

/**
 * vos_xenbus_init - register the xenbus front end
 *
 * Return: 0 or -errno.
 */
int vos_xenbus_init(void)
{
	return xenbus_register_frontend(&driver);
}

/**
 * vos_xenbus_exit - unregister the xenbus front end
 */
void vos_xenbus_exit(void)
{
	xenbus_unregister_driver(&driver);
}

MODULE_ALIAS("xen:virtuos");

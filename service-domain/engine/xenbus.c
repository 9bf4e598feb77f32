// SPDX-License-Identifier: GPL-2.0
/*
 * The xenbus back end "virtuos": one device per primary. It follows the front end's state. By
 * that it makes the connection or queues its tear-down.
 *
 * One thread serves all of this domain's devices. It runs everything here, so code here waits
 * for xenstore and memory only.
 */
#include <linux/slab.h>
#include <xen/xenbus.h>
#include "engine_priv.h"

static const struct veng_service *service;

/**
 * struct veng_backend - one device
 * @conn: from Connected until it is @over
 * @tried: connect() has run; there is no second connection
 * @over: no connection any more
 */
struct veng_backend {
	struct veng_conn *conn;
	bool tried;
	bool over;
};

/* When nothing is left of the connection, the device's state becomes Closed. */
static void disconnect(struct xenbus_device *dev, struct veng_backend *b)
{
	if (b->over)
		return;
	b->over = true;
	if (b->conn) {
		veng_lie_conn_gone(b->conn);
		veng_conn_end(b->conn);
	} else {
		xenbus_switch_state(dev, XenbusStateClosed);
	}
	b->conn = NULL;
}

static void connect(struct xenbus_device *dev, struct veng_backend *b)
{
	unsigned int version, ref;
	struct veng_conn *conn;
	int rc;

	if (b->tried || b->over)
		return;
	b->tried = true;
	rc = xenbus_gather(XBT_NIL, dev->otherend, "protocol-version", "%u", &version,
			   "ctrl-ref", "%u", &ref, NULL);
	if (rc) {
		xenbus_dev_fatal(dev, rc, "reading %s", dev->otherend);
		return;
	}
	if (version != VOS_PROTOCOL_VERSION) {
		xenbus_dev_fatal(dev, -EPROTO, "protocol version %u, not %u", version,
				 VOS_PROTOCOL_VERSION);
		return;
	}
	conn = veng_conn_create(service, dev, ref);
	if (IS_ERR(conn)) {
		xenbus_dev_fatal(dev, PTR_ERR(conn), "connecting");
		return;
	}
	b->conn = conn;
	xenbus_switch_state(dev, XenbusStateConnected);
	veng_lie_conn(conn);
}

static void frontend_changed(struct xenbus_device *dev, enum xenbus_state state)
{
	struct veng_backend *b = dev_get_drvdata(&dev->dev);

	switch (state) {
	case XenbusStateInitialised:
		connect(dev, b);
		break;
	case XenbusStateClosing:
		if (!b->over)
			xenbus_switch_state(dev, XenbusStateClosing);
		break;
	case XenbusStateClosed:
	case XenbusStateUnknown:
		if (b->conn && veng_lie_reconnects()) {
			*b = (struct veng_backend){};
			xenbus_switch_state(dev, XenbusStateInitWait);
			break;
		}
		/* remove() runs when the device's nodes are gone. */
		disconnect(dev, b);
		break;
	default:
		break;
	}
}

static int announce(struct xenbus_device *dev)
{
	int rc = xenbus_printf(XBT_NIL, dev->nodename, "versions", "%u", VOS_PROTOCOL_VERSION);

	if (!rc)
		rc = xenbus_printf(XBT_NIL, dev->nodename, "features", "%u",
				   VOS_F_EVENTS | VOS_F_HEARTBEAT | VOS_F_USER_CHANNELS |
				   VOS_F_COST | VOS_F_TRACE | VOS_F_CAUSE);
	if (!rc)
		rc = xenbus_switch_state(dev, XenbusStateInitWait);
	return rc;
}

static int probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
	struct veng_backend *b;
	char *role = xenbus_read(XBT_NIL, dev->nodename, "role", NULL);
	bool ours;
	int rc;

	if (IS_ERR(role)) {
		xenbus_dev_fatal(dev, PTR_ERR(role), "reading role");
		return PTR_ERR(role);
	}
	ours = !strcmp(role, service->role);
	kfree(role);
	if (!ours) {
		xenbus_dev_fatal(dev, -EINVAL, "role is not %s", service->role);
		return -EINVAL;
	}
	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	dev_set_drvdata(&dev->dev, b);
	rc = announce(dev);
	if (rc) {
		dev_set_drvdata(&dev->dev, NULL);
		kfree(b);
		xenbus_dev_fatal(dev, rc, "announcing");
	}
	return rc;
}

static void remove(struct xenbus_device *dev)
{
	struct veng_backend *b = dev_get_drvdata(&dev->dev);

	disconnect(dev, b);
	kfree(b);
}

static const struct xenbus_device_id ids[] = {
	{ "virtuos" },
	{ "" }
};

static struct xenbus_driver driver = {
	.ids = ids,
	.probe = probe,
	.remove = remove,
	.otherend_changed = frontend_changed,
};

/**
 * veng_xenbus_start - register the back end, which probes devices from then on
 * @svc: the service for all devices
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int veng_xenbus_start(const struct veng_service *svc)
{
	int rc;

	service = svc;
	rc = xenbus_register_backend(&driver);
	if (rc)
		service = NULL;
	return rc;
}

/**
 * veng_xenbus_stop - unregister the back end, and wait for all tear-downs
 *
 * Context: process.
 */
void veng_xenbus_stop(void)
{
	xenbus_unregister_driver(&driver);
	veng_conns_flush();
	service = NULL;
}

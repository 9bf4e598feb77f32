// SPDX-License-Identifier: GPL-2.0
/*
 * The xenbus back end "virtuos": one device per primary. It follows the front
 * end's state and makes or destroys the connection.
 */
#include <linux/slab.h>
#include <xen/xenbus.h>
#include "internal.h"

static const struct vos_service *service;

struct vos_backend {
	struct vos_conn *conn;
};

static void disconnect(struct vos_backend *b)
{
	struct vos_conn *conn = b->conn;

	if (!conn)
		return;
	b->conn = NULL;
	vos_conn_destroy(conn);
}

static void connect(struct xenbus_device *dev, struct vos_backend *b)
{
	unsigned int version, ref;
	struct vos_conn *conn;
	int rc;

	if (b->conn)
		return;
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
	conn = vos_conn_create(service, dev, ref);
	if (IS_ERR(conn)) {
		xenbus_dev_fatal(dev, PTR_ERR(conn), "connecting");
		return;
	}
	b->conn = conn;
	xenbus_switch_state(dev, XenbusStateConnected);
}

static void frontend_changed(struct xenbus_device *dev, enum xenbus_state state)
{
	struct vos_backend *b = dev_get_drvdata(&dev->dev);

	switch (state) {
	case XenbusStateInitialised:
		connect(dev, b);
		break;
	case XenbusStateClosing:
		xenbus_switch_state(dev, XenbusStateClosing);
		break;
	case XenbusStateClosed:
	case XenbusStateUnknown:
		disconnect(b);
		xenbus_switch_state(dev, XenbusStateClosed);
		if (!xenbus_dev_is_online(dev))
			device_unregister(&dev->dev);
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
				   VOS_F_EVENTS | VOS_F_HEARTBEAT | VOS_F_USER_CHANNELS);
	if (!rc)
		rc = xenbus_switch_state(dev, XenbusStateInitWait);
	return rc;
}

static int probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
	struct vos_backend *b;
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
	struct vos_backend *b = dev_get_drvdata(&dev->dev);

	disconnect(b);
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

/* Devices are looked at only once there is a service for them. */
int vos_xenbus_start(const struct vos_service *svc)
{
	int rc;

	service = svc;
	rc = xenbus_register_backend(&driver);
	if (rc)
		service = NULL;
	return rc;
}

void vos_xenbus_stop(void)
{
	xenbus_unregister_driver(&driver);
	service = NULL;
}

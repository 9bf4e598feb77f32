// SPDX-License-Identifier: GPL-2.0
/*
 * The device of a front end that lies. The test writes its nodes into xenstore: of type
 * "vliar" on our side, "virtuos" on the service's; the key "lie" says which is to be told.
 * When it has been, "played" is written there. How many pages a service had not given back
 * when the nodes were removed, the parameter "kept" says.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <xen/events.h>
#include <xen/page.h>
#include <xen/xen.h>
#include <xen/xenbus.h>
#include "liar.h"

static unsigned int kept;
module_param(kept, uint, 0444);
MODULE_PARM_DESC(kept, "pages that services had not unmapped when their devices went");

/* A connection that was refused may be taken down a moment later. */
static bool end_grant(grant_ref_t ref)
{
	int tries;

	for (tries = 0; tries < 20; tries++) {
		if (gnttab_try_end_foreign_access(ref))
			return true;
		msleep(100);
	}
	return false;
}

/* What is still mapped is left to the grant table. */
static void free_page_of(struct front *f, int i)
{
	if (f->ref[i] && !end_grant(f->ref[i])) {
		kept++;
		gnttab_end_foreign_access(f->ref[i], f->page[i]);
	} else {
		put_page(f->page[i]);
	}
}

static void front_free(struct front *f)
{
	int i;

	cancel_work_sync(&f->play);
	if (f->evtchn)
		xenbus_free_evtchn(f->dev, f->evtchn);
	for (i = 0; i < ALL_PAGES && f->page[i]; i++)
		free_page_of(f, i);
	kfree(f);
}

static int grant(struct front *f, int i)
{
	int ref;

	f->page[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!f->page[i])
		return -ENOMEM;
	ref = gnttab_grant_foreign_access(f->dev->otherend_id, xen_page_to_gfn(f->page[i]), 0);
	if (ref < 0)
		return ref;
	f->ref[i] = ref;
	return 0;
}

static void write_ctrl(struct front *f)
{
	u32 *dir = front_page(f, DIR_PAGE);
	int i;

	for (i = 0; i < AREA_PAGES; i++)
		dir[i] = f->ref[i];
	*f->ctrl = (struct vos_ctrl){
		.magic = VOS_MAGIC, .version = VOS_PROTOCOL_VERSION,
		.features = VOS_F_EVENTS | VOS_F_HEARTBEAT | VOS_F_USER_CHANNELS,
		.nr_channels = 1, .nr_objects = OBJECTS, .area_pages = AREA_PAGES,
		.obj_page = OBJ_PAGE, .event_page = EVENT_PAGE,
		.nr_dir = 1, .dir_ref[0] = f->ref[DIR_PAGE],
		.channel[0] = {
			.hdr_page = HDR_PAGE, .sq_page = SQ_PAGE, .cq_page = CQ_PAGE,
			.arena_page = ARENA_PAGE, .entries = ENTRIES,
			.arena_pages = ARENA_PAGES, .evtchn = f->evtchn,
		},
	};
}

static int front_make(struct front *f)
{
	struct vos_channel_page *hdr;
	int i, rc;

	for (i = 0; i < ALL_PAGES; i++) {
		rc = grant(f, i);
		if (rc)
			return rc;
	}
	rc = xenbus_alloc_evtchn(f->dev, &f->evtchn);
	if (rc)
		return rc;
	f->ctrl = front_page(f, CTRL_PAGE);
	hdr = front_page(f, HDR_PAGE);
	vos_ring_init(&f->sq, &hdr->sq, front_page(f, SQ_PAGE), ENTRIES, VOS_SQ_PHASE);
	vos_ring_init(&f->cq, &hdr->cq, front_page(f, CQ_PAGE), ENTRIES, VOS_CQ_PHASE);
	write_ctrl(f);
	liar_page(f);
	return 0;
}

static void set_up(struct front *f)
{
	struct xenbus_device *dev = f->dev;
	int rc;

	/* It may be said more than once. */
	if (f->ctrl)
		return;
	rc = front_make(f);
	if (!rc)
		rc = xenbus_printf(XBT_NIL, dev->nodename, "protocol-version", "%u",
				   VOS_PROTOCOL_VERSION);
	if (!rc)
		rc = xenbus_printf(XBT_NIL, dev->nodename, "ctrl-ref", "%u", f->ref[CTRL_PAGE]);
	if (rc)
		xenbus_dev_fatal(dev, rc, "making a connection");
	else
		xenbus_switch_state(dev, XenbusStateInitialised);
}

static void play_work(struct work_struct *work)
{
	struct front *f = container_of(work, struct front, play);

	liar_play(f);
	xenbus_printf(XBT_NIL, f->dev->nodename, "played", "1");
}

static void backend_changed(struct xenbus_device *dev, enum xenbus_state state)
{
	struct front *f = dev_get_drvdata(&dev->dev);

	switch (state) {
	case XenbusStateInitWait:
		set_up(f);
		break;
	case XenbusStateConnected:
		xenbus_switch_state(dev, XenbusStateConnected);
		queue_work(system_long_wq, &f->play);
		break;
	case XenbusStateClosing:
	case XenbusStateClosed:
		WRITE_ONCE(f->over, true);
		if (dev->state != XenbusStateClosed)
			xenbus_frontend_closed(dev);
		break;
	default:
		break;
	}
}

static int probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
	struct front *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->dev = dev;
	if (xenbus_scanf(XBT_NIL, dev->nodename, "lie", "%31s", f->lie) != 1)
		f->lie[0] = 0;
	INIT_WORK(&f->play, play_work);
	dev_set_drvdata(&dev->dev, f);
	return 0;
}

static void remove(struct xenbus_device *dev)
{
	struct front *f = dev_get_drvdata(&dev->dev);

	WRITE_ONCE(f->over, true);
	front_free(f);
}

static const struct xenbus_device_id ids[] = {
	{ "vliar" },
	{ "" }
};

static struct xenbus_driver driver = {
	.ids = ids,
	.probe = probe,
	.remove = remove,
	.otherend_changed = backend_changed,
	.not_essential = true,
};

static int __init liar_init(void)
{
	return xen_domain() ? xenbus_register_frontend(&driver) : -ENODEV;
}
module_init(liar_init);

static void __exit liar_exit(void)
{
	xenbus_unregister_driver(&driver);
}
module_exit(liar_exit);

MODULE_DESCRIPTION("VirtuOS front end that lies, for tests");
MODULE_LICENSE("GPL");

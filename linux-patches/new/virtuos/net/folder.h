/* SPDX-License-Identifier: GPL-2.0 */
/* Folders of interfaces in /sys/class/net, and what is in them. */
#ifndef VNET_FOLDER_H
#define VNET_FOLDER_H

#include <linux/kobject.h>
#include <linux/list.h>
#include "netns.h"
#include "view.h"

/**
 * struct vnet_folder - an interface's folder, or one in it
 * @kobj: the folder
 * @ns: its namespace
 * @path: below /sys/class, here and at the domain
 * @entries: what is in it, as the domain lists it
 */
struct vnet_folder {
	struct kobject kobj;
	struct vnet_netns *ns;
	char *path;
	struct list_head entries;
};

/* folder.c */
int vnet_folder_begin(struct vnet_folder *f, struct vnet_netns *ns, const char *parent,
		      const char *name);
void vnet_folder_refresh(struct vnet_folder *f);
void vnet_folder_refresh_ports(struct vnet_folder *f);
void vnet_folder_end(struct vnet_folder *f);

/* masters.c */
void vnet_masters_set(struct vnet_netns *ns, struct kobject *class, bool there);

/* devices.c */
struct vnet_folder *vnet_device_find(struct vnet_netns *ns, const char *name);
int vnet_device_move(struct vnet_netns *ns, const char *name, struct vnet_view *v);

#endif

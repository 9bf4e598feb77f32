// SPDX-License-Identifier: GPL-2.0
/*
 * What is kept of the interfaces of /dev/net/tun, for the next incarnation of the domain.
 *
 * An interface lives as long as a file is attached to it, or longer if TUNSETPERSIST says so. It
 * is made again under its number and name, before the changes by netlink and ioctl() are. Those
 * then find it as they left it, and give it its addresses and routes.
 *
 * Invariant: what a program was told to be set is set again before other callers are let in.
 * A thread takes changes_lock (netlink_keep.c) before tuns_lock, if it takes both. Recovery holds
 * both while it asks the domain, so a program's waits for them can be killed.
 */
#include <linux/cred.h>
#include <linux/if_tun.h>
#include <linux/slab.h>
#include <linux/sockios.h>
#include "netlink.h"
#include "netns.h"
#include "tun.h"

/* Most interfaces, and most of a namespace that is not the initial one. */
#define DEVICES_MAX	1024u
#define DEVICES_OF_NETNS	256u

static DEFINE_MUTEX(tuns_lock);		/* the variables below */
static LIST_HEAD(devices);
static LIST_HEAD(files);		/* those that have asked for a number */

static void drop_settings(struct vnet_tun_device *d)
{
	struct vnet_tun_setting *s, *next;

	list_for_each_entry_safe(s, next, &d->settings, node) {
		list_del(&s->node);
		kfree(s);
	}
}

static void detach(struct vnet_tun *t)
{
	lockdep_assert_held(&tuns_lock);
	if (!t->device)
		return;
	list_del(&t->node);
	WRITE_ONCE(t->device, NULL);
	put_cred(t->cred);
	t->cred = NULL;
	t->detached = false;
}

static void forget(struct vnet_tun_device *d)
{
	struct vnet_tun *t, *next;

	lockdep_assert_held(&tuns_lock);
	list_for_each_entry_safe(t, next, &d->files, node)
		detach(t);
	drop_settings(d);
	list_del(&d->node);
	put_cred(d->cred);
	kfree(d);
}

static struct vnet_tun_device *find(u32 netns, int index)
{
	struct vnet_tun_device *d;

	lockdep_assert_held(&tuns_lock);
	list_for_each_entry(d, &devices, node)
		if (d->netns == netns && d->index == index)
			return d;
	return NULL;
}

static bool has_room(u32 netns)
{
	unsigned int all = 0, own = 0;
	struct vnet_tun_device *d;

	list_for_each_entry(d, &devices, node) {
		all++;
		own += d->netns == netns;
	}
	return all < (netns ? DEVICES_MAX / 2 : DEVICES_MAX) && (!netns || own < DEVICES_OF_NETNS);
}

static struct vnet_tun_device *add(u32 netns, int index)
{
	struct vnet_tun_device *d;

	if (!has_room(netns))
		return ERR_PTR(-ENOSPC);
	d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	if (!d)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&d->files);
	INIT_LIST_HEAD(&d->settings);
	d->cred = get_current_cred();
	d->netns = netns;
	d->index = index;
	list_add_tail(&d->node, &devices);
	return d;
}

/* Put a setting at the end, in the place of an earlier one of the same kind. */
static int put_setting(struct vnet_tun_device *d, u32 cmd, u64 value, const void *data, u32 len)
{
	struct vnet_tun_setting *s = kmalloc(struct_size(s, data, len), GFP_KERNEL_ACCOUNT), *old;

	if (!s)
		return -ENOMEM;
	s->cmd = cmd;
	s->value = value;
	s->len = len;
	memcpy(s->data, data, len);
	list_for_each_entry(old, &d->settings, node)
		if (old->cmd == cmd) {
			list_del(&old->node);
			kfree(old);
			break;
		}
	list_add_tail(&s->node, &d->settings);
	return 0;
}

static int lock_if_up(u32 epoch)
{
	if (mutex_lock_killable(&tuns_lock))
		return -EINTR;
	if (vos_session_epoch(vnet.session) == epoch)
		return 0;
	mutex_unlock(&tuns_lock);
	return -EOWNERDEAD;
}

static void warn(int rc)
{
	pr_warn_ratelimited("virtuos-net: an interface of /dev/net/tun will not be made again: error %d\n",
			    -rc);
}

/**
 * vnet_tun_end - forget a file, and its interface if it goes with it
 * @t: the file
 *
 * Context: process.
 */
void vnet_tun_end(struct vnet_tun *t)
{
	struct vnet_tun_device *d;
	u32 netns = 0;
	int index = 0;

	mutex_lock(&tuns_lock);
	d = t->device;
	detach(t);
	list_del_init(&t->numbered);
	if (d && list_empty(&d->files) && !d->persist) {
		netns = d->netns;
		index = d->index;
		forget(d);
	}
	mutex_unlock(&tuns_lock);
	if (index)
		vnet_changes_end(netns, index);
}

static int record(struct vnet_tun *t, const struct ifreq *ifr, const struct ifreq *hw, int index)
{
	u32 netns = vnet_netns_number(sock_net(t->sock->sk));
	struct vnet_tun_device *d = find(netns, index);
	int rc = 0;

	detach(t);
	if (!d) {
		d = add(netns, index);
		if (IS_ERR(d))
			return PTR_ERR(d);
		if (hw)
			rc = put_setting(d, SIOCSIFHWADDR, 0, hw, sizeof(*hw));
	}
	strscpy(d->name, ifr->ifr_name, IFNAMSIZ);
	d->flags = ifr->ifr_flags & ~IFF_TUN_EXCL;
	t->flags = d->flags;
	t->cred = get_current_cred();
	list_add_tail(&t->node, &d->files);
	WRITE_ONCE(t->device, d);
	return rc;
}

/**
 * vnet_tun_attached - keep that a file is attached to an interface
 * @t: the file
 * @ifr: name of the interface, and the flags that the program has given
 * @hw: its hardware address, or NULL: it has none
 * @index: its number; 0: it is gone
 * @epoch: link that has attached it
 *
 * Context: process, under the credentials of the program.
 * Return: 0. -EOWNERDEAD: the link has died, and the next one does not know of it. -EINTR: killed.
 */
int vnet_tun_attached(struct vnet_tun *t, const struct ifreq *ifr, const struct ifreq *hw,
		      int index, u32 epoch)
{
	int rc = lock_if_up(epoch);

	if (rc)
		return rc;
	if (index > 0)
		rc = record(t, ifr, hw, index);
	mutex_unlock(&tuns_lock);
	if (rc)
		warn(rc);
	return 0;
}

static void keep_number(struct vnet_tun *t, const struct vnet_tun_setting *s)
{
	lockdep_assert_held(&tuns_lock);
	memcpy(&t->ifindex, s->data, sizeof(t->ifindex));
	if (list_empty(&t->numbered))
		list_add_tail(&t->numbered, &files);
}

static int keep_of_device(struct vnet_tun *t, const struct vnet_tun_setting *s)
{
	lockdep_assert_held(&tuns_lock);
	if (!t->device)
		return 0;
	switch (s->cmd) {
	case TUNSETPERSIST:
		t->device->persist = s->value;
		return 0;
	case TUNSETQUEUE:
		t->detached = ((const struct ifreq *)s->data)->ifr_flags & IFF_DETACH_QUEUE;
		return 0;
	}
	return put_setting(t->device, s->cmd, s->value, s->data, s->len);
}

/**
 * vnet_tun_keep - keep what a command has set
 * @t: the file
 * @s: the command
 * @epoch: link that has carried it out
 *
 * Context: process.
 * Return: as vnet_tun_attached().
 */
int vnet_tun_keep(struct vnet_tun *t, const struct vnet_tun_setting *s, u32 epoch)
{
	int rc = lock_if_up(epoch);

	if (rc)
		return rc;
	if (s->cmd == TUNSETIFINDEX)
		keep_number(t, s);
	else
		rc = keep_of_device(t, s);
	mutex_unlock(&tuns_lock);
	if (rc)
		warn(rc);
	return 0;
}

/**
 * vnet_tun_is_attached - test whether a file has an interface that is kept
 * @t: the file
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_tun_is_attached(const struct vnet_tun *t)
{
	return READ_ONCE(t->device);
}

/**
 * vnet_tun_name - get the name of a file's interface
 * @t: the file
 * @name: set; empty: it has none, or the caller was killed
 *
 * Context: process.
 */
void vnet_tun_name(const struct vnet_tun *t, char name[IFNAMSIZ])
{
	name[0] = 0;
	if (mutex_lock_killable(&tuns_lock))
		return;
	strscpy(name, t->device ? t->device->name : "", IFNAMSIZ);
	mutex_unlock(&tuns_lock);
}

/**
 * vnet_tun_deleted - forget an interface that a program has deleted
 * @netns: number of its namespace
 * @index: its number
 *
 * Files that are attached to it stay, without an interface.
 *
 * Context: process.
 * Return: whether it was one of /dev/net/tun. false: it was none, or the caller was killed. Then
 * the deletion itself has to be kept.
 */
bool vnet_tun_deleted(u32 netns, int index)
{
	struct vnet_tun_device *d;

	if (mutex_lock_killable(&tuns_lock))
		return false;
	d = index > 0 ? find(netns, index) : NULL;
	if (d)
		forget(d);
	mutex_unlock(&tuns_lock);
	return d;
}

/**
 * vnet_tun_drop_netns - forget the interfaces of a namespace that has ended
 * @netns: its number
 *
 * Context: process.
 */
void vnet_tun_drop_netns(u32 netns)
{
	struct vnet_tun_device *d, *next;

	mutex_lock(&tuns_lock);
	list_for_each_entry_safe(d, next, &devices, node)
		if (d->netns == netns)
			forget(d);
	mutex_unlock(&tuns_lock);
}

/**
 * vnet_tun_drop - forget all interfaces
 *
 * Context: process; no file is open.
 */
void vnet_tun_drop(void)
{
	struct vnet_tun_device *d, *next;

	mutex_lock(&tuns_lock);
	list_for_each_entry_safe(d, next, &devices, node)
		forget(d);
	mutex_unlock(&tuns_lock);
}

/**
 * vnet_tun_again - make all interfaces of /dev/net/tun again
 *
 * If one cannot be made, its files are as if it had been deleted.
 *
 * Context: the session's thread, in up(). If the link dies, up() comes again.
 */
void vnet_tun_again(void)
{
	mutex_lock(&tuns_lock);
	vnet_tun_list_again(&devices, &files);
	mutex_unlock(&tuns_lock);
}

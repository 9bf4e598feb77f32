// SPDX-License-Identifier: GPL-2.0
/*
 * Bonds by ioctl() and by files of sysfs, as ifenslave(8) and ifupdown make them.
 *
 * What makes a bond, or adds an interface to one, is kept as the request that does the same
 * (link_change.c). Other settings of a bond are kept as they were written, in the order of all
 * changes. A bond takes most of them only before it has its interfaces.
 */
#include <linux/cred.h>
#include <linux/if.h>
#include <linux/in.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/sockios.h>
#include <linux/uaccess.h>
#include "bond.h"
#include "link_change.h"
#include "netlink.h"

#define FOLDER	"net/"
#define SLAVES	"/bonding/slaves"

static const char bond_folder[] = "/bonding/";

/**
 * vnet_bond_has - test for a file of a bond
 * @name: the file's, below /sys/class
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_bond_has(const char *name)
{
	return !strcmp(name, VNET_BONDS) || strstr(name, bond_folder);
}

static bool ends_so(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len >= n && !strcmp(name + len - n, end);
}

static u32 bond_of(struct vnet_sock *vs, const char *name)
{
	const char *bond = name + strlen(FOLDER);
	char copy[IFNAMSIZ] = {};

	memcpy(copy, bond, min(strcspn(bond, "/"), sizeof(copy) - 1));
	return vnet_index_ask(vs, copy);
}

/*
 * Describe what a command in a file is about to do. @command: "+" or "-" and an interface's name
 * Return: whether it is one that makes or deletes a bond, or is about its interfaces.
 */
static bool describe(struct vnet_sock *vs, const char *name, const char *command,
		     struct vnet_link_change *l)
{
	bool adds = command[0] == '+';

	*l = (struct vnet_link_change) { .master = VNET_NO_MASTER };
	if (!adds && command[0] != '-')
		return false;
	if (!strcmp(name, VNET_BONDS)) {
		if (adds) {
			l->name = command + 1;
			l->kind = "bond";
		} else {
			l->deleted = true;
			l->index = vnet_index_ask(vs, command + 1);
		}
		return true;
	}
	l->index = vnet_index_ask(vs, command + 1);
	l->master = adds ? bond_of(vs, name) : 0;
	return ends_so(name, SLAVES);
}

/* What a file keeps: its name with a NUL, and the value. */
static int keep_value(struct vnet_sock *vs, const struct vnet_view *v)
{
	size_t name_len = strlen(v->name) + 1;
	struct vnet_change *c;
	int rc;

	if (!vnet_may_change(vs))
		return 0;
	c = vnet_change_new(vs, VNET_BY_FILE, NULL, name_len + v->len);
	if (!c)
		return -ENOMEM;
	memcpy(c->data, v->name, name_len);
	memcpy(c->data + name_len, v->text, v->len);
	c->index = bond_of(vs, v->name);
	rc = vnet_changes_add(vs, c, v->epoch);
	if (rc)
		vnet_change_free(c);
	return rc;
}

static int write(struct vnet_sock *vs, struct vnet_view *v)
{
	struct vnet_link_change l;
	char command[IFNAMSIZ + 1];
	bool is_link;
	int n, rc;

	do {
		if (sscanf(v->text, "%16s", command) != 1)
			command[0] = '\0';
		is_link = describe(vs, v->name, command, &l);
		v->epoch = 0;
		n = vnet_view_call(v);
		if (n >= 0)
			rc = is_link ? vnet_link_keep(vs, &l, v->epoch) : keep_value(vs, v);
		else
			rc = n;
	} while (rc == -EOWNERDEAD);
	return rc ?: n;
}

/**
 * vnet_bond_write - write a file of a bond
 * @net: its namespace
 * @v: the call; its text ends with a NUL beyond its length
 *
 * Context: process.
 * Return: bytes or -errno.
 */
int vnet_bond_write(struct net *net, struct vnet_view *v)
{
	struct socket *sock;
	int rc = __sock_create(net, PF_INET, SOCK_DGRAM, IPPROTO_UDP, &sock, 1);

	if (rc)
		return rc;
	rc = write(vnet_sk(sock->sk), v);
	sock_release(sock);
	return rc;
}

static const char *value_of(const struct vnet_change *c, u32 *len)
{
	size_t name_len = strlen((const char *)c->data) + 1;

	*len = c->len - name_len;
	return (const char *)c->data + name_len;
}

/**
 * vnet_file_voids - test for a value that need not be written if a later one is
 * @c: the later one
 * @older: any change
 *
 * Of a list ("+" and "-"), values of the same thing.
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_file_voids(const struct vnet_change *c, const struct vnet_change *older)
{
	const char *a, *b;
	u32 len, other;

	if (older->protocol != VNET_BY_FILE || older->netns != c->netns ||
	    strcmp((const char *)c->data, (const char *)older->data))
		return false;
	a = value_of(c, &len);
	b = value_of(older, &other);
	if (!len || (a[0] != '+' && a[0] != '-'))
		return true;
	return len == other && !memcmp(a + 1, b + 1, len - 1);
}

/**
 * vnet_file_again - write a value again
 * @c: the change
 *
 * Context: the session's thread.
 * Return: 0 or -errno.
 */
int vnet_file_again(const struct vnet_change *c)
{
	struct vnet_view v = {
		.opcode = VOS_OP_SYSCTL,
		.arg = { VOS_SYSCTL_DEVICES | VOS_SYSCTL_WRITE, 0, c->netns },
		.name = (const char *)c->data,
		.write = true,
		.flags = VOS_GET_RECOVERY,
	};
	const struct cred *old = override_creds(c->cred);
	int rc;

	v.text = (void *)value_of(c, &v.len);
	rc = vnet_view_call(&v);
	revert_creds(old);
	return min(rc, 0);
}

static bool is_kept(unsigned int cmd)
{
	return cmd == SIOCBONDENSLAVE || cmd == SIOCBONDRELEASE;
}

/**
 * vnet_bond_ioctl - carry out a command that changes a bond
 * @vs: a socket of the domain in the caller's namespace
 * @cmd: SIOCBONDENSLAVE, RELEASE, SETHWADDR or CHANGEACTIVE
 * @arg: its argument
 *
 * Context: process.
 * Return: as the command does.
 */
int vnet_bond_ioctl(struct vnet_sock *vs, unsigned int cmd, void __user *arg)
{
	struct vnet_link_change l = {};
	struct ifreq ifr;
	u32 epoch;
	int rc;

	if (copy_from_user(&ifr, arg, sizeof(ifr)))
		return -EFAULT;
	ifr.ifr_name[IFNAMSIZ - 1] = 0;
	ifr.ifr_slave[IFNAMSIZ - 1] = 0;
	do {
		rc = vnet_link_ioctl(vs, cmd, &ifr, sizeof(ifr), &epoch);
		if (rc || !is_kept(cmd))
			return rc;
		l.index = vnet_index_ask(vs, ifr.ifr_slave);
		l.master = cmd == SIOCBONDENSLAVE ? vnet_index_ask(vs, ifr.ifr_name) : 0;
		rc = vnet_link_keep(vs, &l, epoch);
	} while (rc == -EOWNERDEAD);
	return rc;
}

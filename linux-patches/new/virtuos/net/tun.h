/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/net/tun: interfaces of the domain whose other end is a program of the primary.
 *
 * A file stands for a socket of family VOS_FAMILY_TUN. tun.c has the file, tun_ioctl.c its
 * commands, and tun_keep.c what the next incarnation of the domain needs. tun_again.c uses it.
 */
#ifndef VNET_TUN_H
#define VNET_TUN_H

#include <linux/completion.h>
#include <linux/if.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>
#include "vnet.h"

struct vnet_tun_device;

/**
 * struct vnet_tun - an open file
 * @sock: its socket, which holds the struct vnet_sock. It has no file of its own
 * @lock: held while the domain makes the object, and while an interface is set; and so while
 *	the caller waits for a link
 * @dead: the maker of the object was killed; there is none, and there will be none. @lock
 * @device: the interface as it is kept; NULL: none, or it is not kept. This and the following:
 *	see tun_keep.c
 * @node: among the files of @device
 * @numbered: among the files that have asked for a number
 * @cred: of the program that has set the interface
 * @flags: IFF_*, with which it was set
 * @ifindex: what TUNSETIFINDEX has asked for
 * @detached: TUNSETQUEUE has detached its queue
 * @end: what close() has to do, which waits for a recovery that is under way
 * @ended: it is done
 * @ref: the open file, then close() and @end
 */
struct vnet_tun {
	struct socket *sock;
	struct mutex lock;	/* see @lock above */
	bool dead;
	struct vnet_tun_device *device;
	struct list_head node;
	struct list_head numbered;
	const struct cred *cred;
	u16 flags;
	int ifindex;
	bool detached;
	struct work_struct end;
	struct completion ended;
	refcount_t ref;
};

static inline struct vnet_sock *vnet_tun_sk(const struct vnet_tun *t)
{
	return vnet_sk(t->sock->sk);
}

static inline bool vnet_is_tun(const struct vnet_sock *vs)
{
	return vs->sk.sk_family == VOS_FAMILY_TUN;
}

/* tun.c */
int vnet_tun_need(struct vnet_tun *t);
int vnet_tun_init(void);
void vnet_tun_exit(void);

/* tun_ioctl.c */

/**
 * struct vnet_tun_command - a command of ioctl()
 * @cmd: TUN* or SIOC*
 * @len: bytes of its argument; 0: the argument is a number
 * @in: Linux reads them
 * @out: Linux writes them
 * @kept: it sets something of the interface, and is made again in the next incarnation
 */
struct vnet_tun_command {
	u32 cmd;
	u8 len;
	bool in;
	bool out;
	bool kept;
};

long vnet_tun_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* tun_keep.c */

/**
 * struct vnet_tun_setting - a command that has set something of an interface
 * @node: among those of the interface, in order
 * @cmd: the command
 * @value: its argument, if that is a number
 * @len: bytes of @data
 * @data: its argument, if that is a pointer
 */
struct vnet_tun_setting {
	struct list_head node;
	u32 cmd;
	u64 value;
	u32 len;
	u8 data[];
};

/**
 * struct vnet_tun_device - an interface
 * @node: among all of them, in the order in which they were made
 * @files: the files that are attached to it
 * @settings: what was set of it, in order
 * @cred: of the program that has made it
 * @netns: number of the namespace
 * @index: its number
 * @name: its name, as TUNSETIFF has told it
 * @flags: IFF_*, with which it was set last
 * @persist: it stays without files
 */
struct vnet_tun_device {
	struct list_head node;
	struct list_head files;
	struct list_head settings;
	const struct cred *cred;
	u32 netns;
	int index;
	char name[IFNAMSIZ];
	u16 flags;
	bool persist;
};

void vnet_tun_end(struct vnet_tun *t);
int vnet_tun_attached(struct vnet_tun *t, const struct ifreq *ifr, const struct ifreq *hw,
		      int index, u32 epoch);
int vnet_tun_keep(struct vnet_tun *t, const struct vnet_tun_setting *s, u32 epoch);
void vnet_tun_again(void);
bool vnet_tun_deleted(u32 netns, int index);
void vnet_tun_drop_netns(u32 netns);
void vnet_tun_drop(void);
bool vnet_tun_is_attached(const struct vnet_tun *t);
void vnet_tun_name(const struct vnet_tun *t, char name[IFNAMSIZ]);

/* recover.c */
void vnet_socket_again(struct vnet_sock *vs);

/* tun_again.c */
void vnet_tun_list_again(const struct list_head *devices, const struct list_head *files);

#endif

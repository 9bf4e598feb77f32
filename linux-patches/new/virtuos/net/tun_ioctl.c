// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl() on /dev/net/tun. The domain's kernel carries the commands out, under the caller's
 * credentials. One table says how long an argument is.
 *
 * Programs of BPF and socket filters are refused: they would be of this kernel.
 */
#include <linux/cred.h>
#include <linux/if_tun.h>
#include <linux/net.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/sockios.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>
#include "netlink.h"
#include "netns.h"
#include "tun.h"

/* Most addresses of TUNSETTXFILTER; the domain takes an argument of 1024 bytes. */
#define FILTER_MAX	((1024 - sizeof(struct tun_filter)) / ETH_ALEN)

#define IFREQ	sizeof(struct ifreq)
#define INT	sizeof(int)

static const struct vnet_tun_command commands[] = {
	{ .cmd = TUNSETNOCSUM },
	{ .cmd = TUNSETDEBUG },
	{ .cmd = TUNSETPERSIST, .kept = true },
	{ .cmd = TUNSETOWNER, .kept = true },
	{ .cmd = TUNSETGROUP, .kept = true },
	{ .cmd = TUNSETLINK, .kept = true },
	{ .cmd = TUNSETOFFLOAD, .kept = true },
	{ .cmd = TUNDETACHFILTER },
	{ .cmd = TUNGETFEATURES, .len = INT, .out = true },
	{ .cmd = TUNGETIFF, .len = IFREQ, .out = true },
	{ .cmd = TUNSETIFINDEX, .len = INT, .in = true, .kept = true },
	{ .cmd = TUNSETQUEUE, .len = IFREQ, .in = true, .kept = true },
	{ .cmd = TUNGETSNDBUF, .len = INT, .out = true },
	{ .cmd = TUNSETSNDBUF, .len = INT, .in = true, .kept = true },
	{ .cmd = TUNGETVNETHDRSZ, .len = INT, .out = true },
	{ .cmd = TUNSETVNETHDRSZ, .len = INT, .in = true, .kept = true },
	{ .cmd = TUNGETVNETLE, .len = INT, .out = true },
	{ .cmd = TUNSETVNETLE, .len = INT, .in = true, .kept = true },
	{ .cmd = TUNGETVNETBE, .len = INT, .out = true },
	{ .cmd = TUNSETVNETBE, .len = INT, .in = true, .kept = true },
	{ .cmd = TUNSETCARRIER, .len = INT, .in = true, .kept = true },
	{ .cmd = SIOCGIFHWADDR, .len = IFREQ, .in = true, .out = true },
	{ .cmd = SIOCSIFHWADDR, .len = IFREQ, .in = true, .kept = true },
};

static const struct vnet_tun_command *find(unsigned int cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].cmd == cmd)
			return &commands[i];
	return NULL;
}

/*
 * Have the domain carry a command out.
 * @data: its argument; @back: the domain may change it
 * Return: what the command returns, or -errno. @epoch: set to the link that has answered
 */
static int run(struct vnet_tun *t, struct vnet_tun_setting *s, bool back, u32 *epoch)
{
	struct vnet_req req = {
		.opcode = VOS_OP_IOCTL,
		.arg = { s->cmd, 0, s->value },
		.in[0] = s->len ? s->data : NULL,
		.out[0] = back ? s->data : NULL,
		.len[0] = s->len,
		.max = INT_MAX,
	};
	int rc = vnet_sock_run(vnet_tun_sk(t), &req);

	*epoch = req.epoch;
	return rc ?: vnet_result(req.cqe.result, req.max);
}

/* Numbers of users go as this kernel's own: the caller's may be those of a namespace. */
static int translate(struct vnet_tun_setting *s)
{
	kuid_t uid;
	kgid_t gid;

	switch (s->cmd) {
	case TUNSETOWNER:
		uid = make_kuid(current_user_ns(), s->value);
		if (!uid_valid(uid))
			return -EINVAL;
		s->value = from_kuid(&init_user_ns, uid);
		break;
	case TUNSETGROUP:
		gid = make_kgid(current_user_ns(), s->value);
		if (!gid_valid(gid))
			return -EINVAL;
		s->value = from_kgid(&init_user_ns, gid);
		break;
	}
	return 0;
}

/* Carry a command out, and keep what it has set. If the link dies in between: once more. */
static int run_kept(struct vnet_tun *t, struct vnet_tun_setting *s)
{
	int rc, kept;
	u32 epoch;

	do {
		rc = run(t, s, false, &epoch);
		kept = rc < 0 ? 0 : vnet_tun_keep(t, s, epoch);
	} while (kept == -EOWNERDEAD);
	return kept ?: rc;
}

static struct vnet_tun_setting *setting_new(unsigned int cmd, u32 len)
{
	struct vnet_tun_setting *s = kzalloc(struct_size(s, data, len), GFP_KERNEL);

	if (s) {
		s->cmd = cmd;
		s->len = len;
	}
	return s;
}

static int run_command(struct vnet_tun *t, const struct vnet_tun_command *c, unsigned long arg)
{
	struct vnet_tun_setting *s = setting_new(c->cmd, c->len);
	void __user *uarg = (void __user *)arg;
	int rc = 0;
	u32 epoch;

	if (!s)
		return -ENOMEM;
	if (!c->len)
		s->value = arg;
	if (c->in && copy_from_user(s->data, uarg, c->len))
		rc = -EFAULT;
	if (!rc)
		rc = translate(s);
	if (!rc)
		rc = c->kept ? run_kept(t, s) : run(t, s, c->out, &epoch);
	if (rc >= 0 && c->out && copy_to_user(uarg, s->data, c->len))
		rc = -EFAULT;
	kfree(s);
	return rc;
}

static int set_filter(struct vnet_tun *t, void __user *uarg)
{
	struct vnet_tun_setting *s;
	struct tun_filter head;
	u32 len;
	int rc;

	if (copy_from_user(&head, uarg, sizeof(head)))
		return -EFAULT;
	if (head.count > FILTER_MAX)
		return -E2BIG;
	len = head.count * ETH_ALEN;
	s = setting_new(TUNSETTXFILTER, sizeof(head) + len);
	if (!s)
		return -ENOMEM;
	memcpy(s->data, &head, sizeof(head));
	if (copy_from_user(s->data + sizeof(head), uarg + sizeof(head), len))
		rc = -EFAULT;
	else
		rc = run_kept(t, s);
	kfree(s);
	return rc;
}

/* Ask for an interface's number. Return: it, or 0: there is none. */
static int index_of(struct vnet_tun *t, const char *name)
{
	struct net *net = sock_net(t->sock->sk);
	struct socket *sock;
	int index;

	if (__sock_create(net, PF_INET, SOCK_DGRAM, IPPROTO_UDP, &sock, 1))
		return 0;
	index = vnet_index_ask(vnet_sk(sock->sk), name);
	sock_release(sock);
	return index;
}

static struct ifreq *ifreq_of(struct vnet_tun_setting *s)
{
	return (struct ifreq *)s->data;
}

/*
 * What the domain has chosen is kept: the next one must not choose anew.
 * Return: 0. -EOWNERDEAD: the link of @epoch has died, and the next one does not know the
 * interface.
 */
static int note_attached(struct vnet_tun *t, const struct ifreq *ifr, u32 epoch)
{
	struct vnet_tun_setting *hw = setting_new(SIOCGIFHWADDR, IFREQ);
	int rc = hw ? 0 : -ENOMEM;
	u32 answered = epoch;

	if (!rc && ifr->ifr_flags & IFF_TAP)
		rc = run(t, hw, true, &answered);
	if (answered != epoch)
		rc = -EOWNERDEAD;
	if (rc >= 0)
		rc = vnet_tun_attached(t, ifr, ifr->ifr_flags & IFF_TAP ? ifreq_of(hw) : NULL,
				       index_of(t, ifr->ifr_name), epoch);
	kfree(hw);
	return rc;
}

/* @s: the command with the caller's argument. The domain writes the name into it. */
static int attach(struct vnet_tun *t, struct vnet_tun_setting *s)
{
	const struct ifreq asked = *ifreq_of(s);
	u32 epoch;
	int rc;

	do {
		*ifreq_of(s) = asked;
		rc = run(t, s, true, &epoch);
		if (rc < 0)
			return rc;
		ifreq_of(s)->ifr_name[IFNAMSIZ - 1] = 0;
		ifreq_of(s)->ifr_flags = asked.ifr_flags;
		rc = note_attached(t, ifreq_of(s), epoch);
	} while (rc == -EOWNERDEAD);
	vnet_netns_refresh(vnet_netns(sock_net(t->sock->sk)));
	return rc;
}

static int set_interface(struct vnet_tun *t, void __user *uarg)
{
	struct vnet_tun_setting *s = setting_new(TUNSETIFF, IFREQ);
	int rc = -EFAULT;

	if (!s)
		return -ENOMEM;
	if (copy_from_user(s->data, uarg, IFREQ))
		goto out;
	/* An interface whose last file was closed just now may still hold the name. */
	rc = vnet_closing_wait(false);
	if (rc)
		goto out;
	if (mutex_lock_killable(&t->lock)) {
		rc = -ERESTARTSYS;
		goto out;
	}
	rc = attach(t, s);
	mutex_unlock(&t->lock);
	if (!rc && copy_to_user(uarg, s->data, IFREQ))
		rc = -EFAULT;
out:
	kfree(s);
	return rc;
}

static int open_namespace(struct vnet_tun *t)
{
	struct net *net = sock_net(t->sock->sk);

	if (!ns_capable(net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	return open_related_ns(&net->ns, get_net_ns);
}

/* A program of -1 stands for none, and there is none. */
static int set_program(int __user *uarg)
{
	int fd;

	if (get_user(fd, uarg))
		return -EFAULT;
	return fd == -1 ? 0 : -EOPNOTSUPP;
}

static int run_any(struct vnet_tun *t, unsigned int cmd, unsigned long arg)
{
	const struct vnet_tun_command *c = find(cmd);

	if (c)
		return run_command(t, c, arg);
	switch (cmd) {
	case TUNSETIFF:
		return set_interface(t, (void __user *)arg);
	case TUNSETTXFILTER:
		return set_filter(t, (void __user *)arg);
	}
	if (!vnet_tun_is_attached(t))
		return -EBADFD;
	switch (cmd) {
	case TUNSETSTEERINGEBPF:
	case TUNSETFILTEREBPF:
		return set_program((int __user *)arg);
	case TUNATTACHFILTER:
	case TUNGETFILTER:
	case TUNGETDEVNETNS:
		return -EOPNOTSUPP;
	}
	return -EINVAL;
}

/**
 * vnet_tun_ioctl - carry out ioctl(2)
 * @file: of /dev/net/tun
 * @cmd: the command
 * @arg: its argument
 *
 * Context: process.
 * Return: as the command does in Linux. -EOPNOTSUPP: a command that is not forwarded.
 */
long vnet_tun_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vnet_tun *t = file->private_data;
	int rc;

	if (cmd == SIOCGSKNS)
		return open_namespace(t);
	rc = vnet_tun_need(t);
	if (!rc)
		rc = run_any(t, cmd, arg);
	return rc == -EINTR ? -ERESTARTSYS : rc;
}

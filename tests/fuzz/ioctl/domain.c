// SPDX-License-Identifier: GPL-2.0
/* The network domain's ioctl(), for a front end that submits anything. */
#include <linux/sockios.h>
#include "vns.h"
#include "ioctl.h"

/* The window, as ioctl.c of the service lays it out. */
#define POINTED		4096u
#define ARG_MAX		1024u
/* More than the service takes. */
#define EXTENT_MAX	40000u

struct net init_net;

static struct vns_conn *nc;
static struct vns_obj obj;
static struct sock obj_sk = { .sk_family = PF_INET };
static struct socket own_sock, obj_sock = { .sk = &obj_sk };
static struct file door;
static struct veng_scall call;
static s64 (*queued)(struct veng_scall *call);
static u8 *arena[2];
static u8 sent[2][EXTENT_MAX];		/* as it was when the call was submitted */
static u8 left[VENG_WINDOW_SIZE];		/* the window as the command left it */
static int given_back;
static bool ran;

/* --- what the service calls of the rest ------------------------------------------------ */

void __user *veng_window(struct veng_conn *conn)
{
	return user_at(0);
}

void veng_scall_queue_ctl(struct veng_scall *c, s64 (*fn)(struct veng_scall *call))
{
	shim_assert(!queued);
	queued = fn;
}

void vns_obj_put(struct vns_obj *o)
{
	shim_assert(o == &obj);
	given_back++;
}

/* The object is no /dev/net/tun. */
bool vns_tun_knows(u64 cmd)
{
	shim_assert(false);
	return false;
}

s64 vns_tun_ioctl(struct vns_obj *o, const struct veng_scall *c, unsigned long window)
{
	shim_assert(false);
	return 0;
}

u32 vns_obj_refresh_early(struct vns_obj *o)
{
	shim_assert(false);
	return 0;
}

void vns_obj_mark(struct vns_obj *o, u32 cause)
{
	shim_assert(false);
}

int sock_create_kern(struct net *net, int family, int type, int protocol, struct socket **sock)
{
	*sock = &own_sock;
	return 0;
}

struct file *sock_alloc_file(struct socket *sock, int flags, const char *name)
{
	door.private_data = sock;
	return &door;
}

/* Between calls it stands for no socket of a primary. */
void __fput_sync(struct file *file)
{
	shim_assert(file == &door && door.private_data == &own_sock);
}

/* --- Linux, in this domain ----------------------------------------------------------- */

static bool is_this_domains(unsigned int cmd)
{
	return cmd == FIOSETOWN || cmd == SIOCSPGRP || cmd == FIOGETOWN || cmd == SIOCGPGRP ||
	       cmd == SIOCGSKNS;
}

/* What is found in the window is what was sent; behind the argument there are zeros. */
static void check_window(void)
{
	u32 len0 = call.sqe.ext[0].len, len1 = call.sqe.ext[1].len, i;
	u64 ptr = call.sqe.arg[1], p;
	u8 want[ARG_MAX] = { 0 };

	memcpy(want, sent[0], len0);
	if (ptr) {
		p = USER_BASE + POINTED;
		shim_assert(ptr - 1 + sizeof(p) <= len0);
		memcpy(want + ptr - 1, &p, sizeof(p));
	}
	shim_assert(!memcmp(user_mem, want, ARG_MAX));
	shim_assert(!memcmp(user_mem + POINTED, sent[1], len1));
	/* Nothing of the domain's is read or written but the window. */
	for (i = 0; i < ARG_MAX; i++)
		shim_assert(user_touched[i] & USER_WRITTEN);
}

/* A command writes what it likes; the front end writes into the arena meanwhile. */
static long some_command(struct file *file, unsigned int cmd, unsigned long arg)
{
	u32 n = in_u8(&in), i;

	shim_assert(file == &door && door.private_data == &obj_sock);
	shim_assert(cmd == call.sqe.arg[0] && !is_this_domains(cmd) && arg == USER_BASE);
	check_window();
	for (i = 0; i < n % 8; i++)
		in_bytes(&in, user_mem + in_u16(&in) % (POINTED + EXTENT_MAX), 16);
	for (i = 0; i < 2 && n >= 128; i++)
		memset(arena[i], n, call.sqe.ext[i].len);
	for (i = 0; i < 2; i++)
		memcpy(sent[i], arena[i], call.sqe.ext[i].len);
	memcpy(left, user_mem, sizeof(left));
	ran = true;
	return (int)in_lie(&in, 0);
}

static const struct file_operations ops = { .unlocked_ioctl = some_command };

/* --- the front end ------------------------------------------------------------------------ */

/* As the engine hands it on: extents that are there, or of no length. */
static void place(int i, u32 len)
{
	u32 n = in_u8(&in) % 64;

	len = min_t(u32, len, EXTENT_MAX);
	arena[i] = malloc(len ? len : 1);
	call.sqe.ext[i].len = len;
	call.in[i] = len ? arena[i] : NULL;
	call.out[i] = len ? arena[i] : NULL;
	memset(arena[i], in_u8(&in), len);
	in_bytes(&in, arena[i], min_t(u32, len, n));
	memcpy(sent[i], arena[i], len);
}

static u64 any_command(void)
{
	static const unsigned int known[] = {
		SIOCETHTOOL, SIOCGIFCONF, FIOSETOWN, SIOCSPGRP, FIOGETOWN, SIOCGPGRP, SIOCGSKNS,
	};

	return in_lie(&in, known[in_u8(&in) % ARRAY_SIZE(known)]);
}

static void submit(void)
{
	memset(&call, 0, sizeof(call));
	call.sqe.opcode = VOS_OP_IOCTL;
	call.sqe.arg[0] = any_command();
	place(0, in_lie(&in, 40));
	place(1, in_lie(&in, 300));
	call.sqe.arg[1] = in_lie(&in, in_u8(&in) % 64);
	call.sqe.ext[0].off = in_u32(&in);
}

/* --- what must hold --------------------------------------------------------------------- */

/* What was written is the window's, and only if the command has succeeded. */
static void check_extents(s64 result)
{
	const u32 at[] = { 0, POINTED };
	int i;

	for (i = 0; i < 2; i++)
		shim_assert(!memcmp(arena[i], result < 0 ? sent[i] : left + at[i],
				    call.sqe.ext[i].len));
}

static void serve(void)
{
	s64 result;

	given_back = 0;
	queued = NULL;
	ran = false;
	memset(user_touched, 0, user_size);
	submit();
	result = vns_ioctl(&obj, &call);
	shim_assert((result == VENG_PENDING) == !!queued && !ran);
	if (queued)
		result = queued(&call);
	/* A reference is taken over with the call, else left to the caller. */
	shim_assert(given_back == !!queued);
	shim_assert(result != -ENOIOCTLCMD && (ran || result < 0));
	shim_assert(door.private_data == &own_sock);
	check_extents(result);
	free(arena[0]);
	free(arena[1]);
}

/* More than one: what an earlier call has left in the window is nobody's. */
void try_domain(void)
{
	int n = in_u8(&in) % 3 + 1;

	nc = calloc(1, sizeof(*nc));
	obj = (struct vns_obj){ .nc = nc, .sock = &obj_sock };
	door = (struct file){ .f_op = &ops };
	user_begin(VENG_WINDOW_SIZE);
	shim_assert(!vns_ioctl_begin(nc));
	while (n--)
		serve();
	vns_ioctl_end(nc);
	free(nc);
}

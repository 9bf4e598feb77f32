// SPDX-License-Identifier: GPL-2.0
/* The primary's ioctl(), between a process that hands in anything and a network domain. */
#include <linux/if.h>
#include <linux/sockios.h>
#include "vnet.h"
#include "ioctl.h"
#include "ioctl_change.h"
#include "one_call.h"

/* Of the argument and of what it points to, as much as is looked at by linux_footprint(). */
#define HEAD	200u
/* Less than the longest list: that one is not all there. */
#define MEMORY	0x4000u

struct vnet vnet;

static struct vnet_sock vs;
static u32 arg_at, there_at;
static unsigned int command;
static u8 before[USER_MAX];
static bool answered;

static void begin(void)
{
	vs = (struct vnet_sock){ .index = 3, .gen = 7, .epoch = 1, .phase = VNET_OPEN };
	vs.sk.sk_family = in_u8(&in) % 2 ? PF_INET6 : PF_INET;
	vs.sk.sk_type = SOCK_STREAM;
	answered = false;
	user_begin(MEMORY);
}

/* --- the process ------------------------------------------------------------------- */

static unsigned int any_command(void)
{
	static const u16 pointing[] = {
		SIOCETHTOOL, SIOCETHTOOL, SIOCETHTOOL, SIOCGIFCONF, SIOCADDRT, SIOCSHWTSTAMP,
		SIOCGHWTSTAMP, SIOCINQ, SIOCGSTAMP_OLD, SIOCATMARK, SIOCGARP,
	};
	u8 how = in_u8(&in);

	if (how < 128)
		return pointing[how % ARRAY_SIZE(pointing)];
	return how < 250 ? 0x8900 + how % 0x80 : in_u32(&in);
}

/* Where: somewhere inside, or so near to the end that not all of it is there. */
static u32 any_place(u32 inside)
{
	u8 how = in_u8(&in);

	return how < 200 ? inside : user_size - how % 56 * 4;
}

static void put(u32 at, const void *from, u32 n)
{
	if (at < user_size)
		memcpy(user_mem + at, from, min_t(u32, n, user_size - at));
}

static void write_argument(int ptr)
{
	u8 arg[HEAD], kind = in_u8(&in);
	u64 p = kind % 8 == 0 ? 0 : kind % 8 == 1 ? in_u64(&in) : USER_BASE + there_at;
	u32 len;

	memcpy(arg, user_mem + min_t(u32, arg_at, user_size - HEAD), HEAD);
	in_bytes(&in, arg, kind % 16);
	if (command == SIOCGIFCONF) {
		len = in_lie(&in, 400);
		memcpy(arg, &len, sizeof(len));
	}
	if (ptr >= 0)
		memcpy(arg + ptr, &p, sizeof(p));
	put(arg_at, arg, HEAD);
}

/* A command of SIOCETHTOOL, and numbers of elements where they may be. */
static void write_pointed(void)
{
	u32 words[12], i, n = in_u8(&in) % ARRAY_SIZE(words);

	for (i = 0; i < n; i++)
		words[i] = in_lie(&in, i ? 3 : in_u8(&in) % 0x60);
	put(there_at, words, n * sizeof(*words));
}

/* As Linux would read it: what is not there is 0. */
static void peek(u8 head[HEAD], u64 addr)
{
	u64 off = addr - USER_BASE;

	memset(head, 0, HEAD);
	if (off < user_size)
		memcpy(head, user_mem + off, min_t(u64, HEAD, user_size - off));
}

/* --- the network domain --------------------------------------------------------------- */

void vos_call_violation(struct vos_call *c, const char *what)
{
	shim_assert(c == &call && held && answered);
}

struct vos_call *vos_call_get(struct vos_session *s, u32 len0, u32 len1, u32 flags)
{
	shim_assert(!held);
	if (in_u8(&in) % 16 == 1)
		return ERR_PTR(in_u8(&in) % 2 ? -ENOTCONN : -ENOMEM);
	return take_call(len0, len1);
}

/*
 * Not a byte that was not read from its place in the process's memory. A number at the
 * beginning of SIOCGIFCONF's argument may have become smaller.
 */
static void check_sent(const u8 *sent, u32 len, u64 addr, u32 from)
{
	u64 off = addr - USER_BASE, i;

	for (i = from; i < len; i++)
		if (sent[i])
			shim_assert(off + i < user_size && sent[i] == before[off + i] &&
				    user_touched[off + i] & USER_READ);
}

static u64 pointer(int ptr)
{
	u8 head[HEAD];
	u64 p = 0;

	peek(head, USER_BASE + arg_at);
	if (ptr >= 0)
		memcpy(&p, head + ptr, sizeof(p));
	return p;
}

static struct footprint footprint(void)
{
	u8 arg[HEAD], there[HEAD];
	struct footprint f;

	peek(arg, USER_BASE + arg_at);
	memset(there, 0, sizeof(there));
	f = linux_footprint(vs.sk.sk_family, command, arg, there);
	peek(there, pointer(f.ptr));
	return linux_footprint(vs.sk.sk_family, command, arg, there);
}

/* An answer of any bytes, or none but in the first words. */
static void answer(void)
{
	int i;
	u32 n;

	for (i = 0; i < 2; i++) {
		n = in_u8(&in);
		in_bytes(&in, ext[i], min_t(u32, n % 64, call.room[i].len));
		if (n >= 192)
			memset(ext[i], n, call.room[i].len);
	}
	call.cqe.result = in_lie(&in, 0);
	answered = true;
}

int vos_call(struct vos_call *c)
{
	struct footprint f = footprint();
	u64 raw = 0;

	shim_assert(held && c->sqe.opcode == VOS_OP_IOCTL && c->sqe.arg[0] == command);
	shim_assert(c->sqe.obj == vs.index && c->sqe.gen == vs.gen);
	check_sent(ext[0], c->room[0].len, USER_BASE + arg_at, command == SIOCGIFCONF ? 4 : 0);
	check_sent(ext[1], c->room[1].len, pointer(f.ptr), 0);
	if (f.ptr >= 0)
		memcpy(&raw, ext[0] + f.ptr, sizeof(raw));
	shim_assert(!raw);
	shim_assert(!c->sqe.arg[1] || (f.ptr >= 0 && c->sqe.arg[1] == (u64)f.ptr + 1));
	if (in_u8(&in) % 16 == 1)
		return -EOWNERDEAD;
	answer();
	return 0;
}

/* --- what these sources call of the rest ------------------------------------------------ */

void vnet_sock_lose(struct vnet_sock *s, int err)
{
	s->phase = VNET_LOST;
}

void vnet_object_remove(struct vnet_sock *s)
{
}

/* Nothing is kept, so vnet_ioctl_keep() is not called. */
struct vnet_change *vnet_ioctl_change(const struct vnet_sock *s, const struct vnet_kept *k,
				      const void *arg, const void *pointed)
{
	return NULL;
}

int vnet_ioctl_keep(struct vnet_sock *s, struct vnet_change *c, void *arg)
{
	shim_assert(false);
	return 0;
}

/* --- what must hold ------------------------------------------------------------------- */

static bool within(u64 off, u64 addr, u64 len)
{
	u64 at = off + USER_BASE - addr;

	return at < len;
}

static void check_touched(const struct footprint *f, u64 p)
{
	u64 off, arg = USER_BASE + arg_at;

	for (off = 0; off < user_size; off++) {
		if (user_touched[off] & USER_READ)
			shim_assert(within(off, arg, f->in) || within(off, p, f->there_in));
		if (user_touched[off] & USER_WRITTEN)
			shim_assert(within(off, arg, f->out) || within(off, p, f->there_out));
	}
}

static void check_untouched(void)
{
	u32 off;

	for (off = 0; off < user_size; off++)
		shim_assert(!(user_touched[off] & USER_WRITTEN));
}

/* The list is not longer than there is room for; the program has the pointer it had. */
static void check_answer(const struct footprint *f, u64 p)
{
	u8 head[HEAD];
	int len;

	shim_assert(pointer(f->ptr) == p || p - USER_BASE < user_size);
	if (command != SIOCGIFCONF)
		return;
	peek(head, USER_BASE + arg_at);
	memcpy(&len, head, sizeof(len));
	shim_assert(len >= 0 && (!p || (u64)len <= f->there_out));
}

void try_primary(void)
{
	struct socket sock = { .sk = &vs.sk };
	struct footprint f;
	int rc;
	u64 p;

	begin();
	command = any_command();
	arg_at = any_place(0x1000);
	there_at = any_place(0x2000);
	f = linux_footprint(vs.sk.sk_family, command, user_mem, user_mem);
	write_argument(f.ptr);
	write_pointed();
	f = footprint();
	p = pointer(f.ptr);
	memcpy(before, user_mem, user_size);
	if (in_u8(&in) % 32 == 1)
		vs.phase = VNET_LOST;
	rc = vnet_ioctl(&sock, command, USER_BASE + arg_at);
	shim_assert(!held);
	check_touched(&f, p);
	if (rc < 0 && rc != -EFAULT)
		check_untouched();
	if (rc >= 0 && answered)
		check_answer(&f, p);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of this target share. See ../fuzz_ioctl.c. */
#ifndef FUZZ_IOCTL_H
#define FUZZ_IOCTL_H

#include <linux/net.h>
#include "input.h"

extern struct input in;

/* --- user.c: a process's memory, and what is done to each byte of it --------------- */

#define USER_BASE	0x7e5712340000ul
#define USER_MAX	0x20000u
#define USER_READ	1u
#define USER_WRITTEN	2u

extern u32 user_size;
extern u8 user_mem[USER_MAX];
extern u8 user_touched[USER_MAX];

static inline u8 *user_at(u32 off)
{
	return (u8 *)(USER_BASE + off);
}

void user_begin(u32 size);

/* --- linux.c: what Linux reads and writes ------------------------------------------ */

/*
 * struct footprint - of one ioctl
 * @in, @out: bytes of the argument that it reads and writes
 * @ptr: offset of a pointer in it, -1: none
 * @there_in, @there_out: bytes of what that points to
 */
struct footprint {
	u32 in, out;
	int ptr;
	u64 there_in, there_out;
};

struct footprint linux_footprint(int family, unsigned int cmd, const u8 *arg, const u8 *there);

/* --- primary.c, domain.c: one input ------------------------------------------------- */

void try_primary(void);
void try_domain(void);

#endif

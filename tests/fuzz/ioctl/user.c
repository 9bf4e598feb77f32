// SPDX-License-Identifier: GPL-2.0
/* The one process: memory at addresses that are none here, and what is done to it. */
#include "ioctl.h"

u32 user_size;
u8 user_mem[USER_MAX];
u8 user_touched[USER_MAX];

/* No byte is 0, so that a 0 is seen to be somebody else's. */
void user_begin(u32 size)
{
	u32 i;

	user_size = size;
	for (i = 0; i < user_size; i++)
		user_mem[i] = i % 255 + 1;
	memset(user_touched, 0, size);
}

/* Return: how many of @n bytes at @addr there are. */
static unsigned long there(unsigned long addr, unsigned long n)
{
	unsigned long off = addr - USER_BASE;

	return off >= user_size ? 0 : min_t(unsigned long, n, user_size - off);
}

static u8 *touch(unsigned long addr, unsigned long n, u8 how)
{
	unsigned long off = addr - USER_BASE, i;

	for (i = 0; i < n; i++)
		user_touched[off + i] |= how;
	return user_mem + off;
}

unsigned long copy_from_user(void *to, const void *from, unsigned long n)
{
	unsigned long ok = there((unsigned long)from, n);

	might_sleep();
	if (ok)
		memcpy(to, touch((unsigned long)from, ok, USER_READ), ok);
	memset((u8 *)to + ok, 0, n - ok);
	return n - ok;
}

unsigned long copy_to_user(void *to, const void *from, unsigned long n)
{
	unsigned long ok = there((unsigned long)to, n);

	might_sleep();
	if (ok)
		memcpy(touch((unsigned long)to, ok, USER_WRITTEN), from, ok);
	return n - ok;
}

unsigned long clear_user(void *to, unsigned long n)
{
	unsigned long ok = there((unsigned long)to, n);

	if (ok)
		memset(touch((unsigned long)to, ok, USER_WRITTEN), 0, ok);
	return n - ok;
}

long strncpy_from_user(char *to, const char *from, long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (copy_from_user(to + i, from + i, 1))
			return -EFAULT;
		if (!to[i])
			break;
	}
	return i;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Reads whole tables of the network domain.
 *
 * A table is read under a cursor, by as many calls as it takes. The cursor is an open file of
 * the domain. So rows are whole, and none is lost or doubled between two calls but as within
 * the domain. A reader that finds all cursors in use waits for one, and can be killed.
 *
 * Invariant: all tables together take no more than a part of this kernel's memory.
 */
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/semaphore.h>
#include <linux/slab.h>
#include "view.h"
#include "vnet.h"

/* Longest table. */
#define TABLE_MAX	((size_t)16 << 20)
/* All tables together have at most this part of memory. */
#define MEMORY_SHIFT	6
/* Most tables are shorter than this. */
#define FIRST_PART	4096u

static DEFINE_SEMAPHORE(cursors_free, VOS_CURSORS);
static unsigned long cursors_used[BITS_TO_LONGS(VOS_CURSORS)];
static atomic_t last_generation;
static atomic_long_t bytes_held;

/* Take a cursor. Return: its number or -EINTR. */
static int cursor_take(void)
{
	int i;

	if (down_killable(&cursors_free))
		return -EINTR;
	do {
		i = find_first_zero_bit(cursors_used, VOS_CURSORS);
	} while (i >= VOS_CURSORS || test_and_set_bit_lock(i, cursors_used));
	return i;
}

static void cursor_give(int i)
{
	clear_bit_unlock(i, cursors_used);
	up(&cursors_free);
}

static bool charge(size_t bytes)
{
	long limit = (long)(totalram_pages() >> MEMORY_SHIFT) << PAGE_SHIFT;

	if (atomic_long_add_return(bytes, &bytes_held) <= limit)
		return true;
	atomic_long_sub(bytes, &bytes_held);
	return false;
}

/* Make room for @more bytes. */
static int make_room(struct vnet_text *t, u32 more)
{
	size_t room = min(max(2 * t->room, t->len + more), TABLE_MAX);
	char *data;

	if (t->room - t->len >= more)
		return 0;
	if (room < t->len + more)
		return -EFBIG;
	if (!charge(room - t->room))
		return -ENOMEM;
	data = kvrealloc(t->data, room, GFP_KERNEL_ACCOUNT);
	if (!data) {
		atomic_long_sub(room - t->room, &bytes_held);
		return -ENOMEM;
	}
	t->data = data;
	t->room = room;
	return 0;
}

/**
 * vnet_text_clean - replace what a terminal would obey
 * @text: what the domain has sent
 * @len: bytes of it
 *
 * Context: any.
 */
void vnet_text_clean(char *text, int len)
{
	int i;

	for (i = 0; i < len; i++)
		if (((u8)text[i] < ' ' && text[i] != '\n' && text[i] != '\t') || text[i] == 0x7f)
			text[i] = '?';
}

/* Read the next part. @v->name: from the beginning. Return: as vnet_view_call(). */
static int read_part(struct vnet_text *t, struct vnet_view *v)
{
	int n;

	v->len = v->name ? FIRST_PART : vnet_view_max();
	n = make_room(t, v->len);
	if (n)
		return n;
	v->text = t->data + t->len;
	n = vnet_view_call(v);
	if (n > 0) {
		vnet_text_clean(v->text, n);
		t->len += n;
	}
	return n;
}

static int read_all(struct vnet_text *t, const char *name, u32 netns, u32 cursor)
{
	struct vnet_view v = {
		.opcode = VOS_OP_TABLE,
		.arg = { cursor | (u64)(u32)atomic_inc_return(&last_generation) << 32, netns },
		.name = name,
		.flags = VOS_GET_KILLABLE,
	};
	int n;

	t->len = 0;
	do {
		n = read_part(t, &v);
		v.name = NULL;
	} while (n > 0);
	return n;
}

/**
 * vnet_text_read - read a table of the domain
 * @t: gets it; empty, or with an earlier one
 * @name: the file's name below /proc/net
 * @netns: number of the namespace, which the domain has
 *
 * Context: process.
 * Return: 0, -EINTR: killed; -ENETDOWN: there is no domain; -ENOENT, -ENOMEM, -EFBIG and so on.
 */
int vnet_text_read(struct vnet_text *t, const char *name, u32 netns)
{
	int rc, cursor = cursor_take();

	if (cursor < 0)
		return cursor;
	do {
		rc = read_all(t, name, netns, cursor);
	} while (rc == -EOWNERDEAD);
	cursor_give(cursor);
	if (rc)
		vnet_text_drop(t);
	return rc;
}

/**
 * vnet_text_drop - free a table's memory
 * @t: the table, or an empty one; empty afterwards
 *
 * Context: process.
 */
void vnet_text_drop(struct vnet_text *t)
{
	atomic_long_sub(t->room, &bytes_held);
	kvfree(t->data);
	*t = (struct vnet_text) {};
}

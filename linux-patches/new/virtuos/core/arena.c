// SPDX-License-Identifier: GPL-2.0
/*
 * Which bytes of a channel's arena are in use: next fit in units of 256 bytes. The map is
 * private; nothing of it lies in shared memory.
 *
 * The caller holds the channel's slot_lock.
 */
#include <linux/bitmap.h>
#include "core_priv.h"

#define assert_locked(a) \
	lockdep_assert_held(&container_of(a, struct vos_channel, arena)->slot_lock)

static unsigned long to_units(u32 len)
{
	return DIV_ROUND_UP(len, 1u << VOS_ARENA_UNIT_SHIFT);
}

/**
 * vos_arena_init - manage the bytes [@first, @bytes) of an arena
 * @arena: filled
 * @base: where the arena begins
 * @first: bytes before it belong to slots
 * @bytes: size of the whole arena
 *
 * Return: 0 or -ENOMEM.
 */
int vos_arena_init(struct vos_arena *arena, void __peer *base, u32 first, u32 bytes)
{
	arena->base = base;
	arena->first = first;
	arena->units = (bytes - first) >> VOS_ARENA_UNIT_SHIFT;
	arena->hint = 0;
	arena->used = bitmap_zalloc(arena->units, GFP_KERNEL);
	return arena->used ? 0 : -ENOMEM;
}

/**
 * vos_arena_exit - free the map of an arena
 * @arena: no extent of it is in use
 */
void vos_arena_exit(struct vos_arena *arena)
{
	WARN_ON_ONCE(arena->used && !bitmap_empty(arena->used, arena->units));
	bitmap_free(arena->used);
	arena->used = NULL;
}

/**
 * vos_arena_get - allocate contiguous bytes
 * @arena: the arena
 * @len: how many bytes
 * @ext: filled
 *
 * Context: the channel's slot_lock is held.
 * Return: 0. -ENOSPC: no such range is free now.
 */
int vos_arena_get(struct vos_arena *arena, u32 len, struct vos_extent *ext)
{
	unsigned long n = to_units(len), at;

	assert_locked(arena);
	at = bitmap_find_next_zero_area(arena->used, arena->units, arena->hint, n, 0);
	if (at >= arena->units && arena->hint)
		at = bitmap_find_next_zero_area(arena->used, arena->units, 0, n, 0);
	if (at >= arena->units)
		return -ENOSPC;
	bitmap_set(arena->used, at, n);
	arena->hint = at + n;
	ext->off = arena->first + (at << VOS_ARENA_UNIT_SHIFT);
	ext->len = len;
	return 0;
}

/**
 * vos_arena_put - free what vos_arena_get() allocated
 * @arena: the arena
 * @ext: as vos_arena_get() filled it
 *
 * Context: the channel's slot_lock is held.
 */
void vos_arena_put(struct vos_arena *arena, const struct vos_extent *ext)
{
	unsigned long at = (ext->off - arena->first) >> VOS_ARENA_UNIT_SHIFT;

	assert_locked(arena);
	if (WARN_ON_ONCE(!test_bit(at, arena->used)))
		return;
	bitmap_clear(arena->used, at, to_units(ext->len));
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one call that a target of the primary's sockets has under way: its room in the arena
 * is memory of the very length, so that the sanitizer sees what goes beyond.
 * A target's own vos_call_get() says when there is one. Included by one file of a target.
 */
#ifndef VOS_FUZZ_ONE_CALL_H
#define VOS_FUZZ_ONE_CALL_H

static struct vos_call call;
static u8 *ext[2];
static bool held;

static struct vos_call *take_call(u32 len0, u32 len1)
{
	const u32 len[] = { len0, len1 };
	int i;

	memset(&call, 0, sizeof(call));
	for (i = 0; i < 2; i++) {
		call.room[i].len = call.sqe.ext[i].len = len[i];
		ext[i] = memset(malloc(len[i] ? len[i] : 1), 0xee, len[i]);
		call.data[i] = ext[i];
	}
	call.epoch = 1;
	held = true;
	return &call;
}

void vos_call_put(struct vos_call *c)
{
	shim_assert(c == &call && held);
	free(ext[0]);
	free(ext[1]);
	held = false;
}

#endif

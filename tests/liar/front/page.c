// SPDX-License-Identifier: GPL-2.0
/*
 * Lies of the control page: each of a field, or of all, or of what it names. The service has
 * to refuse them. (The fuzzer of the engine tries many more: this is for what only Xen can
 * say, and for what becomes of the connection.)
 */
#include <linux/array_size.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/string.h>
#include "liar.h"

#define FIELD(name, field, value) { name, offsetof(struct vos_ctrl, field), value }

static const struct {
	const char *name;
	u32 offset;
	u32 value;
} fields[] = {
	FIELD("objects", nr_objects, U32_MAX & ~63u),
	FIELD("area-of-zeros", area_pages, VOS_REFS_PER_DIR),
	FIELD("far-obj-page", obj_page, U32_MAX),
	FIELD("two-dirs", nr_dir, 2),
	FIELD("arena-page", channel[0].arena_page, ARENA_PAGE + 1),
	FIELD("entries", channel[0].entries, 1u << 31),
	FIELD("evtchn", channel[0].evtchn, U32_MAX),
};

static void lie_of_field(struct front *f)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (!strcmp(f->lie, fields[i].name))
			*(u32 *)((void *)f->ctrl + fields[i].offset) = fields[i].value;
}

/* Tell it, if it is one of the page's. */
void liar_page(struct front *f)
{
	lie_of_field(f);
	if (!strcmp(f->lie, "area-refs"))
		get_random_bytes(front_page(f, DIR_PAGE), AREA_PAGES * sizeof(u32));
	if (!strcmp(f->lie, "random"))
		get_random_bytes(&f->ctrl->features,
				 PAGE_SIZE - offsetof(struct vos_ctrl, features));
}

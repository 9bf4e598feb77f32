/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few general registers that callbacks want to see. A callback may read them
 * if it was registered with QEMU_PLUGIN_CB_R_REGS.
 */
#include <string.h>

#include "count.h"

static const char *const names[REGS] = { "rax", "rcx", "rdi" };
static struct qemu_plugin_register *handles[MAX_VCPUS][REGS];
static __thread GByteArray *room;

void regs_init(unsigned int vcpu)
{
	GArray *all = qemu_plugin_get_registers();
	unsigned int i, r;

	for (i = 0; i < all->len && vcpu < MAX_VCPUS; i++) {
		qemu_plugin_reg_descriptor *d =
			&g_array_index(all, qemu_plugin_reg_descriptor, i);

		for (r = 0; r < REGS; r++)
			if (!strcmp(d->name, names[r]))
				handles[vcpu][r] = d->handle;
	}
	g_array_free(all, TRUE);
}

uint64_t reg_read(unsigned int vcpu, enum reg reg)
{
	uint64_t value = 0;

	if (vcpu >= MAX_VCPUS || !handles[vcpu][reg])
		return ~0ull;
	if (!room)
		room = g_byte_array_new();
	g_byte_array_set_size(room, 0);
	if (qemu_plugin_read_register(handles[vcpu][reg], room) >= (int)sizeof(value))
		memcpy(&value, room->data, sizeof(value));
	return value;
}

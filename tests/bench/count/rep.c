/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies by rep movs, which is how kernels copy for users. QEMU runs such an
 * instruction in one go, or (with -icount) begins it anew for each turn; here it
 * is one instruction, and its bytes are counted.
 */
#include "count.h"

struct rep_site {
	uint64_t pc;
	unsigned int width;
};

static void rep_begins(unsigned int vcpu, void *data)
{
	const struct rep_site *site = data;
	struct counts *c = counts_of(vcpu);
	enum where where = where_is(site->pc);
	uint64_t left = reg_read(vcpu, RCX);

	if (c->rep_pc == site->pc && c->rep_left && left + 1 == c->rep_left)
		c->rep_extra[where]++;
	else
		c->rep_bytes[where] += left * site->width;
	c->rep_pc = site->pc;
	c->rep_left = left;
}

/* Translations come and go without end; sites stay, one for each address. */
void rep_watch(struct qemu_plugin_insn *insn)
{
	static GMutex lock;
	static GHashTable *sites;
	uint64_t pc = qemu_plugin_insn_vaddr(insn);
	uint8_t b[4] = { 0 };
	size_t n = qemu_plugin_insn_data(insn, b, sizeof(b));
	unsigned int width = b[n - 1] == 0xa4 ? 1 : n == 3 && (b[1] & 8) ? 8 : 4;
	uint64_t key = pc << 4 | width;
	struct rep_site *site;

	g_mutex_lock(&lock);
	if (!sites)
		sites = g_hash_table_new(g_int64_hash, g_int64_equal);
	site = g_hash_table_lookup(sites, &key);
	if (!site) {
		uint64_t *kept = g_new(uint64_t, 1);

		*kept = key;
		site = g_new(struct rep_site, 1);
		site->pc = pc;
		site->width = width;
		g_hash_table_insert(sites, kept, site);
	}
	g_mutex_unlock(&lock);
	qemu_plugin_register_vcpu_insn_exec_cb(insn, rep_begins, QEMU_PLUGIN_CB_R_REGS, site);
}

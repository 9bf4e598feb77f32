/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting, told apart from work. A polling loop executes a pause in every pass.
 * What lies between two executions of the same pause on one vCPU was a pass that
 * found nothing, if it was short: at most half as long again as the shortest seen
 * there, and not above LONGEST. A pass that found something is work, the looking
 * included.
 */
#include "count.h"

#define LONGEST	600

struct pause_site {
	uint64_t pc;
	uint64_t shortest[MAX_VCPUS];
};

static void paused(unsigned int vcpu, void *data)
{
	struct pause_site *site = data;
	struct counts *c = counts_of(vcpu);
	uint64_t length = 0;
	int i;

	for (i = 0; i < WHERES; i++)
		length += c->insns[i] - c->pause_at[i];
	if (c->pause == site && length && length <= LONGEST && vcpu < MAX_VCPUS) {
		if (!site->shortest[vcpu] || length < site->shortest[vcpu])
			site->shortest[vcpu] = length;
		if (length <= site->shortest[vcpu] + site->shortest[vcpu] / 2)
			for (i = 0; i < WHERES; i++)
				c->wait[i] += c->insns[i] - c->pause_at[i];
	}
	c->pause = site;
	for (i = 0; i < WHERES; i++)
		c->pause_at[i] = c->insns[i];
}

void wait_watch(struct qemu_plugin_insn *insn)
{
	static GMutex lock;
	static GHashTable *sites;
	uint64_t pc = qemu_plugin_insn_vaddr(insn);
	struct pause_site *site;

	g_mutex_lock(&lock);
	if (!sites)
		sites = g_hash_table_new(g_int64_hash, g_int64_equal);
	site = g_hash_table_lookup(sites, &pc);
	if (!site) {
		site = g_new0(struct pause_site, 1);
		site->pc = pc;
		g_hash_table_insert(sites, &site->pc, site);
	}
	g_mutex_unlock(&lock);
	qemu_plugin_register_vcpu_insn_exec_cb(insn, paused, QEMU_PLUGIN_CB_NO_REGS, site);
}

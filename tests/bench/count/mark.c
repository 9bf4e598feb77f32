/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks: one line of JSON with the counts of all vCPUs so far. Other vCPUs go on
 * meanwhile, so that theirs may be a few instructions off (not with -icount, where
 * one runs at a time).
 */
#include <inttypes.h>
#include <stdio.h>

#include "count.h"

static FILE *out;

bool mark_open(const char *path)
{
	out = fopen(path, "w");
	return out;
}

static void three(const char *name, const uint64_t v[WHERES])
{
	fprintf(out, "\"%s\":[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "],", name, v[USER], v[KERNEL], v[XEN]);
}

static void one_vcpu(const struct counts *c)
{
	const char *sep = "";
	int i;

	fputc('{', out);
	three("insns", c->insns);
	three("rep_extra", c->rep_extra);
	three("wait", c->wait);
	three("rep_bytes", c->rep_bytes);
	three("copied", c->copied);
	three("msrs", c->msrs);
	fprintf(out, "\"syscalls\":%" PRIu64 ",\"xen_exits\":%" PRIu64 ",\"sends\":%" PRIu64
		",\"hypercalls\":{", c->syscalls, c->xen_exits, c->sends);
	for (i = 0; i < HYPERCALLS; i++)
		if (c->hypercall[i]) {
			fprintf(out, "%s\"%d\":%" PRIu64, sep, i, c->hypercall[i]);
			sep = ",";
		}
	fprintf(out, "}}");
}

static void marked(unsigned int vcpu, void *id)
{
	static GMutex lock;
	int i, n = qemu_plugin_num_vcpus();

	g_mutex_lock(&lock);
	fprintf(out, "{\"mark\":%u,\"vcpu\":%u,\"vcpus\":[", GPOINTER_TO_UINT(id), vcpu);
	for (i = 0; i < n; i++) {
		if (i)
			fputc(',', out);
		one_vcpu(counts_of(i));
	}
	fprintf(out, "]}\n");
	fflush(out);
	profile_mark();
	g_mutex_unlock(&lock);
}

void mark_watch(struct qemu_plugin_insn *insn, unsigned int id)
{
	qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, QEMU_PLUGIN_CB_NO_REGS,
					       GUINT_TO_POINTER(id));
}

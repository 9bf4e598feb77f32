/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A QEMU plugin that counts what each vCPU does, for machines whose domains are
 * pinned to one vCPU each:
 *
 *	-plugin count.so,out=FILE[,profile=FILE]
 *
 * Instructions are told apart by address: user space, the Linux kernels, Xen. A
 * program in a guest says what is to be measured by executing a mark, a long no-op
 * that nothing else uses: each writes all counts so far to FILE (mark.c).
 *
 * Instructions are looked at when QEMU translates them; only those that matter
 * get a callback, so that the machine stays fast.
 */
#include <stdio.h>
#include <string.h>

#include "count.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

struct qemu_plugin_scoreboard *counts;
static qemu_plugin_u64 insns[WHERES], copied[WHERES], msrs[WHERES], syscalls, xen_exits;

/* A vCPU that runs before QEMU has announced it (-icount, on a restored machine)
 * has no counts yet. */
struct counts *counts_of(unsigned int vcpu)
{
	static struct counts nobody;

	if ((int)vcpu >= qemu_plugin_num_vcpus())
		return &nobody;
	return qemu_plugin_scoreboard_find(counts, vcpu);
}

/* Xen has the lowest part of the upper half, see xen/include/asm-x86/config.h. */
enum where where_is(uint64_t pc)
{
	if (pc < 0xffff800000000000)
		return USER;
	return pc < 0xffff880000000000 ? XEN : KERNEL;
}

/* A PV kernel enters Xen by the system call instruction, as its processes do. */
static void hypercall(unsigned int vcpu, void *unused)
{
	struct counts *c = counts_of(vcpu);
	uint64_t nr = reg_read(vcpu, RAX) & 0xffffffff;

	(void)unused;
	c->hypercall[nr < HYPERCALLS ? nr : HYPERCALLS - 1]++;
	/* event_channel_op, EVTCHNOP_send */
	if (nr == 32 && (reg_read(vcpu, RDI) & 0xffffffff) == 4)
		c->sends++;
}

static void count_kind(struct qemu_plugin_insn *insn, enum where where)
{
	uint8_t b[8] = { 0 };
	size_t n = qemu_plugin_insn_data(insn, b, sizeof(b));
	unsigned int width = copy_width(b, n, where);

	if (width)
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
			insn, QEMU_PLUGIN_INLINE_ADD_U64, copied[where], width);
	if (n == 2 && b[0] == 0x0f && b[1] == 0x05) {
		if (where == KERNEL)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, hypercall,
							       QEMU_PLUGIN_CB_R_REGS, NULL);
		else if (where == USER)
			qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
				insn, QEMU_PLUGIN_INLINE_ADD_U64, syscalls, 1);
	} else if (where == XEN && n == 2 && b[0] == 0x48 && b[1] == 0xcf) {
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(	/* iretq */
			insn, QEMU_PLUGIN_INLINE_ADD_U64, xen_exits, 1);
	} else if (where == XEN && n == 3 && b[0] == 0x48 && b[1] == 0x0f && b[2] == 0x07) {
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(	/* sysretq */
			insn, QEMU_PLUGIN_INLINE_ADD_U64, xen_exits, 1);
	} else if (n == 2 && b[0] == 0x0f && (b[1] == 0x30 || b[1] == 0x32)) {
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(	/* wrmsr, rdmsr */
			insn, QEMU_PLUGIN_INLINE_ADD_U64, msrs[where], 1);
	} else if (n == 2 && b[0] == 0xf3 && b[1] == 0x90) {
		wait_watch(insn);
	} else if (b[0] == 0xf3 && (b[n - 1] == 0xa4 || b[n - 1] == 0xa5) &&
		   (n == 2 || (n == 3 && (b[1] & 0xf0) == 0x40))) {
		rep_watch(insn);
	} else if (where == USER && n == 7 && !memcmp(b, "\x0f\x1f\x80", 3) &&
		   !memcmp(b + 4, "VOS", 3)) {
		mark_watch(insn, b[3]);		/* nopl id|"VOS"(%rax) */
	}
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	enum where where = where_is(qemu_plugin_tb_vaddr(tb));
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	profile_block(tb);
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(
		tb, QEMU_PLUGIN_INLINE_ADD_U64, insns[where], n);
	for (i = 0; i < n; i++)
		count_kind(qemu_plugin_tb_get_insn(tb, i), where);
}

static void vcpu_began(qemu_plugin_id_t id, unsigned int vcpu)
{
	(void)id;
	regs_init(vcpu);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
					   int argc, char **argv)
{
	const char *out = NULL, *profile = NULL;
	int i;

	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = argv[i] + 4;
		else if (!strncmp(argv[i], "profile=", 8))
			profile = argv[i] + 8;
	if (!info->system_emulation || !out || !mark_open(out) ||
	    (profile && !profile_open(profile))) {
		fprintf(stderr, "count.so: wants a whole machine and out=FILE\n");
		return -1;
	}
	counts = qemu_plugin_scoreboard_new(sizeof(struct counts));
	for (i = 0; i < WHERES; i++) {
		qemu_plugin_u64 u = { counts, offsetof(struct counts, insns) + i * sizeof(uint64_t) };

		insns[i] = u;
		u.offset = offsetof(struct counts, copied) + i * sizeof(uint64_t);
		copied[i] = u;
		u.offset = offsetof(struct counts, msrs) + i * sizeof(uint64_t);
		msrs[i] = u;
	}
	syscalls = qemu_plugin_scoreboard_u64_in_struct(counts, struct counts, syscalls);
	xen_exits = qemu_plugin_scoreboard_u64_in_struct(counts, struct counts, xen_exits);
	qemu_plugin_register_vcpu_init_cb(id, vcpu_began);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What is counted for each vCPU. Shared by the parts of the plugin. */
#ifndef COUNT_H
#define COUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <qemu-plugin.h>

#define MAX_VCPUS	16
#define HYPERCALLS	64

enum where { USER, KERNEL, XEN, WHERES };

/*
 * One vCPU's counts, all of them growing. Instructions are added up by code that
 * QEMU puts into every block; the rest by callbacks on that vCPU's own thread.
 *
 * @insns: instructions begun
 * @rep_extra: of these, further turns of a rep instruction
 * @wait: of these, passes of a polling loop in which nothing was found
 * @rep_bytes: bytes moved by rep movs
 * @copied: bytes moved by other instructions that copy
 * @msrs: rdmsr and wrmsr begun; a PV kernel's trap, and Xen carries them out
 * @syscalls: system call instructions outside the kernels
 * @xen_exits: returns from Xen to whatever it interrupted
 * @hypercall: by number
 */
struct counts {
	uint64_t insns[WHERES];
	uint64_t rep_extra[WHERES];
	uint64_t wait[WHERES];
	uint64_t rep_bytes[WHERES];
	uint64_t copied[WHERES];
	uint64_t msrs[WHERES];
	uint64_t syscalls;
	uint64_t xen_exits;
	uint64_t hypercall[HYPERCALLS];
	uint64_t sends;
	/* private to rep.c */
	uint64_t rep_pc, rep_left;
	/* private to wait.c */
	struct pause_site *pause;
	uint64_t pause_at[WHERES];
};

extern struct qemu_plugin_scoreboard *counts;

struct counts *counts_of(unsigned int vcpu);
enum where where_is(uint64_t pc);

/* regs.c: general registers of the vCPU that runs the callback. */
enum reg { RAX, RCX, RDI, REGS };
void regs_init(unsigned int vcpu);
uint64_t reg_read(unsigned int vcpu, enum reg reg);

/* wait.c: polling loops. */
void wait_watch(struct qemu_plugin_insn *insn);

/* rep.c: rep movs. */
void rep_watch(struct qemu_plugin_insn *insn);

/* copy.c: other copies. */
unsigned int copy_width(const uint8_t *b, size_t n, enum where where);

/* profile.c: blocks of code by how often they ran; nothing without profile_open(). */
bool profile_open(const char *path);
void profile_block(struct qemu_plugin_tb *tb);
void profile_mark(void);

/* mark.c: what a program asks to have written down. */
bool mark_open(const char *path);
void mark_watch(struct qemu_plugin_insn *insn, unsigned int id);

#endif

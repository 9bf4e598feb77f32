/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the instructions went: how often each block of code ran on each vCPU between
 * two marks. With profile=FILE, every second mark writes a line for each block that
 * ran since the mark before: vCPU, address, instructions in it, times, first bytes.
 * The bytes are for profile.py, which knows modules by them.
 */
#include <inttypes.h>
#include <stdio.h>

#include "count.h"

#define BLOCKS	(1u << 17)
#define BYTES	12

struct block {
	uint64_t pc;
	unsigned int insns;
	unsigned int n;			/* of bytes[] */
	uint8_t bytes[BYTES];
	uint64_t before[MAX_VCPUS];
};

struct runs {
	uint64_t of[BLOCKS];
};

static FILE *out;
static struct qemu_plugin_scoreboard *runs;
static struct block *block;
static unsigned int nr_blocks;

bool profile_open(const char *path)
{
	out = fopen(path, "w");
	runs = qemu_plugin_scoreboard_new(sizeof(struct runs));
	block = g_new0(struct block, BLOCKS);
	return out;
}

static uint64_t *ran(unsigned int vcpu, unsigned int i)
{
	struct runs *r = qemu_plugin_scoreboard_find(runs, vcpu);

	return &r->of[i];
}

/* Blocks of the same code, translated again, count apart; profile.py adds them up. */
void profile_block(struct qemu_plugin_tb *tb)
{
	unsigned int i = out ? __atomic_fetch_add(&nr_blocks, 1, __ATOMIC_RELAXED) : BLOCKS;
	qemu_plugin_u64 count = { runs, i * sizeof(uint64_t) };
	size_t k, n = qemu_plugin_tb_n_insns(tb);
	struct block *b;

	if (i >= BLOCKS)
		return;
	b = &block[i];
	b->pc = qemu_plugin_tb_vaddr(tb);
	b->insns = n;
	for (k = 0; k < n; k++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, k);
		size_t size = qemu_plugin_insn_size(insn);

		if (b->n + size > BYTES)
			break;
		qemu_plugin_insn_data(insn, b->bytes + b->n, size);
		b->n += size;
	}
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, count, 1);
}

static void write_block(const struct block *b, unsigned int vcpu, uint64_t times)
{
	unsigned int i;

	fprintf(out, "%u %" PRIx64 " %u %" PRIu64 " ", vcpu, b->pc, b->insns, times);
	for (i = 0; i < b->n; i++)
		fprintf(out, "%02x", b->bytes[i]);
	fputc('\n', out);
}

/* Under mark.c's lock. */
void profile_mark(void)
{
	static bool inside;
	unsigned int n = nr_blocks < BLOCKS ? nr_blocks : BLOCKS, i;
	int v, vcpus = qemu_plugin_num_vcpus();

	if (!out)
		return;
	for (i = 0; i < n; i++)
		for (v = 0; v < vcpus && v < MAX_VCPUS; v++) {
			uint64_t now = *ran(v, i);

			if (inside && now != block[i].before[v])
				write_block(&block[i], v, now - block[i].before[v]);
			block[i].before[v] = now;
		}
	if (inside)
		fprintf(out, "end\n");
	fflush(out);
	inside = !inside;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of virtuosfs, for all mounts together, in debugfs: virtuosfs/stats. They are per
 * processor and without order: they are for people and tests, and no code depends on them.
 */
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include "opcode.h"
#include "vosfs.h"

struct counters {
	u64 count[VOSFS_NR_COUNTS];
	u64 request[VOSFS_NR_OPCODES];
	u64 waited_ns[VOSFS_NR_OPCODES];
};

static DEFINE_PER_CPU(struct counters, counters);
static struct dentry *dir;

static const char * const count_name[VOSFS_NR_COUNTS] = {
	[VOSFS_BYTES_OUT]	= "bytes_out",
	[VOSFS_BYTES_IN]	= "bytes_in",
	[VOSFS_BACKGROUND]	= "background",
	[VOSFS_DEFERRED]	= "deferred",
	[VOSFS_REPLAYED]	= "replayed",
	[VOSFS_EXPIRED]		= "expired",
	[VOSFS_BAD_REPLIES]	= "bad_replies",
	[VOSFS_KNOWN]		= "known",
	[VOSFS_LOGGED]		= "logged",
	[VOSFS_AGAIN]		= "again",
	[VOSFS_LOST]		= "lost",
};

/**
 * vosfs_count - add to a counter
 * @what: which
 * @n: how much
 *
 * Context: any.
 */
void vosfs_count(enum vosfs_count what, u64 n)
{
	this_cpu_add(counters.count[what], n);
}

/**
 * vosfs_count_request - count a request
 * @opcode: FUSE_*
 *
 * Context: any.
 */
void vosfs_count_request(u32 opcode)
{
	this_cpu_inc(counters.request[vosfs_opcode_index(opcode)]);
}

/**
 * vosfs_count_wait - add to the time that tasks have waited for requests
 * @opcode: FUSE_*
 * @ns: time
 *
 * Context: any.
 */
void vosfs_count_wait(u32 opcode, u64 ns)
{
	this_cpu_add(counters.waited_ns[vosfs_opcode_index(opcode)], ns);
}

static u64 sum_counter(const u64 __percpu *counter)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(counter, cpu);
	return sum;
}

static u64 sum_request(unsigned int i)
{
	return sum_counter(&counters.request[i]);
}

static u64 sum_wait_us(unsigned int i)
{
	return div_u64(sum_counter(&counters.waited_ns[i]), NSEC_PER_USEC);
}

static void show_requests(struct seq_file *m, const char *what, u64 (*sum)(unsigned int))
{
	unsigned int i;

	for (i = 0; i < VOSFS_NR_OPCODES; i++) {
		u64 n = sum(i);

		if (n)
			seq_printf(m, "%s.%s %llu\n", what, vosfs_opcode(i)->name, n);
	}
}

static int stats_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	for (i = 0; i < VOSFS_NR_COUNTS; i++)
		seq_printf(m, "%s %llu\n", count_name[i], sum_counter(&counters.count[i]));
	show_requests(m, "request", sum_request);
	show_requests(m, "waited_us", sum_wait_us);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/**
 * vosfs_stats_init - show the counters
 *
 * Context: process.
 */
void vosfs_stats_init(void)
{
	dir = debugfs_create_dir("virtuosfs", NULL);
	debugfs_create_file("stats", 0444, dir, NULL, &stats_fops);
}

/**
 * vosfs_stats_exit - remove the counters
 *
 * Context: process.
 */
void vosfs_stats_exit(void)
{
	debugfs_remove_recursive(dir);
}

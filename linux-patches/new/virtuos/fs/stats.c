// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of virtuosfs, for all mounts together, in debugfs: virtuosfs/stats.
 * Per processor and without order: for people and tests, nothing depends on them.
 */
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include "vosfs.h"

#define NR_OPCODES	(FUSE_STATX + 1)

struct counters {
	u64 count[VOSFS_NR_COUNTS];
	u64 request[NR_OPCODES];
	u64 waited_ns[NR_OPCODES];
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
};

static const char * const request_name[NR_OPCODES] = {
	[FUSE_LOOKUP]		= "lookup",
	[FUSE_GETATTR]		= "getattr",
	[FUSE_SETATTR]		= "setattr",
	[FUSE_READLINK]		= "readlink",
	[FUSE_SYMLINK]		= "symlink",
	[FUSE_MKNOD]		= "mknod",
	[FUSE_MKDIR]		= "mkdir",
	[FUSE_UNLINK]		= "unlink",
	[FUSE_RMDIR]		= "rmdir",
	[FUSE_RENAME]		= "rename",
	[FUSE_LINK]		= "link",
	[FUSE_READ]		= "read",
	[FUSE_WRITE]		= "write",
	[FUSE_STATFS]		= "statfs",
	[FUSE_FSYNC]		= "fsync",
	[FUSE_SETXATTR]		= "setxattr",
	[FUSE_GETXATTR]		= "getxattr",
	[FUSE_LISTXATTR]	= "listxattr",
	[FUSE_REMOVEXATTR]	= "removexattr",
	[FUSE_INIT]		= "init",
	[FUSE_READDIR]		= "readdir",
	[FUSE_FSYNCDIR]		= "fsyncdir",
	[FUSE_DESTROY]		= "destroy",
	[FUSE_BATCH_FORGET]	= "batch_forget",
	[FUSE_FALLOCATE]	= "fallocate",
	[FUSE_READDIRPLUS]	= "readdirplus",
	[FUSE_RENAME2]		= "rename2",
	[FUSE_LSEEK]		= "lseek",
	[FUSE_SYNCFS]		= "syncfs",
	[FUSE_STATX]		= "statx",
};

void vosfs_count(enum vosfs_count what, u64 n)
{
	this_cpu_add(counters.count[what], n);
}

void vosfs_count_request(u32 opcode)
{
	if (opcode < NR_OPCODES)
		this_cpu_inc(counters.request[opcode]);
}

void vosfs_count_wait(u32 opcode, u64 ns)
{
	if (opcode < NR_OPCODES)
		this_cpu_add(counters.waited_ns[opcode], ns);
}

static u64 sum_count(unsigned int i)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(counters.count[i], cpu);
	return sum;
}

static u64 sum_request(unsigned int i)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(counters.request[i], cpu);
	return sum;
}

static u64 sum_wait_us(unsigned int i)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(counters.waited_ns[i], cpu);
	return div_u64(sum, NSEC_PER_USEC);
}

static void show_requests(struct seq_file *m, const char *what, u64 (*sum)(unsigned int))
{
	unsigned int i;

	for (i = 0; i < NR_OPCODES; i++) {
		u64 n = sum(i);

		if (n && request_name[i])
			seq_printf(m, "%s.%s %llu\n", what, request_name[i], n);
		else if (n)
			seq_printf(m, "%s.%u %llu\n", what, i, n);
	}
}

static int stats_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	for (i = 0; i < VOSFS_NR_COUNTS; i++)
		seq_printf(m, "%s %llu\n", count_name[i], sum_count(i));
	show_requests(m, "request", sum_request);
	show_requests(m, "waited_us", sum_wait_us);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

void vosfs_stats_init(void)
{
	dir = debugfs_create_dir("virtuosfs", NULL);
	debugfs_create_file("stats", 0444, dir, NULL, &stats_fops);
}

void vosfs_stats_exit(void)
{
	debugfs_remove_recursive(dir);
}

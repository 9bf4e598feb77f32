// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only process of a domain 0: it builds the domains that test_domains.py, test_threads.py,
 * test_smp.py and test_switches.py ask for by a word on the kernel's command line.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "domain.h"

static void load_privcmd(void)
{
	int fd = open("/xen-privcmd.ko", O_RDONLY);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		warn("xen-privcmd");
	close(fd);
}

/* One with counters, one without, on the same processor at the same time. */
static void neighbours(void)
{
	struct domain two[] = {
		{ .name = "with", .kernel = "/pv.elf", .cmdline = "keep", .mb = 16, .vpmu = 1 },
		{ .name = "without", .kernel = "/pv.elf", .cmdline = "spy", .mb = 16 },
	};

	run_domains(two, 2, 60);
}

/* The primary's kernel, as a guest that has counters. */
static void guest(void)
{
	struct domain one = {
		.name = "guest", .kernel = "/vmlinuz", .ramdisk = "/init.cpio", .mb = 256, .vpmu = 1,
		.cmdline = "console=hvc0 quiet panic=-1",
	};

	run_domains(&one, 1, 240);
}

/* The same one, for two threads' counters. A Xen that is not ours has no domains without. */
static void threads(int vpmu)
{
	struct domain one = {
		.name = "guest", .kernel = "/vmlinuz", .ramdisk = "/init.cpio", .mb = 256, .vpmu = vpmu,
		.cmdline = "console=hvc0 quiet panic=-1 threads",
	};

	run_domains(&one, 1, 240);
}

/* The same one with two virtual processors; moves: they do, between two processors. */
static void smp(int moves)
{
	struct domain one = {
		.name = "guest", .kernel = "/vmlinuz", .ramdisk = "/init.cpio", .mb = 256, .vpmu = 1,
		.vcpus = 2, .moves = moves, .cmdline = "console=hvc0 quiet panic=-1 smp",
	};

	run_domains(&one, 1, 240);
}

/* Two with counters that take turns; moves: on two processors. */
static void pair(int moves)
{
	struct domain two[] = {
		{ .name = "ping", .kernel = "/pv.elf", .cmdline = "ping", .mb = 16, .vpmu = 1, .moves = moves },
		{ .name = "pong", .kernel = "/pv.elf", .cmdline = "pong", .mb = 16, .vpmu = 1, .moves = moves },
	};

	run_domains(two, 2, 180);
}

int main(int argc, char **argv)
{
	if (mount("proc", "/proc", "proc", 0, NULL) || mount("dev", "/dev", "devtmpfs", 0, NULL))
		warn("mount");
	load_privcmd();
	while (argc > 1) {
		argc--;
		if (!strcmp(argv[argc], "neighbours"))
			neighbours();
		else if (!strcmp(argv[argc], "guest"))
			guest();
		else if (!strcmp(argv[argc], "threads"))
			threads(1);
		else if (!strcmp(argv[argc], "threads-stock"))
			threads(0);
		else if (!strcmp(argv[argc], "smp"))
			smp(0);
		else if (!strcmp(argv[argc], "smp-moves"))
			smp(1);
		else if (!strcmp(argv[argc], "pair"))
			pair(0);
		else if (!strcmp(argv[argc], "pair-moves"))
			pair(1);
	}
	printf("end\n");
	fflush(stdout);
	for (;;)
		pause();
}

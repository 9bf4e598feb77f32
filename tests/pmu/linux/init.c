// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only process of a Linux that is booted to see its performance counters. "nordpmc"
 * on the kernel's command line: the tests that read them by rdpmc are left out. "threads":
 * those of two threads alone. "smp": those of several virtual processors alone.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "perf.h"

static void set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		warn("%s", path);
	close(fd);
}

static void show(const char *word, const char *path)
{
	char line[4096] = "";
	int fd = open(path, O_RDONLY);

	if (fd >= 0 && read(fd, line, sizeof(line) - 1) > 0)
		printf("%s %s\n", word, line);
	close(fd);
}

/* One that fails leaves the others alone. */
static void run(void (*test)(void))
{
	int status;

	fflush(stdout);
	if (!fork()) {
		test();
		fflush(stdout);
		_exit(0);
	}
	wait(&status);
	if (status)
		printf("failed status=0x%x\n", status);
}

/* What a real host measures (tests/hardware), by a loop that is short enough for emulation. */
static void test_rows(void)
{
	execl("/rows", "rows", "2000000", NULL);
	err(1, "rows");
}

static void all(int rdpmc)
{
	run(test_count);
	run(test_marks);
	if (rdpmc)
		run(test_rdpmc);
	run(test_samples);
	run(test_switches);
	run(test_rows);
}

int main(int argc, char **argv)
{
	int rdpmc = 1, threads = 0, smp = 0;

	while (argc > 1) {
		argc--;
		if (!strcmp(argv[argc], "nordpmc"))
			rdpmc = 0;
		else if (!strcmp(argv[argc], "threads"))
			threads = 1;
		else if (!strcmp(argv[argc], "smp"))
			smp = 1;
	}
	if (mount("proc", "/proc", "proc", 0, NULL) || mount("sysfs", "/sys", "sysfs", 0, NULL))
		warn("mount");
	/* No limit to the rate of samples on this slow machine. */
	set("/proc/sys/kernel/perf_cpu_time_max_percent", "0");
	show("pmu_mode", "/sys/hypervisor/pmu/pmu_mode");
	show("pmu", "/sys/bus/event_source/devices/cpu/type");
	if (threads)
		run(test_threads);
	else if (smp)
		run(test_smp);
	else
		all(rdpmc);
	printf("end\n");
	fflush(stdout);
	for (;;)
		pause();
}

// SPDX-License-Identifier: GPL-2.0-only
/* perf_event_open(2) and what belongs to it. An error ends the program, for it is a test's. */
#define _GNU_SOURCE
#include <err.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "perf.h"

struct perf_event_attr perf_attr(uint64_t event, int modes)
{
	struct perf_event_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_HARDWARE;
	attr.config = event;
	attr.disabled = 1;
	attr.exclude_user = !(modes & USER);
	attr.exclude_kernel = !(modes & KERNEL);
	attr.exclude_hv = 1;
	return attr;
}

int perf_open(const struct perf_event_attr *attr, pid_t pid, int group)
{
	int fd = syscall(SYS_perf_event_open, attr, pid, -1, group, 0);

	if (fd < 0)
		err(1, "perf_event_open");
	return fd;
}

int perf_counter(uint64_t event, int modes)
{
	struct perf_event_attr attr = perf_attr(event, modes);

	return perf_open(&attr, 0, -1);
}

uint64_t perf_read(int fd)
{
	uint64_t v;

	if (read(fd, &v, sizeof(v)) != sizeof(v))
		err(1, "read of a counter");
	return v;
}

void perf_start(int fd)
{
	if (ioctl(fd, PERF_EVENT_IOC_RESET, 0) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		err(1, "start of a counter");
}

void perf_stop(int fd)
{
	if (ioctl(fd, PERF_EVENT_IOC_DISABLE, 0))
		err(1, "stop of a counter");
}

void *perf_map(int fd, unsigned int pages)
{
	void *at = mmap(NULL, (1 + pages) * 4096, PROT_READ | (pages ? PROT_WRITE : 0), MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		err(1, "mmap of a counter");
	return at;
}

/* As linux/perf_event.h describes it: the counter itself, without a system call. */
uint64_t perf_rdpmc(const volatile struct perf_event_mmap_page *page)
{
	uint64_t count;
	uint32_t seq, index, low, high;

	do {
		seq = page->lock;
		__asm__ volatile("" : : : "memory");
		index = page->index;
		count = page->offset;
		if (!page->cap_user_rdpmc || !index)
			errx(1, "no reading by rdpmc");
		__asm__ volatile("rdpmc" : "=a"(low), "=d"(high) : "c"(index - 1));
		count += (int64_t)(((uint64_t)high << 32 | low) << (64 - page->pmc_width)) >> (64 - page->pmc_width);
		__asm__ volatile("" : : : "memory");
	} while (page->lock != seq);
	return count;
}

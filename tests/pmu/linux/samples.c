// SPDX-License-Identifier: GPL-2.0-only
/* Samples of a loop, with the place of each. */
#include <stdio.h>
#include <string.h>

#include "perf.h"

#define PAGES	64
#define TURNS	500000

struct record {
	struct perf_event_header header;
	uint64_t ip;
};

void test_samples(void)
{
	struct perf_event_attr attr = perf_attr(PERF_COUNT_HW_INSTRUCTIONS, USER);
	extern char samples_begin[], samples_end[];
	struct perf_event_mmap_page *page;
	uint64_t at;
	unsigned int samples = 0, inside = 0, others = 0;
	uint64_t counted;
	int fd;

	attr.sample_period = 10000;
	attr.sample_type = PERF_SAMPLE_IP;
	fd = perf_open(&attr, 0, -1);
	page = perf_map(fd, PAGES);
	perf_start(fd);
	__asm__ volatile("mov %0, %%ecx\n"
			 "samples_begin:\n"
			 "	dec %%ecx\n"
			 "	jnz samples_begin\n"
			 "samples_end:" : : "i"(TURNS) : "rcx", "cc");
	perf_stop(fd);
	counted = perf_read(fd);
	for (at = page->data_tail; at < page->data_head;) {
		const struct record *r = (void *)((char *)page + 4096 + at % (PAGES * 4096));

		if (r->header.type == PERF_RECORD_SAMPLE) {
			samples++;
			inside += r->ip >= (uintptr_t)samples_begin && r->ip <= (uintptr_t)samples_end;
		} else {
			others++;
		}
		at += r->header.size;
	}
	printf("samples counted=0x%lx period=0x%llx samples=0x%x inside=0x%x others=0x%x\n", counted,
	       attr.sample_period, samples, inside, others);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * model STEPS SEED FULL-WIDTH SPLIT LATENCY: so many steps at random, of either processor.
 * model cost SPLIT: what a round of two switches takes, with so many counters in each domain.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../pv/configs.h"
#include "model.h"

static unsigned long switches;

static void step(void)
{
	int next = any(3) ? (int)any(DOMAINS) : -1;

	cpu_now = any(CPUS);
	if (!any(4) && (next < 0 || !xen_runs(next))) {
		switches++;
		xen_switch(next);
	} else if (!any(5000)) {
		xen_suspend();
	}
	if (xen_current() < 0)
		return;
	if (any(2))
		guest_acts();
	guest_works();
}

static void set(int domain, int running, int stopped, int pce)
{
	uint64_t own = 0x1000 * (domain + 1), global = 0, fixed = 0;
	int i;

	xen_switch(domain);
	for (i = 0; i < COUNTERS; i++) {
		bool general = i < GENERAL;

		xen_write(general ? 0xc1 + i : 0x309 + i - GENERAL, i < running || i < stopped ? own + i : 0);
		if (general)
			xen_write(0x186 + i, i < running ? CONTROL_ENABLED | CONTROL_USR | 0xc0 : 0);
		else if (i < running)
			fixed |= 2ul << 4 * (i - GENERAL);
		if (i < running)
			global |= overflow_bit(i);
	}
	xen_write(0x38d, fixed);
	xen_write(0x38f, global);
	if (pce != xen_has_pce())
		xen_toggle_pce();
}

static void cost(void)
{
	for (unsigned int k = 0; k < sizeof(configs) / sizeof(*configs); k++) {
		unsigned long before = 0;

		for (int d = 0; d < 2; d++)
			set(d, configs[k].running[d], configs[k].stopped, configs[k].pce[d]);
		for (int round = 0; round < 3; round++) {
			before = accesses;
			for (int d = 0; d < 2; d++) {
				xen_switch(d);
				work(100 + d);
			}
		}
		printf("cost %s accesses=0x%lx\n", configs[k].name, accesses - before);
	}
}

int main(int argc, char **argv)
{
	unsigned long steps, n;

	if (argc == 3 && !strcmp(argv[1], "cost")) {
		split = atoi(argv[2]);
		xen_init();
		cost();
		return 0;
	}
	if (argc != 6)
		return 2;
	steps = strtoul(argv[1], NULL, 0);
	seed(strtoul(argv[2], NULL, 0));
	full_width = atoi(argv[3]);
	split = atoi(argv[4]);
	latency = atoi(argv[5]);
	xen_init();
	for (n = 0; n < steps; n++)
		step();
	printf("done steps=0x%lx switches=0x%lx checks=0x%lx accesses=0x%lx\n", steps, switches, checks, accesses);
	return 0;
}

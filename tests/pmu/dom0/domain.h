/* SPDX-License-Identifier: GPL-2.0-only */
/* Domains that a test's domain 0 builds, without a toolstack's daemons. */
#ifndef DOMAIN_H
#define DOMAIN_H

#include <stdint.h>
#include <xenctrl.h>
#include <xen/io/console.h>

struct domain {
	const char *name;		/* before each line that it prints */
	const char *kernel, *ramdisk, *cmdline;
	unsigned int mb;
	int vpmu;
	unsigned int vcpus;		/* 0: one */
	int moves;			/* between two processors, now and then */

	uint32_t id;
	struct xencons_interface *ring;
	char line[1024];
	unsigned int length;
	int ended;
};

/* Build them all, run them side by side, print what they print until each has said "end". */
void run_domains(struct domain *domains, unsigned int n, unsigned int seconds);
#endif

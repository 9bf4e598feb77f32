// SPDX-License-Identifier: GPL-2.0-only
/*
 * A PV domain is built by libxenguest, and its console's ring is polled. It has no
 * xenstore. An error ends the program, for it is a test's.
 */
#define XC_WANT_COMPAT_MAP_FOREIGN_API
#include "domain.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <xenguest.h>

static xc_interface *xc;

/* Return: the frame of its console's page. */
static xen_pfn_t load(const struct domain *d)
{
	struct xc_dom_image *image = xc_dom_allocate(xc, d->cmdline, NULL);
	xen_pfn_t frame;

	if (!image)
		errx(1, "%s: no image", d->name);
	image->container_type = XC_DOM_PV_CONTAINER;
	image->console_evtchn = xc_evtchn_alloc_unbound(xc, d->id, 0);
	if (xc_dom_kernel_file(image, d->kernel) ||
	    (d->ramdisk && xc_dom_module_file(image, d->ramdisk, NULL)) ||
	    xc_dom_boot_xen_init(image, xc, d->id) || xc_dom_rambase_init(image, 0) ||
	    xc_dom_parse_image(image) || xc_dom_mem_init(image, d->mb) || xc_dom_boot_mem_init(image) ||
	    xc_dom_build_image(image) || xc_dom_boot_image(image))
		err(1, "%s: cannot be built", d->name);
	frame = xc_dom_p2m(image, image->console_pfn);
	xc_dom_release(image);
	return frame;
}

static unsigned int vcpus_of(const struct domain *d)
{
	return d->vcpus ? d->vcpus : 1;
}

static void build(struct domain *d)
{
	struct xen_domctl_createdomain create = {
		.flags = d->vpmu ? XEN_DOMCTL_CDF_vpmu : 0,
		.max_vcpus = vcpus_of(d),
		.max_evtchn_port = -1,
		.max_grant_frames = 4,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};

	if (xc_domain_create(xc, &d->id, &create))
		err(1, "%s: cannot be created", d->name);
	if (xc_domain_max_vcpus(xc, d->id, vcpus_of(d)) || xc_domain_setmaxmem(xc, d->id, (d->mb + 1) * 1024))
		err(1, "%s", d->name);
	d->ring = xc_map_foreign_range(xc, d->id, XC_PAGE_SIZE, PROT_READ | PROT_WRITE, load(d));
	if (!d->ring)
		err(1, "%s: console", d->name);
	if (xc_domain_unpause(xc, d->id))
		err(1, "%s: unpause", d->name);
}

static void take(struct domain *d, char c)
{
	if (c == '\r' || d->length == sizeof(d->line) - 1)
		return;
	if (c != '\n') {
		d->line[d->length++] = c;
		return;
	}
	d->line[d->length] = '\0';
	d->length = 0;
	d->ended |= !strcmp(d->line, "end");
	printf("%s.%s\n", d->name, d->line);
}

static void take_all(struct domain *d)
{
	volatile struct xencons_interface *ring = d->ring;

	while (ring->out_cons != ring->out_prod) {
		__sync_synchronize();
		take(d, ring->out[MASK_XENCONS_IDX(ring->out_cons, ring->out)]);
		__sync_synchronize();
		ring->out_cons++;
	}
	fflush(stdout);
}

/* The @i-th vCPU has every combination of processors with those before it. */
static void move(const struct domain *d, unsigned int vcpu, unsigned int turn, unsigned int i)
{
	xc_cpumap_t cpus = xc_cpumap_alloc(xc);

	if (!cpus)
		err(1, "cpumap");
	xc_cpumap_setcpu(turn >> i & 1, cpus);
	if (xc_vcpu_setaffinity(xc, d->id, vcpu, cpus, NULL, XEN_VCPUAFFINITY_HARD))
		err(1, "%s: affinity", d->name);
	free(cpus);
}

void run_domains(struct domain *domains, unsigned int n, unsigned int seconds)
{
	time_t until = time(NULL) + seconds;
	unsigned int i, v, left = n, turn = 0;

	xc = xc_interface_open(NULL, NULL, 0);
	if (!xc)
		err(1, "no way to Xen");
	for (i = 0; i < n; i++)
		build(&domains[i]);
	while (left && time(NULL) < until) {
		usleep(20000);
		for (i = left = 0; i < n; i++) {
			take_all(&domains[i]);
			left += !domains[i].ended;
			for (v = 0; v < vcpus_of(&domains[i]) && domains[i].moves && !domains[i].ended; v++)
				move(&domains[i], v, turn, i + v);
		}
		turn++;
	}
	for (i = 0; i < n; i++) {
		if (!domains[i].ended)
			printf("late name=%s\n", domains[i].name);
		xc_domain_destroy(xc, domains[i].id);
	}
	xc_interface_close(xc);
}

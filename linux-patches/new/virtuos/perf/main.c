// SPDX-License-Identifier: GPL-2.0
/* The module virtuos-perf: the units "virtuos" and "xen" of perf. */
#include <linux/module.h>
#include "vperf.h"

static int __init start(void)
{
	int rc = vperf_xen_init();

	if (rc)
		return rc;
	rc = vperf_unit_init();
	if (rc)
		vperf_xen_exit();
	return rc;
}

/* Each event holds the module, so there is none any more. */
static void __exit stop(void)
{
	vperf_unit_exit();
	vperf_xen_exit();
}

module_init(start);
module_exit(stop);
MODULE_DESCRIPTION("VirtuOS: performance events of service domains and of Xen");
MODULE_LICENSE("GPL");

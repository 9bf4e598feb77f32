// SPDX-License-Identifier: GPL-2.0-only
/*
 * All tests in turn, or the one that the command line names. tests/pmu/test_patches.py and
 * test_domains.py say what the lines must be.
 */
#include "pv.h"

static int same(const int8_t *a, const char *b)
{
	while (*a && (char)*a == *b)
		a++, b++;
	return (char)*a == *b;
}

static void put_leaf(void)
{
	uint32_t r[4];

	cpuid(10, r);
	put("leaf");
	put_number("eax", r[0]);
	put_number("edx", r[3]);
	put_end();
}

void pv_main(const start_info_t *info)
{
	int ret;

	pv_init(info);
	put_leaf();
	test_uninitialised();
	ret = pmu_init();
	put("init");
	put_number("error", -ret);
	put_end();
	if (same(info->cmd_line, "keep")) {
		test_keep();
	} else if (same(info->cmd_line, "spy")) {
		test_spy();
	} else {
		if (!ret)
			test_cache();
		test_rdpmc();
		if (!ret)
			test_filter();
	}
	put("end\n");
	pv_end();
}

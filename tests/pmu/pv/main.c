// SPDX-License-Identifier: GPL-2.0-only
/*
 * All tests in turn, or the one that the command line names. tests/pmu/test_patches.py,
 * test_domains.py and test_switches.py say what the lines must be.
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

static void by_turns(int ping)
{
	int ret = ping ? pair_ping() : pair_pong();

	if (ret) {
		put("alone");
		put_number("error", -ret);
		put_end();
		return;
	}
	test_switches(ping);
	test_apart(ping);
	test_active(ping);
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
	} else if (same(info->cmd_line, "ping") || same(info->cmd_line, "pong")) {
		by_turns(same(info->cmd_line, "ping"));
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

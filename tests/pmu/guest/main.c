// SPDX-License-Identifier: GPL-2.0-only
/*
 * All tests in turn. Each prints lines of a word and numbers; tests/pmu/test_machine.py
 * says what they must be. On a machine without the unit only the first two lines come.
 */
#include "guest.h"

void guest_main(void)
{
	uint32_t r[4];

	traps_init();
	test_leaf();
	if (cpuid(10, r) & 0xff) {
		test_sections();
		test_modes();
		test_access();
		test_overflow();
		test_cycles();
		test_save();
	}
	put("end\n");
}

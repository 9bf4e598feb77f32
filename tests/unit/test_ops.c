/* SPDX-License-Identifier: MIT */
/* The table of calls: every number once, classes by range, unknown ones refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>

#include <virtuos/ops.h>

static void every_number_is_used_once(void **state)
{
	int seen[256] = { 0 };

	(void)state;
#define X(name, nr, class, e0, e1) assert_int_equal(seen[nr]++, 0);
	VOS_OPCODES(X)
#undef X
}

static enum vos_class class_by_range(unsigned int nr)
{
	return nr < 0x10 ? VOS_CLASS_CORE : nr < 0x40 ? VOS_CLASS_NET : VOS_CLASS_STORAGE;
}

static void classes_follow_the_ranges(void **state)
{
	unsigned int nr, known = 0;

	(void)state;
	for (nr = 0; nr < 256; nr++) {
		enum vos_class c = vos_opcode_class(nr);

		assert_true((c == VOS_CLASS_NONE) == !strcmp(vos_opcode_name(nr), "?"));
		if (c == VOS_CLASS_NONE)
			continue;
		known++;
		assert_int_equal(c, class_by_range(nr));
	}
	assert_int_equal(known, 26);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_is_used_once),
		cmocka_unit_test(classes_follow_the_ranges),
	};

	return cmocka_run_group_tests_name("table of calls", tests, NULL, NULL);
}

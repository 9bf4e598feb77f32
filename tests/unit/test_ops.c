/* SPDX-License-Identifier: MIT */
/*
 * The table of operations. What holds for each row by itself is asserted where it stands,
 * and by every compiler; here is what it says as a whole, and how it is looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include <virtuos/ops.h>

static const struct vos_op ops[VOS_NR_OPCODES] = { VOS_OPCODES(VOS_OP_FACTS) };

static bool exists(unsigned int nr)
{
	return ops[nr].class != VOS_CLASS_NONE;
}

static void rows_and_table_are_as_many(void **state)
{
	unsigned int nr, rows = 0, entries = 0;

	(void)state;
#define X(NAME, ...) rows++;
	VOS_OPCODES(X)
#undef X
	for (nr = 0; nr < VOS_NR_OPCODES; nr++)
		entries += exists(nr);
	assert_int_equal(rows, entries);
}

static void names_are_the_rows(void **state)
{
	unsigned int nr;

	(void)state;
	for (nr = 0; nr < VOS_NR_OPCODES; nr++)
		assert_int_equal(exists(nr), strcmp(vos_opcode_name(nr), "?") != 0);
	assert_string_equal(vos_opcode_name(VOS_OP_SETINT), "SETINT");
}

static void what_is_not_there_is_refused(void **state)
{
	unsigned int nr, from, class;

	(void)state;
	for (nr = 0; nr < VOS_NR_OPCODES; nr++)
		for (from = VOS_FROM_KERNEL; !exists(nr) && from <= VOS_FROM_ANYBODY; from++)
			for (class = VOS_CLASS_NONE; class <= VOS_CLASS_STORAGE; class++)
				assert_int_equal(vos_op_check(&ops[nr], from, class), -ENOSYS);
}

/* Everything that a process may have done past its kernel: nothing else, by mistake. */
static void processes_may_do_this_only(void **state)
{
	static const enum vos_opcode may[] = {
		VOS_OP_NOP, VOS_OP_SENDMSG, VOS_OP_RECVMSG, VOS_OP_SETINT,
		VOS_OP_UNREAD,
		VOS_OP_READ, VOS_OP_WRITE, VOS_OP_COMMIT,
	};
	unsigned int nr, i;

	(void)state;
	for (nr = 0; nr < VOS_NR_OPCODES; nr++) {
		bool allowed = false;

		for (i = 0; i < sizeof(may) / sizeof(may[0]); i++)
			allowed |= may[i] == nr;
		assert_int_equal(!!(ops[nr].from & VOS_FROM_PROCESS), allowed);
	}
}

static int by(enum vos_opcode nr, enum vos_from from, enum vos_class class)
{
	return vos_op_check(&ops[nr], from, class);
}

static void each_end_has_its_own(void **state)
{
	const enum vos_class n = VOS_CLASS_NET, s = VOS_CLASS_STORAGE;

	(void)state;
	assert_int_equal(by(VOS_OP_NOP, VOS_FROM_KERNEL, n), 0);
	assert_int_equal(by(VOS_OP_NOP, VOS_FROM_PROCESS, s), 0);
	assert_int_equal(by(VOS_OP_CRED_SET, VOS_FROM_PROCESS, n), -ENOSYS);
	assert_int_equal(by(VOS_OP_FUSE, VOS_FROM_PROCESS, s), -ENOSYS);
	assert_int_equal(by(VOS_OP_FUSE, VOS_FROM_KERNEL, s), 0);
	assert_int_equal(by(VOS_OP_FUSE, VOS_FROM_KERNEL, n), -ENOSYS);
	assert_int_equal(by(VOS_OP_READ, VOS_FROM_KERNEL, s), -ENOSYS);
	assert_int_equal(by(VOS_OP_SETINT, VOS_FROM_KERNEL, n), -ENOSYS);
	assert_int_equal(by(VOS_OP_SENDMSG, VOS_FROM_PROCESS, n), 0);
	assert_int_equal(by(VOS_OP_SENDMSG, VOS_FROM_PROCESS, s), -ENOSYS);
}

static int with(enum vos_opcode nr, __u32 len0, __u32 len1)
{
	int rc = vos_ext_check(ops[nr].ext[0], len0);

	return rc ? rc : vos_ext_check(ops[nr].ext[1], len1);
}

static void extents_are_as_the_row_says(void **state)
{
	(void)state;
	assert_int_equal(with(VOS_OP_NOP, 0, 0), 0);
	assert_int_equal(with(VOS_OP_NOP, 1, 0), -EINVAL);
	assert_int_equal(with(VOS_OP_NOP, 0, 1), -EINVAL);
	assert_int_equal(with(VOS_OP_READ, 0, 0), -EINVAL);
	assert_int_equal(with(VOS_OP_READ, ~0u, 0), 0);
	assert_int_equal(with(VOS_OP_READ, 1, 1), -EINVAL);
	assert_int_equal(with(VOS_OP_BIND, 0, 0), -EINVAL);
	assert_int_equal(with(VOS_OP_BIND, 0, 16), 0);
	assert_int_equal(with(VOS_OP_BIND, 16, 16), -EINVAL);
	assert_int_equal(with(VOS_OP_FUSE, 40, 0), 0);
	assert_int_equal(with(VOS_OP_FUSE, 0, 40), -EINVAL);
	assert_int_equal(with(VOS_OP_SENDMSG, 0, 0), 0);
	assert_int_equal(with(VOS_OP_SENDMSG, 1, 1), 0);
}

/* A service is given an address to write only where it is to write. */
static void directions_are_as_the_row_says(void **state)
{
	const __u8 both = VOS_EXT_IN | VOS_EXT_OUT;

	(void)state;
	assert_int_equal(ops[VOS_OP_WRITE].ext[0] & both, VOS_EXT_IN);
	assert_int_equal(ops[VOS_OP_READ].ext[0] & both, VOS_EXT_OUT);
	assert_int_equal(ops[VOS_OP_FUSE].ext[0] & both, VOS_EXT_IN);
	assert_int_equal(ops[VOS_OP_FUSE].ext[1] & both, VOS_EXT_OUT);
	assert_int_equal(ops[VOS_OP_IOCTL].ext[0], both);
	assert_int_equal(ops[VOS_OP_IOCTL].ext[1], both);
}

/* The right on a handle is what moving data that way takes. */
static void rights_follow_the_data(void **state)
{
	unsigned int nr;

	(void)state;
	for (nr = 0; nr < VOS_NR_OPCODES; nr++) {
		if (ops[nr].right == VOS_RIGHT_READ)
			assert_false(ops[nr].ext[0] & VOS_EXT_IN);
		if (ops[nr].right == VOS_RIGHT_WRITE)
			assert_false((ops[nr].ext[0] | ops[nr].ext[1]) & VOS_EXT_OUT);
	}
}

/* A process does not look at the answer of what it posts, so nothing may come before. */
static void posted_calls_are_answered_in_turn(void **state)
{
	(void)state;
	assert_int_equal(ops[VOS_OP_SETINT].answer, VOS_ANSWER_NOW);
	assert_int_equal(ops[VOS_OP_SENDMSG].answer, VOS_ANSWER_NOW);
	assert_int_equal(ops[VOS_OP_SENDMSG].after, VOS_AFTER_OBJECT);
	assert_int_equal(ops[VOS_OP_SETSOCKOPT].after, VOS_AFTER_OBJECT);
	assert_int_equal(ops[VOS_OP_HANDLE_DROP].after, VOS_AFTER_UCHAN);
	assert_int_equal(ops[VOS_OP_UCHAN_CLOSE].after, VOS_AFTER_UCHAN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_and_table_are_as_many),
		cmocka_unit_test(names_are_the_rows),
		cmocka_unit_test(what_is_not_there_is_refused),
		cmocka_unit_test(processes_may_do_this_only),
		cmocka_unit_test(each_end_has_its_own),
		cmocka_unit_test(extents_are_as_the_row_says),
		cmocka_unit_test(directions_are_as_the_row_says),
		cmocka_unit_test(rights_follow_the_data),
		cmocka_unit_test(posted_calls_are_answered_in_turn),
	};

	return cmocka_run_group_tests_name("table of operations", tests, NULL, NULL);
}

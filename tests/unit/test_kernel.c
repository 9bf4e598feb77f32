/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a domain's kernel is the installed one: an upgrade, a file that is merely touched, strange notes. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../dom0-tools/host/kernel.c"
#include "hosttree.h"

static char note[VD_KERNEL_NOTE];

static void make_note(void)
{
	char kernel[256], ramdisk[256];

	tree_put("vmlinuz", "kernel one, of more than eight bytes");
	tree_put("initrd.img", "ramdisk");
	snprintf(kernel, sizeof(kernel), "%s", tree_path("vmlinuz"));
	snprintf(ramdisk, sizeof(ramdisk), "%s", tree_path("initrd.img"));
	vd_kernel_note(kernel, ramdisk, note);
	assert_true(*note);
	assert_null(strchr(note, '\n'));
	assert_int_equal(vd_kernel_judge(note), VD_KERNEL_INSTALLED);
}

/* As dpkg does: a new file takes the place of the old one. */
static void replace(const char *name, const char *text)
{
	char new[256];

	tree_put("new", text);
	snprintf(new, sizeof(new), "%s/new", tree_root());
	assert_int_equal(rename(new, tree_path(name)), 0);
}

static void an_upgrade_makes_a_kernel_older(void **state)
{
	(void)state;
	make_note();
	replace("vmlinuz", "kernel two, of more than eight bytes");
	assert_int_equal(vd_kernel_judge(note), VD_KERNEL_OLDER);
	replace("vmlinuz", "kernel one, of more than eight bytes");
	assert_int_equal(vd_kernel_judge(note), VD_KERNEL_INSTALLED);
}

static void a_ramdisk_counts_as_well(void **state)
{
	(void)state;
	make_note();
	replace("initrd.img", "ramdisc");
	assert_int_equal(vd_kernel_judge(note), VD_KERNEL_OLDER);
}

static void bytes_that_move_between_the_files_count(void **state)
{
	(void)state;
	make_note();
	replace("vmlinuz", "kernel one, of more than eight bytesr");
	replace("initrd.img", "amdisk");
	assert_int_equal(vd_kernel_judge(note), VD_KERNEL_OLDER);
	replace("vmlinuz", "kernel one, of more than eight bytes\1");
	assert_int_equal(vd_kernel_judge(note), VD_KERNEL_OLDER);
}

static void the_same_contents_in_new_files_are_the_same(void **state)
{
	(void)state;
	make_note();
	replace("vmlinuz", "kernel one, of more than eight bytes");
	replace("initrd.img", "ramdisk");
	assert_int_equal(vd_kernel_judge(note), VD_KERNEL_INSTALLED);
}

static void without_files_nothing_is_known(void **state)
{
	(void)state;
	make_note();
	tree_remove("initrd.img");
	assert_int_equal(vd_kernel_judge(note), VD_KERNEL_UNKNOWN);
	vd_kernel_note("/nonexistent", "/dev/null", note);
	assert_string_equal(note, "");
}

static void strange_notes_say_nothing(void **state)
{
	static const char *const notes[] = {
		"", "x", "0", "1 2", "1 2 /a\t/b", "0123456789abcdef 0123456789abcdef ",
		"0123456789abcdef 0123456789abcdef /dev/null", "\t", "0123456789abcdef 0123456789abcdef \t",
	};
	char longest[1000];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		assert_int_equal(vd_kernel_judge(notes[i]), VD_KERNEL_UNKNOWN);
	vd_kernel_note("/dev/null\t", "/dev/null", note);
	assert_string_equal(note, "");
	memset(longest, '/', sizeof(longest) - 10);
	strcpy(longest + sizeof(longest) - 10, "dev/null");
	vd_kernel_note(longest, "/dev/null", note);
	assert_string_equal(note, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TREE(an_upgrade_makes_a_kernel_older),
		ON_TREE(a_ramdisk_counts_as_well),
		ON_TREE(bytes_that_move_between_the_files_count),
		ON_TREE(the_same_contents_in_new_files_are_the_same),
		ON_TREE(without_files_nothing_is_known),
		cmocka_unit_test(strange_notes_say_nothing),
	};

	return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}

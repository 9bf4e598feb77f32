/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of settings that a network domain has sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../linux-patches/new/virtuos/net/sysctl_line.c"

/* A copy of exactly the text's size, so that reads beyond it are found. */
static char *list_of(const char *text)
{
	char *list = strdup(text);

	assert_non_null(list);
	return list;
}

static void entries_are_found(void **state)
{
	char *list = list_of("d 555 conf\nf 644 ip_forward\nf 600 key"), *rest = list;
	struct vnet_sysctl_line line;

	(void)state;
	rest = vnet_sysctl_line(rest, &line);
	assert_true(rest && line.folder);
	assert_string_equal(line.name, "conf");
	rest = vnet_sysctl_line(rest, &line);
	assert_true(rest && !line.folder);
	assert_int_equal(line.mode, 0644);
	assert_string_equal(line.name, "ip_forward");
	rest = vnet_sysctl_line(rest, &line);
	assert_non_null(rest);
	assert_int_equal(line.mode, 0600);
	assert_string_equal(line.name, "key");
	assert_null(vnet_sysctl_line(rest, &line));
	free(list);
}

static void links_have_targets(void **state)
{
	char *list = list_of("l 777 master br0\nf 444 mtu\nl 777 lower_eth0.5 eth0.5"), *rest = list;
	struct vnet_sysctl_line line;

	(void)state;
	rest = vnet_sysctl_line(rest, &line);
	assert_true(rest && !line.folder);
	assert_string_equal(line.name, "master");
	assert_string_equal(line.target, "br0");
	rest = vnet_sysctl_line(rest, &line);
	assert_non_null(rest);
	assert_string_equal(line.name, "mtu");
	assert_null(line.target);
	rest = vnet_sysctl_line(rest, &line);
	assert_non_null(rest);
	assert_string_equal(line.target, "eth0.5");
	assert_null(vnet_sysctl_line(rest, &line));
	free(list);
}

/* The owner alone writes, and nobody executes. */
static void rights_are_cut(void **state)
{
	char *list = list_of("f 777 a\n");
	struct vnet_sysctl_line line;

	(void)state;
	assert_non_null(vnet_sysctl_line(list, &line));
	assert_int_equal(line.mode, 0644);
	free(list);
}

static void nonsense_is_passed_over(void **state)
{
	static const char * const bad[] = {
		"", "\n", "f", "f 644", "f 644 ", "f 648 a", "x 644 a", "f 644 .", "f 644 ..",
		"f 644 a/b", "f 644 a b", "f 644 \x1b[2J", "f 644 a\x7f", "f644 aaa", "f 6441a",
		"l 777 a", "l 777 a ", "l 777  b", "l 777 a b c", "l 777 a b/c", "l 777 a ..", "l 777 a/b c",
		"f 644 0123456789012345678901234567890123456789012345678901234567890123",
	};
	struct vnet_sysctl_line line;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *list = list_of(bad[i]), *both = malloc(strlen(bad[i]) + 16);

		assert_null(vnet_sysctl_line(list, &line));
		sprintf(both, "%s\nf 444 good\n", bad[i]);
		assert_non_null(vnet_sysctl_line(both, &line));
		assert_string_equal(line.name, "good");
		free(both);
		free(list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_found),
		cmocka_unit_test(links_have_targets),
		cmocka_unit_test(rights_are_cut),
		cmocka_unit_test(nonsense_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

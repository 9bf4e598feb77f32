/* SPDX-License-Identifier: GPL-2.0-only */
/* `virtuos report`: what is blanked, and commands that fail, hang or print without end. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../dom0-tools/cli/redact.c"
#include "../../dom0-tools/cli/capture.c"

static void check_line(const char *line, const char *want)
{
	struct redact r = { .in_key = false };
	char buf[256];

	snprintf(buf, sizeof(buf), "%s", line);
	redact_line(&r, buf);
	assert_string_equal(buf, want);
}

static void test_secrets_are_blanked(void **state)
{
	(void)state;
	check_line("vncpasswd = \"two words\"\n", "vncpasswd = \"*********\"\n");
	check_line("{ \"api_token\": \"abc\", \"tokens\": 5 }", "{ \"api_token\": \"***\", \"tokens\": 5 }");
	check_line("root=x my.secret=s3 quiet\n", "root=x my.secret=** quiet\n");
	check_line("PASSWORD:'open\n", "PASSWORD:'****\n");
	check_line("token=\n", "token=\n");
	check_line("psk", "psk");
	check_line("secretary=anna\n", "secretary=anna\n");
}

static void test_macs_keep_their_maker(void **state)
{
	(void)state;
	check_line("mac=00:16:3e:12:34:56,bridge=xenbr0", "mac=00:16:3e:**:**:**,bridge=xenbr0");
	check_line("52:54:00:AB:CD:EF brd ff:ff:ff:ff:ff:ff\n", "52:54:00:**:**:** brd ff:ff:ff:**:**:**\n");
	check_line("2001:db8:11:22:33:44:55:66 0000:03:00.0", "2001:db8:11:22:33:44:55:66 0000:03:00.0");
	check_line("11:22:33:44:55:66:77:88", "11:22:33:44:55:66:77:88");
}

static void test_private_keys_are_blanked(void **state)
{
	struct redact r = { .in_key = false };
	char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n", inner[] = "b3BlbnNz\n";
	char end[] = "-----END OPENSSH PRIVATE KEY-----\n", after[] = "b3BlbnNz\n";

	(void)state;
	redact_line(&r, begin);
	redact_line(&r, inner);
	redact_line(&r, end);
	redact_line(&r, after);
	assert_string_equal(inner, "********\n");
	assert_string_equal(after, "b3BlbnNz\n");
}

/* Run a shell command. Return: what is in the report of it, to be freed. */
static char *capture(const char *script, int seconds, char why[64])
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	capture_command(argv, seconds, out, why);
	fclose(out);
	return text;
}

static void test_commands(void **state)
{
	char why[64], *text = capture("echo a; echo b >&2", 10, why);

	(void)state;
	assert_string_equal(text, "a\nb\n");
	assert_string_equal(why, "");
	free(text);
	text = capture("echo password=x; exit 3", 10, why);
	assert_string_equal(text, "password=*\n");
	assert_string_equal(why, "ended with status 3");
	free(text);
}

static void test_a_command_that_is_not_there(void **state)
{
	const char *const argv[] = { "/no/such/command", NULL };
	char why[64];

	(void)state;
	assert_int_equal(capture_command(argv, 10, stderr, why), -1);
	assert_string_equal(why, "cannot be run");
}

static void test_a_command_that_hangs_ends_with_its_children(void **state)
{
	char why[64], *text = capture("echo begun; sleep 1000 & sleep 1000", 1, why);

	(void)state;
	assert_string_equal(text, "begun\n");
	assert_string_equal(why, "did not end within 1 s");
	free(text);
}

static void test_endless_output_is_cut_off(void **state)
{
	char why[64], *text = capture("yes abcdefg", 60, why);

	(void)state;
	assert_true(strlen(text) < CAPTURE_MAX + 100);
	assert_non_null(strstr(text, "(cut off here)\n"));
	free(text);
}

static void test_the_end_of_a_long_file(void **state)
{
	char path[] = "/tmp/virtuos-test.XXXXXX", *text = NULL;
	size_t len;
	FILE *f = fdopen(mkstemp(path), "w"), *out = open_memstream(&text, &len);
	int i;

	(void)state;
	for (i = 0; i < 200000; i++)
		fprintf(f, "line %06d\n", i);
	fclose(f);
	assert_int_equal(capture_file(path, out), 0);
	fclose(out);
	assert_true(len > CAPTURE_MAX / 2 && len < CAPTURE_MAX);
	assert_memory_equal(text, "line ", 5);
	assert_string_equal(text + len - 12, "line 199999\n");
	free(text);
	unlink(path);
	assert_int_equal(capture_file("/tmp", stderr), -1);
	assert_int_equal(capture_file(path, stderr), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secrets_are_blanked),
		cmocka_unit_test(test_macs_keep_their_maker),
		cmocka_unit_test(test_private_keys_are_blanked),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_a_command_that_is_not_there),
		cmocka_unit_test(test_a_command_that_hangs_ends_with_its_children),
		cmocka_unit_test(test_endless_output_is_cut_off),
		cmocka_unit_test(test_the_end_of_a_long_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

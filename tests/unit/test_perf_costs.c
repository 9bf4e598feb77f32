/* SPDX-License-Identifier: MIT */
/*
 * What `virtuos top` makes of two snapshots: honest ones, and texts that lie, end early or are
 * noise.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "costs.h"
#include "show.h"
#include "snapshot.h"
#include "stream.h"

#define HEADER	"tid tgid comm service trap_calls trap_ticks wait_ticks trap_bytes late_calls late_ticks " \
		"door_calls door_ticks dead_calls dead_ticks sleeps sleep_ns outage_ns sends\n"
#define NET(calls, ticks, poll, run) \
	"service net\nstate up\ndied 1\nservice_calls " #calls "\nservice_ticks " #ticks "\n" \
	"service_wait_ticks 0\npoll_ticks " #poll "\nrunning_ns " #run "\nunclaimed_ticks 0\n"
#define BEGIN(ns)	"virtuos-snapshot 1\nmonotonic_ns " #ns "\ntsc_khz 1000000\n"	/* a tick is 1 ns */
#define STORAGE	"service storage\nstate up\nservice_ticks 5\n"

static struct vp_snapshot parsed(const char *text)
{
	struct vp_snapshot s;

	assert_int_equal(vp_snapshot_parse(text, strlen(text), &s), 0);
	return s;
}

/* The costs between two texts; @text, if not NULL, gets the table and the JSON. */
static struct vp_costs between(const char *first, const char *second, struct vp_text *text)
{
	struct vp_snapshot was = parsed(first), is = parsed(second);
	struct vp_costs c;

	vp_costs_between(&was, &is, &c);
	vp_costs_sort(&c, VP_BY_SERVICES);
	if (text) {
		vp_show_table(&c, 0, text);
		vp_show_json(&c, text);
	}
	vp_snapshot_free(&was);
	vp_snapshot_free(&is);
	return c;
}

static void near(double is, double wanted)
{
	if (!(fabs(is - wanted) < 1e-6))
		fail_msg("%f, not %f", is, wanted);
}

static void services_time_is_divided(void **state)
{
	struct vp_costs c = between(BEGIN(1000000000) NET(100, 1000, 10, 5000) "end\n",
				    BEGIN(3000000000) NET(300, 400001000, 200000010, 1000005000) "end\n",
				    NULL);

	(void)state;
	assert_int_equal(c.services, 1);
	assert_string_equal(c.service[0].name, "net");
	assert_string_equal(c.service[0].state, "up");
	near(c.seconds, 2);
	near(c.service[0].calls, 100);
	near(c.service[0].cpu, 50);
	near(c.service[0].called, 20);
	near(c.service[0].poll, 10);
	near(c.service[0].background, 20);
	near(c.service[0].idle, 50);
	near(c.service[0].unclaimed, 0);
	assert_false(c.has_threads);
	vp_costs_free(&c);
}

static void threads_are_charged(void **state)
{
	struct vp_costs c = between(
		BEGIN(1) NET(0, 0, 0, 0) STORAGE "threads\n" HEADER
		"7 7 redis net 10 100 0 0 0 0 0 0 0 0 0 0 0 0\n"
		"9 9 nginx net 0 0 0 0 0 0 0 0 0 0 0 0 0 0\ncpu 7 7 1000\nend\n",
		BEGIN(1000000001) NET(0, 0, 0, 0) STORAGE "threads\n" HEADER
		"7 7 redis net 20 50000100 7000000 0 1 50000000 30 100000000 0 0 0 0 0 0\n"
		"7 7 redis storage 0 0 0 0 0 0 1 10000000 0 0 0 0 0 0\n"
		"9 9 nginx net 0 0 0 0 0 0 1 900000000 0 0 0 0 0 0\ncpu 7 7 300001000\nend\n", NULL);

	(void)state;
	assert_true(c.has_threads);
	assert_int_equal(c.threads, 2);
	assert_int_equal(c.thread[0].tid, 9);
	near(c.thread[0].services, 90);
	near(c.thread[0].door, 100);
	assert_int_equal(c.thread[1].tid, 7);
	assert_string_equal(c.thread[1].comm, "redis");
	near(c.thread[1].service[0], 20);
	near(c.thread[1].service[1], 1);
	near(c.thread[1].services, 21);
	near(c.thread[1].cpu, 30);
	near(c.thread[1].calls, 42);
	near(c.thread[1].door, 31.0 / 42 * 100);
	near(c.thread[1].wait, 7);
	vp_costs_sort(&c, VP_BY_CPU);
	assert_int_equal(c.thread[0].tid, 7);
	vp_costs_sort(&c, VP_BY_SERVICE + 1);
	assert_int_equal(c.thread[0].tid, 7);
	vp_costs_free(&c);
}

/* What a thread had goes to the leader when the thread ends, and is not new by that. */
static void ended_threads_count_once(void **state)
{
	struct vp_costs c = between(
		BEGIN(1) NET(0, 0, 0, 0) "threads\n"
		"7 7 a net 1 1000 0 0 0 0 0 0 0 0 0 0 0 0\n"
		"8 7 b net 50 500000000 0 0 0 0 0 0 0 0 0 0 0 0\nend\n",
		BEGIN(1000000001) NET(0, 0, 0, 0) "threads\n"
		"7 7 a net 1 1000 0 0 0 0 0 0 60 600000000 0 0 0 0\nend\n", NULL);

	(void)state;
	assert_int_equal(c.threads, 1);
	near(c.thread[0].services, 10);
	near(c.thread[0].calls, 10);
	vp_costs_free(&c);
}

/* And a process's last part is shown when the process has ended. */
static void ended_processes_are_shown(void **state)
{
	struct vp_costs c = between(
		BEGIN(1) NET(0, 0, 0, 0) "threads\n"
		"7 7 a net 1 1000 0 0 0 0 0 0 40 200000000 0 0 0 0\n"
		"8 7 b net 50 500000000 0 0 0 0 0 0 0 0 0 0 0 0\n"
		"0 0 - net 0 0 0 0 0 0 0 0 1000 1000000000 0 0 0 0\nend\n",
		BEGIN(1000000001) NET(0, 0, 0, 0) "threads\n"
		"0 0 - net 0 0 0 0 0 0 0 0 1101 1800001000 0 0 0 0\nend\n", NULL);

	(void)state;
	assert_int_equal(c.threads, 1);
	assert_int_equal(c.thread[0].tid, 0);
	assert_string_equal(c.thread[0].comm, "(ended)");
	near(c.thread[0].services, 10);
	near(c.thread[0].calls, 10);
	vp_costs_free(&c);
}

static void numbers_that_go_down_or_wrap(void **state)
{
	struct vp_costs c = between(
		BEGIN(1) NET(18446744073709551606, 500, 18446744073709551615, 9) "threads\n"
		"7 7 a net 18446744073709551615 100 0 0 0 0 0 0 0 0 0 0 0 0\n"
		"8 8 b net 5 900 0 0 0 0 0 0 0 0 0 0 0 0\nend\n",
		BEGIN(1000000001) NET(10, 400, 0, 8) "threads\n"
		"7 7 a net 9 100 0 0 0 0 0 0 0 0 0 0 0 0\n"
		"8 8 b net 4 800 0 0 0 0 0 0 0 0 0 0 0 0\nend\n", NULL);

	(void)state;
	near(c.service[0].calls, 20);
	near(c.service[0].called, 0);
	near(c.service[0].cpu, 0);
	near(c.service[0].background, 0);
	assert_int_equal(c.threads, 1);
	near(c.thread[0].calls, 10);
	vp_costs_free(&c);
	/* The clock goes down, or stands: no rate, no division. */
	c = between(BEGIN(5) NET(1, 1, 1, 1) "end\n", BEGIN(4) NET(2, 2, 2, 2) "end\n", NULL);
	assert_true(isnan(c.service[0].calls));
	vp_costs_free(&c);
}

static void what_is_not_known_is_not_zero(void **state)
{
	struct vp_text t = { 0 };
	struct vp_costs c = between("virtuos-snapshot 1\nmonotonic_ns 1\nservice net\nstate up\nservice_calls 4\nend\n",
				    "virtuos-snapshot 1\nmonotonic_ns 2000000001\nservice net\nstate down\nservice_calls 8\nend\n",
				    &t);

	(void)state;
	near(c.service[0].calls, 2);
	assert_true(isnan(c.service[0].cpu) && isnan(c.service[0].called));
	assert_true(isnan(c.service[0].background) && isnan(c.service[0].idle));
	assert_non_null(strstr(t.buf, "\"cpu\": null"));
	assert_non_null(strstr(t.buf, "\"accounts\": false"));
	assert_non_null(strstr(t.buf, "no accounts of threads"));
	vp_text_free(&t);
	vp_costs_free(&c);
}

static void services_that_come_and_change_places(void **state)
{
	struct vp_costs c = between(
		BEGIN(1) STORAGE NET(1, 0, 0, 0) "threads\n"
		"7 7 a net 10 0 0 0 0 0 0 0 0 0 0 0 0 0\nend\n",
		BEGIN(1000000001) NET(3, 0, 0, 0) STORAGE "service new\nservice_calls 9\nthreads\n"
		"7 7 a net 12 0 0 0 0 0 0 0 0 0 0 0 0 0\nend\n", NULL);

	(void)state;
	assert_int_equal(c.services, 3);
	near(c.service[0].calls, 2);
	assert_true(isnan(c.service[2].calls));
	near(c.thread[0].calls, 2);
	vp_costs_free(&c);
}

/* Only what every terminal prints as it is. */
static void assert_printable(const struct vp_text *t)
{
	size_t i;

	for (i = 0; i < t->len; i++)
		if (t->buf[i] != '\n' && (t->buf[i] < ' ' || t->buf[i] > '~'))
			fail_msg("byte %#x at %zu", (unsigned char)t->buf[i], i);
}

static void names_cannot_hurt_a_terminal(void **state)
{
	struct vp_text t = { 0 };
	struct vp_costs c = between(
		BEGIN(1) NET(1, 0, 0, 0) "threads\nend\n",
		BEGIN(1000000001) "service net\nstate \033[2J\ruP\nservice_calls 3\n"
		"service \033]0;x\nservice NET\nservice a/b\nservice \n"
		"threads\n"
		"7 7 \\033[31m\\012\\377x net 12 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
		"8 8 \033[31m\\9 net 12 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
		"9 9 a\"b\\134c\\ net 12 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
		"10 10  net 12 0 0 0 0 0 0 0 0 0 0 0 0 0\nend\n", &t);

	(void)state;
	assert_int_equal(c.services, 1);
	assert_int_equal(c.threads, 4);
	assert_string_equal(c.thread[3].comm, "");
	assert_string_equal(c.thread[0].comm, "?[31m??x");
	assert_string_equal(c.thread[1].comm, "?[31m\\9");
	assert_string_equal(c.thread[2].comm, "a\"b\\c\\");
	assert_printable(&t);
	assert_non_null(strstr(t.buf, "\"thread\": \"a\\\"b\\\\c\\\\\""));
	vp_text_free(&t);
	vp_costs_free(&c);
}

static void malformed_lines_are_left_out(void **state)
{
	static const char long_name[] =
		"9 9 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa net 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n";
	char text[2000];
	struct vp_snapshot s;

	(void)state;
	snprintf(text, sizeof(text), BEGIN(1) NET(1, 2, 3, 4) "service net\ndied 77\nservice_calls x\n"
		 "running_ns 99999999999999999999999\nthreads\n" HEADER
		 "1 1 cut net 1 2 3\n"
		 "-1 1 a net 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n"
		 " 1 a net 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n"
		 "99999999999 1 a net 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n"
		 "2 2 a nosuch 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n"
		 "3 3 a net 1 1 1 1 1 1 1 1 1 18446744073709551616 1 1 1 1\n"
		 "\n \n4 4  net\n4 4\n4 4 \n%s"
		 "5 5 good net 1 1 1 1 1 1 1 1 1 1 1 1 1 1 77 future columns\n"
		 "cpu 5 5 10\ncpu 6 5 11\ncpu x\ncpu 5\nend\n", long_name);
	s = parsed(text);
	assert_int_equal(s.services, 1);
	assert_int_equal(s.service[0].value[VP_DIED], 1);
	assert_int_equal(s.service[0].value[VP_RUNNING_NS], 4);
	assert_int_equal(s.threads, 1);
	assert_int_equal(s.thread[0].tid, 5);
	assert_int_equal(s.thread[0].cpu_ns, 10);
	vp_snapshot_free(&s);
	assert_int_equal(vp_snapshot_parse("", 0, &s), -1);
	assert_int_equal(vp_snapshot_parse("virtuos-snapshot 2\n", 19, &s), -1);
}

static void too_many_are_cut_off(void **state)
{
	struct vp_text t = { 0 };
	struct vp_snapshot s;
	unsigned int i;

	(void)state;
	vp_text_add(&t, BEGIN(1));
	for (i = 0; i < 20; i++)
		vp_text_add(&t, "service s%u\nservice_calls 1\n", i);
	vp_text_add(&t, "threads\n");
	for (i = 1; i <= VP_THREADS + 10; i++)
		vp_text_add(&t, "%u %u a s0 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n", i, i);
	s = parsed(t.buf);
	assert_int_equal(s.services, VP_SERVICES);
	assert_int_equal(s.threads, VP_THREADS);
	assert_true(s.cut);
	vp_snapshot_free(&s);
	vp_text_free(&t);
}

/* A text that ends at any byte, in memory that ends there as well. */
static void a_text_may_end_anywhere(void **state)
{
	static const char text[] = BEGIN(1) NET(1, 2, 3, 4) STORAGE "threads\n" HEADER
		"7 7 re\\040dis net 20 5 7 0 1 5 30 1 0 0 0 0 0 0\n"
		"7 7 re\\040dis storage 0 0 0 0 0 0 1 1 0 0 0 0 0 0\ncpu 7 7 300001000\nend\n";
	struct vp_snapshot s, whole = parsed(text);
	struct vp_costs c;
	char *exact;
	size_t n;

	(void)state;
	assert_string_equal(whole.thread[0].comm, "re dis");
	for (n = 0; n < sizeof(text); n++) {
		exact = malloc(n ? n : 1);
		assert_non_null(exact);
		memcpy(exact, text, n);
		if (!vp_snapshot_parse(exact, n, &s)) {
			vp_costs_between(&whole, &s, &c);
			vp_costs_free(&c);
			vp_costs_between(&s, &whole, &c);
			vp_costs_free(&c);
			vp_snapshot_free(&s);
		}
		free(exact);
	}
	vp_snapshot_free(&whole);
}

/* Pieces of real texts in any order, and noise. */
static void noise_is_harmless(void **state)
{
	static const char *const pieces[] = {
		"service ", "net", "storage", "\n", " ", "threads\n", "cpu ", "7", "8", "18446744073709551615",
		"-", "\\033", "\\", "service_calls ", "running_ns ", "tsc_khz ", "monotonic_ns ", "end\n",
		" 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n", "7 7 a net", "8 7 b net", "\033[2J", "\377", "state ",
	};
	struct vp_snapshot was = { 0 }, is;
	struct vp_text t = { 0 }, out = { 0 };
	struct vp_costs c;
	int round, i;

	(void)state;
	srand(1);
	for (round = 0; round < 3000; round++) {
		vp_text_clear(&t);
		vp_text_clear(&out);
		vp_text_add(&t, VP_SNAPSHOT_BEGIN);
		for (i = rand() % 120; i; i--)
			vp_text_add(&t, "%s", pieces[(size_t)rand() % (sizeof(pieces) / sizeof(pieces[0]))]);
		assert_int_equal(vp_snapshot_parse(t.buf, t.len, &is), 0);
		vp_costs_between(&was, &is, &c);
		vp_costs_sort(&c, (enum vp_order)(rand() % 7));
		vp_show_table(&c, (unsigned int)rand() % 30, &out);
		vp_show_json(&c, &out);
		assert_printable(&out);
		vp_costs_free(&c);
		vp_snapshot_free(&was);
		was = is;
	}
	vp_snapshot_free(&was);
	vp_text_free(&t);
	vp_text_free(&out);
}

static void a_stream_comes_in_pieces(void **state)
{
	static const char text[] = "virtuos: a message\n" BEGIN(1) NET(1, 2, 3, 4) "end\n"
		"another\nend\n" BEGIN(2) NET(1, 2, 3, 4) "end\nthe rest";
	struct vp_stream s = { 0 };
	struct vp_snapshot is;
	int fd[2], found = 0;
	size_t i;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	s.fd = fd[0];
	for (i = 0; i < sizeof(text) - 1; i++) {
		assert_int_equal(write(fd[1], text + i, 1), 1);
		assert_int_equal(vp_stream_read(&s), 1);
		while (vp_stream_take(&s, &is)) {
			assert_int_equal(is.monotonic_ns, ++found);
			vp_snapshot_free(&is);
		}
	}
	assert_int_equal(found, 2);
	close(fd[1]);
	assert_int_equal(vp_stream_read(&s), 0);
	assert_false(vp_stream_next(&s, &is));
	assert_string_equal(s.buf.buf, "the rest");
	vp_stream_free(&s);
	close(fd[0]);
}

static void a_stream_without_end_is_given_up(void **state)
{
	static char block[65536];
	struct vp_stream s = { 0 };
	unsigned int i;
	int fd[2], r = 1;

	(void)state;
	memset(block, 'x', sizeof(block));
	assert_int_equal(pipe(fd), 0);
	s.fd = fd[0];
	for (i = 0; r == 1 && i < 2 * VP_SNAPSHOT_MAX / sizeof(block); i++) {
		assert_int_equal(write(fd[1], block, sizeof(block)), sizeof(block));
		r = vp_stream_read(&s);
	}
	assert_int_equal(r, -1);
	assert_true(s.buf.len <= VP_SNAPSHOT_MAX);
	vp_stream_free(&s);
	close(fd[0]);
	close(fd[1]);
}

static void a_table_fits_its_screen(void **state)
{
	struct vp_text t = { 0 };
	struct vp_costs c;
	struct vp_thread_cost *thread = calloc(50, sizeof(*thread));
	const char *p;
	unsigned int rows, lines, i;

	(void)state;
	assert_non_null(thread);
	for (i = 0; i < 50; i++)
		thread[i] = (struct vp_thread_cost){ .tid = i, .calls = 1e300, .comm = "x" };
	c = (struct vp_costs){ .seconds = 1, .services = 2, .threads = 50, .thread = thread,
			       .has_threads = true };
	strcpy(c.service[0].name, "net");
	strcpy(c.service[1].name, "storage");
	for (rows = 6; rows < 60; rows++) {
		vp_text_clear(&t);
		vp_show_table(&c, rows, &t);
		for (p = t.buf, lines = 0; (p = strchr(p, '\n')); p++)
			lines++;
		assert_true(lines <= (rows < 55 ? rows : 55));
	}
	for (p = t.buf; *p; p = strchr(p, '\n') + 1)
		assert_true(strchr(p, '\n') - p <= 79);
	vp_costs_free(&c);
	vp_text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_time_is_divided),
		cmocka_unit_test(threads_are_charged),
		cmocka_unit_test(ended_threads_count_once),
		cmocka_unit_test(ended_processes_are_shown),
		cmocka_unit_test(numbers_that_go_down_or_wrap),
		cmocka_unit_test(what_is_not_known_is_not_zero),
		cmocka_unit_test(services_that_come_and_change_places),
		cmocka_unit_test(names_cannot_hurt_a_terminal),
		cmocka_unit_test(malformed_lines_are_left_out),
		cmocka_unit_test(too_many_are_cut_off),
		cmocka_unit_test(a_text_may_end_anywhere),
		cmocka_unit_test(noise_is_harmless),
		cmocka_unit_test(a_stream_comes_in_pieces),
		cmocka_unit_test(a_stream_without_end_is_given_up),
		cmocka_unit_test(a_table_fits_its_screen),
	};

	return cmocka_run_group_tests_name("perf_costs", tests, NULL, NULL);
}

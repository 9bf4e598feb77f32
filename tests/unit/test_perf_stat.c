/* SPDX-License-Identifier: MIT */
/*
 * `virtuos stat` and what it reads: events of a PMU out of a directory like sysfs's, arguments,
 * the table; and snapshots of a directory like the primary's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "gather.h"
#include "pmu.h"
#include "snapshot.h"
#include "stat.h"

static char top[] = "/tmp/test_perf_stat.XXXXXX";

/* A file with its directories. */
static void put(const char *path, const char *text)
{
	char full[300], *p;
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", top, path);
	for (p = full + sizeof(top); (p = strchr(p, '/')); *p++ = '/') {
		*p = 0;
		assert_true(!mkdir(full, 0755) || errno == EEXIST);
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(top))
		return -1;
	put("pmu/virtuos/type", "42\n");
	put("pmu/virtuos/format/event", "config:0-7\n");
	put("pmu/virtuos/format/service", "config:8-15\n");
	put("pmu/virtuos/format/split", "config1:0-3,60-63\n");
	put("pmu/virtuos/format/wide", "config2:0-63\n");
	put("pmu/virtuos/format/bad", "config:70\n");
	put("pmu/virtuos/format/worse", "nonsense\n");
	put("pmu/virtuos/events/calls", "event=0x1\n");
	put("pmu/virtuos/events/service-ns", "event=0x3\n");
	put("pmu/virtuos/events/service-ns.unit", "ns\n");
	put("pmu/virtuos/events/service-ns.scale", "0.5\n");
	put("pmu/virtuos/events/hostile", "event=0x1\n");
	put("pmu/virtuos/events/hostile.unit", "\033[31mred\n");
	put("pmu/virtuos/events/broken", "event=\n");
	put("pmu/virtuos/events/unknown", "nosuch=1\n");
	put("pmu/xen/type", "43\n");
	put("pmu/xen/format/event", "config:0-7\n");
	put("pmu/xen/events/steal-ns", "event=0x1\n");
	return 0;
}

static int tear_down(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static int event(const char *word, struct vp_event *e)
{
	char dir[200];

	snprintf(dir, sizeof(dir), "%s/pmu", top);
	return vp_pmu_event(dir, word, e);
}

static void events_by_name(void **state)
{
	struct vp_event e;

	(void)state;
	assert_int_equal(event("calls", &e), 0);
	assert_string_equal(e.name, "virtuos/calls/");
	assert_int_equal(e.type, 42);
	assert_int_equal(e.config[0], 1);
	assert_true(e.scale == 1 && !*e.unit);
	assert_int_equal(event("virtuos/service-ns,service=2/", &e), 0);
	assert_int_equal(e.config[0], 0x203);
	assert_true(e.scale == 0.5);
	assert_string_equal(e.unit, "ns");
	assert_int_equal(event("xen/steal-ns/", &e), 0);
	assert_int_equal(e.type, 43);
	assert_int_equal(event("virtuos/event=7,split=0xab,wide=0xffffffffffffffff/", &e), 0);
	assert_int_equal(e.config[0], 7);
	assert_true(e.config[1] == 0xa00000000000000bull);
	assert_true(e.config[2] == UINT64_MAX);
	assert_int_equal(event("task-clock", &e), 0);
	assert_int_equal(event("hostile", &e), 0);
	assert_string_equal(e.unit, "?[31mred");
}

static void events_that_are_none(void **state)
{
	static const char *const bad[] = {
		"", "nosuch", "virtuos/", "virtuos//", "virtuos/calls", "virtuos/calls/x", "/calls/",
		"nosuch/calls/", "../virtuos/calls/", "virtuos/../type/", "virtuos/event=256/",
		"virtuos/event=x/", "virtuos/event=-1/", "virtuos/bad=1/", "virtuos/worse=1/", "broken",
		"unknown", "virtuos/nosuch=1/", "virtuos/event=99999999999999999999999/",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct vp_event e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!event(bad[i], &e))
			fail_msg("\"%s\" is taken for an event", bad[i]);
	assert_false(vp_pmu_exists(top, "virtuos"));
	assert_false(vp_pmu_exists("/nonexistent", "virtuos"));
}

static int parse(struct vp_stat_options *o, int argc, ...)
{
	char *argv[12];
	va_list ap;
	int i;

	va_start(ap, argc);
	for (i = 0; i < argc; i++)
		argv[i] = va_arg(ap, char *);
	va_end(ap);
	argv[argc] = NULL;
	return vp_stat_parse(argc, argv, o);
}

static void arguments(void **state)
{
	struct vp_stat_options o;

	(void)state;
	assert_int_equal(parse(&o, 7, "stat", "-e", "calls", "--json", "--", "ls", "--"), 0);
	assert_int_equal(o.lists, 1);
	assert_string_equal(o.events[0], "calls");
	assert_true(o.json);
	assert_int_equal(o.command, 5);
	assert_int_equal(parse(&o, 7, "stat", "-e", "calls", "-e", "sends,bytes", "--", "ls"), 0);
	assert_int_equal(o.lists, 2);
	assert_string_equal(o.events[1], "sends,bytes");
	assert_int_equal(parse(&o, 2, "stat", "ls"), -1);
	assert_int_equal(parse(&o, 2, "stat", "--"), -1);
	assert_int_equal(parse(&o, 1, "stat"), -1);
	assert_int_equal(parse(&o, 3, "stat", "-e", "--"), -1);
	assert_int_equal(parse(&o, 4, "stat", "-x", "--", "ls"), -1);
}

static void counts_are_shown(void **state)
{
	static const struct vp_count count[] = {
		{ { "task-clock", 1, { 1 }, 1e-6, "msec" }, 41200000, true },
		{ { "virtuos/calls/", 42, { 1 }, 1, "" }, 1214, true },
		{ { "virtuos/bytes/", 42, { 8 }, 1, "" }, UINT64_MAX, true },
		{ { "virtuos/sends/", 42, { 10 }, 1, "" }, 0, false },
	};
	char name[] = "a\"\033[2J", *command[] = { name, NULL };
	struct vp_text t = { 0 };

	(void)state;
	vp_stat_show(command, count, 4, 1.5, 3, false, &t);
	assert_non_null(strstr(t.buf, "for 'a\"?[2J':\n\n"));
	assert_non_null(strstr(t.buf, "             41.20 msec  task-clock\n"));
	assert_non_null(strstr(t.buf, "             1,214       virtuos/calls/\n"));
	assert_non_null(strstr(t.buf, "18,446,744,073,709,551,615       virtuos/bytes/\n"));
	assert_non_null(strstr(t.buf, "<not counted>       virtuos/sends/\n"));
	assert_non_null(strstr(t.buf, "1.500000000 seconds time elapsed\n"));
	vp_text_clear(&t);
	vp_stat_show(command, count, 4, 1.5, 3, true, &t);
	assert_string_equal(t.buf,
		"{\"command\": [\"a\\\"?[2J\"], \"status\": 3, \"seconds\": 1.500000000, \"events\": {"
		"\"task-clock\": {\"value\": 41.200000, \"unit\": \"msec\"}, "
		"\"virtuos/calls/\": {\"value\": 1214, \"unit\": \"\"}, "
		"\"virtuos/bytes/\": {\"value\": 18446744073709551615, \"unit\": \"\"}, "
		"\"virtuos/sends/\": {\"value\": null, \"unit\": \"\"}}}\n");
	vp_text_free(&t);
}

static void a_primary_is_gathered(void **state)
{
	char sys[200], proc[200];
	const struct vp_places places = { sys, proc };
	struct vp_text t = { 0 };
	struct vp_snapshot s;

	(void)state;
	snprintf(sys, sizeof(sys), "%s/sys", top);
	snprintf(proc, sizeof(proc), "%s/proc", top);
	assert_int_equal(vp_gather(&places, &t), -1);
	put("sys/tsc_khz", "2000000\n");
	put("sys/net/state", "up\n");
	put("sys/net/service_calls", "18446744073709551615\n");
	put("sys/net/empty", "");
	put("sys/storage/died", "2\n");
	vp_text_clear(&t);
	assert_int_equal(vp_gather(&places, &t), 0);
	assert_int_equal(vp_snapshot_parse(t.buf, t.len, &s), 0);
	assert_int_equal(s.services, 2);
	assert_false(s.has_threads);
	vp_snapshot_free(&s);
	put("proc/virtuos/threads", "tid tgid comm service\n"
	    "5 4 a net 1 2 3 4 5 6 7 8 9 10 11 12 13 14\n5 4 a storage 1 2 3 4 5 6 7 8 9 10 11 12 13 14\n"
	    "6 4 gone net 1 2 3 4 5 6 7 8 9 10 11 12 13 14");
	put("proc/4/task/5/stat", "5 (a) R 1) S 1 2 3 4 5 6 7 8 9 10 30 12 0 0 20\n");
	vp_text_clear(&t);
	assert_int_equal(vp_gather(&places, &t), 0);
	assert_int_equal(vp_snapshot_length(t.buf, t.len), t.len);
	assert_int_equal(vp_snapshot_parse(t.buf, t.len, &s), 0);
	assert_true(s.has_threads && s.monotonic_ns);
	assert_int_equal(s.tsc_khz, 2000000);
	assert_true(s.service[0].value[VP_SERVICE_CALLS] == UINT64_MAX);
	assert_int_equal(s.service[1].value[VP_DIED], 2);
	assert_int_equal(s.threads, 2);
	assert_int_equal(s.thread[0].cpu_ns, 42 * (1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK)));
	assert_int_equal(s.thread[0].account[1].calls, 1 + 5 + 7 + 9);
	assert_int_equal(s.thread[1].cpu_ns, 0);
	vp_snapshot_free(&s);
	vp_text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_by_name),
		cmocka_unit_test(events_that_are_none),
		cmocka_unit_test(arguments),
		cmocka_unit_test(counts_are_shown),
		cmocka_unit_test(a_primary_is_gathered),
	};

	return cmocka_run_group_tests_name("perf_stat", tests, set_up, tear_down);
}

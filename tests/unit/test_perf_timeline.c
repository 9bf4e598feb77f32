/* SPDX-License-Identifier: MIT */
/*
 * `virtuos trace`: pages of the kernel's trace buffer, events and records joined, the JSON.
 * Records come from a service domain that may lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <virtuos/ops.h>
#include "ringpage.h"
#include "timeline.h"
#include "trace.h"

#define COMMAND	100u
#define OTHER	200u

static struct vp_timeline t;

static int clear(void **state)
{
	(void)state;
	vp_timeline_free(&t);
	return 0;
}

static void event(enum vp_what what, uint64_t tsc, uint32_t tid, uint32_t tag)
{
	struct vp_point e = {
		.what = what, .tsc = tsc, .tid = tid, .tag = tag, .op = VOS_OP_RECVMSG, .ticks = 10,
	};

	vp_timeline_event(&t, &e);
}

static void forked(uint64_t tsc, uint32_t parent, uint32_t child)
{
	struct vp_point e = { .what = VP_FORK, .tsc = tsc, .tid = parent, .child = child };

	vp_timeline_event(&t, &e);
}

static void record(uint8_t type, uint64_t tsc, uint32_t tag, uint64_t arg)
{
	struct vos_trace_record r = {
		.type = type, .tsc = tsc, .tag = tag, .arg = arg, .op = VOS_OP_RECVMSG,
		.lane = VOS_TRACE_NO_LANE,
	};

	vp_timeline_record(&t, VOS_DOOR_NET, &r);
}

static void on_lane(uint8_t type, uint64_t tsc, uint16_t chan, uint32_t tag)
{
	struct vos_trace_record r = {
		.type = type, .tsc = tsc, .tag = tag, .chan = chan, .lane = 1, .op = VOS_OP_READ,
	};

	vp_timeline_record(&t, VOS_DOOR_STORAGE, &r);
}

static void whole_call(uint64_t tsc, uint32_t tid, uint32_t tag)
{
	event(VP_SUBMIT, tsc, tid, tag);
	record(VOS_TRACE_BEGIN, tsc + 10, tag, 0);
	record(VOS_TRACE_END, tsc + 20, tag, 10);
	event(VP_DONE, tsc + 30, tid, tag);
}

/* The JSON, which python3 must be able to read. */
static char *json(void)
{
	char path[] = "/tmp/test_perf_timeline.XXXXXX", command[100], *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int fd = mkstemp(path);

	assert_non_null(f);
	assert_true(fd >= 0);
	vp_timeline_json(&t, 1000, f);
	fclose(f);
	assert_int_equal(write(fd, text, size), (ssize_t)size);
	close(fd);
	snprintf(command, sizeof(command), "python3 -m json.tool %s >/dev/null", path);
	assert_int_equal(system(command), 0);
	unlink(path);
	return text;
}

static unsigned int count_in(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void each_call_has_its_serve_record(void **state)
{
	uint32_t i;
	char *text;

	(void)state;
	for (i = 0; i < 100; i++)
		whole_call(1000 + i * 100, COMMAND, i << 10);
	vp_timeline_join(&t, COMMAND);
	assert_int_equal(t.counts.calls, 100);
	assert_int_equal(t.counts.matched, 100);
	assert_int_equal(t.counts.domains, 2);
	assert_int_equal(t.counts.disordered + t.counts.spoilt + t.counts.lost, 0);
	for (i = 0; i < 100; i++)
		assert_int_equal(t.call[i].end - t.call[i].begin, VOS_COST_TICKS(t.call[i].cost));
	text = json();
	assert_int_equal(count_in(text, "\"cat\":\"call\""), 100);
	assert_int_equal(count_in(text, "\"cat\":\"serve\""), 100);
	assert_int_equal(count_in(text, "\"ph\":\"f\""), 100);
	free(text);
}

static void records_may_come_in_any_order(void **state)
{
	(void)state;
	event(VP_DONE, 40, OTHER, 1);
	record(VOS_TRACE_END, 30, 1, 10);
	record(VOS_TRACE_BEGIN, 20, 1, 0);
	event(VP_SUBMIT, 10, COMMAND, 1);
	vp_timeline_join(&t, COMMAND);
	assert_int_equal(t.counts.matched, 1);
	assert_int_equal(t.call[0].tid, COMMAND);
}

static void children_belong_to_the_command(void **state)
{
	(void)state;
	forked(5, OTHER, 301);
	forked(6, COMMAND, 101);
	forked(7, 101, 102);
	whole_call(100, 102, 1);
	whole_call(200, 301, 2);
	whole_call(300, OTHER, 3);
	forked(400, COMMAND, 0xffffffffu);
	vp_timeline_join(&t, COMMAND);
	assert_int_equal(t.counts.calls, 1);
	assert_int_equal(t.calls, 3);
	assert_true(t.call[0].own && !t.call[1].own);
}

static void channels_have_tags_of_their_own(void **state)
{
	struct vp_point e = { .what = VP_SUBMIT, .tsc = 10, .tid = COMMAND, .tag = 1, .chan = 1 };

	(void)state;
	vp_timeline_event(&t, &e);
	e.tsc = 50;
	e.what = VP_DONE;
	vp_timeline_event(&t, &e);
	whole_call(11, COMMAND, 1);
	vp_timeline_join(&t, COMMAND);
	assert_int_equal(t.counts.calls, 2);
	assert_int_equal(t.counts.matched, 1);
	assert_int_equal(t.call[0].begin, 0);
	assert_int_equal(t.call[1].begin, 21);
}

static void a_tag_may_come_again_on_the_next_link(void **state)
{
	(void)state;
	whole_call(100, COMMAND, 1);
	whole_call(200, COMMAND, 1);
	vp_timeline_join(&t, COMMAND);
	assert_int_equal(t.counts.matched, 2);
	assert_int_equal(t.call[0].end, 120);
	assert_int_equal(t.call[1].end, 220);
}

static void a_clock_that_differs_is_seen(void **state)
{
	(void)state;
	event(VP_SUBMIT, 100, COMMAND, 1);
	record(VOS_TRACE_BEGIN, 70, 1, 0);
	record(VOS_TRACE_END, 80, 1, 10);
	event(VP_DONE, 130, COMMAND, 1);
	event(VP_SUBMIT, 200, COMMAND, 2);
	record(VOS_TRACE_BEGIN, 210, 2, 0);
	record(VOS_TRACE_END, 240, 2, 10);
	event(VP_DONE, 230, COMMAND, 2);
	vp_timeline_join(&t, COMMAND);
	assert_int_equal(t.counts.matched, 2);
	assert_int_equal(t.counts.disordered, 2);
	assert_int_equal(t.counts.worst, 30);
	free(json());
}

static void a_dead_domain_ends_its_part(void **state)
{
	char *text;

	(void)state;
	whole_call(100, COMMAND, 1);
	event(VP_SUBMIT, 200, COMMAND, 2);
	record(VOS_TRACE_BEGIN, 210, 2, 0);
	record(VOS_TRACE_LINK_END, 230, 0, 0);
	event(VP_LINK_DOWN, 220, OTHER, 0);
	vp_timeline_event(&t, &(struct vp_point){ .what = VP_DONE, .tsc = 221, .tag = 2,
						  .status = -130 });
	event(VP_RECOVER_BEGIN, 290, OTHER, 0);
	event(VP_RECOVER_END, 295, OTHER, 0);
	event(VP_LINK_UP, 300, OTHER, 0);
	vp_timeline_join(&t, COMMAND);
	assert_int_equal(t.counts.calls, 2);
	assert_int_equal(t.counts.matched, 1);
	assert_int_equal(t.counts.dead, 1);
	text = json();
	assert_non_null(strstr(text, "\"name\":\"link_down\""));
	assert_non_null(strstr(text, "\"dur\":80.000,\"cat\":\"outage\""));
	assert_non_null(strstr(text, "records end"));
	assert_non_null(strstr(text, "\"status\":-130"));
	free(text);
}

/* A call that was submitted before the trace began has records, and the tag of a later one. */
static void a_tag_is_of_its_link_only(void **state)
{
	(void)state;
	event(VP_SUBMIT, 100, COMMAND, 7);
	record(VOS_TRACE_BEGIN, 110, 1, 0);
	record(VOS_TRACE_END, 120, 1, 10);
	event(VP_LINK_DOWN, 220, OTHER, 0);
	event(VP_LINK_UP, 300, OTHER, 0);
	whole_call(400, COMMAND, 1);
	vp_timeline_join(&t, COMMAND);
	assert_int_equal(t.counts.matched, 1);
	assert_int_equal(t.counts.disordered, 0);
	assert_int_equal(t.counts.spoilt, 0);
	free(json());
}

static void an_outage_may_last(void **state)
{
	char *text;

	(void)state;
	event(VP_LINK_DOWN, 100, OTHER, 0);
	whole_call(200, COMMAND, 1);
	vp_timeline_join(&t, COMMAND);
	text = json();
	assert_non_null(strstr(text, "\"dur\":130.000,\"cat\":\"outage\""));
	free(text);
}

static void sleeps_lie_in_their_call(void **state)
{
	char *text;

	(void)state;
	event(VP_SUBMIT, 100, COMMAND, 1);
	event(VP_WAIT_BEGIN, 110, COMMAND, 1);
	event(VP_DONE, 190, COMMAND, 1);
	event(VP_WAIT_END, 200, COMMAND, 1);
	record(VOS_TRACE_BEGIN, 120, 1, 0);
	record(VOS_TRACE_RESUME, 150, 1, 0);
	record(VOS_TRACE_END, 180, 1, 40);
	vp_timeline_join(&t, COMMAND);
	text = json();
	assert_non_null(strstr(text, "\"ts\":10.000,\"dur\":80.000,\"cat\":\"wait\""));
	assert_non_null(strstr(text, "\"ts\":50.000,\"dur\":30.000,\"cat\":\"work\""));
	free(text);
}

static void calls_at_the_same_time_have_rows(void **state)
{
	char *text;

	(void)state;
	event(VP_SUBMIT, 100, COMMAND, 1);
	event(VP_SUBMIT, 110, COMMAND, 2);
	event(VP_DONE, 200, COMMAND, 1);
	event(VP_DONE, 210, COMMAND, 2);
	vp_timeline_join(&t, COMMAND);
	text = json();
	assert_non_null(strstr(text, "\"thread 100 (2)\""));
	free(text);
}

static void the_lanes_of_a_process_are_its_own(void **state)
{
	struct vos_trace_record r = {
		.type = VOS_TRACE_BEGIN, .tsc = 110, .tag = 1, .arg = 7, .op = VOS_OP_UCHAN_OPEN,
		.lane = VOS_TRACE_NO_LANE,
	};
	struct vp_point e = { .tsc = 100, .tid = COMMAND, .tag = 1, .op = VOS_OP_UCHAN_OPEN,
			      .service = VOS_DOOR_STORAGE };

	(void)state;
	vp_timeline_event(&t, &e);
	vp_timeline_record(&t, VOS_DOOR_STORAGE, &r);
	event(VP_DONE, 1000, COMMAND, 77);
	on_lane(VOS_TRACE_BEGIN, 50, 7, 1);	/* another's, before */
	on_lane(VOS_TRACE_END, 60, 7, 1);
	on_lane(VOS_TRACE_BEGIN, 200, 7, 1);	/* a process gives tags as it likes */
	on_lane(VOS_TRACE_END, 210, 7, 1);
	on_lane(VOS_TRACE_BEGIN, 220, 7, 1);
	on_lane(VOS_TRACE_END, 230, 7, 1);
	on_lane(VOS_TRACE_BEGIN, 240, 8, 1);	/* another's */
	on_lane(VOS_TRACE_END, 250, 8, 1);
	vp_timeline_join(&t, COMMAND);
	assert_int_equal(t.counts.by_door, 2);
	assert_int_equal(t.counts.spoilt, 0);
	free(json());
}

static void a_service_that_lies_spoils_its_records_only(void **state)
{
	char *text;

	(void)state;
	whole_call(1000, COMMAND, 1);
	record(VOS_TRACE_BEGIN, 1011, 1, 0);	/* twice */
	record(VOS_TRACE_END, 1021, 1, 5);
	event(VP_SUBMIT, 2000, COMMAND, 2);
	record(VOS_TRACE_END, 2010, 2, 5);	/* no beginning */
	event(VP_DONE, 2030, COMMAND, 2);
	record(VOS_TRACE_BEGIN, UINT64_MAX, 3, 0);	/* some day */
	record(0, 1000, 1, 0);
	record(77, 1000, 1, 0);
	record(VOS_TRACE_END, 1000, 4, 0);	/* an answer without a call: served before */
	record(VOS_TRACE_LOST, 0, 0, 9);
	record(VOS_TRACE_LINK_END, 0, 0, 0);
	vp_timeline_join(&t, COMMAND);
	assert_int_equal(t.counts.calls, 2);
	assert_int_equal(t.counts.matched, 1);
	assert_int_equal(t.counts.spoilt, 6);
	assert_int_equal(t.counts.lost, 9);
	assert_int_equal(VOS_COST_TICKS(t.call[0].cost), 10);
	text = json();
	assert_int_equal(count_in(text, "\"cat\":\"serve\""), 1);
	free(text);
}

static void a_service_answers_before_it_begins(void **state)
{
	(void)state;
	event(VP_SUBMIT, 1000, COMMAND, 1);
	record(VOS_TRACE_BEGIN, 1020, 1, 0);
	record(VOS_TRACE_END, 1010, 1, 0);
	event(VP_DONE, 1030, COMMAND, 1);
	vp_timeline_join(&t, COMMAND);
	assert_int_equal(t.counts.matched, 0);
	assert_int_equal(t.counts.spoilt, 1);
	free(json());
}

static void rows_are_limited(void **state)
{
	uint32_t i;
	char *text;

	(void)state;
	whole_call(1, COMMAND, 1);
	event(VP_DONE, 100000, OTHER, 0);
	for (i = 0; i < 1000; i++) {
		record(VOS_TRACE_BEGIN, 100 + i, 1000 + i, 0);
		record(VOS_TRACE_END, 50000 + i, 1000 + i, 0);
	}
	vp_timeline_join(&t, COMMAND);
	assert_int_equal(t.counts.spoilt, 0);
	text = json();
	assert_int_equal(count_in(text, "\"cat\":\"other\""), 1000);
	assert_int_equal(count_in(text, "processor 0 ("), 31);
	free(text);
}

static void noise(void)
{
	struct vos_trace_record r;
	unsigned char *p = (unsigned char *)&r;
	size_t i;

	for (i = 0; i < sizeof(r); i++)
		p[i] = (unsigned char)rand();
	r.type %= 7;
	r.tsc %= 5000;
	r.tag %= 64;
	if (rand() % 2)
		r.chan %= 4;
	vp_timeline_record(&t, (uint8_t)(rand() % VOS_DOOR_SERVICES), &r);
}

static void noise_is_borne(void **state)
{
	uint32_t i;

	(void)state;
	srand(1);
	for (i = 0; i < 64; i++)
		whole_call(1 + i * 70, COMMAND, i);
	for (i = 0; i < 20000; i++)
		noise();
	vp_timeline_join(&t, COMMAND);
	assert_int_equal(t.counts.calls, 64);
	free(json());
}

static void names_are_escaped(void **state)
{
	char *text;

	(void)state;
	whole_call(100, COMMAND, 1);
	vp_timeline_name(&t, COMMAND, "a\"\\\n\033[31m\xff");
	vp_timeline_join(&t, COMMAND);
	text = json();
	assert_non_null(strstr(text, "\"a\\\"\\\\??[31m? 100\""));
	free(text);
}

static void nothing_is_a_timeline_too(void **state)
{
	(void)state;
	vp_timeline_join(&t, COMMAND);
	assert_int_equal(t.counts.domains, 1);
	free(json());
}

/* --- the kernel's pages ---------------------------------------------------------------- */

static const char format[] =
	"name: call_submit\nID: 1234\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	"\tfield:u32 tag;\toffset:8;\tsize:4;\tsigned:0;\n"
	"\tfield:s64 result;\toffset:16;\tsize:8;\tsigned:1;\n"
	"\tfield:char comm[16];\toffset:24;\tsize:16;\tsigned:0;\n"
	"\tfield:broken\n\nprint fmt: \"tag=%u\", REC->tag\n";

static void formats_are_read(void **state)
{
	unsigned char data[24] = { 0xd2, 4, 0, 0, 0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0x80 };
	struct vp_format f;

	(void)state;
	assert_int_equal(vp_format_parse(format, &f), 0);
	assert_int_equal(f.id, 1234);
	assert_int_equal(f.fields, 5);
	assert_int_equal(vp_format_get(&f, "common_type", data, sizeof(data)), 1234);
	assert_int_equal(vp_format_get(&f, "common_pid", data, sizeof(data)), -1);
	assert_int_equal(vp_format_get(&f, "tag", data, sizeof(data)), 0x80000007);
	assert_int_equal(vp_format_get(&f, "tag", data, 11), 0);
	assert_int_equal(vp_format_get(&f, "comm[16]", data, sizeof(data)), 0);
	assert_int_equal(vp_format_get(&f, "other", data, sizeof(data)), 0);
	assert_int_equal(vp_format_parse("", &f), -1);
	assert_int_equal(vp_format_parse("ID: 5\n", &f), -1);
}

struct seen {
	unsigned int n;
	uint64_t time[8];
	size_t len[8];
};

static void see(uint64_t time, const void *data, size_t n, void *arg)
{
	struct seen *s = arg;
	size_t i;

	for (i = 0; i < n; i++)
		assert_int_equal(((const unsigned char *)data)[i], 0xaa);
	if (s->n < 8) {
		s->time[s->n] = time;
		s->len[s->n] = n;
	}
	s->n++;
}

static size_t put_word(uint32_t *page, size_t at, uint32_t v)
{
	page[at] = v;
	return at + 1;
}

static size_t put_data(uint32_t *page, size_t at, unsigned int words)
{
	while (words--)
		page[at++] = 0xaaaaaaaa;
	return at;
}

static void pages_are_taken_to_pieces(void **state)
{
	uint32_t page[1024] = { 1000, 0 };
	struct seen s = { 0 };
	size_t at = 4;
	uint64_t lost = 42;

	(void)state;
	at = put_data(page, put_word(page, at, 3 | 5 << 5), 3);			/* 12 bytes, +5 */
	at = put_word(page, put_word(page, at, 30 | 1 << 5), 2);		/* + 1 + 2^28 */
	at = put_data(page, put_word(page, put_word(page, at, 0 | 7 << 5), 12), 2);	/* + 7 */
	at = put_data(page, put_word(page, put_word(page, at, 29 | 1 << 5), 12), 2);	/* dropped */
	at = put_word(page, put_word(page, at, 31 | 9 << 5), 1 << 4);		/* at 9 + 2^31 */
	at = put_data(page, put_word(page, at, 1 | 1 << 5), 1);
	page[2] = (uint32_t)((at - 4) * 4) | 3u << 30;
	memcpy(&page[at], &lost, sizeof(lost));
	assert_int_equal(vp_page_read(page, sizeof(page), see, &s), 42);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.time[0], 1005);
	assert_int_equal(s.len[0], 12);
	assert_int_equal(s.time[1], 1005 + 1 + (1ull << 28) + 7);
	assert_int_equal(s.len[1], 8);
	assert_int_equal(s.time[2], 9 + (1ull << 31) + 1);
}

static void discard(uint64_t time, const void *data, size_t n, void *arg)
{
	volatile unsigned char sum = 0;

	(void)time;
	(void)arg;
	while (n--)
		sum ^= ((const unsigned char *)data)[n];
}

static void pages_of_noise_are_borne(void **state)
{
	uint32_t *page = malloc(512);
	unsigned int i, k;

	(void)state;
	srand(2);
	for (i = 0; i < 20000; i++) {
		for (k = 0; k < 128; k++)
			page[k] = (uint32_t)rand() << 8 ^ (uint32_t)rand();
		page[2] = rand() % 2 ? 512 - 16 : page[2];
		vp_page_read(page, (size_t)rand() % 513, discard, NULL);
	}
	free(page);
}

static void arguments(void **state)
{
	char *good[] = { "trace", "-o", "f", "--", "ls", "-o" }, *bad[] = { "trace", "-x", "--", "ls" };
	struct vp_trace_options o;

	(void)state;
	assert_int_equal(vp_trace_parse(6, good, &o), 0);
	assert_string_equal(o.output, "f");
	assert_int_equal(o.command, 4);
	assert_int_equal(vp_trace_parse(4, good, &o), -1);
	assert_int_equal(vp_trace_parse(2, good, &o), -1);
	assert_int_equal(vp_trace_parse(4, bad, &o), -1);
	assert_int_equal(vp_trace_parse(1, good, &o), -1);
}

#define TEST(x)	cmocka_unit_test_teardown(x, clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_call_has_its_serve_record),
		TEST(records_may_come_in_any_order),
		TEST(children_belong_to_the_command),
		TEST(channels_have_tags_of_their_own),
		TEST(a_tag_may_come_again_on_the_next_link),
		TEST(a_clock_that_differs_is_seen),
		TEST(a_dead_domain_ends_its_part), TEST(a_tag_is_of_its_link_only),
		TEST(an_outage_may_last),
		TEST(sleeps_lie_in_their_call),
		TEST(calls_at_the_same_time_have_rows),
		TEST(the_lanes_of_a_process_are_its_own),
		TEST(a_service_that_lies_spoils_its_records_only),
		TEST(a_service_answers_before_it_begins),
		TEST(rows_are_limited),
		TEST(noise_is_borne),
		TEST(names_are_escaped),
		TEST(nothing_is_a_timeline_too),
		TEST(formats_are_read),
		TEST(pages_are_taken_to_pieces),
		TEST(pages_of_noise_are_borne),
		TEST(arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

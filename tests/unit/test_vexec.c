/* SPDX-License-Identifier: MIT */
/*
 * The vexec protocol: framing in arbitrary pieces, START payloads, hostile peers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../dom0-tools/exec/vexec.c"
#include "../../dom0-tools/common/rendezvous.h"

/* Feed bytes as they fit; returns how many frames came, -1 on a violation. */
static int feed(struct vx_parser *p, const uint8_t *data, size_t len, size_t piece,
		struct vx_frame *last)
{
	struct vx_frame f;
	uint8_t *where;
	size_t n;
	int r, frames = 0;

	while (len) {
		n = vx_parser_room(p, &where);
		assert_true(n > 0);
		n = n < piece ? n : piece;
		n = n < len ? n : len;
		memcpy(where, data, n);
		vx_parser_fill(p, n);
		data += n;
		len -= n;
		while ((r = vx_parser_next(p, &f)) > 0) {
			assert_true(f.len <= VX_MAX_PAYLOAD);
			frames++;
			if (last)
				*last = f;
		}
		if (r < 0)
			return -1;
	}
	return frames;
}

static void test_numbers(void **state)
{
	uint8_t b[4];

	(void)state;
	vx_put32(b, 0xfedcba98u);
	assert_int_equal(b[0], 0x98);
	assert_int_equal(vx_get32(b), 0xfedcba98u);
	vx_put16(b, 0xabcd);
	assert_int_equal(vx_get16(b), 0xabcd);
}

static void test_round_trip(void **state)
{
	static uint8_t big[VX_MAX_PAYLOAD];
	static const size_t pieces[] = { 1, 3, 8, 4096, 1000000 };
	struct vx_parser p;
	struct vx_frame f;
	struct vx_out o;
	const uint8_t *data;
	size_t i, len;

	(void)state;
	memset(big, 'x', sizeof(big));
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		vx_out_init(&o);
		assert_int_equal(vx_out_frame(&o, VX_STDIN_EOF, NULL, 0), 0);
		assert_int_equal(vx_out_frame(&o, VX_STDOUT, big, sizeof(big)), 0);
		assert_int_equal(vx_out_u32(&o, VX_EXIT, 137), 0);
		assert_int_equal(vx_parser_init(&p), 0);
		len = vx_out_pending(&o, &data);
		assert_int_equal(len, 3 * VX_HEADER_SIZE + sizeof(big) + 4);
		assert_int_equal(feed(&p, data, len, pieces[i], &f), 3);
		assert_int_equal(f.type, VX_EXIT);
		assert_int_equal(vx_get32(f.payload), 137);
		vx_parser_free(&p);
		vx_out_free(&o);
	}
}

static void test_out_partial_send(void **state)
{
	struct vx_out o;
	const uint8_t *data;

	(void)state;
	vx_out_init(&o);
	assert_int_equal(vx_out_frame(&o, VX_STDOUT, "abcdef", 6), 0);
	vx_out_sent(&o, 10);
	assert_int_equal(vx_out_frame(&o, VX_STDOUT, "gh", 2), 0);
	assert_int_equal(vx_out_pending(&o, &data), 4 + 10);
	assert_memory_equal(data, "cdef", 4);
	assert_int_equal(data[4], VX_STDOUT);
	vx_out_sent(&o, 14);
	assert_int_equal(vx_out_pending(&o, &data), 0);
	assert_int_equal(vx_out_frame(&o, VX_STDOUT, "x", VX_MAX_PAYLOAD + 1), -1);
	vx_out_free(&o);
}

static void test_bad_headers(void **state)
{
	static const uint8_t bad[][VX_HEADER_SIZE] = {
		{ VX_TYPE_END }, { 255 },
		{ VX_STDIN, 1 }, { VX_STDIN, 0, 1 }, { VX_STDIN, 0, 0, 1 },
		{ VX_STDIN, 0, 0, 0, 1, 0, 1, 0 },		/* 65537 */
		{ VX_STDIN, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
		{ VX_STDIN, 0, 0, 0, 0, 0, 0, 0x80 },
	};
	struct vx_parser p;
	size_t i;

	(void)state;
	assert_int_equal(vx_parser_init(&p), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		vx_parser_reset(&p);
		assert_int_equal(feed(&p, bad[i], VX_HEADER_SIZE, 8, NULL), -1);
	}
	vx_parser_free(&p);
}

/* A torn frame, finished with zeros, does not swallow the RESET behind it. */
static void test_resync_by_padding(void **state)
{
	static uint8_t zeros[VX_HEADER_SIZE + VX_MAX_PAYLOAD];
	struct vx_parser p;
	struct vx_frame f = { 0 };
	struct vx_out o;
	const uint8_t *data;
	size_t cut, len;

	(void)state;
	for (cut = 1; cut < VX_HEADER_SIZE + 20; cut++) {
		vx_out_init(&o);
		assert_int_equal(vx_parser_init(&p), 0);
		assert_int_equal(vx_out_frame(&o, VX_STDIN, "01234567890123456789", 20), 0);
		vx_out_pending(&o, &data);
		feed(&p, data, cut, cut, NULL);
		vx_out_free(&o);
		feed(&p, zeros, sizeof(zeros), 4096, NULL);
		assert_int_equal(vx_out_frame(&o, VX_RESET, "token", 5), 0);
		len = vx_out_pending(&o, &data);
		assert_int_equal(feed(&p, data, len, len, &f), 1);
		assert_int_equal(f.type, VX_RESET);
		assert_memory_equal(f.payload, "token", 5);
		vx_out_free(&o);
		vx_parser_free(&p);
	}
}

static void test_start_round_trip(void **state)
{
	char *argv[] = { "sh", "-c", "", NULL };
	char *envp[] = { "A=b", "C=", NULL };
	struct vx_parser p;
	struct vx_start s;
	struct vx_frame f;
	struct vx_out o;
	const uint8_t *data;
	const char *why;
	size_t len;

	(void)state;
	vx_out_init(&o);
	assert_int_equal(vx_parser_init(&p), 0);
	assert_int_equal(vx_out_start(&o, true, "/tmp", argv, envp), 0);
	len = vx_out_pending(&o, &data);
	assert_int_equal(feed(&p, data, len, len, &f), 1);
	assert_int_equal(vx_start_parse(f.payload, f.len, &s, &why), 0);
	assert_true(s.pty);
	assert_string_equal(s.cwd, "/tmp");
	assert_int_equal(s.argc, 3);
	assert_string_equal(s.argv[1], "-c");
	assert_string_equal(s.argv[2], "");
	assert_null(s.argv[3]);
	assert_string_equal(s.envp[0], "A=b");
	assert_string_equal(s.envp[1], "C=");
	assert_null(s.envp[2]);
	vx_start_free(&s);
	vx_out_free(&o);
	vx_parser_free(&p);
}

static int parse(const char *payload, size_t len, struct vx_start *s)
{
	const char *why = NULL;
	int r = vx_start_parse((const uint8_t *)payload, len, s, &why);

	if (r)
		assert_non_null(why);
	return r;
}

static void test_start_forms(void **state)
{
	struct vx_start s;

	(void)state;
	/* with and without the last terminator; an empty last argument */
	assert_int_equal(parse("\0\0001\0ls\0", 7, &s), 0);
	assert_string_equal(s.argv[0], "ls");
	assert_false(s.pty);
	vx_start_free(&s);
	assert_int_equal(parse("\0\0001\0ls", 6, &s), 0);
	vx_start_free(&s);
	assert_int_equal(parse("\0\0002\0ls\0", 7, &s), 0);
	assert_string_equal(s.argv[1], "");
	vx_start_free(&s);
}

static void test_start_hostile(void **state)
{
	static const struct { const char *text; size_t len; } bad[] = {
		{ "", 0 }, { "\0", 1 }, { "\0\0", 2 }, { "\0\0001", 3 },
		{ "\0\0000\0ls", 6 },			/* no argument */
		{ "\0\000-1\0ls", 7 }, { "\0\000x\0ls", 6 }, { "\0\000\0ls", 5 },
		{ "\0\00099999999999\0ls", 16 }, { "\0\0005000\0ls", 9 },
		{ "\0\0003\0ls\0a", 8 },		/* fewer than announced */
		{ "\0\0001\0\0", 5 },			/* empty command */
		{ "q\0\0001\0ls", 7 },			/* unknown flag */
		{ "\0\0001\0ls\0novalue", 14 }, { "\0\0001\0ls\0=x", 9 },
	};
	struct vx_start s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i].text, bad[i].len, &s), -1);
}

static void test_start_too_big(void **state)
{
	static char huge[VX_MAX_PAYLOAD + 1];
	char *argv[] = { huge, NULL };
	char *none[] = { NULL };
	struct vx_out o;

	(void)state;
	memset(huge, 'x', sizeof(huge) - 1);
	vx_out_init(&o);
	assert_int_equal(vx_out_start(&o, false, "", argv, NULL), -1);
	assert_int_equal(vx_out_start(&o, false, "", none, NULL), -1);
	vx_out_free(&o);
}

/* Any bytes at all: no crash, bounded, and START never leaves its payload. */
static void test_random(void **state)
{
	static uint8_t junk[70000];
	struct vx_parser p;
	struct vx_start s;
	const char *why;
	uint8_t *exact;
	size_t i, len;
	int round;

	(void)state;
	srand(1);
	assert_int_equal(vx_parser_init(&p), 0);
	for (round = 0; round < 200; round++) {
		for (i = 0; i < sizeof(junk); i++)
			junk[i] = (uint8_t)(rand() % 16 ? rand() % 14 : rand());
		vx_parser_reset(&p);
		feed(&p, junk, sizeof(junk), (size_t)(1 + rand() % 70000), NULL);
		len = (size_t)(rand() % 300);
		exact = malloc(len ? len : 1);	/* so that ASan sees a step too far */
		assert_non_null(exact);
		for (i = 0; i < len; i++)
			exact[i] = (uint8_t)(rand() % 3 ? "\0001a=t"[rand() % 5] : rand());
		if (!vx_start_parse(exact, len, &s, &why))
			vx_start_free(&s);
		free(exact);
	}
	vx_parser_free(&p);
}

static void test_names(void **state)
{
	(void)state;
	assert_true(vx_name_ok("a"));
	assert_true(vx_name_ok("0az9z"));
	assert_false(vx_name_ok(""));
	assert_false(vx_name_ok("abcdef"));
	assert_false(vx_name_ok("../x"));
	assert_false(vx_name_ok("A"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_out_partial_send),
		cmocka_unit_test(test_bad_headers),
		cmocka_unit_test(test_resync_by_padding),
		cmocka_unit_test(test_start_round_trip),
		cmocka_unit_test(test_start_forms),
		cmocka_unit_test(test_start_hostile),
		cmocka_unit_test(test_start_too_big),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

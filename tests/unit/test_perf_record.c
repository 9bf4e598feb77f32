/* SPDX-License-Identifier: MIT */
/*
 * Samples with call chains (dom0-tools/perf: samples.c, space.c, symbols.c, frames.c, deaths.c). The test
 * is the kernel that writes records, and the programs whose files are read.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deaths.h"
#include "record.h"
#include "samples.h"

#define OWN_ID		7u
#define WORK_ID		8u
#define SENDMSG		0x17u
#define KERNEL		((uint64_t)PERF_CONTEXT_KERNEL)
#define USER		((uint64_t)PERF_CONTEXT_USER)
#define BASE		0x400000u	/* where the test's own file is mapped */

static struct vp_samples samples;
static struct vp_symbols own;

/* Functions that are looked for. */
int vp_test_outer(int n);
int vp_test_inner(int n);

__attribute__((noinline)) int vp_test_inner(int n)
{
	return n * 3;
}

__attribute__((noinline)) int vp_test_outer(int n)
{
	return vp_test_inner(n) + 1;
}

/* Where in this file a function is. */
static uint64_t place(const char *name)
{
	size_t i;

	for (i = 0; i < own.n; i++)
		if (!strcmp(own.names + own.symbol[i].name, name))
			return own.symbol[i].at;
	fail_msg("no %s", name);
	return 0;
}

static int set_up(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	memset(&samples, 0, sizeof(samples));
	vp_samples_service(&samples, WORK_ID);
	assert_int_equal(vp_symbols_elf(&own, fd), 0);
	return close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	vp_samples_free(&samples);
	vp_symbols_free(&own);
	return 0;
}

/* --- records ----------------------------------------------------------------------- */

struct record {
	struct perf_event_header h;
	unsigned char bytes[4096];
};

static void begin(struct record *r, uint32_t type, uint16_t misc)
{
	memset(r, 0, sizeof(*r));
	r->h.type = type;
	r->h.misc = misc;
	r->h.size = sizeof(r->h);
}

static void put(struct record *r, const void *data, size_t n)
{
	memcpy((char *)r + r->h.size, data, n);
	r->h.size = (uint16_t)(r->h.size + n);
}

static void put32(struct record *r, uint32_t v)
{
	put(r, &v, sizeof(v));
}

static void put64(struct record *r, uint64_t v)
{
	put(r, &v, sizeof(v));
}

static void put_string(struct record *r, const char *s)
{
	put(r, s, strlen(s) + 1);
	while (r->h.size % 8)
		put(r, "", 1);
}

static void put_trailer(struct record *r, uint32_t pid, uint64_t time)
{
	put32(r, pid);
	put32(r, pid);
	put64(r, time);
	put64(r, OWN_ID);
}

static void map_self(uint32_t pid, uint64_t time)
{
	char path[PATH_MAX] = "";
	struct record r;
	struct stat st;

	assert_true(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
	assert_int_equal(stat(path, &st), 0);
	begin(&r, PERF_RECORD_MMAP2, 0);
	put32(&r, pid);
	put32(&r, pid);
	put64(&r, BASE);
	put64(&r, (uint64_t)st.st_size);
	put64(&r, 0);
	put64(&r, 0);
	put64(&r, st.st_ino);
	put64(&r, 0);
	put64(&r, 0);
	put_string(&r, path);
	put_trailer(&r, pid, time);
	vp_samples_add(&samples, &r.h);
}

static void name(uint32_t pid, const char *comm, bool exec, uint64_t time)
{
	struct record r;

	begin(&r, PERF_RECORD_COMM, exec ? PERF_RECORD_MISC_COMM_EXEC : 0);
	put32(&r, pid);
	put32(&r, pid);
	put_string(&r, comm);
	put_trailer(&r, pid, time);
	vp_samples_add(&samples, &r.h);
}

static void make(uint32_t pid, uint32_t ppid, uint64_t time)
{
	struct record r;

	begin(&r, PERF_RECORD_FORK, 0);
	put32(&r, pid);
	put32(&r, ppid);
	put32(&r, pid);
	put32(&r, ppid);
	put64(&r, time);
	put_trailer(&r, ppid, time);
	vp_samples_add(&samples, &r.h);
}

/* @raw: service and operation, or NULL. */
static void sample(uint32_t pid, uint64_t id, uint64_t period, const uint64_t *chain, size_t n,
		   const unsigned char *raw, uint64_t time)
{
	struct record r;
	size_t i;

	begin(&r, PERF_RECORD_SAMPLE, 0);
	put64(&r, id);
	put32(&r, pid);
	put32(&r, pid);
	put64(&r, time);
	put64(&r, period);
	put64(&r, n);
	for (i = 0; i < n; i++)
		put64(&r, chain[i]);
	put32(&r, raw ? 12 : 0);
	if (raw)
		put(&r, raw, 12);
	vp_samples_add(&samples, &r.h);
}

static void assert_folded(const char *want)
{
	struct vp_text t = { 0 };

	vp_samples_join(&samples);
	vp_text_add(&t, "%s", "");
	vp_frames_folded(&samples.root, &t);
	assert_string_equal(t.buf, want);
	vp_text_free(&t);
}

static void chains_are_joined(void **state)
{
	uint64_t chain[] = { USER, BASE + place("vp_test_inner"), BASE + place("vp_test_outer") + 5 };
	static const unsigned char net[12] = { 1, SENDMSG }, none[12] = { 9, 1 };

	(void)state;
	name(10, "prog", true, 1);
	map_self(10, 2);
	sample(10, OWN_ID, 2000000, chain, 3, NULL, 3);
	sample(10, OWN_ID, 2000000, chain, 3, NULL, 4);
	sample(10, WORK_ID, 50000, chain, 3, net, 5);
	sample(10, WORK_ID, 100000, chain, 3, net, 6);
	sample(10, WORK_ID, 100000, chain, 3, none, 7);	/* there is no such service */
	sample(10, OWN_ID, 1000, chain, 1, NULL, 8);
	assert_folded("prog 1\n"
		      "prog;vp_test_outer;vp_test_inner 4000\n"
		      "prog;vp_test_outer;vp_test_inner;[net];SENDMSG 150\n");
	assert_int_equal(samples.own, 3);
	assert_int_equal(samples.own_ns, 4001000);
	assert_int_equal(samples.service[VP_DOOR_NET], 2);
	assert_int_equal(samples.service_ns[VP_DOOR_NET], 150000);
}

/* Rings of other processors are read later. */
static void times_decide(void **state)
{
	uint64_t chain[] = { USER, BASE + place("vp_test_inner") };

	(void)state;
	sample(10, OWN_ID, 5000, chain, 2, NULL, 30);
	sample(10, OWN_ID, 7000, chain, 2, NULL, 5);
	name(10, "late", true, 20);
	map_self(10, 21);
	name(10, "early", true, 1);
	assert_folded("early;[unknown] 7\n"
		      "late;vp_test_inner 5\n");
}

static void children_have_what_parents_had(void **state)
{
	uint64_t chain[] = { USER, BASE + place("vp_test_inner") };

	(void)state;
	name(10, "parent", true, 1);
	map_self(10, 2);
	make(11, 10, 3);
	sample(11, OWN_ID, 1000, chain, 2, NULL, 4);
	name(11, "child", false, 5);
	sample(11, OWN_ID, 2000, chain, 2, NULL, 6);
	name(11, "other", true, 7);
	sample(11, OWN_ID, 3000, chain, 2, NULL, 8);
	sample(10, OWN_ID, 4000, chain, 2, NULL, 9);
	assert_folded("child;vp_test_inner 2\n"
		      "other;[unknown] 3\n"
		      "parent;vp_test_inner 5\n");
}

static void the_kernel_stands_on_the_program(void **state)
{
	char path[] = "/tmp/kallsyms.XXXXXX";
	static const char text[] = "ffffffff81000100 T do_syscall\n0 A nothing\n"
				   "ffffffff81000200 t vfs_read\t[fs]\nffffffff81000300 d data\n";
	uint64_t chain[] = { KERNEL, 0xffffffff81000208, 0xffffffff81000150, USER,
			     BASE + place("vp_test_inner") };
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(vp_symbols_kernel(&samples.spaces.kernel, path), 0);
	unlink(path);
	map_self(10, 1);
	sample(10, OWN_ID, 1000, chain, 5, NULL, 2);
	chain[1] = 5;
	sample(10, OWN_ID, 1000, chain, 2, NULL, 3);
	assert_folded("?;[kernel]_[k] 1\n"
		      "?;vp_test_inner;do_syscall_[k];vfs_read_[k] 1\n");
	vp_symbols_free(&samples.spaces.kernel);
	assert_int_equal(vp_symbols_kernel(&samples.spaces.kernel, "/nonexistent"), -1);
}

/* Lengths in records do not fit, strings do not end: nothing is read that is not there. */
static void records_may_be_cut(void **state)
{
	uint64_t chain[] = { USER, BASE };
	static const unsigned char net[12] = { 1, SENDMSG };
	const struct perf_event_header *h;
	struct vp_samples whole;
	size_t i, size, at = 0;
	struct record r;

	(void)state;
	name(10, "prog", true, 1);
	map_self(10, 2);
	make(11, 10, 3);
	sample(10, WORK_ID, 100000, chain, 2, net, 4);
	whole = samples;
	memset(&samples, 0, sizeof(samples));
	vp_samples_service(&samples, WORK_ID);
	for (i = 0; i < whole.n; i++) {
		at = whole.at[i];
		h = (const void *)(whole.log.buf + at);
		for (size = sizeof(*h); size < h->size; size++) {
			memcpy(&r, h, size);
			r.h.size = (uint16_t)size;
			vp_samples_add(&samples, &r.h);
		}
	}
	vp_samples_join(&samples);
	assert_int_equal(samples.service[VP_DOOR_NET], 0);
	vp_samples_free(&whole);
}

static void what_was_lost_is_told(void **state)
{
	struct record r;

	(void)state;
	begin(&r, PERF_RECORD_LOST, 0);
	put64(&r, OWN_ID);
	put64(&r, 17);
	put_trailer(&r, 0, 1);
	vp_samples_add(&samples, &r.h);
	vp_samples_add(&samples, &r.h);
	begin(&r, PERF_RECORD_THROTTLE, 0);
	vp_samples_add(&samples, &r.h);
	vp_samples_join(&samples);
	assert_int_equal(samples.lost, 34);
	assert_int_equal(samples.throttled, 1);
}

/* --- files ------------------------------------------------------------------------- */

static int file_of(const void *data, size_t n)
{
	char path[] = "/tmp/elf.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, data, n), n);
	return fd;
}

/* Each byte of the headers and tables is wrong once, and the file ends anywhere. */
static void files_may_hold_anything(void **state)
{
	static unsigned char data[8 << 20];
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	size_t n = (size_t)read(fd, data, sizeof(data)), i;
	Elf64_Ehdr *head = (void *)data;
	struct vp_symbols s;
	unsigned char was;

	(void)state;
	close(fd);
	assert_true(n < sizeof(data) && n > head->e_shoff);
	fd = file_of(data, n);
	for (i = 0; i < 2048; i++) {
		size_t at = i < 1024 ? i : head->e_shoff + i - 1024;

		if (at >= n)
			break;
		was = data[at] ^ 0xff;
		assert_int_equal(pwrite(fd, &was, 1, (off_t)at), 1);
		if (!vp_symbols_elf(&s, fd))
			vp_symbols_find(&s, place("vp_test_inner"));
		vp_symbols_free(&s);
		was ^= 0xff;
		assert_int_equal(pwrite(fd, &was, 1, (off_t)at), 1);
	}
	for (i = n; i > 64; i -= n / 50) {
		assert_int_equal(ftruncate(fd, (off_t)i), 0);
		vp_symbols_elf(&s, fd);
		vp_symbols_free(&s);
	}
	close(fd);
	fd = file_of("#!/bin/sh\n", 10);
	assert_int_equal(vp_symbols_elf(&s, fd), -1);
	close(fd);
}

/* A file that has taken a mapped one's place is not read. */
static void only_the_mapped_file_is_read(void **state)
{
	struct vp_mapping m = { BASE, 1 << 30, 0, 1, "/proc/self/exe" };
	char at[64];

	(void)state;
	vp_spaces_map(&samples.spaces, 1, &m);
	vp_spaces_function(&samples.spaces, 1, BASE + place("vp_test_inner"), at, sizeof(at));
	assert_string_equal(at, "[exe]");
	m.path = "[vdso]";
	m.start = 0x1000;
	m.len = 0x1000;
	vp_spaces_map(&samples.spaces, 1, &m);
	vp_spaces_function(&samples.spaces, 1, 0x1fff, at, sizeof(at));
	assert_string_equal(at, "[vdso]");
	vp_spaces_function(&samples.spaces, 1, 0x2000, at, sizeof(at));
	assert_string_equal(at, "[unknown]");
	m.path = "/dev/zero";
	vp_spaces_map(&samples.spaces, 2, &m);
	vp_spaces_function(&samples.spaces, 2, 0x1000, at, sizeof(at));
	assert_string_equal(at, "[zero]");
}

static void running_processes_are_read(void **state)
{
	char at[64];

	(void)state;
	vp_spaces_read(&samples.spaces, "/proc");
	assert_string_equal(vp_spaces_comm(&samples.spaces, (uint32_t)getpid()), "test_perf_recor");
	vp_spaces_function(&samples.spaces, (uint32_t)getpid(),
			   (uint64_t)(uintptr_t)vp_test_outer, at, sizeof(at));
	assert_string_equal(at, "vp_test_outer");
}

/* --- frames ------------------------------------------------------------------------ */

static void names_end_no_line_and_no_script(void **state)
{
	struct vp_text t = { 0 };
	struct vp_frame *f;

	(void)state;
	f = vp_frame_of(&samples.root, "a;b\n\033[2J");
	f->self = 1499;
	f = vp_frame_of(f, "</script><b>\"\\");
	f->self = 1500;
	f = vp_frame_of(f, "");
	f->self = 400;		/* too little to be shown */
	vp_frames_folded(&samples.root, &t);
	assert_string_equal(t.buf, "a:b??[2J 1\na:b??[2J;</script><b>\"\\ 2\n");
	vp_text_clear(&t);
	vp_frames_html(&samples.root, "</script>", &t);
	assert_non_null(strstr(t.buf, "const title = \"\\u003c/script\\u003e\";\n"));
	assert_non_null(strstr(t.buf, "const tree = [\"all\",0,[[\"a:b??[2J\",1,"
			       "[[\"\\u003c/script\\u003e\\u003cb\\u003e\\u0022\\u005c\",2,"
			       "[[\"?\",0,[]]]]]]]];\n"));
	vp_text_free(&t);
}

static void a_frame_is_one_for_all_calls(void **state)
{
	struct vp_frame *a = vp_frame_of(&samples.root, "a"), *b = vp_frame_of(&samples.root, "b");
	char name_[512];

	(void)state;
	assert_ptr_equal(vp_frame_of(&samples.root, "a"), a);
	assert_ptr_equal(vp_frame_of(&samples.root, "b"), b);
	assert_ptr_not_equal(vp_frame_of(a, "b"), b);
	memset(name_, 'x', sizeof(name_));
	name_[sizeof(name_) - 1] = 0;
	assert_int_equal(strlen(vp_frame_of(a, name_)->name), 199);
}

/* --- the command's arguments --------------------------------------------------------- */

static int parse(struct vp_record_options *o, const char *line)
{
	static char copy[256];
	char *argv[16], *rest = copy;
	int argc = 0;

	snprintf(copy, sizeof(copy), "record %s", line);
	while ((argv[argc] = strsep(&rest, " ")))
		argc++;
	return vp_record_parse(argc, argv, o);
}

static void arguments_are_understood(void **state)
{
	static const char *const wrong[] = {
		"", "--", "true", "-F 0 -- true", "-F 10001 -- true", "-F x -- true", "-c 999 -- true",
		"-c 1000000001 -- true", "-F -- true", "-x -- true", "-o -- true",
	};
	struct vp_record_options o;
	size_t i;

	(void)state;
	assert_int_equal(parse(&o, "-- true"), 0);
	assert_false(o.all || o.html);
	assert_string_equal(o.output, VP_RECORD_FILE);
	assert_int_equal(o.command, 2);
	assert_int_equal(parse(&o, "-a -F 99 -c 1000 -o x.html --name y -- true -a"), 0);
	assert_true(o.all && o.html);
	assert_int_equal(o.hz, 99);
	assert_int_equal(o.ns, 1000);
	assert_string_equal(o.name, "y");
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(parse(&o, wrong[i]), -1);
}

/* --- deaths ------------------------------------------------------------------------ */

static void put_died(const char *sys, const char *service, const char *value)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", sys, service);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/died", sys, service);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(value, f);
	assert_int_equal(fclose(f), 0);
}

static void assert_said(const struct vp_deaths *before, const struct vp_deaths *after,
			const char *want)
{
	char said[512] = "";
	FILE *f = fmemopen(said, sizeof(said), "w");

	assert_non_null(f);
	vp_deaths_say("x", before, after, f);
	fclose(f);
	assert_string_equal(said, want);
}

static void deaths_are_told(void **state)
{
	char sys[] = "/tmp/test_perf_record.XXXXXX", command[64];
	struct vp_deaths before, after;

	(void)state;
	assert_non_null(mkdtemp(sys));
	put_died(sys, "net", "3\n");
	before = vp_deaths_read(sys);
	assert_int_equal(before.died[VP_DOOR_NET], 3);
	assert_int_equal(before.died[VP_DOOR_STORAGE], 0);
	assert_said(&before, &before, "");
	put_died(sys, "net", "5\n");
	put_died(sys, "storage", "no number");
	after = vp_deaths_read(sys);
	assert_said(&before, &after,
		    "x: the net domain died meanwhile (2): its work on calls that it did not answer is missing\n");
	assert_said(&after, &before, "");
	snprintf(command, sizeof(command), "rm -r %s", sys);
	assert_int_equal(system(command), 0);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(chains_are_joined),
		TEST(times_decide),
		TEST(children_have_what_parents_had),
		TEST(the_kernel_stands_on_the_program),
		TEST(records_may_be_cut),
		TEST(what_was_lost_is_told),
		TEST(files_may_hold_anything),
		TEST(only_the_mapped_file_is_read),
		TEST(running_processes_are_read),
		TEST(names_end_no_line_and_no_script),
		TEST(a_frame_is_one_for_all_calls),
		TEST(arguments_are_understood),
		TEST(deaths_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

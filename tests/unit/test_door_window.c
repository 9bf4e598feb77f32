/* SPDX-License-Identifier: MIT */
/* libsyscall-forward on files that are read in place, against a kernel in the test. */
#include "door/fake.h"

#define FD 9

static unsigned char pattern[100000];

static struct object *open_window_flags(size_t size, __u32 flags)
{
	size_t i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = i * 11 + i / 253;
	return fake_window(FD, flags, pattern, size);
}

static struct object *open_window(size_t size)
{
	return open_window_flags(size, VOS_WORD_READ | VOS_WORD_POS);
}

static __u64 offset_of(struct object *o)
{
	return fake.chan[VOS_DOOR_STORAGE]->head->pos[o->slot];
}

static enum answer no_call(struct vos_sqe *e, struct vos_cqe *c)
{
	(void)e;
	(void)c;
	abort();
}

static void no_call_is_made(void **state)
{
	struct object *o = open_window(70000);
	unsigned char in[70001];
	struct iovec v[2] = { { in, 3 }, { in + 3, 69990 } };

	(void)state;
	fake.hook = no_call;
	assert_int_equal(pread(FD, in, 1000, 69500), 500);
	assert_memory_equal(in, pattern + 69500, 500);
	assert_int_equal(pread(FD, in, 10, 70000), 0);
	assert_int_equal(pread(FD, in, 10, 1ll << 62), 0);
	assert_int_equal(pread(FD, in, sizeof(in), 0), 70000);
	assert_memory_equal(in, pattern, 70000);
	memset(in, 0, sizeof(in));
	assert_int_equal(readv(FD, v, 2), 69993);
	assert_memory_equal(in, pattern, 69993);
	assert_int_equal(read(FD, in, 100), 7);
	assert_int_equal(read(FD, in, 100), 0);
	assert_int_equal(offset_of(o), 70000);
	assert_int_equal(fake.traps, 0);
	assert_int_equal(fake.tidies, 0);
	assert_int_equal(vos_door_stats().in_place, 7);
	assert_int_equal(vos_door_stats().door[VOS_STAT_READ], 7);
	assert_int_equal(vos_door_stats().bytes[VOS_STAT_READ], 500 + 70000 + 70000);
}

static void not_every_window_may_be_written(void **state)
{
	(void)state;
	open_window(10);
	pwrite(FD, "x", 1, 0);
	assert_int_equal(fake.traps, 1);
}

static void one_that_ends_meanwhile_does_not_count(void **state)
{
	struct object *o = open_window(100);
	struct fwd_window *w = &fwd_door->window[o->slot];
	unsigned char in[100];
	__u64 word = fake.state->word[FD];
	struct fwd_io io = { .word = word, .fd = FD, .len = 100, .at = true,
			     .iov = &(struct iovec){ in, 100 } };

	(void)state;
	/* Its word goes between the interposed function's read of it and ours. */
	fake.state->word[FD] = 0;
	assert_true(FWD_IS_TRAP(fwd_window_read(&io)));
	assert_int_equal(fake.tidies, 1);
	assert_int_equal(w->users, 0);
	/* The same slot, of another file now. */
	o->gen++;
	fake.state->word[FD] = VOS_WORD(VOS_KIND_WINDOW | VOS_WORD_READ, o->slot, o->gen);
	assert_true(FWD_IS_TRAP(fwd_window_read(&io)));
	io.word = fake.state->word[FD];
	assert_true(FWD_IS_TRAP(fwd_window_read(&io)));
	fake.state->word[FD] = 0;
	assert_true(attach_now(FD));
	assert_int_equal(fwd_window_read(&(struct fwd_io){ .word = fake.state->word[FD], .fd = FD,
		.len = 100, .at = true, .iov = &(struct iovec){ in, 100 } }), 100);
	assert_memory_equal(in, pattern, 100);
}

static void writes_are_copies_as_well(void **state)
{
	struct object *o;
	struct iovec v[2] = { { "ab", 2 }, { "cdefg", 5 } };
	__u8 *wrote;

	(void)state;
	o = open_window_flags(1000, FILE_FLAGS);
	fake.hook = no_call;
	wrote = &fake.chan[VOS_DOOR_STORAGE]->head->wrote[o->slot];
	assert_int_equal(pwrite(FD, "xyz", 3, 997), 3);
	assert_memory_equal(o->data + 997, "xyz", 3);
	assert_int_equal(*wrote, 1);
	*wrote = 0;
	assert_int_equal(writev(FD, v, 2), 7);
	assert_memory_equal(o->data, "abcdefg", 7);
	assert_int_equal(offset_of(o), 7);
	assert_int_equal(write(FD, pattern, 900), 900);
	assert_int_equal(offset_of(o), 907);
	assert_memory_equal(o->data + 7, pattern, 900);
	assert_int_equal(*wrote, 1);
	assert_int_equal(fake.traps, 0);
	/* What makes it longer is the kernel's, and so is what is long. */
	assert_int_equal(pwrite(FD, "long", 4, 998), 4);
	assert_int_equal(write(FD, pattern, 94), 94);
	assert_int_equal(fake.traps, 2);
	assert_int_equal(o->size, 1002);
}

static void large_reads_attach_only_to_windows(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_FILE, FILE_FLAGS);
	static char big[65536];
	int i;

	(void)state;
	o->size = sizeof(big);
	for (i = 0; i < 100; i++)
		assert_int_equal(pread(FD, big, sizeof(big), 0), sizeof(big));
	assert_int_equal(fake.state->word[FD], 0);
	o->window = true;
	for (i = 0; i < 10000 && !fake.state->word[FD]; i++)
		assert_int_equal(pread(FD, big, sizeof(big), 0), sizeof(big));
	assert_int_equal(VOS_WORD_KIND(fake.state->word[FD]), VOS_KIND_WINDOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_call_is_made),
		TEST(not_every_window_may_be_written),
		TEST(one_that_ends_meanwhile_does_not_count),
		TEST(writes_are_copies_as_well),
		TEST(large_reads_attach_only_to_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

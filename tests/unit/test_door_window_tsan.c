/* SPDX-License-Identifier: MIT */
/*
 * Readers in two threads while the file is exchanged under one descriptor: every
 * window is filled with its own byte, and gone, for whoever looks, when it has ended
 * and nobody says that he reads it.
 */
#include "door/fake.h"

#define FD	9
#define ROUNDS	400
#define SIZE	4096
#define GONE	0xff
#define LIMIT	60	/* seconds; for threads that do not run at all */

static bool done;

/* Return: NULL, or what is wrong with what was read. */
static void *reader(void *unused)
{
	unsigned char in[SIZE];
	ssize_t n, i;

	(void)unused;
	while (!vos_load(&done)) {
		n = pread(FD, in, sizeof(in), 0);
		for (i = 0; i < n; i++)
			if (in[i] != in[0] || in[i] == GONE)
				return in[i] == GONE ? "gone" : "torn";
	}
	return NULL;
}

static void retire_window(struct object *o, unsigned char *data)
{
	struct fwd_window *w = &fwd_door->window[o->slot];

	while (__atomic_load_n(&w->users, __ATOMIC_SEQ_CST))
		rest();
	memset(data, GONE, SIZE);
}

static void exchange(struct object *o, unsigned char *fresh)
{
	unsigned char *old;

	pthread_mutex_lock(&fake.lock);
	__atomic_store_n(&fake.state->word[FD], 0, __ATOMIC_SEQ_CST);
	old = o->data;
	o->data = fresh;
	o->gen++;
	pthread_mutex_unlock(&fake.lock);
	retire_window(o, old);
}

/*
 * How fast readers get on is the scheduler's affair: a test may wait for it but not count
 * on it. One of them may be put off while it is the one that attaches, so that nobody else
 * can; another while it has read but not counted.
 */
static bool in_time(time_t since)
{
	rest();
	return time(NULL) - since < LIMIT;
}

/* Until the window that is there now may be used. */
static bool await_word(void)
{
	time_t since = time(NULL);

	while (!attach_now(FD))
		if (!in_time(since))
			return false;
	return true;
}

/* Until a reader has used it. */
static bool await_read(void)
{
	__u64 before = vos_door_stats().in_place;
	time_t since = time(NULL);

	while (vos_door_stats().in_place == before)
		if (!in_time(since))
			return false;
	return true;
}

/*
 * Every other window goes only when it has been read, which the next does at once. Return:
 * rounds that passed.
 */
static int exchange_all(struct object *o, unsigned char *all)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		memset(all + i * SIZE, 1 + i % 200, SIZE);
		exchange(o, all + i * SIZE);
		if (!await_word() || (i % 2 == 0 && !await_read()))
			break;
	}
	return i;
}

static void readers_see_whole_windows(void **state)
{
	static unsigned char start[SIZE];
	struct object *o = fake_window(FD, VOS_WORD_READ, memset(start, 1, SIZE), SIZE);
	unsigned char *all = malloc(ROUNDS * SIZE);
	void *wrong[2];
	pthread_t t[2];
	int rounds;

	(void)state;
	vos_store(&done, false);
	assert_int_equal(pthread_create(&t[0], NULL, reader, NULL), 0);
	assert_int_equal(pthread_create(&t[1], NULL, reader, NULL), 0);
	rounds = exchange_all(o, all);
	vos_store(&done, true);
	pthread_join(t[0], &wrong[0]);
	pthread_join(t[1], &wrong[1]);
	/* Nothing may be in the threads' hands, nor ours in teardown()'s, where a test can end. */
	o->data = o->own;
	free(all);
	assert_null(wrong[0]);
	assert_null(wrong[1]);
	assert_int_equal(rounds, ROUNDS);
	assert_true(vos_door_stats().in_place >= ROUNDS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(readers_see_whole_windows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

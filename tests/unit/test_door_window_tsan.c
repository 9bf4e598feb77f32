/* SPDX-License-Identifier: MIT */
/*
 * Readers in two threads while the file is exchanged under one descriptor: every
 * window is filled with its own byte, and gone, for whoever looks, when it has ended
 * and nobody says that he reads it.
 */
#include "door/fake.h"

#define FD	9
#define ROUNDS	400

static bool done;

static void *reader(void *unused)
{
	unsigned char in[4096];
	ssize_t n, i;

	(void)unused;
	while (!vos_load(&done)) {
		n = pread(FD, in, sizeof(in), 0);
		for (i = 1; i < n; i++)
			if (in[i] != in[0] || in[i] == 0xff)
				abort();
	}
	return NULL;
}

static void retire_window(struct object *o, unsigned char *data)
{
	struct vos_window *w = &vos_door->window[o->slot];

	while (__atomic_load_n(&w->users, __ATOMIC_SEQ_CST))
		sched_yield();
	memset(data, 0xff, 4096);
}

static void readers_see_whole_windows(void **state)
{
	static unsigned char start[4096];
	struct object *o = fake_window(FD, VOS_WORD_READ, memset(start, 1, sizeof(start)), sizeof(start));
	unsigned char *all = malloc(ROUNDS * 4096), *old;
	pthread_t t[2];
	int i;

	(void)state;
	vos_store(&done, false);
	assert_int_equal(pthread_create(&t[0], NULL, reader, NULL), 0);
	assert_int_equal(pthread_create(&t[1], NULL, reader, NULL), 0);
	for (i = 0; i < ROUNDS; i++) {
		unsigned char *fresh = all + i * 4096;

		memset(fresh, 1 + i % 200, 4096);
		pthread_mutex_lock(&fake.lock);
		__atomic_store_n(&fake.state->word[FD], 0, __ATOMIC_SEQ_CST);
		old = o->data;
		o->data = fresh;
		o->gen++;
		pthread_mutex_unlock(&fake.lock);
		retire_window(o, old);
		if (i == 0)
			free(old);
		attach_now(FD);
	}
	vos_store(&done, true);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	assert_true(vos_door_stats().in_place > ROUNDS / 10);
	o->data = NULL;
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(readers_see_whole_windows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * libsyscall-forward with many threads and with signal handlers: no byte of a file
 * is read twice or written over, whoever finds no lane goes through the trap door,
 * and a service that dies again and again stops nobody. With ThreadSanitizer.
 */
#include "door/fake.h"

#include <sys/time.h>

#define FD	7
#define SOCK	8
#define THREADS	6
#define EACH	400
#define PIECE	64

static __u8 seen[THREADS * EACH];

static void *read_pieces(void *arg)
{
	__u32 buf[PIECE / 4];
	int i;

	(void)arg;
	for (i = 0; i < EACH; i++) {
		if (read(FD, buf, PIECE) != PIECE)
			return "short";
		if (__atomic_exchange_n(&seen[buf[0]], 1, __ATOMIC_RELAXED))
			return "twice";
	}
	return NULL;
}

static void *write_pieces(void *arg)
{
	__u32 buf[PIECE / 4] = { 0 };
	int i;

	for (i = 0; i < EACH; i++) {
		buf[0] = (__u32)(long)arg * EACH + i + 1;
		if (write(FD, buf, PIECE) != PIECE)
			return "short";
	}
	return NULL;
}

static void run_threads(void *(*fn)(void *))
{
	void *wrong[THREADS];
	pthread_t t[THREADS];
	long i;

	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, fn, (void *)i), 0);
	/* An assertion ends the test, so none while threads use what teardown() frees. */
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], &wrong[i]);
	for (i = 0; i < THREADS; i++)
		assert_null(wrong[i]);
}

static void reads_share_one_offset(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_FILE, FILE_FLAGS);
	__u32 i;

	(void)state;
	for (i = 0; i < THREADS * EACH; i++)
		memcpy(o->data + i * PIECE, &i, 4);
	o->size = THREADS * EACH * PIECE;
	assert_true(attach_now(FD));
	memset(seen, 0, sizeof(seen));
	run_threads(read_pieces);
	assert_true(vos_door_stats().door[VOS_STAT_READ] > 100);
}

static void writes_share_one_offset(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_FILE, FILE_FLAGS);
	__u32 i, n;

	(void)state;
	assert_true(attach_now(FD));
	fake.durable_at_once = false;
	memset(seen, 0, sizeof(seen));
	run_threads(write_pieces);
	assert_int_equal(o->size, THREADS * EACH * PIECE);
	for (i = 0; i < THREADS * EACH; i++) {
		memcpy(&n, o->data + i * PIECE, 4);
		assert_in_range(n, 1, THREADS * EACH);
		assert_false(seen[n - 1]);
		seen[n - 1] = 1;
	}
}

static volatile sig_atomic_t nested;

/* Makes a call while one is under way in the same thread. */
static void on_alarm(int sig)
{
	char c;

	(void)sig;
	if (pread(FD, &c, 1, 0) == 1 && c == 'n')
		nested++;
}

/*
 * For each call of the program so many times: the handler's own call waits as well, and
 * would have the next one come for as long as the service is not quick.
 */
static int raises;

static void raise_alarm(void)
{
	if (raises-- > 0)
		pthread_kill(pthread_self(), SIGALRM);
}

static void handlers_take_other_lanes(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_FILE, FILE_FLAGS);
	__u32 spin = fwd_spin_us;
	char buf[8];
	int i;

	(void)state;
	signal(SIGALRM, on_alarm);
	o->data[0] = 'n';
	o->size = 8;
	assert_true(attach_now(FD));
	fwd_spin_us = 0;		/* so that most calls wait in ENTER */
	fake.in_wait = raise_alarm;
	for (i = 0; i < 50; i++) {
		raises = 3;
		assert_int_equal(pread(FD, buf, 8, 0), 8);
	}
	fwd_spin_us = spin;
	assert_true(nested > 0);
	assert_int_equal(fwd_door->chan[VOS_DOOR_STORAGE].lane[0].state, FWD_LANE_FREE);
}

static enum answer sometimes_die(struct vos_sqe *e, struct vos_cqe *c)
{
	static int n;

	(void)e;
	(void)c;
	if (++n % 97)
		return ANSWER;
	kill_channel(VOS_DOOR_NET);
	return SILENT;
}

static void *send_on(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 3000; i++)
		send(SOCK, "x", 1, 0);
	return NULL;
}

/* While the thread that attaches has no processor, the others' calls trap and are used up. */
static void deaths_stop_nobody(void **state)
{
	int i;

	(void)state;
	fake_open(SOCK, VOS_KIND_DGRAM, 0);
	assert_true(attach_now(SOCK));
	fake.hook = sometimes_die;
	for (i = 0; i < 50 && fake.channels <= 3; i++)
		run_threads(send_on);
	assert_true(fake.channels > 3);
}

/* The service sleeps whenever it can: every call has to kick it, none may be lost. */
static enum answer sleepy(struct vos_sqe *e, struct vos_cqe *c)
{
	unsigned int i;

	(void)e;
	(void)c;
	for (i = 0; i < LANES; i++)
		vos_ring_prepare_sleep(&fake.chan[VOS_DOOR_NET]->sq[i]);
	return ANSWER;
}

static void sleepers_are_woken(void **state)
{
	(void)state;
	fake_open(SOCK, VOS_KIND_DGRAM, 0);
	assert_true(attach_now(SOCK));
	fake.hook = sleepy;
	run_threads(send_on);
	assert_true(vos_door_stats().kicks > 0);
	assert_int_equal(vos_door_stats().kicks, fake.kicks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_share_one_offset),
		TEST(writes_share_one_offset),
		TEST(handlers_take_other_lanes),
		TEST(deaths_stop_nobody),
		TEST(sleepers_are_woken),
	};

	return cmocka_run_group_tests_name("door, threads", tests, NULL, NULL);
}

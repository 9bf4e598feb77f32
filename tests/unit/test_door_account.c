/* SPDX-License-Identifier: MIT */
/*
 * What a thread's calls through the door cost: the library counts each answer once, by service,
 * where the kernel says. The service's own sums are the judge, to the tick.
 */
#include "door/fake.h"
#include "lane.h"

#define SOCK	5
#define FILE_FD	6
#define CALLS	1000
#define THREADS	4
#define SATURATED 0xffffffffu

static struct vos_account_slot slot[THREADS + 1], told;
static int given;

static long give_slot(void)
{
	int nr = __atomic_fetch_add(&given, 1, __ATOMIC_RELAXED);

	return nr <= THREADS ? (long)&slot[nr] : -ENOSPC;
}

/* Under the fake's lock. A cost has instructions, too, which are not ticks. */
static enum answer charge(struct vos_sqe *e, struct vos_cqe *c)
{
	unsigned int service = e->opcode < VOS_OP_FUSE ? VOS_DOOR_NET : VOS_DOOR_STORAGE;
	__u32 ticks = told.service[service].calls % 7 ? e->tag * 1000003u : SATURATED;

	c->cost = ticks | 77ull << 32;
	told.service[service].calls++;
	told.service[service].ticks += ticks;
	return ANSWER;
}

static int begin(void **state)
{
	int rc = setup(state);

	memset(slot, 0, sizeof(slot));
	memset(&told, 0, sizeof(told));
	given = 0;
	fake.account = give_slot;
	fake.hook = charge;
	return rc;
}

static struct object *open_file(void)
{
	struct object *o = fake_open(FILE_FD, VOS_KIND_FILE, FILE_FLAGS);

	o->size = 100;
	assert_true(attach_now(FILE_FD));
	return o;
}

static void as_told(const struct vos_account_slot *s)
{
	assert_memory_equal(s->service, told.service, sizeof(told.service));
}

static void each_answer_counts_once(void **state)
{
	struct object *o = fake_open(SOCK, VOS_KIND_STREAM, 0);
	__u64 calls[VOS_DOOR_SERVICES];
	char buf[LANE_ARENA];
	int i;

	(void)state;
	o->tx_room = sizeof(o->tx);
	open_file();
	assert_true(attach_now(SOCK));
	for (i = 0; i < VOS_DOOR_SERVICES; i++)
		calls[i] = told.service[i].calls;
	for (i = 0; i < CALLS; i++) {
		assert_int_equal(pread(FILE_FD, buf, 10, 0), 10);
		assert_int_equal(send(SOCK, "x", 1, 0), 1);
	}
	assert_int_equal(told.service[VOS_DOOR_STORAGE].calls, calls[VOS_DOOR_STORAGE] + CALLS);
	assert_int_equal(told.service[VOS_DOOR_NET].calls, calls[VOS_DOOR_NET] + CALLS);
	as_told(&slot[0]);
	assert_int_equal(fake.accounts, 1);
}

/* Long calls are several, and more than one is under way. */
static void so_does_each_piece(void **state)
{
	static char buf[8 * LANE_ARENA];
	struct object *o = open_file();

	(void)state;
	o->size = sizeof(buf);
	assert_int_equal(pread(FILE_FD, buf, sizeof(buf), 0), sizeof(buf));
	assert_true(told.service[VOS_DOOR_STORAGE].calls > 8);
	as_told(&slot[0]);
	assert_int_equal(pwrite(FILE_FD, buf, 10000, 0), 10000);
	as_told(&slot[0]);
}

static long refuse(void)
{
	return -ENOSPC;
}

static void without_a_slot_all_goes_on(void **state)
{
	char c;

	(void)state;
	fake.account = refuse;
	open_file();
	assert_int_equal(pread(FILE_FD, &c, 1, 0), 1);
	assert_int_equal(pread(FILE_FD, &c, 1, 0), 1);
	assert_true(told.service[VOS_DOOR_STORAGE].calls >= 2);
	assert_int_equal(slot[0].service[VOS_DOOR_STORAGE].calls, 0);
	assert_int_equal(fake.accounts, 1);
}

/* As fork() leaves it: no door, and the parent's slot. */
static void a_child_asks_for_its_own(void **state)
{
	char c;

	(void)state;
	open_file();
	assert_int_equal(pread(FILE_FD, &c, 1, 0), 1);
	as_told(&slot[0]);
	memset(fwd_door, 0, sizeof(*fwd_door));
	vos_store(&fake.state->word[FILE_FD], 0ull);
	memset(&told, 0, sizeof(told));
	assert_true(attach_now(FILE_FD));
	assert_int_equal(pread(FILE_FD, &c, 1, 0), 1);
	as_told(&slot[1]);
}

static void check_io(enum vos_account_io kind, __u64 calls, __u64 bytes)
{
	assert_int_equal(slot[0].io[kind].calls, calls);
	assert_int_equal(slot[0].io[kind].bytes, bytes);
}

/* Linux counts reads and writes, and what is received or sent is neither. */
static void reads_and_writes_count(void **state)
{
	struct object *o = fake_open(SOCK, VOS_KIND_STREAM, VOS_WORD_NONBLOCK);
	struct iovec iov;
	char buf[64];

	(void)state;
	open_file();
	iov = (struct iovec) { buf, 20 };
	o->tx_room = sizeof(o->tx);
	assert_true(attach_now(SOCK));
	memset(slot, 0, sizeof(slot));
	assert_int_equal(pread(FILE_FD, buf, 10, 0), 10);
	assert_int_equal(pread(FILE_FD, buf, 10, 95), 5);
	assert_int_equal(pread(FILE_FD, buf, 10, 100), 0);
	assert_int_equal(readv(FILE_FD, &iov, 1), 20);
	check_io(VOS_ACCOUNT_READ, 4, 35);
	check_io(VOS_ACCOUNT_WRITE, 0, 0);
	assert_int_equal(pwrite(FILE_FD, buf, 7, 0), 7);
	assert_int_equal(write(SOCK, buf, 30), 30);
	check_io(VOS_ACCOUNT_WRITE, 2, 37);
	assert_int_equal(read(SOCK, buf, 10), -1);
	assert_int_equal(errno, EAGAIN);
	check_io(VOS_ACCOUNT_READ, 5, 35);
	assert_int_equal(send(SOCK, buf, 30, 0), 30);
	assert_int_equal(recv(SOCK, buf, 30, 0), -1);
	check_io(VOS_ACCOUNT_READ, 5, 35);
	check_io(VOS_ACCOUNT_WRITE, 2, 37);
}

static void *count_some(void *arg)
{
	char c;
	int i;

	(void)arg;
	for (i = 0; i < CALLS; i++)
		pread(FILE_FD, &c, 1, 0);
	return fwd_thread.account;
}

static void threads_count_apart(void **state)
{
	struct vos_account_slot sum = { 0 };
	void *account[THREADS];
	pthread_t t[THREADS];
	int i, s;

	(void)state;
	open_file();
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, count_some, NULL), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], &account[i]);
	for (i = 0; i < THREADS; i++)
		assert_in_range((uintptr_t)account[i], (uintptr_t)slot, (uintptr_t)&slot[THREADS]);
	for (i = 0; i <= THREADS; i++)
		for (s = 0; s < VOS_DOOR_SERVICES; s++) {
			sum.service[s].calls += slot[i].service[s].calls;
			sum.service[s].ticks += slot[i].service[s].ticks;
		}
	as_told(&sum);
}

#define ACCOUNT_TEST(f) cmocka_unit_test_setup_teardown(f, begin, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ACCOUNT_TEST(each_answer_counts_once),
		ACCOUNT_TEST(so_does_each_piece),
		ACCOUNT_TEST(without_a_slot_all_goes_on),
		ACCOUNT_TEST(reads_and_writes_count),
		ACCOUNT_TEST(a_child_asks_for_its_own),
		ACCOUNT_TEST(threads_count_apart),
	};

	return cmocka_run_group_tests_name("door, accounts", tests, NULL, NULL);
}

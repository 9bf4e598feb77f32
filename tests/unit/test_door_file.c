/* SPDX-License-Identifier: MIT */
/* libsyscall-forward on files and its log, against a service in a thread of the test. */
#include "door/fake.h"
#include "../../libsyscall-forward/file.h"

#define FD 7

static unsigned char pattern[200000];

static struct object *open_file(size_t size)
{
	struct object *o = fake_open(FD, VOS_KIND_FILE, FILE_FLAGS);
	size_t i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = i * 13 + i / 257;
	memcpy(o->data, pattern, size);
	o->size = size;
	assert_true(attach_now(FD));
	return o;
}

static __u64 offset_of(struct object *o)
{
	return fake.chan[VOS_DOOR_STORAGE]->head->pos[o->slot];
}

static void reads_move_the_offset(void **state)
{
	struct object *o = open_file(100);
	unsigned char buf[64];

	(void)state;
	errno = 3;
	assert_int_equal(read(FD, buf, 64), 64);
	assert_memory_equal(buf, pattern, 64);
	assert_int_equal(read(FD, buf, 64), 36);
	assert_memory_equal(buf, pattern + 64, 36);
	assert_int_equal(read(FD, buf, 64), 0);
	assert_int_equal(offset_of(o), 100);
	assert_int_equal(pread(FD, buf, 10, 5), 10);
	assert_memory_equal(buf, pattern + 5, 10);
	assert_int_equal(offset_of(o), 100);
	assert_int_equal(errno, 3);
	assert_int_equal(fake.traps, 0);
	assert_int_equal(pread(FD, buf, 10, -1), 0);	/* the fake's own answer */
	assert_int_equal(fake.traps, 1);
}

static void long_reads_come_in_order(void **state)
{
	static unsigned char in[200000];
	struct iovec v[3] = { { in, 3 }, { in + 3, 99997 }, { in + 100000, 100000 } };

	(void)state;
	open_file(150000);
	assert_int_equal(pread(FD, in, sizeof(in), 0), 150000);
	assert_memory_equal(in, pattern, 150000);
	memset(in, 0, sizeof(in));
	assert_int_equal(readv(FD, v, 3), 150000);
	assert_memory_equal(in, pattern, 150000);
	assert_int_equal(fake.traps, 0);
}

static void a_short_read_ends_the_request(void **state)
{
	static unsigned char in[20000];
	struct object *o = open_file(20000);

	(void)state;
	fake.max_call = 1000;	/* every chunk comes short; what follows is thrown away */
	memset(in, 0xee, sizeof(in));
	assert_int_equal(read(FD, in, sizeof(in)), 1000);
	assert_memory_equal(in, pattern, 1000);
	assert_int_equal(in[1000], 0xee);
	assert_int_equal(offset_of(o), 1000);
}

/* One that is only read is recalled now and then, ever more seldom if that is in vain. */
static void quiet_files_are_recalled(void **state)
{
	unsigned int i;
	char c;

	(void)state;
	open_file(100);
	for (i = 0; i < 16 * FWD_RECALL_EVERY; i++) {
		assert_int_equal(pread(FD, &c, 1, i % 100), 1);
		assert_int_equal((unsigned char)c, pattern[i % 100]);
	}
	/* At checks 1, 3, 7 and 15. */
	assert_int_equal(fake.recalls, 4);
	assert_int_equal(fake.traps, 0);
}

static void files_that_are_written_are_not(void **state)
{
	unsigned int i;
	char c;

	(void)state;
	open_file(100);
	for (i = 0; i < 4 * FWD_RECALL_EVERY; i++) {
		assert_int_equal(pread(FD, &c, 1, 0), 1);
		if (i % 512 == 0)
			assert_int_equal(pwrite(FD, "x", 1, 0), 1);
	}
	assert_int_equal(fake.recalls, 0);
}

static void writes_go_by_the_log(void **state)
{
	struct object *o = open_file(0);
	struct iovec v[2] = { { pattern + 60000, 5 }, { pattern + 60005, 9995 } };

	(void)state;
	assert_int_equal(write(FD, pattern, 60000), 60000);
	assert_int_equal(writev(FD, v, 2), 10000);
	assert_int_equal(offset_of(o), 70000);
	assert_int_equal(o->size, 70000);
	assert_memory_equal(o->data, pattern, 70000);
	assert_int_equal(pwrite(FD, "xyz", 3, 10), 3);
	assert_memory_equal(o->data + 10, "xyz", 3);
	assert_int_equal(offset_of(o), 70000);
	assert_int_equal(fake.traps, 0);
	assert_int_equal(fake.commits, 0);
}

static void a_full_log_is_committed(void **state)
{
	struct object *o = open_file(0);
	int i;

	(void)state;
	fake.durable_at_once = false;
	for (i = 0; i < 200; i++)
		assert_int_equal(write(FD, pattern + i * 700, 700), 700);
	assert_memory_equal(o->data, pattern, 200 * 700);
	assert_int_equal(fake.traps, 0);
	assert_in_range(fake.commits, 5, 20);
	fake.commit_works = false;
	for (i = 0; i < 40; i++)
		assert_int_equal(write(FD, pattern, 1000), 1000);
	assert_true(fake.traps > 10);
	assert_int_equal(o->size, 200 * 700 + 40 * 1000);
	assert_int_equal(offset_of(o), 200 * 700 + 40 * 1000);
}

/* Walks the log as the kernel would. */
static int real_records(void)
{
	struct fake_chan *c = fake.chan[VOS_DOOR_STORAGE];
	__u32 at = c->head->log_tail;
	int n = 0;

	while (at != c->head->log_head) {
		struct vos_log_record *r = (void *)(c->arena + LANES * LANE_ARENA +
						    at % LOG_SIZE);

		assert_true(r->room >= 64 && r->room % 64 == 0 &&
			    at % LOG_SIZE + r->room <= LOG_SIZE);
		if (r->slot != VOS_LOG_SKIP) {
			assert_true(r->len + 64 <= r->room && r->seq);
			assert_int_equal(r->slot, FD);
			n++;
		}
		at += r->room;
	}
	return n;
}

static enum answer no_space(struct vos_sqe *e, struct vos_cqe *c)
{
	if (e->opcode != VOS_OP_WRITE)
		return ANSWER;
	c->result = -ENOSPC;
	return ANSWERED;
}

static void failed_writes_leave_no_record(void **state)
{
	struct object *o = open_file(0);

	(void)state;
	fake.durable_at_once = false;
	assert_int_equal(write(FD, "good", 4), 4);
	fake.hook = no_space;
	assert_int_equal(write(FD, "bad", 3), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(offset_of(o), 4);
	assert_int_equal(fake.traps, 0);
	assert_int_equal(real_records(), 1);
}

static void short_writes_are_recorded_short(void **state)
{
	struct object *o = open_file(0);

	(void)state;
	fake.durable_at_once = false;
	fake.max_call = 100;
	assert_int_equal(write(FD, pattern, 300), 300);	/* 100, and the rest by the trap */
	assert_int_equal(fake.traps, 1);
	assert_memory_equal(o->data, pattern, 300);
	assert_int_equal(offset_of(o), 300);
	assert_int_equal(real_records(), 1);
}

static enum answer stale(struct vos_sqe *e, struct vos_cqe *c)
{
	(void)e;
	c->result = -EBADF;
	return ANSWERED;
}

static void stale_handle_goes_to_the_trap(void **state)
{
	struct object *o = open_file(100);
	char buf[10];

	(void)state;
	fake.hook = stale;
	assert_int_equal(read(FD, buf, 10), 10);
	assert_int_equal(write(FD, "0123456789", 10), 10);
	assert_int_equal(pwrite(FD, "x", 1, 0), 1);
	assert_int_equal(fake.traps, 3);
	assert_memory_equal(o->data + 10, "0123456789", 10);
	assert_int_equal(offset_of(o), 20);
	assert_int_equal(real_records(), 0);
}

static struct object *before, *after;

/* dup2() by another thread, when the call has reserved its range and before the service is asked. */
static enum answer replace(struct vos_sqe *e, struct vos_cqe *c)
{
	struct vos_uchan_head *head = fake.chan[VOS_DOOR_STORAGE]->head;

	if (e->opcode != VOS_OP_WRITE || fake.fd[FD] == after)
		return ANSWER;
	before->pos = head->pos[before->slot];
	head->pos[before->slot] = VOS_POS_KERNEL;
	vos_store(&fake.state->word[FD], (__u64)0);
	fake.fd[FD] = after;
	/* What the kernel goes by. */
	assert_int_equal(head->writing[0] | head->writing[1] | head->writing[2],
			 VOS_WRITING(before->slot, before->gen));
	c->result = -EBADF;
	return ANSWERED;
}

/* Two files, the first one by two descriptors. */
static void open_both(void)
{
	before = open_file(100);
	fake.fd[FD + 1] = before;
	after = fake_open(FD + 2, VOS_KIND_FILE, FILE_FLAGS);
	fake.hook = replace;
}

/* Each of them is freed once. */
static void forget_one_of_two(void)
{
	assert_ptr_equal(fake.fd[FD], after);
	fake.fd[FD] = NULL;
}

static void a_write_ends_in_the_file_that_it_began_in(void **state)
{
	(void)state;
	open_both();
	assert_int_equal(write(FD, "0123456789", 10), 10);
	assert_int_equal(after->size, 0);
	assert_memory_equal(before->data, "0123456789", 10);
	assert_int_equal(before->pos, 10);
	assert_int_equal(fake.tidies, 1);
	assert_false(fake.chan[VOS_DOOR_STORAGE]->head->writing[0]);
	forget_one_of_two();
}

static void what_a_replaced_file_did_not_get_is_given_back(void **state)
{
	(void)state;
	open_both();
	fake.trap_rc = -ENOSPC;
	assert_int_equal(write(FD, "0123456789", 10), -1);
	assert_int_equal(errno, ENOSPC);
	assert_memory_equal(before->data, pattern, 100);
	assert_int_equal(offset_of(before), 0);
	forget_one_of_two();
}

static __u64 seen_from;

/* Nothing of a short write is to be given back once the service sees it. */
static enum answer see_claim(struct vos_sqe *e, struct vos_cqe *c)
{
	struct vos_uchan_head *head = fake.chan[VOS_DOOR_STORAGE]->head;
	unsigned int i;

	(void)c;
	for (i = 0; e->opcode == VOS_OP_WRITE && i < VOS_UCHAN_MAX_LANES; i++)
		if (vos_load(&head->writing[i]))
			vos_store(&seen_from, vos_load(&head->from[i]));
	return ANSWER;
}

static void a_write_claims_what_it_reserves(void **state)
{
	struct object *o = open_file(100);
	struct vos_uchan_head *head;

	(void)state;
	fake.hook = see_claim;
	assert_int_equal(write(FD, "0123456789", 10), 10);
	head = fake.chan[VOS_DOOR_STORAGE]->head;
	assert_int_equal(head->till[0] | head->till[1] | head->till[2], 0);
	assert_int_equal(offset_of(o), 10);
	assert_int_equal(write(FD, pattern, 60000), 60000);
	assert_true(seen_from >= 10 && seen_from <= 60010);
	assert_int_equal(head->till[0] | head->till[1] | head->till[2], 0);
	assert_int_equal(offset_of(o), 60010);
}

/* A call that has moved no offset needs nothing but to begin anew. */
static void a_pwrite_may_be_in_either_file(void **state)
{
	(void)state;
	open_both();
	assert_int_equal(pwrite(FD, "0123456789", 10, 0), 10);
	assert_memory_equal(after->data, "0123456789", 10);
	assert_memory_equal(before->data, pattern, 100);
	assert_int_equal(fake.rests, 0);
	forget_one_of_two();
}

static void the_kernels_offset_is_left_alone(void **state)
{
	struct object *o = open_file(100);
	char buf[10];

	(void)state;
	fake.chan[VOS_DOOR_STORAGE]->head->pos[o->slot] = VOS_POS_KERNEL;
	o->pos = 50;
	assert_int_equal(read(FD, buf, 10), 10);
	assert_memory_equal(buf, pattern + 50, 10);
	assert_int_equal(fake.traps, 1);
	assert_int_equal(read(FD, buf, 10), 10);	/* it has given it back */
	assert_memory_equal(buf, pattern + 60, 10);
	assert_int_equal(fake.traps, 1);
}

static void rights_are_kept(void **state)
{
	char buf[4];

	(void)state;
	fake_open(FD, VOS_KIND_FILE, VOS_WORD_READ | VOS_WORD_POS);
	assert_true(attach_now(FD));
	assert_int_equal(write(FD, "x", 1), 1);
	assert_int_equal(fake.traps, 1);
	assert_int_equal(read(FD, buf, 4), 0);
	assert_int_equal(fake.traps, 1);
	assert_int_equal(recv(FD, buf, 4, 0), 0);	/* not a socket: not ours to say */
	assert_int_equal(fake.traps, 2);
}

static int die_after;

static enum answer die(struct vos_sqe *e, struct vos_cqe *c)
{
	(void)e;
	(void)c;
	if (die_after--)
		return ANSWER;
	kill_channel(VOS_DOOR_STORAGE);
	return SILENT;
}

static void death_while_reading(void **state)
{
	static unsigned char in[60000];
	struct object *o = open_file(60000);

	(void)state;
	die_after = 3;
	fake.hook = die;
	assert_int_equal(read(FD, in, sizeof(in)), 60000);
	assert_memory_equal(in, pattern, 60000);
	assert_int_equal(fake.traps, 1);
	fake.hook = NULL;
	assert_true(attach_now(FD));
	assert_int_equal(offset_of(o), 60000);
	assert_int_equal(fake.channels, 2);
	assert_int_equal(fake.unmaps, 1);
}

static void death_while_writing(void **state)
{
	struct object *o = open_file(0);

	(void)state;
	die_after = 2;
	fake.hook = die;
	assert_int_equal(write(FD, pattern, 20000), 20000);
	assert_memory_equal(o->data, pattern, 20000);
	assert_int_equal(o->size, 20000);
	assert_true(fake.traps > 0);
}

static enum answer answer_and_die(struct vos_sqe *e, struct vos_cqe *c)
{
	if (e->opcode != VOS_OP_WRITE)
		return ANSWER;
	/* What the dead service had in its memory alone is gone. */
	c->result = e->ext[0].len;
	c->out[0] = ++fake.seq;
	kill_channel(VOS_DOOR_STORAGE);
	return ANSWERED;
}

/* The record got its number when the kernel may have read the log already. */
static void an_answer_of_a_dead_service_is_not_enough(void **state)
{
	struct object *o = open_file(0);

	(void)state;
	fake.hook = answer_and_die;
	assert_int_equal(write(FD, pattern, 3000), 3000);
	assert_memory_equal(o->data, pattern, 3000);
	assert_true(fake.traps > 0);
}

/* The service scribbles over the log: no overrun, no endless loop, and no log any more. */
static void a_broken_log_is_given_up(void **state)
{
	struct object *o = open_file(0);
	struct fake_chan *c = fake.chan[VOS_DOOR_STORAGE];
	__u32 rooms[] = { 0, 32, 0xffffffc0u, LOG_SIZE * 2, 64 }, k;
	int i;

	(void)state;
	fake.durable_at_once = false;
	for (k = 0; k < 5; k++) {
		struct vos_log_record *r = (void *)(c->arena + LANES * LANE_ARENA);

		for (i = 0; i < 40; i++) {
			assert_int_equal(pwrite(FD, pattern, 1000, i * 1000), 1000);
			vos_store(&r->room, rooms[k]);
		}
	}
	assert_true(fake.traps > 0);
	assert_memory_equal(o->data + 39000, pattern, 1000);
}

static enum answer lie(struct vos_sqe *e, struct vos_cqe *c)
{
	c->result = (__s64)e->ext[0].len + 100;
	c->out[0] = 0;
	return ANSWERED;
}

static void hostile_answers_cost_a_lane(void **state)
{
	char *buf = malloc(16);

	(void)state;
	open_file(100);
	fake.hook = lie;
	assert_int_equal(read(FD, buf, 16), 16);
	assert_int_equal(pwrite(FD, "abc", 3, 0), 3);
	assert_int_equal(read(FD, buf, 16), 16);
	assert_int_equal(read(FD, buf, 16), 16);
	assert_int_equal(fake.traps, 4);
	free(buf);
}

/* A child has zeroed state, whatever its parent had. */
static void fork_leaves_no_door(void **state)
{
	unsigned char buf[8];
	int status;
	pid_t pid;

	(void)state;
	open_file(100);
	assert_int_equal(read(FD, buf, 8), 8);
	/* A child must not find the lock in the hands of a thread that it has not. */
	stop_service();
	pid = fork();
	if (!pid) {
		bool none = fwd_door && !fwd_door->nr_fds && !fwd_door->chan[1].head &&
			    !vos_door_stats().door[VOS_STAT_READ];

		fake.opens = 0;
		fwd_word(FD, 1);
		_exit(none && fake.opens == 1 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(start_service(), 0);
	assert_int_equal(read(FD, buf, 8), 8);
	assert_int_equal(fake.traps, 0);
}

/* The service has the memory first. Records that would not lie where they must are not made. */
static void a_hostile_beginning_of_the_log(void **state)
{
	static const __u32 heads[] = { 1, 63, LOG_SIZE - 1, LOG_SIZE - 63, ~0u };
	unsigned int i;
	struct object *o;

	(void)state;
	o = open_file(0);
	for (i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		fake.log_head = heads[i];
		kill_channel(VOS_DOOR_STORAGE);
		assert_true(attach_now(FD));
		assert_int_equal(pwrite(FD, pattern, 300, 0), 300);
		assert_memory_equal(o->data, pattern, 300);
		assert_int_equal(fake.traps, i + 1);
	}
}

static void closed_doors_may_open_again(void **state)
{
	unsigned char buf[8];

	(void)state;
	open_file(100);
	fake.state->word[FD] = 0;
	fake.state->closed = 1;
	assert_int_equal(pread(FD, buf, 8, 0), 8);
	assert_int_equal(fake.traps, 1);
	assert_false(attach_now(FD));
	fake.state->closed = 0;		/* as a new one */
	assert_true(attach_now(FD));
	fake.state->word[FD] = 0;
	fake.state->closed = 2;
	assert_false(attach_now(FD));
	fake.state->closed = 0;
	assert_false(attach_now(FD));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_move_the_offset),
		TEST(long_reads_come_in_order),
		TEST(a_short_read_ends_the_request),
		TEST(quiet_files_are_recalled),
		TEST(files_that_are_written_are_not),
		TEST(writes_go_by_the_log),
		TEST(a_full_log_is_committed),
		TEST(failed_writes_leave_no_record),
		TEST(short_writes_are_recorded_short),
		TEST(a_write_ends_in_the_file_that_it_began_in),
		TEST(what_a_replaced_file_did_not_get_is_given_back),
		TEST(a_write_claims_what_it_reserves),
		TEST(a_pwrite_may_be_in_either_file),
		TEST(stale_handle_goes_to_the_trap),
		TEST(the_kernels_offset_is_left_alone),
		TEST(rights_are_kept),
		TEST(death_while_reading),
		TEST(death_while_writing),
		TEST(an_answer_of_a_dead_service_is_not_enough),
		TEST(a_broken_log_is_given_up),
		TEST(hostile_answers_cost_a_lane),
		TEST(a_hostile_beginning_of_the_log),
		TEST(fork_leaves_no_door),
		TEST(closed_doors_may_open_again),
	};

	return cmocka_run_group_tests_name("door, files", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * What a call through the door costs its caller, in instructions, when the answer
 * is there at once. Counted by single steps of a child; built without sanitizers,
 * as the library is.
 */
#include "door/fake.h"

#include <netinet/tcp.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#define FD	5
#define ROUNDS	4	/* the last counts: what is done once is done by then */
#define BRIEFLY	256	/* passes of fwd_lane_await() before it waits by the clock */
#define PAUSE	0x90f3	/* the instruction, in memory's order */

/* An answer that lies there and is not published yet; the child's. */
static vos_word_t *held;

/* The service is faster than light. */
static void answer_first(unsigned int service)
{
	struct fwd_lane *l = &fwd_door->chan[service].lane[0];
	struct vos_cqe a = { .tag = l->tag, .poll = EPOLLIN | EPOLLOUT, .result = 1 };

	vos_store(&fake.chan[service]->head->slot[FD].poll, (__u32)EPOLLIN);
	assert_int_equal(vos_ring_push(&fake.chan[service]->cq[0], &a), 0);
	/* ... and has taken what it answered before. */
	vos_store(&l->sq.hdr->cons, l->sq.own);
}

/* Keep the answer back, until the tracer publishes it. */
static void hold_answer(unsigned int service)
{
	held = fwd_door->chan[service].lane[0].cq.next;
	*held ^= VOS_CQ_PHASE;
}

static void do_recv(void)
{
	char c;

	if (recv(FD, &c, 1, 0) != 1)
		_exit(1);
}

/* The bare door: a lane, a NOP, its answer. */
static void do_null(void)
{
	struct fwd_io io = { .fd = FD, .word = fwd_word(FD, 1) };
	struct fwd_lane *l = fwd_lane_get(VOS_DOOR_NET, io.fd, io.word);
	__s64 result;

	fwd_lane_prepare(l, io.word);
	if (fwd_lane_ask_short(l, VOS_OP_NOP, &result))
		_exit(1);
	fwd_lane_put(l);
}

static void do_send(void)
{
	if (send(FD, "x", 1, 0) != 1)
		_exit(1);
}

static void do_option(void)
{
	int on = 1;

	if (setsockopt(FD, IPPROTO_TCP, TCP_CORK, &on, sizeof(on)))
		_exit(1);
}

static void do_pread(void)
{
	char c;

	if (pread(FD, &c, 1, 0) != 1)
		_exit(1);
}

static void do_other(void)
{
	char c;

	/* Not attached: the trap door. */
	if (recv(-1, &c, 1, 0) != -1)
		_exit(1);
}

static void do_nothing(void)
{
}

static void be_stepped(void (*fn)(void), bool waits)
{
	int i;

	if (ptrace(PTRACE_TRACEME, 0, 0, 0))
		_exit(77);
	if (!attach_now(FD))
		_exit(1);
	for (i = 0; i < ROUNDS; i++) {
		if (fake.fd[FD]->kind != VOS_KIND_FILE)
			answer_first(VOS_DOOR_NET);
		else if (!fake.fd[FD]->window)
			answer_first(VOS_DOOR_STORAGE);
		if (waits)
			hold_answer(VOS_DOOR_STORAGE);
		raise(SIGSTOP);
		fn();
		raise(SIGSTOP);
	}
	_exit(0);
}

static bool stopped(pid_t pid, int want, int *status)
{
	assert_int_equal(waitpid(pid, status, 0), pid);
	return WIFSTOPPED(*status) && WSTOPSIG(*status) == want;
}

/* Publish the child's answer. */
static void publish(pid_t pid)
{
	long word = ptrace(PTRACE_PEEKDATA, pid, &held, 0);
	long first = ptrace(PTRACE_PEEKDATA, pid, word, 0);

	assert_int_equal(ptrace(PTRACE_POKEDATA, pid, word, first ^ (long)VOS_CQ_PHASE), 0);
}

static bool at_pause(pid_t pid)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	return (ptrace(PTRACE_PEEKTEXT, pid, regs.rip, 0) & 0xffff) == PAUSE;
}

/*
 * Step until the child stops itself; publish the answer at the @waits-th pause. Return: the
 * steps.
 */
static long step(pid_t pid, long waits)
{
	int status;
	long n = 0;

	do {
		if (waits && at_pause(pid) && !--waits)
			publish(pid);
		ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
		n++;
	} while (stopped(pid, SIGTRAP, &status));
	return n;
}

/* Instructions between the two stops of the last round; -1: cannot be traced here. */
static long count_waiting(void (*fn)(void), long waits)
{
	pid_t pid = fork();
	int status, i;
	long n = 0;

	if (!pid)
		be_stepped(fn, waits);
	for (i = 0; i < ROUNDS; i++) {
		if (!stopped(pid, SIGSTOP, &status)) {
			if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
				return -1;
			fail();
		}
		n = step(pid, waits);
		ptrace(PTRACE_CONT, pid, 0, 0);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	return n;
}

static long count(void (*fn)(void))
{
	return count_waiting(fn, 0);
}

static long cost(void (*fn)(void))
{
	return count(fn) - count(do_nothing);
}

static void a_call_is_cheap(void **state)
{
	long n;

	(void)state;
	fake_open(FD, VOS_KIND_STREAM, VOS_WORD_TCP);
	/* A child must not find the lock in the hands of a thread that it has not. */
	stop_service();
	if (count(do_nothing) < 0) {
		start_service();
		skip();
	}
	n = cost(do_null);
	print_message("null call: %ld instructions\n", n);
	assert_in_range(n, 50, 300);
	n = cost(do_send);
	print_message("send of a byte: %ld instructions\n", n);
	assert_in_range(n, 50, 300);
	n = cost(do_recv);
	print_message("recv of a byte: %ld instructions\n", n);
	assert_in_range(n, 50, 300);
	n = cost(do_option);
	print_message("an option: %ld instructions\n", n);
	assert_in_range(n, 50, 200);
	n = cost(do_other);
	print_message("not forwarded: %ld instructions, with the fake's trap door\n", n);
	start_service();
}

static void reading_is_cheaper(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_FILE, FILE_FLAGS);
	long n;

	(void)state;
	o->size = 100;
	stop_service();
	if (count(do_nothing) < 0) {
		start_service();
		skip();
	}
	n = cost(do_pread);
	print_message("pread of a byte: %ld instructions\n", n);
	assert_in_range(n, 50, 300);
	n = count_waiting(do_pread, BRIEFLY + 1);
	/* Passes that find nothing are no work. */
	n -= count_waiting(do_pread, BRIEFLY) - count_waiting(do_pread, 1);
	print_message("pread of a byte, waited for: %ld instructions\n", n - count(do_nothing));
	o->window = true;
	n = cost(do_pread);
	print_message("pread of a byte in place: %ld instructions\n", n);
	assert_in_range(n, 50, 150);
	start_service();
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(a_call_is_cheap), TEST(reading_is_cheaper) };

	return cmocka_run_group_tests_name("door, cost", tests, NULL, NULL);
}

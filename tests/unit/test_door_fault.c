/* SPDX-License-Identifier: MIT */
/*
 * Memory that a program names and does not have. A handler of SIGSEGV and SIGBUS does
 * what the primary's kernel does: it moves the thread to where it lands.
 */
#include "door/fake.h"

#include <sys/mman.h>
#include <sys/single_threaded.h>
#include <ucontext.h>

#include "copy.h"

#define FD	5
#define PAGE	4096
#define SIZE	(3 * PAGE)

static int landings;

static void land(int sig, siginfo_t *info, void *context)
{
	greg_t *ip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	(void)info;
	if ((__u64)*ip < fwd_section.start || (__u64)*ip >= fwd_section.end) {
		signal(sig, SIG_DFL);
		return;
	}
	landings++;
	*ip = (greg_t)fwd_section.landing;
}

static int begin(void **state)
{
	landings = 0;
	return setup(state);
}

/* Return: @good bytes, and behind them none. cmocka sets handlers before each test. */
static char *memory(size_t good)
{
	struct sigaction act = { .sa_sigaction = land, .sa_flags = SA_SIGINFO };
	static char *p;
	size_t room = (good + PAGE - 1) & -(size_t)PAGE;

	sigaction(SIGSEGV, &act, NULL);
	if (p)
		munmap(p, SIZE + PAGE);
	p = mmap(NULL, SIZE + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(p != MAP_FAILED);
	assert_int_equal(mprotect(p + room, SIZE + PAGE - room, PROT_NONE), 0);
	return p + room - good;
}

/* Every length, with the end of the memory at every place, on either side. */
static void a_copy_says_what_is_left(void **state)
{
	static char other[300], was[300];
	size_t n, good, i;

	(void)state;
	for (i = 0; i < sizeof(was); i++)
		was[i] = (char)(i + 1);
	for (n = 0; n <= 200; n++)
		for (good = 0; good <= n; good += n > 40 ? 7 : 1) {
			char *p = memory(good);

			assert_int_equal(fwd_copy_unchecked(p, was, n), n - good);
			assert_memory_equal(p, was, good);
			memset(other, 0, sizeof(other));
			assert_int_equal(fwd_copy_unchecked(other, p, n), n - good);
			assert_memory_equal(other, was, good);
			for (i = n; i < sizeof(other); i++)
				assert_int_equal(other[i], 0);
		}
	assert_true(landings > 1000);
}

static void copy_long(void)
{
	static char from[SIZE], to[SIZE];
	size_t i, n;

	for (i = 0; i < SIZE; i++)
		from[i] = (char)(i * 7 + i / 251);
	for (n = SIZE - 600; n < SIZE; n++) {
		memset(to, 0, SIZE);
		assert_int_equal(fwd_copy_unchecked(to, from, n), 0);
		assert_memory_equal(to, from, n);
		assert_int_equal(to[n], 0);
	}
	for (n = 5000; n < 5010; n++) {
		landings = 0;
		assert_int_equal(fwd_copy_unchecked(memory(n), from, SIZE), SIZE - n);
		assert_int_equal(landings, 2);
	}
}

/* With wide registers, if there are any, and without. */
static void a_long_copy(void **state)
{
	(void)state;
	fwd_copy_init();
	copy_long();
	fwd_copy_wide = 0;
	copy_long();
}

static void a_stream_gets_its_bytes_back(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	char buf[16], first[4];
	struct iovec v[2] = { { first, 4 }, { NULL, 12 } };

	(void)state;
	assert_true(attach_now(FD));
	feed(o, "hello world", 11);
	assert_int_equal(recv(FD, memory(3), 16, 0), -1);
	assert_int_equal(errno, EFAULT);
	v[1].iov_base = memory(3);
	assert_int_equal(readv(FD, v, 2), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(recv(FD, buf, 16, 0), 11);
	assert_memory_equal(buf, "hello world", 11);
	assert_int_equal(fake.traps, 0);
}

/* What came before counts: two chunks, the memory ends in the second. */
static void a_long_recv_ends_before_it(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	static char data[SIZE], got[SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < SIZE; i++)
		data[i] = (char)(i * 7 + i / 251);
	assert_true(attach_now(FD));
	/* The service's thread is no part of the program, and threads receive it by the trap. */
	__libc_single_threaded = 1;
	feed(o, data, SIZE);
	memset(got, 0, SIZE);
	assert_int_equal(recv(FD, memory(LANE_ARENA + 100), 2 * SIZE, 0), LANE_ARENA);
	assert_int_equal(recv(FD, got, SIZE - LANE_ARENA, 0), SIZE - LANE_ARENA);
	assert_memory_equal(got, data + LANE_ARENA, SIZE - LANE_ARENA);
	assert_int_equal(fake.traps, 0);
}

static void a_datagram_is_lost(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_DGRAM, 0);
	char buf[16];

	(void)state;
	assert_true(attach_now(FD));
	feed(o, "hello", 5);
	assert_int_equal(recv(FD, memory(3), 16, 0), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(recv(FD, buf, 16, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

/* The trap door makes the call, and nothing of it has been done before. */
static void what_is_sent_traps(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	struct msghdr m = { 0 };

	(void)state;
	assert_true(attach_now(FD));
	fake.traps = 0;
	fake.trap_rc = -EFAULT;
	send(FD, memory(0), 100, 0);
	send(FD, memory(40), 100, 0);
	write(FD, memory(40), LANE_ARENA);
	writev(FD, (void *)memory(8), 1);
	m.msg_iov = (void *)memory(8);
	m.msg_iovlen = 1;
	sendmsg(FD, &m, 0);
	sendmsg(FD, (void *)memory(8), 0);
	assert_int_equal(fake.traps, 6);
	assert_int_equal(vos_door_stats().door[VOS_STAT_SEND], 0);
	assert_int_equal(o->tx_len, 0);
}

static void a_file_is_read_by_the_trap(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_FILE, FILE_FLAGS);
	char buf[4];

	(void)state;
	memset(o->data, 'f', 30000);
	o->size = 30000;
	assert_true(attach_now(FD));
	fake.traps = 0;
	fake.trap_rc = -EFAULT;
	pread(FD, memory(40), 100, 0);
	pread(FD, memory(PAGE), SIZE, 0);
	read(FD, memory(0), 100);
	assert_int_equal(fake.traps, 3);
	assert_int_equal(pread(FD, buf, 4, 0), 4);
	assert_int_equal(fake.traps, 3);
	assert_int_equal(vos_door_stats().trap[VOS_STAT_READ][VOS_WHY_FAULT], 3);
}

/* A record that was begun is skipped, and its room comes back. */
static void a_write_leaves_no_record(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_FILE, FILE_FLAGS);
	int i;

	(void)state;
	assert_true(attach_now(FD));
	fake.traps = 0;
	fake.trap_rc = -EFAULT;
	fake.durable_at_once = true;
	for (i = 1; i <= 100; i++) {
		pwrite(FD, memory(40), 1000, 0);
		assert_int_equal(fake.traps, i);
		assert_int_equal(pwrite(FD, "good", 4, 0), 4);
		assert_int_equal(fake.traps, i);
	}
	assert_memory_equal(o->data, "good", 4);
	assert_int_equal(vos_door_stats().trap[VOS_STAT_WRITE][VOS_WHY_FAULT], 100);
}

static void a_window_is_left_alone(void **state)
{
	static unsigned char data[1000];

	(void)state;
	memset(data, 'w', sizeof(data));
	fake_window(FD, FILE_FLAGS, data, sizeof(data));
	fake.traps = 0;
	fake.trap_rc = -EFAULT;
	pread(FD, memory(40), 100, 0);
	pwrite(FD, memory(40), 100, 500);
	assert_int_equal(fake.traps, 2);
	assert_int_equal(fwd_door->window[FD].users, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_copy_says_what_is_left),
		T(a_long_copy),
		T(a_stream_gets_its_bytes_back),
		T(a_long_recv_ends_before_it),
		T(a_datagram_is_lost),
		T(what_is_sent_traps),
		T(a_file_is_read_by_the_trap),
		T(a_write_leaves_no_record),
		T(a_window_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* libsyscall-forward on sockets, against a service in a thread of the test. */
#include "door/fake.h"

#include <netinet/tcp.h>
#include <sys/single_threaded.h>

#define FD 5

static void recv_takes_what_is_there(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	char buf[64] = "";

	(void)state;
	assert_true(attach_now(FD));
	feed(o, "hello", 5);
	errno = 77;
	assert_int_equal(recv(FD, buf, sizeof(buf), 0), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(errno, 77);
	assert_int_equal(fake.traps, 0);
	feed(o, "abc", 3);
	assert_int_equal(read(FD, buf, 2), 2);
	assert_int_equal(read(FD, buf, 2), 1);
	assert_int_equal(vos_door_stats().door[VOS_STAT_RECV], 3);
	assert_int_equal(vos_door_stats().bytes[VOS_STAT_RECV], 8);
}

static void recv_of_nothing_asks_nobody(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	char buf[8];

	(void)state;
	assert_true(attach_now(FD));
	assert_int_equal(recv(FD, buf, 8, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fake.traps, 0);
	assert_int_equal(recv(FD, buf, 8, 0), -1);	/* would wait: the trap door's */
	assert_int_equal(fake.traps, 1);
	o->flags = VOS_WORD_NONBLOCK;
	fake.state->word[FD] = VOS_WORD(VOS_KIND_STREAM | VOS_WORD_NONBLOCK, FD, o->gen);
	assert_int_equal(read(FD, buf, 8), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fake.traps, 1);
}

static enum answer say_again(struct vos_sqe *e, struct vos_cqe *c)
{
	(void)e;
	c->result = -EAGAIN;
	return ANSWERED;
}

/* The mask was wrong, or another was faster. */
static void eagain_of_the_service(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	char buf[8];

	(void)state;
	assert_true(attach_now(FD));
	feed(o, "x", 1);
	fake.hook = say_again;
	assert_int_equal(recv(FD, buf, 8, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fake.traps, 0);
	assert_int_equal(recv(FD, buf, 8, 0), 1);
	assert_int_equal(fake.traps, 1);
	assert_int_equal(send(FD, "y", 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(send(FD, "y", 1, 0), 1);
	assert_int_equal(fake.traps, 2);
}

static void flags_go_through_the_trap(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	char buf[8];

	(void)state;
	assert_true(attach_now(FD));
	feed(o, "abcd", 4);
	assert_int_equal(recv(FD, buf, 1, MSG_PEEK), 1);
	assert_int_equal(recv(FD, buf, 1, MSG_WAITALL), 1);
	assert_int_equal(send(FD, "x", 1, MSG_OOB), 1);
	assert_int_equal(send(FD, buf, 0, 0), -1);	/* the fake's own */
	assert_int_equal(fake.traps, 4);
}

/* The service's thread is no part of the program. */
static void be_alone(void)
{
	__libc_single_threaded = 1;
}

static void long_streams_keep_their_order(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	static unsigned char out[50000], in[50000];
	struct iovec v[3] = { { in, 1 }, { in + 1, 0 }, { in + 1, sizeof(in) - 1 } };
	struct iovec w[2] = { { out, 7 }, { out + 7, sizeof(out) - 7 } };
	size_t i;

	(void)state;
	be_alone();
	for (i = 0; i < sizeof(out); i++)
		out[i] = i * 7 + i / 251;
	assert_true(attach_now(FD));
	assert_int_equal(writev(FD, w, 2), sizeof(out));
	assert_memory_equal(o->tx, out, sizeof(out));
	feed(o, out, sizeof(out));
	assert_int_equal(readv(FD, v, 3), sizeof(out));
	assert_memory_equal(in, out, sizeof(out));
	assert_int_equal(fake.traps, 0);
}

/* Only the trap door sends what is cut into chunks in one piece. */
static void long_sends_of_threads_are_the_traps(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	static char out[20000];

	(void)state;
	assert_true(attach_now(FD));
	assert_int_equal(send(FD, out, LANE_ARENA / 2, 0), LANE_ARENA / 2);
	assert_int_equal(fake.traps, 0);
	__libc_single_threaded = 0;
	send(FD, out, sizeof(out), 0);
	assert_int_equal(fake.traps, 1);
	be_alone();
	o->tx_len = 0;
	assert_int_equal(send(FD, out, sizeof(out), 0), sizeof(out));
	assert_int_equal(fake.traps, 1);
}

/* The same of what is received. */
static void long_receives_of_threads_are_the_traps(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	static char in[20000];

	(void)state;
	assert_true(attach_now(FD));
	feed(o, in, sizeof(in));
	__libc_single_threaded = 0;
	assert_int_equal(recv(FD, in, LANE_ARENA, 0), LANE_ARENA);
	assert_int_equal(fake.traps, 0);
	recv(FD, in, sizeof(in), 0);
	assert_int_equal(fake.traps, 1);
	be_alone();
	o->rx_len = 0;
	feed(o, in, sizeof(in));
	assert_int_equal(recv(FD, in, sizeof(in), 0), sizeof(in));
	assert_int_equal(fake.traps, 1);
}

static void blocking_send_ends_at_the_trap(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	static char out[20000];

	(void)state;
	be_alone();
	memset(out, 'o', sizeof(out));
	assert_true(attach_now(FD));
	o->tx_room = 10000;
	assert_int_equal(send(FD, out, sizeof(out), MSG_DONTWAIT), 10000);
	assert_int_equal(fake.traps, 0);
	o->tx_len = 0;
	o->tx_room = 9000;
	errno = 5;
	assert_int_equal(send(FD, out, sizeof(out), 0), 9000);	/* the fake's trap fails */
	assert_int_equal(errno, 5);
	assert_int_equal(fake.traps, 1);
}

static volatile sig_atomic_t sigpipes;

static void on_sigpipe(int sig)
{
	(void)sig;
	sigpipes++;
}

static void epipe_raises_sigpipe(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);

	(void)state;
	signal(SIGPIPE, on_sigpipe);
	assert_true(attach_now(FD));
	o->error = EPIPE;
	assert_int_equal(send(FD, "x", 1, 0), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(sigpipes, 1);
	o->error = EPIPE;
	assert_int_equal(send(FD, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(sigpipes, 1);
	assert_int_equal(fake.traps, 0);
}

static enum answer fail_second(struct vos_sqe *e, struct vos_cqe *c)
{
	static int n;

	(void)e;
	if (++n != 2)
		return ANSWER;
	c->result = -ECONNRESET;
	return ANSWERED;
}

static void error_after_bytes_is_not_lost(void **state)
{
	static char out[8000];

	(void)state;
	be_alone();
	fake_open(FD, VOS_KIND_STREAM, 0);
	assert_true(attach_now(FD));
	fake.hook = fail_second;
	assert_int_equal(send(FD, out, sizeof(out), 0), LANE_ARENA / 2);
	assert_int_equal(send(FD, out, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(send(FD, out, 1, 0), 1);
}

static void datagrams_have_addresses(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_DGRAM, 0);
	static char big[LANE_ARENA + 1];
	char buf[16], name[32] = "";
	struct msghdr m = { .msg_name = name, .msg_namelen = 4, .msg_iov = NULL };
	struct iovec v = { buf, 16 };
	socklen_t len = sizeof(name);

	(void)state;
	assert_true(attach_now(FD));
	feed(o, "dgram", 5);
	assert_int_equal(recvfrom(FD, buf, 16, 0, (void *)name, &len), 5);
	assert_int_equal(len, 8);
	assert_string_equal(name, "address");
	memset(name, 0, sizeof(name));
	feed(o, "again", 5);
	m.msg_iov = &v;
	m.msg_iovlen = 1;
	assert_int_equal(recvmsg(FD, &m, 0), 5);
	assert_int_equal(m.msg_namelen, 8);
	assert_string_equal(name, "addr");	/* cut */
	assert_int_equal(sendto(FD, "x", 1, 0, (void *)name, 8), 1);
	assert_int_equal(fake.traps, 0);
	assert_int_equal(send(FD, big, sizeof(big), 0), sizeof(big));
	assert_int_equal(fake.traps, 1);
	assert_int_equal(recv(FD, big, sizeof(big), 0), -1);
	assert_int_equal(fake.traps, 2);
}

static void messages_are_sent_unless_they_have_more_than_data(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	struct iovec v[2] = { { "mes", 3 }, { "sage", 4 } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	char more[32] = "";

	(void)state;
	assert_true(attach_now(FD));
	assert_int_equal(sendmsg(FD, &m, 0), 7);
	assert_int_equal(o->tx_len, 7);
	assert_memory_equal(o->tx, "message", 7);
	assert_int_equal(fake.traps, 0);
	m.msg_control = more;
	m.msg_controllen = sizeof(more);
	assert_int_equal(sendmsg(FD, &m, 0), -1);	/* the fake's trap door */
	assert_int_equal(fake.traps, 1);
	m.msg_controllen = 0;
	m.msg_name = more;		/* a connected stream has its destination */
	m.msg_namelen = sizeof(more);
	assert_int_equal(sendmsg(FD, &m, 0), -1);
	assert_int_equal(fake.traps, 2);
	assert_int_equal(o->tx_len, 7);
}

static enum answer bad_tag(struct vos_sqe *e, struct vos_cqe *c)
{
	(void)e;
	c->tag += 1;
	c->result = 1;
	return ANSWERED;
}

static enum answer too_much(struct vos_sqe *e, struct vos_cqe *c)
{
	c->result = e->ext[0].len + 1;
	return ANSWERED;
}

static enum answer absurd(struct vos_sqe *e, struct vos_cqe *c)
{
	(void)e;
	c->result = -(1ll << 40);
	c->out[0] = ~0ull;
	return ANSWERED;
}

static enum answer stale(struct vos_sqe *e, struct vos_cqe *c)
{
	(void)e;
	c->result = -EBADF;
	return ANSWERED;
}

static void stale_handle_goes_to_the_trap(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	char buf[4];

	(void)state;
	assert_true(attach_now(FD));
	feed(o, "x", 1);
	fake.hook = stale;
	assert_int_equal(recv(FD, buf, 4, 0), 1);
	assert_int_equal(fake.traps, 1);
	assert_int_equal(vos_door_stats().trap[VOS_STAT_RECV][VOS_WHY_STALE], 1);
	fake.hook = NULL;
	assert_int_equal(send(FD, "x", 1, 0), 1);
	assert_int_equal(fake.traps, 1);
}

/* Each costs a lane, and nothing else. */
static void hostile_answers_cost_a_lane(void **state)
{
	enum answer (*hooks[])(struct vos_sqe *, struct vos_cqe *) = { bad_tag, too_much, absurd };
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	char *buf = malloc(4);
	unsigned int i;

	(void)state;
	assert_true(attach_now(FD));
	for (i = 0; i < 3; i++) {
		feed(o, "abcd", 4);
		fake.hook = hooks[i];
		assert_int_equal(recv(FD, buf, 4, 0), 4);
		assert_int_equal(fake.traps, i + 1);
	}
	fake.hook = NULL;
	feed(o, "abcd", 4);
	assert_int_equal(recv(FD, buf, 4, 0), 4);	/* no lane is left */
	assert_int_equal(fake.traps, 4);
	assert_int_equal(vos_door_stats().trap[VOS_STAT_RECV][VOS_WHY_LANE], 1);
	free(buf);
}

static enum answer die(struct vos_sqe *e, struct vos_cqe *c)
{
	(void)e;
	(void)c;
	kill_channel(VOS_DOOR_NET);
	return SILENT;
}

static void death_ends_the_call(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	char buf[8];

	(void)state;
	assert_true(attach_now(FD));
	feed(o, "abcd", 4);
	fake.hook = die;
	assert_int_equal(recv(FD, buf, 8, 0), 4);	/* by the trap door */
	assert_int_equal(fake.traps, 1);
	fake.hook = NULL;
	assert_true(attach_now(FD));			/* a new channel */
	assert_int_equal(fake.channels, 2);
	assert_int_equal(send(FD, "x", 1, 0), 1);
	assert_int_equal(fake.traps, 1);
}

static void dead_datagram_counts_as_sent(void **state)
{
	(void)state;
	fake_open(FD, VOS_KIND_DGRAM, 0);
	assert_true(attach_now(FD));
	fake.hook = die;
	assert_int_equal(send(FD, "abc", 3, 0), 3);
	assert_int_equal(fake.traps, 0);
}

static int set(int name, int value)
{
	return setsockopt(FD, IPPROTO_TCP, name, &value, sizeof(value));
}

/* What the service has, when all that was submitted has been carried out. */
static int get(void)
{
	int value;

	while (serve_all())
		;
	pthread_mutex_lock(&fake.lock);
	value = fake.fd[FD]->option;
	pthread_mutex_unlock(&fake.lock);
	return value;
}

/* More of them than may be under way; the answers of calls are found among theirs. */
static void options_are_posted(void **state)
{
	static char out[8000];
	int i;

	(void)state;
	be_alone();
	fake_open(FD, VOS_KIND_STREAM, VOS_WORD_TCP);
	assert_true(attach_now(FD));
	for (i = 1; i <= 50; i++)
		assert_int_equal(set(TCP_CORK, i), 0);
	assert_int_equal(get(), 50);
	for (i = 1; i <= 50; i++) {
		assert_int_equal(set(TCP_CORK, i), 0);
		assert_int_equal(send(FD, out, i % 3 ? 100 : sizeof(out), 0), i % 3 ? 100 : sizeof(out));
		fake.fd[FD]->tx_len = 0;
		fake.fd[FD]->tx_room = sizeof(out);
	}
	assert_int_equal(get(), 50);
	assert_int_equal(vos_door_stats().door[VOS_STAT_OPTION], 100);
	assert_int_equal(fake.traps, 0);
}

static void other_options_are_the_traps(void **state)
{
	long value = 1;

	(void)state;
	fake_open(FD, VOS_KIND_STREAM, VOS_WORD_TCP);
	fake_open(FD + 1, VOS_KIND_STREAM, 0);
	assert_int_equal(set(TCP_NODELAY, 1), 0);	/* not attached */
	assert_int_equal(fake.traps, 1);
	assert_true(attach_now(FD));
	assert_true(attach_now(FD + 1));
	assert_int_equal(set(TCP_KEEPIDLE, 1), 0);
	assert_int_equal(setsockopt(FD, SOL_SOCKET, TCP_NODELAY, &value, sizeof(int)), 0);
	assert_int_equal(setsockopt(FD, IPPROTO_TCP, TCP_NODELAY, &value, 1), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(setsockopt(FD, IPPROTO_TCP, TCP_NODELAY, NULL, 0), -1);
	assert_int_equal(setsockopt(FD + 1, IPPROTO_TCP, TCP_NODELAY, &value, sizeof(int)), 0);
	assert_int_equal(fake.traps, 6);
	assert_int_equal(vos_door_stats().door[VOS_STAT_OPTION], 0);
}

static enum answer never(struct vos_sqe *e, struct vos_cqe *c)
{
	(void)e;
	(void)c;
	return SILENT;
}

/* Nobody may call for long: it is not left lying before a service that sleeps. */
static void a_post_wakes_the_service(void **state)
{
	(void)state;
	fake_open(FD, VOS_KIND_STREAM, VOS_WORD_TCP);
	assert_true(attach_now(FD));
	fake.hook = never;
	vos_store(&fake.chan[VOS_DOOR_NET]->sq[0].hdr->need_wakeup, 1u);
	assert_int_equal(set(TCP_CORK, 0), 0);
	assert_int_equal(fake.kicks, 1);
	assert_int_equal(vos_door_stats().slept, 0);
	assert_int_equal(set(TCP_CORK, 0), 0);
	assert_int_equal(fake.kicks, 1);
}

static void death_ends_what_is_posted(void **state)
{
	(void)state;
	fake_open(FD, VOS_KIND_STREAM, VOS_WORD_TCP);
	assert_true(attach_now(FD));
	fake.hook = die;
	assert_int_equal(set(TCP_CORK, 3), 0);
	assert_int_equal(get(), 0);
	fake.hook = NULL;
	assert_true(attach_now(FD));
	assert_int_equal(set(TCP_CORK, 4), 0);
	assert_int_equal(get(), 4);
	assert_int_equal(fake.traps, 0);
}

static void a_hostile_answer_to_a_post(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, VOS_WORD_TCP);
	char buf[4];

	(void)state;
	assert_true(attach_now(FD));
	fake.hook = bad_tag;
	assert_int_equal(set(TCP_CORK, 3), 0);
	while (!vos_ring_ready(&fwd_door->chan[VOS_DOOR_NET].lane[0].cq))
		rest();
	fake.hook = NULL;
	assert_int_equal(set(TCP_CORK, 4), 0);		/* by the trap door: the lane is lost */
	assert_int_equal(fake.traps, 1);
	feed(o, "abcd", 4);
	assert_int_equal(recv(FD, buf, 4, 0), 4);	/* by another */
	assert_int_equal(fake.traps, 1);
	assert_int_equal(get(), 4);
}

static void *set_to_2(void *arg)
{
	(void)arg;
	return (void *)(long)set(TCP_CORK, 2);
}

/*
 * One value is posted, its lane taken, and the service does not look: who sets another
 * value waits, and sees to it that the service is told.
 */
static struct fwd_lane *begin_two_sets(pthread_t *second)
{
	struct fwd_lane *lane;

	fake_open(FD, VOS_KIND_STREAM, VOS_WORD_TCP);
	assert_true(attach_now(FD));
	lane = fwd_door->chan[VOS_DOOR_NET].lane;
	stop_service();
	assert_int_equal(set(TCP_CORK, 1), 0);
	assert_true(fwd_lane_claim(&lane[0]));
	assert_int_equal(pthread_create(second, NULL, set_to_2, NULL), 0);
	while (vos_load(&fake.kicks) < 3)
		rest();
	return &lane[0];
}

static void end_two_sets(pthread_t second, struct fwd_lane *taken)
{
	void *rc;

	pthread_join(second, &rc);
	assert_null(rc);
	fwd_lane_put(taken);
}

/* However the lanes are taken up, the value that was set last is the one that stays. */
static void options_come_in_order(void **state)
{
	struct fwd_lane *taken;
	pthread_t second;

	(void)state;
	taken = begin_two_sets(&second);
	assert_false(vos_ring_ready(&fake.chan[VOS_DOOR_NET]->sq[1]));
	assert_int_equal(start_service(), 0);
	end_two_sets(second, taken);
	assert_int_equal(get(), 2);
	assert_int_equal(fake.traps, 0);
	assert_int_equal(vos_door_stats().door[VOS_STAT_OPTION], 2);
}

/* Who waits for a service that dies does not wait for ever. */
static void order_ends_with_the_service(void **state)
{
	struct fwd_lane *taken;
	pthread_t second;

	(void)state;
	taken = begin_two_sets(&second);
	kill_channel(VOS_DOOR_NET);
	end_two_sets(second, taken);
	assert_int_equal(start_service(), 0);
}

static void what_is_not_attached_is_left_alone(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_TRAP, 0);
	char buf[4];
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		feed(o, "x", 1);
		assert_int_equal(read(FD, buf, 4), 1);
	}
	assert_int_equal(fake.attaches, 1);
	assert_int_equal(fake.traps, 100);
	assert_int_equal(read(-1, buf, 4), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(read(1 << 30, buf, 4), -1);
}

static void other_kernels_are_asked_once(void **state)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, 0);
	char buf[4];
	int i;

	(void)state;
	fake.open_rc = -EINVAL;
	for (i = 0; i < 1000; i++) {
		feed(o, "x", 1);
		assert_int_equal(read(FD, buf, 4), 1);
	}
	assert_int_equal(fake.opens, 1);
}

/* An older kernel's way; and one call of ATTACH is enough once there is a channel. */
static void attach_without_a_channel(void **state)
{
	(void)state;
	fake.tell_kind = false;
	fake_open(20, VOS_KIND_STREAM, 0);
	fake_open(21, VOS_KIND_STREAM, 0);
	fwd_word(20, 1);
	assert_int_equal(fake.attaches, 2);
	assert_int_equal(VOS_WORD_KIND(fwd_word(20, 1)), VOS_KIND_STREAM);
	assert_int_equal(VOS_WORD_KIND(fwd_word(21, 1)), VOS_KIND_STREAM);
	assert_int_equal(fake.attaches, 3);
}

static void other_files_open_no_door(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		fwd_word(30, 1);
	assert_int_equal(fake.opens, 0);
}

static void refusals_are_backed_off(void **state)
{
	int i;

	(void)state;
	fake_open(FD, VOS_KIND_STREAM, 0);
	fake.open_rc = -EPERM;
	for (i = 0; i < 3000; i++)
		fwd_word(FD, 1);
	assert_in_range(fake.opens, 2, 8);
	fake.open_rc = 0;
	fake.channel_rc = -ENOTCONN;
	assert_false(attach_now(FD));
	fake.channel_rc = 0;
	assert_true(attach_now(FD));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(recv_takes_what_is_there),
		TEST(recv_of_nothing_asks_nobody),
		TEST(eagain_of_the_service),
		TEST(flags_go_through_the_trap),
		TEST(long_streams_keep_their_order),
		TEST(long_sends_of_threads_are_the_traps),
		TEST(long_receives_of_threads_are_the_traps),
		TEST(blocking_send_ends_at_the_trap),
		TEST(epipe_raises_sigpipe),
		TEST(error_after_bytes_is_not_lost),
		TEST(datagrams_have_addresses),
		TEST(messages_are_sent_unless_they_have_more_than_data),
		TEST(stale_handle_goes_to_the_trap),
		TEST(hostile_answers_cost_a_lane),
		TEST(death_ends_the_call),
		TEST(dead_datagram_counts_as_sent),
		TEST(options_are_posted),
		TEST(other_options_are_the_traps),
		TEST(a_post_wakes_the_service),
		TEST(death_ends_what_is_posted),
		TEST(a_hostile_answer_to_a_post),
		TEST(options_come_in_order),
		TEST(order_ends_with_the_service),
		TEST(what_is_not_attached_is_left_alone),
		TEST(other_kernels_are_asked_once),
		TEST(attach_without_a_channel),
		TEST(other_files_open_no_door),
		TEST(refusals_are_backed_off),
	};

	return cmocka_run_group_tests_name("door, sockets", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Sends that nobody waits for: none is lost, none overtakes another. */
#include "door/fake.h"

#define FD 5

static struct object *open_for_posts(void)
{
	struct object *o = fake_open(FD, VOS_KIND_STREAM, VOS_WORD_TCP);

	o->may_post = true;
	assert_true(attach_now(FD));
	return o;
}

static unsigned long posts(void)
{
	return vos_door_stats().posts;
}

static void assert_sent(struct object *o, const void *want, size_t len)
{
	while (serve_all())
		;
	pthread_mutex_lock(&fake.lock);
	assert_int_equal(o->tx_len, len);
	assert_memory_equal(o->tx, want, len);
	pthread_mutex_unlock(&fake.lock);
}

/* Nobody is there to answer, and the program goes on. */
static void a_send_waits_for_nobody(void **state)
{
	struct object *o = open_for_posts();
	struct iovec v[2] = { { "c", 1 }, { "de", 2 } };

	(void)state;
	stop_service();
	assert_int_equal(send(FD, "a", 1, 0), 1);
	assert_int_equal(write(FD, "b", 1), 1);
	assert_int_equal(writev(FD, v, 2), 3);
	assert_int_equal(posts(), 3);
	assert_sent(o, "abcde", 5);
	assert_int_equal(fake.traps, 0);
	assert_int_equal(vos_door_stats().door[VOS_STAT_SEND], 3);
	assert_int_equal(vos_door_stats().bytes[VOS_STAT_SEND], 5);
	start_service();
}

/* More than may be under way, with longer ones and received bytes between. */
static void many_keep_their_order(void **state)
{
	struct object *o = open_for_posts();
	static char out[60000], in[7000];
	size_t at = 0, len, i;

	(void)state;
	for (i = 0; i < sizeof(out); i++)
		out[i] = i * 7 + i / 251;
	for (i = 1; at < sizeof(out); i++) {
		len = i % 10 ? i * 37 % 500 + 1 : 5000;
		if (len > sizeof(out) - at)
			len = sizeof(out) - at;
		if (i % 7 == 0)
			feed(o, out, sizeof(in));
		assert_int_equal(send(FD, out + at, len, 0), len);
		if (i % 7 == 0) {
			assert_int_equal(recv(FD, in, sizeof(in), 0), sizeof(in));
			assert_memory_equal(in, out, sizeof(in));
		}
		at += len;
	}
	assert_sent(o, out, sizeof(out));
	assert_true(posts() > 50);
	assert_int_equal(fake.traps, 0);
}

static void without_room_it_asks(void **state)
{
	struct object *o = open_for_posts();
	char out[100] = { 0 };

	(void)state;
	pthread_mutex_lock(&fake.lock);
	o->tx_room = 50;
	show_poll(o);
	pthread_mutex_unlock(&fake.lock);
	assert_int_equal(send(FD, out, 100, MSG_DONTWAIT), 50);
	assert_int_equal(send(FD, out, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(posts(), 0);
}

static void an_error_is_told(void **state)
{
	struct object *o = open_for_posts();

	(void)state;
	pthread_mutex_lock(&fake.lock);
	o->error = ECONNRESET;
	show_poll(o);
	pthread_mutex_unlock(&fake.lock);
	assert_int_equal(send(FD, "x", 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(posts(), 0);
}

static void sleepy(void)
{
	vos_store(&fake.chan[VOS_DOOR_NET]->sq[0].hdr->need_wakeup, 1u);
}

static void take_word(void)
{
	vos_store_release(&fake.state->word[FD], (__u64)VOS_KIND_TRAP);
}

static void take_handle(void)
{
	take_word();
	fake.fd[FD]->gen++;
}

/* The kernel takes the word just then: the bytes are sent once, by one door or the other. */
static void a_word_that_goes_meanwhile(void **state)
{
	struct object *o = open_for_posts();

	(void)state;
	stop_service();
	sleepy();
	fake.in_kick = take_handle;
	assert_int_equal(start_service(), 0);
	assert_int_equal(send(FD, "abc", 3, 0), 3);
	assert_int_equal(fake.traps, 1);
	assert_sent(o, "abc", 3);
	assert_int_equal(vos_door_stats().trap[VOS_STAT_SEND][VOS_WHY_STALE], 1);
}

static void a_word_that_goes_after_the_call(void **state)
{
	struct object *o = open_for_posts();

	(void)state;
	sleepy();
	fake.in_kick = take_word;
	assert_int_equal(send(FD, "abc", 3, 0), 3);
	assert_int_equal(fake.traps, 0);
	assert_sent(o, "abc", 3);
}

static void *send_b(void *arg)
{
	(void)arg;
	return (void *)(long)send(FD, "b", 1, 0);
}

/* The lane of the first is taken, and the service does not look: the second waits. */
static void threads_keep_their_order(void **state)
{
	struct object *o = open_for_posts();
	struct vos_lane *lane = vos_door->chan[VOS_DOOR_NET].lane;
	pthread_t second;
	void *rc;

	(void)state;
	stop_service();
	assert_int_equal(send(FD, "a", 1, 0), 1);
	assert_true(vos_lane_take(&lane[0]));
	assert_int_equal(pthread_create(&second, NULL, send_b, NULL), 0);
	while (vos_load(&fake.kicks) < 3)
		sched_yield();
	assert_false(vos_ring_ready(&fake.chan[VOS_DOOR_NET]->sq[1]));
	assert_int_equal(start_service(), 0);
	pthread_join(second, &rc);
	assert_int_equal((long)rc, 1);
	vos_lane_put(&lane[0]);
	assert_sent(o, "ab", 2);
}

static void the_trap_door_comes_after(void **state)
{
	struct object *o = open_for_posts();

	(void)state;
	stop_service();
	assert_int_equal(send(FD, "a", 1, 0), 1);
	assert_int_equal(send(FD, "b", 1, MSG_OOB), 1);
	assert_int_equal(fake.traps, 1);
	assert_sent(o, "ab", 2);
	start_service();
}

static enum answer echo(struct vos_sqe *e, struct vos_cqe *c)
{
	struct object *o = fake.fd[FD];

	if (e->opcode != VOS_OP_SENDMSG)
		return ANSWER;
	memcpy(o->rx + o->rx_head, fake.chan[VOS_DOOR_NET]->arena + e->ext[0].off, e->ext[0].len);
	o->rx_len = e->ext[0].len;
	show_poll(o);
	c->result = e->ext[0].len;
	return ANSWERED;
}

/* What a program sends to itself it finds, also if it does not wait. */
static void what_is_posted_is_looked_for(void **state)
{
	char buf[4] = "";

	(void)state;
	open_for_posts();
	fake.hook = echo;
	assert_int_equal(send(FD, "me", 2, 0), 2);
	assert_int_equal(recv(FD, buf, 4, MSG_DONTWAIT), 2);
	assert_string_equal(buf, "me");
	assert_int_equal(recv(FD, buf, 4, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(posts(), 1);
}

/* Answers in time; then not any more. Nobody waits for ever, and the lane is given up. */
static void death_ends_the_wait(void **state)
{
	char out[400] = { 0 };
	int i;

	(void)state;
	open_for_posts();
	stop_service();
	for (i = 0; i < (int)VOS_POSTED; i++)
		assert_int_equal(send(FD, out, sizeof(out), 0), sizeof(out));
	kill_channel(VOS_DOOR_NET);
	fake.fd[FD]->may_post = false;
	assert_int_equal(start_service(), 0);
	assert_int_equal(send(FD, out, sizeof(out), 0), sizeof(out));
	assert_int_equal(posts(), VOS_POSTED);
}

static void it_can_be_switched_off(void **state)
{
	(void)state;
	open_for_posts();
	vos_post_on = false;
	assert_int_equal(send(FD, "a", 1, 0), 1);
	vos_post_on = true;
	assert_int_equal(posts(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_send_waits_for_nobody),
		TEST(many_keep_their_order),
		TEST(without_room_it_asks),
		TEST(an_error_is_told),
		TEST(a_word_that_goes_meanwhile),
		TEST(a_word_that_goes_after_the_call),
		TEST(threads_keep_their_order),
		TEST(the_trap_door_comes_after),
		TEST(what_is_posted_is_looked_for),
		TEST(death_ends_the_wait),
		TEST(it_can_be_switched_off),
	};

	return cmocka_run_group_tests_name("door, posted sends", tests, NULL, NULL);
}

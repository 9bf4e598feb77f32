/* SPDX-License-Identifier: MIT */
/*
 * libsyscall-forward against a service that lies: in answers, in the rings' headers, in
 * what it shows of handles, in offsets and in the log, before a channel is used and while
 * a call waits. The kernel is the unit tests' (trusted, and so honest).
 *
 * Wanted: no byte outside a program's buffers and the channel's memory is touched, each
 * call ends with a count or an errno that it may end with, and no lane stays in use.
 */
#include "door.c"
#include "recall.c"
#include "../unit/door/fake.h"

#include <signal.h>
#include <netinet/tcp.h>

#include "input.h"

#define FD		3	/* the first of them */
#define NR_FDS		5
#define CALLS		48	/* of one input */
#define BUFFER_MAX	40000u
#define PATIENCE_OF_ONE_CALL 24	/* times that a call waits; then its service dies */

static struct input in;
static int waits;

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* --- the liar ---------------------------------------------------------------- */

static __u64 right_result(const struct vos_sqe *e)
{
	return e->ext[0].len;
}

static void answer(struct fake_chan *c, unsigned int lane)
{
	struct vos_cqe a = { 0 };
	struct vos_sqe e;
	unsigned int i;

	if (!vos_ring_pop(&c->sq[lane], &e))
		return;
	a.tag = in_lie(&in, e.tag);
	a.result = in_lie(&in, right_result(&e));
	a.poll = in_lie(&in, EPOLLIN);
	for (i = 0; i < 3; i++)
		a.out[i] = in_lie(&in, 1);
	vos_ring_push(&c->cq[lane], &a);
}

/* What an honest service would say to whatever is asked. */
static void answer_well(struct fake_chan *c, unsigned int lane)
{
	struct vos_cqe a = { 0 };
	struct vos_sqe e;

	while (vos_ring_pop(&c->sq[lane], &e)) {
		a.tag = e.tag;
		a.result = right_result(&e);
		a.poll = EPOLLIN;
		a.out[0] = ++fake.seq;
		vos_ring_push(&c->cq[lane], &a);
	}
}

static size_t size_of(void)
{
	return (VOS_UCHAN_HEAD_PAGES + LANES) * VOS_PAGE_SIZE + LANES * LANE_ARENA + LOG_SIZE;
}

static void scribble(struct fake_chan *c)
{
	size_t at = in_u16(&in) % (size_of() / 8) * 8;
	__u64 v = in_lie(&in, 0);

	memcpy(c->mem + at, &v, sizeof(v));
}

static void scribble_header(struct fake_chan *c, unsigned int lane)
{
	struct vos_ring *r = in_u8(&in) % 2 ? &c->sq[lane] : &c->cq[lane];

	vos_store(&r->hdr->cons, (__u32)in_lie(&in, r->own));
	vos_store(&r->hdr->need_wakeup, (__u32)in_u8(&in) % 3);
}

static void scribble_log(struct fake_chan *c)
{
	struct vos_log_record *r = (void *)(c->arena + LANES * LANE_ARENA +
					    in_u8(&in) % (LOG_SIZE / 64) * 64);

	switch (in_u8(&in) % 8) {
	case 0:
		c->head->log_head = in_lie(&in, c->head->log_head);
		break;
	case 1:
		c->head->log_tail = in_lie(&in, c->head->log_tail);
		break;
	case 2:
		r->room = in_lie(&in, r->room);
		break;
	case 3:
		r->slot = in_lie(&in, r->slot);
		break;
	case 4:
		r->len = in_lie(&in, r->len);
		break;
	default:
		r->seq = in_lie(&in, 1);
	}
}

static void scribble_slot(struct fake_chan *c)
{
	__u32 n = FD + in_u8(&in) % NR_FDS;
	struct vos_uchan_slot *s = &c->head->slot[n];

	s->gen = in_lie(&in, 100 + n);
	s->poll = in_lie(&in, EPOLLIN);
	s->durable = in_lie(&in, fake.seq);
	c->head->pos[n] = in_lie(&in, c->head->pos[n]);
}

static void die(unsigned int s)
{
	if (fake.chan[s] && !fake.chan[s]->dead)
		kill_channel(s);
}

static void lie(unsigned int s)
{
	struct fake_chan *c = fake.chan[s];
	unsigned int lane = in_u8(&in) % LANES;

	switch (in_u8(&in) % 12) {
	case 0:
		scribble(c);
		break;
	case 1:
		scribble_header(c, lane);
		break;
	case 2:
		scribble_log(c);
		break;
	case 3:
		scribble_slot(c);
		break;
	case 4:
		die(s);
		break;
	case 5:
	case 6:
	case 7:
		answer(c, lane);
		break;
	default:
		answer_well(c, lane);
	}
}

/* --- the kernel's part -------------------------------------------------------- */

static long liar_enter(unsigned int s, __u32 arg)
{
	struct fake_chan *c = fake.chan[s];

	check(s < VOS_DOOR_SERVICES && c && (arg & VOS_ENTER_LANE) < LANES);
	if (c->dead)
		return -ENOTCONN;
	lie(s);
	/* A service that answers nothing is killed, sooner or later. */
	if (++waits > PATIENCE_OF_ONE_CALL)
		die(s);
	return c->dead ? -ENOTCONN : in_u8(&in) % 16 == 1 ? -EINTR : 0;
}

/* --- the program --------------------------------------------------------------- */

static size_t a_length(void)
{
	static const unsigned short some[] = { 1, 2, 8, 64, 512, 2047, 2048, 2049, 4095, 4096,
		8128, 8192, 8193, 16384, 16385, 32767, 32768, 32769 };
	unsigned int n = in_u8(&in);

	return n < 64 ? some[n % (sizeof(some) / sizeof(*some))] : n < 128 ? n :
		in_u16(&in) % BUFFER_MAX;
}

static void check_count(ssize_t n, size_t max)
{
	check(n >= -1 && n <= (ssize_t)max);
	check(n >= 0 || (errno > 0 && errno < 4096));
}

struct call {
	int fd, flags;
	char *buf;
	size_t len;
	off_t pos;
};

static void do_vector(const struct call *c, bool out)
{
	size_t first = c->len / 3, second = c->len / 2 - first;
	struct iovec v[4] = { { c->buf, first }, { c->buf, 0 }, { c->buf + first, second },
			      { c->buf + first + second, c->len - first - second } };

	check_count(out ? writev(c->fd, v, 4) : readv(c->fd, v, 4), c->len);
}

static void do_recvfrom(const struct call *c)
{
	socklen_t have = in_u8(&in), len = have;
	char *name = malloc(have ? have : 1);

	check_count(recvfrom(c->fd, c->buf, c->len, c->flags, (void *)name, &len), c->len);
	check(len == have || len <= VOS_ADDR_MAX);
	free(name);
}

static void do_sendto(const struct call *c)
{
	socklen_t len = in_u8(&in);
	char *name = calloc(1, len ? len : 1);

	check_count(sendto(c->fd, c->buf, c->len, c->flags, (void *)name, len), c->len);
	free(name);
}

static void do_message(const struct call *c, bool out)
{
	struct iovec v[2] = { { c->buf, c->len / 2 }, { c->buf + c->len / 2, c->len - c->len / 2 } };
	char name[40];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2, .msg_name = name,
			    .msg_namelen = in_u8(&in) % sizeof(name) };

	check_count(out ? sendmsg(c->fd, &m, c->flags) : recvmsg(c->fd, &m, c->flags), c->len);
}

static void do_option(const struct call *c)
{
	int value = c->len;

	check_count(setsockopt(c->fd, IPPROTO_TCP, c->len % 2 ? TCP_CORK : TCP_NODELAY, &value,
			       sizeof(value)), 0);
}

static void do_one(const struct call *c, unsigned int what)
{
	switch (what) {
	case 0:
		check_count(read(c->fd, c->buf, c->len), c->len);
		break;
	case 1:
		check_count(write(c->fd, c->buf, c->len), c->len);
		break;
	case 2:
		check_count(pread(c->fd, c->buf, c->len, c->pos), c->len);
		break;
	case 3:
		check_count(pwrite(c->fd, c->buf, c->len, c->pos), c->len);
		break;
	case 4:
	case 5:
		do_vector(c, what == 5);
		break;
	case 6:
		check_count(recv(c->fd, c->buf, c->len, c->flags), c->len);
		break;
	case 7:
		check_count(send(c->fd, c->buf, c->len, c->flags), c->len);
		break;
	case 8:
		do_recvfrom(c);
		break;
	case 9:
		do_sendto(c);
		break;
	case 10:
	case 11:
		do_message(c, what == 11);
		break;
	case 12:
		do_option(c);
	}
}

static void a_call(void)
{
	unsigned int what = in_u8(&in) % 13;
	struct call c = {
		.fd = FD + in_u8(&in) % (NR_FDS + 1),
		.flags = MSG_NOSIGNAL | (in_u8(&in) % 2 ? MSG_DONTWAIT : 0),
		.len = a_length(),
		.pos = in_lie(&in, 100),
	};

	waits = 0;
	/* Its very end is the buffer's: one byte more is seen. */
	c.buf = calloc(1, c.len ? c.len : 1);
	do_one(&c, what);
	free(c.buf);
}

/* --- what must be true afterwards ------------------------------------------------ */

static void check_lane(const struct fwd_lane *l)
{
	check(l->state != FWD_LANE_TAKEN);
	check(l->posted <= FWD_POSTED);
	if (l->state == FWD_LANE_FREE)
		check(!l->busy && !l->have && !l->lost);
}

static void check_library(void)
{
	unsigned int s, i;

	if (!fwd_door)
		return;
	check(!fwd_door->busy);
	for (s = 0; s < VOS_DOOR_SERVICES; s++) {
		check(!fwd_door->chan[s].log_lock);
		for (i = 0; i < VOS_UCHAN_MAX_LANES; i++)
			check_lane(&fwd_door->chan[s].lane[i]);
	}
	for (i = 0; i < VOS_UCHAN_SLOTS; i++)
		check(!fwd_door->window[i].users);
}

/* --- one input -------------------------------------------------------------------- */

static void open_all(void)
{
	static const struct { __u32 kind, flags; } what[NR_FDS] = {
		{ VOS_KIND_STREAM, VOS_WORD_TCP }, { VOS_KIND_DGRAM, 0 },
		{ VOS_KIND_FILE, FILE_FLAGS }, { VOS_KIND_FILE, FILE_FLAGS },
		{ VOS_KIND_STREAM, VOS_WORD_NONBLOCK },
	};
	unsigned int i;

	for (i = 0; i < NR_FDS; i++) {
		struct object *o = fake_open(FD + i, what[i].kind, what[i].flags);

		o->size = o->data ? FILE_MAX / 2 : 0;
		o->window = i == 3;
	}
}

/* The service has the memory before the process does: what it finds there may be a lie. */
static void attach_all(void)
{
	unsigned int s, i;

	for (i = 0; i < NR_FDS; i++)
		fwd_word(FD + i, 1);
	for (s = 0; s < VOS_DOOR_SERVICES; s++)
		if (fake.chan[s] && in_u8(&in) % 4 == 1)
			lie(s);
}

static void forget(void)
{
	memset(seen_small, 0, sizeof(seen_small));
	memset(seen_large, 0, sizeof(seen_large));
	memset(tries, 0, sizeof(tries));
}

/* A service may say EPIPE, and the library then does what Linux would. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int i;

	in = (struct input){ data, size };
	waits = 0;
	fwd_spin_us = 0;	/* all waiting is in ENTER */
	forget();
	fake_begin();
	fake.enter = liar_enter;
	open_all();
	for (i = 0; i < CALLS && !in_end(&in); i++) {
		if (i % 8 == 0)
			attach_all();
		a_call();
	}
	check_library();
	fake_end();
	return 0;
}

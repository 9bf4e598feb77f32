// SPDX-License-Identifier: MIT
/* Sending and receiving in the net mode. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net.h"

static const char *const flag_names[] = { "DONTWAIT", "PEEK", "TRUNC", "WAITALL", "OOB", "NOSIGNAL", "MORE",
					  "ERRQUEUE", "DONTROUTE", "EOR", "CONFIRM", "CMSG_CLOEXEC", "CTRUNC" };
static const unsigned long flag_bits[] = { MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, MSG_OOB, MSG_NOSIGNAL,
					   MSG_MORE, MSG_ERRQUEUE, MSG_DONTROUTE, MSG_EOR, MSG_CONFIRM,
					   MSG_CMSG_CLOEXEC, MSG_CTRUNC };

void out_message_flags(int flags)
{
	if (flags)
		out_flags(flags, flag_names, flag_bits, COUNT_OF(flag_bits));
}

static int send_flags(void)
{
	static const int rare[] = { MSG_OOB, MSG_MORE, MSG_DONTROUTE, MSG_EOR, MSG_CONFIRM, MSG_WAITALL, MSG_TRUNC };

	return (chance(40) ? MSG_NOSIGNAL : 0) | (chance(50) ? MSG_DONTWAIT : 0) | (chance(15) ? PICK(rare) : 0);
}

static int recv_flags(void)
{
	static const int rare[] = { MSG_OOB, MSG_PEEK, MSG_PEEK, MSG_TRUNC, MSG_TRUNC, MSG_WAITALL, MSG_ERRQUEUE,
				    MSG_PEEK | MSG_TRUNC, MSG_NOSIGNAL, MSG_WAITALL | MSG_PEEK };

	return (chance(85) ? MSG_DONTWAIT : 0) | (chance(40) ? PICK(rare) : 0);
}

int message_flags(bool send)
{
	return send ? send_flags() : recv_flags();
}

static size_t some_size(unsigned int i)
{
	static const size_t common[] = { 0, 1, 2, 10, 100, 512, 1000, 1024, 1460, 4000, 4096 };
	static const size_t large[] = { 5000, 8192, 9000, 20000, 65507, 65508, 70000 };

	if (slots[i].type == SOCK_DGRAM && chance(10))
		return PICK(large);
	return chance(70) ? PICK(common) : below(3000);
}

/* What a stream keeps back for more to come goes when a timer of it says so. */
void await_push(unsigned int i, int flags)
{
	if (flags & MSG_MORE && is_stream(&slots[i]))
		pause_ms(PUSH_MS);
}

/* No more than what a stream surely holds. */
bool may_send(unsigned int i, size_t n)
{
	int peer = slots[i].peer;

	if (slots[i].type != SOCK_STREAM || peer < 0)
		return true;
	if (slots[peer].queued + n > MAX_QUEUED)
		return false;
	slots[peer].queued += n;
	return true;
}

/* Rather a slot at which something is to be read. */
static unsigned int reader(void)
{
	unsigned int at = below(SLOTS), i;
	int n;

	for (i = 0; i < SLOTS && !chance(10); i++) {
		struct slot *s = &slots[(at + i) % SLOTS];

		if (s->fd >= 0 && !ioctl(s->fd, FIONREAD, &n) && n > 0)
			return (at + i) % SLOTS;
	}
	return some_slot();
}

static void *data_at(void *good)
{
	return faults && chance(20) ? bad_address() : good;
}

void do_send(void)
{
	unsigned int i = slot_that(has_peer);
	bool to = slots[i].type == SOCK_DGRAM ? chance(30) : chance(3);
	size_t n = some_size(i);
	int flags = message_flags(true);
	union address a;
	socklen_t length = to ? choose_address(&a, &slots[i]) : 0;

	pattern(buffer, n, rnd());
	out(" %u %zu", i, n);
	out_message_flags(flags);
	if (to)
		out_address(&a, length, slots[i].type);
	if (!may_send(i, n)) {
		out(" full");
		return;
	}
	out(" =");
	if (to)
		out_result(sendto(slots[i].fd, data_at(buffer), n, flags, &a.any, length));
	else
		out_result(send(slots[i].fd, data_at(buffer), n, flags));
	await_push(i, flags);
	out_signals();
}

/* A stream's data that MSG_TRUNC drops is shown as what the buffer had. */
static void forget_old(int flags)
{
	if (flags & MSG_TRUNC)
		memset(buffer, 0, sizeof(buffer));
}

void do_recv(void)
{
	unsigned int i = reader();
	size_t n = chance(80) ? some_size(i) : sizeof(buffer);
	int flags = message_flags(false);
	union address a;
	socklen_t length = sizeof(a);
	bool from = chance(40);
	ssize_t r;

	memset(&a, 0, sizeof(a));
	forget_old(flags);
	out(" %u %zu", i, n);
	out_message_flags(flags);
	out(" =");
	if (from)
		r = recvfrom(slots[i].fd, data_at(buffer), n, flags, &a.any, &length);
	else
		r = recv(slots[i].fd, data_at(buffer), n, flags);
	out_result(r);
	if (r < 0)
		return;
	out_bytes(buffer, (size_t)r < n ? (size_t)r : n);
	if (from)
		out_address(&a, length, slots[i].type);
}

void do_write(void)
{
	unsigned int i = slot_that(has_peer);
	size_t n = some_size(i), part = n ? below(n) : 0;
	struct iovec v[3] = { { data_at(buffer), part }, { NULL, 0 }, { buffer + part, n - part } };
	bool vector = chance(40);

	pattern(buffer, n, rnd());
	out_call(" %u %zu%s", i, n, vector ? " vector" : "");
	if (!may_send(i, n))
		out(" full");
	else if (vector)
		out_result(writev(slots[i].fd, v, 3));
	else
		out_result(write(slots[i].fd, data_at(buffer), n));
	out_signals();
}

/* Reading without a flag that says not to wait: look first. */
void do_read(void)
{
	unsigned int i = reader();
	size_t n = some_size(i), part = n ? below(n) : 0;
	struct iovec v[3] = { { data_at(buffer), part }, { NULL, 0 }, { buffer + part, n - part } };
	struct pollfd p = { .fd = slots[i].fd, .events = POLLIN };
	bool vector = chance(40);
	ssize_t r;

	out_call(" %u %zu%s", i, n, vector ? " vector" : "");
	if (slots[i].fd >= 0 && poll(&p, 1, 0) == 0 && chance(80)) {
		out(" nothing there");
		return;
	}
	r = vector ? readv(slots[i].fd, v, 3) : read(slots[i].fd, data_at(buffer), n);
	out_result(r);
	if (r > 0)
		out_bytes(buffer, r);
}

struct message {
	union address a;
	struct iovec v[4];
	unsigned char control[256] __attribute__((aligned(16)));
};

static void set_vector(struct msghdr *m, struct message *s, unsigned char *at, size_t n)
{
	unsigned int i, count = 1 + below(COUNT_OF(s->v));

	for (i = 0; i < count; i++) {
		size_t part = i == count - 1 ? n : below(n + 1);

		s->v[i] = (struct iovec){ at, part };
		at += part;
		n -= part;
	}
	m->msg_iov = s->v;
	m->msg_iovlen = count;
}

static void make_message(struct msghdr *m, struct message *s, unsigned int i, size_t n)
{
	*m = (struct msghdr){ };
	set_vector(m, s, buffer, n);
	out(" %zu/%zu", n, m->msg_iovlen);
	if (slots[i].type == SOCK_DGRAM && chance(30)) {
		m->msg_namelen = choose_address(&s->a, &slots[i]);
		m->msg_name = &s->a;
		out_address(&s->a, m->msg_namelen, slots[i].type);
	}
	if (chance(25))
		choose_control(m, s->control);
	if (faults && chance(20))
		m->msg_control = bad_address();
}

void do_sendmsg(void)
{
	unsigned int i = slot_that(has_peer);
	size_t n = some_size(i);
	int flags = message_flags(true);
	struct message s;
	struct msghdr m;

	pattern(buffer, n, rnd());
	out(" %u", i);
	make_message(&m, &s, i, n);
	out_message_flags(flags);
	if (!may_send(i, n)) {
		out(" full");
		return;
	}
	out(" =");
	out_result(sendmsg(slots[i].fd, data_at(&m), flags));
	await_push(i, flags);
	out_signals();
}

static void room_for(struct msghdr *m, struct message *s, size_t n, unsigned char *at)
{
	memset(s, 0, sizeof(*s));
	*m = (struct msghdr){ .msg_name = &s->a, .msg_namelen = chance(80) ? sizeof(s->a) : below(20) };
	set_vector(m, s, at, n);
	if (chance(60)) {
		m->msg_control = s->control;
		m->msg_controllen = chance(70) ? sizeof(s->control) : below(64);
	}
}

static void out_message(struct msghdr *m, struct message *s, unsigned char *at, size_t got, size_t room,
			int type, socklen_t name_room)
{
	out_bytes(at, got < room ? got : room);
	out(" flags");
	out_message_flags(m->msg_flags);
	if (m->msg_namelen <= name_room)
		out_address(&s->a, m->msg_namelen, type);
	else
		out(" [%u]", m->msg_namelen);
	if (m->msg_control)
		out_control(m);
}

void do_recvmsg(void)
{
	unsigned int i = reader();
	size_t n = chance(80) ? some_size(i) : sizeof(buffer);
	int flags = message_flags(false);
	struct message s;
	struct msghdr m;
	socklen_t room;
	ssize_t r;

	room_for(&m, &s, n, buffer);
	forget_old(flags);
	room = m.msg_namelen;
	out(" %u %zu/%zu name %u control %zu", i, n, m.msg_iovlen, room, m.msg_controllen);
	out_message_flags(flags);
	out(" =");
	r = recvmsg(slots[i].fd, data_at(&m), flags);
	out_result(r);
	if (r >= 0)
		out_message(&m, &s, buffer, r, n, slots[i].type, room);
}

#define MANY	3

void do_sendmmsg(void)
{
	unsigned int i = slot_that(has_peer), k;
	size_t n = below(1500);
	int flags = message_flags(true), r;
	struct mmsghdr m[MANY] = { };
	struct message s[MANY];

	pattern(buffer, n, rnd());
	out(" %u", i);
	for (k = 0; k < MANY; k++)
		make_message(&m[k].msg_hdr, &s[k], i, n);
	out_message_flags(flags);
	if (!may_send(i, n * MANY)) {
		out(" full");
		return;
	}
	out(" =");
	r = sendmmsg(slots[i].fd, m, MANY, flags);
	out_result(r);
	await_push(i, flags);
	for (k = 0; (int)k < r; k++)
		out(" %u", m[k].msg_len);
	out_signals();
}

void do_recvmmsg(void)
{
	unsigned int i = reader(), k;
	size_t n = below(3000);
	int flags = message_flags(false), r;
	struct mmsghdr m[MANY] = { };
	struct message s[MANY];
	socklen_t room[MANY];

	if (chance(20))
		flags |= MSG_WAITFORONE;
	forget_old(flags);
	for (k = 0; k < MANY; k++) {
		room_for(&m[k].msg_hdr, &s[k], n, buffer + k * 4096);
		room[k] = m[k].msg_hdr.msg_namelen;
	}
	out(" %u %zu", i, n);
	out_message_flags(flags);
	out(" =");
	r = recvmmsg(slots[i].fd, m, MANY, flags, NULL);
	out_result(r);
	for (k = 0; (int)k < r; k++) {
		out(" %u", m[k].msg_len);
		out_message(&m[k].msg_hdr, &s[k], buffer + k * 4096, m[k].msg_len, n, slots[i].type, room[k]);
	}
}

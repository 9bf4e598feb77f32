// SPDX-License-Identifier: MIT
/* Data that comes from elsewhere, that is more than a socket holds, or that is urgent. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "net.h"

#define MOST	300000

static unsigned char source[MOST];

struct flow {
	size_t total, sent, got;
	uint32_t sum;
	bool ended;
};

static bool connected_stream(const struct slot *s)
{
	return is_stream(s) && has_peer(s);
}

static bool push(int fd, struct flow *f)
{
	ssize_t r = 0;

	if (f->sent < f->total)
		r = send(fd, source + f->sent, f->total - f->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (r < 0 && errno != EAGAIN) {
		out(" sending ends");
		out_result(r);
		f->sent = f->total;
	}
	if (r > 0)
		f->sent += r;
	return r > 0;
}

static bool pull(int fd, struct flow *f)
{
	ssize_t r = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT), i;

	if (r <= 0) {
		if (!f->ended && (!r || errno != EAGAIN)) {
			f->ended = true;
			out(" reading ends");
			out_result(r);
		}
		return false;
	}
	f->got += r;
	for (i = 0; i < r; i++)
		f->sum = f->sum * 31 + buffer[i];
	return true;
}

/* Is there data that the peer has not taken? It may have been sent, and dropped for lack of room. */
static bool still_to_go(int fd)
{
	int n = 0;

	return !ioctl(fd, SIOCOUTQ, &n) && n > 0;
}

/*
 * How many idle turns mean that no more will move. A reader that has shut down its side
 * announces no room. Its peer goes on by a timer, after 200 ms or more.
 */
static unsigned int patience(int from, const struct flow *f)
{
	return f->ended && (f->sent < f->total || still_to_go(from)) ? 400 : 30;
}

/* Until nothing has moved for a while. */
static void move(int from, int to, struct flow *f)
{
	struct pollfd p = { .fd = to, .events = POLLIN };
	unsigned int idle = 0;

	while (idle < patience(from, f)) {
		bool moved = push(from, f);

		moved |= pull(to, f);
		idle = moved ? 0 : idle + 1;
		if (!moved && !f->ended && poll(&p, 1, 5))
			idle += 3;
		if (!moved && f->ended)
			pause_ms(5);
		if (f->sent == f->total && !moved && !still_to_go(from) && !poll(&p, 1, 20))
			break;
	}
	/* The last of it may have come since. */
	while (pull(to, f))
		;
}

/* More than a socket holds: how it comes over in pieces is not shown, all of it is. */
void do_transfer(void)
{
	unsigned int i = slot_that(connected_stream);
	struct flow f = { .total = 1 + below(MOST) };

	pattern(source, f.total, rnd());
	out(" %u %zu", i, f.total);
	if (slots[i].peer < 0 || slots[i].type != SOCK_STREAM) {
		out(" no peer");
		return;
	}
	watch_end();
	move(slots[i].fd, slots[slots[i].peer].fd, &f);
	slots[slots[i].peer].queued = 0;
	out(" = %zu %08x", f.got, f.sum);
}

static int file_with(size_t n)
{
	int fd = memfd_create("vosdiff", 0);

	pattern(buffer, n, rnd());
	if (fd >= 0 && write(fd, buffer, n) != (ssize_t)n)
		out(" no file");
	return fd;
}

void do_sendfile(void)
{
	unsigned int i = slot_that(has_peer);
	size_t n = 1 + below(5000), count = chance(80) ? n : n + below(5000);
	off_t at = below(n);
	bool position = chance(50);
	int fd = file_with(n);

	out(" %u %zu of %zu", i, count, n);
	if (!position)
		lseek(fd, at, SEEK_SET);
	if (!may_send(i, n)) {
		out(" full");
	} else {
		out(" from %ld =", (long)at);
		out_result(sendfile(slots[i].fd, fd, position ? &at : NULL, count));
		out(" at %ld %ld", (long)at, (long)lseek(fd, 0, SEEK_CUR));
	}
	out_signals();
	close(fd);
}

static void splice_out(unsigned int i, int *pipes, size_t n)
{
	unsigned int flags = SPLICE_F_NONBLOCK | (chance(20) ? SPLICE_F_MORE : 0);

	pattern(buffer, n, rnd());
	out(" %u out %zu", i, n);
	if (!may_send(i, n)) {
		out(" full");
		return;
	}
	if (write(pipes[1], buffer, n) != (ssize_t)n)
		out(" no pipe");
	out(" =");
	out_result(splice(pipes[0], NULL, slots[i].fd, NULL, n + below(100), flags));
	await_push(i, flags & SPLICE_F_MORE ? MSG_MORE : 0);
	out_signals();
}

static void splice_in(unsigned int i, int *pipes, size_t n)
{
	ssize_t r;

	out_call(" %u in %zu", i, n);
	r = splice(slots[i].fd, NULL, pipes[1], NULL, n, SPLICE_F_NONBLOCK);
	out_result(r);
	if (r > 0 && (r = read(pipes[0], buffer, n)) > 0)
		out_bytes(buffer, r);
}

void do_splice(void)
{
	unsigned int i = slot_that(has_peer);
	size_t n = 1 + below(4000);
	int pipes[2];

	if (pipe2(pipes, O_NONBLOCK)) {
		out(" no pipe");
		return;
	}
	(chance(50) ? splice_out : splice_in)(i, pipes, n);
	close(pipes[0]);
	close(pipes[1]);
}

/* Urgent data among other, and where the mark is. */
void do_urgent(void)
{
	unsigned int i = slot_that(connected_stream);
	int peer = slots[i].peer, mark = -1;

	pattern(buffer, 20, rnd());
	out(" %u", i);
	if (!may_send(i, 20)) {
		out(" full");
		return;
	}
	out(" =");
	if (chance(50))
		out_result(send(slots[i].fd, buffer, below(8), MSG_DONTWAIT | MSG_NOSIGNAL));
	out_result(send(slots[i].fd, buffer + 8, 1 + below(3), MSG_OOB | MSG_DONTWAIT | MSG_NOSIGNAL));
	if (chance(50))
		out_result(send(slots[i].fd, buffer + 12, below(8), MSG_DONTWAIT | MSG_NOSIGNAL));
	if (peer >= 0) {
		out(" mark");
		out_result(ioctl(slots[peer].fd, SIOCATMARK, &mark));
		out(" %d", mark);
	}
}

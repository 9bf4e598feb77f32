// SPDX-License-Identifier: MIT
/* Calls in which one thread sleeps while another acts; steps in a child. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net.h"

enum sleeper { RECV, READ, WAITALL, RECVMSG, PEEK, POLL, POLL_WRITE, EPOLL, EPOLL_ET, ACCEPT, RECVMMSG, KINDS };

static const char *const names[] = { "recv", "read", "waitall", "recvmsg", "peek", "poll", "poll out", "epoll",
				     "epoll et", "accept", "recvmmsg" };

static struct {
	enum sleeper kind;
	unsigned int slot;
	long result;
	int error;
	unsigned int events;
	unsigned char data[4096];
} s;

static long wait_poll(unsigned int events)
{
	struct pollfd p = { .fd = slots[s.slot].fd, .events = events };
	int r = poll(&p, 1, -1);

	s.events = p.revents;
	return r;
}

static long wait_epoll(unsigned int flags)
{
	struct epoll_event e = { .events = POLLIN | POLLRDHUP | flags };
	int fd = epoll_create1(0), r = epoll_ctl(fd, EPOLL_CTL_ADD, slots[s.slot].fd, &e);

	if (!r)
		r = epoll_wait(fd, &e, 1, -1);
	s.events = e.events;
	close(fd);
	return r;
}

static long wait_message(void)
{
	struct iovec v = { s.data, sizeof(s.data) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	long r = recvmsg(slots[s.slot].fd, &m, 0);

	s.events = m.msg_flags;
	return r;
}

static long wait_messages(void)
{
	struct iovec v[2] = { { s.data, 1000 }, { s.data + 1000, 1000 } };
	struct mmsghdr m[2] = { { { .msg_iov = v, .msg_iovlen = 1 } }, { { .msg_iov = v + 1, .msg_iovlen = 1 } } };

	return recvmmsg(slots[s.slot].fd, m, 2, MSG_WAITFORONE, NULL);
}

static long wait_accept(void)
{
	int fd = accept(slots[s.slot].fd, NULL, NULL);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static long sleep_in(int fd)
{
	switch (s.kind) {
	case RECV: return recv(fd, s.data, 1000, 0);
	case READ: return read(fd, s.data, 1000);
	case WAITALL: return recv(fd, s.data, 300, MSG_WAITALL);
	case PEEK: return recv(fd, s.data, 1000, MSG_PEEK);
	case RECVMSG: return wait_message();
	case POLL: return wait_poll(POLLIN | POLLPRI | POLLRDHUP);
	case POLL_WRITE: return wait_poll(POLLOUT);
	case EPOLL: return wait_epoll(0);
	case EPOLL_ET: return wait_epoll(EPOLLET);
	case ACCEPT: return wait_accept();
	default: return wait_messages();
	}
}

static void sleeper(void *arg)
{
	(void)arg;
	s.result = sleep_in(slots[s.slot].fd);
	s.error = errno;
}

static void connect_to(const struct slot *l)
{
	union address a;
	socklen_t length = sizeof(a);
	int fd = socket(l->family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (!getsockname(l->fd, &a.any, &length))
		connect(fd, &a.any, length);
	close(fd);
	out(" connect");
}

/* What the first thread does; on the other end if there is one. */
static void act(void)
{
	unsigned int i = slots[s.slot].peer >= 0 && chance(80) ? (unsigned int)slots[s.slot].peer : s.slot;
	struct slot *o = &slots[i];
	int how = below(3);

	pattern(buffer, 200, rnd());
	switch (s.kind == ACCEPT ? 6 + below(3) : below(8)) {
	case 0:
	case 1:
	case 2:
		out(" send %u", i);
		if (may_send(i, 200))
			out_result(send(o->fd, buffer, 1 + below(200), MSG_NOSIGNAL | MSG_DONTWAIT));
		break;
	case 3:
		out(" oob %u", i);
		out_result(send(o->fd, buffer, 1, MSG_NOSIGNAL | MSG_OOB | MSG_DONTWAIT));
		break;
	case 4:
		out(" close %u", i);
		drop_slot(i);
		break;
	case 5:
	case 6:
		out(" shutdown %u %d", i, how);
		out_result(shutdown(o->fd, how));
		break;
	case 7:
		out(" nonblock %u", i);
		out_result(fcntl(o->fd, F_SETFL, O_NONBLOCK));
		break;
	default:
		connect_to(&slots[s.slot]);
	}
}

void do_block(void)
{
	unsigned int i = chance(15) ? slot_that(listens) : slot_that(has_peer);

	memset(&s, 0, sizeof(s));
	s.slot = i;
	s.kind = listens(&slots[i]) ? ACCEPT : below(KINDS);
	out(" %s %u", names[s.kind], i);
	watch_end();
	other_thread(sleeper, NULL, act);
	out(" =");
	errno = s.error;
	out_result(s.result);
	if (s.events)
		out(" %#x", s.events);
	if (s.kind <= PEEK && s.result > 0)
		out_bytes(s.data, s.result < 1000 ? s.result : 1000);
}

static void (*chosen)(void);

static void run_chosen(void)
{
	chosen();
}

/* Descriptors that a child has as well. */
void do_child(void)
{
	static void (*const steps[])(void) = { do_send, do_recv, do_shutdown, do_close, do_names, do_poll, do_setsockopt,
					       do_read, do_write, do_getsockopt };

	chosen = PICK(steps);
	in_child(run_chosen);
}

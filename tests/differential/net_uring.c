// SPDX-License-Identifier: MIT
/* Socket calls by io_uring. */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "net.h"
#include "uring.h"

#define WAIT_MS	500	/* for what comes, be the machine as busy as it may */
#define SHORT_MS	20	/* for what does not */

#ifndef SOCKET_URING_OP_GETSOCKOPT
#define SOCKET_URING_OP_GETSOCKOPT	2
#define SOCKET_URING_OP_SETSOCKOPT	3
#endif

static struct io_uring_sqe request(unsigned int opcode, int fd)
{
	return (struct io_uring_sqe){
		.opcode = opcode, .fd = fd, .flags = chance(30) ? IOSQE_ASYNC : 0,
	};
}

/* Will a call that takes something find it? If not, no thread of the kernel is to wait in it. */
static unsigned int time_to_wait(struct io_uring_sqe *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN | POLLPRI };

	if (poll(&p, 1, 0) > 0)
		return WAIT_MS;
	s->flags = 0;
	return SHORT_MS;
}

static void send_by(unsigned int i)
{
	static const unsigned char opcodes[] = { IORING_OP_SEND, IORING_OP_SEND, IORING_OP_WRITE, IORING_OP_SEND_ZC,
						 IORING_OP_SENDMSG, IORING_OP_WRITEV };
	struct io_uring_sqe s = request(PICK(opcodes), slots[i].fd);
	size_t n = below(2000);
	struct iovec v = { buffer, n };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	pattern(buffer, n, rnd());
	out_call(" send %u by %u %zu", i, s.opcode, n);
	if (!may_send(i, n)) {
		out(" full");
		return;
	}
	s.addr = (uintptr_t)buffer;
	s.len = n;
	if (s.opcode == IORING_OP_WRITE || s.opcode == IORING_OP_WRITEV)
		s.off = -1;
	else
		s.msg_flags = MSG_NOSIGNAL | (chance(50) ? MSG_DONTWAIT : 0);
	if (s.opcode == IORING_OP_WRITEV || s.opcode == IORING_OP_SENDMSG) {
		s.addr = s.opcode == IORING_OP_SENDMSG ? (uintptr_t)&m : (uintptr_t)&v;
		s.len = 1;
	}
	uring_call(&s, WAIT_MS);
	out_signals();
}

static void recv_by(unsigned int i)
{
	static const unsigned char opcodes[] = { IORING_OP_RECV, IORING_OP_RECV, IORING_OP_READ, IORING_OP_RECVMSG,
						 IORING_OP_READV };
	static const int flags[] = { MSG_DONTWAIT, 0, 0, MSG_WAITALL, MSG_PEEK, MSG_TRUNC };
	struct io_uring_sqe s = request(PICK(opcodes), slots[i].fd);
	size_t n = below(3000);
	struct iovec v = { buffer, n };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	int flag = PICK(flags), r;
	unsigned int wait;

	s.addr = (uintptr_t)buffer;
	s.len = n;
	if (s.opcode == IORING_OP_READ || s.opcode == IORING_OP_READV)
		s.off = -1;
	else
		s.msg_flags = flag;
	if (s.opcode == IORING_OP_READV || s.opcode == IORING_OP_RECVMSG) {
		s.addr = s.opcode == IORING_OP_RECVMSG ? (uintptr_t)&m : (uintptr_t)&v;
		s.len = 1;
	}
	out_call(" recv %u by %u %zu %#x", i, s.opcode, n, flag);
	wait = time_to_wait(&s);
	if (s.msg_flags & MSG_WAITALL)
		s.flags = 0;
	uring_call(&s, wait);
	r = uring_result();
	if (r > 0)
		out_bytes(buffer, (size_t)r < n ? (size_t)r : n);
	if (r >= 0 && s.opcode == IORING_OP_RECVMSG)
		out(" flags %#x", m.msg_flags);
}

static void connect_by(unsigned int i)
{
	struct io_uring_sqe s = request(IORING_OP_CONNECT, slots[i].fd);
	union address a;
	socklen_t length = choose_address(&a, &slots[i]);

	out_call(" connect %u", i);
	s.addr = (uintptr_t)&a;
	s.off = length;
	uring_call(&s, WAIT_MS);
	slots[i].peer = -1;
}

static void accept_by(unsigned int i)
{
	struct io_uring_sqe s = request(IORING_OP_ACCEPT, slots[i].fd);
	struct slot from = slots[i];
	union address a = { };
	socklen_t length = sizeof(a);
	unsigned int j;

	out_call(" accept %u", i);
	s.addr = (uintptr_t)&a;
	s.addr2 = (uintptr_t)&length;
	s.accept_flags = chance(50) ? SOCK_NONBLOCK : 0;
	uring_call(&s, time_to_wait(&s));
	if (uring_result() < 0)
		return;
	j = empty_slot();
	put_slot(j, uring_result(), from.family, from.type);
	out(" %u", j);
	out_address(&a, length, from.type);
}

static void poll_by(unsigned int i)
{
	static const unsigned int events[] = { POLLIN, POLLOUT, POLLIN | POLLOUT, POLLPRI, POLLRDHUP, POLLIN | POLLRDHUP };
	struct io_uring_sqe s = request(IORING_OP_POLL_ADD, slots[i].fd);

	s.flags = 0;
	s.poll32_events = PICK(events);
	out_call(" poll %u", i);
	out_events(s.poll32_events);
	uring_call(&s, SHORT_MS);
	if (uring_result() >= 0)
		out_events(uring_result());
}

static void other_by(unsigned int i)
{
	static const unsigned char opcodes[] = { IORING_OP_SHUTDOWN, IORING_OP_SHUTDOWN, IORING_OP_FSYNC,
						 IORING_OP_FALLOCATE, IORING_OP_NOP };
	struct io_uring_sqe s = request(PICK(opcodes), slots[i].fd);

	if (s.opcode == IORING_OP_SHUTDOWN)
		s.len = below(3);
	out_call(" other %u by %u %u", i, s.opcode, s.len);
	uring_call(&s, WAIT_MS);
}

/* What is asked of the socket itself: how much is queued, and an option. */
static void command_by(unsigned int i)
{
	static const unsigned int commands[] = { 0, 1 /* SIOCINQ, SIOCOUTQ */,
						 SOCKET_URING_OP_GETSOCKOPT, SOCKET_URING_OP_SETSOCKOPT, 99 };
	struct io_uring_sqe s = request(IORING_OP_URING_CMD, slots[i].fd);
	struct {
		uint32_t level, optname;
	} option = { SOL_SOCKET, chance(50) ? SO_KEEPALIVE : SO_TYPE };
	int value = below(2);
	uint64_t at = (uintptr_t)&value;

	s.cmd_op = PICK(commands);
	if (s.cmd_op == SOCKET_URING_OP_GETSOCKOPT || s.cmd_op == SOCKET_URING_OP_SETSOCKOPT) {
		memcpy(&s.addr, &option, sizeof(option));
		s.file_index = sizeof(value);	/* optlen */
		memcpy(&s.addr3, &at, sizeof(at));	/* optval */
	}
	out_call(" command %u %u %u", i, s.cmd_op, option.optname);
	uring_call(&s, WAIT_MS);
	if (s.cmd_op == SOCKET_URING_OP_GETSOCKOPT && uring_result() >= 0)
		out(" %d", value);
}

void do_uring(void)
{
	static void (*const kinds[])(unsigned int) = { send_by, send_by, send_by, recv_by, recv_by, recv_by, connect_by,
						       poll_by, poll_by, other_by, command_by, command_by };

	if (chance(10))
		accept_by(slot_that(listens));
	else
		PICK(kinds)(slot_that(has_peer));
}

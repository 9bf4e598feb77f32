// SPDX-License-Identifier: MIT
/* Ways in which a descriptor becomes another one. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vosdiff.h"

static int send_descriptor(int by, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	return sendmsg(by, &m, 0) == 1 ? 0 : -1;
}

static int take_descriptor(int by, int flags)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char c;
	struct iovec v = { &c, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(by, &m, flags | MSG_DONTWAIT) != 1 || m.msg_controllen < sizeof(control.head))
		return -1;
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	return fd;
}

/* The descriptor may be closed while it is under way: the message alone holds its file then. */
static int by_message(int fd, bool *closed)
{
	int pair[2], got = -1, seen;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -1;
	*closed = chance(50);
	if (!send_descriptor(pair[0], fd)) {
		if (*closed)
			close(fd);
		if (chance(20)) {
			seen = take_descriptor(pair[1], MSG_PEEK);
			close(seen);
		}
		got = take_descriptor(pair[1], MSG_CMSG_CLOEXEC);
	} else {
		*closed = false;
	}
	close(pair[0]);
	close(pair[1]);
	return got;
}

static int by_pidfd(int fd)
{
	int self = syscall(SYS_pidfd_open, getpid(), 0), got = syscall(SYS_pidfd_getfd, self, fd, 0);

	close(self);
	return got;
}

/* *@closed: the old one is gone. Return: the new one. */
int pass_descriptor(int fd, bool *closed)
{
	*closed = false;
	switch (below(5)) {
	case 0: out(" F_DUPFD"); return fcntl(fd, F_DUPFD, 20 + below(900));
	case 1: out(" pidfd"); return by_pidfd(fd);
	case 2: out(" high"); return fcntl(fd, F_DUPFD_CLOEXEC, 1000 + below(24));
	default: out(" message"); return by_message(fd, closed);
	}
}

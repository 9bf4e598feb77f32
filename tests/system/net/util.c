// SPDX-License-Identifier: MIT
/*
 * What the socket tests share. Every helper fails the test if it cannot do its work.
 */
#include <sched.h>
#include <sys/prctl.h>
#include "nettest.h"

struct endpoint loopback(int family, int port)
{
	struct endpoint e;

	memset(&e, 0, sizeof(e));
	if (family == AF_INET6) {
		struct sockaddr_in6 *a = (struct sockaddr_in6 *)&e.addr;

		a->sin6_family = AF_INET6;
		a->sin6_addr = in6addr_loopback;
		a->sin6_port = htons(port);
		e.len = sizeof(*a);
	} else {
		struct sockaddr_in *a = (struct sockaddr_in *)&e.addr;

		a->sin_family = AF_INET;
		a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a->sin_port = htons(port);
		e.len = sizeof(*a);
	}
	return e;
}

int port_of(int fd)
{
	struct endpoint e = { .len = sizeof(e.addr) };

	CHECK_EQ(getsockname(fd, (struct sockaddr *)&e.addr, &e.len), 0);
	/* The port stands at the same place in both families. */
	return ntohs(((struct sockaddr_in *)&e.addr)->sin_port);
}

int listener(int family, struct endpoint *where)
{
	struct endpoint e = loopback(family, 0);
	int fd = socket(family, SOCK_STREAM, 0);

	CHECK(fd >= 0);
	CHECK_EQ(bind(fd, (struct sockaddr *)&e.addr, e.len), 0);
	CHECK_EQ(listen(fd, 128), 0);
	*where = loopback(family, port_of(fd));
	return fd;
}

void tcp_pair(int family, int fd[2])
{
	struct endpoint e;
	int l = listener(family, &e);

	fd[0] = socket(family, SOCK_STREAM, 0);
	CHECK(fd[0] >= 0);
	CHECK_EQ(connect(fd[0], (struct sockaddr *)&e.addr, e.len), 0);
	fd[1] = accept(l, NULL, NULL);
	CHECK(fd[1] >= 0);
	close(l);
}

void udp_pair(int family, int fd[2])
{
	struct endpoint e = loopback(family, 0);
	int i;

	for (i = 0; i < 2; i++) {
		fd[i] = socket(family, SOCK_DGRAM, 0);
		CHECK(fd[i] >= 0);
		CHECK_EQ(bind(fd[i], (struct sockaddr *)&e.addr, e.len), 0);
	}
	for (i = 0; i < 2; i++) {
		struct endpoint to = loopback(family, port_of(fd[!i]));

		CHECK_EQ(connect(fd[i], (struct sockaddr *)&to.addr, to.len), 0);
	}
}

void set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	CHECK(flags >= 0);
	CHECK_EQ(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK), 0);
}

int get_int(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	CHECK_EQ(getsockopt(fd, level, name, &value, &len), 0);
	CHECK_EQ(len, sizeof(value));
	return value;
}

void set_int(int fd, int level, int name, int value)
{
	CHECK_EQ(setsockopt(fd, level, name, &value, sizeof(value)), 0);
}

int poll_for(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int rc = poll(&p, 1, ms);

	CHECK(rc >= 0);
	return rc ? p.revents : 0;
}

uint64_t sum(uint64_t s, const unsigned char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		s = s * 31 + p[i];
	return s;
}

static void write_file(const char *path, const char *text)
{
	int fd = CHECK_OK(open(path, O_WRONLY));

	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

void become(int id)
{
	CHECK_EQ(setgid(id), 0);
	CHECK_EQ(setuid(id), 0);
}

void enter_user_namespace(int inside)
{
	char map[32];

	become(NOBODY);
	CHECK_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
	if (unshare(CLONE_NEWUSER))
		test_skip("no user namespaces");
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "%d %d 1", inside, NOBODY);
	write_file("/proc/self/uid_map", map);
	write_file("/proc/self/gid_map", map);
}

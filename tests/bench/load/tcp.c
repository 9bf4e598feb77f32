/* SPDX-License-Identifier: MIT */
/*
 * TCP between two processes of this system, or with an echo server elsewhere (-a,
 * request and response only).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define LARGEST	(4u << 20)

struct link {
	int fd;
	char *buf;
	size_t size;
};

static void give(int fd, const char *buf, size_t len)
{
	while (len) {
		ssize_t n = send(fd, buf, len, MSG_NOSIGNAL);

		must(n > 0, "send");
		buf += n;
		len -= n;
	}
}

/* False at the end of the stream. */
static bool take(int fd, char *buf, size_t len)
{
	while (len) {
		ssize_t n = recv(fd, buf, len, 0);

		if (n <= 0)
			return false;
		buf += n;
		len -= n;
	}
	return true;
}

static void answer_each(int fd, size_t size)
{
	char *buf = room(size);

	while (take(fd, buf, size))
		give(fd, buf, size);
}

/* Takes in pieces; answers with a byte when a piece ends with 'e'. */
static void take_all(int fd, size_t size)
{
	char *buf = room(size);

	while (take(fd, buf, size))
		if (buf[size - 1] == 'e')
			give(fd, "k", 1);
}

static int connected(const char *address, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	inet_pton(AF_INET, address, &a.sin_addr);
	must(fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof(a)), address);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* A process that serves one connection and ends. */
static pid_t server(void (*serve)(int fd, size_t size), size_t size, uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0), fd, one = 1;
	pid_t pid;

	must(l >= 0 && !bind(l, (struct sockaddr *)&a, len) && !listen(l, 1) &&
	     !getsockname(l, (struct sockaddr *)&a, &len), "listening");
	*port = ntohs(a.sin_port);
	fflush(stdout);
	pid = fork();
	must(pid >= 0, "fork");
	if (pid) {
		close(l);
		return pid;
	}
	fd = accept(l, NULL, NULL);
	must(fd >= 0, "accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	serve(fd, size);
	_exit(0);
}

static void op_request(void *context)
{
	struct link *k = context;

	give(k->fd, k->buf, k->size);
	must(take(k->fd, k->buf, k->size), "the server closed");
}

static void stream(unsigned long n, void *context)
{
	struct link *k = context;
	char *last = k->buf + k->size - 1, byte;

	*last = 'v';
	while (--n)
		give(k->fd, k->buf, k->size);
	*last = 'e';
	give(k->fd, k->buf, k->size);
	must(take(k->fd, &byte, 1), "the server closed");
}

static void one_size(const char *what, size_t size, bool streaming)
{
	struct link k = { .buf = room(size), .size = size };
	uint16_t port = opt.port;
	char name[64];
	pid_t pid = 0;

	snprintf(name, sizeof(name), "%s %s", what, size_name(size));
	if (!wanted(name))
		return;
	if (!opt.address)
		pid = server(streaming ? take_all : answer_each, size, &port);
	k.fd = connected(opt.address ? opt.address : "127.0.0.1", port);
	if (streaming)
		measure_many(name, size, 1, stream, &k);
	else
		measure(name, 2 * size, 2, op_request, &k);
	close(k.fd);
	if (pid)
		waitpid(pid, NULL, 0);
}

int group_tcprr(int argc, char **argv)
{
	size_t i;

	(void)argc;
	(void)argv;
	for (i = 0; opt.sizes[i]; i++)
		if (opt.sizes[i] <= LARGEST)
			one_size(opt.address ? "TCP to the outside and back" : "TCP request + response",
				 opt.sizes[i], false);
	return 0;
}

int group_tcpstream(int argc, char **argv)
{
	size_t i;

	(void)argc;
	(void)argv;
	for (i = 0; opt.sizes[i]; i++)
		if (opt.sizes[i] <= LARGEST)
			one_size("TCP stream", opt.sizes[i], true);
	return 0;
}

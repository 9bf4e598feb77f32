/* SPDX-License-Identifier: MIT */
/* A client for a web server of this system: GET over kept connections, all of which
 * have one request under way; as ab -k does it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

#define MAX_CONNECTIONS	64

struct client {
	int fd;
	size_t have;			/* of the answer, so far */
	size_t whole;			/* length of the answer; 0: not known yet */
	char buf[64 << 10];
};

struct site {
	int epoll;
	unsigned int connections;
	char request[512];
	size_t length;
	struct client *client;
};

static void ask(const struct site *s, struct client *c)
{
	c->have = c->whole = 0;
	must(send(c->fd, s->request, s->length, MSG_NOSIGNAL) == (ssize_t)s->length, "request");
}

/* True when the answer is complete. Its body is taken over what came before. */
static bool hear(struct client *c)
{
	size_t at = c->whole ? 0 : c->have;
	ssize_t n = recv(c->fd, c->buf + at, sizeof(c->buf) - 1 - at, 0);
	char *end, *length;

	must(n > 0, "answer");
	c->have += n;
	if (!c->whole) {
		c->buf[c->have] = '\0';
		end = strstr(c->buf, "\r\n\r\n");
		if (!end)
			return false;
		must(!strncmp(c->buf, "HTTP/1.1 200", 12), "status of the answer");
		length = strcasestr(c->buf, "\r\nContent-Length:");
		must(length, "length of the answer");
		c->whole = end + 4 - c->buf + strtoul(length + 17, NULL, 10);
	}
	return c->have >= c->whole;
}

static void fetch(unsigned long n, void *context)
{
	struct site *s = context;
	struct epoll_event e[MAX_CONNECTIONS];
	unsigned long asked = 0, heard = 0;
	int i, ready;

	while (asked < s->connections && asked < n)
		ask(s, &s->client[asked++]);
	while (heard < n) {
		ready = epoll_wait(s->epoll, e, MAX_CONNECTIONS, -1);
		for (i = 0; i < ready; i++) {
			if (!hear(e[i].data.ptr))
				continue;
			heard++;
			if (asked < n) {
				ask(s, e[i].data.ptr);
				asked++;
			}
		}
	}
}

static void open_all(struct site *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(opt.port ? opt.port : 80) };
	unsigned int i;

	inet_pton(AF_INET, opt.address ? opt.address : "127.0.0.1", &a.sin_addr);
	s->epoll = epoll_create1(0);
	s->client = calloc(s->connections, sizeof(*s->client));
	must(s->epoll >= 0 && s->client, "epoll");
	for (i = 0; i < s->connections; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = &s->client[i] };
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		must(fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof(a)) &&
		     !epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e), "connection");
		s->client[i].fd = fd;
	}
}

int group_httpget(int argc, char **argv)
{
	struct site s = { .connections = argc > 2 ? strtoul(argv[2], NULL, 10) : 1 };
	char name[128];

	if (argc < 2 || !s.connections || s.connections > MAX_CONNECTIONS) {
		fprintf(stderr, "vosbench: httpget PATH [CONNECTIONS]\n");
		return 2;
	}
	s.length = snprintf(s.request, sizeof(s.request), "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", argv[1]);
	snprintf(name, sizeof(name), "HTTP GET %s, %u connection%s", argv[1], s.connections,
		 s.connections > 1 ? "s" : "");
	open_all(&s);
	measure_many(name, 0, 1, fetch, &s);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Small transactions as pgbench asks a PostgreSQL server for them, without that server: several
 * clients, each with a connection and a process of its own that serves it. A transaction has seven
 * requests. Those in the middle read a page of a table, some of which are written again. The last
 * one writes a page of a log that all share, and synchronises it.
 *
 * As there, the log has its size from the start, so synchronising changes no metadata, and pages
 * of the table are not synchronised. There is no SQL, and no lock but the log's.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define CLIENTS		4
#define REQUESTS	7	/* BEGIN, three UPDATE, SELECT, INSERT, END */
#define PAGE		8192
#define PAGES		512	/* of the table, and of the log */
#define WRITTEN_EVERY	20	/* page that is read: is written again */
#define ASKED		96	/* bytes */
#define ANSWERED	48

struct shared {
	pthread_mutex_t lock;
	unsigned int log_page;
};

struct server {
	struct shared *shared;
	int table, log;
	char *page;
	unsigned int seed, reads;
};

struct client {
	int fd;
	char ask[ASKED];
};

static int file_of(const char *name)
{
	char path[256];
	int fd, i;
	char *page = room(PAGE);

	snprintf(path, sizeof(path), "%s/%s", opt.dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	must(fd >= 0, path);
	for (i = 0; i < PAGES; i++)
		must(pwrite(fd, page, PAGE, (off_t)i * PAGE) == PAGE, path);
	must(!fsync(fd), path);
	return fd;
}

static struct shared *share(void)
{
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t a;

	must(s != MAP_FAILED, "mmap");
	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->lock, &a);
	return s;
}

static void statement(struct server *s)
{
	off_t at = (off_t)(rand_r(&s->seed) % PAGES) * PAGE;

	must(pread(s->table, s->page, PAGE, at) == PAGE, "the table");
	if (!(++s->reads % WRITTEN_EVERY))
		must(pwrite(s->table, s->page, PAGE, at) == PAGE, "the table");
}

static void commit(struct server *s)
{
	pthread_mutex_lock(&s->shared->lock);
	must(pwrite(s->log, s->page, PAGE, (off_t)(s->shared->log_page++ % PAGES) * PAGE) == PAGE, "the log");
	must(!fdatasync(s->log), "the log");
	pthread_mutex_unlock(&s->shared->lock);
}

static void serve(struct server *s, int fd)
{
	char buf[ASKED];
	unsigned int i;

	for (i = 0; recv(fd, buf, ASKED, MSG_WAITALL) == ASKED; i++) {
		if (i % REQUESTS == REQUESTS - 1)
			commit(s);
		else if (i % REQUESTS)
			statement(s);
		must(send(fd, buf, ANSWERED, MSG_NOSIGNAL) == ANSWERED, "answering");
	}
	_exit(0);
}

static void transaction(void *context)
{
	struct client *c = context;
	char buf[ANSWERED];
	int i;

	for (i = 0; i < REQUESTS; i++) {
		must(send(c->fd, c->ask, ASKED, MSG_NOSIGNAL) == ASKED, "asking");
		must(recv(c->fd, buf, ANSWERED, MSG_WAITALL) == ANSWERED, "an answer");
	}
}

/* A process that dies with its parent. */
static pid_t child(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	must(pid >= 0, "fork");
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void without_delay(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* Connect, with a process that serves the connection. */
static void connect_client(struct server *s, struct client *c)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0), fd;

	must(l >= 0 && !bind(l, (struct sockaddr *)&a, len) && !listen(l, 1) &&
	     !getsockname(l, (struct sockaddr *)&a, &len), "listening");
	s->seed++;
	if (!child()) {
		fd = accept(l, NULL, NULL);
		must(fd >= 0, "accept");
		close(l);
		without_delay(fd);
		serve(s, fd);
	}
	close(l);
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	must(c->fd >= 0 && !connect(c->fd, (struct sockaddr *)&a, sizeof(a)), "connecting");
	without_delay(c->fd);
}

/* The other clients go on until this one has been measured. */
int group_transact(int argc, char **argv)
{
	struct server s = { .shared = share(), .page = room(PAGE) };
	struct client c = { 0 };
	pid_t others[CLIENTS - 1];
	int i;

	(void)argc;
	(void)argv;
	s.table = file_of("transact.table");
	s.log = file_of("transact.log");
	for (i = 0; i < CLIENTS - 1; i++) {
		s.seed = 100 * i;
		others[i] = child();
		if (!others[i]) {
			connect_client(&s, &c);
			for (;;)
				transaction(&c);
		}
	}
	s.seed = 100 * i;
	connect_client(&s, &c);
	measure("transaction", 0, 2 * REQUESTS, transaction, &c);
	for (i = 0; i < CLIENTS - 1; i++)
		kill(others[i], SIGKILL);
	for (i = 0; i < CLIENTS - 1; i++)
		waitpid(others[i], NULL, 0);
	close(c.fd);
	return 0;
}

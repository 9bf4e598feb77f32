/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtuos-agent: runs commands for a host, by the vexec protocol. Each device or vchan session
 * has a handler process, so that one that is stuck holds up no other. This process only watches
 * over them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session.h"
#include "stream.h"
#ifdef WITH_VCHAN
#include "agent_vchan.h"
#endif

#define MAX_HANDLERS	32
#define RETRY_US	300000

struct handler {
	const char *device;	/* NULL = the vchan rendezvous */
	pid_t pid;
};

static struct handler handlers[MAX_HANDLERS];
static int n_handlers;

static const char usage[] =
"Usage: virtuos-agent [--vchan] [--device PATH]...\n"
"Run commands for the host, by the vexec protocol.\n"
"\n"
"  --vchan        serve `virtuos exec` of dom0 (in a Xen guest)\n"
"  --device PATH  serve a character device, e.g. a virtio-serial port;\n"
"                 may be given several times, one command at a time on each\n"
"  --help         this text\n";

static void __attribute__((noreturn)) serve_device(const char *path)
{
	struct vx_stream *st;
	bool told = false;

	vx_session_block_signals();
	for (;;) {
		st = vx_stream_device(path);
		if (st) {
			vx_session_run(st, false);
			st->ops->close(st);
			_exit(0);
		}
		if (!told)
			fprintf(stderr, "virtuos-agent: %s: %s, waiting for it\n",
				path, strerror(errno));
		told = true;
		usleep(RETRY_US);
	}
}

static void __attribute__((noreturn)) serve_vchan(void)
{
#ifdef WITH_VCHAN
	_exit(vx_agent_vchan());
#else
	fprintf(stderr, "virtuos-agent: built without --vchan\n");
	_exit(2);
#endif
}

static int start_handler(struct handler *h)
{
	pid_t parent = getpid();

	h->pid = fork();
	if (h->pid < 0) {
		perror("virtuos-agent: fork");
		return -1;
	}
	if (h->pid)
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
	if (h->device)
		serve_device(h->device);
	serve_vchan();
}

static void add_handler(const char *device)
{
	if (n_handlers == MAX_HANDLERS) {
		fprintf(stderr, "virtuos-agent: more than %d devices\n",
			MAX_HANDLERS);
		exit(2);
	}
	handlers[n_handlers++].device = device;
}

static void parse_args(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--vchan")) {
			add_handler(NULL);
		} else if (!strcmp(argv[i], "--device") && i + 1 < argc) {
			add_handler(argv[++i]);
		} else if (!strcmp(argv[i], "--help")) {
			fputs(usage, stdout);
			exit(0);
		} else {
			fprintf(stderr, "virtuos-agent: bad argument %s\n%s", argv[i],
				usage);
			exit(2);
		}
	}
	if (!n_handlers) {
		fputs(usage, stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	pid_t pid;
	int i;

	parse_args(argc, argv);
	for (i = 0; i < n_handlers; i++)
		if (start_handler(&handlers[i]))
			return 1;
	for (;;) {
		pid = wait(NULL);
		if (pid < 0 && errno != EINTR)
			return 1;
		for (i = 0; i < n_handlers; i++) {
			if (pid != handlers[i].pid)
				continue;
			usleep(RETRY_US);	/* no storm of failing handlers */
			if (start_handler(&handlers[i]))
				return 1;
		}
	}
}

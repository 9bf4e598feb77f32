/* SPDX-License-Identifier: GPL-2.0-only */
/* A command that is watched: see child.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

static volatile sig_atomic_t command_pid;

static void __attribute__((noreturn)) become(int go, int failed, char **argv)
{
	char c;
	int e;

	if (read(go, &c, 1) == 1) {
		execvp(argv[0], argv);
		e = errno;
		if (write(failed, &e, sizeof(e)) != sizeof(e))
			_exit(126);
	}
	_exit(126);
}

int vp_child_make(struct vp_child *c, char **argv)
{
	int go[2], failed[2];

	if (pipe2(go, O_CLOEXEC) || pipe2(failed, O_CLOEXEC))
		return -1;
	c->pid = fork();
	if (!c->pid) {
		close(go[1]);
		close(failed[0]);
		become(go[0], failed[1], argv);
	}
	/* A pipe's reader may go, and the command may be killed before it begins. */
	signal(SIGPIPE, SIG_IGN);
	close(go[0]);
	close(failed[1]);
	c->go = go[1];
	c->failed = failed[0];
	return c->pid < 0 ? -1 : 0;
}

int vp_child_go(struct vp_child *c)
{
	int e;

	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (write(c->go, "", 1) != 1 || read(c->failed, &e, sizeof(e)) != sizeof(e))
		return 0;
	vp_child_status(c, 0);
	return e;
}

static void pass_on(int sig)
{
	if (command_pid > 0)
		kill((pid_t)command_pid, sig);
}

void vp_child_pass_signals(const struct vp_child *c)
{
	struct sigaction pass = { .sa_handler = pass_on, .sa_flags = SA_RESTART };

	command_pid = c->pid;
	sigaction(SIGTERM, &pass, NULL);
	sigaction(SIGHUP, &pass, NULL);
}

int vp_child_status(const struct vp_child *c, int options)
{
	int status;
	pid_t r;

	do
		r = waitpid(c->pid, &status, options);
	while (r < 0 && errno == EINTR);
	if (r <= 0)
		return VP_CHILD_RUNS;
	command_pid = 0;	/* the number may be another process's now */
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void vp_child_drop(struct vp_child *c)
{
	close(c->go);
	vp_child_status(c, 0);
}

int vp_child_explain(char **argv, int error)
{
	fprintf(stderr, "virtuos-perf: %s: %s\n", argv[0], strerror(error));
	return error == ENOENT ? 127 : 126;
}

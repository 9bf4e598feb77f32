/* SPDX-License-Identifier: GPL-2.0-only */
/* Start one command for the agent: see child.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "child.h"

extern char **environ;

/* putenv() keeps these strings, and may want to write to them. */
static char base_env[][72] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/sh", "LANG=C.UTF-8",
};
static char pty_env[] = "TERM=linux";

/* The child's three descriptors, before they become 0, 1 and 2. */
struct child_fds {
	int in, out, err;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int set_nonblock(int fd)
{
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static int open_pipes(struct vx_child *c, struct child_fds *f)
{
	int in[2], out[2], err[2];

	if (pipe2(in, O_CLOEXEC))
		return -1;
	c->in = in[1];
	f->in = in[0];
	if (pipe2(out, O_CLOEXEC))
		return -1;
	c->out = out[0];
	f->out = out[1];
	if (pipe2(err, O_CLOEXEC))
		return -1;
	c->err = err[0];
	f->err = err[1];
	if (set_nonblock(c->in) || set_nonblock(c->out) || set_nonblock(c->err))
		return -1;
	return 0;
}

static int open_pty(struct vx_child *c, struct child_fds *f)
{
	char name[64];

	c->out = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (c->out < 0 || grantpt(c->out) || unlockpt(c->out) ||
	    ptsname_r(c->out, name, sizeof(name)))
		return -1;
	f->out = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (f->out < 0)
		return -1;
	c->in = fcntl(c->out, F_DUPFD_CLOEXEC, 0);
	f->in = fcntl(f->out, F_DUPFD_CLOEXEC, 0);
	f->err = fcntl(f->out, F_DUPFD_CLOEXEC, 0);
	if (c->in < 0 || f->in < 0 || f->err < 0)
		return -1;
	return set_nonblock(c->out);
}

static void set_environment(const struct vx_start *s)
{
	char **e;
	size_t i;

	clearenv();
	for (i = 0; i < sizeof(base_env) / sizeof(base_env[0]); i++)
		putenv(base_env[i]);
	if (s->pty)
		putenv(pty_env);
	for (e = s->envp; *e; e++)
		putenv(*e);
}

static void reset_signals(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Move the three out of the way of 0..2 first, so that none is overwritten. */
static int place_fds(const struct child_fds *f)
{
	int in = fcntl(f->in, F_DUPFD, 3);
	int out = fcntl(f->out, F_DUPFD, 3);
	int err = fcntl(f->err, F_DUPFD, 3);

	if (in < 0 || out < 0 || err < 0)
		return -1;
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		return -1;
	return close_range(3, ~0U, 0);
}

static void __attribute__((noreturn))
run_child(const struct vx_start *s, const struct child_fds *f)
{
	int code;

	setsid();
	reset_signals();
	if (place_fds(f))
		_exit(126);
	if (s->pty)
		ioctl(0, TIOCSCTTY, 0);
	set_environment(s);
	if (chdir(*s->cwd ? s->cwd : "/")) {
		dprintf(2, "virtuos-agent: cannot enter %s: %s\n", s->cwd,
			strerror(errno));
		_exit(126);
	}
	execvp(s->argv[0], s->argv);
	code = errno == ENOENT ? 127 : 126;
	dprintf(2, "virtuos-agent: %s: %s\n", s->argv[0], strerror(errno));
	_exit(code);
}

int vx_child_start(const struct vx_start *s, struct vx_child *c)
{
	struct child_fds f = { -1, -1, -1 };
	int saved;

	c->pid = -1;
	c->in = c->out = c->err = -1;
	c->pty = s->pty;
	if (s->pty ? open_pty(c, &f) : open_pipes(c, &f))
		goto out;
	c->pid = fork();
	if (!c->pid)
		run_child(s, &f);
out:
	saved = errno;
	close_fd(&f.in);
	close_fd(&f.out);
	close_fd(&f.err);
	if (c->pid < 0)
		vx_child_close(c);
	errno = saved;
	return c->pid < 0 ? -1 : 0;
}

void vx_child_close_in(struct vx_child *c)
{
	close_fd(&c->in);
}

void vx_child_close(struct vx_child *c)
{
	close_fd(&c->in);
	close_fd(&c->out);
	close_fd(&c->err);
}

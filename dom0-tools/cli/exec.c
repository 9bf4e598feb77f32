/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtuos exec: run a command in the primary, by its agent, over libxenvchan.
 * The rendezvous is described in ../exec/README.md. Other commands run theirs by exec_in() and
 * exec_open().
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/rendezvous.h"
#include "exec.h"
#include "cli.h"

#define AGENT_WAIT_MS	20000
#define CLOSE_TRIES	100		/* so often is a child that was told to end waited for, */
#define CLOSE_WAIT_MS	20		/* and so long each time */

struct session {
	struct xs_handle *xs;
	uint32_t domid;
	int64_t until;			/* vd_now_ms(); 0: no limit */
	char node[VD_PATH_MAX];		/* .../data/virtuos/exec/<name> */
};

static bool is_late(const struct session *s)
{
	return s->until && vd_now_ms() >= s->until;
}

/* Take what xenstore reports. Return: true if the primary is still there. */
static bool is_there(struct session *s)
{
	char **event;

	while ((event = xs_check_watch(s->xs)))
		free(event);
	return xs_is_domain_introduced(s->xs, s->domid);
}

/* xenstore reports a change, or time is up. Return: true if the client is to go on. */
static bool go_on(void *arg)
{
	struct session *s = arg;

	return is_there(s) && !is_late(s);
}

/*
 * What is readable when xenstore reports a change, or time is up. Without a limit that is
 * xenstore's own descriptor. Return: the descriptor, or -1.
 */
static int make_watch_fd(const struct session *s)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct itimerspec at = { 0 };
	int64_t left;
	int fd, timer;

	if (!s->until)
		return xs_fileno(s->xs);
	left = s->until - vd_now_ms();
	left = left > 0 ? left : 1;
	at.it_value = (struct timespec){ .tv_sec = left / 1000,
					 .tv_nsec = left % 1000 * 1000000 };
	fd = epoll_create1(EPOLL_CLOEXEC);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (fd < 0 || timer < 0 || timerfd_settime(timer, 0, &at, NULL) ||
	    epoll_ctl(fd, EPOLL_CTL_ADD, timer, &e) ||
	    epoll_ctl(fd, EPOLL_CTL_ADD, xs_fileno(s->xs), &e))
		return -1;
	return fd;
}

static void random_name(char name[VX_NAME_MAX + 1])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint8_t b[VX_NAME_MAX];
	int i;

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		exit(1);
	for (i = 0; i < VX_NAME_MAX; i++)
		name[i] = digits[b[i] % 36];
	name[VX_NAME_MAX] = 0;
}

static int make_request(struct session *s)
{
	struct xs_permissions perms = { .id = s->domid, .perms = XS_PERM_NONE };
	char name[VX_NAME_MAX + 1], *there;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		random_name(name);
		snprintf(s->node, sizeof(s->node), "/local/domain/%u/%s/%s", s->domid,
			 VX_EXEC_DIR, name);
		there = xs_read(s->xs, XBT_NULL, s->node, NULL);
		if (!there)
			break;
		free(there);
	}
	if (xs_mkdir(s->xs, XBT_NULL, s->node) &&
	    xs_set_permissions(s->xs, XBT_NULL, s->node, &perms, 1) &&
	    !vd_xs_write(s->xs, XBT_NULL, s->node, "request", "1"))
		return 0;
	vd_log("cannot write %s: %s", s->node, strerror(errno));
	return -1;
}

static bool offered(struct session *s)
{
	return vd_xs_read_long(s->xs, -1, "%s/vchan/event-channel", s->node) > 0;
}

static int wait_offer(struct session *s)
{
	struct pollfd p = { .fd = xs_fileno(s->xs), .events = POLLIN };
	int64_t until = s->until ? s->until : vd_now_ms() + AGENT_WAIT_MS, left;

	if (!xs_watch(s->xs, "@releaseDomain", "death") ||
	    !xs_watch(s->xs, s->node, "offer"))
		return -1;
	for (;;) {
		if (!is_there(s)) {
			vd_log("the primary died");
			return -1;
		}
		if (offered(s))
			return 0;
		left = until - vd_now_ms();
		if (left <= 0) {
			vd_log("the agent in the primary does not answer (virtuos console shows its state)");
			return -1;
		}
		poll(&p, 1, (int)left);
	}
}

static int run_session(struct session *s, struct vx_command *cmd)
{
	char path[VD_PATH_MAX];
	struct vx_stream *st;
	int r;

	if (make_request(s) || wait_offer(s))
		return EXIT_TRANSPORT;
	xs_unwatch(s->xs, s->node, "offer");
	snprintf(path, sizeof(path), "%.200s/vchan", s->node);
	st = vx_stream_vchan_client(s->domid, path);
	if (!st) {
		vd_log("cannot connect to the agent in the primary: %s (virtuos check)",
		       strerror(errno));
		return EXIT_TRANSPORT;
	}
	cmd->watch_fd = make_watch_fd(s);
	cmd->alive = go_on;
	cmd->arg = s;
	r = vx_client_run(st, cmd);
	st->ops->close(st);
	if (r != VX_LOST)
		return r;
	vd_log("%s", is_late(s) ? "the primary did not answer in time" :
	       "the connection to the primary was lost; the command's end is not known");
	return EXIT_TRANSPORT;
}

int exec_in(const char *name, struct vx_command *cmd, int64_t limit_ms)
{
	char system[VD_NAME_MAX + 1];
	struct session s = { 0 };
	struct vd_status st;
	int r = EXIT_TRANSPORT;

	s.xs = open_xenstore();
	if (!s.xs)
		return r;
	if (find_system(s.xs, name, system) ||
	    vd_status_load(s.xs, system, system, &st))
		goto out;
	if (st.domid == VD_NO_DOMID || strcmp(st.state, "running")) {
		vd_log("%s: is %s", system, st.state);
		goto out;
	}
	s.domid = st.domid;
	s.until = limit_ms ? vd_now_ms() + limit_ms : 0;
	r = run_session(&s, cmd);
	if (*s.node)
		xs_rm(s.xs, XBT_NULL, s.node);
out:
	xs_close(s.xs);
	return r;
}

/* In the child of exec_open(): become what carries the command's output to @out. */
static void __attribute__((noreturn))
carry(const char *name, const char *const *words, int64_t limit_ms, int out)
{
	char *argv[EXEC_WORDS + 1] = { NULL };
	struct vx_command cmd = { .argv = argv };
	int i;

	for (i = 0; i < EXEC_WORDS && words[i]; i++)
		argv[i] = strdup(words[i]);
	if (dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(EXIT_TRANSPORT);
	close(out);
	_exit(exec_in(name, &cmd, limit_ms));
}

int exec_open(const char *name, const char *const *words, int64_t limit_ms, struct exec_pipe *p)
{
	int fd[2];

	if (pipe(fd)) {
		vd_log("%s", strerror(errno));
		return -1;
	}
	p->fd = fd[0];
	p->pid = fork();
	if (!p->pid) {
		close(fd[0]);
		carry(name, words, limit_ms, fd[1]);
	}
	close(fd[1]);
	if (p->pid > 0)
		return 0;
	vd_log("%s", strerror(errno));
	close(p->fd);
	return -1;
}

void exec_close(struct exec_pipe *p)
{
	int i;

	close(p->fd);
	kill(p->pid, SIGTERM);		/* goes on to the command */
	for (i = 0; i < CLOSE_TRIES; i++) {
		if (waitpid(p->pid, NULL, WNOHANG))
			return;
		poll(NULL, 0, CLOSE_WAIT_MS);
	}
	kill(p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
}

int cmd_exec(int argc, char **argv)
{
	struct vx_command cmd = { .watch_fd = -1 };
	const char *name = "";
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "-i"))
			cmd.input = true;
		else if (!strcmp(argv[i], "-t"))
			cmd.pty = true;
		else if (!strcmp(argv[i], "-it") || !strcmp(argv[i], "-ti"))
			cmd.input = cmd.pty = true;
		else if (*argv[i] != '-' && !*name)
			name = argv[i];
		else
			return BAD_USAGE;
	}
	if (i + 1 >= argc)
		return BAD_USAGE;
	cmd.argv = argv + i + 1;
	return exec_in(name, &cmd, 0);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Serve one vexec stream: see session.h.
 *
 * One loop: move what can be moved, then poll() for all that could change. Over a vchan, a
 * malformed frame ends the stream.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "session.h"
#include "session_priv.h"

/*
 * Take frames from the peer. False: the stream is gone. When the parser is lost in a broken
 * stream, no frame boundary can be trusted. Then what came is dropped, and the next bytes count
 * as the start of a frame.
 */
static bool pump_in(struct vx_session *s)
{
	struct vx_frame f;
	uint8_t *where;
	size_t room;
	ssize_t n;
	int r;

	for (;;) {
		while ((r = vx_parser_next(&s->in, &f)) > 0)
			vx_session_take(s, &f);
		if (r < 0) {
			if (!s->broken)
				vx_session_violation(s, "malformed frame");
			if (s->once)
				return false;
			vx_parser_reset(&s->in);
		}
		room = vx_parser_room(&s->in, &where);
		n = s->st->ops->read(s->st, where, room);
		if (n <= 0)
			break;
		vx_parser_fill(&s->in, (size_t)n);
	}
	/* Half a frame of a peer that hung up must not take bytes of the next one's. */
	if (s->st->ops->hung_up && s->st->ops->hung_up(s->st))
		vx_parser_reset(&s->in);
	return n == 0;
}

/* One step. False: the stream is gone or the session is over. */
static bool step(struct vx_session *s)
{
	const uint8_t *data;

	if (!pump_in(s))
		return false;
	vx_command_pump(s);
	if (!vx_session_flush(s))
		return false;
	return !s->finished || vx_out_pending(&s->out, &data);
}

static void add_fd(struct pollfd *p, int *n, int fd, short events)
{
	if (fd < 0)
		return;
	p[*n].fd = fd;
	p[*n].events = events;
	p[*n].revents = 0;
	(*n)++;
}

static void wait_for_change(struct vx_session *s, int sigfd)
{
	struct signalfd_siginfo info;
	struct pollfd p[6];
	const uint8_t *data;
	int n = 0, timeout;

	add_fd(p, &n, sigfd, POLLIN);
	p[n].revents = 0;
	timeout = s->st->ops->poll(s->st, vx_out_pending(&s->out, &data) > 0, &p[n]);
	n++;
	if (s->running && vx_command_may_write(s)) {
		add_fd(p, &n, s->child.out, POLLIN);
		add_fd(p, &n, s->child.err, POLLIN);
	}
	if (s->running && (s->stdin_len || s->stdin_eof))
		add_fd(p, &n, s->child.in, POLLOUT);
	if (s->running && s->exited && (timeout < 0 || timeout > VX_LINGER_MS / 4))
		timeout = VX_LINGER_MS / 4;
	if (poll(p, (nfds_t)n, timeout) <= 0)
		return;
	while (read(sigfd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGTERM)
			s->quit = true;
	s->st->ops->woken(s->st, p[1].revents);
	vx_command_reap(s);
}

static void session_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGIO);
	sigaddset(set, SIGTERM);
}

void vx_session_block_signals(void)
{
	sigset_t set;

	session_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void vx_session_run(struct vx_stream *st, bool once)
{
	struct vx_session s = { .st = st, .once = once };
	sigset_t set;
	int sigfd;

	s.child.pid = -1;
	s.child.in = s.child.out = s.child.err = -1;
	session_signals(&set);
	sigfd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	s.stdin_buf = malloc(VX_WINDOW);
	vx_out_init(&s.out);
	if (sigfd < 0 || !s.stdin_buf || vx_parser_init(&s.in))
		vx_session_no_memory();
	while (!s.quit && step(&s))
		wait_for_change(&s, sigfd);
	vx_command_abandon(&s);
	vx_out_free(&s.out);
	vx_parser_free(&s.in);
	free(s.stdin_buf);
	close(sigfd);
}

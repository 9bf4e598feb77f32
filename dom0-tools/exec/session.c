/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Serve one vexec stream: see session.h.
 *
 * One loop: move what can be moved, then poll() for all that could change. The peer is not
 * trusted with memory. The window bounds STDIN, the window of unacknowledged bytes bounds
 * output. A peer that breaks the protocol gets an ERROR. After that the session takes nothing
 * but RESET; over a vchan it closes the stream.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "session.h"

#define OUT_CHUNK	32768u
#define OUT_BACKLOG	65536u	/* bytes queued to the peer before we stop reading */
#define LINGER_MS	200	/* wait so long for output of what outlives the command */
#define HUP_GRACE_MS	2000	/* from SIGHUP to SIGKILL when the peer went away */
#define KILL_WAIT_MS	5000	/* a killed process may be stuck in the kernel */

struct vx_session {
	struct vx_stream *st;
	struct vx_parser in;
	struct vx_out out;
	struct vx_child child;
	bool running;		/* between START and EXIT */
	bool exited;		/* the command was reaped, EXIT not yet sent */
	bool broken;		/* protocol violation: takes only RESET */
	bool once;
	bool finished;		/* @once, and EXIT queued */
	bool quit;		/* SIGTERM */
	uint32_t status;
	uint32_t unacked;	/* STDOUT and STDERR bytes */
	int64_t exit_time;
	uint8_t *stdin_buf;	/* ring of VX_WINDOW bytes */
	uint32_t stdin_head, stdin_len;
	bool stdin_eof;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void out_of_memory(void)
{
	fprintf(stderr, "virtuos-agent: out of memory\n");
	exit(1);
}

static void send_frame(struct vx_session *s, enum vx_type type, const void *data,
		       size_t len)
{
	if (vx_out_frame(&s->out, type, data, len))
		out_of_memory();
}

static void send_u32(struct vx_session *s, enum vx_type type, uint32_t v)
{
	if (vx_out_u32(&s->out, type, v))
		out_of_memory();
}

static void send_text(struct vx_session *s, const char *text)
{
	send_frame(s, VX_ERROR, text, strlen(text));
}

/* Take the command's status if it ended; reaps whatever else is ours, too. */
static void reap(struct vx_session *s)
{
	int w;
	pid_t pid;

	while ((pid = waitpid(-1, &w, WNOHANG)) > 0) {
		if (!s->running || pid != s->child.pid)
			continue;
		s->status = WIFSIGNALED(w) ? 128u + (uint32_t)WTERMSIG(w) :
					     (uint32_t)WEXITSTATUS(w);
		s->exited = true;
		s->exit_time = now_ms();
		s->child.pid = -1;
	}
}

static void signal_group(struct vx_session *s, int sig)
{
	if (s->running && s->child.pid > 0)
		kill(-s->child.pid, sig);
}

/* Wait for the command's end after a signal; true if it ended in time. */
static bool wait_end(struct vx_session *s, int ms)
{
	const struct timespec tick = { .tv_nsec = 5000000 };
	int64_t until = now_ms() + ms;

	for (;;) {
		reap(s);
		if (s->child.pid <= 0)
			return true;
		if (now_ms() >= until)
			return false;
		nanosleep(&tick, NULL);
	}
}

/* Forget the session, whatever state it is in. The stream itself lives on. */
static void end_session(struct vx_session *s)
{
	vx_child_close(&s->child);
	s->child.pid = -1;
	s->running = false;
	s->exited = false;
	s->unacked = 0;
	s->stdin_head = 0;
	s->stdin_len = 0;
	s->stdin_eof = false;
}

static void kill_session(struct vx_session *s)
{
	if (!s->running)
		return;
	signal_group(s, SIGKILL);
	if (!wait_end(s, KILL_WAIT_MS))
		fprintf(stderr, "virtuos-agent: process %d does not die\n",
			(int)s->child.pid);
	end_session(s);
}

static void violation(struct vx_session *s, const char *text)
{
	send_text(s, text);
	kill_session(s);
	s->broken = true;
	vx_parser_reset(&s->in);
}

static void do_start(struct vx_session *s, const struct vx_frame *f)
{
	struct vx_start start;
	const char *why;
	char text[256];

	if (s->running) {
		violation(s, "START while a command runs");
		return;
	}
	if (vx_start_parse(f->payload, f->len, &start, &why)) {
		send_text(s, why);
		send_u32(s, VX_EXIT, 126);
		s->finished = s->once;
		return;
	}
	if (vx_child_start(&start, &s->child)) {
		snprintf(text, sizeof(text), "cannot start a process: %s",
			 strerror(errno));
		send_text(s, text);
		send_u32(s, VX_EXIT, 126);
		s->finished = s->once;
	} else {
		s->running = true;
	}
	vx_start_free(&start);
}

static void do_stdin(struct vx_session *s, const struct vx_frame *f)
{
	uint32_t tail, first;

	if (!s->running)
		return;		/* it crossed our EXIT */
	if (f->len > VX_WINDOW - s->stdin_len || s->stdin_eof) {
		violation(s, s->stdin_eof ? "STDIN after STDIN_EOF" :
					    "STDIN beyond the window");
		return;
	}
	tail = (s->stdin_head + s->stdin_len) % VX_WINDOW;
	first = VX_WINDOW - tail < f->len ? VX_WINDOW - tail : f->len;
	memcpy(s->stdin_buf + tail, f->payload, first);
	memcpy(s->stdin_buf, f->payload + first, f->len - first);
	s->stdin_len += f->len;
}

static void do_winsize(struct vx_session *s, const struct vx_frame *f)
{
	struct winsize w = { 0 };

	if (f->len != 4 || !s->running || !s->child.pty || s->child.out < 0)
		return;
	w.ws_row = vx_get16(f->payload);
	w.ws_col = vx_get16(f->payload + 2);
	ioctl(s->child.out, TIOCSWINSZ, &w);
}

static void do_signal(struct vx_session *s, const struct vx_frame *f)
{
	uint32_t sig = f->len == 4 ? vx_get32(f->payload) : 0;

	if (sig >= 1 && sig < NSIG)
		signal_group(s, (int)sig);
}

static void do_ack(struct vx_session *s, const struct vx_frame *f)
{
	uint32_t n = f->len == 4 ? vx_get32(f->payload) : 0;

	if (s->running)
		s->unacked -= n < s->unacked ? n : s->unacked;
}

static void do_reset(struct vx_session *s, const struct vx_frame *f)
{
	kill_session(s);
	s->broken = false;
	send_frame(s, VX_RESET_DONE, f->payload, f->len);
}

static void handle(struct vx_session *s, const struct vx_frame *f)
{
	if (s->broken && f->type != VX_RESET)
		return;
	switch (f->type) {
	case VX_START:
		do_start(s, f);
		break;
	case VX_STDIN:
		do_stdin(s, f);
		break;
	case VX_STDIN_EOF:
		s->stdin_eof = s->running;
		break;
	case VX_SIGNAL:
		do_signal(s, f);
		break;
	case VX_WINSIZE:
		do_winsize(s, f);
		break;
	case VX_ACK:
		do_ack(s, f);
		break;
	case VX_RESET:
		do_reset(s, f);
		break;
	default:
		violation(s, "a frame only the server may send");
	}
}

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
			handle(s, &f);
		if (r < 0) {
			if (!s->broken)
				violation(s, "malformed frame");
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

static bool pump_out(struct vx_session *s)
{
	const uint8_t *data;
	size_t len;
	ssize_t n;

	while ((len = vx_out_pending(&s->out, &data))) {
		n = s->st->ops->write(s->st, data, len);
		if (n <= 0)
			return n == 0;
		vx_out_sent(&s->out, (size_t)n);
	}
	return true;
}

/* The command took the end of its input: a pipe closes, a terminal gets a ^D. */
static void finish_stdin(struct vx_session *s)
{
	static const char ctrl_d = 4;

	if (s->child.in < 0)
		return;
	if (s->child.pty && write(s->child.in, &ctrl_d, 1) < 0 && errno == EAGAIN)
		return;
	vx_child_close_in(&s->child);
}

static void pump_stdin(struct vx_session *s)
{
	uint32_t chunk, done = 0;
	ssize_t n;

	while (s->stdin_len) {
		chunk = VX_WINDOW - s->stdin_head;
		if (chunk > s->stdin_len)
			chunk = s->stdin_len;
		n = chunk;
		if (s->child.in >= 0)
			n = write(s->child.in, s->stdin_buf + s->stdin_head, chunk);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0) {	/* no process reads it: drop the rest */
			vx_child_close_in(&s->child);
			n = chunk;
		}
		s->stdin_head = (s->stdin_head + (uint32_t)n) % VX_WINDOW;
		s->stdin_len -= (uint32_t)n;
		done += (uint32_t)n;
	}
	if (done)
		send_u32(s, VX_ACK, done);
	if (s->stdin_eof && !s->stdin_len)
		finish_stdin(s);
}

static bool may_send_output(const struct vx_session *s)
{
	return s->unacked < VX_WINDOW && s->out.tail - s->out.head < OUT_BACKLOG;
}

/* Move one descriptor's output; true if it may hold more right now. */
static bool pump_output(struct vx_session *s, int *fd, enum vx_type type)
{
	static uint8_t buf[OUT_CHUNK];
	size_t want = sizeof(buf);
	ssize_t n;

	if (*fd < 0 || !may_send_output(s))
		return false;
	if (want > VX_WINDOW - s->unacked)
		want = VX_WINDOW - s->unacked;
	n = read(*fd, buf, want);
	if (n > 0) {
		send_frame(s, type, buf, (size_t)n);
		s->unacked += (uint32_t)n;
		if (s->exited)
			s->exit_time = now_ms();
		return true;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	close(*fd);		/* end of file, or EIO of a terminal */
	*fd = -1;
	return false;
}

/*
 * Send EXIT when the command was reaped, and its output is at its end or silent for a while. A
 * daemon that the command left behind may keep the pipe open for ever.
 */
static void maybe_exit(struct vx_session *s)
{
	bool open = s->child.out >= 0 || s->child.err >= 0;

	if (!s->running || !s->exited)
		return;
	if (open && (!may_send_output(s) || now_ms() - s->exit_time < LINGER_MS))
		return;
	end_session(s);
	send_u32(s, VX_EXIT, s->status);
	s->finished = s->once;
}

static void pump_child(struct vx_session *s)
{
	bool more;

	if (!s->running)
		return;
	pump_stdin(s);
	do {
		more = pump_output(s, &s->child.out, VX_STDOUT);
		more |= pump_output(s, &s->child.err, VX_STDERR);
	} while (more);
	maybe_exit(s);
}

/* One step. False: the stream is gone or the session is over. */
static bool step(struct vx_session *s)
{
	const uint8_t *data;

	if (!pump_in(s))
		return false;
	pump_child(s);
	if (!pump_out(s))
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
	if (s->running && may_send_output(s)) {
		add_fd(p, &n, s->child.out, POLLIN);
		add_fd(p, &n, s->child.err, POLLIN);
	}
	if (s->running && (s->stdin_len || s->stdin_eof))
		add_fd(p, &n, s->child.in, POLLOUT);
	if (s->running && s->exited && (timeout < 0 || timeout > LINGER_MS / 4))
		timeout = LINGER_MS / 4;
	if (poll(p, (nfds_t)n, timeout) <= 0)
		return;
	while (read(sigfd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGTERM)
			s->quit = true;
	s->st->ops->woken(s->st, p[1].revents);
	reap(s);
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

/* The peer is gone: send SIGHUP, then SIGKILL. */
static void abandon(struct vx_session *s)
{
	if (!s->running)
		return;
	signal_group(s, SIGHUP);
	signal_group(s, SIGCONT);
	vx_child_close(&s->child);
	if (wait_end(s, HUP_GRACE_MS))
		end_session(s);
	else
		kill_session(s);
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
		out_of_memory();
	while (!s.quit && step(&s))
		wait_for_change(&s, sigfd);
	abandon(&s);
	vx_out_free(&s.out);
	vx_parser_free(&s.in);
	free(s.stdin_buf);
	close(sigfd);
}

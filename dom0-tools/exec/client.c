/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Run one command at the other end of a stream: see client.h.
 *
 * The client does not trust the agent. The parser bounds its frames. Its data is copied to our
 * descriptors as it is, as ssh does; its messages are made printable. The agent cannot make us
 * keep memory for it, nor keep us from the user's signals.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "../common/printable.h"
#include "client.h"
#include "vexec.h"

#define IN_CHUNK	32768u
#define ACK_DUE_MAX	(2u * VX_WINDOW)	/* an agent that sends more does not wait for ACKs */
#define TURN_BYTES	(1024u * 1024u)		/* then signals get their turn */
#define ERROR_MAX	400u			/* bytes of the agent's message */

struct vx_client {
	struct vx_stream *st;
	const struct vx_command *cmd;
	struct vx_parser in;
	struct vx_out out;
	uint32_t unacked;	/* STDIN bytes */
	uint32_t ack_due;	/* output bytes not yet acknowledged */
	bool more;		/* there may be more to read */
	bool stdin_open;
	bool write_closed;	/* the peer takes nothing more; it may still send */
	bool ended;
	int status;
	struct termios saved;
	bool raw;
};

static void must(int r)
{
	if (!r)
		return;
	fprintf(stderr, "virtuos: command too long, or out of memory\n");
	exit(1);
}

static void set_raw(struct vx_client *c)
{
	struct termios t;

	if (!c->cmd->pty || !isatty(0) || tcgetattr(0, &c->saved))
		return;
	t = c->saved;
	cfmakeraw(&t);
	c->raw = !tcsetattr(0, TCSANOW, &t);
}

static void send_winsize(struct vx_client *c)
{
	struct winsize w;
	uint8_t b[4];

	if (!c->cmd->pty || ioctl(0, TIOCGWINSZ, &w))
		return;
	vx_put16(b, w.ws_row);
	vx_put16(b + 2, w.ws_col);
	must(vx_out_frame(&c->out, VX_WINSIZE, b, sizeof(b)));
}

static void start(struct vx_client *c)
{
	char term[80], *env[2] = { NULL, NULL };
	const char *t = getenv("TERM");

	if (c->cmd->pty && t && snprintf(term, sizeof(term), "TERM=%s", t) < (int)sizeof(term))
		env[0] = term;
	must(vx_out_start(&c->out, c->cmd->pty, "", c->cmd->argv, env));
	send_winsize(c);
	c->stdin_open = c->cmd->input;
	if (!c->stdin_open)
		must(vx_out_frame(&c->out, VX_STDIN_EOF, NULL, 0));
}

static void write_all(int fd, const uint8_t *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };

			poll(&p, 1, -1);
			continue;
		}
		if (n < 0)
			return;		/* no process reads it: drop the rest */
		data += n;
		len -= (size_t)n;
	}
}

static void show_error(const struct vx_frame *f)
{
	char text[ERROR_MAX];
	size_t n = f->len < sizeof(text) ? f->len : sizeof(text);

	memcpy(text, f->payload, n);
	vd_printable(text, n);
	fprintf(stderr, "virtuos: agent: %.*s\n", (int)n, text);
}

/* False: the peer broke the protocol. */
static bool handle(struct vx_client *c, const struct vx_frame *f)
{
	uint32_t n = f->len == 4 ? vx_get32(f->payload) : 0;

	switch (f->type) {
	case VX_STDOUT:
	case VX_STDERR:
		write_all(f->type == VX_STDOUT ? 1 : 2, f->payload, f->len);
		c->ack_due += f->len;
		return c->ack_due <= ACK_DUE_MAX;
	case VX_ACK:
		c->unacked -= n < c->unacked ? n : c->unacked;
		break;
	case VX_EXIT:
		c->status = (int)(n & 0xff);
		c->ended = true;
		break;
	case VX_ERROR:
		show_error(f);
		break;
	default:
		break;
	}
	return true;
}

/* False: the peer broke the protocol. */
static bool handle_frames(struct vx_client *c)
{
	struct vx_frame f;
	int r = 0;

	while (!c->ended && (r = vx_parser_next(&c->in, &f)) > 0)
		if (!handle(c, &f))
			return false;
	return r >= 0;
}

/* Take what came, TURN_BYTES at most. False: the stream is gone, or the protocol is broken. */
static bool pump_in(struct vx_client *c)
{
	size_t taken = 0, room;
	uint8_t *where;
	ssize_t n;

	do {
		if (!handle_frames(c))
			return false;
		if (c->ended)
			return true;
		room = vx_parser_room(&c->in, &where);
		n = c->st->ops->read(c->st, where, room);
		if (n <= 0) {
			c->more = false;
			return n == 0;
		}
		vx_parser_fill(&c->in, (size_t)n);
		taken += (size_t)n;
	} while (taken < TURN_BYTES);
	c->more = true;
	return true;
}

static void pump_out(struct vx_client *c)
{
	const uint8_t *data;
	size_t len;
	ssize_t n;

	/* One frame for all, and only when the last one has gone: a bounded queue. */
	if (c->ack_due && !vx_out_pending(&c->out, &data)) {
		must(vx_out_u32(&c->out, VX_ACK, c->ack_due));
		c->ack_due = 0;
	}
	while ((len = vx_out_pending(&c->out, &data))) {
		n = c->write_closed ? (ssize_t)len : c->st->ops->write(c->st, data, len);
		if (n < 0)
			c->write_closed = true;
		else if (!n)
			return;
		else
			vx_out_sent(&c->out, (size_t)n);
	}
}

static bool want_stdin(const struct vx_client *c)
{
	return c->stdin_open && c->unacked < VX_WINDOW &&
	       c->out.tail - c->out.head < VX_MAX_PAYLOAD;
}

static void read_stdin(struct vx_client *c)
{
	static uint8_t buf[IN_CHUNK];
	size_t want = sizeof(buf);
	ssize_t n;

	if (want > VX_WINDOW - c->unacked)
		want = VX_WINDOW - c->unacked;
	n = read(0, buf, want);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		c->stdin_open = false;
		must(vx_out_frame(&c->out, VX_STDIN_EOF, NULL, 0));
		return;
	}
	c->unacked += (uint32_t)n;
	must(vx_out_frame(&c->out, VX_STDIN, buf, (size_t)n));
}

static void read_signals(struct vx_client *c, int sigfd)
{
	struct signalfd_siginfo info;

	while (read(sigfd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			send_winsize(c);
		else
			must(vx_out_u32(&c->out, VX_SIGNAL, info.ssi_signo));
	}
}

static int open_signals(sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, old);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Wait and take what came. False: the other machine is dead. */
static bool wait_for_change(struct vx_client *c, int sigfd)
{
	struct pollfd p[4];
	const uint8_t *data;
	int timeout;

	p[0] = (struct pollfd){ .fd = sigfd, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = -1 };
	timeout = c->st->ops->poll(c->st, vx_out_pending(&c->out, &data) > 0, &p[1]);
	if (c->more)
		timeout = 0;
	p[2] = (struct pollfd){ .fd = want_stdin(c) ? 0 : -1, .events = POLLIN };
	p[3] = (struct pollfd){ .fd = c->cmd->watch_fd, .events = POLLIN };
	if (poll(p, 4, timeout) < 0)
		return errno == EINTR;
	if (p[0].revents)
		read_signals(c, sigfd);
	c->st->ops->woken(c->st, p[1].revents);
	if (p[2].revents)
		read_stdin(c);
	return !p[3].revents || c->cmd->alive(c->cmd->arg);
}

static void run(struct vx_client *c, int sigfd)
{
	for (;;) {
		pump_out(c);
		if (!pump_in(c) || c->ended)
			return;
		pump_out(c);
		if (!wait_for_change(c, sigfd)) {
			/* what it sent before its end */
			while (pump_in(c) && c->more)
				;
			return;
		}
	}
}

int vx_client_run(struct vx_stream *st, const struct vx_command *cmd)
{
	struct vx_client c = { .st = st, .cmd = cmd };
	sigset_t old;
	int sigfd = open_signals(&old);

	vx_out_init(&c.out);
	if (sigfd < 0 || vx_parser_init(&c.in))
		must(-1);
	set_raw(&c);
	start(&c);
	run(&c, sigfd);
	if (c.raw)
		tcsetattr(0, TCSANOW, &c.saved);
	vx_out_free(&c.out);
	vx_parser_free(&c.in);
	close(sigfd);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return c.ended ? c.status : VX_LOST;
}

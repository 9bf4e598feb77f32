/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command of a session: its input, output and status. See session_priv.h.
 *
 * The peer is not trusted with memory. The window bounds STDIN, the window of unacknowledged
 * bytes bounds output.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "session_priv.h"

#define OUT_CHUNK	32768u
#define OUT_BACKLOG	65536u	/* bytes queued to the peer before we stop reading */
#define HUP_GRACE_MS	2000	/* from SIGHUP to SIGKILL when the peer went away */
#define KILL_WAIT_MS	5000	/* a killed process may be stuck in the kernel */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void vx_command_reap(struct vx_session *s)
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

void vx_command_signal(struct vx_session *s, int sig)
{
	if (!s->running || s->child.pid <= 0)
		return;
	/* Its group begins with its setsid(), which it may not have come to. */
	if (kill(-s->child.pid, sig) && errno == ESRCH)
		kill(s->child.pid, sig);
}

/* Wait for the command's end after a signal; true if it ended in time. */
static bool wait_end(struct vx_session *s, int ms)
{
	const struct timespec tick = { .tv_nsec = 5000000 };
	int64_t until = now_ms() + ms;

	for (;;) {
		vx_command_reap(s);
		if (s->child.pid <= 0)
			return true;
		if (now_ms() >= until)
			return false;
		nanosleep(&tick, NULL);
	}
}

/* Forget the session, whatever state it is in. The stream itself lives on. */
static void forget(struct vx_session *s)
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

void vx_command_kill(struct vx_session *s)
{
	if (!s->running)
		return;
	vx_command_signal(s, SIGKILL);
	if (!wait_end(s, KILL_WAIT_MS))
		fprintf(stderr, "virtuos-agent: process %d does not die\n",
			(int)s->child.pid);
	forget(s);
}

void vx_command_abandon(struct vx_session *s)
{
	if (!s->running)
		return;
	vx_command_signal(s, SIGHUP);
	vx_command_signal(s, SIGCONT);
	vx_child_close(&s->child);
	if (wait_end(s, HUP_GRACE_MS))
		forget(s);
	else
		vx_command_kill(s);
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
		vx_session_send_u32(s, VX_ACK, done);
	if (s->stdin_eof && !s->stdin_len)
		finish_stdin(s);
}

bool vx_command_may_write(const struct vx_session *s)
{
	return s->unacked < VX_WINDOW && s->out.tail - s->out.head < OUT_BACKLOG;
}

/* Move one descriptor's output; true if it may hold more right now. */
static bool pump_output(struct vx_session *s, int *fd, enum vx_type type)
{
	static uint8_t buf[OUT_CHUNK];
	size_t want = sizeof(buf);
	ssize_t n;

	if (*fd < 0 || !vx_command_may_write(s))
		return false;
	if (want > VX_WINDOW - s->unacked)
		want = VX_WINDOW - s->unacked;
	n = read(*fd, buf, want);
	if (n > 0) {
		vx_session_send(s, type, buf, (size_t)n);
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
	if (open && (!vx_command_may_write(s) || now_ms() - s->exit_time < VX_LINGER_MS))
		return;
	forget(s);
	vx_session_send_u32(s, VX_EXIT, s->status);
	s->finished = s->once;
}

void vx_command_pump(struct vx_session *s)
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

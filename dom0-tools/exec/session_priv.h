/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Within the agent's side of a vexec stream. Direction of calls: session.c -> session_frame.c ->
 * session_command.c -> session_out.c.
 */
#ifndef VEXEC_SESSION_PRIV_H
#define VEXEC_SESSION_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "child.h"
#include "stream.h"
#include "vexec.h"

#define VX_LINGER_MS	200	/* wait so long for output of what outlives the command */

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

/* session_frame.c */

/**
 * vx_session_take - carry out a frame of the peer
 * @s: the session
 * @f: the frame
 */
void vx_session_take(struct vx_session *s, const struct vx_frame *f);

/**
 * vx_session_violation - kill the command of a peer that broke the protocol
 * @s: the session; it takes nothing but RESET from now on
 * @text: what the peer did
 */
void vx_session_violation(struct vx_session *s, const char *text);

/* session_command.c */

/**
 * vx_command_reap - take the command's status if it has ended
 * @s: the session
 *
 * Other children are reaped as well.
 */
void vx_command_reap(struct vx_session *s);

/**
 * vx_command_signal - send a signal to the command's process group
 * @s: the session
 * @sig: the signal
 */
void vx_command_signal(struct vx_session *s, int sig);

/**
 * vx_command_kill - kill the command, if one runs, and forget it
 * @s: the session
 */
void vx_command_kill(struct vx_session *s);

/**
 * vx_command_abandon - end the command of a peer that is gone: by SIGHUP, then by SIGKILL
 * @s: the session
 */
void vx_command_abandon(struct vx_session *s);

/**
 * vx_command_may_write - test whether more of the command's output may go to the peer
 * @s: the session
 *
 * Return: true: neither the window nor the queue is full.
 */
bool vx_command_may_write(const struct vx_session *s);

/**
 * vx_command_pump - move the command's input and output, and send EXIT when it is due
 * @s: the session
 */
void vx_command_pump(struct vx_session *s);

/* session_out.c */

/**
 * vx_session_no_memory - say that there is no memory, and exit
 */
void vx_session_no_memory(void);

/**
 * vx_session_send - queue a frame to the peer
 * @s: the session
 * @type: its type
 * @data: its payload
 * @len: bytes of that
 */
void vx_session_send(struct vx_session *s, enum vx_type type, const void *data, size_t len);

/**
 * vx_session_send_u32 - queue a frame with a number
 * @s: the session
 * @type: its type
 * @v: the number
 */
void vx_session_send_u32(struct vx_session *s, enum vx_type type, uint32_t v);

/**
 * vx_session_send_text - queue an ERROR
 * @s: the session
 * @text: what is wrong
 */
void vx_session_send_text(struct vx_session *s, const char *text);

/**
 * vx_session_flush - write what is queued, as far as the stream takes it
 * @s: the session
 *
 * Return: false: the stream is gone.
 */
bool vx_session_flush(struct vx_session *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent's side of one vexec stream: commands run one after the other, until the
 * stream closes for good. Called in a handler process of its own.
 */
#ifndef VEXEC_SESSION_H
#define VEXEC_SESSION_H

#include "stream.h"

/**
 * vx_session_run - run commands until the stream is gone or SIGTERM comes
 * @st: leads to the client
 * @once: end after the peer has taken the first EXIT (vchan rendezvous)
 *
 * Of what it started, only processes that left the command's process group are left then.
 */
void vx_session_run(struct vx_stream *st, bool once);

/**
 * vx_session_block_signals - block the signals that vx_session_run() takes
 *
 * The caller does this before any of them can arrive.
 */
void vx_session_block_signals(void);

#endif

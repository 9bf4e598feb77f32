/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent's side of one vexec stream: commands run one after the other, until the
 * stream closes for good. Called in a handler process of its own.
 */
#ifndef VEXEC_SESSION_H
#define VEXEC_SESSION_H

#include "stream.h"

/*
 * @once: end after the first EXIT has been taken by the peer (vchan rendezvous).
 * Returns when the stream is gone or SIGTERM came; nothing it started is left then
 * but what left the command's process group.
 */
void vx_session_run(struct vx_stream *st, bool once);

/* Block the signals that vx_session_run() takes; before any of them can arrive. */
void vx_session_block_signals(void);

#endif

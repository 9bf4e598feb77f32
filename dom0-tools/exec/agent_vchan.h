/* SPDX-License-Identifier: GPL-2.0-only */
/* The rendezvous of `virtuos exec`: see agent_vchan.c. Called by agent.c. */
#ifndef VEXEC_AGENT_VCHAN_H
#define VEXEC_AGENT_VCHAN_H

/* Serve requests for ever; returns only when xenstore cannot be used. */
int vx_agent_vchan(void);

#endif

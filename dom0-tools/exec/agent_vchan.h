/* SPDX-License-Identifier: GPL-2.0-only */
/* The rendezvous of `virtuos exec`: see agent_vchan.c. Called by agent.c. */
#ifndef VEXEC_AGENT_VCHAN_H
#define VEXEC_AGENT_VCHAN_H

/**
 * vx_agent_vchan - serve requests until xenstore cannot be used
 *
 * Return: exit status.
 */
int vx_agent_vchan(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slow work on one domain - destroying and building it - in a process of its own. So virtuosd
 * always listens, and a libxl call that fails harms nothing else.
 *
 * The worker writes lines to a pipe: "log TEXT", "destroyed", "creating", "created DOMID UUID"
 * (the domain is built, and paused). After "creating", a domain of that name is the worker's.
 * The pipe's end is the worker's end.
 */
#ifndef VIRTUOS_WORKER_H
#define VIRTUOS_WORKER_H

#include "../host/host.h"

struct worker_job {
	const struct vd_config *config;
	const struct vd_domain_config *domain;
	const char *state;	/* the system's directory in xenstore */
	uint32_t destroy;	/* this domain first, or VD_NO_DOMID */
	bool destroy_name;	/* and any domain of that name: ours, half-built */
	bool create;
};

struct worker {
	pid_t pid;		/* 0 = none */
	int fd;
	char buf[2048];
	size_t len;
};

/**
 * worker_start - start a worker
 * @w: filled
 * @h: the parent's connections
 * @job: what to do
 *
 * Return: 0 or -1 (logged).
 */
int worker_start(struct worker *w, struct vd_host *h, const struct worker_job *job);

/**
 * worker_read - read one line of a worker; call again after 1
 * @w: the worker
 * @line: set to the line, without newline
 * @size: room in @line
 * @ok: at the end, set to whether the worker did its job
 *
 * Return: 1: a line; 0: nothing more now; -1: the worker has ended.
 */
int worker_read(struct worker *w, char *line, size_t size, bool *ok);

/**
 * worker_kill - kill a worker, if there is one
 * @w: the worker
 */
void worker_kill(struct worker *w);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Slow work on one domain: see worker.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libxl_utils.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../host/kernel.h"
#include "worker.h"

static int report_fd = -1;

static void report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void report(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vdprintf(report_fd, fmt, ap);
	va_end(ap);
}

static void report_log(const char *line)
{
	report("log %s\n", line);
}

static int destroy_old(struct vd_host *h, const struct worker_job *job)
{
	uint32_t domid;
	int r = 0;

	if (job->destroy != VD_NO_DOMID)
		r = vd_domain_destroy(h, job->destroy);
	if (job->destroy_name && !libxl_name_to_domid(h->ctx, job->domain->name, &domid))
		r |= vd_domain_destroy(h, domid);
	if (!r)
		report("destroyed\n");
	return r;
}

static int create_new(struct vd_host *h, const struct worker_job *job)
{
	char uuid[37], kernel[VD_KERNEL_NOTE];
	uint32_t domid;

	if (vd_pci_claim(h, job->domain, job->state))
		return -1;
	if (libxl_name_to_domid(h->ctx, job->domain->name, &domid))
		report("creating\n");
	/* Before the files are read: if they are replaced meanwhile, it counts as older. */
	vd_kernel_note(job->domain->kernel, job->domain->ramdisk, kernel);
	report("kernel %s\n", kernel);
	if (vd_domain_create(h, job->config, job->domain, &domid)) {
		report("destroyed\n");		/* what there was of it */
		return -1;
	}
	if (vd_domain_uuid(h, domid, uuid)) {
		vd_domain_destroy(h, domid);
		return -1;
	}
	report("created %u %s\n", domid, uuid);
	return 0;
}

static void __attribute__((noreturn))
work(struct vd_host *parents, const struct worker_job *job)
{
	struct vd_host h;
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
	vd_log_hook(report_log);
	/* The parent owns its handles: forget them, open our own. */
	libxl_postfork_child_noexec(parents->ctx);
	if (vd_host_open(&h))
		_exit(1);
	if (destroy_old(&h, job))
		_exit(1);
	if (job->create && create_new(&h, job))
		_exit(1);
	_exit(0);
}

int worker_start(struct worker *w, struct vd_host *h, const struct worker_job *job)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC)) {
		vd_log("%s: pipe: %s", job->domain->name, strerror(errno));
		return -1;
	}
	w->len = 0;
	w->pid = fork();
	if (!w->pid) {
		close(p[0]);
		report_fd = p[1];
		work(h, job);
	}
	close(p[1]);
	if (w->pid < 0) {
		vd_log("%s: fork: %s", job->domain->name, strerror(errno));
		w->pid = 0;
		close(p[0]);
		return -1;
	}
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	w->fd = p[0];
	return 0;
}

static void worker_end(struct worker *w, bool *ok)
{
	int status = -1;

	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	*ok = WIFEXITED(status) && !WEXITSTATUS(status);
	if (WIFSIGNALED(status))
		vd_log("worker %d was ended by signal %d (%s)", (int)w->pid, WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
	close(w->fd);
	w->fd = -1;
	w->pid = 0;
}

static bool next_line(struct worker *w, char *line, size_t size)
{
	char *end = memchr(w->buf, '\n', w->len);
	size_t n;

	if (!end && w->len < sizeof(w->buf))
		return false;
	n = end ? (size_t)(end - w->buf) : w->len;
	snprintf(line, size, "%.*s", (int)n, w->buf);
	n += end ? 1 : 0;
	memmove(w->buf, w->buf + n, w->len - n);
	w->len -= n;
	return true;
}

int worker_read(struct worker *w, char *line, size_t size, bool *ok)
{
	ssize_t n;

	for (;;) {
		if (next_line(w, line, size))
			return 1;
		n = read(w->fd, w->buf + w->len, sizeof(w->buf) - w->len);
		if (n > 0) {
			w->len += (size_t)n;
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		worker_end(w, ok);
		return -1;
	}
}

void worker_kill(struct worker *w)
{
	if (w->pid)
		kill(w->pid, SIGKILL);
}

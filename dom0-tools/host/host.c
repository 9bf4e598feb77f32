/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections to the hypervisor's tool stack: see host.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xentoollog.h>

#include "host.h"

struct logger {
	xentoollog_logger xtl;		/* first: libxl knows this only */
	xentoollog_level least;
};

/* libxl quotes what it reads in xenstore, also from guests: its words pass vd_log(). */
static void libxl_says(xentoollog_logger *xtl, xentoollog_level level, int errnoval,
		       const char *context, const char *fmt, va_list ap)
{
	struct logger *l = (struct logger *)xtl;
	char text[800];

	if (level < l->least)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	vd_log("%s: %s: %s%s%s", context ? context : "xen", xtl_level_to_string(level), text,
	       errnoval >= 0 ? ": " : "", errnoval >= 0 ? strerror(errnoval) : "");
}

static void logger_destroy(xentoollog_logger *xtl)
{
	free(xtl);
}

static xentoollog_logger *logger_create(xentoollog_level least)
{
	struct logger *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->xtl.vmessage = libxl_says;
	l->xtl.destroy = logger_destroy;
	l->least = least;
	return &l->xtl;
}

int64_t vd_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int vd_host_open(struct vd_host *h)
{
	/* For developers; virtuosd inherits it from `virtuos up`. */
	bool debug = getenv("VIRTUOS_LIBXL_DEBUG") != NULL;

	memset(h, 0, sizeof(*h));
	if (access("/proc/xen/capabilities", F_OK) && access("/dev/xen/privcmd", F_OK)) {
		vd_log("not running under Xen as domain 0 (boot the \"with Xen hypervisor\" entry)");
		return -1;
	}
	h->logger = logger_create(debug ? XTL_DEBUG : XTL_ERROR);
	if (!h->logger || libxl_ctx_alloc(&h->ctx, LIBXL_VERSION, 0, h->logger)) {
		vd_log("cannot open libxl; is this domain 0, and are you root?");
		goto out;
	}
	h->xs = xs_open(0);
	if (!h->xs) {
		vd_log("cannot open xenstore: %s", strerror(errno));
		goto out;
	}
	return 0;

out:
	vd_host_close(h);
	return -1;
}

void vd_host_close(struct vd_host *h)
{
	if (h->xs)
		xs_close(h->xs);
	if (h->ctx)
		libxl_ctx_free(h->ctx);
	if (h->logger)
		xtl_logger_destroy(h->logger);
	memset(h, 0, sizeof(*h));
}

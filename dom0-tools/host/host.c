/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections to the hypervisor's tool stack: see host.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xentoollog.h>

#include "host.h"

int64_t vos_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int vos_host_open(struct vos_host *h)
{
	/* For developers; virtuosd inherits it from `virtuos up`. */
	bool debug = getenv("VIRTUOS_LIBXL_DEBUG") != NULL;

	memset(h, 0, sizeof(*h));
	if (access("/proc/xen/capabilities", F_OK) && access("/dev/xen/privcmd", F_OK)) {
		vos_log("not running under Xen as domain 0 (boot the \"with Xen hypervisor\" entry)");
		return -1;
	}
	h->logger = (xentoollog_logger *)
		xtl_createlogger_stdiostream(stderr, debug ? XTL_DEBUG : XTL_ERROR,
					     debug ? XTL_STDIOSTREAM_SHOW_DATE : 0);
	if (!h->logger || libxl_ctx_alloc(&h->ctx, LIBXL_VERSION, 0, h->logger)) {
		vos_log("cannot open libxl; is this domain 0, and are you root?");
		goto out;
	}
	h->xs = xs_open(0);
	if (!h->xs) {
		vos_log("cannot open xenstore: %s", strerror(errno));
		goto out;
	}
	return 0;

out:
	vos_host_close(h);
	return -1;
}

void vos_host_close(struct vos_host *h)
{
	if (h->xs)
		xs_close(h->xs);
	if (h->ctx)
		libxl_ctx_free(h->ctx);
	if (h->logger)
		xtl_logger_destroy(h->logger);
	memset(h, 0, sizeof(*h));
}

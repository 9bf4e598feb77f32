/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vexec stream over libxenvchan, as server (agent in a guest) and as client (dom0).
 *
 * libxenvchan asks the peer for an event only when a transfer came up short. So the callers
 * here always try first and poll afterwards.
 */
#include <errno.h>
#include <stdlib.h>
#include <libxenvchan.h>

#include "stream.h"

/* Bytes of ring each way; one page each and a bit more is not worth the grants. */
#define RING_BYTES	16384

struct vchan_stream {
	struct vx_stream s;
	struct libxenvchan *ctrl;
};

static struct vchan_stream *to_vchan(struct vx_stream *s)
{
	return (struct vchan_stream *)s;
}

static ssize_t vchan_read(struct vx_stream *s, void *buf, size_t len)
{
	struct libxenvchan *c = to_vchan(s)->ctrl;
	int n = libxenvchan_read(c, buf, len);

	if (n)
		return n < 0 ? -1 : n;
	if (libxenvchan_is_open(c))
		return 0;
	/* The last bytes may have come between the two checks. */
	n = libxenvchan_read(c, buf, len);
	return n > 0 ? n : -1;
}

static ssize_t vchan_write(struct vx_stream *s, const void *buf, size_t len)
{
	struct libxenvchan *c = to_vchan(s)->ctrl;
	int n;

	if (!libxenvchan_is_open(c))
		return -1;
	n = libxenvchan_write(c, buf, len);
	return n < 0 ? -1 : n;
}

static int vchan_poll(struct vx_stream *s, bool want_write, struct pollfd *p)
{
	(void)want_write;
	p->fd = libxenvchan_fd_for_select(to_vchan(s)->ctrl);
	p->events = POLLIN;
	return -1;
}

static void vchan_woken(struct vx_stream *s, short revents)
{
	if (revents & POLLIN)
		libxenvchan_wait(to_vchan(s)->ctrl);
}

static void vchan_close(struct vx_stream *s)
{
	libxenvchan_close(to_vchan(s)->ctrl);
	free(s);
}

static const struct vx_stream_ops vchan_ops = {
	.read = vchan_read,
	.write = vchan_write,
	.poll = vchan_poll,
	.woken = vchan_woken,
	.close = vchan_close,
};

static struct vx_stream *wrap(struct libxenvchan *ctrl)
{
	struct vchan_stream *v;
	int saved = errno;

	if (!ctrl) {
		errno = saved ? saved : EIO;
		return NULL;
	}
	v = calloc(1, sizeof(*v));
	if (!v) {
		libxenvchan_close(ctrl);
		errno = ENOMEM;
		return NULL;
	}
	ctrl->blocking = 0;
	v->s.ops = &vchan_ops;
	v->ctrl = ctrl;
	return &v->s;
}

struct vx_stream *vx_stream_vchan_server(uint32_t domid, const char *path)
{
	return wrap(libxenvchan_server_init(NULL, (int)domid, path, RING_BYTES,
					    RING_BYTES));
}

struct vx_stream *vx_stream_vchan_client(uint32_t domid, const char *path)
{
	return wrap(libxenvchan_client_init(NULL, (int)domid, path));
}

int vx_stream_vchan_state(struct vx_stream *s)
{
	switch (libxenvchan_is_open(to_vchan(s)->ctrl)) {
	case 0:
		return -1;
	case 2:
		return 0;
	default:
		return 1;
	}
}

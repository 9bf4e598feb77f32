/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vexec stream over a character device: a virtio-serial port or a terminal line.
 *
 * If the host side of a virtio-serial port is not connected, the port reads as end of file. It
 * polls as POLLHUP without end and comes back later. So end of file is never the end of the
 * stream: it means "hung up for now". The device is read again when SIGIO says that it changed,
 * or after a second at the latest.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "stream.h"

#define RETRY_MS	1000

struct device_stream {
	struct vx_stream s;
	int fd;
	bool hup;		/* as far as we know now */
	bool hup_reported;
};

static struct device_stream *to_device(struct vx_stream *s)
{
	return (struct device_stream *)s;
}

static bool again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static ssize_t device_read(struct vx_stream *s, void *buf, size_t len)
{
	struct device_stream *d = to_device(s);
	ssize_t n = read(d->fd, buf, len);

	if (n > 0) {
		d->hup = false;
		d->hup_reported = false;
		return n;
	}
	if (n < 0 && again()) {
		d->hup = false;
		d->hup_reported = false;
		return 0;
	}
	/* ENODEV: unplugged. EIO: a pty whose master is closed; may be reopened. */
	if (n < 0 && errno != EIO)
		return -1;
	d->hup = true;
	return 0;
}

static ssize_t device_write(struct vx_stream *s, const void *buf, size_t len)
{
	struct device_stream *d = to_device(s);
	ssize_t n = write(d->fd, buf, len);

	if (n >= 0)
		return n;
	if (again())
		return 0;
	if (errno != EIO && errno != EPIPE)
		return -1;
	d->hup = true;
	return 0;
}

static int device_poll(struct vx_stream *s, bool want_write, struct pollfd *p)
{
	struct device_stream *d = to_device(s);

	p->fd = d->hup ? -1 : d->fd;
	p->events = POLLIN | (want_write ? POLLOUT : 0);
	return d->hup ? RETRY_MS : -1;
}

static void device_woken(struct vx_stream *s, short revents)
{
	struct device_stream *d = to_device(s);

	if (revents & (POLLHUP | POLLERR))
		d->hup = true;
}

static bool device_hung_up(struct vx_stream *s)
{
	struct device_stream *d = to_device(s);

	if (!d->hup || d->hup_reported)
		return false;
	d->hup_reported = true;
	return true;
}

static void device_close(struct vx_stream *s)
{
	close(to_device(s)->fd);
	free(s);
}

static const struct vx_stream_ops device_ops = {
	.read = device_read,
	.write = device_write,
	.poll = device_poll,
	.woken = device_woken,
	.hung_up = device_hung_up,
	.close = device_close,
};

static void set_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t))
		return;		/* not a terminal line */
	cfmakeraw(&t);
	tcsetattr(fd, TCSANOW, &t);
}

struct vx_stream *vx_stream_device(const char *path)
{
	struct device_stream *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->s.ops = &device_ops;
	d->fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (d->fd < 0) {
		free(d);
		return NULL;
	}
	set_raw(d->fd);
	/* Best effort: without SIGIO the one-second retry is all there is. */
	if (!fcntl(d->fd, F_SETOWN, getpid()))
		(void)fcntl(d->fd, F_SETFL, fcntl(d->fd, F_GETFL) | O_ASYNC);
	return &d->s;
}

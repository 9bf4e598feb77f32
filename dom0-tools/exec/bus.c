/* SPDX-License-Identifier: GPL-2.0-only */
/* xenstore over /dev/xen/xenbus: see bus.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#include "bus.h"

static const char *const devices[] = { "/dev/xen/xenbus", "/proc/xen/xenbus", NULL };

static int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int read_all(int fd, void *data, size_t len)
{
	char *p = data;
	ssize_t n;

	while (len) {
		n = read(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n ? errno : EIO;
			return -1;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* One whole message; its payload, NUL-terminated, in @buf. */
static int read_message(struct bus *b, struct xsd_sockmsg *h, char *buf)
{
	if (read_all(b->fd, h, sizeof(*h)))
		return -1;
	if (h->len > BUS_PAYLOAD_MAX) {
		errno = EPROTO;
		return -1;
	}
	if (read_all(b->fd, buf, h->len))
		return -1;
	buf[h->len] = 0;
	return 0;
}

static int error_number(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (!strcmp(xsd_errors[i].errstring, name))
			return xsd_errors[i].errnum;
	return EINVAL;
}

/* Send @len bytes of @payload; the answer is left in @buf. */
static int request(struct bus *b, uint32_t type, const char *payload, size_t len,
		   char *buf, size_t *answer)
{
	struct xsd_sockmsg h = {
		.type = type, .req_id = ++b->req, .len = (uint32_t)len,
	};
	char msg[sizeof(h) + 512];

	if (len > sizeof(msg) - sizeof(h)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(msg, &h, sizeof(h));
	memcpy(msg + sizeof(h), payload, len);
	if (write_all(b->fd, msg, sizeof(h) + len))
		return -1;
	for (;;) {
		if (read_message(b, &h, buf))
			return -1;
		if (h.type == XS_WATCH_EVENT)
			b->changed = true;
		else if (h.req_id == b->req)
			break;
	}
	if (h.type == XS_ERROR) {
		errno = error_number(buf);
		return -1;
	}
	*answer = h.len;
	return 0;
}

static int path_request(struct bus *b, uint32_t type, const char *path, char *buf,
			size_t *answer)
{
	return request(b, type, path, strlen(path) + 1, buf, answer);
}

int vx_bus_open(struct bus *b)
{
	int i;

	memset(b, 0, sizeof(*b));
	for (i = 0; devices[i]; i++) {
		b->fd = open(devices[i], O_RDWR | O_CLOEXEC);
		if (b->fd >= 0)
			return 0;
	}
	return -1;
}

int vx_bus_watch(struct bus *b, const char *path)
{
	char payload[256], buf[BUS_PAYLOAD_MAX + 1];
	size_t n;
	int len;

	/* path NUL token NUL */
	len = snprintf(payload, sizeof(payload) - 2, "%s", path);
	if (len < 0 || len >= (int)sizeof(payload) - 3) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(payload + len + 1, "a", 2);
	return request(b, XS_WATCH, payload, (size_t)len + 3, buf, &n);
}

int vx_bus_rm(struct bus *b, const char *path)
{
	char buf[BUS_PAYLOAD_MAX + 1];
	size_t n;

	return path_request(b, XS_RM, path, buf, &n);
}

bool vx_bus_exists(struct bus *b, const char *path)
{
	char buf[BUS_PAYLOAD_MAX + 1];
	size_t n;

	return !path_request(b, XS_READ, path, buf, &n);
}

int vx_bus_directory(struct bus *b, const char *path, char *buf, size_t *len)
{
	return path_request(b, XS_DIRECTORY, path, buf, len);
}

int vx_bus_events(struct bus *b)
{
	char buf[BUS_PAYLOAD_MAX + 1];
	struct xsd_sockmsg h;

	if (read_message(b, &h, buf))
		return -1;
	if (h.type == XS_WATCH_EVENT)
		b->changed = true;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A non-blocking byte stream, so that the agent and the client need not know
 * whether they talk over libxenvchan or over a character device.
 *
 * Invariant: no operation ever blocks; waiting is poll()'s job alone.
 */
#ifndef VEXEC_STREAM_H
#define VEXEC_STREAM_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct vx_stream;

struct vx_stream_ops {
	/* > 0: bytes; 0: nothing at the moment; -1: closed for good */
	ssize_t (*read)(struct vx_stream *s, void *buf, size_t len);
	ssize_t (*write)(struct vx_stream *s, const void *buf, size_t len);
	/* Fill *p for poll(); returns the longest wait in ms (-1: any). */
	int (*poll)(struct vx_stream *s, bool want_write, struct pollfd *p);
	void (*woken)(struct vx_stream *s, short revents);
	/* The other end hung up and may come back; reported once. NULL: never. */
	bool (*hung_up)(struct vx_stream *s);
	void (*close)(struct vx_stream *s);
};

struct vx_stream {
	const struct vx_stream_ops *ops;
};

/**
 * vx_stream_device - open a character device
 * @path: of the device
 *
 * Return: the stream; NULL with errno set on failure.
 */
struct vx_stream *vx_stream_device(const char *path);

/**
 * vx_stream_vchan_server - offer a vchan
 * @domid: the domain that may connect
 * @path: in xenstore
 *
 * Return: the stream; NULL with errno set on failure.
 */
struct vx_stream *vx_stream_vchan_server(uint32_t domid, const char *path);

/**
 * vx_stream_vchan_state - get the state of a vchan
 * @s: from vx_stream_vchan_server()
 *
 * Return: 0: no client yet; 1: both are there; -1: the client came and went.
 */
int vx_stream_vchan_state(struct vx_stream *s);

/**
 * vx_stream_vchan_client - connect to a vchan
 * @domid: the domain that offers it
 * @path: in xenstore
 *
 * Return: the stream; NULL with errno set on failure.
 */
struct vx_stream *vx_stream_vchan_client(uint32_t domid, const char *path);

#endif

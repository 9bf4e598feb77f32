/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Snapshots out of a pipe, whose writer may be another domain's. What is between them are
 * messages: they are shown only where no snapshot comes.
 */
#ifndef VIRTUOS_PERF_STREAM_H
#define VIRTUOS_PERF_STREAM_H

#include "snapshot.h"
#include "text.h"

/**
 * struct vp_stream - a stream
 * @fd: it is read from there
 * @buf: what is not decoded yet
 * @searched: bytes of it in which no snapshot ends
 */
struct vp_stream {
	int fd;
	struct vp_text buf;
	size_t searched;
};

/**
 * vp_stream_read - read once
 * @s: the stream
 *
 * Return: 1; 0: it is at its end; -1: an error, or a snapshot is too long.
 */
int vp_stream_read(struct vp_stream *s);

/**
 * vp_stream_take - decode the next snapshot that is complete
 * @s: the stream
 * @snapshot: filled; vp_snapshot_free() frees its memory
 *
 * Return: true, or false: more has to be read.
 */
bool vp_stream_take(struct vp_stream *s, struct vp_snapshot *snapshot);

/**
 * vp_stream_next - read until there is a snapshot
 * @s: the stream
 * @snapshot: as for vp_stream_take()
 *
 * Return: true, or false: the stream has ended.
 */
bool vp_stream_next(struct vp_stream *s, struct vp_snapshot *snapshot);

/**
 * vp_stream_complain - show what came instead of a whole snapshot, on stderr
 * @s: the stream
 */
void vp_stream_complain(const struct vp_stream *s);

/**
 * vp_stream_free - free a stream's memory
 * @s: the stream; its descriptor stays open
 */
void vp_stream_free(struct vp_stream *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Call chains as a tree of frames, and what is made of it. No I/O.
 *
 * Names come from programs and their files. In the tree they are printable ASCII without
 * semicolons.
 */
#ifndef VIRTUOS_PERF_FRAMES_H
#define VIRTUOS_PERF_FRAMES_H

#include <stdint.h>

#include "text.h"

/**
 * struct vp_frame - a function, as it was called by the one above
 * @name: of the function
 * @self: nanoseconds in it, without what it calls
 * @child: first of those that it calls
 * @next: next one that the one above calls
 *
 * The root has no name, and is all zero at first.
 */
struct vp_frame {
	char *name;
	uint64_t self;
	struct vp_frame *child;
	struct vp_frame *next;
};

/**
 * vp_frame_of - find a function among those that another one calls, or add it
 * @parent: the caller
 * @name: of the function; what does not belong in a name is replaced
 *
 * Return: its frame, which lives as long as the tree. Without memory the program ends.
 */
struct vp_frame *vp_frame_of(struct vp_frame *parent, const char *name);

/**
 * vp_frames_folded - write a tree as lines "NAME;NAME;NAME MICROSECONDS", sorted
 * @root: the tree; it is sorted by name
 * @t: added to
 */
void vp_frames_folded(struct vp_frame *root, struct vp_text *t);

/**
 * vp_frames_html - write a tree as a page that draws it as a flame graph
 * @root: the tree; it is sorted by name
 * @title: of the page; what does not belong in a name is replaced
 * @t: added to
 */
void vp_frames_html(struct vp_frame *root, const char *title, struct vp_text *t);

/**
 * vp_frames_free - free a tree
 * @root: its root, which is kept, all zero
 */
void vp_frames_free(struct vp_frame *root);

#endif

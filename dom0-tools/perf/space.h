/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What processes have mapped, and what their threads are called, as perf's records and /proc
 * tell it. By it a code address gets a name.
 */
#ifndef VIRTUOS_PERF_SPACE_H
#define VIRTUOS_PERF_SPACE_H

#include <stdint.h>

#include "symbols.h"

#define VP_COMM	16u

/**
 * struct vp_mapping - code that is mapped
 * @start: its first address
 * @len: its bytes
 * @offset: of its first byte in the file
 * @ino: the file's inode
 * @path: of the file
 */
struct vp_mapping {
	uint64_t start;
	uint64_t len;
	uint64_t offset;
	uint64_t ino;
	const char *path;
};

/**
 * struct vp_spaces - processes, threads and files
 * @process: tree of the processes' mappings
 * @thread: tree of the threads' names
 * @file: tree of the files' functions
 * @kernel: the kernel's functions
 *
 * All zero: none are known.
 */
struct vp_spaces {
	void *process;
	void *thread;
	void *file;
	struct vp_symbols kernel;
};

/**
 * vp_spaces_map - note that a process has mapped code
 * @s: the processes
 * @pid: the process
 * @m: the mapping, copied
 */
void vp_spaces_map(struct vp_spaces *s, uint32_t pid, const struct vp_mapping *m);

/**
 * vp_spaces_fork - note that a thread has begun
 * @s: the processes
 * @pid: its process
 * @ppid: the process of the one that made it
 * @tid: the thread
 * @ptid: the one that made it
 */
void vp_spaces_fork(struct vp_spaces *s, uint32_t pid, uint32_t ppid, uint32_t tid, uint32_t ptid);

/**
 * vp_spaces_name - note a thread's name
 * @s: the processes
 * @tid: the thread
 * @name: its name
 */
void vp_spaces_name(struct vp_spaces *s, uint32_t tid, const char *name);

/**
 * vp_spaces_exec - note that a process has become another program: it has no mappings
 * @s: the processes
 * @pid: the process
 */
void vp_spaces_exec(struct vp_spaces *s, uint32_t pid);

/**
 * vp_spaces_read - note what the processes have that run now
 * @s: the processes
 * @proc: /proc, but for tests
 */
void vp_spaces_read(struct vp_spaces *s, const char *proc);

/**
 * vp_spaces_comm - get a thread's name
 * @s: the processes
 * @tid: the thread
 *
 * Return: its name, or "?".
 */
const char *vp_spaces_comm(const struct vp_spaces *s, uint32_t tid);

/**
 * vp_spaces_function - find the function that a process has at an address
 * @s: the processes
 * @pid: the process
 * @at: the address
 * @to: filled: the function's name, [FILE] or [unknown]
 * @size: of @to
 */
void vp_spaces_function(struct vp_spaces *s, uint32_t pid, uint64_t at, char *to, size_t size);

/**
 * vp_spaces_free - forget all
 * @s: all zero afterwards
 */
void vp_spaces_free(struct vp_spaces *s);

#endif

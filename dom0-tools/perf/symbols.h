/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of functions by address. Files are a program's, so anything may be in them: what does
 * not fit is left out.
 */
#ifndef VIRTUOS_PERF_SYMBOLS_H
#define VIRTUOS_PERF_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct vp_symbol - a function
 * @at: its address
 * @size: its bytes; 0: up to the next one
 * @name: where its name is in struct vp_symbols
 */
struct vp_symbol {
	uint64_t at;
	uint64_t size;
	uint32_t name;
};

/**
 * struct vp_symbols - the functions of a file or of the kernel
 * @n: how many there are
 * @symbol: by address
 * @names: their names, each with a NUL
 * @names_len: bytes of @names
 *
 * All zero: there are none.
 */
struct vp_symbols {
	size_t n;
	struct vp_symbol *symbol;
	char *names;
	size_t names_len;
};

/**
 * vp_symbols_elf - read the functions of a program or a library
 * @s: filled; an address is a place in the file, in bytes
 * @fd: a regular file
 *
 * Return: 0, or -1: there are none.
 */
int vp_symbols_elf(struct vp_symbols *s, int fd);

/**
 * vp_symbols_kernel - read the functions of a kernel
 * @s: filled
 * @path: /proc/kallsyms, but for tests
 *
 * Return: 0, or -1: there are none, or the caller may not see their addresses.
 */
int vp_symbols_kernel(struct vp_symbols *s, const char *path);

/**
 * vp_symbols_find - find the function at an address
 * @s: the functions
 * @at: the address
 *
 * Return: its name; NULL: there is none.
 */
const char *vp_symbols_find(const struct vp_symbols *s, uint64_t at);

/**
 * vp_symbols_free - free the memory of functions
 * @s: all zero afterwards
 */
void vp_symbols_free(struct vp_symbols *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies by other instructions than rep movs, which processors without fast short
 * rep movs are given, as the one that QEMU emulates here is: the C library's, by
 * vector registers, and the kernel's memcpy(), which moves 32 bytes in a pass through
 * r8 to r11. Stores to memory by these forms count as bytes copied; programs make few
 * others of them.
 */
#include <string.h>

#include "count.h"

enum prefix { NONE, P66, PF3, PF2 };

/* movups, movaps, movdqa and movdqu, and the two that pass the cache by: the form that stores. */
static bool is_vector_store(uint8_t op, enum prefix p)
{
	switch (op) {
	case 0x11:
	case 0x29:
	case 0x2b:
		return p == NONE || p == P66;
	case 0x7f:
		return p == P66 || p == PF3;
	case 0xe7:
		return p == P66;
	}
	return false;
}

/* A modrm byte that names memory, not a register? */
static bool to_memory(uint8_t modrm)
{
	return modrm >> 6 != 3;
}

static unsigned int legacy_width(const uint8_t *b, size_t n)
{
	enum prefix p = b[0] == 0x66 ? P66 : b[0] == 0xf3 ? PF3 : b[0] == 0xf2 ? PF2 : NONE;
	size_t i = p != NONE;

	if ((b[i] & 0xf0) == 0x40)
		i++;
	return i + 3 <= n && b[i] == 0x0f && is_vector_store(b[i + 1], p) && to_memory(b[i + 2]) ? 16 : 0;
}

static unsigned int vex_width(const uint8_t *b, size_t n)
{
	size_t i = b[0] == 0xc5 ? 1 : 2;

	if (n < i + 3 || (b[0] == 0xc4 && (b[1] & 0x1f) != 1))
		return 0;
	if (!is_vector_store(b[i + 1], b[i] & 3) || !to_memory(b[i + 2]))
		return 0;
	return b[i] & 4 ? 32 : 16;
}

static unsigned int kernel_width(const uint8_t *b, size_t n)
{
	static const char *const store[] = {
		"\x4c\x89\x07\x00", "\x4c\x89\x4f\x08", "\x4c\x89\x57\x10", "\x4c\x89\x5f\x18",
		"\x4c\x89\x47\xf8", "\x4c\x89\x4f\xf0", "\x4c\x89\x57\xe8", "\x4c\x89\x5f\xe0",
	};
	unsigned int i;

	for (i = 0; i < sizeof(store) / sizeof(*store); i++)
		if (n == (i ? 4 : 3) && !memcmp(b, store[i], n))
			return 8;
	return 0;
}

/* copy_width - how many bytes an instruction copies each time; 0: it is none of these */
unsigned int copy_width(const uint8_t *b, size_t n, enum where where)
{
	if (where == KERNEL)
		return kernel_width(b, n);
	if (where != USER || n < 3)
		return 0;
	return b[0] == 0xc4 || b[0] == 0xc5 ? vex_width(b, n) : legacy_width(b, n);
}

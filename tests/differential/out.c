// SPDX-License-Identifier: MIT
/* What a step prints, into memory that the episode shares with the process that runs it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "vosdiff.h"

#define MAX_SYMBOLS	512

struct text {
	size_t length;
	char text[];
};

static struct text *shared;
static size_t room;

static struct symbol {
	uint64_t key;
	char kind;
} symbols[MAX_SYMBOLS];
static unsigned int symbol_count;

void out_begin(void *memory, size_t size)
{
	shared = memory;
	shared->length = 0;
	room = size - sizeof(*shared);
	symbol_count = 0;
}

const char *out_text(void)
{
	shared->text[shared->length < room ? shared->length : room - 1] = 0;
	return shared->text;
}

void out(const char *format, ...)
{
	size_t left = room - shared->length;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(shared->text + shared->length, left, format, args);
	va_end(args);
	if (n > 0 && (size_t)n < left)
		shared->length += n;
}

/* The result of a call that tells of errors by -1 and errno. */
void out_result(long result)
{
	const char *name = result < 0 ? strerrorname_np(errno) : NULL;

	if (result >= 0)
		out(" %ld", result);
	else
		out(" %s", name ? name : "?");
}

/* What /proc tells of a descriptor, but for mounts and inode numbers. */
void out_fdinfo(int fd)
{
	char path[40], text[512] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	out(" fdinfo");
	while (f && fgets(text, sizeof(text), f)) {
		const char *value = text + strcspn(text, "\t");

		value += strspn(value, "\t");
		if (!strncmp(text, "pos:", 4) || !strncmp(text, "flags:", 6))
			out(" %.*s", (int)strcspn(value, "\n"), value);
		else if (!strncmp(text, "lock:", 5))
			out(" %.26s", value);
	}
	if (f)
		fclose(f);
}

uint32_t checksum(uint32_t sum, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	sum ^= 0x811c9dc5u;
	while (n--)
		sum = (sum ^ *p++) * 0x01000193u;
	return sum;
}

void out_bytes(const void *bytes, size_t n)
{
	out(" %zu:%08x", n, checksum(0, bytes, n));
}

void out_flags(unsigned long value, const char *const *names, const unsigned long *bits, size_t n)
{
	const char *between = " ";
	size_t i;

	for (i = 0; i < n; i++) {
		if (!(value & bits[i]))
			continue;
		out("%s%s", between, names[i]);
		between = "|";
		value &= ~bits[i];
	}
	if (value || *between == ' ')
		out("%s%#lx", between, value);
}

/* A small number for what the kernel chose: that of its first appearance. */
unsigned int out_symbol(char kind, uint64_t key)
{
	unsigned int i, n = 0;

	for (i = 0; i < symbol_count; i++) {
		if (symbols[i].kind != kind)
			continue;
		n++;
		if (symbols[i].key == key)
			return n;
	}
	if (symbol_count < MAX_SYMBOLS)
		symbols[symbol_count++] = (struct symbol){ key, kind };
	return n + 1;
}

void pattern(void *bytes, size_t n, uint32_t seed)
{
	unsigned char *p = bytes;

	while (n--) {
		seed = seed * 1664525u + 1013904223u;
		*p++ = seed >> 24;
	}
}

/* An address at which nothing is. */
void *bad_address(void)
{
	static void *hole;

	if (!hole) {
		hole = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	return hole;
}

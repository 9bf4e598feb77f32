/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer's input, taken piece by piece. When it has come to its end, all that is taken
 * is 0, so that every target ends.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

static inline bool in_end(const struct input *in)
{
	return !in->left;
}

/* The next @n bytes, or as many as there are, and zeros. */
static inline void in_bytes(struct input *in, void *to, size_t n)
{
	size_t have = n < in->left ? n : in->left;

	if (have)
		memcpy(to, in->at, have);
	memset((char *)to + have, 0, n - have);
	in->at += have;
	in->left -= have;
}

static inline uint8_t in_u8(struct input *in)
{
	uint8_t v;

	in_bytes(in, &v, sizeof(v));
	return v;
}

static inline uint16_t in_u16(struct input *in)
{
	uint16_t v;

	in_bytes(in, &v, sizeof(v));
	return v;
}

static inline uint32_t in_u32(struct input *in)
{
	uint32_t v;

	in_bytes(in, &v, sizeof(v));
	return v;
}

static inline uint64_t in_u64(struct input *in)
{
	uint64_t v;

	in_bytes(in, &v, sizeof(v));
	return v;
}

/* Below @n, which is not 0. */
static inline uint32_t in_below(struct input *in, uint32_t n)
{
	return n <= 256 ? in_u8(in) % n : n <= 65536 ? in_u16(in) % n : in_u32(in) % n;
}

/*
 * A number as liars like them: @right, next to it, an end of a range, or anything. One
 * byte says which, so that a mutation of one byte changes the kind of lie.
 */
static inline uint64_t in_lie(struct input *in, uint64_t right)
{
	uint8_t how = in_u8(in);

	switch (how % 16) {
	case 0:
		return 0;
	case 1:
		return right + 1;
	case 2:
		return right - 1;
	case 3:
		return ~0ull;
	case 4:
		return 1ull << (how / 16 * 4);
	case 5:
		return in_u64(in);
	case 6:
		return in_u32(in);
	case 7:
		return in_u16(in);
	case 8:
		return -(uint64_t)in_u8(in);
	case 9:
		return right - in_u8(in);
	default:
		return right;
	}
}

#endif

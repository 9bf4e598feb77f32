/* SPDX-License-Identifier: MIT */
/*
 * Walking over a program's buffers. The caller has counted the bytes with fwd_iov_take(), and
 * never asks for more.
 */
#ifndef FWD_IOV_H
#define FWD_IOV_H

#include "copy.h"
#include "lane.h"

struct fwd_cursor {
	const struct iovec *iov;
	size_t off;
};

/*
 * Return: true if this can be memory of a program, which ends a page below 2^47. If it cannot, the
 * kernel refuses it. What is not an address at all raises another exception than a fault.
 */
static inline bool fwd_plausible(const void *p, size_t len)
{
	__u64 a = (uintptr_t)p;

	return !((a | len | (a + len + 4095)) >> 47);
}

/* Most buffers of a call that passes the door: as many as nginx gives to writev(). */
#define FWD_MAX_IOV		64u

/**
 * fwd_iov_take - take over a list of buffers, which the program may change meanwhile
 * @iov: room for FWD_MAX_IOV of them
 * @from: the program's list
 * @n: how many
 *
 * Return: the number of bytes; -1: the list or a buffer is implausible, or there is too much.
 */
static inline ssize_t fwd_iov_take(struct iovec *iov, const struct iovec *from, size_t n)
{
	size_t sum = 0, i;

	if (!n || n > FWD_MAX_IOV || !fwd_plausible(from, n * sizeof(*from)) ||
	    !fwd_copy(iov, from, n * sizeof(*from)))
		return -1;
	for (i = 0; i < n; i++) {
		if (iov[i].iov_len && !fwd_plausible(iov[i].iov_base, iov[i].iov_len))
			return -1;
		if (iov[i].iov_len > FWD_MAX_IO - sum)
			return -1;
		sum += iov[i].iov_len;
	}
	return sum;
}

/* Return: the next piece in one buffer, at most @max bytes long. */
static inline struct iovec fwd_cursor_piece(struct fwd_cursor *c, size_t max)
{
	struct iovec piece;

	while (c->off == c->iov->iov_len) {
		c->iov++;
		c->off = 0;
	}
	piece.iov_base = (char *)c->iov->iov_base + c->off;
	piece.iov_len = c->iov->iov_len - c->off;
	if (piece.iov_len > max)
		piece.iov_len = max;
	return piece;
}

/* Return: false: a buffer cannot be written; what is before it is. */
static inline bool fwd_cursor_put(struct fwd_cursor *c, const void *from, size_t n)
{
	if (likely(n <= c->iov->iov_len - c->off)) {
		c->off += n;
		return fwd_copy((char *)c->iov->iov_base + c->off - n, from, n);
	}
	while (n) {
		struct iovec p = fwd_cursor_piece(c, n);

		if (!fwd_copy(p.iov_base, from, p.iov_len))
			return false;
		from = (const char *)from + p.iov_len;
		c->off += p.iov_len;
		n -= p.iov_len;
	}
	return true;
}

/* Return: false: a buffer cannot be read. */
static inline bool fwd_cursor_get(struct fwd_cursor *c, void *to, size_t n)
{
	while (n) {
		struct iovec p = fwd_cursor_piece(c, n);

		if (!fwd_copy(to, p.iov_base, p.iov_len))
			return false;
		to = (char *)to + p.iov_len;
		c->off += p.iov_len;
		n -= p.iov_len;
	}
	return true;
}

/* Copy all of a request at once: most have one buffer. Return: as fwd_cursor_get(). */
static inline bool fwd_gather(const struct iovec *iov, void *to, size_t n)
{
	struct fwd_cursor c = { iov, 0 };

	if (likely(n <= iov->iov_len))
		return fwd_copy(to, iov->iov_base, n);
	return fwd_cursor_get(&c, to, n);
}

static inline void fwd_cursor_skip(struct fwd_cursor *c, size_t n)
{
	while (n) {
		struct iovec p = fwd_cursor_piece(c, n);

		c->off += p.iov_len;
		n -= p.iov_len;
	}
}

#endif

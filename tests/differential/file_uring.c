// SPDX-License-Identifier: MIT
/* File calls by io_uring. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "file.h"
#include "uring.h"

#define WAIT_MS	1000

static struct io_uring_sqe request(unsigned int opcode, int fd)
{
	return (struct io_uring_sqe){
		.opcode = opcode, .fd = fd, .flags = chance(30) ? IOSQE_ASYNC : 0,
	};
}

static void transfer_by(unsigned int i)
{
	static const unsigned char opcodes[] = { IORING_OP_READ, IORING_OP_READ, IORING_OP_WRITE, IORING_OP_WRITE,
						 IORING_OP_READV, IORING_OP_WRITEV };
	static const int flags[] = { 0, 0, 0, 0, RWF_APPEND, RWF_DSYNC, 0x1000 };
	struct io_uring_sqe s = request(PICK(opcodes), files[i].fd);
	bool reads = s.opcode == IORING_OP_READ || s.opcode == IORING_OP_READV;
	size_t n = some_length();
	struct iovec v = { data, n };
	bool vector = s.opcode == IORING_OP_READV || s.opcode == IORING_OP_WRITEV;

	pattern(data, n, rnd());
	s.addr = vector ? (uintptr_t)&v : (uintptr_t)data;
	s.len = vector ? 1 : n;
	s.off = chance(40) ? -1 : some_offset();
	s.rw_flags = PICK(flags);
	out_call(" %u by %u %zu at %lld %#x", i, s.opcode, n, (long long)s.off, s.rw_flags);
	uring_call(&s, WAIT_MS);
	out_signals();
	if (reads && uring_result() > 0)
		out_bytes(data, uring_result());
}

static void range_by(unsigned int i)
{
	static const unsigned char opcodes[] = { IORING_OP_FSYNC, IORING_OP_FALLOCATE, IORING_OP_FADVISE,
						 IORING_OP_SYNC_FILE_RANGE };
	struct io_uring_sqe s = request(PICK(opcodes), files[i].fd);

	switch (s.opcode) {
	case IORING_OP_FSYNC:
		s.fsync_flags = chance(50) ? IORING_FSYNC_DATASYNC : 0;
		break;
	case IORING_OP_FALLOCATE:
		s.len = chance(50) ? FALLOC_FL_KEEP_SIZE : 0;
		s.off = below(100000);
		s.addr = below(20000);
		break;
	default:
		s.off = below(10000);
		s.len = below(10000);
	}
	out_call(" %u range by %u %u %lld", i, s.opcode, s.len, (long long)s.off);
	uring_call(&s, WAIT_MS);
}

/* A file's attributes as statx() has them, and its fields that no other call gives. */
static void stat_by(unsigned int i)
{
	struct io_uring_sqe s = request(IORING_OP_STATX, files[i].fd);
	struct statx x = { };

	s.addr = (uintptr_t)"";
	s.len = STATX_BASIC_STATS;
	s.off = (uintptr_t)&x;
	s.statx_flags = AT_EMPTY_PATH;
	out_call(" %u statx", i);
	uring_call(&s, WAIT_MS);
	out(" s%llu n%u", (unsigned long long)x.stx_size, x.stx_nlink);
}

static void open_by(void)
{
	struct io_uring_sqe s = request(IORING_OP_OPENAT, AT_FDCWD);
	const char *name = chance(50) ? "one" : "two";
	unsigned int i = empty_file();

	s.addr = (uintptr_t)name;
	s.len = 0644;
	s.open_flags = O_RDWR | (chance(70) ? O_CREAT : 0) | (chance(20) ? O_TRUNC : 0);
	out_call(" %u open %s %#o", i, name, s.open_flags);
	uring_call(&s, WAIT_MS);
	if (uring_result() >= 0)
		files[i].fd = uring_result();
	files[i].flags = s.open_flags;
}

static void name_by(void)
{
	static const unsigned char opcodes[] = { IORING_OP_UNLINKAT, IORING_OP_RENAMEAT, IORING_OP_MKDIRAT,
						 IORING_OP_SYMLINKAT, IORING_OP_LINKAT };
	struct io_uring_sqe s = request(PICK(opcodes), AT_FDCWD);

	s.addr = (uintptr_t)(chance(50) ? "one" : "three");
	s.addr2 = (uintptr_t)(chance(50) ? "two" : "four");
	if (s.opcode == IORING_OP_UNLINKAT || s.opcode == IORING_OP_MKDIRAT)
		s.addr2 = 0;
	if (s.opcode == IORING_OP_UNLINKAT)
		s.unlink_flags = chance(30) ? AT_REMOVEDIR : 0;
	if (s.opcode == IORING_OP_MKDIRAT)
		s.len = 0755;
	if (s.opcode == IORING_OP_RENAMEAT || s.opcode == IORING_OP_LINKAT)
		s.len = AT_FDCWD;
	out_call(" name by %u %s %s", s.opcode, (char *)(uintptr_t)s.addr, s.addr2 ? (char *)(uintptr_t)s.addr2 : "");
	uring_call(&s, WAIT_MS);
}

void do_file_uring(void)
{
	switch (below(8)) {
	case 0: range_by(some_file()); break;
	case 1: stat_by(some_file()); break;
	case 2: open_by(); break;
	case 3: name_by(); break;
	default: transfer_by(some_file());
	}
}

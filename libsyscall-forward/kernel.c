// SPDX-License-Identifier: MIT
/*
 * The library's calls of the kernel's side of the door. They are weak: a unit test links its
 * own instead.
 */
#include "fwd_priv.h"
#include "syscall.h"

/**
 * fwd_kernel - call prctl(VOS_DOOR_PRCTL, op, a, b)
 * @op: VOS_DOOR_*
 * @a: its argument
 * @b: its argument
 *
 * Return: the result or -errno; errno stays as it is.
 */
__attribute__((weak)) long fwd_kernel(long op, long a, long b)
{
	return fwd_syscall(SYS_prctl, VOS_DOOR_PRCTL, op, a, b, 0, 0);
}

/**
 * fwd_unmap - unmap memory; errno stays as it is
 * @p: its address
 * @size: in bytes
 */
__attribute__((weak)) void fwd_unmap(void *p, size_t size)
{
	fwd_syscall(SYS_munmap, (long)p, size, 0, 0, 0, 0);
}

/**
 * fwd_write_at - make the system call pwrite(), which is no cancellation point here
 * @fd: the descriptor
 * @buf: data
 * @n: bytes
 * @pos: position in the file
 *
 * Return: bytes or -errno; errno stays as it is.
 */
__attribute__((weak)) long fwd_write_at(int fd, const void *buf, size_t n, __u64 pos)
{
	return fwd_syscall(SYS_pwrite64, fd, (long)buf, (long)n, (long)pos, 0, 0);
}

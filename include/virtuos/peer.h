/* SPDX-License-Identifier: MIT */
/*
 * Memory that a peer can write at any time: another domain, or a process. When a word is read
 * from it again, it may have changed.
 *
 * Pointers to such memory are __peer, for sparse an address space of its own. If code reads
 * through one in any way but those below, sparse warns (make check-static). Each way reads or
 * writes a word once, or copies. What was read is still unchecked: by convention a variable
 * that holds it is called untrusted_*.
 */
#ifndef VIRTUOS_PEER_H
#define VIRTUOS_PEER_H

#include "abi.h"

#ifdef __CHECKER__
#define __peer __attribute__((noderef, address_space(__peer)))
#define __peer_force __attribute__((force))
#else
#define __peer
#define __peer_force
#endif

/**
 * vos_peer_ptr - hand shared memory on to a function that copies it once, and only that
 * @p: address in shared memory
 *
 * For copy_from_iter(), kernel_read() and the like. If the function called does not say why
 * that is safe, the caller does.
 *
 * Return: the same address, as an ordinary one.
 */
#define vos_peer_ptr(p)		((__peer_force __typeof__(*(p)) *)(p))

#ifdef __KERNEL__
#include <linux/string.h>
#include <linux/atomic.h>
#include <asm/barrier.h>
#include <linux/compiler.h>
#define vos_load_acquire(p)	virt_load_acquire(vos_peer_ptr(p))
#define vos_store_release(p, v)	virt_store_release(vos_peer_ptr(p), v)
#define vos_load(p)		READ_ONCE(*vos_peer_ptr(p))
#define vos_store(p, v)		WRITE_ONCE(*vos_peer_ptr(p), v)
#define vos_exchange(p, v)	xchg(vos_peer_ptr(p), v)
#define vos_or(p, v)		atomic_or(v, (atomic_t *)vos_peer_ptr(p))	/* 32 bits */
#define vos_mb()		virt_mb()
#else
#include <string.h>
#define vos_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define vos_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define vos_load(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define vos_store(p, v)		__atomic_store_n(p, v, __ATOMIC_RELAXED)
#define vos_exchange(p, v)	__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define vos_or(p, v)		((void)__atomic_fetch_or(p, v, __ATOMIC_SEQ_CST))
#define vos_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif

/* Read bits that the peer sets, and clear them. */
#define vos_take(p)		vos_exchange(p, 0)

/**
 * vos_peer_read - copy out of shared memory
 * @to: private memory
 * @from: shared memory
 * @n: bytes
 *
 * The caller checks and uses the copy only.
 */
static inline void vos_peer_read(void *to, const void __peer *from, size_t n)
{
	memcpy(to, (__peer_force const void *)from, n);
}

/**
 * vos_peer_write - copy into shared memory
 * @to: shared memory
 * @from: private memory; the peer sees all of it
 * @n: bytes
 */
static inline void vos_peer_write(void __peer *to, const void *from, size_t n)
{
	memcpy((__peer_force void *)to, from, n);
}

#endif

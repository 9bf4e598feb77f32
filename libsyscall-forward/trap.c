// SPDX-License-Identifier: MIT
/*
 * The trap door: the next library's function of the same name, usually libc's. So cancellation,
 * and other libraries that interpose, work as without this one.
 *
 * The constructor finds the functions. At the first use, dlsym() might run in a signal handler.
 * Before the constructor has run, there is one thread, which no other can cancel. So the bare
 * system call does as well. It needs no relocation of libc's, and may run in an IRELATIVE
 * resolver.
 */
#include <dlfcn.h>

#include "fwd_priv.h"
#include "syscall.h"

static ssize_t result(long rc)
{
	if (rc < 0 && rc > -4096) {
		errno = -rc;
		return -1;
	}
	return rc;
}

#define P(x) ((long)(x))

/* type, name, parameters, arguments, system call and its arguments */
#define CALLS(X)									\
	X(ssize_t, read, (int fd, void *b, size_t n), (fd, b, n),			\
	  SYS_read, fd, P(b), n, 0, 0, 0)						\
	X(ssize_t, write, (int fd, const void *b, size_t n), (fd, b, n),		\
	  SYS_write, fd, P(b), n, 0, 0, 0)						\
	X(ssize_t, readv, (int fd, const struct iovec *v, int n), (fd, v, n),		\
	  SYS_readv, fd, P(v), n, 0, 0, 0)						\
	X(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n),		\
	  SYS_writev, fd, P(v), n, 0, 0, 0)						\
	X(ssize_t, pread, (int fd, void *b, size_t n, off_t pos), (fd, b, n, pos),	\
	  SYS_pread64, fd, P(b), n, pos, 0, 0)						\
	X(ssize_t, pwrite, (int fd, const void *b, size_t n, off_t pos), (fd, b, n, pos),	\
	  SYS_pwrite64, fd, P(b), n, pos, 0, 0)						\
	X(ssize_t, recv, (int fd, void *b, size_t n, int flags), (fd, b, n, flags),	\
	  SYS_recvfrom, fd, P(b), n, flags, 0, 0)					\
	X(ssize_t, send, (int fd, const void *b, size_t n, int flags), (fd, b, n, flags),	\
	  SYS_sendto, fd, P(b), n, flags, 0, 0)						\
	X(ssize_t, recvfrom, (int fd, void *b, size_t n, int flags, struct sockaddr *a,	\
		     socklen_t *alen), (fd, b, n, flags, a, alen),			\
	  SYS_recvfrom, fd, P(b), n, flags, P(a), P(alen))				\
	X(ssize_t, sendto, (int fd, const void *b, size_t n, int flags, const struct sockaddr *a,	\
		   socklen_t alen), (fd, b, n, flags, a, alen),				\
	  SYS_sendto, fd, P(b), n, flags, P(a), alen)					\
	X(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags),	\
	  SYS_recvmsg, fd, P(m), flags, 0, 0, 0)					\
	X(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags),	\
	  SYS_sendmsg, fd, P(m), flags, 0, 0, 0)					\
	X(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t len),	\
	  (fd, level, name, value, len),						\
	  SYS_setsockopt, fd, level, name, P(value), len, 0)

#define DEFINE(type, name, params, args, nr, a, b_, c, d, e, f)				\
	static type (*next_##name) params;						\
	type fwd_trap_##name params							\
	{										\
		type (*next) params = vos_load(&next_##name);				\
											\
		if (likely(next))							\
			return next args;						\
		return result(fwd_syscall(nr, a, b_, c, d, e, f));			\
	}

CALLS(DEFINE)

#define RESOLVE(type, name, ...) vos_store(&next_##name, dlsym(RTLD_NEXT, #name));

/**
 * fwd_trap_init - find the next library's functions
 *
 * Context: constructor.
 */
void fwd_trap_init(void)
{
	CALLS(RESOLVE)
}

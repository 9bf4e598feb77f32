// SPDX-License-Identifier: MIT
/*
 * The functions that replace libc's. They decide by the descriptor's word. If the call is not
 * for the door, the trap door is a tail call.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>

#include "iov.h"
#include "section.h"

#define EXPORT		__attribute__((visibility("default")))
#define STRING(x)	#x
#define ALIAS(of)	__attribute__((visibility("default"), alias(STRING(of))))

#pragma weak pthread_testcancel

/* Act upon a pending cancellation here, before the call begins. */
static void cancellation_point(void)
{
	if (pthread_testcancel)
		pthread_testcancel();
}

/* Begin a call that is a cancellation point. */
static inline struct vos_account_slot *begin(void)
{
	cancellation_point();
	return fwd_enter();
}

static ssize_t finish(long rc)
{
	if (likely(rc >= 0))
		return rc;
	errno = -rc;
	return -1;
}

/*
 * Count a call as Linux does, and leave. The calls that the trap door makes again the kernel
 * counts.
 */
static __attribute__((noinline)) void leave_failed(struct vos_account_slot *slot,
						   enum vos_account_io kind, long rc)
{
	if (!FWD_IS_TRAP(rc))
		fwd_count_add(&slot->io[kind].calls, 1);
	fwd_leave(slot);
}

static inline long leave(struct vos_account_slot *slot, enum vos_account_io kind, long rc)
{
	fwd_count_add(&slot->io[kind].calls, 1);
	fwd_count_add(&slot->io[kind].bytes, rc);
	fwd_leave(slot);
	return rc;
}

static bool is_socket(__u64 word)
{
	__u32 kind = VOS_WORD_KIND(word);

	return kind == VOS_KIND_STREAM || kind == VOS_KIND_DGRAM;
}

/* Return: as fwd_recv(); also for a kind that is not known. */
static long door_read(struct fwd_io *io)
{
	if (!io->len)
		return FWD_TRAP(VOS_WHY_ODD);
	switch (VOS_WORD_KIND(io->word)) {
	case VOS_KIND_WINDOW:
		return fwd_window_read(io);
	case VOS_KIND_FILE:
		return fwd_file_read(io);
	case VOS_KIND_STREAM:
	case VOS_KIND_DGRAM:
		if (io->at)
			return FWD_TRAP(VOS_WHY_ODD);
		return fwd_recv(io);
	default:
		return FWD_TRAP(VOS_WHY_ODD);
	}
}

static long door_write(struct fwd_io *io)
{
	if (!io->len)
		return FWD_TRAP(VOS_WHY_ODD);
	switch (VOS_WORD_KIND(io->word)) {
	case VOS_KIND_WINDOW:
		return fwd_window_write(io);
	case VOS_KIND_FILE:
		return fwd_file_write(io);
	case VOS_KIND_STREAM:
	case VOS_KIND_DGRAM:
		if (io->at)
			return FWD_TRAP(VOS_WHY_ODD);
		return fwd_send(io);
	default:
		return FWD_TRAP(VOS_WHY_ODD);
	}
}

/*
 * Describe one buffer, as much of it as Linux takes at once. Length 0: the call is not for the
 * door.
 */
static struct iovec one(const void *buf, size_t n)
{
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = n < FWD_MAX_IO ? n : FWD_MAX_IO };

	if (!fwd_plausible(buf, n))
		iov.iov_len = 0;
	return iov;
}

static inline bool is_plain(const void *buf, size_t n, size_t max)
{
	return n - 1 < max && fwd_plausible(buf, n);
}

static __attribute__((noinline)) long read_one(__u64 word, int fd, void *buf, size_t n, bool at,
					       off_t pos)
{
	struct iovec iov = one(buf, n);
	struct fwd_io io = {
		.word = word, .fd = fd, .iov = &iov, .len = iov.iov_len, .at = at, .pos = pos,
	};

	return door_read(&io);
}

static __attribute__((noinline)) long write_one(__u64 word, int fd, const void *buf, size_t n,
						bool at, off_t pos)
{
	struct iovec iov = one(buf, n);
	struct fwd_io io = {
		.word = word, .fd = fd, .iov = &iov, .len = iov.iov_len, .at = at, .pos = pos,
	};

	return door_write(&io);
}

/*
 * Data that is read or written in large pieces is best kept in the primary's page cache.
 * Through the service it is copied twice, and a write would wait for the disk when the log is
 * full. So large calls attach a descriptor only to use the file in place. There a clean page
 * costs a fault, which does not pay for long writes.
 */
static __attribute__((noinline)) __u64 new_to_write(int fd, size_t n)
{
	if (n < FWD_LARGE)
		return fwd_word(fd, FWD_AFTER_ANY);
	return fwd_word(fd, n <= FWD_IN_PLACE ? FWD_AFTER_ANY | FWD_AFTER_WINDOW : FWD_AFTER_NEVER);
}

static __attribute__((noinline)) __u64 new_to_read(int fd, size_t n)
{
	return fwd_word(fd, n < FWD_LARGE ? FWD_AFTER_ANY : FWD_AFTER_ANY | FWD_AFTER_WINDOW);
}

static inline __u64 word_to_write(int fd, size_t n)
{
	__u64 word = fwd_word_known(fd);

	return likely(VOS_WORD_KIND(word)) ? word : new_to_write(fd, n);
}

static inline __u64 word_to_read(int fd, size_t n)
{
	__u64 word = fwd_word_known(fd);

	return likely(VOS_WORD_KIND(word)) ? word : new_to_read(fd, n);
}

EXPORT ssize_t read(int fd, void *buf, size_t n)
{
	__u64 word = word_to_read(fd, n);
	struct vos_account_slot *slot;
	long rc;

	if (VOS_WORD_KIND(word) == VOS_KIND_TRAP)
		return fwd_trap_read(fd, buf, n);
	slot = begin();
	if (is_socket(word) && is_plain(buf, n, FWD_LARGE - 1)) {
		rc = fwd_recv_plain(word, fd, buf, n, 0);
	} else {
		rc = read_one(word, fd, buf, n, false, 0);
	}
	if (likely(rc >= 0))
		return leave(slot, VOS_ACCOUNT_READ, rc);
	leave_failed(slot, VOS_ACCOUNT_READ, rc);
	return FWD_IS_TRAP(rc) ? fwd_trap_read(fd, buf, n) : finish(rc);
}

EXPORT ssize_t write(int fd, const void *buf, size_t n)
{
	__u64 word = word_to_write(fd, n);
	struct vos_account_slot *slot;
	long rc;

	if (VOS_WORD_KIND(word) == VOS_KIND_TRAP)
		return fwd_trap_write(fd, buf, n);
	slot = begin();
	if (is_socket(word) && is_plain(buf, n, FWD_SHORT)) {
		rc = fwd_send_short(word, fd, buf, n, 0);
	} else {
		rc = write_one(word, fd, buf, n, false, 0);
	}
	if (likely(rc >= 0))
		return leave(slot, VOS_ACCOUNT_WRITE, rc);
	leave_failed(slot, VOS_ACCOUNT_WRITE, rc);
	return FWD_IS_TRAP(rc) ? fwd_trap_write(fd, buf, n) : finish(rc);
}

EXPORT ssize_t pread(int fd, void *buf, size_t n, off_t pos)
{
	__u64 word = word_to_read(fd, n);
	struct vos_account_slot *slot;
	long rc;

	if (VOS_WORD_KIND(word) == VOS_KIND_TRAP)
		return fwd_trap_pread(fd, buf, n, pos);
	slot = begin();
	if (VOS_WORD_KIND(word) == VOS_KIND_WINDOW && is_plain(buf, n, FWD_MAX_IO)) {
		rc = fwd_window_pread(word, fd, buf, n, pos);
	} else if (VOS_WORD_KIND(word) == VOS_KIND_FILE && is_plain(buf, n, FWD_SHORT)) {
		rc = fwd_file_pread_short(word, fd, buf, n, pos);
	} else {
		rc = read_one(word, fd, buf, n, true, pos);
	}
	if (likely(rc >= 0))
		return leave(slot, VOS_ACCOUNT_READ, rc);
	leave_failed(slot, VOS_ACCOUNT_READ, rc);
	return FWD_IS_TRAP(rc) ? fwd_trap_pread(fd, buf, n, pos) : finish(rc);
}

EXPORT ssize_t pwrite(int fd, const void *buf, size_t n, off_t pos)
{
	__u64 word = word_to_write(fd, n);
	struct vos_account_slot *slot;
	long rc;

	if (VOS_WORD_KIND(word) == VOS_KIND_TRAP)
		return fwd_trap_pwrite(fd, buf, n, pos);
	slot = begin();
	rc = write_one(word, fd, buf, n, true, pos);
	if (likely(rc >= 0))
		return leave(slot, VOS_ACCOUNT_WRITE, rc);
	leave_failed(slot, VOS_ACCOUNT_WRITE, rc);
	return FWD_IS_TRAP(rc) ? fwd_trap_pwrite(fd, buf, n, pos) : finish(rc);
}

static __attribute__((noinline)) long vector(__u64 word, int fd, const struct iovec *v, int n,
					     long (*call)(struct fwd_io *))
{
	struct iovec iov[FWD_MAX_IOV];
	ssize_t len = n > 0 ? fwd_iov_take(iov, v, n) : -1;
	struct fwd_io io = { .word = word, .fd = fd, .iov = iov, .len = len > 0 ? len : 0 };

	return call(&io);
}

EXPORT ssize_t readv(int fd, const struct iovec *v, int n)
{
	__u64 word = fwd_word(fd, FWD_AFTER_ANY);
	struct vos_account_slot *slot;
	long rc;

	if (VOS_WORD_KIND(word) == VOS_KIND_TRAP)
		return fwd_trap_readv(fd, v, n);
	slot = begin();
	rc = vector(word, fd, v, n, door_read);
	if (likely(rc >= 0))
		return leave(slot, VOS_ACCOUNT_READ, rc);
	leave_failed(slot, VOS_ACCOUNT_READ, rc);
	return FWD_IS_TRAP(rc) ? fwd_trap_readv(fd, v, n) : finish(rc);
}

EXPORT ssize_t writev(int fd, const struct iovec *v, int n)
{
	__u64 word = fwd_word(fd, FWD_AFTER_ANY);
	struct vos_account_slot *slot;
	long rc;

	if (VOS_WORD_KIND(word) == VOS_KIND_TRAP)
		return fwd_trap_writev(fd, v, n);
	slot = begin();
	rc = vector(word, fd, v, n, door_write);
	if (likely(rc >= 0))
		return leave(slot, VOS_ACCOUNT_WRITE, rc);
	leave_failed(slot, VOS_ACCOUNT_WRITE, rc);
	return FWD_IS_TRAP(rc) ? fwd_trap_writev(fd, v, n) : finish(rc);
}

static long socket_read(struct fwd_io *io)
{
	return is_socket(io->word) ? door_read(io) : FWD_TRAP(VOS_WHY_ODD);
}

static long socket_write(struct fwd_io *io)
{
	if (!is_socket(io->word))
		return FWD_TRAP(VOS_WHY_ODD);
	/* A connected stream needs no address. Linux decides what an address does to it. */
	if (io->name && (VOS_WORD_KIND(io->word) != VOS_KIND_DGRAM ||
			 io->namelen > VOS_ADDR_MAX || !io->namelen ||
			 !fwd_plausible(io->name, io->namelen)))
		return FWD_TRAP(VOS_WHY_ODD);
	return door_write(io);
}

static __attribute__((noinline)) long recv_one(__u64 word, int fd, void *buf, size_t n,
					       int flags, struct sockaddr *a, socklen_t *alen)
{
	struct iovec iov = one(buf, n);
	struct fwd_io io = {
		.word = word, .fd = fd, .flags = flags, .iov = &iov, .len = iov.iov_len, .name = a,
	};
	long rc;

	if (a && (!fwd_plausible(alen, sizeof(*alen)) ||
		  !fwd_copy(&io.namelen, alen, sizeof(*alen)) || (int)io.namelen < 0 ||
		  !fwd_plausible(a, io.namelen)))
		return FWD_TRAP(VOS_WHY_ODD);
	rc = socket_read(&io);
	if (a && rc >= 0 && !fwd_copy(alen, &io.truelen, sizeof(*alen)))
		return -EFAULT;
	return rc;
}

static __attribute__((noinline)) long send_one(__u64 word, int fd, const void *buf, size_t n,
					       int flags, const struct sockaddr *a, socklen_t alen)
{
	struct iovec iov = one(buf, n);
	struct fwd_io io = {
		.word = word, .fd = fd, .flags = flags, .iov = &iov, .len = iov.iov_len,
		.name = (void *)a, .namelen = alen,
	};

	return socket_write(&io);
}

EXPORT ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	__u64 word = fwd_word(fd, FWD_AFTER_SOCKET);
	struct vos_account_slot *slot;
	long rc;

	if (VOS_WORD_KIND(word) == VOS_KIND_TRAP)
		return fwd_trap_recv(fd, buf, n, flags);
	slot = begin();
	if (is_socket(word) && is_plain(buf, n, FWD_LARGE - 1)) {
		rc = fwd_recv_plain(word, fd, buf, n, flags);
	} else {
		rc = recv_one(word, fd, buf, n, flags, NULL, NULL);
	}
	fwd_leave(slot);
	return FWD_IS_TRAP(rc) ? fwd_trap_recv(fd, buf, n, flags) : finish(rc);
}

EXPORT ssize_t send(int fd, const void *buf, size_t n, int flags)
{
	__u64 word = fwd_word(fd, FWD_AFTER_SOCKET);
	struct vos_account_slot *slot;
	long rc;

	if (VOS_WORD_KIND(word) == VOS_KIND_TRAP)
		return fwd_trap_send(fd, buf, n, flags);
	slot = begin();
	if (is_socket(word) && is_plain(buf, n, FWD_SHORT)) {
		rc = fwd_send_short(word, fd, buf, n, flags);
	} else {
		rc = send_one(word, fd, buf, n, flags, NULL, 0);
	}
	fwd_leave(slot);
	return FWD_IS_TRAP(rc) ? fwd_trap_send(fd, buf, n, flags) : finish(rc);
}

EXPORT ssize_t recvfrom(int fd, void *restrict buf, size_t n, int flags,
			struct sockaddr *restrict a, socklen_t *restrict alen)
{
	__u64 word = fwd_word(fd, FWD_AFTER_SOCKET);
	struct vos_account_slot *slot;
	long rc;

	if (VOS_WORD_KIND(word) == VOS_KIND_TRAP)
		return fwd_trap_recvfrom(fd, buf, n, flags, a, alen);
	slot = begin();
	rc = recv_one(word, fd, buf, n, flags, a, alen);
	fwd_leave(slot);
	return FWD_IS_TRAP(rc) ? fwd_trap_recvfrom(fd, buf, n, flags, a, alen) : finish(rc);
}

EXPORT ssize_t sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *a,
		      socklen_t alen)
{
	__u64 word = fwd_word(fd, FWD_AFTER_SOCKET);
	struct vos_account_slot *slot;
	long rc;

	if (VOS_WORD_KIND(word) == VOS_KIND_TRAP)
		return fwd_trap_sendto(fd, buf, n, flags, a, alen);
	slot = begin();
	rc = send_one(word, fd, buf, n, flags, a, alen);
	fwd_leave(slot);
	return FWD_IS_TRAP(rc) ? fwd_trap_sendto(fd, buf, n, flags, a, alen) : finish(rc);
}

/*
 * Describe a plain message: data, perhaps an address, no control data and no room for it.
 * @iov: room for FWD_MAX_IOV buffers
 * Return: false if it is not plain.
 */
static bool plain_message(const struct msghdr *from, struct fwd_io *io, struct iovec *iov)
{
	struct msghdr m;
	ssize_t len;

	if (!fwd_plausible(from, sizeof(m)) || !fwd_copy(&m, from, sizeof(m)) || m.msg_controllen)
		return false;
	len = fwd_iov_take(iov, m.msg_iov, m.msg_iovlen);
	if (len <= 0 || (int)m.msg_namelen < 0)
		return false;
	if (m.msg_name && !fwd_plausible(m.msg_name, m.msg_namelen))
		return false;
	io->iov = iov;
	io->len = len;
	io->name = m.msg_name;
	io->namelen = m.msg_namelen;
	return true;
}

/* Tell what came with a message. */
static bool fill_message(struct msghdr *m, const struct fwd_io *io)
{
	return (!io->name ||
		fwd_copy(&m->msg_namelen, &io->truelen, sizeof(m->msg_namelen))) &&
	       fwd_copy(&m->msg_flags, &io->msg_flags, sizeof(m->msg_flags));
}

static __attribute__((noinline)) long recv_message(__u64 word, int fd, struct msghdr *m, int flags)
{
	struct fwd_io io = { .word = word, .fd = fd, .flags = flags };
	struct iovec iov[FWD_MAX_IOV];
	long rc;

	if (!plain_message(m, &io, iov))
		return FWD_TRAP(VOS_WHY_ODD);
	rc = socket_read(&io);
	if (rc < 0)
		return rc;
	return fill_message(m, &io) ? rc : -EFAULT;
}

static __attribute__((noinline)) long send_message(__u64 word, int fd, const struct msghdr *m,
						   int flags)
{
	struct fwd_io io = { .word = word, .fd = fd, .flags = flags };
	struct iovec iov[FWD_MAX_IOV];

	if (!plain_message(m, &io, iov))
		return FWD_TRAP(VOS_WHY_ODD);
	if (!io.namelen)
		io.name = NULL;
	return socket_write(&io);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	__u64 word = fwd_word(fd, FWD_AFTER_SOCKET);
	struct vos_account_slot *slot;
	long rc;

	if (VOS_WORD_KIND(word) == VOS_KIND_TRAP)
		return fwd_trap_recvmsg(fd, m, flags);
	slot = begin();
	rc = recv_message(word, fd, m, flags);
	fwd_leave(slot);
	return FWD_IS_TRAP(rc) ? fwd_trap_recvmsg(fd, m, flags) : finish(rc);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	__u64 word = fwd_word(fd, FWD_AFTER_SOCKET);
	struct vos_account_slot *slot;
	long rc;

	if (VOS_WORD_KIND(word) == VOS_KIND_TRAP)
		return fwd_trap_sendmsg(fd, m, flags);
	slot = begin();
	rc = send_message(word, fd, m, flags);
	fwd_leave(slot);
	return FWD_IS_TRAP(rc) ? fwd_trap_sendmsg(fd, m, flags) : finish(rc);
}

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	__u64 word = level == IPPROTO_TCP ? fwd_word(fd, FWD_AFTER_NEVER) : VOS_KIND_TRAP;
	struct vos_account_slot *slot;
	long rc;

	if (!(word & VOS_WORD_TCP))
		return fwd_trap_setsockopt(fd, level, name, value, len);
	slot = fwd_enter();
	rc = fwd_option_set(word, fd, name, value, len);
	fwd_leave(slot);
	if (!rc)
		return 0;
	return fwd_trap_setsockopt(fd, level, name, value, len);
}

/* Other names of the same functions, which programs and libraries use. */
ssize_t __read(int fd, void *buf, size_t n) ALIAS(read);
ssize_t __write(int fd, const void *buf, size_t n) ALIAS(write);
ssize_t __send(int fd, const void *buf, size_t n, int flags) ALIAS(send);
ssize_t pread64(int fd, void *buf, size_t n, off_t pos) ALIAS(pread);
ssize_t pwrite64(int fd, const void *buf, size_t n, off_t pos) ALIAS(pwrite);
ssize_t __pread64(int fd, void *buf, size_t n, off_t pos) ALIAS(pread);
ssize_t __pwrite64(int fd, const void *buf, size_t n, off_t pos) ALIAS(pwrite);

/* Names that -D_FORTIFY_SOURCE uses instead. */
extern void __chk_fail(void) __attribute__((noreturn));

EXPORT ssize_t __read_chk(int fd, void *buf, size_t n, size_t size)
{
	if (n > size)
		__chk_fail();
	return read(fd, buf, n);
}

EXPORT ssize_t __pread_chk(int fd, void *buf, size_t n, off_t pos, size_t size)
{
	if (n > size)
		__chk_fail();
	return pread(fd, buf, n, pos);
}

ssize_t __pread64_chk(int fd, void *buf, size_t n, off_t pos, size_t size) ALIAS(__pread_chk);

EXPORT ssize_t __recv_chk(int fd, void *buf, size_t n, size_t size, int flags)
{
	if (n > size)
		__chk_fail();
	return recv(fd, buf, n, flags);
}

EXPORT ssize_t __recvfrom_chk(int fd, void *restrict buf, size_t n, size_t size, int flags,
			      struct sockaddr *restrict a, socklen_t *restrict alen)
{
	if (n > size)
		__chk_fail();
	return recvfrom(fd, buf, n, flags, a, alen);
}

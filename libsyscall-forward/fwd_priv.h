/* SPDX-License-Identifier: MIT */
/*
 * What the files of libsyscall-forward share.
 *
 * Everything here may run in a signal handler that has interrupted any other part of the
 * library. So no code waits for a lock or allocates from the heap, and only a call that fails
 * touches errno.
 *
 * Invariant: a thread that touches a channel's memory holds one of the channel's lanes. So if
 * all lanes of a channel are taken away, no thread uses it.
 */
#ifndef FWD_PRIV_H
#define FWD_PRIV_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <virtuos/door.h>
#include <virtuos/ops.h>
#include <virtuos/ring.h>

#include "libsyscall-forward.h"

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

/*
 * A call's outcome inside the library: a count, -errno, or FWD_TRAP(why). The latter asks the
 * interposed function to make the call through the trap door.
 */
#define FWD_TRAP(why)		(-(8192L + (why)))
#define FWD_IS_TRAP(rc)		((rc) <= -8192L)
#define FWD_TRAP_WHY(rc)	((unsigned int)(-(rc) - 8192L))

/* Linux moves at most this much in one call. */
#define FWD_MAX_IO		0x7ffff000ul

/* A short transfer fits into any lane. */
#define FWD_SHORT		2048u

/*
 * Calls of one lane that may be under way at once; posted calls, whose answers are dropped,
 * come on top.
 */
#define FWD_DEPTH		4u
#define FWD_POSTED		4u

/* Counters of one lane; only its holder writes. */
struct fwd_count {
	__u64 door[VOS_STAT_OPS];
	__u64 bytes[VOS_STAT_OPS];
	__u64 spun, slept, kicks;
};

/* A lane's state: not to be had (as in zeroed memory), free, or taken. */
enum fwd_lane_state { FWD_LANE_NONE, FWD_LANE_FREE, FWD_LANE_TAKEN };

struct fwd_lane {
	__u32 state;		/* enum fwd_lane_state */
	__u32 index;
	struct fwd_chan *chan;
	struct vos_ring sq, cq;
	__u32 data;		/* offset of its part of the arena */
	__u32 tag;		/* of the next call */
	__u32 busy;		/* bit per call under way, by tag % FWD_DEPTH */
	__u32 have;		/* bit per call that is answered in stash[] */
	bool kick;		/* the service slept when a call was published */
	bool lost;		/* not to be used any more */
	struct vos_cqe stash[FWD_DEPTH];
	__u32 asked[FWD_DEPTH];	/* tags under way */
	__u32 posted;		/* calls that were posted and are not answered */
	__u32 post[FWD_POSTED];	/* their tags, oldest first */
	struct fwd_count count;
} __attribute__((aligned(64)));

struct fwd_chan {
	const struct vos_door_state *state;
	struct vos_uchan_head *head;	/* NULL: there has been no channel */
	size_t size;			/* of its mapping */
	char *arena;
	bool usable;			/* if not set, the thread that attaches makes another */
	__u32 service;
	__u32 epoch;
	__u32 nr_lanes;
	__u32 lane_arena;

	/* log.c */
	__u32 log_lock;
	__u32 log_off, log_size;	/* within the arena; size 0: no log */
	__u32 log_head, log_tail;

	/* recall.c: slots that were written since its last check */
	__u8 written[VOS_UCHAN_SLOTS];

	/* file.h: a thread is reserving a range of the file in the slot, and submits it */
	__u32 turn[VOS_UCHAN_SLOTS];

	/* lane.c: number of waits, and number of long ones in a row up to now */
	__u32 waits;
	__u32 slow;

	/*
	 * An error that the service has reported after bytes had been moved, and that
	 * no call has returned yet: generation of the slot << 32 | errno.
	 */
	__u64 pending_error[VOS_UCHAN_SLOTS];
	/* socket.h: the lane on which the last call on the slot was posted, + 1; 0: none */
	__u8 poster[VOS_UCHAN_SLOTS];
	/* The one more than there can be is never free: FWD_NO_LANE. */
	struct fwd_lane lane[VOS_UCHAN_MAX_LANES + 1];
};

/*
 * A file that lies in a window, by slot. The thread that attaches writes it, with @gen 0
 * meanwhile. Its readers write @users and the counts.
 */
struct fwd_window {
	__u64 base, size;
	__u32 gen;		/* of the word that it holds for */
	__u32 users;		/* see struct vos_door_window */
	/* approximate: threads count without a lock */
	__u64 reads, bytes, writes, written;
};

/*
 * All of a process's own state, in memory that fork() wipes. So the child of any kind of fork
 * finds no door, and never the addresses of its parent's.
 */
struct fwd_door {
	__u32 nr_fds;		/* 0: no door */
	__u32 busy;		/* a thread opens the door or attaches */
	const struct vos_door_state *state;
	__u32 skip, step;	/* attempts to leave out before the next OPEN */
	__u32 reopen;		/* the same, after a door was closed */
	__u64 opens, channels, attaches;
	__u64 trap[VOS_STAT_OPS][VOS_STAT_WHYS];
	struct fwd_chan chan[VOS_DOOR_SERVICES];
	struct fwd_window window[VOS_UCHAN_SLOTS];
};

#define FWD_NO_LANE	VOS_UCHAN_MAX_LANES

/*
 * What a thread has of its own. Before its first call it has no lane, so fwd_lane_other() comes
 * before it counts anything.
 */
struct fwd_thread {
	struct vos_account_slot *account;	/* where it counts its calls */
	__u32 lane;		/* that it used last: its lines are in this CPU's cache */
	bool asked;		/* it has asked the kernel for a slot */
};

extern __thread struct fwd_thread fwd_thread __attribute__((tls_model("initial-exec")));

extern struct fwd_door *fwd_door;	/* NULL until the first attempt to open */
extern __u32 fwd_door_off;		/* use the trap door from now on */
extern __u32 fwd_spin_us;		/* upper bound of the spinning of one wait */

/* One call, as the interposed functions describe it. */
struct fwd_io {
	__u64 word;
	int fd;
	int flags;		/* sockets: MSG_* */
	const struct iovec *iov;
	size_t len;		/* of all of iov */
	bool at;		/* files: pos holds, not the file's offset */
	__s64 pos;
	void *name;		/* sockets: address, or NULL */
	__u32 namelen;		/* send: its length; recv: room for it */
	__u32 truelen;		/* recv: set to its length */
	__u32 msg_flags;	/* recv: set */
};

/* door.c */
__u64 fwd_attach(int fd, unsigned int after);
void fwd_door_retire(void);

/* kernel.c: the library's system calls of its own. Tests replace them. */
long fwd_kernel(long op, long a, long b);
long fwd_write_at(int fd, const void *buf, size_t n, __u64 pos);
void fwd_unmap(void *p, size_t size);

/* lane.c; the rest in lane.h */
void fwd_ticks_start(void);
void fwd_ticks_measure(void);
void fwd_account_ask(void);
void fwd_account_forget(void);

/* section.c; the rest in section.h */
extern const struct vos_door_section fwd_section;
void fwd_take_signals(struct vos_account_slot *a);

/* recv.c, send.c, option.c, file.c, window.c, write.c */
long fwd_recv(struct fwd_io *io);
long fwd_recv_plain(__u64 word, int fd, void *buf, __u32 len, int flags);
long fwd_send(struct fwd_io *io);
long fwd_send_short(__u64 word, int fd, const void *buf, __u32 len, int flags);
long fwd_option_set(__u64 word, int fd, int name, const void *value, socklen_t len);
long fwd_file_read(struct fwd_io *io);
long fwd_file_pread_short(__u64 word, int fd, void *buf, __u32 len, __u64 pos);
long fwd_window_read(struct fwd_io *io);
long fwd_window_write(struct fwd_io *io);
long fwd_window_pread(__u64 word, int fd, void *buf, size_t len, __u64 pos);
void fwd_window_fetch(struct fwd_door *d, int fd);
long fwd_file_write(struct fwd_io *io);
long fwd_file_end_write(const struct fwd_io *io, __u64 pos, size_t done, long rc);

/* recall.c */
void fwd_file_try_recall(struct fwd_lane *l, __u64 word, int fd);
void fwd_file_is_held(int fd);

/* log.c */
struct vos_log_record *fwd_log_alloc(struct fwd_chan *c, __u32 len);
void fwd_log_fill(struct vos_log_record *r, const struct fwd_io *io, __u64 pos, __u32 len);
void fwd_log_complete(struct vos_log_record *r, __u32 len, __u64 seq);

/* trap.c: each makes libc's call of its name through the trap door */
ssize_t fwd_trap_read(int fd, void *buf, size_t n);
ssize_t fwd_trap_write(int fd, const void *buf, size_t n);
ssize_t fwd_trap_readv(int fd, const struct iovec *iov, int n);
ssize_t fwd_trap_writev(int fd, const struct iovec *iov, int n);
ssize_t fwd_trap_pread(int fd, void *buf, size_t n, off_t pos);
ssize_t fwd_trap_pwrite(int fd, const void *buf, size_t n, off_t pos);
ssize_t fwd_trap_recv(int fd, void *buf, size_t n, int flags);
ssize_t fwd_trap_send(int fd, const void *buf, size_t n, int flags);
ssize_t fwd_trap_recvfrom(int fd, void *buf, size_t n, int flags, struct sockaddr *a,
			  socklen_t *alen);
ssize_t fwd_trap_sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *a,
			socklen_t alen);
ssize_t fwd_trap_recvmsg(int fd, struct msghdr *m, int flags);
ssize_t fwd_trap_sendmsg(int fd, const struct msghdr *m, int flags);
int fwd_trap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
void fwd_trap_init(void);

/* seccomp.c */
void fwd_seccomp_init(void);

/* stats.c */
void fwd_count_trap(enum vos_stat_op op, long rc);
void fwd_stats_at_exit(const char *where);

/* Return: the word of a descriptor; of kind NONE: it is not known. */
static inline __u64 fwd_word_known(int fd)
{
	struct fwd_door *d = vos_load_acquire(&fwd_door);

	return likely(d && (__u32)fd < vos_load_acquire(&d->nr_fds)) ?
		vos_load_acquire(&vos_load(&d->state)->word[fd]) : 0;
}

/**
 * fwd_word - get the word of a descriptor
 * @fd: the descriptor
 * @after: number of calls on an unknown descriptor after which the kernel is asked
 *
 * Return: the word, never of kind NONE. If in doubt, it is of kind TRAP.
 */
static inline __u64 fwd_word(int fd, unsigned int after)
{
	__u64 word = fwd_word_known(fd);

	if (likely(VOS_WORD_KIND(word)))
		return word;
	return vos_load(&fwd_door_off) ? VOS_KIND_TRAP : fwd_attach(fd, after);
}

#define FWD_AFTER_SOCKET	2u
#define FWD_AFTER_ANY		8u
#define FWD_AFTER_NEVER		0u
#define FWD_AFTER_WINDOW	(1u << 31)	/* only if it can be read in place */
#define FWD_IN_PLACE		32768u	/* bytes; the kernel makes longer writes */
#define FWD_LARGE		(16384u + 1)	/* bytes; redis reads 16 KiB at a time */

/* Return: true if the channel has died. */
static inline bool fwd_epoch_is_old(const struct fwd_chan *c)
{
	return vos_load_acquire(&c->state->epoch[c->service]) != c->epoch;
}

/*
 * Counters have one writer at a time. It adds by one instruction: a handler of a signal that comes
 * in between counts, too.
 */
static inline void fwd_count_add(__u64 *p, __u64 n)
{
	__asm__("addq %1, %0" : "+m"(*p) : "er"(n));
}

/* Return: how many such calls that makes. */
static inline __u64 fwd_lane_count(struct fwd_lane *l, enum vos_stat_op op, long rc)
{
	__u64 n = vos_load(&l->count.door[op]) + 1;

	vos_store(&l->count.door[op], n);
	if (rc > 0)
		fwd_count_add(&l->count.bytes[op], rc);
	return n;
}

/* If an outcome means the trap door, count it. Return: @rc */
static inline long fwd_trapped(enum vos_stat_op op, long rc)
{
	if (unlikely(FWD_IS_TRAP(rc)))
		fwd_count_trap(op, rc);
	return rc;
}

/* Return: true if the service did nothing, and the trap door can do it. */
static inline bool fwd_not_done(__s64 result)
{
	return result == -EBADF || result == -ENOSYS || result == -EPROTO;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The exceptionless door: what a process shares with its kernel and with the service domains.
 * The primary's kernel, service domains and libsyscall-forward use this file. The normative
 * text is docs/protocol.md, section 9.
 *
 * A process has one door. It consists of
 *
 * - the state area, which the kernel writes and the process only reads. It has one word per
 *   descriptor. The word says whether, and as what, the descriptor may be used through the door
 *   at this moment.
 * - one user channel per service: memory that the primary's kernel allocates and grants. The
 *   process reads and writes it, and the service domain maps it.
 *
 * The process sets up all of it with prctl(VOS_DOOR_PRCTL, op, ...), which needs no descriptor
 * and no device node. So a program finds its descriptor numbers as they would be without the
 * door.
 *
 * Invariant: the door only answers calls that can be answered at once. A call that has to wait
 * for a third party, or is not plain, goes through the trap door. A descriptor's word is 0
 * before the descriptor means anything else.
 */
#ifndef VIRTUOS_DOOR_H
#define VIRTUOS_DOOR_H

#include "abi.h"

#define VOS_DOOR_VERSION	3u

/* First argument of prctl(2). */
#define VOS_DOOR_PRCTL		0x44534f56	/* "VOSD" */

/*
 * Second argument: what to do. Return: 0 or more, or -1 with errno.
 *
 *	OPEN	 arg3 = pointer to struct vos_door_info, which is filled in. Maps the state area.
 *		 A second call gives the same door, or a new one in place of one that was closed
 *		 for good. EPERM: the process is traced or runs under seccomp. EBUSY: its
 *		 descriptors belong to another process's door. ENOSYS: no VirtuOS kernel.
 *	CHANNEL	 arg3 = service (VOS_DOOR_NET, VOS_DOOR_STORAGE), arg4 = pointer to struct
 *		 vos_door_channel, which is filled in. Maps the user channel, made at the first
 *		 call of this process. ENOTCONN: the service domain is down; try later. ENOSPC:
 *		 no more user channels. ENOENT: no such service here.
 *	ATTACH	 arg3 = descriptor, arg4 = 0 or VOS_ATTACH_WINDOW: only if it can have a window.
 *		 Sets the descriptor's word. Return: its kind (VOS_KIND_*). Without a channel to
 *		 its service no word is set, but the kind says which channel to ask for. EBADF;
 *		 EAGAIN: not now (domain down, all handles in use): use the trap door, ask again
 *		 later.
 *	ENTER	 arg3 = service, arg4 = lane | VOS_ENTER_* flags. KICK: wake the service's
 *		 dispatcher. WAIT: sleep until the lane's completion ring is not empty. EINTR: a
 *		 signal came; ENOTCONN: the channel is dead, no completion will come.
 *	WINDOW	 arg3 = descriptor whose word is of kind WINDOW, arg4 = pointer to struct
 *		 vos_door_window, which is filled in but for @users. EAGAIN: it has none any
 *		 more.
 *	TIDY	 unmaps the windows that have ended and have no reader. Closes the files whose
 *		 words have gone while they were being written, and are not any more.
 *	RECALL	 arg3 = descriptor of a file. If programs read and write the file at the storage
 *		 domain, it is recalled. All its words are gone then, and it may have a window.
 *		 EBADF; ENOENT: not such a file; EINTR; EIO.
 *	ACCOUNT	 gives the calling thread a struct vos_account_slot of its own, in place of the
 *		 one that it had. Return: its address. The thread counts there; when it ends,
 *		 another may get the slot. ENOSPC: the process has too many. EINVAL: a kernel
 *		 that does not know the operation.
 *	REST	 arg3 = pointer to struct vos_door_rest. Writes what a call has begun to write
 *		 through a word, in the file that the word stood for. Return: bytes written, or
 *		 as pwrite(2). ESTALE: that file is not known any more; it is as long as a lane
 *		 says in vos_uchan_head.writing[] that its call writes through that word.
 */
enum vos_door_op {
	VOS_DOOR_OPEN = 1,
	VOS_DOOR_CHANNEL,
	VOS_DOOR_ATTACH,
	VOS_DOOR_ENTER,
	VOS_DOOR_WINDOW,
	VOS_DOOR_TIDY,
	VOS_DOOR_RECALL,
	VOS_DOOR_ACCOUNT,
	VOS_DOOR_REST,
};

enum vos_door_service {
	VOS_DOOR_NET,
	VOS_DOOR_STORAGE,
	VOS_DOOR_SERVICES
};

#define VOS_ATTACH_WINDOW	1u

#define VOS_ENTER_LANE		0xffu
#define VOS_ENTER_KICK		(1u << 8)
#define VOS_ENTER_WAIT		(1u << 9)

/* Filled in by OPEN. */
struct vos_door_info {
	__u32 version;		/* VOS_DOOR_VERSION */
	__u32 nr_fds;		/* words in the state area; others use the trap door */
	__u64 state;		/* address of struct vos_door_state */
};

/**
 * struct vos_door_state - the state area, read-only for the process
 * @closed: not 0: the door is closed for good. 1: the process may have another by a new
 *	OPEN. 2: the process must not ask for one, it may not be welcome (seccomp)
 * @epoch: per service, counts the user channels that this process has lost. If it changes
 *	while a call is under way, the call will not be answered
 * @reserved: 0
 * @word: per descriptor, VOS_WORD_*. 0: not known, ATTACH may tell
 */
struct vos_door_state {
	__u32 closed;
	__u32 epoch[VOS_DOOR_SERVICES];
	__u32 reserved[13];
	__u64 word[];
};

#define VOS_DOOR_FDS	1016u	/* state area of two pages */

/* A descriptor's word. */
#define VOS_KIND_NONE		0u	/* not known */
#define VOS_KIND_TRAP		1u	/* not through the door, for as long as the word stands */
#define VOS_KIND_STREAM		2u	/* connected stream socket; service NET */
#define VOS_KIND_DGRAM		3u	/* datagram or raw socket; service NET */
#define VOS_KIND_FILE		4u	/* regular file; service STORAGE */
#define VOS_KIND_WINDOW		5u	/* regular file in a window; STORAGE has the slot */

#define VOS_WORD_KIND(w)	((__u32)(w) & 7u)
#define VOS_WORD_READ		(1u << 3)	/* may be read from */
#define VOS_WORD_WRITE		(1u << 4)	/* may be written to */
#define VOS_WORD_NONBLOCK	(1u << 5)	/* O_NONBLOCK is set */
#define VOS_WORD_POS		(1u << 6)	/* the file offset is in vos_uchan_head.pos[] */
#define VOS_WORD_TCP		(1u << 7)	/* the stream is TCP's */
#define VOS_WORD_SLOT(w)	((__u32)((w) >> 16) & 0xffffu)
#define VOS_WORD_GEN(w)		((__u32)((w) >> 32))
#define VOS_WORD(kind_flags, slot, gen) \
	((__u64)(kind_flags) | (__u64)(slot) << 16 | (__u64)(gen) << 32)

/**
 * struct vos_door_window - a file's pages in the primary's page cache, mapped for the process
 * @users: address of a __u32 of the process's, 0 while no thread reads; it must stay for as
 *	long as the process has windows
 * @base: address of the file's first byte
 * @size: of the file, in bytes
 * @slot: of the word that this holds for
 * @gen: of the word that this holds for
 *
 * The process may read the window, and write it if the word says so. The file's size does not
 * change while the word stands. The word goes before the size changes. If the word was the same
 * before and after a copy, what was copied is, or has become, the file's content. A thread that
 * writes sets vos_uchan_head.wrote before it reads the word the second time.
 *
 * Once the word has gone the window may show zeros, and is unmapped as soon as no thread uses
 * it. A thread that reads or writes counts itself at @users before it reads the word, and out
 * afterwards. If it then finds the word gone, it calls TIDY.
 */
struct vos_door_window {
	__u64 users;
	__u64 base;
	__u64 size;
	__u32 slot;
	__u32 gen;
};

/* What a call counts as, in struct vos_account_slot */
enum vos_account_io {
	VOS_ACCOUNT_READ,
	VOS_ACCOUNT_WRITE,
	VOS_ACCOUNT_IOS
};

/**
 * struct vos_account_slot - what a thread's exceptionless calls cost, as the process says
 * @service: by enum vos_door_service
 * @service.calls: completions that the thread has taken
 * @service.ticks: sum of their VOS_COST_TICKS()
 * @section: not 0 while the thread is in the midst of a call: address of a struct
 *	vos_door_section. The kernel then delivers no signal to it but those that cannot wait
 *	(SIGKILL, stops, those of its own instruction)
 * @denied: the kernel sets it to 1 when it holds a signal back for that reason. The thread
 *	sets @section to 0 first, and then @denied. A change of its signal mask, there and
 *	back, has the signals delivered
 * @io: by enum vos_account_io, for /proc/PID/io: what Linux counts, and the kernel has not seen
 * @io.calls: calls of read(), write() and their like. recv(), send() and theirs are none
 * @io.bytes: sum of what these returned
 * @reserved: 0
 *
 * Whole cache lines: no other thread writes to them. A call uses the first one alone, but for
 * write() and its like, which count in the second. The fields count up from what they are when
 * the thread gets the slot. The kernel may read them at any time, and shows how far they have
 * gone up. A field that has gone down adds nothing. A child of fork() finds memory of its own
 * there, which the kernel does not read.
 */
struct vos_account_slot {
	struct {
		__u64 calls;
		__u64 ticks;
	} service[VOS_DOOR_SERVICES];
	__u64 section;
	__u64 denied;
	struct {
		__u64 calls;
		__u64 bytes;
	} io[VOS_ACCOUNT_IOS];
	__u64 reserved[6];
};

/**
 * struct vos_door_section - which instructions of a call touch the program's buffers
 * @start: address of the first
 * @end: address behind the last
 * @landing: where the thread goes on, its registers unchanged, if one of them raises SIGSEGV
 *	or SIGBUS
 */
struct vos_door_section {
	__u64 start;
	__u64 end;
	__u64 landing;
};

/*
 * A user channel. Pages in order: head (2), one page per lane, arena. Every lane is a pair of
 * rings of its own, for one caller at a time. The process itself decides which of its threads
 * uses a lane.
 */
#define VOS_UCHAN_SLOTS		256u
#define VOS_UCHAN_MAX_LANES	8u
#define VOS_LANE_ENTRIES	16u
#define VOS_UCHAN_HEAD_PAGES	2u
#define VOS_UCHAN_MAX_PAGES	1024u

/* Filled in by CHANNEL. */
struct vos_door_channel {
	__u64 base;		/* address of struct vos_uchan_head */
	__u32 nr_lanes;
	__u32 arena_pages;	/* of the whole channel */
	__u32 lane_arena;	/* bytes of the arena that belong to each lane, from 0 on */
	__u32 log_off;		/* bytes into the arena: the log, up to its end */
	__u32 epoch;		/* vos_door_state.epoch[] when it was made */
	__u32 reserved;
};

/**
 * struct vos_uchan_slot - what the back end tells the process of a handle
 * @gen: the handle's generation. When the handle has ended and all that was written through
 *	it is on the disk, the front end sets it to 0
 * @poll: sockets: the poll mask. The back end writes it before it answers the call that
 *	changed it
 * @durable: files: writes up to this sequence number (completion, out[0]) are on the disk
 */
struct vos_uchan_slot {
	__u32 gen;
	__u32 poll;
	__u64 durable;
};

#define VOS_POS_KERNEL	(~0ull)

/* What vos_uchan_head.writing[] has for a handle; a generation is never 0. */
#define VOS_WRITING(slot, gen)	((__u32)(slot) | (__u64)(gen) << 32)

/**
 * struct vos_uchan_head - the first pages of a user channel
 * @pos: file offset of the file in this slot; a thread moves it with an atomic
 *	compare-and-exchange. VOS_POS_KERNEL: the kernel has it; use the trap door
 * @log_head: byte position of the log's end, free-running. The records in [tail, head) have
 *	been written and may not be durable yet. See vos_log_record
 * @log_tail: byte position of the log's begin, free-running
 * @wrote: not 0: the process has written to the file in its window. The kernel sets it to 0
 *	when it has set the file's times
 * @broken: not 0: the back end consumes nothing from this channel any more, for a lane did
 *	not hold what the protocol says. The kernel then closes the door
 * @reserved0: 0
 * @writing: per lane, VOS_WRITING() of the handle that its call writes through; 0: none. The
 *	thread sets it, then a barrier, before it moves the offset; or else it finds the word
 *	unchanged afterwards. It clears it when all is written. If the descriptor goes
 *	meanwhile, the kernel keeps the file for VOS_DOOR_REST
 * @from: per lane, where that begins of which nothing is submitted or written yet. See @till
 * @till: per lane, the end of the range that its call is about to reserve, or has reserved, by
 *	moving the offset; 0: none. One thread at a time reserves a range of a file. If the
 *	process ends, and the offset is here, the kernel sets it to @from
 * @reserved: 0
 * @slot: what the back end tells of each handle
 */
struct vos_uchan_head {
	__u64 pos[VOS_UCHAN_SLOTS];
	__u32 log_head;
	__u32 log_tail;
	__u8 wrote[VOS_UCHAN_SLOTS];
	__u32 broken;
	__u32 reserved0;
	__u64 writing[VOS_UCHAN_MAX_LANES];
	__u64 from[VOS_UCHAN_MAX_LANES];
	__u64 till[VOS_UCHAN_MAX_LANES];
	__u64 reserved[VOS_UCHAN_SLOTS - 2 - VOS_UCHAN_SLOTS / 8 - 3 * VOS_UCHAN_MAX_LANES];
	struct vos_uchan_slot slot[VOS_UCHAN_SLOTS];
};

/**
 * struct vos_door_rest - what is still to be written of a call that has begun
 * @word: what the descriptor had when the call began
 * @pos: position in the file
 * @data: address of the data
 * @len: bytes of data; 0: none
 * @end: not 0: the call has moved the file's offset to here. Unless it was moved on since, it
 *	is set to @pos and what is written now
 */
struct vos_door_rest {
	__u64 word;
	__u64 pos;
	__u64 data;
	__u64 len;
	__u64 end;
};

/* One lane's page. */
struct vos_lane_page {
	struct vos_ring_hdr sq;		/* producer: the process */
	struct vos_ring_hdr cq;		/* producer: back end */
	__u64 reserved[96];
	struct vos_sqe sqe[VOS_LANE_ENTRIES];
	struct vos_cqe cqe[VOS_LANE_ENTRIES];
};

/*
 * The log keeps data that was written to files and is not known to be durable. It lies in
 * memory of the primary, so the death of the storage domain loses no data whose write was
 * answered. The data of a WRITE follows its record, is named by the submission's extent and
 * stays until the record may go. After a death the kernel carries the records out again, oldest
 * sequence number first.
 *
 * Records start at multiples of 64 bytes and do not wrap: one with slot VOS_LOG_SKIP fills what
 * is left at the end.
 */
#define VOS_LOG_SKIP		0xffffffffu

struct vos_log_record {
	__u32 slot;		/* handle, or VOS_LOG_SKIP */
	__u32 gen;
	__u64 pos;		/* file offset */
	__u32 len;		/* bytes of data that follow the record */
	__u32 room;		/* bytes to the next record */
	__u64 seq;		/* of the completion; 0: not answered yet */
	__u64 reserved[4];
};

static_assert(sizeof(struct vos_door_info) == 16, "layout");
static_assert(sizeof(struct vos_door_window) == 32, "layout");
static_assert(sizeof(struct vos_account_slot) == 128, "two cache lines");
static_assert(offsetof(struct vos_account_slot, section) == 32, "layout");
static_assert(offsetof(struct vos_account_slot, io) == 48, "layout");
static_assert(offsetof(struct vos_account_slot, io[VOS_ACCOUNT_WRITE]) == 64, "the second line");
static_assert(sizeof(struct vos_door_section) == 24, "layout");
static_assert(offsetof(struct vos_uchan_head, wrote) == 2056, "layout");
static_assert(offsetof(struct vos_uchan_head, broken) == 2312, "layout");
static_assert(offsetof(struct vos_uchan_head, writing) == 2320, "layout");
static_assert(offsetof(struct vos_uchan_head, till) == 2448, "layout");
static_assert(sizeof(struct vos_door_rest) == 40, "layout");
static_assert(offsetof(struct vos_door_state, word) == 64, "layout");
static_assert(64 + VOS_DOOR_FDS * 8 == 2 * VOS_PAGE_SIZE, "two pages");
static_assert(sizeof(struct vos_uchan_slot) == 16, "layout");
static_assert(sizeof(struct vos_uchan_head) == VOS_UCHAN_HEAD_PAGES * VOS_PAGE_SIZE, "layout");
static_assert(offsetof(struct vos_uchan_head, slot) == VOS_PAGE_SIZE, "page of the back end");
static_assert(offsetof(struct vos_lane_page, sqe) == 1024, "layout");
static_assert(offsetof(struct vos_lane_page, cqe) == 2048, "layout");
static_assert(sizeof(struct vos_lane_page) <= VOS_PAGE_SIZE, "one page");
static_assert(sizeof(struct vos_log_record) == 64, "layout");

#endif

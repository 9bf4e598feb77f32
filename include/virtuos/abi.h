/* SPDX-License-Identifier: MIT */
/*
 * VirtuOS protocol, version 1: what a primary (front end) and a service domain (back end) share
 * in memory. The normative text is docs/protocol.md; this file gives the layouts, and asserts
 * them.
 *
 * Invariant: any field here may have been written by a peer that lies. A reader copies a field
 * once, checks the copy and uses the copy.
 *
 * All integers are little-endian and naturally aligned; x86-64 only in version 1.
 */
#ifndef VIRTUOS_ABI_H
#define VIRTUOS_ABI_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/build_bug.h>
#include <linux/stddef.h>
#else
#include <stddef.h>
#include <stdint.h>
#include <assert.h>
typedef uint8_t __u8;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef uint64_t __u64;
typedef int32_t __s32;
typedef int64_t __s64;
#endif

#define VOS_PROTOCOL_VERSION	1u
#define VOS_MAGIC		0x31736f76u	/* "vos1" */

#define VOS_PAGE_SIZE		4096u
#define VOS_PAGE_SHIFT		12

/* Bounds that both sides enforce; a peer that asks for more is refused. */
#define VOS_MAX_CHANNELS	32u
#define VOS_MAX_RING_ENTRIES	1024u
#define VOS_MAX_ARENA_PAGES	4096u	/* per channel: 16 MiB */
#define VOS_MAX_OBJECTS		32768u	/* one page of event bits */
#define VOS_MAX_CREDS		256u
#define VOS_MAX_UCHANS		256u	/* per link: one a process */
#define VOS_MAX_DIR_PAGES	64u	/* 65536 shared pages: 256 MiB */
#define VOS_REFS_PER_DIR	(VOS_PAGE_SIZE / 4u)

/* Feature bits (xenstore key "features", control page field "features"). */
#define VOS_F_EVENTS		(1u << 0)	/* object table and event bits */
#define VOS_F_HEARTBEAT		(1u << 1)	/* vos_ctrl.heartbeat is kept */
#define VOS_F_USER_CHANNELS	(1u << 2)	/* exceptionless door: virtuos/door.h */
#define VOS_F_COST		(1u << 3)	/* completions and vos_ctrl say what calls cost */
#define VOS_F_TRACE		(1u << 4)	/* TRACE_CTL, TRACE_READ */
#define VOS_F_CAUSE		(1u << 5)	/* vos_obj_state.cause is kept */

/*
 * Submission: one call. 64 bytes, one cache line.
 *
 * A call names up to two extents of its channel's arena. What each extent holds,
 * and what the arguments mean, depends on the opcode: virtuos/ops.h.
 */
struct vos_extent {
	__u32 off;		/* bytes from the start of the channel's arena */
	__u32 len;		/* bytes; 0 = no extent */
};

struct vos_sqe {
	__u8 opcode;		/* enum vos_opcode */
	__u8 flags;		/* VOS_SQE_* */
	__u16 cred;		/* registered credentials, 0 = the service's own */
	__u32 tag;		/* returned in the completion, not interpreted */
	__u32 obj;		/* object index, chosen by the front end */
	__u32 gen;		/* object generation, chosen by the front end */
	struct vos_extent ext[2];
	__u64 arg[4];
};

/* This call may have been carried out already by a predecessor that died. */
#define VOS_SQE_REPLAY		(1u << 0)
/* The ring's own, see ring.h: which round of the ring the entry belongs to. */
#define VOS_SQE_PHASE		(1u << 7)

/* Completion: the answer to one call. 64 bytes, one cache line. */
struct vos_cqe {
	__u32 tag;
	__u32 poll;		/* new poll mask of the object (EPOLL* bits); VOS_CQE_PHASE */
	__s64 result;		/* >= 0: value; < 0: -errno of Linux */
	__u64 cost;		/* VOS_COST_TICKS(), VOS_COST_INSNS(); 0 without VOS_F_COST */
	__u64 out[5];		/* out[4]: ticks that the call waited; 0 without VOS_F_COST */
};

/*
 * vos_cqe.cost: what the call took of the service's processors, in ticks of the time stamp
 * counter; U32_MAX: that or more. And the instructions of it; 0: they are not counted.
 */
#define VOS_COST_TICKS(cost)	((__u32)(cost))
#define VOS_COST_INSNS(cost)	((__u32)((cost) >> 32))

/* The ring's own bit of vos_cqe.poll, see ring.h. */
#define VOS_CQE_PHASE		(1u << 31)

/*
 * A ring's index is free-running, entry = index & (entries - 1). Before it sleeps, the consumer
 * sets need_wakeup (VOS_WAKE_*). If a producer sees it after publishing, it sends the channel's
 * event.
 */
#define VOS_WAKE_NOT	0u	/* the consumer polls */
#define VOS_WAKE_NOW	1u	/* it sleeps */
/*
 * The consumer is busy, and reads events (vos_ctrl.event_sel) by itself soon. Those may be
 * announced later, completions not. Kernel channels' completion rings only.
 */
#define VOS_WAKE_SOON	2u

/*
 * Both fields are the consumer's, on lines of their own. A consumer that changes need_wakeup
 * leaves the other line alone.
 */
struct vos_ring_hdr {
	__u32 cons;		/* entries taken */
	__u32 pad0[15];
	__u32 need_wakeup;
	__u32 pad1[15];
};

/* First page of a channel. */
struct vos_channel_page {
	struct vos_ring_hdr sq;	/* producer: front end */
	struct vos_ring_hdr cq;	/* producer: back end */
};

/* Bits of vos_obj_state.armed. */
#define VOS_ARMED	1u
#define VOS_ARMED_ROOM	2u

/*
 * Bits of vos_obj_state.cause: why an event was raised, as Linux's wake-ups tell a socket's
 * waiters. Several may have come together. TOLD_*: what a signal tells the owner of the file
 * (O_ASYNC), beside DATA and ERROR.
 */
#define VOS_CAUSE_DATA		(1u << 0)	/* there is something to be received */
#define VOS_CAUSE_ROOM		(1u << 1)	/* there is room to send */
#define VOS_CAUSE_ERROR		(1u << 2)
#define VOS_CAUSE_STATE		(1u << 3)	/* every waiter has to read the mask */
#define VOS_CAUSE_TOLD_END	(1u << 4)	/* the peer sends no more */
#define VOS_CAUSE_TOLD_HUP	(1u << 5)	/* nor does this end */
#define VOS_CAUSE_TOLD_OPEN	(1u << 6)	/* it is connected */
#define VOS_CAUSE_TOLD_ROOM	(1u << 7)	/* there is room, and was none */

/*
 * Object table entry. The back end writes poll, then gen with release semantics. The front end
 * reads gen with acquire semantics, then poll. So the poll mask that it reads is of the use of
 * the entry that gen names, or of a later one. The front end writes armed before a task waits.
 * The back end raises event bits only for armed objects, when a mask changes. With VOS_ARMED_ROOM
 * it also does so each time that a datagram has left. Before it raises an event bit, it sets the
 * causes with an atomic or. The front end takes them with an atomic exchange, after the bit.
 */
struct vos_obj_state {
	__u32 gen;		/* back end */
	__u32 poll;		/* back end: EPOLL* bits */
	__u32 armed;		/* front end: VOS_ARMED*, or 0 */
	__u32 cause;		/* both: VOS_CAUSE_* that are not taken */
};

/* One kernel channel, as laid out by the front end. Page numbers in the area. */
struct vos_channel_desc {
	__u32 hdr_page;		/* struct vos_channel_page */
	__u32 sq_page;
	__u32 cq_page;
	__u32 arena_page;
	__u32 entries;		/* of either ring, power of two, 64..1024 */
	__u32 arena_pages;
	__u32 evtchn;		/* port, allocated unbound by the front end */
	__u32 reserved;
};

/*
 * Control page: granted by "ctrl-ref". The front end writes the first cache lines before it
 * goes to Initialised and then never again. The back end copies them once. "area" is the
 * sequence of shared pages that the directory pages name: dir_ref[i] grants a page of
 * VOS_REFS_PER_DIR grant references.
 */
struct vos_ctrl {
	__u32 magic;
	__u32 version;
	__u32 features;
	__u32 nr_channels;
	__u32 nr_objects;
	__u32 area_pages;
	__u32 obj_page;		/* first page of struct vos_obj_state[] */
	__u32 event_page;	/* page of event bits, __u64[] */
	__u32 nr_dir;
	__u32 reserved0[7];

	__u32 heartbeat;	/* back end: counts up at least 4 times a second */
	__u32 uchans_broken;	/* back end: counts user channels that it consumes no more */
	/*
	 * The back end's, written with the heartbeat if there is VOS_F_COST: sums over the
	 * completions of this connection, lanes' too, and times of the domain. In ticks but for
	 * running_ns.
	 */
	__u64 calls;		/* completions */
	__u64 called;		/* sum of their VOS_COST_TICKS() */
	__u64 waited;		/* sum of their out[4] */
	__u64 polled;		/* the dispatcher's, in turns that found nothing to do */
	__u64 running_ns;	/* that the domain's vCPUs have run, by Xen */
	__u64 reserved1[2];

	/*
	 * Which 64-bit words of the event page are not zero. The back end sets with an atomic
	 * or, the front end takes with an atomic exchange.
	 */
	__u64 event_sel[8];

	__u32 dir_ref[VOS_MAX_DIR_PAGES];
	struct vos_channel_desc channel[VOS_MAX_CHANNELS];

	/*
	 * User channels on which a process asks for service. The front end sets the bit with an
	 * atomic or. If it was not set, the front end sends channel 0's event. The back end
	 * takes the bits with an atomic exchange, and polls those channels' lanes afterwards.
	 */
	__u64 uchan_sel[VOS_MAX_UCHANS / 64];
};

/* Credentials as registered by VOS_OP_CRED_SET, in ext[0]. */
#define VOS_CRED_MAX_GROUPS	64u

struct vos_cred {
	__u32 uid;		/* fsuid */
	__u32 gid;		/* fsgid */
	__u64 cap_effective;	/* bit n = capability n */
	__u32 ngroups;
	__u32 userns;		/* the user namespace of the capabilities; 0: the initial one */
	__u32 group[VOS_CRED_MAX_GROUPS];
};

/*
 * A user namespace of the primary that owns a network namespace, or is above one that does, as
 * VOS_OP_NETNS_NEW tells it in ext[0]. Other ones have the number VOS_USERNS_OTHER in struct
 * vos_cred, and give no right over anything.
 */
#define VOS_USERNS_OTHER	1u
#define VOS_USERNS_FIRST	2u
#define VOS_USERNS_DEPTH	33u	/* as in Linux */

struct vos_userns {
	__u32 number;		/* VOS_USERNS_FIRST or above; the front end gives it out once */
	__u32 owner;		/* user that made it */
	__u32 group;
};

/*
 * What a service does for calls, as VOS_OP_TRACE_READ copies it into ext[0]. In each call that
 * is served there is one BEGIN and one END; between them there may be a RESUME.
 */
enum vos_trace_type {
	VOS_TRACE_BEGIN = 1,	/* the dispatcher has taken the call; arg = its arg[0] */
	VOS_TRACE_RESUME,	/* another thread begins to work on it; arg = its cost so far */
	VOS_TRACE_END,		/* it is answered; arg = vos_cqe.cost */
	/* The front end's own, in what it shows of a trace. */
	VOS_TRACE_LOST,		/* arg = how many records were lost so far */
	VOS_TRACE_LINK_END,	/* the link has died; what was not read is lost */
};

struct vos_trace_record {
	__u64 tsc;		/* time stamp counter */
	__u32 tag;		/* the call's */
	__u32 obj;		/* same */
	__u16 chan;		/* kernel channel; user channel, if there is a lane */
	__u8 lane;		/* VOS_TRACE_NO_LANE: it came on a kernel channel */
	__u8 type;		/* enum vos_trace_type */
	__u8 op;		/* enum vos_opcode */
	__u8 cpu;		/* of the service domain, modulo 256 */
	__u16 reserved;
	__u64 arg;
};

#define VOS_TRACE_NO_LANE	0xffu
#define VOS_TRACE_MAX		16384u	/* records that a service keeps for a processor */

/* VOS_OP_TRACE_CTL */
#define VOS_TRACE_OFF		0u	/* forget all records */
#define VOS_TRACE_ON		1u	/* record */
#define VOS_TRACE_STOP		2u	/* record no more; what is there can be read */

static_assert(sizeof(struct vos_trace_record) == 32, "half a cache line");
static_assert(offsetof(struct vos_trace_record, chan) == 16, "layout");
static_assert(offsetof(struct vos_trace_record, arg) == 24, "layout");
static_assert(sizeof(struct vos_sqe) == 64, "one cache line");
static_assert(offsetof(struct vos_sqe, tag) == 4, "layout");
static_assert(offsetof(struct vos_sqe, obj) == 8, "layout");
static_assert(offsetof(struct vos_sqe, ext) == 16, "layout");
static_assert(offsetof(struct vos_sqe, arg) == 32, "layout");
static_assert(sizeof(struct vos_cqe) == 64, "one cache line");
static_assert(offsetof(struct vos_cqe, result) == 8, "layout");
static_assert(offsetof(struct vos_cqe, cost) == 16, "layout");
static_assert(offsetof(struct vos_cqe, out) == 24, "layout");
static_assert(sizeof(struct vos_ring_hdr) == 128, "two cache lines");
static_assert(offsetof(struct vos_ring_hdr, need_wakeup) == 64, "own line");
static_assert(sizeof(struct vos_channel_page) <= VOS_PAGE_SIZE, "one page");
static_assert(sizeof(struct vos_obj_state) == 16, "layout");
static_assert(sizeof(struct vos_channel_desc) == 32, "layout");
static_assert(offsetof(struct vos_ctrl, heartbeat) == 64, "own line");
static_assert(offsetof(struct vos_ctrl, uchans_broken) == 68, "layout");
static_assert(offsetof(struct vos_ctrl, calls) == 72, "layout");
static_assert(offsetof(struct vos_ctrl, running_ns) == 104, "layout");
static_assert(offsetof(struct vos_ctrl, event_sel) == 128, "own line");
static_assert(offsetof(struct vos_ctrl, dir_ref) == 192, "layout");
static_assert(offsetof(struct vos_ctrl, channel) == 448, "layout");
static_assert(offsetof(struct vos_ctrl, uchan_sel) == 1472, "own line");
static_assert(sizeof(struct vos_ctrl) <= VOS_PAGE_SIZE, "one page");
static_assert(VOS_MAX_OBJECTS / 8 == VOS_PAGE_SIZE, "one page of event bits");
static_assert(VOS_MAX_OBJECTS / 64 / 64 == 8, "event_sel covers the page");
static_assert(sizeof(struct vos_userns) == 12, "layout");
static_assert(sizeof(struct vos_cred) == 24 + 4 * VOS_CRED_MAX_GROUPS, "layout");

#endif

// SPDX-License-Identifier: GPL-2.0
/*
 * Lies of a front end that is connected. Some break the protocol, and the service has to
 * cut it off; others are calls that it has to refuse, or events that it has to bear.
 */
#include <linux/array_size.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <xen/events.h>
#include "liar.h"

#define STORM_TIME	(3 * HZ)
#define PATIENCE	(5 * HZ)	/* for an answer */

static void notify(struct front *f)
{
	notify_remote_via_evtchn(f->evtchn);
}

/* No answer is looked for. */
static void submit(struct front *f, const struct vos_sqe *sqe)
{
	vos_ring_push(&f->sq, sqe);
	notify(f);
}

/* Return: was there an answer? Then it is in @cqe. */
static bool call(struct front *f, const struct vos_sqe *sqe, struct vos_cqe *cqe)
{
	unsigned long end = jiffies + PATIENCE;

	submit(f, sqe);
	while (!vos_ring_pop(&f->cq, cqe)) {
		if (time_after(jiffies, end) || READ_ONCE(f->over))
			return false;
		usleep_range(50, 200);
	}
	return true;
}

static void *arena(struct front *f)
{
	return front_page(f, ARENA_PAGE);
}

/* All opcodes, those that are none as well, with arguments, objects and data at random. */
static void opcodes(struct front *f)
{
	struct vos_cqe cqe;
	int i;

	for (i = 0; i < VOS_NR_OPCODES; i++) {
		struct vos_sqe sqe;

		get_random_bytes(&sqe, sizeof(sqe));
		get_random_bytes(arena(f), PAGE_SIZE);
		sqe.opcode = i;
		sqe.cred = 0;
		sqe.obj = get_random_u32_below(2 * OBJECTS);
		sqe.gen = get_random_u32_below(4);
		sqe.ext[0] = (struct vos_extent){ 0, get_random_u32_below(PAGE_SIZE) };
		sqe.ext[1] = (struct vos_extent){ PAGE_SIZE, get_random_u32_below(PAGE_SIZE) };
		/* Waiting is no lie. */
		if (!call(f, &sqe, &cqe))
			break;
	}
}

/* The smallest there are, and none. */
static void arguments(struct front *f)
{
	static const u64 odd[] = { 0, 1, U32_MAX, S64_MAX, U64_MAX, 1ull << 32, ~0ull << 32 };
	struct vos_cqe cqe;
	int opcode, i;

	for (opcode = 0; opcode < VOS_NR_OPCODES; opcode++) {
		for (i = 0; i < ARRAY_SIZE(odd); i++) {
			struct vos_sqe sqe = {
				.opcode = opcode, .obj = odd[i], .gen = odd[i],
				.arg = { odd[i], odd[i], odd[i], odd[i] },
			};

			sqe.ext[0].len = i & 1;
			sqe.ext[1].len = i & 2;
			if (vos_opcode_name(opcode)[0] != '?' && !call(f, &sqe, &cqe))
				return;
		}
	}
}

static void extent(struct front *f)
{
	submit(f, &(struct vos_sqe){
		.opcode = VOS_OP_CRED_SET, .ext[0] = { 0, ARENA_PAGES * VOS_PAGE_SIZE + 1 } });
}

static void credentials(struct front *f)
{
	submit(f, &(struct vos_sqe){ .opcode = VOS_OP_NOP, .cred = 7 });
}

/* More calls than answers have room: none is taken back. */
static void flood(struct front *f)
{
	const struct vos_sqe nop = { .opcode = VOS_OP_NOP };
	unsigned long end = jiffies + PATIENCE;

	while (time_before(jiffies, end) && !READ_ONCE(f->over))
		submit(f, &nop);
}

/* Answers that there never were have been taken, it says. */
static void ahead(struct front *f)
{
	const struct vos_sqe nop = { .opcode = VOS_OP_NOP };
	int i;

	vos_store(&f->cq.hdr->cons, 1000);
	/* The service looks when the ring would be full. */
	for (i = 0; i < 2 * ENTRIES && !READ_ONCE(f->over); i++) {
		submit(f, &nop);
		usleep_range(100, 200);
	}
}

/* Whatever lies in the rings, for either round. */
static void rings(struct front *f)
{
	int i;

	for (i = 0; i < 100 && !READ_ONCE(f->over); i++) {
		get_random_bytes(front_page(f, SQ_PAGE), PAGE_SIZE);
		get_random_bytes(front_page(f, HDR_PAGE), sizeof(struct vos_channel_page));
		notify(f);
		usleep_range(100, 200);
	}
}

/* All that is shared, while calls go on; but for the rings. */
static void memory(struct front *f)
{
	const struct vos_sqe nop = { .opcode = VOS_OP_NOP };
	struct vos_cqe cqe;
	int i;

	for (i = 0; i < 100; i++) {
		get_random_bytes(f->ctrl, PAGE_SIZE);
		get_random_bytes(front_page(f, OBJ_PAGE), PAGE_SIZE);
		get_random_bytes(front_page(f, EVENT_PAGE), PAGE_SIZE);
		get_random_bytes(front_page(f, DIR_PAGE), PAGE_SIZE);
		if (!call(f, &nop, &cqe))
			break;
	}
}

static void storm(struct front *f)
{
	unsigned long end = jiffies + STORM_TIME;

	while (time_before(jiffies, end) && !READ_ONCE(f->over)) {
		notify(f);
		cond_resched();
	}
}

/* For user channels of which there are none. */
static void lane_storm(struct front *f)
{
	unsigned long end = jiffies + STORM_TIME;

	while (time_before(jiffies, end) && !READ_ONCE(f->over)) {
		memset(f->ctrl->uchan_sel, 0xff, sizeof(f->ctrl->uchan_sel));
		notify(f);
		cond_resched();
	}
}

/* User channels of pages that are none, or are used already; and what belongs to those. */
static void channels(struct front *f)
{
	struct vos_sqe sqe = { .opcode = VOS_OP_UCHAN_OPEN, .arg[1] = 4 | 8ull << 32 };
	struct vos_cqe cqe;
	u32 *refs = arena(f);
	int i;

	sqe.ext[0].len = 14 * sizeof(u32);
	for (i = 0; i < 60; i++) {
		memset32(refs, i & 1 ? f->ref[ARENA_PAGE] : get_random_u32(), 14);
		sqe.arg[0] = i % 4 ? i : get_random_u32();
		if (!call(f, &sqe, &cqe))
			return;
	}
	for (i = 0; i < 60; i++) {
		struct vos_sqe handle = {
			.opcode = i & 1 ? VOS_OP_HANDLE_ADD : VOS_OP_HANDLE_DROP,
			.obj = i, .gen = i,
			.arg = { i | (u64)i << 32, get_random_u64(), get_random_u64() },
		};

		if (!call(f, &handle, &cqe))
			return;
	}
}

/* Objects as many as there may be, of the same names; they are left as they are. */
static void objects(struct front *f)
{
	struct vos_cqe cqe;
	int i;

	for (i = 0; i < 2 * OBJECTS; i++) {
		struct vos_sqe sqe = {
			.opcode = VOS_OP_SOCKET, .obj = i % (OBJECTS + OBJECTS / 2), .gen = i,
			.arg = { 2, 1 + i % 2 },
		};

		if (!call(f, &sqe, &cqe))
			return;
	}
}

/* Credentials under every index, numbers and groups at random. */
static void many_credentials(struct front *f)
{
	struct vos_sqe sqe = {
		.opcode = VOS_OP_CRED_SET, .ext[0].len = sizeof(struct vos_cred) };
	struct vos_cqe cqe;
	int i;

	for (i = 0; i < 300; i++) {
		get_random_bytes(arena(f), sizeof(struct vos_cred));
		if (i & 1)
			((struct vos_cred *)arena(f))->ngroups = i % 80;
		sqe.arg[0] = i;
		if (!call(f, &sqe, &cqe))
			return;
	}
}

static const struct {
	const char *name;
	void (*play)(struct front *f);
} plays[] = {
	{ "opcodes", opcodes },
	{ "arguments", arguments },
	{ "extent", extent },
	{ "credentials", credentials },
	{ "flood", flood },
	{ "ahead", ahead },
	{ "rings", rings },
	{ "memory", memory },
	{ "storm", storm },
	{ "lane-storm", lane_storm },
	{ "channels", channels },
	{ "sockets", objects },
	{ "many-credentials", many_credentials },
};

/* Tell it, if it is one of these. */
void liar_play(struct front *f)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(plays); i++)
		if (!strcmp(f->lie, plays[i].name))
			plays[i].play(f);
}

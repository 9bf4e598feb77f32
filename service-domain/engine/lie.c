// SPDX-License-Identifier: GPL-2.0
/*
 * Lies, by name. A test writes a name into the domain's xenstore directory, as "virtuos-lie".
 * The engine tells that lie until the test writes another name; "truth" ends it. Some lies
 * begin something when they are ordered (lies[].begin). The engine asks for the others where it
 * would act otherwise (lie.h). A new lie needs a line of lies[], and one of the two.
 */
#include <linux/delay.h>
#include <linux/fuse.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/socket.h>
#include <linux/workqueue.h>
#include <xen/events.h>
#include <xen/xenbus.h>
#include "engine_priv.h"

#define KEY		"virtuos-lie"
#define STORM_TIME	(30 * HZ)	/* at most */
#define GARBLED_UID	4711		/* others need their files to see how it goes */

enum lie {
	TRUTH,
	EAT_ALL,	/* no call is answered; the heartbeat goes on */
	EAT_RECV,	/* RECVMSG alone */
	EAT_CLOSE,	/* UCHAN_CLOSE alone */
	TWICE,		/* each call is answered twice */
	WRONG_TAG,
	LONG_RESULT,	/* more than was asked for */
	ODD_RESULT,	/* neither a value nor an error */
	AHEAD,		/* ring index: more taken than there was */
	BACK,		/* and less than there had been */
	CONTROL,	/* control messages of any kind */
	COSTS,		/* each call costs all there is, and waits for ever */
	GARBLE,		/* replies about files, to GARBLED_UID */
	KEEP_PAGES,	/* it says that it has unmapped them */
	RECONNECT,	/* connections without end on one device */
	STORM,		/* events that tell of nothing */
	STORM_OBJECTS,	/* that tell of all objects, with others' generations */
	STORM_DOORS,	/* that tell of broken user channels */
};

static enum lie told;
static struct veng_conn *liar;		/* the connection made last, or NULL */
static DEFINE_MUTEX(liar_mutex);

static bool tells(enum lie lie)
{
	return READ_ONCE(told) == lie;
}

/* Send events until another lie is told; before each, call @tell if there is one. */
static void storm(struct veng_conn *conn, void (*tell)(struct veng_conn *conn))
{
	unsigned long since = jiffies, n = 0;
	enum lie lie = READ_ONCE(told);

	while (tells(lie) && time_before(jiffies, since + STORM_TIME)) {
		if (tell)
			tell(conn);
		notify_remote_via_irq(conn->chan[0].irq);
		n++;
		cond_resched();
	}
	pr_info("virtuos-lie: %lu events in %u ms\n", n, jiffies_to_msecs(jiffies - since));
}

static void begin_storm(struct veng_conn *conn)
{
	storm(conn, NULL);
}

/* One object's state after the other's, and all of a word's bits. */
static void tell_of_objects(struct veng_conn *conn)
{
	u32 n = conn->nr_objects ?: 1;
	u32 obj = get_random_u32_below(n), other = get_random_u32_below(n), word = obj / 64;

	if (!conn->nr_objects)
		return;
	vos_store(&conn->obj[obj].poll, get_random_u32());
	vos_store(&conn->obj[obj].gen, vos_load(&conn->obj[other].gen));
	vos_store(&conn->obj[obj].cause, get_random_u32());
	vos_store(&conn->event[word], ~0ull);
	set_bit(word % 64, (unsigned long *)vos_peer_ptr(&conn->ctrl->event_sel[word / 64]));
}

static void begin_storm_objects(struct veng_conn *conn)
{
	storm(conn, tell_of_objects);
}

static void tell_of_doors(struct veng_conn *conn)
{
	vos_store(&conn->ctrl->uchans_broken, vos_load(&conn->ctrl->uchans_broken) + 1);
}

static void begin_storm_doors(struct veng_conn *conn)
{
	storm(conn, tell_of_doors);
}

/* Close, wait for another link on the same device, and so on (xenbus.c). */
static void reconnect(struct veng_conn *conn)
{
	xenbus_switch_state(conn->dev, XenbusStateClosing);
}

static const struct {
	const char *name;
	void (*begin)(struct veng_conn *conn);
} lies[] = {
	[TRUTH]		= { "truth" },
	[EAT_ALL]	= { "eat-all" },
	[EAT_RECV]	= { "eat-recv" },
	[EAT_CLOSE]	= { "eat-close" },
	[TWICE]		= { "twice" },
	[WRONG_TAG]	= { "wrong-tag" },
	[LONG_RESULT]	= { "long-result" },
	[ODD_RESULT]	= { "odd-result" },
	[AHEAD]		= { "ahead" },
	[BACK]		= { "back" },
	[CONTROL]	= { "control" },
	[COSTS]		= { "costs" },
	[GARBLE]	= { "garble" },
	[KEEP_PAGES]	= { "keep-pages" },
	[RECONNECT]	= { "reconnect", reconnect },
	[STORM]		= { "storm", begin_storm },
	[STORM_OBJECTS]	= { "storm-objects", begin_storm_objects },
	[STORM_DOORS]	= { "storm-doors", begin_storm_doors },
};

static void begin_work(struct work_struct *unused)
{
	enum lie lie = READ_ONCE(told);

	mutex_lock(&liar_mutex);
	if (liar && lies[lie].begin)
		lies[lie].begin(liar);
	mutex_unlock(&liar_mutex);
}

static DECLARE_WORK(work, begin_work);

static void ordered(struct xenbus_watch *unused, const char *path, const char *token)
{
	char name[32] = "";
	int i;

	if (xenbus_scanf(XBT_NIL, KEY, "", "%31s", name) < 0)
		return;
	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		if (strcmp(lies[i].name, name))
			continue;
		pr_info("virtuos-lie: %s\n", name);
		WRITE_ONCE(told, i);
		queue_work(system_long_wq, &work);
	}
}

static struct xenbus_watch watch = { .node = KEY, .callback = ordered };

/**
 * veng_lie_init - watch for the name of a lie
 *
 * Return: 0 or -errno.
 */
int veng_lie_init(void)
{
	return register_xenbus_watch(&watch);
}

/**
 * veng_lie_exit - end the watch
 */
void veng_lie_exit(void)
{
	unregister_xenbus_watch(&watch);
	cancel_work_sync(&work);
}

/**
 * veng_lie_conn - note that a connection serves
 * @conn: the connection
 *
 * Context: process.
 */
void veng_lie_conn(struct veng_conn *conn)
{
	mutex_lock(&liar_mutex);
	liar = conn;
	mutex_unlock(&liar_mutex);
	/* The connection ends at once. */
	if (tells(RECONNECT))
		queue_work(system_long_wq, &work);
}

/**
 * veng_lie_conn_gone - note that a connection ends
 * @conn: the connection
 *
 * Context: process.
 */
void veng_lie_conn_gone(struct veng_conn *conn)
{
	mutex_lock(&liar_mutex);
	if (liar == conn)
		liar = NULL;
	mutex_unlock(&liar_mutex);
}

/**
 * veng_lie_eats - tell whether a call is taken and never answered
 * @call: the call
 *
 * Context: dispatcher.
 * Return: true if so.
 */
bool veng_lie_eats(const struct veng_scall *call)
{
	switch (READ_ONCE(told)) {
	case EAT_ALL:
		return true;
	case EAT_RECV:
		return call->sqe.opcode == VOS_OP_RECVMSG;
	case EAT_CLOSE:
		return call->sqe.opcode == VOS_OP_UCHAN_CLOSE;
	default:
		return false;
	}
}

/*
 * Write as many control messages as there is room for. Each is of another kind, and no program
 * may believe it.
 */
static void say_control(struct veng_scall *call)
{
	static const struct cmsghdr kinds[] = {
		{ CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS },
		{ CMSG_LEN(3 * sizeof(int)), SOL_SOCKET, SCM_CREDENTIALS },
		{ CMSG_LEN(16), SOL_SOCKET, 3 /* SCM_SECURITY */ },
		{ CMSG_LEN(4), 99, -1 },
		{ CMSG_LEN(8), SOL_IP, 8 /* IP_PKTINFO, too short */ },
	};
	u8 __peer *to = call->out[1];
	u32 room = call->sqe.ext[1].len, used = VOS_ADDR_MAX;
	int i;

	for (i = 0; to && i < ARRAY_SIZE(kinds); i++) {
		if (used + CMSG_ALIGN(kinds[i].cmsg_len) > room)
			break;
		vos_peer_write(to + used, &kinds[i], sizeof(kinds[i]));
		used += CMSG_ALIGN(kinds[i].cmsg_len);
	}
	call->cqe.out[1] = used - VOS_ADDR_MAX;
}

/*
 * Write other words into what a reply says after its header: into every second one, into its
 * first words more often than into the rest. No number is one of another file.
 */
static void garble(struct veng_scall *call)
{
	static const u32 odd[] = {
		0, 0x80, 0x7fff, 0x10000, S32_MAX, 1u << 31, U32_MAX - 1, U32_MAX
	};
	s64 words = (call->cqe.result - (s64)sizeof(struct fuse_out_header)) / 4;
	u8 __peer *to = call->out[1];
	struct fuse_in_header in;
	u32 n, at, value;

	if (call->sqe.opcode != VOS_OP_FUSE || !to || words <= 0)
		return;
	vos_peer_read(&in, call->in[0], sizeof(in));
	if (in.uid != GARBLED_UID || get_random_u32_below(2))
		return;
	for (n = get_random_u32_inclusive(1, 4); n; n--) {
		at = get_random_u32_below(get_random_u32_below(4) ? min_t(s64, words, 32) : words);
		value = odd[get_random_u32_below(ARRAY_SIZE(odd))];
		if (!get_random_u32_below(4))
			value = get_random_u32() | 1u << 30;
		vos_peer_write(to + sizeof(struct fuse_out_header) + 4 * at, &value, sizeof(value));
	}
}

/**
 * veng_lie_answer - falsify an answer
 * @call: the call, its completion filled
 *
 * Context: any.
 */
void veng_lie_answer(struct veng_scall *call)
{
	switch (READ_ONCE(told)) {
	case WRONG_TAG:
		call->cqe.tag ^= 0x400;
		break;
	case LONG_RESULT:
		if (call->cqe.result >= 0)
			call->cqe.result += 1 << 20;
		break;
	case ODD_RESULT:
		call->cqe.result = S64_MIN;
		break;
	case CONTROL:
		if (call->sqe.opcode == VOS_OP_RECVMSG)
			say_control(call);
		break;
	case COSTS:
		call->cqe.cost = U64_MAX;
		call->cqe.out[4] = U64_MAX;
		break;
	case GARBLE:
		garble(call);
		break;
	default:
		break;
	}
}

/**
 * veng_lie_repeats - tell whether each call is answered twice
 *
 * Context: any.
 * Return: true if so.
 */
bool veng_lie_repeats(void)
{
	return tells(TWICE);
}

/**
 * veng_lie_taken - falsify the number of submissions that have been taken
 * @chan: the channel or lane
 *
 * Context: dispatcher.
 */
void veng_lie_taken(struct veng_chan *chan)
{
	if (tells(AHEAD))
		vos_store(&chan->sq.hdr->cons, chan->sq.own + 1000);
	else if (tells(BACK))
		vos_store(&chan->sq.hdr->cons, chan->sq.own - 1000);
}

/**
 * veng_lie_keeps_pages - tell whether pages stay mapped while the engine says the reverse
 *
 * Context: any.
 * Return: true if so.
 */
bool veng_lie_keeps_pages(void)
{
	return tells(KEEP_PAGES);
}

/**
 * veng_lie_reconnects - tell whether a device gets a second connection
 *
 * The engine then keeps what belongs to the connection that has ended.
 *
 * Context: any.
 * Return: true if so.
 */
bool veng_lie_reconnects(void)
{
	return tells(RECONNECT);
}

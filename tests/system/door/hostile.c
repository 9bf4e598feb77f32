// SPDX-License-Identifier: MIT
/*
 * A hostile process, one life of it: it opens the door by itself, without the library,
 * and has handles that are real. Most of its calls name one of these, and get as far as the
 * service's own code with arguments that are anything; in between it closes, forks,
 * executes, uses windows and scribbles. At last it breaks the protocol, looks whether it is
 * told so, and ends: the next life is another process's.
 *
 * All that it does follows from its seed, but for what the kernel does at its own times.
 */
#include <sys/syscall.h>

#include "../../../include/virtuos/door.h"
#include "../../../include/virtuos/ops.h"
#include "../../../include/virtuos/ring.h"
#include "doortest.h"
#include "hostile.h"

#define STEPS		3000	/* of a life that does not end before */
#define PATIENCE	2.0	/* seconds, for what has to come */

struct channel {
	struct vos_door_channel info;
	struct vos_uchan_head *head;
	struct vos_ring sq[VOS_UCHAN_MAX_LANES];
	struct vos_ring cq[VOS_UCHAN_MAX_LANES];
	bool usable;
};

static struct {
	const char *dir;
	unsigned int seed;
	int report;
	const struct vos_door_state *state;
	struct channel channel[VOS_DOOR_SERVICES];
	int sock[2];
	int grown;		/* a file that grows, and so is served */
	int still;		/* one that does not: it has a window */
	struct hostile_counts n;
} me;

static uint32_t any(uint32_t below)
{
	return (uint32_t)rand_r(&me.seed) % below;
}

static uint64_t anything(void)
{
	uint64_t r = (uint64_t)rand_r(&me.seed) << 33 ^ (uint64_t)rand_r(&me.seed) << 11 ^ any(2048);

	return any(2) ? r : r % 4096;
}

static long door(int op, long a, long b)
{
	return syscall(SYS_prctl, VOS_DOOR_PRCTL, op, a, b, 0);
}

static void leave(int status)
{
	me.n.lives = 1;
	if (write(me.report, &me.n, sizeof(me.n)) != sizeof(me.n))
		status = 9;
	_exit(status);
}

static bool is_closed(void)
{
	return __atomic_load_n(&me.state->closed, __ATOMIC_RELAXED);
}

static void get_channel(int service)
{
	struct channel *c = &me.channel[service];
	char *base;
	uint32_t i;

	if (door(VOS_DOOR_CHANNEL, service, (long)&c->info))
		return;
	base = (char *)(uintptr_t)c->info.base;
	c->head = (void *)base;
	for (i = 0; i < c->info.nr_lanes; i++) {
		struct vos_lane_page *p = (void *)(base + (VOS_UCHAN_HEAD_PAGES + i) * VOS_PAGE_SIZE);

		vos_ring_init(&c->sq[i], &p->sq, p->sqe, VOS_LANE_ENTRIES, VOS_SQ_PHASE);
		vos_ring_init(&c->cq[i], &p->cq, p->cqe, VOS_LANE_ENTRIES, VOS_CQ_PHASE);
	}
	c->usable = true;
}

static void open_files(void)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/doortest-hostile%d", me.dir, getpid());
	me.grown = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	unlink(path);
	strcat(path, "w");
	me.still = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	unlink(path);
	if (me.grown < 0 || me.still < 0 || ftruncate(me.still, 40000) || fsync(me.still))
		leave(3);
}

static void open_sockets(void)
{
	struct sockaddr_in a[2];
	socklen_t len = sizeof(a[0]);
	int i;

	for (i = 0; i < 2; i++) {
		a[i] = (struct sockaddr_in){ .sin_family = AF_INET };
		a[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		me.sock[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		if (me.sock[i] < 0 || bind(me.sock[i], (struct sockaddr *)&a[i], len) ||
		    getsockname(me.sock[i], (struct sockaddr *)&a[i], &len))
			leave(3);
	}
	for (i = 0; i < 2; i++)
		if (connect(me.sock[i], (struct sockaddr *)&a[!i], len))
			leave(3);
}

/* The descriptor's word, if it names a handle of which the service knows. */
static uint64_t word_of(int fd)
{
	uint64_t word = (uint32_t)fd < VOS_DOOR_FDS ? vos_load(&me.state->word[fd]) : 0;

	if (VOS_WORD_KIND(word) == VOS_KIND_NONE) {
		/* What has just grown has no window. */
		if (fd == me.grown && pwrite(fd, "x", 1, lseek(fd, 0, SEEK_END)) != 1)
			return 0;
		door(VOS_DOOR_ATTACH, fd, 0);
		word = vos_load(&me.state->word[fd]);
	}
	return VOS_WORD_KIND(word) >= VOS_KIND_STREAM && VOS_WORD_KIND(word) <= VOS_KIND_FILE ? word : 0;
}

/* Return: is the answer in *@cqe? It may be one to an earlier call: no matter. */
static bool wait_for_answer(struct channel *c, int service, uint32_t lane, struct vos_cqe *cqe)
{
	double end = now() + PATIENCE;
	int i;

	for (i = 0; i < 2000; i++) {
		if (vos_ring_pop(&c->cq[lane], cqe))
			return true;
		__builtin_ia32_pause();
	}
	do {
		if (vos_ring_pop(&c->cq[lane], cqe))
			return true;
		if (door(VOS_DOOR_ENTER, service, lane | VOS_ENTER_KICK | VOS_ENTER_WAIT) &&
		    errno == ENOTCONN)
			return vos_ring_pop(&c->cq[lane], cqe);
	} while (now() < end);
	return false;
}

/* Return: has it been answered, and past the check of handles? */
static bool call(int service, struct vos_sqe *e)
{
	struct channel *c = &me.channel[service];
	uint32_t lane = any(c->info.nr_lanes);
	struct vos_cqe cqe;

	while (vos_ring_pop(&c->cq[lane], &cqe))
		;
	if (vos_ring_push(&c->sq[lane], e))
		return false;
	if (vos_ring_must_notify(&c->sq[lane]))
		door(VOS_DOOR_ENTER, service, lane | VOS_ENTER_KICK);
	if (!wait_for_answer(c, service, lane, &cqe))
		return false;
	return (int64_t)cqe.result != -EBADF && (int64_t)cqe.result != -ENOSYS;
}

/* In the arena, whatever it is. */
static void some_extent(const struct channel *c, struct vos_extent *e)
{
	uint32_t bytes = c->info.arena_pages * VOS_PAGE_SIZE;

	e->off = any(bytes);
	e->len = 1 + any(any(4) ? 2000 : bytes);
	if (e->len > bytes - e->off)
		e->len = bytes - e->off;
}

/* A call of a kind that processes may make, with the extents that it has to have. */
static void some_call(int service, struct vos_sqe *e)
{
	static const uint8_t op[VOS_DOOR_SERVICES][4] = {
		{ VOS_OP_RECVMSG, VOS_OP_SENDMSG, VOS_OP_SETINT, VOS_OP_UNREAD },
		{ VOS_OP_READ, VOS_OP_WRITE, VOS_OP_WRITE, VOS_OP_READ },
	};
	int i;

	memset(e, 0, sizeof(*e));
	e->opcode = op[service][any(4)];
	e->tag = (uint32_t)anything();
	for (i = 0; i < 4; i++)
		e->arg[i] = anything();
	if (e->opcode != VOS_OP_SETINT)
		some_extent(&me.channel[service], &e->ext[0]);
	if (service == VOS_DOOR_NET && e->opcode != VOS_OP_SETINT &&
	    e->opcode != VOS_OP_UNREAD && any(2))
		some_extent(&me.channel[service], &e->ext[1]);
	/* Of a file nobody needs terabytes. */
	if (service == VOS_DOOR_STORAGE)
		e->arg[0] %= 1 << 20;
}

static void meant_call(void)
{
	int service = any(VOS_DOOR_SERVICES);
	uint64_t word;
	struct vos_sqe e;

	if (!me.channel[service].usable)
		return;
	word = word_of(service == VOS_DOOR_NET ? me.sock[any(2)] : me.grown);
	if (!word)
		return;
	some_call(service, &e);
	e.obj = VOS_WORD_SLOT(word);
	e.gen = VOS_WORD_GEN(word);
	me.n.meant++;
	me.n.past += call(service, &e);
}

/* Of another generation, another slot, or what only kernels may. */
static void odd_call(void)
{
	int service = any(VOS_DOOR_SERVICES);
	struct vos_sqe e;
	uint64_t word;

	if (!me.channel[service].usable)
		return;
	word = word_of(service == VOS_DOOR_NET ? me.sock[any(2)] : me.grown);
	some_call(service, &e);
	e.obj = VOS_WORD_SLOT(word);
	e.gen = VOS_WORD_GEN(word) + 1 + any(3) * 1000;
	if (!any(3))
		e.obj = (uint32_t)anything() | 0x100;
	if (!any(3)) {
		e.opcode = service == VOS_DOOR_NET ? VOS_OP_SOCKET : VOS_OP_FUSE;
		e.obj = VOS_WORD_SLOT(word);
		e.gen = VOS_WORD_GEN(word);
	}
	me.n.odd++;
	me.n.odd_past += call(service, &e);
}

static void reopen(void)
{
	int fd = any(3);

	if (fd < 2) {
		close(me.sock[0]);
		close(me.sock[1]);
		open_sockets();
	} else {
		close(me.grown);
		close(me.still);
		open_files();
	}
}

/* Children have doors of their own or none, whatever their parent's hold. */
static void have_child(void)
{
	pid_t pid = any(2) ? fork() : vfork();
	int status;

	if (!pid) {
		if (any(2))
			execl("/bin/true", "true", NULL);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
}

static void use_window(void)
{
	static uint32_t users;
	struct vos_door_window w = { .users = (uintptr_t)&users };
	volatile char *p;

	door(VOS_DOOR_ATTACH, me.still, VOS_ATTACH_WINDOW);
	if (door(VOS_DOOR_WINDOW, me.still, (long)&w))
		return;
	p = (volatile char *)(uintptr_t)w.base;
	(void)p[any((uint32_t)w.size)];
	if (any(2))
		p[any((uint32_t)w.size)] = 'w';
	/* Says that it reads for ever, or that it does not when it does. */
	users = any(2);
	if (any(2) && ftruncate(me.still, 30000 + any(20000)))
		return;
	(void)p[any((uint32_t)w.size)];
	door(VOS_DOOR_TIDY, 0, 0);
}

/* What the kernel reads of the channel's head, and the log, are the process's own. */
static void scribble_head(void)
{
	struct channel *c = &me.channel[any(VOS_DOOR_SERVICES)];

	if (!c->usable)
		return;
	c->head->pos[any(VOS_UCHAN_SLOTS)] = anything();
	c->head->log_head = (uint32_t)anything();
	c->head->log_tail = (uint32_t)anything();
	c->head->wrote[any(VOS_UCHAN_SLOTS)] = (uint8_t)any(256);
	c->head->slot[any(VOS_UCHAN_SLOTS)].durable = anything();
}

/* Anything but waiting for what never comes. */
static void enter_at_random(void)
{
	door(VOS_DOOR_ENTER, (long)any(3), (long)any(1 << 12) & ~(long)VOS_ENTER_WAIT);
}

/* The same process, another program, another door. */
static void execute_again(void)
{
	char seed[16], report[16];

	snprintf(seed, sizeof(seed), "%u", me.seed);
	snprintf(report, sizeof(report), "%d", me.report);
	me.n.lives = 0;
	if (write(me.report, &me.n, sizeof(me.n)) == sizeof(me.n))
		execl("/proc/self/exe", program, "--hostile", me.dir, seed, report, NULL);
	_exit(8);
}

/* Whatever the service has made of the ones before it. */
static void push(int service, uint32_t lane, const struct vos_sqe *e)
{
	struct vos_ring *sq = &me.channel[service].sq[lane];
	double end = now() + PATIENCE;

	while (vos_ring_push(sq, e) && now() < end)
		;
	if (vos_ring_must_notify(sq))
		door(VOS_DOOR_ENTER, service, lane | VOS_ENTER_KICK);
}

/* No completion is given back, or more than there were: there is no room for the next. */
static void spoil_completions(int service, uint32_t lane, bool too_many)
{
	const struct vos_sqe nop = { .opcode = VOS_OP_NOP };
	struct vos_ring *cq = &me.channel[service].cq[lane];
	uint32_t i;

	if (too_many)
		vos_store(&cq->hdr->cons, cq->own + VOS_LANE_ENTRIES + 1 + any(1 << 30));
	for (i = 0; i < 2 * VOS_LANE_ENTRIES && !vos_load(&me.state->closed); i++)
		push(service, lane, &nop);
}

/* Reaches beyond the arena. */
static void spoil_extent(int service, uint32_t lane)
{
	struct vos_sqe e = { .opcode = service == VOS_DOOR_NET ? VOS_OP_SENDMSG : VOS_OP_WRITE };

	e.ext[0].off = me.channel[service].info.arena_pages * VOS_PAGE_SIZE - any(100);
	e.ext[0].len = 101 + any(1 << 30);
	push(service, lane, &e);
}

/* Each is what the engine must find, and ends the channel. */
static bool break_protocol(void)
{
	int service = any(VOS_DOOR_SERVICES);
	uint32_t how = any(3), lane;

	if (!me.channel[service].usable)
		return false;
	lane = any(me.channel[service].info.nr_lanes);
	if (how)
		spoil_completions(service, lane, how == 1);
	else
		spoil_extent(service, lane);
	return true;
}

/* Is this process told, though it does not ask? */
static void end_by_violation(void)
{
	double end = now() + PATIENCE;

	if (!break_protocol())
		return;
	me.n.violations++;
	while (!is_closed() && now() < end)
		usleep(500);
	me.n.told += is_closed();
	leave(0);
}

static void step(void)
{
	uint32_t r = any(1000);

	if (r < 850)
		meant_call();
	else if (r < 920)
		odd_call();
	else if (r < 940)
		reopen();
	else if (r < 950)
		have_child();
	else if (r < 965)
		use_window();
	else if (r < 985)
		scribble_head();
	else if (r < 994)
		enter_at_random();
	else if (r < 996)
		execute_again();
	else
		end_by_violation();
}

int hostile_main(const char *dir, unsigned int seed, int report)
{
	struct vos_door_info info;
	int i;

	me.dir = dir;
	me.seed = seed;
	me.report = report;
	alarm(60);
	if (door(VOS_DOOR_OPEN, (long)&info, 0))
		leave(2);
	me.state = (const struct vos_door_state *)(uintptr_t)info.state;
	for (i = 0; i < (int)VOS_DOOR_SERVICES; i++)
		get_channel(i);
	open_files();
	open_sockets();
	for (i = 0; i < STEPS && !is_closed(); i++)
		step();
	leave(0);
	return 1;
}

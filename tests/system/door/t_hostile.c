// SPDX-License-Identifier: MIT
/*
 * A process that writes rubbish over all of its channels, and calls ENTER at
 * random, must harm nobody but itself: its parent and two others check that their
 * own streams and files stay whole.
 */
#include <sys/syscall.h>

#include "../../../include/virtuos/door.h"
#include "doortest.h"

static int door(int op, long a, long b)
{
	return syscall(SYS_prctl, VOS_DOOR_PRCTL, op, a, b, 0);
}

/* Writable bytes of one channel. */
static size_t channel_size(const struct vos_door_channel *c)
{
	return (VOS_UCHAN_HEAD_PAGES + (size_t)c->nr_lanes + c->arena_pages) * VOS_PAGE_SIZE;
}

static void scribble(const struct vos_door_channel *c, unsigned int *seed)
{
	char *base = (char *)(uintptr_t)c->base;
	/* Half of it where it hurts: offsets, indices, entries. */
	size_t lanes = (VOS_UCHAN_HEAD_PAGES + (size_t)c->nr_lanes) * VOS_PAGE_SIZE;
	size_t within = rand_r(seed) % 2 ? lanes : channel_size(c);
	uint32_t value = rand_r(seed) % 3 ? (uint32_t)rand_r(seed) * 2654435761u :
					    (uint32_t)rand_r(seed) % 64;

	*(volatile uint32_t *)(base + (rand_r(seed) % (within / 4)) * 4) = value;
}

/* A submission that looks right but for one thing, so that it gets further. */
static void submit_nearly(const struct vos_door_channel *c, unsigned int *seed)
{
	unsigned int lane = rand_r(seed) % c->nr_lanes;
	struct vos_lane_page *p = (void *)(uintptr_t)(c->base +
		(VOS_UCHAN_HEAD_PAGES + lane) * VOS_PAGE_SIZE);
	/* Where the service looks next, if that index has not been scribbled over. */
	struct vos_sqe *e = &p->sqe[__atomic_load_n(&p->sq.cons, __ATOMIC_RELAXED) % VOS_LANE_ENTRIES];
	uint8_t flags = (~e->flags & VOS_SQE_PHASE) | (rand_r(seed) & VOS_SQE_REPLAY);

	memset(&e->cred, 0, sizeof(*e) - offsetof(struct vos_sqe, cred));
	e->opcode = rand_r(seed) % 0x48;
	e->obj = rand_r(seed) % 8;
	e->gen = rand_r(seed) % 16;
	e->ext[0].off = rand_r(seed) % 2 ? (uint32_t)rand_r(seed) * 3u : 0;
	e->ext[0].len = rand_r(seed) % 2 ? (uint32_t)rand_r(seed) * 3u : 64;
	e->ext[1].len = rand_r(seed) % 256;
	e->arg[0] = rand_r(seed);
	e->arg[1] = (uint64_t)rand_r(seed) << 20;
	__atomic_store_n(&e->flags, flags, __ATOMIC_RELEASE);
}

/* ENTER may sleep for as long as it likes: it must be woken by a signal. */
static void wake(int sig)
{
	(void)sig;
}

static void be_hostile(void *arg)
{
	struct sigaction sa = { .sa_handler = wake };
	struct itimerval it = { .it_interval.tv_usec = 5000, .it_value.tv_usec = 5000 };
	struct vos_door_channel c[VOS_DOOR_SERVICES] = { 0 };
	struct vos_door_info info;
	double end = now() + hostile_seconds;
	unsigned int seed = (unsigned int)(long)arg, i;
	int fd[2], file, s;

	tcp_pair(fd);
	file = number_file("hostile", 1000);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	while (now() < end) {
		if (door(VOS_DOOR_OPEN, (long)&info, 0))
			continue;	/* after a violation: until there is a new one */
		for (s = 0; s < (int)VOS_DOOR_SERVICES; s++) {
			if (door(VOS_DOOR_CHANNEL, s, (long)&c[s]))
				continue;
			door(VOS_DOOR_ATTACH, s == VOS_DOOR_NET ? fd[0] : file, 0);
			for (i = 0; i < 2000; i++)
				scribble(&c[s], &seed);
			for (i = 0; i < 50; i++)
				submit_nearly(&c[s], &seed);
			door(VOS_DOOR_ENTER, s, rand_r(&seed) & 0x7ff);
		}
	}
}

static void check_data(void *arg)
{
	static unsigned char out[30000], in[30000];
	double end = now() + hostile_seconds;
	char name[32];
	uint32_t state = (uint32_t)(long)arg;
	int fd[2], file;

	snprintf(name, sizeof(name), "victim%ld", (long)arg);
	tcp_pair(fd);
	file = new_file(name, 0);
	while (now() < end) {
		fill(out, sizeof(out), &state);
		CHECK_EQ(send(fd[0], out, sizeof(out), 0), sizeof(out));
		read_all(fd[1], in, sizeof(in));
		CHECK(!memcmp(in, out, sizeof(in)));
		CHECK_EQ(pwrite(file, out, sizeof(out), state % 100000), sizeof(out));
		CHECK_EQ(pread(file, in, sizeof(in), state % 100000), sizeof(in));
		CHECK(!memcmp(in, out, sizeof(in)));
	}
	CHECK_DOOR(VOS_STAT_SEND, 10);
}

/* Only files of the storage domain have a home; and to have been there is no error. */
TEST(what_has_no_home)
{
	struct vos_door_info info;
	int fd[2], i;

	if (door(VOS_DOOR_OPEN, (long)&info, 0))
		test_skip("this kernel has no door");
	tcp_pair(fd);
	CHECK_ERR(door(VOS_DOOR_HOME, fd[0], 0), ENOENT);
	CHECK(!pipe(fd));
	CHECK_ERR(door(VOS_DOOR_HOME, fd[0], 0), ENOENT);
	CHECK_ERR(door(VOS_DOOR_HOME, open(folder, O_RDONLY), 0), ENOENT);
	CHECK_ERR(door(VOS_DOOR_HOME, -1, 0), EBADF);
	fd[0] = new_file("home", 0);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(pwrite(fd[0], "x", 1, i), 1);
		CHECK_EQ(door(VOS_DOOR_HOME, fd[0], 0), 0);
		CHECK_EQ(door(VOS_DOOR_HOME, fd[0], 0), 0);
	}
	CHECK_EQ(lseek(fd[0], 0, SEEK_END), 3);
}

TEST(a_hostile_process_harms_nobody)
{
	struct vos_door_info info;
	pid_t hostile, a, b;
	int status;

	if (door(VOS_DOOR_OPEN, (long)&info, 0))
		test_skip("this kernel has no door");
	alarm(hostile_seconds + 60);
	hostile = child(be_hostile, (void *)1);
	a = child(check_data, (void *)2);
	b = child(check_data, (void *)3);
	check_data((void *)4);
	reap(a);
	reap(b);
	/* How it ends is its own affair, as long as it can be ended. */
	kill(hostile, SIGKILL);
	CHECK_EQ(waitpid(hostile, &status, 0), hostile);
}

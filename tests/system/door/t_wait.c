// SPDX-License-Identifier: MIT
/*
 * Who waits for whom: nobody for a process that stalls, and a process for nothing that
 * does not come. These call the kernel by themselves, without the library.
 */
#include <dirent.h>
#include <sys/ptrace.h>

#include "../../../include/virtuos/door.h"
#include "../../../include/virtuos/ops.h"
#include "../../../include/virtuos/ring.h"
#include "doortest.h"

static long door(int op, long a, long b)
{
	return syscall(SYS_prctl, VOS_DOOR_PRCTL, op, a, b, 0);
}

static const struct vos_door_state *open_door(void)
{
	struct vos_door_info info;

	if (door(VOS_DOOR_OPEN, (long)&info, 0))
		test_skip("this kernel has no door");
	return (const struct vos_door_state *)(uintptr_t)info.state;
}

/* For a process that does nothing else with its channels. */
static struct vos_lane_page *open_lane(int service)
{
	struct vos_door_channel c;

	CHECK_EQ(door(VOS_DOOR_CHANNEL, service, (long)&c), 0);
	return (void *)(uintptr_t)(c.base + VOS_UCHAN_HEAD_PAGES * VOS_PAGE_SIZE);
}

static void submit(struct vos_lane_page *p, struct vos_ring *sq, const struct vos_sqe *e)
{
	vos_ring_init(sq, &p->sq, p->sqe, VOS_LANE_ENTRIES, VOS_SQ_PHASE);
	CHECK_EQ(vos_ring_push(sq, e), 0);
}

/* The child's own door: the parent's is not inherited. */
static void break_and_wait(void *arg)
{
	const struct vos_sqe bad = { .opcode = VOS_OP_SENDMSG, .ext[0] = { .off = 1u << 30, .len = 1 } };
	const struct vos_door_state *state = open_door();
	struct vos_lane_page *p = open_lane(VOS_DOOR_NET);
	struct vos_ring sq;
	int fd[2], i;

	(void)arg;
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	CHECK_EQ(door(VOS_DOOR_ATTACH, fd[0], 0), VOS_KIND_TRAP);
	submit(p, &sq, &bad);
	/* The answer to that is the first; the second never comes. */
	vos_ring_init(&sq, &p->cq, p->cqe, VOS_LANE_ENTRIES, VOS_CQ_PHASE);
	for (i = 0; i < 2; i++) {
		struct vos_cqe e;

		alarm(10);
		if (door(VOS_DOOR_ENTER, VOS_DOOR_NET, VOS_ENTER_KICK | VOS_ENTER_WAIT)) {
			CHECK_EQ(errno, ENOTCONN);
			break;
		}
		while (vos_ring_pop(&sq, &e))
			;
	}
	for (i = 0; i < 1000 && !vos_load(&state->closed); i++)
		usleep(1000);
	CHECK_EQ(vos_load(&state->closed), 1);
	CHECK_EQ(vos_load(&state->word[fd[0]]), 0);
	/* And it may have another. */
	state = open_door();
	CHECK_EQ(vos_load(&state->closed), 0);
	(void)open_lane(VOS_DOOR_NET);
}

TEST(a_broken_channel_is_told_of)
{
	open_door();
	reap(child(break_and_wait, NULL));
}

static unsigned long long sends(void)
{
	FILE *f = fopen("/sys/kernel/virtuos/net/sends", "r");
	unsigned long long n = 0;

	CHECK(f && fscanf(f, "%llu", &n) == 1);
	fclose(f);
	return n;
}

/* Asks for events all the time, and says of the service that it wants them. */
static void kick_for_a_second(void *arg)
{
	struct vos_lane_page *p;
	double end = now() + 1;
	unsigned int n = 0;

	(void)arg;
	open_door();
	p = open_lane(VOS_DOOR_NET);
	for (; now() < end; n++) {
		vos_store(&p->sq.need_wakeup, 1u);
		door(VOS_DOOR_ENTER, VOS_DOOR_NET, VOS_ENTER_KICK);
	}
	CHECK(n > 100);
}

TEST(kicks_are_bounded)
{
	unsigned long long before;
	int fd[2];

	open_door();
	tcp_pair(fd);
	before = sends();
	reap(child(kick_for_a_second, NULL));
	/* 20,000 and a credit; others send as well. */
	CHECK(sends() - before < 23000);
}

/* A thread of the process is in the kernel for ever, where it sets up its channel. */
static void *set_up_for_ever(void *page)
{
	door(VOS_DOOR_CHANNEL, VOS_DOOR_NET, (long)page);
	return NULL;
}

static void stall(void *arg)
{
	int *said = arg, uffd;
	pthread_t t;
	void *page;

	open_door();
	uffd = endless_pages(&page, 1);
	CHECK(uffd >= 0);
	CHECK(!pthread_create(&t, NULL, set_up_for_ever, page));
	await_touch(uffd);
	CHECK_EQ(write(said[1], "y", 1), 1);
	pause();
}

static pid_t stalled(void)
{
	int said[2];
	pid_t pid;
	char c;

	CHECK(!pipe(said));
	pid = child(stall, said);
	close(said[1]);
	CHECK_EQ(read(said[0], &c, 1), 1);
	close(said[0]);
	return pid;
}

/* Whatever the tracee's threads do meanwhile. */
TEST(attach_waits_for_nobody)
{
	pid_t pid;
	double begun;
	int status;

	open_door();
	pid = stalled();
	begun = now();
	alarm(10);
	CHECK_EQ(ptrace(PTRACE_SEIZE, pid, 0, 0), 0);
	CHECK(now() - begun < 2);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		;
}

/* How many threads of the kernel wait, uninterruptibly, with "kworker" in their names? */
static int waiting_workers(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int n = 0;

	CHECK(d);
	while ((e = readdir(d))) {
		char path[300], text[256] = "", *state;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		f = atoi(e->d_name) > 0 ? fopen(path, "r") : NULL;
		if (!f)
			continue;
		if (fgets(text, sizeof(text), f) && strstr(text, "(kworker/")) {
			state = strstr(text, ") ");
			n += state && state[2] == 'D';
		}
		fclose(f);
	}
	closedir(d);
	return n;
}

/* A door that is shut while its process stalls keeps no thread of the kernel. */
TEST(no_worker_waits_for_a_process)
{
	pid_t pid[8];
	int i, status, before;

	open_door();
	before = waiting_workers();
	for (i = 0; i < 8; i++)
		pid[i] = stalled();
	alarm(20);
	for (i = 0; i < 8; i++)
		CHECK_EQ(ptrace(PTRACE_SEIZE, pid[i], 0, 0), 0);
	/* What is done about it is done by now. */
	sleep(1);
	CHECK(waiting_workers() < before + 4);
	for (i = 0; i < 8; i++) {
		kill(pid[i], SIGKILL);
		while (waitpid(pid[i], &status, 0) == pid[i] && WIFSTOPPED(status))
			;
	}
}

#define USERS_PROCESSES	90

/* One of many processes of the same user. */
static void have_channels(int said, int wait)
{
	struct vos_door_channel c;
	struct vos_door_info info;
	char got;

	CHECK_EQ(setgid(65534), 0);
	CHECK_EQ(setuid(65534), 0);
	CHECK_EQ(door(VOS_DOOR_OPEN, (long)&info, 0), 0);
	got = !door(VOS_DOOR_CHANNEL, VOS_DOOR_NET, (long)&c);
	CHECK(got || errno == ENOSPC);
	CHECK_EQ(write(said, &got, 1), 1);
	CHECK_EQ(read(wait, &got, 1), 0);
}

TEST(a_user_has_a_share_of_channels)
{
	int said[2], wait[2], i, got = 0;
	pid_t pid[USERS_PROCESSES];
	char c;

	if (geteuid())
		test_skip("not root");
	open_door();
	CHECK(!pipe(said) && !pipe(wait));
	for (i = 0; i < USERS_PROCESSES; i++) {
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		if (pid[i])
			continue;
		close(wait[1]);
		have_channels(said[1], wait[0]);
		_exit(0);
	}
	for (i = 0; i < USERS_PROCESSES; i++) {
		CHECK_EQ(read(said[0], &c, 1), 1);
		got += c;
	}
	close(wait[1]);
	for (i = 0; i < USERS_PROCESSES; i++)
		reap(pid[i]);
	CHECK(got >= 32 && got <= 64);
}

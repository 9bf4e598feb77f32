// SPDX-License-Identifier: MIT
/*
 * Hostile processes (hostile.c), several at a time and one after another, must harm nobody
 * but themselves: the test and two others check that their own streams and files stay whole.
 */
#include <sys/syscall.h>

#include "../../../include/virtuos/door.h"
#include "doortest.h"
#include "hostile.h"

static int door(int op, long a, long b)
{
	return syscall(SYS_prctl, VOS_DOOR_PRCTL, op, a, b, 0);
}

#define LINES	3	/* hostile processes at a time */

/* One life after another, each with a seed of its own, until the time is over. */
static void be_hostile(void *arg)
{
	const int *line = arg;
	double end = now() + hostile_seconds;
	unsigned int seed = hostile_seed + 100000u * (unsigned int)line[0];
	char text[16], report[16];
	int status;
	pid_t pid;

	unsetenv("LD_PRELOAD");
	snprintf(report, sizeof(report), "%d", line[1]);
	for (; now() < end; seed++) {
		pid = fork();
		CHECK(pid >= 0);
		if (!pid) {
			snprintf(text, sizeof(text), "%u", seed);
			execl("/proc/self/exe", program, "--hostile", folder, text, report, NULL);
			_exit(7);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		/* How it ends is its own affair, but not that it has never begun. */
		CHECK(!WIFEXITED(status) || WEXITSTATUS(status) < 7);
	}
}

/* What all of them have come to, when the last has ended. */
static void add_up(int report, struct hostile_counts *sum)
{
	struct hostile_counts n;

	memset(sum, 0, sizeof(*sum));
	while (read(report, &n, sizeof(n)) == sizeof(n)) {
		sum->meant += n.meant;
		sum->past += n.past;
		sum->odd += n.odd;
		sum->odd_past += n.odd_past;
		sum->violations += n.violations;
		sum->told += n.told;
		sum->lives += n.lives;
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

/* Only files of the storage domain are recalled; and to be in place is no error. */
TEST(what_is_not_recalled)
{
	struct vos_door_info info;
	int fd[2], i;

	if (door(VOS_DOOR_OPEN, (long)&info, 0))
		test_skip("this kernel has no door");
	tcp_pair(fd);
	CHECK_ERR(door(VOS_DOOR_RECALL, fd[0], 0), ENOENT);
	CHECK(!pipe(fd));
	CHECK_ERR(door(VOS_DOOR_RECALL, fd[0], 0), ENOENT);
	CHECK_ERR(door(VOS_DOOR_RECALL, open(folder, O_RDONLY), 0), ENOENT);
	CHECK_ERR(door(VOS_DOOR_RECALL, -1, 0), EBADF);
	fd[0] = new_file("recall", 0);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(pwrite(fd[0], "x", 1, i), 1);
		CHECK_EQ(door(VOS_DOOR_RECALL, fd[0], 0), 0);
		CHECK_EQ(door(VOS_DOOR_RECALL, fd[0], 0), 0);
	}
	CHECK_EQ(lseek(fd[0], 0, SEEK_END), 3);
}

TEST(hostile_processes_harm_nobody)
{
	int report[2], line[LINES][2], i;
	struct hostile_counts sum;
	struct vos_door_info info;
	pid_t hostile[LINES], a, b;

	if (door(VOS_DOOR_OPEN, (long)&info, 0))
		test_skip("this kernel has no door");
	alarm(hostile_seconds + 60);
	CHECK(!pipe(report));
	/* As much as fits, so that nobody waits for us to read it. */
	fcntl(report[1], F_SETPIPE_SZ, 1 << 20);
	printf("# seed %u (-r %u)\n", hostile_seed, hostile_seed);
	fflush(stdout);
	for (i = 0; i < LINES; i++) {
		line[i][0] = i;
		line[i][1] = report[1];
		hostile[i] = child(be_hostile, line[i]);
	}
	a = child(check_data, (void *)2);
	b = child(check_data, (void *)3);
	check_data((void *)4);
	reap(a);
	reap(b);
	for (i = 0; i < LINES; i++)
		reap(hostile[i]);
	close(report[1]);
	add_up(report[0], &sum);
	printf("# %u lives, %u of %u calls past the check of handles, %u of %u that were not to, "
	       "%u of %u violations told of\n", sum.lives, sum.past, sum.meant, sum.odd_past, sum.odd,
	       sum.told, sum.violations);
	CHECK(sum.lives >= LINES);
	CHECK_EQ(sum.odd_past, 0);
	CHECK_EQ(sum.told, sum.violations);
	CHECK(!door_expected || (sum.violations && sum.meant > 100));
	CHECK(sum.past * 10ull >= sum.meant * 9ull);
}

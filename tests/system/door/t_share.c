// SPDX-License-Identifier: MIT
/* Many processes with doors of their own share an open file: all hear of what changes. */
#include "doortest.h"

#define SHARERS	90

/* Has the file in its door; writes when told to. */
static void share(int file, int said, int wait)
{
	char c;
	int i;

	warm_file(file);
	for (i = 0; i < 20; i++)
		CHECK_EQ(pread(file, &c, 1, 0), 1);
	CHECK_EQ(write(said, "y", 1), 1);
	CHECK_EQ(read(wait, &c, 1), 0);
	CHECK_EQ(pwrite(file, "c", 1, 0), 1);
}

TEST(append_is_heard_of_by_all)
{
	int file = new_file("append", 0), said[2], wait[2], i;
	char c, buf[SHARERS + 2];
	pid_t pid[SHARERS];

	CHECK(!pipe(said) && !pipe(wait));
	CHECK_EQ(pwrite(file, "-", 1, 0), 1);
	for (i = 0; i < SHARERS; i++) {
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		if (pid[i])
			continue;
		close(wait[1]);
		share(file, said[1], wait[0]);
		_exit(0);
	}
	for (i = 0; i < SHARERS; i++)
		CHECK_EQ(read(said[0], &c, 1), 1);
	CHECK_EQ(fcntl(file, F_SETFL, O_APPEND), 0);
	close(wait[1]);
	for (i = 0; i < SHARERS; i++)
		reap(pid[i]);
	/* Linux appends, whatever offset pwrite() names. */
	CHECK_EQ(pread(file, buf, sizeof(buf), 0), 1 + SHARERS);
	CHECK_EQ(buf[0], '-');
}

// SPDX-License-Identifier: MIT
/* Names that several processes change and use at once: each sees one state or the next. */
#include "fstest.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define WORKERS	4

/* Start @work in a process of its own. It ends with this one. */
static pid_t start(void (*work)(int), int n)
{
	pid_t pid = CHECK_OK(fork());

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	work(n);
	_exit(0);
}

static void replace_it(int n)
{
	char own[16], text[64];
	int i;

	snprintf(own, sizeof(own), "new%d", n);
	for (i = 0; ; i++) {
		memset(text, 'a' + (i + n) % 26, sizeof(text));
		put_file(own, text, sizeof(text));
		CHECK_EQ(rename(own, "f"), 0);
	}
}

/* A name that is replaced is always there, and what it names is whole. */
TEST(a_replaced_name_is_never_missing)
{
	char text[65];
	pid_t pid[2];
	int i, fd;

	memset(text, 'a', 64);
	put_file("f", text, 64);
	pid[0] = start(replace_it, 0);
	pid[1] = start(replace_it, 1);
	for (i = 0; i < 1000; i++) {
		fd = CHECK_OK(open("f", O_RDWR));
		CHECK_EQ(read(fd, text, 65), 64);
		CHECK(text[0] == text[63]);
		CHECK_EQ(close(fd), 0);
		CHECK_EQ(stat_of("f").st_size, 64);
		CHECK_EQ(access("f", R_OK | W_OK), 0);
		CHECK_EQ(chmod("f", 0600 + (i & 1) * 4), 0);
	}
	for (i = 0; i < 2; i++) {
		CHECK_EQ(kill(pid[i], SIGKILL), 0);
		CHECK_EQ(wait_for(pid[i]), 128 + SIGKILL);
	}
}

static void take_names(int n)
{
	char own[16];
	int i, fd, won = 0;

	snprintf(own, sizeof(own), "won%d", n);
	for (i = 0; i < 200; i++) {
		char name[16];

		snprintf(name, sizeof(name), "lock%d", i);
		if (i % 3 == 0)
			fd = open(name, O_CREAT | O_EXCL | O_RDWR, 0444);
		else if (i % 3 == 1)
			fd = mkdir(name, 0755);
		else
			fd = symlink("x", name);
		if (fd >= 0)
			won++;
		else
			CHECK_EQ(errno, EEXIST);
		if (!(i % 3) && fd >= 0)
			close(fd);
	}
	put_file(own, &won, sizeof(won));
}

TEST(one_of_many_makes_a_name)
{
	int i, won, all = 0;
	pid_t pid[WORKERS];
	char own[16];

	for (i = 0; i < WORKERS; i++)
		pid[i] = start(take_names, i);
	for (i = 0; i < WORKERS; i++) {
		CHECK_EQ(wait_for(pid[i]), 0);
		snprintf(own, sizeof(own), "won%d", i);
		CHECK_EQ(get_file(own, &won, sizeof(won)), sizeof(won));
		all += won;
	}
	CHECK_EQ(all, 200);
}

static void make_and_remove(__attribute__((unused)) int n)
{
	int i, fd;

	for (i = 0; i < 100; i++) {
		fd = open("t", O_CREAT | O_RDWR, 0644);
		CHECK(fd >= 0);
		CHECK_EQ(write(fd, "x", 1), 1);
		CHECK_EQ(close(fd), 0);
		if (unlink("t"))
			CHECK_EQ(errno, ENOENT);
		if (mkdir("d", 0755))
			CHECK_EQ(errno, EEXIST);
		fd = open("d/t", O_CREAT | O_RDWR, 0644);
		if (fd >= 0)
			close(fd);
		else
			CHECK_EQ(errno, ENOENT);
		if (unlink("d/t"))
			CHECK_EQ(errno, ENOENT);
		if (rmdir("d"))
			CHECK(errno == ENOENT || errno == ENOTEMPTY);
	}
}

TEST(names_that_come_and_go)
{
	pid_t pid[WORKERS];
	int i;

	for (i = 0; i < WORKERS; i++)
		pid[i] = start(make_and_remove, i);
	for (i = 0; i < WORKERS; i++)
		CHECK_EQ(wait_for(pid[i]), 0);
	if (exists("d"))
		CHECK_EQ(rmdir("d"), 0);
	CHECK(!exists("t"));
	CHECK_EQ(stat_of(".").st_nlink, 2);
}

static void exchange(__attribute__((unused)) int n)
{
	for (;;)
		CHECK_EQ(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 2 /* EXCHANGE */), 0);
}

TEST(folders_that_are_exchanged)
{
	pid_t pid;
	int i, fd;

	CHECK_EQ(mkdir("a", 0755), 0);
	CHECK_EQ(mkdir("b", 0755), 0);
	put_text("a/f", "one");
	put_text("b/f", "one");
	pid = start(exchange, 0);
	for (i = 0; i < 500; i++) {
		CHECK(file_is("a/f", "one"));
		CHECK(file_is("b/f", "one"));
		CHECK_EQ(chdir("a"), 0);
		CHECK(file_is("f", "one"));
		CHECK_EQ(chdir(".."), 0);
		fd = CHECK_OK(open("a/new", O_CREAT | O_RDWR, 0644));
		CHECK_EQ(close(fd), 0);
	}
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(wait_for(pid), 128 + SIGKILL);
}

// SPDX-License-Identifier: MIT
/* Leases of files that are read in place: the window is no other user of the file. */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "doortest.h"

#define COUNT 3000u

static volatile sig_atomic_t asked_back;

static void note(int sig)
{
	(void)sig;
	asked_back = 1;
}

/* Open, and read until the window is there. */
static int in_place_file(const char *name, int flags)
{
	uint64_t before;
	int fd = number_file(name, COUNT), i;
	char c;

	CHECK_EQ(close(fd), 0);
	fd = open(path_of(name), flags);
	CHECK(fd >= 0);
	warm_file(fd);
	before = door_stats().in_place;
	for (i = 0; door_expected && door_stats().in_place == before; i++) {
		CHECK(i < 5000);
		CHECK_EQ(pread(fd, &c, 1, 0), 1);
		usleep(1000);
	}
	return fd;
}

static void check_lease(int flags, int kind)
{
	int fd = in_place_file("leased", flags), i;
	char c;

	CHECK_EQ(fcntl(fd, F_SETLEASE, kind), 0);
	CHECK_EQ(fcntl(fd, F_GETLEASE), kind);
	for (i = 0; i < 100; i++)
		CHECK_EQ(pread(fd, &c, 1, i), 1);
	CHECK_EQ(fcntl(fd, F_GETLEASE), kind);
	CHECK_EQ(asked_back, 0);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	CHECK_EQ(close(fd), 0);
}

TEST(lease_of_what_is_read_in_place)
{
	signal(SIGIO, note);
	check_lease(O_RDONLY, F_RDLCK);
	check_lease(O_RDONLY, F_WRLCK);
	check_lease(O_RDWR, F_WRLCK);
}

/* A program that is leased first is read until the door would map it. */
TEST(lease_is_not_asked_back_by_a_window)
{
	int fd = number_file("leasedfirst", COUNT), i;
	char c;

	signal(SIGIO, note);
	CHECK_EQ(close(fd), 0);
	fd = open(path_of("leasedfirst"), O_RDWR);
	CHECK(fd >= 0);
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	for (i = 0; i < 2000; i++)
		CHECK_EQ(pread(fd, &c, 1, i), 1);
	CHECK_EQ(asked_back, 0);
	CHECK_EQ(fcntl(fd, F_GETLEASE), F_WRLCK);
}

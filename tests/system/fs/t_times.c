// SPDX-License-Identifier: MIT
/* Times of files: how far they reach, in which order they come, and what moves which. */
#include "fstest.h"

#define EXT4_TYPE	0xef53
#define EARLIEST	(-2147483648L)	/* of an ext4 with inodes of 256 bytes */
#define LATEST		15032385535L

static long long ns(struct timespec t)
{
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void set_times(const char *name, time_t sec)
{
	struct timespec t[2] = { { sec, 5 }, { sec, 7 } };

	CHECK_EQ(utimensat(AT_FDCWD, name, t, 0), 0);
}

static void check_both(const char *name, time_t sec)
{
	CHECK_EQ(stat_of(name).st_mtim.tv_sec, sec);
	CHECK_EQ(stat_of(name).st_atim.tv_sec, sec);
}

static void check_reach(const char *name)
{
	set_times(name, LATEST + 1000);
	check_both(name, LATEST);
	set_times(name, EARLIEST - 1000);
	check_both(name, EARLIEST);
	set_times(name, -1);
	check_both(name, -1);
	set_times(name, LATEST - 1);
	check_both(name, LATEST - 1);
	CHECK_EQ(stat_of(name).st_mtim.tv_nsec, 7);
}

/* A time that the disk cannot hold is shown as it will be read again. */
TEST(times_have_a_reach)
{
	struct statfs st;

	CHECK_EQ(statfs(".", &st), 0);
	if (st.f_type != EXT4_TYPE)
		test_skip("no ext4 here");
	put_text("f", "text");
	CHECK_EQ(mkdir("d", 0755), 0);
	check_reach("f");
	check_reach("d");
	set_times("f", LATEST + 1000);
	set_times("d", LATEST + 1000);
	forget_all();
	check_both("f", LATEST);
	check_both("d", LATEST);
	check_reach("f");
	check_reach("d");
}

static long long last, worst;

/* Times of what is done one after the other do not go back. */
static void next(struct timespec t)
{
	if (last - ns(t) > worst)
		worst = last - ns(t);
	last = ns(t);
}

TEST(times_are_in_order)
{
	struct timespec t;
	char name[32];
	int i;

	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		CHECK_EQ(mkdir(name, 0755), 0);
		next(stat_of(name).st_mtim);
		next(stat_of(".").st_mtim);
		put_text("f", name);
		next(stat_of("f").st_mtim);
		CHECK_EQ(symlink("f", "l"), 0);
		next(stat_of("l").st_mtim);
		CHECK_EQ(unlink("l"), 0);
		next(stat_of(".").st_mtim);
		CHECK_EQ(utimensat(AT_FDCWD, name, NULL, 0), 0);
		next(stat_of(name).st_mtim);
		CHECK_EQ(rmdir(name), 0);
		next(stat_of(".").st_mtim);
		clock_gettime(CLOCK_REALTIME, &t);
		CHECK(last <= ns(t));
		usleep(1000);
	}
	CHECK_EQ(worst, 0);
}

/* A write moves times to the present, by whatever door it goes. Nothing is of the future. */
TEST(a_write_has_the_time_of_the_clock)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;
	struct timespec from, to;

	for (i = 0; i < 300; i++) {
		clock_gettime(CLOCK_REALTIME_COARSE, &from);
		CHECK_EQ(write(fd, "x", 1), 1);
		clock_gettime(CLOCK_REALTIME, &to);
		CHECK(ns(stat_of("f").st_ctim) >= ns(from) - 10000000);
		CHECK(ns(stat_of("f").st_ctim) <= ns(to));
		CHECK(ns(stat_of("f").st_mtim) <= ns(to));
		usleep(1500);
	}
	CHECK_EQ(close(fd), 0);
}

static struct stat before, after;

static void begin(const char *name)
{
	before = stat_of(name);
	usleep(20000);
}

static bool moved(const struct timespec *a, const struct timespec *b)
{
	return ns(*a) != ns(*b);
}

/* Return: "m", "c", "mc" or "". */
static const char *moves(const char *name)
{
	static const char *const words[] = { "", "m", "c", "mc" };

	after = stat_of(name);
	return words[moved(&before.st_mtim, &after.st_mtim) |
		     moved(&before.st_ctim, &after.st_ctim) << 1];
}

#define CHECK_MOVES(name, want)	CHECK(!strcmp(moves(name), want))

static void check_names(const char *a, const char *b)
{
	begin(a);
	CHECK_EQ(rename(a, b), 0);
	CHECK_MOVES(b, "c");
	begin(".");
	CHECK_EQ(rename(b, a), 0);
	CHECK_MOVES(".", "mc");
}

TEST(names_move_times)
{
	put_text("f", "x");
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(mkdir("e", 0755), 0);
	CHECK_EQ(symlink("f", "l"), 0);
	CHECK_EQ(mkfifo("p", 0644), 0);
	check_names("f", "f2");
	check_names("d", "d2");
	check_names("l", "l2");
	check_names("p", "p2");
	begin("d");
	CHECK_EQ(rename("d", "e/d"), 0);
	CHECK_MOVES("e/d", "c");
	begin("f");
	CHECK_EQ(link("f", "g"), 0);
	CHECK_MOVES("f", "c");
	begin("f");
	CHECK_EQ(unlink("g"), 0);
	CHECK_MOVES("f", "c");
	begin("l");
	CHECK_EQ(linkat(AT_FDCWD, "l", AT_FDCWD, "l3", 0), 0);
	CHECK_MOVES("l", "c");
	begin("e");
	put_text("e/x", "");
	CHECK_MOVES("e", "mc");
	begin("e");
	put_text("e/x", "more");
	CHECK_MOVES("e", "");
	begin("e");
	CHECK_EQ(chmod("e/x", 0600), 0);
	CHECK_MOVES("e", "");
}

static void check_owner(const char *name)
{
	begin(name);
	CHECK_EQ(lchown(name, -1, -1), 0);
	CHECK_MOVES(name, "c");
	begin(name);
	CHECK_EQ(lchown(name, geteuid(), getegid()), 0);
	CHECK_MOVES(name, "c");
}

TEST(changes_move_times)
{
	struct timespec omit[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };
	int fd;

	put_text("f", "text");
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(symlink("f", "l"), 0);
	check_owner("f");
	check_owner("d");
	check_owner("l");
	fd = CHECK_OK(open("f", O_RDWR));
	begin("f");
	CHECK_EQ(write(fd, "", 0), 0);
	CHECK_MOVES("f", "");
	CHECK_EQ(utimensat(AT_FDCWD, "f", omit, 0), 0);
	CHECK_MOVES("f", "");
	CHECK_EQ(pwrite(fd, "t", 1, 0), 1);
	CHECK_MOVES("f", "mc");
	begin("f");
	CHECK_EQ(chmod("f", 0644), 0);
	CHECK_MOVES("f", "c");
	begin("f");
	CHECK_EQ(setxattr("f", "user.x", "1", 1, 0), 0);
	CHECK_MOVES("f", "c");
	begin("f");
	CHECK_EQ(removexattr("f", "user.x"), 0);
	CHECK_MOVES("f", "c");
	begin("f");
	CHECK_EQ(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 10000), 0);
	CHECK_MOVES("f", "mc");
	begin("f");
	CHECK_EQ(ftruncate(fd, 100), 0);
	CHECK_MOVES("f", "mc");
	begin("f");
	close(CHECK_OK(open("f", O_WRONLY | O_TRUNC)));
	CHECK_MOVES("f", "mc");
	begin("f");
	close(CHECK_OK(open("f", O_WRONLY | O_TRUNC)));
	CHECK_MOVES("f", "mc");
	begin("d");
	CHECK_EQ(setxattr("d", "user.x", "1", 1, 0), 0);
	CHECK_MOVES("d", "c");
}

TEST(a_pipe_with_a_name_has_times)
{
	char c;
	int fd;

	CHECK_EQ(mkfifo("p", 0644), 0);
	fd = CHECK_OK(open("p", O_RDWR));
	begin("p");
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_MOVES("p", "mc");
	begin("p");
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_MOVES("p", "");
	CHECK(moved(&before.st_atim, &after.st_atim));
	forget_all();
	CHECK_MOVES("p", "");
}

TEST(links_and_folders_are_read)
{
	char buf[64];
	DIR *d;
	int fd;

	CHECK_EQ(symlink("nothing", "l"), 0);
	CHECK_EQ(mkdir("d", 0755), 0);
	put_text("f", "x");
	begin("l");
	CHECK_EQ(readlink("l", buf, sizeof(buf)), 7);
	CHECK_MOVES("l", "");
	CHECK(moved(&before.st_atim, &after.st_atim));
	begin("d");
	d = opendir("d");
	CHECK(d && readdir(d));
	closedir(d);
	CHECK_MOVES("d", "");
	CHECK(moved(&before.st_atim, &after.st_atim));
	begin("f");
	fd = CHECK_OK(open("f", O_RDONLY | O_NOATIME));
	CHECK_EQ(read(fd, buf, 1), 1);
	CHECK_MOVES("f", "");
	CHECK(!moved(&before.st_atim, &after.st_atim));
}

TEST(a_stored_byte_moves_times)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	struct timespec t[2] = { { 1000, 0 }, { 2000, 0 } };
	char *p;

	CHECK_EQ(ftruncate(fd, 8192), 0);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	begin("f");
	p[0] = 'x';
	CHECK_EQ(msync(p, 8192, MS_SYNC), 0);
	CHECK_MOVES("f", "mc");
	CHECK_EQ(futimens(fd, t), 0);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(munmap(p, 8192), 0);
	forget_all();
	CHECK_EQ(stat_of("f").st_mtim.tv_sec, 2000);
}

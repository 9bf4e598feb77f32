// SPDX-License-Identifier: MIT
/* What inotify and dnotify tell of changes: each event, in order, once. */
#include "fstest.h"
#include <signal.h>
#include <sys/inotify.h>

static int watch;

static void begin(const char *path)
{
	watch = CHECK_OK(inotify_init1(IN_NONBLOCK));
	CHECK_OK(inotify_add_watch(watch, path, IN_ALL_EVENTS));
}

/* The next event must be of @mask, about @name. Equal ones in a row are told once. */
static void expect(uint32_t mask, const char *name)
{
	static char buf[4096] __attribute__((aligned(8)));
	static ssize_t at, have;
	struct inotify_event *ev;

	if (at == have) {
		have = read(watch, buf, sizeof(buf));
		at = 0;
		if (have < 0)
			have = 0;
	}
	if (!mask) {
		CHECK_EQ(have - at, 0);
		return;
	}
	CHECK(at < have);
	ev = (struct inotify_event *)(buf + at);
	at += sizeof(*ev) + ev->len;
	CHECK_EQ(ev->mask, mask);
	CHECK(!strcmp(ev->len ? ev->name : "", name));
}

TEST(a_folder_is_watched)
{
	struct timespec t[2] = { { 1000, 0 }, { 2000, 0 } };
	int fd;

	CHECK_EQ(mkdir("d", 0755), 0);
	begin("d");
	fd = CHECK_OK(open("d/f", O_CREAT | O_RDWR, 0644));
	CHECK_EQ(write(fd, "ab", 2), 2);
	CHECK_EQ(ftruncate(fd, 1), 0);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(chmod("d/f", 0600), 0);
	CHECK_EQ(utimensat(AT_FDCWD, "d/f", t, 0), 0);
	CHECK_EQ(setxattr("d/f", "user.x", "1", 1, 0), 0);
	CHECK_EQ(link("d/f", "d/g"), 0);
	CHECK_EQ(rename("d/g", "d/h"), 0);
	CHECK_EQ(mkdir("d/e", 0755), 0);
	CHECK_EQ(unlink("d/h"), 0);
	CHECK_EQ(rename("d/f", "away"), 0);
	CHECK_EQ(rmdir("d/e"), 0);
	expect(IN_CREATE, "f");
	expect(IN_OPEN, "f");
	expect(IN_MODIFY, "f");
	expect(IN_CLOSE_WRITE, "f");
	expect(IN_ATTRIB, "f");
	expect(IN_CREATE, "g");
	expect(IN_MOVED_FROM, "g");
	expect(IN_MOVED_TO, "h");
	expect(IN_CREATE | IN_ISDIR, "e");
	expect(IN_DELETE, "h");
	expect(IN_MOVED_FROM, "f");
	expect(IN_DELETE | IN_ISDIR, "e");
	CHECK_EQ(rmdir("d"), 0);
	expect(IN_DELETE_SELF, "");
	expect(IN_IGNORED, "");
	expect(0, "");
}

TEST(a_file_is_watched)
{
	int fd;

	put_text("f", "");
	CHECK_EQ(link("f", "g"), 0);
	fd = CHECK_OK(open("f", O_RDWR));
	begin("f");
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(rename("f", "h"), 0);
	CHECK_EQ(unlink("g"), 0);
	CHECK_EQ(fallocate(fd, 0, 0, 5000), 0);
	CHECK_EQ(unlink("h"), 0);
	expect(IN_MODIFY, "");
	expect(IN_MOVE_SELF, "");
	expect(IN_ATTRIB, "");
	expect(IN_MODIFY, "");
	expect(IN_ATTRIB, "");
	expect(0, "");
	CHECK_EQ(close(fd), 0);
	expect(IN_CLOSE_WRITE, "");
	expect(IN_DELETE_SELF, "");
	expect(IN_IGNORED, "");
	expect(0, "");
}

TEST(a_replaced_file_is_watched)
{
	put_text("f", "old");
	put_text("g", "new");
	begin("f");
	CHECK_EQ(rename("g", "f"), 0);
	expect(IN_ATTRIB, "");
	expect(IN_DELETE_SELF, "");
	expect(IN_IGNORED, "");
	expect(0, "");
}

static volatile sig_atomic_t told;

static void on_told(int nr)
{
	(void)nr;
	told++;
}

TEST(a_folder_tells_by_a_signal)
{
	int fd = CHECK_OK(open(".", O_RDONLY));

	signal(SIGRTMIN, on_told);
	CHECK_EQ(fcntl(fd, F_SETSIG, SIGRTMIN), 0);
	CHECK_EQ(fcntl(fd, F_NOTIFY, DN_CREATE | DN_DELETE | DN_MULTISHOT), 0);
	close(CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)));
	CHECK_EQ(told, 1);
	CHECK_EQ(unlink("f"), 0);
	CHECK_EQ(told, 2);
}

TEST(moves_of_data_are_heard)
{
	int in, out, p[2];
	off_t at = 0, to = 0;
	char *map;

	put_text("in", "0123456789");
	put_text("out", "");
	CHECK_EQ(pipe(p), 0);
	in = CHECK_OK(open("in", O_RDONLY));
	out = CHECK_OK(open("out", O_RDWR));
	begin("out");
	CHECK_EQ(sendfile(out, in, &at, 5), 5);
	expect(IN_MODIFY, "");
	expect(0, "");
	at = 0;
	CHECK_EQ(copy_file_range(in, &at, out, &to, 5, 0), 5);
	expect(IN_MODIFY, "");
	expect(0, "");
	CHECK_EQ(write(p[1], "abc", 3), 3);
	CHECK_EQ(splice(p[0], NULL, out, &to, 3, 0), 3);
	expect(IN_MODIFY, "");
	expect(0, "");
	to = 0;
	CHECK_EQ(splice(out, &to, p[1], NULL, 3, 0), 3);
	expect(IN_ACCESS, "");
	expect(0, "");
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, out, 0);
	CHECK(map != MAP_FAILED);
	map[0] = 'x';
	CHECK_EQ(msync(map, 4096, MS_SYNC), 0);
	CHECK_EQ(pread(out, map + 100, 0, 0), 0);
	expect(0, "");
	CHECK_EQ(pread(out, &at, 1, 0), 1);
	expect(IN_ACCESS, "");
	CHECK_EQ(truncate("out", 3), 0);
	expect(IN_MODIFY, "");
	CHECK_EQ(truncate("out", 3), 0);
	expect(IN_MODIFY, "");
	CHECK_EQ(utimensat(AT_FDCWD, "out", NULL, 0), 0);
	expect(IN_ATTRIB, "");
	expect(0, "");
	CHECK_EQ(chown("out", -1, -1), 0);
	CHECK_EQ(link("out", "name"), 0);
	expect(IN_ATTRIB, "");
	expect(0, "");
}

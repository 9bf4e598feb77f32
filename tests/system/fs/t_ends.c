// SPDX-License-Identifier: MIT
/* Sockets and pipes in folders, programs under a watch, and the most of descriptors and paths. */
#include "fstest.h"
#include <poll.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

static void as_user(void)
{
	CHECK_EQ(setresgid(65534, 65534, 65534), 0);
	CHECK_EQ(setresuid(65534, 65534, 65534), 0);
}

static void expect_event(int in, uint32_t mask, const char *name)
{
	static char buf[4096] __attribute__((aligned(8)));
	static ssize_t at, have;
	static int of;
	struct inotify_event *ev;

	if (of != in || at == have) {
		at = 0;
		have = read(in, buf, sizeof(buf));
		of = in;
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

/* Watchers hear of a program that is executed, and of links by one watch. */
TEST(executed_and_linked_under_a_watch)
{
	int in = CHECK_OK(inotify_init1(IN_NONBLOCK)), wd, dir;
	pid_t pid;

	copy_program("/bin/true", "prog");
	CHECK_EQ(link("prog", "link"), 0);
	wd = CHECK_OK(inotify_add_watch(in, "prog", IN_OPEN | IN_CLOSE | IN_ATTRIB | IN_DELETE_SELF));
	CHECK_EQ(inotify_add_watch(in, "link", IN_OPEN | IN_CLOSE | IN_ATTRIB | IN_DELETE_SELF), wd);
	pid = fork();
	if (!pid) {
		execl("./link", "link", NULL);
		_exit(1);
	}
	CHECK_EQ(wait_for(pid), 0);
	expect_event(in, IN_OPEN, "");
	expect_event(in, IN_CLOSE_NOWRITE, "");
	CHECK_EQ(unlink("link"), 0);
	expect_event(in, IN_ATTRIB, "");
	CHECK_EQ(unlink("prog"), 0);
	expect_event(in, IN_ATTRIB, "");
	expect_event(in, IN_DELETE_SELF, "");
	expect_event(in, IN_IGNORED, "");
	expect_event(in, 0, "");
	close(in);

	in = CHECK_OK(inotify_init1(IN_NONBLOCK));
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_OK(inotify_add_watch(in, ".", IN_DELETE | IN_MOVE));
	CHECK_OK(inotify_add_watch(in, "d", IN_DELETE_SELF | IN_MOVE_SELF));
	CHECK_EQ(rename("d", "e"), 0);
	expect_event(in, IN_MOVED_FROM | IN_ISDIR, "d");
	expect_event(in, IN_MOVED_TO | IN_ISDIR, "e");
	expect_event(in, IN_MOVE_SELF, "");
	CHECK_EQ(rmdir("e"), 0);
	expect_event(in, IN_DELETE_SELF, "");
	expect_event(in, IN_IGNORED, "");
	expect_event(in, IN_DELETE | IN_ISDIR, "e");
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_OK(inotify_add_watch(in, "d", IN_DELETE_SELF));
	dir = CHECK_OK(open("d", O_RDONLY));
	CHECK_EQ(rmdir("d"), 0);
	expect_event(in, IN_DELETE | IN_ISDIR, "d");
	expect_event(in, 0, "");
	close(dir);
	expect_event(in, IN_DELETE_SELF, "");
	expect_event(in, IN_IGNORED, "");
	close(in);
}

/* Many descriptors, of one file and of many, and more than the limit. */
TEST(very_many_descriptors)
{
	static int fds[700];
	struct rlimit lim = { 700, 700 };
	int i, n, got;
	char c;

	if (geteuid())
		test_skip("not root");
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &lim), 0);
	put_text("one", "1");
	for (n = 0; n < 600; n++) {
		if (n % 2)
			fds[n] = CHECK_OK(open("one", O_RDONLY));
		else
			fds[n] = CHECK_OK(open(name_of(n), O_RDWR | O_CREAT, 0644));
		if (!(n % 2))
			CHECK_EQ(write(fds[n], &n, 4), 4);
	}
	while (dup(fds[0]) >= 0)
		;
	CHECK_ERR(open("one", O_RDONLY), EMFILE);
	CHECK_ERR(open("new", O_RDWR | O_CREAT, 0644), EMFILE);
	CHECK(!exists("new"));
	for (i = 0; i < n; i++) {
		if (i % 2) {
			CHECK_EQ(read(fds[i], &c, 1), 1);
			continue;
		}
		CHECK_EQ(pread(fds[i], &got, 4, 0), 4);
		CHECK_EQ(got, i);
		CHECK_EQ(unlink(name_of(i)), 0);
		CHECK_EQ(pread(fds[i], &got, 4, 0), 4);
	}
	CHECK_EQ(close_range(fds[0], ~0u, 0), 0);
	CHECK_EQ(open("one", O_RDONLY), fds[0]);
}

/* Paths that are longer than a path may be. */
TEST(deeper_than_a_path)
{
	char name[201];
	int depth = 40, i, fd, dir = CHECK_OK(open(".", O_RDONLY));
	char cwd[PATH_MAX];

	memset(name, 'n', 200);
	name[200] = 0;
	for (i = 0; i < depth; i++) {
		int next;

		CHECK_EQ(mkdirat(dir, name, 0755), 0);
		next = CHECK_OK(openat(dir, name, O_RDONLY));
		close(dir);
		dir = next;
	}
	CHECK_EQ(fchdir(dir), 0);
	errno = 0;
	CHECK(!getcwd(cwd, sizeof(cwd)) && (errno == ERANGE || errno == ENAMETOOLONG));
	put_text("file", "deep");
	fd = CHECK_OK(open("file", O_RDONLY));
	CHECK(file_is("file", "deep"));
	close(fd);
	CHECK_EQ(unlink("file"), 0);
	for (i = 0; i < depth; i++) {
		CHECK_EQ(chdir(".."), 0);
		CHECK_EQ(rmdir(name), 0);
	}
}

/* A socket's name may be moved and linked; who connects needs to write it. */
TEST(sockets_have_names)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int l = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), c;
	pid_t pid;

	umask(0);
	CHECK_EQ(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_EQ(listen(l, 5), 0);
	CHECK_EQ(stat_of("sock").st_mode, S_IFSOCK | 0777);
	CHECK_ERR(open("sock", O_RDWR), ENXIO);
	CHECK_EQ(chmod("sock", 0600), 0);
	CHECK_EQ(link("sock", "link"), 0);
	CHECK_EQ(rename("sock", "moved"), 0);
	strcpy(a.sun_path, "link");
	c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_EQ(connect(c, (struct sockaddr *)&a, sizeof(a)), 0);
	strcpy(a.sun_path, "moved");
	pid = fork();
	if (!pid) {
		c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
		if (!geteuid()) {
			as_user();
			CHECK_ERR(connect(c, (struct sockaddr *)&a, sizeof(a)), EACCES);
		}
		_exit(0);
	}
	CHECK_EQ(wait_for(pid), 0);
	CHECK_EQ(symlink("moved", "sym"), 0);
	strcpy(a.sun_path, "sym");
	c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_EQ(connect(c, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_ERR(bind(CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), (struct sockaddr *)&a, sizeof(a)),
		  EADDRINUSE);
	CHECK_EQ(unlink("moved"), 0);
	CHECK_EQ(unlink("link"), 0);
	CHECK_ERR(connect(CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), (struct sockaddr *)&a, sizeof(a)),
		  ENOENT);
}

/* A pipe's name: two ends, unlinked and renamed while open. */
TEST(pipes_have_names)
{
	int rd, wr, i;
	char c;
	struct pollfd p;

	CHECK_EQ(mkfifo("p", 0644), 0);
	CHECK_ERR(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
	rd = CHECK_OK(open("p", O_RDONLY | O_NONBLOCK));
	CHECK_EQ(rename("p", "q"), 0);
	CHECK_EQ(link("q", "r"), 0);
	wr = CHECK_OK(open("r", O_WRONLY));
	CHECK_EQ(unlink("q"), 0);
	CHECK_EQ(write(wr, "x", 1), 1);
	CHECK_EQ(read(rd, &c, 1), 1);
	CHECK_ERR(read(rd, &c, 1), EAGAIN);
	CHECK_ERR(lseek(rd, 0, SEEK_CUR), ESPIPE);
	CHECK_ERR(pread(rd, &c, 1, 0), ESPIPE);
	CHECK_ERR(ftruncate(wr, 0), EINVAL);
	CHECK_EQ(close(wr), 0);
	p = (struct pollfd){ rd, POLLIN, 0 };
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLHUP);
	for (i = 0; i < 50; i++) {
		pid_t pid = fork();

		if (!pid) {
			wr = CHECK_OK(open("r", O_WRONLY));
			CHECK_EQ(write(wr, &i, 4), 4);
			_exit(0);
		}
		CHECK_EQ(wait_for(pid), 0);
		CHECK_EQ(read(rd, &wr, 4), 4);
		CHECK_EQ(wr, i);
	}
}

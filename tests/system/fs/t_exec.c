// SPDX-License-Identifier: MIT
/* Programs: what is written, closed and executed at once; files that are busy; dumps of memory. */
#include "fstest.h"
#include <signal.h>
#include <sys/resource.h>

static int run(const char *path)
{
	pid_t pid = CHECK_OK(fork());

	if (!pid) {
		unsetenv("LD_PRELOAD");
		execl(path, path, (char *)NULL);
		_exit(errno == ETXTBSY ? 91 : 92);
	}
	return wait_for(pid);
}

static void put_program(const char *path, const char *text, size_t part)
{
	int fd = CHECK_OK(open(path, O_CREAT | O_RDWR | O_TRUNC, 0755));
	size_t len = strlen(text), at;
	char c;

	for (at = 0; at < len; at += part) {
		size_t n = len - at < part ? len - at : part;

		CHECK_EQ(write(fd, text + at, n), n);
	}
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(pwrite(fd, "#", 1, 0), 1);
	CHECK_EQ(close(fd), 0);
}

TEST(written_and_executed)
{
	char text[64];
	int i;

	for (i = 0; i < 60; i++) {
		snprintf(text, sizeof(text), "#!/bin/sh\nexit %d\n", i + 1);
		put_program(i % 2 ? "s" : name_of(i), text, i % 5 + 1);
		CHECK_EQ(run(i % 2 ? "./s" : name_of(i)), i + 1);
	}
}

TEST(busy_programs)
{
	pid_t pid;
	int fd;

	copy_program("/bin/sleep", "sleep");
	fd = CHECK_OK(open("sleep", O_RDWR));
	CHECK_EQ(run("./sleep"), 91);
	CHECK_EQ(close(fd), 0);
	pid = CHECK_OK(fork());
	if (!pid) {
		execl("./sleep", "sleep", "100", (char *)NULL);
		_exit(1);
	}
	usleep(300000);
	CHECK_ERR(open("sleep", O_WRONLY), ETXTBSY);
	CHECK_ERR(open("sleep", O_RDWR | O_TRUNC), ETXTBSY);
	CHECK_ERR(truncate("sleep", 0), ETXTBSY);
	close(CHECK_OK(open("sleep", O_RDONLY)));
	CHECK_EQ(chmod("sleep", 0700), 0);
	CHECK_EQ(rename("sleep", "other"), 0);
	CHECK_EQ(unlink("other"), 0);
	kill(pid, SIGKILL);
	CHECK_EQ(wait_for(pid), 128 + SIGKILL);
}

TEST(a_program_without_a_name)
{
	int fd, rd;
	char path[64];
	pid_t pid;

	copy_program("/bin/true", "true");
	rd = CHECK_OK(open("true", O_RDONLY));
	CHECK_EQ(unlink("true"), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", rd);
	CHECK_EQ(run(path), 0);
	put_text("s", "#!/bin/sh\nexit 5\n");
	CHECK_EQ(chmod("s", 0755), 0);
	fd = CHECK_OK(open("s", O_RDONLY));
	CHECK_EQ(unlink("s"), 0);
	pid = CHECK_OK(fork());
	if (!pid) {
		char *const argv[] = { "s", NULL }, *const envp[] = { NULL };

		fexecve(fd, argv, envp);
		_exit(1);
	}
	CHECK_EQ(wait_for(pid), 5);
}

TEST(what_may_be_executed)
{
	put_text("f", "#!/bin/sh\n");
	CHECK_EQ(run("./f"), 92);
	CHECK_ERR(access("f", X_OK), EACCES);
	CHECK_EQ(chmod("f", 0001), 0);
	CHECK_EQ(access("f", X_OK), geteuid() ? -1 : 0);
	put_text("g", "#!/no/interpreter\n");
	CHECK_EQ(chmod("g", 0755), 0);
	CHECK_ERR(execl("./g", "g", (char *)NULL), ENOENT);
	put_text("h", "junk");
	CHECK_EQ(chmod("h", 0755), 0);
	CHECK_ERR(execl("./h", "h", (char *)NULL), ENOEXEC);
	CHECK_ERR(execl("./h/x", "h", (char *)NULL), ENOTDIR);
	CHECK_ERR(execl(".", ".", (char *)NULL), EACCES);
}

// SPDX-License-Identifier: MIT
/*
 * A program that is executed while somebody holds the memory of the one before it: the
 * old door speaks of none of the new program's files, and does not keep it from its own.
 */
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "doortest.h"

#define FILES		200
/* No file here is as long as that. */
#define CHOSEN_POS	0x123450000ll

/* Reads the memory of its parent, and holds it as long as that takes: for ever. */
static pid_t hold_memory(int file, void *page)
{
	struct iovec local = { .iov_len = 1 }, remote = { page, 1 };
	pid_t parent = getpid(), pid = fork();
	char c;

	CHECK(pid >= 0);
	if (pid)
		return pid;
	local.iov_base = &c;
	close(file);
	process_vm_readv(parent, &local, 1, &remote, 1, 0);
	_exit(9);
}

/* Chooses a position, and executes this program anew while its memory is held. */
static void execute(void *arg)
{
	int fd = number_file("cloexec", 1000), uffd, i;
	char holder[16];
	void *page;
	pid_t pid;
	char c;

	(void)arg;
	CHECK_EQ(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
	CHECK_EQ(lseek(fd, CHOSEN_POS, SEEK_SET), CHOSEN_POS);
	for (i = 0; i < 20; i++)
		CHECK_EQ(read(fd, &c, 1), 0);
	uffd = endless_pages(&page, 1);
	CHECK(uffd >= 0);
	pid = hold_memory(fd, page);
	/* It has begun. */
	await_touch(uffd);
	snprintf(holder, sizeof(holder), "%d", pid);
	execl("/proc/self/exe", program, "--executed", folder, holder, NULL);
	_exit(8);
}

/*
 * exec_main - what is executed: @holder ends, and with it the old memory
 *
 * Files that have been opened meanwhile may have got the memory of one that was closed.
 */
int exec_main(const char *dir, pid_t holder)
{
	char path[512];
	int fd[FILES], i, status;

	for (i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "%s/doortest-executed%d", dir, i);
		fd[i] = open(path, O_RDWR | O_CREAT, 0644);
		unlink(path);
		if (fd[i] < 0)
			return 2;
	}
	if (!own_door_opens())
		return 3;
	kill(holder, SIGKILL);
	if (waitpid(holder, &status, 0) != holder)
		return 4;
	/* The last reference to memory may be put by another thread of the kernel. */
	usleep(200000);
	for (i = 0; i < FILES; i++)
		if (lseek(fd[i], 0, SEEK_CUR))
			return 5;
	return 0;
}

TEST(exec_while_the_memory_is_held)
{
	void *page;
	int uffd = endless_pages(&page, 1);

	if (uffd < 0)
		test_skip("no userfaultfd(2)");
	close(uffd);
	reap(child(execute, NULL));
}

/* What is told of a position by other ways than lseek(). */
TEST(position_is_known_everywhere)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = 1 };
	int fd = number_file("position", 1000), i, info, left;
	char path[64], text[64] = "";
	struct stat st;
	uint32_t n;

	for (i = 0; i < 100; i++)
		CHECK_EQ(read(fd, &n, 4), 4);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY);
	CHECK(info >= 0 && read(info, text, sizeof(text) - 1) > 0);
	CHECK_EQ(atoi(text + strlen("pos:")), 400);
	warm_file(fd);
	for (i = 0; i < 100; i++)
		CHECK_EQ(read(fd, &n, 4), 4);
	/* The size of a served file is the primary's to know when it has asked: docs/limits.md. */
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(ioctl(fd, FIONREAD, &left), 0);
	CHECK_EQ(left, 4000 - 800);
	warm_file(fd);
	for (i = 0; i < 100; i++)
		CHECK_EQ(read(fd, &n, 4), 4);
	CHECK_EQ(fcntl(fd, F_SETLK, &lock), 0);
	/* Seen by another process, counted from the file's start. */
	if (!fork()) {
		struct flock seen = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 4000 };

		_exit(fcntl(fd, F_GETLK, &seen) || seen.l_type == F_UNLCK || seen.l_start != 1200);
	}
	CHECK(wait(&i) > 0);
	CHECK_EQ(i, 0);
}

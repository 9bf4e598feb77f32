// SPDX-License-Identifier: MIT
/* Open files that are handed to other processes, and locks that are split, by both. */
#include "fstest.h"
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static void send_fd(int to, int fd)
{
	char room[CMSG_SPACE(sizeof(int))] = "", c = 'x';
	struct iovec v = { &c, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room,
			    .msg_controllen = sizeof(room) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	CHECK_EQ(sendmsg(to, &m, 0), 1);
}

static int receive_fd(int from)
{
	char room[CMSG_SPACE(sizeof(int))], c;
	struct iovec v = { &c, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room,
			    .msg_controllen = sizeof(room) };
	int fd;

	CHECK_EQ(recvmsg(from, &m, 0), 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

/* Both have one position, whichever way the descriptor went. The other ends with its close(). */
static void use_together(int fd, int s, bool first)
{
	char c, text[8];
	int i;

	for (i = 0; i < 50; i++) {
		if (!first)
			CHECK_EQ(read(s, &c, 1), 1);
		snprintf(text, sizeof(text), "%c%05d,", first ? 'a' : 'b', i);
		CHECK_EQ(write(fd, text, 7), 7);
		if (i % 10 == 5)
			CHECK_EQ(lseek(fd, -7, SEEK_CUR), (i * 2 + !first) * 7);
		if (i % 10 == 5)
			CHECK_EQ(read(fd, text, 7), 7);
		CHECK_EQ(write(s, "x", 1), 1);
		if (first)
			CHECK_EQ(read(s, &c, 1), 1);
	}
}

static void check_both(int fd)
{
	char text[1000], want[8];
	int i;

	CHECK_EQ(pread(fd, text, sizeof(text), 0), 700);
	for (i = 0; i < 100; i++) {
		snprintf(want, sizeof(want), "%c%05d,", i % 2 ? 'b' : 'a', i / 2);
		CHECK(!memcmp(text + 7 * i, want, 7));
	}
}

TEST(a_descriptor_by_a_socket)
{
	int s[2], fd;
	pid_t pid;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	pid = CHECK_OK(fork());
	if (!pid) {
		fd = receive_fd(s[1]);
		use_together(fd, s[1], false);
		_exit(0);
	}
	fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	send_fd(s[0], fd);
	use_together(fd, s[0], true);
	CHECK_EQ(wait_for(pid), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 700);
	check_both(fd);
}

TEST(a_descriptor_that_is_taken)
{
	int s[2], fd, at, pidfd, taken;
	pid_t pid;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	pid = CHECK_OK(fork());
	if (!pid) {
		fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
		CHECK_EQ(write(s[1], &fd, sizeof(fd)), sizeof(fd));
		use_together(fd, s[1], true);
		pause();
	}
	CHECK_EQ(read(s[0], &at, sizeof(at)), sizeof(at));
	pidfd = CHECK_OK(syscall(SYS_pidfd_open, pid, 0));
	taken = syscall(SYS_pidfd_getfd, pidfd, at, 0);
	if (taken < 0 && (errno == EPERM || errno == ENOSYS))
		test_skip("no descriptors are taken here");
	CHECK(taken >= 0);
	use_together(taken, s[0], false);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(wait_for(pid), 128 + SIGKILL);
	check_both(taken);
	CHECK_EQ(write(taken, "end", 3), 3);
	CHECK_EQ(stat_of("f").st_size, 703);
}

/* The first lock that another would meet from @at on: its bounds, or F_UNLCK. */
static struct flock lock_from(int fd, off_t at)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at };
	static struct flock *found;
	pid_t pid;

	if (!found)
		found = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = CHECK_OK(fork());
	if (!pid) {
		*found = l;
		_exit(fcntl(fd, F_GETLK, found) ? 1 : 0);
	}
	CHECK_EQ(wait_for(pid), 0);
	return *found;
}

static int set_lock(int fd, short type, short whence, off_t start, off_t len)
{
	struct flock l = { .l_type = type, .l_whence = whence, .l_start = start, .l_len = len };

	return fcntl(fd, F_SETLK, &l);
}

TEST(locks_that_are_split)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;
	struct flock l;

	CHECK_EQ(write(fd, "0123456789", 10), 10);
	CHECK_EQ(set_lock(fd, F_WRLCK, SEEK_SET, 100, 100), 0);
	CHECK_EQ(set_lock(fd, F_UNLCK, SEEK_SET, 130, 40), 0);
	CHECK_EQ(set_lock(fd, F_RDLCK, SEEK_SET, 110, 5), 0);
	l = lock_from(fd, 0);
	CHECK(l.l_type == F_WRLCK && l.l_start == 100 && l.l_len == 10 && l.l_pid == getpid());
	l = lock_from(fd, 110);
	CHECK(l.l_type == F_RDLCK && l.l_start == 110 && l.l_len == 5);
	l = lock_from(fd, 130);
	CHECK(l.l_type == F_WRLCK && l.l_start == 170 && l.l_len == 30);
	CHECK_EQ(set_lock(fd, F_WRLCK, SEEK_SET, 90, 200), 0);
	l = lock_from(fd, 0);
	CHECK(l.l_start == 90 && l.l_len == 200);
	CHECK_EQ(set_lock(fd, F_UNLCK, SEEK_SET, 0, 0), 0);
	CHECK_EQ(lock_from(fd, 0).l_type, F_UNLCK);
	/* Backwards, from the end, and from the position, which the door may have. */
	CHECK_EQ(set_lock(fd, F_WRLCK, SEEK_END, 0, -4), 0);
	l = lock_from(fd, 0);
	CHECK(l.l_start == 6 && l.l_len == 4);
	for (i = 0; i < 20; i++)
		CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(set_lock(fd, F_UNLCK, SEEK_SET, 0, 0), 0);
	CHECK_EQ(set_lock(fd, F_WRLCK, SEEK_CUR, -3, 2), 0);
	l = lock_from(fd, 0);
	CHECK(l.l_start == 27 && l.l_len == 2);
	CHECK_EQ(set_lock(fd, F_WRLCK, SEEK_END, 5, 0), 0);
	l = lock_from(fd, 30);
	CHECK(l.l_start == 35 && l.l_len == 0);
	CHECK_ERR(set_lock(fd, F_WRLCK, SEEK_CUR, -31, 1), EINVAL);
	CHECK_ERR(set_lock(fd, F_WRLCK, SEEK_SET, 2, -3), EINVAL);
	CHECK_ERR(set_lock(fd, F_WRLCK, SEEK_CUR, INT64_MAX, 0), EOVERFLOW);
	CHECK_ERR(set_lock(fd, 7, SEEK_SET, 0, 0), EINVAL);
	CHECK_ERR(set_lock(CHECK_OK(open("f", O_RDONLY)), F_WRLCK, SEEK_SET, 0, 0), EBADF);
	CHECK_ERR(set_lock(CHECK_OK(open("f", O_WRONLY)), F_RDLCK, SEEK_SET, 0, 0), EBADF);
}

/* A lock outlives execve(), and ends with its process at once. */
TEST(locks_over_exec_and_death)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	pid_t pid;

	for (i = 0; i < 2; i++) {
		pid = CHECK_OK(fork());
		if (!pid) {
			CHECK_EQ(set_lock(fd, F_WRLCK, SEEK_SET, 0, 0), 0);
			if (!i)
				execlp("sleep", "sleep", "100", NULL);
			pause();
		}
		while (!set_lock(fd, F_WRLCK, SEEK_SET, 0, 0)) {
			CHECK_EQ(set_lock(fd, F_UNLCK, SEEK_SET, 0, 0), 0);
			usleep(10000);
		}
		usleep(300000);
		CHECK_ERR(set_lock(fd, F_RDLCK, SEEK_SET, 0, 0), EAGAIN);
		CHECK_EQ(kill(pid, SIGKILL), 0);
		CHECK_EQ(fcntl(fd, F_SETLKW, &l), 0);
		CHECK_EQ(set_lock(fd, F_UNLCK, SEEK_SET, 0, 0), 0);
		CHECK_EQ(wait_for(pid), 128 + SIGKILL);
	}
}

/* What a reader of another process sees of a file that is cut and grows: text or zeros. */
TEST(a_file_that_is_cut_while_read)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i, j, n;
	static char buf[20000], text[20000];
	pid_t pid;

	memset(text, 'x', sizeof(text));
	pid = CHECK_OK(fork());
	if (!pid) {
		fd = CHECK_OK(open("f", O_RDWR));
		for (i = 0; ; i++) {
			CHECK_EQ(pwrite(fd, text, 5000 + i % 9000, 0), 5000 + i % 9000);
			CHECK_EQ(ftruncate(fd, 3000), 0);
			CHECK_EQ(ftruncate(fd, 12000), 0);
			CHECK_EQ(pread(fd, buf, 20000, 0), 12000);
			CHECK(buf[2999] == 'x' && !buf[3000] && !buf[4096] && !buf[11999]);
		}
	}
	for (i = 0; i < 500; i++) {
		n = CHECK_OK(pread(fd, buf, sizeof(buf), 0));
		CHECK(n <= 14000);
		for (j = 0; j < n; j++)
			CHECK(buf[j] == 'x' || (!buf[j] && j >= 3000));
	}
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(wait_for(pid), 128 + SIGKILL);
}

// SPDX-License-Identifier: MIT
/* Locks beyond taking and trying: who holds them, cycles, signals, leases; /proc/locks. */
#include "fstest.h"
#include <signal.h>

static int set(int fd, int cmd, short type, off_t start, off_t len)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET };

	l.l_start = start;
	l.l_len = len;
	return fcntl(fd, cmd, &l);
}

static struct flock held(int fd, int cmd, short type)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET };

	CHECK_EQ(fcntl(fd, cmd, &l), 0);
	return l;
}

TEST(any_close_ends_a_lock)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), other = CHECK_OK(open("f", O_RDWR));
	struct flock l;
	pid_t pid;

	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 5, 10), 0);
	pid = CHECK_OK(fork());
	if (!pid) {
		l = held(fd, F_GETLK, F_RDLCK);
		CHECK_EQ(l.l_type, F_WRLCK);
		CHECK_EQ(l.l_pid, getppid());
		CHECK_EQ(l.l_start, 5);
		CHECK_EQ(l.l_len, 10);
		CHECK_ERR(set(other, F_SETLK, F_RDLCK, 14, 1), EAGAIN);
		_exit(0);
	}
	CHECK_EQ(wait_for(pid), 0);
	CHECK_EQ(close(other), 0);
	pid = CHECK_OK(fork());
	if (!pid)
		_exit(held(fd, F_GETLK, F_RDLCK).l_type != F_UNLCK);
	CHECK_EQ(wait_for(pid), 0);
	CHECK_EQ(set(fd, F_OFD_SETLK, F_WRLCK, 0, 0), 0);
	close(CHECK_OK(open("f", O_RDWR)));
	pid = CHECK_OK(fork());
	if (!pid) {
		other = CHECK_OK(open("f", O_RDWR));
		CHECK_EQ(held(other, F_GETLK, F_RDLCK).l_pid, -1);
		CHECK_EQ(set(fd, F_OFD_SETLK, F_RDLCK, 0, 0), 0);
		CHECK_ERR(set(other, F_OFD_SETLK, F_WRLCK, 0, 0), EAGAIN);
		CHECK_EQ(set(other, F_OFD_SETLK, F_RDLCK, 0, 0), 0);
		_exit(0);
	}
	CHECK_EQ(wait_for(pid), 0);
}

TEST(locks_in_a_cycle)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	pid_t pid;

	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 0, 1), 0);
	pid = CHECK_OK(fork());
	if (!pid) {
		CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 1, 1), 0);
		CHECK_EQ(set(fd, F_SETLKW, F_WRLCK, 0, 1), 0);
		_exit(0);
	}
	usleep(200000);
	CHECK_ERR(set(fd, F_SETLKW, F_WRLCK, 1, 1), EDEADLK);
	CHECK_EQ(set(fd, F_SETLK, F_UNLCK, 0, 1), 0);
	CHECK_EQ(wait_for(pid), 0);
}

static void on_signal(int nr)
{
	(void)nr;
}

TEST(a_signal_ends_the_wait_for_a_lock)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	pid_t pid;

	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 0, 0), 0);
	CHECK_EQ(flock(fd, LOCK_EX), 0);
	pid = CHECK_OK(fork());
	if (!pid) {
		int other = CHECK_OK(open("f", O_RDWR));

		sigaction(SIGALRM, &sa, NULL);
		alarm(1);
		CHECK_ERR(set(other, F_SETLKW, F_WRLCK, 0, 0), EINTR);
		alarm(1);
		CHECK_ERR(flock(other, LOCK_SH), EINTR);
		CHECK_ERR(flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
		CHECK_EQ(flock(fd, LOCK_SH), 0);
		CHECK_EQ(flock(other, LOCK_SH | LOCK_NB), 0);
		_exit(0);
	}
	CHECK_EQ(wait_for(pid), 0);
	CHECK_ERR(set(CHECK_OK(open("f", O_RDONLY)), F_SETLK, F_WRLCK, 0, 0), EBADF);
}

TEST(locks_are_shown)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), n;
	struct stat st = stat_of("f");
	static char buf[1 << 16];
	char want[64];

	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 3, 4), 0);
	CHECK_EQ(flock(fd, LOCK_SH), 0);
	n = get_file("/proc/locks", buf, sizeof(buf) - 1);
	buf[n] = 0;
	snprintf(want, sizeof(want), "%d %02x:%02x:%lu 3 6", getpid(), major(st.st_dev),
		 minor(st.st_dev), (unsigned long)st.st_ino);
	CHECK(strstr(buf, want));
	snprintf(want, sizeof(want), "%d %02x:%02x:%lu 0 EOF", getpid(), major(st.st_dev),
		 minor(st.st_dev), (unsigned long)st.st_ino);
	CHECK(strstr(buf, want));
	snprintf(want, sizeof(want), "/proc/self/fdinfo/%d", fd);
	n = get_file(want, buf, sizeof(buf) - 1);
	buf[n] = 0;
	CHECK(strstr(buf, "lock:") && strstr(buf, "POSIX") && strstr(buf, "FLOCK"));
}

static volatile int broken;

static void on_break(int nr)
{
	broken = nr;
}

/* A lease is broken by whoever opens the file for writing, or cuts it. */
TEST(leases)
{
	int fd, i;
	pid_t pid;

	put_text("f", "text");
	fd = CHECK_OK(open("f", O_RDONLY));
	signal(SIGIO, on_break);
	for (i = 0; i < 2; i++) {
		broken = 0;
		CHECK_EQ(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
		CHECK_EQ(fcntl(fd, F_GETLEASE), F_RDLCK);
		close(CHECK_OK(open("f", O_RDONLY)));
		CHECK_EQ(broken, 0);
		CHECK_ERR(open("f", O_WRONLY | O_NONBLOCK), EWOULDBLOCK);
		CHECK_EQ(broken, SIGIO);
		pid = CHECK_OK(fork());
		if (!pid)
			_exit(i ? truncate("f", 1) : open("f", O_WRONLY) < 0);
		usleep(200000);
		CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
		CHECK_EQ(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
		CHECK_EQ(wait_for(pid), 0);
	}
	i = CHECK_OK(open("f", O_WRONLY));
	CHECK_ERR(fcntl(fd, F_SETLEASE, F_RDLCK), EAGAIN);
	close(i);
	close(fd);
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_EQ(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	CHECK_ERR(open("f", O_RDONLY | O_NONBLOCK), EWOULDBLOCK);
}

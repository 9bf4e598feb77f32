// SPDX-License-Identifier: MIT
/*
 * Sockets as files of their holders: taken from another process, with an owner and a mode, and
 * signals that say which socket they are about.
 */
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include "nettest.h"

static void hold(void *arg)
{
	(void)arg;
	pause();
}

/* Another process's socket is taken by a descriptor of the process. */
TEST(holder_is_robbed)
{
	int fd[2], pidfd, got;
	pid_t pid;
	char c;

	tcp_pair(AF_INET, fd);
	pid = child(hold, NULL);
	pidfd = syscall(434 /* pidfd_open */, pid, 0);
	if (pidfd < 0)
		test_skip("no pidfd_open()");
	got = syscall(438 /* pidfd_getfd */, pidfd, fd[0], 0);
	CHECK(got >= 0);
	CHECK_EQ(fcntl(got, F_GETFD), FD_CLOEXEC);
	close(fd[0]);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK_EQ(write(got, "g", 1), 1);
	CHECK_EQ(read(fd[1], &c, 1), 1);
	close(got);
	CHECK_EQ(read(fd[1], &c, 1), 0);
}

TEST(holder_and_its_file)
{
	int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	char path[64], text[256] = "", value[64];
	struct stat st;
	FILE *f;

	CHECK_EQ(fchmod(fd, 0640), 0);
	CHECK_EQ(fchown(fd, 12, 34), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_mode, S_IFSOCK | 0640);
	CHECK_EQ(st.st_uid, 12);
	CHECK_EQ(st.st_gid, 34);
	CHECK_EQ(st.st_size, 0);
	CHECK_EQ(fgetxattr(fd, "system.sockprotoname", value, sizeof(value)), 4);
	CHECK(!memcmp(value, "TCP", 4));
	CHECK_ERR(fsetxattr(fd, "user.x", "y", 1, 0), EPERM);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	CHECK(f && fgets(text, sizeof(text), f));
	CHECK(!strcmp(text, "pos:\t0\n"));
	CHECK(fgets(text, sizeof(text), f));
	CHECK_EQ(strtol(text + strlen("flags:"), NULL, 8), O_RDWR);
}

static volatile sig_atomic_t came, code, band, about;

static void on_signal(int sig, siginfo_t *si, void *context)
{
	(void)sig;
	(void)context;
	about = si->si_fd;
	band = si->si_band;
	code = si->si_code;
	came++;
}

static void await_signal(int before)
{
	int i;

	for (i = 0; i < 200 && came == before; i++)
		usleep(10000);
	CHECK(came > before);
}

/* A signal of the program's choice says which socket has what; one thread gets it. */
TEST(holder_hears_by_its_signal)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	struct f_owner_ex owner = { F_OWNER_TID, syscall(SYS_gettid) }, got = { 0 };
	int fd[2], before;
	char c;

	CHECK_EQ(sigaction(SIGRTMIN + 3, &sa, NULL), 0);
	udp_pair(AF_INET, fd);
	CHECK_EQ(fcntl(fd[0], F_SETSIG, SIGRTMIN + 3), 0);
	CHECK_EQ(fcntl(fd[0], F_SETOWN_EX, &owner), 0);
	CHECK_EQ(fcntl(fd[0], F_GETOWN_EX, &got), 0);
	CHECK(got.type == F_OWNER_TID && got.pid == owner.pid);
	CHECK_EQ(fcntl(fd[0], F_SETFL, O_ASYNC | O_NONBLOCK), 0);
	before = came;
	CHECK_EQ(write(fd[1], "x", 1), 1);
	await_signal(before);
	CHECK_EQ(about, fd[0]);
	CHECK_EQ(code, POLL_IN);
	CHECK_EQ(band & (POLLIN | POLLRDNORM), POLLIN | POLLRDNORM);
	CHECK_EQ(read(fd[0], &c, 1), 1);
	CHECK_EQ(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	usleep(50000);
	before = came;
	CHECK_EQ(write(fd[1], "y", 1), 1);
	CHECK_EQ(poll_for(fd[0], POLLIN, 5000), POLLIN);
	usleep(50000);
	CHECK_EQ(came, before);
}

// SPDX-License-Identifier: MIT
/*
 * Sockets and pipes: what moves between them without a copy by the program, and who waits.
 */
#include <sys/sendfile.h>
#include "nettest.h"

static void pipe_of(int p[2], int size)
{
	CHECK_EQ(pipe(p), 0);
	CHECK(fcntl(p[1], F_SETPIPE_SZ, size) >= size);
}

TEST(pipe_from_an_empty_socket)
{
	double begun = now();
	int fd[2], p[2];
	char buf[8];

	tcp_pair(AF_INET, fd);
	pipe_of(p, 65536);
	set_nonblock(fd[0], true);
	CHECK_ERR(splice(fd[0], NULL, p[1], NULL, 100, 0), EAGAIN);
	set_nonblock(fd[0], false);
	if (!fork()) {
		usleep(200000);
		_exit(send(fd[1], "late", 4, 0) != 4);
	}
	/* The flag is about the pipe, and not about the socket. */
	CHECK_EQ(splice(fd[0], NULL, p[1], NULL, 100, SPLICE_F_NONBLOCK), 4);
	CHECK(now() - begun > 0.15);
	CHECK_EQ(read(p[0], buf, 8), 4);
	CHECK_EQ(shutdown(fd[1], SHUT_WR), 0);
	CHECK_EQ(splice(fd[0], NULL, p[1], NULL, 100, 0), 0);
	CHECK_ERR(splice(fd[0], &(loff_t){ 0 }, p[1], NULL, 100, 0), EINVAL);
}

TEST(pipe_that_is_full)
{
	static char page[4096];
	int fd[2], p[2];
	long n = 0, rc;

	tcp_pair(AF_INET, fd);
	pipe_of(p, 4096);
	set_nonblock(p[1], true);
	CHECK_EQ(write(p[1], page, 4096), 4096);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	CHECK_EQ(poll_for(fd[0], POLLIN, 5000), POLLIN);
	CHECK_ERR(splice(fd[0], NULL, p[1], NULL, 100, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_EQ(read(p[0], page, 4096), 4096);
	CHECK_EQ(splice(fd[0], NULL, p[1], NULL, 100, SPLICE_F_NONBLOCK), 1);
	CHECK_EQ(read(p[0], page, 4096), 1);
	/* A socket that takes no more. */
	set_nonblock(fd[0], true);
	for (;;) {
		CHECK_EQ(write(p[1], page, 4096), 4096);
		rc = splice(p[0], NULL, fd[0], NULL, 4096, SPLICE_F_NONBLOCK | SPLICE_F_MORE);
		if (rc != 4096)
			break;
		n += rc;
	}
	CHECK(rc > 0 || errno == EAGAIN);
	n += rc > 0 ? rc : 0;
	while (n) {
		rc = read(fd[1], page, sizeof(page));
		CHECK(rc > 0);
		n -= rc;
	}
	CHECK_EQ(poll_for(fd[1], POLLIN, 100), 0);
}

TEST(pipe_of_datagrams)
{
	int fd[2], p[2];
	char buf[16];

	udp_pair(AF_INET, fd);
	pipe_of(p, 65536);
	CHECK_EQ(write(p[1], "one", 3), 3);
	CHECK_EQ(splice(p[0], NULL, fd[0], NULL, 100, 0), 3);
	CHECK_EQ(send(fd[0], "two", 3, 0), 3);
	CHECK_EQ(splice(fd[1], NULL, p[1], NULL, 100, 0), 3);
	CHECK_EQ(read(p[0], buf, 16), 3);
	CHECK(!memcmp(buf, "one", 3));
	CHECK_EQ(recv(fd[1], buf, 16, 0), 3);
	CHECK(!memcmp(buf, "two", 3));
}

TEST(pipe_with_a_copy)
{
	struct iovec iov = { "gift of a page", 14 };
	int fd[2], a[2], b[2];
	char buf[32];

	tcp_pair(AF_INET, fd);
	pipe_of(a, 65536);
	pipe_of(b, 65536);
	CHECK_EQ(vmsplice(a[1], &iov, 1, 0), 14);
	CHECK_EQ(tee(a[0], b[1], 100, 0), 14);
	CHECK_EQ(splice(a[0], NULL, fd[0], NULL, 100, 0), 14);
	CHECK_EQ(splice(b[0], NULL, fd[0], NULL, 4, 0), 4);
	CHECK_EQ(recv(fd[1], buf, 18, MSG_WAITALL), 18);
	CHECK(!memcmp(buf, "gift of a pagegift", 18));
	CHECK_ERR(tee(fd[0], b[1], 100, 0), EINVAL);
	CHECK_ERR(splice(fd[0], NULL, fd[1], NULL, 100, 0), EINVAL);
	CHECK_ERR(fcntl(fd[0], F_SETPIPE_SZ, 65536), EBADF);
	CHECK_ERR(fcntl(fd[0], F_GETPIPE_SZ), EBADF);
}

/* A pipe is no source with an offset, and a socket none at all. */
TEST(pipe_sendfile)
{
	char name[] = "/tmp/sendXXXXXX", buf[16];
	int file = CHECK_OK(mkstemp(name)), fd[2];
	off_t at = 4;

	unlink(name);
	tcp_pair(AF_INET, fd);
	CHECK_EQ(write(file, "0123456789", 10), 10);
	CHECK_EQ(sendfile(fd[0], file, &at, 100), 6);
	CHECK_EQ(at, 10);
	CHECK_EQ(sendfile(fd[0], file, &at, 100), 0);
	CHECK_EQ(lseek(file, 0, SEEK_CUR), 10);
	at = -1;
	CHECK_ERR(sendfile(fd[0], file, &at, 1), EINVAL);
	CHECK_ERR(sendfile(file, fd[0], NULL, 1), EINVAL);
	CHECK_EQ(recv(fd[1], buf, 16, 0), 6);
	CHECK(!memcmp(buf, "456789", 6));
	CHECK_EQ(shutdown(fd[0], SHUT_WR), 0);
	signal(SIGPIPE, SIG_IGN);
	at = 0;
	CHECK_ERR(sendfile(fd[0], file, &at, 1), EPIPE);
	CHECK_EQ(at, 0);
}

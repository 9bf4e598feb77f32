// SPDX-License-Identifier: MIT
/* Calls that are made for other things than files, on files; pipes between them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "file.h"

static void odd_socket(int fd)
{
	struct sockaddr_storage a = { };
	socklen_t length = sizeof(a);
	char c = 0;

	switch (below(5)) {
	case 0: out(" send"); out_result(send(fd, &c, 1, 0)); break;
	case 1: out(" recv"); out_result(recv(fd, &c, 1, 0)); break;
	case 2: out(" getsockname"); out_result(getsockname(fd, (void *)&a, &length)); break;
	case 3: out(" setsockopt"); out_result(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &length, sizeof(int))); break;
	default: out(" shutdown"); out_result(shutdown(fd, SHUT_RD));
	}
}

static void odd_poll(int fd)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };
	int instance;

	if (chance(50)) {
		out(" poll");
		out_result(poll(&p, 1, 0));
		out(" %#x", p.revents);
		return;
	}
	instance = epoll_create1(0);
	out(" epoll");
	out_result(epoll_ctl(instance, EPOLL_CTL_ADD, fd, &e));
	close(instance);
}

static void odd_fcntl(int fd)
{
	switch (below(6)) {
	case 0: out(" seals"); out_result(fcntl(fd, F_GET_SEALS)); break;
	case 1: out(" add seals"); out_result(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK)); break;
	case 2: out(" pipe_sz"); out_result(fcntl(fd, F_SETPIPE_SZ, 4096)); break;
	case 3: out(" notify"); out_result(fcntl(fd, F_NOTIFY, DN_MODIFY)); break;
	case 4: out(" async"); out_result(fcntl(fd, F_SETFL, O_ASYNC)); fcntl(fd, F_SETFL, 0); break;
	default: out(" hint"); out_result(fcntl(fd, F_SET_RW_HINT, &(uint64_t){ 3 })); break;
	}
}

static void odd_same(int fd)
{
	out(" kcmp");
	out_result(syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, fd, files[some_file()].fd) ? 1 : 0);
}

static void odd_dir(int fd)
{
	char text[64];

	switch (below(4)) {
	case 0: out(" fchdir"); out_result(fchdir(fd)); break;
	case 1: out(" getdents"); out_result(syscall(SYS_getdents64, fd, text, sizeof(text))); break;
	case 2: out(" openat"); out_result(openat(fd, "x", O_RDONLY)); break;
	default: out(" execveat"); out_result(syscall(SYS_execveat, fd, "", NULL, NULL, AT_EMPTY_PATH));
	}
}

/* Pages of the program, or of another file, into a file by a pipe; the pipe may be read twice. */
static void odd_pipe(int fd)
{
	struct iovec v = { data, 1 + below(8000) };
	loff_t at = below(20000);
	int one[2], two[2];
	ssize_t r;

	if (pipe2(one, O_NONBLOCK) || pipe2(two, O_NONBLOCK))
		return;
	pattern(data, v.iov_len, rnd());
	r = vmsplice(one[1], &v, 1, SPLICE_F_NONBLOCK);
	out(" vmsplice");
	out_result(r);
	if (chance(50)) {
		out(" tee");
		out_result(tee(one[0], two[1], 5000, SPLICE_F_NONBLOCK));
		out_result(splice(two[0], NULL, fd, chance(50) ? &at : NULL, 9000, 0));
	}
	out(" splice");
	out_result(splice(one[0], NULL, fd, chance(50) ? &at : NULL, 9000, 0));
	close(one[0]);
	close(one[1]);
	close(two[0]);
	close(two[1]);
}

/* The program reads its own memory while the kernel writes a file's data into it. */
static void odd_process(int fd)
{
	struct iovec to = { data, 4096 }, from = { data + 8192, 4096 };

	pattern(data + 8192, 4096, rnd());
	out(" process_vm");
	out_result(pread(fd, data + 8192, 3000, 0));
	out_result(process_vm_readv(getpid(), &to, 1, &from, 1, 0));
	out_bytes(data, 4096);
}

void do_file_odd(void)
{
	static void (*const kinds[])(int) = { odd_socket, odd_poll, odd_fcntl, out_fdinfo, out_fdinfo, odd_same, odd_dir,
					      odd_pipe, odd_pipe, odd_process };
	unsigned int i = some_file();

	out_call(" %u", i);
	PICK(kinds)(files[i].fd);
	out_signals();
	out_at(i);
}

void do_file_pass(void)
{
	unsigned int i = some_file(), j;
	struct open_file old = files[i];
	bool closed;
	int fd;

	out(" %u", i);
	fd = pass_descriptor(old.fd, &closed);
	out(" =");
	out_result(fd < 0 ? -1 : 0);
	if (closed)
		files[i].fd = -1;
	if (fd < 0)
		return;
	j = closed ? i : empty_file();
	files[j] = (struct open_file){ fd, old.flags };
	out_at(j);
}

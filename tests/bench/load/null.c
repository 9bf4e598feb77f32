/* SPDX-License-Identifier: MIT */
/* The smallest calls: what the way to the service costs. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

static int udp, tcp, file;
static char byte;

static void op_getppid(void *unused)
{
	(void)unused;
	syscall(SYS_getppid);
}

static void op_getsockname(void *unused)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	(void)unused;
	getsockname(udp, (struct sockaddr *)&a, &len);
}

static void op_getsockopt(void *unused)
{
	int value;
	socklen_t len = sizeof(value);

	(void)unused;
	getsockopt(tcp, IPPROTO_TCP, TCP_MAXSEG, &value, &len);
}

/* One datagram lies there all the time. */
static void op_peek(void *unused)
{
	(void)unused;
	recv(udp, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
}

static void op_send_recv(void *unused)
{
	(void)unused;
	send(udp, &byte, 1, 0);
	recv(udp, &byte, 1, 0);
}

/* Nothing is ever there; the library may know that by itself. */
static void op_recv_nothing(void *unused)
{
	(void)unused;
	recv(tcp, &byte, 1, MSG_DONTWAIT);
}

static void op_pread(void *unused)
{
	(void)unused;
	must(pread(file, &byte, 1, 0) == 1, "pread");
	keep_growing(file);
}

/* A UDP socket that is connected to itself. */
static int udp_to_itself(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	must(fd >= 0 && !bind(fd, (struct sockaddr *)&a, len) &&
	     !getsockname(fd, (struct sockaddr *)&a, &len) &&
	     !connect(fd, (struct sockaddr *)&a, len), "UDP to itself");
	return fd;
}

/* A TCP connection within this process; its other end stays open. */
static int idle_tcp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

	must(l >= 0 && fd >= 0 && !bind(l, (struct sockaddr *)&a, len) && !listen(l, 1) &&
	     !getsockname(l, (struct sockaddr *)&a, &len) &&
	     !connect(fd, (struct sockaddr *)&a, len) && accept(l, NULL, NULL) >= 0, "idle TCP connection");
	return fd;
}

int group_null(int argc, char **argv)
{
	char path[256];

	(void)argc;
	(void)argv;
	udp = udp_to_itself();
	tcp = idle_tcp();
	snprintf(path, sizeof(path), "%s/vosbench.byte", opt.dir);
	file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	must(file >= 0 && write(file, "v", 1) == 1 && !fsync(file), path);
	make_it_grow(file);
	measure("getppid (never forwarded)", 0, 1, op_getppid, NULL);
	measure("getsockname", 0, 1, op_getsockname, NULL);
	measure("getsockopt", 0, 1, op_getsockopt, NULL);
	measure("recv, nothing there", 0, 1, op_recv_nothing, NULL);
	measure("UDP send + recv, 1 B", 0, 2, op_send_recv, NULL);
	must(send(udp, "v", 1, 0) == 1, "send");
	measure("UDP peek, 1 B", 0, 1, op_peek, NULL);
	measure("pread 1 B", 0, 1, op_pread, NULL);
	close(file);
	unlink(path);
	return 0;
}

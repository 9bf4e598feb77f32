/* SPDX-License-Identifier: MIT */
/* Socket tests, by ../frame. The same binary must pass on an ordinary Linux and in the primary. */
#ifndef NETTEST_H
#define NETTEST_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../frame/frame.h"

/* util.c */
struct endpoint {
	struct sockaddr_storage addr;
	socklen_t len;
};

struct endpoint loopback(int family, int port);
int port_of(int fd);
int listener(int family, struct endpoint *where);
void tcp_pair(int family, int fd[2]);
void udp_pair(int family, int fd[2]);
void set_nonblock(int fd, bool on);
int get_int(int fd, int level, int name);
void set_int(int fd, int level, int name, int value);
int poll_for(int fd, short events, int ms);
uint64_t sum(uint64_t s, const unsigned char *p, size_t n);

#define NOBODY	65534
void become(int id);			/* a user and a group, without rights */
void enter_user_namespace(int inside);	/* as NOBODY, who owns it and has that number in it */

extern const char *peer_host;	/* an echo server outside (TCP and UDP), or NULL */
extern int peer_port;

#endif

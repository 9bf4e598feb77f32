/* SPDX-License-Identifier: MIT */
/* What the steps of the net mode share. */
#ifndef NET_H
#define NET_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "vosdiff.h"

#define CLOSE_MS	3	/* until the other end surely knows */
#define PUSH_MS	260	/* until a stream sends what MSG_MORE kept back */
#define MAX_QUEUED	16384	/* bytes sent towards one end, read or not */

/**
 * struct slot - a descriptor
 * @peer: slot of the connection's other end, or -1
 * @queued: bytes of a stream sent to it so far; see MAX_QUEUED
 */
struct slot {
	int fd;
	int family;
	int type;
	int peer;
	size_t queued;
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_storage room;
};

extern struct slot slots[SLOTS];
extern unsigned char buffer[1 << 17];

/* net_slot.c */
unsigned int some_slot(void);
unsigned int empty_slot(void);
unsigned int slot_that(bool (*fits)(const struct slot *));
bool is_stream(const struct slot *s);
bool is_dgram(const struct slot *s);
bool has_peer(const struct slot *s);
bool listens(const struct slot *s);
void put_slot(unsigned int i, int fd, int family, int type);
void drop_slot(unsigned int i);
void warm(int fd);
void send_at_once(int fd, int type);
void do_pair(void);
void do_dgrams(void);
void do_socket(void);
void do_close(void);
void do_dup(void);
void do_reset(void);
void do_pass(void);

/* net_address.c */
socklen_t choose_address(union address *a, const struct slot *s);
void out_address(const union address *a, socklen_t length, int type);
void do_bind(void);
void do_listen(void);
void do_connect(void);
void do_accept(void);
void do_names(void);
void do_shutdown(void);

/* net_data.c */
int message_flags(bool send);
void out_message_flags(int flags);
void await_push(unsigned int i, int flags);
bool may_send(unsigned int i, size_t n);
void do_send(void);
void do_recv(void);
void do_sendmsg(void);
void do_recvmsg(void);
void do_sendmmsg(void);
void do_recvmmsg(void);
void do_transfer(void);
void do_sendfile(void);
void do_splice(void);
void do_urgent(void);
void do_read(void);
void do_write(void);

/* net_control.c */
void out_control(struct msghdr *m);
socklen_t choose_control(struct msghdr *m, unsigned char *room);

/* net_option.c */
void do_getsockopt(void);
void do_setsockopt(void);
void do_ioctl(void);
void do_fcntl(void);
void do_signals(void);

/* net_poll.c */
void out_events(unsigned int events);
void do_poll(void);
void do_select(void);
void do_epoll_ctl(void);
void do_epoll_wait(void);

/* net_block.c */
void do_block(void);
void do_child(void);

/* net_uring.c */
void do_uring(void);

/* net_odd.c */
void do_odd(void);

#endif

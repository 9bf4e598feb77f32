/* SPDX-License-Identifier: MIT */
/* What the files of netdeath share. A case runs in a process of its own. */
#ifndef NETDEATH_H
#define NETDEATH_H

#include <netinet/in.h>

void fail(const char *what) __attribute__((noreturn));

#define CHECK(cond) do { if (!(cond)) fail(#cond); } while (0)

struct sockaddr_in local(int port);
int connected_to(int port);		/* -1: it is refused */
void is_ready(void);			/* this case waits for the death */
void await_death(void);

/* kept.c: cases about what sockets had before the death */
void filter_changed(void);
void groups_of_the_gone(void);
void device_of_the_gone(void);
void group_left_often(void);
void address_of_the_gone(void);
void listener_dissolved(void);
void shut_down(void);
void group_of_one_port(void);
void last_of_one_port(void);
void family_of_the_changed(void);

/* route.c */
void route_of_the_gone(void);
void route_of_the_gone_v6(void);

/* signed.c */
void keys_of_peers(void);

#endif

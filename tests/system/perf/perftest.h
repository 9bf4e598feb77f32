/* SPDX-License-Identifier: MIT */
/*
 * Tests of the units "virtuos" and "xen" by perf_event_open(2) alone, by ../frame. On a Linux
 * without these units all of them are skipped.
 */
#ifndef PERFTEST_H
#define PERFTEST_H

#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../frame/frame.h"

#define OP_GETNAME	0x1bull		/* include/virtuos/ops.h */
#define OP_GETSOCKOPT	0x19ull
#define NET		1ull		/* the field "service" */
#define STORAGE		2ull

/* What an event's config is made of. */
#define CONFIG(number, service, op) ((number) | (service) << 8 | (op) << 16)

/* util.c */
struct perf_event_attr attr_of(const char *unit, const char *event);
int try_open(struct perf_event_attr *attr, pid_t pid, int cpu, int group);
int open_event(const char *event, uint64_t filters);	/* of this thread, disabled */
uint64_t count_of(int fd);
void start(int fd);
void stop(int fd);
uint64_t number_in(const char *path);
void set_paranoid(int level);
int new_socket(void);
void ask_names(int fd, int n);		/* getsockname(2), a call each */
void ask_options(int fd, int n);	/* getsockopt(2), a call each */
bool is_call_site(uint64_t ip);		/* of ask_names() */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What libsyscall-forward tells a program that asks: the number of calls through each door. A
 * program finds the function with dlsym(RTLD_DEFAULT, "vos_door_stats"). Without the library it
 * is not there.
 */
#ifndef LIBSYSCALL_FORWARD_H
#define LIBSYSCALL_FORWARD_H

#include <stdint.h>

/* Kinds of calls. read() of a socket counts as RECV, write() as SEND. */
enum vos_stat_op {
	VOS_STAT_RECV,
	VOS_STAT_SEND,
	VOS_STAT_READ,		/* of a file */
	VOS_STAT_WRITE,
	VOS_STAT_OPTION,	/* setsockopt() of TCP's options */
	VOS_STAT_OPS
};

/* Reasons for which a call went through the trap door though its descriptor has a door. */
enum vos_stat_why {
	VOS_WHY_ODD,		/* flags, lengths or addresses that the library leaves alone */
	VOS_WHY_WAIT,		/* it has to wait */
	VOS_WHY_LANE,		/* every lane was in use, or the descriptor has just changed */
	VOS_WHY_STALE,		/* the service does not know the handle, or would not do it */
	VOS_WHY_DEAD,		/* the channel died, or its answers were impossible */
	VOS_WHY_OFFSET,		/* the kernel keeps the file's offset */
	VOS_WHY_LOG,		/* no room in the log */
	VOS_WHY_ACCESS,		/* not open for this, or not for the door */
	VOS_WHY_FAULT,		/* the program does not have the memory that it names */
	VOS_STAT_WHYS
};

/*
 * @door, @bytes: calls answered through the door, and bytes they moved
 * @trap: calls that went through the trap door though their descriptor has a door
 * @spun, @slept: waits that ended while spinning, and in the kernel
 * @kicks: number of times that a sleeping service was woken
 * @opens, @channels, @attaches: number of each
 * @in_place: of door[VOS_STAT_READ] and door[VOS_STAT_WRITE], about how many found the
 *	file's pages in this process's own memory
 *
 * Calls on descriptors without a door are not counted. A child of fork() starts at 0 again.
 */
struct vos_door_stats {
	uint64_t door[VOS_STAT_OPS];
	uint64_t bytes[VOS_STAT_OPS];
	uint64_t trap[VOS_STAT_OPS][VOS_STAT_WHYS];
	uint64_t spun, slept, kicks;
	uint64_t opens, channels, attaches;
	uint64_t in_place;
};

/**
 * vos_door_stats - get the counters of this process
 *
 * Context: any; async-signal-safe.
 * Return: the counters as they are now.
 */
struct vos_door_stats vos_door_stats(void);

#endif

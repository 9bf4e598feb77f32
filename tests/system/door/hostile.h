/* SPDX-License-Identifier: MIT */
/* Between a hostile process (hostile.c) and the test that starts it (t_hostile.c). */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdint.h>

/**
 * struct hostile_counts - what one life of a hostile process comes to
 * @meant: calls that were right as far as a handle goes: they are to get past its check
 * @past: those that did
 * @odd: calls on what is no handle, or not for that
 * @odd_past: those that got past the check, which none may
 * @violations: times that the protocol was broken, which ends a life
 * @told: those that the process was told of: its door was closed
 * @lives: 1
 */
struct hostile_counts {
	uint32_t meant;
	uint32_t past;
	uint32_t odd;
	uint32_t odd_past;
	uint32_t violations;
	uint32_t told;
	uint32_t lives;
};

/* The program, without the library: counts go to descriptor @report. Return: exit status. */
int hostile_main(const char *dir, unsigned int seed, int report);

#endif

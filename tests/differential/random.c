// SPDX-License-Identifier: MIT
/* Random numbers: a step's depend on seed, episode and step alone. */
#include "vosdiff.h"

static uint64_t state;

static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

void rnd_seed(uint64_t seed, uint64_t episode, uint64_t step)
{
	state = mix(mix(mix(seed + 1) + episode) + step);
}

uint64_t rnd(void)
{
	state += 0x9e3779b97f4a7c15ull;
	return mix(state);
}

/* A number from 0 to n - 1. */
unsigned int below(unsigned int n)
{
	return rnd() % n;
}

bool chance(unsigned int percent)
{
	return below(100) < percent;
}

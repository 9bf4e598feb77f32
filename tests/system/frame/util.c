// SPDX-License-Identifier: MIT
/* What many tests need; see frame.h. */
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"

double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Bytes that do not repeat with any buffer size. */
void fill(unsigned char *p, size_t n, uint32_t *state)
{
	size_t i;

	for (i = 0; i < n; i++) {
		*state = *state * 1664525u + 1013904223u;
		p[i] = *state >> 24;
	}
}

void write_all(int fd, const void *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);

		CHECK(w > 0);
		p = (const char *)p + w;
		n -= w;
	}
}

void read_all(int fd, void *p, size_t n)
{
	while (n) {
		ssize_t r = read(fd, p, n);

		CHECK(r > 0);
		p = (char *)p + r;
		n -= r;
	}
}

pid_t child(void (*fn)(void *), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		fn(arg);
		_exit(0);
	}
	return pid;
}

void reap(pid_t pid)
{
	int status = -1;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

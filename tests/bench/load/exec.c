/* SPDX-License-Identifier: MIT */
/* The time that a whole program takes, from its start to its end. It runs once. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

int group_exec(int argc, char **argv)
{
	uint64_t begun, took;
	int status = -1;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "vosbench: exec NAME COMMAND...\n");
		return 2;
	}
	begun = now_ns();
	pid = fork();
	must(pid >= 0, "fork");
	if (!pid) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	must(waitpid(pid, &status, 0) == pid, "wait");
	took = now_ns() - begun;
	if (status) {
		fprintf(stderr, "vosbench: %s ended with status %d\n", argv[2], status);
		return 1;
	}
	printf("{\"case\":\"%s\",\"n\":1,\"ns\":%.1f,\"low\":%.1f,\"high\":%.1f,\"mbs\":0}\n", argv[1],
	       (double)took, (double)took, (double)took);
	return 0;
}

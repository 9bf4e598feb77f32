// SPDX-License-Identifier: MIT
/*
 * nettest [-l] [-t SECONDS] [-p HOST:PORT] [NAME...]: runs the named tests, or all,
 * each in a process of its own, and ends with "N passed, N failed".
 *
 * -p names an echo server (TCP and UDP) outside; without it tests that need one are
 * skipped (exit status 77 of a test).
 */
#include "nettest.h"

#define SKIP 77

const char *peer_host;
int peer_port;

static struct test *tests, **tail;
static int seconds = 30;

void test_add(struct test *t)
{
	if (!tail)		/* constructors run in no set order */
		tail = &tests;
	*tail = t;
	tail = &t->next;
}

void test_fail(const char *file, int line, const char *what, long value)
{
	int err = errno;

	printf("%s:%d: not so: %s (got %ld, errno %d %s)\n", file, line, what, value, err,
	       strerror(err));
	fflush(stdout);
	_exit(1);
}

static int run(const struct test *t)
{
	double start = now();
	int status = -1;
	const char *word;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		alarm(seconds);
		t->fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	kill(-pid, SIGKILL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP)
		word = "skip";
	else if (!status)
		word = "ok";
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		word = "FAIL (time)";
	else
		word = "FAIL";
	printf("%-12s %-28s %6.2f s\n", word, t->name, now() - start);
	return word[0] == 'F' ? 1 : word[0] == 's' ? SKIP : 0;
}

static bool wanted(const struct test *t, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strncmp(t->name, *names, strlen(*names)))
			return true;
	return false;
}

static void parse_peer(char *arg)
{
	char *colon = strrchr(arg, ':');

	if (!colon) {
		fprintf(stderr, "nettest: -p wants HOST:PORT, not '%s'\n", arg);
		exit(2);
	}
	*colon = 0;
	peer_host = arg;
	peer_port = atoi(colon + 1);
}

int main(int argc, char **argv)
{
	int passed = 0, failed = 0, skipped = 0, c;
	struct test *t;

	while ((c = getopt(argc, argv, "lt:p:")) != -1) {
		switch (c) {
		case 'l':
			for (t = tests; t; t = t->next)
				puts(t->name);
			return 0;
		case 't':
			seconds = atoi(optarg);
			break;
		case 'p':
			parse_peer(optarg);
			break;
		default:
			return 2;
		}
	}
	for (t = tests; t; t = t->next) {
		int rc;

		if (!wanted(t, argv + optind))
			continue;
		rc = run(t);
		passed += !rc;
		skipped += rc == SKIP;
		failed += rc && rc != SKIP;
	}
	printf("nettest: %d skipped\n%d passed, %d failed\n", skipped, passed, failed);
	return failed ? 1 : 0;
}

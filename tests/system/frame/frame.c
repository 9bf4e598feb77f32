// SPDX-License-Identifier: MIT
/* Runs the tests of a program; see frame.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"

#define SKIP 77			/* exit status of a test */

const char *folder;
char *program;

static struct test *tests, **tail;
static int seconds = 60;

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

void test_skip(const char *why)
{
	printf("skipped: %s\n", why);
	fflush(stdout);
	_exit(SKIP);
}

static int run_one(const struct frame *f, const struct test *t)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		alarm(seconds);
		if (f->prepare)
			f->prepare(t);
		t->run();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	kill(-pid, SIGKILL);
	if (f->clean && !f->clean(t))
		return -1;
	return status;
}

/* Return: 0 passed, SKIP, or 1. */
static int run(const struct frame *f, const struct test *t)
{
	double start = now();
	int status = run_one(f, t);
	const char *word = "FAIL";
	int rc = 1;

	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP) {
		word = "skip";
		rc = SKIP;
	} else if (!status) {
		word = "pass";
		rc = 0;
	} else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
		word = "FAIL (time)";
	} else if (WIFSIGNALED(status)) {
		printf("%s: ended by signal %d\n", t->name, WTERMSIG(status));
	}
	printf("%-12s %-28s %6.2f s\n", word, t->name, now() - start);
	return rc;
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

static int run_all(const struct frame *f, char **names)
{
	int passed = 0, failed = 0, skipped = 0;
	struct test *t;

	for (t = tests; t; t = t->next) {
		int rc;

		if (!wanted(t, names))
			continue;
		rc = run(f, t);
		passed += !rc;
		skipped += rc == SKIP;
		failed += rc && rc != SKIP;
	}
	printf("%s: %d skipped\n%d passed, %d failed\n", f->name, skipped, passed, failed);
	return failed ? 1 : 0;
}

static int list(void)
{
	struct test *t;

	for (t = tests; t; t = t->next)
		puts(t->name);
	return 0;
}

/**
 * frame_main - the program's main(), after what it has of its own
 * Return: its exit status: 0 all that ran passed, 1 not so, 2 wrong usage.
 */
int frame_main(const struct frame *f, int argc, char **argv)
{
	char options[32];
	int c;

	program = argv[0];
	snprintf(options, sizeof(options), "lt:%s", f->options ? f->options : "");
	while ((c = getopt(argc, argv, options)) != -1) {
		if (c == 'l')
			return list();
		if (c == 't')
			seconds = atoi(optarg);
		else if (c == '?' || !f->option(c, optarg))
			return 2;
	}
	if (f->folder && optind == argc) {
		fprintf(stderr, "%s: which folder?\n", f->name);
		return 2;
	}
	if (f->folder)
		folder = argv[optind++];
	return run_all(f, argv + optind);
}

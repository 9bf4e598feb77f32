// SPDX-License-Identifier: MIT
/*
 * doortest [-l] [-d] [-t SECONDS] [-s SECONDS] DIR [NAME...]: runs the named tests,
 * or all, each in a process of its own, and ends with "N passed, N failed".
 *
 *	LD_PRELOAD=libsyscall-forward.so doortest -d -s 20 /root
 *
 * -d: the door must be used where it can be. -s: how long the hostile process has.
 * Tests that do not apply are skipped (exit status 77 of a test).
 */
#include "doortest.h"

bool door_expected;
const char *folder;
int hostile_seconds = 20;
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
		word = "pass";
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		word = "FAIL (time)";
	else
		word = "FAIL";
	if (WIFSIGNALED(status))
		printf("%s: ended by signal %d\n", t->name, WTERMSIG(status));
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

/* After exec: descriptor @fd stands at number @first of a number file. */
static int read_numbers(int fd, uint32_t first)
{
	uint32_t i, n;

	for (i = first; i < first + 100; i++)
		if (read(fd, &n, 4) != 4 || n != i)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	int passed = 0, failed = 0, skipped = 0, c;
	struct test *t;

	program = argv[0];
	if (argc == 4 && !strcmp(argv[1], "--numbers"))
		return read_numbers(atoi(argv[2]), atoi(argv[3]));
	while ((c = getopt(argc, argv, "ldt:s:")) != -1) {
		switch (c) {
		case 'l':
			for (t = tests; t; t = t->next)
				puts(t->name);
			return 0;
		case 'd':
			door_expected = true;
			break;
		case 't':
			seconds = atoi(optarg);
			break;
		case 's':
			hostile_seconds = atoi(optarg);
			break;
		default:
			return 2;
		}
	}
	if (optind == argc) {
		fprintf(stderr, "doortest: which directory?\n");
		return 2;
	}
	folder = argv[optind++];
	for (t = tests; t; t = t->next) {
		int rc;

		if (!wanted(t, argv + optind))
			continue;
		rc = run(t);
		passed += !rc;
		skipped += rc == SKIP;
		failed += rc && rc != SKIP;
	}
	printf("doortest: %d skipped\n%d passed, %d failed\n", skipped, passed, failed);
	return failed ? 1 : 0;
}

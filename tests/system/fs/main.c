// SPDX-License-Identifier: MIT
/*
 * fstest [-l] [-t SECONDS] DIR [NAME...]: runs the named tests, or all, each in a
 * process of its own and in a new directory under DIR, and ends with "N passed, N
 * failed". Exit status of a test: 0 passed, 77 skipped, else failed.
 */
#include "fstest.h"
#include <ftw.h>
#include <signal.h>

static struct test *tests, **tail = &tests;
static int seconds = 60;

void test_add(struct test *t)
{
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

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void child(const struct test *t, const char *dir)
{
	if (mkdir(dir, 0755) || chdir(dir)) {
		perror(dir);
		_exit(1);
	}
	umask(022);
	alarm(seconds);
	t->run();
	fflush(stdout);
	_exit(0);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static int run(const struct test *t, const char *top)
{
	double start = now();
	char dir[PATH_MAX];
	const char *word;
	int status = -1;
	pid_t pid;

	snprintf(dir, sizeof(dir), "%s/fstest.%s.%d", top, t->name, (int)getpid());
	fflush(stdout);
	pid = fork();
	if (!pid)
		child(t, dir);
	waitpid(pid, &status, 0);
	if (nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS)) {
		printf("%s: cannot remove: %s\n", dir, strerror(errno));
		status = -1;
	}
	if (WIFSIGNALED(status))
		printf("%s ended by signal %d\n", t->name, WTERMSIG(status));
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	word = status == SKIP ? "skip" : status ? "FAIL" : "pass";
	printf("%s %s (%.2f s)\n", word, t->name, now() - start);
	return status;
}

static bool wanted(const struct test *t, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, t->name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	int opt, passed = 0, failed = 0;
	struct test *t;

	while ((opt = getopt(argc, argv, "lt:")) != -1) {
		if (opt == 't') {
			seconds = atoi(optarg);
		} else if (opt == 'l') {
			for (t = tests; t; t = t->next)
				puts(t->name);
			return 0;
		} else {
			return 2;
		}
	}
	if (optind >= argc) {
		fprintf(stderr, "usage: fstest [-l] [-t SECONDS] DIR [NAME...]\n");
		return 2;
	}
	for (t = tests; t; t = t->next) {
		int status;

		if (!wanted(t, argv + optind + 1))
			continue;
		status = run(t, argv[optind]);
		passed += !status;
		failed += status && status != SKIP;
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}

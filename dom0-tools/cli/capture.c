/* SPDX-License-Identifier: GPL-2.0-only */
/* Texts for a report: see capture.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"
#include "redact.h"

#define NOT_STARTED	127
#define LINE_LEN	4096
#define GRACE_MS	1000

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

/* Copy lines, but no more than CAPTURE_MAX bytes in all. */
static void copy_lines(FILE *in, FILE *out)
{
	struct redact redact = { .in_key = false };
	char line[LINE_LEN];
	size_t n = 0;

	while (n < CAPTURE_MAX && fgets(line, sizeof(line), in)) {
		n += strlen(line);
		redact_line(&redact, line);
		fputs(line, out);
	}
	if (n >= CAPTURE_MAX)
		fputs("(cut off here)\n", out);
}

int capture_file(const char *path, FILE *out)
{
	FILE *in = fopen(path, "re");
	struct stat st;
	int c;

	if (!in)
		return -1;
	if (fstat(fileno(in), &st) || !S_ISREG(st.st_mode)) {
		fclose(in);
		errno = EINVAL;
		return -1;
	}
	/* From the beginning of a line on. */
	if (st.st_size > CAPTURE_MAX && !fseek(in, -(CAPTURE_MAX - LINE_LEN), SEEK_END))
		do
			c = fgetc(in);
		while (c != '\n' && c != EOF);
	copy_lines(in, out);
	fclose(in);
	return 0;
}

/* A process group of its own, so that what it starts ends with it. */
static pid_t start(const char *const argv[], int out)
{
	union { const char *const *in; char **out; } words = { argv };
	pid_t pid = fork();
	int null;

	if (pid)
		return pid;
	setpgid(0, 0);
	null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0)
		_exit(NOT_STARTED);
	execvp(argv[0], words.out);
	_exit(NOT_STARTED);
}

/* Collect into a file without a name what comes until the end. Return: false: it took too long. */
static bool collect(int from, FILE *to, int seconds)
{
	long long end = now_ms() + seconds * 1000ll, left;
	struct pollfd p = { .fd = from, .events = POLLIN };
	char buf[65536];
	size_t n = 0;
	ssize_t r;

	while ((left = end - now_ms()) > 0 && n <= CAPTURE_MAX) {
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		r = read(from, buf, sizeof(buf));
		if (r <= 0)
			return true;
		n += fwrite(buf, 1, (size_t)r, to);
	}
	return left > 0;
}

/* Wait for a process that has closed its outputs, for GRACE_MS. Return: true: it has ended. */
static bool ended(pid_t pid, int *status)
{
	int ms;

	for (ms = 0; ms < GRACE_MS; ms += 10) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		poll(NULL, 0, 10);
	}
	return false;
}

static void finish(pid_t pid, bool in_time, int seconds, char why[64])
{
	int status = 0;

	if (!in_time || !ended(pid, &status)) {
		kill(-pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (!in_time)
		snprintf(why, 64, "did not end within %d s", seconds);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_STARTED)
		snprintf(why, 64, "cannot be run");
	else if (WIFEXITED(status) && WEXITSTATUS(status))
		snprintf(why, 64, "ended with status %d", WEXITSTATUS(status));
}

int capture_command(const char *const argv[], int seconds, FILE *out, char why[64])
{
	FILE *text = tmpfile();
	bool in_time = false;
	int ends[2];
	pid_t pid;

	*why = 0;
	if (!text || pipe2(ends, O_CLOEXEC)) {
		snprintf(why, 64, "%s", strerror(errno));
		if (text)
			fclose(text);
		return -1;
	}
	pid = start(argv, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		in_time = collect(ends[0], text, seconds);
		finish(pid, in_time, seconds, why);
	} else {
		snprintf(why, 64, "%s", strerror(errno));
	}
	close(ends[0]);
	rewind(text);
	copy_lines(text, out);
	fclose(text);
	return *why ? -1 : 0;
}

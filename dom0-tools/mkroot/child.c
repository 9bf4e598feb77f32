/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that do the work: see child.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../host/host.h"
#include "child.h"

#define TELL_SECONDS	5
#define GRACE_MS	15000
#define STEP_MS		50
#define MOST_SAID	(64 * 1024)	/* a program that complains more is stopped */
#define MOST_LINES	3

static bool interrupted, undoing;

static void watched(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGCHLD);
}

/* "su" leaves them out. */
static void add_sbin(void)
{
	const char *former = getenv("PATH");
	char path[4096];

	if (snprintf(path, sizeof(path), "%s:/usr/sbin:/sbin", former ? former : "/usr/bin:/bin") <
	    (int)sizeof(path))
		setenv("PATH", path, 1);
}

void mkroot_prepare(void)
{
	sigset_t set;

	add_sbin();
	watched(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* Ignored ones would neither become pending nor be passed on. */
	signal(SIGINT, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Wait for a signal, but no longer than @ms. */
static void take_signal(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	sigset_t set;
	int sig;

	watched(&set);
	sig = sigtimedwait(&set, NULL, &t);
	if (sig > 0 && sig != SIGCHLD)
		interrupted = true;
}

bool mkroot_interrupted(void)
{
	sigset_t set;

	sigpending(&set);
	if (sigismember(&set, SIGINT) || sigismember(&set, SIGTERM) || sigismember(&set, SIGHUP))
		interrupted = true;
	return interrupted;
}

void mkroot_undo(void)
{
	undoing = true;
}

static void tell(const char *dir)
{
	struct statvfs v;

	if (!dir || statvfs(dir, &v))
		return;
	printf("   %llu MiB written\n",
	       (unsigned long long)(v.f_blocks - v.f_bfree) * v.f_frsize >> 20);
	fflush(stdout);
}

/* @out, @err: -1: ours */
static pid_t start(const char *const argv[], int out, int err)
{
	union { const char *const *in; char **out; } words = { argv };
	sigset_t none;
	pid_t pid;
	int null;

	fflush(stdout);
	pid = fork();
	if (pid > 0)
		setpgid(pid, pid);
	if (pid)
		return pid;
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || (out >= 0 && dup2(out, STDOUT_FILENO) < 0) ||
	    (err >= 0 && dup2(err, STDERR_FILENO) < 0))
		_exit(CHILD_NOT_STARTED);
	execvp(argv[0], words.out);
	_exit(CHILD_NOT_STARTED);
}

static bool ended(pid_t pid, int *status)
{
	return waitpid(pid, status, WNOHANG) == pid;
}

/* Ask it to end, so that it can unmount what it has mounted; then make it end. */
static int stop(pid_t pid)
{
	struct timespec step = { .tv_nsec = STEP_MS * 1000000 };
	int status = 0, ms;

	kill(-pid, SIGTERM);
	for (ms = 0; ms < GRACE_MS; ms += STEP_MS) {
		if (ended(pid, &status))
			return status;
		nanosleep(&step, NULL);
	}
	kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* End what a program has left behind: it would keep the file system busy. */
static void end_orphans(void)
{
	char path[64], word[16];
	bool some = true;
	pid_t pid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	while (some && (f = fopen(path, "re"))) {
		for (some = false; fscanf(f, "%15s", word) == 1; some = true) {
			pid = (pid_t)atoi(word);
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
		fclose(f);
	}
}

/*
 * A file for what a program says. It takes memory, so it cannot grow: a program that writes on gets EPERM. Its
 * offset is the program's as well.
 */
static int said_file(void)
{
	int fd = memfd_create("said", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (!ftruncate(fd, 2 * MOST_SAID) && !fcntl(fd, F_ADD_SEALS, F_SEAL_GROW))
		return fd;
	close(fd);
	return -1;
}

static bool says_too_much(int said)
{
	return said >= 0 && lseek(said, 0, SEEK_CUR) > MOST_SAID;
}

/* @said: the file with what it says; -1: none */
static int wait_for(pid_t pid, const char *dir, int said)
{
	int status = 0, quiet = 0;

	while (!ended(pid, &status)) {
		if ((mkroot_interrupted() && !undoing) || says_too_much(said)) {
			status = stop(pid);
			break;
		}
		take_signal(1000);
		if (++quiet % TELL_SECONDS == 0)
			tell(dir);
	}
	end_orphans();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int mkroot_run(const char *const argv[], const char *dir)
{
	pid_t pid = start(argv, -1, -1);

	return pid < 0 ? CHILD_NOT_STARTED : wait_for(pid, dir, -1);
}

/* The first lines tell most; the names in them may be an archive's. */
static void show(const char *program, int said)
{
	char text[1024], *line, *rest = text;
	ssize_t n = pread(said, text, sizeof(text) - 1, 0);
	int i;

	text[n > 0 ? n : 0] = 0;
	for (i = 0; i < MOST_LINES && (line = strsep(&rest, "\n")); )
		if (*line) {
			vd_log("%s%s%s", strstr(line, program) ? "" : program,
			       strstr(line, program) ? "" : ": ", line);
			i++;
		}
}

int mkroot_quiet(const char *const argv[], const char *dir)
{
	int said = said_file(), status;
	pid_t pid;

	if (said < 0)
		return CHILD_NOT_STARTED;
	pid = start(argv, said, said);
	status = pid < 0 ? CHILD_NOT_STARTED : wait_for(pid, dir, said);
	if (status && !interrupted)
		show(argv[0], said);
	close(said);
	return status;
}

int mkroot_output(const char *const argv[], char *out, size_t size)
{
	int file = said_file(), status;
	ssize_t n;
	pid_t pid;

	*out = 0;
	if (file < 0)
		return CHILD_NOT_STARTED;
	pid = start(argv, file, -1);
	status = pid < 0 ? CHILD_NOT_STARTED : wait_for(pid, NULL, file);
	n = pread(file, out, size - 1, 0);
	out[n > 0 ? n : 0] = 0;
	close(file);
	return status;
}

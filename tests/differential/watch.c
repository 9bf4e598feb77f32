// SPDX-License-Identifier: MIT
/* Calls that block, second threads and processes, and the signals that came. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vosdiff.h"

static const int watched[] = { SIGIO, SIGURG, SIGPIPE, SIGXFSZ, SIGUSR1 };
static volatile sig_atomic_t came[64];

static void note(int sig)
{
	came[sig] = 1;
}

static void nothing(int sig)
{
	(void)sig;
}

static void handle(int sig, void (*handler)(int))
{
	struct sigaction act = { .sa_handler = handler };

	sigaction(sig, &act, NULL);
}

/* At an episode's start. */
void watch_begin(void)
{
	size_t i;

	for (i = 0; i < COUNT_OF(watched); i++)
		handle(watched[i], note);
	handle(SIGALRM, nothing);
	handle(SIGUSR2, nothing);
}

static void set_timer(unsigned int ms)
{
	struct itimerval t = { .it_value.tv_usec = ms * 1000L, .it_interval.tv_usec = ms * 1000L };

	setitimer(ITIMER_REAL, &t, NULL);
}

/* From here on calls of this thread that block are interrupted. */
void watch_arm(void)
{
	set_timer(STUCK_MS);
}

void watch_end(void)
{
	set_timer(0);
}

/* What came since this was last asked for. */
void out_signals(void)
{
	size_t i;

	for (i = 0; i < COUNT_OF(watched); i++) {
		if (!came[watched[i]])
			continue;
		came[watched[i]] = 0;
		out(" SIG%s", sigabbrev_np(watched[i]));
	}
}

void pause_ms(unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&t, &t))
		;
}

struct other {
	void (*call)(void *);
	void *arg;
	volatile pid_t tid;
	volatile bool done;
};

static void *run_other(void *arg)
{
	struct other *o = arg;
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGUSR2);
	sigdelset(&all, SIGSEGV);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	o->tid = syscall(SYS_gettid);
	o->call(o->arg);
	o->done = true;
	return NULL;
}

static bool asleep(pid_t tid)
{
	char path[64], text[256] = "", *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "re");
	if (!f)
		return true;
	if (!fgets(text, sizeof(text), f))
		text[0] = 0;
	fclose(f);
	end = strrchr(text, ')');
	return end && (end[2] == 'S' || end[2] == 'D');
}

/* Wait until it has ended or sleeps. */
static void wait_asleep(struct other *o)
{
	unsigned int tries, still = 0;

	for (tries = 0; tries < 100 && !o->done && still < 3; tries++) {
		pause_ms(2);
		still = o->tid && asleep(o->tid) ? still + 1 : 0;
	}
}

/*
 * Let another thread make a call, do something once it sleeps in it, and wait for its
 * end; a call that does not end is interrupted.
 */
void other_thread(void (*call)(void *), void *arg, void (*meanwhile)(void))
{
	struct other o = { .call = call, .arg = arg };
	unsigned int waited = 0;
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_other, &o)) {
		out(" no thread");
		return;
	}
	wait_asleep(&o);
	out(o.done ? " (at once)" : " (waits)");
	meanwhile();
	while (!o.done) {
		pause_ms(2);
		waited += 2;
		if (waited >= STUCK_MS)
			pthread_kill(thread, SIGUSR2);
	}
	pthread_join(thread, NULL);
}

/* Carry a step out in a child, which then ends. What it opens is gone with it. */
void in_child(void (*call)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		watch_arm();
		call();
		out_signals();
		_exit(0);
	}
	if (pid < 0) {
		out(" no child");
		return;
	}
	watch_end();
	while (waitpid(pid, &status, 0) != pid)
		;
	if (WIFSIGNALED(status))
		out(" child killed by %d", WTERMSIG(status));
	watch_arm();
}

/* SPDX-License-Identifier: MIT */
/*
 * Commands that are watched, and the files that are written of them: exit statuses, signals, what
 * is no file, a disk that is full.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "child.h"
#include "output.h"
#include "stat.h"

static char top[] = "/tmp/test_perf_command.XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(top) ? chdir(top) : -1;
}

static int tear_down(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static int put(const char *path, const char *text)
{
	struct vp_text t = { 0 };
	int r;

	vp_text_add(&t, "%s", text);
	r = vp_output(&t, path);
	vp_text_free(&t);
	return r;
}

static void holds(const char *path, const char *text)
{
	char got[100] = "";
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, got, sizeof(got) - 1) >= 0);
	close(fd);
	assert_string_equal(got, text);
}

static void what_is_no_file_is_not_replaced(void **state)
{
	struct stat st;
	char got[8] = "";
	int fd;

	(void)state;
	assert_int_equal(put("file", "old"), 0);
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(put("link", "new"), 0);
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	holds("file", "new");
	assert_int_equal(mkfifo("pipe", 0600), 0);
	fd = open("pipe", O_RDWR);
	assert_int_equal(put("pipe", "text"), 0);
	assert_int_equal(read(fd, got, sizeof(got)), 4);
	close(fd);
	assert_int_equal(symlink("/dev/null", "null"), 0);
	assert_int_equal(put("null", "text"), 0);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

static void the_old_file_stays_until_the_end(void **state)
{
	struct vp_output o;
	mode_t mask = umask(027);
	struct stat st;

	(void)state;
	unlink("kept");
	assert_int_equal(put("kept", "old"), 0);
	umask(mask);
	assert_int_equal(stat("kept", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(vp_output_open(&o, "kept"), 0);
	fputs("new", o.f);
	fflush(o.f);
	holds("kept", "old");
	assert_int_equal(vp_output_close(&o, false), 0);
	holds("kept", "old");
	assert_int_equal(access(o.beside, F_OK), -1);
	assert_int_equal(vp_output_close(&o, true), 0);	/* it is closed */
	holds("kept", "old");
}

static void what_cannot_be_written_is_told(void **state)
{
	(void)state;
	assert_int_equal(put("/dev/full", "text"), -1);
	assert_int_equal(put("no/such/folder", "text"), -1);
	assert_int_equal(put(".", "text"), -1);
}

/* Return: a command's exit status, or its failure to begin as a shell's. */
static int run(const char *const *words)
{
	union { const char *const *in; char **out; } argv = { words };
	struct vp_child c;
	int e;

	assert_int_equal(vp_child_make(&c, argv.out), 0);
	vp_child_pass_signals(&c);
	e = vp_child_go(&c);
	close(c.go);
	close(c.failed);
	return e ? vp_child_explain(argv.out, e) : vp_child_status(&c, 0);
}

static void statuses_are_a_shells(void **state)
{
	static const char *const three[] = { "sh", "-c", "exit 3", NULL };
	static const char *const killed[] = { "sh", "-c", "kill -9 $$", NULL };
	static const char *const none[] = { "/nonexistent", NULL }, *const data[] = { "/etc/passwd", NULL };

	(void)state;
	assert_int_equal(run(three), 3);
	assert_int_equal(run(killed), 128 + SIGKILL);
	assert_int_equal(run(none), 127);
	assert_int_equal(run(data), 126);
}

static void signals_go_on_to_the_command(void **state)
{
	static const char *const words[] = { "sh", "-c", "trap 'exit 5' TERM; kill -TERM $PPID; "
					     "while :; do sleep 0.01; done", NULL };

	(void)state;
	assert_int_equal(run(words), 5);
	/* Its number may be another's now, and 0 would mean all of the group. */
	raise(SIGTERM);
	raise(SIGHUP);
}

static void a_child_may_be_killed_before_it_begins(void **state)
{
	static char word[] = "true", *argv[] = { word, NULL };
	struct vp_child c;

	(void)state;
	assert_int_equal(vp_child_make(&c, argv), 0);
	kill(c.pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)c.pid, NULL, WEXITED | WNOWAIT), 0);
	assert_int_equal(vp_child_go(&c), 0);
	assert_int_equal(vp_child_status(&c, 0), 128 + SIGKILL);
}

static void make(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* In a mount namespace of its own: a unit "virtuos" whose events are Linux's software events. */
static bool make_unit(void)
{
	struct perf_event_attr a = { .size = sizeof(a), .type = PERF_TYPE_SOFTWARE };
	long fd = syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);

	if (fd < 0)
		return false;
	close((int)fd);
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", VP_PMU_DIR, "tmpfs", 0, NULL))
		return false;
	if (mkdir(VP_PMU_DIR "/virtuos", 0755) || mkdir(VP_PMU_DIR "/virtuos/events", 0755) ||
	    mkdir(VP_PMU_DIR "/virtuos/format", 0755))
		return false;
	make(VP_PMU_DIR "/virtuos/type", "1\n");
	make(VP_PMU_DIR "/virtuos/format/event", "config:0-7\n");
	make(VP_PMU_DIR "/virtuos/events/calls", "event=0x1\n");	/* task-clock */
	return true;
}

static int stat_of(const char *output, const char *script)
{
	static char sh[] = "sh", option[] = "-c";
	union { const char *in; char *out; } word = { script };
	char *argv[] = { sh, option, word.out, NULL };
	struct vp_stat_options o = { .output = output, .events = { "calls,calls" }, .lists = 1,
				     .json = true };

	return vp_stat_run(&o, argv);
}

static void counts_of_a_command(void)
{
	char text[300] = "";
	int fd;

	assert_int_equal(stat_of("counts", "exit 3"), 3);
	fd = open("counts", O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_non_null(strstr(text, "\"status\": 3"));
	/* Named twice, it is there once, with its value. */
	assert_non_null(strstr(text, "\"events\": {\"virtuos/calls/\": {\"value\": "));
	assert_null(strstr(strstr(text, "virtuos/calls/") + 1, "virtuos/calls/"));
	assert_null(strstr(text, "null"));
	/* What cannot be written is told before the command runs. */
	assert_int_equal(stat_of("no/such/folder", "touch has-run"), VP_STAT_FAILED);
	assert_int_equal(access("has-run", F_OK), -1);
	assert_int_equal(stat_of("/dev/full", "exit 3"), VP_STAT_FAILED);
}

static void stat_counts_and_writes(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		if (!make_unit())
			_exit(77);
		counts_of_a_command();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_file_is_not_replaced),
		cmocka_unit_test(the_old_file_stays_until_the_end),
		cmocka_unit_test(what_cannot_be_written_is_told),
		cmocka_unit_test(statuses_are_a_shells),
		cmocka_unit_test(signals_go_on_to_the_command),
		cmocka_unit_test(a_child_may_be_killed_before_it_begins),
		cmocka_unit_test(stat_counts_and_writes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `virtuos exec` against an agent that lies: what reaches the terminal, what memory it
 * costs, and who is heard meanwhile. And what vd_log() makes of a guest's words.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../dom0-tools/exec/vexec.c"
#include "../../dom0-tools/exec/client.c"
#include "../../dom0-tools/common/printable.c"
#include "../../dom0-tools/host/log.c"

/* ---- an agent: it says @script over and over, @rounds, and may be deaf ---- */

struct agent {
	struct vx_stream st;
	struct vx_out script;
	size_t at;
	int rounds;
	bool deaf;
	int pair[2];		/* readable while there is something to say */
	size_t most_pending;
};

static struct agent agent;

static ssize_t agent_read(struct vx_stream *s, void *buf, size_t len)
{
	const uint8_t *data;
	size_t n = vx_out_pending(&agent.script, &data);

	(void)s;
	if (!agent.rounds)
		return -1;
	if (len > n - agent.at)
		len = n - agent.at;
	memcpy(buf, data + agent.at, len);
	agent.at += len;
	if (agent.at == n) {
		agent.at = 0;
		agent.rounds--;
	}
	return (ssize_t)len;
}

static ssize_t agent_write(struct vx_stream *s, const void *buf, size_t len)
{
	(void)s, (void)buf;
	if (len > agent.most_pending)
		agent.most_pending = len;
	return agent.deaf ? 0 : (ssize_t)len;
}

static int agent_poll(struct vx_stream *s, bool want_write, struct pollfd *p)
{
	(void)s, (void)want_write;
	p->fd = agent.pair[0];
	p->events = POLLIN;
	return -1;
}

static void agent_woken(struct vx_stream *s, short revents)
{
	(void)s, (void)revents;
}

static const struct vx_stream_ops agent_ops = {
	.read = agent_read, .write = agent_write, .poll = agent_poll, .woken = agent_woken,
};

static void agent_says(enum vx_type type, const char *data, size_t len)
{
	assert_int_equal(vx_out_frame(&agent.script, type, data, len), 0);
}

static void agent_make(int rounds)
{
	memset(&agent, 0, sizeof(agent));
	agent.st.ops = &agent_ops;
	agent.rounds = rounds;
	assert_int_equal(pipe(agent.pair), 0);
	assert_int_equal(write(agent.pair[1], "x", 1), 1);
}

/* ---- our own descriptors, for a while ---- */

static int saved[3];

static void redirect(int fd, const char *path)
{
	int to = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(to >= 0);
	fflush(NULL);
	saved[fd] = dup(fd);
	dup2(to, fd);
	close(to);
}

static void restore(int fd)
{
	fflush(NULL);
	dup2(saved[fd], fd);
	close(saved[fd]);
}

static size_t take_file(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(buf, 1, size - 1, f);
	buf[n] = 0;
	fclose(f);
	unlink(path);
	return n;
}

static int exec_command(void)
{
	char *argv[] = { "true", NULL };
	struct vx_command cmd = { .argv = argv, .watch_fd = -1 };
	int r = vx_client_run(&agent.st, &cmd);

	vx_out_free(&agent.script);
	close(agent.pair[0]);
	close(agent.pair[1]);
	return r;
}

static void assert_harmless(const char *text)
{
	for (; *text; text++)
		assert_true((*text >= ' ' && *text <= '~') || *text == '\n');
}

/* ---- tests ---- */

static void test_errors_are_printable(void **state)
{
	static const char evil[] = "\033]0;owned\a\033[2J\r\nvirtuos: all is well\x9b" "31m \t";
	char text[2000], path[64], *second;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/test_client.%d", getpid());
	agent_make(1);
	agent_says(VX_ERROR, evil, sizeof(evil));	/* with its NUL */
	agent_says(VX_EXIT, "\7\0\0\0", 4);
	redirect(2, path);
	assert_int_equal(exec_command(), 7);
	restore(2);
	take_file(path, text, sizeof(text));
	assert_harmless(text);
	assert_non_null(strstr(text, "virtuos: agent: ?]0;owned"));
	second = strchr(text, '\n');
	assert_string_equal(second, "\n");
}

static void test_errors_are_short(void **state)
{
	static char big[VX_MAX_PAYLOAD];
	char text[2000], path[64];

	(void)state;
	snprintf(path, sizeof(path), "/tmp/test_client.%d", getpid());
	memset(big, 'x', sizeof(big));
	agent_make(1);
	agent_says(VX_ERROR, big, sizeof(big));
	agent_says(VX_ERROR, "", 0);
	redirect(2, path);
	assert_int_equal(exec_command(), VX_LOST);
	restore(2);
	assert_true(take_file(path, text, sizeof(text)) < 600);
}

/* The command's own output is the user's business, as ssh sees it. */
static void test_output_passes_through(void **state)
{
	static const char bytes[] = "\033[1m\x9b\0\r";
	char text[100], path[64];

	(void)state;
	snprintf(path, sizeof(path), "/tmp/test_client.%d", getpid());
	agent_make(1);
	agent_says(VX_STDOUT, bytes, sizeof(bytes));
	agent_says(VX_EXIT, "\0\0\0\0", 4);
	redirect(1, path);
	assert_int_equal(exec_command(), 0);
	restore(1);
	assert_int_equal(take_file(path, text, sizeof(text)), sizeof(bytes));
	assert_memory_equal(text, bytes, sizeof(bytes));
}

/* It sends and does not listen: what is to be acknowledged must not pile up. */
static void test_a_deaf_agent_costs_no_memory(void **state)
{
	int i;

	(void)state;
	agent_make(1000);
	agent.deaf = true;
	for (i = 0; i < 1000; i++)
		agent_says(VX_STDOUT, "x", 1);
	redirect(1, "/dev/null");
	assert_int_equal(exec_command(), VX_LOST);
	restore(1);
	assert_true(agent.most_pending < 4096);
	assert_true(agent.rounds > 0);	/* a window is a window: it was cut off */
}

static bool gone(void *arg)
{
	(void)arg;
	return false;
}

/* It talks without end: signals and the domain's death are heard all the same. */
static void test_a_talkative_agent_is_interrupted(void **state)
{
	char *argv[] = { "true", NULL };
	struct vx_command cmd = { .argv = argv, .alive = gone };
	static char big[VX_MAX_PAYLOAD];

	(void)state;
	agent_make(10000);
	agent_says(VX_STDOUT, big, sizeof(big));
	cmd.watch_fd = agent.pair[0];
	redirect(1, "/dev/null");
	assert_int_equal(vx_client_run(&agent.st, &cmd), VX_LOST);
	restore(1);
	assert_true(agent.rounds > 0);
	vx_out_free(&agent.script);
	close(agent.pair[0]);
	close(agent.pair[1]);
}

static char hooked[1024];

static void hook(const char *line)
{
	snprintf(hooked, sizeof(hooked), "%s", line);
}

/* Nor may a guest's words become a second line: that could be a worker's "created". */
static void test_log_lines_are_printable(void **state)
{
	char text[2000], path[64];

	(void)state;
	snprintf(path, sizeof(path), "/tmp/test_client.%d", getpid());
	vd_log_hook(hook);
	redirect(2, path);
	vd_log("net: %s", "hotplug\ncreated 0 uuid\n\033[31m\xff");
	restore(2);
	vd_log_hook(NULL);
	take_file(path, text, sizeof(text));
	assert_string_equal(text, "virtuos: net: hotplug?created 0 uuid??[31m?\n");
	assert_string_equal(hooked, "net: hotplug?created 0 uuid??[31m?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors_are_printable),
		cmocka_unit_test(test_errors_are_short),
		cmocka_unit_test(test_output_passes_through),
		cmocka_unit_test(test_a_deaf_agent_costs_no_memory),
		cmocka_unit_test(test_a_talkative_agent_is_interrupted),
		cmocka_unit_test(test_log_lines_are_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

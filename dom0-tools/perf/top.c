/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command "top": see top.h.
 *
 * On a terminal it draws over itself by ANSI's cursor movements. All that is drawn has passed
 * the decoder of snapshots, so nothing but printable ASCII comes from the kernel or the primary.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "show.h"
#include "stream.h"
#include "top.h"

#define MOST_SECONDS	3600.0
#define LEAST_SECONDS	0.1
#define SORT_NAME	VP_NAME

#define HOME		"\033[H"
#define TO_LINE_END	"\033[K"
#define TO_SCREEN_END	"\033[J"
#define KEYS		"q quit  s services  p processor  c calls  w wait  1, 2 a service"

struct top {
	const struct vp_top_options *o;
	struct vp_stream stream;
	struct vp_snapshot was;
	struct vp_costs costs;
	char sort[SORT_NAME];
	unsigned int shown;
	bool screen;		/* draw in place, read keys */
	bool quit;
	bool failed;		/* and the user knows why */
	struct termios saved;
};

static volatile sig_atomic_t told_to_end;

static bool parse_seconds(const char *word, double *seconds)
{
	char *end;

	*seconds = strtod(word, &end);
	return end != word && !*end && *seconds >= LEAST_SECONDS && *seconds <= MOST_SECONDS;
}

static bool parse_count(const char *word, unsigned int *count)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);

	*count = (unsigned int)n;
	return *word >= '0' && *word <= '9' && !*end && n && n <= 1000000000;
}

int vp_top_parse(int argc, char **argv, struct vp_top_options *o)
{
	bool ok = true;
	int i;

	*o = (struct vp_top_options){ .seconds = 1, .sort = "services" };
	for (i = 1; ok && i < argc; i++) {
		if (!strcmp(argv[i], "--batch"))
			o->batch = true;
		else if (!strcmp(argv[i], "--json"))
			o->json = true;
		else if (!strcmp(argv[i], "-n") && i + 1 < argc)
			ok = parse_count(argv[++i], &o->count);
		else if (!strcmp(argv[i], "-d") && i + 1 < argc)
			ok = parse_seconds(argv[++i], &o->seconds);
		else if (!strcmp(argv[i], "--sort") && i + 1 < argc)
			o->sort = argv[++i];
		else if (*argv[i] != '-' && !o->name)
			o->name = argv[i];
		else
			ok = false;
	}
	return ok && strlen(o->sort) < SORT_NAME ? 0 : -1;
}

/* Return: an order, or -1: there is none of that name. */
static int order_of(const struct vp_costs *c, const char *sort)
{
	static const char *const names[] = { "services", "cpu", "calls", "wait" };
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(sort, names[i]))
			return (int)i;
	for (i = 0; i < c->services; i++)
		if (!strcmp(sort, c->service[i].name))
			return VP_BY_SERVICE + (int)i;
	return -1;
}

static void put(const struct vp_text *t)
{
	fwrite(t->buf, 1, t->len, stdout);
	fflush(stdout);
}

/* Nothing more can be shown: the disk is full, for example. */
static bool complain_of_output(void)
{
	if (!ferror(stdout))
		return false;
	fprintf(stderr, "virtuos: standard output cannot be written\n");
	return true;
}

/* Draw a table over the last one; what does not fit is cut off. */
static void draw(const struct vp_text *table, unsigned int rows, unsigned int columns)
{
	struct vp_text out = { 0 };
	const char *line = table->buf, *end;
	unsigned int row, n;

	vp_text_add(&out, HOME);
	for (row = 0; *line && row + 1 < rows; row++) {
		end = strchrnul(line, '\n');
		n = (unsigned int)(end - line);
		vp_text_bytes(&out, line, n < columns ? n : columns - 1);
		vp_text_add(&out, TO_LINE_END "\n");
		line = *end ? end + 1 : end;
	}
	vp_text_add(&out, TO_SCREEN_END "%.*s", (int)columns - 1, KEYS);
	put(&out);
	vp_text_free(&out);
}

static void screen_size(unsigned int *rows, unsigned int *columns)
{
	struct winsize w = { 0 };

	ioctl(1, TIOCGWINSZ, &w);
	*rows = w.ws_row > 3 ? w.ws_row : 24;
	*columns = w.ws_col > 3 ? w.ws_col : 80;
}

/* False: the key to sort by is unknown. */
static bool show(struct top *t)
{
	unsigned int rows, columns;
	struct vp_text text = { 0 };
	int order = order_of(&t->costs, t->sort);

	if (order < 0) {
		fprintf(stderr, "virtuos: cannot sort by that: it is neither services, cpu, calls, wait nor a service\n");
		t->failed = true;
		return false;
	}
	vp_costs_sort(&t->costs, (enum vp_order)order);
	if (t->o->json) {
		vp_show_json(&t->costs, &text);
		put(&text);
	} else if (t->screen) {
		screen_size(&rows, &columns);
		vp_show_table(&t->costs, rows - 1, &text);
		draw(&text, rows, columns);
	} else {
		vp_text_add(&text, "%s", t->shown ? "\n" : "");
		vp_show_table(&t->costs, 0, &text);
		put(&text);
	}
	vp_text_free(&text);
	return true;
}

/* Show what has come. False: nothing more is to be shown. */
static bool take(struct top *t)
{
	struct vp_snapshot is;
	bool ok = true;

	while (ok && vp_stream_take(&t->stream, &is)) {
		if (t->was.monotonic_ns) {
			vp_costs_free(&t->costs);
			vp_costs_between(&t->was, &is, &t->costs);
			ok = show(t);
			t->shown += ok;
			t->failed |= complain_of_output();
			ok = ok && !t->failed && (!t->o->count || t->shown < t->o->count);
		}
		vp_snapshot_free(&t->was);
		t->was = is;
	}
	return ok;
}

static void read_key(struct top *t)
{
	const char *sort = NULL;
	char key;

	if (read(0, &key, 1) != 1 || key == 'q') {
		t->quit = true;
		return;
	}
	if (key == 's')
		sort = "services";
	else if (key == 'p')
		sort = "cpu";
	else if (key == 'c')
		sort = "calls";
	else if (key == 'w')
		sort = "wait";
	else if (key > '0' && key <= '9' && (unsigned int)(key - '0') <= t->costs.services)
		sort = t->costs.service[key - '1'].name;
	if (!sort || !t->shown)
		return;
	snprintf(t->sort, sizeof(t->sort), "%s", sort);
	show(t);
}

static void on_end(int sig)
{
	(void)sig;
	told_to_end = 1;
}

static void on_resize(int sig)
{
	(void)sig;
}

/* Signals come only while ppoll() waits, so none is missed. */
static void catch_signals(sigset_t *waiting)
{
	struct sigaction end = { .sa_handler = on_end }, resize = { .sa_handler = on_resize };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, waiting);
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
	sigaction(SIGWINCH, &resize, NULL);
}

static void loop(struct top *t)
{
	struct pollfd p[2] = {
		{ .fd = t->stream.fd, .events = POLLIN },
		{ .fd = t->screen ? 0 : -1, .events = POLLIN },
	};
	sigset_t waiting;

	catch_signals(&waiting);
	while (!t->quit && !told_to_end) {
		if (ppoll(p, 2, NULL, &waiting) < 0) {
			if (errno != EINTR)
				break;
			if (t->screen && t->shown && !told_to_end)
				show(t);
			continue;
		}
		if (p[1].revents)
			read_key(t);
		if (p[0].revents && (vp_stream_read(&t->stream) <= 0 || !take(t)))
			break;
	}
	sigprocmask(SIG_SETMASK, &waiting, NULL);
}

static void open_screen(struct top *t)
{
	struct termios keys;

	if (t->o->batch || t->o->json || !isatty(0) || !isatty(1) || tcgetattr(0, &t->saved))
		return;
	keys = t->saved;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	t->screen = !tcsetattr(0, TCSANOW, &keys);
	fputs(HOME TO_SCREEN_END, stdout);
}

static void close_screen(const struct top *t)
{
	if (!t->screen)
		return;
	tcsetattr(0, TCSANOW, &t->saved);
	fputs("\n", stdout);
}

int vp_top_run(const struct vp_top_options *o, int fd)
{
	struct top t = { .o = o, .stream.fd = fd };
	bool ok;

	snprintf(t.sort, sizeof(t.sort), "%s", o->sort);
	open_screen(&t);
	loop(&t);
	close_screen(&t);
	ok = !t.failed && (t.quit || told_to_end || (o->count && t.shown == o->count));
	if (!ok && !t.failed)
		vp_stream_complain(&t.stream);
	vp_costs_free(&t.costs);
	vp_snapshot_free(&t.was);
	vp_stream_free(&t.stream);
	return ok ? 0 : 1;
}

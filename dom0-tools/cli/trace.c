/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtuos trace and record: what a command did, as a file, from domain 0. virtuos-perf makes the
 * file in the primary. It is fetched and removed when the command has ended.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "../perf/output.h"
#include "../perf/record.h"
#include "../perf/trace.h"
#include "cli.h"
#include "exec.h"

#define OWN_WORDS	16
#define MOST_BYTES	(1ull << 30)

/* Its size comes first: what comes without one, or is shorter, is no such file. */
static char fetch[] = "wc -c <\"$0\" 2>/dev/null && cat \"$0\"; rm -f \"$0\"";

/*
 * struct file_tool - what makes the file
 * @name: of virtuos-perf's command
 * @output: the file, unless -o names another
 * @flags: its options without a value, and NULL
 * @values: its options with a value, and NULL
 */
struct file_tool {
	const char *name;
	const char *output;
	const char *const *flags;
	const char *const *values;
};

struct file_order {
	struct vx_command cmd;
	const char *name;		/* of the system */
	const char *output;
	const char *own[OWN_WORDS];	/* options for virtuos-perf */
	unsigned int n;
	int command;			/* index of the first word */
};

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(word, *words))
		words++;
	return *words;
}

/* Take an option of the tool's, with its value. Return: how many words it has; 0: it is none. */
static int take_option(const struct file_tool *tool, int left, char **word, struct file_order *o)
{
	int i, n = is_one_of(*word, tool->flags) ? 1 : 0;

	if (!n && left > 1 && is_one_of(*word, tool->values))
		n = 2;
	if (o->n + (unsigned int)n > OWN_WORDS)
		return 0;
	for (i = 0; i < n; i++)
		o->own[o->n++] = word[i];
	return n;
}

static bool parse(const struct file_tool *tool, int argc, char **argv, struct file_order *o)
{
	int i, n;

	*o = (struct file_order){ .cmd.watch_fd = -1, .name = "", .output = tool->output };
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		n = take_option(tool, argc - i, argv + i, o);
		if (n)
			i += n - 1;
		else if (!strcmp(argv[i], "-i"))
			o->cmd.input = true;
		else if (!strcmp(argv[i], "-t"))
			o->cmd.pty = true;
		else if (!strcmp(argv[i], "-o") && i + 1 < argc)
			o->output = argv[++i];
		else if (*argv[i] != '-' && !*o->name)
			o->name = argv[i];
		else
			return false;
	}
	o->command = i + 1;
	return o->command < argc;
}

/* A file of its own in a directory that is root's. It ends as the one here will. */
static void make_path(const char *output, char path[VD_PATH_MAX])
{
	const char *base = strrchr(output, '/'), *suffix = strrchr(base ? base : output, '.');
	uint64_t r = 0;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		r = (uint64_t)getpid();
	snprintf(path, VD_PATH_MAX, "/run/virtuos-%016" PRIx64 "%.16s", r, suffix ? suffix : "");
}

/* An array for execvp() and its like; they do not change the words. */
static char *word(const char *s)
{
	union { const char *in; char *out; } u = { s };

	return u.out;
}

static int run(const struct file_tool *tool, struct file_order *o, int argc, char **argv,
	       const char *path)
{
	const char *own[] = { PERF_PROGRAM, tool->name, "-o", path, "--name", o->output };
	size_t fixed = sizeof(own) / sizeof(own[0]), n = 0, i;
	char **words = calloc(fixed + o->n + (size_t)argc + 2, sizeof(*words));
	int r;

	if (!words)
		return EXIT_TRANSPORT;
	for (i = 0; i < fixed; i++)
		words[n++] = word(own[i]);
	for (i = 0; i < o->n; i++)
		words[n++] = word(o->own[i]);
	for (i = (size_t)o->command - 1; i < (size_t)argc; i++)
		words[n++] = argv[i];
	o->cmd.argv = words;
	r = exec_in(o->name, &o->cmd, 0);
	free(words);
	return r;
}

/* The file is text: no control character reaches a terminal on which it is shown. */
static void clean(char *buf, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (buf[i] != '\n' && (buf[i] < ' ' || buf[i] > '~'))
			buf[i] = '?';
}

/* A line with a number. Return: false: it is none, and may have no end. */
static bool read_size(FILE *from, unsigned long long *size)
{
	char line[32], end;

	return fgets(line, sizeof(line), from) && sscanf(line, "%llu%c", size, &end) == 2 &&
	       end == '\n' && *size <= MOST_BYTES;
}

/* Return: true if the whole file came. */
static bool copy(FILE *from, FILE *to)
{
	static char buf[65536];
	unsigned long long left;
	size_t n;

	if (!read_size(from, &left))
		return false;
	while (left && (n = fread(buf, 1, left < sizeof(buf) ? left : sizeof(buf), from))) {
		clean(buf, n);
		fwrite(buf, 1, n, to);
		left -= n;
	}
	return !left;
}

/* Fetch the file and remove it there. Return: true if all of it came. */
static bool fetch_file(const struct file_order *o, const char *path, FILE *to)
{
	const char *words[] = { "sh", "-c", fetch, path, NULL };
	struct exec_pipe p;
	FILE *from;
	bool ok;

	if (exec_open(o->name, words, 0, &p))
		return false;
	from = fdopen(dup(p.fd), "r");
	ok = from && copy(from, to);
	if (from)
		fclose(from);
	exec_close(&p);
	return ok;
}

static int make_file(const struct file_tool *tool, int argc, char **argv)
{
	char path[VD_PATH_MAX];
	struct file_order o;
	struct vp_output out;
	bool ok;
	int r;

	if (!parse(tool, argc, argv, &o))
		return BAD_USAGE;
	if (vp_output_open(&out, o.output))
		return 1;
	/* The command may go on when no one reads what it writes. */
	signal(SIGPIPE, SIG_IGN);
	make_path(o.output, path);
	r = run(tool, &o, argc, argv, path);
	ok = r != EXIT_TRANSPORT && fetch_file(&o, path, out.f);
	if (!ok && !r)
		vd_log("%s: no file came", o.output);
	if (vp_output_close(&out, ok))
		return 1;
	return ok || r ? r : 1;
}

static const char *const no_options[] = { NULL };

int cmd_trace(int argc, char **argv)
{
	static const struct file_tool tool = { "trace", VP_TRACE_FILE, no_options, no_options };

	return make_file(&tool, argc, argv);
}

int cmd_record(int argc, char **argv)
{
	static const char *const flags[] = { "-a", NULL }, *const values[] = { "-F", "-c", NULL };
	static const struct file_tool tool = { "record", VP_RECORD_FILE, flags, values };

	return make_file(&tool, argc, argv);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtuos top and stat: costs of the primary's threads, from domain 0.
 *
 * virtuos-perf takes the figures in the primary. For top they are decoded and drawn here, so that
 * nothing of the primary reaches the terminal as it is. The output of stat is the command's.
 */
#include <stdlib.h>
#include <string.h>

#include "../perf/stat.h"
#include "../perf/top.h"
#include "cli.h"
#include "exec.h"

int cmd_top(int argc, char **argv)
{
	char seconds[32], count[32];
	const char *snapshots[] = { PERF_PROGRAM, "snapshot", "-d", seconds, "-n", count, NULL };
	struct vp_top_options o;
	struct exec_pipe p;
	int r;

	if (vp_top_parse(argc, argv, &o))
		return BAD_USAGE;
	snprintf(seconds, sizeof(seconds), "%.3f", o.seconds);
	snprintf(count, sizeof(count), "%u", o.count + 1);
	if (!o.count)
		snapshots[4] = NULL;
	if (exec_open(o.name ? o.name : "", snapshots, 0, &p))
		return 1;
	r = vp_top_run(&o, p.fd);
	exec_close(&p);
	return r;
}

/* The arguments up to "--" are ours and virtuos-perf's; of the latter each is passed on. */
static bool take_options(int argc, char **argv, struct vx_command *cmd, const char **name,
			 char **to)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "-i"))
			cmd->input = true;
		else if (!strcmp(argv[i], "-t"))
			cmd->pty = true;
		else if (!strcmp(argv[i], "--json"))
			*to++ = argv[i];
		else if (!strcmp(argv[i], "-e") && i + 1 < argc)
			*to++ = argv[i], *to++ = argv[++i];
		else if (*argv[i] != '-' && !**name)
			*name = argv[i];
		else
			return false;
	}
	for (; i < argc; i++)
		*to++ = argv[i];
	return true;
}

int cmd_stat(int argc, char **argv)
{
	static char program[] = PERF_PROGRAM, stat[] = "stat";
	struct vx_command cmd = { .watch_fd = -1 };
	char **words = calloc((size_t)argc + 3, sizeof(*words));
	const char *name = "";
	int r = BAD_USAGE, i;

	if (!words)
		return 1;
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		;
	words[0] = program;
	words[1] = stat;
	if (i + 1 < argc && take_options(argc, argv, &cmd, &name, words + 2)) {
		cmd.argv = words;
		r = exec_in(name, &cmd, 0);
	}
	free(words);
	return r;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* virtuos: run a partitioned system on a Xen host. The commands are in cli.h. */
#include <stdio.h>
#include <string.h>

#include "cli.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *args;
	const char *help;
};

static const struct command commands[] = {
	{ "up", cmd_up, "[--wait] [CONFIG]",
	  "start the system of CONFIG (" VD_DEFAULT_CONFIG ")" },
	{ "down", cmd_down, "[PRIMARY | CONFIG]", "shut everything down in order" },
	{ "list", cmd_list, "[--json]", "show the domains" },
	{ "status", cmd_status, "[PRIMARY]",
	  "is all well? exits with 0 if so, 1 if not, 3 if nothing is up" },
	{ "exec", cmd_exec, "[-i] [-t] [PRIMARY] -- COMMAND [ARG]...",
	  "run a command in the primary; exits with its status" },
	{ "console", cmd_console, "DOMAIN", "a domain's console (leave: Ctrl-])" },
	{ "kill", cmd_kill, "DOMAIN", "destroy a domain at once, as a crash would" },
	{ "restart", cmd_restart, "DOMAIN", "shut a domain down in order, start it anew" },
	{ "check", cmd_check, "[CONFIG]", "is this host fit?" },
};

#define N_COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *f)
{
	size_t i;

	fprintf(f, "Usage: virtuos COMMAND [ARGUMENTS]\n"
		"Run a partitioned system on a Xen host. See virtuos(8).\n\n");
	for (i = 0; i < N_COMMANDS; i++)
		fprintf(f, "  %s %s\n        %s\n", commands[i].name, commands[i].args,
			commands[i].help);
	fprintf(f, "  --help, --version\n");
}

static int run(const struct command *c, int argc, char **argv)
{
	int r;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		printf("Usage: virtuos %s %s\n%s\n", c->name, c->args, c->help);
		return 0;
	}
	r = c->run(argc, argv);
	if (r != BAD_USAGE)
		return r;
	fprintf(stderr, "Usage: virtuos %s %s\n", c->name, c->args);
	return 2;
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc < 2) {
		usage(stderr);
		return 2;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("virtuos " VIRTUOS_VERSION);
		return 0;
	}
	for (i = 0; i < N_COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return run(&commands[i], argc - 1, argv + 1);
	fprintf(stderr, "virtuos: unknown command \"%s\" (virtuos --help)\n", argv[1]);
	return 2;
}

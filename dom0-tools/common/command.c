/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs with commands: see command.h. */
#include <stdio.h>
#include <string.h>

#include "command.h"

static void usage(const struct vd_program *p, FILE *f)
{
	size_t i;

	fprintf(f, "Usage: %s COMMAND [ARGUMENTS]\n%s\n\n", p->name, p->about);
	for (i = 0; i < p->n; i++)
		fprintf(f, "  %s %s\n        %s\n", p->commands[i].name, p->commands[i].args,
			p->commands[i].help);
	fprintf(f, "  COMMAND --help, --help, --version\n");
}

static int run(const struct vd_program *p, const struct vd_command *c, int argc, char **argv)
{
	int r;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		printf("Usage: %s %s %s\n%s\n\nExamples:\n%s", p->name, c->name, c->args, c->help,
		       c->examples);
		return 0;
	}
	r = c->run(argc, argv);
	if (r >= 0)
		return r;
	fprintf(stderr, "Usage: %s %s %s\n", p->name, c->name, c->args);
	return -r;
}

int vd_program_run(const struct vd_program *p, int argc, char **argv)
{
	size_t i;

	if (argc < 2) {
		usage(p, stderr);
		return 2;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		usage(p, stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("%s %s\n", p->name, VIRTUOS_VERSION);
		return 0;
	}
	for (i = 0; i < p->n; i++)
		if (!strcmp(argv[1], p->commands[i].name))
			return run(p, &p->commands[i], argc - 1, argv + 1);
	fprintf(stderr, "%s: unknown command \"%s\" (%s --help)\n", p->name, argv[1], p->name);
	return 2;
}

/* SPDX-License-Identifier: MIT */
/*
 * A function for GNU make that replaces make itself by a program:
 *
 *	$(exec-program PROGRAM[,ARGUMENT...])
 *
 * make ends with status 2 whenever a recipe fails, whatever the recipe's own
 * status was. `make run CMD=...` is to end with the command's status, and to give
 * it the terminal. So the last step of such a target is not a child of make.
 *
 * The variables that EXEC_VARIABLES names are handed over in the environment,
 * unexpanded, if the user set them (unexport alone makes a variable known to make);
 * make's own variables are taken away.
 * Loaded by the Makefile; called when all prerequisites have been made.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <gnumake.h>

int plugin_is_GPL_compatible;

#define MAX_ARGS 16

static void hand_over(const char *name)
{
	char query[256], *origin, *value;

	snprintf(query, sizeof(query), "$(origin %s)", name);
	origin = gmk_expand(query);
	if (strcmp(origin, "undefined") != 0 && strcmp(origin, "file") != 0) {
		snprintf(query, sizeof(query), "$(value %s)", name);
		value = gmk_expand(query);
		setenv(name, value, 1);
		gmk_free(value);
	}
	gmk_free(origin);
}

static char *exec_program(const char *func, unsigned int argc, char **argv)
{
	char *args[MAX_ARGS + 1] = { NULL };
	char *names = gmk_expand("$(EXEC_VARIABLES)");
	char *save = NULL, *name;
	unsigned int i;

	for (i = 0; i < argc && i < MAX_ARGS; i++)
		args[i] = argv[i];
	for (name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save))
		hand_over(name);
	gmk_free(names);
	unsetenv("MAKEFLAGS");
	unsetenv("MFLAGS");
	unsetenv("MAKELEVEL");
	unsetenv("MAKE_RESTARTS");
	unsetenv("MAKE_TERMOUT");
	unsetenv("MAKE_TERMERR");
	fflush(NULL);
	execv(args[0], args);
	fprintf(stderr, "%s: %s: %s\n", func, args[0], strerror(errno));
	_exit(127);
}

int exec_status_gmk_setup(void)
{
	gmk_add_function("exec-program", exec_program, 1, MAX_ARGS, GMK_FUNC_DEFAULT);
	return 1;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of a program that has commands, as "virtuos up". */
#ifndef VIRTUOS_COMMAND_H
#define VIRTUOS_COMMAND_H

#include <stddef.h>

/* What a command returns if its arguments are wrong: the exit status, 2 as a rule, but negative. */
#define BAD_USAGE	(-2)

/**
 * struct vd_command - one of a program's commands
 * @name: the word that names it
 * @run: carries it out; argv[0] is @name. Returns the exit status, or BAD_USAGE or the like
 * @args: its arguments, as usage shows them
 * @help: what it does, in one line
 * @examples: lines, each with two spaces before it
 */
struct vd_command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *args;
	const char *help;
	const char *examples;
};

/**
 * struct vd_program - a program
 * @name: its name
 * @about: what it is for, in one line
 * @commands: what it can do
 * @n: how many commands
 */
struct vd_program {
	const char *name;
	const char *about;
	const struct vd_command *commands;
	size_t n;
};

/**
 * vd_program_run - carry out a command line
 * @p: the program
 * @argc: words
 * @argv: the words
 *
 * "--help" and "--version" are understood, and "COMMAND --help".
 *
 * Return: the exit status.
 */
int vd_program_run(const struct vd_program *p, int argc, char **argv);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs that do the work. While one runs, progress is told; SIGINT, SIGTERM and SIGHUP end it
 * and all that it has started. They are blocked otherwise, so no step is left half done.
 */
#ifndef VIRTUOS_MKROOT_CHILD_H
#define VIRTUOS_MKROOT_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#define CHILD_NOT_STARTED	127

/**
 * mkroot_prepare - block the signals, and have orphans of programs come here
 */
void mkroot_prepare(void);

/**
 * mkroot_interrupted - check if one of the signals came
 *
 * Return: true: do not go on.
 */
bool mkroot_interrupted(void);

/**
 * mkroot_undo - let programs end from now on, whatever signal came or comes
 */
void mkroot_undo(void);

/**
 * mkroot_run - run a program
 * @argv: its name and arguments, then NULL
 * @dir: the growth of the file system there is told; NULL: nothing is
 *
 * Return: its exit status; 128 + n: signal n ended it.
 */
int mkroot_run(const char *const argv[], const char *dir);

/**
 * mkroot_quiet - run a program; show the first lines of what it says only if it fails
 * @argv: its name and arguments, then NULL
 * @dir: as for mkroot_run()
 *
 * One that says more than 64 KiB is stopped: so does tar on a full disk.
 *
 * Return: as for mkroot_run().
 */
int mkroot_quiet(const char *const argv[], const char *dir);

/**
 * mkroot_output - run a program for what it prints
 * @argv: its name and arguments, then NULL
 * @out: set to the beginning of its standard output
 * @size: of @out
 *
 * Return: as for mkroot_run().
 */
int mkroot_output(const char *const argv[], char *out, size_t size);

#endif

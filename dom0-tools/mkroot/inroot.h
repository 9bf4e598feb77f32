/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files in a foreign root file system, which may be hostile. Its symbolic links are followed as if
 * it were /; none leads outside. Functions return -1 with errno set on error.
 */
#ifndef VIRTUOS_MKROOT_INROOT_H
#define VIRTUOS_MKROOT_INROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "../hw/tree.h"

#define INROOT_PATH	256
#define INROOT_MAX	(256 * 1024)	/* bytes of a file that is read */

/**
 * mkroot_open - open a file, as by open(2)
 * @root: descriptor of the root directory
 * @path: of the file
 * @flags: of open(2); none that makes a file
 *
 * Return: its descriptor or -1.
 */
int mkroot_open(int root, const char *path, int flags);

/**
 * mkroot_exists - check if a path leads to something
 * @root: descriptor of the root directory
 * @path: the path, without a slash at its beginning
 *
 * Return: true if it does.
 */
bool mkroot_exists(int root, const char *path);

/**
 * mkroot_read - read a file
 * @root: descriptor of the root directory
 * @path: of the file
 *
 * Return: its text, to be freed; NULL on error, which is EFBIG or EINVAL for what is no text.
 */
char *mkroot_read(int root, const char *path);

/**
 * mkroot_write - replace a file; missing directories are made
 * @root: descriptor of the root directory
 * @path: of the file
 * @bytes: what it shall have
 * @len: how many
 * @mode: its mode; 0: owner and mode stay as they were
 *
 * A symbolic link of that name is replaced, not followed.
 *
 * Return: 0 or -1.
 */
int mkroot_write(int root, const char *path, const char *bytes, size_t len, mode_t mode);

/**
 * mkroot_copy - copy a file of this machine there
 * @root: descriptor of the root directory
 * @path: of the new file
 * @from: of the file here
 * @mode: of the new file
 *
 * Return: 0 or -1.
 */
int mkroot_copy(int root, const char *path, const char *from, mode_t mode);

/**
 * mkroot_link - make a symbolic link, in place of what has its name
 * @root: descriptor of the root directory
 * @path: of the link
 * @target: where it leads
 *
 * Return: 0 or -1.
 */
int mkroot_link(int root, const char *path, const char *target);

/**
 * mkroot_dir - make a directory, and those above it, unless they are there
 * @root: descriptor of the root directory
 * @path: of the directory
 *
 * Return: its descriptor or -1.
 */
int mkroot_dir(int root, const char *path);

/**
 * mkroot_list - list a directory
 * @root: descriptor of the root directory
 * @path: of the directory
 *
 * Return: the names, to be freed by hw_list_free(); none on error.
 */
struct hw_names mkroot_list(int root, const char *path);

/**
 * mkroot_stat - say what has a name, a symbolic link too
 * @root: descriptor of the root directory
 * @path: the name
 * @st: filled
 *
 * Return: 0 or -1.
 */
int mkroot_stat(int root, const char *path, struct stat *st);

/**
 * mkroot_remove - remove a file, or a directory that is empty
 * @root: descriptor of the root directory
 * @path: of the file
 * @is_dir: it is a directory
 *
 * What is not there, and a directory that is not empty, are no errors.
 *
 * Return: 0 or -1.
 */
int mkroot_remove(int root, const char *path, bool is_dir);

/**
 * mkroot_move - give a file another name, in place of what has it
 * @root: descriptor of the root directory
 * @path: of the file
 * @as: its new path; missing directories are made
 *
 * Return: 0 or -1.
 */
int mkroot_move(int root, const char *path, const char *as);

/**
 * mkroot_also - give a file one more name, by a hard link
 * @root: descriptor of the root directory
 * @path: of the file, or of a symbolic link
 * @as: its other path; missing directories are made
 *
 * Return: 0 or -1.
 */
int mkroot_also(int root, const char *path, const char *as);

#endif

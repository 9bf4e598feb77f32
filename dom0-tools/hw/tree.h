/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files below a root directory: /, or a directory that a test has prepared. Contents and names
 * are as hostile as the devices and volumes they tell of. What does not fit is an error.
 */
#ifndef VIRTUOS_HW_TREE_H
#define VIRTUOS_HW_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define HW_PATH		512
#define HW_MOST_NAMES	4096

/**
 * struct hw_names - names in a directory, sorted
 * @name: the names; those that begin with a dot are left out
 * @n: their number, HW_MOST_NAMES at most
 */
struct hw_names {
	char **name;
	size_t n;
};

/**
 * hw_text - read the first line of a file
 * @root: descriptor of the root directory
 * @buf: set to the line without its end; "" on error
 * @size: of @buf
 * @fmt: the path below @root, as for printf()
 *
 * Return: 0 or -1.
 */
int hw_text(int root, char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * hw_link - read a symbolic link
 * @root: descriptor of the root directory
 * @target: set to where it leads; "" on error
 * @fmt: the path below @root, as for printf()
 *
 * Return: 0 or -1.
 */
int hw_link(int root, char target[HW_PATH], const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * hw_exists - check that a file exists
 * @root: descriptor of the root directory
 * @fmt: the path below @root, as for printf()
 *
 * Return: true if it does.
 */
bool hw_exists(int root, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * hw_open - open a file for reading
 * @root: descriptor of the root directory
 * @path: below @root
 *
 * Return: the stream or NULL.
 */
FILE *hw_open(int root, const char *path);

/**
 * hw_list - list a directory
 * @root: descriptor of the root directory
 * @fmt: the path below @root, as for printf()
 *
 * Without memory the program ends.
 *
 * Return: the names, to be freed by hw_list_free(); none on error.
 */
struct hw_names hw_list(int root, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * hw_list_free - free what hw_list() returned
 * @names: the names
 */
void hw_list_free(struct hw_names *names);

/**
 * hw_basename - get the last component of a path
 * @path: the path
 *
 * Return: a part of @path.
 */
const char *hw_basename(const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record of changes in a root file system, for plan.c alone: the text file "record" in
 * MKROOT_ADOPTED. Its first line has the format's number. Each other line is a change:
 *
 *   dir 0 PATH       a directory was made.
 *   new SUM PATH     A file or link was made.
 *   was SUM PATH     It replaced another, which is kept under the number of the change.
 *
 * Functions return -1 with errno set on error.
 */
#ifndef VIRTUOS_MKROOT_RECORD_H
#define VIRTUOS_MKROOT_RECORD_H

#include "plan.h"

/**
 * mkroot_sum - get the checksum of a file or link
 * @is_link: it is a link
 * @bytes: what the file has, or where the link leads
 * @len: their number
 *
 * It finds changes, but no forgery.
 *
 * Return: the checksum.
 */
uint64_t mkroot_sum(bool is_link, const char *bytes, size_t len);

/**
 * mkroot_sum_of - get the checksum of what has a name
 * @root: descriptor of the root directory
 * @path: the name
 *
 * Return: the checksum; 0: there is none.
 */
uint64_t mkroot_sum_of(int root, const char *path);

/**
 * mkroot_record_write - write the record and wait for the disk
 * @p: the plan, none of which is carried out
 *
 * Return: 0 or -1.
 */
int mkroot_record_write(const struct mkroot_plan *p);

/**
 * mkroot_record_done - note that all is carried out, when the disk has it
 * @root: descriptor of the root directory
 *
 * Return: 0 or -1.
 */
int mkroot_record_done(int root);

/**
 * mkroot_record_begin_undo - note that not all is carried out any more
 * @root: descriptor of the root directory
 *
 * Return: 0 or -1.
 */
int mkroot_record_begin_undo(int root);

/**
 * mkroot_record_remove - remove the record when the disk has all that was taken back
 * @root: descriptor of the root directory
 *
 * Return: 0 or -1.
 */
int mkroot_record_remove(int root);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes of a root file system that can be taken back.
 *
 * A change puts a file or a symbolic link there. What had its name gets one more name in
 * MKROOT_ADOPTED before that, so it comes back as the same file: bytes, owner, mode and times.
 * The record of all changes is on the disk before the first, and the mark "done" after the last.
 * A record without that mark is an interrupted run's. Taking changes back may be interrupted, too.
 *
 * The directory above MKROOT_ADOPTED is there before: one that a run made could not be told from a
 * user's while there is no record.
 *
 * Functions return -1 after saying what went wrong, unless they say otherwise. The record is as
 * hostile as the file system: its paths lead nowhere outside.
 */
#ifndef VIRTUOS_MKROOT_PLAN_H
#define VIRTUOS_MKROOT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "inroot.h"

#define MKROOT_ADOPTED		"var/lib/virtuos-adopted"	/* nothing but the record */
#define MKROOT_MOST_CHANGES	256

enum mkroot_kind { MKROOT_DIR, MKROOT_FILE, MKROOT_LINK };

/**
 * struct mkroot_change - a name, and what it shall have
 * @path: the name
 * @kind: of what it gets; of one that was read from a record it is not known but for a directory
 * @was: it had something before
 * @sum: checksum of what it gets
 * @bytes: of the file, or the link's target; NULL: read from a record
 * @len: their number
 * @mode: of the file; 0: owner and mode stay as they were
 */
struct mkroot_change {
	char path[INROOT_PATH];
	enum mkroot_kind kind;
	bool was;
	uint64_t sum;
	char *bytes;
	size_t len;
	mode_t mode;
};

/**
 * struct mkroot_plan - changes in their order
 * @change: the changes
 * @n: their number
 * @bytes: that they need
 * @root: descriptor of the root directory
 */
struct mkroot_plan {
	struct mkroot_change change[MKROOT_MOST_CHANGES];
	size_t n;
	size_t bytes;
	int root;
};

enum mkroot_record { MKROOT_NO_RECORD, MKROOT_HALF_DONE, MKROOT_DONE, MKROOT_BAD_RECORD };

/**
 * mkroot_plan_file - plan a file
 * @p: the plan
 * @path: its name
 * @bytes: what it shall have; they are copied
 * @len: their number
 * @mode: its mode; 0: owner and mode stay as they were
 *
 * Nothing is planned if all is so already, or if the name is planned for.
 *
 * Return: 0, or -1 with errno set.
 */
int mkroot_plan_file(struct mkroot_plan *p, const char *path, const char *bytes, size_t len, mode_t mode);

/**
 * mkroot_plan_link - plan a symbolic link
 * @p: the plan
 * @path: its name
 * @target: where it leads
 *
 * Return: as for mkroot_plan_file().
 */
int mkroot_plan_link(struct mkroot_plan *p, const char *path, const char *target);

/**
 * mkroot_plan_free - forget all changes
 * @p: the plan
 */
void mkroot_plan_free(struct mkroot_plan *p);

/**
 * mkroot_plan_do - record the changes and make them
 * @p: the plan
 * @stop: asked before each change; true: make no more
 *
 * On error mkroot_plan_undo() takes back what was made.
 *
 * Return: 0 or -1.
 */
int mkroot_plan_do(struct mkroot_plan *p, bool (*stop)(void));

/**
 * mkroot_plan_read - read the record of a root file system
 * @p: filled, if there is one; its root is set
 *
 * Return: what was found. MKROOT_BAD_RECORD: said.
 */
enum mkroot_record mkroot_plan_read(struct mkroot_plan *p);

/**
 * mkroot_plan_changed - say which names have something else by now
 * @p: the plan that was carried out
 *
 * Return: how many (said).
 */
int mkroot_plan_changed(const struct mkroot_plan *p);

/**
 * mkroot_plan_undo - take all changes back, and remove the record
 * @p: the plan that was carried out, or a part of it
 *
 * Return: 0 or -1; the record stays then.
 */
int mkroot_plan_undo(struct mkroot_plan *p);

/**
 * mkroot_plan_tidy - remove what a run left that was ended before it had a record
 * @root: descriptor of the root directory
 */
void mkroot_plan_tidy(int root);

#endif

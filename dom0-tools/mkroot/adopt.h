/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtuos adopt: the guest's part in an existing root file system, and out again. What its files
 * share. Functions return 0, or -1 after saying what went wrong.
 */
#ifndef VIRTUOS_MKROOT_ADOPT_H
#define VIRTUOS_MKROOT_ADOPT_H

#include <stdio.h>

#include "mkroot.h"
#include "plan.h"

#define ADOPT_MOST_PARTITION	128

enum adopt_look { ADOPT_FIT, ADOPT_UNFIT, ADOPT_NO_ROOT };

/**
 * struct adopt_options - what the user wants
 * @image: block device or image file
 * @parts: folder that holds the guest's part
 * @partition: that has the root file system; 0: it is to be found
 * @undo: take the guest's part out again
 * @force: even if files were changed since
 * @look: reads an ext4 file system without mounting it; why it is unfit is said in a few words
 */
struct adopt_options {
	const char *image, *parts;
	unsigned int partition;
	bool undo, force;
	enum adopt_look (*look)(const char *path, char why[MKROOT_WHY]);
};

/**
 * struct adopt_place - where the root file system is
 * @image: absolute, of the device or image file
 * @path: of the block device that has the file system and nothing else
 * @at: its first byte in the image
 * @size: its bytes; 0: the whole image
 * @partition: its number; 0: there are no partitions
 * @fd: the image, locked against another adoption
 * @loop: the loop device; -1: none
 * @is_file: the image is a file
 */
struct adopt_place {
	char image[PATH_MAX], path[PATH_MAX];
	unsigned long long at, size;
	unsigned int partition;
	int fd, loop;
	bool is_file;
};

/**
 * struct adopt_partition - an entry of a partition table
 * @number: its number
 * @at: its first byte
 * @size: its bytes
 * @is_root: the table says that it has the root file system of an x86-64 machine
 */
struct adopt_partition {
	unsigned int number;
	unsigned long long at, size;
	bool is_root;
};

/**
 * mkroot_adopt_parse - read the command line
 * @o: filled
 * @argc: words
 * @argv: the words; the first is the command's name
 *
 * Return: false: it is wrong (said).
 */
bool mkroot_adopt_parse(struct adopt_options *o, int argc, char **argv);

/**
 * mkroot_adopt_run - adopt an image, or give back what it was, and tell progress
 * @o: what the user wants
 *
 * The mounts of this process are its own from then on. It ends soon after.
 *
 * Return: 0, or -1 (said): the image is as it was.
 */
int mkroot_adopt_run(const struct adopt_options *o);

/**
 * mkroot_adopt_place_find - find the root file system, and refuse one in use
 * @o: what the user wants
 * @place: filled; to be closed by mkroot_adopt_place_close() in any case
 *
 * Return: 0 or -1.
 */
int mkroot_adopt_place_find(const struct adopt_options *o, struct adopt_place *place);

/**
 * mkroot_adopt_place_open - have a block device for the file system
 * @place: where that is; it has no such device
 * @write: it will be written to
 *
 * Return: 0 or -1.
 */
int mkroot_adopt_place_open(struct adopt_place *place, bool write);

/**
 * mkroot_adopt_place_shut - have it no more
 * @place: where the file system is
 *
 * Return: 0, or -1: what was written is not all on the disk.
 */
int mkroot_adopt_place_shut(struct adopt_place *place);

/**
 * mkroot_adopt_place_close - leave the image
 * @place: where the file system is
 */
void mkroot_adopt_place_close(struct adopt_place *place);

/**
 * mkroot_adopt_partitions - read what partx(8) says of a partition table
 * @text: its output: number, first sector, sectors and type of each
 * @p: filled
 *
 * Return: their number; -1: it cannot be understood.
 */
int mkroot_adopt_partitions(const char *text, struct adopt_partition p[ADOPT_MOST_PARTITION]);

/**
 * mkroot_adopt_changes - plan all changes of a root file system
 * @parts: folder that holds the guest's part
 * @p: the plan, without changes
 * @notes: gets lines for the user; NULL: there are none
 *
 * Return: 0, or -1 (said): it cannot be adopted.
 */
int mkroot_adopt_changes(const char *parts, struct mkroot_plan *p, FILE *notes);

/**
 * mkroot_adopt_table - leave those lines of a table of file systems out that a primary has no disk for
 * @text: of fstab(5)
 * @lost: set to the first directory that must be on the root file system and is not; "": none
 * @notes: gets lines for the user; NULL: there are none
 *
 * They become comments. A line for the root file system is one of them.
 *
 * Return: the new text, to be freed; NULL without memory.
 */
char *mkroot_adopt_table(const char *text, char lost[64], FILE *notes);

/**
 * mkroot_adopt_crypt_table - the same for encrypted devices: all lines are left out
 * @text: of crypttab(5)
 * @notes: gets lines for the user; NULL: there are none
 *
 * Return: as for mkroot_adopt_table().
 */
char *mkroot_adopt_crypt_table(const char *text, FILE *notes);

/**
 * mkroot_adopt_note - tell the user something of the image
 * @notes: gets the line; NULL: nothing does
 * @fmt: the line, as for printf(); what is not printable is replaced
 */
void mkroot_adopt_note(FILE *notes, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * mkroot_adopt_network - tell how the image sets its network up
 * @root: descriptor of the root directory
 * @notes: gets lines for the user
 */
void mkroot_adopt_network(int root, FILE *notes);

#endif

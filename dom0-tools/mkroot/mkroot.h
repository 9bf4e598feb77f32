/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtuos mkroot: what its files share. Functions return 0, or -1 after saying what went wrong
 * by vd_log(). No shell is started. Names of the user are checked, or passed behind "--".
 */
#ifndef VIRTUOS_MKROOT_H
#define VIRTUOS_MKROOT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define MKROOT_MOST_KEYS	16
#define MKROOT_WHY		160
#define MKROOT_LEAST_MIB	64
#define MKROOT_PARTS		"/usr/lib/virtuos"
#define MKROOT_PARTIAL		".partial"

/**
 * struct mkroot_options - what the user wants
 * @target: block device or image file
 * @from: archive or image that it is made from; NULL: mmdebstrap makes it
 * @suite: of Debian
 * @mirror: where mmdebstrap gets packages; NULL: its default
 * @include: more packages, with commas between; NULL: none
 * @hostname: NULL: what is there; "primary" otherwise
 * @password_file: root's password is its first line; NULL: root has none and is locked
 * @parts: folder that holds the guest's part
 * @key: files with public keys
 * @n_keys: their number
 * @size: of an image file in bytes; 0: not given
 * @force: overwrite data
 * @check: checks the path of what is made before it counts; 0 or -1 (said); NULL: nothing does
 */
struct mkroot_options {
	const char *target, *from, *suite, *mirror, *include, *hostname, *password_file, *parts;
	const char *key[MKROOT_MOST_KEYS];
	size_t n_keys;
	unsigned long long size;
	bool force;
	int (*check)(const char *path);
};

/**
 * mkroot_parse - read the command line
 * @o: filled
 * @argc: words
 * @argv: the words; the first is the command's name
 *
 * Return: false: it is wrong (said).
 */
bool mkroot_parse(struct mkroot_options *o, int argc, char **argv);

/**
 * mkroot_make - make a root file system, and tell progress
 * @o: what the user wants
 *
 * The mounts of this process are its own from then on. It ends soon after.
 *
 * Return: 0, or -1 (said): nothing is left half done.
 */
int mkroot_make(const struct mkroot_options *o);

/**
 * mkroot_block_used - say what uses a block device
 * @root: descriptor of the root directory
 * @number: of the device, as "8:1"
 * @why: set to a few words
 *
 * Its partitions count, too.
 *
 * Return: true if something does.
 */
bool mkroot_block_used(int root, const char *number, char why[MKROOT_WHY]);

/**
 * mkroot_open_used - say which loop device or process has a file or device open
 * @root: descriptor of the root directory
 * @path: absolute, of the file or device
 * @st: what stat() says of it
 * @why: set to a few words
 *
 * Return: true if one has.
 */
bool mkroot_open_used(int root, const char *path, const struct stat *st, char why[MKROOT_WHY]);

/**
 * mkroot_has_data - say what data a device or an image file has
 * @path: absolute
 * @st: what stat() says of it
 * @why: set to a few words
 *
 * What cannot be read counts as data. Of a file all that is no hole is data.
 *
 * Return: true if there is some.
 */
bool mkroot_has_data(const char *path, const struct stat *st, char why[MKROOT_WHY]);

/**
 * mkroot_in_use - say what uses a device or an image file
 * @path: absolute
 * @st: what stat() says of it
 * @why: set to a few words
 *
 * A device that a process has open for less than three seconds is not in use.
 *
 * Return: true if something does.
 */
bool mkroot_in_use(const char *path, const struct stat *st, char why[MKROOT_WHY]);

/**
 * mkroot_may_write - check that a target may be overwritten
 * @o: what the user wants
 * @path: absolute, of the target
 * @st: what stat() says of it
 *
 * Return: 0, or -1 (said).
 */
int mkroot_may_write(const struct mkroot_options *o, const char *path, const struct stat *st);

/**
 * mkroot_guest_check - check that all that goes into the file system can be had
 * @o: what the user wants
 *
 * Return: 0, or -1 (said).
 */
int mkroot_guest_check(const struct mkroot_options *o);

/**
 * mkroot_guest_put - put the guest's part and the settings into a root file system
 * @o: what the user wants
 * @root: descriptor of its root directory
 *
 * Symbolic links there lead nowhere outside it.
 *
 * Return: 0, or -1 (said).
 */
int mkroot_guest_put(const struct mkroot_options *o, int root);

/**
 * struct mkroot_sink - where the guest's part goes
 * @file: takes a file of this machine that shall be there; -1 with errno set on error
 * @link: takes a symbolic link; the same
 * @to: what both get
 */
struct mkroot_sink {
	int (*file)(void *to, const char *path, const char *from, mode_t mode);
	int (*link)(void *to, const char *path, const char *target);
	void *to;
};

/**
 * mkroot_guest_parts - pass on the programs of the guest's part, and what starts them
 * @o: what the user wants
 * @sink: where they go
 *
 * Return: 0, or -1 (said).
 */
int mkroot_guest_parts(const struct mkroot_options *o, const struct mkroot_sink *sink);

/**
 * mkroot_guest_units - pass on the links by which the right units start
 * @sink: where they go
 *
 * Return: 0, or -1 (said).
 */
int mkroot_guest_units(const struct mkroot_sink *sink);

/**
 * mkroot_guest_init - check that a root file system can start
 * @root: descriptor of its root directory
 *
 * Return: 0, or -1 (said).
 */
int mkroot_guest_init(int root);

/**
 * mkroot_is_ext4 - check if a file has an ext4 file system
 * @path: of the file
 *
 * Return: true if it has.
 */
bool mkroot_is_ext4(const char *path);

/**
 * mkroot_copy_image - copy a checked image and let it fill its new place
 * @from: absolute, of the image
 * @to: device or new image file
 * @size: bytes there
 * @sparse: @to is a file, and all zeroes
 *
 * Return: 0, or -1 (said).
 */
int mkroot_copy_image(const char *from, const char *to, unsigned long long size, bool sparse);

/**
 * mkroot_make_fs - make an empty ext4 file system
 * @path: device or image file
 *
 * Return: 0, or -1 (said).
 */
int mkroot_make_fs(const char *path);

/**
 * mkroot_fill - unpack an archive, or run mmdebstrap
 * @o: what the user wants
 * @dir: where the file system is mounted
 *
 * Return: 0, or -1 (said).
 */
int mkroot_fill(const struct mkroot_options *o, const char *dir);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder share. */
#ifndef VIRTUOS_HW_PRIV_H
#define VIRTUOS_HW_PRIV_H

#include "hw.h"
#include "tree.h"

#define HW_MOST_STEPS	100000	/* real hosts need some hundred */
#define HW_MOST_DEEP	16	/* volumes or interfaces on each other */

/**
 * hw_bdf_ok - check that text is a PCI address and nothing else
 * @text: the text
 *
 * Return: true if it is.
 */
bool hw_bdf_ok(const char *text);

/**
 * hw_device_of_path - find the device that a path in sysfs leads through last
 * @h: the host
 * @path: as a link has it
 *
 * Return: the device, or NULL for what has none.
 */
struct hw_device *hw_device_of_path(const struct hw *h, const char *path);

/**
 * hw_append - add a word to a list in a text
 * @list: the text; three dots at its end say that there is more
 * @size: its room
 * @word: the word
 * @between: what stands between two words
 */
void hw_append(char *list, size_t size, const char *word, const char *between);

/**
 * hw_each_line - call a function for each line of a file
 * @h: the host
 * @path: of the file, below the root
 * @fn: gets the line without its end, and may change it
 *
 * Return: 0, or -1 with errno set: the file cannot be read.
 */
int hw_each_line(struct hw *h, const char *path, void (*fn)(struct hw *h, char *line));

/**
 * hw_step - count a step from a volume or an interface to what is below it
 * @h: the host
 * @depth: how many steps this one is from where dom0's use is known
 *
 * Where they go in circles, hw_read() fails: no device may pass for unused.
 *
 * Return: false: do not take it.
 */
bool hw_step(struct hw *h, int depth);

/**
 * hw_read_pci - read the PCI devices
 * @h: the host; device and n are filled
 *
 * Return: 0, or -1 with errno set.
 */
int hw_read_pci(struct hw *h);

/**
 * hw_read_disks - find out which disks the devices have, and what dom0 does with them
 * @h: the host
 *
 * Return: 0, or -1 with errno set.
 */
int hw_read_disks(struct hw *h);

/**
 * hw_read_nets - find out which interfaces the devices have, and what dom0 does with them
 * @h: the host
 */
void hw_read_nets(struct hw *h);

#endif

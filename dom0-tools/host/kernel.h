/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which kernel a domain was started with, and whether another one is installed since. An
 * upgrade replaces the files under the same names and lets domains run on.
 *
 * A note tells contents from files: a package that is installed again has the same contents. To
 * read them takes long, so untouched files are not read.
 */
#ifndef VIRTUOS_KERNEL_H
#define VIRTUOS_KERNEL_H

#define VD_KERNEL_NOTE	600

enum vd_kernel {
	VD_KERNEL_UNKNOWN,	/* there is no note, or no file any more */
	VD_KERNEL_INSTALLED,
	VD_KERNEL_OLDER		/* other contents are installed */
};

/**
 * vd_kernel_note - write down what the files of a domain's kernel are
 * @kernel: its path
 * @ramdisk: its initramfs's
 * @note: set to one line; "": they cannot be read, or have long or strange names
 */
void vd_kernel_note(const char *kernel, const char *ramdisk, char note[VD_KERNEL_NOTE]);

/**
 * vd_kernel_judge - compare a note with the files as they are
 * @note: of vd_kernel_note()
 *
 * Return: what is known.
 */
enum vd_kernel vd_kernel_judge(const char *note);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* How Xen was booted, as far as that bounds what a domain gets. */
#ifndef VIRTUOS_XEN_H
#define VIRTUOS_XEN_H

#include <stdbool.h>

/**
 * vd_xen_option - find the value of an option on Xen's command line
 * @options: the command line
 * @name: of the option
 *
 * Return: the value of the last NAME=value; it ends with a blank or the text. NULL: there is none.
 */
const char *vd_xen_option(const char *options, const char *name);

/**
 * vd_xen_grant_frames - find how many frames the grant table of a domain has by default
 * @options: Xen's command line
 *
 * Return: their number.
 */
long vd_xen_grant_frames(const char *options);

/**
 * vd_xen_bounds_grant_frames - check if a domain can have no more frames than the default
 * @major: of Xen's version
 * @minor: of Xen's version
 *
 * Return: true if so, as up to Xen 4.17. Later ones give a domain what its configuration says.
 */
bool vd_xen_bounds_grant_frames(int major, int minor);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* How root gets into the new system: its password and its keys. */
#ifndef VIRTUOS_MKROOT_ACCOUNT_H
#define VIRTUOS_MKROOT_ACCOUNT_H

#include "mkroot.h"

/**
 * mkroot_account_check - check that the files with keys and password have what they should
 * @o: what the user wants
 *
 * Return: 0, or -1 (said).
 */
int mkroot_account_check(const struct mkroot_options *o);

/**
 * mkroot_account_put - set root's password, or lock it, and add its keys
 * @o: what the user wants
 * @root: descriptor of the root directory
 *
 * Return: 0, or -1 (said).
 */
int mkroot_account_put(const struct mkroot_options *o, int root);

#endif

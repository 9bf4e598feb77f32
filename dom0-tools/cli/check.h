/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of `virtuos check` share. Each lack is one line, and one with the remedy. */
#ifndef VIRTUOS_CLI_CHECK_H
#define VIRTUOS_CLI_CHECK_H

#include "../hw/hw.h"
#include "config.h"

/**
 * check_good - say what is as it should be
 * @fmt: as for printf()
 */
void check_good(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * check_lack - say what is missing or wrong
 * @remedy: what to do
 * @fmt: what it is, as for printf()
 */
void check_lack(const char *remedy, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * check_count - count the lacks
 *
 * Return: how often check_lack() was called.
 */
int check_count(void);

/**
 * check_pci - check that the PCI devices of a system are there and to spare
 * @c: the configuration
 * @h: the host
 * @up: the system is up, and so has its devices
 */
void check_pci(const struct vd_config *c, const struct hw *h, bool up);

/**
 * check_disks - check the volumes and image files of a system that is not up
 * @c: the configuration
 * @root: descriptor of the root directory
 *
 * The primary's root file system is read, if it is in one of them.
 */
void check_disks(const struct vd_config *c, int root);

/**
 * check_addresses - check that no other machine has the addresses of a system that is not up
 * @c: the configuration
 * @root: descriptor of the root directory
 *
 * A packet is sent to each address, so that the kernel asks for its owner.
 */
void check_addresses(const struct vd_config *c, int root);

/**
 * check_other - check that two systems do not get into each other's way
 * @c: the configuration
 * @other: that of a system that is up
 */
void check_other(const struct vd_config *c, const struct vd_config *other);

/**
 * check_xen_options - check the options on Xen's command line
 * @c: the configuration or NULL
 * @options: the command line
 * @bounded: a domain can have no more grant frames than these options say
 */
void check_xen_options(const struct vd_config *c, const char *options, bool bounded);

/**
 * check_no_iommu - say why Xen uses no IOMMU, and what to do about it
 * @root: descriptor of the root directory
 * @options: Xen's command line
 */
void check_no_iommu(int root, const char *options);

#endif

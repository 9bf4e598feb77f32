/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PCI devices of this host: what could be handed over to a service domain, and what domain 0
 * lives on. All is read from sysfs, procfs and /dev; nothing is changed.
 *
 * Text in these structures may hold any bytes; vd_printable() belongs before a terminal.
 */
#ifndef VIRTUOS_HW_H
#define VIRTUOS_HW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define HW_BDF		13	/* "0000:03:00.0" */
#define HW_NAME		32
#define HW_USE		160
#define HW_WHY		256

enum hw_kind { HW_OTHER, HW_NIC, HW_DISK };

/**
 * struct hw_device - a PCI device
 * @bdf: its address
 * @kind: network card, disk controller, or neither
 * @vendor: number of its maker
 * @id: number of its model
 * @driver: dom0's; "": none
 * @group: its IOMMU group; -1: Linux knows none, as in domain 0, where Xen has the IOMMU
 * @bridge: the conventional bridge whose address its DMA may bear; "": none
 * @resets: ways to reset it; "": none
 * @names: network interfaces or disks that it has in dom0
 * @disk: the first disk's name
 * @use: what dom0 does with it; "": nothing
 * @domain: which domain has it; "": none
 */
struct hw_device {
	char bdf[HW_BDF];
	enum hw_kind kind;
	unsigned int vendor, id;
	char driver[HW_NAME];
	long group;
	char bridge[HW_BDF];
	char resets[64];
	char names[64];
	char disk[HW_NAME];
	char use[HW_USE];
	char domain[HW_NAME];
};

/**
 * struct hw - a host's devices
 * @root: descriptor of the root directory
 * @device: the devices, by address
 * @n: their number
 * @net_bridge: a bridge of dom0's to which interfaces can be added; "": none
 * @volume_group: an LVM volume group; "": none is active
 * @steps: how many steps from volumes and interfaces to devices were taken
 */
struct hw {
	int root;
	struct hw_device *device;
	size_t n;
	char net_bridge[HW_NAME];
	char volume_group[HW_NAME];
	unsigned int steps;
};

/**
 * struct hw_forced - devices that shall be handed over whatever stands against it
 * @bdf: their addresses
 * @n: their number
 */
struct hw_forced {
	const char *const *bdf;
	size_t n;
};

/**
 * hw_read - read what this host has
 * @h: filled; hw_free() frees it
 * @root: the root directory, / but in tests
 *
 * Return: 0, or -1 with errno set.
 */
int hw_read(struct hw *h, const char *root);

/**
 * hw_free - free what hw_read() has filled
 * @h: the host
 */
void hw_free(struct hw *h);

/**
 * hw_find - find a device
 * @h: the host
 * @bdf: its address
 *
 * Return: the device or NULL.
 */
struct hw_device *hw_find(const struct hw *h, const char *bdf);

/**
 * hw_refusal - say why a device should not be handed over
 * @h: the host
 * @d: the device
 * @why: set to one sentence without a full stop; "": it can be
 *
 * Return: true if something stands against it.
 */
bool hw_refusal(const struct hw *h, const struct hw_device *d, char why[HW_WHY]);

/**
 * hw_choose - choose the device that a service domain should have
 * @h: the host
 * @kind: network card or disk controller
 * @forced: what the user insists on
 *
 * Return: the device, or NULL if there is none to spare.
 */
const struct hw_device *hw_choose(const struct hw *h, enum hw_kind kind,
				  const struct hw_forced *forced);

/**
 * struct hw_proposal - what a proposed configuration is made of
 * @nic: the network card; NULL: an interface of dom0's bridge
 * @disk: the disk controller; NULL: a volume or an image file of dom0
 * @mac: the address of the interface
 */
struct hw_proposal {
	const struct hw_device *nic, *disk;
	unsigned char mac[6];
};

/**
 * hw_write_config - write a proposed configuration, see virtuos.cfg(5)
 * @h: the host
 * @p: the proposal
 * @f: where it goes
 */
void hw_write_config(const struct hw *h, const struct hw_proposal *p, FILE *f);

#endif

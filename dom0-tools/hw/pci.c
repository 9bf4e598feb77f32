/* SPDX-License-Identifier: GPL-2.0-only */
/* The PCI devices in sysfs: see hw_priv.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw_priv.h"

#define DEVICES		"sys/bus/pci/devices"
#define CONFIG_BYTES	256
#define CLASS_NET	0x02
#define CLASS_STORAGE	0x01
#define CLASS_BRIDGE	0x0604

/* Of PCI's configuration space. */
#define STATUS		0x06
#define STATUS_LIST	0x10
#define CAPABILITIES	0x34
#define CAP_EXPRESS	0x10
#define EXPRESS_FLAGS	2
#define TYPE_TO_PCI	7	/* a bridge from PCI Express to conventional PCI */

static unsigned long number(int root, const char *bdf, const char *name, unsigned long dflt)
{
	char text[32], *end;
	unsigned long n;

	if (hw_text(root, text, sizeof(text), DEVICES "/%s/%s", bdf, name))
		return dflt;
	errno = 0;
	n = strtoul(text, &end, 0);
	return errno || end == text || *end ? dflt : n;
}

/* Where the configuration space has its PCI Express capability; 0: it has none. */
static size_t find_express(const unsigned char *config, size_t len)
{
	unsigned int at, left = 48;

	if (len <= CAPABILITIES || !(config[STATUS] & STATUS_LIST))
		return 0;
	at = config[CAPABILITIES] & ~3u;
	while (at >= 0x40 && at + EXPRESS_FLAGS < len && left--) {
		if (config[at] == CAP_EXPRESS)
			return at;
		at = config[at + 1] & ~3u;
	}
	return 0;
}

/*
 * Behind a conventional bridge all devices' DMA bears one address, the bridge's or its own bus's.
 * Only root can read the list of capabilities; without it no bridge counts as conventional.
 */
static bool is_conventional(int root, const char *bdf)
{
	unsigned char config[CONFIG_BYTES];
	char path[HW_PATH];
	ssize_t n = -1;
	size_t at;
	int fd;

	if (number(root, bdf, "class", 0) >> 8 != CLASS_BRIDGE)
		return false;
	snprintf(path, sizeof(path), DEVICES "/%s/config", bdf);
	fd = openat(root, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, config, sizeof(config));
		close(fd);
	}
	if (n < CONFIG_BYTES)
		return false;
	at = find_express(config, (size_t)n);
	return !at || config[at + EXPRESS_FLAGS] >> 4 == TYPE_TO_PCI;
}

/* The conventional bridge nearest to the root, of those on the way to a device. */
static void find_bridge(int root, struct hw_device *d)
{
	char path[HW_PATH], *pos = path, *word;

	hw_link(root, path, DEVICES "/%s", d->bdf);
	while (!*d->bridge && (word = strsep(&pos, "/")))
		if (hw_bdf_ok(word) && strcmp(word, d->bdf) && is_conventional(root, word))
			snprintf(d->bridge, sizeof(d->bridge), "%s", word);
}

static enum hw_kind kind_of(unsigned long class)
{
	switch (class >> 16) {
	case CLASS_NET:
		return HW_NIC;
	case CLASS_STORAGE:
		return HW_DISK;
	}
	return HW_OTHER;
}

static void read_device(int root, struct hw_device *d)
{
	char path[HW_PATH], text[48];
	unsigned long n;

	d->kind = kind_of(number(root, d->bdf, "class", 0) & 0xffffff);
	d->vendor = number(root, d->bdf, "vendor", 0) & 0xffff;
	d->id = number(root, d->bdf, "device", 0) & 0xffff;
	if (!hw_link(root, path, DEVICES "/%s/driver", d->bdf))
		snprintf(d->driver, sizeof(d->driver), "%s", hw_basename(path));
	d->group = -1;
	if (!hw_link(root, path, DEVICES "/%s/iommu_group", d->bdf))
		d->group = atol(hw_basename(path));
	if (hw_exists(root, DEVICES "/%s/reset", d->bdf) &&
	    (hw_text(root, d->resets, sizeof(d->resets), DEVICES "/%s/reset_method", d->bdf) ||
	     !*d->resets))
		snprintf(d->resets, sizeof(d->resets), "yes");
	find_bridge(root, d);
	n = number(root, d->bdf, "sriov_numvfs", 0);
	if (n) {
		snprintf(text, sizeof(text), "%lu virtual functions", n);
		hw_append(d->use, sizeof(d->use), text, ", ");
	}
}

int hw_read_pci(struct hw *h)
{
	struct hw_names names = hw_list(h->root, DEVICES);
	size_t i;

	h->device = calloc(names.n + 1, sizeof(*h->device));
	for (i = 0; h->device && i < names.n; i++) {
		if (!hw_bdf_ok(names.name[i]))
			continue;
		memcpy(h->device[h->n].bdf, names.name[i], HW_BDF);
		read_device(h->root, &h->device[h->n++]);
	}
	hw_list_free(&names);
	if (h->device)
		return 0;
	errno = ENOMEM;
	return -1;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* A proposed configuration: see hw.h. Only checked text goes outside of comments. */
#include <string.h>

#include "hw_priv.h"
#include "../common/printable.h"

static const char head[] =
	"# Proposed by virtuos scan for this host. virtuos.cfg(5) explains each line, and\n"
	"# virtuos check says whether the host is fit for what stands here.\n"
	"\n"
	"# The primary runs all programs.\n"
	"primary = \"primary\"\n"
	"primary_memory = 1024\t\t# MiB\n"
	"primary_vcpus = 2\n"
	"\n"
	"services = [ \"net\", \"storage\" ]\n"
	"\n"
	"# The network domain runs TCP/IP for the primary.\n"
	"net_role = \"network\"\n";

static const char address[] =
	"net_address = \"dhcp\"\n"
	"#net_address = \"192.0.2.10/24 gw 192.0.2.1\"\n"
	"\n"
	"# The storage domain has the primary's root file system, as virtuos mkroot\n"
	"# makes one: ext4, with what virtuos-guest has in it.\n"
	"storage_role = \"storage\"\n";

static void write_device(const struct hw *h, const struct hw_device *d, FILE *f)
{
	char names[sizeof(d->names)], why[HW_WHY];

	snprintf(names, sizeof(names), "%s", *d->names ? d->names : "no name in domain 0");
	vd_printable(names, strlen(names));
	fprintf(f, "# %s: %04x:%04x, %s. virtuos up takes it from domain 0, virtuos down gives it back.\n",
		d->bdf, d->vendor, d->id, names);
	if (!hw_refusal(h, d, why))
		return;
	vd_printable(why, strlen(why));
	fprintf(f, "# Taken by --force, though %s.\n", why);
}

static void write_vif(const struct hw *h, const struct hw_proposal *p, FILE *f)
{
	const unsigned char *m = p->mac;

	fprintf(f, "# Domain 0 has no network card to spare: an interface of its bridge.\n");
	if (!*h->net_bridge)
		fprintf(f, "# There is no bridge yet: bridge-utils-interfaces(5) tells how to make xenbr0.\n");
	fprintf(f, "net_vif = [ \"mac=%02x:%02x:%02x:%02x:%02x:%02x,bridge=%s\" ]\n", m[0], m[1],
		m[2], m[3], m[4], m[5], *h->net_bridge ? h->net_bridge : "xenbr0");
}

static void write_volume(const struct hw *h, FILE *f)
{
	char target[64] = "/var/lib/virtuos/root.img";

	fprintf(f, "# Domain 0 has no disk controller to spare: ");
	if (*h->volume_group) {
		snprintf(target, sizeof(target), "/dev/%s/virtuos", h->volume_group);
		fprintf(f, "a volume. To make it: lvcreate -n virtuos -L 8G %s\n", h->volume_group);
	} else {
		fprintf(f, "an image file. To make it: truncate -s 8G %s\n", target);
	}
	fprintf(f, "storage_disk = [ \"format=raw,vdev=xvda,access=rw,target=%s\" ]\n"
		"storage_device = \"/dev/xvda\"\n", target);
}

/* The storage domain has no other disk, so that its names begin anew. */
static void write_disk(const struct hw_device *d, FILE *f)
{
	bool nvme = !strncmp(d->driver, "nvme", 4) || !strncmp(d->disk, "nvme", 4);

	fprintf(f, "# As the storage domain sees its first disk; add the number of a partition, if it has any.\n"
		"storage_device = \"/dev/%s\"\n", nvme ? "nvme0n1" : "sda");
}

void hw_write_config(const struct hw *h, const struct hw_proposal *p, FILE *f)
{
	fputs(head, f);
	if (p->nic) {
		write_device(h, p->nic, f);
		fprintf(f, "net_pci = [ \"%s\" ]\n", p->nic->bdf);
	} else {
		write_vif(h, p, f);
	}
	fputs(address, f);
	if (p->disk) {
		write_device(h, p->disk, f);
		fprintf(f, "storage_pci = [ \"%s\" ]\n", p->disk->bdf);
		write_disk(p->disk, f);
	} else {
		write_volume(h, f);
	}
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* virtuos check: what other systems and machines have that this one wants. See check.h. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../hw/tree.h"
#include "check.h"

#define DISCARD		9	/* a UDP port at which nothing is done with what comes */
#define ANSWER_MS	1000
#define TICK_MS		50

static const struct vd_domain_config *domain_of(const struct vd_config *c, int i)
{
	return i < 0 ? &c->primary : &c->service[i];
}

static bool same_device(const libxl_device_pci *a, const libxl_device_pci *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->dev == b->dev &&
	       a->func == b->func;
}

static void compare_pci(const struct vd_domain_config *a, const struct vd_domain_config *b)
{
	int i, j;

	for (i = 0; i < a->n_pci; i++)
		for (j = 0; j < b->n_pci; j++)
			if (same_device(&a->pci[i], &b->pci[j]))
				check_lack("give it to one system only; or virtuos down the other first",
					   "%s: PCI device %02x:%02x.%x belongs to %s, which is up",
					   a->name, a->pci[i].bus, a->pci[i].dev, a->pci[i].func,
					   b->name);
}

static void compare_disks(const struct vd_domain_config *a, const struct vd_domain_config *b)
{
	int i, j;

	for (i = 0; i < a->n_disk; i++)
		for (j = 0; j < b->n_disk; j++)
			if (!strcmp(a->disk[i].pdev_path, b->disk[j].pdev_path))
				check_lack("give it to one system only; or virtuos down the other first",
					   "%s: %s belongs to %s, which is up", a->name,
					   a->disk[i].pdev_path, b->name);
}

static void compare_nvme(const struct vd_domain_config *a, const struct vd_domain_config *b)
{
	if (vd_nvme_same(a, b))
		check_lack("give it to one system only; or virtuos down the other first",
			   "%s: the disk of %s_nvme belongs to %s, which is up", a->name, a->name,
			   b->name);
}

/* The address in the kernel's ip= value; "": it is asked for by DHCP, or none is set. */
static void address_of(const struct vd_domain_config *d, char address[INET_ADDRSTRLEN])
{
	size_t n = d->ip ? strcspn(d->ip, ":") : 0;

	*address = 0;
	if (n && n < INET_ADDRSTRLEN && d->ip[n]) {
		memcpy(address, d->ip, n);
		address[n] = 0;
	}
}

static void compare_domains(const struct vd_domain_config *a, const struct vd_domain_config *b)
{
	char one[INET_ADDRSTRLEN], two[INET_ADDRSTRLEN];

	if (!strcmp(a->name, b->name))
		check_lack("give it another name", "%s: another system that is up has a domain of this name",
			   a->name);
	compare_pci(a, b);
	compare_disks(a, b);
	compare_nvme(a, b);
	address_of(a, one);
	address_of(b, two);
	if (*one && !strcmp(one, two))
		check_lack("give it another address", "%s: %s, which is up, has the address %s",
			   a->name, b->name, one);
}

void check_other(const struct vd_config *c, const struct vd_config *other)
{
	int i, j;

	for (i = -1; i < c->n_services; i++)
		for (j = -1; j < other->n_services; j++)
			compare_domains(domain_of(c, i), domain_of(other, j));
}

static bool is_our_own(const char *address)
{
	struct ifaddrs *all, *a;
	const struct sockaddr_in *in;
	char text[INET_ADDRSTRLEN];
	bool found = false;

	if (getifaddrs(&all))
		return false;
	for (a = all; a && !found; a = a->ifa_next) {
		if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET)
			continue;
		in = (const struct sockaddr_in *)(const void *)a->ifa_addr;
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		found = !strcmp(text, address);
	}
	freeifaddrs(all);
	return found;
}

/* "192.0.2.1 0x1 0x2 52:54:00:12:34:56 * eth0"; flag 2: the owner has answered */
static bool has_answered(int root, const char *address)
{
	char line[256], text[64];
	unsigned int flags;
	bool found = false;
	FILE *f = hw_open(root, "proc/net/arp");

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%63s %*s %x", text, &flags) == 2 &&
			!strcmp(text, address) && flags & 2;
	if (f)
		fclose(f);
	return found;
}

static void send_one(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(DISCARD) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return;
	inet_pton(AF_INET, address, &to.sin_addr);
	sendto(fd, "", 0, 0, (const struct sockaddr *)&to, sizeof(to));
	close(fd);
}

static bool is_elsewhere(int root, const char *address)
{
	const struct timespec tick = { .tv_nsec = TICK_MS * 1000000L };
	int ms;

	send_one(address);
	for (ms = 0; ms < ANSWER_MS; ms += TICK_MS) {
		if (has_answered(root, address))
			return true;
		nanosleep(&tick, NULL);
	}
	return false;
}

void check_addresses(const struct vd_config *c, int root)
{
	char address[INET_ADDRSTRLEN];
	const char *name;
	int i;

	for (i = 0; i < c->n_services; i++) {
		name = c->service[i].name;
		address_of(&c->service[i], address);
		if (!*address)
			continue;
		if (is_our_own(address))
			check_lack("give it another address", "%s: domain 0 has the address %s",
				   name, address);
		else if (is_elsewhere(root, address))
			check_lack("give it another address", "%s: another machine has the address %s",
				   name, address);
		else
			check_good("%s: no other machine answers at %s", name, address);
	}
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtuos scan: which devices this host has, which of them a service domain can have, and a
 * configuration for it. It works without Xen as well, before the first boot under it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "../common/printable.h"
#include "../hw/hw.h"
#include "../perf/output.h"
#include "cli.h"
#include "owners.h"

#define MOST_FORCED	8
#define FORMER		".old"

struct scan_options {
	const char *write;
	const char *bdf[MOST_FORCED];
	struct hw_forced forced;
};

static bool parse_options(int argc, char **argv, struct scan_options *o)
{
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--write") && *argv[i + 1])
			o->write = argv[i + 1];
		else if (!strcmp(argv[i], "--force") && o->forced.n < MOST_FORCED)
			o->bdf[o->forced.n++] = argv[i + 1];
		else
			return false;
	}
	o->forced.bdf = o->bdf;
	return i == argc;
}

static bool check_forced(const struct hw *h, const struct hw_forced *forced)
{
	const struct hw_device *d;
	size_t i;

	for (i = 0; i < forced->n; i++) {
		d = hw_find(h, forced->bdf[i]);
		if (d && d->kind != HW_OTHER)
			continue;
		vd_log("--force %s: there is no such network card or disk controller",
		       forced->bdf[i]);
		return false;
	}
	return true;
}

/* Without Xen no domain has any. */
static void read_owners(struct hw *h)
{
	struct xs_handle *xs = access("/proc/xen/capabilities", F_OK) ? NULL : xs_open(0);

	if (!xs)
		return;
	owners_read(h, xs);
	xs_close(xs);
}

static const char *or_dash(char *text)
{
	vd_printable(text, strlen(text));
	return *text ? text : "-";
}

static void print_device(const struct hw *h, const struct hw_device *d)
{
	struct hw_device copy = *d;
	char why[HW_WHY], group[24] = "-";

	if (d->group >= 0)
		snprintf(group, sizeof(group), "%ld", d->group);
	hw_refusal(h, d, why);
	printf("%-4s  %s  %04x:%04x  %-10s %-10s %-5s  %-12s  %s\n",
	       d->kind == HW_NIC ? "nic" : "disk", d->bdf, d->vendor, d->id,
	       or_dash(copy.driver), or_dash(copy.names), group, or_dash(copy.resets),
	       *why ? or_dash(why) : "can be handed over");
}

static void print_devices(const struct hw *h)
{
	size_t i;

	printf("%-4s  %-12s  %-9s  %-10s %-10s %-5s  %-12s  %s\n", "KIND", "DEVICE", "ID", "DRIVER",
	       "NAMES", "GROUP", "RESET", "STATE");
	for (i = 0; i < h->n; i++)
		if (h->device[i].kind != HW_OTHER)
			print_device(h, &h->device[i]);
}

static void print_choice(const struct hw_device *d, const char *what, const char *instead)
{
	if (d)
		printf("%s: %s\n", what, d->bdf);
	else
		printf("%s: none to spare; %s (--force DEVICE takes one all the same)\n", what,
		       instead);
}

static void print_proposal(const struct hw *h, const struct hw_proposal *p)
{
	printf("\n");
	print_choice(p->nic, "network domain", "proposed is an interface of domain 0's bridge");
	print_choice(p->disk, "storage domain", *h->volume_group ? "proposed is an LVM volume" :
		     "proposed is an image file");
}

/* Xen's own prefix; the rest is random, since no two hosts may have the same. */
static void make_mac(unsigned char mac[6])
{
	memcpy(mac, "\x00\x16\x3e", 3);
	if (getrandom(mac + 3, 3, 0) != 3)
		memset(mac + 3, 0, 3);
	mac[3] &= 0x7f;
}

/* What was there before stays, under another name. */
static int keep_former(const char *path)
{
	char former[VD_PATH_MAX];

	if (access(path, F_OK))
		return 0;
	if (snprintf(former, sizeof(former), "%s" FORMER, path) >= (int)sizeof(former) ||
	    (unlink(former) && errno != ENOENT) || link(path, former)) {
		vd_log("%s" FORMER ": %s", path, strerror(errno));
		return -1;
	}
	printf("%s: what it was before is in %s\n", path, former);
	return 0;
}

static int write_config(const struct hw *h, const struct hw_proposal *p, const char *path)
{
	struct vp_text t = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int r = -1;

	if (f) {
		hw_write_config(h, p, f);
		r = fclose(f) || keep_former(path) ? -1 : 0;
	}
	if (!r) {
		vp_text_bytes(&t, text, len);
		r = vp_output(&t, path);
		vp_text_free(&t);
	}
	if (!r)
		printf("%s: written; virtuos check %s says what the host lacks\n", path, path);
	free(text);
	return r;
}

static int scan(const struct hw *h, const struct scan_options *o)
{
	struct hw_proposal p;

	if (!check_forced(h, &o->forced))
		return 1;
	p.nic = hw_choose(h, HW_NIC, &o->forced);
	p.disk = hw_choose(h, HW_DISK, &o->forced);
	make_mac(p.mac);
	print_devices(h);
	print_proposal(h, &p);
	return o->write && write_config(h, &p, o->write) ? 1 : 0;
}

int cmd_scan(int argc, char **argv)
{
	struct scan_options o = { 0 };
	struct hw h;
	int r;

	if (!parse_options(argc, argv, &o))
		return BAD_USAGE;
	if (hw_read(&h, "/")) {
		vd_log("what the devices are used for cannot be found out: %s",
		       strerror(errno));
		return 1;
	}
	read_owners(&h);
	r = scan(&h, &o);
	hw_free(&h);
	return r;
}

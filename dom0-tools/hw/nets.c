/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which network interfaces a device has, and what dom0 does with them: see hw_priv.h.
 *
 * From a route the way leads through bridges, bonds and VLANs down to the cards.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "hw_priv.h"

#define NET		"sys/class/net"
#define LOWER		"lower_"
#define UPPER		"upper_"

static void add_use(struct hw *h, const char *name, const char *what)
{
	char path[HW_PATH], text[HW_USE];
	struct hw_device *d;

	hw_link(h->root, path, NET "/%s", name);
	d = hw_device_of_path(h, path);
	if (!d)
		return;
	snprintf(text, sizeof(text), "%s (%s)", what, name);
	hw_append(d->use, sizeof(d->use), text, ", ");
}

/* dom0 uses an interface for @what. */
static void use_interface(struct hw *h, const char *name, const char *what, int depth)
{
	struct hw_names names;
	size_t i;

	if (!hw_step(h, depth))
		return;
	add_use(h, name, what);
	names = hw_list(h->root, NET "/%s", name);
	for (i = 0; i < names.n; i++)
		if (!strncmp(names.name[i], LOWER, strlen(LOWER)))
			use_interface(h, names.name[i] + strlen(LOWER), what, depth + 1);
	hw_list_free(&names);
}

/* A name that the kernel would give, and that can stand in a configuration. */
static bool is_plain(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("_.-", name[i]))
			return false;
	return i && i < IFNAMSIZ && *name != '.';
}

static void note_bridge(struct hw *h, const char *name)
{
	if (!*h->net_bridge && is_plain(name) && hw_exists(h->root, NET "/%s/bridge", name))
		snprintf(h->net_bridge, sizeof(h->net_bridge), "%s", name);
}

/* "eth0 00000000 0102A8C0 0003 0 0 100 00000000 ..." */
static void use_route(struct hw *h, char *line)
{
	char name[64], to[16], mask[16];
	bool dflt;

	if (sscanf(line, "%63s %15s %*s %*s %*s %*s %*s %15s", name, to, mask) != 3 ||
	    strspn(to, "0123456789ABCDEF") != 8)
		return;
	dflt = !strcmp(to, "00000000") && !strcmp(mask, "00000000");
	if (dflt)
		note_bridge(h, name);
	use_interface(h, name, dflt ? "default route" : "a route", 0);
}

/* "DESTINATION PREFIX SOURCE PREFIX GATEWAY METRIC REFERENCES USES FLAGS NAME", in hex */
static void use_route6(struct hw *h, char *line)
{
	char to[40], prefix[8], name[64];

	if (sscanf(line, "%39s %7s %*s %*s %*s %*s %*s %*s %*s %63s", to, prefix, name) != 3 ||
	    strspn(to, "0") != 32 || strcmp(prefix, "00") || !strcmp(name, "lo"))
		return;
	note_bridge(h, name);
	use_interface(h, name, "default route", 0);
}

/* "ADDRESS INDEX PREFIX SCOPE FLAGS NAME", in hex; scope 0 is global */
static void use_address6(struct hw *h, char *line)
{
	char scope[8], name[64];

	if (sscanf(line, "%*s %*s %*s %7s %*s %63s", scope, name) == 2 && !strcmp(scope, "00"))
		use_interface(h, name, "an IPv6 address", 0);
}

/* A part of something that is up: of a bridge without an address, for example. */
static void use_part(struct hw *h, const char *name)
{
	struct hw_names names = hw_list(h->root, NET "/%s", name);
	char text[HW_USE];
	size_t i;

	for (i = 0; i < names.n; i++) {
		if (strncmp(names.name[i], UPPER, strlen(UPPER)))
			continue;
		snprintf(text, sizeof(text), "part of %.64s", names.name[i] + strlen(UPPER));
		add_use(h, name, text);
	}
	hw_list_free(&names);
}

void hw_read_nets(struct hw *h)
{
	struct hw_names names = hw_list(h->root, NET);
	struct hw_device *d;
	char path[HW_PATH];
	size_t i;

	for (i = 0; i < names.n; i++) {
		hw_link(h->root, path, NET "/%s", names.name[i]);
		d = hw_device_of_path(h, path);
		if (d)
			hw_append(d->names, sizeof(d->names), names.name[i], " ");
	}
	hw_each_line(h, "proc/net/route", use_route);
	hw_each_line(h, "proc/net/ipv6_route", use_route6);
	hw_each_line(h, "proc/net/if_inet6", use_address6);
	for (i = 0; i < names.n; i++) {
		use_part(h, names.name[i]);
		note_bridge(h, names.name[i]);
	}
	hw_list_free(&names);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* How an installation sets its network up: see adopt.h. Nothing of it is changed. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "adopt.h"

#define WORD	64

/* A word behind one of several others at the beginning of a line. */
struct keyword {
	const char *word, *separators;
};

static const char *skip(const char *text, const char *what)
{
	return text + strspn(text, what);
}

/* What follows @k in a line; "": it does not begin so. */
static void value_of(const char *line, const struct keyword *k, char value[WORD])
{
	size_t len = strlen(k->word);

	*value = 0;
	line = skip(line, " \t");
	if (strncmp(line, k->word, len) || !line[len] || !strchr(k->separators, line[len]))
		return;
	line = skip(line + len, k->separators);
	snprintf(value, WORD, "%.*s", (int)strcspn(line, " \t\n"), line);
}

/* The first few names that a file sets up; the loopback interface is none. */
static void look_in(int root, const char *path, const struct keyword *k, FILE *notes)
{
	char *text = mkroot_read(root, path), value[WORD], names[4 * WORD] = "";
	const char *line;

	for (line = text; line && *line; line = strchr(line, '\n'), line += !!line) {
		value_of(line, k, value);
		if (!*value || !strcmp(value, "lo") || strstr(names, value) ||
		    strlen(names) + strlen(value) + 3 > sizeof(names))
			continue;
		if (*names)
			strcat(names, ", ");
		strcat(names, value);
	}
	if (*names)
		mkroot_adopt_note(notes, "/%s: sets up %s", path, names);
	free(text);
}

static void look_in_folder(int root, const char *folder, const struct keyword *k, FILE *notes)
{
	struct hw_names names = mkroot_list(root, folder);
	char path[INROOT_PATH];
	size_t i;

	for (i = 0; i < names.n; i++)
		if (snprintf(path, sizeof(path), "%s/%s", folder, names.name[i]) < (int)sizeof(path))
			look_in(root, path, k, notes);
	hw_list_free(&names);
}

static void look_for(int root, const char *path, const char *does, FILE *notes)
{
	if (mkroot_exists(root, path))
		mkroot_adopt_note(notes, "/%s: %s", path, does);
}

void mkroot_adopt_network(int root, FILE *notes)
{
	static const struct keyword ifupdown = { "iface", " \t" }, networkd = { "Name", "= \t" },
				    manager = { "interface-name", "= \t" };
	long before = ftell(notes);

	look_in(root, "etc/network/interfaces", &ifupdown, notes);
	look_in_folder(root, "etc/network/interfaces.d", &ifupdown, notes);
	look_in_folder(root, "etc/systemd/network", &networkd, notes);
	look_in_folder(root, "etc/NetworkManager/system-connections", &manager, notes);
	look_for(root, "etc/netplan", "sets interfaces up", notes);
	look_for(root, "usr/bin/cloud-init", "may set interfaces up anew", notes);
	if (ftell(notes) != before)
		mkroot_adopt_note(notes, "a primary has its network domain's interfaces, which the configuration "
				  "sets up: eth0, by net_address");
}

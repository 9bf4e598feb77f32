/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of fstab(5) and crypttab(5) that a primary has no disk for: see adopt.h. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/printable.h"
#include "adopt.h"

#define LEFT_OUT	"# virtuos adopt: "
#define FIELD		256

void mkroot_adopt_note(FILE *notes, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (!notes)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	vd_printable(line, strlen(line));
	fprintf(notes, "   %s\n", line);
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

static bool begins_with_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strncmp(word, *words, strlen(*words)))
			return true;
	return false;
}

/*
 * The primary has no block device, and its kernel no network, no 9p and no virtio. File systems of
 * programs (FUSE), of memory, and what is bound elsewhere stay.
 */
static bool needs_disk(const char *source, const char *type)
{
	static const char *const tags[] = { "UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=", "ID=", "/dev/", NULL };
	static const char *const types[] = { "swap", "ext2", "ext3", "ext4", "xfs", "btrfs", "vfat", "iso9660",
					     "udf", "squashfs", "ntfs3", "nfs", "nfs4", "cifs", "smb3", "ceph",
					     "9p", "virtiofs", NULL };

	return begins_with_one_of(source + (*source == '"'), tags) || is_one_of(type, types);
}

/* Programs are there before anything is mounted, and dpkg's state must be of one piece with them. */
static bool belongs_to_root(const char *dir)
{
	static const char *const dirs[] = { "/usr", "/usr/lib", "/usr/bin", "/usr/sbin", "/var", "/var/lib",
					    "/etc", "/lib", "/bin", "/sbin", NULL };

	return is_one_of(dir, dirs);
}

static const char *field(const char *text, char word[FIELD])
{
	size_t len;

	text += strspn(text, " \t");
	len = strcspn(text, " \t\n");
	snprintf(word, FIELD, "%.*s", (int)len, text);
	return text + len;
}

/* One line with its end. @lost gets the first directory that is lost and matters. */
static void put_line(FILE *f, const char *line, size_t len, char lost[64], FILE *notes)
{
	char source[FIELD], dir[FIELD], type[FIELD];

	field(field(field(line, source), dir), type);
	if (!*source || *source == '#' || !(needs_disk(source, type) || !strcmp(dir, "/"))) {
		fwrite(line, 1, len, f);
		return;
	}
	fprintf(f, LEFT_OUT "%.*s", (int)len, line);
	if (!*lost && belongs_to_root(dir))
		snprintf(lost, 64, "%.63s", dir);
	if (strcmp(dir, "/"))
		mkroot_adopt_note(notes, "/etc/fstab: %s (%s) is left out", dir, source);
}

static char *closed(FILE *f, char *const *text)
{
	if (f && !fclose(f))
		return *text;
	if (f)
		free(*text);
	return NULL;
}

char *mkroot_adopt_table(const char *text, char lost[64], FILE *notes)
{
	char *out = NULL;
	size_t size, len;
	FILE *f = open_memstream(&out, &size);

	*lost = 0;
	for (; f && *text; text += len) {
		len = strcspn(text, "\n");
		len += text[len] == '\n';
		put_line(f, text, len, lost, notes);
	}
	return closed(f, &out);
}

char *mkroot_adopt_crypt_table(const char *text, FILE *notes)
{
	char *out = NULL, name[FIELD];
	size_t size, len;
	FILE *f = open_memstream(&out, &size);

	for (; f && *text; text += len) {
		len = strcspn(text, "\n");
		len += text[len] == '\n';
		field(text, name);
		if (*name && *name != '#') {
			fputs(LEFT_OUT, f);
			mkroot_adopt_note(notes, "/etc/crypttab: %s is left out", name);
		}
		fwrite(text, 1, len, f);
	}
	return closed(f, &out);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's part and the settings in a primary's root file system: see mkroot.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "../host/host.h"
#include "account.h"
#include "inroot.h"
#include "mkroot.h"

#define UNITS		"etc/systemd/system/"
#define AGENT_UNIT	"virtuos-agent.service"
#define WANTED		UNITS "sysinit.target.wants/" AGENT_UNIT
#define CONSOLE		UNITS "getty.target.wants/console-getty.service"
#define USUAL_HOSTNAME	"primary"
#define FSTAB \
	"# The storage domain mounts the root file system; its options are in virtuos.cfg.\n" \
	"# Lines for other file systems go here.\n"

static const struct part {
	const char *name, *path;
	mode_t mode;
} parts[] = {
	{ "virtuos-agent", "usr/lib/virtuos/virtuos-agent", 0755 },
	{ "virtuos-perf", "usr/bin/virtuos-perf", 0755 },
	{ "libsyscall-forward.so", "usr/lib/virtuos/libsyscall-forward.so", 0644 },
	{ "kheaders.ko", "usr/lib/virtuos/kheaders.ko", 0644 },
	{ AGENT_UNIT, UNITS AGENT_UNIT, 0644 },
};

/*
 * Units that wait for devices, modules or networks that a primary does not have. The console's
 * getty is the one that waits for no device.
 */
static const char *const masked[] = {
	"serial-getty@hvc0.service", "getty@tty1.service", "systemd-remount-fs.service",
	"systemd-random-seed.service", "systemd-modules-load.service", "systemd-rfkill.service",
	"modprobe@.service", "modprobe@drm.service", "modprobe@efi_pstore.service",
	"modprobe@fuse.service", "modprobe@configfs.service", "modprobe@dm_mod.service",
	"modprobe@loop.service", "systemd-networkd-wait-online.service",
	"NetworkManager-wait-online.service", "networking.service",
};

static int failed(const char *path)
{
	vd_log("/%s in the root file system: %s", path, strerror(errno));
	return -1;
}

static void part_path(const struct mkroot_options *o, const char *name, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s/%s", o->parts, name) >= PATH_MAX)
		*path = 0;
}

int mkroot_guest_check(const struct mkroot_options *o)
{
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		part_path(o, parts[i].name, path);
		if (access(path, R_OK)) {
			vd_log("%s: %s (the package virtuos-guest has it)", path, strerror(errno));
			return -1;
		}
	}
	return mkroot_account_check(o);
}

int mkroot_guest_parts(const struct mkroot_options *o, const struct mkroot_sink *sink)
{
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		part_path(o, parts[i].name, path);
		if (sink->file(sink->to, parts[i].path, path, parts[i].mode))
			return failed(parts[i].path);
	}
	if (sink->link(sink->to, WANTED, "/" UNITS AGENT_UNIT))
		return failed(WANTED);
	return 0;
}

int mkroot_guest_units(const struct mkroot_sink *sink)
{
	char path[INROOT_PATH];
	size_t i;

	for (i = 0; i < sizeof(masked) / sizeof(masked[0]); i++) {
		snprintf(path, sizeof(path), UNITS "%s", masked[i]);
		if (sink->link(sink->to, path, "/dev/null"))
			return failed(path);
	}
	if (sink->link(sink->to, CONSOLE, "/lib/systemd/system/console-getty.service"))
		return failed(CONSOLE);
	return 0;
}

static int copy_there(void *to, const char *path, const char *from, mode_t mode)
{
	return mkroot_copy(*(int *)to, path, from, mode);
}

static int link_there(void *to, const char *path, const char *target)
{
	return mkroot_link(*(int *)to, path, target);
}

/* Whether a table has more than comments. */
static bool has_lines(const char *text)
{
	while (*text) {
		text += strspn(text, " \t\n");
		if (*text && *text != '#')
			return true;
		text += strcspn(text, "\n");
	}
	return false;
}

/* Devices that a former fstab names are not there, and the start would wait for them. */
static int put_fstab(int root)
{
	char *former = mkroot_read(root, "etc/fstab");
	int r = 0;

	if (former && has_lines(former)) {
		r = mkroot_write(root, "etc/fstab.before-virtuos", former, strlen(former), 0644);
		printf("   /etc/fstab: the former one is in /etc/fstab.before-virtuos there\n");
	}
	free(former);
	if (r || mkroot_write(root, "etc/fstab", FSTAB, strlen(FSTAB), 0644))
		return failed("etc/fstab");
	return 0;
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *at = text;

	while ((at = strstr(at, word))) {
		if ((at == text || strchr(" \t\n", at[-1])) && strchr(" \t\n", at[len]))
			return true;
		at += len;
	}
	return false;
}

static int put_hosts(int root, const char *name)
{
	char *former = mkroot_read(root, "etc/hosts"), *text = NULL;
	int r = 0, len;

	if (former && has_word(former, name)) {
		free(former);
		return 0;
	}
	len = asprintf(&text, "%s%s127.0.1.1\t%s\n", former ? former : "127.0.0.1\tlocalhost\n::1\tlocalhost\n",
		       former && *former && former[strlen(former) - 1] != '\n' ? "\n" : "", name);
	if (len < 0)
		text = NULL;
	if (!text || mkroot_write(root, "etc/hosts", text, (size_t)len, 0644))
		r = failed("etc/hosts");
	free(text);
	free(former);
	return r;
}

/* What mmdebstrap leaves there is dom0's. An archive's or image's stays, unless another is given. */
static int put_hostname(const struct mkroot_options *o, int root)
{
	const char *name = o->hostname;
	char line[80];

	if (!name && o->from && mkroot_exists(root, "etc/hostname"))
		return 0;
	if (!name)
		name = USUAL_HOSTNAME;
	snprintf(line, sizeof(line), "%s\n", name);
	if (mkroot_write(root, "etc/hostname", line, strlen(line), 0644))
		return failed("etc/hostname");
	return put_hosts(root, name);
}

/* Of its own: no two machines may have the same, and without one each start is a first one. */
static int put_machine_id(int root)
{
	unsigned char id[16];
	char line[34];
	size_t i;

	if (getrandom(id, sizeof(id), 0) != sizeof(id)) {
		vd_log("no random numbers: %s", strerror(errno));
		return -1;
	}
	id[6] = (unsigned char)((id[6] & 0x0f) | 0x40);
	id[8] = (unsigned char)((id[8] & 0x3f) | 0x80);
	for (i = 0; i < sizeof(id); i++)
		snprintf(line + 2 * i, 3, "%02x", id[i]);
	strcat(line, "\n");
	return mkroot_write(root, "etc/machine-id", line, strlen(line), 0444) ?
	       failed("etc/machine-id") : 0;
}

int mkroot_guest_init(int root)
{
	if (!mkroot_exists(root, "sbin/init")) {
		vd_log("the root file system has no /sbin/init");
		return -1;
	}
	if (!mkroot_exists(root, "lib/systemd/systemd") && !mkroot_exists(root, "usr/lib/systemd/systemd"))
		printf("   there is no systemd: /usr/lib/virtuos/virtuos-agent must be started otherwise\n");
	return 0;
}

int mkroot_guest_put(const struct mkroot_options *o, int root)
{
	const struct mkroot_sink sink = { .file = copy_there, .link = link_there, .to = &root };

	if (mkroot_guest_init(root) || mkroot_guest_parts(o, &sink) || mkroot_guest_units(&sink) ||
	    put_fstab(root) || put_hostname(o, root) || put_machine_id(root))
		return -1;
	return mkroot_account_put(o, root);
}

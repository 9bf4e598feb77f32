/* SPDX-License-Identifier: GPL-2.0-only */
/* What a target is used for, and what data it has: see mkroot.h. Names found there are hostile. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../host/host.h"
#include "../hw/tree.h"
#include "child.h"
#include "mkroot.h"

#define BLOCK		"sys/class/block"
#define BACKENDS	"sys/bus/xen-backend/devices"
#define NUMBER		24
#define MOST_LOOKS	30
#define LOOK_AGAIN_US	100000
#define HEAD		4096	/* lvcreate(8) blanks so much, and all file systems begin there */

static bool say(char why[MKROOT_WHY], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool say(char why[MKROOT_WHY], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, MKROOT_WHY, fmt, ap);
	va_end(ap);
	return true;
}

/* "36 35 98:0 / /mnt rw - ext4 /dev/sda1 rw": the third word is the number, the fifth the place. */
static bool is_mounted(int root, const char *number, const char *name, char why[MKROOT_WHY])
{
	FILE *f = hw_open(root, "proc/self/mountinfo");
	char *line = NULL, *word[5], *source, *rest;
	bool found = false;
	size_t size = 0;
	int i;

	if (!f)
		return say(why, "cannot be checked: what is mounted is not known");
	while (!found && getline(&line, &size, f) > 0) {
		source = strstr(line, " - ");
		if (source)
			source = strchr(source + 3, ' ');
		if (source)
			source[1 + strcspn(source + 1, "\n ")] = 0;
		for (i = 0, rest = line; i < 5; i++)
			word[i] = strsep(&rest, " ");
		found = word[4] && (!strcmp(word[2], number) ||
				    (source && !strncmp(source + 1, "/dev/", 5) &&
				     !strcmp(source + 6, name)));
		if (found)
			say(why, "is mounted at %s", word[4]);
	}
	free(line);
	fclose(f);
	return found;
}

static bool is_swap(int root, const char *name, char why[MKROOT_WHY])
{
	FILE *f = hw_open(root, "proc/swaps");
	char line[HW_PATH], link[HW_PATH];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, " \t\n")] = 0;
		if (*line != '/')
			continue;
		if (hw_link(root, link, "%s", line + 1))
			snprintf(link, sizeof(link), "%s", line);
		found = !strncmp(line, "/dev/", 5) && !strcmp(hw_basename(link), name);
	}
	if (f)
		fclose(f);
	return found && say(why, "is swap space of this machine");
}

/* A volume, a RAID or the like of dom0's above it. */
static bool is_held(int root, const char *name, char why[MKROOT_WHY])
{
	struct hw_names holders = hw_list(root, BLOCK "/%s/holders", name);
	bool found = holders.n;

	if (found)
		say(why, "is held by %s", holders.name[0]);
	hw_list_free(&holders);
	return found;
}

/* Xen's block back end writes the number in hexadecimal. */
static bool is_guests(int root, const char *number, char why[MKROOT_WHY])
{
	struct hw_names backends = hw_list(root, BACKENDS);
	unsigned int major, minor;
	char text[32], own[32] = "";
	bool found = false;
	size_t i;

	if (sscanf(number, "%u:%u", &major, &minor) == 2)
		snprintf(own, sizeof(own), "%x:%x", major, minor);
	for (i = 0; i < backends.n && !found; i++) {
		hw_text(root, text, sizeof(text), BACKENDS "/%s/physical_device", backends.name[i]);
		found = *own && !strcmp(text, own);
		if (found)
			say(why, "is in use by a guest (%s)", backends.name[i]);
	}
	hw_list_free(&backends);
	return found;
}

static bool is_used(int root, const char *number, const char *name, char why[MKROOT_WHY])
{
	return is_mounted(root, number, name, why) || is_swap(root, name, why) ||
	       is_held(root, name, why) || is_guests(root, number, why);
}

bool mkroot_block_used(int root, const char *number, char why[MKROOT_WHY])
{
	char link[HW_PATH], part[NUMBER], inner[MKROOT_WHY];
	struct hw_names names;
	const char *name;
	bool used;
	size_t i;

	if (hw_link(root, link, "sys/dev/block/%s", number))
		return say(why, "cannot be checked: sysfs does not have it");
	name = hw_basename(link);
	used = is_used(root, number, name, why);
	names = hw_list(root, BLOCK "/%s", name);
	for (i = 0; i < names.n && !used; i++) {
		if (!hw_exists(root, BLOCK "/%s/%s/partition", name, names.name[i]) ||
		    hw_text(root, part, sizeof(part), BLOCK "/%s/%s/dev", name, names.name[i]))
			continue;
		used = is_used(root, part, names.name[i], inner);
		if (used)
			say(why, "has a partition: %.32s %.100s", names.name[i], inner);
	}
	hw_list_free(&names);
	return used;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode))
		return S_ISBLK(b->st_mode) && a->st_rdev == b->st_rdev;
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool has_open(int root, const char *process, const struct stat *st)
{
	struct hw_names fds = hw_list(root, "proc/%s/fd", process);
	char path[HW_PATH];
	bool found = false;
	struct stat fd;
	size_t i;

	for (i = 0; i < fds.n && !found; i++) {
		snprintf(path, sizeof(path), "proc/%s/fd/%s", process, fds.name[i]);
		found = !fstatat(root, path, &fd, 0) && is_same(st, &fd);
	}
	hw_list_free(&fds);
	return found;
}

static bool is_loop(int root, const char *path, char why[MKROOT_WHY])
{
	struct hw_names names = hw_list(root, BLOCK);
	char file[HW_PATH];
	bool found = false;
	size_t i;

	for (i = 0; i < names.n && !found; i++) {
		hw_text(root, file, sizeof(file), BLOCK "/%s/loop/backing_file", names.name[i]);
		found = !strcmp(file, path);
		if (found)
			say(why, "is in use as /dev/%s", names.name[i]);
	}
	hw_list_free(&names);
	return found;
}

bool mkroot_open_used(int root, const char *path, const struct stat *st, char why[MKROOT_WHY])
{
	struct hw_names names;
	bool found = false;
	char comm[32];
	size_t i;

	if (is_loop(root, path, why))
		return true;
	names = hw_list(root, "proc");
	for (i = 0; i < names.n && !found; i++) {
		if (*names.name[i] < '0' || *names.name[i] > '9')
			continue;
		found = has_open(root, names.name[i], st);
		if (found) {
			hw_text(root, comm, sizeof(comm), "proc/%s/comm", names.name[i]);
			say(why, "is open in process %s (%s)", names.name[i], comm);
		}
	}
	hw_list_free(&names);
	return found;
}

/* The words behind NAME= in a line of "blkid -o export". */
static void export_value(const char *text, const char *name, char value[32])
{
	size_t len = strlen(name);
	const char *line;

	*value = 0;
	for (line = text; line && *line; line = strchr(line, '\n'), line += !!line)
		if (!strncmp(line, name, len) && line[len] == '=')
			snprintf(value, 32, "%.*s", (int)strcspn(line + len + 1, "\n"),
				 line + len + 1);
}

/* Status 2: there is none; 8: there are several. */
static bool has_signature(const char *path, char why[MKROOT_WHY])
{
	const char *const argv[] = { "blkid", "-p", "-o", "export", "--", path, NULL };
	char text[2048], type[32];
	int status = mkroot_output(argv, text, sizeof(text));

	if (status == 2)
		return false;
	if (status && status != 8)
		return say(why, "cannot be checked: blkid ended with status %d", status);
	export_value(text, "TYPE", type);
	if (*type)
		return say(why, "has data: %s", type);
	export_value(text, "PTTYPE", type);
	return say(why, "has data: a partition table (%s)", *type ? type : "or several file systems");
}

static bool is_blank(int fd)
{
	char head[HEAD];
	ssize_t n = pread(fd, head, sizeof(head), 0), i;

	for (i = 0; i < n; i++)
		if (head[i])
			return false;
	return n >= 0;
}

bool mkroot_has_data(const char *path, const struct stat *st, char why[MKROOT_WHY])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool blank;

	if (fd < 0)
		return say(why, "cannot be read: %s", strerror(errno));
	if (S_ISREG(st->st_mode))
		blank = lseek(fd, 0, SEEK_DATA) < 0 && errno == ENXIO;
	else
		blank = is_blank(fd);
	close(fd);
	if (has_signature(path, why))
		return true;
	return !blank && say(why, "has data, of what kind is not known");
}

/* udevd and the like open a device for a moment, when it is new or was open for writing. */
static bool stays_open(int root, const char *path, const struct stat *st, char why[MKROOT_WHY])
{
	int looks;

	for (looks = 1; mkroot_open_used(root, path, st, why); looks++) {
		if (!S_ISBLK(st->st_mode) || looks == MOST_LOOKS || mkroot_interrupted())
			return true;
		usleep(LOOK_AGAIN_US);
	}
	return false;
}

/* What no --force helps against. The device is not opened for writing, which has udevd open it. */
static bool is_in_use(int root, const char *path, const struct stat *st, char why[MKROOT_WHY])
{
	char number[NUMBER];
	int fd;

	if (S_ISBLK(st->st_mode)) {
		snprintf(number, sizeof(number), "%u:%u", major(st->st_rdev), minor(st->st_rdev));
		if (mkroot_block_used(root, number, why))
			return true;
		fd = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			return say(why, "cannot be had alone: %s", strerror(errno));
		close(fd);
	}
	return stays_open(root, path, st, why);
}

bool mkroot_in_use(const char *path, const struct stat *st, char why[MKROOT_WHY])
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool used = is_in_use(root, path, st, why);

	close(root);
	return used;
}

int mkroot_may_write(const struct mkroot_options *o, const char *path, const struct stat *st)
{
	char why[MKROOT_WHY] = "";

	if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode)) {
		vd_log("%s: is neither a block device nor an image file", path);
		return -1;
	}
	if (mkroot_in_use(path, st, why)) {
		vd_log("%s: %s; not even --force helps against that", path, why);
		return -1;
	}
	if (!o->force && mkroot_has_data(path, st, why)) {
		vd_log("%s: %s; --force overwrites it", path, why);
		return -1;
	}
	return 0;
}

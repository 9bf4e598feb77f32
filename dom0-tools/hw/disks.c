/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which disks a device has, and what dom0 does with them: see hw_priv.h.
 *
 * From what is mounted or swapped on, the way leads through volumes, RAIDs and partitions down to
 * disks.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hw_priv.h"

#define BLOCK		"sys/class/block"
#define SUBSYSTEM	"/virtual/nvme-subsystem/"

/* What is done with each controller of a disk. */
typedef void controller_fn(struct hw_device *d, const char *name, const char *what);

/* An NVMe that several controllers share belongs to none of them; its subsystem names them. */
static void shared_nvme(struct hw *h, const char *path, const char *name, const char *what,
			controller_fn *fn)
{
	const char *subsystem = strstr(path, SUBSYSTEM) + strlen(SUBSYSTEM);
	int len = (int)strcspn(subsystem, "/");
	struct hw_names names;
	struct hw_device *d;
	char link[HW_PATH];
	size_t i;

	names = hw_list(h->root, "sys/class/nvme-subsystem/%.*s", len, subsystem);
	for (i = 0; i < names.n; i++) {
		hw_link(h->root, link, "sys/class/nvme-subsystem/%.*s/%s", len, subsystem,
			names.name[i]);
		d = hw_device_of_path(h, link);
		if (d)
			fn(d, name, what);
	}
	hw_list_free(&names);
}

static void each_controller(struct hw *h, const char *name, const char *what, controller_fn *fn)
{
	struct hw_device *d;
	char path[HW_PATH];

	hw_link(h->root, path, BLOCK "/%s", name);
	d = hw_device_of_path(h, path);
	if (d)
		fn(d, name, what);
	else if (strstr(path, SUBSYSTEM))
		shared_nvme(h, path, name, what, fn);
}

static void add_use(struct hw_device *d, const char *name, const char *what)
{
	char text[HW_USE];

	snprintf(text, sizeof(text), "%s (%s)", what, name);
	hw_append(d->use, sizeof(d->use), text, ", ");
}

static void add_disk(struct hw_device *d, const char *name, const char *what)
{
	(void)what;
	if (!*d->disk)
		snprintf(d->disk, sizeof(d->disk), "%s", name);
	hw_append(d->names, sizeof(d->names), name, " ");
}

/* The disk of a partition; "": it is none. */
static void parent_of(struct hw *h, const char *name, char parent[HW_PATH])
{
	char *slash;

	*parent = 0;
	if (!hw_exists(h->root, BLOCK "/%s/partition", name))
		return;
	hw_link(h->root, parent, BLOCK "/%s", name);
	slash = strrchr(parent, '/');
	if (!slash) {
		*parent = 0;
		return;
	}
	*slash = 0;
	memmove(parent, hw_basename(parent), strlen(hw_basename(parent)) + 1);
}

/* dom0 uses a block device for @what. */
static void use_block(struct hw *h, const char *name, const char *what, int depth)
{
	struct hw_names below;
	char parent[HW_PATH];
	size_t i;

	if (!hw_step(h, depth))
		return;
	each_controller(h, name, what, add_use);
	parent_of(h, name, parent);
	if (*parent)
		below = hw_list(h->root, BLOCK "/%s/slaves", parent);
	else
		below = hw_list(h->root, BLOCK "/%s/slaves", name);
	for (i = 0; i < below.n; i++)
		use_block(h, below.name[i], what, depth + 1);
	hw_list_free(&below);
}

/* Undo the octal escapes of mountinfo and swaps, in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = 0;
}

/* A device node, or a link to one, as /dev/mapper and /dev/disk have it. */
static void use_node(struct hw *h, char *node, const char *what)
{
	char link[HW_PATH];

	unescape(node);
	if (strncmp(node, "/dev/", 5))
		return;
	if (!hw_link(h->root, link, "%s", node + 1))
		node = link;
	use_block(h, hw_basename(node), what, 0);
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue" */
static void use_mount(struct hw *h, char *line)
{
	char *pos = line, *word[5], link[HW_PATH], *rest;
	int i;

	for (i = 0; i < 5; i++) {
		word[i] = strsep(&pos, " ");
		if (!word[i] || !pos)
			return;
	}
	unescape(word[4]);
	/* btrfs and the like have a number that is no block device's */
	if (strspn(word[2], "0123456789:") == strlen(word[2]) &&
	    !hw_link(h->root, link, "sys/dev/block/%s", word[2])) {
		use_block(h, hw_basename(link), word[4], 0);
		return;
	}
	rest = strstr(pos, " - ");
	if (!rest)
		return;
	rest += 3;
	strsep(&rest, " ");
	if (rest)
		use_node(h, strsep(&rest, " "), word[4]);
}

static void use_swap(struct hw *h, char *line)
{
	use_node(h, strsep(&line, " \t"), "swap");
}

/* Mounted, in a volume, a RAID or a pool, or given to a guest: the kernel lets no second in. */
static bool is_held(int root, const char *name)
{
	char path[HW_PATH];
	struct stat st;
	int fd, r;

	snprintf(path, sizeof(path), "dev/%s", name);
	if (fstatat(root, path, &st, 0) || !S_ISBLK(st.st_mode))
		return false;
	fd = openat(root, path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
	r = errno;
	if (fd >= 0)
		close(fd);
	return fd < 0 && r == EBUSY;
}

static bool is_disk(int root, const char *name)
{
	char type[32];

	/* SCSI's type 5 is a CD drive; nothing lives on one. */
	hw_text(root, type, sizeof(type), BLOCK "/%s/device/type", name);
	return !hw_exists(root, BLOCK "/%s/partition", name) && strcmp(type, "5");
}

static void use_held(struct hw_device *d, const char *name, const char *what)
{
	if (!*d->use)
		add_use(d, name, what);
}

/* "LVM-..." is a volume's uuid, "vg-lv" its name, in which "--" stands for a dash. */
static void note_volume(struct hw *h, const char *name)
{
	char uuid[8], text[128];
	size_t from, to = 0;

	if (*h->volume_group || hw_text(h->root, uuid, sizeof(uuid), BLOCK "/%s/dm/uuid", name) ||
	    strncmp(uuid, "LVM-", 4) ||
	    hw_text(h->root, text, sizeof(text), BLOCK "/%s/dm/name", name))
		return;
	for (from = 0; text[from] && to + 1 < sizeof(h->volume_group); from++) {
		if (text[from] == '-' && text[++from] != '-')
			break;
		if (!isalnum((unsigned char)text[from]) && !strchr("+_.-", text[from]))
			break;
		h->volume_group[to++] = text[from];
	}
	h->volume_group[to] = 0;
}

int hw_read_disks(struct hw *h)
{
	struct hw_names names = hw_list(h->root, BLOCK);
	size_t i;
	int r;

	for (i = 0; i < names.n; i++) {
		if (is_disk(h->root, names.name[i]))
			each_controller(h, names.name[i], "", add_disk);
		note_volume(h, names.name[i]);
	}
	r = hw_each_line(h, "proc/self/mountinfo", use_mount);
	hw_each_line(h, "proc/swaps", use_swap);
	for (i = 0; i < names.n; i++)
		if (is_held(h->root, names.name[i]))
			each_controller(h, names.name[i], "in use", use_held);
	hw_list_free(&names);
	return r;
}

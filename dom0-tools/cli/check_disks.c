/* SPDX-License-Identifier: GPL-2.0-only */
/* virtuos check: volumes and image files, and the primary's root file system there. See check.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../hw/tree.h"
#include "check.h"
#include "rootfs.h"

#define PUT_AGENT	"virtuos adopt puts it there, or virtuos mkroot makes one anew"
#define OLDEST_DEBIAN	12

/* The loop device that has an image file for its own, if there is one. */
static bool find_loop(int root, const char *path, char name[32])
{
	struct hw_names names = hw_list(root, "sys/class/block");
	char file[HW_PATH];
	bool found = false;
	size_t i;

	for (i = 0; i < names.n && !found; i++) {
		hw_text(root, file, sizeof(file), "sys/class/block/%s/loop/backing_file",
			names.name[i]);
		found = !strcmp(file, path);
		if (found)
			snprintf(name, 32, "%s", names.name[i]);
	}
	hw_list_free(&names);
	return found;
}

static bool is_busy(const char *path)
{
	int fd = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
	bool busy = fd < 0 && errno == EBUSY;

	if (fd >= 0)
		close(fd);
	return busy;
}

/* Return: true if there is something to read in it. */
static bool check_target(const char *name, const char *path, int root)
{
	char loop[32];
	struct stat st;

	if (stat(path, &st)) {
		check_lack("lvcreate makes a volume, and virtuos mkroot an image file and the file system",
			   "%s: %s: %s", name, path, strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
		check_lack("name a block device or an image file", "%s: %s: is neither a block device nor a file",
			   name, path);
		return false;
	}
	if (S_ISBLK(st.st_mode) && is_busy(path)) {
		check_lack("umount it, or take it out of the volume, RAID or guest that has it",
			   "%s: %s: is in use", name, path);
		return false;
	}
	if (S_ISREG(st.st_mode) && find_loop(root, path, loop)) {
		check_lack("umount it, and losetup -d the loop device, or shut the guest down that has it",
			   "%s: %s: is in use as /dev/%s", name, path, loop);
		return false;
	}
	return true;
}

/* Programs of another processor do not run; the library needs a C library that is not older. */
static void check_contents(const char *name, const struct rootfs *r)
{
	if (r->machine && r->machine != ROOTFS_X86_64)
		check_lack("make it anew for amd64: virtuos mkroot", "%s: the root file system is for another processor (ELF machine %u)",
			   name, r->machine);
	else if (!strcmp(r->id, "debian") && r->version && r->version < OLDEST_DEBIAN)
		check_lack("upgrade it, or make it anew: virtuos mkroot",
			   "%s: the root file system is Debian %ld, %d is the oldest that is supported",
			   name, r->version, OLDEST_DEBIAN);
	else if (!r->has_agent)
		check_lack(PUT_AGENT, "%s: the root file system has no virtuos-agent", name);
	else
		check_good("%s: root file system with virtuos-agent", name);
}

static void check_root(const struct vd_domain_config *d, const char *path)
{
	struct rootfs r;

	if (strcmp(d->fstype, "ext4"))
		return;
	switch (rootfs_read(path, &r)) {
	case ROOTFS_READ:
		check_contents(d->name, &r);
		break;
	case ROOTFS_NONE:
		check_lack("virtuos mkroot makes one", "%s: %s: has no ext4 file system",
			   d->name, path);
		break;
	case ROOTFS_UNKNOWN:
		check_good("%s: %s, not looked into (debugfs of e2fsprogs is missing)", d->name,
			   path);
	}
}

static void check_disk(const struct vd_domain_config *d, const libxl_device_disk *disk, bool is_root,
		       int root)
{
	if (!check_target(d->name, disk->pdev_path, root))
		return;
	if (is_root && !strncmp(d->device, "/dev/", 5) && !strcmp(d->device + 5, disk->vdev))
		check_root(d, disk->pdev_path);
	else
		check_good("%s: %s", d->name, disk->pdev_path);
}

void check_disks(const struct vd_config *c, int root)
{
	bool is_root = true;	/* the first storage domain has the primary's */
	int i, j;

	for (i = 0; i < c->n_services; i++) {
		if (c->service[i].role != VD_ROLE_STORAGE)
			continue;
		if (vd_nvme_used(&c->service[i].nvme))
			check_good("%s: the disk is on another machine, not looked into",
				   c->service[i].name);
		for (j = 0; j < c->service[i].n_disk; j++)
			check_disk(&c->service[i], &c->service[i].disk[j], is_root, root);
		is_root = false;
	}
}

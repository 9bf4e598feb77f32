/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A prepared host for unit tests: a directory with what sysfs, procfs and /dev would have. Each
 * test has one of its own, which is removed after it.
 */
#ifndef TESTS_HOSTTREE_H
#define TESTS_HOSTTREE_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree_dir[64];

#define ON_TREE(test)	cmocka_unit_test_setup_teardown(test, tree_make, tree_drop)

static const char *tree_root(void)
{
	return tree_dir;
}

/* The path of a file of the tree; its directories are made. */
static const char *tree_path(const char *name)
{
	static char path[1024];
	char *slash;

	assert_true(snprintf(path, sizeof(path), "%s/%s", tree_dir, name) < (int)sizeof(path));
	for (slash = path + strlen(tree_dir) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		mkdir(path, 0755);
		*slash = '/';
	}
	return path;
}

static void tree_bytes(const char *name, const char *bytes, size_t len)
{
	FILE *f = fopen(tree_path(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static void tree_put(const char *name, const char *text)
{
	tree_bytes(name, text, strlen(text));
}

static __attribute__((unused)) void tree_link(const char *name, const char *target)
{
	assert_int_equal(symlink(target, tree_path(name)), 0);
}

static __attribute__((unused)) void tree_remove(const char *name)
{
	assert_int_equal(unlink(tree_path(name)), 0);
}

/* A PCI device that can be reset. @above: its way below /sys/devices; @driver: "": none */
static __attribute__((unused)) void tree_device(const char *bdf, const char *above, const char *class, const char *driver)
{
	char dir[256], path[512];

	snprintf(dir, sizeof(dir), "sys/devices/%s/%s", above, bdf);
	snprintf(path, sizeof(path), "%s/class", dir);
	tree_put(path, class);
	snprintf(path, sizeof(path), "%s/vendor", dir);
	tree_put(path, "0x8086\n");
	snprintf(path, sizeof(path), "%s/reset", dir);
	tree_put(path, "");
	snprintf(path, sizeof(path), "%s/reset_method", dir);
	tree_put(path, "flr bus\n");
	if (*driver) {
		char target[128];

		snprintf(path, sizeof(path), "%s/driver", dir);
		snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", driver);
		tree_link(path, target);
	}
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s", bdf);
	snprintf(dir, sizeof(dir), "../../../devices/%s/%s", above, bdf);
	tree_link(path, dir);
}

/* An interface of a device, or one above another interface. */
static __attribute__((unused)) void tree_net(const char *name, const char *bdf, const char *lower)
{
	char path[512], target[256];

	snprintf(target, sizeof(target), "../../devices/%s%s/net/%s", bdf ? "pci0000:00/" : "virtual",
		 bdf ? bdf : "", name);
	snprintf(path, sizeof(path), "sys/%s/address", target + 6);
	tree_put(path, "02:00:00:00:00:01\n");
	snprintf(path, sizeof(path), "sys/class/net/%s", name);
	tree_link(path, target);
	if (!lower)
		return;
	snprintf(path, sizeof(path), "sys/class/net/%s/lower_%s", name, lower);
	tree_put(path, "");
	snprintf(path, sizeof(path), "sys/class/net/%s/upper_%s", lower, name);
	tree_put(path, "");
}

/* What /sys/class/block and /sys/dev/block have of a block device. */
static void tree_block(const char *name, const char *number, const char *at)
{
	char path[512], target[256];

	snprintf(path, sizeof(path), "sys/devices/%s/size", at);
	tree_put(path, "2048\n");
	snprintf(target, sizeof(target), "../../devices/%s", at);
	snprintf(path, sizeof(path), "sys/class/block/%s", name);
	tree_link(path, target);
	snprintf(path, sizeof(path), "sys/dev/block/%s", number);
	tree_link(path, target);
}

static __attribute__((unused)) void tree_disk(const char *name, const char *number, const char *bdf)
{
	char at[128];

	snprintf(at, sizeof(at), "pci0000:00/%s/ata1/block/%s", bdf, name);
	tree_block(name, number, at);
}

/* @bdf: NULL for a partition of a volume */
static __attribute__((unused)) void tree_part(const char *disk, const char *name, const char *number, const char *bdf)
{
	char at[128], path[256];

	if (bdf)
		snprintf(at, sizeof(at), "pci0000:00/%s/ata1/block/%s/%s", bdf, disk, name);
	else
		snprintf(at, sizeof(at), "virtual/block/%s/%s", disk, name);
	tree_block(name, number, at);
	snprintf(path, sizeof(path), "sys/devices/%s/partition", at);
	tree_put(path, "1\n");
}

/* A volume or a RAID on another block device; @uuid and @title as the device mapper has them. */
static __attribute__((unused)) void tree_volume(const char *name, const char *number, const char *slave, const char *uuid,
			const char *title)
{
	char at[128], path[256];

	snprintf(at, sizeof(at), "virtual/block/%s", name);
	tree_block(name, number, at);
	snprintf(path, sizeof(path), "sys/devices/%s/slaves/%s", at, slave);
	tree_put(path, "");
	snprintf(path, sizeof(path), "sys/devices/%s/dm/uuid", at);
	tree_put(path, uuid);
	snprintf(path, sizeof(path), "sys/devices/%s/dm/name", at);
	tree_put(path, title);
}

static int tree_make(void **state)
{
	(void)state;
	strcpy(tree_dir, "/tmp/virtuos-tree-XXXXXX");
	if (!mkdtemp(tree_dir))
		return -1;
	tree_put("proc/self/mountinfo", "");
	return 0;
}

static int tree_drop_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static int tree_drop(void **state)
{
	(void)state;
	return nftw(tree_dir, tree_drop_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the root file system of an image is: see adopt.h. Partitions and image files get a loop
 * device. It goes when this process does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../host/host.h"
#include "adopt.h"
#include "child.h"

#define SECTOR		512ull
#define MOST_TRIES	16
#define TABLE_TEXT	(64 * 1024)
#define ROOT_X86_64	"4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
#define WHOLE		"there is no file system that virtuos adopt knows; it takes an ext4, or a partition table with one"

static int fail(const char *path)
{
	vd_log("%s: %s", path, strerror(errno));
	return -1;
}

int mkroot_adopt_partitions(const char *text, struct adopt_partition p[ADOPT_MOST_PARTITION])
{
	unsigned long long first, sectors;
	char type[64];
	int n = 0;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		*type = 0;
		if (n == ADOPT_MOST_PARTITION ||
		    sscanf(text, "%u %llu %llu %63[^ \n]", &p[n].number, &first, &sectors, type) < 3 ||
		    first > LLONG_MAX / SECTOR || sectors > LLONG_MAX / SECTOR - first)
			return -1;
		p[n].at = first * SECTOR;
		p[n].size = sectors * SECTOR;
		p[n].is_root = !strcasecmp(type, ROOT_X86_64);
		n++;
	}
	return n;
}

/* What blkid(8) says of a tag; "": nothing. Return: its exit status. */
static int blkid(const char *path, const char *tag, char value[32])
{
	const char *const argv[] = { "blkid", "-p", "-o", "value", "-s", tag, "--", path, NULL };
	int status = mkroot_output(argv, value, 32);

	value[strcspn(value, "\n")] = 0;
	return status;
}

static int read_table(const char *path, struct adopt_partition p[ADOPT_MOST_PARTITION], int *n)
{
	const char *const argv[] = { "partx", "--raw", "--noheadings", "--output",
				     "NR,START,SECTORS,TYPE", "--", path, NULL };
	static char text[TABLE_TEXT];
	int status = mkroot_output(argv, text, sizeof(text));

	*n = status ? -1 : mkroot_adopt_partitions(text, p);
	if (*n >= 0)
		return 0;
	if (!mkroot_interrupted())
		vd_log("%s: its partition table cannot be understood", path);
	return -1;
}

/* Return: a free loop device, which has the place; -1 with errno set. */
static int try_loop(struct adopt_place *place, int control, const struct loop_config *config)
{
	int number = ioctl(control, LOOP_CTL_GET_FREE), fd;

	if (number < 0)
		return -1;
	snprintf(place->path, sizeof(place->path), "/dev/loop%d", number);
	fd = open(place->path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || !ioctl(fd, LOOP_CONFIGURE, config))
		return fd;
	close(fd);
	return -1;
}

static int make_loop(struct adopt_place *place, bool write)
{
	struct loop_config config = {
		.info = {
			.lo_offset = place->at,
			.lo_sizelimit = place->size,
			.lo_flags = LO_FLAGS_AUTOCLEAR | (write ? 0 : LO_FLAGS_READ_ONLY),
		},
	};
	int fd = open(place->image, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC), i;
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	config.fd = (unsigned int)fd;
	/* Another process may take the one that is free. */
	for (i = 0; fd >= 0 && control >= 0 && place->loop < 0 && i < MOST_TRIES && (!i || errno == EBUSY); i++)
		place->loop = try_loop(place, control, &config);
	if (place->loop < 0)
		fail(fd < 0 ? place->image : "a loop device");
	if (fd >= 0)
		close(fd);
	if (control >= 0)
		close(control);
	return place->loop < 0 ? -1 : 0;
}

int mkroot_adopt_place_open(struct adopt_place *place, bool write)
{
	if (place->is_file || place->at)
		return make_loop(place, write);
	snprintf(place->path, sizeof(place->path), "%s", place->image);
	return 0;
}

int mkroot_adopt_place_shut(struct adopt_place *place)
{
	int r = 0;

	if (place->loop >= 0) {
		r = fsync(place->loop);
		close(place->loop);
		place->loop = -1;
	}
	if (fsync(place->fd))
		r = -1;
	return r ? fail(place->image) : 0;
}

void mkroot_adopt_place_close(struct adopt_place *place)
{
	if (place->loop >= 0)
		close(place->loop);
	place->loop = -1;
	if (place->fd >= 0)
		close(place->fd);
	place->fd = -1;
}

/* Whether it is a root file system; what is unfit is found again, and said, later. */
static bool is_root(const struct adopt_options *o, struct adopt_place *place, const struct adopt_partition *p)
{
	char why[MKROOT_WHY], type[32];
	bool is = false;

	place->at = p->at;
	place->size = p->size;
	if (mkroot_adopt_place_open(place, false))
		return false;
	if (!blkid(place->path, "TYPE", type) && !strcmp(type, "ext4"))
		is = o->look(place->path, why) != ADOPT_NO_ROOT;
	mkroot_adopt_place_shut(place);
	return is;
}

static int none_found(const struct adopt_place *place, int found, const char *numbers)
{
	if (found)
		vd_log("%s: the partitions%s have root file systems; choose one by --partition", place->image, numbers);
	else
		vd_log("%s: no partition is an ext4 with a root file system; one in LVM, RAID or LUKS must be copied out",
		       place->image);
	return -1;
}

/* Those that are root file systems; one that the table calls so is preferred. */
static int choose(const struct adopt_options *o, struct adopt_place *place, const struct adopt_partition *p, int n)
{
	int i, chosen = -1, found = 0, called = 0;
	char numbers[512] = "";

	for (i = 0; i < n && !mkroot_interrupted(); i++) {
		if (!p[i].size || !is_root(o, place, &p[i]))
			continue;
		snprintf(numbers + strlen(numbers), sizeof(numbers) - strlen(numbers), " %u", p[i].number);
		found++;
		called += p[i].is_root;
		if (chosen < 0 || (p[i].is_root && !p[chosen].is_root))
			chosen = i;
	}
	return found == 1 || called == 1 ? chosen : none_found(place, found, numbers);
}

static int choose_number(const struct adopt_options *o, const struct adopt_place *place,
			 const struct adopt_partition *p, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (p[i].number == o->partition && p[i].size)
			return i;
	vd_log("%s: has no partition %u", place->image, o->partition);
	return -1;
}

/* Its partitions cannot be mounted then. A loop device does not see to that. */
static int claim(struct adopt_place *place)
{
	int fd = open(place->image, O_RDONLY | O_EXCL | O_CLOEXEC);

	if (fd < 0)
		return fail(place->image);
	close(place->fd);
	place->fd = fd;
	return 0;
}

static int find_partition(const struct adopt_options *o, struct adopt_place *place)
{
	static struct adopt_partition p[ADOPT_MOST_PARTITION];
	int n, i;

	if ((!place->is_file && claim(place)) || read_table(place->image, p, &n))
		return -1;
	i = o->partition ? choose_number(o, place, p, n) : choose(o, place, p, n);
	if (i < 0)
		return -1;
	place->at = p[i].at;
	place->size = p[i].size;
	place->partition = p[i].number;
	return 0;
}

static int find_file_system(const struct adopt_options *o, struct adopt_place *place)
{
	char type[32], table[32];
	int status = blkid(place->image, "TYPE", type);

	if (blkid(place->image, "PTTYPE", table) == CHILD_NOT_STARTED) {
		vd_log("blkid cannot be run: is util-linux installed?");
		return -1;
	}
	if (!*type && *table)
		return find_partition(o, place);
	if (status == 8)
		vd_log("%s: has signatures of several file systems", place->image);
	else if (strcmp(type, "ext4"))
		vd_log("%s: %s%s" WHOLE, place->image, type, *type ? ": " : "");
	else if (o->partition)
		vd_log("%s: is an ext4, and has no partition %u", place->image, o->partition);
	else
		return 0;
	return -1;
}

int mkroot_adopt_place_find(const struct adopt_options *o, struct adopt_place *place)
{
	char why[MKROOT_WHY];
	struct stat st;

	*place = (struct adopt_place){ .fd = -1, .loop = -1 };
	if (!realpath(o->image, place->image) || stat(place->image, &st))
		return fail(o->image);
	place->is_file = S_ISREG(st.st_mode);
	if (!place->is_file && !S_ISBLK(st.st_mode)) {
		vd_log("%s: is neither a block device nor an image file", place->image);
		return -1;
	}
	if (mkroot_in_use(place->image, &st, why)) {
		vd_log("%s: %s", place->image, why);
		return -1;
	}
	place->fd = open(place->image, O_RDONLY | O_CLOEXEC);
	if (place->fd < 0)
		return fail(place->image);
	if (flock(place->fd, LOCK_EX | LOCK_NB)) {
		vd_log("%s: another virtuos adopt works on it", place->image);
		return -1;
	}
	return find_file_system(o, place);
}

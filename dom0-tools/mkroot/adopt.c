/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtuos adopt: the guest's part in an existing root file system, and out again.
 *
 * All that can be wrong is found while the file system is mounted for reading, without its journal.
 * An image that is refused has no byte changed. Mounts are in a mount namespace of this process and
 * end with it. How changes are taken back is in plan.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../host/host.h"
#include "adopt.h"
#include "child.h"

#define SAFE		(MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define SPARE		(1024 * 1024)	/* for directories and the record */
#define SPARE_FILES	16
#define INCOMPAT_AT	(1024 + 0x60)
#define RECOVER		0x04		/* the journal was not emptied */

/*
 * struct adoption - an image, and how far work is
 * @o: what the user wants
 * @place: where the root file system is
 * @plan: what is changed; its root is open while that is mounted
 * @dir: where it is mounted; "": nowhere
 */
struct adoption {
	struct adopt_options o;
	struct adopt_place place;
	struct mkroot_plan plan;
	char dir[40];
};

static int fail(const char *path)
{
	vd_log("%s: %s", path, strerror(errno));
	return -1;
}

static void step(const char *what)
{
	printf("%s\n", what);
	fflush(stdout);
}

static int own_mounts(void)
{
	if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return fail("a mount namespace");
	return 0;
}

static int mount_root(struct adoption *j, bool write)
{
	snprintf(j->dir, sizeof(j->dir), "/run/virtuos-adopt.XXXXXX");
	if (!mkdtemp(j->dir)) {
		*j->dir = 0;
		return fail("/run");
	}
	if (mount(j->place.path, j->dir, "ext4", SAFE | (write ? 0 : MS_RDONLY), write ? "" : "noload")) {
		fail(j->place.path);
		rmdir(j->dir);
		*j->dir = 0;
		return -1;
	}
	j->plan.root = open(j->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return j->plan.root < 0 ? fail(j->dir) : 0;
}

/* Return: 0, or -1: what was written is not all on the disk. */
static int unmount(struct adoption *j)
{
	int r = 0;

	if (!*j->dir)
		return 0;
	if (j->plan.root >= 0) {
		r = syncfs(j->plan.root);
		close(j->plan.root);
	}
	j->plan.root = -1;
	if (r)
		fail(j->place.image);
	if (umount2(j->dir, 0)) {
		r = fail(j->dir);
		umount2(j->dir, MNT_DETACH);
	}
	rmdir(j->dir);
	*j->dir = 0;
	return r;
}

static const char *name_of(const struct adoption *j, char name[PATH_MAX + 32])
{
	snprintf(name, PATH_MAX + 32, j->place.partition ? "%s: partition %u" : "%s", j->place.image,
		 j->place.partition);
	return name;
}

static int complain(const struct adoption *j, const char *what)
{
	char name[PATH_MAX + 32];

	vd_log("%s: %s", name_of(j, name), what);
	return -1;
}

static bool needs_recovery(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char incompat = RECOVER;

	if (fd >= 0) {
		if (pread(fd, &incompat, 1, INCOMPAT_AT) != 1)
			incompat = RECOVER;
		close(fd);
	}
	return incompat & RECOVER;
}

/* e2fsck(8) takes the offset of a partition with the name. */
static int not_clean(const struct adoption *j, const char *what)
{
	char name[PATH_MAX + 32], at[32] = "";

	if (j->place.at)
		snprintf(at, sizeof(at), "?offset=%llu", j->place.at);
	vd_log("%s: %s; shut its machine down, or: e2fsck -f '%s%s'", name_of(j, name), what, j->place.image, at);
	return -1;
}

static int check_clean(const struct adoption *j)
{
	const char *const argv[] = { "e2fsck", "-f", "-n", "--", j->place.path, NULL };
	int status;

	if (needs_recovery(j->place.path))
		return not_clean(j, "the file system was not unmounted");
	status = mkroot_quiet(argv, NULL);
	if (status == CHILD_NOT_STARTED)
		return complain(j, "e2fsck cannot be run: is e2fsprogs installed?");
	if (status)
		return mkroot_interrupted() ? -1 : not_clean(j, "e2fsck finds errors there");
	return 0;
}

static int check_fit(const struct adoption *j)
{
	char why[MKROOT_WHY] = "";

	return j->o.look(j->place.path, why) == ADOPT_FIT ? 0 : complain(j, why);
}

static int check_room(const struct adoption *j)
{
	unsigned long long room;
	char what[120];
	struct statvfs v;

	if (fstatvfs(j->plan.root, &v))
		return fail(j->dir);
	room = (unsigned long long)v.f_bavail * v.f_frsize;
	if (room >= j->plan.bytes + SPARE && v.f_favail >= j->plan.n + SPARE_FILES)
		return 0;
	snprintf(what, sizeof(what), "has too little room: %llu KiB and %llu files are free, %zu KiB are needed",
		 room / 1024, (unsigned long long)v.f_favail, (j->plan.bytes + SPARE) / 1024);
	return complain(j, what);
}

/* A folder that the record itself needs could not be told from a user's if a run ended before the record. */
static int check_record_place(const struct adoption *j)
{
	return mkroot_exists(j->plan.root, "var/lib") ? 0 : complain(j, "the root file system has no /var/lib");
}

/* What would be planned is checked as long as nothing is written. */
static int check_changes(struct adoption *j)
{
	int r;

	if (mkroot_guest_init(j->plan.root) || check_record_place(j))
		return -1;
	r = mkroot_adopt_changes(j->o.parts, &j->plan, NULL) || check_room(j) ? -1 : 0;
	mkroot_plan_free(&j->plan);
	return r;
}

/* Return: what is recorded there; MKROOT_BAD_RECORD: the image cannot be had (said). */
static enum mkroot_record look(struct adoption *j)
{
	enum mkroot_record found = MKROOT_BAD_RECORD;

	if (mkroot_adopt_place_open(&j->place, false))
		return found;
	if (!check_clean(j) && (j->o.undo || !check_fit(j)) && !mount_root(j, false)) {
		found = mkroot_plan_read(&j->plan);
		if (found == MKROOT_NO_RECORD && !j->o.undo && check_changes(j))
			found = MKROOT_BAD_RECORD;
		if (found == MKROOT_DONE && j->o.undo && !j->o.force && mkroot_plan_changed(&j->plan)) {
			complain(j, "--force gives back the former files all the same");
			found = MKROOT_BAD_RECORD;
		}
	}
	unmount(j);
	mkroot_adopt_place_shut(&j->place);
	mkroot_plan_free(&j->plan);
	return mkroot_interrupted() ? MKROOT_BAD_RECORD : found;
}

/* Take back what is recorded, as far as it was carried out. */
static int take_back(struct adoption *j)
{
	enum mkroot_record found = mkroot_plan_read(&j->plan);
	int r;

	if (found == MKROOT_NO_RECORD) {
		mkroot_plan_tidy(j->plan.root);
		return 0;
	}
	r = found == MKROOT_BAD_RECORD ? -1 : mkroot_plan_undo(&j->plan);
	mkroot_plan_free(&j->plan);
	return r;
}

static int put_guest(struct adoption *j)
{
	size_t size;
	char *text = NULL;
	FILE *notes = open_memstream(&text, &size);
	int r = notes ? mkroot_adopt_changes(j->o.parts, &j->plan, notes) : -1;

	if (notes && !fclose(notes) && !r)
		fputs(text, stdout);
	free(text);
	if (!r)
		r = check_room(j) || mkroot_plan_do(&j->plan, mkroot_interrupted) ? -1 : 0;
	mkroot_plan_free(&j->plan);
	return r;
}

/* Both leave, on error, what the next run takes back, if this one cannot. */
static int change(struct adoption *j)
{
	int r;

	if (mkroot_adopt_place_open(&j->place, true))
		return -1;
	r = mount_root(j, true);
	if (!r)
		r = take_back(j);
	if (!r && !j->o.undo) {
		r = put_guest(j);
		mkroot_undo();
		if (r && take_back(j))
			complain(j, "is half done: virtuos adopt --undo takes it back");
	}
	if (unmount(j) || mkroot_adopt_place_shut(&j->place))
		r = -1;
	return r;
}

static int check_done(struct adoption *j)
{
	int r;

	if (mkroot_adopt_place_open(&j->place, false))
		return -1;
	r = check_clean(j);
	mkroot_adopt_place_shut(&j->place);
	return r;
}

/* How the configuration names what was adopted. */
static void tell_disk(const struct adoption *j)
{
	char part[16] = "";

	if (j->place.partition)
		snprintf(part, sizeof(part), "%u", j->place.partition);
	printf("%s: is adopted; in virtuos.cfg, for example:\n"
	       "   storage_disk = [ \"format=raw,vdev=xvda,access=rw,target=%s\" ]\n"
	       "   storage_device = \"/dev/xvda%s\"\n", j->place.image, j->place.image, part);
}

static int work(struct adoption *j)
{
	step("1/3 look at the image");
	if (own_mounts() || mkroot_adopt_place_find(&j->o, &j->place))
		return -1;
	switch (look(j)) {
	case MKROOT_BAD_RECORD:
		return -1;
	case MKROOT_DONE:
		if (j->o.undo)
			break;
		printf("%s: is adopted already\n", j->place.image);
		return 0;
	case MKROOT_HALF_DONE:
		printf("   an interrupted run is taken back\n");
		break;
	case MKROOT_NO_RECORD:
		if (j->o.undo)
			printf("   it is not adopted: there is nothing to give back\n");
	}
	step(j->o.undo ? "2/3 give back what it was" : "2/3 put the guest's part in");
	if (change(j))
		return -1;
	step("3/3 check");
	if (check_done(j))
		return -1;
	if (j->o.undo)
		printf("%s: is as it was\n", j->place.image);
	else
		tell_disk(j);
	return 0;
}

int mkroot_adopt_run(const struct adopt_options *o)
{
	const struct mkroot_options guest = { .parts = o->parts };
	static struct adoption j;
	int r;

	j.o = *o;
	j.plan.root = -1;
	j.place.fd = j.place.loop = -1;
	mkroot_prepare();
	umask(022);
	if (geteuid()) {
		vd_log("adopt: only root can do this");
		return -1;
	}
	if (!o->undo && mkroot_guest_check(&guest))
		return -1;
	r = work(&j);
	if (r && mkroot_interrupted())
		vd_log("interrupted");
	mkroot_adopt_place_close(&j.place);
	return r;
}

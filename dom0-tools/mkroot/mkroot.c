/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtuos mkroot: make the primary's root file system.
 *
 * An image file is made under another name and renamed when all is well. A device has a signature
 * while work goes on, which is wiped if that fails. Mounts are in a mount namespace of this process,
 * and so end with it in any case.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../host/host.h"
#include "child.h"
#include "mkroot.h"

#define MIB	(1024ull * 1024)

/*
 * struct job - what is to be made, and how far that is
 * @o: what the user wants
 * @target: absolute, without symbolic links
 * @work: what is written to: the device, or the new file
 * @from: absolute, of the archive or image
 * @dir: where @work is mounted
 * @size: bytes of @work
 * @is_file: it is an image file
 * @is_image: what it is made from is an image
 * @touched: @work was made or overwritten
 * @mounted: it is mounted
 */
struct job {
	struct mkroot_options o;
	char target[PATH_MAX], work[PATH_MAX], from[PATH_MAX], dir[32];
	unsigned long long size;
	bool is_file, is_image, touched, mounted;
};

static int fail(const char *path)
{
	vd_log("%s: %s", path, strerror(errno));
	return -1;
}

static int say(const char *path, const char *what)
{
	vd_log("%s: %s", path, what);
	return -1;
}

static void step(const char *what)
{
	printf("%s\n", what);
	fflush(stdout);
}

/* The absolute path of what is not there yet: its folder is. */
static int resolve_new(const char *path, char real[PATH_MAX])
{
	char copy[PATH_MAX], folder[PATH_MAX], *slash;
	const char *name;

	snprintf(copy, sizeof(copy), "%s", path);
	slash = strrchr(copy, '/');
	name = slash ? slash + 1 : copy;
	if (!*name)
		return say(path, "is no name of a file");
	if (slash)
		*slash = 0;
	if (!realpath(slash == copy ? "/" : slash ? copy : ".", folder))
		return fail(path);
	if (snprintf(real, PATH_MAX, "%s/%s", strcmp(folder, "/") ? folder : "", name) >= PATH_MAX)
		return say(path, "is too long");
	return 0;
}

static int set_new_file(struct job *j)
{
	if (resolve_new(j->o.target, j->target))
		return -1;
	if (!strncmp(j->target, "/dev/", 5))
		return say(j->target, "there is no such device");
	if (!j->o.size && !j->is_image)
		return say(j->target, "there is no such device or file; --size makes an image file");
	j->is_file = true;
	return 0;
}

static int device_size(const char *path, unsigned long long *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r;

	r = fd < 0 ? -1 : ioctl(fd, BLKGETSIZE64, size);
	if (r)
		fail(path);
	if (fd >= 0)
		close(fd);
	return r;
}

static int set_existing(struct job *j, const struct stat *st)
{
	if (!realpath(j->o.target, j->target))
		return fail(j->o.target);
	if (mkroot_may_write(&j->o, j->target, st))
		return -1;
	j->is_file = S_ISREG(st->st_mode);
	if (!j->is_file && j->o.size)
		return say(j->target, "is a device: --size is for image files");
	j->size = (unsigned long long)st->st_size;
	return j->is_file ? 0 : device_size(j->target, &j->size);
}

/* What it is made from must not change meanwhile. */
static int set_from(struct job *j, struct stat *st)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char why[MKROOT_WHY];
	bool used;

	if (!realpath(j->o.from, j->from) || stat(j->from, st)) {
		close(root);
		return fail(j->o.from);
	}
	j->o.from = j->from;
	j->is_image = S_ISREG(st->st_mode) && mkroot_is_ext4(j->from);
	used = j->is_image && mkroot_open_used(root, j->from, st, why);
	close(root);
	if (!S_ISREG(st->st_mode))
		return say(j->from, "is no file");
	return used ? say(j->from, why) : 0;
}

static int set_sizes(struct job *j, const struct stat *from)
{
	int n = snprintf(j->work, sizeof(j->work), "%s%s", j->target, j->is_file ? MKROOT_PARTIAL : "");

	if (n >= (int)sizeof(j->work))
		return say(j->target, "is too long");
	if (j->o.size)
		j->size = j->o.size;
	if (j->is_image && j->is_file && j->size < (unsigned long long)from->st_size && !j->o.size)
		j->size = (unsigned long long)from->st_size;
	if (j->is_image && j->size < (unsigned long long)from->st_size)
		return say(j->target, "is smaller than the image");
	if (j->size < MKROOT_LEAST_MIB * MIB)
		return say(j->target, "is too small for a root file system; --size makes an image file larger");
	return 0;
}

/* All that can be found wrong before anything is touched. */
static int prepare(struct job *j)
{
	struct stat st, from = { 0 };

	if (geteuid())
		return say("mkroot", "only root can do this");
	if (mkroot_guest_check(&j->o) || (j->o.from && set_from(j, &from)))
		return -1;
	if (!stat(j->o.target, &st)) {
		if (j->o.from && st.st_dev == from.st_dev && st.st_ino == from.st_ino)
			return say(j->from, "is the target as well");
		if (set_existing(j, &st))
			return -1;
	} else if (errno != ENOENT) {
		return fail(j->o.target);
	} else if (set_new_file(j)) {
		return -1;
	}
	return set_sizes(j, &from);
}

/* Room is taken now: a full disk is found here, and not by the storage domain later. */
static int make_file(struct job *j)
{
	int fd = open(j->work, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), r;

	if (fd < 0 && errno == EEXIST)
		return say(j->work, "is there: another mkroot works, or was killed; if not, remove it");
	if (fd < 0)
		return fail(j->work);
	j->touched = true;
	r = fallocate(fd, 0, 0, (off_t)j->size);
	if (r && errno == EOPNOTSUPP)
		r = ftruncate(fd, (off_t)j->size);
	if (r)
		fail(j->work);
	close(fd);
	return r;
}

static int wipe(const char *path)
{
	const char *const argv[] = { "wipefs", "-a", "-q", "--", path, NULL };

	return mkroot_quiet(argv, NULL);
}

/* wipefs leaves most of a superblock, which the next run would take for data. */
static int blank(const char *path)
{
	static const char zeroes[4096];
	int fd, r = wipe(path);

	fd = r ? -1 : open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	r = pwrite(fd, zeroes, sizeof(zeroes), 0) == sizeof(zeroes) ? fsync(fd) : -1;
	close(fd);
	return r;
}

static int make_room(struct job *j)
{
	if (j->is_file)
		return make_file(j);
	j->touched = true;
	return wipe(j->work) ? say(j->work, "wipefs fails") : 0;
}

static int own_mounts(void)
{
	if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return fail("a mount namespace");
	return 0;
}

/* Programs run in there only if mmdebstrap installs them. */
static int mount_work(struct job *j)
{
	const char *const options = j->o.from ? "nosuid,nodev,noexec" : "rw";
	const char *const argv[] = { "mount", "-t", "ext4", "-o", options, "-o", j->is_file ? "loop" : "rw",
				     "--", j->work, j->dir, NULL };
	int status;

	snprintf(j->dir, sizeof(j->dir), "/run/virtuos-mkroot.XXXXXX");
	if (!mkdtemp(j->dir)) {
		*j->dir = 0;
		return fail("/run");
	}
	status = mkroot_quiet(argv, NULL);
	if (status)
		return mkroot_interrupted() ? -1 : say(j->work, "cannot be mounted");
	j->mounted = true;
	return 0;
}

/* Return: 0, or -1: what was written is not all on the disk. */
static int unmount(struct job *j)
{
	int fd, r = 0;

	if (j->mounted) {
		fd = open(j->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? -1 : syncfs(fd);
		if (r)
			fail(j->work);
		if (fd >= 0)
			close(fd);
		if (umount2(j->dir, 0)) {
			r = fail(j->dir);
			umount2(j->dir, MNT_DETACH);
		}
		j->mounted = false;
	}
	if (*j->dir)
		rmdir(j->dir);
	*j->dir = 0;
	return r;
}

static int put_guest(struct job *j)
{
	int fd = open(j->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return fail(j->dir);
	r = mkroot_guest_put(&j->o, fd);
	close(fd);
	return r;
}

static int check_done(const struct job *j)
{
	const char *const argv[] = { "e2fsck", "-f", "-n", "--", j->work, NULL };

	if (mkroot_quiet(argv, NULL))
		return mkroot_interrupted() ? -1 : say(j->work, "e2fsck finds errors in what was made");
	return j->o.check ? j->o.check(j->work) : 0;
}

static int finish(struct job *j)
{
	char *slash;
	int fd = open(j->work, O_RDONLY | O_CLOEXEC), r;

	r = fd < 0 ? -1 : fsync(fd);
	if (fd >= 0)
		close(fd);
	if (!r && j->is_file)
		r = rename(j->work, j->target);
	if (r)
		return fail(j->work);
	j->touched = false;
	slash = j->is_file ? strrchr(j->work, '/') : NULL;
	if (slash) {
		slash[slash == j->work] = 0;
		fd = open(j->work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0) {
			fsync(fd);
			close(fd);
		}
	}
	return 0;
}

static int make(struct job *j)
{
	step(j->is_file ? "1/5 take the room" : "1/5 wipe the device's signatures");
	if (own_mounts() || make_room(j) || mkroot_interrupted())
		return -1;
	step(j->is_image ? "2/5 check and copy the image" : "2/5 make the file system");
	if (j->is_image ? mkroot_copy_image(j->from, j->work, j->size, j->is_file) : mkroot_make_fs(j->work))
		return -1;
	if (mount_work(j))
		return -1;
	step(j->is_image ? "3/5 nothing to unpack" : j->o.from ? "3/5 unpack the archive" : "3/5 run mmdebstrap");
	if (!j->is_image && mkroot_fill(&j->o, j->dir))
		return -1;
	step("4/5 put the guest's part in");
	if (mkroot_interrupted() || put_guest(j))
		return -1;
	step("5/5 check");
	return unmount(j) || check_done(j) || mkroot_interrupted() ? -1 : finish(j);
}

static void undo(struct job *j)
{
	mkroot_undo();
	unmount(j);
	if (mkroot_interrupted())
		vd_log("interrupted");
	if (!j->touched)
		return;
	if (j->is_file ? unlink(j->work) : blank(j->work))
		vd_log("%s: is half done, and cannot be %s", j->work, j->is_file ? "removed" : "wiped");
	else
		vd_log("%s: %s", j->work, j->is_file ? "removed" : "its signature is wiped");
}

int mkroot_make(const struct mkroot_options *o)
{
	static struct job j;

	j.o = *o;
	mkroot_prepare();
	umask(022);
	if (prepare(&j))
		return -1;
	if (make(&j)) {
		undo(&j);
		return -1;
	}
	printf("%s: the primary's root file system is made\n", j.target);
	return 0;
}

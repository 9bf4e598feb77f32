/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a root file system's contents come from: see mkroot.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../host/host.h"
#include "child.h"
#include "mkroot.h"

#define MAGIC_AT	(1024 + 56)
#define MAGIC		"\x53\xef"
#define CHUNK		(1024 * 1024)
#define TELL_MIB	256
#define LABEL		"primary"
#define PACKAGES	"systemd-sysv,dbus,kmod,procps,iproute2,iputils-ping,netbase,ca-certificates"

/* Say why a program failed, unless the user has ended it. */
static int judge(const char *program, int status)
{
	if (!status)
		return 0;
	if (mkroot_interrupted())
		return -1;
	if (status == CHILD_NOT_STARTED)
		vd_log("%s cannot be run: is it installed?", program);
	else
		vd_log("%s ended with status %d", program, status);
	return -1;
}

static int run(const char *const argv[], const char *dir)
{
	return judge(argv[0], mkroot_quiet(argv, dir));
}

bool mkroot_is_ext4(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char magic[2] = "";
	bool is;

	if (fd < 0)
		return false;
	is = pread(fd, magic, sizeof(magic), MAGIC_AT) == sizeof(magic) &&
	     !memcmp(magic, MAGIC, sizeof(magic));
	close(fd);
	return is;
}

int mkroot_make_fs(const char *path)
{
	/* Without "nodiscard" an image file would lose the room that was taken for it. */
	const char *const argv[] = { "mkfs.ext4", "-q", "-F", "-L", LABEL, "-m", "1", "-E", "nodiscard",
				     "--", path, NULL };

	return run(argv, NULL);
}

static int write_chunk(int fd, const char *bytes, size_t len, off_t at)
{
	ssize_t n;

	while (len) {
		n = pwrite(fd, bytes, len, at);
		if (n <= 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
		at += n;
	}
	return 0;
}

static bool is_zero(const char *bytes, size_t len)
{
	return !*bytes && !memcmp(bytes, bytes + 1, len - 1);
}

static int copy_chunk(int in, int out, char *buf, off_t at, bool sparse)
{
	ssize_t n = pread(in, buf, CHUNK, at);

	if (n < 0)
		return -1;
	if (!n || (sparse && is_zero(buf, (size_t)n)))
		return 0;
	return write_chunk(out, buf, (size_t)n, at);
}

/* The first chunk has the signature and comes last: a half copy passes for no file system. */
static int copy_chunks(int in, int out, off_t size, bool sparse)
{
	char *buf = malloc(CHUNK);
	off_t at;
	int r = buf ? 0 : -1;

	for (at = CHUNK; !r && at < size; at += CHUNK) {
		r = mkroot_interrupted() ? -1 : copy_chunk(in, out, buf, at, sparse);
		if (at % (TELL_MIB * (off_t)CHUNK) == 0) {
			printf("   %lld MiB copied\n", (long long)at / CHUNK);
			fflush(stdout);
		}
	}
	if (!r)
		r = copy_chunk(in, out, buf, 0, sparse);
	if (!r)
		r = fsync(out);
	free(buf);
	return r;
}

static int copy_bytes(const char *from, const char *to, unsigned long long size, bool sparse)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_RDWR | O_CLOEXEC), r = -1;
	struct stat st;

	if (in < 0 || out < 0 || fstat(in, &st)) {
		vd_log("%s: %s", in < 0 ? from : to, strerror(errno));
	} else if ((unsigned long long)st.st_size > size) {
		vd_log("%s: its %lld MiB do not fit into %llu", from,
		       (long long)(st.st_size + CHUNK - 1) / CHUNK, size / CHUNK);
	} else {
		r = copy_chunks(in, out, st.st_size, sparse);
		if (r && !mkroot_interrupted())
			vd_log("%s: %s", to, strerror(errno));
	}
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return r;
}

/* e2fsck's 1 says that it has mended something, as a journal that was not emptied. */
static int check_copy(const char *path)
{
	const char *const argv[] = { "e2fsck", "-f", "-p", "--", path, NULL };
	int status = mkroot_quiet(argv, NULL);

	return judge("e2fsck", status == 1 ? 0 : status);
}

int mkroot_copy_image(const char *from, const char *to, unsigned long long size, bool sparse)
{
	const char *const check[] = { "e2fsck", "-f", "-n", "--", from, NULL };
	const char *const grow[] = { "resize2fs", "--", to, NULL };
	int status;

	status = mkroot_quiet(check, NULL);
	if (status && !mkroot_interrupted())
		vd_log("%s: e2fsck finds errors there: mend them first, by e2fsck -f", from);
	if (status || copy_bytes(from, to, size, sparse) || check_copy(to))
		return -1;
	return run(grow, NULL);
}

static int unpack(const char *archive, const char *dir)
{
	/* A colon in the name shall not mean a machine; the kernel fills /dev by itself. */
	const char *const argv[] = { "tar", "--force-local", "--numeric-owner", "--xattrs",
				     "--xattrs-include=*", "--exclude=./dev/*", "--exclude=dev/*",
				     "--anchored", "-x", "-p", "-C", dir, "-f", archive, NULL };

	return run(argv, dir);
}

static int bootstrap(const struct mkroot_options *o, const char *dir)
{
	const char *argv[10] = { "mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory" };
	char *include = NULL;
	int n = 4, r = -1;

	if (asprintf(&include, "--include=" PACKAGES "%s%s%s", o->n_keys ? ",openssh-server" : "",
		     o->include ? "," : "", o->include ? o->include : "") < 0)
		return -1;
	argv[n++] = include;
	argv[n++] = o->suite;
	argv[n++] = dir;
	argv[n++] = o->mirror;
	argv[n] = NULL;
	r = judge(argv[0], mkroot_run(argv, dir));
	free(include);
	return r;
}

int mkroot_fill(const struct mkroot_options *o, const char *dir)
{
	return o->from ? unpack(o->from, dir) : bootstrap(o, dir);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What changes in a root file system that is adopted: see adopt.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../host/host.h"
#include "adopt.h"

#define FSTAB		"etc/fstab"
#define CRYPTTAB	"etc/crypttab"
#define UNITS		"etc/systemd/system"
#define GETTYS		UNITS "/getty.target.wants"
#define SERIAL		"serial-getty@"
#define OUR_PACKAGE	"var/lib/dpkg/info/virtuos-guest.list"
#define MOST_PART	(16 * 1024 * 1024)

static int failed(const char *path)
{
	vd_log("/%s in the image: %s", path, strerror(errno));
	return -1;
}

static int plan_copy(void *to, const char *path, const char *from, mode_t mode)
{
	int fd = open(from, O_RDONLY | O_CLOEXEC), r = -1;
	char *bytes = NULL;
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && st.st_size <= MOST_PART)
		bytes = malloc((size_t)st.st_size + 1);
	if (bytes && read(fd, bytes, (size_t)st.st_size) == st.st_size)
		r = mkroot_plan_file(to, path, bytes, (size_t)st.st_size, mode);
	else
		errno = EIO;
	free(bytes);
	close(fd);
	return r;
}

static int plan_link(void *to, const char *path, const char *target)
{
	return mkroot_plan_link(to, path, target);
}

static int plan_table(struct mkroot_plan *p, const char *path, const char *text)
{
	if (text && !mkroot_plan_file(p, path, text, strlen(text), 0))
		return 0;
	return failed(path);
}

/* Return: 0: there is a text; 1: there is none. */
static int read_table(const struct mkroot_plan *p, const char *path, char **text)
{
	struct stat st;

	*text = NULL;
	if (mkroot_stat(p->root, path, &st) && errno == ENOENT)
		return 1;
	*text = mkroot_read(p->root, path);
	return *text ? 0 : failed(path);
}

static int plan_fstab(struct mkroot_plan *p, FILE *notes)
{
	char *former, *text, lost[64];
	int r = read_table(p, FSTAB, &former);

	if (r)
		return r < 0 ? r : 0;
	text = mkroot_adopt_table(former, lost, notes);
	r = plan_table(p, FSTAB, text);
	if (!r && *lost) {
		vd_log("/" FSTAB " in the image: %s is on another file system; move it to the root file system first",
		       lost);
		r = -1;
	}
	free(text);
	free(former);
	return r;
}

static int plan_crypttab(struct mkroot_plan *p, FILE *notes)
{
	char *former, *text;
	int r = read_table(p, CRYPTTAB, &former);

	if (r)
		return r < 0 ? r : 0;
	text = mkroot_adopt_crypt_table(former, notes);
	r = plan_table(p, CRYPTTAB, text);
	free(text);
	free(former);
	return r;
}

/* Each would wait for its device, which is not there. */
static int plan_gettys(struct mkroot_plan *p, FILE *notes)
{
	struct hw_names names = mkroot_list(p->root, GETTYS);
	char path[INROOT_PATH] = "";
	int r = 0;
	size_t i;

	for (i = 0; i < names.n && !r; i++) {
		if (strncmp(names.name[i], SERIAL, strlen(SERIAL)) || strchr(names.name[i], '\n'))
			continue;
		if (snprintf(path, sizeof(path), UNITS "/%s", names.name[i]) >= (int)sizeof(path))
			continue;
		r = mkroot_plan_link(p, path, "/dev/null");
		mkroot_adopt_note(notes, "%s is masked", names.name[i]);
	}
	hw_list_free(&names);
	return r ? failed(path) : 0;
}

/* Those of the package are dpkg's, and are upgraded with it. */
static int plan_parts(const struct mkroot_options *guest, struct mkroot_plan *p, const struct mkroot_sink *sink,
		      FILE *notes)
{
	if (!mkroot_exists(p->root, OUR_PACKAGE) || !mkroot_exists(p->root, "usr/lib/virtuos/virtuos-agent"))
		return mkroot_guest_parts(guest, sink);
	mkroot_adopt_note(notes, "the package virtuos-guest is installed there: its programs stay");
	return 0;
}

int mkroot_adopt_changes(const char *parts, struct mkroot_plan *p, FILE *notes)
{
	const struct mkroot_sink sink = { .file = plan_copy, .link = plan_link, .to = p };
	const struct mkroot_options guest = { .parts = parts };

	if (plan_parts(&guest, p, &sink, notes) || mkroot_guest_units(&sink) || plan_gettys(p, notes) ||
	    plan_fstab(p, notes) || plan_crypttab(p, notes))
		return -1;
	if (notes)
		mkroot_adopt_network(p->root, notes);
	return 0;
}

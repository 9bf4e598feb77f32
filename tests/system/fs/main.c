// SPDX-License-Identifier: MIT
/*
 * fstest [-l] [-t SECONDS] DIR [NAME...], see ../frame/frame.h. Each test runs in a
 * new folder under DIR.
 */
#include "fstest.h"
#include <ftw.h>

static char place[PATH_MAX];
static int pid;			/* of the program */

static const char *folder_of(const struct test *t)
{
	snprintf(place, sizeof(place), "%s/fstest.%s.%d", folder, t->name, pid);
	return place;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void prepare(const struct test *t)
{
	const char *dir = folder_of(t);

	CHECK_EQ(mkdir(dir, 0755), 0);
	CHECK_EQ(chdir(dir), 0);
	umask(022);
}

static bool clean(const struct test *t)
{
	const char *dir = folder_of(t);

	if (!nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS))
		return true;
	printf("%s: cannot remove: %s\n", dir, strerror(errno));
	return false;
}

int main(int argc, char **argv)
{
	static const struct frame frame = {
		.name = "fstest", .folder = true, .prepare = prepare, .clean = clean,
	};

	pid = getpid();
	return frame_main(&frame, argc, argv);
}

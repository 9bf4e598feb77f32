// SPDX-License-Identifier: MIT
/* Names in folders that were made just now: what is there is found, however it came and whatever was forgotten. */
#include "fstest.h"

static void forget_names(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	if (fd < 0)
		test_skip("root drops caches");
	CHECK_EQ(write(fd, "2", 1), 1);
	close(fd);
}

static bool is_there(const char *name)
{
	return !faccessat(AT_FDCWD, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

static void make_all(void)
{
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK(!is_there("d/a"));
	put_text("d/a", "a");
	put_text("out", "moved");
	CHECK_EQ(mkdir("d/sub", 0755), 0);
	CHECK_EQ(symlink("a", "d/symlink"), 0);
	CHECK_EQ(link("d/a", "d/link"), 0);
	CHECK_EQ(rename("out", "d/moved"), 0);
	CHECK_EQ(mkfifo("d/fifo", 0600), 0);
	put_text("d/gone", "x");
	CHECK_EQ(unlink("d/gone"), 0);
	put_text("d/away", "x");
	CHECK_EQ(rename("d/away", "away"), 0);
}

static void check_all(void)
{
	static const char *const names[] = { "d/a", "d/sub", "d/symlink", "d/link", "d/moved", "d/fifo" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		CHECK(is_there(names[i]));
		CHECK_ERR(open(names[i], O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
		CHECK_ERR(mkdir(names[i], 0700), EEXIST);
		CHECK_ERR(symlink("x", names[i]), EEXIST);
		CHECK_ERR(link("away", names[i]), EEXIST);
	}
	CHECK(!is_there("d/gone") && !is_there("d/away") && !is_there("d/none"));
	CHECK(file_is("d/a", "a") && file_is("d/link", "a") && file_is("d/moved", "moved"));
}

TEST(new_folder_names)
{
	make_all();
	check_all();
	forget_names();
	check_all();
	/* A name that was free is taken, and one that was taken is free. */
	put_text("d/none", "now");
	CHECK_EQ(unlink("d/a"), 0);
	CHECK(file_is("d/none", "now") && !is_there("d/a"));
	forget_names();
	CHECK(file_is("d/none", "now") && !is_there("d/a"));
}

TEST(new_folder_half_forgotten)
{
	char name[32];
	int i;

	CHECK_EQ(mkdir("d", 0755), 0);
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "d/f%d", i);
		put_text(name, name);
		if (i == 100)
			forget_names();
	}
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "d/f%d", i);
		CHECK(file_is(name, name));
		CHECK_ERR(open(name, O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
	}
}

TEST(new_folder_whiteout)
{
	struct stat st;

	if (geteuid())
		test_skip("root makes devices");
	CHECK_EQ(mkdir("d", 0755), 0);
	put_text("d/a", "a");
	if (renameat2(AT_FDCWD, "d/a", AT_FDCWD, "d/b", RENAME_WHITEOUT) && errno == EINVAL)
		test_skip("no whiteouts here");
	CHECK_EQ(lstat("d/a", &st), 0);
	CHECK(S_ISCHR(st.st_mode) && !st.st_rdev);
	CHECK(file_is("d/b", "a"));
	CHECK_ERR(mkdir("d/a", 0700), EEXIST);
}

TEST(new_folder_long_names)
{
	char name[NAME_MAX + 4] = "d/";

	CHECK_EQ(mkdir("d", 0755), 0);
	memset(name + 2, 'n', NAME_MAX + 1);
	CHECK_ERR(access(name, F_OK), ENAMETOOLONG);
	name[2 + NAME_MAX] = 0;
	CHECK_ERR(access(name, F_OK), ENOENT);
	put_text(name, "x");
	CHECK(file_is(name, "x"));
}

TEST(new_folder_gone)
{
	int fd;

	CHECK_EQ(mkdir("d", 0755), 0);
	fd = CHECK_OK(open("d", O_RDONLY | O_DIRECTORY));
	CHECK_EQ(rmdir("d"), 0);
	CHECK_ERR(openat(fd, "f", O_CREAT | O_RDWR, 0600), ENOENT);
	CHECK_ERR(faccessat(fd, "f", F_OK, 0), ENOENT);
	CHECK_EQ(mkdir("d", 0755), 0);
	put_text("d/f", "new");
	CHECK(file_is("d/f", "new"));
	close(fd);
}

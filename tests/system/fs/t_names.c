// SPDX-License-Identifier: MIT
/* Directories, links, renaming. */
#include "fstest.h"
#include <sys/syscall.h>
#include <linux/fs.h>

static int rename2(const char *from, const char *to, unsigned int flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

TEST(mkdir_rmdir)
{
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(stat_of("d").st_mode, S_IFDIR | 0755);
	CHECK_EQ(stat_of("d").st_nlink, 2);
	CHECK_ERR(mkdir("d", 0755), EEXIST);
	CHECK_EQ(mkdir("d/e", 0700), 0);
	CHECK_EQ(stat_of("d").st_nlink, 3);
	CHECK_ERR(rmdir("d"), ENOTEMPTY);
	CHECK_ERR(unlink("d/e"), EISDIR);
	CHECK_EQ(rmdir("d/e"), 0);
	CHECK_EQ(rmdir("d"), 0);
	CHECK_ERR(rmdir("d"), ENOENT);
	put_text("f", "");
	CHECK_ERR(rmdir("f"), ENOTDIR);
	CHECK_ERR(mkdir("none/d", 0755), ENOENT);
}

TEST(removed_directory_stays_usable)
{
	int fd, f;

	CHECK_EQ(mkdir("d", 0755), 0);
	fd = CHECK_OK(open("d", O_RDONLY | O_DIRECTORY));
	CHECK_EQ(rmdir("d"), 0);
	errno = 0;
	f = openat(fd, "x", O_CREAT | O_RDWR, 0644);
	CHECK(f == -1 && errno == ENOENT);
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(rmdir("d"), 0);
}

/* 1,000 entries: each seen once, and a remembered position leads back. */
TEST(readdir_1000)
{
	static bool seen[1000];
	char name[32], again[NAME_MAX + 1];
	struct dirent *e;
	int i, n = 0;
	long pos;
	DIR *d;

	/* 2,000 changes; virtuosfs answers each when it is on disk. */
	alarm(300);
	CHECK_EQ(mkdir("d", 0755), 0);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "d/entry-%d", i);
		CHECK_EQ(mknod(name, S_IFREG | 0644, 0), 0);
	}
	d = opendir("d");
	CHECK(d);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		i = atoi(e->d_name + 6);
		CHECK(i >= 0 && i < 1000 && !seen[i]);
		CHECK(e->d_type == DT_REG || e->d_type == DT_UNKNOWN);
		seen[i] = true;
		n++;
	}
	CHECK_EQ(n, 1000);
	rewinddir(d);
	for (i = 0; i < 500; i++)
		CHECK(readdir(d));
	pos = telldir(d);
	e = readdir(d);
	CHECK(e);
	strcpy(again, e->d_name);
	for (i = 0; i < 300; i++)
		CHECK(readdir(d));
	seekdir(d, pos);
	e = readdir(d);
	CHECK(e && !strcmp(e->d_name, again));
	for (n = 0; readdir(d); n++)
		;
	CHECK_EQ(n, 1002 - 501);
	closedir(d);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "d/entry-%d", i);
		CHECK_EQ(unlink(name), 0);
	}
	CHECK_EQ(rmdir("d"), 0);
}

TEST(readdir_sees_changes)
{
	struct dirent *e;
	int n = 0;
	DIR *d;

	put_text("a", "");
	put_text("b", "");
	d = opendir(".");
	while (readdir(d))
		n++;
	CHECK_EQ(n, 4);
	put_text("c", "");
	CHECK_EQ(unlink("a"), 0);
	rewinddir(d);
	n = 0;
	while ((e = readdir(d))) {
		CHECK(strcmp(e->d_name, "a"));
		n++;
	}
	CHECK_EQ(n, 4);
}

TEST(hard_link)
{
	put_text("a", "x");
	CHECK_EQ(link("a", "b"), 0);
	CHECK_EQ(stat_of("a").st_nlink, 2);
	CHECK_EQ(stat_of("a").st_ino, stat_of("b").st_ino);
	CHECK_ERR(link("a", "b"), EEXIST);
	CHECK_ERR(link("none", "c"), ENOENT);
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_ERR(link("d", "e"), EPERM);
	put_text("b", "through b");
	CHECK(file_is("a", "through b"));
	CHECK_EQ(unlink("a"), 0);
	CHECK_EQ(stat_of("b").st_nlink, 1);
	CHECK(file_is("b", "through b"));
}

TEST(symbolic_link)
{
	char buf[PATH_MAX], longer[1001];

	put_text("f", "x");
	CHECK_EQ(symlink("f", "l"), 0);
	CHECK(S_ISLNK(stat_of("l").st_mode));
	CHECK_EQ(stat_of("l").st_size, 1);
	CHECK_EQ(readlink("l", buf, sizeof(buf)), 1);
	CHECK(file_is("l", "x"));
	CHECK_ERR(symlink("f", "l"), EEXIST);
	CHECK_ERR(readlink("f", buf, sizeof(buf)), EINVAL);
	memset(longer, 'a', 1000);
	longer[1000] = 0;
	CHECK_EQ(symlink(longer, "m"), 0);
	CHECK_EQ(readlink("m", buf, sizeof(buf)), 1000);
	CHECK(!memcmp(buf, longer, 1000));
	CHECK_EQ(unlink("l"), 0);
	CHECK(file_is("f", "x"));
}

TEST(rename_file)
{
	ino_t ino;

	put_text("a", "A");
	put_text("b", "B");
	ino = stat_of("a").st_ino;
	CHECK_EQ(rename("a", "c"), 0);
	CHECK(!exists("a"));
	CHECK_EQ(stat_of("c").st_ino, ino);
	CHECK_EQ(rename("c", "b"), 0);
	CHECK(file_is("b", "A"));
	CHECK(!exists("c"));
	CHECK_ERR(rename("none", "x"), ENOENT);
	CHECK_EQ(link("b", "same"), 0);
	CHECK_EQ(rename("b", "same"), 0);
	CHECK(exists("b") && exists("same"));
}

TEST(rename_directory)
{
	CHECK_EQ(mkdir("a", 0755), 0);
	CHECK_EQ(mkdir("a/sub", 0755), 0);
	CHECK_EQ(mkdir("b", 0755), 0);
	put_text("a/f", "x");
	CHECK_ERR(rename("a", "a/sub/x"), EINVAL);
	CHECK_ERR(rename("b", "a"), ENOTEMPTY);
	CHECK_EQ(rename("a", "b"), 0);
	CHECK(file_is("b/f", "x"));
	CHECK_EQ(mkdir("c", 0755), 0);
	CHECK_EQ(rename("b/sub", "c/moved"), 0);
	CHECK_EQ(stat_of("c").st_nlink, 3);
	CHECK_EQ(stat_of("b").st_nlink, 2);
	CHECK_EQ(stat_of("c/moved/..").st_ino, stat_of("c").st_ino);
	put_text("f", "");
	CHECK_ERR(rename("c", "f"), ENOTDIR);
	CHECK_ERR(rename("f", "c"), EISDIR);
}

TEST(rename_noreplace_and_exchange)
{
	put_text("a", "A");
	put_text("b", "B");
	if (rename2("a", "b", RENAME_NOREPLACE) == -1 && errno == EINVAL)
		test_skip("no flags of rename here");
	CHECK_ERR(rename2("a", "b", RENAME_NOREPLACE), EEXIST);
	CHECK_EQ(rename2("a", "c", RENAME_NOREPLACE), 0);
	CHECK_EQ(rename2("c", "b", RENAME_EXCHANGE), 0);
	CHECK(file_is("b", "A"));
	CHECK(file_is("c", "B"));
	CHECK_ERR(rename2("c", "none", RENAME_EXCHANGE), ENOENT);
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(rename2("b", "d", RENAME_EXCHANGE), 0);
	CHECK(S_ISDIR(stat_of("b").st_mode) && S_ISREG(stat_of("d").st_mode));
}

TEST(long_and_odd_names)
{
	char name[NAME_MAX + 2];

	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = 0;
	put_text(name, "x");
	CHECK(file_is(name, "x"));
	name[NAME_MAX] = 'n';
	name[NAME_MAX + 1] = 0;
	CHECK_ERR(open(name, O_CREAT | O_RDWR, 0644), ENAMETOOLONG);
	put_text(" \t\\\"'*?\xff\n", "y");
	CHECK(file_is(" \t\\\"'*?\xff\n", "y"));
	CHECK_ERR(open("", O_RDONLY), ENOENT);
}

TEST(special_files)
{
	struct stat st;
	char c;
	int fd;

	CHECK_EQ(mkfifo("fifo", 0640), 0);
	CHECK_EQ(stat_of("fifo").st_mode, S_IFIFO | 0640);
	fd = CHECK_OK(open("fifo", O_RDWR | O_NONBLOCK));
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(read(fd, &c, 1), 1);
	if (geteuid())
		return;
	CHECK_EQ(mknod("null", S_IFCHR | 0666, makedev(1, 3)), 0);
	st = stat_of("null");
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_rdev, makedev(1, 3));
	fd = open("null", O_RDWR);
	if (fd >= 0)
		CHECK_EQ(read(fd, &c, 1), 0);
	else
		CHECK_EQ(errno, EACCES);	/* mounted nodev */
}

TEST(deep_path)
{
	int i;

	for (i = 0; i < 40; i++) {
		CHECK_EQ(mkdir("deeper", 0755), 0);
		CHECK_EQ(chdir("deeper"), 0);
	}
	put_text("f", "deep");
	CHECK(file_is("f", "deep"));
	for (i = 0; i < 40; i++)
		CHECK_EQ(chdir(".."), 0);
}

/* Each call changes the file's change time, and none its time of modification. */
static void change_names(const char *from, const char *to)
{
	CHECK_EQ(link(from, "another"), 0);
	CHECK_EQ(rename(from, to), 0);
	CHECK_EQ(setxattr(to, "user.name", "x", 1, 0), 0);
	CHECK_EQ(unlink("another"), 0);
}

TEST(names_change_no_mtime)
{
	struct timespec more = { 1, 100000000 };
	struct timespec begun, before;
	struct stat st;
	char word[4];
	int fd;

	put_text("f", "one two");
	fd = open("f", O_RDWR);
	CHECK(fd >= 0);
	CHECK_EQ(pread(fd, word, 3, 0), 3);
	before = stat_of("f").st_mtim;
	nanosleep(&more, NULL);
	clock_gettime(CLOCK_REALTIME_COARSE, &begun);
	CHECK_EQ(pwrite(fd, "two", 3, 0), 3);
	nanosleep(&more, NULL);
	/* The kernel is told nothing of the write until here. */
	change_names("f", "g");
	st = stat_of("g");
	CHECK(st.st_mtim.tv_sec > before.tv_sec);
	CHECK(st.st_mtim.tv_sec >= begun.tv_sec - 1);
	CHECK(st.st_ctim.tv_sec > st.st_mtim.tv_sec);
	CHECK_EQ(st.st_nlink, 1);
	sync();
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(stat_of("g").st_mtim.tv_sec, st.st_mtim.tv_sec);
	CHECK(stat_of("g").st_ctim.tv_sec >= st.st_ctim.tv_sec - 1);
}

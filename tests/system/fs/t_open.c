// SPDX-License-Identifier: MIT
/* Flags of open(), and what stays open when names go. */
#include "fstest.h"
#include <sys/inotify.h>

TEST(open_creates_with_mode)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0666));

	CHECK_EQ(stat_of("f").st_mode, S_IFREG | 0644);
	CHECK_EQ(stat_of("f").st_size, 0);
	CHECK_EQ(stat_of("f").st_nlink, 1);
	close(fd);
	umask(0);
	close(CHECK_OK(open("g", O_CREAT | O_RDWR, 0666)));
	CHECK_EQ(stat_of("g").st_mode, S_IFREG | 0666);
	close(CHECK_OK(open("h", O_CREAT | O_RDWR, 04755)));
	CHECK_EQ(stat_of("h").st_mode, S_IFREG | 04755);
}

TEST(open_excl)
{
	close(CHECK_OK(open("f", O_CREAT | O_EXCL | O_RDWR, 0600)));
	CHECK_ERR(open("f", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
	CHECK_EQ(symlink("nowhere", "l"), 0);
	CHECK_ERR(open("l", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
	CHECK(!exists("nowhere"));
}

TEST(open_trunc)
{
	put_text("f", "something");
	close(CHECK_OK(open("f", O_WRONLY | O_TRUNC)));
	CHECK_EQ(stat_of("f").st_size, 0);
	CHECK(file_is("f", ""));
}

TEST(open_append)
{
	int a = CHECK_OK(open("f", O_CREAT | O_WRONLY | O_APPEND, 0644));
	int b = CHECK_OK(open("f", O_WRONLY | O_APPEND));

	CHECK_EQ(write(a, "1", 1), 1);
	CHECK_EQ(write(b, "2", 1), 1);
	CHECK_EQ(write(a, "3", 1), 1);
	CHECK_EQ(lseek(a, 0, SEEK_SET), 0);
	CHECK_EQ(write(a, "4", 1), 1);
	CHECK(file_is("f", "1234"));
}

TEST(open_errors)
{
	put_text("f", "x");
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_ERR(open("none", O_RDONLY), ENOENT);
	CHECK_ERR(open("none/f", O_RDONLY), ENOENT);
	CHECK_ERR(open("f/x", O_RDONLY), ENOTDIR);
	CHECK_ERR(open("d", O_RDWR), EISDIR);
	CHECK_ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_EQ(symlink("f", "l"), 0);
	CHECK_ERR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_EQ(symlink("loop", "loop"), 0);
	CHECK_ERR(open("loop", O_RDONLY), ELOOP);
	close(CHECK_OK(open("d", O_RDONLY | O_DIRECTORY)));
}

TEST(access_modes)
{
	int fd;
	char c;

	put_text("f", "x");
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_ERR(write(fd, "y", 1), EBADF);
	close(fd);
	fd = CHECK_OK(open("f", O_WRONLY));
	CHECK_ERR(read(fd, &c, 1), EBADF);
	close(fd);
}

/* As uid 1000: permissions are checked, and new files belong to that user. */
static int as_user(void)
{
	CHECK_EQ(setgid(1000), 0);
	CHECK_EQ(setuid(1000), 0);
	CHECK_ERR(open("root", O_RDONLY), EACCES);
	CHECK_ERR(open("new", O_CREAT | O_RDWR, 0644), EACCES);
	CHECK_ERR(unlink("root"), EACCES);
	CHECK_ERR(access("root", R_OK), EACCES);
	close(CHECK_OK(open("all/new", O_CREAT | O_RDWR, 0644)));
	CHECK_EQ(mkdir("all/dir", 0755), 0);
	CHECK_ERR(chown("all/new", 0, 0), EPERM);
	CHECK_ERR(chmod("all", 0755), EPERM);
	return 0;
}

TEST(permissions)
{
	pid_t pid;

	if (geteuid())
		test_skip("not root");
	put_text("root", "x");
	CHECK_EQ(chmod("root", 0600), 0);
	CHECK_EQ(mkdir("all", 0777), 0);
	CHECK_EQ(chmod("all", 0777), 0);
	pid = CHECK_OK(fork());
	if (!pid)
		_exit(as_user());
	CHECK_EQ(wait_for(pid), 0);
	CHECK_EQ(stat_of("all/new").st_uid, 1000);
	CHECK_EQ(stat_of("all/new").st_gid, 1000);
	CHECK_EQ(stat_of("all/dir").st_uid, 1000);
	CHECK_EQ(stat_of("all/dir").st_mode, S_IFDIR | 0755);
}

TEST(unlinked_while_open)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char buf[16];
	struct stat st;

	CHECK_EQ(write(fd, "before", 6), 6);
	CHECK_EQ(unlink("f"), 0);
	CHECK(!exists("f"));
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(st.st_size, 6);
	CHECK_EQ(write(fd, " after", 6), 6);
	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 12);
	CHECK(!memcmp(buf, "before after", 12));
	CHECK_EQ(ftruncate(fd, 3), 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 3);
	/* Its name is free again, for another file. */
	put_text("f", "other");
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 3);
	CHECK(file_is("f", "other"));
}

TEST(replaced_while_open)
{
	char buf[16];
	int fd;

	put_text("f", "old");
	put_text("g", "new");
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(rename("g", "f"), 0);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	CHECK_EQ(read(fd, buf, sizeof(buf)), 3);
	CHECK(!memcmp(buf, "old", 3));
	CHECK(file_is("f", "new"));
}

TEST(dup_and_fork_share_the_offset)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	int other = CHECK_OK(dup(fd));
	pid_t pid;

	CHECK_EQ(write(fd, "ab", 2), 2);
	CHECK_EQ(write(other, "cd", 2), 2);
	pid = CHECK_OK(fork());
	if (!pid)
		_exit(write(fd, "ef", 2) != 2);
	CHECK_EQ(wait_for(pid), 0);
	CHECK_EQ(write(fd, "gh", 2), 2);
	CHECK(file_is("f", "abcdefgh"));
	CHECK_EQ(lseek(other, 0, SEEK_CUR), 8);
}

TEST(many_files)
{
	char name[32];
	int i;

	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		put_text(name, name);
	}
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		CHECK(file_is(name, name));
		CHECK_EQ(unlink(name), 0);
	}
}

/* Of all events since the watch began. */
static uint32_t events_of(int watch)
{
	struct inotify_event ev[64];
	ssize_t i, n = read(watch, ev, sizeof(ev));
	uint32_t all = 0;

	for (i = 0; i < n / (ssize_t)sizeof(*ev); i++)
		all |= ev[i].mask;
	return all;
}

/* By the exceptionless door the file is in use in place, until a watch begins or it grows. */
TEST(a_watch_sees_no_other_close)
{
	char buf[64];
	int fd, i, watch = CHECK_OK(inotify_init1(IN_NONBLOCK));

	put_text("f", "12345");
	fd = CHECK_OK(open("f", O_RDWR));
	usleep(700000);
	for (i = 0; i < 400; i++)
		CHECK_EQ(pread(fd, buf, 5, 0), 5);
	CHECK_OK(inotify_add_watch(watch, "f", IN_ALL_EVENTS));
	CHECK_EQ(pwrite(fd, "x", 1, 0), 1);
	CHECK_EQ(pwrite(fd, "x", 1, 5), 1);
	usleep(100000);
	CHECK_EQ(events_of(watch), IN_MODIFY);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(events_of(watch), IN_CLOSE_WRITE);
}

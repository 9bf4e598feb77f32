// SPDX-License-Identifier: MIT
/* What programs expect of a file system on a disk of their own machine. */
#include "fstest.h"
#include <grp.h>
#include <sys/epoll.h>
#include <sys/statvfs.h>

#define DAY 86400

static int open_new(const char *path)
{
	return CHECK_OK(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644));
}

/* Programs that copy files take one with fewer blocks than bytes for sparse. */
TEST(blocks_count_at_once)
{
	char buf[3000] = "x";
	struct stat st;
	int fd = open_new("f"), i;

	for (i = 0; i < 50; i++)
		CHECK_EQ(write(fd, buf, sizeof(buf)), (ssize_t)sizeof(buf));
	CHECK(stat_of("f").st_blocks * 512 >= 50 * 3000);
	CHECK_EQ(ftruncate(fd, 0), 0);
	CHECK_EQ(stat_of("f").st_blocks, 0);
	CHECK_EQ(ftruncate(fd, 1 << 20), 0);
	CHECK_EQ(stat_of("f").st_blocks, 0);
	CHECK_EQ(pwrite(fd, "data", 4, 600000), 4);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(st.st_blocks > 0 && st.st_blocks < 256);
	CHECK_EQ(pwrite(fd, "data", 4, 700000), 4);
	CHECK(stat_of("f").st_blocks > st.st_blocks);
	close(fd);
}

TEST(blocks_of_what_is_appended)
{
	char buf[5000] = "x";
	int fd = open_new("f"), i;

	CHECK_EQ(write(fd, buf, sizeof(buf)), (ssize_t)sizeof(buf));
	close(fd);
	fd = CHECK_OK(open("f", O_WRONLY | O_APPEND));
	for (i = 2; i < 20; i++) {
		CHECK_EQ(write(fd, buf, sizeof(buf)), (ssize_t)sizeof(buf));
		CHECK(stat_of("f").st_blocks * 512 >= i * 5000);
	}
	close(fd);
}

/* The largest size is the file system's: between 16 TiB and what an off_t holds. */
TEST(too_large_is_told_at_once)
{
	const off_t beyond = 1ll << 62;
	int fd = open_new("f");

	CHECK_EQ(write(fd, "1234", 4), 4);
	CHECK_ERR(pwrite(fd, "x", 1, beyond), EFBIG);
	CHECK_ERR(ftruncate(fd, beyond), EFBIG);
	CHECK_EQ(stat_of("f").st_size, 4);
	CHECK_EQ(fsync(fd), 0);
	close(fd);
}

static bool is_accessed(const char *path)
{
	struct stat st;

	CHECK_EQ(lstat(path, &st), 0);
	return st.st_atim.tv_sec > time(NULL) - DAY;
}

static void make_old(const char *path)
{
	struct timespec t[2] = { { time(NULL) - 3 * DAY, 0 }, { time(NULL) - 2 * DAY, 0 } };

	CHECK_EQ(utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW), 0);
	CHECK(!is_accessed(path));
}

static void read_some(const char *path, int flags)
{
	char c;
	int fd = CHECK_OK(open(path, O_RDONLY | flags));

	CHECK_EQ(read(fd, &c, 1), 1);
	close(fd);
}

TEST(reading_changes_access_times)
{
	struct statvfs vfs;
	char buf[20];
	time_t changed;
	DIR *dir;

	CHECK_EQ(statvfs(".", &vfs), 0);
	if (vfs.f_flag & ST_NOATIME)
		test_skip("mounted so that they stay");
	put_text("f", "text");
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(symlink("f", "s"), 0);
	make_old("f");
	make_old("d");
	make_old("s");
	read_some("f", O_NOATIME);
	CHECK(!is_accessed("f"));
	changed = stat_of("d").st_ctim.tv_sec;
	read_some("f", 0);
	CHECK(is_accessed("f"));
	dir = opendir("d");
	CHECK(dir);
	while (readdir(dir))
		;
	closedir(dir);
	CHECK(is_accessed("d"));
	CHECK_EQ(stat_of("d").st_ctim.tv_sec, changed);
	CHECK_EQ(readlink("s", buf, sizeof(buf)), 1);
	CHECK(is_accessed("s"));
	CHECK(stat_of("f").st_mtim.tv_sec < time(NULL) - DAY);
}

TEST(epoll_of_a_file_is_refused)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd = open_new("f"), ep = CHECK_OK(epoll_create1(0));

	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), EPERM);
	close(ep);
	close(fd);
}

TEST(files_without_a_name)
{
	char path[40];
	struct stat st;
	int fd = CHECK_OK(open(".", O_TMPFILE | O_RDWR, 0640));

	CHECK_EQ(write(fd, "hidden", 6), 6);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_EQ(linkat(AT_FDCWD, path, AT_FDCWD, "f", AT_SYMLINK_FOLLOW), 0);
	CHECK_EQ(stat_of("f").st_nlink, 1);
	CHECK_EQ(stat_of("f").st_ino, st.st_ino);
	close(fd);
	CHECK(file_is("f", "hidden"));
	fd = CHECK_OK(open(".", O_TMPFILE | O_EXCL | O_WRONLY, 0600));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_ERR(linkat(AT_FDCWD, path, AT_FDCWD, "g", AT_SYMLINK_FOLLOW), ENOENT);
	close(fd);
}

/* What a mapping stored behind the end shows as zeros when the file grows. */
TEST(growth_shows_zeros)
{
	char buf[100], zero[100] = { 0 };
	int fd = open_new("f"), i;
	char *map;

	CHECK_EQ(write(fd, "12345", 5), 5);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	for (i = 0; i < 3; i++) {
		off_t size = stat_of("f").st_size;

		memset(map + size, 'z', sizeof(buf));
		if (i == 0)
			CHECK_EQ(ftruncate(fd, size + 100), 0);
		else
			CHECK_EQ(pwrite(fd, "end", 3, size + (i == 1 ? 100 : 5000)), 3);
		CHECK_EQ(pread(fd, buf, sizeof(buf), size), (ssize_t)sizeof(buf));
		CHECK_EQ(memcmp(buf, zero, sizeof(zero)), 0);
	}
	munmap(map, 4096);
	close(fd);
}

/* Without execution for the group, the bit means something else. */
TEST(root_keeps_a_bit_of_mandatory_locks)
{
	if (geteuid())
		test_skip("not root");
	put_text("f", "x");
	CHECK_EQ(chown("f", 12345, 12345), 0);
	CHECK_EQ(chmod("f", 02644), 0);
	CHECK_EQ(chown("f", 12346, 12346), 0);
	CHECK_EQ(stat_of("f").st_mode & 07777, 02644);
	CHECK_EQ(chmod("f", 06755), 0);
	CHECK_EQ(chown("f", 12345, 12345), 0);
	CHECK_EQ(stat_of("f").st_mode & 07777, 0755);
}

static int give_to_itself(void)
{
	if (setgroups(0, NULL) || setresgid(12345, 12345, 12345) || setresuid(12345, 12345, 12345))
		return 3;
	return chown("f", -1, -1) ? 2 : 0;
}

/* chown() that changes neither owner nor group takes the bits, too. */
TEST(same_owner_takes_privileges)
{
	pid_t pid;

	put_text("f", "x");
	if (chown("f", 12345, 12345) || chmod("f", 06755))
		test_skip("without root");
	pid = CHECK_OK(fork());
	if (!pid)
		_exit(give_to_itself());
	CHECK_EQ(wait_for(pid), 0);
	CHECK_EQ(stat_of("f").st_mode, S_IFREG | 0755);
	CHECK_EQ(chmod("f", 06755), 0);
	CHECK_EQ(chown("f", -1, -1), 0);
	CHECK_EQ(stat_of("f").st_mode, S_IFREG | 0755);
}

TEST(same_size_moves_times)
{
	struct timespec old[2] = { { 1000, 0 }, { 2000, 0 } };

	put_text("f", "12345");
	CHECK_EQ(utimensat(AT_FDCWD, "f", old, 0), 0);
	CHECK_EQ(truncate("f", 5), 0);
	CHECK(stat_of("f").st_mtim.tv_sec > 2000);
	CHECK(file_is("f", "12345"));
}

/* As ext4 tells; by these numbers fanotify and `tail -f` know the file system. */
TEST(file_system_has_a_kind_and_a_number)
{
	struct statfs st;

	CHECK_EQ(statfs(".", &st), 0);
	CHECK(st.f_fsid.__val[0] || st.f_fsid.__val[1]);
	CHECK_EQ(st.f_type, 0xef53);
}

TEST(alignment_of_direct_io_is_told)
{
	unsigned char raw[256] = { 0 };
	uint32_t mask, memory, offset;

	put_text("f", "x");
	CHECK_EQ(statx(AT_FDCWD, "f", 0, 0x2000 /* STATX_DIOALIGN */, (struct statx *)raw), 0);
	memcpy(&mask, raw, 4);
	memcpy(&memory, raw + 0x98, 4);
	memcpy(&offset, raw + 0x9c, 4);
	CHECK(mask & 0x2000);
	CHECK(memory && offset);
}

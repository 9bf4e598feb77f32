// SPDX-License-Identifier: MIT
/* What a file system shows of itself: fields, kinds of entries, holes, cached pages, mounts. */
#include "fstest.h"
#include <linux/falloc.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

TEST(fields_that_are_asked_for)
{
	const unsigned int kinds[] = { 0, STATX_TYPE, STATX_SIZE, STATX_BLOCKS, STATX_NLINK | STATX_UID,
				       STATX_ATIME | STATX_MTIME | STATX_CTIME, STATX_BTIME, STATX_INO };
	const int ways[] = { AT_STATX_SYNC_AS_STAT, AT_STATX_FORCE_SYNC, AT_STATX_DONT_SYNC };
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0640)), i;
	struct statx sx;

	CHECK_EQ(write(fd, "0123456789", 10), 10);
	for (i = 0; i < 24; i++) {
		memset(&sx, 0xff, sizeof(sx));
		CHECK_EQ(statx(fd, "", AT_EMPTY_PATH | ways[i % 3], kinds[i / 3], &sx), 0);
		CHECK_EQ(sx.stx_mask & kinds[i / 3], kinds[i / 3]);
		CHECK(sx.stx_mode == (S_IFREG | 0640) && sx.stx_size == 10 && sx.stx_nlink == 1);
		CHECK_EQ(sx.stx_blksize, 4096);
		CHECK(!sx.stx_rdev_major && !sx.stx_rdev_minor);
	}
	CHECK_ERR(statx(fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC,
			STATX_ALL, &sx), EINVAL);
	CHECK_ERR(statx(fd, "", AT_EMPTY_PATH, 0x80000000, &sx), EINVAL);
	CHECK_ERR(statx(fd, "", 0, STATX_ALL, &sx), ENOENT);
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(mkdir("d/e", 0755), 0);
	CHECK(stat_of("d").st_size == 4096 && stat_of("d").st_blocks == 8 &&
	      stat_of("d").st_nlink == 3 && stat_of("d").st_blksize == 4096);
	CHECK_EQ(symlink("target", "l"), 0);
	CHECK(stat_of("l").st_size == 6 && stat_of("l").st_blocks == 0 &&
	      stat_of("l").st_mode == (S_IFLNK | 0777));
	CHECK_EQ(mkfifo("p", 0600), 0);
	CHECK(stat_of("p").st_size == 0 && stat_of("p").st_blocks == 0);
}

/* What is said to be known is true, although nobody asked for it. */
static void check_unasked(int fd)
{
	struct statx sx;
	struct stat st;

	CHECK_EQ(statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &sx), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	if (sx.stx_mask & STATX_BLOCKS)
		CHECK_EQ(sx.stx_blocks, st.st_blocks);
	if (sx.stx_mask & STATX_SIZE)
		CHECK_EQ(sx.stx_size, st.st_size);
}

TEST(blocks_that_are_not_asked_for)
{
	static char buf[65536];
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;

	check_unasked(fd);
	CHECK_EQ(write(fd, buf, 10), 10);
	check_unasked(fd);
	CHECK_EQ(pwrite(fd, buf, sizeof(buf), 0), sizeof(buf));
	check_unasked(fd);
	CHECK_EQ(fsync(fd), 0);
	check_unasked(fd);
	for (i = 0; i < 5; i++)
		CHECK_EQ(pwrite(fd, "x", 1, 1000000 + 100000 * i), 1);
	check_unasked(fd);
	CHECK_EQ(fallocate(fd, FALLOC_FL_KEEP_SIZE, 3000000, 1 << 20), 0);
	check_unasked(fd);
	CHECK_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 32768), 0);
	check_unasked(fd);
	CHECK_EQ(ftruncate(fd, 5000), 0);
	check_unasked(fd);
}

static int kind_of(const char *name)
{
	DIR *dir = opendir(".");
	struct dirent *e;
	int kind = -1;

	CHECK(dir);
	while ((e = readdir(dir)))
		if (!strcmp(e->d_name, name))
			kind = e->d_type;
	closedir(dir);
	return kind;
}

/* find and du trust them, and ask no more. */
TEST(kinds_of_entries)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int i;

	put_text("file", "");
	CHECK_EQ(mkdir("dir", 0755), 0);
	CHECK_EQ(symlink("x", "link"), 0);
	CHECK_EQ(mkfifo("fifo", 0644), 0);
	CHECK_EQ(bind(CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), (void *)&to, sizeof(to)), 0);
	if (!geteuid()) {
		CHECK_EQ(mknod("char", S_IFCHR | 0600, makedev(1, 3)), 0);
		CHECK_EQ(mknod("block", S_IFBLK | 0600, makedev(7, 0)), 0);
	}
	for (i = 0; i < 2; i++) {
		CHECK_EQ(kind_of("file"), DT_REG);
		CHECK_EQ(kind_of("dir"), DT_DIR);
		CHECK_EQ(kind_of("."), DT_DIR);
		CHECK_EQ(kind_of(".."), DT_DIR);
		CHECK_EQ(kind_of("link"), DT_LNK);
		CHECK_EQ(kind_of("fifo"), DT_FIFO);
		CHECK_EQ(kind_of("sock"), DT_SOCK);
		CHECK_EQ(kind_of("char"), geteuid() ? -1 : DT_CHR);
		CHECK_EQ(kind_of("block"), geteuid() ? -1 : DT_BLK);
		forget_all();
	}
}

/* Blocks that were laid and not written are holes. */
TEST(holes_and_what_is_laid)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;
	char c;

	CHECK_EQ(fallocate(fd, 0, 0, 65536), 0);
	CHECK_EQ(stat_of("f").st_blocks, 128);
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 0);
	CHECK_ERR(lseek(fd, 0, SEEK_DATA), ENXIO);
	CHECK_EQ(pwrite(fd, "x", 1, 20000), 1);
	CHECK_EQ(pwrite(fd, "y", 1, 40960), 1);
	for (i = 0; i < 2; i++) {
		CHECK_EQ(lseek(fd, 0, SEEK_DATA), 16384);
		CHECK_EQ(lseek(fd, 16384, SEEK_HOLE), 20480);
		CHECK_EQ(lseek(fd, 20480, SEEK_DATA), 40960);
		CHECK_EQ(lseek(fd, 40961, SEEK_HOLE), 45056);
		CHECK_ERR(lseek(fd, 45056, SEEK_DATA), ENXIO);
		CHECK_EQ(fsync(fd), 0);
	}
	CHECK_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 16384, 4096), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_DATA), 40960);
	CHECK_EQ(fallocate(fd, FALLOC_FL_ZERO_RANGE, 40960, 4096), 0);
	CHECK_ERR(lseek(fd, 0, SEEK_DATA), ENXIO);
	CHECK_EQ(pread(fd, &c, 1, 40960), 1);
	CHECK_EQ(c, 0);
}

struct pages {
	uint64_t cache, dirty, writeback, evicted, recently_evicted;
};

/* vmtouch and databases ask what is in memory. */
TEST(pages_that_are_told)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	uint64_t all[2] = { 0, 0 }, part[2] = { 4096, 8192 };
	unsigned char in[16];
	char buf[65536] = "x";
	struct pages s;
	char *p;

	CHECK_EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
	if (syscall(451 /* cachestat */, fd, all, &s, 0))
		test_skip("the kernel does not tell");
	CHECK_EQ(s.cache, 16);
	CHECK_EQ(s.dirty, 16);
	CHECK_EQ(syscall(451, fd, part, &s, 0), 0);
	CHECK_EQ(s.cache, 2);
	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(syscall(451, fd, all, &s, 0), 0);
	CHECK(s.cache == 16 && !s.dirty && !s.writeback);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	CHECK_EQ(syscall(451, fd, all, &s, 0), 0);
	CHECK_EQ(s.cache, 0);
	p = mmap(NULL, 65536, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(mincore(p, 65536, in), 0);
	CHECK(!(in[0] & 1) && !(in[7] & 1) && !(in[15] & 1));
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED), 0);
	CHECK_EQ(madvise(p, 65536, MADV_POPULATE_READ), 0);
	CHECK_EQ(mincore(p, 65536, in), 0);
	CHECK(in[0] & 1 && in[7] & 1);
	CHECK_ERR(syscall(451, fd, all, &s, 1), EINVAL);
	CHECK_ERR(mincore(p + 1, 4096, in), EINVAL);
	CHECK_ERR(madvise(p, 4096, MADV_FREE), EINVAL);
	CHECK_ERR(madvise(p, 4096, MADV_POPULATE_WRITE), EINVAL);
}

/* A mount that lies on a name stays, whatever is looked up, forgotten or tried. */
TEST(mounts_that_stay)
{
	if (unshare(CLONE_NEWNS) || mount("", "/", "", MS_REC | MS_PRIVATE, NULL))
		test_skip("no mounts here");
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(mkdir("m", 0755), 0);
	put_text("d/f", "below");
	put_text("file", "file");
	put_text("over", "over");
	CHECK_EQ(mount("d", "m", "", MS_BIND, NULL), 0);
	CHECK_EQ(mount("over", "file", "", MS_BIND, NULL), 0);
	forget_all();
	CHECK(file_is("m/f", "below") && file_is("file", "over"));
	CHECK_ERR(rmdir("m"), EBUSY);
	CHECK_ERR(unlink("file"), EBUSY);
	CHECK_ERR(rename("file", "g"), EBUSY);
	CHECK_ERR(rename("over", "file"), EBUSY);
	CHECK_ERR(link("m/f", "d/g"), EXDEV);
	CHECK_ERR(rename("m/f", "d/g"), EXDEV);
	CHECK_ERR(rename("m/f", "m/../g"), EXDEV);
	CHECK_EQ(rename("m/f", "m/g"), 0);
	CHECK(file_is("d/g", "below"));
	CHECK_EQ(copy_file_range(CHECK_OK(open("m/g", O_RDONLY)), NULL,
				 CHECK_OK(open("d/h", O_CREAT | O_WRONLY, 0644)), NULL, 99, 0), 5);
	usleep(1500000);
	CHECK(file_is("m/h", "below") && file_is("file", "over"));
	CHECK_EQ(chmod("m", 0700), 0);
	CHECK_EQ(stat_of("d").st_mode, S_IFDIR | 0700);
	CHECK_EQ(umount2("file", 0), 0);
	CHECK(file_is("file", "file"));
	CHECK_EQ(umount2("m", MNT_DETACH), 0);
	CHECK_EQ(rmdir("m"), 0);
}

/* In a namespace that does not have the mount, the name may go. Then the mount goes as well. */
TEST(mounts_whose_name_goes)
{
	int up[2], down[2];
	pid_t pid;
	char c;

	CHECK_EQ(pipe(up), 0);
	CHECK_EQ(pipe(down), 0);
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(mkdir("m", 0755), 0);
	put_text("d/f", "below");
	pid = CHECK_OK(fork());
	if (!pid) {
		if (unshare(CLONE_NEWNS) || mount("", "/", "", MS_REC | MS_PRIVATE, NULL) ||
		    mount("d", "m", "", MS_BIND, NULL))
			_exit(77);
		CHECK(file_is("m/f", "below"));
		CHECK_EQ(write(up[1], "x", 1), 1);
		CHECK_EQ(read(down[0], &c, 1), 1);
		CHECK(!exists("m"));
		CHECK_EQ(mkdir("m", 0755), 0);
		CHECK(!exists("m/f"));
		_exit(0);
	}
	close(up[1]);
	if (read(up[0], &c, 1) == 1) {
		CHECK_EQ(rmdir("m"), 0);
		CHECK_EQ(write(down[1], "x", 1), 1);
	}
	if (wait_for(pid) == 77)
		test_skip("no mounts here");
	CHECK(exists("m"));
}

static long long free_bytes(void)
{
	struct statfs st;

	CHECK_EQ(statfs(".", &st), 0);
	return (long long)st.f_bavail * st.f_bsize;
}

/* df tells of data before it is on the disk. */
TEST(room_of_unsaved_data_is_taken)
{
	const long long len = 8 << 20, near = 1 << 20;
	char *buf = calloc(1, len);
	long long before = free_bytes();
	int fd = CHECK_OK(open("f", O_CREAT | O_WRONLY, 0644));

	CHECK_EQ(write(fd, buf, len), len);
	CHECK(free_bytes() < before - len + near);
	CHECK_EQ(fsync(fd), 0);
	CHECK(free_bytes() < before - len + near);
	CHECK(free_bytes() > before - len - near);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(unlink("f"), 0);
	CHECK(free_bytes() > before - near);
	free(buf);
}

/* df tells at once what a removed file took. */
TEST(room_is_told_at_once)
{
	const long long len = 8 << 20, near = 1 << 20;
	char *buf = calloc(1, len);
	long long before, with;
	struct statfs st;
	int i, j, fd;

	for (i = 0; i < 30; i++) {
		before = free_bytes();
		fd = CHECK_OK(open("f", O_CREAT | O_WRONLY, 0644));
		for (j = 0; j < 8; j++)
			CHECK_EQ(write(fd, buf, 1 << 20), 1 << 20);
		CHECK_EQ(fsync(fd), 0);
		with = free_bytes();
		CHECK(with < before - len + near);
		if (i % 3 == 0) {
			CHECK_EQ(close(fd), 0);
			CHECK_EQ(unlink("f"), 0);
		} else if (i % 3 == 1) {
			CHECK_EQ(unlink("f"), 0);
			CHECK(free_bytes() < before - len + near);
			CHECK_EQ(close(fd), 0);
		} else {
			CHECK_EQ(ftruncate(fd, 0), 0);
			CHECK_EQ(close(fd), 0);
		}
		CHECK(free_bytes() > with + len - near);
	}
	CHECK_EQ(statfs(".", &st), 0);
	for (i = 0; i < 100; i++)
		put_text(name_of(i), "");
	CHECK(st.f_ffree >= 100);
	j = st.f_ffree;
	CHECK_EQ(statfs(".", &st), 0);
	CHECK((int)st.f_ffree <= j - 90);
	for (i = 0; i < 100; i++)
		CHECK_EQ(unlink(name_of(i)), 0);
	CHECK_EQ(statfs(".", &st), 0);
	CHECK((int)st.f_ffree >= j - 10);
}

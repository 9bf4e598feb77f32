// SPDX-License-Identifier: MIT
/* ioctl()s, but for those of flags. */
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/fsverity.h>
#include <sys/ioctl.h>

#include "fstest.h"

#ifndef FS_IOC_GETFSUUID
struct fsuuid2 {
	uint8_t len;
	uint8_t uuid[16];
};
#define FS_IOC_GETFSUUID	_IOR(0x15, 0, struct fsuuid2)
#endif

#define BLOCK	4096
#define EXTENTS	700	/* more than one answer of the storage domain has */

static struct {
	struct fiemap head;
	struct fiemap_extent extent[EXTENTS + 1];
} map;

static int fiemap(int fd, uint64_t start, uint64_t len, uint32_t room)
{
	memset(&map, 0, sizeof(map));
	map.head.fm_start = start;
	map.head.fm_length = len;
	map.head.fm_extent_count = room;
	return ioctl(fd, FS_IOC_FIEMAP, &map);
}

/* A file of blocks with holes between them, none of it written back. */
static int with_holes(int blocks)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;

	for (i = 0; i < blocks; i++)
		CHECK_EQ(pwrite(fd, "x", 1, 2l * i * BLOCK), 1);
	if (fiemap(fd, 0, FIEMAP_MAX_OFFSET, 0) && (errno == EOPNOTSUPP || errno == ENOTTY))
		test_skip("no FIEMAP here");
	return fd;
}

TEST(fiemap_shows_what_was_just_written)
{
	int fd = with_holes(3), i;

	CHECK_EQ(fiemap(fd, 0, FIEMAP_MAX_OFFSET, EXTENTS), 0);
	CHECK_EQ(map.head.fm_mapped_extents, 3);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(map.extent[i].fe_logical, 2l * i * BLOCK);
		CHECK_EQ(map.extent[i].fe_length, BLOCK);
		CHECK_EQ(!!(map.extent[i].fe_flags & FIEMAP_EXTENT_LAST), i == 2);
	}
	CHECK_EQ(fiemap(fd, BLOCK, 2 * BLOCK, EXTENTS), 0);
	CHECK_EQ(map.head.fm_mapped_extents, 1);
	CHECK_EQ(map.extent[0].fe_logical, 2 * BLOCK);
	CHECK_ERR(fiemap(fd, 0, 0, EXTENTS), EINVAL);
}

TEST(fiemap_of_many_extents)
{
	int fd = with_holes(EXTENTS), i;

	CHECK_EQ(fiemap(fd, 0, FIEMAP_MAX_OFFSET, 0), 0);
	CHECK_EQ(map.head.fm_mapped_extents, EXTENTS);
	CHECK_EQ(fiemap(fd, 0, FIEMAP_MAX_OFFSET, EXTENTS + 1), 0);
	CHECK_EQ(map.head.fm_mapped_extents, EXTENTS);
	for (i = 0; i < EXTENTS; i++)
		CHECK_EQ(map.extent[i].fe_logical, 2l * i * BLOCK);
	CHECK_EQ(fiemap(fd, 0, FIEMAP_MAX_OFFSET, 400), 0);
	CHECK_EQ(map.head.fm_mapped_extents, 400);
	CHECK_EQ(map.extent[399].fe_logical, 2l * 399 * BLOCK);
}

/* The number of the disk's block that has a file's; errno is set if there is an error. */
static int block_of(int fd, int block)
{
	return ioctl(fd, FIBMAP, &block) ? -1 : block;
}

TEST(blocks_of_a_file_are_on_the_disk)
{
	int fd = with_holes(3), i, at;

	if (geteuid())
		test_skip("FIBMAP is for root");
	for (i = 0; i < 3; i++) {
		at = block_of(fd, 2 * i);
		CHECK(at > 0);
		CHECK_EQ(block_of(fd, 2 * i + 1), 0);
		CHECK_EQ(fiemap(fd, 2l * i * BLOCK, BLOCK, 1), 0);
		CHECK_EQ(map.head.fm_mapped_extents, 1);
		CHECK_EQ(map.extent[0].fe_physical / BLOCK, at);
	}
	CHECK_EQ(fallocate(fd, 0, 10 * BLOCK, 2 * BLOCK), 0);
	CHECK_EQ(block_of(fd, 10), 0);
	CHECK_EQ(pwrite(fd, "x", 1, 11 * BLOCK), 1);
	CHECK(block_of(fd, 11) > 0);
	CHECK_EQ(block_of(fd, INT_MAX), 0);
	CHECK_ERR(block_of(fd, -1), EINVAL);
	CHECK_ERR(block_of(CHECK_OK(open(".", O_RDONLY)), 0), ENOTTY);
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK(block_of(fd, 11) > 0);
	/* A file that was not used since it was opened */
	CHECK_EQ(mkdir("d", 0755), 0);
	put_text("d/g", "x");
	forget_all();
	CHECK(block_of(CHECK_OK(open("d/g", O_RDONLY)), 0) > 0);
	CHECK_EQ(block_of(CHECK_OK(open("d/new", O_CREAT | O_RDWR, 0644)), 0), 0);
}

TEST(unknown_flag_of_fiemap)
{
	int fd = with_holes(1);

	memset(&map, 0, sizeof(map));
	map.head.fm_length = FIEMAP_MAX_OFFSET;
	map.head.fm_flags = 0x8000 | FIEMAP_FLAG_SYNC;
	CHECK_ERR(ioctl(fd, FS_IOC_FIEMAP, &map), EBADR);
	CHECK_EQ(map.head.fm_flags, 0x8000);
}

TEST(what_a_file_system_says_of_itself)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), dir = CHECK_OK(open(".", O_RDONLY));
	char label[FSLABEL_MAX], other[FSLABEL_MAX];
	struct fsuuid2 uuid = {}, same = {};
	long version = 0, of_dir = 0;

	if (ioctl(fd, FS_IOC_GETVERSION, &version))
		test_skip("not a disk's file system");
	CHECK_EQ(ioctl(dir, FS_IOC_GETVERSION, &of_dir), 0);
	CHECK(version != of_dir);
	CHECK_EQ(ioctl(fd, FS_IOC_GETFSLABEL, label), 0);
	CHECK_EQ(ioctl(dir, FS_IOC_GETFSLABEL, other), 0);
	CHECK(!strcmp(label, other));
	CHECK_EQ(ioctl(fd, FS_IOC_GETFSUUID, &uuid), 0);
	CHECK_EQ(ioctl(dir, FS_IOC_GETFSUUID, &same), 0);
	CHECK_EQ(uuid.len, 16);
	CHECK(!memcmp(&uuid, &same, sizeof(uuid)));
}

static int trim_as_user(int fd)
{
	struct fstrim_range range = { .len = ~0ull };
	pid_t pid = CHECK_OK(fork());

	if (!pid) {
		CHECK_EQ(setresuid(1000, 1000, 1000), 0);
		CHECK_ERR(ioctl(fd, FITRIM, &range), EPERM);
		_exit(0);
	}
	return wait_for(pid);
}

/* Root may trim, if the disk can; nobody else may. */
TEST(trim)
{
	struct fstrim_range range = { .len = 64 << 20 };
	int fd = CHECK_OK(open(".", O_RDONLY));

	if (ioctl(fd, FITRIM, &range)) {
		CHECK(errno == EOPNOTSUPP || errno == ENOTTY);
		if (errno == ENOTTY)
			test_skip("not a disk's file system");
	}
	CHECK_EQ(trim_as_user(fd), 0);
}

TEST(no_clones_no_keys_no_signatures)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	int to = CHECK_OK(open("g", O_CREAT | O_RDWR, 0644));
	struct file_clone_range range = { .src_fd = fd, .src_length = BLOCK };
	struct fscrypt_policy_v1 policy = {};
	char argument[128] = "";

	CHECK_EQ(ftruncate(fd, BLOCK), 0);
	if (!ioctl(to, FICLONE, fd))
		test_skip("clones are served here");
	CHECK_ERR(ioctl(to, FICLONE, fd), EOPNOTSUPP);
	CHECK_ERR(ioctl(to, FICLONERANGE, &range), EOPNOTSUPP);
	if (!ioctl(fd, FS_IOC_GETVERSION, argument)) {
		memset(argument, 0, sizeof(argument));
		CHECK_ERR(ioctl(fd, FS_IOC_GET_ENCRYPTION_POLICY, &policy), EOPNOTSUPP);
		CHECK_ERR(ioctl(fd, FS_IOC_ENABLE_VERITY, argument), EOPNOTSUPP);
		CHECK_ERR(ioctl(fd, FS_IOC_MEASURE_VERITY, argument), EOPNOTSUPP);
		/* Whatever it announces: a signature of 4 GiB */
		memset(argument, 0xff, sizeof(argument));
		CHECK_ERR(ioctl(fd, FS_IOC_ENABLE_VERITY, argument), EOPNOTSUPP);
	}
	CHECK_ERR(ioctl(fd, _IO('f', 99), 0), ENOTTY);
}

/* Its number says that it reads an argument, and there is no memory for one. */
TEST(an_unknown_command_reads_nothing)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_ERR(ioctl(fd, _IOW('v', 250, char[64]), (void *)8), ENOTTY);
	CHECK_ERR(ioctl(fd, FS_IOC_SETFLAGS, (void *)8), EFAULT);
}

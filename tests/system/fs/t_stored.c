// SPDX-License-Identifier: MIT
/* What programs store through mappings: the file's blocks and its privileges afterwards. */
#include "fstest.h"
#include <linux/capability.h>

#define LEN	(16 * 4096)
#define CAPS	"security.capability"

static char *map_of(int fd)
{
	char *p = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static char *map_a_hole(const char *name, int *fd)
{
	*fd = CHECK_OK(open(name, O_RDWR | O_CREAT | O_EXCL, 0644));
	CHECK_EQ(ftruncate(*fd, LEN), 0);
	return map_of(*fd);
}

static void has_blocks_of(const char *name, int len)
{
	CHECK_EQ(stat_of(name).st_blocks, len / 512);
}

TEST(stored_with_msync)
{
	int fd;
	char *p = map_a_hole("f", &fd);

	close(fd);
	has_blocks_of("f", 0);
	memset(p, 'x', LEN / 2);
	CHECK_EQ(msync(p, LEN, MS_SYNC), 0);
	has_blocks_of("f", LEN / 2);
	/* It was asked for since: what is stored later counts as well */
	memset(p + LEN / 2, 'y', LEN / 2);
	CHECK_EQ(msync(p, LEN, MS_SYNC), 0);
	has_blocks_of("f", LEN);
	CHECK_EQ(munmap(p, LEN), 0);
}

TEST(stored_with_fsync)
{
	int fd;
	char *p = map_a_hole("f", &fd);

	CHECK_EQ(write(fd, "head", 4), 4);
	has_blocks_of("f", 4096);
	memset(p + 4096, 'x', 4096);
	CHECK_EQ(fsync(fd), 0);
	has_blocks_of("f", 2 * 4096);
	memset(p + 8 * 4096, 'x', 4096);
	CHECK_EQ(fdatasync(fd), 0);
	has_blocks_of("f", 3 * 4096);
}

TEST(stored_with_sync)
{
	int fd;
	char *p = map_a_hole("f", &fd);

	memset(p, 'x', LEN);
	CHECK_EQ(munmap(p, LEN), 0);
	sync();
	has_blocks_of("f", LEN);
	/* Where data is sought, it is written back, too */
	p = map_a_hole("g", &fd);
	p[4096] = 'x';
	CHECK_EQ(lseek(fd, 0, SEEK_DATA), 4096);
	has_blocks_of("g", 4096);
}

static bool has_caps(int fd)
{
	struct vfs_cap_data caps;

	return fgetxattr(fd, CAPS, &caps, sizeof(caps)) == XATTR_CAPS_SZ_2;
}

TEST(stored_takes_no_privileges)
{
	struct vfs_cap_data caps = { .magic_etc = VFS_CAP_REVISION_2, .data = { { .permitted = 1 << CAP_CHOWN } } };
	int fd;
	char *p;

	if (geteuid())
		test_skip("root gives capabilities");
	p = map_a_hole("f", &fd);
	CHECK_EQ(fchmod(fd, 06755), 0);
	CHECK_EQ(fsetxattr(fd, CAPS, &caps, XATTR_CAPS_SZ_2, 0), 0);
	p[0] = 'x';
	CHECK_EQ(msync(p, LEN, MS_SYNC), 0);
	CHECK(has_caps(fd));
	p[1] = 'x';
	CHECK_EQ(munmap(p, LEN), 0);
	sync();
	CHECK(has_caps(fd));
	CHECK_EQ(stat_of("f").st_mode & 07777, 06755);
	/* write() takes them at once, and what it wrote takes none that are given later */
	CHECK_EQ(pwrite(fd, "y", 1, 0), 1);
	CHECK(!has_caps(fd));
	CHECK_EQ(fsetxattr(fd, CAPS, &caps, XATTR_CAPS_SZ_2, 0), 0);
	CHECK_EQ(fsync(fd), 0);
	CHECK(has_caps(fd));
}

// SPDX-License-Identifier: MIT
/* What was written lasts after the last close, and so does what is set then: as on a local disk. */
#include "fstest.h"
#include <linux/capability.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#define CAPS "security.capability"

static const char text[] = "written before the last close";

/* Save all, and have the kernel ask for names and attributes again. */
static void forget_all(void)
{
	int fd;

	sync();
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	if (fd < 0)
		test_skip("root drops caches");
	CHECK_EQ(write(fd, "3", 1), 1);
	close(fd);
}

TEST(closed_times)
{
	struct timespec t[2] = { { 1000, 1 }, { 2000, 2 } }, shut = { 0, 300000000 };
	struct stat st;

	put_text("f", text);
	CHECK_EQ(utimensat(AT_FDCWD, "f", t, 0), 0);
	nanosleep(&shut, NULL);
	forget_all();
	st = stat_of("f");
	CHECK_EQ(st.st_mtim.tv_sec, 2000);
	CHECK_EQ(st.st_mtim.tv_nsec, 2);
	CHECK(file_is("f", text));
}

TEST(closed_mtime_is_of_the_write)
{
	struct timespec one = { 1, 200000000 };
	struct timespec was;

	put_text("f", text);
	was = stat_of("f").st_mtim;
	nanosleep(&one, NULL);
	forget_all();
	CHECK_EQ(stat_of("f").st_mtim.tv_sec, was.tv_sec);
	CHECK_EQ(stat_of("f").st_mtim.tv_nsec, was.tv_nsec);
}

static void check_mode(uid_t owner)
{
	put_text("f", text);
	CHECK_EQ(chown("f", owner, owner), 0);
	CHECK_EQ(chmod("f", 06755), 0);
	forget_all();
	CHECK_EQ(stat_of("f").st_mode & 07777, 06755);
	CHECK_EQ(stat_of("f").st_uid, owner);
	CHECK(file_is("f", text));
	CHECK_EQ(unlink("f"), 0);
}

TEST(closed_set_uid)
{
	if (geteuid())
		test_skip("root gives files away");
	check_mode(0);
	check_mode(1000);
}

TEST(closed_mode)
{
	put_text("f", text);
	CHECK_EQ(chmod("f", 0400), 0);
	put_text("g", text);
	CHECK_EQ(chmod("g", 0), 0);
	forget_all();
	CHECK(file_is("f", text));
	CHECK_EQ(chmod("g", 0600), 0);
	CHECK(file_is("g", text));
}

TEST(closed_capabilities)
{
	struct vfs_cap_data caps = { .magic_etc = VFS_CAP_REVISION_2, .data = { { .permitted = 1 << CAP_CHOWN } } }, got;

	if (geteuid())
		test_skip("root gives capabilities");
	put_text("f", text);
	CHECK_EQ(setxattr("f", CAPS, &caps, XATTR_CAPS_SZ_2, 0), 0);
	forget_all();
	CHECK_EQ(getxattr("f", CAPS, &got, sizeof(got)), XATTR_CAPS_SZ_2);
	CHECK(file_is("f", text));
	/* A file that was made just now has none; one that got some loses them to a write. */
	put_text("f", text);
	CHECK_ERR(getxattr("f", CAPS, &got, sizeof(got)), ENODATA);
}

TEST(closed_immutable)
{
	int fd, flags;

	put_text("f", text);
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
	flags |= FS_IMMUTABLE_FL;
	CHECK_EQ(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
	forget_all();
	CHECK(file_is("f", text));
	flags &= ~FS_IMMUTABLE_FL;
	CHECK_EQ(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
}

TEST(closed_mapping)
{
	int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
	char *p;

	CHECK_EQ(ftruncate(fd, sizeof(text) - 1), 0);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	close(fd);
	memcpy(p, text, sizeof(text) - 1);
	CHECK_EQ(munmap(p, 4096), 0);
	forget_all();
	CHECK(file_is("f", text));
}

TEST(closed_names)
{
	struct stat st;

	put_text("a", text);
	CHECK_EQ(rename("a", "b"), 0);
	CHECK_EQ(link("b", "c"), 0);
	CHECK_EQ(unlink("b"), 0);
	put_text("d", "what is replaced");
	put_text("e", text);
	CHECK_EQ(rename("e", "d"), 0);
	put_text("f", text);
	CHECK_EQ(truncate("f", 7), 0);
	CHECK_EQ(truncate("f", 5000), 0);
	forget_all();
	CHECK(file_is("c", text));
	CHECK(file_is("d", text));
	st = stat_of("f");
	CHECK_EQ(st.st_size, 5000);
	CHECK_EQ(truncate("f", 7), 0);
	CHECK(file_is("f", "written"));
}

TEST(closed_then_opened)
{
	char data[8192], got[8192];
	int fd, i;

	fill_from(data, sizeof(data), 7);
	for (i = 0; i < 20; i++) {
		fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
		CHECK_EQ(pwrite(fd, data + 100 * i, 100, 100 * i), 100);
		close(fd);
		if (i == 10)
			forget_all();
	}
	CHECK_EQ(get_file("f", got, sizeof(got)), 2000);
	CHECK(!memcmp(data, got, 2000));
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(fsync(fd), 0);
	close(fd);
	forget_all();
	CHECK_EQ(get_file("f", got, sizeof(got)), 2000);
	CHECK(!memcmp(data, got, 2000));
}

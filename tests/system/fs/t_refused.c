// SPDX-License-Identifier: MIT
/* What is refused, and with which error: paths, names, descriptors, positions, attributes. */
#include "fstest.h"
#include <linux/fs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/socket.h>

static char text_of[8192];

/* A name or target of @len bytes; until the next call. */
static const char *of_length(size_t len)
{
	memset(text_of, 'n', len);
	text_of[len] = 0;
	return text_of;
}

TEST(slashes_and_dots)
{
	put_text("f", "");
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(symlink("d", "ld"), 0);
	CHECK_EQ(symlink("none", "dangling"), 0);
	CHECK_ERR(open("f/", O_RDONLY), ENOTDIR);
	CHECK_ERR(open("new/", O_CREAT | O_WRONLY, 0644), EISDIR);
	CHECK_ERR(open("d", O_CREAT | O_RDONLY, 0644), EISDIR);
	CHECK_ERR(open("d", O_WRONLY), EISDIR);
	CHECK_ERR(open("d", O_CREAT | O_DIRECTORY, 0644), EINVAL);
	CHECK_ERR(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
	CHECK_ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERR(open("f", O_TMPFILE | O_RDWR, 0644), ENOTDIR);
	CHECK_ERR(open(".", O_TMPFILE | O_RDONLY, 0644), EINVAL);
	CHECK_ERR(mkdir("f/", 0755), EEXIST);
	CHECK_ERR(mkdir("dangling/", 0755), EEXIST);
	CHECK_ERR(mkdir(".", 0755), EEXIST);
	CHECK_ERR(mknod("new/", S_IFREG | 0644, 0), ENOENT);
	CHECK_ERR(symlink("x", "new/"), ENOENT);
	CHECK_ERR(symlink("", "new"), ENOENT);
	CHECK_ERR(link("f", "new/"), ENOENT);
	CHECK_ERR(link("f/", "new"), ENOTDIR);
	CHECK_ERR(unlink("f/"), ENOTDIR);
	CHECK_ERR(unlink("d/"), EISDIR);
	CHECK_ERR(unlink("ld/"), ENOTDIR);
	CHECK_ERR(unlink("."), EISDIR);
	CHECK_ERR(rmdir("."), EINVAL);
	CHECK_ERR(rmdir("d/.."), ENOTEMPTY);
	CHECK_ERR(rmdir("ld/"), ENOTDIR);
	CHECK_ERR(rename("f", "new/"), ENOTDIR);
	CHECK_ERR(rename("f/", "new"), ENOTDIR);
	CHECK_ERR(rename("d", "f"), ENOTDIR);
	CHECK_ERR(rename("f", "d"), EISDIR);
	CHECK_ERR(rename("d", "d/sub"), EINVAL);
	CHECK_ERR(rename("d/.", "new"), EBUSY);
	CHECK_ERR(rename("ld/", "new"), ENOTDIR);
	CHECK_EQ(mkdir("e", 0755), 0);
	put_text("e/x", "");
	CHECK_ERR(rename("d", "e"), ENOTEMPTY);
	CHECK_ERR(rename("e/x", "e"), ENOTEMPTY);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "d", RENAME_NOREPLACE), EEXIST);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "new", RENAME_EXCHANGE), ENOENT);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "d",
			  RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "e", AT_FDCWD, "e/x", RENAME_EXCHANGE), EINVAL);
	CHECK_EQ(rename("d/", "moved/"), 0);
	CHECK_EQ(mkdir("again/", 0755), 0);
	CHECK_EQ(rmdir("again/"), 0);
	CHECK_EQ(link("f", "g"), 0);
	CHECK_EQ(rename("f", "g"), 0);
	CHECK(exists("f") && exists("g"));
}

static void check_length(void)
{
	const char *name = of_length(256);

	CHECK_ERR(open(name, O_RDONLY), ENAMETOOLONG);
	CHECK_ERR(open(name, O_CREAT | O_RDWR, 0644), ENAMETOOLONG);
	CHECK_ERR(mkdir(name, 0755), ENAMETOOLONG);
	CHECK_ERR(rmdir(name), ENAMETOOLONG);
	CHECK_ERR(unlink(name), ENAMETOOLONG);
	CHECK_ERR(symlink("x", name), ENAMETOOLONG);
	CHECK_ERR(link("f", name), ENAMETOOLONG);
	CHECK_ERR(rename("f", name), ENAMETOOLONG);
	CHECK_ERR(rename(name, "g"), ENAMETOOLONG);
	CHECK_ERR(mknod(name, S_IFIFO | 0644, 0), ENAMETOOLONG);
	CHECK_ERR(access(name, F_OK), ENAMETOOLONG);
	name = of_length(255);
	CHECK_ERR(access(name, F_OK), ENOENT);
	CHECK_EQ(mkdir(name, 0755), 0);
	CHECK_EQ(rename(name, "short"), 0);
	CHECK_EQ(rename("short", name), 0);
	CHECK_EQ(rmdir(name), 0);
	put_text(name, "");
	CHECK_EQ(link(name, "short"), 0);
	CHECK_EQ(unlink(name), 0);
	CHECK_EQ(unlink("short"), 0);
}

TEST(lengths_of_names)
{
	put_text("f", "");
	check_length();
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(chdir("d"), 0);
	put_text("f", "");
	check_length();
	CHECK_EQ(chdir(".."), 0);
	CHECK_ERR(open(of_length(4096), O_RDONLY), ENAMETOOLONG);
}

TEST(lengths_of_targets)
{
	static char buf[5000];

	CHECK_ERR(symlink(of_length(4096), "l"), ENAMETOOLONG);
	CHECK_EQ(symlink(of_length(4095), "l"), 0);
	CHECK_EQ(stat_of("l").st_size, 4095);
	CHECK_EQ(readlink("l", buf, sizeof(buf)), 4095);
	CHECK(buf[0] == 'n' && buf[4094] == 'n');
	CHECK_EQ(readlink("l", buf, 10), 10);
	CHECK_ERR(readlink("l", buf, 0), EINVAL);
	CHECK_ERR(open("l", O_RDONLY), ENAMETOOLONG);
	forget_all();
	CHECK_EQ(readlink("l", buf, sizeof(buf)), 4095);
	CHECK_EQ(symlink(of_length(59), "short"), 0);
	CHECK_EQ(symlink(of_length(60), "longer"), 0);
	CHECK_EQ(readlink("short", buf, sizeof(buf)), 59);
	CHECK_EQ(readlink("longer", buf, sizeof(buf)), 60);
	CHECK_ERR(readlink(".", buf, sizeof(buf)), EINVAL);
}

static void check_attribute(const char *path)
{
	static char big[70000];
	char name[300] = "user.", buf[16];

	CHECK_ERR(lgetxattr(path, "plain", buf, 16), EOPNOTSUPP);
	CHECK_ERR(lsetxattr(path, "plain", buf, 1, 0), EOPNOTSUPP);
	CHECK_ERR(lremovexattr(path, "plain"), EOPNOTSUPP);
	CHECK_ERR(lgetxattr(path, "system.none", buf, 16), EOPNOTSUPP);
	CHECK_ERR(lgetxattr(path, "user.", buf, 16), EINVAL);
	CHECK_ERR(lsetxattr(path, "user.", buf, 1, 0), EINVAL);
	CHECK_ERR(lgetxattr(path, "", buf, 16), ERANGE);
	memset(name + 5, 'x', 251);
	CHECK_ERR(lgetxattr(path, name, buf, 16), ERANGE);
	CHECK_ERR(lsetxattr(path, name, buf, 1, 0), ERANGE);
	name[255] = 0;
	CHECK_ERR(lgetxattr(path, name, buf, 16), ENODATA);
	CHECK_EQ(lsetxattr(path, name, "1", 1, 0), 0);
	CHECK_EQ(lgetxattr(path, name, buf, 16), 1);
	CHECK_EQ(lremovexattr(path, name), 0);
	CHECK_ERR(lsetxattr(path, "user.x", big, 65537, 0), E2BIG);
	CHECK_ERR(lsetxattr(path, "user.x", big, 65536, 0), ENOSPC);
	CHECK_ERR(lsetxattr(path, "user.x", big, 1, 4), EINVAL);
	CHECK_ERR(lsetxattr(path, "user.x", big, 1, XATTR_CREATE | XATTR_REPLACE), ENODATA);
	CHECK_ERR(lremovexattr(path, "user.x"), ENODATA);
	CHECK_EQ(lsetxattr(path, "user.x", big, 3000, 0), 0);
	CHECK_ERR(lsetxattr(path, "user.y", big, 3000, 0), ENOSPC);
	CHECK_EQ(lgetxattr(path, "user.x", big, 65536), 3000);
	CHECK_ERR(lgetxattr(path, "user.x", big, 2999), ERANGE);
	CHECK_EQ(lremovexattr(path, "user.x"), 0);
	CHECK_EQ(llistxattr(path, big, sizeof(big)), 0);
}

TEST(attributes_that_are_refused)
{
	struct statfs st;
	char buf[16];

	CHECK_EQ(statfs(".", &st), 0);
	if (st.f_type != 0xef53)
		test_skip("no ext4 here");
	put_text("f", "");
	CHECK_EQ(mkdir("d", 0755), 0);
	check_attribute("f");
	check_attribute("d");
	forget_all();
	check_attribute("f");
	CHECK_EQ(symlink("f", "l"), 0);
	CHECK_EQ(mkfifo("p", 0644), 0);
	CHECK_ERR(lsetxattr("l", "user.x", "1", 1, 0), EPERM);
	CHECK_ERR(lgetxattr("l", "user.x", buf, 16), ENODATA);
	CHECK_ERR(lsetxattr("p", "user.x", "1", 1, 0), EPERM);
	CHECK_ERR(lgetxattr("p", "user.x", buf, 16), ENODATA);
	CHECK_ERR(lgetxattr("l", "system.posix_acl_access", buf, 16), EOPNOTSUPP);
	CHECK_ERR(lgetxattr("f", "system.posix_acl_access", buf, 16), ENODATA);
	CHECK_ERR(lgetxattr("f", "system.posix_acl_default", buf, 16), ENODATA);
	CHECK_ERR(setxattr("f", "system.posix_acl_access", "junk", 4, 0), EOPNOTSUPP);
	CHECK_EQ(removexattr("f", "system.posix_acl_access"), 0);
	CHECK_EQ(removexattr("f", "system.posix_acl_default"), 0);
}

/* u::rw- g::r-- o::r-- u:1000:r-- m::r-- */
static const uint8_t acl[] = {
	2, 0, 0, 0,
	0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,
	0x02, 0, 4, 0, 0xe8, 0x03, 0, 0,
	0x04, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
	0x10, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
	0x20, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
};

TEST(access_lists_that_are_refused)
{
	put_text("f", "");
	CHECK_EQ(symlink("f", "l"), 0);
	if (setxattr("f", "system.posix_acl_access", acl, sizeof(acl), 0) && errno == EOPNOTSUPP)
		test_skip("no access lists here");
	CHECK_ERR(setxattr("f", "system.posix_acl_default", acl, sizeof(acl), 0), EACCES);
	CHECK_ERR(lsetxattr("l", "system.posix_acl_access", acl, sizeof(acl), 0), EOPNOTSUPP);
	CHECK_ERR(setxattr("f", "system.posix_acl_access", acl, sizeof(acl) - 8, 0), EINVAL);
	CHECK_ERR(setxattr("f", "system.posix_acl_access", acl, sizeof(acl) - 1, 0), EINVAL);
	CHECK_EQ(removexattr("f", "system.posix_acl_access"), 0);
}

static int set_list(const char *path, const char *name, unsigned int users)
{
	struct list {
		uint32_t version;
		struct {
			uint16_t tag, perm;
			uint32_t id;
		} entry[8000];
	} *list = calloc(1, sizeof(*list));
	unsigned int i, n = 0;
	int rc;

	CHECK(list && users + 4 <= 8000);
	list->version = 2;
	for (i = 0; i < users + 4; i++) {
		static const uint16_t tags[] = { 0x04, 0x10, 0x20 };

		list->entry[n].tag = !i ? 0x01 : i <= users ? 0x02 : tags[i - users - 1];
		list->entry[n].perm = 4;
		list->entry[n++].id = list->entry[i].tag == 0x02 ? 1000 + i : -1;
	}
	rc = setxattr(path, name, list, 4 + 8 * n, 0);
	free(list);
	return rc;
}

TEST(access_lists_without_room)
{
	static const char access[] = "system.posix_acl_access", other[] = "system.posix_acl_default";
	struct statfs fs;

	put_text("f", "");
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(statfs(".", &fs), 0);
	if (fs.f_bsize != 4096 || (set_list("f", access, 1) && errno == EOPNOTSUPP))
		test_skip("no access lists, or blocks of another size");
	CHECK_EQ(set_list("f", access, 400), 0);
	CHECK_EQ(getxattr("f", access, NULL, 0), 4 + 8 * 404);
	CHECK_ERR(set_list("f", access, 600), ENOSPC);
	CHECK_ERR(set_list("f", access, 7900), ENOSPC);
	CHECK_EQ(getxattr("f", access, NULL, 0), 4 + 8 * 404);
	CHECK_EQ(set_list("d", other, 400), 0);
	CHECK_ERR(set_list("d", other, 600), ENOSPC);
}

TEST(a_path_alone)
{
	int fd, link_fd;
	char buf[16];
	struct stat st;

	put_text("f", "text");
	CHECK_EQ(symlink("f", "l"), 0);
	fd = CHECK_OK(open("f", O_PATH));
	link_fd = CHECK_OK(open("l", O_PATH | O_NOFOLLOW));
	CHECK_ERR(read(fd, buf, 1), EBADF);
	CHECK_ERR(pread(fd, buf, 1, 0), EBADF);
	CHECK_ERR(write(fd, "x", 1), EBADF);
	CHECK_ERR(lseek(fd, 0, SEEK_SET), EBADF);
	CHECK_ERR(ftruncate(fd, 0), EBADF);
	CHECK_ERR(fchmod(fd, 0600), EBADF);
	CHECK_ERR(fchown(fd, 0, 0), EBADF);
	CHECK_ERR(fsync(fd), EBADF);
	CHECK_ERR(fgetxattr(fd, "user.x", buf, 1), EBADF);
	CHECK_ERR(flock(fd, LOCK_SH), EBADF);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 4);
	CHECK_EQ(fstat(link_fd, &st), 0);
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(readlinkat(link_fd, "", buf, sizeof(buf)), 1);
	CHECK_ERR(readlinkat(fd, "", buf, sizeof(buf)), ENOENT);
	CHECK_ERR(openat(link_fd, "", O_RDONLY), ENOENT);
	CHECK_EQ(fchownat(fd, "", -1, -1, AT_EMPTY_PATH), 0);
	CHECK_EQ(faccessat(fd, "", R_OK, AT_EMPTY_PATH), 0);
	if (!geteuid()) {
		CHECK_EQ(linkat(fd, "", AT_FDCWD, "g", AT_EMPTY_PATH), 0);
		CHECK(file_is("g", "text"));
		CHECK_EQ(linkat(link_fd, "", AT_FDCWD, "l2", AT_EMPTY_PATH), 0);
		CHECK(S_ISLNK(stat_of("l2").st_mode));
	}
}

TEST(positions_that_are_refused)
{
	static char big[1 << 16];
	struct iovec many[1025], v[2];
	int fd, i, rd;

	put_text("f", "0123456789");
	fd = CHECK_OK(open("f", O_RDWR));
	rd = CHECK_OK(open("f", O_RDONLY));
	for (i = 0; i < 1025; i++)
		many[i] = (struct iovec){ big + i, 1 };
	for (i = 0; i < 3; i++) {
		CHECK_ERR(pread(fd, big, 1, -1), EINVAL);
		CHECK_ERR(pwrite(fd, big, 1, -1), EINVAL);
		CHECK_ERR(pwrite(fd, "", 0, -1), EINVAL);
		CHECK_EQ(pread(fd, big, 10, 1LL << 40), 0);
		CHECK_ERR(pread(fd, big, 10, INT64_MAX - 5), EINVAL);
		CHECK_EQ(pwrite(fd, big, 0, INT64_MAX - 5), 0);
		CHECK_ERR(pwrite(fd, big, 10, INT64_MAX - 5), EINVAL);
		CHECK_ERR(pwrite(fd, big, 10, INT64_MAX - 10), EFBIG);
		CHECK_ERR(pwrite(rd, big, 1, 0), EBADF);
		CHECK_ERR(write(rd, big, 0), EBADF);
		CHECK_ERR(readv(fd, many, 1025), EINVAL);
		CHECK_EQ(readv(fd, many, 0), 0);
		CHECK_EQ(preadv(fd, many, 1024, 0), 10);
		v[0] = (struct iovec){ big, 1 };
		v[1] = (struct iovec){ big, SIZE_MAX / 2 + 1 };
		CHECK_ERR(readv(fd, v, 2), EINVAL);
		CHECK_ERR(preadv2(fd, v, 1, 0, 0x40000000), EOPNOTSUPP);
		CHECK_ERR(preadv2(fd, v, 1, -2, 0), EINVAL);
		CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
		CHECK_EQ(preadv2(fd, v, 1, -1, 0), 1);
		CHECK_EQ(big[0], '3');
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
		CHECK_ERR(lseek(fd, -5, SEEK_CUR), EINVAL);
		CHECK_ERR(lseek(fd, -11, SEEK_END), EINVAL);
		CHECK_ERR(lseek(fd, 0, 77), EINVAL);
		CHECK_ERR(lseek(fd, 10, SEEK_DATA), ENXIO);
		CHECK_ERR(lseek(fd, -1, SEEK_HOLE), ENXIO);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
		CHECK_EQ(read(fd, big, 0), 0);
		CHECK_EQ(read(fd, big, 100), 6);
		CHECK_EQ(read(fd, big, 100), 0);
		CHECK_EQ(stat_of("f").st_size, 10);
		CHECK_ERR(ftruncate(fd, -1), EINVAL);
		CHECK_ERR(ftruncate(rd, 1), EINVAL);
		usleep(600000);
	}
	fd = CHECK_OK(open(".", O_RDONLY));
	CHECK_ERR(read(fd, big, 1), EISDIR);
	CHECK_ERR(pread(fd, big, 1, 0), EISDIR);
	CHECK_ERR(truncate(".", 0), EISDIR);
}

TEST(flags_of_pwritev2)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	struct iovec v = { "abc", 3 };

	CHECK_EQ(write(fd, "0123456789", 10), 10);
	CHECK_EQ(pwritev2(fd, &v, 1, 0, RWF_APPEND), 3);
	CHECK_EQ(pwritev2(fd, &v, 1, 2, RWF_DSYNC), 3);
	CHECK_EQ(pwritev2(fd, &v, 1, 5, RWF_SYNC | RWF_HIPRI), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
	CHECK_EQ(lseek(fd, 1, SEEK_SET), 1);
	CHECK_EQ(pwritev2(fd, &v, 1, -1, RWF_APPEND), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 16);
	CHECK(file_is("f", "01abcabc89abcabc"));
	CHECK_ERR(pwritev2(fd, &v, 1, 0, RWF_NOWAIT), EOPNOTSUPP);
	CHECK_EQ(fcntl(fd, F_SETFL, O_APPEND), 0);
	CHECK_EQ(pwrite(fd, "z", 1, 0), 1);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 16);
	CHECK(file_is("f", "01abcabc89abcabcz"));
}

TEST(a_file_that_has_gone)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), again;
	struct timespec t[2] = { { 1000, 0 }, { 2000, 0 } };
	char path[64], buf[64];
	struct stat st;

	CHECK_EQ(write(fd, "text", 4), 4);
	CHECK_EQ(unlink("f"), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_EQ(fchmod(fd, 0600), 0);
	CHECK_EQ(futimens(fd, t), 0);
	CHECK_EQ(fsetxattr(fd, "user.x", "1", 1, 0), 0);
	CHECK_EQ(fgetxattr(fd, "user.x", buf, 10), 1);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0600);
	CHECK_EQ(st.st_mtim.tv_sec, 2000);
	CHECK_EQ(st.st_nlink, 0);
	CHECK_ERR(linkat(AT_FDCWD, path, AT_FDCWD, "g", AT_SYMLINK_FOLLOW), ENOENT);
	again = CHECK_OK(open(path, O_RDWR));
	CHECK_EQ(pwrite(again, "T", 1, 0), 1);
	CHECK_EQ(pread(fd, buf, 10, 0), 4);
	CHECK(!memcmp(buf, "Text", 4));
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(chmod(path, 0640), 0);
	CHECK_EQ(truncate(path, 2), 0);
	CHECK_EQ(fstat(again, &st), 0);
	CHECK_EQ(st.st_size, 2);
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	CHECK(strstr(path, "fd") && readlink(path, buf, sizeof(buf)) > 0);
	fd = CHECK_OK(open(".", O_TMPFILE | O_EXCL | O_RDWR, 0644));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_ERR(linkat(AT_FDCWD, path, AT_FDCWD, "g", AT_SYMLINK_FOLLOW), ENOENT);
}

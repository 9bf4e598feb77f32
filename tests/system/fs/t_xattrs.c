// SPDX-License-Identifier: MIT
/* Extended attributes of what has none: what is made here, what was listed, and what gets some. */
#include "fstest.h"
#include <sys/xattr.h>

#define ACCESS	"system.posix_acl_access"
#define DEFAULT	"system.posix_acl_default"

/* As in <linux/posix_acl_xattr.h>: version 2, then tag, rights and id of each entry. */
struct acl {
	uint32_t version;
	struct {
		uint16_t tag, rights;
		uint32_t id;
	} e[5];
} __attribute__((packed));

#define ID	UINT32_MAX
#define SHORT	(4 + 3 * 8)	/* bytes of an access list of three entries */

/* It says what the mode 0640 does. */
static const struct acl mode_0640 = { 2, { { 1, 6, ID }, { 4, 4, ID }, { 32, 0, ID } } };
/* User 1234 may read, besides. */
static const struct acl with_user = {
	2, { { 1, 6, ID }, { 2, 4, 1234 }, { 4, 4, ID }, { 16, 4, ID }, { 32, 0, ID } }
};

static void make(const char *name)
{
	close(CHECK_OK(open(name, O_WRONLY | O_CREAT | O_EXCL, 0600)));
}

static void has_none(const char *name)
{
	char buf[64];

	CHECK_EQ(listxattr(name, NULL, 0), 0);
	CHECK_EQ(listxattr(name, buf, sizeof(buf)), 0);
	CHECK_ERR(getxattr(name, "user.one", buf, sizeof(buf)), ENODATA);
	CHECK_ERR(getxattr(name, "user.one", NULL, 0), ENODATA);
	CHECK_ERR(getxattr(name, "security.capability", buf, sizeof(buf)), ENODATA);
	CHECK_ERR(getxattr(name, ACCESS, buf, sizeof(buf)), ENODATA);
}

/* A name, one that is listed, and what is left when it has gone. */
static void gets_one(const char *name)
{
	char buf[64];

	CHECK_EQ(setxattr(name, "user.one", "1", 1, XATTR_CREATE), 0);
	CHECK_EQ(getxattr(name, "user.one", buf, sizeof(buf)), 1);
	CHECK_EQ(listxattr(name, buf, sizeof(buf)), (ssize_t)sizeof("user.one"));
	CHECK_EQ(removexattr(name, "user.one"), 0);
	has_none(name);
	CHECK_ERR(setxattr(name, "user.one", "1", 1, XATTR_REPLACE), ENODATA);
	has_none(name);
}

TEST(xattr_none_of_what_is_new)
{
	make("f");
	has_none("f");
	gets_one("f");
	CHECK_EQ(mkdir("d", 0755), 0);
	has_none("d");
	gets_one("d");
	make("d/f");
	CHECK_EQ(setxattr("d/f", "user.one", "1", 1, 0), 0);
	CHECK_EQ(link("d/f", "d/g"), 0);
	CHECK_EQ(getxattr("d/g", "user.one", NULL, 0), 1);
	CHECK_EQ(rename("d/f", "f"), 0);
	CHECK_EQ(getxattr("f", "user.one", NULL, 0), 1);
	CHECK_EQ(symlink("f", "s"), 0);
	CHECK_EQ(llistxattr("s", NULL, 0), 0);
	CHECK_ERR(lgetxattr("s", "trusted.one", NULL, 0), ENODATA);
}

/* What the file system does not have is told apart from what the file does not. */
TEST(xattr_names_that_nothing_has)
{
	make("f");
	CHECK_EQ(listxattr("f", NULL, 0), 0);
	CHECK_ERR(getxattr("f", "unknown.one", NULL, 0), EOPNOTSUPP);
	CHECK_ERR(getxattr("f", "one", NULL, 0), EOPNOTSUPP);
	CHECK_ERR(getxattr("f", "system.one", NULL, 0), EOPNOTSUPP);
	CHECK_ERR(getxattr("f", "user.", NULL, 0), EINVAL);
	CHECK_ERR(getxattr("f", "security.", NULL, 0), EINVAL);
	CHECK_ERR(getxattr("f", "", NULL, 0), ERANGE);
}

TEST(xattr_takes_a_block)
{
	static char big[3000], data[5000];
	int fd;

	make("f");
	fd = CHECK_OK(open("f", O_WRONLY));
	CHECK_EQ(write(fd, data, sizeof(data)), (ssize_t)sizeof(data));
	CHECK_EQ(fsync(fd), 0);
	close(fd);
	CHECK_EQ(stat_of("f").st_blocks, 16);
	CHECK_EQ(setxattr("f", "user.big", big, sizeof(big), 0), 0);
	CHECK_EQ(stat_of("f").st_blocks, 24);
	CHECK_EQ(removexattr("f", "user.big"), 0);
	CHECK_EQ(stat_of("f").st_blocks, 16);
	/* Before the first write */
	make("g");
	CHECK_EQ(setxattr("g", "user.big", big, sizeof(big), 0), 0);
	fd = CHECK_OK(open("g", O_WRONLY));
	CHECK_EQ(write(fd, "data", 4), 4);
	CHECK_EQ(fsync(fd), 0);
	close(fd);
	CHECK_EQ(stat_of("g").st_blocks, 16);
}

TEST(blocks_of_a_small_file)
{
	static char data[5000];
	int fd = CHECK_OK(open("f", O_WRONLY | O_CREAT | O_EXCL, 0600));

	CHECK_EQ(stat_of("f").st_blocks, 0);
	CHECK_EQ(write(fd, data, sizeof(data)), (ssize_t)sizeof(data));
	CHECK_EQ(stat_of("f").st_blocks, 16);
	close(fd);
	CHECK_EQ(stat_of("f").st_blocks, 16);
	CHECK_EQ(truncate("f", 100), 0);
	CHECK_EQ(stat_of("f").st_blocks, 8);
	sync();
	CHECK_EQ(stat_of("f").st_blocks, 8);
	/* A hole, which counts for nothing */
	CHECK_EQ(truncate("f", 12000), 0);
	CHECK_EQ(stat_of("f").st_blocks, 8);
	fd = CHECK_OK(open("f", O_WRONLY | O_TRUNC));
	CHECK_EQ(pwrite(fd, "data", 4, 9000), 4);
	close(fd);
	CHECK_EQ(stat_of("f").st_blocks, 8);
}

TEST(blocks_that_are_laid_ahead)
{
	int fd = CHECK_OK(open("f", O_WRONLY | O_CREAT | O_EXCL, 0600));

	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 65536))
		return;
	CHECK_EQ(write(fd, "data", 4), 4);
	close(fd);
	CHECK_EQ(stat_of("f").st_blocks, 128);
}

TEST(acl_that_is_a_mode)
{
	make("f");
	CHECK_EQ(listxattr("f", NULL, 0), 0);
	CHECK_EQ(setxattr("f", ACCESS, &mode_0640, SHORT, 0), 0);
	CHECK_EQ(stat_of("f").st_mode & 07777, 0640);
	has_none("f");
	CHECK_EQ(chmod("f", 06755), 0);
	CHECK_EQ(setxattr("f", ACCESS, &mode_0640, SHORT, 0), 0);
	CHECK_EQ(stat_of("f").st_mode & 07777, 06640);
	/* One that says more, and one that takes it away */
	CHECK_EQ(setxattr("f", ACCESS, &with_user, sizeof(with_user), 0), 0);
	CHECK_EQ(getxattr("f", ACCESS, NULL, 0), (ssize_t)sizeof(with_user));
	CHECK_EQ(listxattr("f", NULL, 0), (ssize_t)sizeof(ACCESS));
	CHECK_EQ(setxattr("f", ACCESS, &mode_0640, SHORT, 0), 0);
	has_none("f");
	CHECK_EQ(stat_of("f").st_mode & 0777, 0640);
}

TEST(acl_of_what_is_made_below)
{
	CHECK_EQ(mkdir("d", 0755), 0);
	make("d/before");
	CHECK_EQ(setxattr("d", DEFAULT, &with_user, sizeof(with_user), 0), 0);
	make("d/f");
	CHECK(getxattr("d/f", ACCESS, NULL, 0) > 0);
	CHECK_EQ(listxattr("d/f", NULL, 0), (ssize_t)sizeof(ACCESS));
	CHECK_EQ(mkdir("d/e", 0755), 0);
	CHECK(getxattr("d/e", DEFAULT, NULL, 0) > 0);
	make("d/e/f");
	CHECK(getxattr("d/e/f", ACCESS, NULL, 0) > 0);
	has_none("d/before");
	CHECK_EQ(removexattr("d", DEFAULT), 0);
	make("d/after");
	has_none("d/after");
}

/* The mask of an access list that was set is the mode that chmod() changes. */
TEST(acl_then_mode)
{
	struct acl got;

	make("f");
	CHECK_EQ(chmod("f", 0640), 0);
	CHECK_EQ(setxattr("f", ACCESS, &with_user, sizeof(with_user), 0), 0);
	CHECK_EQ(chmod("f", 0600), 0);
	CHECK_EQ(getxattr("f", ACCESS, &got, sizeof(got)), (ssize_t)sizeof(got));
	CHECK_EQ(got.e[3].rights, 0);
	CHECK_EQ(stat_of("f").st_mode & 0777, 0600);
	/* The mode that it had before the list */
	make("g");
	CHECK_EQ(chmod("g", 0600), 0);
	CHECK_EQ(setxattr("g", ACCESS, &with_user, sizeof(with_user), 0), 0);
	CHECK_EQ(chmod("g", 0600), 0);
	CHECK_EQ(getxattr("g", ACCESS, &got, sizeof(got)), (ssize_t)sizeof(got));
	CHECK_EQ(got.e[3].rights, 0);
}

/* chown() to nobody new changes no other bit of a mode that a list has changed. */
TEST(acl_then_chown)
{
	make("f");
	CHECK_EQ(chmod("f", 04755), 0);
	CHECK_EQ(setxattr("f", ACCESS, &with_user, sizeof(with_user), 0), 0);
	CHECK_EQ(chown("f", -1, -1), 0);
	CHECK_EQ(stat_of("f").st_mode & 07777, 0640);
}

static int write_a_byte(void)
{
	int fd = open("f", O_WRONLY);

	if (fd < 0 || setuid(1234))
		return 2;
	return write(fd, "x", 1) != 1;
}

/* What a write has taken from the mode does not come back with a list. */
TEST(acl_after_a_write)
{
	pid_t pid;

	make("f");
	CHECK_EQ(chmod("f", 04775), 0);
	CHECK_EQ(stat_of("f").st_mode & 07777, 04775);
	CHECK_EQ(listxattr("f", NULL, 0), 0);
	pid = CHECK_OK(fork());
	if (!pid)
		_exit(write_a_byte());
	CHECK_EQ(wait_for(pid), 0);
	CHECK_EQ(setxattr("f", ACCESS, &mode_0640, SHORT, 0), 0);
	CHECK_EQ(stat_of("f").st_mode & 07777, 0640);
}

/* Remove a list. Return: whether the file's change time has moved. */
static bool removing_moves(const char *path, const char *name)
{
	struct timespec before = stat_of(path).st_ctim, after;

	usleep(20000);
	CHECK_EQ(removexattr(path, name), 0);
	after = stat_of(path).st_ctim;
	return after.tv_sec != before.tv_sec || after.tv_nsec != before.tv_nsec;
}

TEST(acl_that_is_not_there)
{
	make("f");
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK(!removing_moves("f", ACCESS));
	CHECK(!removing_moves("d", DEFAULT));
	CHECK_EQ(setxattr("f", ACCESS, &with_user, sizeof(with_user), 0), 0);
	CHECK_EQ(setxattr("d", DEFAULT, &with_user, sizeof(with_user), 0), 0);
	CHECK(removing_moves("f", ACCESS));
	CHECK(removing_moves("d", DEFAULT));
	has_none("f");
	CHECK(!removing_moves("f", ACCESS));
}

// SPDX-License-Identifier: MIT
/* Reading directories by getdents64(2) itself, and what a directory's number of links says. */
#include "fstest.h"
#include <sys/mount.h>
#include <sys/syscall.h>

struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

#define NAMES 300

static bool seen[NAMES];
static int64_t behind[NAMES + 2];
static int order[NAMES + 2], nr;

/* Read up to @room bytes of entries. Return: how many entries. */
static int read_some(int fd, size_t room)
{
	char buf[4096] __attribute__((aligned(8)));
	ssize_t n = CHECK_OK(syscall(SYS_getdents64, fd, buf, room)), at = 0;
	int found = 0;

	while (at < n) {
		struct entry *e = (struct entry *)(buf + at);
		int i = e->name[0] == '.' ? -1 : atoi(e->name + 1);

		if (i >= 0) {
			CHECK(i < NAMES && !seen[i]);
			seen[i] = true;
			CHECK_EQ(e->type, i % 3 ? DT_REG : DT_DIR);
			CHECK_EQ(e->ino, stat_of(e->name).st_ino);
		} else {
			CHECK_EQ(e->type, DT_DIR);
			CHECK_EQ(e->ino, stat_of(e->name).st_ino);
		}
		CHECK(nr < NAMES + 2);
		order[nr] = i;
		behind[nr++] = e->off;
		at += e->len;
		found++;
	}
	return found;
}

static void begin_again(int fd)
{
	memset(seen, 0, sizeof(seen));
	nr = 0;
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
}

TEST(entries_by_small_buffers)
{
	int fd, i, k, was[NAMES + 2];
	char name[32], buf[64];

	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		CHECK_EQ(mknod(name, S_IFREG | 0644, 0) , 0);
		if (i % 3)
			continue;
		CHECK_EQ(unlink(name), 0);
		CHECK_EQ(mkdir(name, 0755), 0);
	}
	fd = CHECK_OK(open(".", O_RDONLY));
	CHECK_ERR(syscall(SYS_getdents64, fd, buf, 20), EINVAL);
	CHECK_ERR(syscall(SYS_getdents64, fd, buf, 0), EINVAL);
	begin_again(fd);
	while (read_some(fd, 24))
		;
	CHECK_EQ(nr, NAMES + 2);
	memcpy(was, order, sizeof(was));
	begin_again(fd);
	while (read_some(fd, 700))
		;
	CHECK_EQ(nr, NAMES + 2);
	CHECK(!memcmp(was, order, sizeof(was)));
	CHECK_EQ(read_some(fd, 700), 0);
	/* From behind each entry on, the next one is the same. */
	for (k = 0; k < NAMES; k += 17) {
		int64_t to = behind[k];

		memset(seen, 0, sizeof(seen));
		nr = k + 1;
		CHECK_EQ(lseek(fd, to, SEEK_SET), to);
		CHECK_EQ(read_some(fd, 24), 1);
		CHECK_EQ(order[k + 1], was[k + 1]);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), behind[k + 1]);
	}
	forget_all();
	memset(seen, 0, sizeof(seen));
	nr = 100;
	CHECK_EQ(lseek(fd, behind[99], SEEK_SET), behind[99]);
	CHECK_EQ(read_some(fd, 32), 1);
	CHECK_EQ(order[100], was[100]);
}

/* Remove each entry as it is read, by a small buffer: all of them are seen. */
TEST(entries_that_go_while_read)
{
	char name[32];
	int fd, i;

	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		if (i % 3)
			put_text(name, "");
		else
			CHECK_EQ(mkdir(name, 0755), 0);
	}
	fd = CHECK_OK(open(".", O_RDONLY));
	begin_again(fd);
	while (read_some(fd, 100)) {
		for (i = 0; i < NAMES; i++) {
			snprintf(name, sizeof(name), "n%d", i);
			if (seen[i])
				remove(name);
		}
	}
	CHECK_EQ(nr, NAMES + 2);
	begin_again(fd);
	CHECK_EQ(read_some(fd, 4096), 2);
	CHECK_EQ(stat_of(".").st_nlink, 2);
}

/* Count a directory's own directories. Return: -1: something is mounted there. */
static int folders_in(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	struct stat st;
	int n = 0;

	CHECK(d);
	while ((e = readdir(d))) {
		CHECK_EQ(fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW), 0);
		n += S_ISDIR(st.st_mode);
	}
	closedir(d);
	return n;
}

TEST(links_of_the_root)
{
	struct statfs st;

	CHECK_EQ(statfs("/", &st), 0);
	if (st.f_type != 0xef53)
		test_skip("the root is no ext4 here");
	CHECK_EQ(stat_of("/").st_nlink, folders_in("/"));
	CHECK_EQ(stat_of("..").st_nlink, folders_in(".."));
}

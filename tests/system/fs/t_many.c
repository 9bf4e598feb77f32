// SPDX-License-Identifier: MIT
/* Large folders, and positions in them. */
#include "fstest.h"
#include <sys/syscall.h>

#define MANY 10000

static char seen[MANY];

static void make_many(void)
{
	int i;

	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(chdir("d"), 0);
	for (i = 0; i < MANY; i++)
		CHECK_EQ(i % 3 ? close(CHECK_OK(open(name_of(i), O_CREAT | O_WRONLY, 0644))) :
				 symlink("x", name_of(i)), 0);
}

static int number_of(const struct dirent *e)
{
	int i = atoi(e->d_name + 1);

	CHECK_EQ(e->d_type, i % 3 ? DT_REG : DT_LNK);
	CHECK(i >= 0 && i < MANY && !strcmp(e->d_name, name_of(i)));
	return i;
}

TEST(positions_in_a_large_folder)
{
	static long where[MANY];
	static int which[MANY];
	struct dirent *e;
	int n = 0, i;
	DIR *dir;

	make_many();
	forget_all();
	dir = opendir(".");
	CHECK(dir);
	for (;;) {
		long pos = telldir(dir);

		e = readdir(dir);
		if (!e)
			break;
		if (e->d_name[0] == '.')
			continue;
		CHECK(n < MANY);
		where[n] = pos;
		which[n] = number_of(e);
		CHECK(!seen[which[n]]++);
		n++;
	}
	CHECK_EQ(n, MANY);
	for (i = MANY - 1; i >= 0; i -= 97) {
		seekdir(dir, where[i]);
		CHECK_EQ(telldir(dir), where[i]);
		e = readdir(dir);
		CHECK(e && number_of(e) == which[i]);
	}
	/* A position stays good while others go, and after it was opened again. */
	for (i = 0; i < MANY; i += 2)
		if (i != 5000)
			CHECK_EQ(unlink(name_of(which[i])), 0);
	seekdir(dir, where[5001]);
	e = readdir(dir);
	CHECK(e && number_of(e) == which[5001]);
	closedir(dir);
	forget_all();
	dir = opendir(".");
	CHECK(dir && readdir(dir));
	seekdir(dir, where[7001]);
	for (i = 7001; (e = readdir(dir)); i += 2)
		if (e->d_name[0] != '.')
			CHECK_EQ(number_of(e), which[i]);
	CHECK_EQ(i, MANY + 1);
	rewinddir(dir);
	for (n = 0; (e = readdir(dir));)
		n += e->d_name[0] != '.';
	CHECK_EQ(n, MANY / 2 + 1);
	closedir(dir);
}

TEST(a_folder_ends_behind_its_names)
{
	char buf[4096];
	int fd, i;

	CHECK_EQ(mkdir("d", 0755), 0);
	for (i = 0; i < 2; i++) {
		fd = CHECK_OK(open("d", O_RDONLY | O_DIRECTORY));
		CHECK(syscall(SYS_getdents64, fd, buf, 64) > 0);
		CHECK(lseek(fd, 0, SEEK_END) > 0);
		CHECK_EQ(syscall(SYS_getdents64, fd, buf, sizeof(buf)), 0);
		CHECK_ERR(lseek(fd, 1, SEEK_END), EINVAL);
		CHECK_EQ(close(fd), 0);
		put_text("d/f", "x");
	}
}

TEST(a_folder_has_numbers)
{
	struct stat empty, full;
	int i;

	CHECK_EQ(mkdir("d", 0755), 0);
	empty = stat_of("d");
	CHECK_EQ(empty.st_nlink, 2);
	CHECK(empty.st_size > 0 && empty.st_blocks > 0);
	CHECK_EQ(chdir("d"), 0);
	for (i = 0; i < 300; i++) {
		char name[120];

		snprintf(name, sizeof(name), "%0100d", i);
		CHECK_EQ(i % 2 ? mkdir(name, 0755) : mkfifo(name, 0644), 0);
		if (i % 2)
			CHECK_EQ(stat_of(".").st_nlink, 2 + (i + 1) / 2);
	}
	full = stat_of(".");
	CHECK(full.st_size > empty.st_size);
	CHECK(full.st_blocks * 512 >= full.st_size);
	for (i = 1; i < 300; i += 2) {
		char name[120];

		snprintf(name, sizeof(name), "%0100d", i);
		CHECK_EQ(rmdir(name), 0);
		CHECK_EQ(stat_of(".").st_nlink, 2 + 149 - i / 2);
	}
	CHECK_EQ(mkdir("a", 0755), 0);
	CHECK_EQ(mkdir("b", 0755), 0);
	CHECK_EQ(rename("a", "b/a"), 0);
	CHECK_EQ(stat_of("b").st_nlink, 3);
	CHECK_EQ(stat_of(".").st_nlink, 3);
	put_text("f", "");
	CHECK_EQ(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "b/a", 2 /* EXCHANGE */), 0);
	CHECK_EQ(stat_of("b").st_nlink, 2);
	CHECK_EQ(stat_of(".").st_nlink, 4);
}

TEST(requests_to_list_that_are_refused)
{
	int dir = CHECK_OK(open(".", O_RDONLY)), path = CHECK_OK(open(".", O_PATH)), file;
	char buf[1024];
	off_t end;

	put_text("a_name_of_some_length", "");
	file = CHECK_OK(open("a_name_of_some_length", O_RDONLY));
	CHECK_ERR(syscall(SYS_getdents64, dir, buf, 8), EINVAL);
	CHECK_ERR(syscall(SYS_getdents64, file, buf, sizeof(buf)), ENOTDIR);
	CHECK_ERR(syscall(SYS_getdents64, path, buf, sizeof(buf)), EBADF);
	CHECK_ERR(syscall(SYS_getdents64, dir, (void *)16, sizeof(buf)), EFAULT);
	CHECK(syscall(SYS_getdents64, dir, buf, sizeof(buf)) > 0);
	CHECK_EQ(syscall(SYS_getdents64, dir, buf, sizeof(buf)), 0);
	end = lseek(dir, 0, SEEK_CUR);
	CHECK(end > 0);
	CHECK_ERR(lseek(dir, -1, SEEK_SET), EINVAL);
	CHECK_EQ(lseek(dir, 0, SEEK_CUR), end);
	CHECK_EQ(lseek(dir, 0, SEEK_SET), 0);
	CHECK(syscall(SYS_getdents64, dir, buf, sizeof(buf)) > 0);
	CHECK_ERR(write(dir, "x", 1), EBADF);
	CHECK_ERR(ftruncate(dir, 0), EINVAL);
	CHECK_ERR(fallocate(dir, 0, 0, 1), EBADF);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, dir, 0) == MAP_FAILED && errno == ENODEV);
	CHECK_EQ(flock(dir, LOCK_EX), 0);
	CHECK_ERR(sendfile(file, dir, NULL, 1), EINVAL);
}

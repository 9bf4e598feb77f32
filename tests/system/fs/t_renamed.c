// SPDX-License-Identifier: MIT
/* Names that change while the files are in use. */
#include "fstest.h"
#include <linux/fs.h>
#include <pthread.h>

static void as_user(void)
{
	CHECK_EQ(setresgid(65534, 65534, 65534), 0);
	CHECK_EQ(setresuid(65534, 65534, 65534), 0);
}

/* Names of one file: a rename from one to the other does nothing. */
TEST(renamed_to_itself)
{
	struct stat before, after;

	put_text("a", "text");
	CHECK_EQ(link("a", "b"), 0);
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(link("a", "d/c"), 0);
	before = stat_of("a");
	usleep(20000);
	CHECK_EQ(rename("a", "b"), 0);
	CHECK_EQ(rename("a", "d/c"), 0);
	CHECK_EQ(rename("a", "a"), 0);
	CHECK_ERR(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE), EEXIST);
	CHECK_EQ(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE), 0);
	after = stat_of("a");
	CHECK_EQ(after.st_nlink, 3);
	CHECK_EQ(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
	CHECK(exists("b") && exists("d/c"));
}

/* A folder that is renamed while it is in use is the same folder for its users. */
TEST(a_folder_is_renamed_while_used)
{
	char cwd[PATH_MAX], want[PATH_MAX];
	int dir, sub, fd, i;

	CHECK(getcwd(want, sizeof(want)));
	CHECK_EQ(mkdir("a", 0755), 0);
	CHECK_EQ(mkdir("a/b", 0755), 0);
	CHECK_EQ(mkdir("a/b/c", 0755), 0);
	put_text("a/b/c/file", "1");
	dir = CHECK_OK(open("a/b", O_RDONLY | O_DIRECTORY));
	sub = CHECK_OK(open("a/b/c", O_PATH));
	fd = CHECK_OK(openat(dir, "c/file", O_RDWR));
	CHECK_EQ(chdir("a/b/c"), 0);
	for (i = 0; i < 12; i++) {
		char name[32];

		if (i % 2)
			CHECK_EQ(renameat(dir, "../bb", dir, "../a/b"), 0);
		else
			CHECK_EQ(renameat(dir, "../b", dir, "../../bb"), 0);
		snprintf(name, sizeof(name), "n%c", 'a' + i);
		CHECK_EQ(mkdir(name, 0755), 0);
		CHECK_EQ(faccessat(sub, name, F_OK, 0), 0);
		CHECK_EQ(unlinkat(sub, name, AT_REMOVEDIR), 0);
		CHECK_EQ(pwrite(fd, name + 1, 1, 0), 1);
		name[0] = name[1];
		name[1] = 0;
		CHECK(file_is("file", name));
		CHECK(getcwd(cwd, sizeof(cwd)));
		CHECK(!strcmp(cwd + strlen(want), i % 2 ? "/a/b/c" : "/bb/c"));
	}
	CHECK_EQ(renameat(dir, "c/file", dir, "file"), 0);
	CHECK(exists("../file"));
}

/* The first name of a file goes; its other names may be linked, opened and replaced. */
TEST(first_name_goes)
{
	struct stat st;
	int fd, i;

	fd = CHECK_OK(open("first", O_CREAT | O_RDWR, 0644));
	CHECK_EQ(write(fd, "text", 4), 4);
	CHECK_EQ(link("first", "second"), 0);
	CHECK_EQ(unlink("first"), 0);
	CHECK_EQ(link("second", "third"), 0);
	CHECK_EQ(linkat(AT_FDCWD, "third", AT_FDCWD, "first", 0), 0);
	CHECK_EQ(stat_of("first").st_nlink, 3);
	CHECK_EQ(rename("second", "moved"), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_nlink, 3);
	for (i = 0; i < 30; i++) {
		CHECK_EQ(link("moved", name_of(i)), 0);
		CHECK_EQ(unlink(i % 2 ? "moved" : "third"), 0);
		CHECK_EQ(rename(name_of(i), i % 2 ? "moved" : "third"), 0);
	}
	CHECK(file_is("third", "text") && file_is("moved", "text"));
	CHECK_EQ(stat_of("moved").st_nlink, 3);
	CHECK_EQ(unlink("moved"), 0);
	CHECK_EQ(unlink("third"), 0);
	CHECK_EQ(unlink("first"), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(pread(fd, &st, 4, 0), 4);
	CHECK(!memcmp(&st, "text", 4));
}

/* One that may write the folder may rename what it may not write, and remove it. */
TEST(renamed_without_write_access)
{
	pid_t pid;

	if (geteuid())
		test_skip("not root");
	CHECK_EQ(mkdir("d", 0777), 0);
	CHECK_EQ(chmod("d", 0777), 0);
	put_text("d/roots", "root");
	CHECK_EQ(chmod("d/roots", 0600), 0);
	pid = fork();
	if (!pid) {
		int fd;

		as_user();
		CHECK_EQ(chdir("d"), 0);
		put_text("foo", "foo");
		put_text("bar", "bar");
		CHECK_EQ(chmod("foo", 0444), 0);
		CHECK_EQ(chmod("bar", 0), 0);
		CHECK_EQ(rename("foo", "bar"), 0);
		CHECK(file_is("bar", "foo"));
		CHECK_ERR(open("bar", O_WRONLY), EACCES);
		CHECK_ERR(open("bar", O_RDONLY | O_TRUNC), EACCES);
		CHECK_ERR(truncate("bar", 0), EACCES);
		CHECK_EQ(rename("bar", "roots"), 0);
		CHECK(file_is("roots", "foo"));
		fd = CHECK_OK(open("mine", O_CREAT | O_RDWR, 0));
		CHECK_EQ(write(fd, "x", 1), 1);
		CHECK_ERR(open("mine", O_RDONLY), EACCES);
		CHECK_ERR(open("/proc/self/fd/3", O_RDONLY) + (fd != 3 ? 0 : 0), EACCES);
		CHECK_EQ(fchmod(fd, 0400), 0);
		CHECK_OK(open("mine", O_RDONLY));
		_exit(0);
	}
	CHECK_EQ(wait_for(pid), 0);
}

static volatile int ready;

static void *rename_all(void *arg)
{
	char from[64], to[64];
	int n = *(int *)arg, i;

	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < 80; i++) {
		snprintf(from, sizeof(from), "d%d/f%d", n, i % 20);
		snprintf(to, sizeof(to), "d%d/f%d", (n + 1) % 3, i % 20);
		if (rename(from, to))
			CHECK_EQ(errno, ENOENT);
	}
	return NULL;
}

/* Threads rename files between folders: none is lost but those that were replaced. */
TEST(renamed_between_folders_by_many)
{
	int n[3] = { 0, 1, 2 }, i, k, left = 0;
	pthread_t t[3];
	char path[300];

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "d%d", i);
		CHECK_EQ(mkdir(path, 0755), 0);
		for (k = 0; k < 20; k++) {
			snprintf(path, sizeof(path), "d%d/f%d", i, k);
			put_text(path, "x");
		}
	}
	for (i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, rename_all, &n[i]), 0);
	for (i = 0; i < 3; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	for (i = 0; i < 3; i++) {
		struct dirent *de;
		DIR *d;

		snprintf(path, sizeof(path), "d%d", i);
		d = opendir(path);
		CHECK(d);
		while ((de = readdir(d))) {
			if (de->d_name[0] == '.')
				continue;
			left++;
			snprintf(path, sizeof(path), "d%d/%s", i, de->d_name);
			CHECK_EQ(stat_of(path).st_nlink, 1);
			CHECK_EQ(stat_of(path).st_ino, de->d_ino);
		}
		closedir(d);
	}
	CHECK(left >= 20 && left <= 60);
}

/* Names that are made while a folder is read: the reading ends, and old names come once. */
TEST(names_are_made_while_a_folder_is_read)
{
	int i, seen[120] = { 0 }, n = 0;
	struct dirent *de;
	DIR *d;

	CHECK_EQ(mkdir("d", 0755), 0);
	for (i = 0; i < 120; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d/a%d", i);
		put_text(name, "");
	}
	d = opendir("d");
	CHECK(d);
	while ((de = readdir(d))) {
		char name[300];

		CHECK(n++ < 5000);
		if (de->d_name[0] != 'a')
			continue;
		i = atoi(de->d_name + 1);
		CHECK(!seen[i]++);
		snprintf(name, sizeof(name), "d/b%s", de->d_name + 1);
		put_text(name, "");
		if (i % 3 == 0) {
			snprintf(name, sizeof(name), "d/%s", de->d_name);
			CHECK_EQ(unlink(name), 0);
		}
	}
	for (i = 0; i < 120; i++)
		CHECK_EQ(seen[i], 1);
	rewinddir(d);
	for (n = 0; (de = readdir(d));)
		n += de->d_name[0] != '.';
	CHECK_EQ(n, 200);
	closedir(d);
}

/* /proc tells of mapped and open files what became of their names. */
TEST(proc_shows_names_that_changed)
{
	char link[64], target[PATH_MAX], line[1024];
	int fd = CHECK_OK(open("old", O_CREAT | O_RDWR, 0644)), found = 0;
	unsigned long from, to;
	char *m, *cwd = getcwd(NULL, 0), want[PATH_MAX + 32];
	ssize_t n;
	FILE *f;

	CHECK_EQ(ftruncate(fd, 4096), 0);
	m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	CHECK_EQ(rename("old", "new"), 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, target, sizeof(target) - 1);
	CHECK(n > 4);
	target[n] = 0;
	CHECK(!strcmp(target + n - 4, "/new"));
	CHECK_EQ(unlink("new"), 0);
	n = readlink(link, target, sizeof(target) - 1);
	target[n] = 0;
	snprintf(want, sizeof(want), "%s/new (deleted)", cwd);
	CHECK(!strcmp(target, want));
	f = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof(line), f)) {
		unsigned long ino;
		unsigned int major_, minor_;

		if (sscanf(line, "%lx-%lx %*s %*s %x:%x %lu", &from, &to, &major_, &minor_, &ino) == 5 &&
		    from == (unsigned long)m) {
			struct stat st;

			CHECK_EQ(fstat(fd, &st), 0);
			CHECK_EQ(ino, st.st_ino);
			CHECK_EQ(makedev(major_, minor_), st.st_dev);
			CHECK(strstr(line, "rw-s") && strstr(line, "new (deleted)"));
			found++;
		}
	}
	fclose(f);
	CHECK_EQ(found, 1);
}

/* A package manager's way: a new file beside, saved, over the old one which stays open. */
TEST(replaced_many_times)
{
	char buf[32];
	int i, old;

	put_text("conf", "0");
	for (i = 1; i < 120; i++) {
		int fd;

		old = CHECK_OK(open("conf", O_RDONLY));
		fd = CHECK_OK(open("conf.new", O_CREAT | O_EXCL | O_WRONLY, 0600));
		CHECK_EQ(dprintf(fd, "%d", i), snprintf(buf, sizeof(buf), "%d", i));
		CHECK_EQ(fchmod(fd, 0640), 0);
		CHECK_EQ(fchown(fd, -1, -1), 0);
		if (i % 10 == 0)
			CHECK_EQ(fsync(fd), 0);
		close(fd);
		if (i % 3 == 0) {
			CHECK_EQ(link("conf", "conf.bak"), 0);
			CHECK_EQ(rename("conf.new", "conf"), 0);
			CHECK_EQ(unlink("conf.bak"), 0);
		} else if (i % 3 == 1) {
			CHECK_EQ(renameat2(AT_FDCWD, "conf.new", AT_FDCWD, "conf", RENAME_EXCHANGE), 0);
			CHECK_EQ(unlink("conf.new"), 0);
		} else {
			CHECK_EQ(rename("conf.new", "conf"), 0);
		}
		CHECK(file_is("conf", buf));
		CHECK_EQ(stat_of("conf").st_nlink, 1);
		CHECK_EQ(stat_of("conf").st_mode & 07777, 0640);
		CHECK_EQ(read(old, buf, sizeof(buf)), i > 100 ? 3 : i > 10 ? 2 : 1);
		buf[i > 100 ? 3 : i > 10 ? 2 : 1] = 0;
		CHECK_EQ(atoi(buf), i - 1);
		close(old);
	}
}

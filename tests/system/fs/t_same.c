// SPDX-License-Identifier: MIT
/* One file by several ways: numbers that agree, names, handles, /proc, and descriptors of a path. */
#include "fstest.h"
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

static union {
	struct file_handle handle;
	char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
} at;

static int mount_id;

static void handle_of(int dir, const char *name, int flags)
{
	at.handle.handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(dir, name, &at.handle, &mount_id, flags) && errno == EOPNOTSUPP)
		test_skip("no handles here");
	CHECK(at.handle.handle_bytes && at.handle.handle_bytes < MAX_HANDLE_SZ);
}

static void text_of(const char *path, char *text, size_t room)
{
	text[get_file(path, text, room - 1)] = 0;
}

static ino_t listed(const char *name)
{
	DIR *dir = opendir(".");
	struct dirent *e;
	ino_t ino = 0;

	CHECK(dir);
	while ((e = readdir(dir)))
		if (!strcmp(e->d_name, name))
			ino = e->d_ino;
	closedir(dir);
	return ino;
}

/* As lsof and /proc/PID/maps show it. */
TEST(a_file_without_a_name_shows_its_number)
{
	char want[64], path[64], seen[PATH_MAX];
	struct stat st;
	int fd = open(".", O_TMPFILE | O_RDWR, 0644), i;

	if (fd < 0 && errno == EOPNOTSUPP)
		test_skip("no O_TMPFILE here");
	CHECK_EQ(fstat(CHECK_OK(fd), &st), 0);
	snprintf(want, sizeof(want), "/#%lu (deleted)", (unsigned long)st.st_ino);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (i = 0; i < 2; i++) {
		ssize_t n = CHECK_OK(readlink(path, seen, sizeof(seen) - 1));

		seen[n] = 0;
		CHECK(strrchr(seen, '/') && !strcmp(strrchr(seen, '/'), want));
		/* A name that it gets later is not the one it was opened by. */
		if (!i)
			CHECK_EQ(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), 0);
	}
}

/* What lsof, fuser and pmap compare. */
TEST(numbers_agree)
{
	struct stat st, other;
	unsigned int major, minor;
	char text[65536], want[128];
	unsigned long ino;
	struct statx sx;
	char *p, *line;
	int fd;

	put_text("f", "0123456789");
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(stat("/proc/self/cwd/f", &other), 0);
	CHECK(other.st_ino == st.st_ino && other.st_dev == st.st_dev);
	CHECK_EQ(stat_of(".").st_dev, st.st_dev);
	CHECK_EQ(listed("f"), st.st_ino);
	CHECK_EQ(listed("."), stat_of(".").st_ino);
	CHECK_EQ(listed(".."), stat_of("..").st_ino);
	CHECK_EQ(statx(fd, "", AT_EMPTY_PATH, STATX_ALL | 0x1000, &sx), 0);
	CHECK_EQ(sx.stx_ino, st.st_ino);
	CHECK_EQ(makedev(sx.stx_dev_major, sx.stx_dev_minor), st.st_dev);
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	text_of("/proc/self/maps", text, sizeof(text));
	snprintf(want, sizeof(want), "%lx-", (unsigned long)p);
	line = strstr(text, want);
	CHECK(line);
	CHECK_EQ(sscanf(line, "%*x-%*x %*s %*x %x:%x %lu", &major, &minor, &ino), 3);
	CHECK_EQ(makedev(major, minor), st.st_dev);
	CHECK_EQ(ino, st.st_ino);
	CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
	snprintf(want, sizeof(want), "/proc/self/fdinfo/%d", fd);
	text_of(want, text, sizeof(text));
	CHECK(!strncmp(text, "pos:\t3\n", 7));
	line = strstr(text, "ino:");
	CHECK(line && strtoul(line + 4, NULL, 10) == st.st_ino);
	line = strstr(text, "mnt_id:");
	CHECK(line && strtoul(line + 7, NULL, 10) == *(uint64_t *)((char *)&sx + 0x90));
	CHECK_EQ(flock(fd, LOCK_EX), 0);
	text_of("/proc/locks", text, sizeof(text));
	snprintf(want, sizeof(want), " %02x:%02x:%lu ", major, minor, st.st_ino);
	CHECK(strstr(text, want));
}

TEST(links_are_one_file)
{
	int a, b, s, c;
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "s" };
	char x;

	CHECK_EQ(mkfifo("p", 0644), 0);
	CHECK_EQ(link("p", "q"), 0);
	a = CHECK_OK(open("p", O_RDWR | O_NONBLOCK));
	b = CHECK_OK(open("q", O_RDONLY | O_NONBLOCK));
	CHECK_EQ(unlink("p"), 0);
	CHECK_EQ(write(a, "x", 1), 1);
	CHECK_EQ(read(b, &x, 1), 1);
	put_text("f", "text");
	CHECK_EQ(link("f", "g"), 0);
	a = CHECK_OK(open("f", O_RDWR));
	b = CHECK_OK(open("g", O_RDWR));
	CHECK_EQ(flock(a, LOCK_EX), 0);
	CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK_EQ(pwrite(a, "T", 1, 0), 1);
	CHECK(file_is("g", "Text"));
	CHECK_EQ(fchmod(a, 0600), 0);
	CHECK_EQ(stat_of("g").st_mode, S_IFREG | 0600);
	CHECK_EQ(unlink("f"), 0);
	CHECK_EQ(stat_of("g").st_nlink, 1);
	s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_EQ(bind(s, (void *)&to, sizeof(to)), 0);
	CHECK_EQ(listen(s, 1), 0);
	CHECK_EQ(rename("s", "t"), 0);
	CHECK_EQ(link("t", "u"), 0);
	forget_all();
	CHECK_ERR(connect(c, (void *)&to, sizeof(to)), ENOENT);
	to.sun_path[0] = 'u';
	CHECK_EQ(connect(c, (void *)&to, sizeof(to)), 0);
	CHECK(S_ISSOCK(stat_of("t").st_mode));
	CHECK_ERR(open("t", O_RDONLY), ENXIO);
}

TEST(handles_of_folders)
{
	int dir = CHECK_OK(open(".", O_RDONLY)), fd;
	char path[64], want[PATH_MAX], got[PATH_MAX] = "";
	struct stat st, then;

	CHECK_EQ(mkdir("a", 0755), 0);
	CHECK_EQ(mkdir("a/b", 0755), 0);
	put_text("a/b/f", "text");
	at.handle.handle_bytes = 0;
	if (name_to_handle_at(dir, "a/b", &at.handle, &mount_id, 0) && errno == EOPNOTSUPP)
		test_skip("no handles here");
	CHECK_EQ(errno, EOVERFLOW);
	CHECK(at.handle.handle_bytes);
	handle_of(dir, "a/b", 0);
	st = stat_of("a/b");
	CHECK_EQ(rename("a/b", "c"), 0);
	forget_all();
	fd = CHECK_OK(open_by_handle_at(dir, &at.handle, O_RDONLY | O_DIRECTORY));
	CHECK_EQ(fstat(fd, &then), 0);
	CHECK_EQ(then.st_ino, st.st_ino);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(getcwd(want, sizeof(want) - 2) && strcat(want, "/c"));
	CHECK(readlink(path, got, sizeof(got)) > 0);
	CHECK(!strcmp(got, want));
	CHECK_EQ(close(CHECK_OK(openat(fd, "f", O_RDWR))), 0);
	CHECK_EQ(close(CHECK_OK(openat(fd, "../a", O_RDONLY))), 0);
	handle_of(fd, "", AT_EMPTY_PATH);
	CHECK_EQ(unlink("c/f"), 0);
	CHECK_EQ(rmdir("c"), 0);
	CHECK_EQ(close(fd), 0);
	forget_all();
	CHECK_ERR(open_by_handle_at(dir, &at.handle, O_RDONLY), ESTALE);
	CHECK_EQ(symlink("none", "l"), 0);
	handle_of(dir, "l", 0);
	CHECK_ERR(open_by_handle_at(dir, &at.handle, O_RDONLY), ELOOP);
	fd = CHECK_OK(open_by_handle_at(dir, &at.handle, O_PATH));
	CHECK_EQ(readlinkat(fd, "", got, sizeof(got)), 4);
	memset(at.handle.f_handle, 0xff, at.handle.handle_bytes);
	CHECK_ERR(open_by_handle_at(dir, &at.handle, O_RDONLY), ESTALE);
}

static int open_how(int dir, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags, .resolve = resolve };

	return syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

TEST(ways_of_a_path)
{
	int dir;

	CHECK_EQ(mkdir("d", 0755), 0);
	put_text("d/f", "x");
	put_text("out", "x");
	CHECK_EQ(symlink("../out", "d/l"), 0);
	CHECK_EQ(symlink("/f", "d/r"), 0);
	dir = CHECK_OK(open("d", O_PATH | O_DIRECTORY));
	CHECK_ERR(open_how(dir, "../out", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	CHECK_ERR(open_how(dir, "l", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	CHECK_ERR(open_how(dir, "l", O_RDONLY, RESOLVE_NO_SYMLINKS), ELOOP);
	CHECK_EQ(close(CHECK_OK(open_how(dir, "r", O_RDONLY, RESOLVE_IN_ROOT))), 0);
	CHECK_EQ(close(CHECK_OK(open_how(dir, "f", O_RDONLY, RESOLVE_NO_XDEV))), 0);
	CHECK_ERR(open_how(dir, "/proc/self", O_RDONLY, RESOLVE_NO_XDEV), EXDEV);
	CHECK_EQ(close(CHECK_OK(open_how(dir, "f", O_RDONLY, RESOLVE_CACHED))), 0);
	CHECK_EQ(close(CHECK_OK(open_how(AT_FDCWD, "d/f", O_RDWR, RESOLVE_CACHED))), 0);
	CHECK_ERR(open_how(dir, "f", O_RDWR | O_TRUNC, RESOLVE_CACHED), EAGAIN);
	CHECK_ERR(open_how(dir, "f", O_RDONLY | (1ULL << 40), 0), EINVAL);
}

TEST(opened_again_by_proc)
{
	char path[64], text[PATH_MAX] = "", want[PATH_MAX];
	int fd, again, dir;

	put_text("f", "0123456789");
	fd = CHECK_OK(open("f", O_PATH));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = CHECK_OK(open(path, O_RDWR));
	CHECK_EQ(pwrite(again, "x", 1, 0), 1);
	CHECK_ERR(open(path, O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_EQ(rename("f", "g"), 0);
	CHECK(getcwd(want, sizeof(want) - 16) && strcat(want, "/g"));
	CHECK(readlink(path, text, sizeof(text)) > 0 && !strcmp(text, want));
	put_text("h", "");
	CHECK_EQ(rename("h", "g"), 0);
	strcat(want, " (deleted)");
	CHECK(readlink(path, text, sizeof(text)) > 0 && !strcmp(text, want));
	CHECK_EQ(close(CHECK_OK(open(path, O_RDWR))), 0);
	again = CHECK_OK(open(path, O_RDONLY));
	CHECK_EQ(read(again, text, 16), 10);
	CHECK_EQ(mkdir("d", 0755), 0);
	dir = CHECK_OK(open("d", O_RDONLY));
	CHECK_EQ(fchdir(dir), 0);
	CHECK_EQ(rmdir("../d"), 0);
	CHECK_ERR(getcwd(text, sizeof(text)) ? 0 : -1, ENOENT);
	CHECK_ERR(open("new", O_CREAT | O_RDWR, 0644), ENOENT);
	CHECK_ERR(mkdir("new", 0755), ENOENT);
	CHECK_EQ(close(CHECK_OK(open(".", O_RDONLY))), 0);
	CHECK_ERR(access("..", F_OK) ? -1 : (errno = 0, -1), 0);
	CHECK_EQ(stat_of(".").st_nlink, 0);
	CHECK_EQ(fchmod(dir, 0700), 0);
	CHECK_EQ(fsync(dir), 0);
	CHECK_ERR(syscall(SYS_getdents64, dir, text, sizeof(text)), ENOENT);
}

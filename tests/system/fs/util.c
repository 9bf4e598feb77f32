// SPDX-License-Identifier: MIT
/* See fstest.h. */
#include "fstest.h"
#include <signal.h>
#include <sys/prctl.h>

void put_file(const char *path, const void *data, size_t len)
{
	int fd = CHECK_OK(open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644));

	CHECK_EQ(write(fd, data, len), len);
	CHECK_EQ(close(fd), 0);
}

void put_text(const char *path, const char *text)
{
	put_file(path, text, strlen(text));
}

size_t get_file(const char *path, void *data, size_t room)
{
	int fd = CHECK_OK(open(path, O_RDONLY));
	size_t len = 0;
	ssize_t n;

	while ((n = CHECK_OK(read(fd, (char *)data + len, room - len))) > 0)
		len += n;
	CHECK_EQ(close(fd), 0);
	return len;
}

bool file_is(const char *path, const char *text)
{
	char buf[4096];
	size_t len = get_file(path, buf, sizeof(buf));

	return len == strlen(text) && !memcmp(buf, text, len);
}

void fill_from(void *buf, size_t len, uint32_t seed)
{
	fill(buf, len, &seed);
}

uint32_t checksum(const void *buf, size_t len, uint32_t sum)
{
	const uint8_t *p = buf;

	while (len--)
		sum = (sum ^ *p++) * 16777619;
	return sum;
}

bool exists(const char *path)
{
	struct stat st;

	if (!lstat(path, &st))
		return true;
	CHECK_EQ(errno, ENOENT);
	return false;
}

struct stat stat_of(const char *path)
{
	struct stat st;

	CHECK_EQ(lstat(path, &st), 0);
	return st;
}

int wait_for(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void forget_all(void)
{
	int fd;

	sync();
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	if (fd < 0)
		test_skip("root drops caches");
	CHECK_EQ(write(fd, "3", 1), 1);
	close(fd);
}

pid_t start_saving(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		sync();
}

const char *name_of(int i)
{
	static char name[16];

	snprintf(name, sizeof(name), "f%d", i);
	return name;
}

void copy_program(const char *from, const char *to)
{
	char *buf = malloc(4 << 20);
	size_t n = get_file(from, buf, 4 << 20);

	put_file(to, buf, n);
	CHECK_EQ(chmod(to, 0755), 0);
	free(buf);
}

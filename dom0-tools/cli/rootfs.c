/* SPDX-License-Identifier: GPL-2.0-only */
/* A root file system that is not mounted: see rootfs.h. What is read there is hostile. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rootfs.h"

#define MAGIC_AT	(1024 + 56)
#define MAGIC		"\x53\xef"
#define NOT_STARTED	127

static const char agent[] = "/usr/lib/virtuos/virtuos-agent";
static const char release[] = "/usr/lib/os-release";
static const char *const shells[] = { "/usr/bin/dash", "/bin/dash", "/usr/bin/bash", "/bin/bash" };

static bool has_magic(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char magic[2] = "";

	if (fd < 0)
		return false;
	if (pread(fd, magic, sizeof(magic), MAGIC_AT) != sizeof(magic))
		*magic = 0;
	close(fd);
	return !memcmp(magic, MAGIC, sizeof(magic));
}

static void run_debugfs(const char *command, const char *path, int out)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0)
		_exit(NOT_STARTED);
	execlp("debugfs", "debugfs", "-R", command, path, (char *)NULL);
	_exit(NOT_STARTED);
}

static size_t read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	while (len < size && n) {
		n = read(fd, buf + len, size - len);
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			len += (size_t)n;
	}
	return len;
}

/* The beginning of a file there. Return: its bytes; -1: there is no debugfs. */
static ssize_t read_file(const char *path, const char *file, char *buf, size_t size)
{
	int status = 0, ends[2];
	char command[128];
	size_t len;
	pid_t pid;

	snprintf(command, sizeof(command), "cat %s", file);
	if (pipe2(ends, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid)
		run_debugfs(command, path, ends[1]);
	close(ends[1]);
	len = pid < 0 ? 0 : read_all(ends[0], buf, size - 1);
	close(ends[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	buf[len] = 0;
	return pid < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == NOT_STARTED) ? -1 :
	       (ssize_t)len;
}

/* The value of NAME=value or NAME="value"; "": there is none. */
static void release_value(const char *text, const char *name, char *value, size_t size)
{
	size_t n = strlen(name), len;

	*value = 0;
	while (*text) {
		if (!strncmp(text, name, n) && text[n] == '=') {
			text += n + 1;
			text += *text == '"';
			len = strcspn(text, "\"\n");
			snprintf(value, size, "%.*s", (int)len, text);
			return;
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
}

static unsigned int machine_of(const char *path)
{
	char head[21];
	size_t i;

	for (i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (read_file(path, shells[i], head, sizeof(head)) == sizeof(head) - 1 &&
		    !memcmp(head, "\177ELF", 4))
			return (unsigned char)head[18] | (unsigned int)(unsigned char)head[19] << 8;
	return 0;
}

enum rootfs_state rootfs_read(const char *path, struct rootfs *r)
{
	char text[4096], version[16];
	ssize_t n;

	memset(r, 0, sizeof(*r));
	if (!has_magic(path))
		return ROOTFS_NONE;
	n = read_file(path, release, text, sizeof(text));
	if (n < 0)
		return ROOTFS_UNKNOWN;
	release_value(text, "ID", r->id, sizeof(r->id));
	release_value(text, "VERSION_ID", version, sizeof(version));
	r->version = atol(version);
	r->machine = machine_of(path);
	r->has_agent = read_file(path, agent, text, sizeof(text)) > 0;
	return ROOTFS_READ;
}

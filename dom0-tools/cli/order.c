/* SPDX-License-Identifier: GPL-2.0-only */
/* Orders to virtuosd: see cli.h and ../daemon/control.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

static int try_connect(const char *system)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char path[VD_PATH_MAX];
	int fd;

	vd_run_path(path, system, "sock");
	if (strlen(path) >= sizeof(a.sun_path))
		return -1;
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* virtuosd stands beside virtuos. */
static void daemon_path(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	path[n > 0 ? n : 0] = 0;
	slash = strrchr(path, '/');
	if (!slash || (size_t)(slash - path) + sizeof("/virtuosd") > size)
		snprintf(path, size, "/usr/sbin/virtuosd");
	else
		strcpy(slash, "/virtuosd");
}

static int spawn_daemon(const char *config)
{
	char path[VD_PATH_MAX];
	int status = -1;
	pid_t pid;

	daemon_path(path, sizeof(path));
	pid = fork();
	if (!pid) {
		execl(path, "virtuosd", config, (char *)NULL);
		vd_log("%s: %s", path, strerror(errno));
		_exit(127);
	}
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -1;
}

int order_start_daemon(const char *system, const char *config)
{
	int fd = try_connect(system);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (!spawn_daemon(config))
		return 0;
	vd_log("virtuosd does not start");
	return -1;
}

/* One line of the answer. 1: go on; 0: done; -1: not done. */
static int handle_answer(const char *line)
{
	if (!strncmp(line, "log ", 4)) {
		fprintf(stderr, "%s\n", line + 4);
		return 1;
	}
	if (!strcmp(line, "ok"))
		return 0;
	vd_log("%s", !strncmp(line, "error ", 6) ? line + 6 : line);
	return -1;
}

int order_send(const char *system, const char *order)
{
	char line[1400], config[VD_PATH_MAX];
	int fd, r = 1;
	FILE *f;

	fd = try_connect(system);
	if (fd < 0) {
		/* Its monitor is gone; a new one takes the system over. */
		vd_run_path(config, system, "cfg");
		if (order_start_daemon(system, config))
			return -1;
		fd = try_connect(system);
	}
	f = fd < 0 ? NULL : fdopen(fd, "r+");
	if (!f) {
		vd_log("virtuosd does not answer: %s", strerror(errno));
		return -1;
	}
	dprintf(fd, "%s\n", order);
	while (r > 0 && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		r = handle_answer(line);
	}
	if (r > 0)
		vd_log("virtuosd ended before it answered (see " VD_LOG_DIR ")");
	fclose(f);
	return r ? -1 : 0;
}

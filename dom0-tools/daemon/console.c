/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end of a dead domain's console: see console.h. The text comes from the domain;
 * vd_log() takes everything unprintable out.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../host/host.h"
#include "console.h"

#define CONSOLE_DIR	"/var/log/xen/console"
#define TAIL_BYTES	3000
#define TAIL_LINES	20

static size_t read_tail(const char *domain, char buf[TAIL_BYTES + 1])
{
	char path[VD_PATH_MAX];
	off_t end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), CONSOLE_DIR "/guest-%s.log", domain);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	end = lseek(fd, 0, SEEK_END);
	n = pread(fd, buf, TAIL_BYTES, end > TAIL_BYTES ? end - TAIL_BYTES : 0);
	close(fd);
	return n > 0 ? (size_t)n : 0;
}

void console_tail(const char *domain)
{
	char buf[TAIL_BYTES + 1], *start = buf, *line, *pos;
	size_t i, n = read_tail(domain, buf);
	int lines = 0;

	for (i = 0; i < n; i++)
		if (!buf[i] || buf[i] == '\r')
			buf[i] = ' ';
	while (n && (buf[n - 1] == '\n' || buf[n - 1] == ' '))
		n--;
	buf[n] = 0;
	for (i = n; i > 0 && lines < TAIL_LINES; i--)
		if (buf[i - 1] == '\n' && ++lines == TAIL_LINES)
			start = buf + i;
	for (pos = start; n && (line = strsep(&pos, "\n"));)
		vd_log("%s| %s", domain, line);
}

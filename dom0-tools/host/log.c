/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages to stderr: one printable line each, whatever its source. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "host.h"
#include "../common/printable.h"

#define LINE	1024

static bool times;
static void (*also)(const char *line);

void vd_log_hook(void (*hook)(const char *line))
{
	also = hook;
}

void vd_log_times(bool on)
{
	times = on;
}

static void format_line(char line[LINE], const char *fmt, va_list ap)
{
	vsnprintf(line, LINE, fmt, ap);
	vd_printable(line, strlen(line));
}

static void put_line(const char *line)
{
	char stamp[40] = "";
	struct timespec t;
	struct tm tm;

	if (times) {
		clock_gettime(CLOCK_REALTIME, &t);
		gmtime_r(&t.tv_sec, &tm);
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	}
	if (times)
		fprintf(stderr, "%s.%03ldZ %s\n", stamp, t.tv_nsec / 1000000, line);
	else
		fprintf(stderr, "virtuos: %s\n", line);
	fflush(stderr);
	if (also)
		also(line);
}

void vd_log(const char *fmt, ...)
{
	char line[LINE];
	va_list ap;

	va_start(ap, fmt);
	format_line(line, fmt, ap);
	va_end(ap);
	put_line(line);
}

void vd_alert(const char *fmt, ...)
{
	char line[LINE];
	va_list ap;

	va_start(ap, fmt);
	format_line(line, fmt, ap);
	va_end(ap);
	put_line(line);
	syslog(LOG_DAEMON | LOG_ERR, "%s", line);
}

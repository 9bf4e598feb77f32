/* SPDX-License-Identifier: GPL-2.0-only */
/* One-line messages to stderr. */
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#include "host.h"

#define LINE	1024

static bool times;
static void (*also)(const char *line);

void vos_log_hook(void (*hook)(const char *line))
{
	also = hook;
}

void vos_log_times(bool on)
{
	times = on;
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

void vos_log(const char *fmt, ...)
{
	char line[LINE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	put_line(line);
}

void vos_alert(const char *fmt, ...)
{
	char line[LINE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	put_line(line);
	syslog(LOG_DAEMON | LOG_ERR, "%s", line);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* One-line messages to stderr. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "host.h"

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

void vos_log(const char *fmt, ...)
{
	char line[1024], stamp[40] = "";
	struct timespec t;
	struct tm tm;
	va_list ap;

	if (times) {
		clock_gettime(CLOCK_REALTIME, &t);
		gmtime_r(&t.tv_sec, &tm);
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	}
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (times)
		fprintf(stderr, "%s.%03ldZ %s\n", stamp, t.tv_nsec / 1000000, line);
	else
		fprintf(stderr, "virtuos: %s\n", line);
	fflush(stderr);
	if (also)
		also(line);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* xenstore with formatted paths: see host.h. A path that does not fit is an error. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

static bool make_path(char path[VD_PATH_MAX], const char *fmt, va_list ap)
{
	int n = vsnprintf(path, VD_PATH_MAX, fmt, ap);

	if (n >= 0 && n < VD_PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

char *vd_xs_read(struct xs_handle *xs, xs_transaction_t t, const char *fmt, ...)
{
	char path[VD_PATH_MAX];
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = make_path(path, fmt, ap);
	va_end(ap);
	return ok ? xs_read(xs, t, path, NULL) : NULL;
}

long vd_xs_read_long(struct xs_handle *xs, long dflt, const char *fmt, ...)
{
	char path[VD_PATH_MAX], *text, *end;
	va_list ap;
	long n;
	bool ok;

	va_start(ap, fmt);
	ok = make_path(path, fmt, ap);
	va_end(ap);
	text = ok ? xs_read(xs, XBT_NULL, path, NULL) : NULL;
	if (!text)
		return dflt;
	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end)
		n = dflt;
	free(text);
	return n;
}

int vd_xs_write(struct xs_handle *xs, xs_transaction_t t, const char *dir,
		const char *key, const char *fmt, ...)
{
	char path[VD_PATH_MAX], value[VD_PATH_MAX];
	va_list ap;
	bool ok;

	if (snprintf(path, sizeof(path), "%s/%s", dir, key) >= (int)sizeof(path))
		return -1;
	va_start(ap, fmt);
	ok = make_path(value, fmt, ap);
	va_end(ap);
	if (!ok)
		return -1;
	return xs_write(xs, t, path, value, (unsigned int)strlen(value)) ? 0 : -1;
}

void vd_xs_rm(struct xs_handle *xs, xs_transaction_t t, const char *fmt, ...)
{
	char path[VD_PATH_MAX];
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = make_path(path, fmt, ap);
	va_end(ap);
	if (ok)
		xs_rm(xs, t, path);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* xs read PATH | xs write PATH VALUE: xenstore, for a driver domain's scripts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

static int complain(const char *what)
{
	perror(what);
	return 1;
}

static int read_node(struct xs_handle *xs, const char *path)
{
	char *value = xs_read(xs, XBT_NULL, path, NULL);

	if (!value)
		return complain(path);
	puts(value);
	free(value);
	return 0;
}

static int write_node(struct xs_handle *xs, const char *path, const char *value)
{
	return xs_write(xs, XBT_NULL, path, value, (unsigned int)strlen(value)) ?
		0 : complain(path);
}

int main(int argc, char **argv)
{
	struct xs_handle *xs = xs_open(0);

	if (!xs)
		return complain("xenstore");
	if (argc == 3 && !strcmp(argv[1], "read"))
		return read_node(xs, argv[2]);
	if (argc == 4 && !strcmp(argv[1], "write"))
		return write_node(xs, argv[2], argv[3]);
	fprintf(stderr, "usage: xs read PATH | xs write PATH VALUE\n");
	return 2;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Takes a folder's list apart, as the network domain has sent it. It may hold anything.
 */
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#endif
#include "sysctl_line.h"

/*
 * A line is a kind, three octal digits and a name: "f 644 ip_forward". That of a link has the name
 * of what it leads to, too: "l 777 master br0".
 */
#define MODE_AT		2
#define NAME_AT		6
/* Longest name that Linux gives an entry: an interface's is shorter. */
#define ENTRY_MAX	63
/* Only the owner may write, whatever the domain says. */
#define MODE_MASK	0644

static bool name_ok(const char *name, size_t len)
{
	size_t i;

	if (!len || len > ENTRY_MAX || name[0] == '.')
		return false;
	for (i = 0; i < len; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == '/' || name[i] == 0x7f)
			return false;
	return true;
}

static int mode_of(const char *digits)
{
	int mode = 0, i;

	for (i = 0; i < 3; i++) {
		if (digits[i] < '0' || digits[i] > '7')
			return -1;
		mode = mode * 8 + digits[i] - '0';
	}
	return mode;
}

/* Take the target off a link's line. Return: what is left of @len; 0: there is none. */
static size_t cut_target(char *text, size_t len, struct vnet_sysctl_line *line)
{
	size_t name_len = strcspn(text + NAME_AT, " ");
	size_t at = NAME_AT + name_len + 1;

	if (at >= len || !name_ok(text + at, len - at))
		return 0;
	text[at - 1] = '\0';
	line->target = text + at;
	return at - 1;
}

static bool parse(char *text, size_t len, struct vnet_sysctl_line *line)
{
	int mode;

	if (len <= NAME_AT || text[1] != ' ' || text[NAME_AT - 1] != ' ')
		return false;
	line->target = NULL;
	if (text[0] == 'l')
		len = cut_target(text, len, line);
	if (len <= NAME_AT || !name_ok(text + NAME_AT, len - NAME_AT))
		return false;
	mode = mode_of(text + MODE_AT);
	if (mode < 0 || !strchr("dfl", text[0]))
		return false;
	line->folder = text[0] == 'd';
	line->mode = mode & MODE_MASK;
	line->name = text + NAME_AT;
	return true;
}

/**
 * vnet_sysctl_line - take the next entry out of a list
 * @text: the list, or what the last call left of it; a string. A NUL replaces the end of each
 *	line
 * @line: gets the entry
 *
 * It passes over lines that say nothing valid.
 *
 * Context: any.
 * Return: what follows the line; NULL: there is no entry any more.
 */
char *vnet_sysctl_line(char *text, struct vnet_sysctl_line *line)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		char *next = text + len + (text[len] == '\n');

		text[len] = '\0';
		if (parse(text, len, line))
			return next;
		text = next;
	}
	return NULL;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* This host's devices: see hw.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw_priv.h"

bool hw_bdf_ok(const char *text)
{
	static const char form[HW_BDF] = "xxxx:xx:xx.x";
	size_t i;

	for (i = 0; form[i]; i++)
		if (form[i] == 'x' ? !strchr("0123456789abcdef", text[i]) || !text[i] :
				     text[i] != form[i])
			return false;
	return !text[i];
}

struct hw_device *hw_find(const struct hw *h, const char *bdf)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (!strcmp(h->device[i].bdf, bdf))
			return &h->device[i];
	return NULL;
}

struct hw_device *hw_device_of_path(const struct hw *h, const char *path)
{
	struct hw_device *found = NULL, *d;
	char copy[HW_PATH], *pos = copy, *word;

	snprintf(copy, sizeof(copy), "%s", path);
	while ((word = strsep(&pos, "/"))) {
		d = hw_bdf_ok(word) ? hw_find(h, word) : NULL;
		if (d)
			found = d;
	}
	return found;
}

static bool has_word(const char *list, const char *word, const char *between)
{
	size_t n = strlen(word);
	const char *at = list;

	while ((at = strstr(at, word))) {
		if ((at == list || strchr(between, at[-1])) && (!at[n] || strchr(between, at[n])))
			return true;
		at += n;
	}
	return false;
}

void hw_append(char *list, size_t size, const char *word, const char *between)
{
	static const char more[] = "...";
	size_t at = strlen(list);

	if (!*word || has_word(list, word, between))
		return;
	if (at + strlen(between) + strlen(word) + sizeof(more) <= size)
		snprintf(list + at, size - at, "%s%s", at ? between : "", word);
	else if (at < sizeof(more) - 1 || strcmp(list + at - (sizeof(more) - 1), more))
		snprintf(list + at, size - at, "%s", more);
}

bool hw_step(struct hw *h, int depth)
{
	if (depth > HW_MOST_DEEP)
		h->steps = HW_MOST_STEPS;
	if (h->steps == HW_MOST_STEPS)
		return false;
	h->steps++;
	return true;
}

int hw_each_line(struct hw *h, const char *path, void (*fn)(struct hw *h, char *line))
{
	FILE *f = hw_open(h->root, path);
	char *line = NULL;
	size_t size = 0;

	if (!f)
		return -1;
	while (getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = 0;
		fn(h, line);
	}
	free(line);
	fclose(f);
	return 0;
}

int hw_read(struct hw *h, const char *root)
{
	int saved;

	memset(h, 0, sizeof(*h));
	h->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->root < 0)
		return -1;
	if (!hw_read_pci(h) && !hw_read_disks(h)) {
		hw_read_nets(h);
		if (h->steps < HW_MOST_STEPS)
			return 0;
		errno = ELOOP;
	}
	saved = errno;
	hw_free(h);
	errno = saved;
	return -1;
}

void hw_free(struct hw *h)
{
	free(h->device);
	if (h->root >= 0)
		close(h->root);
	memset(h, 0, sizeof(*h));
	h->root = -1;
}

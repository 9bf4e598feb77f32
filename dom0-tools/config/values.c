/* SPDX-License-Identifier: GPL-2.0-only */
/* Read one value of the configuration, checked: see config_priv.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_priv.h"

/* The key, marked as known; NULL when the file does not have it. */
static struct key *use_key(struct parse *p, const char *name)
{
	struct key *k = vd_find_key(p, name);

	if (k)
		k->used = true;
	return k;
}

/* The raw string of a key, owned by libxlu. */
static int raw_string(struct parse *p, const char *key, const char **value)
{
	struct key *k = use_key(p, key);

	if (!k)
		return 0;
	if (k->addition)
		return vd_fail_key(p, key, "+= is not supported, use =");
	if (xlu_cfg_get_string(p->xlu, key, value, 1))
		return vd_fail_key(p, key, "must be a string or a number, not a list");
	return 1;
}

/* Names, paths and kernel command lines must not have control characters. */
static bool printable(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

int vd_get_string(struct parse *p, const char *key, char **value)
{
	const char *raw;
	int r = raw_string(p, key, &raw);

	if (r <= 0)
		return r;
	if (!*raw)
		return vd_fail_key(p, key, "must not be empty");
	if (!printable(raw))
		return vd_fail_key(p, key, "contains a control character");
	if (strlen(raw) >= VD_CMDLINE_MAX)
		return vd_fail_key(p, key, "longer than %d characters", VD_CMDLINE_MAX - 1);
	*value = strdup(raw);
	return *value ? 1 : vd_fail_key(p, key, "out of memory");
}

static bool all_digits(const char *s)
{
	return *s && s[strspn(s, "0123456789")] == 0;
}

int vd_get_number(struct parse *p, const char *key, long min, long max, long *value)
{
	const char *raw;
	int r = raw_string(p, key, &raw);
	long n;

	if (r <= 0)
		return r;
	if (!all_digits(raw))
		return vd_fail_key(p, key, "must be a number");
	errno = 0;
	n = strtol(raw, NULL, 10);
	if (errno || n < min || n > max)
		return vd_fail_key(p, key, "must be from %ld to %ld", min, max);
	*value = n;
	return 1;
}

int vd_get_choice(struct parse *p, const char *key, const char *const *choices, int *value)
{
	char all[128] = "";
	const char *raw;
	int i, r = raw_string(p, key, &raw);

	if (r <= 0)
		return r;
	for (i = 0; choices[i]; i++) {
		if (!strcmp(raw, choices[i])) {
			*value = i;
			return 1;
		}
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s\"%s\"",
			 i ? ", " : "", choices[i]);
	}
	return vd_fail_key(p, key, "must be one of %s", all);
}

int vd_get_list(struct parse *p, const char *key, int max, const char **items, int *n)
{
	struct key *k = use_key(p, key);
	XLU_ConfigList *list;
	int i;

	*n = 0;
	if (!k)
		return 0;
	if (k->addition)
		return vd_fail_key(p, key, "+= is not supported, use =");
	if (xlu_cfg_get_list(p->xlu, key, &list, n, 1))
		return vd_fail_key(p, key, "must be a list: [ \"...\", ... ]");
	if (*n > max)
		return vd_fail_key(p, key, "more than %d entries", max);
	for (i = 0; i < *n; i++) {
		items[i] = xlu_cfg_get_listitem(list, i);
		if (!items[i])
			return vd_fail_key(p, key, "entry %d is not a string", i + 1);
		if (!*items[i] || !printable(items[i]))
			return vd_fail_key(p, key, "entry %d is empty or has control characters",
					   i + 1);
	}
	return 1;
}

/* Up to four digits at *pos; -1 if there are none or it is too large. */
static int parse_cpu(const char **pos)
{
	int n = 0, digits = 0;

	for (; **pos >= '0' && **pos <= '9' && digits < 5; (*pos)++, digits++)
		n = n * 10 + (**pos - '0');
	return digits && digits < 5 && n <= VD_MAX_CPU ? n : -1;
}

static int cpu_range(const char **pos, uint8_t map[VD_CPUMAP_BYTES])
{
	bool exclude = **pos == '^';
	int i, from, to;

	if (exclude)
		(*pos)++;
	from = parse_cpu(pos);
	to = from;
	if (**pos == '-') {
		(*pos)++;
		to = parse_cpu(pos);
	}
	if (from < 0 || to < from)
		return -1;
	for (i = from; i <= to; i++) {
		if (exclude)
			map[i / 8] &= (uint8_t)~(1u << (i % 8));
		else
			map[i / 8] |= (uint8_t)(1u << (i % 8));
	}
	return 0;
}

int vd_parse_cpus(const char *text, uint8_t map[VD_CPUMAP_BYTES], const char **why)
{
	const char *pos = text;
	int i;

	*why = "must look like \"2\" or \"0-3,^1,6\"";
	memset(map, 0, VD_CPUMAP_BYTES);
	for (;;) {
		if (cpu_range(&pos, map))
			return -1;
		if (!*pos)
			break;
		if (*pos++ != ',')
			return -1;
	}
	for (i = 0; i < VD_CPUMAP_BYTES; i++)
		if (map[i])
			return 0;
	*why = "no CPU is left";
	return -1;
}

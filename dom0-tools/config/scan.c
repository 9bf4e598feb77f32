/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Find all keys of a configuration file and their lines. libxlu parses the file, but
 * cannot tell which keys there are; without that, a misspelt key would be ignored in
 * silence. Run after libxlu has accepted the file, so the syntax is known to be good.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_priv.h"

struct scanner {
	const char *pos, *end;
	int line;
	int depth;		/* of [ ] */
	bool at_start;		/* a key may stand here */
};

int vd_fail_key(struct parse *p, const char *key, const char *fmt, ...)
{
	struct key *k = vd_find_key(p, key);
	char what[VD_ERR_MAX / 2];
	va_list ap;

	if (*p->err)
		return -1;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (k)
		snprintf(p->err, VD_ERR_MAX, "%s:%d: %s: %s", p->path, k->line, key,
			 what);
	else
		snprintf(p->err, VD_ERR_MAX, "%s: %s: %s", p->path, key, what);
	return -1;
}

struct key *vd_find_key(struct parse *p, const char *name)
{
	int i;

	for (i = 0; i < p->n_keys; i++)
		if (!strcmp(p->keys[i].name, name))
			return &p->keys[i];
	return NULL;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

static void skip_string(struct scanner *s)
{
	char quote = *s->pos++;

	while (s->pos < s->end && *s->pos != quote) {
		if (*s->pos == '\\' && s->pos + 1 < s->end)
			s->pos++;
		if (*s->pos == '\n')
			s->line++;
		s->pos++;
	}
	if (s->pos < s->end)
		s->pos++;
}

static bool is_addition(const struct scanner *s)
{
	const char *q = s->pos;

	while (q < s->end && (*q == ' ' || *q == '\t'))
		q++;
	return q < s->end && *q == '+';
}

static int scan_key(struct parse *p, struct scanner *s)
{
	const char *start = s->pos;
	struct key *k;
	size_t n;

	while (s->pos < s->end && is_word(*s->pos))
		s->pos++;
	n = (size_t)(s->pos - start);
	if (p->n_keys == MAX_KEYS || n > KEY_MAX) {
		snprintf(p->err, VD_ERR_MAX, "%s:%d: %.*s: %s", p->path, s->line,
			 KEY_MAX, start, n > KEY_MAX ? "name too long" : "too many keys");
		return -1;
	}
	k = &p->keys[p->n_keys];
	memset(k, 0, sizeof(*k));
	memcpy(k->name, start, n);
	if (vd_find_key(p, k->name)) {
		snprintf(p->err, VD_ERR_MAX, "%s:%d: %s: given twice, first in line %d",
			 p->path, s->line, k->name, vd_find_key(p, k->name)->line);
		return -1;
	}
	k->line = s->line;
	k->addition = is_addition(s);
	p->n_keys++;
	s->at_start = false;
	return 0;
}

static int scan_one(struct parse *p, struct scanner *s)
{
	char c = *s->pos;

	switch (c) {
	case '#':
		while (s->pos < s->end && *s->pos != '\n')
			s->pos++;
		return 0;
	case '"':
	case '\'':
		skip_string(s);
		return 0;
	case '[':
		s->depth++;
		break;
	case ']':
		s->depth--;
		break;
	case '\n':
		s->line++;
		s->at_start = !s->depth;
		break;
	case ';':
		s->at_start = !s->depth;
		break;
	default:
		if (s->at_start && is_word(c))
			return scan_key(p, s);
	}
	s->pos++;
	return 0;
}

int vd_scan_keys(struct parse *p, const char *text, size_t len)
{
	struct scanner s = {
		.pos = text, .end = text + len, .line = 1, .at_start = true,
	};

	while (s.pos < s.end)
		if (scan_one(p, &s))
			return -1;
	return 0;
}

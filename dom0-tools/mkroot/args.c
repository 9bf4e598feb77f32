/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of virtuos mkroot: see mkroot.h. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../host/host.h"
#include "mkroot.h"

#define MOST_LABEL	63

static bool parse_size(const char *text, unsigned long long *size)
{
	static const char units[] = "KMGT";
	unsigned int shift = 0;
	const char *unit;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*size = strtoull(text, &end, 10);
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || end[1])
			return false;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (errno || *size > (unsigned long long)LLONG_MAX >> shift)
		return false;
	*size <<= shift;
	return *size >= MKROOT_LEAST_MIB * 1024ull * 1024;
}

static bool is_made_of(const char *text, const char *more)
{
	for (; *text; text++)
		if (!isascii(*text) || (!isalnum((unsigned char)*text) && !strchr(more, *text)))
			return false;
	return true;
}

static bool is_label(const char *text)
{
	size_t len = strlen(text);

	return len && len <= MOST_LABEL && is_made_of(text, "-") && *text != '-' && text[len - 1] != '-';
}

static bool is_suite(const char *text)
{
	return !strcmp(text, "bookworm") || !strcmp(text, "trixie");
}

static bool is_packages(const char *text)
{
	return isalnum((unsigned char)*text) && is_made_of(text, "+-.,:");
}

/* "-" is mmdebstrap's standard input, and text with blanks a line of sources.list(5). */
static bool is_mirror(const char *text)
{
	return *text && *text != '-' && is_made_of(text, "+-._:/~%@[]");
}

static bool is_path(const char *text)
{
	return *text && strlen(text) + sizeof(MKROOT_PARTIAL) < PATH_MAX;
}

static bool add_key(struct mkroot_options *o, const char *file)
{
	if (!is_path(file) || o->n_keys == MKROOT_MOST_KEYS)
		return false;
	o->key[o->n_keys++] = file;
	return true;
}

static bool take(const char **to, const char *value, bool (*ok)(const char *text))
{
	*to = value;
	return ok(value);
}

static bool parse_option(struct mkroot_options *o, const char *name, const char *value)
{
	if (!strcmp(name, "--size"))
		return parse_size(value, &o->size);
	if (!strcmp(name, "--suite"))
		return take(&o->suite, value, is_suite);
	if (!strcmp(name, "--mirror"))
		return take(&o->mirror, value, is_mirror);
	if (!strcmp(name, "--include"))
		return take(&o->include, value, is_packages);
	if (!strcmp(name, "--from"))
		return take(&o->from, value, is_path);
	if (!strcmp(name, "--hostname"))
		return take(&o->hostname, value, is_label);
	if (!strcmp(name, "--password-file"))
		return take(&o->password_file, value, is_path);
	if (!strcmp(name, "--parts"))
		return take(&o->parts, value, is_path);
	return add_key(o, value);
}

static bool is_option(const char *word)
{
	static const char *const names[] = { "--size", "--suite", "--mirror", "--include", "--from",
					     "--hostname", "--password-file", "--parts", "--ssh-key" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(word, names[i]))
			return true;
	return false;
}

static bool wrong(const char *what, const char *word)
{
	vd_log("mkroot: %s: %s", what, word);
	return false;
}

static bool set_target(struct mkroot_options *o, const char *word)
{
	if (o->target)
		return wrong("there can be one TARGET only", word);
	if (!is_path(word))
		return wrong("wrong TARGET", word);
	o->target = word;
	return true;
}

/* One option. Return: the words that it takes; 0: it is wrong (said). */
static int parse_dashed(struct mkroot_options *o, int left, char **argv)
{
	const char *value = left > 1 ? argv[1] : NULL;

	if (!strcmp(*argv, "--force")) {
		o->force = true;
		return 1;
	}
	if (!is_option(*argv))
		wrong("unknown option", *argv);
	else if (!value)
		wrong("nothing follows", *argv);
	else if (!parse_option(o, *argv, value))
		vd_log("mkroot: %s %s: is not possible", *argv, value);
	else
		return 2;
	return 0;
}

static bool parse_words(struct mkroot_options *o, int argc, char **argv)
{
	bool options = true;
	int i, n;

	for (i = 1; i < argc; i += n) {
		n = 1;
		if (!options || *argv[i] != '-')
			n = set_target(o, argv[i]);
		else if (!strcmp(argv[i], "--"))
			options = false;
		else
			n = parse_dashed(o, argc - i, argv + i);
		if (!n)
			return false;
	}
	return true;
}

bool mkroot_parse(struct mkroot_options *o, int argc, char **argv)
{
	*o = (struct mkroot_options){ .parts = MKROOT_PARTS };
	if (!parse_words(o, argc, argv))
		return false;
	if (!o->target)
		return wrong("what is missing is", "TARGET");
	if (o->from && (o->suite || o->mirror || o->include))
		return wrong("cannot go with --suite, --mirror or --include", "--from");
	if (!o->suite)
		o->suite = "bookworm";
	return true;
}

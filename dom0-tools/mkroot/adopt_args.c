/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of virtuos adopt: see adopt.h. */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../host/host.h"
#include "adopt.h"

static bool wrong(const char *what, const char *word)
{
	vd_log("adopt: %s: %s", what, word);
	return false;
}

static bool set_partition(struct adopt_options *o, const char *text)
{
	unsigned long number;
	char *end;

	number = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || !number || number > ADOPT_MOST_PARTITION)
		return false;
	o->partition = (unsigned int)number;
	return true;
}

static bool set_parts(struct adopt_options *o, const char *text)
{
	o->parts = text;
	return *text && strlen(text) < PATH_MAX;
}

static bool set_image(struct adopt_options *o, const char *word)
{
	if (o->image)
		return wrong("there can be one IMAGE only", word);
	if (!*word || strlen(word) >= PATH_MAX)
		return wrong("wrong IMAGE", word);
	o->image = word;
	return true;
}

/* One option. Return: the words that it takes; 0: it is wrong (said). */
static int parse_dashed(struct adopt_options *o, const char *word, const char *value)
{
	bool is_partition = !strcmp(word, "--partition");

	if (!strcmp(word, "--undo")) {
		o->undo = true;
		return 1;
	}
	if (!strcmp(word, "--force")) {
		o->force = true;
		return 1;
	}
	if (!is_partition && strcmp(word, "--parts"))
		wrong("unknown option", word);
	else if (!value)
		wrong("nothing follows", word);
	else if (is_partition ? set_partition(o, value) : set_parts(o, value))
		return 2;
	else
		vd_log("adopt: %s %s: is not possible", word, value);
	return 0;
}

static bool parse_words(struct adopt_options *o, int argc, char **argv)
{
	bool options = true;
	int i, n;

	for (i = 1; i < argc; i += n) {
		n = 1;
		if (!options || *argv[i] != '-')
			n = set_image(o, argv[i]);
		else if (!strcmp(argv[i], "--"))
			options = false;
		else
			n = parse_dashed(o, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
		if (!n)
			return false;
	}
	return true;
}

bool mkroot_adopt_parse(struct adopt_options *o, int argc, char **argv)
{
	*o = (struct adopt_options){ .parts = MKROOT_PARTS };
	if (!parse_words(o, argc, argv))
		return false;
	if (!o->image)
		return wrong("what is missing is", "IMAGE");
	if (o->force && !o->undo)
		return wrong("goes with --undo only", "--force");
	return true;
}

/* SPDX-License-Identifier: MIT */
/*
 * vosbench: small loads, the same on every system that is compared.
 *
 *	vosbench [-t MS] [-m CALLS] [-c CASE] [-s SIZE,...] [-n THREADS,...] [-d DIR]
 *		 [-a ADDRESS:PORT] GROUP [ARGUMENT...]
 *
 * Each case prints one line of JSON. -m: no clock; so many calls between two marks,
 * for the counting plugin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

struct options opt = {
	.ms = 200,
	.dir = "/root",
	.sizes = { 32, 256, 1 << 10, 4 << 10, 16 << 10, 32 << 10, 64 << 10, 256 << 10, 1 << 20, 2 << 20 },
	.threads = { 1, 2, 4, 8, 16 },
};

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} groups[] = {
	{ "null", group_null, "calls that are forwarded and do next to nothing" },
	{ "pread", group_pread, "reads of a cached file" },
	{ "preadgrow", group_preadgrow, "the same of a file that has just grown" },
	{ "pwrite", group_pwrite, "writes to it, over what is there" },
	{ "direct", group_direct, "reads with O_DIRECT" },
	{ "files", group_files, "create, stat, unlink" },
	{ "threads", group_threads, "pread of 4 KiB by several threads" },
	{ "tcprr", group_tcprr, "requests and answers over one connection" },
	{ "tcpstream", group_tcpstream, "one-way transfer in pieces of a size" },
	{ "httpget", group_httpget, "PATH [CONNECTIONS]: GET by several kept connections" },
	{ "transact", group_transact, "small transactions of four clients, each synchronised" },
	{ "exec", group_exec, "NAME COMMAND...: time of a whole program" },
};

static void usage(void)
{
	size_t i;

	fprintf(stderr, "usage: vosbench [-t MS] [-m CALLS] [-c CASE] [-s SIZE,...] [-n THREADS,...]\n"
		"                [-d DIR] [-a ADDRESS:PORT] GROUP [ARGUMENT...]\n");
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		fprintf(stderr, "  %-10s %s\n", groups[i].name, groups[i].what);
	exit(2);
}

static void parse_sizes(char *list)
{
	size_t n = 0;
	char *word, *save = NULL;

	for (word = strtok_r(list, ",", &save); word && n < 31; word = strtok_r(NULL, ",", &save))
		opt.sizes[n++] = strtoul(word, NULL, 0);
	opt.sizes[n] = 0;
}

static void parse_threads(char *list)
{
	size_t n = 0;
	char *word, *save = NULL;

	for (word = strtok_r(list, ",", &save); word && n < 7; word = strtok_r(NULL, ",", &save))
		opt.threads[n++] = strtoul(word, NULL, 0);
	opt.threads[n] = 0;
}

static void parse_address(char *text)
{
	char *colon = strchr(text, ':');

	if (!colon)
		usage();
	*colon = '\0';
	opt.address = text;
	opt.port = strtoul(colon + 1, NULL, 10);
}

static void parse(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+t:m:c:s:n:d:a:")) != -1) {
		switch (c) {
		case 't': opt.ms = strtoul(optarg, NULL, 10); break;
		case 'm': opt.marked = strtoul(optarg, NULL, 10); break;
		case 'c': opt.only = optarg; break;
		case 's': parse_sizes(optarg); break;
		case 'n': parse_threads(optarg); break;
		case 'd': opt.dir = optarg; break;
		case 'a': parse_address(optarg); break;
		default: usage();
		}
	}
	if (optind >= argc || !opt.ms)
		usage();
}

int main(int argc, char **argv)
{
	size_t i;

	parse(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (!strcmp(argv[optind], groups[i].name))
			return groups[i].run(argc - optind, argv + optind);
	usage();
}

// SPDX-License-Identifier: MIT
/* Runs episodes; see vosdiff.h. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vosdiff.h"

#define TEXT_SIZE	(4u << 20)
#define LIMIT_S		60	/* of an episode */
#define FIRST		4	/* steps that open something */
#define FAULTY		8	/* one of so many episodes passes bad addresses */

static const struct mode *const modes[] = { &net_mode, &names_mode, &data_mode };

static struct {
	const struct mode *mode;
	uint64_t seed;
	unsigned long first, count;
	const char *steps;
	bool digest;
	const char *folder;
} opt = { .count = 1 };

bool faults;

static bool wanted(unsigned int step)
{
	const char *p = opt.steps;

	while (p && *p) {
		char *end;

		if (strtoul(p, &end, 10) == step)
			return true;
		p = *end ? end + 1 : end;
	}
	return !opt.steps;
}

static const struct op *choose(const struct mode *m, unsigned int step)
{
	size_t i, count = step < FIRST ? m->openers : m->count;
	unsigned int sum = 0;

	for (i = 0; i < count; i++)
		sum += m->ops[i].weight;
	sum = below(sum);
	for (i = 0; sum >= m->ops[i].weight; i++)
		sum -= m->ops[i].weight;
	return &m->ops[i];
}

static void step(const struct mode *m, unsigned long episode, unsigned int n)
{
	const struct op *op;

	rnd_seed(opt.seed, episode, n + 1);
	op = choose(m, n);
	if (!wanted(n))
		return;
	out("%u %s", n, op->name);
	watch_arm();
	op->run();
	watch_end();
	out("\n");
}

static void episode(unsigned long number)
{
	const struct mode *m = opt.mode;
	unsigned int n;

	if (mkdir("e", 0755) || chdir("e")) {
		out("no folder: %s\n", strerror(errno));
		return;
	}
	umask(022);
	rnd_seed(opt.seed, number, 0);
	watch_begin();
	m->begin();
	for (n = 0; n < m->steps; n++)
		step(m, number, n);
	m->end();
}

/* The episode's process; whatever it has started goes with its group. */
static int wait_for(pid_t pid)
{
	time_t until = time(NULL) + LIMIT_S;
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (time(NULL) > until) {
			out("\nno end within %d s\n", LIMIT_S);
			kill(-pid, SIGKILL);
			until += LIMIT_S;
		}
		usleep(1000);
	}
	kill(-pid, SIGKILL);
	return status;
}

static void clear_folder(void)
{
	if (system("rm -rf e"))
		fprintf(stderr, "vosdiff: e cannot be removed\n");
}

static void run(unsigned long number, void *memory)
{
	const char *text;
	pid_t pid;
	int status;

	out_begin(memory, TEXT_SIZE);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		episode(number);
		_exit(0);
	}
	setpgid(pid, pid);
	status = wait_for(pid);
	if (WIFSIGNALED(status))
		out("\nkilled by %d\n", WTERMSIG(status));
	clear_folder();
	text = out_text();
	printf("# %s %" PRIu64 " %lu %08" PRIx32 "\n", opt.mode->name, opt.seed, number,
	       checksum(0, text, strlen(text)));
	if (!opt.digest)
		fputs(text, stdout);
	fflush(stdout);
}

static bool take_mode(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT_OF(modes); i++)
		if (!strcmp(modes[i]->name, name))
			opt.mode = modes[i];
	return opt.mode;
}

static bool take_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' }, { "count", required_argument, NULL, 'n' },
		{ "first", required_argument, NULL, 'f' }, { "steps", required_argument, NULL, 'l' },
		{ "digest", no_argument, NULL, 'd' }, { }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's': opt.seed = strtoull(optarg, NULL, 0); break;
		case 'n': opt.count = strtoul(optarg, NULL, 0); break;
		case 'f': opt.first = strtoul(optarg, NULL, 0); break;
		case 'l': opt.steps = optarg; break;
		case 'd': opt.digest = true; break;
		default: return false;
		}
	}
	return argc == optind + 2 && take_mode(argv[optind]) && (opt.folder = argv[optind + 1]);
}

int main(int argc, char **argv)
{
	unsigned long n;
	void *memory;

	if (!take_options(argc, argv)) {
		fprintf(stderr, "usage: vosdiff net|names|data --seed S [--count N] [--first E]\n"
			"\t[--steps A,B,...] [--digest] FOLDER\n");
		return 2;
	}
	memory = mmap(NULL, TEXT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || chdir(opt.folder)) {
		perror("vosdiff");
		return 1;
	}
	clear_folder();
	for (n = opt.first; n < opt.first + opt.count; n++) {
		faults = n % FAULTY == FAULTY - 1;
		run(n, memory);
	}
	return 0;
}

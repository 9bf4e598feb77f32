// SPDX-License-Identifier: MIT
/*
 * doortest [-l] [-d] [-t SECONDS] [-s SECONDS] [-r SEED] DIR [NAME...], see ../frame/frame.h:
 *
 *	LD_PRELOAD=libsyscall-forward.so doortest -d -s 20 /root
 *
 * -d: the door must be used where it can be. -s: how long the hostile processes have.
 * -r: what they do; each time something else, if it is not given.
 */
#include "doortest.h"
#include "hostile.h"

bool door_expected;
int hostile_seconds = 20;
unsigned int hostile_seed;

/* After exec: descriptor @fd stands at number @first of a number file. */
static int read_numbers(int fd, uint32_t first)
{
	uint32_t i, n;

	for (i = first; i < first + 100; i++)
		if (read(fd, &n, 4) != 4 || n != i)
			return 1;
	return 0;
}

static bool option(int c, char *arg)
{
	if (c == 'd')
		door_expected = true;
	else if (c == 'r')
		hostile_seed = (unsigned int)strtoul(arg, NULL, 10);
	else
		hostile_seconds = atoi(arg);
	return true;
}

int main(int argc, char **argv)
{
	static const struct frame frame = {
		.name = "doortest", .options = "dr:s:", .option = option, .folder = true,
	};

	if (argc == 4 && !strcmp(argv[1], "--numbers"))
		return read_numbers(atoi(argv[2]), atoi(argv[3]));
	if (argc == 4 && !strcmp(argv[1], "--executed"))
		return exec_main(argv[2], atoi(argv[3]));
	if (argc == 5 && !strcmp(argv[1], "--hostile")) {
		program = argv[0];
		return hostile_main(argv[2], (unsigned int)strtoul(argv[3], NULL, 10), atoi(argv[4]));
	}
	hostile_seed = (unsigned int)time(NULL);
	return frame_main(&frame, argc, argv);
}

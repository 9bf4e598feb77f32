// SPDX-License-Identifier: MIT
/*
 * nettest [-l] [-t SECONDS] [-p HOST:PORT] [NAME...], see ../frame/frame.h.
 *
 * -p names an echo server (TCP and UDP) outside; without it tests that need one are
 * skipped.
 */
#include "nettest.h"

const char *peer_host;
int peer_port;

static bool option(int c, char *arg)
{
	char *colon = strrchr(arg, ':');

	(void)c;
	if (!colon) {
		fprintf(stderr, "nettest: -p wants HOST:PORT, not '%s'\n", arg);
		return false;
	}
	*colon = 0;
	peer_host = arg;
	peer_port = atoi(colon + 1);
	return true;
}

int main(int argc, char **argv)
{
	static const struct frame frame = { .name = "nettest", .options = "p:", .option = option };

	return frame_main(&frame, argc, argv);
}

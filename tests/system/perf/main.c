// SPDX-License-Identifier: MIT
/* perftest [-l] [-t SECONDS] [NAME...], see ../frame/frame.h. It has to be root. */
#include "perftest.h"

static int paranoid;

/* A test that has failed may have left another level. */
static bool put_level_back(const struct test *t)
{
	set_paranoid(paranoid);
	return true;
}

int main(int argc, char **argv)
{
	static const struct frame frame = { .name = "perftest", .clean = put_level_back };

	paranoid = (int)number_in("/proc/sys/kernel/perf_event_paranoid");
	return frame_main(&frame, argc, argv);
}

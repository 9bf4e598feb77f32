// SPDX-License-Identifier: MIT
/* The unit "xen": what Xen did with a virtual processor. */
#include <sched.h>

#include "perftest.h"

/* On a processor, running, runnable, blocked and offline are all of the time. */
TEST(xen_times_add_up)
{
	static const char *const names[] = { "running-ns", "steal-ns", "blocked-ns", "upcalls" };
	uint64_t value[6];
	int leader = -1, fd;
	double begun, took, sum;
	size_t i;

	for (i = 0; i < 4; i++) {
		struct perf_event_attr attr = attr_of("xen", names[i]);

		attr.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED;
		attr.disabled = !i;
		fd = CHECK_OK(try_open(&attr, -1, 0, leader));
		if (!i)
			leader = fd;
	}
	begun = now();
	start(leader);
	usleep(1000000);
	CHECK_EQ(read(leader, value, sizeof(value)), sizeof(value));
	took = (now() - begun) * 1e9;
	CHECK_EQ(value[0], 4);
	CHECK(value[2] > 0);
	/* perf tells the time by Xen's clock, which need not be the program's to 1 %. */
	sum = value[2] + value[3] + value[4];
	CHECK(sum <= 1.01 * (took > value[1] ? took : value[1]));
	CHECK(sum >= 0.98 * (1e9 < value[1] ? 1e9 : value[1]));
	CHECK(value[5] > 0);
}

/* While a thread runs, its processor is not blocked. */
TEST(xen_times_of_a_thread)
{
	struct perf_event_attr run = attr_of("xen", "running-ns");
	struct perf_event_attr blocked = attr_of("xen", "blocked-ns");
	int r = CHECK_OK(try_open(&run, 0, -1, -1)), b = CHECK_OK(try_open(&blocked, 0, -1, -1));
	double end = now() + 0.3;

	start(r);
	start(b);
	while (now() < end)
		;
	usleep(300000);
	CHECK(count_of(r) > 0);
	CHECK(count_of(r) < 500000000);
	CHECK_EQ(count_of(b), 0);
}

TEST(xen_refuses)
{
	struct perf_event_attr attr = attr_of("xen", "steal-ns");

	attr.config = 0;
	CHECK_ERR(try_open(&attr, 0, -1, -1), EINVAL);
	attr.config = 6;
	CHECK_ERR(try_open(&attr, 0, -1, -1), EINVAL);
	attr.config = 1;
	attr.exclude_kernel = 1;
	CHECK_ERR(try_open(&attr, 0, -1, -1), EINVAL);
	attr.exclude_kernel = 0;
	attr.sample_period = 1;
	CHECK_ERR(try_open(&attr, 0, -1, -1), EOPNOTSUPP);
}

// SPDX-License-Identifier: MIT
/* What cannot be counted is refused; users see their own, as far as they are let. */
#include <sys/wait.h>

#include "perftest.h"

#define NOBODY 65534

static void refused(uint64_t config, int err)
{
	struct perf_event_attr attr = attr_of("virtuos", "calls");

	attr.config = config;
	CHECK_ERR(try_open(&attr, 0, -1, -1), err);
}

TEST(what_is_no_event_is_refused)
{
	struct perf_event_attr attr = attr_of("virtuos", "calls");

	refused(0, EINVAL);
	refused(16, EINVAL);
	refused(255, EINVAL);
	refused(CONFIG(1, 3ull, 0), EINVAL);
	refused(CONFIG(1, 0, 0xffull), EINVAL);
	refused(CONFIG(1, STORAGE, OP_GETNAME + 1), EINVAL);
	refused(CONFIG(1, 0, 0) | 1ull << 24, EINVAL);
	refused(CONFIG(1, 0, 0) | 1ull << 63, EINVAL);
	attr.config1 = 1;
	CHECK_ERR(try_open(&attr, 0, -1, -1), EINVAL);
	attr.config1 = 0;
	attr.exclude_user = 1;
	CHECK_ERR(try_open(&attr, 0, -1, -1), EINVAL);
}

TEST(what_is_not_known_is_refused)
{
	static const char *const own[] = { "sends", "wakeups", "wait-ns", "spin-ns", "outage-ns",
		"door-calls" };
	struct perf_event_attr attr;
	size_t i;

	refused(attr_of("virtuos", "service-instructions").config, EOPNOTSUPP);
	refused(attr_of("virtuos", "copied").config, EOPNOTSUPP);
	refused(attr_of("virtuos", "window-reads").config, EOPNOTSUPP);
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		attr = attr_of("virtuos", own[i]);
		refused(attr.config | (OP_GETNAME + 1) << 16, EOPNOTSUPP);
	}
	refused(attr_of("virtuos", "sends").config | NET << 8, EOPNOTSUPP);
	attr = attr_of("virtuos", "door-calls");
	attr.sample_period = 1;
	CHECK_ERR(try_open(&attr, 0, -1, -1), EOPNOTSUPP);
}

/* A user asks for an event; @err: 0, or what the answer is. */
static void as_nobody(bool exclude_kernel, pid_t pid, int cpu, int err)
{
	struct perf_event_attr attr = attr_of("virtuos", "calls");
	int s = new_socket(), status;
	pid_t child_pid = fork();

	CHECK_OK(child_pid);
	if (!child_pid) {
		int fd;

		CHECK_OK(setresgid(NOBODY, NOBODY, NOBODY));
		CHECK_OK(setresuid(NOBODY, NOBODY, NOBODY));
		attr.config |= NET << 8;
		attr.exclude_kernel = exclude_kernel;
		fd = try_open(&attr, pid, cpu, -1);
		if (err) {
			CHECK(fd == -1);
			CHECK_EQ(errno, err);
			_exit(0);
		}
		CHECK_OK(fd);
		/* With the user's first call the domain learns the user's credentials. */
		ask_names(s, 1);
		start(fd);
		ask_names(s, 50);
		CHECK_EQ(count_of(fd), 50);
		_exit(0);
	}
	CHECK_EQ(waitpid(child_pid, &status, 0), child_pid);
	CHECK_EQ(status, 0);
	close(s);
}

TEST(users_see_their_own)
{
	pid_t root = getpid();

	attr_of("virtuos", "calls");
	set_paranoid(1);
	as_nobody(false, 0, -1, 0);
	as_nobody(true, -1, 0, EACCES);
	set_paranoid(2);
	as_nobody(true, 0, -1, 0);
	as_nobody(false, 0, -1, EACCES);
	as_nobody(true, -1, 0, EACCES);
	as_nobody(true, root, -1, EACCES);
	set_paranoid(3);		/* SECURITY_PERF_EVENTS_RESTRICT: none at all */
	as_nobody(true, 0, -1, EACCES);
}

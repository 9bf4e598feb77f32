// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "perftest.h"

#define UNITS "/sys/bus/event_source/devices/"

static bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	CHECK(n >= 0);
	text[n] = 0;
	return true;
}

uint64_t number_in(const char *path)
{
	char text[64];

	CHECK(read_text(path, text, sizeof(text)));
	return strtoull(text, NULL, 0);
}

void set_paranoid(int level)
{
	char text[16];
	int fd = CHECK_OK(open("/proc/sys/kernel/perf_event_paranoid", O_WRONLY));

	write_all(fd, text, snprintf(text, sizeof(text), "%d\n", level));
	close(fd);
}

/* Event @event of @unit by its name in sysfs. The test is skipped if there is no such unit. */
struct perf_event_attr attr_of(const char *unit, const char *event)
{
	struct perf_event_attr attr = { .size = sizeof(attr), .disabled = 1 };
	char path[200], text[64];

	snprintf(path, sizeof(path), UNITS "%s/type", unit);
	if (!read_text(path, text, sizeof(text)))
		test_skip("no such unit");
	attr.type = strtoul(text, NULL, 10);
	snprintf(path, sizeof(path), UNITS "%s/events/%s", unit, event);
	CHECK(read_text(path, text, sizeof(text)));
	CHECK(!strncmp(text, "event=", 6));
	attr.config = strtoull(text + 6, NULL, 0);
	return attr;
}

int try_open(struct perf_event_attr *attr, pid_t pid, int cpu, int group)
{
	return syscall(SYS_perf_event_open, attr, pid, cpu, group, PERF_FLAG_FD_CLOEXEC);
}

int open_event(const char *event, uint64_t filters)
{
	struct perf_event_attr attr = attr_of("virtuos", event);

	attr.config |= filters;
	return CHECK_OK(try_open(&attr, 0, -1, -1));
}

uint64_t count_of(int fd)
{
	uint64_t value;

	CHECK_EQ(read(fd, &value, sizeof(value)), sizeof(value));
	return value;
}

void start(int fd)
{
	CHECK_OK(ioctl(fd, PERF_EVENT_IOC_ENABLE, 0));
}

void stop(int fd)
{
	CHECK_OK(ioctl(fd, PERF_EVENT_IOC_DISABLE, 0));
}

int new_socket(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));

	CHECK_OK(bind(fd, (struct sockaddr *)&any, sizeof(any)));
	return fd;
}

/* The one place that calls getsockname(2), in a section by itself. */
__attribute__((noinline, section("call_site"))) static long ask_name(int fd)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	long rc;

	asm volatile("syscall"
		     : "=a" (rc), "+m" (name), "+m" (len)
		     : "0" ((long)SYS_getsockname), "D" ((long)fd), "S" (&name), "d" (&len)
		     : "rcx", "r11", "memory");
	return rc;
}

extern const char __start_call_site[], __stop_call_site[];

bool is_call_site(uint64_t ip)
{
	return ip >= (uintptr_t)__start_call_site && ip < (uintptr_t)__stop_call_site;
}

void ask_names(int fd, int n)
{
	while (n--)
		CHECK_EQ(ask_name(fd), 0);
}

void ask_options(int fd, int n)
{
	while (n--) {
		int value;
		socklen_t len = sizeof(value);

		CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, &len));
	}
}

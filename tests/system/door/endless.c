// SPDX-License-Identifier: MIT
/* Memory that never comes: who touches it, in the kernel or out of it, stays there. */
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#include "doortest.h"

/* Pages that nobody ever fills. Return: their descriptor; -1: there is no such thing here. */
int endless_pages(void **p, size_t n)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, 0);

	if (fd < 0)
		return -1;
	*p = mmap(NULL, n * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(*p != MAP_FAILED);
	CHECK_EQ(ioctl(fd, UFFDIO_API, &api), 0);
	reg.range.start = (uintptr_t)*p;
	reg.range.len = n * 4096;
	CHECK_EQ(ioctl(fd, UFFDIO_REGISTER, &reg), 0);
	return fd;
}

/* Until somebody has touched it. */
void await_touch(int fd)
{
	struct uffd_msg msg;

	CHECK_EQ(read(fd, &msg, sizeof(msg)), sizeof(msg));
}

// SPDX-License-Identifier: MIT
/* What the door's tests share. Every helper fails the test if it cannot do its work. */
#include <dlfcn.h>
#include <netinet/tcp.h>

#include "../../../include/virtuos/door.h"
#include "doortest.h"

struct vos_door_stats door_stats(void)
{
	struct vos_door_stats (*get)(void) = dlsym(RTLD_DEFAULT, "vos_door_stats");

	return get ? get() : (struct vos_door_stats){ 0 };
}

uint64_t door_calls(int op)
{
	return door_stats().door[op];
}

/* As many calls as the library wants to see before it asks. */
void warm_file(int fd)
{
	char c;
	int i;

	for (i = 0; i < 12; i++)
		CHECK(pread(fd, &c, 1, 0) >= 0);
}

const char *path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/doortest-%s", folder, name);
	return path;
}

int new_file(const char *name, int flags)
{
	const char *path = path_of(name);
	int fd;

	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | flags, 0644);
	CHECK(fd >= 0);
	warm_file(fd);
	return fd;
}

int number_file(const char *name, uint32_t count)
{
	int fd = new_file(name, 0);
	uint32_t *p = malloc(count * 4), i;

	for (i = 0; i < count; i++)
		p[i] = i;
	write_all(fd, p, count * 4);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	warm_file(fd);
	free(p);
	return fd;
}

static void bind_loopback(int fd, struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);

	*a = (struct sockaddr_in){ .sin_family = AF_INET };
	a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_EQ(bind(fd, (struct sockaddr *)a, sizeof(*a)), 0);
	CHECK_EQ(getsockname(fd, (struct sockaddr *)a, &len), 0);
}

static void warm_pair(int fd[2])
{
	char c;
	int i;

	for (i = 0; i < 8; i++) {
		CHECK_EQ(send(fd[i % 2], "w", 1, 0), 1);
		CHECK_EQ(recv(fd[!(i % 2)], &c, 1, 0), 1);
	}
}

void tcp_pair(int fd[2])
{
	int l = socket(AF_INET, SOCK_STREAM, 0), one = 1, i;
	struct sockaddr_in a;

	CHECK(l >= 0);
	bind_loopback(l, &a);
	CHECK_EQ(listen(l, 1), 0);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(connect(fd[0], (struct sockaddr *)&a, sizeof(a)), 0);
	fd[1] = accept(l, NULL, NULL);
	CHECK(fd[1] >= 0);
	close(l);
	for (i = 0; i < 2; i++)
		CHECK_EQ(setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)), 0);
	warm_pair(fd);
}

void udp_pair(int fd[2])
{
	struct sockaddr_in a[2];
	int i;

	for (i = 0; i < 2; i++) {
		fd[i] = socket(AF_INET, SOCK_DGRAM, 0);
		CHECK(fd[i] >= 0);
		bind_loopback(fd[i], &a[i]);
	}
	for (i = 0; i < 2; i++)
		CHECK_EQ(connect(fd[i], (struct sockaddr *)&a[!i], sizeof(a[0])), 0);
	warm_pair(fd);
}

void *shared_memory(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

bool own_door_opens(void)
{
	struct vos_door_info info;

	return !syscall(SYS_prctl, VOS_DOOR_PRCTL, VOS_DOOR_OPEN, &info, 0, 0) || errno == EINVAL ||
	       errno == ENOSYS;
}

off_t size_of(int fd)
{
	off_t at = lseek(fd, 0, SEEK_CUR), end = lseek(fd, 0, SEEK_END);

	CHECK_EQ(lseek(fd, at, SEEK_SET), at);
	return end;
}

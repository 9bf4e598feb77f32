// SPDX-License-Identifier: MIT
/* fanotify's permission events: whom a listener refuses does not read past it. */
#include <sys/fanotify.h>
#include <sys/prctl.h>

#include "doortest.h"

#define COUNT 3000u

struct listener {
	int fd;
	pid_t pid;
	unsigned int refuse, asked;
};

static void answer(struct listener *l, const struct fanotify_event_metadata *event)
{
	struct fanotify_response response = {
		.fd = event->fd,
		.response = __atomic_load_n(&l->refuse, __ATOMIC_SEQ_CST) ? FAN_DENY : FAN_ALLOW,
	};

	__atomic_add_fetch(&l->asked, 1, __ATOMIC_SEQ_CST);
	if (write(l->fd, &response, sizeof(response)) != sizeof(response))
		_exit(1);
	close(event->fd);
}

static void answer_all(struct listener *l)
{
	char room[4096] __attribute__((aligned(8)));
	struct fanotify_event_metadata *event;
	ssize_t left;

	for (;;) {
		left = read(l->fd, room, sizeof(room));
		for (event = (void *)room; FAN_EVENT_OK(event, left);
		     event = FAN_EVENT_NEXT(event, left))
			answer(l, event);
	}
}

/* A process that refuses or allows. It ends with the test. */
static struct listener *listen_to_all(void)
{
	struct listener *l = shared_memory(sizeof(*l));
	pid_t pid;

	l->fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
	if (l->fd < 0 && errno == EPERM)
		test_skip("only root may refuse");
	CHECK(l->fd >= 0);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		answer_all(l);
	}
	l->pid = pid;
	return l;
}

static void mark(const struct listener *l, unsigned int how, uint64_t mask, const char *path)
{
	CHECK_EQ(fanotify_mark(l->fd, how, mask, AT_FDCWD, path), 0);
}

static void done(struct listener *l)
{
	CHECK_EQ(kill(l->pid, SIGKILL), 0);
	CHECK_EQ(waitpid(l->pid, NULL, 0), l->pid);
	close(l->fd);
}

TEST(an_open_that_is_refused)
{
	struct listener *l = listen_to_all();
	int fd = number_file("refused", COUNT);
	char path[512];

	strcpy(path, path_of("refused"));
	close(fd);
	l->refuse = 1;
	mark(l, FAN_MARK_ADD, FAN_OPEN_PERM, path);
	CHECK_ERR(open(path, O_RDONLY), EPERM);
	CHECK_ERR(open(path, O_WRONLY), EPERM);
	CHECK_EQ(l->asked, 2);
	l->refuse = 0;
	fd = open(path, O_RDWR);
	CHECK(fd >= 0);
	close(fd);
	mark(l, FAN_MARK_REMOVE, FAN_OPEN_PERM, path);
	l->refuse = 1;
	fd = open(path, O_RDWR);
	CHECK(fd >= 0);
	close(fd);
	done(l);
}

static void check_refused(int fd)
{
	struct iovec iov;
	uint32_t n;

	iov = (struct iovec) { &n, 4 };
	CHECK_ERR(pread(fd, &n, 4, 400), EPERM);
	CHECK_ERR(read(fd, &n, 4), EPERM);
	CHECK_ERR(readv(fd, &iov, 1), EPERM);
	CHECK_ERR(syscall(SYS_pread64, fd, &n, 4, 400), EPERM);
}

static void check_read(int fd, int calls)
{
	uint32_t n;
	int i;

	for (i = 0; i < calls; i++) {
		CHECK_EQ(pread(fd, &n, 4, i % COUNT * 4), 4);
		CHECK_EQ(n, i % COUNT);
	}
}

/*
 * The door has the file when the listener comes, and may have it when it has gone. Linux asks of a
 * file that was listened to when it was opened.
 */
static void check_listener(uint64_t mask, const char *path)
{
	struct listener *l = listen_to_all();
	int fd;

	l->refuse = 1;
	mark(l, FAN_MARK_ADD, mask, path);
	fd = open(path_of("refused"), O_RDONLY);
	CHECK(fd >= 0);
	check_refused(fd);
	CHECK_EQ(l->asked, 4);
	l->refuse = 0;
	check_read(fd, 100);
	CHECK_EQ(l->asked, 104);
	l->refuse = 1;
	check_refused(fd);
	mark(l, FAN_MARK_REMOVE, mask, path);
	check_read(fd, 1000);
	close(fd);
	done(l);
}

TEST(a_read_in_place_that_is_refused)
{
	int fd = number_file("refused", COUNT);

	CHECK_EQ(close(fd), 0);
	fd = open(path_of("refused"), O_RDONLY);
	CHECK(fd >= 0);
	warm_file(fd);
	check_read(fd, 1000);
	check_listener(FAN_ACCESS_PERM, path_of("refused"));
	check_listener(FAN_ACCESS_PERM | FAN_EVENT_ON_CHILD, folder);
	close(fd);
}

TEST(a_served_read_that_is_refused)
{
	int fd = new_file("refused", 0);
	uint32_t i;

	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	for (i = 0; i < COUNT; i++)
		CHECK_EQ(write(fd, &i, 4), 4);
	CHECK_DOOR(VOS_STAT_WRITE, COUNT / 2);
	check_read(fd, 100);
	check_listener(FAN_ACCESS_PERM, path_of("refused"));
	close(fd);
}

// SPDX-License-Identifier: MIT
/* What passes the door is done in one piece, and is no secret to the kernel. */
#include <setjmp.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "doortest.h"

#define RECORD	8192u

static sigjmp_buf back;
static volatile sig_atomic_t may_jump;

static void jump(int sig)
{
	if (may_jump)
		siglongjmp(back, sig);
}

/* Write one record; a timer's handler may jump out of it. */
static void write_and_jump(int fd, const uint32_t *record, long us)
{
	struct itimerval soon = { .it_value.tv_usec = us }, never = { 0 };

	if (!sigsetjmp(back, 1)) {
		may_jump = 1;
		setitimer(ITIMER_REAL, &soon, NULL);
		CHECK_EQ(write(fd, record, RECORD), RECORD);
	}
	may_jump = 0;
	setitimer(ITIMER_REAL, &never, NULL);
}

/* The position says whether the record is there, and it is there whole. */
TEST(a_handler_jumps_out_of_write)
{
	static uint32_t record[RECORD / 4], found[RECORD / 4];
	int fd = new_file("jump", 0), n;
	off_t at = lseek(fd, 0, SEEK_CUR), now;

	signal(SIGALRM, jump);
	for (n = 1; n <= 400; n++) {
		for (unsigned int i = 0; i < RECORD / 4; i++)
			record[i] = n;
		write_and_jump(fd, record, 1 + random() % 1500);
		now = lseek(fd, 0, SEEK_CUR);
		CHECK(now == at || now == at + (off_t)RECORD);
		if (now != at) {
			CHECK_EQ(syscall(SYS_pread64, fd, found, RECORD, at), RECORD);
			CHECK(!memcmp(found, record, RECORD));
		}
		at = now;
	}
	CHECK_DOOR(VOS_STAT_WRITE, 1);
	close(fd);
}

/* The size is that of the last write, for ioctl(), locks and copies as well. */
TEST(a_size_that_grows)
{
	int fd = new_file("size", 0), copy = new_file("copy", 0), left, i;
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -100 };
	char record[100] = "record";
	off_t begin = lseek(fd, 0, SEEK_CUR), end;
	loff_t from;

	for (i = 0; i < 200; i++)
		CHECK_EQ(write(fd, record, 100), 100);
	CHECK_DOOR(VOS_STAT_WRITE, 100);
	end = lseek(fd, begin, SEEK_SET) + 20000;
	CHECK_EQ(ioctl(fd, FIONREAD, &left), 0);
	CHECK_EQ(left, 20000);
	for (i = 0, from = end; i < 50; i++)
		CHECK_EQ(pwrite(fd, record, 100, end + 100 * i), 100);
	CHECK_EQ(copy_file_range(fd, &from, copy, NULL, 65536, 0), 5000);
	for (i = 0, end += 5000; i < 50; i++)
		CHECK_EQ(pwrite(fd, record, 100, end + 100 * i), 100);
	CHECK_EQ(fcntl(fd, F_SETLK, &lock), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_END), end + 5000);
	close(fd);
	close(copy);
}

static volatile sig_atomic_t alarms;

static void note_alarm(int sig)
{
	(void)sig;
	alarms++;
}

/* Send more than there is room for, and have a signal after some time. */
static void send_until_alarm(long ms)
{
	const struct itimerspec soon = { .it_value = { ms / 1000, ms % 1000 * 1000000 } };
	struct sigevent how = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	size_t size = 32 << 20;
	char *data = calloc(1, size);
	timer_t timer;
	int fd[2];
	ssize_t n;

	tcp_pair(fd);
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &how, &timer), 0);
	alarms = 0;
	CHECK_EQ(timer_settime(timer, 0, &soon, NULL), 0);
	n = send(fd[0], data, size, 0);
	CHECK(n > 0 && (size_t)n < size);
	CHECK_EQ(alarms, 1);
	CHECK_DOOR(VOS_STAT_SEND, 1);
	timer_delete(timer);
	close(fd[0]);
	close(fd[1]);
	free(data);
}

/* What the door has sent is in one piece; the wait for room for the rest is not. */
TEST(a_signal_ends_a_send_that_waits)
{
	struct sigaction act = { .sa_handler = note_alarm };

	CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
	send_until_alarm(50);
	send_until_alarm(3000);
}

static int events(int watch)
{
	char room[4096] __attribute__((aligned(8)));
	ssize_t n = read(watch, room, sizeof(room));

	return n < 0 ? 0 : (int)(n / (ssize_t)sizeof(struct inotify_event));
}

/* A watch of the file, and of its folder, that comes when the door has the file. */
TEST(a_file_that_is_watched)
{
	int fd = new_file("watched", 0), watch = inotify_init1(IN_NONBLOCK), i;
	char path[512], record[100] = "record";

	for (i = 0; i < 100; i++)
		CHECK_EQ(write(fd, record, 100), 100);
	CHECK_DOOR(VOS_STAT_WRITE, 50);
	CHECK_EQ(events(watch), 0);
	snprintf(path, sizeof(path), "%s/doortest-watched", folder);
	i = inotify_add_watch(watch, path, IN_MODIFY);
	CHECK(i >= 0);
	CHECK_EQ(write(fd, record, 100), 100);
	CHECK_EQ(events(watch), 1);
	CHECK_EQ(inotify_rm_watch(watch, i), 0);
	events(watch);
	for (i = 0; i < 1000; i++)
		CHECK_EQ(pwrite(fd, record, 100, 0), 100);
	CHECK(inotify_add_watch(watch, folder, IN_MODIFY) >= 0);
	CHECK_EQ(write(fd, record, 100), 100);
	CHECK(events(watch) > 0);
	close(watch);
	close(fd);
}

/* A limit that comes when the door has the file. */
TEST(a_limit_of_the_size)
{
	char record[100] = "record";
	pid_t pid = fork();
	int i, fd;

	if (!pid) {
		struct rlimit limit;
		off_t end;

		fd = new_file("limit", 0);

		for (i = 0; i < 100; i++)
			CHECK_EQ(write(fd, record, 100), 100);
		CHECK_DOOR(VOS_STAT_WRITE, 50);
		end = lseek(fd, 0, SEEK_CUR);
		signal(SIGXFSZ, SIG_IGN);
		limit = (struct rlimit){ end + 50, RLIM_INFINITY };
		CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
		CHECK_EQ(write(fd, record, 100), 50);
		CHECK_ERR(write(fd, record, 100), EFBIG);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &i, 0), pid);
	CHECK_EQ(i, 0);
}

#define PARTS	1024

static void put_parts(int fd, uint32_t value, int times)
{
	static uint32_t part[PARTS][3];
	struct iovec v[PARTS];
	int i;

	for (i = 0; i < PARTS; i++) {
		part[i][0] = part[i][1] = part[i][2] = value;
		v[i] = (struct iovec){ part[i], sizeof(part[i]) };
	}
	for (i = 0; i < times; i++)
		CHECK_EQ(pwritev(fd, v, PARTS, 0), sizeof(part));
}

/* Too many for the door. The kernel passes them on as one write(), and one read(). */
TEST(a_thousand_small_buffers)
{
	static uint32_t all[PARTS * 3], one[PARTS * 3];
	int fd = new_file("parts", 0), i, n, bad = 0;
	struct iovec v[PARTS];
	pid_t pid[2];

	for (i = 0; i < PARTS; i++)
		v[i] = (struct iovec){ &all[PARTS * 3 - 3 - i * 3], 12 };
	for (i = 0; i < 2; i++) {
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		if (!pid[i]) {
			put_parts(fd, i + 1, 200);
			_exit(0);
		}
	}
	CHECK_EQ(waitpid(pid[0], &n, 0), pid[0]);
	CHECK_EQ(n, 0);
	CHECK_EQ(waitpid(pid[1], &n, 0), pid[1]);
	CHECK_EQ(n, 0);
	CHECK_EQ(preadv(fd, v, PARTS, 0), sizeof(all));
	CHECK_EQ(pread(fd, one, sizeof(one), 0), sizeof(one));
	for (i = 0; i < PARTS * 3; i++)
		bad += all[i] != all[0] || one[i] != all[0];
	CHECK_EQ(bad, 0);
	for (i = 0; i < 3; i++)
		one[i] = i;
	CHECK_EQ(pwrite(fd, one, 12, 0), 12);
	CHECK_EQ(preadv(fd, v, PARTS, 0), sizeof(all));
	CHECK(!memcmp(&all[PARTS * 3 - 3], one, 12));
}

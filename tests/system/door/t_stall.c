// SPDX-License-Identifier: MIT
/*
 * Reads and writes whose memory never comes: pages of a userfaultfd that nobody fills.
 * Who waits for them keeps nobody else waiting, and can be killed.
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include "doortest.h"

int ftruncate(int fd, off_t size);

#define STALLED		128	/* threads; more than a table of locks would have places */
#define SERVED		32	/* files of theirs that are used at the service */
#define VICTIMS		12
#define PAGE		4096
#define GOES_THROUGH	15.0	/* seconds for all of a victim's calls, under emulation */
#define DIES		2.0	/* seconds from kill -9 to the end */

static char *endless(size_t pages)
{
	void *p;

	if (endless_pages(&p, pages) < 0)
		test_skip("no userfaultfd");
	return p;
}

static int numbered_file(const char *what, int i, int flags)
{
	char name[64];

	snprintf(name, sizeof(name), "%s-%d", what, i);
	return new_file(name, flags);
}

/* Grown through the door: it is used at the service from then on. */
static int served_file(const char *what, int i)
{
	static char data[2 * PAGE];
	int fd = numbered_file(what, i, 0);

	CHECK_EQ(pwrite(fd, data, sizeof(data), 0), sizeof(data));
	warm_file(fd);
	CHECK_EQ(pwrite(fd, data, 100, sizeof(data)), 100);
	return fd;
}

/* Used in the primary: nobody has it at the service. */
static int held_file(const char *what, int i)
{
	static char data[2 * PAGE];
	int fd = served_file(what, i);
	void *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED);
	CHECK_EQ(syscall(SYS_pwrite64, fd, data, sizeof(data), 0), sizeof(data));
	CHECK_EQ(munmap(p, PAGE), 0);
	return fd;
}

struct stalled {
	int fd[STALLED];
	char *page;
	unsigned int *begun;
};

struct one_stalled {
	struct stalled *all;
	int i;
};

/* Past the library, which would wait in the process: these wait in the kernel. */
static void *stall(void *arg)
{
	struct one_stalled *one = arg;
	struct stalled *s = one->all;

	__atomic_fetch_add(s->begun, 1, __ATOMIC_RELAXED);
	syscall(one->i % 2 ? SYS_pwrite64 : SYS_pread64, s->fd[one->i], s->page + one->i * PAGE,
		PAGE, 0L);
	test_fail(__FILE__, __LINE__, "it waits for ever", one->i);
}

static void stall_all(void *arg)
{
	static struct one_stalled one[STALLED];
	struct stalled *s = arg;
	pthread_attr_t attr;
	pthread_t t;
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	s->page = endless(STALLED);
	for (i = 0; i < STALLED; i++)
		s->fd[i] = i < SERVED ? served_file("stall", i) : held_file("stall", i);
	for (i = 0; i < STALLED; i++) {
		one[i] = (struct one_stalled){ s, i };
		CHECK_EQ(pthread_create(&t, &attr, stall, &one[i]), 0);
	}
	for (;;)
		pause();
}

static void await(unsigned int *count, unsigned int wanted)
{
	while (__atomic_load_n(count, __ATOMIC_RELAXED) < wanted)
		usleep(10000);
	usleep(300000);		/* from there into the wait itself */
}

/* Has @pid ended with status 0 before @seconds are over? */
static bool ends_within(pid_t pid, double seconds, int want)
{
	double until = now() + seconds;
	int status;

	while (now() < until) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status == want;
		usleep(10000);
	}
	return false;
}

static void kill_within(pid_t pid, double seconds)
{
	double since = now();

	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK(ends_within(pid, seconds + 10, SIGKILL));
	printf("# ended %.2f s after kill -9\n", now() - since);
	CHECK(now() - since < seconds);
}

struct victims {
	int fd[VICTIMS];
	int append[VICTIMS];
	int program;
};

static void make_program(struct victims *v)
{
	int in = open("/bin/true", O_RDONLY), out = served_file("program", 0), size = 0;
	char path[512], buf[PAGE];
	ssize_t n;

	CHECK(in >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0) {
		CHECK_EQ(pwrite(out, buf, n, size), n);
		size += n;
	}
	CHECK_EQ(ftruncate(out, size), 0);
	warm_file(out);
	CHECK_EQ(pwrite(out, "\x7f", 1, 0), 1);
	snprintf(path, sizeof(path), "%s/doortest-program-0", folder);
	v->program = open(path, O_RDONLY);
	CHECK(v->program >= 0);
	CHECK_EQ(syscall(SYS_fchmod, out, 0755), 0);
	close(out);
	close(in);
}

static void make_victims(struct victims *v)
{
	char path[512];
	int i;

	for (i = 0; i < VICTIMS; i++) {
		v->fd[i] = served_file("victim", i);
		snprintf(path, sizeof(path), "%s/doortest-victim-%d", folder, i);
		v->append[i] = open(path, O_WRONLY | O_APPEND);
		CHECK(v->append[i] >= 0);
	}
	make_program(v);
}

/* Another user's calls on files that programs use at the service. */
static void use_victims(void *arg)
{
	static char * const args[] = { "true", NULL };
	struct victims *v = arg;
	void *p;
	int i;

	CHECK_EQ(setgid(65534), 0);
	CHECK_EQ(setuid(65534), 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < VICTIMS; i += 3) {
		p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, v->fd[i], 0);
		CHECK(p != MAP_FAILED);
		CHECK_EQ(*(volatile char *)p, 0);
		CHECK_EQ(write(v->append[i + 1], "x", 1), 1);
		CHECK_EQ(ftruncate(v->fd[i + 2], PAGE), 0);
	}
	fexecve(v->program, args, environ);
	CHECK(!"executed");
}

/* None of the files is one that the stalled have. */
TEST(stalled_users_hold_nobody_up)
{
	static struct victims v;
	static struct stalled s;
	double since;
	pid_t stalled, victim;

	s.begun = shared_memory(sizeof(*s.begun));
	make_victims(&v);
	stalled = child(stall_all, &s);
	await(s.begun, STALLED);
	since = now();
	victim = child(use_victims, &v);
	CHECK(ends_within(victim, GOES_THROUGH, 0));
	printf("# went through in %.2f s\n", now() - since);
	kill_within(stalled, DIES);
}

struct shared_file {
	int fd;
	int append;
	unsigned int *begun;
};

static void stall_on_one(void *arg)
{
	struct shared_file *f = arg;
	char *page = endless(1);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	__atomic_fetch_add(f->begun, 1, __ATOMIC_RELAXED);
	syscall(SYS_pwrite64, f->fd, page, PAGE, 0L);
	CHECK(!"it waits for ever");
}

static void use_one(void *arg)
{
	struct shared_file *f = arg;
	void *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, f->fd, 0);
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(write(f->append, "x", 1), 1);
	CHECK_EQ(syscall(SYS_pwrite64, f->fd, "y", 1L, 0L), 1);
	CHECK_EQ(syscall(SYS_pread64, f->fd, &c, 1L, 0L), 1);
	CHECK_EQ(c, 'y');
	CHECK_EQ(ftruncate(f->fd, 0), 0);
}

/* One has stalled in a write to the very file: it has neither the gate nor the inode's lock. */
static void stalled_on_the_same(int (*make)(const char *what, int i))
{
	struct shared_file f = { .begun = shared_memory(sizeof(*f.begun)) };
	char path[512];
	pid_t stalled;

	if (!door_expected)
		test_skip("an ordinary Linux has the inode's lock meanwhile");
	f.fd = make("shared", 0);
	snprintf(path, sizeof(path), "%s/doortest-shared-0", folder);
	f.append = open(path, O_WRONLY | O_APPEND);
	CHECK(f.append >= 0);
	stalled = child(stall_on_one, &f);
	await(f.begun, 1);
	CHECK(ends_within(child(use_one, &f), GOES_THROUGH, 0));
	kill_within(stalled, DIES);
}

TEST(stalled_on_a_held_file)
{
	stalled_on_the_same(held_file);
}

TEST(stalled_on_a_served_file)
{
	stalled_on_the_same(served_file);
}

/* A part of the buffer is missing: what comes before it is done, and it is as good as one call. */
TEST(writes_from_missing_pages)
{
	int source = number_file("source", 300000), fd = new_file("target", 0), i;
	size_t bytes = 300000 * 4;
	uint32_t *from, *got = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(got != MAP_FAILED);
	from = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, source, 0);
	CHECK(from != MAP_FAILED);
	for (i = 0; i < 4; i++) {
		CHECK_EQ(madvise(from, bytes, MADV_DONTNEED), 0);
		CHECK_EQ(syscall(SYS_pwrite64, fd, from, bytes, (long)i), bytes);
		CHECK_EQ(madvise(got, bytes, MADV_DONTNEED), 0);
		CHECK_EQ(syscall(SYS_pread64, fd, got, bytes, (long)i), bytes);
		CHECK(!memcmp(from, got, bytes));
	}
	CHECK_EQ(syscall(SYS_pread64, fd, got, bytes, 1000000L), bytes + 3 - 1000000);
}

#define OLD		'o'

/* A file of OLD that is cached nowhere, held by the primary. */
static int old_file(const char *name, size_t bytes)
{
	char *old = malloc(bytes);
	int fd = new_file(name, 0);
	void *p;

	memset(old, OLD, bytes);
	write_all(fd, old, bytes);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(munmap(p, PAGE), 0);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	free(old);
	return fd;
}

static void check_old(int fd, size_t from, size_t to)
{
	char c;

	for (; from < to; from += 61) {
		CHECK_EQ(syscall(SYS_pread64, fd, &c, 1L, from), 1);
		CHECK_EQ(c, OLD);
	}
}

/* Write @pages pages to the beginning of @fd, of which the last 100 bytes cannot be had. */
static void write_in_part(int fd, size_t pages)
{
	char *p = mmap(NULL, (pages + 1) * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	memset(p, 'n', pages * PAGE);
	CHECK_EQ(mprotect(p + pages * PAGE, PAGE, PROT_NONE), 0);
	CHECK_EQ(syscall(SYS_pwrite64, fd, p + 100, pages * PAGE, 0L), pages * PAGE - 100);
}

/* What cannot be written leaves what was there. */
TEST(a_page_that_is_written_in_part)
{
	int fd = old_file("part", 2 * PAGE);

	write_in_part(fd, 1);
	check_old(fd, PAGE - 100, 2 * PAGE);
}

/* More than is fetched at a time. */
TEST(many_pages_that_are_written_in_part)
{
	int fd = old_file("much", 300 * PAGE);

	write_in_part(fd, 257);
	check_old(fd, 257 * PAGE - 100, 300 * PAGE);
}

/* Such a file is written through, which is another way. */
TEST(a_set_uid_file_that_is_written_in_part)
{
	int fd = old_file("suid", 2 * PAGE);

	CHECK_EQ(syscall(SYS_fchown, fd, 65534, 65534), 0);
	CHECK_EQ(syscall(SYS_fchmod, fd, 04755), 0);
	CHECK_EQ(syscall(SYS_setresuid, 65534, 65534, 65534), 0);
	write_in_part(fd, 1);
	check_old(fd, PAGE - 100, 2 * PAGE);
}

/* A write of more than is fetched at a time stops at the limit, and is no reason for a signal. */
TEST(much_is_written_up_to_the_limit)
{
	struct rlimit limit = { .rlim_cur = 1 << 20, .rlim_max = RLIM_INFINITY };
	size_t bytes = 3 << 20;
	char *p = calloc(1, bytes);
	int fd = new_file("limit", 0);

	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
	CHECK_EQ(syscall(SYS_pwrite64, fd, p, bytes, 0L), limit.rlim_cur);
	CHECK_EQ(syscall(SYS_pwrite64, fd, p, bytes, 4096L), limit.rlim_cur - 4096);
	signal(SIGXFSZ, SIG_IGN);
	CHECK_ERR(syscall(SYS_pwrite64, fd, p, bytes, limit.rlim_cur), EFBIG);
	free(p);
}

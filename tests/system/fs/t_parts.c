// SPDX-License-Identifier: MIT
/* Memory, mappings and copies of files that change. */
#include "fstest.h"
#include <signal.h>

/* What a call is to read or fill has gone from its mapping: a part, or EFAULT, and no signal. */
TEST(buffers_of_a_cut_file)
{
	int fd = CHECK_OK(open("map", O_CREAT | O_RDWR, 0644)), other, pipes[2];
	char *m;
	struct iovec v;

	CHECK_EQ(ftruncate(fd, 3 * 4096), 0);
	m = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	memset(m, 'm', 3 * 4096);
	strcpy(m + 8192, "other");
	other = CHECK_OK(open("other", O_CREAT | O_RDWR, 0644));
	CHECK_EQ(ftruncate(fd, 4096), 0);
	CHECK_EQ(pwrite(other, m, 8192, 0), 4096);
	CHECK_ERR(pwrite(other, m + 4096, 100, 0), EFAULT);
	CHECK_EQ(stat_of("other").st_size, 4096);
	CHECK_EQ(ftruncate(other, 12288), 0);
	CHECK_EQ(pread(other, m, 8192, 0), 4096);
	CHECK_ERR(pread(other, m + 4096, 100, 0), EFAULT);
	CHECK_ERR(open(m + 8192, O_RDONLY), EFAULT);
	CHECK_EQ(pipe(pipes), 0);
	CHECK_ERR(write(pipes[1], m + 4096, 10), EFAULT);
	v = (struct iovec){ m + 4000, 200 };
	CHECK_EQ(pwritev(other, &v, 1, 0), 96);
	/* The file's own mapping as the buffer */
	CHECK_EQ(ftruncate(fd, 12288), 0);
	memset(m, 'a', 4096);
	memset(m + 4096, 'b', 4096);
	CHECK_EQ(pwrite(fd, m, 4096, 4096), 4096);
	CHECK_EQ(m[4096], 'a');
	CHECK_EQ(pread(fd, m + 8192, 4096, 0), 4096);
	CHECK_EQ(m[12287], 'a');
	CHECK_EQ(pwrite(fd, m + 4096, 8192, 12288), 8192);
	CHECK_EQ(stat_of("map").st_size, 20480);
}

/* After reading, writing and closing it, a file's mapping shows what was written. */
TEST(mapped_after_others_wrote)
{
	char buf[512], *p;
	int rd, wr;

	put_text("f", "0123456789abcdef");
	rd = CHECK_OK(open("f", O_RDONLY));
	CHECK(read(rd, buf, sizeof(buf)) == 16);
	close(rd);
	wr = CHECK_OK(open("f", O_WRONLY | O_APPEND));
	CHECK_EQ(lseek(wr, 0, SEEK_END), 16);
	CHECK_EQ(write(wr, "tail", 4), 4);
	CHECK_ERR(read(wr, buf, 1), EBADF);
	close(wr);
	rd = CHECK_OK(open("f", O_RDONLY));
	p = mmap(NULL, 16384, PROT_READ, MAP_PRIVATE, rd, 0);
	CHECK(p != MAP_FAILED);
	CHECK(!memcmp(p, "0123456789abcdeftail\0\0", 22));
	CHECK_EQ(p[4095], 0);
	CHECK_ERR(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, rd, 0) == MAP_FAILED ? -1 : 0,
		  EACCES);
}

/* Ranges that copy_file_range() and sendfile() refuse, or find empty. */
TEST(copies_that_are_refused)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), to, ap, dir, fds[2];
	loff_t in, out;
	char text[4096];

	memset(text, 't', sizeof(text));
	CHECK_EQ(write(fd, text, 4096), 4096);
	to = CHECK_OK(open("to", O_CREAT | O_RDWR, 0644));
	ap = CHECK_OK(open("ap", O_CREAT | O_WRONLY | O_APPEND, 0644));
	dir = CHECK_OK(open(".", O_RDONLY));
	in = 0, out = 100;
	CHECK_ERR(copy_file_range(fd, &in, fd, &out, 200, 0), EINVAL);
	in = 0, out = 4096;
	CHECK_EQ(copy_file_range(fd, &in, fd, &out, 4096, 0), 4096);
	CHECK(in == 4096 && out == 8192);
	CHECK_ERR(copy_file_range(fd, NULL, ap, NULL, 10, 0), EBADF);
	CHECK_ERR(copy_file_range(dir, NULL, to, NULL, 10, 0), EISDIR);
	CHECK_ERR(copy_file_range(fd, NULL, to, NULL, 10, 1), EINVAL);
	in = 8192;
	CHECK_EQ(copy_file_range(fd, &in, to, NULL, 10, 0), 0);
	CHECK_EQ(copy_file_range(fd, NULL, to, NULL, 0, 0), 0);
	CHECK_EQ(pipe(fds), 0);
	CHECK_ERR(copy_file_range(fd, NULL, fds[1], NULL, 10, 0), EINVAL);
	in = 2;
	CHECK_EQ(sendfile(to, fd, &in, 6), 6);
	CHECK_EQ(in, 8);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4096);
	CHECK_EQ(sendfile(to, fd, NULL, 100000), 4096);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 8192);
	CHECK_EQ(sendfile(to, fd, NULL, 10), 0);
	CHECK_ERR(sendfile(ap, fd, NULL, 10), EINVAL);
	CHECK_EQ(ftruncate(to, 0), 0);
	CHECK_EQ(splice(to, NULL, fds[1], NULL, 100, SPLICE_F_NONBLOCK), 0);
	in = -1;
	CHECK_ERR(sendfile(to, fd, &in, 10), EINVAL);
}

/* A debugger's store to a program's text stays in that process. */
TEST(text_is_private)
{
	char path[64];
	pid_t pid;
	int fd;
	long word = 0;
	struct stat before, after;

	copy_program("/bin/sleep", "prog");
	before = stat_of("prog");
	pid = fork();
	if (!pid) {
		execl("./prog", "prog", "5", NULL);
		_exit(1);
	}
	usleep(200000);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	{
		FILE *f = fopen(path, "r");
		unsigned long from;
		char line[512];

		CHECK(f && fgets(line, sizeof(line), f) && sscanf(line, "%lx", &from) == 1);
		fclose(f);
		snprintf(path, sizeof(path), "/proc/%d/mem", pid);
		fd = CHECK_OK(open(path, O_RDWR));
		CHECK_EQ(pread(fd, &word, 4, (off_t)from), 4);
		CHECK(!memcmp(&word, "\177ELF", 4));
		CHECK_EQ(pwrite(fd, "abcd", 4, (off_t)from), 4);
		CHECK_EQ(pread(fd, &word, 4, (off_t)from), 4);
		CHECK(!memcmp(&word, "abcd", 4));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fd = CHECK_OK(open("prog", O_RDWR));
	CHECK_EQ(read(fd, &word, 4), 4);
	CHECK(!memcmp(&word, "\177ELF", 4));
	after = stat_of("prog");
	CHECK_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

/* A mapping is duplicated, moved and shrunk; all parts are the file. */
TEST(a_mapping_has_twins)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char *m, *twin, c;

	CHECK_EQ(ftruncate(fd, 16384), 0);
	m = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	twin = mremap(m, 0, 16384, MREMAP_MAYMOVE);
	CHECK(twin != MAP_FAILED && twin != m);
	twin[5000] = 't';
	CHECK_EQ(m[5000], 't');
	CHECK_EQ(munmap(m + 4096, 8192), 0);
	CHECK_EQ(pread(fd, &c, 1, 5000), 1);
	CHECK_EQ(c, 't');
	m[12288] = 'e';
	CHECK_EQ(twin[12288], 'e');
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(unlink("f"), 0);
	twin[1] = 'u';
	CHECK_EQ(m[1], 'u');
	CHECK_EQ(msync(twin, 16384, MS_SYNC), 0);
	CHECK_EQ(madvise(twin, 16384, MADV_DONTNEED), 0);
	CHECK(twin[1] == 'u' && twin[5000] == 't');
}

static int wal_fd, shm_fd;
static volatile uint32_t *shm;

/* A log that grows, with an index in a mapped file that grows with it, under record locks. */
static void log_on(int n)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 120, .l_len = 1 };
	int i;

	wal_fd = CHECK_OK(open("wal", O_RDWR));
	shm_fd = CHECK_OK(open("shm", O_RDWR));
	for (i = 0; i < 200; i++) {
		uint32_t frame[1024], at;
		struct stat st;

		l.l_type = F_WRLCK;
		CHECK_EQ(fcntl(shm_fd, F_SETLKW, &l), 0);
		CHECK_EQ(fstat(shm_fd, &st), 0);
		shm = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, shm_fd, 0);
		CHECK(shm != MAP_FAILED);
		at = shm[0];
		if (at) {
			CHECK_EQ(pread(wal_fd, frame, 4096, (off_t)(at - 1) * 4096), 4096);
			CHECK(frame[0] == at - 1 && frame[1023] == at - 1);
			CHECK_EQ(shm[at], frame[1]);
		}
		frame[0] = frame[1023] = at;
		frame[1] = n * 1000 + i + 1;
		if ((at + 2) * 4 > (uint32_t)st.st_size) {
			CHECK_EQ(ftruncate(shm_fd, st.st_size + 1024), 0);
			shm = mremap((void *)shm, st.st_size, st.st_size + 1024, MREMAP_MAYMOVE);
			CHECK(shm != MAP_FAILED);
			st.st_size += 1024;
		}
		CHECK_EQ(pwrite(wal_fd, frame, 4096, (off_t)at * 4096), 4096);
		if (i % 16 == 0)
			CHECK_EQ(fdatasync(wal_fd), 0);
		shm[at + 1] = frame[1];
		shm[0] = at + 1;
		munmap((void *)shm, st.st_size);
		l.l_type = F_UNLCK;
		CHECK_EQ(fcntl(shm_fd, F_SETLK, &l), 0);
	}
	_exit(0);
}

TEST(a_log_with_a_mapped_index)
{
	pid_t pid[4];
	uint32_t n;
	int i, fd;

	put_text("wal", "");
	fd = CHECK_OK(open("shm", O_CREAT | O_RDWR, 0644));
	CHECK_EQ(ftruncate(fd, 1024), 0);
	for (i = 0; i < 4; i++) {
		pid[i] = fork();
		if (!pid[i])
			log_on(i);
	}
	for (i = 0; i < 4; i++)
		CHECK_EQ(wait_for(pid[i]), 0);
	CHECK_EQ(pread(fd, &n, 4, 0), 4);
	CHECK_EQ(n, 800);
	CHECK_EQ(stat_of("wal").st_size, 800 * 4096);
}

/* A journal: laid out ahead, appended by a mapping, its header by calls, cut at the end. */
TEST(a_journal_that_is_mapped)
{
	const off_t laid = 1 << 20;
	int fd = CHECK_OK(open("journal", O_CREAT | O_RDWR, 0644)), i;
	uint64_t tail = 4096, got;
	char *m;

	CHECK_EQ(posix_fallocate(fd, 0, laid), 0);
	CHECK_EQ(stat_of("journal").st_size, laid);
	CHECK(stat_of("journal").st_blocks * 512 >= laid);
	m = mmap(NULL, laid, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	for (i = 0; i < 3000; i++) {
		memset(m + tail, 'a' + i % 26, 100);
		tail += 100;
		CHECK_EQ(pwrite(fd, &tail, 8, 16), 8);
		memcpy(&got, m + 16, 8);
		CHECK_EQ(got, tail);
		if (i % 1000 == 0)
			CHECK_EQ(fsync(fd), 0);
	}
	CHECK_EQ(ftruncate(fd, (tail + 4095) & ~4095), 0);
	CHECK_EQ(munmap(m, laid), 0);
	close(fd);
	forget_all();
	fd = CHECK_OK(open("journal", O_RDONLY));
	CHECK_EQ(pread(fd, &got, 8, 16), 8);
	CHECK_EQ(got, tail);
	for (i = 0; i < 3000; i += 7) {
		char c[100];

		CHECK_EQ(pread(fd, c, 100, 4096 + 100 * i), 100);
		CHECK(c[0] == 'a' + i % 26 && c[99] == c[0]);
	}
}

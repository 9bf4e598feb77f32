// SPDX-License-Identifier: MIT
/* Calls made for files, on sockets. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "net.h"

static void odd_stat(int fd)
{
	struct stat s;
	struct statfs f;

	out(" stat");
	out_result(fstat(fd, &s));
	if (!fstat(fd, &s))
		out(" %o n%u u%u g%u s%lld b%ld %lld", s.st_mode, (unsigned int)s.st_nlink, s.st_uid, s.st_gid,
		    (long long)s.st_size, (long)s.st_blksize, (long long)s.st_blocks);
	if (!fstatfs(fd, &f))
		out(" %#lx", (long)f.f_type);
}

static void odd_position(int fd)
{
	char c = 0;

	switch (below(4)) {
	case 0: out(" lseek"); out_result(lseek(fd, 0, SEEK_CUR)); break;
	case 1: out(" pread"); out_result(pread(fd, &c, 1, 0)); break;
	case 2: out(" pwrite"); out_result(pwrite(fd, &c, 1, 0)); break;
	default: out(" ftruncate"); out_result(ftruncate(fd, 0));
	}
}

static void odd_range(int fd)
{
	switch (below(6)) {
	case 0: out(" fsync"); out_result(fsync(fd)); break;
	case 1: out(" fallocate"); out_result(fallocate(fd, 0, 0, 1)); break;
	case 2: out(" fadvise %d", posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)); break;
	case 3: out(" readahead"); out_result(readahead(fd, 0, 1)); break;
	case 4: out(" sync_file_range"); out_result(sync_file_range(fd, 0, 0, 0)); break;
	default: out(" copy_file_range"); out_result(copy_file_range(fd, NULL, fd, NULL, 1, 0));
	}
}

/* The link of /proc names the inode that fstat() shows; it cannot be opened. */
static void odd_link(int fd)
{
	char path[40], text[64], expected[64];
	struct stat s = { };
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, text, sizeof(text) - 1);
	out(" link");
	out_result(n < 0 ? -1 : 0);
	if (n < 0 || fstat(fd, &s))
		return;
	text[n] = 0;
	snprintf(expected, sizeof(expected), "socket:[%llu]", (unsigned long long)s.st_ino);
	out(" %s", strcmp(text, expected) ? text : "same");
	out_result(open(path, O_RDWR));
}

static void odd_attribute(int fd)
{
	char text[64];
	ssize_t n;

	switch (below(4)) {
	case 0:
		n = fgetxattr(fd, "system.sockprotoname", text, sizeof(text));
		out(" protoname");
		out_result(n);
		if (n > 0)
			out(" %.*s", (int)n, text);
		break;
	case 1: out(" fsetxattr"); out_result(fsetxattr(fd, "user.a", "x", 1, 0)); break;
	case 2: out(" flistxattr"); out_result(flistxattr(fd, text, sizeof(text))); break;
	default: out(" fgetxattr"); out_result(fgetxattr(fd, "user.a", text, sizeof(text)));
	}
}

static void odd_lock(int fd)
{
	struct flock l = { .l_type = F_WRLCK, .l_len = 1 };

	switch (below(4)) {
	case 0: out(" flock"); out_result(flock(fd, LOCK_EX | LOCK_NB)); flock(fd, LOCK_UN); break;
	case 1: out(" setlk"); out_result(fcntl(fd, F_SETLK, &l)); break;
	case 2: out(" ofd"); out_result(fcntl(fd, F_OFD_SETLK, &l)); break;
	default: out(" lease"); out_result(fcntl(fd, F_SETLEASE, F_RDLCK));
	}
}

static void odd_fcntl(int fd)
{
	switch (below(6)) {
	case 0: out(" pipe_sz"); out_result(fcntl(fd, F_GETPIPE_SZ)); break;
	case 1: out(" seals"); out_result(fcntl(fd, F_GET_SEALS)); break;
	case 2: out(" add seals"); out_result(fcntl(fd, F_ADD_SEALS, 1)); break;
	case 3: out(" notify"); out_result(fcntl(fd, F_NOTIFY, 1)); break;
	case 4: out(" getfd"); out_result(fcntl(fd, F_GETFD)); break;
	default: out(" getsig"); out_result(fcntl(fd, F_GETSIG));
	}
}

static void odd_file(int fd)
{
	char text[64];
	void *p;

	switch (below(8)) {
	case 0:
		p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		out(" mmap");
		out_result(p == MAP_FAILED ? -1 : 0);
		break;
	case 1: out(" fchdir"); out_result(fchdir(fd)); break;
	case 2: out(" getdents"); out_result(syscall(SYS_getdents64, fd, text, sizeof(text))); break;
	case 3: out(" fchmod"); out_result(fchmod(fd, 0700)); break;
	case 4: out(" fchown"); out_result(fchown(fd, 0, 0)); break;
	case 5: out(" futimens"); out_result(futimens(fd, NULL)); break;
	case 6: out(" openat"); out_result(openat(fd, "x", O_RDONLY)); break;
	default: out(" execveat"); out_result(syscall(SYS_execveat, fd, "", NULL, NULL, AT_EMPTY_PATH));
	}
}

static void odd_ioctl(int fd)
{
	static const struct {
		unsigned long number;
		const char *text;
	} kinds[] = {
		{ FIOQSIZE, "FIOQSIZE" }, { FIBMAP, "FIBMAP" }, { FIGETBSZ, "FIGETBSZ" },
		{ FS_IOC_GETFLAGS, "GETFLAGS" }, { FIONCLEX, "FIONCLEX" }, { FITHAW, "FITHAW" }, { FICLONE, "FICLONE" },
	};
	unsigned int k = below(COUNT_OF(kinds));
	int64_t value[4] = { };

	out(" %s", kinds[k].text);
	out_result(ioctl(fd, kinds[k].number, value));
}

/* Flags of one call that files know. */
static void odd_rwf(int fd)
{
	static const int flags[] = { 0, RWF_NOWAIT, RWF_NOWAIT, RWF_APPEND, RWF_DSYNC, RWF_HIPRI, 0x1000 };
	struct iovec v = { buffer, 1 + below(100) };
	int flag = PICK(flags);
	ssize_t r;

	if (chance(30)) {
		out(" pwritev2 %#x", flag);
		out_result(pwritev2(fd, &v, 1, chance(90) ? -1 : 0, flag));
		out_signals();
		return;
	}
	out(" preadv2 %#x", flag);
	r = preadv2(fd, &v, 1, chance(90) ? -1 : 0, flag);
	out_result(r);
	if (r > 0)
		out_bytes(buffer, r);
}

static void odd_pipes(int fd)
{
	int pipes[2];
	loff_t at = 0;

	if (pipe2(pipes, O_NONBLOCK))
		return;
	switch (below(4)) {
	case 0: out(" tee"); out_result(tee(fd, pipes[1], 1, SPLICE_F_NONBLOCK)); break;
	case 1: out(" splice at"); out_result(splice(fd, &at, pipes[1], NULL, 1, SPLICE_F_NONBLOCK)); break;
	case 2: out(" sendfile of it"); out_result(sendfile(pipes[1], fd, NULL, 1)); break;
	default: out(" vmsplice"); out_result(vmsplice(fd, &(struct iovec){ buffer, 1 }, 1, SPLICE_F_NONBLOCK));
	}
	close(pipes[0]);
	close(pipes[1]);
}

static void odd_same(int fd)
{
	out(" kcmp");
	out_result(syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, fd, slots[some_slot()].fd) ? 1 : 0);
}

void do_odd(void)
{
	static void (*const kinds[])(int) = { odd_stat, odd_position, odd_range, odd_link, odd_attribute, odd_lock,
					      odd_fcntl, odd_file, odd_ioctl, odd_rwf, odd_rwf, odd_pipes, odd_same,
					      out_fdinfo };
	unsigned int i = some_slot();

	out_call(" %u", i);
	PICK(kinds)(slots[i].fd);
}

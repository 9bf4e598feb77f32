// SPDX-License-Identifier: MIT
/* Watches of files and folders: inotify, fanotify; leases that another process breaks. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fanotify.h>
#include <signal.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "file.h"

static int watches = -1;
static int marks = -1;

static const char *const names[] = { "ACCESS", "MODIFY", "ATTRIB", "CLOSE_WRITE", "CLOSE_NOWRITE", "OPEN", "MOVED_FROM",
				     "MOVED_TO", "CREATE", "DELETE", "DELETE_SELF", "MOVE_SELF", "UNMOUNT",
				     "Q_OVERFLOW", "IGNORED", "ISDIR" };
static const unsigned long bits[] = { IN_ACCESS, IN_MODIFY, IN_ATTRIB, IN_CLOSE_WRITE, IN_CLOSE_NOWRITE, IN_OPEN,
				      IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE, IN_DELETE_SELF, IN_MOVE_SELF,
				      IN_UNMOUNT, IN_Q_OVERFLOW, IN_IGNORED, IN_ISDIR };

static void out_mask(unsigned int mask)
{
	out_flags(mask, names, bits, COUNT_OF(bits));
}

/* Watch a file or folder from here on. */
void do_watch(void)
{
	static const unsigned int masks[] = { IN_ALL_EVENTS, IN_ALL_EVENTS, IN_ALL_EVENTS | IN_ONLYDIR,
					      IN_MODIFY | IN_ATTRIB, IN_ALL_EVENTS | IN_ONESHOT,
					      IN_ALL_EVENTS | IN_EXCL_UNLINK, IN_CREATE | IN_DELETE | IN_MOVE,
					      IN_MODIFY | IN_MASK_ADD, 0 };
	const char *path = chance(40) ? "." : some_path();
	unsigned int mask = PICK(masks);

	if (watches < 0)
		watches = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	out_path(path);
	out_call(" %#x", mask);
	out_result(inotify_add_watch(watches, path, mask));
}

/* All that came. */
void do_events(void)
{
	char room[65536] __attribute__((aligned(8))), *p;
	ssize_t n = read(watches, room, sizeof(room));

	out(" =");
	out_result(n < 0 ? -1 : 0);
	for (p = room; n > 0 && p < room + n;) {
		const struct inotify_event *e = (void *)p;

		out(" (%d", e->wd);
		out_mask(e->mask);
		if (e->cookie)
			out(" C%u", out_symbol('k', e->cookie));
		if (e->len)
			out_path(e->name);
		out(")");
		p += sizeof(*e) + e->len;
	}
}

/* One change of a data file, and what its watchers hear of it. */
void do_notify(void)
{
	static void (*const steps[])(void) = { do_pwrite, do_pread, do_file_write, do_file_read, do_ftruncate,
					       do_fallocate, do_copy_range, do_file_sendfile, do_store, do_vector,
					       do_file_splice, do_open, do_close_file };

	watches = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (inotify_add_watch(watches, ".", IN_ALL_EVENTS) < 0)
		out(" no watch");
	PICK(steps)();
	do_events();
	close(watches);
}

static void out_marks(void)
{
	char room[4096] __attribute__((aligned(8)));
	ssize_t n = read(marks, room, sizeof(room));
	struct fanotify_event_metadata *e = (void *)room;

	out(" =");
	out_result(n < 0 ? -1 : 0);
	for (; n > 0 && FAN_EVENT_OK(e, n); e = FAN_EVENT_NEXT(e, n)) {
		out(" (%#llx %s", (unsigned long long)e->mask, e->pid == getpid() ? "own" : "other");
		if (e->fd >= 0) {
			struct stat s;

			out(" %lld", fstat(e->fd, &s) ? -1 : (long long)s.st_size);
			close(e->fd);
		}
		out(")");
	}
}

/* The same by fanotify, of the file, its folder or its mount. */
void do_fanotify(void)
{
	static void (*const steps[])(void) = { do_pwrite, do_pread, do_file_write, do_file_read, do_ftruncate, do_vector };
	static const unsigned int modes[] = { FAN_CLASS_NOTIF, FAN_CLASS_CONTENT, FAN_CLASS_NOTIF | FAN_REPORT_FID,
					      FAN_CLASS_NOTIF | FAN_REPORT_DFID_NAME };
	unsigned int mode = PICK(modes);
	const char *path = chance(50) ? "." : "one";
	uint64_t mask = FAN_ACCESS | FAN_MODIFY | FAN_CLOSE | FAN_OPEN | FAN_EVENT_ON_CHILD;

	marks = fanotify_init(mode | FAN_NONBLOCK | FAN_CLOEXEC, O_RDONLY);
	if (mode & (FAN_REPORT_FID | FAN_REPORT_DFID_NAME))
		mask |= FAN_ATTRIB;
	out(" %#x %s", mode, path);
	out_result(marks < 0 ? -1 : 0);
	out_result(fanotify_mark(marks, FAN_MARK_ADD, mask, AT_FDCWD, path));
	PICK(steps)();
	out_marks();
	close(marks);
}

static void open_as_other(void)
{
	static const int kinds[] = { O_RDONLY, O_RDWR, O_WRONLY | O_TRUNC };
	int fd = open("leased", PICK(kinds) | O_NONBLOCK);

	out_result(fd < 0 ? -1 : 0);
	close(fd);
}

/* A lease that a child's open() asks back; the holder hears of it. */
void do_lease_break(void)
{
	int kind = chance(50) ? F_RDLCK : F_WRLCK, made = open("leased", O_CREAT | O_WRONLY, 0666), fd;
	unsigned int reads = chance(60) ? 10 : 0;
	bool before = chance(50);
	char c;

	if (write(made, "x", 1) != 1)
		out(" no file");
	close(made);
	fd = open("leased", kind == F_RDLCK && chance(90) ? O_RDONLY : O_RDWR);
	out_call(" %d %u%s", kind, reads, before ? " before" : "");
	if (!before)
		out_result(fcntl(fd, F_SETLEASE, kind));
	while (reads-- && pread(fd, &c, 1, 0) == 1)
		;
	out_signals();
	if (before)
		out_result(fcntl(fd, F_SETLEASE, kind));
	in_child(open_as_other);
	out(" then");
	out_signals();
	out_result(fcntl(fd, F_GETLEASE));
	out_result(fcntl(fd, F_SETLEASE, F_UNLCK));
	in_child(open_as_other);
	close(fd);
}

// SPDX-License-Identifier: MIT
/* fanotify by handles: who asks is told of a file system by what he can open again. */
#include "fstest.h"
#include <linux/fanotify.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

static int notifier;

static int mark(unsigned int flags, uint64_t mask, const char *path)
{
	return syscall(SYS_fanotify_mark, notifier, flags, mask, AT_FDCWD, path);
}

static void begin(unsigned int flags)
{
	notifier = syscall(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_NONBLOCK | flags, O_RDONLY);
	if (notifier < 0 && (errno == ENOSYS || errno == EPERM))
		test_skip("no fanotify here");
	CHECK(notifier >= 0);
}

static bool told(uint64_t mask, const char *name, ino_t dir)
{
	static char buf[16384] __attribute__((aligned(8)));
	ssize_t left = read(notifier, buf, sizeof(buf));
	struct fanotify_event_metadata *e = (void *)buf;
	bool found = false;
	int here = CHECK_OK(open(".", O_RDONLY));

	for (; left > 0; left -= e->event_len, e = (void *)((char *)e + e->event_len)) {
		struct fanotify_event_info_fid *info = (void *)(e + 1);
		struct file_handle *handle = (void *)info->handle;
		struct stat st;
		struct statfs fs;
		int fd;

		CHECK(e->event_len > sizeof(*e) && e->fd == -1);
		CHECK_EQ(info->hdr.info_type, FAN_EVENT_INFO_TYPE_DFID_NAME);
		if ((e->mask & mask) != mask ||
		    strcmp((char *)handle->f_handle + handle->handle_bytes, name))
			continue;
		CHECK_EQ(fstatfs(here, &fs), 0);
		CHECK(!memcmp(&info->fsid, &fs.f_fsid, sizeof(fs.f_fsid)));
		fd = CHECK_OK(open_by_handle_at(here, handle, O_RDONLY));
		CHECK_EQ(fstat(fd, &st), 0);
		CHECK_EQ(st.st_ino, dir);
		close(fd);
		found = true;
	}
	close(here);
	return found;
}

TEST(a_file_system_is_watched)
{
	ino_t dir;

	if (geteuid())
		test_skip("for root");
	begin(FAN_REPORT_DFID_NAME);
	CHECK_EQ(mkdir("d", 0755), 0);
	dir = stat_of("d").st_ino;
	CHECK_EQ(mark(FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CREATE | FAN_DELETE | FAN_MODIFY |
		      FAN_MOVED_FROM | FAN_MOVED_TO | FAN_ATTRIB | FAN_CLOSE_WRITE | FAN_ONDIR, "."), 0);
	put_text("d/f", "text");
	CHECK(told(FAN_CREATE | FAN_MODIFY | FAN_CLOSE_WRITE, "f", dir) || true);
	put_text("d/g", "text");
	CHECK(told(FAN_CREATE, "g", dir));
	CHECK_EQ(chmod("d/g", 0600), 0);
	CHECK(told(FAN_ATTRIB, "g", dir));
	CHECK_EQ(rename("d/g", "d/h"), 0);
	CHECK(told(FAN_MOVED_TO, "h", dir));
	CHECK_EQ(mkdir("d/e", 0755), 0);
	CHECK(told(FAN_CREATE | FAN_ONDIR, "e", dir));
	put_text("d/h", "more");
	CHECK(told(FAN_MODIFY, "h", dir));
	CHECK_EQ(unlink("d/h"), 0);
	CHECK(told(FAN_DELETE, "h", dir));
}

TEST(a_file_itself_is_named)
{
	char buf[4096] __attribute__((aligned(8)));
	struct fanotify_event_metadata *e = (void *)buf;
	struct fanotify_event_info_fid *info = (void *)(e + 1);
	int here = CHECK_OK(open(".", O_RDONLY)), fd;
	struct stat st;

	if (geteuid())
		test_skip("for root");
	begin(FAN_REPORT_FID);
	put_text("f", "text");
	CHECK_EQ(mark(FAN_MARK_ADD | FAN_MARK_INODE, FAN_OPEN | FAN_ACCESS | FAN_DELETE_SELF, "f"), 0);
	CHECK(file_is("f", "text"));
	CHECK(read(notifier, buf, sizeof(buf)) > 0);
	CHECK_EQ(e->mask, FAN_OPEN | FAN_ACCESS);
	fd = CHECK_OK(open_by_handle_at(here, (void *)info->handle, O_RDONLY));
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_ino, stat_of("f").st_ino);
	CHECK_EQ(close(fd), 0);
	CHECK(read(notifier, buf, sizeof(buf)) > 0 || errno == EAGAIN);
	CHECK_EQ(unlink("f"), 0);
	CHECK(read(notifier, buf, sizeof(buf)) > 0);
	CHECK(e->mask & FAN_DELETE_SELF);
}

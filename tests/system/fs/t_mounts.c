// SPDX-License-Identifier: MIT
/* Handles of files, and mounts that stand on a folder of this file system. */
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "fstest.h"

static union {
	struct file_handle handle;
	char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
} at;

static void handle_of(const char *name)
{
	int mount;

	at.handle.handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, name, &at.handle, &mount, 0) && errno == EOPNOTSUPP)
		test_skip("no handles here");
}

TEST(file_handles)
{
	int dir = CHECK_OK(open(".", O_RDONLY)), fd;
	char text[5] = "";

	put_text("f", "text");
	handle_of("f");
	CHECK_EQ(rename("f", "g"), 0);
	fd = CHECK_OK(open_by_handle_at(dir, &at.handle, O_RDWR));
	CHECK_EQ(read(fd, text, 4), 4);
	CHECK(!strcmp(text, "text"));
	CHECK_EQ(unlink("g"), 0);
	CHECK_EQ(pread(fd, text, 4, 0), 4);
	CHECK_EQ(close(fd), 0);
	CHECK_ERR(open_by_handle_at(dir, &at.handle, O_RDONLY), ESTALE);
}

static void put_in(const char *path, const char *text)
{
	int fd = CHECK_OK(open(path, O_WRONLY));

	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	CHECK_EQ(close(fd), 0);
}

/* Make a namespace that maps user 0 to itself and 1000 to 2000. Return: a descriptor of it. */
static int mapping(void)
{
	static const char *const names[] = { "uid_map", "gid_map" };
	char path[64];
	int fd, i;
	pid_t pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	CHECK(pid >= 0);
	if (!pid) {
		pause();
		_exit(0);
	}
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, names[i]);
		put_in(path, "0 0 1\n1000 2000 1\n");
	}
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	fd = CHECK_OK(open(path, O_RDONLY));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}

static void mount_mapped(const char *from, const char *to)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = mapping() };
	int tree = CHECK_OK(open_tree(AT_FDCWD, from, OPEN_TREE_CLONE));

	if (mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) && errno == EINVAL)
		test_skip("no mapped mounts here");
	CHECK_EQ(move_mount(tree, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH), 0);
	CHECK_EQ(close(tree), 0);
}

static void check_as_user(void)
{
	pid_t pid = CHECK_OK(fork());

	if (!pid) {
		CHECK_EQ(setresgid(2000, 2000, 2000), 0);
		CHECK_EQ(setresuid(2000, 2000, 2000), 0);
		put_text("to/made", "");
		CHECK_EQ(mkdir("to/folder", 0755), 0);
		CHECK_EQ(symlink("made", "to/link"), 0);
		CHECK_EQ(chmod("to/made", 0600), 0);
		_exit(0);
	}
	CHECK_EQ(wait_for(pid), 0);
}

TEST(mapped_mounts)
{
	static const char *const made[] = { "from/made", "from/folder", "from/link" };
	struct stat s;
	int i;

	if (unshare(CLONE_NEWNS) || mount("", "/", "", MS_REC | MS_PRIVATE, NULL))
		test_skip("no mounts here");
	CHECK_EQ(mkdir("from", 0755), 0);
	CHECK_EQ(chown("from", 1000, 1000), 0);
	CHECK_EQ(mkdir("to", 0755), 0);
	mount_mapped("from", "to");
	CHECK_EQ(stat_of("to").st_uid, 2000);
	check_as_user();
	for (i = 0; i < 3; i++) {
		CHECK_EQ(lstat(made[i], &s), 0);
		CHECK_EQ(s.st_uid, 1000);
		CHECK_EQ(s.st_gid, 1000);
	}
	CHECK_EQ(chown("to/made", 0, 2000), 0);
	CHECK_EQ(stat_of("from/made").st_uid, 0);
	CHECK_EQ(stat_of("from/made").st_gid, 1000);
	CHECK_EQ(umount("to"), 0);
}

static void mount_layers(const char *options)
{
	mkdir("low", 0755);
	mkdir("up", 0755);
	mkdir("work", 0755);
	mkdir("both", 0755);
	if (unshare(CLONE_NEWNS) || mount("", "/", "", MS_REC | MS_PRIVATE, NULL))
		test_skip("no mounts here");
	if (mount("overlay", "both", "overlay", 0, options) && errno == ENODEV)
		test_skip("no overlays here");
}

static void use_layers(void)
{
	struct stat s;

	CHECK(file_is("both/f", "lower"));
	put_text("both/f", "changed");
	CHECK_EQ(unlink("both/g"), 0);
	CHECK_EQ(lstat("up/g", &s), 0);
	CHECK(S_ISCHR(s.st_mode) && !s.st_rdev);
	CHECK_EQ(rename("both/h", "both/i"), 0);
	CHECK_EQ(unlink("both/d/x"), 0);
	CHECK_EQ(rmdir("both/d"), 0);
	CHECK_EQ(mkdir("both/d", 0755), 0);
	CHECK(!exists("both/d/x") && !exists("both/g") && !exists("both/h"));
	CHECK(file_is("low/f", "lower") && file_is("both/f", "changed"));
	CHECK(file_is("both/i", "lower"));
}

/* What podman and docker do: layers, of which the upper one is written. */
TEST(overlay)
{
	static const char *const options[] = {
		"lowerdir=low,upperdir=up,workdir=work",
		"lowerdir=low,upperdir=up,workdir=work,userxattr",
		"lowerdir=low,upperdir=up,workdir=work,index=on,redirect_dir=on,metacopy=on",
	};
	int i;

	for (i = 0; i < 3; i++) {
		CHECK_EQ(system("rm -rf low up work both; mkdir -p low/d; touch low/d/x"), 0);
		put_text("low/f", "lower");
		put_text("low/g", "lower");
		put_text("low/h", "lower");
		mount_layers(options[i]);
		use_layers();
		CHECK_EQ(umount("both"), 0);
	}
}

/* git makes its objects so: written under one name, linked to another, and the first name goes. */
TEST(overlay_names_of_one_file)
{
	int fd;

	CHECK_EQ(mkdir("low", 0755), 0);
	put_text("low/old", "lower");
	mount_layers("lowerdir=low,upperdir=up,workdir=work");
	put_text("both/new", "upper");
	put_text("both/old", "written");
	CHECK_EQ(link("both/new", "both/new2"), 0);
	CHECK_EQ(link("both/old", "both/old2"), 0);
	CHECK_EQ(stat_of("both/new2").st_nlink, 2);
	CHECK_EQ(stat_of("both/old2").st_nlink, 2);
	fd = CHECK_OK(open("both/new2", O_RDONLY));
	CHECK_EQ(unlink("both/new"), 0);
	CHECK_EQ(unlink("both/old"), 0);
	CHECK_EQ(stat_of("both/new2").st_nlink, 1);
	CHECK(file_is("both/new2", "upper") && file_is("both/old2", "written"));
	CHECK_EQ(rename("both/new2", "both/new"), 0);
	CHECK_EQ(rename("both/old2", "both/old"), 0);
	CHECK(file_is("both/new", "upper") && file_is("both/old", "written"));
	close(fd);
	CHECK_EQ(umount("both"), 0);
}

#define CAPS "security.capability"

static bool has_caps(const char *name)
{
	char value[64];

	return getxattr(name, CAPS, value, sizeof(value)) > 0;
}

/* What is copied to the upper layer has the privileges that it had: writes take them, chmod() does not. */
TEST(overlay_copies_privileges)
{
	struct vfs_cap_data caps = { .magic_etc = VFS_CAP_REVISION_2, .data = { { .permitted = 1 << CAP_CHOWN } } };
	static const char *const names[] = { "bits", "caps", "owner", "written" };
	int fd, i;

	if (geteuid())
		test_skip("root gives privileges");
	CHECK_EQ(mkdir("low", 0755), 0);
	CHECK_EQ(chdir("low"), 0);
	for (i = 0; i < 4; i++) {
		put_text(names[i], "lower");
		CHECK_EQ(chmod(names[i], 04755), 0);
		CHECK_EQ(setxattr(names[i], CAPS, &caps, XATTR_CAPS_SZ_2, 0), 0);
	}
	CHECK_EQ(chdir(".."), 0);
	mount_layers("lowerdir=low,upperdir=up,workdir=work");
	CHECK_EQ(utimensat(AT_FDCWD, "both/bits", NULL, 0), 0);
	CHECK_EQ(stat_of("both/bits").st_mode & 07777, 04755);
	CHECK(has_caps("both/bits"));
	CHECK_EQ(chmod("both/caps", 0700), 0);
	CHECK(has_caps("both/caps"));
	CHECK_EQ(chown("both/owner", 1000, 1000), 0);
	CHECK_EQ(stat_of("both/owner").st_mode & 07777, 0755);
	CHECK(!has_caps("both/owner"));
	fd = CHECK_OK(open("both/written", O_WRONLY));
	CHECK_EQ(stat_of("both/written").st_mode & 07777, 04755);
	CHECK_EQ(write(fd, "x", 1), 1);
	close(fd);
	CHECK(!has_caps("both/written"));
	CHECK_EQ(umount("both"), 0);
	CHECK_EQ(stat_of("up/bits").st_mode & 07777, 04755);
	CHECK(has_caps("up/bits") && has_caps("up/caps") && !has_caps("up/owner"));
}

// SPDX-License-Identifier: MIT
/* Users other than root: in a namespace of their own, in folders that many share, and by groups. */
#include "fstest.h"
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static void become(uid_t uid, gid_t gid)
{
	CHECK_EQ(setgroups(0, NULL), 0);
	CHECK_EQ(setresgid(gid, gid, gid), 0);
	CHECK_EQ(setresuid(uid, uid, uid), 0);
}

static void as_user(uid_t uid, void (*fn)(void))
{
	pid_t pid;

	if (geteuid())
		test_skip("root becomes others");
	pid = CHECK_OK(fork());
	if (!pid) {
		become(uid, uid);
		fn();
		_exit(0);
	}
	CHECK_EQ(wait_for(pid), 0);
}

static void put_in(const char *path, const char *text)
{
	int fd = CHECK_OK(open(path, O_WRONLY));

	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	CHECK_EQ(close(fd), 0);
}

/* Run @fn as root of a namespace: user 1000, with 2000 to 2009 as 1 to 10. */
static void in_namespace(void (*fn)(void))
{
	int ready[2], go[2];
	char path[64], c;
	pid_t pid;

	if (geteuid())
		test_skip("root becomes others");
	CHECK_EQ(pipe(ready), 0);
	CHECK_EQ(pipe(go), 0);
	pid = CHECK_OK(fork());
	if (!pid) {
		become(1000, 1000);
		c = unshare(CLONE_NEWUSER | CLONE_NEWNS) ? 'n' : 'y';
		CHECK_EQ(write(ready[1], &c, 1), 1);
		CHECK_EQ(read(go[0], &c, 1), 1);
		become(0, 0);
		fn();
		_exit(0);
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	if (c == 'n')
		test_skip("no namespaces here");
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	put_in(path, "0 1000 1\n1 2000 10\n");
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	put_in(path, "0 1000 1\n1 2000 10\n");
	CHECK_EQ(write(go[1], "x", 1), 1);
	CHECK_EQ(wait_for(pid), 0);
}

static const uint32_t caps[] = { 0x02000001, 1 << CAP_NET_BIND_SERVICE, 0, 0, 0 };

static void use_as_its_root(void)
{
	char value[64];

	CHECK_EQ(chdir("home"), 0);
	put_text("f", "text");
	CHECK_EQ(chown("f", 1, 2), 0);
	CHECK_EQ(stat_of("f").st_uid, 1);
	CHECK_EQ(stat_of("f").st_gid, 2);
	CHECK_EQ(chmod("f", 06755), 0);
	CHECK_EQ(stat_of("f").st_mode, S_IFREG | 06755);
	CHECK_ERR(chown("f", 50, 50), EINVAL);
	CHECK_EQ(stat_of("theirs").st_uid, 65534);
	CHECK_ERR(chown("theirs", 0, 0), EPERM);
	CHECK_ERR(chmod("theirs", 0600), EPERM);
	CHECK_ERR(open("theirs", O_WRONLY), EACCES);
	CHECK_ERR(mknod("c", S_IFCHR | 0600, makedev(1, 3)), EPERM);
	CHECK_EQ(mknod("w", S_IFCHR | 0600, 0), 0);
	CHECK_ERR(setxattr("f", "trusted.x", "1", 1, 0), EPERM);
	CHECK_EQ(setxattr("f", "user.x", "1", 1, 0), 0);
	put_text("p", "");
	CHECK_EQ(setxattr("p", "security.capability", caps, 20, 0), 0);
	CHECK_EQ(getxattr("p", "security.capability", value, 64), 20);
	CHECK(!memcmp(value, caps, 20));
	CHECK_EQ(mkdir("sub", 02775), 0);
	CHECK_EQ(chown("sub", 0, 3), 0);
	CHECK_EQ(chmod("sub", 02775), 0);
	CHECK_EQ(mkdir("sub/sub", 0755), 0);
	CHECK_EQ(stat_of("sub/sub").st_gid, 3);
	CHECK_EQ(stat_of("sub/sub").st_mode, S_IFDIR | 02755);
	CHECK_EQ(close(CHECK_OK(open("sub", O_TMPFILE | O_RDWR, 0600))), 0);
	CHECK_EQ(rename("f", "sub/f"), 0);
	CHECK_EQ(stat_of("sub/f").st_mode, S_IFREG | 06755);
}

/* What podman does without root. */
TEST(root_of_a_namespace)
{
	uint32_t value[16];

	CHECK_EQ(mkdir("home", 0755), 0);
	CHECK_EQ(chown("home", 1000, 1000), 0);
	put_text("home/theirs", "");
	in_namespace(use_as_its_root);
	CHECK_EQ(stat_of("home/sub/f").st_uid, 2000);
	CHECK_EQ(stat_of("home/sub/f").st_gid, 2001);
	CHECK_EQ(stat_of("home/sub/sub").st_uid, 1000);
	CHECK_EQ(stat_of("home/sub/sub").st_gid, 2002);
	CHECK_EQ(getxattr("home/p", "security.capability", value, 64), 24);
	CHECK_EQ(value[0], 0x03000001);
	CHECK_EQ(value[5], 1000);
}

static void use_its_layers(void)
{
	struct stat st;

	CHECK_EQ(mount("", "/", "", MS_REC | MS_PRIVATE, NULL), 0);
	CHECK_EQ(chdir("home"), 0);
	CHECK_EQ(system("mkdir -p low/d up work both; touch low/d/x; echo text > low/f; echo > low/g"), 0);
	if (mount("overlay", "both", "overlay", 0, "lowerdir=low,upperdir=up,workdir=work,userxattr")) {
		if (errno == ENODEV || errno == EPERM)
			test_skip("no overlays here");
		CHECK(!"mounted");
	}
	CHECK(file_is("both/f", "text\n"));
	put_text("both/f", "changed");
	CHECK_EQ(unlink("both/g"), 0);
	CHECK_EQ(lstat("up/g", &st), 0);
	CHECK(S_ISCHR(st.st_mode) && !st.st_rdev);
	CHECK_EQ(system("rm -r both/d"), 0);
	CHECK_EQ(mkdir("both/d", 0755), 0);
	CHECK(!exists("both/d/x"));
	CHECK_EQ(chown("both/f", 1, 1), 0);
	CHECK_EQ(stat_of("up/f").st_uid, 1);
	CHECK_EQ(umount("both"), 0);
	CHECK(file_is("low/f", "text\n") && file_is("up/f", "changed"));
}

TEST(layers_in_a_namespace)
{
	CHECK_EQ(mkdir("home", 0755), 0);
	CHECK_EQ(chown("home", 1000, 1000), 0);
	in_namespace(use_its_layers);
}

static void use_what_many_share(void)
{
	CHECK_ERR(unlink("t/f"), EPERM);
	CHECK_ERR(rename("t/f", "t/g"), EPERM);
	CHECK_ERR(rename("t/f", "t/own"), EPERM);
	CHECK_ERR(rmdir("t/d"), EPERM);
	put_text("t/own", "");
	CHECK_ERR(rename("t/own", "t/f"), EPERM);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "t/own", AT_FDCWD, "t/f", 2), EPERM);
	CHECK_EQ(link("t/own", "t/own2"), 0);
	CHECK_EQ(rename("t/own", "t/own3"), 0);
	CHECK_EQ(unlink("t/own3"), 0);
	CHECK_ERR(unlink("r/f"), EACCES);
	CHECK_ERR(unlink("r/none"), ENOENT);
	CHECK_ERR(open("r/new", O_CREAT | O_WRONLY, 0644), EACCES);
	CHECK_ERR(mkdir("r/f", 0755), EEXIST);
	CHECK_EQ(close(CHECK_OK(open("r/f", O_CREAT | O_RDONLY, 0644))), 0);
	CHECK_ERR(open("r/f", O_CREAT | O_EXCL | O_RDONLY, 0644), EEXIST);
	CHECK_ERR(access("x/f", F_OK), EACCES);
	CHECK_ERR(open("r/f", O_RDONLY | O_NOATIME), EPERM);
	CHECK_ERR(utimensat(AT_FDCWD, "r/f", NULL, 0), EACCES);
	CHECK_EQ(utimensat(AT_FDCWD, "t/w", NULL, 0), 0);
	CHECK_ERR(utimensat(AT_FDCWD, "t/w", (struct timespec[]){ { 1, 0 }, { 1, 0 } }, 0), EPERM);
	CHECK_ERR(chmod("t/w", 0777), EPERM);
	CHECK_ERR(truncate("r/f", 0), EACCES);
	CHECK_EQ(truncate("t/w", 5), 0);
	CHECK_ERR(setxattr("t", "user.x", "1", 1, 0), EPERM);
	CHECK_EQ(setxattr("t/w", "user.x", "1", 1, 0), 0);
	CHECK_ERR(getxattr("t/secret", "user.x", NULL, 0), EACCES);
	CHECK_ERR(setxattr("t/own2", "security.x", "1", 1, 0), EPERM);
	CHECK_ERR(getxattr("t/own2", "trusted.x", NULL, 0), ENODATA);
	CHECK_EQ(fcntl(CHECK_OK(open("r/f", O_RDONLY)), F_SETLEASE, F_RDLCK), -1);
	CHECK_EQ(errno, EACCES);
}

TEST(folders_that_many_share)
{
	CHECK_EQ(mkdir("t", 0), 0);
	CHECK_EQ(chmod("t", 01777), 0);
	CHECK_EQ(mkdir("t/d", 0777), 0);
	CHECK_EQ(mkdir("r", 0755), 0);
	CHECK_EQ(mkdir("x", 0700), 0);
	put_text("t/f", "");
	put_text("t/w", "");
	put_text("t/secret", "");
	put_text("r/f", "");
	put_text("x/f", "");
	CHECK_EQ(chmod("t/f", 0666), 0);
	CHECK_EQ(chmod("t/w", 0666), 0);
	CHECK_EQ(chmod("t/secret", 0600), 0);
	as_user(1000, use_what_many_share);
}

static void use_protected(void)
{
	CHECK_ERR(link("f", "t/l"), EPERM);
	CHECK_ERR(link("suid", "t/l"), EPERM);
	CHECK_ERR(open("t/to", O_RDONLY), EACCES);
	CHECK_ERR(open("t/p", O_CREAT | O_RDWR, 0644), EACCES);
	CHECK_ERR(open("t/f", O_CREAT | O_RDWR, 0644), EACCES);
	CHECK_EQ(close(CHECK_OK(open("t/f", O_RDWR))), 0);
	CHECK_EQ(chmod("own", 02755), 0);
	CHECK_EQ(stat_of("own").st_mode, S_IFREG | 0755);
}

static void make_theirs(void)
{
	CHECK_EQ(symlink("../f", "t/to"), 0);
	CHECK_EQ(mkfifo("t/p", 0), 0);
	CHECK_EQ(chmod("t/p", 0666), 0);
	put_text("t/f", "");
	CHECK_EQ(chmod("t/f", 0666), 0);
}

/* fs.protected_* of sysctl, and a set-group-ID bit for a group that one is not in. */
TEST(what_protects_shared_folders)
{
	static const char *const sysctls[] = { "hardlinks", "symlinks", "fifos", "regular" };
	char path[4][64], before[4][8] = { 0 };
	int i, status;
	pid_t pid;

	if (geteuid())
		test_skip("root sets these");
	for (i = 0; i < 4; i++) {
		snprintf(path[i], sizeof(path[i]), "/proc/sys/fs/protected_%s", sysctls[i]);
		get_file(path[i], before[i], 7);
	}
	CHECK_EQ(mkdir("t", 0), 0);
	CHECK_EQ(chmod("t", 01777), 0);
	put_text("f", "");
	put_text("suid", "");
	CHECK_EQ(chmod("suid", 04755), 0);
	put_text("own", "");
	CHECK_EQ(chown("own", 1000, 50), 0);
	as_user(2000, make_theirs);
	for (i = 0; i < 4; i++)
		put_in(path[i], "1\n");
	pid = CHECK_OK(fork());
	if (!pid)
		as_user(1000, use_protected);
	if (!pid)
		_exit(0);
	status = wait_for(pid);
	for (i = 0; i < 4; i++)
		put_in(path[i], before[i]);
	CHECK_EQ(status, 0);
}

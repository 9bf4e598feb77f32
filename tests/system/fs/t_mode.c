// SPDX-License-Identifier: MIT
/* The mode of a file that was just made, and all that depends on it: nothing sees an older one. */
#include "fstest.h"
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <signal.h>

#define ACCESS	"system.posix_acl_access"
#define FILES	40

static const char text[] = "a file with a mode";

/* The permissions that a new file gets in turn. */
static mode_t mode_of(int i)
{
	static const mode_t modes[] = { 0600, 0644, 0755, 0, 01666, 04755, 0400, 02711 };

	return modes[i % 8];
}

static mode_t has_mode(const char *path)
{
	return stat_of(path).st_mode & 07777;
}

static void check_all(void)
{
	int i;

	for (i = 0; i < FILES; i++)
		CHECK_EQ(has_mode(name_of(i)), mode_of(i));
}

TEST(mode_is_seen_at_once)
{
	int i;

	for (i = 0; i < FILES; i++) {
		put_text(name_of(i), text);
		CHECK_EQ(chmod(name_of(i), mode_of(i)), 0);
		CHECK_EQ(has_mode(name_of(i)), mode_of(i));
	}
	check_all();
	forget_all();
	check_all();
}

TEST(mode_in_order)
{
	int i, round;

	for (i = 0; i < FILES; i++)
		put_text(name_of(i), text);
	for (round = 7; round >= 0; round--)
		for (i = 0; i < FILES; i++)
			CHECK_EQ(chmod(name_of(i), mode_of(i + round)), 0);
	check_all();
	forget_all();
	check_all();
}

TEST(mode_while_files_are_saved)
{
	pid_t pid = start_saving();
	int i, round, status;

	for (round = 3; round >= 0; round--) {
		for (i = 0; i < FILES; i++) {
			put_text(name_of(i), text);
			CHECK_EQ(chmod(name_of(i), mode_of(i + round)), 0);
			CHECK_EQ(has_mode(name_of(i)), mode_of(i + round));
		}
		for (i = 0; round && i < FILES; i++)
			CHECK_EQ(unlink(name_of(i)), 0);
	}
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	forget_all();
	check_all();
}

TEST(mode_of_a_link)
{
	int i;

	for (i = 0; i < FILES; i++) {
		put_text("f", text);
		CHECK_EQ(chmod("f", mode_of(i)), 0);
		CHECK_EQ(link("f", "g"), 0);
		CHECK_EQ(has_mode("g"), mode_of(i));
		CHECK_EQ(stat_of("f").st_nlink, 2);
		CHECK_EQ(unlink("f"), 0);
		CHECK_EQ(has_mode("g"), mode_of(i));
		CHECK_EQ(rename("g", "h"), 0);
		CHECK_EQ(has_mode("h"), mode_of(i));
	}
	forget_all();
	CHECK_EQ(has_mode("h"), mode_of(FILES - 1));
}

TEST(mode_then_owner)
{
	int i;

	if (geteuid())
		test_skip("root gives files away");
	for (i = 0; i < FILES; i++) {
		put_text(name_of(i), text);
		CHECK_EQ(chmod(name_of(i), mode_of(i)), 0);
		CHECK_EQ(chown(name_of(i), 1000, 1000), 0);
		/* Linux takes these bits away. Without execution for the group, set-group-ID stays. */
		CHECK_EQ(has_mode(name_of(i)), mode_of(i) & ~06000);
		CHECK_EQ(stat_of(name_of(i)).st_uid, 1000);
	}
}

TEST(mode_keeps_others_out)
{
	int i, fd;

	if (geteuid())
		test_skip("root becomes another");
	for (i = 0; i < FILES; i++) {
		put_text(name_of(i), text);
		CHECK_EQ(chmod(name_of(i), i % 2 ? 0644 : 0600), 0);
		CHECK_EQ(seteuid(1000), 0);
		fd = open(name_of(i), O_RDONLY);
		CHECK_EQ(fd < 0 ? errno : 0, i % 2 ? 0 : EACCES);
		CHECK_EQ(chmod(name_of(i), 0777), -1);
		CHECK_EQ(errno, EPERM);
		CHECK_EQ(seteuid(0), 0);
		if (fd >= 0)
			close(fd);
	}
}

struct list {
	struct posix_acl_xattr_header head;
	struct posix_acl_xattr_entry entry[5];
};

/* One more user may read and write, as far as the mask lets it. */
static struct list list_of(unsigned int mask)
{
	struct list l = {
		{ POSIX_ACL_XATTR_VERSION },
		{
			{ ACL_USER_OBJ, 6, ACL_UNDEFINED_ID }, { ACL_USER, 6, 1000 },
			{ ACL_GROUP_OBJ, 4, ACL_UNDEFINED_ID }, { ACL_MASK, mask, ACL_UNDEFINED_ID },
			{ ACL_OTHER, 0, ACL_UNDEFINED_ID },
		},
	};

	return l;
}

TEST(mode_and_access_list)
{
	struct list l, there;
	int i;

	for (i = 0; i < FILES; i++) {
		put_text(name_of(i), text);
		CHECK_EQ(chmod(name_of(i), 0644), 0);
		l = list_of(6);
		if (setxattr(name_of(i), ACCESS, &l, sizeof(l), 0) && errno == EOPNOTSUPP)
			test_skip("no access lists here");
		CHECK_EQ(has_mode(name_of(i)), 0660);
		/* The bits of the group are the mask's now. */
		CHECK_EQ(chmod(name_of(i), 0640), 0);
		CHECK_EQ(getxattr(name_of(i), ACCESS, &there, sizeof(there)), (ssize_t)sizeof(there));
		l = list_of(4);
		CHECK(!memcmp(&there, &l, sizeof(l)));
		CHECK_EQ(chmod(name_of(i), 0600), 0);
		CHECK_EQ(removexattr(name_of(i), ACCESS), 0);
		CHECK_EQ(has_mode(name_of(i)), 0600);
	}
}

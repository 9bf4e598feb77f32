// SPDX-License-Identifier: MIT
/* Extended attributes and access control lists. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "file.h"

static const char *some_name(void)
{
	static const char *const names[] = { "user.a", "user.a", "user.b", "user.", "trusted.a", "security.a", "none.a",
					     "a", "", "security.capability", "system.posix_acl_access", "system.x" };
	static char text[300];

	if (chance(96))
		return PICK(names);
	memset(text, 'x', sizeof(text));
	memcpy(text, "user.", 5);
	text[254 + below(4)] = 0;
	return text;
}

static size_t some_size(void)
{
	static const size_t sizes[] = { 0, 1, 10, 100, 100, 1000, 3000, 65536, 65537 };

	return PICK(sizes);
}

static char value[70000];

static void set_value(const char *name, size_t *n)
{
	struct vfs_cap_data caps = { .magic_etc = VFS_CAP_REVISION_2, .data[0].permitted = 1u << below(30) };

	pattern(value, *n, rnd());
	if (strcmp(name, "security.capability") || chance(20))
		return;
	memcpy(value, &caps, sizeof(caps));
	*n = sizeof(caps) - 4;
}

void do_setxattr(void)
{
	const char *path = some_path(), *name = some_name();
	size_t n = some_size();
	int flags = chance(60) ? 0 : (int)below(4);
	bool here = chance(30);
	unsigned int shown = 0;

	set_value(name, &n);
	out_path(path);
	out_path(name);
	out(" %zu %d =", n, flags);
	if (here)
		out_result(fsetxattr(some_fd(&shown), name, value, n, flags));
	else
		out_result((chance(70) ? setxattr : lsetxattr)(path, name, value, n, flags));
}

static void get_value(const char *path, const char *name)
{
	size_t room = chance(70) ? sizeof(value) : some_size();
	ssize_t r = getxattr(path, name, value, room);

	out(" get %zu", room);
	out_result(r);
	if (r > 0 && room)
		out_bytes(value, r);
}

void do_getxattr(void)
{
	const char *path = some_path(), *name = some_name();
	unsigned int what = below(5);
	ssize_t r;

	out_path(path);
	out_path(name);
	if (what < 3) {
		get_value(path, name);
	} else if (what == 3) {
		out(" remove");
		out_result(removexattr(path, name));
	} else {
		r = listxattr(path, value, chance(50) ? sizeof(value) : below(20));
		out(" list");
		out_result(r);
	}
}

static size_t put(struct posix_acl_xattr_entry *e, unsigned int tag, unsigned int id)
{
	*e = (struct posix_acl_xattr_entry){ .e_tag = tag, .e_perm = below(8), .e_id = id };
	return sizeof(*e);
}

/* A list with a user's entry, access or default, now and then a wrong one. */
void do_acl(void)
{
	struct {
		struct posix_acl_xattr_header h;
		struct posix_acl_xattr_entry e[5];
	} acl = { .h.a_version = POSIX_ACL_XATTR_VERSION };
	const char *name = chance(60) ? "system.posix_acl_access" : "system.posix_acl_default", *path = some_path();
	size_t n = sizeof(acl.h), i = 0;
	bool extended = chance(70);
	struct stat s;

	n += put(&acl.e[i++], ACL_USER_OBJ, -1);
	if (extended)
		n += put(&acl.e[i++], ACL_USER, chance(80) ? USER : 7);
	n += put(&acl.e[i++], ACL_GROUP_OBJ, -1);
	if (extended != chance(5))
		n += put(&acl.e[i++], ACL_MASK, -1);
	n += put(&acl.e[i++], ACL_OTHER, -1);
	out_path(path);
	out_call(" %s %zu", name + 17, i);
	out_result(setxattr(path, name, &acl, n, 0));
	if (!stat(path, &s))
		out(" %04o", s.st_mode & 07777);
}

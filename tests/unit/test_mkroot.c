/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `virtuos mkroot`: its command line, when a target is refused, and what the guest's part has.
 * Runs as a whole need loop devices and mounts, and are no part of this.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../dom0-tools/mkroot/account.h"
#include "../../dom0-tools/mkroot/child.h"
#include "../../dom0-tools/mkroot/inroot.h"
#include "../../dom0-tools/mkroot/mkroot.h"
#include "hosttree.h"

#define PARSE(o, ...) parse(o, (const char *const[]){ "mkroot", __VA_ARGS__, NULL })
#define KEY "ssh-ed25519 AAAAC3Nz root@vm\n"

static char said[4096];

/* In place of log.c's. */
void vd_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void vd_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

static bool parse(struct mkroot_options *o, const char *const *words)
{
	union { const char *const *in; char **out; } argv = { words };
	int argc = 0;

	while (words[argc])
		argc++;
	return mkroot_parse(o, argc, argv.out);
}

/* tree_path() has one buffer. */
static const char *keep(char path[256], const char *name)
{
	snprintf(path, 256, "%s", tree_path(name));
	return path;
}

static int open_root(void)
{
	int root = open(tree_root(), O_RDONLY | O_DIRECTORY);

	assert_true(root >= 0);
	return root;
}

static void expect_file(int root, const char *path, const char *want)
{
	char *text = mkroot_read(root, path);

	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
}

static void test_command_line(void **state)
{
	struct mkroot_options o;

	(void)state;
	assert_true(PARSE(&o, "/dev/vg0/x"));
	assert_string_equal(o.target, "/dev/vg0/x");
	assert_string_equal(o.suite, "bookworm");
	assert_false(o.force);
	assert_true(PARSE(&o, "--size", "4G", "--suite", "trixie", "--hostname", "web-1", "--ssh-key", "a",
			  "--ssh-key", "b", "--force", "--include", "nginx-light,g++", "--mirror",
			  "http://[2001:db8::1]:80/debian", "x.img"));
	assert_true(o.size == 4ull << 30);
	assert_int_equal(o.n_keys, 2);
	assert_true(o.force);
	assert_true(PARSE(&o, "--", "--force"));
	assert_string_equal(o.target, "--force");
	assert_false(o.force);
}

static void test_wrong_command_lines(void **state)
{
	static const char *const wrong[][3] = {
		{ "x", "--size", NULL }, { "x", "--size", "4X" }, { "x", "--size", "-1" },
		{ "x", "--size", "1K" }, { "x", "--size", "99999999999999999999" },
		{ "x", "--size", "16777216T" }, { "x", "--size", "4GG" }, { "x", "--size", "" },
		{ "x", "--suite", "sid" }, { "x", "--suite", "--bookworm" }, { "x", "--suite", "" },
		{ "x", "--hostname", "-a" }, { "x", "--hostname", "a b" }, { "x", "--hostname", "a\nb" },
		{ "x", "--hostname", "" }, { "x", "--hostname", "a." },
		{ "x", "--mirror", "-" }, { "x", "--mirror", "--customize-hook=id" },
		{ "x", "--mirror", "deb [trusted=yes] http://a b c" },
		{ "x", "--include", "a;b" }, { "x", "--include", "?x" }, { "x", "--include", "-a" },
		{ "x", "y", NULL }, { "--nothing", "x", NULL }, { "", NULL, NULL }, { "-x", NULL, NULL },
	};
	struct mkroot_options o;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		*said = 0;
		if (PARSE(&o, wrong[i][0], wrong[i][1], wrong[i][2]))
			fail_msg("%s %s was taken", wrong[i][0], wrong[i][1]);
		assert_true(*said);
	}
	assert_false(PARSE(&o, "--from", "a.tar", "--suite", "trixie", "x"));
	assert_false(PARSE(&o, "--force"));
}

static void make_disks(void)
{
	tree_disk("sda", "8:0", "0000:00:1f.2");
	tree_part("sda", "sda1", "8:1", "0000:00:1f.2");
	tree_put("sys/devices/pci0000:00/0000:00:1f.2/ata1/block/sda/sda1/dev", "8:1\n");
	tree_disk("sdb", "8:16", "0000:00:1f.2");
	tree_volume("dm-0", "254:0", "sdb", "LVM-x", "vg0-a");
}

static void expect_used(const char *number, const char *want)
{
	char why[MKROOT_WHY] = "";
	int root = open_root();
	bool used = mkroot_block_used(root, number, why);

	close(root);
	assert_string_equal(used ? why : "", want);
}

static void test_unused_devices(void **state)
{
	(void)state;
	make_disks();
	expect_used("8:0", "");
	expect_used("254:0", "");
	expect_used("9:9", "cannot be checked: sysfs does not have it");
	tree_remove("proc/self/mountinfo");
	expect_used("8:0", "cannot be checked: what is mounted is not known");
}

static void test_mounted_devices(void **state)
{
	(void)state;
	make_disks();
	tree_put("proc/self/mountinfo", "36 35 8:1 / /srv rw - ext4 /dev/sda1 rw\n"
					"37 35 0:44 / /b rw shared:1 - btrfs /dev/dm-0 rw\n");
	expect_used("8:1", "is mounted at /srv");
	expect_used("8:0", "has a partition: sda1 is mounted at /srv");
	expect_used("254:0", "is mounted at /b");
	expect_used("8:16", "");
}

static void test_swap_and_held_devices(void **state)
{
	(void)state;
	make_disks();
	tree_put("proc/swaps", "Filename Type\n/dev/sda1 partition 1 0 -2\n/dev/mapper/vg0-a partition 1 0 -2\n");
	tree_link("dev/mapper/vg0-a", "../dm-0");
	expect_used("8:1", "is swap space of this machine");
	expect_used("254:0", "is swap space of this machine");
	tree_put("sys/class/block/sdb/holders/dm-0", "");
	expect_used("8:16", "is held by dm-0");
}

static void test_devices_of_guests(void **state)
{
	(void)state;
	make_disks();
	tree_put("sys/bus/xen-backend/devices/vbd-3-51712/physical_device", "fe:0\n");
	expect_used("254:0", "is in use by a guest (vbd-3-51712)");
	tree_put("sys/bus/xen-backend/devices/vbd-4-51712/physical_device", "8:1\n");
	expect_used("8:0", "has a partition: sda1 is in use by a guest (vbd-4-51712)");
}

static void expect_open(const char *path, const char *want)
{
	char why[MKROOT_WHY] = "";
	int root = open_root();
	struct stat st;
	bool used;

	assert_int_equal(stat(path, &st), 0);
	used = mkroot_open_used(root, path, &st, why);
	close(root);
	assert_string_equal(used ? why : "", want);
}

static void test_open_files(void **state)
{
	char path[256];

	(void)state;
	tree_put("x.img", "");
	snprintf(path, sizeof(path), "%s/x.img", tree_root());
	tree_put("proc/7/fd/3", "");
	expect_open(path, "");
	tree_link("proc/12/fd/3", path);
	tree_put("proc/12/comm", "qemu-system-i38\n");
	expect_open(path, "is open in process 12 (qemu-system-i38)");
	tree_put("sys/class/block/loop0/loop/backing_file", path);
	expect_open(path, "is in use as /dev/loop0");
}

static bool has_data(const char *name, char why[MKROOT_WHY])
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", tree_root(), name);
	assert_int_equal(stat(path, &st), 0);
	return mkroot_has_data(path, &st, why);
}

static void test_data_in_files(void **state)
{
	char why[MKROOT_WHY], command[256];

	(void)state;
	tree_put("letter.txt", "Dear\n");
	assert_true(has_data("letter.txt", why));
	assert_string_equal(why, "has data, of what kind is not known");
	tree_put("hole.img", "");
	assert_int_equal(truncate(tree_path("hole.img"), 8 << 20), 0);
	assert_false(has_data("hole.img", why));
	snprintf(command, sizeof(command), "/sbin/mke2fs -q -t ext4 %s", tree_path("hole.img"));
	assert_int_equal(system(command), 0);
	assert_true(has_data("hole.img", why));
	assert_string_equal(why, "has data: ext4");
	assert_true(mkroot_is_ext4(tree_path("hole.img")));
	assert_false(mkroot_is_ext4(tree_path("letter.txt")));
}

static void make_guest(struct mkroot_options *o, char parts[128])
{
	snprintf(parts, 128, "%s/parts", tree_root());
	*o = (struct mkroot_options){ .parts = parts };
	tree_put("parts/virtuos-agent", "A");
	tree_put("parts/virtuos-perf", "P");
	tree_put("parts/libsyscall-forward.so", "L");
	tree_put("parts/kheaders.ko", "K");
	tree_put("parts/virtuos-agent.service", "U");
	tree_put("r/sbin/init", "");
	tree_put("r/usr/lib/systemd/systemd", "");
	tree_put("r/etc/passwd", "root:x:0:0::/root:/bin/sh\nrooty:x:1:1::/:/bin/sh\n");
	tree_put("r/etc/shadow", "root:*:1:0:99999:7:::\nrooty:h:1::::::\n");
}

static int open_guest(void)
{
	int fd = open(tree_path("r/etc/."), O_RDONLY | O_DIRECTORY), root = openat(fd, "..", O_RDONLY | O_DIRECTORY);

	close(fd);
	assert_true(root >= 0);
	return root;
}

static void test_guests_part(void **state)
{
	struct mkroot_options o;
	char parts[128], link[64], *id;
	struct stat st;
	int root;

	(void)state;
	make_guest(&o, parts);
	tree_put("r/etc/fstab", "/dev/sda1 / ext4\n");
	assert_int_equal(mkroot_guest_check(&o), 0);
	root = open_guest();
	assert_int_equal(mkroot_guest_put(&o, root), 0);
	expect_file(root, "usr/lib/virtuos/virtuos-agent", "A");
	expect_file(root, "etc/systemd/system/sysinit.target.wants/virtuos-agent.service", "U");
	expect_file(root, "etc/fstab.before-virtuos", "/dev/sda1 / ext4\n");
	expect_file(root, "etc/hostname", "primary\n");
	expect_file(root, "etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\tprimary\n");
	expect_file(root, "etc/shadow", "root:!:1:0:99999:7:::\nrooty:h:1::::::\n");
	assert_int_equal(fstatat(root, "usr/bin/virtuos-perf", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	id = mkroot_read(root, "etc/machine-id");
	assert_int_equal(strlen(id), 33);
	free(id);
	memset(link, 0, sizeof(link));
	assert_true(readlinkat(root, "etc/systemd/system/serial-getty@hvc0.service", link, 63) > 0);
	assert_string_equal(link, "/dev/null");
	close(root);
	tree_remove("parts/virtuos-perf");
	assert_int_equal(mkroot_guest_check(&o), -1);
}

static void test_no_init(void **state)
{
	struct mkroot_options o;
	char parts[128];
	int root;

	(void)state;
	make_guest(&o, parts);
	tree_remove("r/sbin/init");
	root = open_guest();
	assert_int_equal(mkroot_guest_put(&o, root), -1);
	assert_string_equal(said, "the root file system has no /sbin/init");
	close(root);
}

static void test_keys_and_password(void **state)
{
	struct mkroot_options o;
	char parts[128], key[256], password[256], *text;
	struct stat st;
	int root;

	(void)state;
	make_guest(&o, parts);
	tree_put("r/etc/passwd", "root::0:0::/root:/bin/sh\n");
	assert_int_equal(chmod(tree_path("r/etc/shadow"), 0640), 0);
	tree_put("key.pub", KEY);
	tree_put("pw", "secret\n");
	o.key[o.n_keys++] = keep(key, "key.pub");
	o.password_file = keep(password, "pw");
	assert_int_equal(mkroot_account_check(&o), 0);
	root = open_guest();
	assert_int_equal(mkroot_account_put(&o, root), 0);
	expect_file(root, "root/.ssh/authorized_keys", KEY);
	expect_file(root, "etc/passwd", "root:x:0:0::/root:/bin/sh\n");
	text = mkroot_read(root, "etc/shadow");
	assert_true(!strncmp(text, "root:$y$", 8));
	assert_null(strstr(text, "secret"));
	free(text);
	assert_int_equal(fstatat(root, "etc/shadow", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(fstatat(root, "root/.ssh", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	close(root);
}

static void test_wrong_keys_and_passwords(void **state)
{
	static const char *const keys[] = { "-----BEGIN OPENSSH PRIVATE KEY-----\n", "", "# none\n",
					    KEY "command=\"x\" ssh-rsa A\n" };
	struct mkroot_options o = { .n_keys = 1 };
	char path[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		tree_put("key", keys[i]);
		o.key[0] = keep(path, "key");
		assert_int_equal(mkroot_account_check(&o), -1);
	}
	o.key[0] = "/dev/zero";
	assert_int_equal(mkroot_account_check(&o), -1);
	tree_put("pw", "\nsecond\n");
	o = (struct mkroot_options){ .password_file = keep(path, "pw") };
	assert_int_equal(mkroot_account_check(&o), -1);
	tree_bytes("pw", "a\0b", 3);
	assert_int_equal(mkroot_account_check(&o), -1);
}

/* An archive may have them; what is written must not leave its root. */
static void test_links_lead_nowhere_outside(void **state)
{
	struct mkroot_options o = { 0 };
	char key[256];
	int root;

	(void)state;
	tree_put("outside/passwd", "root:mine:\n");
	tree_put("r/etc/x", "");
	tree_link("r/root", "../outside");
	tree_link("r/etc/passwd", "../../outside/passwd");
	tree_put("key.pub", KEY);
	o.key[o.n_keys++] = keep(key, "key.pub");
	root = open_guest();
	assert_int_equal(mkroot_account_put(&o, root), -1);
	assert_int_equal(mkroot_write(root, "root/file", "x", 1, 0600), -1);
	assert_null(mkroot_read(root, "etc/passwd"));
	assert_int_equal(mkdirat(root, "outside", 0700), 0);
	assert_int_equal(mkroot_write(root, "root/file", "x", 1, 0600), 0);
	expect_file(root, "outside/file", "x");
	assert_int_not_equal(access(tree_path("outside/file"), F_OK), 0);
	assert_int_equal(mkroot_write(root, "etc/passwd", "new", 3, 0644), 0);
	close(root);
	root = open_root();
	expect_file(root, "outside/passwd", "root:mine:\n");
	close(root);
}

static void test_programs(void **state)
{
	const char *const none[] = { "virtuos-no-such-program", NULL };
	const char *const loud[] = { "yes", "no", NULL };
	const char *const stubborn[] = { "sh", "-c", "while :; do echo no; done", NULL };
	const char *const words[] = { "echo", "$(id)", NULL };
	char out[16];

	(void)state;
	assert_int_equal(mkroot_quiet(none, NULL), CHILD_NOT_STARTED);
	/* What it says has little room, so a write fails and it ends by itself. */
	assert_int_equal(mkroot_quiet(loud, NULL), 1);
	assert_string_equal(said, "yes: no");
	assert_int_equal(mkroot_quiet(stubborn, NULL), 128 + SIGTERM);
	assert_string_equal(said, "sh: no");
	assert_int_equal(mkroot_output(words, out, sizeof(out)), 0);
	assert_string_equal(out, "$(id)\n");
}

/* The last test: there is no way back. What undoes a run is not ended by the signal that ended it. */
static void test_signals(void **state)
{
	const char *const slow[] = { "sleep", "60", NULL };
	const char *const orphan[] = { "sh", "-c", "sleep 60 & exit 3", NULL };
	const char *const short_one[] = { "sleep", "0.2", NULL };

	(void)state;
	assert_int_equal(mkroot_quiet(orphan, NULL), 3);
	assert_false(mkroot_interrupted());
	raise(SIGTERM);
	assert_int_equal(mkroot_quiet(slow, NULL), 128 + SIGTERM);
	assert_true(mkroot_interrupted());
	mkroot_undo();
	raise(SIGINT);
	assert_int_equal(mkroot_quiet(short_one, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_line),
		cmocka_unit_test(test_wrong_command_lines),
		ON_TREE(test_unused_devices),
		ON_TREE(test_mounted_devices),
		ON_TREE(test_swap_and_held_devices),
		ON_TREE(test_devices_of_guests),
		ON_TREE(test_open_files),
		ON_TREE(test_data_in_files),
		ON_TREE(test_guests_part),
		ON_TREE(test_no_init),
		ON_TREE(test_keys_and_password),
		ON_TREE(test_wrong_keys_and_passwords),
		ON_TREE(test_links_lead_nowhere_outside),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_signals),
	};

	mkroot_prepare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

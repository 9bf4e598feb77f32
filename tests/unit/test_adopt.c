/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `virtuos adopt`: its command line, what it reads, and that its changes can be taken back after
 * an end at any step. Runs as a whole are in tests/system/test_adopt.py.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "../../dom0-tools/mkroot/adopt.h"
#include "../../dom0-tools/mkroot/record.h"
#include "hosttree.h"

#define PARSE(o, ...) parse(o, (const char *const[]){ "adopt", __VA_ARGS__, NULL })
#define KILLED	9
#define MOST_STEPS	500

static char said[4096];
static long steps = -1;		/* that are left to this process; below zero: any number */

/* In place of log.c's. */
void vd_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void vd_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

/* Each call that changes files, but for a write; the linker has them come here (--wrap). */
static void step(void)
{
	if (!steps)
		_exit(KILLED);
	steps--;
}

#define WRAP(name, params, args)			\
	int __real_##name params;			\
	int __wrap_##name params;			\
	int __wrap_##name params			\
	{						\
		step();					\
		return __real_##name args;		\
	}

WRAP(linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
WRAP(renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
WRAP(unlinkat, (int dir, const char *name, int flags), (dir, name, flags))
WRAP(mkdirat, (int dir, const char *name, mode_t mode), (dir, name, mode))
WRAP(symlinkat, (const char *target, int dir, const char *name), (target, dir, name))
WRAP(fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(syncfs, (int fd), (fd))

/* Before the bytes are there, and after it. */
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
	ssize_t n;

	step();
	n = __real_write(fd, bytes, len);
	step();
	return n;
}

static bool parse(struct adopt_options *o, const char *const *words)
{
	union { const char *const *in; char **out; } argv = { words };
	int argc = 0;

	while (words[argc])
		argc++;
	return mkroot_adopt_parse(o, argc, argv.out);
}

static void test_command_line(void **state)
{
	struct adopt_options o;

	(void)state;
	assert_true(PARSE(&o, "/dev/vg0/x"));
	assert_string_equal(o.image, "/dev/vg0/x");
	assert_string_equal(o.parts, "/usr/lib/virtuos");
	assert_false(o.undo);
	assert_true(PARSE(&o, "--partition", "2", "--undo", "--force", "--parts", "p", "--", "--undo"));
	assert_int_equal(o.partition, 2);
	assert_true(o.undo && o.force);
	assert_string_equal(o.image, "--undo");
}

static void test_wrong_command_lines(void **state)
{
	static const char *const wrong[][3] = {
		{ "x", "--partition", NULL }, { "x", "--partition", "0" }, { "x", "--partition", "-1" },
		{ "x", "--partition", "1x" }, { "x", "--partition", "129" }, { "x", "--partition", "" },
		{ "x", "--partition", "18446744073709551617" }, { "x", "y", NULL }, { "x", "--force", NULL },
		{ "x", "--parts", "" }, { "--undo", NULL, NULL }, { "", NULL, NULL }, { "x", "--size", "1G" },
	};
	struct adopt_options o;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		*said = 0;
		if (PARSE(&o, wrong[i][0], wrong[i][1], wrong[i][2]))
			fail_msg("%s %s was taken", wrong[i][0], wrong[i][1]);
		assert_true(*said);
	}
}

static void test_partitions(void **state)
{
	struct adopt_partition p[ADOPT_MOST_PARTITION];
	char many[8192] = "";
	int i;

	(void)state;
	assert_int_equal(mkroot_adopt_partitions("", p), 0);
	assert_int_equal(mkroot_adopt_partitions("1 2048 100 0x83\n14 4096 8 4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709\n",
						 p), 2);
	assert_int_equal(p[0].at, 2048 * 512);
	assert_int_equal(p[0].size, 100 * 512);
	assert_false(p[0].is_root);
	assert_int_equal(p[1].number, 14);
	assert_true(p[1].is_root);
	assert_int_equal(mkroot_adopt_partitions("partx: no\n", p), -1);
	assert_int_equal(mkroot_adopt_partitions("1 18014398509481984 1 0x83\n", p), -1);
	assert_int_equal(mkroot_adopt_partitions("1 18014398509481983 18014398509481983 0x83\n", p), -1);
	for (i = 0; i <= ADOPT_MOST_PARTITION; i++)
		strcat(many, "1 2048 100 0x83\n");
	assert_int_equal(mkroot_adopt_partitions(many, p), -1);
}

static void expect_table(const char *text, const char *want, const char *want_lost)
{
	char lost[64], *got = mkroot_adopt_table(text, lost, NULL);

	assert_non_null(got);
	assert_string_equal(got, want);
	assert_string_equal(lost, want_lost);
	free(got);
}

static void test_file_system_tables(void **state)
{
	(void)state;
	expect_table("", "", "");
	expect_table("# UUID=1 / ext4\n\n \t\ntmpfs /tmp tmpfs\n", "# UUID=1 / ext4\n\n \t\ntmpfs /tmp tmpfs\n", "");
	expect_table(" UUID=1\t/ ext4", "# virtuos adopt:  UUID=1\t/ ext4", "");
	expect_table("\"LABEL=a b\" /srv ext4\n", "# virtuos adopt: \"LABEL=a b\" /srv ext4\n", "");
	expect_table("srv:/x /x nfs4\nhost /y virtiofs\n",
		     "# virtuos adopt: srv:/x /x nfs4\n# virtuos adopt: host /y virtiofs\n", "");
	expect_table("/a /usr none bind\n/dev/b /var ext4\n", "/a /usr none bind\n# virtuos adopt: /dev/b /var ext4\n",
		     "/var");
	expect_table("/dev/b\n", "# virtuos adopt: /dev/b\n", "");
}

static void test_encrypted_devices(void **state)
{
	char *text = mkroot_adopt_crypt_table("# none\ndata UUID=7 none\n\n", NULL);

	(void)state;
	assert_string_equal(text, "# none\n# virtuos adopt: data UUID=7 none\n\n");
	free(text);
}

static int open_guest(void)
{
	int fd = open(tree_path("r/etc/."), O_RDONLY | O_DIRECTORY), root = openat(fd, "..", O_RDONLY | O_DIRECTORY);

	close(fd);
	assert_true(root >= 0);
	return root;
}

static void test_network(void **state)
{
	int root;
	char *text = NULL;
	size_t size;
	FILE *f;

	(void)state;
	tree_put("r/etc/network/interfaces", "iface lo inet loopback\nauto ens3\n iface ens3 inet dhcp\n"
					     "iface ens3 inet6 auto\niface e\033[2J inet dhcp\n");
	tree_put("r/etc/systemd/network/a.network", "[Match]\nName=en*\n");
	root = open_guest();
	f = open_memstream(&text, &size);
	mkroot_adopt_network(root, f);
	fclose(f);
	assert_non_null(strstr(text, "/etc/network/interfaces: sets up ens3, e?[2J\n"));
	assert_non_null(strstr(text, "/etc/systemd/network/a.network: sets up en*\n"));
	assert_non_null(strstr(text, "net_address"));
	free(text);
	close(root);
}

/* All that the tests below begin with. */
static void make_root(void)
{
	tree_put("r/etc/fstab", "old\n");
	tree_put("r/etc/keep", "kept\n");
	assert_int_equal(chmod(tree_path("r/etc/fstab"), 0640), 0);
	tree_put("r/var/lib/dpkg/status", "");
	tree_link("r/etc/unit", "/lib/unit");
}

static void plan_all(struct mkroot_plan *p, int root)
{
	*p = (struct mkroot_plan){ .root = root };
	assert_int_equal(mkroot_plan_file(p, "etc/fstab", "new\n", 4, 0), 0);
	assert_int_equal(mkroot_plan_file(p, "usr/lib/virtuos/agent", "A", 1, 0755), 0);
	assert_int_equal(mkroot_plan_link(p, "etc/unit", "/dev/null"), 0);
	assert_int_equal(mkroot_plan_link(p, "etc/wants/unit", "/x"), 0);
}

/* What is in the root file system; a file that is given back is the same inode. */
static void list(char *text, size_t size)
{
	char command[512];
	FILE *f;
	size_t n;

	snprintf(command, sizeof(command), "cd %s/r && find . ! -type d -printf '%%p %%y %%m %%l %%i\\n' | sort; "
		 "find . -type d | sort; cat etc/fstab", tree_root());
	f = popen(command, "r");
	n = fread(text, 1, size - 1, f);
	text[n] = 0;
	pclose(f);
}

static void expect_fstab(int root, const char *want)
{
	char *text = mkroot_read(root, "etc/fstab");

	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
}

static bool never(void)
{
	return false;
}

static void take_back(int root)
{
	static struct mkroot_plan p;
	enum mkroot_record found;

	p.root = root;
	found = mkroot_plan_read(&p);
	assert_int_not_equal(found, MKROOT_BAD_RECORD);
	if (found == MKROOT_NO_RECORD)
		mkroot_plan_tidy(root);
	else
		assert_int_equal(mkroot_plan_undo(&p), 0);
	mkroot_plan_free(&p);
}

static void test_changes_and_back(void **state)
{
	static struct mkroot_plan p;
	char before[4096], after[4096];
	int root;

	(void)state;
	make_root();
	list(before, sizeof(before));
	root = open_guest();
	plan_all(&p, root);
	assert_int_equal(mkroot_plan_do(&p, never), 0);
	mkroot_plan_free(&p);
	assert_int_equal(mkroot_plan_read(&p), MKROOT_DONE);
	assert_int_equal(mkroot_plan_changed(&p), 0);
	expect_fstab(root, "new\n");
	/* All is so already. */
	p.n = 0;
	plan_all(&p, root);
	assert_int_equal(p.n, 0);
	tree_put("r/etc/fstab", "newer\n");
	assert_int_equal(mkroot_plan_read(&p), MKROOT_DONE);
	assert_int_equal(mkroot_plan_changed(&p), 1);
	assert_string_equal(said, "/etc/fstab in the image: was changed since");
	take_back(root);
	list(after, sizeof(after));
	assert_string_equal(before, after);
	close(root);
}

/* Return: whether all was done. */
static bool child_ends(int root, long most, bool back)
{
	static struct mkroot_plan p;
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (!back)
			plan_all(&p, root);
		steps = most;
		if (back)
			take_back(root);
		else
			mkroot_plan_do(&p, never);
		_exit(0);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status) && (!WEXITSTATUS(status) || WEXITSTATUS(status) == KILLED));
	return !WEXITSTATUS(status);
}

static void test_ended_at_any_step(void **state)
{
	static struct mkroot_plan p;
	char before[4096], after[4096];
	long n;
	int root;

	(void)state;
	make_root();
	list(before, sizeof(before));
	root = open_guest();
	for (n = 0; n < MOST_STEPS && !child_ends(root, n, false); n++) {
		take_back(root);
		list(after, sizeof(after));
		assert_string_equal(before, after);
	}
	assert_in_range(n, 30, MOST_STEPS - 1);
	take_back(root);
	/* Taking back is ended, too, and done again. */
	for (n = 0; n < MOST_STEPS; n++) {
		plan_all(&p, root);
		assert_int_equal(mkroot_plan_do(&p, never), 0);
		mkroot_plan_free(&p);
		if (child_ends(root, n, true))
			break;
		take_back(root);
		list(after, sizeof(after));
		assert_string_equal(before, after);
	}
	assert_in_range(n, 10, MOST_STEPS - 1);
	close(root);
}

static void expect_record(const char *text, enum mkroot_record want)
{
	static struct mkroot_plan p;

	tree_put("r/" MKROOT_ADOPTED "/record", text);
	p.root = open_guest();
	assert_int_equal(mkroot_plan_read(&p), want);
	close(p.root);
}

static void test_hostile_records(void **state)
{
	char *many = calloc(1, 16384);
	int i;

	(void)state;
	make_root();
	expect_record("virtuos adopt 1\n", MKROOT_HALF_DONE);
	expect_record("virtuos adopt 1\nwas 12 etc/fstab\ndir 0 etc/..a\n", MKROOT_HALF_DONE);
	expect_record("", MKROOT_BAD_RECORD);
	expect_record("virtuos adopt 2\n", MKROOT_BAD_RECORD);
	expect_record("virtuos adopt 1\nwas 12 etc/fstab", MKROOT_BAD_RECORD);
	expect_record("virtuos adopt 1\nwas 12 ../etc/passwd\n", MKROOT_BAD_RECORD);
	expect_record("virtuos adopt 1\nnew 12 etc/../../x\n", MKROOT_BAD_RECORD);
	expect_record("virtuos adopt 1\nnew 12 /etc/x\n", MKROOT_BAD_RECORD);
	expect_record("virtuos adopt 1\nold 12 etc/x\n", MKROOT_BAD_RECORD);
	expect_record("virtuos adopt 1\nnew 12\n", MKROOT_BAD_RECORD);
	strcpy(many, "virtuos adopt 1\n");
	for (i = 0; i <= MKROOT_MOST_CHANGES; i++)
		strcat(many, "new 1 etc/x\n");
	expect_record(many, MKROOT_BAD_RECORD);
	free(many);
}

/* The record's own folder may lead anywhere; what is removed must be below the root. */
static void test_links_lead_nowhere_outside(void **state)
{
	static struct mkroot_plan p;
	int root;

	(void)state;
	make_root();
	tree_put("outside/x", "mine");
	tree_link("r/etc/out", "../../outside");
	tree_put("r/" MKROOT_ADOPTED "/record", "virtuos adopt 1\nnew 1 etc/out/x\nwas 1 etc/out/y\n");
	tree_put("r/" MKROOT_ADOPTED "/1", "saved");
	p.root = root = open_guest();
	assert_int_equal(mkroot_plan_read(&p), MKROOT_HALF_DONE);
	assert_int_equal(mkroot_plan_undo(&p), -1);
	assert_int_equal(mkdirat(root, "outside", 0755), 0);
	take_back(root);
	assert_int_equal(access(tree_path("r/outside/y"), F_OK), 0);
	assert_int_equal(access(tree_path("outside/x"), F_OK), 0);
	assert_int_not_equal(access(tree_path("outside/y"), F_OK), 0);
	close(root);
}

/* They would pass for what had a name before. */
static void test_strangers_among_what_is_kept(void **state)
{
	static struct mkroot_plan p;
	int root;

	(void)state;
	make_root();
	tree_put("r/" MKROOT_ADOPTED "/0", "evil");
	root = open_guest();
	plan_all(&p, root);
	assert_int_equal(mkroot_plan_do(&p, never), -1);
	mkroot_plan_free(&p);
	expect_fstab(root, "old\n");
	close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_line),
		cmocka_unit_test(test_wrong_command_lines),
		cmocka_unit_test(test_partitions),
		cmocka_unit_test(test_file_system_tables),
		cmocka_unit_test(test_encrypted_devices),
		ON_TREE(test_network),
		ON_TREE(test_changes_and_back),
		ON_TREE(test_ended_at_any_step),
		ON_TREE(test_hostile_records),
		ON_TREE(test_links_lead_nowhere_outside),
		ON_TREE(test_strangers_among_what_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

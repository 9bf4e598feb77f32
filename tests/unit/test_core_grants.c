/* SPDX-License-Identifier: MIT */
/*
 * How many pages may be granted, and that one service cannot take another's place in the
 * grant table (linux-patches/new/virtuos/core/grants.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct kernel_param;
struct kernel_param_ops {
	int (*get)(char *buf, const struct kernel_param *kp);
};

#define module_param_cb(name, ops, arg, mode) const void *param_##name = ops
#define MODULE_PARM_DESC(name, text) struct unused_##name
#define sysfs_emit(buf, ...)	sprintf(buf, __VA_ARGS__)
#define XEN_PAGE_SIZE		4096u

struct grant_entry_v1 {
	u64 entry;
};

static unsigned int gnttab_max_grant_frames(void)
{
	return 64;
}

#include "grants.c"

#define TABLE	(64u * 512u)
#define LINK	1000u

static struct vos_session net, disk;

static int set_up(void **state)
{
	(void)state;
	memset(&net, 0, sizeof(net));
	memset(&disk, 0, sizeof(disk));
	vos_grants_keep(&net, LINK);
	vos_grants_keep(&disk, LINK);
	return 0;
}

/* Everything was given back. */
static int tear_down(void **state)
{
	(void)state;
	vos_grants_release(&net, VOS_AREA_LINK, net.pages.in_links);
	vos_grants_release(&net, VOS_AREA_CHANNEL, net.pages.in_channels);
	vos_grants_release(&disk, VOS_AREA_LINK, disk.pages.in_links);
	vos_grants_release(&disk, VOS_AREA_CHANNEL, disk.pages.in_channels);
	vos_grants_keep(&net, 0);
	vos_grants_keep(&disk, 0);
	assert_int_equal(in_links + in_channels + kept, 0);
	return 0;
}

/* Until there are no more. Return: how many there were. */
static u32 take(struct vos_session *s, enum vos_area_use use, u32 pages)
{
	u32 n = 0;

	while (!vos_grants_reserve(s, use, pages))
		n++;
	return n;
}

static void shown(char *buf)
{
	show_granted(buf, NULL);
}

static void one_that_keeps_its_links_pages_keeps_only_itself_away(void **state)
{
	(void)state;
	assert_int_equal(take(&net, VOS_AREA_LINK, LINK), 2);
	assert_int_equal(take(&disk, VOS_AREA_LINK, LINK), 2);
	vos_grants_release(&net, VOS_AREA_LINK, LINK - 1);
	assert_int_equal(take(&net, VOS_AREA_LINK, LINK), 0);
	vos_grants_release(&net, VOS_AREA_LINK, 1);
	assert_int_equal(take(&net, VOS_AREA_LINK, LINK), 1);
}

static void channels_leave_room_for_the_links_of_all(void **state)
{
	u32 n;

	(void)state;
	n = take(&net, VOS_AREA_CHANNEL, 70);
	assert_in_range(n * 70, TABLE / 2, TABLE * 3 / 4);
	n += take(&disk, VOS_AREA_CHANNEL, 70);
	assert_true(n * 70 + 4 * LINK <= TABLE - TABLE / OTHERS);
	assert_int_equal(take(&net, VOS_AREA_LINK, LINK), 2);
	assert_int_equal(take(&disk, VOS_AREA_LINK, LINK), 2);
}

static void channels_of_one_leave_some_for_the_other(void **state)
{
	(void)state;
	take(&disk, VOS_AREA_CHANNEL, 134);
	assert_true(take(&net, VOS_AREA_CHANNEL, 70) > 50);
}

static void what_is_larger_than_the_table_is_refused(void **state)
{
	(void)state;
	assert_int_equal(vos_grants_reserve(&net, VOS_AREA_CHANNEL, UINT32_MAX), -ENOSPC);
	assert_int_equal(vos_grants_reserve(&net, VOS_AREA_LINK, UINT32_MAX), -ENOSPC);
	vos_grants_keep(&net, TABLE);
	assert_int_equal(vos_grants_reserve(&net, VOS_AREA_CHANNEL, 1), -ENOSPC);
}

static void the_sum_is_shown(void **state)
{
	char buf[32];

	(void)state;
	vos_grants_reserve(&net, VOS_AREA_LINK, LINK);
	vos_grants_reserve(&disk, VOS_AREA_CHANNEL, 7);
	shown(buf);
	assert_string_equal(buf, "1007\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_that_keeps_its_links_pages_keeps_only_itself_away),
		TEST(channels_leave_room_for_the_links_of_all),
		TEST(channels_of_one_leave_some_for_the_other),
		TEST(what_is_larger_than_the_table_is_refused),
		TEST(the_sum_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `virtuos scan` on prepared hosts: directories that look like their sysfs, procfs and /dev. Which
 * devices can be handed over, and that what is proposed is a configuration.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../dom0-tools/config/config.h"
#include "../../dom0-tools/hw/hw.h"
#include "hosttree.h"

#define BRIDGE_A	"0000:00:1c.0"
#define NIC_A		"0000:03:00.0"
#define NIC_B		"0000:03:00.1"
#define NIC_C		"0000:04:00.0"
#define DISK_A		"0000:00:1f.2"
#define DISK_B		"0000:05:00.0"

/* Two cards, one of two ports, and two controllers; dom0 has the usual and no more. */
static void rich_host(void)
{
	tree_device(BRIDGE_A, "pci0000:00", "0x060400", "pcieport");
	tree_device(NIC_A, "pci0000:00/" BRIDGE_A, "0x020000", "igb");
	tree_device(NIC_B, "pci0000:00/" BRIDGE_A, "0x020000", "igb");
	tree_device(NIC_C, "pci0000:00", "0x020000", "e1000e");
	tree_device(DISK_A, "pci0000:00", "0x010601", "ahci");
	tree_device(DISK_B, "pci0000:00", "0x010802", "nvme");
	tree_net("eth0", NIC_A, NULL);
	tree_net("eth1", NIC_B, NULL);
	tree_net("eth2", NIC_C, NULL);
	tree_disk("sda", "8:0", DISK_A);
	tree_part("sda", "sda1", "8:1", DISK_A);
	tree_disk("nvme0n1", "259:0", DISK_B);
	tree_put("proc/net/route", "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
		 "eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
	tree_put("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		 "23 22 0:5 / /proc rw - proc proc rw\n");
}

static void expect_refused(const struct hw *h, const char *bdf, const char *expected)
{
	const struct hw_device *d = hw_find(h, bdf);
	char why[HW_WHY];

	assert_non_null(d);
	assert_int_equal(hw_refusal(h, d, why), *expected != 0);
	assert_string_equal(why, expected);
}

static const struct hw_forced nothing;

static const char *chosen(const struct hw *h, enum hw_kind kind)
{
	const struct hw_device *d = hw_choose(h, kind, &nothing);

	return d ? d->bdf : "none";
}

/* The text of the proposal, which must be a configuration: to be freed, as *@c. */
static char *propose(const struct hw *h, const struct hw_forced *forced, struct vd_config **c)
{
	struct hw_proposal p = {
		.nic = hw_choose(h, HW_NIC, forced), .disk = hw_choose(h, HW_DISK, forced),
		.mac = { 0, 0x16, 0x3e, 1, 2, 3 },
	};
	char *text = NULL, err[VD_ERR_MAX] = "";
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	hw_write_config(h, &p, f);
	fclose(f);
	*c = vd_config_parse("proposed", text, len, err);
	assert_string_equal(err, "");
	assert_non_null(*c);
	return text;
}

static void what_dom0_lives_on_is_refused(void **state)
{
	struct vd_config *c;
	struct hw h;
	char *text;

	(void)state;
	rich_host();
	assert_int_equal(hw_read(&h, tree_root()), 0);
	expect_refused(&h, NIC_A, "domain 0 uses it: default route (eth0)");
	expect_refused(&h, NIC_B, "shares its slot with " NIC_A ", which is in use: default route (eth0)");
	expect_refused(&h, NIC_C, "");
	expect_refused(&h, DISK_A, "domain 0 uses it: / (sda1)");
	expect_refused(&h, DISK_B, "");
	text = propose(&h, &nothing, &c);
	assert_int_equal(c->service[0].n_pci, 1);
	assert_int_equal(c->service[0].pci[0].bus, 4);
	assert_int_equal(c->service[1].n_pci, 1);
	assert_int_equal(c->service[1].pci[0].bus, 5);
	assert_string_equal(c->service[1].device, "/dev/nvme0n1");
	assert_null(strstr(text, "--force"));
	free(text);
	vd_config_free(c);
	hw_free(&h);
}

static void force_takes_it_and_says_so(void **state)
{
	const char *const bdf[] = { NIC_A, DISK_A };
	const struct hw_forced forced = { .bdf = bdf, .n = 2 };
	struct vd_config *c;
	struct hw h;
	char *text;

	(void)state;
	rich_host();
	assert_int_equal(hw_read(&h, tree_root()), 0);
	text = propose(&h, &forced, &c);
	assert_non_null(strstr(text, "net_pci = [ \"" NIC_A "\" ]"));
	assert_non_null(strstr(text, "storage_pci = [ \"" DISK_A "\" ]"));
	assert_non_null(strstr(text, "storage_device = \"/dev/sda\""));
	assert_non_null(strstr(text, "# Taken by --force, though domain 0 uses it: / (sda1)."));
	free(text);
	vd_config_free(c);
	hw_free(&h);
}

/* One card below a bridge, one disk with an LVM volume group. */
static void poor_host(void)
{
	tree_device(NIC_C, "pci0000:00", "0x020000", "e1000e");
	tree_device(DISK_A, "pci0000:00", "0x010601", "ahci");
	tree_net("eth0", NIC_C, NULL);
	tree_net("br-lan", NULL, "eth0");
	tree_put("sys/class/net/br-lan/bridge/bridge_id", "1\n");
	tree_disk("sda", "8:0", DISK_A);
	tree_part("sda", "sda2", "8:2", DISK_A);
	tree_volume("dm-0", "253:0", "sda2", "LVM-x", "my--vg-root");
	tree_put("proc/net/route", "br-lan\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
	tree_put("proc/self/mountinfo", "22 1 253:0 / / rw - ext4 /dev/mapper/x rw\n");
}

static void one_card_and_one_disk_stay(void **state)
{
	struct vd_config *c;
	struct hw h;
	char *text;

	(void)state;
	poor_host();
	assert_int_equal(hw_read(&h, tree_root()), 0);
	expect_refused(&h, NIC_C, "domain 0 uses it: default route (eth0), part of br-lan (eth0)");
	expect_refused(&h, DISK_A, "domain 0 uses it: / (sda2)");
	text = propose(&h, &nothing, &c);
	assert_int_equal(c->service[0].n_vif, 1);
	assert_string_equal(c->service[0].vif[0].bridge, "br-lan");
	assert_int_equal(c->service[1].n_disk, 1);
	assert_string_equal(c->service[1].disk[0].pdev_path, "/dev/my-vg/virtuos");
	assert_string_equal(c->service[1].device, "/dev/xvda");
	free(text);
	vd_config_free(c);
	hw_free(&h);
}

static void without_lvm_it_is_an_image_file(void **state)
{
	struct vd_config *c;
	struct hw h;
	char *text;

	(void)state;
	assert_int_equal(hw_read(&h, tree_root()), 0);
	assert_int_equal(h.n, 0);
	text = propose(&h, &nothing, &c);
	assert_string_equal(c->service[1].disk[0].pdev_path, "/var/lib/virtuos/root.img");
	assert_string_equal(c->service[0].vif[0].bridge, "xenbr0");
	assert_non_null(strstr(text, "There is no bridge yet"));
	free(text);
	vd_config_free(c);
	hw_free(&h);
}

static void volumes_and_swap_lead_to_disks(void **state)
{
	struct hw h;

	(void)state;
	tree_device(DISK_A, "pci0000:00", "0x010601", "ahci");
	tree_device(DISK_B, "pci0000:00", "0x010601", "ahci");
	tree_device(NIC_A, "pci0000:00", "0x010700", "mpt3sas");
	tree_disk("sda", "8:0", DISK_A);
	tree_disk("sdb", "8:16", DISK_B);
	tree_disk("sdc", "8:32", NIC_A);
	/* a volume on a RAID's partition; a swap on another disk; btrfs, whose number is none */
	tree_volume("md0", "9:0", "sda", "", "");
	tree_part("md0", "md0p1", "259:7", NULL);
	tree_volume("dm-0", "253:0", "md0p1", "LVM-y", "vg-home");
	tree_put("proc/self/mountinfo", "22 1 253:0 / /home\\040of\\040all rw - ext4 /dev/mapper/x rw\n"
		 "23 1 0:31 / /btr rw shared:1 - btrfs /dev/disk/by-label/b rw\n");
	tree_link("dev/disk/by-label/b", "../../sdc");
	tree_put("proc/swaps", "Filename Type Size Used Priority\n/dev/sdb partition 1 0 -2\n");
	assert_int_equal(hw_read(&h, tree_root()), 0);
	assert_string_equal(hw_find(&h, DISK_A)->use, "/home of all (sda)");
	assert_string_equal(hw_find(&h, DISK_B)->use, "swap (sdb)");
	assert_string_equal(hw_find(&h, NIC_A)->use, "/btr (sdc)");
	assert_string_equal(h.volume_group, "vg");
	hw_free(&h);
}

static void a_shared_nvme_has_all_its_controllers(void **state)
{
	struct hw h;

	(void)state;
	tree_device(DISK_A, "pci0000:00", "0x010802", "nvme");
	tree_device(DISK_B, "pci0000:00", "0x010802", "nvme");
	tree_link("sys/class/block/nvme0n1", "../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1");
	tree_link("sys/dev/block/259:0", "../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1");
	tree_link("sys/class/nvme-subsystem/nvme-subsys0/nvme0",
		  "../../../pci0000:00/" DISK_A "/nvme/nvme0");
	tree_link("sys/class/nvme-subsystem/nvme-subsys0/nvme1",
		  "../../../pci0000:00/" DISK_B "/nvme/nvme1");
	tree_put("proc/self/mountinfo", "22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n");
	assert_int_equal(hw_read(&h, tree_root()), 0);
	assert_string_equal(hw_find(&h, DISK_A)->use, "/ (nvme0n1)");
	assert_string_equal(hw_find(&h, DISK_B)->use, "/ (nvme0n1)");
	hw_free(&h);
}

static void devices_that_hang_together_go_together(void **state)
{
	static const char root_port[256] = { [6] = 0x10, [0x34] = 0x40, [0x40] = 0x10, [0x42] = 0x42 };
	static const char to_pci[256] = { [6] = 0x10, [0x34] = 0x40, [0x40] = 0x01, [0x41] = 0x50,
					  [0x50] = 0x10, [0x52] = 0x72 };
	struct hw h;

	(void)state;
	tree_device("0000:00:1c.0", "pci0000:00", "0x060400", "pcieport");
	tree_bytes("sys/devices/pci0000:00/0000:00:1c.0/config", root_port, sizeof(root_port));
	tree_device("0000:00:1d.0", "pci0000:00", "0x060400", "");
	tree_bytes("sys/devices/pci0000:00/0000:00:1d.0/config", to_pci, sizeof(to_pci));
	tree_device("0000:06:00.0", "pci0000:00/0000:00:1c.0", "0x020000", "");
	tree_device("0000:06:01.0", "pci0000:00/0000:00:1c.0", "0x040300", "snd");
	tree_device("0000:07:00.0", "pci0000:00/0000:00:1d.0", "0x020000", "");
	tree_device("0000:07:01.0", "pci0000:00/0000:00:1d.0", "0x040300", "snd");
	tree_device("0000:08:00.0", "pci0000:00", "0x020000", "");
	tree_device("0000:09:00.0", "pci0000:00", "0x0c0330", "xhci_hcd");
	tree_link("sys/devices/pci0000:00/0000:08:00.0/iommu_group", "../../kernel/iommu_groups/7");
	tree_link("sys/devices/pci0000:00/0000:09:00.0/iommu_group", "../../kernel/iommu_groups/7");
	tree_device("0000:0a:00.0", "pci0000:00", "0x010601", "ahci");
	tree_device("0000:0b:00.0", "pci0000:00", "0x020000", "");
	tree_remove("sys/devices/pci0000:00/0000:0b:00.0/reset");
	tree_device("0000:0c:00.0", "pci0000:00", "0x020000", "ixgbe");
	tree_put("sys/devices/pci0000:00/0000:0c:00.0/sriov_numvfs", "4\n");
	assert_int_equal(hw_read(&h, tree_root()), 0);
	expect_refused(&h, "0000:06:00.0", "");
	expect_refused(&h, "0000:07:00.0",
		       "shares its conventional PCI bridge with 0000:07:01.0, which is in use: snd");
	expect_refused(&h, "0000:08:00.0",
		       "shares its IOMMU group with 0000:09:00.0, which is in use: xhci_hcd");
	expect_refused(&h, "0000:0a:00.0", "no disk is on it");
	expect_refused(&h, "0000:0b:00.0", "it cannot be reset, so it cannot be handed over safely");
	expect_refused(&h, "0000:0c:00.0", "domain 0 uses it: 4 virtual functions");
	assert_string_equal(chosen(&h, HW_NIC), "0000:06:00.0");
	assert_string_equal(chosen(&h, HW_DISK), "none");
	snprintf(hw_find(&h, "0000:06:00.0")->domain, HW_NAME, "12");
	expect_refused(&h, "0000:06:00.0", "domain 12 has it");
	hw_free(&h);
}

static void nonsense_is_read_past(void **state)
{
	static const char circle[256] = { [6] = 0x10, [0x34] = 0x40, [0x40] = 0x01, [0x41] = 0x40 };
	struct hw h;

	(void)state;
	tree_device(BRIDGE_A, "pci0000:00", "0x060400", "");
	tree_bytes("sys/devices/pci0000:00/" BRIDGE_A "/config", circle, sizeof(circle));
	tree_device(NIC_A, "pci0000:00/" BRIDGE_A, "0x02xyz", "");
	tree_device(NIC_C, "pci0000:00/" BRIDGE_A, "0x020000", "");
	tree_put("sys/bus/pci/devices/no\033bdf/class", "0x020000\n");
	tree_volume("dm-0", "253:0", "dm-7", "LVM-", "-b");
	tree_put("proc/net/route", "a 00000000 0 0 0 0 0 00000000\n\n a\n\xff\n");
	tree_put("proc/net/ipv6_route", "0 0\n");
	tree_put("proc/self/mountinfo", "\n1\n1 2 3\n1 2 253:0 / /\\7 rw - \n1 2 253:0 / /x rw -\n"
		 "1 2 ../..:0 / / rw - a /dev/../../x\n1 2 253:1 / /y rw\n1 2 0:0 / /z rw - f");
	tree_put("proc/swaps", "\n/dev/dm-0\n/dev/\\400\n");
	assert_int_equal(hw_read(&h, tree_root()), 0);
	assert_int_equal(h.n, 3);
	assert_string_equal(h.volume_group, "");
	hw_free(&h);
}

/* What cannot be found out must not pass for unused. */
static void what_cannot_be_read_is_an_error(void **state)
{
	struct hw h;

	(void)state;
	assert_int_equal(hw_read(&h, "/nowhere/at/all"), -1);
	assert_int_equal(errno, ENOENT);
	tree_volume("dm-0", "253:0", "dm-1", "", "");
	tree_volume("dm-1", "253:1", "dm-0", "", "");
	tree_put("proc/self/mountinfo", "1 2 253:0 / /x rw - ext4 /dev/dm-0 rw\n");
	assert_int_equal(hw_read(&h, tree_root()), -1);
	assert_int_equal(errno, ELOOP);
	tree_remove("proc/self/mountinfo");
	assert_int_equal(hw_read(&h, tree_root()), -1);
	assert_int_equal(errno, ENOENT);
}

static void interfaces_in_circles_are_an_error(void **state)
{
	struct hw h;

	(void)state;
	tree_net("a", NULL, NULL);
	tree_net("b", NULL, "a");
	tree_put("sys/class/net/a/lower_b", "");
	tree_put("proc/net/route", "a 00000000 0 0 0 0 0 00000000\n");
	assert_int_equal(hw_read(&h, tree_root()), -1);
	assert_int_equal(errno, ELOOP);
}

static void hostile_names_stay_in_comments(void **state)
{
	struct vd_config *c;
	struct hw h;
	char *text;

	(void)state;
	tree_device(NIC_C, "pci0000:00", "0x020000", "x\"\ny\033");
	tree_net("eth\n\"0", NIC_C, NULL);
	tree_device(DISK_A, "pci0000:00", "0x010601", "ahci");
	tree_disk("sda", "8:0", DISK_A);
	tree_disk("sd\n]\"", "8:16", DISK_A);
	tree_net("br\" ]\nx", NULL, "eth\n\"0");
	tree_put("sys/class/net/br\" ]\nx/bridge/id", "");
	tree_volume("dm-0", "253:0", "sda", "LVM-z", "v\"g-x");
	assert_int_equal(hw_read(&h, tree_root()), 0);
	assert_string_equal(h.net_bridge, "");
	text = propose(&h, &nothing, &c);
	assert_null(strchr(text, '\033'));
	free(text);
	vd_config_free(c);
	hw_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TREE(what_dom0_lives_on_is_refused),
		ON_TREE(force_takes_it_and_says_so),
		ON_TREE(one_card_and_one_disk_stay),
		ON_TREE(without_lvm_it_is_an_image_file),
		ON_TREE(volumes_and_swap_lead_to_disks),
		ON_TREE(a_shared_nvme_has_all_its_controllers),
		ON_TREE(devices_that_hang_together_go_together),
		ON_TREE(nonsense_is_read_past),
		ON_TREE(what_cannot_be_read_is_an_error),
		ON_TREE(interfaces_in_circles_are_an_error),
		ON_TREE(hostile_names_stay_in_comments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

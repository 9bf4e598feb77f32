/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `virtuos check`: each mistake of a first evening, on a prepared host, and the line that it gets.
 * Image files are made by mke2fs. What only Xen can tell is in tests/system/test_scan.py.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../dom0-tools/cli/check.h"
#include "hosttree.h"

#define CONFIG \
	"services = [ \"net\", \"storage\" ]\n" \
	"net_role = \"network\"\n" \
	"storage_role = \"storage\"\n" \
	"storage_device = \"/dev/xvda\"\n"

static char said[4096];		/* the lines of check_good() and check_lack() */

static void say(const char *begin, const char *fmt, va_list ap)
{
	size_t at = strlen(said);

	at += (size_t)snprintf(said + at, sizeof(said) - at, "%s", begin);
	at += (size_t)vsnprintf(said + at, sizeof(said) - at, fmt, ap);
	assert_true(at + 2 < sizeof(said));
	strcat(said, "\n");
}

void check_good(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("ok ", fmt, ap);
	va_end(ap);
}

void check_lack(const char *remedy, const char *fmt, ...)
{
	va_list ap;

	assert_true(strlen(remedy) > 10);
	va_start(ap, fmt);
	say("LACKS ", fmt, ap);
	va_end(ap);
}

static void expect(const char *lines)
{
	assert_string_equal(said, lines);
	*said = 0;
}

/* CONFIG and one more line */
static struct vd_config *config(const char *fmt, ...)
{
	char text[2048] = CONFIG, err[VD_ERR_MAX];
	struct vd_config *c;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + strlen(text), sizeof(text) - strlen(text), fmt, ap);
	va_end(ap);
	c = vd_config_parse("t.cfg", text, strlen(text), err);
	if (!c)
		fprintf(stderr, "%s\n", err);
	assert_non_null(c);
	*said = 0;
	return c;
}

static int open_root(void)
{
	return open(tree_root(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void no_iommu(void **state)
{
	int root = open_root();

	(void)state;
	check_no_iommu(root, "dom0_mem=1G iommu=off,verbose");
	expect("LACKS IOMMU: switched off on Xen's command line\n");
	check_no_iommu(root, "iommu=verbose");
	expect("LACKS IOMMU: the firmware tells of none\n");
	tree_put("sys/firmware/acpi/tables/DMAR", "");
	check_no_iommu(root, "iommu=0 iommu=on");
	expect("LACKS IOMMU: there is one, but Xen does not use it\n");
	close(root);
}

static void grant_frames_too_few(void **state)
{
	struct vd_config *c = config("");

	(void)state;
	check_xen_options(c, "gnttab_max_frames=128 gnttab_max_frames=16", true);
	expect("LACKS grant table: 16 frames, 32 needed\n");
	check_xen_options(c, "xgnttab_max_frames=1", true);
	expect("ok grant table: 64 frames\n");
	check_xen_options(c, "gnttab_max_frames=", false);
	expect("LACKS grant table: 0 frames, 32 needed\n");
	vd_config_free(c);
}

static void grant_frames_of_the_primary(void **state)
{
	struct vd_config *c = config("primary_max_grant_frames = 100\n");

	(void)state;
	check_xen_options(c, "", true);
	expect("LACKS grant table: primary_max_grant_frames is 100, this Xen gives at most 64\n");
	check_xen_options(c, "gnttab_max_frames=100", true);
	expect("ok grant table: 100 frames\n");
	check_xen_options(c, "gnttab_max_frames=16", false);
	expect("ok grant table: 100 frames\n");
	vd_config_free(c);
	c = config("primary_max_grant_frames = 31\n");
	check_xen_options(c, "", false);
	expect("LACKS grant table: 31 frames, 32 needed\n");
	vd_config_free(c);
}

static void devices_that_cannot_be_had(void **state)
{
	struct vd_config *c;
	struct hw h;

	(void)state;
	tree_device("0000:01:00.0", "pci0000:00", "0x010601", "ahci");
	tree_disk("sda", "8:0", "0000:01:00.0");
	tree_device("0000:02:00.0", "pci0000:00", "0x020000", "igb");
	tree_net("eth0", "0000:02:00.0", NULL);
	tree_device("0000:03:00.0", "pci0000:00", "0x020000", "pciback");
	tree_remove("sys/devices/pci0000:00/0000:03:00.0/reset");
	tree_device("0000:04:00.0", "pci0000:00", "0x020000", "");
	tree_device("0000:04:00.1", "pci0000:00", "0x0c0330", "xhci_hcd");
	tree_device("0000:05:00.0", "pci0000:00", "0x020000", "pciback");
	tree_put("proc/self/mountinfo", "22 1 8:0 / /home rw - ext4 /dev/sda rw\n");
	tree_put("proc/net/route", "eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
	assert_int_equal(hw_read(&h, tree_root()), 0);
	c = config("storage_pci = [ \"01:00.0\" ]\n"
		   "net_pci = [ \"02:00.0\", \"03:00.0\", \"04:00.0\", \"05:00.0\", \"06:00.0\" ]\n");
	snprintf(hw_find(&h, "0000:05:00.0")->domain, HW_NAME, "7");
	check_pci(c, &h, false);
	expect("LACKS net: PCI device 0000:02:00.0: domain 0 uses it: default route (eth0)\n"
	       "LACKS net: PCI device 0000:03:00.0: it cannot be reset, so it cannot be handed over safely\n"
	       "LACKS net: PCI device 0000:04:00.0: shares its slot with 0000:04:00.1, which is in use: xhci_hcd\n"
	       "LACKS net: PCI device 0000:05:00.0: domain 7 has it\n"
	       "LACKS net: PCI device 0000:06:00.0 does not exist\n"
	       "LACKS storage: PCI device 0000:01:00.0: domain 0 uses it: /home (sda)\n");
	vd_config_free(c);
	hw_free(&h);
}

/* A system that is up has its devices. */
static void devices_of_a_system_that_is_up(void **state)
{
	struct vd_config *c = config("net_pci = [ \"05:00.0\" ]\n");
	struct hw h;

	(void)state;
	tree_device("0000:05:00.0", "pci0000:00", "0x020000", "pciback");
	assert_int_equal(hw_read(&h, tree_root()), 0);
	snprintf(hw_find(&h, "0000:05:00.0")->domain, HW_NAME, "7");
	check_pci(c, &h, true);
	expect("ok net: PCI device 0000:05:00.0\n");
	vd_config_free(c);
	hw_free(&h);
}

/* A file of the tree as the storage domain's disk. */
static struct vd_config *config_disk(const char *file)
{
	return config("storage_disk = [ \"format=raw,vdev=xvda,access=rw,target=%s\" ]\n",
		      tree_path(file));
}

/* What is said of the tree's file "image": the path is left out. */
static void expect_of_image(const char *line)
{
	struct vd_config *c = config_disk("image");
	char lines[1024], *at;
	int root = open_root();

	check_disks(c, root);
	at = strstr(said, tree_root());
	if (at)
		memmove(at, at + strlen(tree_root()) + 1, strlen(at + strlen(tree_root()) + 1) + 1);
	snprintf(lines, sizeof(lines), "%s\n", line);
	expect(lines);
	vd_config_free(c);
	close(root);
}

static void disks_that_cannot_be_had(void **state)
{
	char line[1024];

	(void)state;
	expect_of_image("LACKS storage: image: No such file or directory");
	tree_put("image/x", "");
	expect_of_image("LACKS storage: image: is neither a block device nor a file");
	tree_remove("image/x");
	rmdir(tree_path("image"));
	tree_put("image", "no file system");
	expect_of_image("LACKS storage: image: has no ext4 file system");
	snprintf(line, sizeof(line), "%s\n", tree_path("image"));
	tree_put("sys/class/block/loop3/loop/backing_file", line);
	expect_of_image("LACKS storage: image: is in use as /dev/loop3");
}

/* Make "image" of the tree's directory "root". */
static void make_image(void)
{
	char command[1024];

	tree_put("image", "");
	snprintf(command, sizeof(command), "mke2fs -q -F -t ext4 -d %s/root %s/image 2M >/dev/null 2>&1",
		 tree_root(), tree_root());
	assert_int_equal(system(command), 0);
}

static void put_shell(char machine)
{
	char elf[64] = "\177ELF\2\1\1";

	elf[18] = machine;
	tree_bytes("root/usr/bin/dash", elf, sizeof(elf));
}

static void root_file_systems_that_do_not_do(void **state)
{
	(void)state;
	put_shell(62);
	tree_put("root/usr/lib/os-release", "NAME=x\nVERSION_ID=\"12\"\nID=debian\n");
	make_image();
	expect_of_image("LACKS storage: the root file system has no virtuos-agent");
	tree_put("root/usr/lib/virtuos/virtuos-agent", "x");
	make_image();
	expect_of_image("ok storage: root file system with virtuos-agent");
	tree_put("root/usr/lib/os-release", "VERSION_ID=\"11\"\nID=debian\n");
	make_image();
	expect_of_image("LACKS storage: the root file system is Debian 11, 12 is the oldest that is supported");
	put_shell((char)183);
	make_image();
	expect_of_image("LACKS storage: the root file system is for another processor (ELF machine 183)");
}

/* An image of nonsense behind a good magic number. */
static void a_broken_file_system(void **state)
{
	char bytes[4096];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 37);
	memcpy(bytes + 1024 + 56, "\x53\xef", 2);
	tree_bytes("image", bytes, sizeof(bytes));
	expect_of_image("LACKS storage: the root file system has no virtuos-agent");
}

static void addresses_in_use(void **state)
{
	struct vd_config *c = config("net_address = \"127.0.0.1/8\"\n");
	int root = open_root();

	(void)state;
	check_addresses(c, root);
	expect("LACKS net: domain 0 has the address 127.0.0.1\n");
	vd_config_free(c);
	c = config("net_address = \"127.0.0.77/8\"\n");
	tree_put("proc/net/arp", "IP address HW type Flags HW address Mask Device\n"
		 "127.0.0.7 0x1 0x2 00:00:00:00:00:01 * eth0\n"
		 "127.0.0.77 0x1 0x0 00:00:00:00:00:00 * eth0\n");
	check_addresses(c, root);
	expect("ok net: no other machine answers at 127.0.0.77\n");
	tree_put("proc/net/arp", "127.0.0.77 0x1 0x2 00:00:00:00:00:01 * eth0\n");
	check_addresses(c, root);
	expect("LACKS net: another machine has the address 127.0.0.77\n");
	vd_config_free(c);
	c = config("net_address = \"dhcp\"\n");
	check_addresses(c, root);
	expect("");
	vd_config_free(c);
	close(root);
}

static void two_systems_that_want_the_same(void **state)
{
	struct vd_config *a = config("net_address = \"192.0.2.1/24\"\nnet_pci = [ \"05:00.0\" ]\n"
				     "storage_disk = [ \"format=raw,vdev=xvda,access=rw,target=/dev/a/b\" ]\n");
	static const char other[] =
		"primary = \"second\"\nservices = [ \"net2\", \"storage\" ]\nnet2_role = \"network\"\n"
		"net2_address = \"192.0.2.1/16\"\nnet2_pci = [ \"0000:05:00.0\" ]\n"
		"storage_role = \"storage\"\nstorage_device = \"/dev/xvdb\"\n"
		"storage_disk = [ \"format=raw,vdev=xvdb,access=r,target=/dev/a/b\" ]\n";
	char err[VD_ERR_MAX];
	struct vd_config *b = vd_config_parse("other", other, strlen(other), err);

	(void)state;
	assert_non_null(b);
	check_other(a, b);
	expect("LACKS net: PCI device 05:00.0 belongs to net2, which is up\n"
	       "LACKS net: net2, which is up, has the address 192.0.2.1\n"
	       "LACKS storage: another system that is up has a domain of this name\n"
	       "LACKS storage: /dev/a/b belongs to storage, which is up\n");
	vd_config_free(a);
	vd_config_free(b);
}

static void one_disk_on_another_machine(void **state)
{
#define DISK_OF(name) name "_role = \"storage\"\n" name "_address = \"dhcp\"\n" \
	name "_vif = [ \"mac=00:16:3e:00:00:0a\" ]\n" \
	name "_nvme = \"traddr=192.0.2.1,nqn=nqn.2026-11.com.example:disks\"\n"
	static const char one[] = "services = [ \"data\" ]\n" DISK_OF("data"),
		two[] = "primary = \"second\"\nservices = [ \"more\" ]\n" DISK_OF("more");
	char err[VD_ERR_MAX];
	struct vd_config *a = vd_config_parse("one", one, strlen(one), err);
	struct vd_config *b = vd_config_parse("two", two, strlen(two), err);
	int root = open_root();

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	check_disks(a, root);
	expect("ok data: the disk is on another machine, not looked into\n");
	check_other(a, b);
	expect("LACKS data: the disk of data_nvme belongs to more, which is up\n");
	vd_config_free(a);
	vd_config_free(b);
	close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TREE(no_iommu),
		ON_TREE(grant_frames_too_few),
		ON_TREE(grant_frames_of_the_primary),
		ON_TREE(devices_that_cannot_be_had),
		ON_TREE(devices_of_a_system_that_is_up),
		ON_TREE(disks_that_cannot_be_had),
		ON_TREE(root_file_systems_that_do_not_do),
		ON_TREE(a_broken_file_system),
		ON_TREE(addresses_in_use),
		ON_TREE(two_systems_that_want_the_same),
		ON_TREE(one_disk_on_another_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration parser: values, defaults, and the one line that each kind of
 * mistake gets.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../dom0-tools/config/scan.c"
#include "../../dom0-tools/config/values.c"
#include "../../dom0-tools/config/devices.c"
#include "../../dom0-tools/config/domain.c"
#include "../../dom0-tools/config/address.c"
#include "../../dom0-tools/config/cmdline.c"
#include "../../dom0-tools/config/nvme.c"
#include "../../dom0-tools/config/config.c"

/* libxlu forgets values when it meets a syntax error; that is not ours to mend. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:xlu__cfg_string_mk\nleak:xlu__cfgl_dequote\nleak:xlu__cfg_list_mk\n"
	       "leak:xlu__cfg_list_append\nleak:xlu__cfgl_strdup\n";
}

#define MINIMAL \
	"services = [ \"net\", \"storage\" ]\n" \
	"net_role = \"network\"\n" \
	"storage_role = \"storage\"\n" \
	"storage_device = \"/dev/sda\"\n"

static struct vd_config *parse_text(const char *text, char *err)
{
	return vd_config_parse("t.cfg", text, strlen(text), err);
}

/* MINIMAL and @extra must give exactly this error; extra begins in line 5. */
static void expect_error(const char *extra, const char *error)
{
	char text[8192], err[VD_ERR_MAX];
	struct vd_config *c;

	snprintf(text, sizeof(text), MINIMAL "%s", extra);
	c = parse_text(text, err);
	if (c || strcmp(err, error))
		fprintf(stderr, "for: %s\nwant: %s\ngot:  %s\n", extra, error, c ? "ok" : err);
	assert_null(c);
	assert_string_equal(err, error);
	assert_null(strchr(err, '\n'));
}

static struct vd_config *expect_ok(const char *extra)
{
	char text[8192], err[VD_ERR_MAX];
	struct vd_config *c;

	snprintf(text, sizeof(text), MINIMAL "%s", extra);
	c = parse_text(text, err);
	if (!c)
		fprintf(stderr, "for: %s\ngot: %s\n", extra, err);
	assert_non_null(c);
	return c;
}

static void test_defaults(void **state)
{
	struct vd_config *c = expect_ok("");

	(void)state;
	assert_string_equal(c->primary.name, "primary");
	assert_int_equal(c->primary.memory, 512);
	assert_int_equal(c->primary.restart, VD_RESTART_ON_FAILURE);
	assert_false(c->primary.pvh);
	assert_string_equal(c->primary.kernel, "/usr/lib/virtuos/primary/vmlinuz");
	assert_int_equal(c->n_services, 2);
	assert_int_equal(c->service[0].role, VD_ROLE_NETWORK);
	assert_int_equal(c->service[0].memory, 96);
	assert_int_equal(c->service[0].restart, VD_RESTART_ALWAYS);
	assert_string_equal(c->service[0].ramdisk, "/usr/lib/virtuos/network/initrd.img");
	assert_null(c->service[0].ip);
	assert_int_equal(c->service[1].role, VD_ROLE_STORAGE);
	assert_int_equal(c->service[1].memory, 128);
	assert_string_equal(c->service[1].fstype, "ext4");
	assert_int_equal(c->restart_timeout, 30);
	assert_int_equal(c->start_limit_interval, 300);
	assert_int_equal(c->start_limit_burst, 7);
	assert_int_equal(c->restart_max_delay, 60);
	vd_config_free(c);
}

static void test_values(void **state)
{
	struct vd_config *c = expect_ok(
		"primary = 'box'\n"
		"primary_memory = 768; primary_vcpus = 3\n"
		"primary_cpus = \"1-3,^2,700\"\n"
		"primary_max_grant_frames = 256\n"
		"primary_type = \"pvh\" # a comment with \"quotes\" and = signs\n"
		"primary_extra = \"quiet a=b\"\n"
		"net_pci = [ \"0000:00:03.0\",\n\t'04:1f.7,permissive=1' ]\n"
		"net_vif = [ \"mac=00:16:3e:01:02:03, bridge=br0\", \"ip=10.0.0.1\" ]\n"
		"net_address = \"10.0.2.15/24 gw 10.0.2.2\"\n"
		"net_restart = \"on-failure\"\n"
		"storage_disk = [ \"format=raw,vdev=xvda,access=rw,target=/dev/vg/x\" ]\n"
		"storage_fstype = \"xfs\"\n"
		"storage_mountopts = \"noatime,commit=30\"\n"
		"restart_timeout = 5\n"
		"start_limit_interval = 0; start_limit_burst = 64; restart_max_delay = 3");

	(void)state;
	assert_string_equal(c->primary.name, "box");
	assert_int_equal(c->primary.memory, 768);
	assert_int_equal(c->primary.vcpus, 3);
	assert_true(c->primary.pinned);
	assert_int_equal(c->primary.cpumap[0], 0x0a);
	assert_int_equal(c->primary.cpumap[700 / 8], 1 << 700 % 8);
	assert_int_equal(c->primary.grant_frames, 256);
	assert_true(c->primary.pvh);
	assert_int_equal(c->service[0].n_pci, 2);
	assert_int_equal(c->service[0].pci[0].dev, 3);
	assert_int_equal(c->service[0].pci[1].bus, 4);
	assert_int_equal(c->service[0].pci[1].dev, 0x1f);
	assert_int_equal(c->service[0].pci[1].func, 7);
	assert_true(c->service[0].pci[1].permissive);
	assert_int_equal(c->service[0].n_vif, 2);
	assert_int_equal(c->service[0].vif[0].mac[5], 3);
	assert_string_equal(c->service[0].vif[0].bridge, "br0");
	assert_string_equal(c->service[0].ip, "10.0.2.15::10.0.2.2:255.255.255.0:net:eth0:off");
	assert_int_equal(c->service[0].restart, VD_RESTART_ON_FAILURE);
	assert_int_equal(c->service[1].n_disk, 1);
	assert_string_equal(c->service[1].disk[0].vdev, "xvda");
	assert_string_equal(c->service[1].fstype, "xfs");
	assert_int_equal(c->restart_timeout, 5);
	assert_int_equal(c->start_limit_interval, 0);
	assert_int_equal(c->start_limit_burst, 64);
	assert_int_equal(c->restart_max_delay, 3);
	vd_config_free(c);
}

static void test_cmdlines(void **state)
{
	struct vd_config *c = expect_ok("net_address = \"dhcp\"\nnet_extra = \"quiet\"\n"
					"net_features = [ \"wireguard\", \"bridge\" ]\n"
					"storage_mountopts = \"noatime\"\n");
	char buf[VD_CMDLINE_MAX];

	(void)state;
	assert_int_equal(vd_config_cmdline(c, &c->primary, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "console=hvc0 panic=-1 xen_legacy_crash root=virtuosfs:storage rw "
			    "virtuos.restart_timeout=30");
	assert_int_equal(vd_config_cmdline(c, &c->service[0], buf, sizeof(buf)), 0);
	assert_string_equal(buf, "console=hvc0 panic=-1 xen_legacy_crash oops=panic swiotlb=4096 ip=dhcp "
			    "dummy.numdummies=0 fb_tunnels=none virtuos.features=bridge,wireguard quiet");
	assert_int_equal(vd_config_cmdline(c, &c->service[1], buf, sizeof(buf)), 0);
	assert_string_equal(buf, "console=hvc0 panic=-1 xen_legacy_crash oops=panic swiotlb=4096 "
			    "virtuos.disk=/dev/sda virtuos.fstype=ext4 virtuos.mountopts=noatime");
	assert_int_equal(vd_config_cmdline(c, &c->service[1], buf, 20), -1);
	vd_config_free(c);
}

static void test_bad_keys(void **state)
{
	(void)state;
	expect_error("net_memroy = 96\n", "t.cfg:5: net_memroy: unknown key");
	expect_error("\n\nfoo = [ 'a',\n 'b' ]\n", "t.cfg:7: foo: unknown key");
	expect_error("net_memory = 96\nnet_memory = 97\n",
		     "t.cfg:6: net_memory: given twice, first in line 5");
	expect_error("net_pci += [ '00:03.0' ]\n",
		     "t.cfg:5: net_pci: += is not supported, use =");
	expect_error("net_device = '/dev/sda'\n", "t.cfg:5: net_device: unknown key");
	expect_error("net_nvme = 'traddr=192.0.2.1,nqn=nqn.2026-11.org.example'\n",
		     "t.cfg:5: net_nvme: unknown key");
	expect_error("primary_pci = [ '00:03.0' ]\n", "t.cfg:5: primary_pci: unknown key");
}

static void test_bad_numbers(void **state)
{
	(void)state;
	expect_error("net_memory = '96M'\n", "t.cfg:5: net_memory: must be a number");
	expect_error("net_memory = ''\n", "t.cfg:5: net_memory: must be a number");
	expect_error("net_memory = '-1'\n", "t.cfg:5: net_memory: must be a number");
	expect_error("net_memory = 0x60\n", "t.cfg:5: net_memory: must be a number");
	expect_error("net_memory = 31\n", "t.cfg:5: net_memory: must be from 32 to 16777216");
	expect_error("net_memory = 99999999999999999999\n",
		     "t.cfg:5: net_memory: must be from 32 to 16777216");
	expect_error("net_vcpus = 0\n", "t.cfg:5: net_vcpus: must be from 1 to 128");
	expect_error("net_memory = [ 96 ]\n",
		     "t.cfg:5: net_memory: must be a string or a number, not a list");
	expect_error("primary_max_grant_frames = 4097\n",
		     "t.cfg:5: primary_max_grant_frames: must be from 4 to 4096");
	expect_error("restart_timeout = 0\n", "t.cfg:5: restart_timeout: must be from 1 to 3600");
	expect_error("start_limit_burst = 65\n",
		     "t.cfg:5: start_limit_burst: must be from 1 to 64");
	expect_error("restart_max_delay = 0\n",
		     "t.cfg:5: restart_max_delay: must be from 1 to 86400");
}

static void test_bad_strings(void **state)
{
	static const char cpus[] =
		"t.cfg:5: net_cpus: must look like \"2\" or \"0-3,^1,6\"";

	(void)state;
	expect_error("net_restart = 'sometimes'\n",
		     "t.cfg:5: net_restart: must be one of \"always\", \"on-failure\", \"never\"");
	expect_error("primary_type = 'hvm'\n",
		     "t.cfg:5: primary_type: must be one of \"pv\", \"pvh\"");
	expect_error("net_kernel = 'vmlinuz'\n", "t.cfg:5: net_kernel: must be an absolute path");
	expect_error("net_kernel = ''\n", "t.cfg:5: net_kernel: must not be empty");
	expect_error("net_extra = 'a\tb'\n", "t.cfg:5: net_extra: contains a control character");
	expect_error("net_cpus = '1-'\n", cpus);
	expect_error("net_cpus = '3-1'\n", cpus);
	expect_error("net_cpus = '1,,2'\n", cpus);
	expect_error("net_cpus = '1024'\n", cpus);
	expect_error("net_cpus = '99999999999'\n", cpus);
	expect_error("net_cpus = '^1'\n", "t.cfg:5: net_cpus: no CPU is left");
	expect_error("primary = '../x'\n",
		     "t.cfg:5: primary: a domain name is a-z, then a-z, 0-9 or _; at most 31");
	expect_error("net_features = [ 'ipx' ]\n",
		     "t.cfg:5: net_features: \"ipx\" is not a feature; virtuos.cfg(5) lists them");
	expect_error("net_features = 'bridge'\n",
		     "t.cfg:5: net_features: must be a list: [ \"...\", ... ]");
	expect_error("storage_fstype = 'ntfs'\n",
		     "t.cfg:5: storage_fstype: must be one of \"ext4\", \"xfs\", \"btrfs\", \"squashfs\", \"erofs\"");
	expect_error("storage_fstype = 'ext4 x'\n",
		     "t.cfg:5: storage_fstype: must be one of \"ext4\", \"xfs\", \"btrfs\", \"squashfs\", \"erofs\"");
	expect_error("storage_mountopts = 'a b'\n",
		     "t.cfg:5: storage_mountopts: must not contain blanks or quotes");
}

static void test_bad_addresses(void **state)
{
	static const char form[] =
		"t.cfg:5: net_address: must be \"dhcp\" or \"A.B.C.D/N [gw E.F.G.H]\"";

	(void)state;
	expect_error("net_address = '10.0.2.15'\n", form);
	expect_error("net_address = '10.0.2/24'\n", form);
	expect_error("net_address = '10.0.2.15/33'\n", form);
	expect_error("net_address = '10.0.2.15/'\n", form);
	expect_error("net_address = 'fe80::1/64'\n", form);
	expect_error("net_address = '10.0.2.15/24 via 10.0.2.2'\n",
		     "t.cfg:5: net_address: only \"gw ADDRESS\" may follow the address");
	expect_error("net_address = '10.0.2.15/24 gw'\n",
		     "t.cfg:5: net_address: gw must be followed by one IPv4 address");
	expect_error("net_address = '10.0.2.15/24 gw 10.0.2.2 x'\n",
		     "t.cfg:5: net_address: gw must be followed by one IPv4 address");
	expect_error("net_address = '10.0.2.15/24 gw 10.0.3.2'\n",
		     "t.cfg:5: net_address: the gateway is not in the address's network");
}

static void test_bad_devices(void **state)
{
	static const char *const bdfs[] = {
		"0:0:0", "00:20.0", "00:03.8", "00:03", "zz:03.0", "00:03.0x",
		"00000:00:03.0", "00:03.0 ", "0000:00:3.0",
	};
	char line[128], error[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bdfs) / sizeof(bdfs[0]); i++) {
		snprintf(line, sizeof(line), "net_pci = [ '%s' ]\n", bdfs[i]);
		snprintf(error, sizeof(error),
			 "t.cfg:5: net_pci: \"%s\" is not a PCI address such as \"0000:03:00.0\"",
			 bdfs[i]);
		expect_error(line, error);
	}
	expect_error("net_pci = '00:03.0'\n", "t.cfg:5: net_pci: must be a list: [ \"...\", ... ]");
	expect_error("net_pci = [ '00:03.0', '0000:00:03.0' ]\n",
		     "t.cfg:5: net_pci: \"0000:00:03.0\" is given twice");
	expect_error("net_pci = [ '00:03.0' ]\nstorage_pci = [ '00:04.0', '00:03.0' ]\n",
		     "t.cfg:6: storage_pci: entry 2 belongs to net already");
	expect_error("net_pci = [ '00:03.0,frobnicate=1' ]\n",
		     "t.cfg:5: net_pci: bad option in \"00:03.0,frobnicate=1\"");
	expect_error("net_pci = [ [ '00:03.0' ] ]\n", "t.cfg:5: net_pci: entry 1 is not a string");
	expect_error("net_vif = [ 'mac=01:00:00:00:00:00' ]\n",
		     "t.cfg:5: net_vif: bad option \"mac=01:00:00:00:00:00\" (known: mac, bridge, script, ip, vifname, backend)");
	expect_error("net_vif = [ 'colour=red' ]\n",
		     "t.cfg:5: net_vif: bad option \"colour=red\" (known: mac, bridge, script, ip, vifname, backend)");
	expect_error("net_disk = [ 'format=raw,vdev=xvda,target=/x' ]\n",
		     "t.cfg:5: net_disk: a network domain takes no disks");
	expect_error("storage_disk = [ 'nonsense=1' ]\n",
		     "t.cfg:5: storage_disk: \"nonsense=1\" is not a disk specification (man xl-disk-configuration)");
}

static void check_error(const char *text, const char *error)
{
	char err[VD_ERR_MAX];

	assert_null(parse_text(text, err));
	assert_string_equal(err, error);
}

static void test_services(void **state)
{
	(void)state;
	check_error("", "t.cfg: services: missing or empty: name at least one service domain");
	check_error("services = [ ]\n",
		    "t.cfg:1: services: missing or empty: name at least one service domain");
	check_error("services = [ 'a', 'a' ]\n", "t.cfg:1: services: \"a\" is given twice");
	check_error("services = [ 'primary' ]\n", "t.cfg:1: services: \"primary\" is the primary's name");
	check_error("primary = 'p'\nservices = [ 'p' ]\n",
		    "t.cfg:2: services: \"p\" is the primary's name");
	check_error("services = [ 'A/b' ]\n",
		    "t.cfg:1: services: \"A/b\": a domain name is a-z, then a-z, 0-9 or _; at most 31");
	check_error("services = [ 'a' ]\n", "t.cfg: a_role: missing: \"network\" or \"storage\"");
	check_error("services = [ 'a' ]\na_role = 'cook'\n",
		    "t.cfg:2: a_role: must be one of \"network\", \"storage\"");
	check_error("services = [ 'a' ]\na_role = 'storage'\n",
		    "t.cfg: a_device: missing: which device holds the file system?");
	check_error("services = [ 'a' ]\na_role = 'storage'\na_device = 'sda'\n",
		    "t.cfg:3: a_device: must be /dev/..., as the storage domain sees it");
}

static void test_syntax(void **state)
{
	char err[VD_ERR_MAX];
	static const char *const bad[] = {
		"primary\n", "= 3\n", "services = [ 'a'\n", "a = 'unterminated\n", "a = b\n",
		"a = 1 2\n", "def f():\n", "\xff\xfe\n", "a = [[[[\n", "]\n", "a = \"\\\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(parse_text(bad[i], err));
		assert_true(strlen(err) > 0);
		assert_null(strchr(err, '\n'));
		assert_int_equal(strncmp(err, "t.cfg:", 6), 0);
	}
	assert_null(vd_config_parse("t.cfg", "a = 1\0b = 2\n", 12, err));
	assert_string_equal(err, "t.cfg: contains a NUL byte");
}

static void test_long(void **state)
{
	char *text = malloc(300000), err[VD_ERR_MAX];
	int i, n;

	(void)state;
	assert_non_null(text);
	n = sprintf(text, "a");
	memset(text + n, 'b', 100);
	strcpy(text + n + 100, " = 1\n");
	assert_null(parse_text(text, err));
	assert_non_null(strstr(err, "name too long"));
	for (i = n = 0; i < 600; i++)
		n += sprintf(text + n, "k%d = 1\n", i);
	assert_null(parse_text(text, err));
	assert_non_null(strstr(err, "too many keys"));
	n = sprintf(text, MINIMAL "net_extra = '");
	memset(text + n, 'x', 2000);
	strcpy(text + n + 2000, "'\n");
	assert_null(parse_text(text, err));
	assert_string_equal(err, "t.cfg:5: net_extra: longer than 1023 characters");
	n = sprintf(text, MINIMAL "net_extra = '");
	memset(text + n, 'x', 1000);
	strcpy(text + n + 1000, "'\n");
	assert_null(parse_text(text, err));
	assert_string_equal(err, "t.cfg:5: net_extra: the kernel command line gets too long");
	n = sprintf(text, "services = [ ");
	for (i = 0; i < 17; i++)
		n += sprintf(text + n, "'s%d',", i);
	strcpy(text + n, " ]\n");
	assert_null(parse_text(text, err));
	assert_string_equal(err, "t.cfg:1: services: more than 16 entries");
	free(text);
}

/* The file that is installed as an example must be right itself. */
static void test_example(void **state)
{
	char err[VD_ERR_MAX];
	struct vd_config *c = vd_config_read(EXAMPLE, err);

	(void)state;
	if (!c)
		fprintf(stderr, "%s\n", err);
	assert_non_null(c);
	assert_int_equal(c->n_services, 2);
	vd_config_free(c);
}

static void test_files(void **state)
{
	struct vd_config *c = expect_ok("primary_kernel = '/nonexistent/k'\n");
	char err[VD_ERR_MAX];

	(void)state;
	assert_int_equal(vd_config_check_files(c, err), -1);
	assert_string_equal(err, "t.cfg: primary_kernel: /nonexistent/k: no such regular file");
	vd_config_free(c);
	assert_null(vd_config_read("/nonexistent.cfg", err));
	assert_string_equal(err, "/nonexistent.cfg: No such file or directory");
}

/* Mutations of a good file: refused or accepted, but never out of bounds. */
static void test_random(void **state)
{
	static const char good[] = MINIMAL
		"net_pci = [ \"0000:00:03.0\" ]\nnet_cpus = \"1-3,^2\"\n"
		"net_address = \"10.0.2.15/24 gw 10.0.2.2\"\nnet_vif = [ \"bridge=a,ip=b\" ]\n"
		"storage_disk = [ \"format=raw,vdev=xvda,access=rw,target=/dev/x\" ]\n";
	char text[sizeof(good)], err[VD_ERR_MAX];
	struct vd_config *c;
	int i, round;

	(void)state;
	srand(1);
	for (round = 0; round < 3000; round++) {
		memcpy(text, good, sizeof(good));
		for (i = rand() % 4; i >= 0; i--)
			text[(size_t)rand() % (sizeof(good) - 1)] =
				"\n\"'[]=#;,. \\1z:-^\x80"[rand() % 18];
		c = parse_text(text, err);
		if (!c)
			assert_true(strlen(err) > 0 && !strchr(err, '\n'));
		vd_config_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_cmdlines),
		cmocka_unit_test(test_bad_keys),
		cmocka_unit_test(test_bad_numbers),
		cmocka_unit_test(test_bad_strings),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_bad_devices),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* A storage domain's disk on another machine: what the configuration takes, refuses and hands on. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../../dom0-tools/config/config.h"

/* libxlu forgets values when it meets a syntax error; that is not ours to mend. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:xlu__cfg_string_mk\nleak:xlu__cfgl_dequote\nleak:xlu__cfg_list_mk\n"
	       "leak:xlu__cfg_list_append\nleak:xlu__cfgl_strdup\n";
}

#define DATA \
	"services = [ 'data' ]\ndata_role = 'storage'\n" \
	"data_address = '192.0.2.9/24'\n"
#define VIF "data_vif = [ 'mac=00:16:3e:01:02:03,bridge=br0' ]\n"
#define DISK "traddr=192.0.2.1,nqn=nqn.2026-11.com.example:disks"
#define BEGIN "console=hvc0 panic=-1 xen_legacy_crash oops=panic swiotlb=4096 " \
	"ip=192.0.2.9:::255.255.255.0:net:eth0:off "

static struct vd_config *parse(char err[VD_ERR_MAX], const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return vd_config_parse("t.cfg", text, strlen(text), err);
}

/* DATA, VIF and a disk of this value give this command line. */
static void hands_on(const char *disk, const char *more, const char *line)
{
	char err[VD_ERR_MAX], got[VD_CMDLINE_MAX];
	struct vd_config *c = parse(err, DATA VIF "data_nvme = '%s'\n%s", disk, more);

	if (!c)
		fprintf(stderr, "%s: %s\n", disk, err);
	assert_non_null(c);
	assert_int_equal(vd_config_cmdline(c, &c->service[0], got, sizeof(got)), 0);
	assert_string_equal(got, line);
	vd_config_free(c);
}

static void what_the_domain_is_told(void **state)
{
	(void)state;
	hands_on(DISK, "", BEGIN "virtuos.nvme=transport=tcp,traddr=192.0.2.1,trsvcid=4420,"
		 "nqn=nqn.2026-11.com.example:disks virtuos.nsid=1 virtuos.fstype=ext4");
	hands_on("transport=tcp, traddr=203.0.113.254, trsvcid=65535, nqn=nqn.2014-08.org.nvmexpress:uuid:"
		 "01234567-89ab-cdef-0123-456789abcdef, nsid=4294967294, hdr_digest, data_digest, "
		 "keep_alive_tmo=3600, hostnqn=nqn.2026-11.com.example:a_b+c/d, hostid=00000000-0000-0000-0000-00000000000A",
		 "data_fstype = 'xfs'\n",
		 BEGIN "virtuos.nvme=transport=tcp,traddr=203.0.113.254,trsvcid=65535,"
		 "nqn=nqn.2014-08.org.nvmexpress:uuid:01234567-89ab-cdef-0123-456789abcdef,"
		 "hostnqn=nqn.2026-11.com.example:a_b+c/d,hostid=00000000-0000-0000-0000-00000000000A,"
		 "keep_alive_tmo=3600,hdr_digest,data_digest virtuos.nsid=4294967294 virtuos.fstype=xfs");
	hands_on(DISK ",nsid=7,partition=2", "",
		 BEGIN "virtuos.nvme=transport=tcp,traddr=192.0.2.1,trsvcid=4420,"
		 "nqn=nqn.2026-11.com.example:disks virtuos.nsid=7 virtuos.partition=2 virtuos.fstype=ext4");
}

static void refuses(const char *disk, const char *why)
{
	char err[VD_ERR_MAX], want[VD_ERR_MAX];
	struct vd_config *c = parse(err, DATA VIF "data_nvme = \"%s\"\n", disk);

	snprintf(want, sizeof(want), "t.cfg:5: data_nvme: %s", why);
	if (c)
		fprintf(stderr, "%s: taken\n", disk);
	assert_null(c);
	assert_string_equal(err, want);
}

/* All that could end a word of a command line, or an option of the kernel's. */
static void values_that_are_not_what_they_should_be(void **state)
{
	static const char *const addresses[] = {
		"", "192.0.2", "192.0.2.256", "192.0.2.1 ", "192.0.2.1\\nx", "127.0.0.1", "0.0.0.0",
		"224.0.0.1", "255.255.255.255", "fe80::1", "example.com", "3221225985", "*", "0192.0.2.1",
	};
	static const char *const ports[] = {
		"", "0", "65536", "-1", "04420", "4420x", "0x10", "4294967297", "99999999999999999999",
	};
	static const char *const names[] = {
		"", "disks", "nqn.", "nqn.2026-11.", "nqn.2026-1.com.example", "nqn.20x6-11.com.example",
		"NQN.2026-11.com.example", "nqn.2026-11.com.example:a b", "nqn.2026-11.com.example:*",
		"nqn.2026-11.com.example:a=b", "nqn.2026-11.com.example:$x", "nqn.2026-11.com.example:?",
		"nqn.2026-11.com.example:\xc3\xa4", "nqn.2026-11.com.example:[a]", "nqn.2026-11.com.example:'",
	};
	static const char *const uuids[] = {
		"", "0", "00000000-0000-0000-0000-000000000000", "01234567-89ab-cdef-0123-456789abcde",
		"01234567-89ab-cdef-0123-456789abcdef0", "0123456789abcdef0123456789abcdef",
		"0123456g-89ab-cdef-0123-456789abcdef",
	};
	static const char *const numbers[] = { "", "0", "4294967295", "1x", "01", "-1" };
	static const char *const partitions[] = { "", "0", "256", "p1", "01" };
	static const char *const times[] = { "", "0", "3601", "5s", "-1" };
	static const struct {
		const char *name, *form;
		const char *const *bad;
		size_t n;
	} all[] = {
		{ "traddr", "the IPv4 address of a machine", addresses, 14 },
		{ "trsvcid", "a port from 1 to 65535", ports, 9 },
		{ "nqn", "a name such as nqn.2026-11.com.example:disks", names, 15 },
		{ "hostnqn", "a name such as nqn.2026-11.com.example:host", names, 15 },
		{ "hostid", "a UUID that is not 0", uuids, 7 },
		{ "keep_alive_tmo", "a number of seconds from 1 to 3600", times, 5 },
		{ "nsid", "the number of a namespace, from 1", numbers, 6 },
		{ "partition", "a number from 1 to 255", partitions, 5 },
	};
	char disk[256], why[256];
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (j = 0; j < all[i].n; j++) {
			snprintf(disk, sizeof(disk), "%s=%s", all[i].name, all[i].bad[j]);
			snprintf(why, sizeof(why), "%s must be %s", all[i].name, all[i].form);
			if (strstr(disk, "\\n"))
				strcpy(why, "contains a control character");
			refuses(disk, why);
		}
}

static void a_name_that_is_too_long(void **state)
{
	char disk[512] = "nqn=nqn.2026-11.com.example:";

	(void)state;
	memset(disk + strlen(disk), 'x', 4 + 224 - strlen(disk));
	refuses(disk, "nqn must be a name such as nqn.2026-11.com.example:disks");
	disk[4 + 223] = 0;
	refuses(disk, "traddr is missing: which machine has the disk?");
}

static void words_that_do_not_belong(void **state)
{
	(void)state;
	refuses("tcp," DISK, "\"tcp\" is not known; virtuos.cfg(5) lists what is");
	refuses(DISK ",ctrl_loss_tmo=1", "\"ctrl_loss_tmo\" is not known; virtuos.cfg(5) lists what is");
	refuses(DISK ",", "\"\" is not known; virtuos.cfg(5) lists what is");
	refuses(DISK ",transport=rdma", "transport must be \"tcp\"");
	refuses(DISK ",hdr_digest=1", "hdr_digest has no value");
	refuses(DISK ",traddr=192.0.2.1", "traddr is given twice");
	refuses("traddr", "traddr must be the IPv4 address of a machine");
	refuses("traddr=192.0.2.1", "nqn is missing: which of the machine's subsystems is it?");
	refuses("nqn=nqn.2026-11.com.example:disks", "traddr is missing: which machine has the disk?");
}

static void expect(const char *text, const char *why)
{
	char err[VD_ERR_MAX];

	assert_null(vd_config_parse("t.cfg", text, strlen(text), err));
	assert_string_equal(err, why);
}

#define STORAGE "services = [ 'a' ]\na_role = 'storage'\n"
#define ADDRESS "a_address = 'dhcp'\n"
#define NVME "a_nvme = '" DISK "'\n"
#define A_VIF "a_vif = [ 'mac=00:16:3e:01:02:03' ]\n"

static void what_belongs_together(void **state)
{
	(void)state;
	expect(STORAGE ADDRESS NVME, "t.cfg:4: a_nvme: needs an interface: a_vif or a_pci");
	expect(STORAGE A_VIF NVME, "t.cfg:4: a_nvme: needs a_address");
	expect(STORAGE ADDRESS NVME "a_vif = [ 'bridge=x' ]\n",
	       "t.cfg:5: a_vif: needs mac=, which stays the same at each start");
	expect(STORAGE ADDRESS NVME A_VIF "a_disk = [ 'format=raw,vdev=xvda,target=/x' ]\n",
	       "t.cfg:6: a_disk: the domain has its disk by a_nvme");
	expect(STORAGE "a_device = '/dev/sda'\n" A_VIF,
	       "t.cfg:4: a_vif: a storage domain has a network for the disk of a_nvme only");
	expect(STORAGE "a_device = '/dev/sda'\n" ADDRESS,
	       "t.cfg:4: a_address: a storage domain has a network for the disk of a_nvme only");
	expect(STORAGE ADDRESS A_VIF "a_nvme = '" DISK "'\na_device = '/dev/nvme0n1p1'\n",
	       "t.cfg:6: a_device: the disk is what nsid= and partition= of a_nvme name");
}

/* Two storage domains of one subsystem, with @one and @two for the rest of what they say of it. */
static struct vd_config *two(char err[VD_ERR_MAX], const char *one, const char *other)
{
	return parse(err, "services = [ 'a', 'b' ]\na_role = 'storage'\nb_role = 'storage'\n" ADDRESS
		     "b_address = 'dhcp'\n" A_VIF "b_vif = [ 'mac=00:16:3e:01:02:04' ]\n"
		     "a_nvme = '" DISK "%s\nb_nvme = 'trsvcid=4421," DISK "%s\n", one, other);
}

static void one_disk_for_two(void **state)
{
	static const char *const same[][2] = {
		{ "'", "'" }, { ",nsid=1'", "'" }, { ",nsid=7'", ",nsid=7'" },
		{ ",partition=1'", "'" }, { ",nsid=1,partition=1'", ",partition=1'" },
	};
	static const char *const apart[][2] = {
		{ ",nsid=2'", "'" }, { ",partition=1'", ",partition=2'" },
		{ ",partition=1'", ",nsid=2,partition=1'" },
	};
	char err[VD_ERR_MAX];
	struct vd_config *c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_null(two(err, same[i][0], same[i][1]));
		assert_non_null(strstr(err, ": b_nvme: belongs to a already"));
	}
	for (i = 0; i < sizeof(apart) / sizeof(apart[0]); i++) {
		c = two(err, apart[i][0], apart[i][1]);
		assert_non_null(c);
		vd_config_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_domain_is_told),
		cmocka_unit_test(values_that_are_not_what_they_should_be),
		cmocka_unit_test(a_name_that_is_too_long),
		cmocka_unit_test(words_that_do_not_belong),
		cmocka_unit_test(what_belongs_together),
		cmocka_unit_test(one_disk_for_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * /proc/net and /proc/sys/net: tables of sockets with the numbers that fstat() shows, and
 * settings with the rights that Linux asks for.
 */
#include <net/if.h>
#include <sys/stat.h>
#include "nettest.h"

#define LOCALHOST	"0100007F"
#define LOCALHOST6	"00000000000000000000000001000000"
/* More rows than fit into 64 KiB. */
#define MANY		700

/* One row of a table of sockets. */
struct row {
	char local[48];
	unsigned int port;
	unsigned int state;
	unsigned int uid;
	unsigned long inode;
};

static bool parse(const char *line, struct row *r)
{
	return sscanf(line, "%*u: %40[0-9A-F]:%x %*40[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %u %*u %lu",
		      r->local, &r->port, &r->state, &r->uid, &r->inode) == 5;
}

/* Find the row of an address and state. Return: how many rows there are of it. */
static int find(const char *table, const char *local, unsigned int port, unsigned int state,
		struct row *found)
{
	char path[64], line[512];
	struct row r;
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/net/%s", table);
	f = fopen(path, "r");
	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (parse(line, &r) && r.port == port && r.state == state &&
		    !strcmp(r.local, local)) {
			*found = r;
			n++;
		}
	fclose(f);
	return n;
}

static unsigned long inode_of(int fd)
{
	struct stat st;

	CHECK_EQ(fstat(fd, &st), 0);
	return st.st_ino;
}

static void check_row(const char *table, const char *local, int fd, unsigned int state)
{
	struct row r;

	CHECK_EQ(find(table, local, port_of(fd), state, &r), 1);
	CHECK_EQ(r.inode, inode_of(fd));
	CHECK_EQ(r.uid, geteuid());
}

TEST(proc_sockets)
{
	struct endpoint e;
	int fd[2], l = listener(AF_INET, &e), l6 = listener(AF_INET6, &e);

	check_row("tcp", LOCALHOST, l, TCP_LISTEN);
	check_row("tcp6", LOCALHOST6, l6, TCP_LISTEN);
	tcp_pair(AF_INET, fd);
	check_row("tcp", LOCALHOST, fd[0], TCP_ESTABLISHED);
	check_row("tcp", LOCALHOST, fd[1], TCP_ESTABLISHED);
	udp_pair(AF_INET6, fd);
	check_row("udp6", LOCALHOST6, fd[0], TCP_ESTABLISHED);
}

TEST(proc_uid)
{
	struct endpoint e;

	if (geteuid())
		test_skip("not root");
	CHECK_EQ(setresuid(65534, 65534, 65534), 0);
	check_row("tcp", LOCALHOST, listener(AF_INET, &e), TCP_LISTEN);
}

/* A socket that ends is in the table no more, and its file may be open meanwhile. */
TEST(proc_again)
{
	struct endpoint e;
	struct row r;
	int l = listener(AF_INET, &e), port = port_of(l);
	int table = CHECK_OK(open("/proc/net/tcp", O_RDONLY));
	char first[64], again[64];

	CHECK_EQ(find("tcp", LOCALHOST, port, TCP_LISTEN, &r), 1);
	CHECK_EQ(read(table, first, sizeof(first)), sizeof(first));
	CHECK_EQ(lseek(table, 0, SEEK_SET), 0);
	CHECK_EQ(read(table, again, sizeof(again)), sizeof(again));
	CHECK(!memcmp(first, again, 60));
	CHECK_EQ(pread(table, again, 8, 4), 8);
	CHECK(!memcmp(first + 4, again, 8));
	close(l);
	CHECK_EQ(find("tcp", LOCALHOST, port, TCP_LISTEN, &r), 0);
	CHECK_ERR(lseek(table, 0, SEEK_END), EINVAL);
	CHECK_ERR(open("/proc/net/tcp", O_WRONLY), EACCES);
}

/* All rows of a long table, each of them once, whatever a read() asks for. */
TEST(proc_long)
{
	static unsigned long want[MANY];
	char line[512];
	struct row r;
	int i, rows = 0, seen = 0;
	FILE *f;

	for (i = 0; i < MANY; i++) {
		struct endpoint e = loopback(AF_INET, 0);
		int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));

		CHECK_EQ(bind(fd, (struct sockaddr *)&e.addr, e.len), 0);
		want[i] = inode_of(fd);
	}
	f = fopen("/proc/net/udp", "r");
	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		rows += !!strchr(line, '\n');
		if (!parse(line, &r))
			continue;
		for (i = 0; i < MANY && want[i] != r.inode; i++)
			;
		if (i < MANY) {
			want[i] = 0;
			seen++;
		}
	}
	fclose(f);
	CHECK_EQ(seen, MANY);
	CHECK(rows > MANY);
}

TEST(proc_tables)
{
	static const char * const names[] = { "arp", "dev", "if_inet6", "ipv6_route", "netstat",
					      "raw", "raw6", "route", "snmp", "snmp6",
					      "sockstat", "sockstat6", "unix", "netlink" };
	char path[64], line[4096];
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/net/%s", names[i]);
		f = fopen(path, "r");
		CHECK(f);
		CHECK(fgets(line, sizeof(line), f));
		fclose(f);
	}
}

/* Each interface that has IPv6 counts for itself. */
TEST(proc_counters_of_interfaces)
{
	char name[64], line[128], path[128];
	unsigned int i, nr = 0;
	FILE *f = fopen("/proc/net/if_inet6", "r"), *g;

	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		CHECK_EQ(sscanf(line, "%*s %*s %*s %*s %*s %63s", name), 1);
		snprintf(path, sizeof(path), "/proc/net/dev_snmp6/%s", name);
		g = fopen(path, "r");
		CHECK(g);
		CHECK_EQ(fscanf(g, "ifIndex %u", &i), 1);
		CHECK_EQ(i, if_nametoindex(name));
		fclose(g);
		nr++;
	}
	fclose(f);
	CHECK(nr);
	CHECK_ERR(open("/proc/net/dev_snmp6/none0", O_RDONLY), ENOENT);
}

/* The table of VLANs has a head even if there are none. */
TEST(proc_vlans)
{
	FILE *f = fopen("/proc/net/vlan/config", "r");
	char line[128];

	if (!f)
		test_skip("no VLANs here");
	CHECK(fgets(line, sizeof(line), f));
	CHECK(!strncmp(line, "VLAN Dev name", 13));
	fclose(f);
}

static int get_setting(const char *path)
{
	FILE *f = fopen(path, "r");
	int value = -1;

	CHECK(f);
	CHECK_EQ(fscanf(f, "%d", &value), 1);
	fclose(f);
	return value;
}

static int set_setting(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY), rc;

	if (fd < 0)
		return -1;
	rc = write(fd, value, strlen(value));
	close(fd);
	return rc;
}

#define TTL	"/proc/sys/net/ipv4/ip_default_ttl"

TEST(proc_setting)
{
	int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), was = get_setting(TTL);
	char old[16];

	if (geteuid())
		test_skip("not root");
	snprintf(old, sizeof(old), "%d", was);
	CHECK_EQ(set_setting(TTL, "77\n"), 3);
	CHECK_EQ(get_setting(TTL), 77);
	CHECK_EQ(get_int(fd, SOL_IP, IP_TTL), 77);
	CHECK_ERR(set_setting(TTL, "300"), EINVAL);
	CHECK_ERR(set_setting(TTL, "x"), EINVAL);
	CHECK_EQ(get_setting(TTL), 77);
	CHECK_EQ(set_setting(TTL, old), (long)strlen(old));
	CHECK(get_setting("/proc/sys/net/ipv6/conf/lo/mtu") > 1000);
	CHECK(get_setting("/proc/sys/net/ipv4/conf/all/forwarding") >= 0);
}

/* Some settings take each write of one descriptor, others only one from the beginning. */
TEST(proc_setting_twice)
{
	int fd = open(TTL, O_RDWR), was = get_setting(TTL);
	char old[16];

	if (geteuid() || fd < 0)
		test_skip("not root");
	CHECK_EQ(write(fd, "77\n", 3), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(write(fd, "78\n", 3), 3);
	CHECK_EQ(get_setting(TTL), 78);
	snprintf(old, sizeof(old), "%d", was);
	CHECK_EQ(set_setting(TTL, old), (long)strlen(old));
	fd = CHECK_OK(open("/proc/sys/net/ipv4/tcp_fin_timeout", O_RDWR));
	CHECK(read(fd, old, sizeof(old)) > 0);
	CHECK_EQ(pwrite(fd, old, strcspn(old, "\n") + 1, 0), (long)strcspn(old, "\n") + 1);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(write(fd, old, strcspn(old, "\n") + 1), (long)strcspn(old, "\n") + 1);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), (long)strcspn(old, "\n") + 1);
}

#define RMEM_MAX	"/proc/sys/net/core/rmem_max"

/* Its bound holds for sockets of all families. */
TEST(proc_setting_core)
{
	int fd[] = { socket(AF_INET, SOCK_STREAM, 0), socket(AF_UNIX, SOCK_STREAM, 0) };
	int was = get_setting(RMEM_MAX);
	unsigned int i;
	char old[16];

	if (geteuid())
		test_skip("not root");
	snprintf(old, sizeof(old), "%d", was);
	CHECK_EQ(set_setting(RMEM_MAX, "1000000"), 7);
	CHECK_EQ(get_setting(RMEM_MAX), 1000000);
	for (i = 0; i < 2; i++) {
		set_int(fd[i], SOL_SOCKET, SO_RCVBUF, 2000000);
		CHECK_EQ(get_int(fd[i], SOL_SOCKET, SO_RCVBUF), 2000000);
	}
	CHECK_ERR(set_setting(RMEM_MAX, "1"), EINVAL);
	CHECK_EQ(get_setting(RMEM_MAX), 1000000);
	CHECK_EQ(set_setting(RMEM_MAX, old), (long)strlen(old));
	for (i = 0; i < 2; i++) {
		set_int(fd[i], SOL_SOCKET, SO_RCVBUF, 2000000);
		CHECK_EQ(get_int(fd[i], SOL_SOCKET, SO_RCVBUF), was > 2000000 ? 4000000 : 2 * was);
	}
	CHECK(get_setting("/proc/sys/net/core/somaxconn") > 0);
	CHECK(get_setting("/proc/sys/net/core/bpf_jit_harden") >= 0);
}

TEST(proc_setting_rights)
{
	int fd;

	if (geteuid())
		test_skip("not root");
	fd = CHECK_OK(open(TTL, O_WRONLY));
	CHECK_EQ(setresuid(65534, 65534, 65534), 0);
	CHECK(get_setting(TTL) > 0);
	CHECK_ERR(open(TTL, O_WRONLY), EACCES);
	/* Rights count at each write, too. */
	CHECK_ERR(write(fd, "64", 2), EPERM);
	CHECK_ERR(open("/proc/sys/net/ipv4/tcp_fastopen_key", O_RDONLY), EACCES);
}

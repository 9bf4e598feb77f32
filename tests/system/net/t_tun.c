// SPDX-License-Identifier: MIT
/*
 * /dev/net/tun: what a program writes comes in by the interface, and what goes out by it the
 * program reads. Each test has a network namespace of its own.
 */
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include "nettest.h"

#define OTHER	65533
#define PORT	7777
#define HERE	"10.77.0.1"
#define THERE	"10.77.0.2"

/* --- making one --------------------------------------------------------------------------- */

static int tun_open(int flags)
{
	int fd = open("/dev/net/tun", O_RDWR | flags);

	if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		test_skip("no /dev/net/tun");
	return CHECK_OK(fd);
}

/* In the primary it is the first command that finds no driver. */
static void need_driver(void)
{
	unsigned int features;
	int fd;

	if (geteuid())
		test_skip("needs root");
	fd = tun_open(0);
	if (ioctl(fd, TUNGETFEATURES, &features) && errno == ENODEV)
		test_skip("no tun driver");
	close(fd);
}

static void enter(void)
{
	need_driver();
	CHECK_EQ(unshare(CLONE_NEWNET), 0);
}

static int set_iff(int fd, const char *name, int flags)
{
	struct ifreq ifr = { .ifr_flags = flags };

	strcpy(ifr.ifr_name, name);
	return ioctl(fd, TUNSETIFF, &ifr);
}

static int tun(const char *name, int flags)
{
	int fd = tun_open(0);

	CHECK_EQ(set_iff(fd, name, flags), 0);
	return fd;
}

static struct sockaddr_in at(const char *address, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, address, &a.sin_addr);
	return a;
}

static void set_address(int fd, const char *name, unsigned long cmd, const char *address)
{
	struct sockaddr_in a = at(address, 0);
	struct ifreq ifr = {};

	strcpy(ifr.ifr_name, name);
	memcpy(&ifr.ifr_addr, &a, sizeof(a));
	CHECK_EQ(ioctl(fd, cmd, &ifr), 0);
}

static void set_flags(const char *name, int flags)
{
	int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	struct ifreq ifr = { .ifr_flags = flags };

	strcpy(ifr.ifr_name, name);
	CHECK_EQ(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
	close(fd);
}

static void set_up(const char *name)
{
	int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));

	set_address(fd, name, SIOCSIFADDR, HERE);
	set_address(fd, name, SIOCSIFNETMASK, "255.255.255.0");
	close(fd);
	set_flags(name, IFF_UP);
}

static bool there_is(const char *name)
{
	return if_nametoindex(name);
}

/* --- packets ------------------------------------------------------------------------------ */

struct packet {
	struct iphdr ip;
	struct udphdr udp;
	char data[2048];
} __attribute__((packed));

static uint16_t ip_sum(const void *data, size_t len)
{
	const uint16_t *p = data;
	uint32_t s = 0;

	for (; len > 1; len -= 2)
		s += *p++;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return ~s;
}

/* Read the next packet of IPv4. The kernel may send others by itself. Return: its length. */
static int next_packet(int fd, struct packet *p)
{
	int n;

	do {
		if (!poll_for(fd, POLLIN, 10000))
			test_fail(__FILE__, __LINE__, "a packet comes", 0);
		n = CHECK_OK(read(fd, p, sizeof(*p)));
	} while (p->ip.version != 4);
	return n;
}

static void turn_round(struct packet *p)
{
	uint32_t addr = p->ip.saddr;
	uint16_t port = p->udp.source;

	p->ip.saddr = p->ip.daddr;
	p->ip.daddr = addr;
	p->udp.source = p->udp.dest;
	p->udp.dest = port;
	p->udp.check = 0;
	p->ip.check = 0;
	p->ip.check = ip_sum(&p->ip, sizeof(p->ip));
}

static int udp_to(const char *address)
{
	int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	struct sockaddr_in a = at(address, PORT);

	CHECK_EQ(connect(fd, (void *)&a, sizeof(a)), 0);
	return fd;
}

static void echo(int dev, int udp, const char *text)
{
	int len = strlen(text), n;
	struct packet p;
	char got[64];

	CHECK_EQ(send(udp, text, len, 0), len);
	n = next_packet(dev, &p);
	CHECK_EQ(n, sizeof(p.ip) + sizeof(p.udp) + len);
	CHECK(!memcmp(p.data, text, len));
	turn_round(&p);
	CHECK_EQ(write(dev, &p, n), n);
	CHECK(poll_for(udp, POLLIN, 10000));
	CHECK_EQ(recv(udp, got, sizeof(got), 0), len);
	CHECK(!memcmp(got, text, len));
}

/* --- the tests ---------------------------------------------------------------------------- */

TEST(tun_unset)
{
	struct ifreq ifr = {};
	unsigned int features = 0;
	int fd, n = 0;
	char c;

	need_driver();
	fd = tun_open(0);
	CHECK_EQ(poll_for(fd, POLLIN | POLLOUT, 0), POLLERR);
	CHECK_ERR(read(fd, &c, 1), EBADFD);
	CHECK_ERR(write(fd, &c, 1), EBADFD);
	CHECK_ERR(ioctl(fd, TUNGETIFF, &ifr), EBADFD);
	CHECK_ERR(ioctl(fd, FIONREAD, &n), EBADFD);
	CHECK_EQ(ioctl(fd, TUNGETFEATURES, &features), 0);
	CHECK((features & (IFF_TUN | IFF_TAP | IFF_NO_PI)) == (IFF_TUN | IFF_TAP | IFF_NO_PI));
	CHECK_EQ(poll_for(fd, POLLIN, 0), POLLERR);
	CHECK_ERR(read(fd, &c, 1), EBADFD);
	CHECK_ERR(set_iff(fd, "x0", 0), EINVAL);
	CHECK_ERR(ioctl(fd, TUNSETIFF, NULL), EFAULT);
}

TEST(tun_echo)
{
	int dev, udp;

	enter();
	dev = tun("tun%d", IFF_TUN | IFF_NO_PI);
	CHECK(there_is("tun0"));
	CHECK_ERR(set_iff(dev, "tun1", IFF_TUN), EEXIST);
	set_up("tun0");
	udp = udp_to(THERE);
	echo(dev, udp, "hello");
	echo(dev, udp, "again");
	close(dev);
	CHECK(!there_is("tun0"));
}

/* The four bytes before a packet, and more than one buffer. */
TEST(tun_vectors)
{
	struct tun_pi pi;
	struct packet p;
	struct iovec v[] = { { &pi, sizeof(pi) }, { &p.ip, sizeof(p.ip) }, { &p.udp, 100 } };
	int dev, udp, n;
	char got[8];

	enter();
	dev = tun("tun0", IFF_TUN);
	set_up("tun0");
	udp = udp_to(THERE);
	CHECK_EQ(send(udp, "vector", 6, 0), 6);
	do {
		n = CHECK_OK(readv(dev, v, 3));
	} while (pi.proto != htons(0x0800));
	CHECK_EQ(n, 4 + 20 + 8 + 6);
	CHECK(!memcmp(p.data, "vector", 6));
	turn_round(&p);
	v[2].iov_len = 8 + 6;
	CHECK_EQ(writev(dev, v, 3), n);
	CHECK_EQ(recv(udp, got, sizeof(got), 0), 6);
	CHECK_ERR(write(dev, &pi, 2), EINVAL);
}

TEST(tun_nonblock)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	int dev, udp, ep = CHECK_OK(epoll_create1(0));
	struct packet p;

	enter();
	dev = tun("tun0", IFF_TUN | IFF_NO_PI);
	/* Until it is up, nothing comes and nothing may be written. */
	CHECK_EQ(poll_for(dev, POLLIN | POLLOUT, 0), 0);
	CHECK_ERR(write(dev, "E23456789012345678901", 20), EIO);
	set_up("tun0");
	CHECK_EQ(poll_for(dev, POLLOUT, 10000), POLLOUT);
	set_flags("tun0", 0);
	CHECK_EQ(poll_for(dev, POLLOUT, 0), 0);
	set_flags("tun0", IFF_UP);
	CHECK_EQ(poll_for(dev, POLLOUT, 10000), POLLOUT);
	set_nonblock(dev, true);
	while (read(dev, &p, sizeof(p)) > 0)
		;
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, dev, &e), 0);
	udp = udp_to(THERE);
	CHECK_EQ(send(udp, "0123456789", 10, 0), 10);
	CHECK_EQ(epoll_wait(ep, &e, 1, 10000), 1);
	/* A buffer that is too short gets the beginning. */
	do {
		CHECK_OK(read(dev, &p, 30));
	} while (p.ip.version != 4);
	CHECK(!memcmp(p.data, "01", 2));
	CHECK_ERR(read(dev, &p, sizeof(p)), EAGAIN);
	CHECK_EQ(send(udp, "x", 1, 0), 1);
	CHECK_EQ(epoll_wait(ep, &e, 1, 10000), 1);
	CHECK_EQ(read(dev, &p, 0), 0);
	CHECK_EQ(next_packet(dev, &p), 29);
}

static volatile sig_atomic_t signals;

static void on_signal(int nr)
{
	(void)nr;
	signals++;
}

TEST(tun_async)
{
	int dev, i;

	enter();
	dev = tun("tun0", IFF_TUN | IFF_NO_PI);
	set_up("tun0");
	signal(SIGIO, on_signal);
	CHECK_EQ(fcntl(dev, F_SETFL, O_ASYNC | O_NONBLOCK), 0);
	signals = 0;
	CHECK_EQ(send(udp_to(THERE), "x", 1, 0), 1);
	for (i = 0; i < 1000 && !signals; i++)
		usleep(10000);
	CHECK(signals);
}

/* A reader that waits is woken, and by a signal too. */
TEST(tun_blocking)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct packet p;
	pid_t pid;
	int dev;

	enter();
	dev = tun("tun0", IFF_TUN | IFF_NO_PI);
	set_up("tun0");
	set_nonblock(dev, true);
	while (read(dev, &p, sizeof(p)) > 0)
		;
	set_nonblock(dev, false);
	pid = fork();
	if (!pid) {
		usleep(200000);
		send(udp_to(THERE), "late", 4, 0);
		_exit(0);
	}
	do {
		CHECK_OK(read(dev, &p, sizeof(p)));
	} while (p.ip.version != 4);
	CHECK(!memcmp(p.data, "late", 4));
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	set_flags("tun0", 0);
	sigaction(SIGALRM, &sa, NULL);
	alarm(1);
	CHECK_ERR(read(dev, &p, sizeof(p)), EINTR);
}

static int get_int_of(int fd, unsigned long cmd)
{
	int n = -1;

	CHECK_EQ(ioctl(fd, cmd, &n), 0);
	return n;
}

static void set_int_of(int fd, unsigned long cmd, int n)
{
	CHECK_EQ(ioctl(fd, cmd, &n), 0);
}

TEST(tun_settings)
{
	static const unsigned char mac[6] = { 2, 0, 0, 1, 2, 3 };
	struct { struct tun_filter head; unsigned char addr[2][6]; } filter = { { 0, 2 }, {} };
	struct ifreq ifr = {};
	int dev, n;

	enter();
	dev = tun("tap7", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
	CHECK_EQ(ioctl(dev, TUNGETIFF, &ifr), 0);
	CHECK(!strcmp(ifr.ifr_name, "tap7"));
	CHECK_EQ(ifr.ifr_flags & (IFF_TUN | IFF_TAP | IFF_NO_PI | IFF_VNET_HDR),
		 IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
	CHECK_EQ(get_int_of(dev, TUNGETVNETHDRSZ), 10);
	set_int_of(dev, TUNSETVNETHDRSZ, 12);
	CHECK_EQ(get_int_of(dev, TUNGETVNETHDRSZ), 12);
	n = 5;
	CHECK_ERR(ioctl(dev, TUNSETVNETHDRSZ, &n), EINVAL);
	set_int_of(dev, TUNSETSNDBUF, 1 << 20);
	CHECK_EQ(get_int_of(dev, TUNGETSNDBUF), 1 << 20);
	CHECK_EQ(ioctl(dev, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4), 0);
	CHECK_ERR(ioctl(dev, TUNSETOFFLOAD, 1 << 30), EINVAL);
	CHECK_EQ(ioctl(dev, TUNSETTXFILTER, &filter), 2);
	filter.head.count = 0;
	CHECK_EQ(ioctl(dev, TUNSETTXFILTER, &filter), 0);
	memcpy(ifr.ifr_hwaddr.sa_data, mac, 6);
	ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	CHECK_EQ(ioctl(dev, SIOCSIFHWADDR, &ifr), 0);
	memset(&ifr, 0, sizeof(ifr));
	CHECK_EQ(ioctl(dev, SIOCGIFHWADDR, &ifr), 0);
	CHECK(!memcmp(ifr.ifr_hwaddr.sa_data, mac, 6));
	CHECK_ERR(ioctl(dev, FIONREAD, &n), EINVAL);
	CHECK_ERR(ioctl(dev, TUNGETSNDBUF, NULL), EFAULT);
	n = -1;
	CHECK_EQ(ioctl(dev, TUNSETSTEERINGEBPF, &n), 0);
	CHECK_EQ(ioctl(dev, TUNSETOWNER, 1000), 0);
	CHECK_EQ(ioctl(dev, TUNSETGROUP, 1000), 0);
	CHECK_ERR(ioctl(dev, TUNSETOWNER, -1), EINVAL);
	CHECK_EQ(ioctl(dev, TUNSETLINK, ARPHRD_ETHER), 0);
}

TEST(tun_index)
{
	int dev, n = 77;

	enter();
	dev = tun_open(0);
	CHECK_EQ(ioctl(dev, TUNSETIFINDEX, &n), 0);
	CHECK_EQ(set_iff(dev, "tun0", IFF_TUN), 0);
	CHECK_EQ(if_nametoindex("tun0"), 77);
	CHECK_ERR(ioctl(dev, TUNSETIFINDEX, &n), EPERM);
}

TEST(tun_persist)
{
	int dev;

	enter();
	dev = tun("tun0", IFF_TUN);
	CHECK_ERR(set_iff(tun_open(0), "tun0", IFF_TUN), EBUSY);
	CHECK_EQ(ioctl(dev, TUNSETPERSIST, 1), 0);
	close(dev);
	CHECK(there_is("tun0"));
	CHECK_ERR(set_iff(tun_open(0), "tun0", IFF_TAP), EINVAL);
	CHECK_ERR(set_iff(tun_open(0), "lo", IFF_TUN), EINVAL);
	dev = tun("tun0", IFF_TUN);
	CHECK_EQ(ioctl(dev, TUNSETPERSIST, 0), 0);
	close(dev);
	CHECK(!there_is("tun0"));
	close(tun("tun0", IFF_TUN | IFF_TUN_EXCL));
}

TEST(tun_queues)
{
	struct ifreq ifr = { .ifr_flags = IFF_DETACH_QUEUE };
	int a, b;
	char c;

	enter();
	a = tun("tun0", IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE);
	b = tun("tun0", IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE);
	CHECK_ERR(set_iff(tun_open(0), "tun0", IFF_TUN | IFF_NO_PI), EINVAL);
	CHECK_EQ(ioctl(b, TUNSETQUEUE, &ifr), 0);
	CHECK_ERR(ioctl(b, TUNSETQUEUE, &ifr), EINVAL);
	set_up("tun0");
	echo(a, udp_to(THERE), "queue");
	ifr.ifr_flags = IFF_ATTACH_QUEUE;
	CHECK_EQ(ioctl(b, TUNSETQUEUE, &ifr), 0);
	close(a);
	CHECK(there_is("tun0"));
	set_nonblock(b, true);
	while (read(b, &c, 1) > 0)
		;
	set_nonblock(b, false);
	echo(b, udp_to(THERE), "other");
	close(b);
	CHECK(!there_is("tun0"));
}

/* Only who may change the network makes one, and only its owner may use it besides. */
TEST(tun_rights)
{
	int dev;

	enter();
	dev = tun("tun0", IFF_TUN | IFF_NO_PI);
	CHECK_EQ(ioctl(dev, TUNSETPERSIST, 1), 0);
	CHECK_EQ(ioctl(dev, TUNSETOWNER, OTHER), 0);
	close(dev);
	dev = tun_open(0);
	become(NOBODY);
	CHECK_ERR(set_iff(dev, "tun0", IFF_TUN | IFF_NO_PI), EPERM);
	CHECK_ERR(set_iff(dev, "tun5", IFF_TUN | IFF_NO_PI), EPERM);
}

TEST(tun_owner)
{
	int dev, status;

	enter();
	dev = tun("tun0", IFF_TUN | IFF_NO_PI);
	CHECK_EQ(ioctl(dev, TUNSETPERSIST, 1), 0);
	CHECK_EQ(ioctl(dev, TUNSETOWNER, OTHER), 0);
	set_up("tun0");
	close(dev);
	dev = tun_open(0);
	if (!fork()) {
		become(OTHER);
		CHECK_ERR(set_iff(dev, "tun5", IFF_TUN | IFF_NO_PI), EPERM);
		CHECK_EQ(set_iff(dev, "tun0", IFF_TUN | IFF_NO_PI), 0);
		echo(dev, udp_to(THERE), "owner");
		_exit(7);
	}
	CHECK(wait(&status) > 0);
	CHECK_EQ(WEXITSTATUS(status), 7);
}

/* A user makes one in a namespace of its own, and none outside it. */
TEST(tun_of_user)
{
	int outside, dev;

	need_driver();
	outside = tun_open(0);
	enter_user_namespace(0);
	CHECK_EQ(unshare(CLONE_NEWNET), 0);
	CHECK_ERR(set_iff(outside, "tunx", IFF_TUN), EPERM);
	dev = open("/dev/net/tun", O_RDWR);
	if (dev < 0 && errno == EACCES)
		test_skip("/dev/net/tun is root's");
	CHECK_EQ(set_iff(CHECK_OK(dev), "tun0", IFF_TUN | IFF_NO_PI), 0);
	CHECK_EQ(ioctl(dev, TUNSETOWNER, 0), 0);
	CHECK_ERR(ioctl(dev, TUNSETOWNER, 1), EINVAL);
	set_up("tun0");
	echo(dev, udp_to(THERE), "mine");
}

/* Ask for an interface to be deleted, and await the answer. */
static void delete(const char *name)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} ask = {
		.h = { sizeof(ask), RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0 },
		.i.ifi_index = if_nametoindex(name),
	};
	struct { struct nlmsghdr h; struct nlmsgerr e; char more[512]; } answer;
	int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));

	CHECK_EQ(send(fd, &ask, sizeof(ask), 0), sizeof(ask));
	CHECK_OK(recv(fd, &answer, sizeof(answer), 0));
	CHECK_EQ(answer.h.nlmsg_type, NLMSG_ERROR);
	CHECK_EQ(answer.e.error, 0);
	close(fd);
}

/* The file stays, without an interface. It may get another one. */
TEST(tun_deleted)
{
	struct packet p;
	int dev;

	enter();
	dev = tun("tun0", IFF_TUN | IFF_NO_PI);
	set_up("tun0");
	delete("tun0");
	CHECK_EQ(poll_for(dev, POLLIN, 10000), POLLERR);
	CHECK_ERR(read(dev, &p, sizeof(p)), EBADFD);
	CHECK_EQ(set_iff(dev, "tun0", IFF_TUN | IFF_NO_PI), 0);
	set_up("tun0");
	echo(dev, udp_to(THERE), "new");
}

static void hold_until_killed(void *told)
{
	tun("tun0", IFF_TUN | IFF_NO_PI);
	CHECK_EQ(write(*(int *)told, "x", 1), 1);
	pause();
}

/* A process that is killed waits for nothing, and its interface goes all the same. */
TEST(tun_of_a_killed)
{
	int told[2], status, tries;
	pid_t pid;
	char c;

	enter();
	CHECK_EQ(pipe(told), 0);
	pid = child(hold_until_killed, &told[1]);
	CHECK_EQ(read(told[0], &c, 1), 1);
	CHECK(there_is("tun0"));
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	for (tries = 0; there_is("tun0") && tries < 1000; tries++)
		usleep(10000);
	CHECK(!there_is("tun0"));
	CHECK_EQ(close(tun("tun0", IFF_TUN | IFF_NO_PI)), 0);
}

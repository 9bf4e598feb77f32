// SPDX-License-Identifier: MIT
/*
 * Options, ioctls, and descriptors being ordinary descriptors.
 */
#include <net/if.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "nettest.h"

TEST(option_socket)
{
	struct linger l = { 1, 7 }, back = {};
	socklen_t len = sizeof(back);
	int s = socket(AF_INET, SOCK_STREAM, 0), d = socket(AF_INET6, SOCK_DGRAM, 0);

	CHECK_EQ(get_int(s, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
	CHECK_EQ(get_int(d, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
	CHECK_EQ(get_int(d, SOL_SOCKET, SO_DOMAIN), AF_INET6);
	CHECK_EQ(get_int(s, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
	CHECK_EQ(get_int(s, SOL_SOCKET, SO_REUSEADDR), 0);
	set_int(s, SOL_SOCKET, SO_REUSEADDR, 1);
	CHECK_EQ(get_int(s, SOL_SOCKET, SO_REUSEADDR), 1);
	set_int(s, SOL_SOCKET, SO_REUSEPORT, 1);
	set_int(s, SOL_SOCKET, SO_KEEPALIVE, 1);
	CHECK_EQ(get_int(s, SOL_SOCKET, SO_KEEPALIVE), 1);
	set_int(s, SOL_SOCKET, SO_RCVBUF, 50000);
	CHECK_EQ(get_int(s, SOL_SOCKET, SO_RCVBUF), 100000);
	CHECK_EQ(get_int(s, SOL_SOCKET, SO_ACCEPTCONN), 0);
	CHECK_EQ(listen(s, 1), 0);
	CHECK_EQ(get_int(s, SOL_SOCKET, SO_ACCEPTCONN), 1);
	CHECK_EQ(setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	CHECK_EQ(getsockopt(s, SOL_SOCKET, SO_LINGER, &back, &len), 0);
	CHECK(back.l_onoff == 1 && back.l_linger == 7);
	CHECK_ERR(setsockopt(s, SOL_SOCKET, 9999, &l, sizeof(l)), ENOPROTOOPT);
	CHECK_ERR(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &l, 1), EINVAL);
	len = sizeof(back);
	CHECK_ERR(getsockopt(s, SOL_SOCKET, 9999, &back, &len), ENOPROTOOPT);
}

/* A socket whose peer is no local process has no such peer; nobody can set one. */
TEST(option_peer_process)
{
	static const int names[] = { SO_PEERCRED, SO_PEERGROUPS, 77 /* SO_PEERPIDFD */, SO_PEERSEC };
	int fd = socket(AF_INET, SOCK_STREAM, 0), value = 1;
	socklen_t len = sizeof(value);
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK_ERR(setsockopt(fd, SOL_SOCKET, names[i], &value, sizeof(value)), ENOPROTOOPT);
	CHECK_ERR(getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &value, &len), ENODATA);
	CHECK_ERR(getsockopt(fd, SOL_SOCKET, 77, &value, &len), ENODATA);
	CHECK_ERR(getsockopt(fd, SOL_SOCKET, SO_PEERSEC, &value, &len), ENOPROTOOPT);
	close(fd);
}

TEST(option_tcp)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	char name[16] = "";
	int fd[2];

	tcp_pair(AF_INET, fd);
	set_int(fd[0], SOL_TCP, TCP_NODELAY, 1);
	CHECK_EQ(get_int(fd[0], SOL_TCP, TCP_NODELAY), 1);
	CHECK_EQ(get_int(fd[1], SOL_TCP, TCP_NODELAY), 0);
	CHECK(get_int(fd[0], SOL_TCP, TCP_MAXSEG) > 100);
	memset(&info, 0xff, sizeof(info));
	CHECK_EQ(getsockopt(fd[0], SOL_TCP, TCP_INFO, &info, &len), 0);
	CHECK(len >= 100);
	CHECK_EQ(info.tcpi_state, TCP_ESTABLISHED);
	len = sizeof(name);
	CHECK_EQ(getsockopt(fd[0], SOL_TCP, TCP_CONGESTION, name, &len), 0);
	CHECK(name[0]);
	CHECK_EQ(setsockopt(fd[0], SOL_TCP, TCP_CONGESTION, "reno", 4), 0);
	/* A short buffer gets what fits. */
	len = 1;
	CHECK_EQ(getsockopt(fd[0], SOL_TCP, TCP_NODELAY, name, &len), 0);
	CHECK_EQ(len, 1);
}

TEST(option_ip)
{
	struct ip_mreq mreq = { .imr_multiaddr.s_addr = htonl(0xe0010203),
				.imr_interface.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), fd6 = socket(AF_INET6, SOCK_STREAM, 0);

	set_int(fd, SOL_IP, IP_TTL, 5);
	CHECK_EQ(get_int(fd, SOL_IP, IP_TTL), 5);
	set_int(fd, SOL_IP, IP_TOS, 0x10);
	CHECK_EQ(get_int(fd, SOL_IP, IP_TOS), 0x10);
	CHECK_EQ(setsockopt(fd, SOL_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)), 0);
	CHECK_ERR(setsockopt(fd, SOL_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)), EADDRINUSE);
	set_int(fd6, SOL_IPV6, IPV6_V6ONLY, 1);
	CHECK_EQ(get_int(fd6, SOL_IPV6, IPV6_V6ONLY), 1);
}

TEST(option_filter)
{
	struct sock_filter drop[] = { { BPF_RET | BPF_K, 0, 0, 0 } };
	struct sock_fprog prog = { 1, drop };
	char c;
	int fd[2];

	udp_pair(AF_INET, fd);
	CHECK_EQ(setsockopt(fd[1], SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)), 0);
	CHECK_EQ(send(fd[0], "x", 1, 0), 1);
	CHECK_EQ(poll_for(fd[1], POLLIN, 100), 0);
	CHECK_EQ(setsockopt(fd[1], SOL_SOCKET, SO_DETACH_FILTER, &c, sizeof(int)), 0);
	CHECK_EQ(send(fd[0], "x", 1, 0), 1);
	CHECK_EQ(poll_for(fd[1], POLLIN, 2000), POLLIN);
	prog.len = 0;
	CHECK_ERR(setsockopt(fd[1], SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)), EINVAL);
}

TEST(ioctl_queue)
{
	int fd[2], n = -1;

	tcp_pair(AF_INET, fd);
	CHECK_EQ(write(fd[0], "12345", 5), 5);
	CHECK_EQ(poll_for(fd[1], POLLIN, 2000), POLLIN);
	CHECK_EQ(ioctl(fd[1], FIONREAD, &n), 0);
	CHECK_EQ(n, 5);
	CHECK_EQ(ioctl(fd[0], SIOCOUTQ, &n), 0);
	CHECK(n >= 0 && n <= 5);
	CHECK_EQ(ioctl(fd[1], SIOCATMARK, &n), 0);
	CHECK_EQ(n, 0);
	n = 1;
	CHECK_EQ(ioctl(fd[1], FIONBIO, &n), 0);
	CHECK(fcntl(fd[1], F_GETFL) & O_NONBLOCK);
	CHECK_ERR(ioctl(fd[1], 0x1234567, &n), ENOTTY);
	CHECK_ERR(ioctl(fd[1], TCGETS, &n), ENOTTY);
}

TEST(ioctl_interface)
{
	struct ifreq r = {};
	char buf[2048];
	struct ifconf c = { .ifc_len = sizeof(buf), .ifc_buf = buf };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), i, found = 0;

	strcpy(r.ifr_name, "lo");
	CHECK_EQ(ioctl(fd, SIOCGIFFLAGS, &r), 0);
	CHECK(r.ifr_flags & IFF_LOOPBACK);
	CHECK_EQ(ioctl(fd, SIOCGIFADDR, &r), 0);
	CHECK_EQ(ntohl(((struct sockaddr_in *)&r.ifr_addr)->sin_addr.s_addr), INADDR_LOOPBACK);
	CHECK_EQ(ioctl(fd, SIOCGIFMTU, &r), 0);
	CHECK(r.ifr_mtu > 1000);
	CHECK_EQ(ioctl(fd, SIOCGIFINDEX, &r), 0);
	CHECK_EQ(r.ifr_ifindex, 1);
	strcpy(r.ifr_name, "none0");
	CHECK_ERR(ioctl(fd, SIOCGIFFLAGS, &r), ENODEV);
	CHECK_EQ(ioctl(fd, SIOCGIFCONF, &c), 0);
	for (i = 0; i < c.ifc_len / (int)sizeof(struct ifreq); i++)
		found |= !strcmp(c.ifc_req[i].ifr_name, "lo");
	CHECK(found);
	/* How much room it takes. */
	c = (struct ifconf){ .ifc_len = 0 };
	CHECK_EQ(ioctl(fd, SIOCGIFCONF, &c), 0);
	CHECK(c.ifc_len >= (int)sizeof(struct ifreq));
}

static int ethtool(int fd, void *arg)
{
	struct ifreq r = { .ifr_data = arg };

	strcpy(r.ifr_name, "lo");
	return ioctl(fd, SIOCETHTOOL, &r);
}

/* A structure, what it is followed by, and memory that is none of the command's. */
struct around {
	union {
		struct ethtool_value value;
		struct ethtool_sset_info sets;
		struct ethtool_gstrings strings;
		struct ethtool_gfeatures features;
		char bytes[8192];
	};
	char behind[4096];
};

static void check_behind(const struct around *a, size_t used)
{
	const char *at;

	for (at = a->bytes + used; at < a->behind + sizeof(a->behind); at++)
		CHECK_EQ(*at, 0x55);
}

/* As ethtool -k does it. */
TEST(ioctl_ethtool)
{
	static struct around a;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned int n, i, found = 0;

	memset(&a, 0x55, sizeof(a));
	a.value.cmd = ETHTOOL_GLINK;
	CHECK_EQ(ethtool(fd, &a), 0);
	CHECK_EQ(a.value.data, 1);
	check_behind(&a, sizeof(a.value));
	a.sets.cmd = ETHTOOL_GSSET_INFO;
	a.sets.sset_mask = 1 << ETH_SS_FEATURES;
	CHECK_EQ(ethtool(fd, &a), 0);
	CHECK_EQ(a.sets.sset_mask, 1 << ETH_SS_FEATURES);
	check_behind(&a, sizeof(a.sets) + sizeof(a.sets.data[0]));
	n = a.sets.data[0];
	CHECK(n > 32 && n < 200);
	a.strings = (struct ethtool_gstrings){ ETHTOOL_GSTRINGS, ETH_SS_FEATURES, n };
	CHECK_EQ(ethtool(fd, &a), 0);
	CHECK_EQ(a.strings.len, n);
	for (i = 0; i < n; i++)
		found |= !strcmp((char *)a.strings.data + i * ETH_GSTRING_LEN, "loopback");
	CHECK(found);
	check_behind(&a, sizeof(a.strings) + n * ETH_GSTRING_LEN);
	a.features.cmd = ETHTOOL_GFEATURES;
	a.features.size = 1;
	CHECK_EQ(ethtool(fd, &a), 0);
	CHECK(a.features.features[0].active);
	a.value.cmd = 0x12345;
	CHECK_ERR(ethtool(fd, &a), EOPNOTSUPP);
}

TEST(descriptor_dup)
{
	int fd[2], d;
	char c;

	tcp_pair(AF_INET, fd);
	d = dup(fd[0]);
	close(fd[0]);
	CHECK_EQ(write(d, "x", 1), 1);
	CHECK_EQ(read(fd[1], &c, 1), 1);
	close(d);
	CHECK_EQ(read(fd[1], &c, 1), 0);
}

TEST(descriptor_fork)
{
	int fd[2], status;
	pid_t pid;
	char c;

	tcp_pair(AF_INET, fd);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		CHECK_EQ(write(fd[0], "c", 1), 1);
		_exit(0);
	}
	CHECK_EQ(read(fd[1], &c, 1), 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	/* The child's end was not the last. */
	CHECK_EQ(poll_for(fd[1], POLLIN, 100), 0);
	CHECK_EQ(write(fd[0], "p", 1), 1);
	CHECK_EQ(read(fd[1], &c, 1), 1);
}

static void send_fd(int via, int fd)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} ctl;
	struct iovec v = { "f", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &ctl,
			    .msg_controllen = sizeof(ctl) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	CHECK_EQ(sendmsg(via, &m, 0), 1);
}

static int receive_fd(int via)
{
	char byte, room[CMSG_SPACE(sizeof(int))];
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room,
			    .msg_controllen = sizeof(room) };
	int fd;

	CHECK_EQ(recvmsg(via, &m, 0), 1);
	CHECK(CMSG_FIRSTHDR(&m));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

TEST(descriptor_passed)
{
	int fd[2], u[2];
	pid_t pid;
	char c;

	tcp_pair(AF_INET, fd);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, u), 0);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(fd[0]);
		close(fd[1]);
		CHECK_EQ(write(receive_fd(u[1]), "passed", 6), 6);
		_exit(0);
	}
	send_fd(u[0], fd[0]);
	close(fd[0]);
	CHECK_EQ(read(fd[1], &c, 1), 1);
	CHECK_EQ(c, 'p');
	reap(pid);
}

TEST(descriptor_stat)
{
	struct stat st;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char link[64], path[64];
	ssize_t n;

	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(S_ISSOCK(st.st_mode));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link) - 1);
	CHECK(n > 0);
	link[n] = 0;
	CHECK(!strncmp(link, "socket:[", 8));
	CHECK_ERR(lseek(fd, 0, SEEK_SET), ESPIPE);
	CHECK_ERR(pread(fd, path, 1, 0), ESPIPE);
}

TEST(outside_tcp)
{
	static unsigned char out[1 << 20], in[1 << 20];
	struct sockaddr_in to = { .sin_family = AF_INET };
	uint32_t state = 5;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	pid_t pid;

	if (!peer_host)
		_exit(77);
	to.sin_port = htons(peer_port);
	CHECK_EQ(inet_pton(AF_INET, peer_host, &to.sin_addr), 1);
	CHECK_EQ(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	fill(out, sizeof(out), &state);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		write_all(fd, out, sizeof(out));
		_exit(0);
	}
	read_all(fd, in, sizeof(in));
	CHECK(!memcmp(in, out, sizeof(in)));
	reap(pid);
}

TEST(outside_udp)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), i;
	char buf[64];

	if (!peer_host)
		_exit(77);
	to.sin_port = htons(peer_port);
	CHECK_EQ(inet_pton(AF_INET, peer_host, &to.sin_addr), 1);
	for (i = 0; i < 5; i++) {
		CHECK_EQ(sendto(fd, "datagram", 8, 0, (struct sockaddr *)&to, sizeof(to)), 8);
		if (poll_for(fd, POLLIN, 1000))
			break;
	}
	CHECK_EQ(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 8);
	CHECK(!memcmp(buf, "datagram", 8));
}

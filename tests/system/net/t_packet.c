// SPDX-License-Identifier: MIT
/*
 * Packet sockets: frames that are seen and sent on the loopback interface, their addresses,
 * options and filters.
 */
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stddef.h>
#include "sniff.h"

/* Receive until there is a packet that ends with @text. Return: its length. */
static ssize_t recv_marked(int fd, const char *text, char *buf, size_t room,
			   struct sockaddr_ll *from)
{
	size_t len = strlen(text);
	socklen_t fromlen;
	ssize_t n;

	do {
		fromlen = sizeof(*from);
		CHECK_EQ(poll_for(fd, POLLIN, 3000), POLLIN);
		n = CHECK_OK(recvfrom(fd, buf, room, 0, (struct sockaddr *)from, &fromlen));
	} while (n < (ssize_t)len || memcmp(buf + n - len, text, len));
	CHECK_EQ(fromlen, sizeof(*from));
	return n;
}

TEST(packet_is_for_root)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		bool refused = !setresuid(65534, 65534, 65534) &&
			socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)) < 0 && errno == EPERM;

		_exit(!refused);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_ERR(socket(AF_PACKET, SOCK_STREAM, 0), ESOCKTNOSUPPORT);
}

TEST(packet_raw_sees_frames)
{
	struct sockaddr_ll from;
	struct ethhdr eth;
	char buf[256];
	int fd = sniffer(SOCK_RAW);

	send_marked(MARK);
	CHECK_EQ(recv_marked(fd, MARK, buf, sizeof(buf), &from), HEADERS + strlen(MARK));
	memcpy(&eth, buf, sizeof(eth));
	CHECK_EQ(ntohs(eth.h_proto), ETH_P_IP);
	CHECK_EQ(from.sll_family, AF_PACKET);
	CHECK_EQ(ntohs(from.sll_protocol), ETH_P_IP);
	CHECK_EQ(from.sll_ifindex, if_nametoindex("lo"));
	CHECK_EQ(from.sll_hatype, ARPHRD_LOOPBACK);
	CHECK_EQ(from.sll_halen, ETH_ALEN);
}

TEST(packet_cooked_without_link_header)
{
	struct sockaddr_ll from;
	struct iphdr ip;
	char buf[256];
	int fd = sniffer(SOCK_DGRAM);

	send_marked(MARK);
	CHECK_EQ(recv_marked(fd, MARK, buf, sizeof(buf), &from),
		 HEADERS - sizeof(struct ethhdr) + strlen(MARK));
	memcpy(&ip, buf, sizeof(ip));
	CHECK_EQ(ip.version, 4);
	CHECK_EQ(ip.protocol, IPPROTO_UDP);
}

TEST(packet_names)
{
	struct sockaddr_ll ll = {};
	socklen_t len = sizeof(ll);
	int fd = CHECK_OK(socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ARP)));

	CHECK_EQ(getsockname(fd, (struct sockaddr *)&ll, &len), 0);
	CHECK_EQ(ntohs(ll.sll_protocol), ETH_P_ARP);
	CHECK_EQ(ll.sll_ifindex, 0);
	bind_to_lo(fd, 0);
	len = sizeof(ll);
	CHECK_EQ(getsockname(fd, (struct sockaddr *)&ll, &len), 0);
	CHECK_EQ(len, offsetof(struct sockaddr_ll, sll_addr) + ETH_ALEN);
	CHECK_EQ(ntohs(ll.sll_protocol), ETH_P_ARP);
	CHECK_EQ(ll.sll_ifindex, if_nametoindex("lo"));
	CHECK_ERR(getpeername(fd, (struct sockaddr *)&ll, &len), EOPNOTSUPP);
	ll.sll_family = AF_PACKET;
	ll.sll_ifindex = 12345;
	CHECK_ERR(bind(fd, (struct sockaddr *)&ll, sizeof(ll)), ENODEV);
	CHECK_ERR(bind(fd, (struct sockaddr *)&ll, sizeof(ll) - 1), EINVAL);
	CHECK_ERR(connect(fd, (struct sockaddr *)&ll, sizeof(ll)), EOPNOTSUPP);
	CHECK_ERR(listen(fd, 1), EOPNOTSUPP);
}

/* For experiments (IEEE 802). */
#define ETHER_TYPE 0x88b5

TEST(packet_send_arrives)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETHER_TYPE),
				  .sll_ifindex = (int)if_nametoindex("lo"), .sll_halen = ETH_ALEN };
	struct {
		struct ethhdr eth;
		char text[sizeof(MARK)];
	} f = { .eth.h_proto = htons(ETHER_TYPE), .text = MARK }, got;
	int raw = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
	int cooked = CHECK_OK(socket(AF_PACKET, SOCK_DGRAM, 0));
	int to_all = CHECK_OK(socket(AF_PACKET, SOCK_RAW, htons(ETHER_TYPE)));

	bind_to_lo(raw, ETHER_TYPE);
	bind_to_lo(cooked, ETHER_TYPE);
	CHECK_EQ(send(raw, &f, sizeof(f), 0), sizeof(f));
	CHECK_EQ(recv(raw, &got, sizeof(got), 0), sizeof(got));
	CHECK(!memcmp(&f, &got, sizeof(f)));
	CHECK_EQ(recv(cooked, &got, sizeof(got), 0), sizeof(f.text));
	CHECK_EQ(sendto(cooked, f.text, sizeof(f.text), 0, (struct sockaddr *)&to, sizeof(to)),
		 sizeof(f.text));
	CHECK_EQ(recv(raw, &got, sizeof(got), 0), sizeof(got));
	CHECK(!memcmp(&f, &got, sizeof(f)));
	CHECK_ERR(send(to_all, &f, sizeof(f), 0), ENXIO);
	to.sll_ifindex = 12345;
	CHECK_ERR(sendto(raw, &f, sizeof(f), 0, (struct sockaddr *)&to, sizeof(to)), ENXIO);
}

TEST(packet_auxdata)
{
	union {
		struct cmsghdr c;
		char room[256];
	} control;
	char buf[20];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct tpacket_auxdata aux;
	int fd = marked_sniffer();

	set_int(fd, SOL_PACKET, PACKET_AUXDATA, 1);
	CHECK_EQ(get_int(fd, SOL_PACKET, PACKET_AUXDATA), 1);
	send_marked("!" MARK);
	CHECK_EQ(poll_for(fd, POLLIN, 3000), POLLIN);
	CHECK_EQ(recvmsg(fd, &m, MSG_TRUNC), HEADERS + 1 + strlen(MARK));
	CHECK(m.msg_flags & MSG_TRUNC);
	CHECK_EQ(control.c.cmsg_level, SOL_PACKET);
	CHECK_EQ(control.c.cmsg_type, PACKET_AUXDATA);
	CHECK_EQ(control.c.cmsg_len, CMSG_LEN(sizeof(aux)));
	memcpy(&aux, CMSG_DATA(&control.c), sizeof(aux));
	CHECK_EQ(aux.tp_len, HEADERS + 1 + strlen(MARK));
	CHECK_EQ(aux.tp_net, sizeof(struct ethhdr));
}

TEST(packet_filter)
{
	char buf[256];
	int fd = marked_sniffer();

	send_marked(MARK);
	send_marked("!" MARK);
	CHECK_EQ(poll_for(fd, POLLIN, 3000), POLLIN);
	CHECK_EQ(recv(fd, buf, sizeof(buf), 0), HEADERS + 1 + strlen(MARK));
	CHECK_ERR(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
}

TEST(packet_options)
{
	struct packet_mreq mreq = { .mr_ifindex = (int)if_nametoindex("lo"),
				    .mr_type = PACKET_MR_PROMISC };
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);
	int fd = marked_sniffer();

	CHECK_EQ(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, sizeof(mreq)), 0);
	CHECK_EQ(setsockopt(fd, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &mreq, sizeof(mreq)), 0);
	mreq.mr_ifindex = 12345;
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, sizeof(mreq)), ENODEV);
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, 4), EINVAL);
	send_marked("!" MARK);
	CHECK_EQ(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len), 0);
	CHECK_EQ(len, sizeof(stats));
	CHECK_EQ(stats.tp_packets, 1);
	CHECK_EQ(stats.tp_drops, 0);
	set_int(fd, SOL_PACKET, PACKET_FANOUT, 4711 | PACKET_FANOUT_LB << 16);
	CHECK_EQ(get_int(fd, SOL_PACKET, PACKET_FANOUT) & 0xffff, 4711);
	CHECK_ERR(setsockopt(fd, SOL_PACKET, 4711, &len, sizeof(len)), ENOPROTOOPT);
}

TEST(packet_ioctl)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd = sniffer(SOCK_RAW);

	CHECK_EQ(ioctl(fd, SIOCGIFINDEX, &ifr), 0);
	CHECK_EQ(ifr.ifr_ifindex, if_nametoindex("lo"));
	CHECK_EQ(ioctl(fd, SIOCGIFHWADDR, &ifr), 0);
	CHECK_EQ(ifr.ifr_hwaddr.sa_family, ARPHRD_LOOPBACK);
	CHECK_EQ(ioctl(fd, SIOCGIFMTU, &ifr), 0);
	CHECK(ifr.ifr_mtu >= 1500);
}

// SPDX-License-Identifier: MIT
/*
 * Packet sockets: frames that are seen and sent on the loopback interface, their addresses,
 * options, filters, and the ring by which libpcap receives.
 */
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <sys/mman.h>
#include "nettest.h"

#define MARK "seen by packet sockets"
#define HEADERS (sizeof(struct ethhdr) + sizeof(struct iphdr) + sizeof(struct udphdr))

static void bind_to_lo(int fd, int protocol)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = (int)if_nametoindex("lo"),
	};

	CHECK(ll.sll_ifindex > 0);
	CHECK_EQ(bind(fd, (struct sockaddr *)&ll, sizeof(ll)), 0);
}

static int sniffer(int type)
{
	int fd = CHECK_OK(socket(AF_PACKET, type, 0));

	bind_to_lo(fd, ETH_P_IP);
	return fd;
}

/*
 * Let UDP packets pass whose first byte of data is '!'. TCP segments of other programs pass
 * here as well, and their acknowledgement numbers have any byte at that place.
 */
static void attach_filter(int fd)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
			 sizeof(struct ethhdr) + offsetof(struct iphdr, protocol)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, HEADERS),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, '!', 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { 6, insns };

	CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)), 0);
}

/* A raw sniffer that has received nothing yet, and receives what the filter lets pass. */
static int marked_sniffer(void)
{
	int fd = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));

	attach_filter(fd);
	bind_to_lo(fd, ETH_P_IP);
	return fd;
}

/* Send a datagram over the loopback interface. */
static void send_marked(const char *text)
{
	int fd[2];

	udp_pair(AF_INET, fd);
	CHECK_EQ(send(fd[0], text, strlen(text), 0), strlen(text));
	close(fd[0]);
	close(fd[1]);
}

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

/* 4 blocks of 2 frames. */
#define BLOCK 4096
#define FRAME 2048
#define FRAMES 8

static const struct tpacket_req ring_req = {
	.tp_block_size = BLOCK, .tp_block_nr = FRAMES * FRAME / BLOCK, .tp_frame_size = FRAME,
	.tp_frame_nr = FRAMES,
};

static char *ring(int fd)
{
	char *p;

	set_int(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2);
	set_int(fd, SOL_PACKET, PACKET_RESERVE, 4);
	CHECK_EQ(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring_req, sizeof(ring_req)), 0);
	p = mmap(NULL, FRAMES * FRAME, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	return p;
}

/* Wait for the frame. Return: its header. */
static struct tpacket2_hdr *frame(int fd, char *p, int i)
{
	struct tpacket2_hdr *h = (void *)(p + i % FRAMES * FRAME);

	while (!(__atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		CHECK_EQ(poll_for(fd, POLLIN, 3000), POLLIN);
	return h;
}

TEST(packet_ring)
{
	struct sockaddr_ll *ll;
	struct tpacket2_hdr *h;
	struct timespec now;
	int fd = marked_sniffer(), i;
	char *p;

	p = ring(fd);
	CHECK_EQ(poll_for(fd, POLLIN, 0), 0);
	/* The ring goes round more than once. */
	for (i = 0; i < 3 * FRAMES; i++) {
		send_marked("!" MARK);
		h = frame(fd, p, i);
		CHECK_EQ(h->tp_len, HEADERS + 1 + strlen(MARK));
		CHECK_EQ(h->tp_snaplen, h->tp_len);
		CHECK_EQ(h->tp_net - h->tp_mac, sizeof(struct ethhdr));
		CHECK(!memcmp((char *)h + h->tp_mac + HEADERS, "!" MARK, 1 + strlen(MARK)));
		ll = (void *)((char *)h + TPACKET_ALIGN(sizeof(*h)));
		CHECK_EQ(ll->sll_family, AF_PACKET);
		CHECK_EQ(ll->sll_ifindex, if_nametoindex("lo"));
		clock_gettime(CLOCK_REALTIME, &now);
		CHECK(llabs((long long)now.tv_sec - h->tp_sec) <= 2);
		__atomic_store_n(&h->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	}
	CHECK_EQ(poll_for(fd, POLLIN, 200), 0);
}

TEST(packet_ring_full)
{
	int fd = marked_sniffer(), i;
	char *p;

	p = ring(fd);
	for (i = 0; i < FRAMES; i++)
		send_marked("!" MARK);
	/* As many frames as there are; none is written while the program has it. */
	for (i = 0; i < FRAMES; i++)
		frame(fd, p, i);
	CHECK_EQ(poll_for(fd, POLLIN, 0), POLLIN);
	for (i = 0; i < FRAMES; i++)
		__atomic_store_n(&frame(fd, p, i)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

TEST(packet_ring_cut)
{
	char big[4000];
	struct tpacket2_hdr *h;
	int fd = marked_sniffer();
	char *p;

	p = ring(fd);
	memset(big, '!', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	send_marked(big);
	h = frame(fd, p, 0);
	CHECK_EQ(h->tp_len, HEADERS + strlen(big));
	CHECK_EQ(h->tp_snaplen, FRAME - h->tp_mac);
	CHECK_EQ(((char *)h)[FRAME - 1], '!');
}

TEST(packet_ring_refuses)
{
	struct tpacket_req req = ring_req, none = {};
	int fd = sniffer(SOCK_RAW), value = 0;
	char *p;

	set_int(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2);
	req.tp_frame_nr--;
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)), EINVAL);
	req.tp_frame_nr++;
	req.tp_block_size = 100;
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)), EINVAL);
	CHECK_EQ(mmap(NULL, BLOCK, PROT_READ, MAP_SHARED, fd, 0), MAP_FAILED);
	p = ring(fd);
	CHECK_EQ(mmap(NULL, BLOCK, PROT_READ, MAP_SHARED, fd, 0), MAP_FAILED);
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring_req, sizeof(ring_req)), EBUSY);
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &none, sizeof(none)), EBUSY);
	CHECK_ERR(setsockopt(fd, SOL_PACKET, PACKET_RESERVE, &value, sizeof(value)), EBUSY);
	CHECK_EQ(munmap(p, FRAMES * FRAME), 0);
	CHECK_EQ(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &none, sizeof(none)), 0);
	p = ring(fd);
	/* Its memory is there after close(). */
	close(fd);
	p[0]++;
}

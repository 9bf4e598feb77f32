// SPDX-License-Identifier: MIT
/* The rings of packet sockets, by which libpcap receives. */
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/mman.h>
#include "sniff.h"

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

/* Packets of a burst, and a frame that has room for one. */
#define BURST 60
#define LONG_FRAME 32768
#define LONG_PACKET 30000

static const struct tpacket_req burst_req = {
	.tp_block_size = LONG_FRAME, .tp_block_nr = BURST, .tp_frame_size = LONG_FRAME,
	.tp_frame_nr = BURST,
};

/* Send more than a socket's buffer holds, at once. */
static void send_burst(void)
{
	static char text[LONG_PACKET];
	struct iovec iov = { text, sizeof(text) };
	struct mmsghdr m[BURST] = {};
	int fd[2], i, sent = 0;

	memset(text, '!', sizeof(text));
	udp_pair(AF_INET, fd);
	for (i = 0; i < BURST; i++)
		m[i].msg_hdr = (struct msghdr) { .msg_iov = &iov, .msg_iovlen = 1 };
	while (sent < BURST)
		sent += CHECK_OK(sendmmsg(fd[0], m + sent, (unsigned int)(BURST - sent), 0));
	close(fd[0]);
	close(fd[1]);
}

TEST(packet_ring_holds_a_burst)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);
	struct tpacket2_hdr *h;
	int fd = marked_sniffer(), i;
	char *p;

	set_int(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2);
	CHECK_EQ(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &burst_req, sizeof(burst_req)), 0);
	p = mmap(NULL, BURST * LONG_FRAME, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	send_burst();
	for (i = 0; i < BURST; i++) {
		h = (void *)(p + i * LONG_FRAME);
		while (!(__atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			CHECK_EQ(poll_for(fd, POLLIN, 3000), POLLIN);
		CHECK_EQ(h->tp_len, HEADERS + LONG_PACKET);
		CHECK_EQ(h->tp_snaplen, h->tp_len);
	}
	CHECK_EQ(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len), 0);
	CHECK_EQ(stats.tp_packets, BURST);
	CHECK_EQ(stats.tp_drops, 0);
}

TEST(packet_ring_leaves_the_buffer)
{
	struct tpacket_req none = {};
	int fd = marked_sniffer(), before = get_int(fd, SOL_SOCKET, SO_RCVBUF);

	set_int(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2);
	CHECK_EQ(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &burst_req, sizeof(burst_req)), 0);
	CHECK_EQ(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &none, sizeof(none)), 0);
	CHECK_EQ(get_int(fd, SOL_SOCKET, SO_RCVBUF), before);
	CHECK_EQ(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &burst_req, sizeof(burst_req)), 0);
	set_int(fd, SOL_SOCKET, SO_RCVBUF, 50000);
	CHECK_EQ(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &none, sizeof(none)), 0);
	CHECK_EQ(get_int(fd, SOL_SOCKET, SO_RCVBUF), 100000);
}

// SPDX-License-Identifier: MIT
/* Packet sockets on the loopback interface, and what passes there. */
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stddef.h>
#include "sniff.h"

void bind_to_lo(int fd, int protocol)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = (int)if_nametoindex("lo"),
	};

	CHECK(ll.sll_ifindex > 0);
	CHECK_EQ(bind(fd, (struct sockaddr *)&ll, sizeof(ll)), 0);
}

int sniffer(int type)
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
int marked_sniffer(void)
{
	int fd = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));

	attach_filter(fd);
	bind_to_lo(fd, ETH_P_IP);
	return fd;
}

/* Send a datagram over the loopback interface. */
void send_marked(const char *text)
{
	int fd[2];

	udp_pair(AF_INET, fd);
	CHECK_EQ(send(fd[0], text, strlen(text), 0), strlen(text));
	close(fd[0]);
	close(fd[1]);
}


/* SPDX-License-Identifier: MIT */
/* Packet sockets on the loopback interface, for the tests of them. */
#ifndef SNIFF_H
#define SNIFF_H

#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include "nettest.h"

#define MARK "seen by packet sockets"
#define HEADERS (sizeof(struct ethhdr) + sizeof(struct iphdr) + sizeof(struct udphdr))

void bind_to_lo(int fd, int protocol);
int sniffer(int type);			/* of IPv4 */
int marked_sniffer(void);
void send_marked(const char *text);

#endif

// SPDX-License-Identifier: MIT
/*
 * netdeath [-n] [-t SECONDS]: what sockets go through when the network domain dies. Sets up
 * processes that wait in every way there is, prints "READY", and expects the domain
 * to be killed and started again meanwhile; -n: nobody kills (the death is played by
 * closing the peers; for trying this program on an ordinary Linux). -t: a case that has
 * not ended by then has failed.
 *
 * One line per case, "ok NAME" or "FAIL NAME", then "N passed, N failed".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "netdeath.h"

/* A protocol for experiments, and what a frame of it has behind its header. */
#define ETHER_TYPE 0x88b5
#define WANTED 'w'
#define OTHER 'o'

enum { TCP_PORT = 7711, EPOLL_PORT, UDP_PORT, LATE_PORT, NOBODY_PORT, UNUSED_PORT };

struct shared {
	volatile int ready;
	volatile double dead_at;	/* when the first reader saw its reset */
};

static struct shared *shared;
static bool no_kill;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void fail(const char *what)
{
	printf("# not so: %s (errno %d %s)\n", what, errno, strerror(errno));
	fflush(stdout);
	_exit(1);
}

struct sockaddr_in local(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int listener(int port)
{
	struct sockaddr_in a = local(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	CHECK(fd >= 0);
	CHECK(!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	CHECK(!setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)));
	CHECK(!bind(fd, (struct sockaddr *)&a, sizeof(a)));
	CHECK(!listen(fd, 16));
	return fd;
}

int connected_to(int port)
{
	struct sockaddr_in a = local(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void pair(int fd[2])
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(!listen(l, 1));
	CHECK(!getsockname(l, (struct sockaddr *)&a, &len));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(!connect(fd[0], (struct sockaddr *)&a, len));
	fd[1] = accept(l, NULL, NULL);
	CHECK(fd[1] >= 0);
	close(l);
}

void is_ready(void)
{
	__sync_fetch_and_add(&shared->ready, 1);
}

/* Rarely asked: where all is slow, many that ask often leave no time for the others' set-up. */
void await_death(void)
{
	while (!shared->dead_at)
		usleep(200000);
}

/* -n: the end of a stream as a reset, after a while. */
static void play_death(int peer)
{
	struct linger l = { 1, 0 };

	if (!no_kill || fork())
		return;
	await_death();
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(peer);
	_exit(0);
}

static void established_read(void)
{
	int fd[2];
	char c;

	pair(fd);
	play_death(fd[1]);
	if (no_kill)
		close(fd[1]);
	is_ready();
	CHECK(read(fd[0], &c, 1) == -1 && errno == ECONNRESET);
	if (!no_kill)
		shared->dead_at = now();
	CHECK(read(fd[0], &c, 1) == 0);
	CHECK(send(fd[0], &c, 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
	CHECK(shutdown(fd[0], SHUT_RDWR) == -1 && errno == ENOTCONN);
	CHECK(!close(fd[0]));
}

static void established_write(void)
{
	static char buf[1 << 20];
	int fd[2];
	ssize_t n;

	signal(SIGPIPE, SIG_IGN);
	pair(fd);
	play_death(fd[1]);
	if (no_kill)
		close(fd[1]);
	is_ready();
	do
		n = write(fd[0], buf, sizeof(buf));
	while (n > 0);
	CHECK(errno == ECONNRESET || errno == EPIPE);
}

static void established_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int fd[2], ep = epoll_create1(0), err = -1;
	socklen_t len = sizeof(err);

	pair(fd);
	play_death(fd[1]);
	if (no_kill)
		close(fd[1]);
	CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &ev));
	is_ready();
	CHECK(epoll_wait(ep, &ev, 1, -1) == 1);
	CHECK(ev.events & EPOLLERR && ev.events & EPOLLHUP);
	CHECK(!getsockopt(fd[0], SOL_SOCKET, SO_ERROR, &err, &len));
	CHECK(err == ECONNRESET);
}

/* Who asks and sets things takes nobody the error. */
static void established_asked(void)
{
	struct tcp_info info = {};
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int fd[2], one = 1;
	struct pollfd p;
	char c;

	pair(fd);
	play_death(fd[1]);
	if (no_kill)
		close(fd[1]);
	p = (struct pollfd){ .fd = fd[0] };
	is_ready();
	CHECK(poll(&p, 1, -1) == 1 && p.revents == (POLLERR | POLLHUP));
	CHECK(recv(fd[0], &c, 1, MSG_ERRQUEUE) == -1 && errno == EAGAIN);
	CHECK(recv(fd[0], &c, 1, MSG_OOB) == -1 && errno == EINVAL);
	CHECK(getpeername(fd[0], (struct sockaddr *)&a, &len) == -1 && errno == ENOTCONN);
	CHECK(!getsockname(fd[0], (struct sockaddr *)&a, &len));
	CHECK(!setsockopt(fd[0], SOL_TCP, TCP_NODELAY, &one, sizeof(one)));
	len = sizeof(info);
	CHECK(!getsockopt(fd[0], SOL_TCP, TCP_INFO, &info, &len) && info.tcpi_state == TCP_CLOSE);
	CHECK(shutdown(fd[0], SHUT_RDWR) == -1 && errno == ENOTCONN);
	CHECK(read(fd[0], &c, 1) == -1 && errno == ECONNRESET);
	CHECK(read(fd[0], &c, 1) == 0);
	CHECK(recv(fd[0], &c, 1, MSG_ERRQUEUE) == -1 && errno == EAGAIN);
}

static void serve_one(int l)
{
	int fd = accept(l, NULL, NULL), one = 0;
	socklen_t len = sizeof(one);
	char c;

	CHECK(fd >= 0);
	CHECK(read(fd, &c, 1) == 1 && c == 'q');
	CHECK(write(fd, "a", 1) == 1);
	/* Options outlive the domain, and children inherit them as ever. */
	CHECK(!getsockopt(l, SOL_SOCKET, SO_KEEPALIVE, &one, &len) && one == 1);
	CHECK(!getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, &len) && one == 1);
}

static void listen_accept(void)
{
	int l = listener(TCP_PORT);

	is_ready();
	serve_one(l);
}

static void listen_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int l = listener(EPOLL_PORT), ep = epoll_create1(0);

	CHECK(!fcntl(l, F_SETFL, O_NONBLOCK));
	CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, l, &ev));
	is_ready();
	for (;;) {
		int fd;

		CHECK(epoll_wait(ep, &ev, 1, -1) == 1);
		fd = accept(l, NULL, NULL);
		if (fd < 0) {
			CHECK(errno == EAGAIN);
			continue;
		}
		CHECK(write(fd, "a", 1) == 1);
		return;
	}
}

static void datagram_receive(void)
{
	struct sockaddr_in a = local(UDP_PORT);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), ttl = 9;
	socklen_t len = sizeof(ttl);
	char buf[16];

	CHECK(!setsockopt(fd, SOL_IP, IP_TTL, &ttl, sizeof(ttl)));
	CHECK(!bind(fd, (struct sockaddr *)&a, sizeof(a)));
	is_ready();
	CHECK(recv(fd, buf, sizeof(buf), 0) == 4);
	ttl = 0;
	CHECK(!getsockopt(fd, SOL_IP, IP_TTL, &ttl, &len) && ttl == 9);
}

static int port_of(int fd)
{
	struct sockaddr_in6 a;	/* IPv4 has the port at the same place */
	socklen_t len = sizeof(a);

	CHECK(!getsockname(fd, (struct sockaddr *)&a, &len));
	return ntohs(a.sin6_port);
}

/* What connect() or a send has chosen is there after the death, and goes as a chosen one does. */
static void port_is_kept(int fd)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	int port = port_of(fd);

	CHECK(port);
	is_ready();
	await_death();
	CHECK(port_of(fd) == port);
	CHECK(!connect(fd, &none, sizeof(none)));
	CHECK(!port_of(fd));
}

static void port_of_connect(void)
{
	struct sockaddr_in a = local(UNUSED_PORT);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	CHECK(!connect(fd, (struct sockaddr *)&a, sizeof(a)));
	port_is_kept(fd);
}

static void port_of_a_sender(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(UNUSED_PORT),
				  .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct iovec one = { "x", 1 };
	struct mmsghdr m = { .msg_hdr = { .msg_name = &a, .msg_namelen = sizeof(a),
					  .msg_iov = &one, .msg_iovlen = 1 } };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	CHECK(sendmmsg(fd, &m, 1, 0) == 1);
	port_is_kept(fd);
}

/* Made before the death, used after it. */
static void unused_socket(void)
{
	struct sockaddr_in a = local(LATE_PORT);
	int fd = socket(AF_INET, SOCK_STREAM, 0), fd2;

	CHECK(fd >= 0);
	is_ready();
	await_death();
	CHECK(!bind(fd, (struct sockaddr *)&a, sizeof(a)));
	CHECK(!listen(fd, 1));
	fd2 = connected_to(LATE_PORT);
	CHECK(fd2 >= 0);
	CHECK(accept(fd, NULL, NULL) >= 0);
}

/* Alive, and what it was? Sent to itself. */
static void is_alive(int fd, int priority)
{
	int got = -1;
	socklen_t len = sizeof(got);
	char c;

	await_death();
	CHECK(!getsockopt(fd, SOL_SOCKET, SO_PRIORITY, &got, &len) && got == priority);
	CHECK(write(fd, "x", 1) == 1);
	alarm(20);
	CHECK(read(fd, &c, 1) >= 0);
}

static void become_nobody(void)
{
	CHECK(!setgroups(0, NULL) && !setgid(65534) && !setuid(65534));
}

/* Made by root, bound by who has no rights any more: each step needs its own. */
static void bound_by_nobody(void)
{
	struct sockaddr_in a = local(0);
	int fd;

	a.sin_port = 0;
	fd = socket(AF_INET, SOCK_RAW, 253);	/* for experiments */
	CHECK(fd >= 0);
	become_nobody();
	CHECK(!bind(fd, (struct sockaddr *)&a, sizeof(a)));
	CHECK(!connect(fd, (struct sockaddr *)&a, sizeof(a)));
	is_ready();
	is_alive(fd, 0);
}

/* Made and bound by nobody, with an option that only root may set. */
static void option_of_root(void)
{
	struct sockaddr_in a = local(NOBODY_PORT);
	int both[2], fd, priority = 7;
	char space[CMSG_SPACE(sizeof(int))] = "", c = 0;
	struct iovec iov = { &c, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space,
			    .msg_controllen = sizeof(space) };
	struct cmsghdr *cm;

	CHECK(!socketpair(AF_UNIX, SOCK_DGRAM, 0, both));
	if (!fork()) {
		become_nobody();
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof(a)));
		cm = CMSG_FIRSTHDR(&m);
		*cm = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
					.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(cm), &fd, sizeof(fd));
		CHECK(sendmsg(both[1], &m, 0) == 1);
		_exit(0);
	}
	CHECK(recvmsg(both[0], &m, 0) == 1);
	cm = CMSG_FIRSTHDR(&m);
	CHECK(cm && cm->cmsg_type == SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(cm), sizeof(fd));
	CHECK(!setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority)));
	CHECK(!connect(fd, (struct sockaddr *)&a, sizeof(a)));
	is_ready();
	is_alive(fd, priority);
}

struct eth_frame {
	struct ethhdr eth;
	char kind;
} __attribute__((packed));

/* Filter before bind(): it never gets anything else. */
static int sniffer(void)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offsetof(struct eth_frame, kind)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WANTED, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { 4, insns };
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETHER_TYPE),
				  .sll_ifindex = (int)if_nametoindex("lo") };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	CHECK(fd >= 0 && ll.sll_ifindex > 0);
	CHECK(!setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	CHECK(!bind(fd, (struct sockaddr *)&ll, sizeof(ll)));
	return fd;
}

static void packet_receive(void)
{
	struct packet_mreq mreq = { .mr_ifindex = (int)if_nametoindex("lo"),
				    .mr_type = PACKET_MR_PROMISC };
	struct sockaddr_ll ll = {};
	socklen_t len = sizeof(ll);
	struct eth_frame f;
	int fd = sniffer(), i;

	/* More than are kept, if those that were taken back counted. */
	for (i = 0; i < 100; i++) {
		CHECK(!setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, sizeof(mreq)));
		CHECK(!setsockopt(fd, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &mreq, sizeof(mreq)));
	}
	is_ready();
	for (i = 0; i < 2; i++)
		CHECK(recv(fd, &f, sizeof(f), 0) == sizeof(f) && f.kind == WANTED);
	CHECK(!getsockname(fd, (struct sockaddr *)&ll, &len));
	CHECK(ll.sll_protocol == htons(ETHER_TYPE) && ll.sll_ifindex == mreq.mr_ifindex);
}

static void packet_ring(void)
{
	struct tpacket_req req = { .tp_block_size = 4096, .tp_block_nr = 1,
				   .tp_frame_size = 2048, .tp_frame_nr = 2 };
	int fd = sniffer(), version = TPACKET_V2, i;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct tpacket2_hdr *h;
	struct eth_frame f;
	char *ring;

	CHECK(!setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)));
	CHECK(!setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)));
	ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(ring != MAP_FAILED);
	is_ready();
	for (i = 0; i < 2; i++) {
		h = (void *)(ring + i * 2048);
		while (!(__atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			CHECK(poll(&p, 1, -1) == 1);
		memcpy(&f, (char *)h + h->tp_mac, sizeof(f));
		CHECK(h->tp_len == sizeof(f) && f.kind == WANTED);
	}
}

/* What packet_receive() and packet_ring() wait for. */
static void send_frames(void)
{
	struct eth_frame f = { .eth.h_proto = htons(ETHER_TYPE) };
	int fd = sniffer(), i;

	for (i = 0; i < 10; i++) {
		f.kind = i % 2 ? WANTED : OTHER;
		CHECK(send(fd, &f, sizeof(f), 0) == sizeof(f));
		usleep(50000);
	}
}

static void ask(int port)
{
	double end = now() + 150;
	char c;

	while (now() < end) {
		int fd = connected_to(port);

		if (fd >= 0) {
			CHECK(write(fd, "q", 1) == 1);
			CHECK(read(fd, &c, 1) == 1 && c == 'a');
			return;
		}
		usleep(50000);
	}
	fail("a connection within 150 s");
}

/* The client of all the others; goes to work when the death has been seen. */
static void client(void)
{
	struct sockaddr_in a = local(UDP_PORT);
	double first;
	int fd, i;

	is_ready();
	await_death();
	ask(TCP_PORT);
	first = now() - shared->dead_at;
	ask(EPOLL_PORT);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK(fd >= 0);
	for (i = 0; i < 5; i++) {
		CHECK(sendto(fd, "data", 4, 0, (struct sockaddr *)&a, sizeof(a)) == 4);
		usleep(100000);
	}
	send_frames();
	printf("# first answer %.2f s after the death\n", first);
}

static const struct {
	const char *name;
	void (*fn)(void);
} cases[] = {
	{ "established_read", established_read },
	{ "established_write", established_write },
	{ "established_epoll", established_epoll },
	{ "established_asked", established_asked },
	{ "listen_accept", listen_accept },
	{ "listen_epoll", listen_epoll },
	{ "datagram_receive", datagram_receive },
	{ "port_of_connect", port_of_connect },
	{ "port_of_a_sender", port_of_a_sender },
	{ "unused_socket", unused_socket },
	{ "bound_by_nobody", bound_by_nobody },
	{ "option_of_root", option_of_root },
	{ "filter_changed", filter_changed },
	{ "groups_of_the_gone", groups_of_the_gone },
	{ "device_of_the_gone", device_of_the_gone },
	{ "group_left_often", group_left_often },
	{ "address_of_the_gone", address_of_the_gone },
	{ "listener_dissolved", listener_dissolved },
	{ "group_of_one_port", group_of_one_port },
	{ "last_of_one_port", last_of_one_port },
	{ "keys_of_peers", keys_of_peers },
	{ "shut_down", shut_down },
	{ "route_of_the_gone", route_of_the_gone },
	{ "route_of_the_gone_v6", route_of_the_gone_v6 },
	{ "family_of_the_changed", family_of_the_changed },
	{ "packet_receive", packet_receive },
	{ "packet_ring", packet_ring },
	{ "client", client },
};

#define N ((int)(sizeof(cases) / sizeof(cases[0])))

int main(int argc, char **argv)
{
	int i, c, limit = 180, passed = 0;
	pid_t pid[N];

	while ((c = getopt(argc, argv, "nt:")) != -1) {
		if (c == 'n')
			no_kill = true;
		else if (c == 't')
			limit = atoi(optarg);
		else
			return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < N; i++) {
		fflush(NULL);
		pid[i] = fork();
		if (!pid[i]) {
			alarm(limit);
			cases[i].fn();
			exit(0);
		}
	}
	while (shared->ready < N)
		usleep(100000);
	usleep(300000);		/* until they wait */
	puts("READY");
	fflush(stdout);
	if (no_kill)
		shared->dead_at = now();
	for (i = 0; i < N; i++) {
		int status = -1;

		waitpid(pid[i], &status, 0);
		passed += !status;
		printf("%s %s\n", status ? "FAIL" : "ok", cases[i].name);
	}
	printf("%d passed, %d failed\n", passed, N - passed);
	return passed != N;
}

// SPDX-License-Identifier: MIT
/* Keys of signed segments: a listener that has some goes on to refuse who does not. */
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netdeath.h"

static void set_key(int fd, const struct sockaddr_in *peer, const char *secret)
{
	struct tcp_md5sig key = { .tcpm_keylen = strlen(secret) };

	memcpy(&key.tcpm_addr, peer, sizeof(*peer));
	memcpy(key.tcpm_key, secret, strlen(secret));
	CHECK(!setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key)));
}

static int answers(const struct sockaddr_in *to, const char *secret)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes;
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	set_key(fd, to, secret);
	CHECK(connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0);
	yes = poll(&p, 1, 700) == 1 && p.revents == POLLOUT;
	close(fd);
	return yes;
}

/* Of two keys for one address the second is there, and that of another address beside it. */
void keys_of_peers(void)
{
	struct sockaddr_in a = local(0), other = { .sin_family = AF_INET, .sin_addr.s_addr = 1 };
	int l = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(a);

	CHECK(!bind(l, (struct sockaddr *)&a, sizeof(a)));
	CHECK(!getsockname(l, (struct sockaddr *)&a, &len));
	set_key(l, &a, "first");
	set_key(l, &a, "second");
	set_key(l, &other, "third");
	set_key(l, &other, "");
	set_key(l, &other, "fourth");
	CHECK(!listen(l, 5));
	is_ready();
	await_death();
	CHECK(!answers(&a, "first"));
	CHECK(!answers(&a, "fourth"));
	CHECK(answers(&a, "second"));
	set_key(l, &other, "");
}

// SPDX-License-Identifier: MIT
/* Signed segments (TCP_MD5SIG, RFC 2385), which protect the connections of routers. */
#include "nettest.h"

static int set_key(int fd, const struct endpoint *peer, const char *secret)
{
	struct tcp_md5sig key = { .tcpm_keylen = (uint16_t)strlen(secret) };

	memcpy(&key.tcpm_addr, &peer->addr, peer->len);
	memcpy(key.tcpm_key, secret, strlen(secret));
	return setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key));
}

static int signing_listener(int family, const char *secret, struct endpoint *where)
{
	int fd = listener(family, where);

	CHECK_EQ(set_key(fd, where, secret), 0);
	return fd;
}

/* Return: a socket that connects; its mask after a while is @mask. */
static int connecting(int family, const char *secret, const struct endpoint *to, int ms, int mask)
{
	int fd = CHECK_OK(socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0));

	if (secret)
		CHECK_EQ(set_key(fd, to, secret), 0);
	CHECK_ERR(connect(fd, (const struct sockaddr *)&to->addr, to->len), EINPROGRESS);
	CHECK_EQ(poll_for(fd, POLLOUT, ms), mask);
	return fd;
}

static void keys(int family)
{
	struct endpoint where;
	int l = signing_listener(family, "secret", &where), fd, a;
	char c;

	close(connecting(family, NULL, &where, 300, 0));
	close(connecting(family, "Secret", &where, 300, 0));
	fd = connecting(family, "secret", &where, 5000, POLLOUT);
	a = CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(send(fd, "x", 1, 0), 1);
	CHECK_EQ(recv(a, &c, 1, 0), 1);
	CHECK_EQ(c, 'x');
	/* Another key takes the place of the first one, and none takes it away. */
	CHECK_EQ(set_key(l, &where, "other"), 0);
	close(connecting(family, "other", &where, 5000, POLLOUT));
	CHECK_EQ(set_key(l, &where, ""), 0);
	CHECK_ERR(set_key(l, &where, ""), ENOENT);
	close(connecting(family, NULL, &where, 5000, POLLOUT));
	close(fd);
	close(a);
	close(l);
}

TEST(md5_keys)
{
	keys(AF_INET);
}

TEST(md5_keys6)
{
	keys(AF_INET6);
}

TEST(md5_refuses)
{
	struct tcp_md5sig key = { .tcpm_keylen = TCP_MD5SIG_MAXKEYLEN + 1 };
	struct endpoint where = loopback(AF_INET, 0);
	int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	socklen_t len = sizeof(key);

	memcpy(&key.tcpm_addr, &where.addr, where.len);
	CHECK_ERR(setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key)), EINVAL);
	key.tcpm_keylen = 1;
	CHECK_ERR(setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key) - 1), EINVAL);
	((struct sockaddr *)&key.tcpm_addr)->sa_family = AF_UNIX;
	CHECK_ERR(setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key)), EINVAL);
	CHECK_ERR(getsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, &len), ENOPROTOOPT);
}

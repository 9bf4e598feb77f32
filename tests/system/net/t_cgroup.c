// SPDX-License-Identifier: MIT
/*
 * Programs attached to a cgroup say what its sockets may do: systemd's SocketBindDeny=
 * and its like. What a kernel would not run it must not take.
 */
#include <linux/bpf.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "nettest.h"

#define INSN(op, dst, src, jump, value) \
	((struct bpf_insn){ .code = (op), .dst_reg = (dst), .src_reg = (src), .off = (jump), \
			    .imm = (int)(value) })
#define LOAD32(dst, field) \
	INSN(BPF_LDX | BPF_MEM | BPF_W, dst, 1, offsetof(struct bpf_sock_addr, field), 0)
#define SET(dst, value)		INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value)
#define UNLESS(reg, value, skip) INSN(BPF_JMP | BPF_JNE | BPF_K, reg, 0, skip, value)
#define EXIT			INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#define PORT	7979

/* To run in a cgroup of its own, with one program attached to it. */
struct attachment {
	enum bpf_prog_type type;
	enum bpf_attach_type at;
	const struct bpf_insn *prog;
	int n;
	void (*run)(void);
};

static const struct bpf_insn deny_all[] = { SET(0, 0), EXIT };

/* TCP, port PORT: what systemd's program looks at. */
static const struct bpf_insn deny_tcp_port[] = {
	SET(0, 1),
	LOAD32(2, protocol),
	UNLESS(2, IPPROTO_TCP, 3),
	LOAD32(2, user_port),
	UNLESS(2, __builtin_bswap16(PORT), 1),
	SET(0, 0),
	EXIT,
};

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int load(const struct attachment *a)
{
	union bpf_attr attr = {
		.prog_type = a->type,
		.expected_attach_type = a->at,
		.insns = (uint64_t)(uintptr_t)a->prog,
		.insn_cnt = (uint32_t)a->n,
		.license = (uint64_t)(uintptr_t)"GPL",
	};
	int fd = (int)bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		test_skip("no programs of this kind here");
	return fd;
}

static long attach(int cgroup, int prog, enum bpf_attach_type at)
{
	union bpf_attr attr = {
		.target_fd = (uint32_t)cgroup,
		.attach_bpf_fd = (uint32_t)prog,
		.attach_type = at,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};

	return bpf(BPF_PROG_ATTACH, &attr);
}

/* The one of process @pid, which has made it. */
static void cgroup_path(char path[64], pid_t pid)
{
	bool hybrid = !access("/sys/fs/cgroup/unified", F_OK);

	snprintf(path, 64, "/sys/fs/cgroup/%snettest.%d", hybrid ? "unified/" : "", pid);
}

static int cgroup_make(void)
{
	char path[64];

	cgroup_path(path, getpid());
	if (mkdir(path, 0755))
		test_skip("no cgroups of our own here");
	return (int)CHECK_OK(open(path, O_RDONLY | O_DIRECTORY));
}

static void run_inside(void *arg)
{
	const struct attachment *a = arg;
	char path[80];
	int fd;

	cgroup_path(path, getppid());
	strcat(path, "/cgroup.procs");
	fd = (int)CHECK_OK(open(path, O_WRONLY));
	CHECK_EQ(write(fd, "0", 1), 1);
	close(fd);
	a->run();
}

static void with(const struct attachment *a)
{
	int prog = load(a), cgroup = cgroup_make();
	char path[64];

	CHECK_EQ(attach(cgroup, prog, a->at), 0);
	reap(child(run_inside, (void *)a));
	cgroup_path(path, getpid());
	CHECK_EQ(rmdir(path), 0);
}

static long bind_to(int family, int type, int port)
{
	struct endpoint at = loopback(family, port);
	int fd = (int)CHECK_OK(socket(family, type, 0));
	long rc;

	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	rc = bind(fd, (struct sockaddr *)&at.addr, at.len);
	close(fd);
	return rc;
}

static void bind4(void)
{
	CHECK_ERR(bind_to(AF_INET, SOCK_STREAM, PORT), EPERM);
	CHECK_EQ(bind_to(AF_INET, SOCK_STREAM, PORT + 1), 0);
	CHECK_EQ(bind_to(AF_INET, SOCK_STREAM, 0), 0);
	CHECK_EQ(bind_to(AF_INET, SOCK_DGRAM, PORT), 0);
	CHECK_EQ(bind_to(AF_INET6, SOCK_STREAM, PORT), 0);
}

TEST(cgroup_bind)
{
	const struct attachment a = { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_BIND,
				      deny_tcp_port, 7, bind4 };

	with(&a);
}

static void bind6(void)
{
	CHECK_ERR(bind_to(AF_INET6, SOCK_STREAM, PORT), EPERM);
	CHECK_EQ(bind_to(AF_INET, SOCK_STREAM, PORT), 0);
}

TEST(cgroup_bind6)
{
	const struct attachment a = { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_BIND,
				      deny_tcp_port, 7, bind6 };

	with(&a);
}

static void connect4(void)
{
	struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	struct endpoint to;
	int l = listener(AF_INET, &to), s = socket(AF_INET, SOCK_STREAM, 0);
	int d = socket(AF_INET, SOCK_DGRAM, 0);

	CHECK_ERR(connect(s, (struct sockaddr *)&to.addr, to.len), EPERM);
	CHECK_ERR(connect(d, (struct sockaddr *)&to.addr, to.len), EPERM);
	CHECK_EQ(connect(d, &nowhere, sizeof(nowhere)), 0);
	CHECK_EQ(poll_for(l, POLLIN, 0), 0);
}

TEST(cgroup_connect)
{
	const struct attachment a = { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT,
				      deny_all, 2, connect4 };

	with(&a);
}

static long send_to(int fd, const struct endpoint *to)
{
	return sendto(fd, "x", 1, 0, (const struct sockaddr *)&to->addr, to->len);
}

static void send4(void)
{
	struct sockaddr_in6 *mapped;
	struct endpoint to, to6 = loopback(AF_INET6, 0);
	int fd[2], six = socket(AF_INET6, SOCK_DGRAM, 0);

	udp_pair(AF_INET, fd);
	to = loopback(AF_INET, port_of(fd[1]));
	CHECK_ERR(send_to(fd[0], &to), EPERM);
	CHECK_EQ(send(fd[0], "x", 1, 0), 1);
	mapped = (struct sockaddr_in6 *)&to6.addr;
	mapped->sin6_port = ((struct sockaddr_in *)&to.addr)->sin_port;
	CHECK_EQ(inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped->sin6_addr), 1);
	set_int(six, SOL_IPV6, IPV6_V6ONLY, 0);
	CHECK_ERR(send_to(six, &to6), EPERM);
}

TEST(cgroup_sendmsg)
{
	const struct attachment a = { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG,
				      deny_all, 2, send4 };

	with(&a);
}

static void create(void)
{
	CHECK_ERR(socket(AF_INET, SOCK_STREAM, 0), EPERM);
	CHECK_ERR(socket(AF_INET6, SOCK_DGRAM, 0), EPERM);
	CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
}

TEST(cgroup_create)
{
	const struct attachment a = { BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE,
				      deny_all, 2, create };

	with(&a);
}

/* IPAddressDeny=, IPAccounting=: a kernel that sees no packets says so. */
TEST(cgroup_packets_are_refused)
{
	static const enum bpf_attach_type at[] = { BPF_CGROUP_INET_INGRESS, BPF_CGROUP_INET_EGRESS };
	const struct attachment a = { BPF_PROG_TYPE_CGROUP_SKB, at[0], deny_all, 2, NULL };
	union bpf_attr question = { .attach_type = at[1], .target_fd = -1, .attach_bpf_fd = -1 };
	int prog = load(&a), cgroup = cgroup_make();
	char path[64];
	long rc[2];
	int i, err[2];

	for (i = 0; i < 2; i++) {
		rc[i] = attach(cgroup, prog, at[i]);
		err[i] = errno;
	}
	close(cgroup);
	cgroup_path(path, getpid());
	CHECK_EQ(rmdir(path), 0);
	/* The kernel of DEBUG=… has TCP/IP built in, see tests/host/debug. */
	if (access("/sys/kernel/virtuos", F_OK) || !access("/proc/net/tcp", F_OK))
		test_skip("this kernel sees packets");
	for (i = 0; i < 2; i++) {
		CHECK_EQ(rc[i], -1);
		CHECK_EQ(err[i], EOPNOTSUPP);
	}
	/* How systemd asks. */
	CHECK_ERR(bpf(BPF_PROG_DETACH, &question), EOPNOTSUPP);
}

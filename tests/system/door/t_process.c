// SPDX-License-Identifier: MIT
/*
 * Processes: children of every kind find a door of their own or none, and never
 * one that speaks of another's descriptors.
 */
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include "doortest.h"

extern char **environ;

/* Takes numbers from the shared offset until there are none. */
static void take_numbers(int fd, uint8_t *seen, uint32_t count)
{
	uint32_t n;

	while (read(fd, &n, 4) == 4) {
		CHECK(n < count);
		CHECK_EQ(__atomic_fetch_add(&seen[n], 1, __ATOMIC_RELAXED), 0);
	}
}

TEST(fork_shares_the_offset)
{
	uint32_t count = 4000, i;
	uint8_t *seen = shared_memory(count);
	int fd = number_file("fork", count);
	pid_t pid = fork();

	CHECK(pid >= 0);
	take_numbers(fd, seen, count);
	if (!pid)
		_exit(0);
	reap(pid);
	for (i = 0; i < count; i++)
		CHECK_EQ(seen[i], 1);
}

TEST(fork_child_has_its_own_door)
{
	char c;
	int fd[2], i;
	pid_t pid;

	tcp_pair(fd);
	pid = fork();
	if (!pid) {
		for (i = 0; i < 50; i++) {
			CHECK_EQ(send(fd[0], "c", 1, 0), 1);
			CHECK_EQ(recv(fd[1], &c, 1, 0), 1);
		}
		CHECK_DOOR(VOS_STAT_SEND, 30);
		_exit(0);
	}
	reap(pid);
	CHECK_EQ(send(fd[0], "p", 1, 0), 1);
	CHECK_EQ(recv(fd[1], &c, 1, 0), 1);
	CHECK_EQ(c, 'p');
}

#define MANY	150

/* Works, tells whether by the door, waits until all are there, works again. */
static void one_of_many(int said, int wait)
{
	char name[16], path[512], out[32], in[32], by_door;
	int fd[2], file, i, round;

	snprintf(name, sizeof(name), "many%d", getpid());
	memset(out, getpid(), sizeof(out));
	tcp_pair(fd);
	file = new_file(name, 0);
	snprintf(path, sizeof(path), "%s/doortest-%s", folder, name);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 12; i++) {
			CHECK_EQ(send(fd[0], out, 32, 0), 32);
			CHECK_EQ(recv(fd[1], in, 32, MSG_WAITALL), 32);
			CHECK(!memcmp(in, out, 32));
			CHECK_EQ(pwrite(file, out, 32, i * 32), 32);
			CHECK_EQ(pread(file, in, 32, i * 32), 32);
			CHECK(!memcmp(in, out, 32));
		}
		if (round)
			break;
		by_door = door_calls(VOS_STAT_SEND) > 0;
		CHECK_EQ(write(said, &by_door, 1), 1);
		CHECK_EQ(read(wait, in, 1), 0);
	}
	CHECK_EQ(unlink(path), 0);
}

/* More than the grant table has room for, of sockets and files: 70 + 134 pages each. */
TEST(more_processes_than_room)
{
	int said[2], wait[2], i, by_door = 0;
	pid_t pid[MANY];
	char c;

	CHECK(!pipe(said) && !pipe(wait));
	for (i = 0; i < MANY; i++) {
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		if (pid[i])
			continue;
		close(wait[1]);
		one_of_many(said[1], wait[0]);
		_exit(0);
	}
	close(said[1]);
	for (i = 0; i < MANY; i++) {
		CHECK_EQ(read(said[0], &c, 1), 1);
		by_door += c;
	}
	close(wait[1]);
	for (i = 0; i < MANY; i++)
		reap(pid[i]);
	CHECK(!door_expected || by_door >= 50);
}

/* The child's descriptor 40 is not the parent's, though the memory is. */
TEST(vfork_child_writes)
{
	int fd[2], file = new_file("vfork", 0), other = new_file("vfork2", 0), i;
	char buf[32] = "";
	pid_t pid;

	tcp_pair(fd);
	CHECK_EQ(dup2(other, 40), 40);
	warm_file(40);
	pid = vfork();
	if (!pid) {
		dup2(fd[0], 40);
		dup2(file, 41);
		for (i = 0; i < 10; i++)
			if (write(40, "s", 1) != 1 || write(41, "f", 1) != 1)
				_exit(1);
		_exit(0);
	}
	reap(pid);
	read_all(fd[1], buf, 10);
	CHECK(!strcmp(buf, "ssssssssss"));
	memset(buf, 0, sizeof(buf));
	CHECK_EQ(pread(file, buf, sizeof(buf), 0), 10);
	CHECK(!strcmp(buf, "ffffffffff"));
	CHECK_EQ(pread(40, buf, sizeof(buf), 0), 0);
	CHECK_EQ(write(40, "mine", 4), 4);
	CHECK_EQ(pread(other, buf, sizeof(buf), 0), 4);
}

TEST(posix_spawn_writes)
{
	char *argv[] = { "echo", "hello", NULL }, buf[8] = "";
	posix_spawn_file_actions_t a;
	int fd[2];
	pid_t pid;

	tcp_pair(fd);
	posix_spawn_file_actions_init(&a);
	posix_spawn_file_actions_adddup2(&a, fd[0], 1);
	CHECK_EQ(posix_spawnp(&pid, "echo", &a, NULL, argv, environ), 0);
	reap(pid);
	read_all(fd[1], buf, 6);
	CHECK(!strcmp(buf, "hello\n"));
}

/* A child by the raw call that shares the descriptors and not the memory. */
TEST(clone_shares_files)
{
	int fd = number_file("clone", 100), other = number_file("clone2", 10);
	uint32_t n;
	long pid;

	CHECK_EQ(lseek(other, 20, SEEK_SET), 20);
	CHECK_EQ(read(fd, &n, 4), 4);
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	CHECK(pid >= 0);
	if (!pid)
		syscall(SYS_exit, syscall(SYS_dup2, other, fd) == fd ? 0 : 1);
	reap(pid);
	CHECK_EQ(read(fd, &n, 4), 4);
	CHECK_EQ(n, 5);
}

TEST(exec_keeps_descriptors)
{
	int fd = number_file("exec", 1000), i;
	char arg[2][16];
	uint32_t n;
	pid_t pid;

	for (i = 0; i < 50; i++)
		CHECK_EQ(read(fd, &n, 4), 4);
	snprintf(arg[0], 16, "%d", fd);
	snprintf(arg[1], 16, "%d", 50);
	pid = fork();
	if (!pid) {
		execl("/proc/self/exe", program, "--numbers", arg[0], arg[1], NULL);
		_exit(9);
	}
	reap(pid);
	CHECK_EQ(read(fd, &n, 4), 4);
	CHECK_EQ(n, 150);
}

TEST(seteuid_then_read)
{
	int fd = number_file("setuid", 300), i;
	uint32_t n;

	if (geteuid())
		test_skip("not root");
	for (i = 0; i < 300; i++) {
		if (i == 100)
			CHECK_EQ(seteuid(65534), 0);
		if (i == 200)
			CHECK_EQ(seteuid(0), 0);
		CHECK_EQ(read(fd, &n, 4), 4);
		CHECK_EQ(n, i);
	}
}

static void dump_core(void *arg)
{
	char c;
	int fd[2];

	(void)arg;
	tcp_pair(fd);
	send(fd[0], "x", 1, 0);
	recv(fd[1], &c, 1, 0);
	abort();
}

TEST(core_dump_ends)
{
	int status;
	pid_t pid = child(dump_core, NULL);

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void ping(int fd[2], int n)
{
	char c;

	while (n--) {
		CHECK_EQ(send(fd[0], "x", 1, 0), 1);
		CHECK_EQ(recv(fd[1], &c, 1, 0), 1);
	}
}

/* The filter's author did not know that anybody would call prctl(). */
TEST(seccomp_shuts_the_door)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = 4, .filter = f };
	uint64_t before;
	int fd[2];
	pid_t pid;

	tcp_pair(fd);
	CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	CHECK_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog), 0);
	before = door_calls(VOS_STAT_SEND) + door_calls(VOS_STAT_RECV);
	ping(fd, 1000);
	CHECK_EQ(door_calls(VOS_STAT_SEND) + door_calls(VOS_STAT_RECV), before);
	pid = fork();
	if (!pid) {
		ping(fd, 1000);
		_exit(0);
	}
	reap(pid);
}

static void be_traced(void *arg)
{
	int *fd = arg;

	raise(SIGSTOP);
	ping(fd, 20);
}

/* Let it run to the next stop. Return: false when it has ended. */
static bool step(pid_t pid, int *status)
{
	CHECK_EQ(ptrace(PTRACE_SYSCALL, pid, 0, 0), 0);
	CHECK_EQ(waitpid(pid, status, 0), pid);
	return !WIFEXITED(*status);
}

TEST(a_tracer_sees_everything)
{
	int fd[2], status, seen = 0;
	pid_t pid;

	tcp_pair(fd);
	pid = child(be_traced, fd);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD), 0);
	CHECK_EQ(kill(pid, SIGCONT), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	while (step(pid, &status)) {
		struct __ptrace_syscall_info info;

		if (!WIFSTOPPED(status) || WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0 &&
		    info.op == PTRACE_SYSCALL_INFO_ENTRY &&
		    (info.entry.nr == SYS_sendto || info.entry.nr == SYS_recvfrom))
			seen++;
	}
	CHECK_EQ(status, 0);
	CHECK(seen >= 40);
}

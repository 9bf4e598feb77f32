// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/virtuos/threads: the accounts of all threads, for root. docs/counters.md says what the
 * columns are.
 */
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/string_helpers.h>
#include "account.h"

static const char * const service_name[VOS_DOOR_SERVICES] = {
	[VOS_DOOR_NET] = "net",
	[VOS_DOOR_STORAGE] = "storage",
};

/* One line of the file. */
struct line {
	struct vos_sums sums;
	struct vos_cost late[VOS_DOOR_SERVICES];
	struct vos_cost dead[VOS_DOOR_SERVICES];
};

static bool is_empty(const struct line *line, int service)
{
	return !(line->sums.trap[service].calls | line->sums.door[service].calls |
		 line->dead[service].calls);
}

/* A name holds what a program likes: blanks and control characters are shown in octal. */
static void show_name(struct seq_file *m, const char *comm)
{
	seq_escape_mem(m, comm, strlen(comm), ESCAPE_OCTAL | ESCAPE_NP | ESCAPE_APPEND,
		       " \\");
}

/* What was charged late is a part of the sums. It was read before, so it is not the larger. */
static void show_costs(struct seq_file *m, const struct line *line, int service)
{
	const struct vos_cost *trap = &line->sums.trap[service], *dead = &line->dead[service];
	const struct vos_cost *door = &line->sums.door[service], *late = &line->late[service];

	seq_printf(m, " %s %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu",
		   service_name[service],
		   trap->calls - late->calls, trap->ticks - late->ticks, trap->wait + door->wait,
		   trap->bytes, late->calls, late->ticks, door->calls, door->ticks, dead->calls,
		   dead->ticks);
	seq_printf(m, " %llu %llu %llu %llu\n", line->sums.sleeps, line->sums.sleep_ns,
		   line->sums.outage_ns, line->sums.sends);
}

static void show_task(struct seq_file *m, struct task_struct *task)
{
	const struct virtuos_account *account = READ_ONCE(task->virtuos_account);
	char comm[TASK_COMM_LEN];
	struct line line;
	int i;

	for (i = 0; i < VOS_DOOR_SERVICES; i++)
		vos_account_late(task, i, &line.late[i]);
	smp_rmb();	/* late charges only grow */
	vos_account_sums(task, &line.sums);
	/* An ended thread that a debugger has not let go: its leader shows what it claimed. */
	if (READ_ONCE(account->claims_kept))
		memset(line.sums.door, 0, sizeof(line.sums.door));
	get_task_comm(comm, task);
	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		vos_account_dead(task, i, &line.dead[i]);
		vos_account_add_dead_claims(task, i, &line.sums.door[i]);
		if (is_empty(&line, i))
			continue;
		seq_printf(m, "%d %d ", task_pid_nr(task), task_tgid_nr(task));
		show_name(m, comm);
		show_costs(m, &line, i);
	}
}

/* What ended threads had, as a thread 0. */
static void show_ended(struct seq_file *m)
{
	struct line line = {};
	int i;

	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		vos_account_ended(i, &line.dead[i]);
		vos_account_ended_claims(i, &line.sums.door[i]);
		if (is_empty(&line, i))
			continue;
		seq_puts(m, "0 0 -");
		show_costs(m, &line, i);
	}
}

static int threads_show(struct seq_file *m, void *unused)
{
	struct task_struct *group, *task;

	seq_puts(m, "tid tgid comm service trap_calls trap_ticks wait_ticks trap_bytes late_calls");
	seq_puts(m, " late_ticks door_calls door_ticks dead_calls dead_ticks sleeps sleep_ns");
	seq_puts(m, " outage_ns sends\n");
	rcu_read_lock();
	for_each_process_thread(group, task)
		if (READ_ONCE(task->virtuos_account) && !seq_has_overflowed(m))
			show_task(m, task);
	rcu_read_unlock();
	show_ended(m);
	return 0;
}

/**
 * vos_threads_init - make /proc/virtuos/threads
 *
 * Return: 0 or -ENOMEM.
 */
int vos_threads_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir("virtuos", NULL);

	if (dir && proc_create_single("threads", 0400, dir, threads_show))
		return 0;
	vos_threads_exit();
	return -ENOMEM;
}

/**
 * vos_threads_exit - remove /proc/virtuos
 */
void vos_threads_exit(void)
{
	remove_proc_subtree("virtuos", NULL);
}

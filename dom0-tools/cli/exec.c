/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtuos exec: run a command in the primary, by its agent, over libxenvchan.
 * The rendezvous is described in ../exec/README.md.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../exec/client.h"
#include "../common/rendezvous.h"
#include "cli.h"

#define AGENT_WAIT_MS	20000

struct session {
	struct xs_handle *xs;
	uint32_t domid;
	char node[VD_PATH_MAX];		/* .../data/virtuos/exec/<name> */
};

/* xenstore reports a change. Return: true if the primary is still there. */
static bool primary_lives(void *arg)
{
	struct session *s = arg;
	char **event;

	while ((event = xs_check_watch(s->xs)))
		free(event);
	return xs_is_domain_introduced(s->xs, s->domid);
}

static void random_name(char name[VX_NAME_MAX + 1])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint8_t b[VX_NAME_MAX];
	int i;

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		exit(1);
	for (i = 0; i < VX_NAME_MAX; i++)
		name[i] = digits[b[i] % 36];
	name[VX_NAME_MAX] = 0;
}

static int make_request(struct session *s)
{
	struct xs_permissions perms = { .id = s->domid, .perms = XS_PERM_NONE };
	char name[VX_NAME_MAX + 1], *there;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		random_name(name);
		snprintf(s->node, sizeof(s->node), "/local/domain/%u/%s/%s", s->domid,
			 VX_EXEC_DIR, name);
		there = xs_read(s->xs, XBT_NULL, s->node, NULL);
		if (!there)
			break;
		free(there);
	}
	if (xs_mkdir(s->xs, XBT_NULL, s->node) &&
	    xs_set_permissions(s->xs, XBT_NULL, s->node, &perms, 1) &&
	    !vd_xs_write(s->xs, XBT_NULL, s->node, "request", "1"))
		return 0;
	vd_log("cannot write %s: %s", s->node, strerror(errno));
	return -1;
}

static bool offered(struct session *s)
{
	return vd_xs_read_long(s->xs, -1, "%s/vchan/event-channel", s->node) > 0;
}

static int wait_offer(struct session *s)
{
	struct pollfd p = { .fd = xs_fileno(s->xs), .events = POLLIN };
	int64_t until = vd_now_ms() + AGENT_WAIT_MS, left;

	if (!xs_watch(s->xs, "@releaseDomain", "death") ||
	    !xs_watch(s->xs, s->node, "offer"))
		return -1;
	for (;;) {
		if (!primary_lives(s)) {
			vd_log("the primary died");
			return -1;
		}
		if (offered(s))
			return 0;
		left = until - vd_now_ms();
		if (left <= 0) {
			vd_log("the agent in the primary does not answer (virtuos console shows its state)");
			return -1;
		}
		poll(&p, 1, (int)left);
	}
}

static int run_session(struct session *s, struct vx_command *cmd)
{
	char path[VD_PATH_MAX];
	struct vx_stream *st;
	int r;

	if (make_request(s) || wait_offer(s))
		return EXIT_TRANSPORT;
	xs_unwatch(s->xs, s->node, "offer");
	snprintf(path, sizeof(path), "%.200s/vchan", s->node);
	st = vx_stream_vchan_client(s->domid, path);
	if (!st) {
		vd_log("cannot connect to the agent in the primary: %s (virtuos check)",
		       strerror(errno));
		return EXIT_TRANSPORT;
	}
	cmd->watch_fd = xs_fileno(s->xs);
	cmd->alive = primary_lives;
	cmd->arg = s;
	r = vx_client_run(st, cmd);
	st->ops->close(st);
	if (r != VX_LOST)
		return r;
	vd_log("the connection to the primary was lost; the command's end is not known");
	return EXIT_TRANSPORT;
}

static int exec_in(const char *name, struct vx_command *cmd)
{
	char system[VD_NAME_MAX + 1];
	struct session s = { 0 };
	struct vd_status st;
	int r = EXIT_TRANSPORT;

	s.xs = open_xenstore();
	if (!s.xs)
		return r;
	if (find_system(s.xs, name, system) ||
	    vd_status_load(s.xs, system, system, &st))
		goto out;
	if (st.domid == VD_NO_DOMID || strcmp(st.state, "running")) {
		vd_log("%s: is %s", system, st.state);
		goto out;
	}
	s.domid = st.domid;
	r = run_session(&s, cmd);
	if (*s.node)
		xs_rm(s.xs, XBT_NULL, s.node);
out:
	xs_close(s.xs);
	return r;
}

int cmd_exec(int argc, char **argv)
{
	struct vx_command cmd = { .watch_fd = -1 };
	const char *name = "";
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "-i"))
			cmd.input = true;
		else if (!strcmp(argv[i], "-t"))
			cmd.pty = true;
		else if (!strcmp(argv[i], "-it") || !strcmp(argv[i], "-ti"))
			cmd.input = cmd.pty = true;
		else if (*argv[i] != '-' && !*name)
			name = argv[i];
		else
			return BAD_USAGE;
	}
	if (i + 1 >= argc)
		return BAD_USAGE;
	cmd.argv = argv + i + 1;
	return exec_in(name, &cmd);
}

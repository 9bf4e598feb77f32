/* SPDX-License-Identifier: GPL-2.0-only */
/* virtuos up, down, kill, restart, console. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xen/io/xenbus.h>

#include "cli.h"

/* Return: true if all services of the system are connected to its primary. */
static bool all_connected(struct xs_handle *xs, const struct vd_config *c)
{
	struct vd_status p, s;
	int i;

	if (vd_status_load(xs, c->primary.name, c->primary.name, &p))
		return false;
	for (i = 0; i < c->n_services; i++) {
		struct vd_link l;

		if (vd_status_load(xs, c->primary.name, c->service[i].name, &s))
			return false;
		l = (struct vd_link){ .primary = p.domid, .service = s.domid,
				      .devid = (unsigned int)s.devid };
		if (s.devid < 0 || vd_link_state(xs, &l) != XenbusStateConnected)
			return false;
	}
	return true;
}

static int wait_connected(const struct vd_config *c)
{
	const struct timespec tick = { .tv_nsec = 100000000 };
	struct xs_handle *xs = open_xenstore();
	int64_t until = vd_now_ms() + c->restart_timeout * 1000;
	int r = -1;

	while (xs && r && vd_now_ms() < until) {
		r = all_connected(xs, c) ? 0 : -1;
		if (r)
			nanosleep(&tick, NULL);
	}
	if (r)
		vd_log("not all services connected within %ld s (virtuos list; virtuos console)",
		       c->restart_timeout);
	if (xs)
		xs_close(xs);
	return r;
}

int cmd_up(int argc, char **argv)
{
	const char *path = VD_DEFAULT_CONFIG;
	struct vd_config *c;
	char err[VD_ERR_MAX];
	bool wait = false;
	int i, r;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--wait"))
			wait = true;
		else if (*argv[i] != '-' && i + 1 == argc)
			path = argv[i];
		else
			return BAD_USAGE;
	}
	c = vd_config_read(path, err);
	if (!c || vd_config_check_files(c, err)) {
		fprintf(stderr, "%s\n", err);
		vd_config_free(c);
		return EXIT_CONFIG;
	}
	r = order_start_daemon(c->primary.name, path);
	if (!r)
		r = order_send(c->primary.name, "up");
	if (!r && wait)
		r = wait_connected(c);
	vd_config_free(c);
	return r ? 1 : 0;
}

/* A system is named by its primary, or by its configuration file (it has a slash). */
static int system_name(const char *arg, char name[VD_NAME_MAX + 1])
{
	char err[VD_ERR_MAX];
	struct vd_config *c;

	if (!strchr(arg, '/')) {
		snprintf(name, VD_NAME_MAX + 1, "%s", arg);
		return 0;
	}
	c = vd_config_read(arg, err);
	if (!c) {
		fprintf(stderr, "%s\n", err);
		return -1;
	}
	snprintf(name, VD_NAME_MAX + 1, "%s", c->primary.name);
	vd_config_free(c);
	return 0;
}

int cmd_down(int argc, char **argv)
{
	char system[VD_NAME_MAX + 1], name[VD_NAME_MAX + 1];
	struct xs_handle *xs;
	int r;

	if (argc > 2 || (argc == 2 && *argv[1] == '-'))
		return BAD_USAGE;
	if (system_name(argc == 2 ? argv[1] : "", name))
		return EXIT_CONFIG;
	xs = open_xenstore();
	if (!xs)
		return 1;
	r = find_system(xs, name, system);
	xs_close(xs);
	return r || order_send(system, "down") ? 1 : 0;
}

static int order_domain(int argc, char **argv, const char *what)
{
	char system[VD_NAME_MAX + 1], order[VD_NAME_MAX + 16];
	struct vd_status s;
	struct xs_handle *xs;
	int r;

	if (argc != 2 || *argv[1] == '-')
		return BAD_USAGE;
	xs = open_xenstore();
	if (!xs)
		return 1;
	r = find_domain(xs, argv[1], system, &s);
	xs_close(xs);
	if (r)
		return 1;
	snprintf(order, sizeof(order), "%s %s", what, s.name);
	return order_send(system, order) ? 1 : 0;
}

int cmd_kill(int argc, char **argv)
{
	return order_domain(argc, argv, "kill");
}

int cmd_restart(int argc, char **argv)
{
	return order_domain(argc, argv, "restart");
}

int cmd_console(int argc, char **argv)
{
	char system[VD_NAME_MAX + 1];
	struct vd_status s;
	struct vd_host h;

	if (argc != 2 || *argv[1] == '-')
		return BAD_USAGE;
	if (vd_host_open(&h))
		return 1;
	if (find_domain(h.xs, argv[1], system, &s))
		return 1;
	if (s.domid == VD_NO_DOMID) {
		vd_log("%s: is %s; it has no console", s.name, s.state);
		return 1;
	}
	fprintf(stderr, "Console of %s; leave it with Ctrl-]\n", s.name);
	libxl_console_exec(h.ctx, s.domid, 0, LIBXL_CONSOLE_TYPE_PV, -1);
	vd_log("%s: the console client could not be started", s.name);
	return 1;
}

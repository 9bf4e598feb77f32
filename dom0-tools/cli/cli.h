/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands of virtuos(8). Each gets its own arguments; argv[0] is its name. It returns the
 * exit status: 0 done, 1 not done, EXIT_CONFIG, or BAD_USAGE. After the latter main() shows the
 * usage and exits with 2.
 */
#ifndef VIRTUOS_CLI_H
#define VIRTUOS_CLI_H

#include "../common/command.h"
#include "../host/state.h"

#define EXIT_CONFIG	2
#define EXIT_NOT_UP	3	/* status: as an init script's */
#define EXIT_TRANSPORT	255	/* exec: the command's status is not known */

#define PERF_PROGRAM	"virtuos-perf"	/* in the primary, found by PATH */

int cmd_up(int argc, char **argv);
int cmd_down(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_exec(int argc, char **argv);
int cmd_console(int argc, char **argv);
int cmd_kill(int argc, char **argv);
int cmd_restart(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_scan(int argc, char **argv);
int cmd_mkroot(int argc, char **argv);
int cmd_adopt(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_metrics(int argc, char **argv);

/**
 * order_send - give virtuosd an order, and show its answer
 * @system: name of the system
 * @order: the order
 *
 * Return: 0 or -1 (said).
 */
int order_send(const char *system, const char *order);

/**
 * order_start_daemon - start virtuosd for a configuration unless one runs
 * @system: name of the system
 * @config: path of the configuration
 *
 * Return: 0 or -1 (said).
 */
int order_start_daemon(const char *system, const char *config);

/**
 * find_system - find a system that is up
 * @xs: xenstore
 * @name: its name; "": the only one there is
 * @system: set to its name
 *
 * Return: 0 or -1 (said).
 */
int find_system(struct xs_handle *xs, const char *name, char system[VD_NAME_MAX + 1]);

/**
 * find_domain - find a domain of a system that is up
 * @xs: xenstore
 * @name: of the domain
 * @system: set to the system's name
 * @s: set to the domain's state
 *
 * Return: 0 or -1 (said).
 */
int find_domain(struct xs_handle *xs, const char *name, char system[VD_NAME_MAX + 1],
		struct vd_status *s);

/**
 * open_xenstore - connect to xenstore
 *
 * Return: the connection, or NULL (said).
 */
struct xs_handle *open_xenstore(void);

#endif

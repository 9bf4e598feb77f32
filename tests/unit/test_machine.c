/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtuosd's state machine, against a Xen host that is played here: who is started
 * again when, when a domain counts as degraded, and whose word ends a domain's life.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../dom0-tools/daemon/limit.c"
#include "../../dom0-tools/daemon/phase.c"
#include "../../dom0-tools/daemon/connect.c"
#include "../../dom0-tools/daemon/death.c"
#include "../../dom0-tools/daemon/build.c"
#include "../../dom0-tools/daemon/machine.c"

/* ---- the host ---- */

#define NR_IDS		1024	/* domain ids of one test */
#define BUILD_MS	1000	/* that a worker takes */

static struct {
	int64_t now;
	uint32_t next_domid;
	bool exists[NR_IDS], alive[NR_IDS];	/* by domain id */
	libxl_shutdown_reason reason;	/* of those that are not */
	long devid;
	const char *failed;		/* what the primary says of the last link */
	int others;			/* primaries that are content */
	int alerts, tells, links, destroyed;
	int refusals;			/* links that xenstore does not take */
	bool build_fails;
	bool worker_dies;		/* the next one that builds, and leaves its domain */
	bool left;
	struct vd_status told;
} host;

int64_t vd_now_ms(void)
{
	return host.now;
}

void vd_log(const char *fmt, ...)
{
	(void)fmt;
}

void vd_alert(const char *fmt, ...)
{
	(void)fmt;
	host.alerts++;
}

int vd_host_open(struct vd_host *h)
{
	(void)h;
	return 0;
}

void vd_host_close(struct vd_host *h)
{
	(void)h;
}

void vd_state_dir(char dir[VD_PATH_MAX], const char *system)
{
	snprintf(dir, VD_PATH_MAX, "/virtuos/%s", system);
}

int vd_status_save(struct vd_host *h, const char *system, const struct vd_status *s)
{
	(void)h, (void)system, (void)s;
	return 0;
}

int vd_status_load(struct xs_handle *xs, const char *system, const char *name,
		   struct vd_status *s)
{
	(void)xs, (void)system;
	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s", name);
	return -1;
}

void vd_service_tell(struct vd_host *h, uint32_t primary, const struct vd_status *s)
{
	(void)h;
	assert_true(host.exists[primary]);
	host.told = *s;
	host.tells++;
}

void vd_state_remove(struct vd_host *h, const char *system)
{
	(void)h, (void)system;
}

long vd_state_next_devid(struct vd_host *h, const char *system)
{
	(void)h, (void)system;
	return ++host.devid;
}

int vd_link_write(struct vd_host *h, const struct vd_link *l,
		  const struct vd_domain_config *service)
{
	(void)h, (void)l, (void)service;
	host.failed = NULL;
	if (host.refusals) {
		host.refusals--;
		return -1;
	}
	host.links++;
	return 0;
}

void vd_link_remove(struct vd_host *h, const struct vd_link *l)
{
	(void)h, (void)l;
}

void vd_link_failed_path(const struct vd_link *l, char path[VD_PATH_MAX])
{
	snprintf(path, VD_PATH_MAX, "/%u", l->devid);
}

char *vd_link_failed(struct xs_handle *xs, const struct vd_link *l)
{
	(void)xs;
	return host.failed && (long)l->devid == host.devid ? strdup(host.failed) : NULL;
}

int vd_link_others(struct xs_handle *xs, const struct vd_link *l)
{
	(void)xs, (void)l;
	return host.others;
}

int vd_exec_dir(struct vd_host *h, uint32_t primary)
{
	(void)h, (void)primary;
	return 0;
}

void vd_pci_give_back(struct vd_host *h, const char *state)
{
	(void)h, (void)state;
}

enum vd_life vd_domain_life(struct vd_host *h, uint32_t domid, const char *uuid,
			    libxl_shutdown_reason *reason)
{
	(void)h, (void)uuid;
	*reason = host.reason;
	return host.alive[domid] ? VD_ALIVE : VD_SHUT_DOWN;
}

const char *vd_role_name(enum vd_role role)
{
	return role == VD_ROLE_PRIMARY ? "primary" : "service";
}

void console_tail(const char *domain)
{
	(void)domain;
}

int libxl_domain_unpause(libxl_ctx *ctx, uint32_t domid, const libxl_asyncop_how *how)
{
	(void)ctx, (void)how;
	host.alive[domid] = true;
	return 0;
}

int libxl_domain_pause(libxl_ctx *ctx, uint32_t domid, const libxl_asyncop_how *how)
{
	(void)ctx, (void)domid, (void)how;
	return 0;
}

int libxl_domain_shutdown(libxl_ctx *ctx, uint32_t domid, const libxl_asyncop_how *how)
{
	(void)ctx, (void)how;
	host.alive[domid] = false;
	host.reason = LIBXL_SHUTDOWN_REASON_POWEROFF;
	return 0;
}

const char *libxl_shutdown_reason_to_string(libxl_shutdown_reason reason)
{
	(void)reason;
	return "crash";
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	(void)h, (void)t, (void)path;
	return true;
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t, const char *path,
			struct xs_permissions *perms, unsigned int n)
{
	(void)h, (void)t, (void)path, (void)perms, (void)n;
	return true;
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	(void)h, (void)path, (void)token;
	return true;
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
	return xs_watch(h, path, token);
}

/* ---- workers: they do at once what the job says, and report when asked ---- */

int worker_start(struct worker *w, struct vd_host *h, const struct worker_job *job)
{
	bool dies = job->create && host.worker_dies, ok;

	(void)h;
	if (job->destroy_name)
		host.left = false;
	ok = !job->create || (!host.build_fails && !dies && !host.left);
	if (job->destroy != VD_NO_DOMID) {
		host.exists[job->destroy] = host.alive[job->destroy] = false;
		host.destroyed++;
	}
	w->pid = 1;
	w->fd = ok;
	w->len = (size_t)snprintf(w->buf, sizeof(w->buf), "destroyed\n%s", dies ? "creating\n" : "");
	if (dies) {
		host.worker_dies = false;
		host.left = true;
	}
	if (job->create && ok) {
		assert_true(++host.next_domid < NR_IDS);
		host.exists[host.next_domid] = true;
		w->len += (size_t)snprintf(w->buf + w->len, sizeof(w->buf) - w->len,
					   "kernel of %u\ncreated %u uuid\n", host.next_domid,
					   host.next_domid);
	}
	host.now += job->create ? BUILD_MS : 0;
	return 0;
}

int worker_read(struct worker *w, char *line, size_t size, bool *ok)
{
	char *end = memchr(w->buf, '\n', w->len);
	size_t n;

	if (!end) {
		w->pid = 0;
		*ok = w->fd;
		return -1;
	}
	n = (size_t)(end - w->buf);
	snprintf(line, size, "%.*s", (int)n, w->buf);
	w->len -= n + 1;
	memmove(w->buf, end + 1, w->len);
	return 1;
}

void worker_kill(struct worker *w)
{
	(void)w;
}

/* ---- the system ---- */

static struct machine m;
static struct vd_config config;

static struct dom *net(void)
{
	return &m.dom[1];
}

static void run_workers(void)
{
	bool any;
	int i;

	do {
		any = false;
		for (i = 0; i < m.n_doms; i++) {
			if (!m.dom[i].worker.pid)
				continue;
			any = true;
			machine_worker_event(&m, &m.dom[i]);
		}
	} while (any);
}

static void pass(int64_t ms)
{
	host.now += ms;
	while (!machine_timers(&m))
		run_workers();
	run_workers();
}

static void set_up(enum vd_restart policy)
{
	memset(&host, 0, sizeof(host));
	memset(&config, 0, sizeof(config));
	host.now = 1000000;
	host.reason = LIBXL_SHUTDOWN_REASON_CRASH;
	strcpy(config.primary.name, "primary");
	config.primary.restart = VD_RESTART_ON_FAILURE;
	strcpy(config.service[0].name, "net");
	config.service[0].role = VD_ROLE_NETWORK;
	config.service[0].restart = policy;
	config.n_services = 1;
	config.restart_timeout = 30;
	config.start_limit_interval = 300;
	config.start_limit_burst = 7;
	config.restart_max_delay = 60;
	assert_int_equal(machine_init(&m, &config), 0);
	machine_up(&m);
	run_workers();
	assert_int_equal(net()->phase, PH_RUNNING);
	assert_true(net()->st.devid > 0);
}

static void die(struct dom *d)
{
	assert_int_equal(d->phase, PH_RUNNING);
	host.alive[d->st.domid] = false;
	host.reason = LIBXL_SHUTDOWN_REASON_CRASH;
	machine_check_deaths(&m);
	run_workers();
}

/* Until it runs again; returns how long that took, -1: never. */
static int64_t outage(struct dom *d, int64_t most)
{
	int64_t began = host.now;

	while (d->phase != PH_RUNNING && host.now - began < most)
		pass(100);
	return d->phase == PH_RUNNING ? host.now - began : -1;
}

/* ---- tests ---- */

static void test_first_deaths_are_answered_at_once(void **state)
{
	int i;

	(void)state;
	set_up(VD_RESTART_ALWAYS);
	for (i = 0; i < 3; i++) {
		die(net());
		assert_int_equal(net()->phase, PH_RUNNING);
	}
	assert_false(net()->st.degraded);
	assert_int_equal(host.alerts, 0);
}

/* Callers wait for restart_timeout: what dies at each start is back in time still. */
static void pauses_fit(long timeout, enum vd_restart policy)
{
	int64_t began, paused = 0;
	int i;

	set_up(policy);
	config.restart_timeout = timeout;
	config.start_limit_burst = 40;
	for (i = 0; i < 40; i++) {
		began = host.now;
		die(net());
		assert_true(outage(net(), timeout * 1000) >= 0);
		paused += host.now - began - BUILD_MS;
	}
	assert_false(net()->st.degraded);
	assert_true(paused <= timeout * 1000 / 2 + 40 * 100);
	assert_true(paused > timeout * 1000 / 2 - 1000);
}

static void test_pauses_fit_into_restart_timeout(void **state)
{
	(void)state;
	pauses_fit(30, VD_RESTART_ON_FAILURE);
	pauses_fit(30, VD_RESTART_ALWAYS);
	pauses_fit(5, VD_RESTART_ON_FAILURE);
	pauses_fit(1, VD_RESTART_ON_FAILURE);
}

static void die_often(struct dom *d, int times)
{
	int i;

	for (i = 0; i < times; i++) {
		die(d);
		outage(d, 30000);
	}
}

static void test_always_goes_on_slower_and_is_told_of(void **state)
{
	int i;

	(void)state;
	set_up(VD_RESTART_ALWAYS);
	die_often(net(), 7);
	assert_false(net()->st.degraded);
	assert_int_equal(host.alerts, 0);
	for (i = 0; i < 20; i++) {
		die(net());
		assert_true(net()->st.degraded);
		assert_int_equal(net()->phase, PH_WAITING);
		assert_string_equal(host.told.state, "waiting");
		assert_true(host.told.degraded);
		assert_in_range(outage(net(), 100000), 60000, 62000);
	}
	assert_int_equal(host.alerts, 1);
}

static void test_who_lives_is_well_again(void **state)
{
	(void)state;
	set_up(VD_RESTART_ALWAYS);
	die_often(net(), 8);
	outage(net(), 100000);
	assert_true(net()->st.degraded);
	pass(290000);
	assert_true(net()->st.degraded);
	pass(10000);
	assert_false(net()->st.degraded);
	assert_false(host.told.degraded);
	assert_int_equal(net()->phase, PH_RUNNING);
	die(net());
	assert_int_equal(net()->phase, PH_RUNNING);
}

static void test_seldom_deaths_are_no_failure(void **state)
{
	int i;

	(void)state;
	set_up(VD_RESTART_ALWAYS);
	for (i = 0; i < 50; i++) {
		die(net());
		assert_int_equal(net()->phase, PH_RUNNING);
		pass(120000);
	}
	assert_false(net()->st.degraded);
}

static void test_on_failure_stops_until_ordered(void **state)
{
	(void)state;
	set_up(VD_RESTART_ON_FAILURE);
	die_often(net(), 7);
	assert_int_equal(net()->phase, PH_RUNNING);
	die(net());
	assert_int_equal(outage(net(), 1000000), -1);
	assert_int_equal(net()->phase, PH_FAILED);
	assert_true(net()->st.degraded);
	assert_string_equal(host.told.state, "failed");
	assert_int_equal(host.alerts, 1);
	assert_int_equal(machine_restart(&m, net()), 0);
	run_workers();
	assert_int_equal(net()->phase, PH_RUNNING);
	assert_false(net()->st.degraded);
	die(net());
	assert_int_equal(net()->phase, PH_RUNNING);
}

static void test_the_primary_has_the_limit_too(void **state)
{
	(void)state;
	set_up(VD_RESTART_ALWAYS);
	die_often(&m.dom[0], 7);
	die(&m.dom[0]);
	assert_int_equal(outage(&m.dom[0], 1000000), -1);
	assert_int_equal(m.dom[0].phase, PH_FAILED);
	assert_int_equal(net()->phase, PH_RUNNING);
	machine_down(&m);
	run_workers();
	machine_check_deaths(&m);
	run_workers();
	assert_true(m.gone);
}

static void test_ordered_kills_do_not_count(void **state)
{
	int i;

	(void)state;
	set_up(VD_RESTART_ALWAYS);
	for (i = 0; i < 50; i++) {
		assert_int_equal(machine_kill(&m, net()), 0);
		run_workers();
		assert_int_equal(net()->phase, PH_RUNNING);
	}
	assert_false(net()->st.degraded);
}

static void test_each_life_has_a_note_of_its_kernel(void **state)
{
	char note[32];

	(void)state;
	set_up(VD_RESTART_ON_FAILURE);
	snprintf(note, sizeof(note), "of %u", net()->st.domid);
	assert_string_equal(net()->st.kernel, note);
	die(net());
	snprintf(note, sizeof(note), "of %u", net()->st.domid);
	assert_string_equal(net()->st.kernel, note);
	die_often(net(), 6);
	die(net());
	assert_int_equal(net()->phase, PH_FAILED);
	assert_string_equal(net()->st.kernel, "");
}

static void test_no_interval_no_limit(void **state)
{
	int i;

	(void)state;
	set_up(VD_RESTART_ALWAYS);
	config.start_limit_interval = 0;
	for (i = 0; i < 100; i++) {
		die(net());
		assert_int_equal(net()->phase, PH_RUNNING);
	}
	assert_false(net()->st.degraded);
}

static void test_what_cannot_be_built_is_tried_again(void **state)
{
	(void)state;
	set_up(VD_RESTART_ALWAYS);
	host.build_fails = true;
	die(net());
	assert_int_equal(outage(net(), 200000), -1);
	assert_int_equal(net()->phase, PH_WAITING);
	assert_true(net()->st.degraded);
	assert_int_equal(host.alerts, 1);
	assert_true(machine_stable(&m));
	host.build_fails = false;
	assert_true(outage(net(), 100000) >= 0);

	set_up(VD_RESTART_ON_FAILURE);
	host.build_fails = true;
	die(net());
	assert_int_equal(outage(net(), 200000), -1);
	assert_int_equal(net()->phase, PH_FAILED);
	assert_int_equal(host.alerts, 1);
}

/* virtuosd has not been told of the domain. Its name is in the way of the next one. */
static void test_a_worker_that_dies_leaves_nothing(void **state)
{
	(void)state;
	set_up(VD_RESTART_ALWAYS);
	host.worker_dies = true;
	die(net());
	assert_true(outage(net(), 100000) >= 0);
	assert_false(host.left);
	assert_int_equal(host.alerts, 0);
}

static void say_failed(const char *why)
{
	host.failed = why;
	machine_check_deaths(&m);
	run_workers();
}

static void test_the_only_primary_is_believed(void **state)
{
	uint32_t domid;

	(void)state;
	set_up(VD_RESTART_ALWAYS);
	domid = net()->st.domid;
	say_failed("hang");
	assert_int_equal(host.destroyed, 1);
	assert_int_equal(net()->phase, PH_RUNNING);
	assert_int_not_equal(net()->st.domid, domid);
}

static void test_the_word_of_one_ends_nobody(void **state)
{
	uint32_t domid;
	long devid;
	int i;

	(void)state;
	set_up(VD_RESTART_ALWAYS);
	host.others = 1;
	domid = net()->st.domid;
	for (i = 0; i < 3; i++) {
		devid = net()->st.devid;
		say_failed("violation");
		assert_int_equal(host.destroyed, 0);
		assert_int_equal(net()->st.domid, domid);
		assert_int_equal(net()->phase, PH_RUNNING);
		assert_true(net()->st.devid > devid);
	}
	/* All say so by now. */
	host.others = 0;
	say_failed("violation");
	assert_int_equal(host.destroyed, 1);
}

/* Each new connection costs the primary memory that the other may keep: a limit. */
static void test_connections_have_the_limit_too(void **state)
{
	int64_t began;
	int i;

	(void)state;
	set_up(VD_RESTART_ALWAYS);
	host.others = 1;
	for (i = 0; i < 7; i++) {
		say_failed("violation");
		pass(15000);
		assert_true(net()->st.devid > 0);
	}
	say_failed("violation");
	assert_true(net()->st.degraded);
	assert_true(host.told.degraded);
	assert_int_equal(host.alerts, 1);
	began = host.now;
	while (net()->st.devid < 0 && host.now - began < 100000)
		pass(100);
	assert_in_range(host.now - began, 59000, 61000);
	assert_int_equal(host.destroyed, 0);
	assert_int_equal(net()->phase, PH_RUNNING);
	/* It dies while a connection is due: the next one has it at once, and only once. */
	say_failed("violation");
	die(net());
	i = host.links;
	pass(100000);
	assert_int_equal(host.links, i);
	assert_true(net()->st.devid > 0);
}

static void test_a_connection_that_fails_is_tried_again(void **state)
{
	int64_t began;

	(void)state;
	set_up(VD_RESTART_ALWAYS);
	pass(5000);
	host.refusals = 3;
	say_failed("again");
	assert_true(net()->st.devid < 0);
	began = host.now;
	while (net()->st.devid < 0 && host.now - began < 100000)
		pass(100);
	assert_in_range(host.now - began, 3000, 3300);
	host.others = 1;
	host.refusals = 1;
	say_failed("violation");
	assert_true(net()->st.devid < 0);
	pass(1100);
	assert_true(net()->st.devid > 0);
	assert_int_equal(host.destroyed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_deaths_are_answered_at_once),
		cmocka_unit_test(test_pauses_fit_into_restart_timeout),
		cmocka_unit_test(test_always_goes_on_slower_and_is_told_of),
		cmocka_unit_test(test_who_lives_is_well_again),
		cmocka_unit_test(test_seldom_deaths_are_no_failure),
		cmocka_unit_test(test_on_failure_stops_until_ordered),
		cmocka_unit_test(test_the_primary_has_the_limit_too),
		cmocka_unit_test(test_ordered_kills_do_not_count),
		cmocka_unit_test(test_each_life_has_a_note_of_its_kernel),
		cmocka_unit_test(test_no_interval_no_limit),
		cmocka_unit_test(test_what_cannot_be_built_is_tried_again),
		cmocka_unit_test(test_a_worker_that_dies_leaves_nothing),
		cmocka_unit_test(test_the_only_primary_is_believed),
		cmocka_unit_test(test_the_word_of_one_ends_nobody),
		cmocka_unit_test(test_connections_have_the_limit_too),
		cmocka_unit_test(test_a_connection_that_fails_is_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

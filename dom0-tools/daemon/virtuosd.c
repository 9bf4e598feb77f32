/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtuosd: keeps one partitioned system running. Started by `virtuos up`, or by
 * systemd (--foreground). It can be ended and started again at any time: the domains
 * live on, and the next one finds them in xenstore.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "machine.h"

#define IDLE_MS		30000

static const char usage[] =
"Usage: virtuosd [--foreground] [CONFIG]\n"
"Keep the system of CONFIG (default " VD_DEFAULT_CONFIG ") running: restart domains\n"
"that die, as the configuration says. See virtuosd(8).\n"
"\n"
"  --foreground  start the system, stay in the foreground, tell systemd when ready\n"
"  --help, --version\n";

static struct machine machine;

static void notify_systemd(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	if (!path || strlen(path) >= sizeof(a.sun_path))
		return;
	strcpy(a.sun_path, path);
	if (*a.sun_path == '@')
		*a.sun_path = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&a,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
	close(fd);
}

/* Only one virtuosd per system; the lock goes away with the process. */
static int lock_system(const char *system)
{
	char path[VD_PATH_MAX];
	int fd;

	mkdir(VD_RUN_DIR, 0755);
	vd_run_path(path, system, "lock");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		vd_log("%s: %s", path, strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		vd_log("virtuosd for \"%s\" is running already", system);
		return -1;
	}
	return 0;
}

/* Return: true if there are domains that another virtuosd left. */
static bool system_exists(const char *system)
{
	struct xs_handle *xs = xs_open(0);
	unsigned int n = 0;
	char **names = xs ? vd_state_domains(xs, system, &n) : NULL;

	free(names);
	if (xs)
		xs_close(xs);
	return n > 0;
}

static int copy_file(const char *from, const char *to)
{
	char buf[4096];
	FILE *in = fopen(from, "re"), *out = fopen(to, "we");
	size_t n;
	int r = -1;

	if (in && out) {
		while ((n = fread(buf, 1, sizeof(buf), in)))
			fwrite(buf, 1, n, out);
		r = ferror(in) || ferror(out) ? -1 : 0;
	}
	if (in)
		fclose(in);
	if (out && fclose(out))
		r = -1;
	if (r)
		vd_log("cannot copy %s to %s", from, to);
	return r;
}

/*
 * A running system was started from a configuration that may have been edited since. Until
 * `virtuos down`, a copy of that configuration counts.
 */
static struct vd_config *load_config(const char *path)
{
	char err[VD_ERR_MAX], kept[VD_PATH_MAX];
	struct vd_config *c = vd_config_read(path, err), *old;

	if (!c) {
		fprintf(stderr, "%s\n", err);
		return NULL;
	}
	vd_run_path(kept, c->primary.name, "cfg");
	if (!strcmp(kept, path))
		return c;
	old = system_exists(c->primary.name) ? vd_config_read(kept, err) : NULL;
	if (!old)
		return c;
	vd_config_free(c);
	return old;
}

static int open_log(const char *system)
{
	char path[VD_PATH_MAX];
	int fd, null;

	mkdir(VD_LOG_DIR, 0755);
	snprintf(path, sizeof(path), VD_LOG_DIR "/%s.log", system);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0 || null < 0) {
		vd_log("%s: %s", path, strerror(errno));
		return -1;
	}
	dup2(null, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	return 0;
}

/* The parent exits when the child answers orders. */
static void daemonize(int ready[2])
{
	char ok;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		exit(1);
	pid = fork();
	if (pid < 0)
		exit(1);
	if (pid) {
		close(ready[1]);
		exit(read(ready[0], &ok, 1) == 1 ? 0 : 1);
	}
	close(ready[0]);
	setsid();
	if (chdir("/"))
		exit(1);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void xenstore_events(struct machine *m)
{
	char **event;
	bool any = false;

	while ((event = xs_check_watch(m->host.xs))) {
		free(event);
		any = true;
	}
	if (any)
		machine_check_deaths(m);
}

static int add_workers(struct machine *m, struct pollfd *p)
{
	int i;

	for (i = 0; i < m->n_doms; i++)
		p[i] = (struct pollfd){
			.fd = m->dom[i].worker.pid ? m->dom[i].worker.fd : -1,
			.events = POLLIN,
		};
	return m->n_doms;
}

/* One turn. False: SIGTERM. */
static bool turn(struct machine *m, int sigfd)
{
	struct pollfd p[2 + VD_MAX_SERVICES + 1 + 1 + CONTROL_MAX];
	int i, workers, controls;
	int timeout = machine_timers(m);

	if (!machine_is_up(m) && (timeout < 0 || timeout > IDLE_MS))
		timeout = IDLE_MS;
	p[0] = (struct pollfd){ .fd = sigfd, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = xs_fileno(m->host.xs), .events = POLLIN };
	workers = add_workers(m, p + 2);
	controls = control_poll(p + 2 + workers);
	if (poll(p, (nfds_t)(2 + workers + controls), timeout) < 0 && errno != EINTR)
		return false;
	if (p[0].revents)
		return false;
	/* Handle deaths before anything else. */
	if (p[1].revents)
		xenstore_events(m);
	for (i = 0; i < workers; i++)
		if (p[2 + i].revents && m->dom[i].worker.pid)
			machine_worker_event(m, &m->dom[i]);
	control_events(m, p + 2 + workers, controls);
	control_answer(m);
	return true;
}

/* In the foreground no client sends "up". So start everything, and report when it runs. */
static bool foreground_ready(struct machine *m, bool *told)
{
	int i;

	if (*told || !machine_stable(m))
		return true;
	for (i = 0; i < m->n_doms; i++)
		if (m->dom[i].phase != PH_RUNNING)
			return false;
	*told = true;
	notify_systemd("READY=1");
	return true;
}

static int run(struct machine *m, int sigfd, bool foreground)
{
	bool told = false, failed = false;
	int64_t born = vd_now_ms();

	while (!m->gone) {
		if (!turn(m, sigfd))
			return 0;	/* the domains stay */
		if (foreground && !failed && !foreground_ready(m, &told)) {
			failed = true;
			machine_down(m);
		}
		/* Started, but never told to do anything. */
		if (!machine_is_up(m) && !control_busy() && vd_now_ms() - born > IDLE_MS)
			return 0;
	}
	return failed ? 1 : 0;
}

static int start(const char *path, bool foreground)
{
	char kept[VD_PATH_MAX], *real = realpath(path, NULL);
	struct vd_config *config = load_config(real ? real : path);
	const char *system;
	int ready[2] = { -1, -1 }, sigfd, r;
	bool fresh;

	free(real);
	if (!config)
		return 2;
	system = config->primary.name;
	if (!foreground)
		daemonize(ready);
	if (lock_system(system) || machine_init(&machine, config))
		return 1;
	sigfd = open_signals();
	vd_run_path(kept, system, "cfg");
	if ((strcmp(kept, config->path) && copy_file(config->path, kept)) ||
	    sigfd < 0 || control_open(system) || (!foreground && open_log(system)))
		return 1;
	vd_log_times(true);
	fresh = !machine_is_up(&machine);
	if (foreground && fresh)
		machine_up(&machine);
	else if (foreground)
		notify_systemd("READY=1");
	else
		(void)!write(ready[1], "k", 1);
	if (ready[1] >= 0)
		close(ready[1]);
	r = run(&machine, sigfd, foreground && fresh);
	if (machine.gone || !machine_is_up(&machine))
		unlink(kept);
	control_close(system);
	vd_host_close(&machine.host);
	vd_config_free(config);
	return r;
}

int main(int argc, char **argv)
{
	const char *path = VD_DEFAULT_CONFIG;
	bool foreground = false;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--foreground")) {
			foreground = true;
		} else if (!strcmp(argv[i], "--help")) {
			fputs(usage, stdout);
			return 0;
		} else if (!strcmp(argv[i], "--version")) {
			puts("virtuosd " VIRTUOS_VERSION);
			return 0;
		} else if (*argv[i] == '-' || i + 1 < argc) {
			fputs(usage, stderr);
			return 2;
		} else {
			path = argv[i];
		}
	}
	return start(path, foreground);
}

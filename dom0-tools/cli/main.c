/* SPDX-License-Identifier: GPL-2.0-only */
/* virtuos: run a partitioned system on a Xen host. The commands are in cli.h. */
#include "../perf/record.h"
#include "../perf/top.h"
#include "../perf/trace.h"
#include "cli.h"

static const struct vd_command commands[] = {
	{ "up", cmd_up, "[--wait] [CONFIG]",
	  "start the system of CONFIG (" VD_DEFAULT_CONFIG ")",
	  "  virtuos up\n"
	  "  virtuos up --wait /root/test.cfg\n" },
	{ "down", cmd_down, "[PRIMARY | CONFIG]", "shut everything down in order",
	  "  virtuos down\n"
	  "  virtuos down /root/test.cfg\n" },
	{ "list", cmd_list, "[--json]", "show the domains",
	  "  virtuos list\n"
	  "  virtuos list --json\n" },
	{ "status", cmd_status, "[PRIMARY]",
	  "is all well? exits with 0 if so, 1 if not, 3 if nothing is up",
	  "  virtuos status || echo look\n" },
	{ "exec", cmd_exec, "[-i] [-t] [PRIMARY] -- COMMAND [ARG]...",
	  "run a command in the primary; exits with its status",
	  "  virtuos exec -- cat /etc/os-release\n"
	  "  virtuos exec -it -- bash\n"
	  "  tar -cf - data | virtuos exec -i -- tar -C /root -xf -\n" },
	{ "top", cmd_top, "[PRIMARY] " VP_TOP_ARGS, "which thread costs which service how much",
	  "  virtuos top\n"
	  "  virtuos top --batch -n 1 -d 5 --sort net\n"
	  "  virtuos top --json -n 1\n" },
	{ "stat", cmd_stat,
	  "[-i] [-t] [PRIMARY] [-e EVENT[,EVENT]...] [--json] -- COMMAND [ARG]...",
	  "run a command in the primary; show what it and its children cost; exit with its status",
	  "  virtuos stat -- curl -s http://192.0.2.1/\n"
	  "  virtuos stat -e calls,service-ns -- sh -c 'cat big | wc'\n" },
	{ "trace", cmd_trace, "[-i] [-t] [PRIMARY] " VP_TRACE_ARGS,
	  "run a command in the primary; write each call's way over the domains as JSON",
	  "  virtuos trace -- curl -s http://192.0.2.1/\n"
	  "  virtuos trace -o t.json -- sh -c 'cat big | wc'\n" },
	{ "record", cmd_record, "[-i] [-t] [PRIMARY] " VP_RECORD_ARGS,
	  "run a command in the primary; sample its call chains and services' work for it",
	  "  virtuos record -o flames.html -- curl -s http://192.0.2.1/\n"
	  "  virtuos record -a -F 999 -o all.folded -- sleep 10\n" },
	{ "metrics", cmd_metrics, "[--output FILE] [--timeout SECONDS]",
	  "everything as OpenMetrics text; a primary has SECONDS (5) to answer",
	  "  virtuos metrics\n"
	  "  virtuos metrics --output /var/lib/prometheus/node-exporter/virtuos.prom\n" },
	{ "console", cmd_console, "DOMAIN", "a domain's console (leave: Ctrl-])",
	  "  virtuos console net\n" },
	{ "kill", cmd_kill, "DOMAIN", "destroy a domain at once, as a crash would",
	  "  virtuos kill net\n" },
	{ "restart", cmd_restart, "DOMAIN", "shut a domain down in order, start it anew",
	  "  virtuos restart storage\n" },
	{ "scan", cmd_scan, "[--write FILE] [--force DEVICE]...",
	  "which devices can service domains have? proposes a configuration",
	  "  virtuos scan\n"
	  "  virtuos scan --write " VD_DEFAULT_CONFIG "\n"
	  "  virtuos scan --write /root/test.cfg --force 0000:03:00.0\n" },
	{ "mkroot", cmd_mkroot,
	  "[--size SIZE] [--suite bookworm|trixie] [--mirror URL|FILE] [--include PACKAGE,...]\n"
	  "        [--from FILE] [--hostname NAME] [--ssh-key FILE]... [--password-file FILE]\n"
	  "        [--parts DIR] [--force] TARGET",
	  "make the primary's root file system on a device, a volume or in an image file",
	  "  virtuos mkroot /dev/vg0/primary\n"
	  "  virtuos mkroot --suite trixie --include nginx-light,curl --ssh-key ~/.ssh/id_ed25519.pub /dev/sdb\n"
	  "  virtuos mkroot --size 4G /srv/primary.img\n"
	  "  virtuos mkroot --from root.tar.zst --hostname web /dev/vg0/primary\n"
	  "  virtuos mkroot --from old-vm.img --size 8G --password-file pw.txt /srv/primary.img\n" },
	{ "adopt", cmd_adopt, "[--partition N] [--parts DIR] [--undo [--force]] IMAGE",
	  "make an existing Debian's disk the primary's root file system, and back",
	  "  virtuos adopt /dev/vg0/web\n"
	  "  virtuos adopt --partition 1 /srv/web.img\n"
	  "  virtuos adopt --undo /srv/web.img\n" },
	{ "check", cmd_check, "[CONFIG]", "is this host fit?",
	  "  virtuos check\n" },
	{ "report", cmd_report, "[-o FILE]", "collect what a report of a bug needs, in one archive",
	  "  virtuos report\n"
	  "  virtuos report -o /tmp/report.tar.gz\n" },
};

int main(int argc, char **argv)
{
	static const struct vd_program virtuos = {
		.name = "virtuos",
		.about = "Run a partitioned system on a Xen host. See virtuos(8).",
		.commands = commands,
		.n = sizeof(commands) / sizeof(commands[0]),
	};

	return vd_program_run(&virtuos, argc, argv);
}

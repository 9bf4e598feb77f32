#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What emulation cannot show of performance counters: run this on a real host, as root, on
# Linux alone, in domain 0, in the primary or in any other guest with counters (vpmu=1 for Xen).
#
#	perf.sh [TURNS]		measure, with loops of so many turns (default 200000000)
#	perf.sh build FILE	build the program that measures, for a machine without a compiler:
#				there it must lie beside perf.sh, by the name "rows"
#	perf.sh table		the table alone, of lines that the program has printed
#
# The last column has the errors of "Perfctr-Xen", Nikolaev and Back, VEE 2011. Exit status:
# 0: all that was measured is within 1 %; 1: it is not; 77: there are no counters here.
set -u
here=$(dirname "$0")

build() {
	cc -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls -static -I"$here/../pmu/linux" \
		-o "$1" "$here/rows.c" "$here/../pmu/linux/perf.c"
}

show() {
	[ -r "$2" ] && printf '%-22s %s\n' "$1" "$(cat "$2")"
}

where() {
	printf '%-22s %s\n' kernel "$(uname -sr)"
	printf '%-22s %s\n' processor "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
	show hypervisor /sys/hypervisor/type
	show guest /sys/hypervisor/guest_type
	show "Xen's counters" /sys/hypervisor/pmu/pmu_mode
	show "NMI watchdog" /proc/sys/kernel/nmi_watchdog
	show perf_event_paranoid /proc/sys/kernel/perf_event_paranoid
	echo
}

# Lines "row NAME KNOWN MEASURED" and "without NAME".
table() {
	awk '
	BEGIN {
		paper["instructions"] = "0.2-0.3 %"
		paper["branches"] = "up to 8 %, moved"
		paper["tsc-frequency"] = "0.4-0.5 %"
		paper["samples"] = "0-2 %"
		printf "%-24s %16s %16s %10s  %s\n", "WHAT", "KNOWN", "MEASURED", "ERROR", "IN 2011"
	}
	$1 == "row" && $2 == "switch-ns" {
		printf "%-24s %16d %16d %10s  without, with 4 counters\n", $2, $3, $4, "-"
		next
	}
	$1 == "row" {
		error = $3 ? 100 * ($4 - $3) / $3 : 100
		if (error > 1 || error < -1)
			bad = 1
		if ($2 ~ /^instructions/)
			counted = 1
		printf "%-24s %16.0f %16.0f %9.4f%%  %s\n", $2, $3, $4, error, paper[$2]
	}
	$1 == "without" {
		printf "%-24s %16s %16s %10s\n", $2, "-", "-", "-"
	}
	END { exit bad ? 1 : counted ? 0 : 77 }'
}

measure() {
	program=$here/rows
	if [ ! -x "$program" ]; then
		program=$(mktemp) || return 1
		trap 'rm -f "$program"' EXIT
		build "$program" || return 1
	fi
	where
	"$program" "$@" | table
}

case ${1-} in
build)	build "${2:?perf.sh build FILE}";;
table)	table;;
*)	measure "$@";;
esac

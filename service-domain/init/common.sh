# SPDX-License-Identifier: MIT
# What the inits of both service domains share. Sourced by /init, which is the
# domain's only process and therefore never ends: if it does, the kernel panics,
# the domain dies and virtuosd starts it anew.

MODULES=/lib/virtuos

say() { echo "<5>virtuos: $*" >/dev/kmsg; }

# A domain that cannot serve dies at once, with its reason on the console.
die() {
	echo "<2>virtuos: fatal: $*" >/dev/kmsg	# shown even with "quiet"
	sync
	exit 1
}

base_mounts() {
	mount -t devtmpfs -o nosuid dev /dev || exit 1
	mount -t proc -o nosuid,nodev,noexec proc /proc || die "cannot mount /proc"
	mount -t sysfs -o nosuid,nodev,noexec sys /sys || die "cannot mount /sys"
	# Nothing is loaded on a primary's word: the kernel would wait for it, with locks held.
	echo >/proc/sys/kernel/modprobe
}

# param NAME [DEFAULT] - value of NAME=value on the kernel's command line; the last
# one counts
param() {
	value=${2-}
	for word in $(cat /proc/cmdline); do
		case "$word" in "$1="*) value=${word#*=};; esac
	done
	echo "$value"
}

load() {
	module=$1
	shift
	insmod "$MODULES/$module.ko" "$@" || die "cannot load $module"
}

# free_and_now - the KiB of memory that are free, and the time since boot in milliseconds
free_and_now() {
	free=$(sed -n 's/^MemFree: *\([0-9]*\) kB$/\1/p' /proc/meminfo)
	read -r now rest </proc/uptime
	# The 1 in front: "08" would be an octal number, and none.
	echo "$free $((${now%.*} * 1000 + 1${now#*.}0 - 1000))"
}

# load_modules WHAT MODULE... - load the kernel's own, each with its parameters behind a colon,
# and say what they take
load_modules() {
	what=$1
	shift
	before=$(free_and_now)
	for module; do
		modprobe $(echo "$module" | tr : ' ') || die "cannot load $module for $what"
	done
	after=$(free_and_now)
	say "$what is loaded: $((${before% *} - ${after% *})) KiB," \
		"$((${after#* } - ${before#* })) ms"
}

# Nothing is left to do but to reap what the kernel's helpers leave behind.
idle_forever() {
	while :; do
		sleep 86400 &
		wait
	done
}

[ ! -e $MODULES/debug.sh ] || . $MODULES/debug.sh	# tests/host/debug

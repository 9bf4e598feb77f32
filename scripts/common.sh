# SPDX-License-Identifier: MIT
# Shell functions of the build scripts: messages, the cache outside the tree, long
# commands with progress. Sourced by every script in this folder, which all run
# from anywhere and find the tree by their own path.
#
# Invariant: what stands in the cache under a key is complete; half-made things
# have other names. A key is the hash of everything that went in.
#
# Every part of a pipeline reads its input to the end (sed -n 1p, grep >/dev/null; not
# head, not grep -q): a writer that is not done when its reader leaves dies of SIGPIPE,
# and pipefail makes that the status of the pipeline, once in a thousand runs.

set -euo pipefail
umask 022	# what is packed has the same modes, whoever builds it

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# DEBUG=1, DEBUG=kcsan: kernels that check themselves, in a build tree of their own.
DEBUG=${DEBUG-}
case "$DEBUG" in ''|1|kcsan) ;; *) echo "DEBUG=$DEBUG: 1 or kcsan" >&2; exit 2;; esac
BUILD=${VIRTUOS_BUILD:-$TOP/build${DEBUG:+/debug-$DEBUG}}
LOGS=$BUILD/logs
CACHE=${VIRTUOS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/virtuos}
JOBS=${JOBS:-$(nproc)}
# Versions of one thing that the cache keeps; several clones at work want more.
KEEP=${VIRTUOS_CACHE_KEEP:-3}
# shellcheck source=../versions.mk
. "$TOP/versions.mk"
mkdir -p "$LOGS" "$CACHE"

# What the user gave to our make is none of the business of the makes we call.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

say() { printf '  %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# hash_of [FILE...] - key of the files' names (within the tree) and contents, and
# of stdin
hash_of() {
	{
		for f in "$@"; do
			printf '%s\n' "${f#"$TOP"/}"
			cat "$f"
		done
		cat
	} | sha256sum | cut -c1-20
}

# cache_lock NAME - hold NAME's lock until this script ends; other clones may want
# the same thing at the same time
cache_lock() {
	mkdir -p "$CACHE/locks"
	exec 9>"$CACHE/locks/$1"
	flock -n 9 || { say "waiting for another build of $1"; flock 9; }
}

# tree_lock NAME - the same within this tree: two makes may run in it
tree_lock() {
	exec 8>"$BUILD/.lock-$1"
	flock 8
}

# in_place COMMAND... - run it where this tree is $PLACE/src and what it builds $PLACE/build, by
# mounts that it alone sees; what it says names the tree's own paths. So ccache knows
# what another clone has compiled: the paths are part of its keys.
PLACE=$CACHE/place
in_place() {
	mkdir -p "$PLACE/src" "$PLACE/build"
	unshare --mount bash -c 'mount --bind "$1" "$3/src" && mount --bind "$2" "$3/build" &&
		shift 3 && exec "$@"' in_place "$TOP" "$BUILD" "$PLACE" "$@" 2>&1 |
		sed -u "s|$PLACE/src|$TOP|g; s|$PLACE/build|$BUILD|g"
}

# progress LOG PATTERN - until killed, one line every ten seconds: how many lines
# of LOG match PATTERN, and how long it has taken
progress() {
	local start=$SECONDS
	while sleep 10; do
		printf '    %4ds  %5d  %s\n' $((SECONDS - start)) \
			"$(grep -cE "$2" "$1")" "$(tail -n1 "$1" | cut -c1-60)"
	done
}

# run_logged LOG PATTERN COMMAND... - run with output in LOG and progress on
# stdout; on failure show the log's end and stop
run_logged() {
	local log=$1 pattern=$2 rc=0 meter
	shift 2
	: >"$log"
	progress "$log" "$pattern" 8>&- 9>&- &
	meter=$!
	"$@" >>"$log" 2>&1 </dev/null 8>&- 9>&- || rc=$?
	kill "$meter" 2>/dev/null || true
	wait "$meter" 2>/dev/null || true
	[ "$rc" = 0 ] && return
	grep -nE '(error|ERROR|Error):' "$log" | sed -n 1,20p >&2 || true
	tail -n 15 "$log" >&2
	die "'$1 …' failed ($rc); the whole log is in $log"
}

# archive_versions PACKAGE - versions that the archive has, newest first; the package
# lists are fetched first if this machine has never done so
archive_versions() {
	local known
	known=$(apt-cache madison "$1" | awk -F'|' '{ gsub(/ /, "", $2); print $2 }')
	if [ -z "$known" ] && [ "$(id -u)" = 0 ]; then
		run_logged "$LOGS/apt-update.log" '^(Get|Hit)' apt-get update >&2
		known=$(apt-cache madison "$1" | awk -F'|' '{ gsub(/ /, "", $2); print $2 }')
	fi
	[ -n "$known" ] || die "the package sources of this machine have no $1"
	echo "$known"
}

# apply_series DIR SERIES - apply the patches that SERIES lists, in order
apply_series() {
	local p patches
	patches=$(dirname "$2")
	while read -r p; do
		case "$p" in ''|'#'*) continue;; esac
		[ -f "$patches/$p" ] || die "$2 names $p, which does not exist"
		patch -d "$1" -p1 --forward --fuzz=0 --no-backup-if-mismatch \
			<"$patches/$p" >"$LOGS/patch.log" 2>&1 || {
			cat "$LOGS/patch.log" >&2
			die "patch does not apply: $patches/$p"
		}
	done <"$2"
}

# series_files SERIES - the files that a series names, and itself
series_files() {
	local p
	echo "$1"
	while read -r p; do
		case "$p" in ''|'#'*) ;; *) echo "$(dirname "$1")/$p";; esac
	done <"$1"
}

# keep_newest N GLOB... - of these cache entries keep the N most recently used
keep_newest() {
	local n=$1 old
	shift
	# A pattern without an entry is no fault: in an empty cache there is none.
	# shellcheck disable=SC2012
	{ ls -dt "$@" 2>/dev/null || :; } | tail -n +$((n + 1)) | while read -r old; do
		rm -rf "$old"
	done
}

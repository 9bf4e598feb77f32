#!/bin/bash
# SPDX-License-Identifier: MIT
# Fuzzing: fuzz.sh build | run SECONDS | long | keep.
#
#   build   the targets of tests/fuzz
#   run     each target (or those that T names) for so many seconds, from its kept corpus, as
#           many at once as there are processors. One line in TAP's form for each; what made
#           one fail, and what was found, is left in build/fuzz. The sequence of inputs is
#           the same each time (SEED, 1): a check that fails fails again
#   long    the same for MINUTES in all, and with other inputs each time
#   keep    what the runs found goes to the kept corpora, as far as it reaches more edges
. "$(dirname "$0")/common.sh"
HERE=$TOP/tests/fuzz
FUZZ=$BUILD/fuzz

targets() {
	make -s -C "$HERE" OUT="$FUZZ" list
}

# The targets to run.
names() {
	# shellcheck disable=SC2086
	if [ -n "${T-}" ]; then printf '%s\n' $T; else targets; fi
}

# figure FIELD LOG - the last value of a field of libFuzzer's progress lines
figure() {
	sed -n "s/^#[0-9]*\t.* $1: \([0-9]*\).*/\1/p" "$2" | tail -1
}

# Long inputs from the start: what takes several calls to happen is not found by short ones.
fuzz_one() {
	local name=$1 seconds=$2 log=$FUZZ/$1.log found=$FUZZ/found/$1 begin all rc=0
	mkdir -p "$found" "$FUZZ/failed" "$HERE/corpus/$name"
	"$FUZZ/fuzz_$name" -seed="$SEED" -max_total_time="$seconds" -max_len=2048 -len_control=0 -timeout=25 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="$FUZZ/failed/$name-" \
		"$found" "$HERE/corpus/$name" >"$log" 2>&1 </dev/null || rc=$?
	begin=$(sed -n 's/^#[0-9]*\tINITED cov: \([0-9]*\).*/\1/p' "$log")
	all=$(sed -n 's/.*Loaded .* (\([0-9]*\) inline 8-bit counters).*/\1/p' "$log")
	if [ "$rc" = 0 ]; then
		echo "ok - fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
			"executions, $(figure cov "$log") of $all edges," \
			"$(($(figure cov "$log") - ${begin:-0})) new"
	else
		echo "not ok - fuzz $name: status $rc, see $log"
		tail -n 40 "$log" | sed 's/^/# /'
	fi
}

run_all() {
	local seconds=$1
	export -f fuzz_one figure
	export FUZZ HERE SEED
	names | xargs -P "$JOBS" -I NAME bash -c "fuzz_one NAME $seconds" |
		tee "$FUZZ/result"
	! grep -q '^not ok' "$FUZZ/result"
}

keep() {
	local name
	for name in $(targets); do
		[ -d "$FUZZ/found/$name" ] || continue
		rm -rf "$FUZZ/merged"
		mkdir -p "$FUZZ/merged" "$HERE/corpus/$name"
		"$FUZZ/fuzz_$name" -merge=1 -use_counters=0 -max_len=4096 "$FUZZ/merged" "$HERE/corpus/$name" \
			"$FUZZ/found/$name" 2>/dev/null
		cp -n "$FUZZ/merged"/* "$HERE/corpus/$name/"
		echo "$name: $(find "$HERE/corpus/$name" -type f | wc -l) inputs"
	done
}

case $1 in
build)
	tree_lock fuzz
	export CCACHE_DIR=$CACHE/ccache CCACHE_MAXSIZE=3G CCACHE_BASEDIR=$TOP CCACHE_NOHASHDIR=1
	run_logged "$LOGS/fuzz-build.log" cc-parts make -C "$HERE" OUT="$FUZZ" -j"$JOBS";;
run)
	SEED=${SEED:-1}
	run_all "$2";;
long)
	SEED=${SEED:-0}		# libFuzzer's word for any
	run_all $((${MINUTES:-10} * 60 * JOBS / $(names | wc -l)));;
keep)
	keep;;
esac

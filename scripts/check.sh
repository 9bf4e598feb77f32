#!/bin/bash
# SPDX-License-Identifier: MIT
# Run tests and count them: check.sh [slice] [static] [unit] [fuzz] [models] [system]
# [door] [smp] [long] [lies] [faults] [deb] [host] [apps] [pmu].
# The last line says "N passed, N failed"; the exit status is 0 if none failed. "door" runs the tests of
# programs with the exceptionless door open for every process; DOOR=program or DOOR=both runs
# all of them so, and only so. "smp" runs that of the door with two processors in the
# primary; VCPUS=2 all of them. "long" is what system, door and smp leave out. "slice" runs some
# system tests on kernels that check themselves, as DEBUG=1 does all, beside those of the
# following parts that need no machine.
#
# Whatever runs tests prints one line for each in TAP's form, "ok ..." or "not ok
# ..."; "ok ... # SKIP reason" is neither passed nor failed. A program that ends
# badly without having said so counts as one failure.
. "$(dirname "$0")/common.sh"

passed=0 failed=0 skipped=0 failures= took= logs=()
slice=		# process of the slice, while it runs
UNIT_TIMEOUT=120

# told_again FILE - each failure with the first line of its reason, for the end of the log
told_again() {
	awk '/^not ok / { if (f) print f; f = "# failed: " substr($0, 8); next }
		f && /^# / { sub(/^# */, ": "); f = f $0 }
		f { print f; f = "" }
		END { if (f) print f }' "$1"
}

# slowest FILE... - the system tests that took longest, the parts of a program together
slowest() {
	sed -nE 's/^(not )?ok (([A-Z]+=[^ ]+ )*)(test_[a-z_]+\.test_[a-z0-9_]+)[^ ]* \(([0-9.]+) s\)$/\5 \2\4/p' "$@" |
		awk '{ t = $1; sub(/^[^ ]* /, ""); sum[$0] += t }
			END { for (x in sum) printf "# %6.0f s %s\n", sum[x], x }' | sort -rnk2 | sed -n 1,20p
}

# count NAME STATUS FILE - add up the lines of FILE; STATUS is the program's own
count() {
	local ok bad skip
	skip=$(grep -c '^ok .*# SKIP' "$3") || true
	ok=$(grep -c '^ok ' "$3") || true
	bad=$(grep -c '^not ok ' "$3") || true
	if [ "$2" != 0 ] && [ "$bad" = 0 ]; then
		echo "not ok - $1 ended with status $2" | tee -a "$3"
		bad=1
	fi
	passed=$((passed + ok - skip))
	skipped=$((skipped + skip))
	failed=$((failed + bad))
	failures+=$(told_again "$3")$'\n'
	logs+=("$3")
}

# run NAME COMMAND... - one test program, its output shown and counted; its own sum
# is left out, for there is one for all
run() {
	local name=$1 log=$LOGS/check-$1.log rc=0
	shift
	${slice:+nice -n 5} "$@" </dev/null 2>&1 | sed -u '/^[0-9]* passed, [0-9]* failed$/d' |
		tee "$log" || rc=${PIPESTATUS[0]}
	count "$name" "$rc" "$log"
}

# What is known without running anything: tests/static.
check_static() {
	local program
	for program in "$TOP"/tests/static/*.py; do
		[ ! -x "$program" ] || run "$(basename "$program" .py)" "$program"
	done
	run faults "$TOP/tests/faults/run" apply
}

# Faults put in on purpose: does what is there for them find them? Takes long.
check_faults() {
	# shellcheck disable=SC2086
	run faults "$TOP/tests/faults/run" ${T-}
}

# build TARGET - of today's sources, whoever calls this script
build() {
	make -s -C "$TOP" "$1" || die "'make $1' failed"
}

check_unit() {
	local program
	build unit-programs
	for program in "$BUILD"/unit/test_*; do
		case "$program" in *.d) continue;; esac
		CMOCKA_MESSAGE_OUTPUT=TAP run "$(basename "$program")" \
			timeout "$UNIT_TIMEOUT" "$program"
	done
}

# So many seconds each; `make fuzz` is for longer.
FUZZ_SECONDS=15

check_fuzz() {
	build fuzz-programs
	run fuzz "$TOP/scripts/fuzz.sh" run "$FUZZ_SECONDS"
}

# The protocols' models; no machine is needed.
check_models() {
	OUT=$BUILD/models run models "$TOP/tests/models/run"
}

# Left to "long", with service domains that lie, and most front ends that do: they take five minutes.
LIES="test_lies. test_fronts."
# Same: cold boots, kills in a row, network domains with all features, storage domains of other
# types and with a disk elsewhere, programs that are large, the benchmark's account of a load,
# and others that take long for what they show.
ROWS="cold_boot 20_kills"
FEATURES="test_configured. test_remote_disk. test_tun. test_where. test_bpftrace. test_filesystems."
LENGTHY="test_kept. test_fs_frozen. test_grant_frames. test_upgrade. degraded_is_told need_no_files"
APART="$ROWS $FEATURES $LENGTHY $LIES"
FRONTS=test_fronts.test_rings_and_calls

# names OPTION WORD... - the words, each with the option before it
names() {
	local option=$1
	shift
	printf -- "$option %s " "$@"
}

check_system() {
	[ -x "$TOP/tests/system/run" ] || die "tests/system/run is missing"
	# shellcheck disable=SC2046,SC2086
	run system "$TOP/tests/system/run" ${T:-$(names -x $APART)}
	# shellcheck disable=SC2086
	[ -n "${T-}" ] || run fronts "$TOP/tests/system/run" $FRONTS
}

check_lies() {
	# shellcheck disable=SC2086
	run lies "$TOP/tests/system/run" ${T:-$LIES}
}

# The packages; no machine is needed.
check_deb() {
	# shellcheck disable=SC2086
	run deb "$TOP/tests/system/run" -d "$TOP/tests/package" ${T-}
}

# The first evening, as the tutorial has it.
check_host() {
	run host "$TOP/tests/system/run" -d "$TOP/tests/tutorial"
}

# Servers, data bases and containers; the primary has a userland of its own for them.
check_apps() {
	local door
	for door in trap both; do
		# shellcheck disable=SC2086
		APPS=1 DOOR=$door run "apps-$door" "$TOP/tests/system/run" -d "$TOP/tests/apps" ${T-}
	done
}

# Performance counters: machines of their own, with a QEMU of their own.
check_pmu() {
	# shellcheck disable=SC2086
	run pmu "$TOP/tests/system/run" -d "$TOP/tests/pmu" ${T-}
}

# What programs see, and all they see is a matter of the door. Left out: what opens the door
# itself, what happens in dom0, in the engine or to the disk, two cold boots, kills in a row.
PROGRAMS="test_programs. test_differential. test_apps."
DEATHS="test_fs_death. test_net_death. test_net_limits. test_recovery."
SLOW="-x cold_boot -x _kills_leave"

# with_door DOOR TEST... - run the tests through it
with_door() {
	local door=$1
	shift
	# shellcheck disable=SC2086
	DOOR=$door run "door-$door" "$TOP/tests/system/run" $SLOW "$@"
}

check_door() {
	[ "${DOOR:-trap}" = trap ] || return 0
	# shellcheck disable=SC2086
	with_door both ${T:-$PROGRAMS}
}

with_two() {
	VCPUS=2 run smp "$TOP/tests/system/run" "$@"
}

check_smp() {
	[ "${VCPUS:-1}" = 1 ] && [ -z "${T-}" ] || return 0
	with_two test_programs.test_door
}

# What `make check` leaves out for its time, and no other target has.
check_long() {
	# shellcheck disable=SC2086
	run rows "$TOP/tests/system/run" $ROWS
	# shellcheck disable=SC2086
	run features "$TOP/tests/system/run" $FEATURES $LENGTHY
	# shellcheck disable=SC2086
	with_door program $PROGRAMS $DEATHS
	# shellcheck disable=SC2086
	with_door both $DEATHS
	with_two test_programs.test_fs test_programs.test_net test_net_death
	check_lies
}

# Deaths of both domains, with every way of waiting: most locks, lists and life times take
# part in them. On one machine, for its bring-up and the search for leaks take most of the
# time. So would systemd in the primary.
SLICE="test_fs_death.test_names_survive_a_kill test_net_death"

# Only one machine at a time runs where others have time limits: so it goes beside what
# runs on none, and before it: a dom0 that waits for a processor loses devices.
check_slice() {
	[ -z "${T-}" ] || return 0
	INIT=bare DEBUG=1 "$TOP/tests/system/run" -1 $SLICE </dev/null >"$LOGS/check-slice.log" 2>&1 &
	slice=$!
}

end_slice() {
	local rc=0
	[ -n "$slice" ] || return 0
	wait "$slice" || rc=$?
	sed '/^[0-9]* passed, [0-9]* failed$/d' "$LOGS/check-slice.log"
	count slice "$rc" "$LOGS/check-slice.log"
	slice=
}

trap '[ -z "$slice" ] || kill "$slice"' EXIT
for part in "$@"; do
	case "$part" in slice|static|unit|fuzz|models) ;; *) end_slice;; esac
	began=$SECONDS
	check_"$part"
	took+=" $part $((SECONDS - began)) s,"
done
end_slice
[ "$failed" = 0 ] || echo "$failures" | sed '/^$/d'
[ "$skipped" = 0 ] || echo "$skipped skipped"
late=$(cat /dev/null ${logs[@]+"${logs[@]}"} | grep -c 'SKIP no time left') || true
[ "$late" = 0 ] || echo "# $late of them had no time left before CHECK_DEADLINE: make check without it runs them"
# What ran is not what was asked for.
if [ "$late" -gt $((passed / 10)) ]; then
	echo "not ok - more than a tenth had no time left"
	failed=$((failed + 1))
fi
[ ${#logs[@]} = 0 ] || slowest "${logs[@]}"
echo "# took:$took in all $SECONDS s"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

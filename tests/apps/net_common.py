# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of network programs have in common.

A test is one shell script that starts its servers, loads them, compares and ends; run() adds
the functions below. What a script leaves running ends with it.
"""

PRELUDE = r"""
set -e -o pipefail
export LC_ALL=C
fail() { echo "failed: $*" >&2; exit 1; }
# Tries until a command succeeds.
until_ok() {
	for _ in $(seq 300); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.2
	done
	fail "never: $*"
}
# Starts a server in a session of its own; its number is in $pid, its output in FILE.
server() {
	setsid "${@:2}" >"$1" 2>&1 </dev/null &
	pid=$!
	servers="$servers $pid"
}
stop() {
	local p
	for p in $servers; do kill -TERM -- -$p 2>/dev/null || true; done
	for p in $servers; do
		for _ in $(seq 50); do kill -0 -- -$p 2>/dev/null || continue 2; sleep 0.1; done
		kill -KILL -- -$p 2>/dev/null || true
	done
}
trap stop EXIT
same() { cmp "$1" "$2" || fail "$1 and $2 differ"; }
"""


def out(result):
    """What a command printed; it must have succeeded."""
    text = result.stdout.decode(errors="replace")
    assert result.status == 0, "status %s\n%s\n%s" % (
        result.status, text[-3000:], result.stderr.decode(errors="replace")[-3000:])
    return text


def run(host, script, timeout=280):
    """Run a script with the functions of the prelude in the primary; what it printed."""
    return out(host.primary(PRELUDE + script, timeout=timeout))


def put(host, path, text):
    """Write a file in the primary."""
    host.primary(["sh", "-c", 'mkdir -p "${0%/*}" && cat > "$0"', path], stdin=text.encode(), check=True)

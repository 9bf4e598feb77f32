# SPDX-License-Identifier: GPL-2.0-only
"""perf's view: the units "virtuos" and "xen", by perftest and by Debian's perf; and the tracepoints."""
import re

from host import LIBRARY
from image import SLOW
from machine import VCPUS
from outcome import Skip
from test_programs import build, run

TIMEOUT = 400
LIMIT = 60 * SLOW       # seconds, of each part
UNITS = "/sys/bus/event_source/devices"

EVENTS = {
    "virtuos": {
        "calls": None, "service-ticks": None, "service-ns": "msec", "service-instructions": None,
        "service-wait-ns": "msec", "wait-ns": "msec", "spin-ns": "msec", "bytes": "bytes", "copied": "bytes",
        "sends": None, "wakeups": None, "trap-calls": None, "door-calls": None, "window-reads": None,
        "outage-ns": "msec"},
    "xen": {
        "steal-ns": "msec", "runnable-ns": "msec", "blocked-ns": "msec", "running-ns": "msec", "upcalls": None,
        "hypercalls": None, "multicalls": None},
}
FORMATS = {
    "virtuos": {"event": "config:0-7", "service": "config:8-15", "op": "config:16-23"},
    "xen": {"event": "config:0-7"},
}


def out(result):
    assert result.status == 0, (result.status, result.stdout, result.stderr)
    return result.stdout.decode()


def files_in(host, folder):
    """The text of each file in a folder of the primary's sysfs."""
    text = out(host.primary("cd %s && for f in *; do echo \"$f $(cat $f)\"; done" % folder))
    return dict(line.split(" ", 1) for line in text.splitlines())


def test_sysfs_has_the_events(host):
    for unit, events in EVENTS.items():
        assert files_in(host, "%s/%s/format" % (UNITS, unit)) == FORMATS[unit]
        files = files_in(host, "%s/%s/events" % (UNITS, unit))
        numbers = {name: int(files[name].removeprefix("event="), 0) for name in events}
        assert sorted(numbers.values()) == list(range(1, len(events) + 1)), numbers
        units = {name: files.get(name + ".unit") for name in events}
        assert units == events, units
        scales = {name: float(files[name + ".scale"]) for name in events if units[name]}
        assert all(scales[n] == (1e-6 if units[n] == "msec" else 1) for n in scales), scales
        assert len(files) == len(events) + 2 * len(scales), sorted(files)


def test_by_system_call(host):
    if host.door != "trap":
        raise Skip("DOOR=trap runs it: it counts calls by the trap door")
    return run(host, build("perf", "perftest"), "-t %d" % LIMIT)


CALLS = "python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); " \
    "s.bind((\"127.0.0.1\", 0)); [s.getsockname() for i in range(%d)]'"
GETNAME = 0x1b + 1


def counted(text, event):
    """The count of an event in what `perf stat -x\\;` says."""
    line = next(x for x in text.splitlines() if event in x)
    return line.split(";")[0]


def test_perf_stat(host):
    """Debian's perf, unmodified: names from sysfs, a count that is exact, what is not known."""
    if host.primary("command -v perf").status:
        raise Skip("the userland has no perf")
    names = out(host.primary("perf list --no-desc pmu 2>/dev/null || perf list"))
    for unit, events in EVENTS.items():
        missing = [e for e in events if "%s/%s/" % (unit, e) not in names]
        assert not missing, (unit, missing)
    events = ["virtuos/calls,op=%d/" % GETNAME, "virtuos/service-ns/", "virtuos/service-instructions/",
              "xen/running-ns/", "task-clock"]
    counts = {}
    for n in (0, 1000):
        text = out(host.primary("perf stat -x \\; -o /tmp/stat %s %s && cat /tmp/stat" % (
            " ".join("-e " + e for e in events), CALLS % n)))
        counts[n] = int(counted(text, events[0]))
        assert "not supported" in counted(text, events[2]), text
    assert counts[1000] - counts[0] == 1000, counts


# Each byte is sent and received by a socket that is connected to itself.
BYTES = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((\"127.0.0.1\", 0)); " \
    "s.connect(s.getsockname()); [(s.send(b\"x\"), s.recv(1)) for i in range(500)]"


def test_both_doors_are_counted(host):
    if host.primary("command -v perf").status:
        raise Skip("the userland has no perf")
    events = ["virtuos/calls/", "virtuos/trap-calls/", "virtuos/door-calls/"]
    text = out(host.primary("perf stat -x \\; -o /tmp/stat %s env LD_PRELOAD=%s python3 -c '%s' && cat /tmp/stat" % (
        " ".join("-e " + e for e in events), LIBRARY, BYTES)))
    calls, trap, door = [int(counted(text, e)) for e in events]
    assert door >= 500, text
    assert calls == trap + door, text


def stat_all(host, events, options, command):
    """Counts of one group of events, of all processors or of a cgroup, while a command runs."""
    text = out(host.primary("perf stat -a -e '{%s}' -x \\; -o /tmp/stat %s %s && cat /tmp/stat" % (
        ",".join(events), options, command)))
    return [int(counted(text, e)) for e in events], text


# In a cgroup of its own, which has the calls of this command and of no other.
IN_GROUP = "sh -c 'echo $$ >/sys/fs/cgroup/stat/cgroup.procs && exec \"$@\"' x"


def test_both_doors_are_counted_of_processors(host):
    if host.primary("command -v perf").status:
        raise Skip("the userland has no perf")
    events = ["virtuos/calls/", "virtuos/trap-calls/", "virtuos/door-calls/"]
    command = "env LD_PRELOAD=%s python3 -c '%s'" % (LIBRARY, BYTES)
    (calls, trap, door), text = stat_all(host, events, "", command)
    assert door >= 500, text
    assert calls == trap + door, text
    if host.primary("mkdir /sys/fs/cgroup/stat").status:
        raise Skip("no cgroup2")
    try:
        group = "-G " + ",".join(["stat"] * len(events))
        (calls, trap, door), text = stat_all(host, events, group, "%s %s" % (IN_GROUP, command))
        assert 500 <= door < 1100, text
        assert calls == trap + door, text
    finally:
        host.primary("rmdir /sys/fs/cgroup/stat")


def test_perf_record(host):
    """One sample in a hundred calls, with the chain of the thread that made them."""
    if host.primary("command -v perf").status:
        raise Skip("the userland has no perf")
    out(host.primary("perf record -q -o /tmp/perf.data -g -c 100 -e virtuos/calls,op=%d/ %s" % (
        GETNAME, CALLS % 5000)))
    text = out(host.primary("perf script -i /tmp/perf.data -F comm,event,ip,sym"))
    samples = len(re.findall(r"^python3", text, re.M))
    # perf opens an event for each processor, and each has a period of its own.
    assert samples == 50 if VCPUS == 1 else 50 - VCPUS < samples <= 50, text[-2000:]


# Each call that is submitted is done, and its reader can tell which.
TRACE = r"""
set -e
mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
cd /sys/kernel/tracing
echo 4096 > buffer_size_kb
echo > trace
echo 1 > events/virtuos/enable
%s
sleep 0.5
echo 0 > events/virtuos/enable
grep -H . per_cpu/cpu*/stats | grep -E 'overrun|dropped'
echo ==
cat trace
echo > trace
"""
EVENT = re.compile(r" (call_submit|call_done): service=(\w+) op=(\w+) obj=\d+ tag=(0x[0-9a-f]+)")


def test_tracepoints_pair(host):
    stats, text = out(host.primary(TRACE % (CALLS % 1000))).split("==\n")
    lost = [line for line in stats.splitlines() if not line.endswith(": 0")]
    assert not lost, lost
    events = EVENT.findall(text)
    under_way, done = {}, 0
    for kind, service, op, tag in events:
        if kind == "call_submit":
            under_way[service, tag, op] = under_way.get((service, tag, op), 0) + 1
        elif under_way.get((service, tag, op)):
            under_way[service, tag, op] -= 1
            done += 1
    names = sum(kind == "call_submit" and op == "GETNAME" for kind, _, op, _ in events)
    left = sum(under_way.values())
    print("#   %d submissions, %d of GETNAME, %d not done yet" % (done + left, names, left))
    assert names >= 1000, names
    # Calls that were under way at either end of the trace have one half in it.
    assert left <= 16, under_way
    assert "op=?" not in text

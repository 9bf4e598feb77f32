# SPDX-License-Identifier: GPL-2.0-only
"""`virtuos trace` and `virtuos-perf trace`: one timeline over domains."""
import collections
import json
import re
import threading
import time

from outcome import Skip
from outside import wait_for
from test_recovery import kill, out, wait_until_up

TIMEOUT = 300

SUMMARY = re.compile(r"^(\S+): (\d+) domains, (\d+) calls, (\d+) answers matched, (\d+) records lost, "
                     r"clock check ([\d.]+) us(.*)$", re.M)
TRACING = "/sys/kernel/tracing"
RINGS = "/sys/kernel/debug/virtuos"

# Calls of both services, in a thread and a child too.
PROGRAM = r"""
import os, socket, threading
def work(name):
    a, b = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(2))
    b.bind(('127.0.0.1', 0))
    a.connect(b.getsockname())
    for i in range(20):
        a.send(b'x' * 100)
        b.recv(1000)
    for i in range(20):
        with open('/root/%s.%d' % (name, i), 'w') as f:
            f.write(name)
            f.flush()
            os.fsync(f.fileno())
        os.unlink('/root/%s.%d' % (name, i))
work('main')
t = threading.Thread(target=work, args=('thread',))
t.start()
t.join()
child = os.fork()
if not child:
    work('child')
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""

# Calls until a file is there; those that a death ends are made anew. It says when it has made some.
STEADY = r"""
import os, socket, sys, time
n = 0
while not os.path.exists('/tmp/end-of-trace'):
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(('127.0.0.1', 0))
            s.getsockname()
        n += 1
        if n == 50:
            open('/tmp/begun', 'w')
    except OSError:
        pass
    time.sleep(0.01)
print(n, 'rounds')
"""


class Trace:
    """What a summary line and its file say."""

    def __init__(self, stderr, text):
        found = SUMMARY.search(stderr)
        assert found, stderr
        print("#   " + found.group(0))
        self.domains, self.calls, self.matched, self.lost = (int(x) for x in found.groups()[1:5])
        self.clock = float(found.group(6))
        trace = json.loads(text)
        self.all = trace["otherData"]
        self.events = trace["traceEvents"]
        slices = [e for e in self.events if e["ph"] == "X"]
        self.call = {e["args"]["call"]: e for e in slices if e["cat"] == "call"}
        self.serves = collections.defaultdict(list)
        for e in slices:
            if e["cat"] == "serve":
                self.serves[e["args"]["call"]].append(e)

    def named(self, name):
        return [e for e in self.events if e.get("name") == name]


def trace(host, words, timeout=120):
    """In the primary."""
    r = host.primary(["virtuos-perf", "trace", "-o", "/tmp/t.json", "--", *words], timeout=timeout)
    assert r.status == 0, (r.status, r.stdout, r.stderr)
    return Trace(r.stderr.decode(), out(host.primary("cat /tmp/t.json")))


def instances(host):
    return out(host.primary("ls %s/instances 2>/dev/null || true" % TRACING)).split()


def assert_all_is_off(host):
    assert not instances(host)
    # Opening it is possible: nobody has it open.
    for service in ("net", "storage"):
        out(host.primary("exec 3<>%s/%s/trace" % (RINGS, service)))


def assert_in_order(t):
    """Submit, begin, end, done."""
    assert t.all["disordered"] == 0 and t.clock == 0, t.all
    for call, (serve,) in t.serves.items():
        c = t.call.get(call)
        if not c:
            continue        # by the exceptionless door
        assert c["ts"] <= serve["ts"], (c, serve)
        assert serve["ts"] + serve["dur"] <= c["ts"] + c["dur"] + 0.002, (c, serve)


def test_a_program_over_both_services(host):
    if host.door != "trap":
        raise Skip("DOOR=trap runs it: the exceptionless door's calls are not submitted by a kernel")
    t = trace(host, ["python3", "-c", PROGRAM])
    assert t.lost == 0 and t.all["spoilt"] == 0, t.all
    assert t.domains == 3, t.all
    assert t.calls == t.matched == len(t.call) > 300, (t.calls, t.matched, len(t.call))
    wrong = {c: len(t.serves[c]) for c in t.call if len(t.serves[c]) != 1}
    assert not wrong, wrong
    names = collections.Counter(c["name"] for c in t.call.values())
    assert names["SENDMSG"] >= 60 and names["FUSE"] > 60, names
    threads = {c["tid"] for c in t.call.values()}
    assert len(threads) >= 3, threads
    assert_in_order(t)
    for call, c in t.call.items():
        assert c["args"]["ticks"] == t.serves[call][0]["args"]["ticks"], (c, t.serves[call])
    arrows = collections.Counter(e["ph"] for e in t.named("call"))
    assert arrows["s"] == arrows["t"] == arrows["f"] == len(t.call), arrows
    assert_all_is_off(host)


def test_exceptionless_calls_are_on_it(host):
    if host.door == "trap":
        raise Skip("DOOR=both runs it")
    t = trace(host, ["python3", "-c", PROGRAM])
    assert t.lost == 0, t.all
    assert t.all["by_door"] > 60, t.all
    assert t.calls == t.matched, t.all
    assert_in_order(t)


def test_from_domain_0(host):
    r = host.dom0("virtuos trace -o /tmp/t.json -- sh -c 'ls /usr/bin; exit 7'")
    assert r.status == 7, (r.status, r.stderr)
    assert b"python3" in r.stdout
    t = Trace(r.stderr.decode(), out(host.dom0("cat /tmp/t.json && rm /tmp/t.json")))
    assert SUMMARY.search(r.stderr.decode()).group(1) == "/tmp/t.json"
    assert t.calls == t.matched > 0, t.all
    assert out(host.primary("ls /run | grep -c virtuos-trace || true")).strip() == "0"
    assert host.dom0("virtuos trace -o /tmp/t.json -- no-such-command").status == 127
    assert host.dom0("virtuos trace --").status == 2
    assert_all_is_off(host)


def test_one_trace_at_a_time(host):
    r = host.primary("exec 3<>%s/net/trace; virtuos-perf trace -o /tmp/u.json -- true" % RINGS)
    assert r.status == 1 and r.stderr.count(b"\n") == 1 and b"another program traces" in r.stderr, r.stderr
    # Who reads without asking for records is at the end at once.
    assert out(host.primary("dd if=%s/net/trace bs=4096 count=1 status=none | wc -c" % RINGS)).strip() == "0"
    assert host.primary("dd if=%s/net/trace bs=32 count=1" % RINGS).status
    assert host.primary("echo 2 > %s/net/trace" % RINGS).status
    # A reader that is killed leaves nothing on.
    out(host.primary("( exec 3<>%s/net/trace; echo 1 >&3; exec cat <&3 >/dev/null ) & sleep 1; kill -9 $!; wait; true"
                     % RINGS))
    assert_all_is_off(host)
    t = trace(host, ["true"])
    assert t.calls == t.matched, t.all


def test_a_killed_domain_ends_its_part(host):
    """The command goes on, and the trace says what happened."""
    out(host.primary("rm -f /tmp/end-of-trace /tmp/begun"))
    result = []
    runner = threading.Thread(target=lambda: result.append(host.primary(
        ["virtuos-perf", "trace", "-o", "/tmp/t.json", "--", "python3", "-c", STEADY], timeout=240)))
    runner.start()
    assert wait_for(lambda: not host.primary("test -e /tmp/begun").status, 60, 0.3)
    assert instances(host)
    time.sleep(1)                               # the records of some of them are fetched
    generation = kill(host, "net")
    wait_until_up(host, "net", generation, 90)
    out(host.primary("sleep 1; touch /tmp/end-of-trace"))
    runner.join()
    assert result[0].status == 0, (result[0].status, result[0].stderr)
    assert int(result[0].stdout.split()[0]) > 0
    t = Trace(result[0].stderr.decode(), out(host.primary("cat /tmp/t.json; rm /tmp/t.json /tmp/end-of-trace")))
    down, up = t.named("link_down"), t.named("link_up")
    assert len(down) == 1 and len(up) == 1, (down, up)
    assert t.named("records end"), "no record of the link's end"
    (outage,) = t.named("outage")
    print("#   an outage of %.0f ms" % (outage["dur"] / 1000))
    # What the domain has recorded last dies with it, unless the primary has fetched it before.
    of_net = [c for c in t.call.values() if c["args"]["service"] == "net"]
    fetched = max(s["ts"] for c in of_net for s in t.serves[c["args"]["call"]] if s["ts"] < down[0]["ts"])
    before = [c for c in of_net if c["ts"] + c["dur"] < fetched]
    assert before and all(len(t.serves[c["args"]["call"]]) == 1 for c in before), len(before)
    after = [c for c in of_net if c["ts"] > up[0]["ts"] + 200000]
    assert after and all(len(t.serves[c["args"]["call"]]) == 1 for c in after), len(after)
    assert t.all["disordered"] == 0, t.all
    assert_all_is_off(host)

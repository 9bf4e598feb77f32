# SPDX-License-Identifier: GPL-2.0-only
"""What `virtuos top`, `stat` and `metrics` say, in domain 0 and in the primary."""
import json
import re

from test_recovery import kill, out, wait_until_up

TIMEOUT = 240

# Sends datagrams to itself until it is killed. Its name would clear a terminal.
BURN = r"""
import os, socket
open('/proc/self/comm', 'w').write('\033[2Jburn')
a, b = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(2))
b.bind(('127.0.0.1', 0))
a.connect(b.getsockname())
child = os.fork()
if child:
    print(child, flush=True)
    os._exit(0)
os.dup2(os.open('/dev/null', os.O_RDWR), 1)
while True:
    a.send(b'x' * 1000)
    b.recv(1000)
"""


class Burner:
    """A process of the primary that burns the network domain."""

    def __init__(self, host):
        self.host = host

    def __enter__(self):
        self.pid = int(out(self.host.primary("python3 -", stdin=BURN.encode(), timeout=60)))
        return self.pid

    def __exit__(self, *_):
        self.host.primary(["kill", "-9", str(self.pid)])


def in_dom0(host, *words, **kw):
    return host.dom0(["virtuos", *words], **kw)


def in_primary(host, *words, **kw):
    return host.dom0(["virtuos", "exec", "--", "virtuos-perf", *words], **kw)


PLACES = (in_dom0, in_primary)


def test_top_shows_who_burns_the_network_domain(host):
    with Burner(host) as pid:
        for run in PLACES:
            lines = out(run(host, "top", "--batch", "--json", "-n", "2", "-d", "3")).splitlines()
            assert len(lines) == 2, lines
            top = json.loads(lines[1])
            net = next(s for s in top["services"] if s["service"] == "net")
            first = next(t for t in top["threads"] if t["tid"])
            print("#   net %(calls_per_s).0f calls/s, cpu %(cpu).1f %%, called %(called).1f %%, background "
                  "%(background).1f %%, poll %(poll).1f %%" % net + ", the first thread %.1f %%" % first["service"]["net"])
            assert top["accounts"] and not top["cut"], top
            assert first["pid"] == pid, (pid, top)
            assert first["thread"] == "?[2Jburn", first
            assert first["service"]["net"] > 0.5 * net["called"] > 0, (first, net)
            assert net["state"] == "up" and net["calls_per_s"] > 100, net
            assert 0 < net["cpu"] < 150, net


def test_top_writes_nothing_but_text(host):
    with Burner(host) as pid:
        for run in PLACES:
            text = out(run(host, "top", "-n", "1", "-d", "2", "--sort", "net"))
            assert re.search(r"^net +up ", text, re.M), text
            rows = text.split("PID", 1)[1].splitlines()[1:]
            assert re.match(r" *%d +%d \?\[2Jburn " % (pid, pid), next(r for r in rows if " (ended) " not in r)), text
            assert not re.search(r"[^\n -~]", text), repr(text)


def test_top_sorts_by_what_there_is(host):
    for run in PLACES:
        r = run(host, "top", "-n", "1", "-d", "0.5", "--sort", "nonsense")
        assert r.status == 1 and b"cannot sort by that" in r.stderr, (r.status, r.stdout, r.stderr)
        assert run(host, "top", "-n", "0").status == 2


CALL = r"""
import os, socket, sys
n = int(sys.argv[1])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
child = os.fork()
for i in range(n):
    s.getsockname()
if child:
    os.waitpid(child, 0)
    sys.exit(3)
"""
NET_CALLS = "virtuos/calls,service=1/"


def counted(host, run, n):
    """Calls of the network service by a program that makes N, and N in a child."""
    r = run(host, "stat", "--json", "-e", NET_CALLS, "--", "python3", "-c", CALL, str(n), timeout=120)
    assert r.status == 3, (r.status, r.stdout, r.stderr)
    found = json.loads(r.stderr.decode().strip().splitlines()[-1])
    assert found["status"] == 3, found
    return found["events"][NET_CALLS]["value"]


def test_stat_counts_each_call(host):
    for run in PLACES:
        none = counted(host, run, 0)
        for n in (1, 500):
            assert counted(host, run, n) - none == 2 * n, (n, none)


def test_stat_is_a_command_as_any_other(host):
    for run in PLACES:
        r = run(host, "stat", "--", "sh", "-c", "echo to stdout; exit 7")
        text = r.stderr.decode()
        assert (r.status, r.stdout) == (7, b"to stdout\n"), (r.status, r.stdout, text)
        for name in ("task-clock", "virtuos/calls/", "seconds time elapsed"):
            assert name in text, text
        r = run(host, "stat", "--", "/nonexistent")
        assert r.status == 127 and b"/nonexistent" in r.stderr, (r.status, r.stderr)
        r = run(host, "stat", "-e", "calls", "-e", "sends,calls", "--", "true")
        names = re.findall(r"virtuos/(.*)/", r.stderr.decode())
        assert (r.status, names) == (0, ["calls", "sends"]), (r.status, r.stderr)
        r = run(host, "stat", "-e", "nosuch", "--", "true")
        assert r.status == 125 and b'no event "nosuch"' in r.stderr, (r.status, r.stderr)


def test_stat_that_is_ended_shows_what_it_has(host):
    r = host.primary("timeout --foreground -s TERM 5 virtuos-perf stat -- sleep 1000; echo $?; pgrep -f '^sleep 1000'")
    assert r.stdout == b"124\n" and b"task-clock" in r.stderr, (r.stdout, r.stderr)
    r = host.dom0("timeout --foreground -s TERM 5 virtuos stat -- sleep 1001; echo $?; "
                  "virtuos exec -- pgrep -f '^sleep 1001'")
    assert r.stdout == b"124\n" and b"task-clock" in r.stderr, (r.stdout, r.stderr)


def test_a_file_that_cannot_be_written_is_told_first(host):
    r = host.primary("virtuos-perf stat -o /no/such/folder -- touch /tmp/has-run; echo $?; test -e /tmp/has-run")
    assert (r.status, r.stdout) == (1, b"125\n") and b"/no/such/folder: " in r.stderr, (r.stdout, r.stderr)
    r = host.primary("virtuos-perf stat -o /dev/full -- true; echo $?; virtuos-perf top -n 1 >/dev/full; echo $?; "
                     "virtuos-perf metrics >/dev/full; echo $?; test -c /dev/full")
    assert (r.status, r.stdout) == (0, b"125\n1\n1\n"), (r.stdout, r.stderr)


SAMPLE = re.compile(r'^(\w+)(?:\{((?:\w+="[^"\\]*",?)*)\})? (\d+(?:\.\d+)?)$')


def metrics(host, run=in_dom0, timeout=60):
    """{(name, labels): value} of what it writes. A debug kernel needs more than five seconds."""
    words = ["--timeout", str(timeout)] if run is in_dom0 else []
    text = out(run(host, "metrics", *words, timeout=100))
    assert text.endswith("# EOF\n"), text
    found = {}
    for line in text.splitlines():
        if not line.startswith("# "):
            m = SAMPLE.match(line)
            assert m, line
            labels = tuple(sorted(re.findall(r'(\w+)="([^"]*)"', m[2] or "")))
            assert (m[1], labels) not in found, line
            found[m[1], labels] = float(m[3])
    return found


def value(found, name, **labels):
    return found[name, tuple(sorted(labels.items()))]


def test_metrics_follow_what_happens(host):
    before, inside = metrics(host), metrics(host, in_primary)
    domains = json.loads(out(host.dom0("virtuos list --json")))
    for d in domains:
        labels = {"system": d["system"], "domain": d["domain"], "role": d["role"]}
        assert value(before, "virtuos_domain_state", state="running", **labels) == 1, before
        assert value(before, "virtuos_domain_builds_total", **labels) == d["generation"], before
    assert value(before, "virtuos_primary_up", system="primary") == 1, before
    assert value(inside, "virtuos_primary_up") == 1, inside
    for service in ("net", "storage"):
        assert value(inside, "virtuos_service_up", service=service) == 1, inside
        for name in ("cpu", "called"):
            assert value(before, "virtuos_service_%s_seconds_total" % name,
                         system="primary", service=service) > 0, before
    wait_until_up(host, "net", kill(host, "net"))
    after = metrics(host)
    net = {"system": "primary", "service": "net"}
    name = "virtuos_service_outages_total"
    assert value(after, name, **net) == value(before, name, **net) + 1, after
    for name in ("cpu_seconds", "called_seconds", "calls"):
        name = "virtuos_service_%s_total" % name
        assert value(after, name, **net) >= value(before, name, **net), (name, before, after)


def test_metrics_go_to_a_file(host):
    assert in_dom0(host, "metrics", "--output", "/root/virtuos.prom").stdout == b""
    assert out(host.dom0("tail -n 1 /root/virtuos.prom; stat -c %a /root/virtuos.prom; ls -A /root | grep -c prom")) == \
        "# EOF\n644\n1\n"


def test_metrics_do_not_wait_for_a_primary(host):
    host.dom0(["xl", "pause", "primary"], check=True)
    try:
        found = metrics(host, timeout=2)
    finally:
        host.dom0(["xl", "unpause", "primary"], check=True)
    assert value(found, "virtuos_primary_up", system="primary") == 0, found
    assert value(found, "virtuos_domain_state", system="primary", domain="net", role="network", state="running") == 1
    assert not [x for x in found if x[0].startswith("virtuos_service_")], found
    assert metrics(host)["virtuos_primary_up", (("system", "primary"),)] == 1


def test_help_has_examples(host):
    names = re.findall(r"^  ([a-z]+) ", out(host.dom0("virtuos --help")), re.M)
    assert {"top", "stat", "metrics"} <= set(names), names
    for name in names:
        text = out(host.dom0(["virtuos", name, "--help"]))
        assert "\nExamples:\n  " in text, text
    for name in ("top", "stat", "metrics", "snapshot"):
        assert "\nExamples:\n  virtuos-perf " + name in out(in_primary(host, name, "--help"))

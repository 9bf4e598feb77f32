# SPDX-License-Identifier: GPL-2.0-only
"""`virtuos record` and `virtuos-perf record`: call chains with the work of services on them."""
import re
import threading

from machine import VCPUS
from outcome import Skip
from outside import wait_for
from test_recovery import kill, out, wait_until_up

TIMEOUT = 300

SUMMARY = re.compile(r"^(\S+): (\d+) samples: primary (\d+) \(([\d.]+) ms\), net (\d+) \(([\d.]+) ms\), "
                     r"storage (\d+) \(([\d.]+) ms\), (\d+) lost", re.M)

# A process that burns the network domain, under a name of its own, and one that asks it now and then.
BURNER = r"""
import socket, sys
open('/proc/self/comm', 'w').write('burner')
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
s.connect(s.getsockname())
for i in range(int(sys.argv[1])):
    s.send(b'x' * 200)
    s.recv(1000)
"""
SELDOM = r"""
import socket, time
open('/proc/self/comm', 'w').write('seldom')
while True:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    time.sleep(0.1)
"""
# Until a file is there. A death ends no call of these.
STEADY = r"""
import os, socket, time
n = 0
while not os.path.exists('/tmp/end-of-record'):
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(('127.0.0.1', 0))
            s.getsockname()
        n += 1
    except OSError:
        pass
    time.sleep(0.002)
print(n, 'rounds')
"""


class Record:
    """What a summary line and its file say."""

    def __init__(self, stderr, text):
        found = SUMMARY.search(stderr)
        assert found, stderr
        print("#   " + found.group(0))
        self.lost = int(found.group(9))
        self.ms = {"net": float(found.group(6)), "storage": float(found.group(8))}
        self.chains = []
        for line in text.splitlines():
            chain, value = line.rsplit(" ", 1)
            self.chains.append((chain.split(";"), int(value)))

    def spent(self, service, program=None):
        """Microseconds of a service, for one program or for all."""
        return sum(n for chain, n in self.chains
                   if "[%s]" % service in chain and program in (None, chain[0]))


def record(host, words, *options):
    """In the primary."""
    r = host.primary(["virtuos-perf", "record", *options, "-o", "/tmp/r.folded", "--", *words], timeout=120)
    assert r.status == 0, (r.status, r.stdout, r.stderr)
    return Record(r.stderr.decode(), out(host.primary("cat /tmp/r.folded")))


def test_a_services_work_lies_on_its_callers_chain(host):
    """95 of 100 microseconds of the network domain are the burner's, but for those of a program that
    makes ten calls a second, more of them the slower the machine."""
    if host.door != "trap":
        raise Skip("DOOR=trap runs it: the exceptionless door's calls are not sampled")
    r = host.primary(["sh", "-c", "python3 -c \"$1\" & other=$!; "
                      "virtuos-perf record -a -o /tmp/r.folded -- python3 -c \"$0\" 4000; "
                      "s=$?; kill $other; exit $s", BURNER, SELDOM], timeout=120)
    assert r.status == 0, (r.status, r.stderr)
    r = Record(r.stderr.decode(), out(host.primary("cat /tmp/r.folded")))
    assert r.lost == 0
    mine, seldom, all_of_it = r.spent("net", "burner"), r.spent("net", "seldom"), r.spent("net")
    print("#   %d of %d us are the burner's, %d the other's" % (mine, all_of_it, seldom))
    assert mine >= 0.95 * (all_of_it - seldom) > 10000, (mine, seldom, all_of_it)
    assert seldom < mine / 4, (mine, seldom)
    # The file has what the summary says; a chain goes on into the primary's kernel or a program.
    assert abs(all_of_it - 1000 * r.ms["net"]) <= 1000, (all_of_it, r.ms)
    ends = {chain[-1] for chain, _ in r.chains if chain[0] == "burner" and "[net]" in chain}
    assert "SENDMSG" in ends and "RECVMSG" in ends, ends


def test_a_programs_own_time_is_sampled(host):
    r = record(host, ["python3", "-c", "n = 0\nfor i in range(4000000): n += i"], "-F", "199")
    own = sum(n for chain, n in r.chains if chain[0] == "python3" and not chain[-2:-1] in (["[net]"], ["[storage]"]))
    assert own > 20000, own
    assert r.lost == 0


def test_from_domain_0(host):
    r = host.dom0("virtuos record -o /tmp/r.html -- sh -c 'ls -l /usr/bin | wc -l; exit 7'")
    assert r.status == 7, (r.status, r.stderr)
    assert SUMMARY.search(r.stderr.decode()).group(1) == "/tmp/r.html"
    page = out(host.dom0("cat /tmp/r.html && rm /tmp/r.html"))
    assert page.startswith("<!DOCTYPE html>") and "getdents64" in page, page[:200]
    r = host.dom0("echo old >/tmp/r.folded; virtuos record -o /tmp/r.folded -- no-such-command; s=$?; "
                  "cat /tmp/r.folded; ls -A /tmp | grep -c folded; exit $s")
    assert (r.status, r.stdout) == (127, b"old\n1\n"), (r.status, r.stdout, r.stderr)
    r = host.dom0("virtuos record -o /no/such/folder -- touch /tmp/has-run; virtuos exec -- test -e /tmp/has-run")
    assert r.status == 1 and b"/no/such/folder: " in r.stderr, (r.status, r.stderr)
    assert host.dom0("virtuos record -o /dev/null -- true && test -c /dev/null").status == 0
    assert host.dom0("virtuos record --").status == 2
    assert host.dom0("virtuos record -F 0 -- true").status == 2
    r = host.primary("virtuos-perf record -o /no/such/folder -- true")
    assert r.status == 1 and r.stderr.count(b"\n") == 1, (r.status, r.stderr)


def test_a_processor_is_off(host):
    if VCPUS == 1:
        raise Skip("the primary has one processor")
    online = "/sys/devices/system/cpu/cpu1/online"
    out(host.primary("echo 0 >" + online))
    try:
        r = record(host, ["python3", "-c", "n = 0\nfor i in range(1000000): n += i"])
        assert r.chains and r.lost == 0
    finally:
        out(host.primary("echo 1 >" + online))


def test_a_domain_dies_meanwhile(host):
    """The command goes on; what was sampled before and after is there, and a line tells of the death."""
    if host.door != "trap":
        raise Skip("DOOR=trap runs it: the exceptionless door's calls are not sampled")
    out(host.primary("rm -f /tmp/end-of-record /tmp/r.folded"))
    result = []
    runner = threading.Thread(target=lambda: result.append(host.primary(
        ["virtuos-perf", "record", "-c", "10000", "-o", "/tmp/r.folded", "--", "python3", "-c", STEADY], timeout=240)))
    runner.start()
    assert wait_for(lambda: host.primary("pgrep -f end-of-record >/dev/null").status == 0, 60, 0.3)
    out(host.primary("sleep 1"))
    generation = kill(host, "net")
    wait_until_up(host, "net", generation, 90)
    out(host.primary("sleep 1; touch /tmp/end-of-record"))
    runner.join()
    assert result[0].status == 0, (result[0].status, result[0].stderr)
    assert int(result[0].stdout.split()[0]) > 0
    r = Record(result[0].stderr.decode(), out(host.primary("cat /tmp/r.folded; rm /tmp/r.folded /tmp/end-of-record")))
    assert r.spent("net", "python3") > 0
    last = result[0].stderr.decode().splitlines()[-1]
    assert last.startswith("/tmp/r.folded: the net domain died meanwhile (1): "), last

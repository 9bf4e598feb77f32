# SPDX-License-Identifier: GPL-2.0-only
"""What service domains charge comes home to the thread that asked, and nothing is lost."""
import json
import threading
import time

from host import LIBRARY
from test_recovery import kill, out, wait_until_up

TIMEOUT = 300
SERVICES = ("net", "storage")

# Functions that read the accounts, for programs in the primary. No function calls a service:
# all that it needs is there when it begins.
READ = r"""
import json, os, socket, sys, threading, time
def threads():
    lines = [line.split() for line in open('/proc/virtuos/threads').read().splitlines()]
    names = lines.pop(0)
    assert all(len(line) == len(names) for line in lines), lines
    return [dict(zip(names, line)) for line in lines]
def account(tid, service):
    for line in threads():
        if int(line['tid']) == tid and line['service'] == service:
            return {k: int(v) for k, v in line.items() if k not in ('comm', 'service')}
    return None
def counter(service, name):
    return int(open('/sys/kernel/virtuos/%s/%s' % (service, name)).read())
"""

# Each thread makes calls by the trap door, another computes.
CALLS = READ + r"""
def count(tid):
    found = account(tid, 'net')
    return found['trap_calls'] if found else 0
seen = {}
def work(n):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('127.0.0.1', 0))
    tid = threading.get_native_id()
    before = count(tid)
    for i in range(n):
        s.getsockname()
    seen[n] = count(tid) - before
def compute():
    tid = threading.get_native_id()
    sum(i * i for i in range(200000))
    seen['compute'] = count(tid)
todo = [threading.Thread(target=work, args=(n,)) for n in (1, 10, 500, 2000)]
todo.append(threading.Thread(target=compute))
for t in todo: t.start()
for t in todo: t.join()
# A thread that was joined may not have ended for the kernel yet.
for i in range(100):
    dead = account(os.getpid(), 'net')['dead_calls']
    if dead >= 2511:
        break
    time.sleep(0.1)
print(json.dumps([sorted(seen.items(), key=str), dead]))
"""


def test_a_call_is_charged_to_its_thread(host):
    seen, dead = json.loads(out(host.primary("python3 -", stdin=CALLS.encode(), timeout=120)))
    print("#   %s, of ended threads %d" % (seen, dead))
    assert dict((str(k), v) for k, v in seen) == {
        "1": 1, "10": 10, "500": 500, "2000": 2000, "compute": 0}
    # Each thread also made, bound and perhaps released a socket.
    assert dead >= 2511, dead


# All sums that can be compared, taken while nothing changes.
SUMS = READ + r"""
COUNTERS = ('service_calls', 'service_ticks', 'completions', 'claimed_ticks', 'unclaimed_calls',
            'unclaimed_ticks', 'cost_refused', 'door_calls', 'door_ticks')
def read(service):
    found = {name: counter(service, name) for name in COUNTERS}
    lines = [line for line in threads() if line['service'] == service]
    for kind in ('trap', 'late', 'door', 'dead'):
        for what in ('calls', 'ticks'):
            # A file of sysfs has the service's word for the door, the lines have the processes'.
            name = kind + '_' + what
            found['claimed_' * (kind == 'door') + name] = sum(int(line[name]) for line in lines)
    return found
def steady(service):
    for i in range(200):
        first = read(service)
        time.sleep(0.6)
        second = read(service)
        if first == second:
            return second
    sys.exit('%s never rests: %s %s' % (service, first, second))
print(json.dumps({service: steady(service) for service in ('net', 'storage')}))
"""


def sums(host):
    return json.loads(out(host.primary("python3 -", stdin=SUMS.encode(), timeout=200)))


def check_sums(service, s, died=0):
    """@died: how many calls may have ended by the death of their domain."""
    threads = {what: sum(s[kind + "_" + what] for kind in ("trap", "late", "dead"))
               for what in ("calls", "ticks")}
    print("#   %s: %d calls, %d ticks; unclaimed %d and %d" % (
        service, s["service_calls"], s["service_ticks"], s["unclaimed_calls"],
        s["unclaimed_ticks"]))
    assert s["cost_refused"] == 0, s
    assert s["claimed_ticks"] > 0, s
    assert threads["ticks"] == s["claimed_ticks"], (threads, s)
    unanswered = s["completions"] - threads["calls"] - s["unclaimed_calls"]
    assert 0 <= unanswered <= died, (threads, s)
    return threads


def test_both_sides_agree_to_the_tick(host):
    out(host.primary("find /usr/lib -name '*.so*' | head -300 | xargs cat | wc -c; sync", timeout=120))
    out(host.primary("python3 -", stdin=CALLS.encode(), timeout=120))
    for service, s in sums(host).items():
        threads = check_sums(service, s)
        assert s["service_ticks"] == (threads["ticks"] + s["unclaimed_ticks"] +
                                      s["door_ticks"]), s
        assert s["service_calls"] == s["completions"] + s["door_calls"], s


# Four threads read and write by the exceptionless door. The process ends when it finds a file.
DOOR = r"""
import ctypes, os, threading
lib = ctypes.CDLL(None)
assert hasattr(lib, 'vos_door_stats')
def work(nr):
    fd = os.open('/root/costs.%d' % nr, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    for i in range(2000):
        os.pwrite(fd, b'x', i % 100)
        os.pread(fd, 1, i % 100)
    done.wait()
    stop.wait()
done, stop = threading.Barrier(5), threading.Event()
todo = [threading.Thread(target=work, args=(nr,)) for nr in range(4)]
for t in todo: t.start()
done.wait()
open('/root/costs.ready', 'w').close()
for i in range(600):
    if os.path.exists('/root/costs.stop'):
        break
    threading.Event().wait(0.2)
stop.set()
for t in todo: t.join()
"""


def check_doors(s):
    print("#   by doors: %d calls, %d ticks; processes say %d and %d" % (
        s["door_calls"], s["door_ticks"], s["claimed_door_calls"], s["claimed_door_ticks"]))
    threads = check_sums("storage", s)
    assert s["service_ticks"] == threads["ticks"] + s["unclaimed_ticks"] + s["door_ticks"], s
    # All of them are honest.
    assert s["claimed_door_ticks"] == s["door_ticks"], s
    assert s["claimed_door_calls"] == s["door_calls"], s


def test_the_doors_word_is_the_services(host):
    before = sums(host)["storage"]
    host.primary("rm -f /root/costs.ready /root/costs.stop")
    caller = threading.Thread(target=lambda: host.primary(
        ["env", "LD_PRELOAD=" + LIBRARY, "python3", "-c", DOOR], timeout=240))
    caller.start()
    out(host.primary("for i in $(seq 300); do test -e /root/costs.ready && exit; sleep 0.2; done;"
                     " exit 1", timeout=120))
    alive = sums(host)["storage"]
    check_doors(alive)
    calls = alive["door_calls"] - before["door_calls"]
    claimed = alive["claimed_door_calls"] - before["claimed_door_calls"]
    assert claimed > 4000, (before, alive)
    assert claimed <= calls, (before, alive)
    host.primary("touch /root/costs.stop")
    caller.join()
    ended = sums(host)["storage"]
    check_doors(ended)
    assert ended["door_calls"] >= alive["door_calls"], (alive, ended)
    assert ended["claimed_door_calls"] >= alive["claimed_door_calls"], (alive, ended)


# Calls until the domain has been away for a time, and says how long the longest call took.
OUTAGE = READ + r"""
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
print('calling', flush=True)
longest, end = 0, time.monotonic() + 60
while longest < 1 and time.monotonic() < end:
    begun = time.monotonic()
    try:
        s.getsockname()
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    except OSError:
        pass
    longest = max(longest, time.monotonic() - begun)
print(json.dumps([longest, account(os.getpid(), 'net')['outage_ns']]))
"""


def test_a_death_charges_nobody_twice(host):
    said, called = [], threading.Event()

    def note(data):
        said.append(data.decode())
        called.set()

    caller = threading.Thread(target=lambda: host.primary(
        "python3 -", stdin=OUTAGE.encode(), timeout=120, on_stdout=note))
    caller.start()
    assert called.wait(60)
    time.sleep(0.5)
    generation = kill(host, "net")
    caller.join()
    wait_until_up(host, "net", generation)
    longest, outage = json.loads("".join(said).splitlines()[-1])
    print("#   the longest call took %.2f s, the account says %.2f s" % (longest, outage / 1e9))
    assert outage / 1e9 > longest / 2, (longest, outage)
    for service, s in sums(host).items():
        check_sums(service, s, died=64 if service == "net" else 0)


# Keeps the network domain busy for some seconds.
BURN = r"""
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    for i in range(100):
        s.getsockname()
"""

CLOSURE = READ + r"""
found = {name: counter('net', name) for name in ('service_ticks', 'poll_ticks', 'running_ns')}
found['khz'] = int(open('/sys/kernel/virtuos/tsc_khz').read())
print(json.dumps(found))
"""


def ran(host, domain):
    """Seconds for which Xen has run a domain's processors, as xl shows them."""
    return float(out(host.dom0("xl list " + domain)).splitlines()[1].split()[5])


def test_the_figures_are_closed(host):
    """What a domain says that it ran is what Xen says; called and polled are parts of it."""
    def figures():
        return json.loads(out(host.primary("python3 -", stdin=CLOSURE.encode()))), ran(host, "net")

    before, ran_before = figures()
    out(host.primary("python3 - 12", stdin=BURN.encode(), timeout=120))
    after, ran_after = figures()
    took = {name: after[name] - before[name] for name in before}
    by_xen, by_domain = ran_after - ran_before, took["running_ns"] / 1e9
    called, polled = (took[name] / after["khz"] / 1e3 for name in ("service_ticks", "poll_ticks"))
    print("#   by Xen %.2f s, by the domain %.2f s: called %.2f, polled %.2f, background %.2f" % (
        by_xen, by_domain, called, polled, by_domain - called - polled))
    # The domain speaks four times a second, and xl shows tenths.
    assert abs(by_xen - by_domain) < 0.4 + 0.02 * by_xen, (by_xen, by_domain)
    assert 0 < called + polled < 1.02 * by_domain + 0.3, (called, polled, by_domain)

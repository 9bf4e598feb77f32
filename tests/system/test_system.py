# SPDX-License-Identifier: GPL-2.0-only
"""What the partitioned system promises at rest: who has what, how small it is, and
that unmodified programs of either kind reach files and network."""
import json
import re

from image import DEBUG
from outcome import Skip
from outside import Page


def out(result):
    assert result.status == 0, (result.status, result.stdout, result.stderr)
    return result.stdout.decode()


def test_primary_has_no_tcpip_nic_or_disk(host):
    # /proc/net/dev and /sys/class/net have the network domain's.
    names = out(host.primary("ls /sys/devices/*/net /sys/devices/*/*/net 2>/dev/null; true")).split()
    assert {n for n in names if not n.endswith(":")} <= {"lo"}, names
    assert out(host.primary("ls -A /sys/block 2>/dev/null; true")).strip() == ""
    if DEBUG:
        return                      # one kernel has all three roles then
    config = out(host.primary("zcat /proc/config.gz"))
    for option in ("INET", "PCI", "SCSI", "ATA", "XEN_BLKDEV_FRONTEND"):
        assert "# CONFIG_%s is not set" % option in config, option
    # Those of images are modules that nothing has loaded.
    systems = out(host.primary("cat /proc/filesystems")).splitlines()
    assert [line.strip() for line in systems if not line.startswith("nodev")] == ["fuseblk"], systems


def test_root_file_system_is_on_storage(host):
    fstype = out(host.primary("stat -f -c %T /; awk '$2 == \"/\" { print $3 }' /proc/mounts"))
    assert "virtuosfs" in fstype, fstype


def test_curl_fetches_from_outside(host):
    with Page(b"hello from outside\n") as page:
        assert out(host.primary("curl -sS --max-time 20 " + page.url)) == "hello from outside\n"


PYTHON = r"""
import socket, sys
with open('/root/probe', 'w') as f:
    f.write('x' * 5000)
assert open('/root/probe').read() == 'x' * 5000
s = socket.create_connection(('10.0.2.2', int(sys.argv[1])), 10)
s.sendall(b'GET / HTTP/1.0\r\n\r\n')
data = b''
while True:
    d = s.recv(4096)
    if not d:
        break
    data += d
assert data.endswith(b'static or dynamic\n'), data
"""


def test_static_and_dynamic_binaries(host):
    assert "statically" in out(host.primary("file /bin/busybox 2>/dev/null || echo statically"))
    with Page(b"static or dynamic\n") as page:
        text = out(host.primary("env -u LD_PRELOAD busybox wget -q -O - %s; busybox cat /etc/hostname" % page.url))
        assert text.startswith("static or dynamic\n"), text
        r = host.primary(["env", "-u", "LD_PRELOAD", "python3", "-c", PYTHON, str(page.port)])
        assert r.status == 0, r.stderr


def test_service_domains_are_small(host):
    sizes = out(host.dom0("cd /usr/lib/virtuos && for r in network storage; do "
                          "echo $r $(stat -L -c %s $r/vmlinuz $r/initrd.img); done"))
    for line in sizes.strip().split("\n"):
        role, kernel, initrd = line.split()
        assert int(kernel) + int(initrd) <= 10 << 20, line
    domains = {d["role"]: d for d in json.loads(out(host.dom0("virtuos list --json")))}
    assert domains["network"]["memory_mib"] <= 96, domains
    assert domains["storage"]["memory_mib"] <= 128, domains


def counters(host, service):
    text = out(host.primary("cd /sys/kernel/virtuos/%s && grep . *" % service))
    return {k: int(v) for k, v in re.findall(r"^(\w+):(\d+)$", text, re.M)}


def test_no_grant_operation_under_load(host):
    if host.door != "trap":
        raise Skip("each process that opens a door is granted its channel, once")
    before = {s: counters(host, s) for s in ("net", "storage")}
    with Page(b"x" * 10000) as page:
        out(host.primary("for i in $(seq 20); do curl -sS --max-time 20 -o /dev/null %s; done; "
                         "dd if=/dev/zero of=/root/load bs=64k count=100 oflag=dsync 2>/dev/null; rm /root/load"
                         % page.url, timeout=100))
    for service, old in before.items():
        new = counters(host, service)
        calls = new["calls"] - old["calls"]
        assert calls > 50, (service, old, new)
        assert new["grants"] == old["grants"], (service, old, new)
        print("#   %s: %d calls, %.2f event-channel sends and %.2f interrupts per call, 0 grants"
              % (service, calls, (new["sends"] - old["sends"]) / calls,
                 (new["interrupts"] - old["interrupts"]) / calls))


STEADY = r"""
import socket, time
def stats():
    names = ('calls', 'sends', 'interrupts', 'grants')
    return [int(open('/sys/kernel/virtuos/net/' + n).read()) for n in names]
s = socket.socket()
s.bind(('127.0.0.1', 0))
for i in range(500):
    s.getsockname()
before, begun = stats(), time.time()
for i in range(3000):
    s.getsockname()
took, after = time.time() - begun, stats()
calls, sends, interrupts, grants = [b - a for a, b in zip(before, after)]
print(calls, sends, interrupts, grants, '%.0f' % (took / 3000 * 1e6))
"""


def test_steady_state_needs_few_events(host):
    """One caller, one call after the other: both sides poll, so hardly an event is sent."""
    calls, sends, interrupts, grants, us = map(int, out(host.primary(["python3", "-c", STEADY])).split())
    print("#   %.3f sends and %.3f interrupts per call, %d grants, %d us a call (wall clock, emulated)"
          % (sends / calls, interrupts / calls, grants, us))
    assert calls >= 3000 and grants == 0, (calls, grants)
    assert sends < 0.8 * calls, (calls, sends)


def test_exit_status_and_output_pass_through(host):
    r = host.primary("echo to stdout; echo to stderr >&2; exit 7")
    assert (r.status, r.stdout, r.stderr) == (7, b"to stdout\n", b"to stderr\n"), (r.status, r.stdout, r.stderr)
    assert host.primary("kill -9 $$").status == 137

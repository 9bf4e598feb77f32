# SPDX-License-Identifier: GPL-2.0-only
"""What one process or user may take of the network domain, and what others then have."""
import os
import re
import threading
import time

from outside import wait_for
from test_recovery import out
from vexec import VexecError

TIMEOUT = 420

# Close sockets that have addresses while nobody answers, then bind the same ports.
CLOSE = r"""
import socket, sys, time
held = []
for i in range(8):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if i % 2 else socket.SOCK_DGRAM)
    s.bind(('127.0.0.1', 0))
    if i % 2:
        s.listen()
    held.append(s)
names = [(s.type, s.getsockname()) for s in held]
print('ready', flush=True)
sys.stdin.readline()
start = time.monotonic()
for s in held:
    s.close()
print('closed in %.3f' % (time.monotonic() - start), flush=True)
for kind, name in names:
    s = socket.socket(socket.AF_INET, kind)
    s.bind(name)
    held.append(s)
print('bound', flush=True)
"""


def test_close_waits_for_nobody(host):
    """A domain that stands still for a while keeps nobody in close()."""
    said, result = bytearray(), []
    read, write = os.pipe()
    t = threading.Thread(target=lambda: result.append(host.primary(
        ["python3", "-c", CLOSE], stdin=read, timeout=60, on_stdout=said.extend)))
    t.start()
    assert wait_for(lambda: b"ready" in said, 30), (said, result)
    try:
        out(host.dom0("xl pause net"))
        os.write(write, b"\n")
        time.sleep(3)
    finally:
        out(host.dom0("xl unpause net"))
        os.close(write)
    t.join(60)
    found = re.search(rb"closed in ([\d.]+)\nbound\n", said)
    assert found, (said, result)
    # It was 3 s, of 8 that it would have been.
    assert float(found.group(1)) < 1.5, said


SHARE = r"""
import errno, os, socket, sys
LIMIT = 40
with open('/sys/module/virtuos_net/parameters/user_objects', 'w') as f:
    f.write(str(LIMIT))
until, end = os.pipe()      # children keep what they have until we end

def count(uid, want):
    r, w = os.pipe()
    pid = os.fork()
    if not pid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        held, err = [], 0
        try:
            while len(held) < want:
                held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        except OSError as e:
            err = e.errno
        os.write(w, b'%d %d' % (len(held), err))
        os.close(end)
        os.read(until, 1)
        os._exit(0)
    os.close(w)
    return tuple(map(int, os.read(r, 100).split()))

assert count(12345, 100) == (LIMIT, errno.ENFILE), 'one user'
assert count(12346, 20) == (20, 0), 'another user'
assert count(12345, 1) == (0, errno.ENFILE), 'the first user, another process'
held = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for i in range(100)]
print('shared')
"""

AFTER = r"""
import os, socket
os.setresuid(12345, 12345, 12345)
held = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(40)]
print('again')
"""


def test_a_user_has_a_share(host):
    try:
        assert out(host.primary(["python3", "-c", SHARE], timeout=60)).strip() == "shared"
        # What the first had was counted back at its end.
        assert out(host.primary(["python3", "-c", AFTER], timeout=60)).strip() == "again"
    finally:
        host.primary("echo 0 >/sys/module/virtuos_net/parameters/user_objects", check=True)


# Nobody special: root may have more files than the limit.
IOCTLS = r"""
import array, fcntl, os, socket, termios
os.setgroups([])
os.setresgid(12345, 12345, 12345)
os.setresuid(12345, 12345, 12345)
held = []
for i in range(60):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('127.0.0.1', 0))
    s.sendto(b'abc', s.getsockname())
    there = array.array('i', [0])
    fcntl.ioctl(s, termios.FIONREAD, there)
    assert there[0] == 3, there
    assert s.recv(10) == b'abc'
    held.append(s)
print('all', len(held))
"""


LINKS = r"""
set -e
for kind in bond bridge wireguard dummy; do ip link add $kind type $kind; done
ip link add link eth0 name vlan type vlan id 5
tc qdisc add dev dummy root netem delay 1ms
tc qdisc add dev vlan root htb
ip -o link | grep -cE ': (bond|bridge|wireguard|dummy|vlan)[@:]'
"""


ONE_FILE = r"""
set -e
virtuos down
cd /etc/virtuos
grep -q '^net_extra' virtuos.cfg || echo 'net_extra = ""' >>virtuos.cfg
sed -i 's/^net_extra = "/&sysctl.fs.file-max=1 /' virtuos.cfg
echo 'net_features = [ "bonding", "bridge", "nftables", "shaping", "tun", "wireguard" ]' >>virtuos.cfg
virtuos up
"""


def answers(host):
    try:
        return host.primary("true", timeout=60).status == 0
    except VexecError:
        return False


def test_sockets_need_no_files_in_the_domain(host):
    """One file at most for all: a socket's ioctl() must not want one. The last test: the
    machine has another configuration from here on."""
    out(host.dom0(ONE_FILE, timeout=300))
    assert wait_for(lambda: answers(host), 240, 1)
    assert out(host.primary(["python3", "-c", IOCTLS], timeout=60)).strip() == "all 60"
    # It loaded what its configuration names before it served.
    console = out(host.dom0("cat /var/log/xen/console/guest-net.log"))
    assert re.search(r"virtuos: wireguard is loaded(?s:.*)virtuos: network service is up", console), console
    assert out(host.primary(LINKS, timeout=60)).strip() == "5"

# SPDX-License-Identifier: GPL-2.0-only
"""A second storage domain, whose disk is on another machine: NVMe over TCP by a vif of its own.

The other machine is dom0, with Linux's own target. The server goes away by taking its port from
it, as when it is restarted: connections end, and new ones are refused.
"""
import re
import threading
import time

from outside import wait_for
from test_configured import answers
from test_recovery import calls_wait, in_d_state, kill, out, states, wait_until_up

TIMEOUT = 600
# The tasks that wait for the server: they are told of after 5 s here, and panic nobody. The last
# test ends the domain by its own init.
KNOWN_SPLATS = [r"INFO: task .* blocked for more than \d+ seconds", r"Kernel panic .* Attempted to kill init!"]

NQN = "nqn.2026-11.com.example:disks"
HOST = "nqn.2014-08.org.nvmexpress:uuid:00000000-0000-1000-8000-00163e5a0001"
TARGET = "/sys/kernel/config/nvmet"
LINK = TARGET + "/ports/1/subsystems/disks"
AT = "/root/remote"

# Namespace 3 is the disk; 1 is there to be passed over.
SERVER = r"""
set -e
[ ! -e %(link)s ] || exit 0
ip link add remote type bridge
ip addr add 10.90.0.1/24 dev remote
ip link set remote up
modprobe nvmet-tcp
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
cd /root
truncate -s 16M other.img
truncate -s 160M remote.img
mke2fs -q -t ext4 -b 4096 remote.img
cd %(target)s
mkdir hosts/%(host)s subsystems/%(nqn)s
ln -s %(target)s/hosts/%(host)s subsystems/%(nqn)s/allowed_hosts/
for n in 1:other 3:remote; do
	space=subsystems/%(nqn)s/namespaces/${n%%:*}
	mkdir $space
	echo -n /root/${n#*:}.img >$space/device_path
	echo 1 >$space/enable
done
mkdir ports/1
echo tcp >ports/1/addr_trtype
echo ipv4 >ports/1/addr_adrfam
echo 10.90.0.1 >ports/1/addr_traddr
echo 4420 >ports/1/addr_trsvcid
ln -s %(target)s/subsystems/%(nqn)s %(link)s
virtuos down
sed -i 's/^services = .*/services = [ "net", "storage", "data" ]/' /etc/virtuos/virtuos.cfg
cat >>/etc/virtuos/virtuos.cfg <<EOF
data_role = "storage"
data_cpus = "2"
data_vif = [ "mac=00:16:3e:5a:00:01,bridge=remote" ]
data_address = "10.90.0.2/24"
data_nvme = "traddr=10.90.0.1,nqn=%(nqn)s,nsid=3,keep_alive_tmo=120,data_digest"
data_extra = "sysctl.kernel.hung_task_timeout_secs=5"
EOF
virtuos check
virtuos up
""" % {"link": LINK, "target": TARGET, "host": HOST, "nqn": NQN}

MOUNT = "mkdir -p %s && { mountpoint -q %s || mount -t virtuosfs data %s; }" % (AT, AT, AT)
LEAVE, RETURN = "rm " + LINK, "ln -s %s/subsystems/%s %s" % (TARGET, NQN, LINK)


def remote(host):
    """The system with that domain, its file system mounted; the first test of a machine makes it."""
    out(host.dom0(SERVER, timeout=300))
    assert wait_for(lambda: answers(host), 240, 1)
    out(host.primary(MOUNT, timeout=60))


def connections(host):
    """The domain's ports, as the server has them."""
    text = out(host.dom0("ss -Htn state established sport = :4420"))
    return sorted(re.findall(r"10\.90\.0\.2:(\d+)", text))


def console(host):
    return [text for name, text in host.consoles().items() if "data" in name][0]


TREE = r"""
import encodings, hashlib, os, shutil, sys
source, copy = os.path.dirname(encodings.__file__), sys.argv[1] + '/tree'
def sums(top):
    return {os.path.relpath(os.path.join(d, f), top): hashlib.sha256(open(os.path.join(d, f), 'rb').read()).digest()
            for d, _, files in os.walk(top) for f in files if os.path.isfile(os.path.join(d, f))}
if sys.argv[2] == 'write':
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(source, copy, symlinks=True)
    os.sync()
a, b = sums(source), sums(copy)
assert a == b and len(a) > 20, (len(a), len(b))
print('equal', len(a))
"""


def tree(host, what):
    said = out(host.primary(["python3", "-c", TREE, AT, what], timeout=120))
    assert said.startswith("equal"), said


def test_files_on_another_machine(host):
    """Written, and read again; the root file system is another domain's. Nothing listens."""
    remote(host)
    tree(host, "write")
    out(host.primary("echo 3 >/proc/sys/vm/drop_caches"))
    tree(host, "compare")
    assert connections(host) == ["49152", "49153"], connections(host)
    out(host.dom0("for p in $(seq 1 200) 4420 49152 49153; do "
                  "! (exec 3<>/dev/tcp/10.90.0.2/$p) 2>/dev/null || exit 1; done"))
    assert "10.90." not in out(host.primary("ip addr; ip route"))


WRITER = r"""
import os, sys, time
at, seconds = sys.argv[1], float(sys.argv[2])
os.chdir(at)
fd = os.open('journal', os.O_RDWR | os.O_CREAT | os.O_TRUNC)
end = time.monotonic() + seconds
n, worst = 0, 0
while time.monotonic() < end:
    begun = time.monotonic()
    os.pwrite(fd, b'%08d' % n, 8 * n)
    os.fsync(fd)
    n += 1
    if n % 5 == 0:
        os.mkdir('dir%d' % n)
        os.rmdir('dir%d' % n)
    worst = max(worst, time.monotonic() - begun)
    if n == 3:
        print('ready', flush=True)
data = os.pread(fd, 8 * n + 8, 0)
assert data == b''.join(b'%08d' % i for i in range(n)), 'data lost'
print('wrote %d, worst %.1f' % (n, worst), flush=True)
"""


class Writer:
    """A program that writes and syncs for so long, in this folder."""

    def __init__(self, host, seconds, at=AT):
        self.said, self.result = bytearray(), []
        self.thread = threading.Thread(target=lambda: self.result.append(host.primary(
            ["python3", "-c", WRITER, at, str(seconds)], timeout=200, on_stdout=self.said.extend)))
        self.thread.start()
        assert wait_for(lambda: b"ready" in self.said, 60), (self.said, self.result)

    def worst(self):
        """The longest that it waited, when it has ended without an error."""
        self.thread.join(200)
        assert self.result and self.result[0].status == 0, (self.said, self.result)
        return float(re.search(rb"worst ([\d.]+)", self.said).group(1))


def test_a_server_that_is_away_is_a_pause(host):
    """20 s: nobody sees an error, nothing is lost, the domain lives; the root file system goes on."""
    remote(host)
    before = states(host)["data"]["id"]
    writer, other = Writer(host, 32), Writer(host, 32, "/root")
    out(host.dom0(LEAVE))
    time.sleep(20)
    assert connections(host) == []
    out(host.dom0(RETURN))
    assert other.worst() < 5
    worst = writer.worst()
    print("#   the longest pause: %.1f s" % worst)
    assert 18 < worst < 45, worst
    assert connections(host) == ["49152", "49153"], connections(host)
    assert states(host)["data"]["id"] == before, states(host)
    assert "blocked for more than 5 seconds" in console(host)
    tree(host, "compare")


def test_killed_under_a_writer(host):
    """The server's ends of the old connections are reset by the new ones; it would keep them for 120 s."""
    remote(host)
    with calls_wait(host, 120):
        writer = Writer(host, 20)
        generation = kill(host, "data")
        wait_until_up(host, "data", generation)
        print("#   the longest pause: %.1f s" % writer.worst())
    assert connections(host) == ["49152", "49153"], connections(host)
    assert "keep-alive timer" not in out(host.dom0("dmesg"))
    tree(host, "compare")
    assert wait_for(lambda: not in_d_state(host), 5), in_d_state(host)


def test_killed_while_the_server_is_away(host):
    """The next incarnation waits for it, and says so; so do calls."""
    remote(host)
    with calls_wait(host, 120):
        writer = Writer(host, 30)
        out(host.dom0(LEAVE))
        generation = kill(host, "data")
        said = "waiting for the disk at 10.90.0.1: Connection refused"
        assert wait_for(lambda: said in console(host), 120), console(host)
        time.sleep(5)
        out(host.dom0(RETURN))
        wait_until_up(host, "data", generation)
        print("#   the longest pause: %.1f s" % writer.worst())
    tree(host, "compare")


def test_a_network_that_is_cut_off(host):
    """25 s without a packet: TCP sends again what was lost, and the connections are as before."""
    remote(host)
    before = states(host)["data"]["id"]
    writer = Writer(host, 35)
    out(host.dom0("ip link set remote down"))
    time.sleep(25)
    out(host.dom0("ip link set remote up"))
    worst = writer.worst()
    print("#   the longest pause: %.1f s" % worst)
    assert 23 < worst < 90, worst
    assert connections(host) == ["49152", "49153"], connections(host)
    assert states(host)["data"]["id"] == before, states(host)
    tree(host, "compare")


ALLOWED = "%s/subsystems/%s/allowed_hosts/%s" % (TARGET, NQN, HOST)


def test_a_server_that_refuses(host):
    """The domain ends, and the next one is there once the server takes it again."""
    remote(host)
    with calls_wait(host, 120):
        generation = states(host)["data"]["generation"]
        out(host.dom0("rm %s; %s; %s" % (ALLOWED, LEAVE, RETURN)))
        assert wait_for(lambda: "refuses the domain; its disk is gone" in console(host), 120), console(host)
        assert wait_for(lambda: "waiting for the disk at 10.90.0.1: Input/output error" in console(host), 120), console(host)
        out(host.dom0("ln -s %s/hosts/%s %s" % (TARGET, HOST, ALLOWED)))
        wait_until_up(host, "data", generation)
    tree(host, "compare")

# SPDX-License-Identifier: GPL-2.0-only
"""/dev/net/tun: interfaces of the network domain whose other end is a program, also after the domain's death."""
from outside import wait_for
from outcome import PASSED, Skip
from talk import Talk
from test_kept import answers, outlives, seen
from test_programs import build, run
from test_recovery import out

TIMEOUT = 480
NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups "

FEATURES = r"""
set -e
virtuos down
cd /etc/virtuos
echo 'net_features = [ "tun", "bridge" ]' >>virtuos.cfg
virtuos up
"""

ASK = r"""
import fcntl, os
try:
    fcntl.ioctl(os.open('/dev/net/tun', os.O_RDWR), 0x800454cf, bytes(4))
    print('there')
except OSError as e:
    print(e.errno)
"""

# Open interfaces, and answer pings of IPv4: to any address on a tun, by ARP too on a tap.
PONG = r"""
import ctypes, fcntl, os, select, socket, struct, subprocess, sys
TUN, TAP, NO_PI = 1, 2, 0x1000
def sh(line):
    subprocess.run(line, shell=True, check=True)
def tun(name, flags):
    fd = os.open('/dev/net/tun', os.O_RDWR)
    fcntl.ioctl(fd, 0x400454ca, struct.pack('=16sH22x', name.encode(), flags | NO_PI))
    return fd
def total(data):
    s = sum(struct.unpack('!%dH' % (len(data) // 2), data[:len(data) // 2 * 2])) + (data[-1] << 8 if len(data) % 2 else 0)
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff
def pong(p):
    if p[0] != 0x45 or p[9] != 1 or p[20] != 8:
        return b''
    icmp = b'\0\0\0\0' + p[24:]
    return p[:12] + p[16:20] + p[12:16] + struct.pack('!BBH', 0, 0, total(icmp)) + p[24:]
def frame(f):
    mac = b'\2\0\0\0\0\7'
    if f[12:14] == b'\x08\x06' and f[20:22] == b'\0\1' and f[28:32] != f[38:42]:
        return f[6:12] + mac + f[12:20] + b'\0\2' + mac + f[38:42] + f[22:32]
    if f[12:14] == b'\x08\0':
        p = pong(f[14:])
        return p and f[6:12] + mac + f[12:14] + p
    return b''
def serve(ends):
    poll = select.epoll()
    for fd in ends:
        poll.register(fd, select.EPOLLIN)
    poll.register(0, select.EPOLLIN)
    print('READY', flush=True)
    while True:
        for fd, _ in poll.poll():
            if fd == 0:
                return
            answer = ends[fd](os.read(fd, 65536))
            try:
                if answer:
                    os.write(fd, answer)
            except OSError:
                pass                                            # it is down just now
"""

OWN = PONG + r"""
a, b = tun('tun0', TUN), tun('tap0', TAP)
sh('ip addr add 10.77.0.1/24 dev tun0; ip link set tun0 up mtu 1400; ip route add 10.78.0.0/16 dev tun0')
sh('ip link add kbr0 type bridge; ip link set tap0 master kbr0; ip link set tap0 up; ip addr add 10.79.0.1/24 dev kbr0; '
   'ip link set kbr0 up')
# One that stays, for a user who may use it and no other.
c = tun('tap9', TAP)
fcntl.ioctl(c, 0x400454cb, 1)
fcntl.ioctl(c, 0x400454cc, 65534)
os.close(c)
sh('ip addr add 10.80.0.1/24 dev tap9; ip link set tap9 up')
# These are gone again, and leave nothing to be made again.
os.close(tun('tun5', TUN))
c = tun('tun6', TUN)
fcntl.ioctl(c, 0x400454cb, 1)
os.close(c)
sh('ip addr add 10.81.0.1/24 dev tun6; ip link del tun6')
serve({a: pong, b: frame})
"""

PINGS = "ping -c 1 -W 10 10.77.0.2 && ping -c 1 -W 10 10.78.3.4 && ping -c 1 -W 10 10.79.0.2"

OF_OWNER = PONG + r"""
try:
    tun('tun8', TUN)
    assert False
except PermissionError:
    pass
serve({tun('tap9', TAP): frame})
"""

# As root in a namespace of a user. It pings itself when told to.
OF_USER = PONG + r"""
import threading
a = tun('tun0', TUN)
sh('ip addr add 10.77.0.1/24 dev tun0; ip link set tun0 up')
def ping():
    for line in iter(lambda: os.read(r, 1), b''):
        sh('ping -c 1 -W 10 10.77.0.2 >/dev/null')
        print('PONG', flush=True)
r, w = os.pipe()
threading.Thread(target=ping, daemon=True).start()
poll = select.epoll()
poll.register(a, select.EPOLLIN)
poll.register(0, select.EPOLLIN)
print('READY', flush=True)
while True:
    for fd, _ in poll.poll():
        data = os.read(fd, 65536)
        if fd:
            answer = pong(data)
            if answer:
                os.write(fd, answer)
        elif data:
            os.write(w, b'x')
        else:
            sys.exit(0)
"""


class UserTalk(Talk):
    """A program of a user, with that user's rights."""

    def talk(self, host, argv):
        super().talk(host, [*self.prefix, *argv])


def as_user(host, prefix, script):
    return type("AsUser", (UserTalk,), {"prefix": prefix})(host, script)


def settings(host):
    """What was set. Whether a link is up already the kernel says a moment later."""
    return seen(host, "ip -o link | sed 's/<.*> mtu/mtu/; s/ qdisc .* link/ link/'; ip -4 -o addr; "
                "ip -4 route | sed 's/ linkdown//'; ip -d -o link show dev tap9 | grep -o 'persist on user [a-z0-9]*'")


def test_without_the_driver(host):
    """A domain that has not loaded the driver has no such device."""
    if "tun" in out(host.dom0("grep ^net_features /etc/virtuos/virtuos.cfg || true")):
        raise Skip("the machine has the driver already")
    assert out(host.primary(["python3", "-c", ASK])) == "19\n"


def test_programs_on_tun(host):
    """nettest's tests. The machine has another configuration from here on."""
    out(host.dom0(FEATURES, timeout=300))
    assert wait_for(lambda: answers(host), 240, 1)
    assert out(host.primary(["python3", "-c", ASK])) == "there\n"
    found = run(host, build("net", "nettest"), "tun")
    assert len(found) > 10 and all(part.outcome == PASSED for part in found), found


def test_tun_across_the_death(host):
    """The program's files go on; interfaces have their numbers, addresses, routes and owners again."""
    talk = Talk(host, OWN)
    talk.wait(b"READY")
    try:
        out(host.primary(PINGS, timeout=60))
        assert "tun6" not in "".join(settings(host))
        for _ in range(2):
            outlives(host, settings)
            out(host.primary(PINGS, timeout=60))
        owner = as_user(host, NOBODY.split(), OF_OWNER)
        owner.wait(b"READY")
        out(host.primary("ping -c 1 -W 10 10.80.0.2", timeout=60))
        outlives(host, settings)
        out(host.primary("ping -c 1 -W 10 10.80.0.2", timeout=60))
        owner.end()
    finally:
        talk.end()
        out(host.primary("ip link del tap9; ip link del kbr0"))
    assert wait_for(lambda: "tun0" not in "".join(seen(host, "ip -o link")), 10)
    outlives(host, lambda host: seen(host, "ip -o link | cut -d: -f1,2"))


def test_tun_of_a_user(host):
    """In a namespace of its own a user makes one, and it is there again after the death."""
    talk = as_user(host, (NOBODY + "unshare -U -r -n").split(), OF_USER)
    talk.wait(b"READY")
    talk.go()
    talk.wait(b"PONG")
    outlives(host, lambda host: seen(host, "ip -o link | cut -d: -f1,2"))
    del talk.said[:]
    talk.go()
    talk.wait(b"PONG")
    talk.end()

# SPDX-License-Identifier: GPL-2.0-only
"""Changes by ioctl() and WireGuard's configuration outlive the network domain, in the order of all changes."""
from outside import wait_for
from test_recovery import kill, out, wait_until_up
from vexec import VexecError

TIMEOUT = 480

# What ifconfig, route and brctl do.
BY_IOCTL = r"""
import ctypes, fcntl, socket, struct, sys
S = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
L = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
def inet(address):
    return struct.pack('=HH4s8x', 2, 0, socket.inet_aton(address))
def ifreq(name, value):
    return struct.pack('16s24s', name.encode(), value)
def set_inet(command, name, address):
    fcntl.ioctl(S, command, ifreq(name, inet(address)))
def address(name, value, mask='255.255.255.0'):
    set_inet(0x8916, name, value)                               # SIOCSIFADDR
    set_inet(0x891c, name, mask)                                # SIOCSIFNETMASK
def flags(name, value):
    fcntl.ioctl(S, 0x8914, ifreq(name, struct.pack('=h', value)))
def up(name):
    now, = struct.unpack_from('=h', fcntl.ioctl(S, 0x8913, ifreq(name, b'')), 16)
    flags(name, now | 1)
def mtu(name, value):
    fcntl.ioctl(S, 0x8922, ifreq(name, struct.pack('=i', value)))
def route(command, to, mask, via, dev):
    name = ctypes.create_string_buffer(dev.encode() + b'\0')
    up = 3 if via else 1                                        # RTF_UP, RTF_GATEWAY
    fcntl.ioctl(S, command, struct.pack('=Q16s16s16sHh4xQQh6xQQQH6x', 0, inet(to), inet(via or '0.0.0.0'),
                                        inet(mask), up, 0, 0, 0, 0, ctypes.addressof(name), 0, 0, 0))
def bridge(name):
    fcntl.ioctl(L, 0x89a0, struct.pack('16s', name.encode()))
def port(bridge, name):
    index = fcntl.ioctl(S, 0x8933, ifreq(name, b''))[16:20]     # SIOCGIFINDEX
    fcntl.ioctl(L, 0x89a2, ifreq(bridge, index))
"""

SETUP_LO = BY_IOCTL + r"""
address('lo:k', '10.95.0.1')
address('lo:k', '10.95.0.2')                # instead of the first one
address('lo:l', '10.95.1.1')
flags('lo:l', 0)                            # takes that away
mtu('lo', 9000)
mtu('lo', 9001)
route(0x890b, '10.96.0.0', '255.255.0.0', None, 'lo')
route(0x890b, '10.97.0.0', '255.255.0.0', None, 'lo')
route(0x890c, '10.97.0.0', '255.255.0.0', None, 'lo')
up('lo')                                    # up as before: the route does not come first
address('lo:k', '10.95.0.2')
try:
    address('nothing', '10.95.3.1')
    assert False
except OSError:
    pass
"""

UNDO_LO = BY_IOCTL + r"""
flags('lo:k', 0)
mtu('lo', 65536)
route(0x890c, '10.96.0.0', '255.255.0.0', None, 'lo')
"""

NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups "


def run(host, script, prefix=()):
    return out(host.primary([*prefix, "python3", "-c", script], timeout=60))


def quiet(host):
    """No change was tried in vain."""
    text = host.primary("dmesg | grep -i -e 'made again' || true").stdout
    assert not text.strip(), text


def seen(host, ask):
    return sorted(line.split("valid_lft")[0].strip() for line in out(host.primary(ask, timeout=60)).split("\n"))


def replace(host):
    """Another network domain instead of this one."""
    generation = kill(host, "net")
    wait_until_up(host, "net", generation)
    quiet(host)


def outlives(host, look, *ask):
    """What is seen is as before when the domain has died. The question comes while there is none."""
    before = look(host, *ask)
    generation = kill(host, "net")
    after = look(host, *ask)
    assert after == before, set(after) ^ set(before)
    wait_until_up(host, "net", generation)
    quiet(host)


def test_what_ifconfig_and_route_do(host):
    """Addresses with labels, an MTU and routes are as before the death, and taken-away ones stay away."""
    ask = "ip -4 -o addr show dev lo; ip route; ip -o link show lo"
    try:
        run(host, SETUP_LO)
        before = seen(host, ask)
        text = "\n".join(before)
        assert "10.95.0.2/24" in text and "10.96.0.0/16" in text and "mtu 9001" in text, before
        assert "10.95.0.1" not in text and "10.95.1.1" not in text and "10.97" not in text, before
        outlives(host, seen, ask)
    finally:
        run(host, UNDO_LO)
    replace(host)
    text = "\n".join(seen(host, ask))
    assert "10.95" not in text and "10.96" not in text and "mtu 65536" in text, text


RENAME = BY_IOCTL + r"""
import subprocess
subprocess.run('ip link add kold type dummy', shell=True, check=True)
fcntl.ioctl(S, 0x8923, ifreq('kold', b'knew'))              # SIOCSIFNAME
address('knew', '10.94.0.1')
up('knew')
"""


def test_an_interface_that_is_renamed(host):
    """It has its name, its number and its address again. When it is taken away, so is what was set of it."""
    ask = "ip -4 -o addr; ip -o link | cut -d: -f1,2"
    try:
        run(host, RENAME)
        before = seen(host, ask)
        assert any("knew" in line and "10.94.0.1/24" in line for line in before), before
        outlives(host, seen, ask)
    finally:
        host.primary("ip link del knew; ip link del kold", timeout=60)
    replace(host)
    assert "knew" not in "".join(seen(host, ask))


def test_a_route_needs_its_interface_up(host):
    """A program sets an interface up twice, and a route in between is not tried before the first time."""
    ask = "ip route"
    try:
        out(host.primary("""set -e
ip link add kup type dummy
ip link set kup up
ip route add 10.92.0.0/16 dev kup
ip link set kup up
"""))
        run(host, BY_IOCTL + "up('kup')")
        before = seen(host, ask)
        assert any("10.92.0.0/16" in line for line in before), before
        outlives(host, seen, ask)
    finally:
        host.primary("ip link del kup", timeout=60)
    replace(host)


def test_others_keep_nothing(host):
    """Who may not change the network adds nothing to what is kept."""
    script = BY_IOCTL + "\nfor _ in range(3):\n    try:\n        mtu('lo', 1400)\n        print('done')\n" \
        "    except PermissionError:\n        print('refused')\n"
    for prefix in (NOBODY.split(), ["unshare", "-U", "-r"]):
        assert run(host, script, prefix).split() == ["refused"] * 3
    replace(host)
    assert "mtu 65536" in out(host.primary("ip -o link show lo", timeout=60))


FEATURES = r"""
set -e
virtuos down
cd /etc/virtuos
echo 'net_features = [ "bridge", "wireguard" ]' >>virtuos.cfg
virtuos up
"""

# A bridge by ioctl(), its port a veth into a namespace.
BRIDGED = BY_IOCTL + r"""
import subprocess
def sh(line):
    subprocess.run(line, shell=True, check=True)
sh('ip netns add kept')
bridge('kbr9')
fcntl.ioctl(L, 0x89a1, struct.pack('16s', b'kbr9'))         # and away
bridge('kbr0')
sh('ip link add kv0 type veth peer name kv1 netns kept')
port('kbr0', 'kv0')
up('kv0')
address('kbr0', '10.98.0.1')
up('kbr0')
route(0x890b, '10.99.0.0', '255.255.0.0', '10.98.0.2', 'kbr0')
sh('ip -n kept addr add 10.98.0.2/24 dev kv1; ip -n kept addr add 10.99.0.1/32 dev kv1; ip -n kept link set kv1 up')
"""

# One tunnel, over the bridge. Keys are given as RFC 7748 has them; the public ones were computed from them.
TUNNEL = BY_IOCTL + r"""
import base64, ctypes, os, subprocess
def attr(kind, data):
    return struct.pack('=HH', 4 + len(data), kind) + data + bytes(-len(data) % 4)
def talk(s, kind, command, attrs, flags=5):
    body = struct.pack('=BBH', command, 1, 0) + attrs
    s.send(struct.pack('=IHHII', 16 + len(body), kind, flags, 1, 0) + body)
    return s.recv(65536)
def family(s):
    data = talk(s, 16, 3, attr(2, b'wireguard\0'), 1)
    at = 20
    while at < len(data):
        length, kind = struct.unpack_from('=HH', data, at)
        if kind == 1:
            return struct.unpack_from('=H', data, at + 4)[0]
        at += length + 3 & ~3
def enter(netns):
    fd = os.open('/run/netns/' + netns if netns else '/proc/1/ns/net', os.O_RDONLY)
    assert ctypes.CDLL(None).setns(fd, 0x40000000) == 0
def set_device(*attrs):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    data = talk(s, family(s), 1, attr(2, b'kwg0\0') + b''.join(attrs))
    error, = struct.unpack_from('=i', data, 16)
    assert error == 0, error
def get_public():
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    data = talk(s, family(s), 0, attr(2, b'kwg0\0'), 0x301)
    at = 20
    while at < len(data):
        length, kind = struct.unpack_from('=HH', data, at)
        if kind == 4:
            return data[at + 4:at + 36]
        at += length + 3 & ~3
def peer(key, endpoint, port, allowed, flags=0):
    ips = b''.join(attr(0x8000, attr(1, struct.pack('=H', 2)) + attr(2, socket.inet_aton(a)) + attr(3, bytes([32])))
                   for a in allowed)
    return attr(0x8000, attr(1, key) + attr(3, struct.pack('=I', flags)) +
                attr(4, struct.pack('=H', 2) + struct.pack('!H', port) + socket.inet_aton(endpoint) + bytes(8)) +
                attr(0x8009, ips))
ends = (('', bytes(range(32)), '10.98.0.1', '10.100.0.1'), ('kept', bytes(range(1, 33)), '10.98.0.2', '10.100.0.2'))
public = []
for netns, key, _, inner in ends:
    enter(netns)
    subprocess.run('ip link add kwg0 type wireguard', shell=True, check=True)
    set_device(attr(3, key), attr(6, struct.pack('=H', 7000)))
    public.append(get_public())
stranger = bytes(range(7, 39))
for i, (netns, key, _, inner) in enumerate(ends):
    enter(netns)
    _, _, outer, other = ends[1 - i]
    # One after the other, as `wg set` does: a peer that goes again, one that changes.
    set_device(attr(0x8008, peer(stranger, outer, 7001, [other])))
    set_device(attr(0x8008, peer(public[1 - i], '10.98.0.77', 7000, [other])))
    set_device(attr(0x8008, attr(0x8000, attr(1, stranger) + attr(3, struct.pack('=I', 1)))))
    set_device(attr(0x8008, peer(public[1 - i], outer, 7000, [])))
    S = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    address('kwg0', inner)
    up('kwg0')
print('good')
"""

PINGS = "ping -c 1 -W 10 10.98.0.2 && ping -c 1 -W 10 10.99.0.1"
THROUGH = ("ping -c 2 -W 10 10.100.0.2 && ip netns exec kept ping -c 1 -W 10 10.100.0.1")


def answers(host):
    try:
        return host.primary("true", timeout=60).status == 0
    except VexecError:
        return False


def numbers(host):
    return seen(host, "ip -o link | cut -d: -f1,2; ip -n kept -o link | cut -d: -f1,2; ip -4 -o addr; ip -n kept -4 -o addr")


def test_a_bridge_and_a_tunnel(host):
    """Traffic passes over a bridge made by ioctl() and through WireGuard, before the death and after it. The last
    test: the machine has another configuration from here on."""
    out(host.dom0(FEATURES, timeout=300))
    assert wait_for(lambda: answers(host), 240, 1)
    run(host, BRIDGED)
    out(host.primary(PINGS, timeout=60))
    assert run(host, TUNNEL).split() == ["good"]
    out(host.primary(THROUGH, timeout=60))
    for _ in range(2):
        outlives(host, numbers)
        out(host.primary(PINGS, timeout=60))
        out(host.primary(THROUGH, timeout=60))

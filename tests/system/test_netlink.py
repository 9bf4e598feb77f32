# SPDX-License-Identifier: GPL-2.0-only
"""The network as programs of the primary ask for it by netlink: live from the domain, by right."""
import json

from outside import wait_for
from talk import Talk
from test_recovery import kill, out, wait_until_up

TIMEOUT = 240


def shown(host, command):
    return json.loads(out(host.primary(command, timeout=60)))


def addresses(host):
    return {(link["ifname"], a["local"]) for link in shown(host, "ip -j addr") for a in link["addr_info"]}


def test_ip_shows_the_domains_network(host):
    """Links, addresses, routes and rules are those of /proc/net, and more than lo."""
    links = {link["ifname"] for link in shown(host, "ip -j link")}
    table = out(host.primary("cat /proc/net/dev"))
    assert links == {line.split(":")[0].strip() for line in table.split("\n")[2:] if ":" in line}
    assert {"lo", "eth0"} <= links
    assert ("lo", "127.0.0.1") in addresses(host)
    assert "default" in {r["dst"] for r in shown(host, "ip -j route")}
    assert {r["table"] for r in shown(host, "ip -j rule")} >= {"main", "local"}
    assert shown(host, "ip -j route get 10.0.2.2")[0]["dev"] == "eth0"


PORTS = r"""
import os, socket, struct
def make():
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
a, b = make(), make()
assert a.getsockname() == (0, 0), a.getsockname()
a.bind((0, 1))
assert a.getsockname() == (os.getpid(), 1), a.getsockname()
ask = struct.pack('=IHHIIBxHiII', 32, 18, 0x301, 7, 0, 0, 0, 0, 0, 0)
b.send(ask)
assert b.getsockname()[0] not in (0, os.getpid()), b.getsockname()
# What was asked for is there when send() returns.
assert len(b.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)) == 1
size = b.recv_into(bytearray(1), 0, socket.MSG_PEEK | socket.MSG_TRUNC)
assert size > 500, size
b.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
data, control, flags, peer = b.recvmsg(65536, 100)
assert len(data) == size and peer == (0, 0), (len(data), size, peer)
length, kind, _, seq, pid = struct.unpack_from('=IHHII', data)
assert (kind, seq, pid) == (16, 7, b.getsockname()[0]), (kind, seq, pid)
assert control == [(socket.SOL_SOCKET, 2, struct.pack('=III', 0, 0, 0))], control
c = make()
try:
    c.bind((a.getsockname()[0], 0))
    assert False
except OSError as e:
    assert e.errno == 98, e
c.setsockopt(270, 1, 5)     # a group, before the socket is bound
c.send(ask)
assert c.getsockopt(270, 9, 64)[:4] == struct.pack('=I', 1 << 4), c.getsockopt(270, 9, 64)
print('good')
"""


def test_port_ids_and_answers(host):
    """Port ids, sizes and senders are what Linux gives."""
    assert out(host.primary(["python3", "-c", PORTS])) == "good\n"


def test_getifaddrs_and_addrconfig(host):
    script = r"""
import ctypes, socket
libc = ctypes.CDLL(None)
class A(ctypes.Structure): pass
A._fields_ = [('next', ctypes.POINTER(A)), ('name', ctypes.c_char_p), ('flags', ctypes.c_uint),
              ('addr', ctypes.POINTER(ctypes.c_ubyte * 16))]
p = ctypes.POINTER(A)()
assert libc.getifaddrs(ctypes.byref(p)) == 0
found = set()
while p:
    a = p.contents
    if a.addr and a.addr.contents[0] == 2:
        found.add((a.name.decode(), '.'.join(map(str, a.addr.contents[4:8]))))
    p = a.next
print(sorted(found))
print(socket.getaddrinfo('10.0.2.2', 80, socket.AF_INET, 1, 0, socket.AI_ADDRCONFIG)[0][4])
print([n for _, n in socket.if_nameindex()])
"""
    text = out(host.primary(["python3", "-c", script]))
    assert "('lo', '127.0.0.1')" in text and "('eth0', '10.0.2." in text and "('10.0.2.2', 80)" in text, text
    assert "eth0" in text.split("\n")[2]


def test_changes_need_the_right(host):
    """root adds an address and all see it; others may not, in a user namespace of their own neither."""
    try:
        out(host.primary("ip addr add 10.77.0.1/24 dev lo"))
        assert ("lo", "10.77.0.1") in addresses(host)
        for who in ("setpriv --reuid=65534 --regid=65534 --clear-groups", "setpriv --bounding-set=-net_admin "
                    "--inh-caps=-net_admin", "unshare -U -r", "setpriv --reuid=65534 --regid=65534 --clear-groups unshare -U -r"):
            result = host.primary(who + " ip addr add 10.77.0.2/24 dev lo")
            assert result.status != 0 and b"not permitted" in result.stderr, (who, result.stderr)
            assert host.primary(who + " ip link set lo mtu 1000").status != 0
        assert ("lo", "10.77.0.2") not in addresses(host)
    finally:
        out(host.primary("ip addr del 10.77.0.1/24 dev lo"))
    assert ("lo", "10.77.0.1") not in addresses(host)
    result = host.primary("ip addr del 10.77.0.1/24 dev lo")
    assert result.status and b"Address not found" in result.stderr, result


MONITOR = r"""
import select, socket, sys
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.bind((0, 0x10))           # IPv4 addresses
p = select.poll()
p.register(s, select.POLLIN)
print('READY', flush=True)
while True:
    p.poll()
    try:
        print('event', int.from_bytes(s.recv(65536)[4:6], 'little'), flush=True)
    except OSError as e:
        print('errno', e.errno, flush=True)
"""


def hears_of(host, talk, address):
    """An address comes and goes, and a listener is told of both. Its program ends then."""
    out(host.primary("ip addr add {0} dev lo && ip addr del {0} dev lo".format(address)))
    talk.wait(b"event 20")
    talk.wait(b"event 21")
    talk.end()


def test_events_reach_listeners(host):
    talk = Talk(host, MONITOR.replace("while True", "for _ in range(2)"))
    talk.wait(b"READY")
    hears_of(host, talk, "10.77.1.1/24")


MANY = r"""
set -e
for i in $(seq 1 250); do for j in 1 2 3 4; do echo "addr add 10.78.$i.$j/32 dev lo"; done; done > /tmp/add
sed "s/ add / del /" /tmp/add > /tmp/del
ip -batch /tmp/add
ip -o -4 addr show dev lo | grep -c 10.78
ip -batch /tmp/del
ip -o -4 addr show dev lo | grep -c 10.78 || true
"""


def test_dumps_of_many_parts(host):
    """1,000 addresses: more than a call carries, and more than a socket queues."""
    assert out(host.primary(MANY)).split() == ["1000", "0"]


SS = r"""
import os, socket, subprocess, time
l = socket.create_server(('127.0.0.1', 0))
c = socket.create_connection(l.getsockname())
a, _ = l.accept()
u = socket.socket(socket.AF_UNIX)
u.bind('\0netlink-test')
u.listen()
def ss(*args):
    return subprocess.run(['ss', '-Hn', *args], capture_output=True, text=True, check=True).stdout
port = l.getsockname()[1]
for state, fd, args in (('LISTEN', l, ('-tlpi',)), ('ESTAB', a, ('-tpi', 'sport', '=', ':%d' % port))):
    text = ss(*args)
    assert ':%d' % port in text and state in text, text
    assert 'pid=%d,fd=%d' % (os.getpid(), fd.fileno()) in text, text
assert 'cubic' in ss('-tpi', 'sport', '=', ':%d' % port)
text = ss('-xlpe')
line = [x for x in text.split('\n') if '@netlink-test' in x]
assert line and 'pid=%d,' % os.getpid() in line[0], text
assert 'systemd' in ss('-xlp')
assert os.fstat(u.fileno()).st_ino == int([w for w in line[0].split() if w.isdigit()][2])
print('good')
"""


def test_ss_finds_processes(host):
    """Connections are the domain's and local sockets are the primary's, each with its process."""
    assert out(host.primary(["python3", "-c", SS])) == "good\n"


GENERIC = r"""
import socket, struct
def family(name):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    name = name.encode() + b'\0'
    attr = struct.pack('=HH', 4 + len(name), 2) + name + bytes(-len(name) % 4)
    s.send(struct.pack('=IHHIIBBH', 20 + len(attr), 16, 1, 5, 0, 3, 1, 0) + attr)
    data = s.recv(65536)
    kind, = struct.unpack_from('=H', data, 4)
    if kind == 2:
        return s, struct.unpack_from('=i', data, 16)[0]
    at = 20
    while at < len(data):
        length, kind = struct.unpack_from('=HH', data, at)
        if kind == 1:
            return s, struct.unpack_from('=H', data, at + 4)[0]
        at += length + 3 & ~3
s, number = family('ethtool')
assert number > 16, number
dev = struct.pack('=HH', 9, 2) + b'eth0\0' + bytes(3)       # ETHTOOL_A_HEADER_DEV_NAME
head = struct.pack('=HH', 4 + len(dev), 0x8001) + dev
s.send(struct.pack('=IHHIIBBH', 20 + len(head), number, 1, 6, 0, 4, 1, 0) + head)    # LINKMODES_GET
data = s.recv(65536)
assert struct.unpack_from('=H', data, 4)[0] == number, data
assert family('no-such-family')[1] == -2
import os
s, number = family('TASKSTATS')
assert number > 16, number
pid = struct.pack('=HHI', 8, 1, os.getpid())
s.send(struct.pack('=IHHIIBBH', 20 + len(pid), number, 1, 7, 0, 1, 1, 0) + pid)
data = s.recv(65536)
assert struct.unpack_from('=H', data, 4)[0] == number and b'python3' in data, data
print('good')
"""


def test_generic_netlink(host):
    """ethtool asks the domain; what a task has cost, the primary."""
    assert out(host.primary(["python3", "-c", GENERIC])) == "good\n"


def test_a_listener_outlives_the_domain(host):
    """Who listens is told once that events are lost, and hears of what comes then."""
    talk = Talk(host, MONITOR.replace("while True", "for _ in range(3)"))
    talk.wait(b"READY")
    generation = kill(host, "net")
    # A request waits for the domain.
    assert ("lo", "127.0.0.1") in addresses(host)
    wait_until_up(host, "net", generation)
    talk.wait(b"errno 105")
    hears_of(host, talk, "10.77.3.1/24")


WAITERS = r"""
import os, socket, struct, threading, time
ask = struct.pack('=IHHIIBxHiII', 32, 18, 0x301, 7, 0, 0, 0, 0, 0, 0)
idle = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
idle.send(ask)
def kinds(data):
    while data:
        yield data[4]
        data = data[int.from_bytes(data[:4], 'little') + 3 & ~3:]
while 3 not in kinds(idle.recv(65536)):     # NLMSG_DONE
    pass
full = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
full.send(ask)
name = full.getsockname()
print('READY', flush=True)
input()
try:
    full.recv(65536)
    print('no error')
except OSError as e:
    print('errno', e.errno)
full.send(ask)
print('kind', full.recv(65536)[4])
print('same', full.getsockname() == name)
idle.send(ask)
print('idle', idle.recv(65536)[4], flush=True)
"""


def test_answers_are_lost_once(host):
    """A socket with an unread answer gets ENOBUFS once; one without goes on."""
    talk = Talk(host, WAITERS)
    talk.wait(b"READY")
    generation = kill(host, "net")
    wait_until_up(host, "net", generation)
    talk.go()
    talk.end()
    said = bytes(talk.said).decode().split("\n")
    assert said[1:] == ["errno 105", "kind 16", "same True", "idle 16", ""], said


QUEUE = r"""
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)
class Event(ctypes.Structure):
    _fields_ = [('cookie', ctypes.c_void_p), ('fd', ctypes.c_int), ('notify', ctypes.c_int),
                ('rest', ctypes.c_char * 48)]
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
queue = libc.syscall(240, b'netlink-test', os.O_CREAT | os.O_RDWR, 0o600, None)     # mq_open
assert queue >= 0, ctypes.get_errno()
cookie = ctypes.create_string_buffer(b'x' * 31 + b'\0', 32)
event = Event(ctypes.addressof(cookie), s.fileno(), 2)                              # SIGEV_THREAD
assert libc.syscall(244, queue, ctypes.byref(event)) == 0, ctypes.get_errno()       # mq_notify
if os.fork() == 0:
    libc.syscall(242, queue, b'hello', ctypes.c_size_t(5), 0, None)                 # mq_timedsend
    os._exit(0)
data = s.recv(64)
assert data[:31] == b'x' * 31 and data[31] == 1, data
libc.syscall(241, b'netlink-test')
print('good')
"""


def test_message_queues_notify(host):
    """glibc has mq_notify() tell a thread by a netlink socket."""
    assert out(host.primary(["python3", "-c", QUEUE])) == "good\n"


def test_changes_are_made_again(host):
    """Addresses, routes, rules and flags are those of before the death; what was taken away stays away."""
    setup = """set -e
ip addr add 10.79.0.1/24 dev lo
ip addr add 10.79.1.1/24 dev lo
ip addr del 10.79.1.1/24 dev lo
ip route add 10.80.0.0/16 dev lo metric 7
ip route add blackhole 10.81.0.0/16
ip rule add from 10.79.0.1 lookup 77 priority 700
ip link set lo mtu 9000
ip route add 10.82.0.0/16 dev lo table 77
! ip addr add 10.79.0.1/24 dev lo 2>/dev/null
"""
    undo = """ip addr del 10.79.0.1/24 dev lo; ip route del 10.80.0.0/16 dev lo metric 7
ip route del blackhole 10.81.0.0/16; ip rule del priority 700; ip link set lo mtu 65536
ip route del 10.82.0.0/16 dev lo table 77; true"""
    ask = ("ip -o addr show dev lo; ip route show; ip route show table 77; ip rule; ip -o link show lo")

    def seen():
        return sorted(line.split("valid_lft")[0] for line in out(host.primary(ask, timeout=60)).split("\n"))
    try:
        out(host.primary(setup))
        before = seen()
        assert any("mtu 9000" in line for line in before), before
        generation = kill(host, "net")
        assert seen() == before
        wait_until_up(host, "net", generation)
        text = host.primary("dmesg | grep -i 'could not be made again' || true").stdout
        assert not text.strip(), text
    finally:
        out(host.primary(undo, timeout=60))


def test_interfaces_are_made_again(host):
    """An interface has its number again, which its addresses name; what was taken away is not tried."""
    def seen():
        return sorted((link["ifindex"], link["ifname"], link["mtu"], a["local"])
                      for link in shown(host, "ip -j -4 addr") for a in link["addr_info"])
    try:
        out(host.primary("""set -e
ip link add nltest0 type dummy
ip link add nltest1 type dummy
ip link set nltest1 mtu 1234 up
ip addr add 10.84.0.1/24 dev nltest1
ip addr add 10.84.1.1/24 dev nltest0
ip link del nltest0
ip link add link eth0 name nltest2 type vlan id 7
ip addr add 10.84.2.1/24 dev nltest2
"""))
        before = seen()
        assert {name for _, name, _, _ in before} >= {"nltest1", "nltest2"}, before
        generation = kill(host, "net")
        assert seen() == before
        wait_until_up(host, "net", generation)
        text = host.primary("dmesg | grep -i 'could not be made again' || true").stdout
        assert not text.strip(), text
    finally:
        host.primary("ip link del nltest0; ip link del nltest1; ip link del nltest2", timeout=60)

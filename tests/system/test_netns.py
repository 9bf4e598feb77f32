# SPDX-License-Identifier: GPL-2.0-only
"""Network namespaces of the primary: each is one of the domain's, also after the domain's death."""
import json

from outside import wait_for
from talk import Talk
from test_recovery import kill, out, wait_until_up

TIMEOUT = 240
NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups "


def shown(host, command):
    return json.loads(out(host.primary(command, timeout=60)))


def names(host, netns=""):
    """Interfaces but sit0, which each namespace has by itself."""
    return {link["ifname"] for link in shown(host, "ip %s -j link" % (netns and "-n " + netns))} - {"sit0"}


def refused(host, command, word):
    result = host.primary(command, timeout=60)
    assert result.status and word in result.stderr + result.stdout, (command, result)


def test_a_new_namespace_has_its_own_lo(host):
    """Netlink, /proc/net, settings and attributes are those of the namespace."""
    text = out(host.primary(["unshare", "-n", "--mount", "sh", "-ec", """
mount -t sysfs none /sys
ip -o link
ip link set lo up mtu 1234
ip -o addr
cat /sys/class/net/lo/ifindex; ls /sys/class/net
for i in $(seq 50); do [ -e /proc/sys/net/ipv4/ip_forward ] && break; sleep 0.1; done
echo 1 > /proc/sys/net/ipv4/ip_forward; cat /proc/sys/net/ipv4/ip_forward
grep -c -e lo: -e eth0: /proc/net/dev"""]))
    assert "state DOWN" in text and "127.0.0.1/8" in text and "eth0" not in text, text
    assert text.split("\n")[-3:] == ["1", "1", ""], text
    assert out(host.primary("cat /proc/sys/net/ipv4/ip_forward")) == "0\n"
    assert shown(host, "ip -j link show lo")[0]["mtu"] == 65536


PAIR = """set -e
ip netns add nstest
ip link add vt0 type veth peer name vt1 netns nstest
ip addr add 10.90.0.1/24 dev vt0
ip link set vt0 up
ip -n nstest addr add 10.90.0.2/24 dev vt1
ip -n nstest link set vt1 up
ip -n nstest link set lo up
ip netns add nsother
ip link add vt2 type veth peer name vt3
ip link set vt3 netns nsother
ip -n nsother addr add 10.91.0.2/24 dev vt3
ip -n nsother link set vt3 up
ip addr add 10.91.0.1/24 dev vt2
ip link set vt2 up
ip -n nsother route add default via 10.91.0.1
"""

UNDO = "ip netns del nstest; ip netns del nsother; ip link del vt0; ip link del vt2; true"

SERVER = r"""
import ctypes, os, socket
fd = os.open('/run/netns/nstest', os.O_RDONLY)
assert ctypes.CDLL(None).setns(fd, 0x40000000) == 0
s = socket.create_server(('10.90.0.2', 7777))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(('10.90.0.2', 7777))
print('READY', flush=True)
for _ in range(2):
    c, peer = s.accept()
    c.sendall(peer[0].encode())
    c.close()
    data, peer = u.recvfrom(100)
    u.sendto(data, peer)
print('END', flush=True)
"""

CLIENT = r"""
import socket
c = socket.create_connection(('10.90.0.2', 7777), 20)
assert c.recv(100) == b'10.90.0.1'
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.settimeout(20)
u.connect(('10.90.0.2', 7777))
u.send(b'hello')
assert u.recv(100) == b'hello'
print('good')
"""


def seen(host):
    """Addresses and routes, without what depends on how long ago they were set, or on routers."""
    ask = "; ".join("ip %s -o addr; ip %s route" % (n, n) for n in ("", "-n nstest", "-n nsother"))
    return sorted(line.split("valid_lft")[0].replace("linkdown", "").strip()
                  for line in out(host.primary(ask, timeout=60)).split("\n") if "fe80" not in line and "dynamic" not in line)


def test_veth_across_the_death(host):
    """Traffic passes between two namespaces; after the domain's death both are as they were."""
    try:
        out(host.primary(PAIR, timeout=60))
        assert "vt1" not in names(host) and "vt3" not in names(host)
        assert names(host, "nstest") == {"lo", "vt1"} and names(host, "nsother") == {"lo", "vt3"}
        talk = Talk(host, SERVER)
        talk.wait(b"READY")
        assert out(host.primary(["python3", "-c", CLIENT])) == "good\n"
        before = seen(host)
        generation = kill(host, "net")
        after = seen(host)
        assert after == before, set(after) ^ set(before)
        wait_until_up(host, "net", generation)
        assert out(host.primary(["python3", "-c", CLIENT], timeout=60)) == "good\n"
        talk.wait(b"END")
        talk.end()
        text = host.primary("dmesg | grep -i 'could not be made again' || true").stdout
        assert not text.strip(), text
    finally:
        out(host.primary(UNDO, timeout=60))


def test_the_end_of_a_namespace(host):
    """With it goes its end of a veth, and so the other one."""
    try:
        out(host.primary(PAIR, timeout=60))
        assert {"vt0", "vt2"} <= names(host)
        out(host.primary("ip netns del nstest"))
        assert wait_for(lambda: "vt0" not in names(host), 20)
        assert "vt2" in names(host)
        generation = kill(host, "net")
        wait_until_up(host, "net", generation)
        assert "vt0" not in names(host) and "vt2" in names(host)
        assert names(host, "nsother") == {"lo", "vt3"}
        text = host.primary("dmesg | grep -i 'could not be made again' || true").stdout
        assert not text.strip(), text
    finally:
        out(host.primary(UNDO, timeout=60))


def test_users_and_their_namespaces(host):
    """A user sets its own namespace up, and reaches into no other by any name."""
    text = out(host.primary(NOBODY + "unshare -U -r -n sh -ec 'ip link set lo up; ip link add v0 type veth peer name v1; "
                            "ip addr add 10.92.0.1/24 dev v0; ip -o -4 addr; ip rule add from 10.92.0.1 lookup 7'"))
    assert "127.0.0.1/8" in text and "10.92.0.1/24" in text, text
    before = names(host)
    for what in ("ip link add v0 type veth peer name v1 netns 1", "ip link add v0 netns 1 type dummy",
                 "ip link add v0 type dummy && ip link set v0 netns 1", "ip link add netns 999999 type dummy"):
        refused(host, NOBODY + "unshare -U -r -n sh -c '%s'" % what, b"")
    assert names(host) == before
    refused(host, NOBODY + "unshare -U -r ip link set lo mtu 1000", b"not permitted")


MANY = r"""
import ctypes, os, socket
libc = ctypes.CDLL(None)
os.setgid(65534)
os.setuid(65534)
assert libc.unshare(0x10000000) == 0
kept, error = [], 0
for i in range(300):
    assert libc.unshare(0x40000000) == 0
    try:
        kept.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    except OSError as e:
        error = e.errno
        break
print(len(kept), error)
"""


def test_users_have_a_share(host):
    """A user without rights has a quarter of all namespaces, and an error that says so. They come back."""
    for _ in range(2):
        assert out(host.primary(["python3", "-c", MANY], timeout=120)) == "32 28\n"
        assert wait_for(lambda: host.primary(NOBODY + "unshare -U -r -n ip link").status == 0, 30)
    out(host.primary("unshare -n ip link"))

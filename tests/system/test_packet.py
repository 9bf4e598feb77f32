# SPDX-License-Identifier: GPL-2.0-only
"""Packet sockets on the network card, and /sys/class/net, while the network domain dies.

What needs no network outside is in net/t_packet.c and netdeath."""
import threading

from outside import wait_for
from test_recovery import kill, out, wait_until_up

TIMEOUT = 240

# Asks the gateway for its address by a broadcast, as a DHCP client asks, until an answer comes. Then it waits
# until the network domain has died, and asks again on the same socket.
SNIFFER = r"""
import array, socket, struct, threading, time

ARP = 0x806
IS_ANSWER = [(0x28, 0, 0, 12), (0x15, 0, 3, ARP), (0x28, 0, 0, 20), (0x15, 0, 1, 2), (6, 0, 0, 0xffff), (6, 0, 0, 0)]
memory = array.array('B', b''.join(struct.pack('HBBI', *i) for i in IS_ANSWER))
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
s.setsockopt(socket.SOL_SOCKET, 26, struct.pack('HL', len(IS_ANSWER), memory.buffer_info()[0]))
s.bind(('eth0', ARP))
name = s.getsockname()
mac, own, gateway = name[4], socket.inet_aton('10.0.2.15'), socket.inet_aton('10.0.2.2')
frame = (b'\xff' * 6 + mac + struct.pack('!HHHBBH', ARP, 1, 0x800, 6, 4, 1) + mac + own + bytes(6) + gateway)
answers = []

def read():
    while True:
        data, where = s.recvfrom(2000)
        assert data[12:14] == b'\x08\x06' and data[20:22] == b'\x00\x02', data
        assert data[28:32] == gateway and where[0] == 'eth0' and where[2] == 0, (data, where)
        answers.append(data)

def ask():
    n, end = len(answers), time.time() + 60
    while len(answers) == n and time.time() < end:
        try:
            s.send(frame)
        except OSError as e:
            print('# send:', e)
        time.sleep(0.2)
    return len(answers) > n

threading.Thread(target=read, daemon=True).start()
assert ask()
print('ASKED', flush=True)
state = '/sys/kernel/virtuos/net/state'
while open(state).read().strip() == 'up':
    time.sleep(0.02)
assert ask()
assert s.getsockname() == name, (s.getsockname(), name)
print('ASKED AGAIN', flush=True)
"""


def test_a_broadcast_is_answered_across_a_death(host):
    lines, results = [], []

    def run():
        results.append(host.primary(["python3", "-c", SNIFFER], timeout=200,
                                    on_stdout=lambda data: lines.extend(data.decode().split("\n"))))
    asking = threading.Thread(target=run)
    asking.start()
    assert wait_for(lambda: "ASKED" in lines or results, 80) and not results, (lines, results)
    generation = kill(host, "net")
    asking.join(200)
    assert results and results[0].status == 0 and "ASKED AGAIN" in lines, (lines, results)
    wait_until_up(host, "net", generation)


# One line for each attribute of eth0 that can be read.
ATTRIBUTES = "cd /sys/class/net/eth0 && grep -s . * statistics/*"

# What the ioctls say of it.
IOCTLS = r"""
import fcntl, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ask = lambda cmd: fcntl.ioctl(s, cmd, b'eth0'.ljust(40, b'\0'))[16:]
print(ask(0x8927)[2:8].hex(':'), *struct.unpack('i', ask(0x8921)[:4]), *struct.unpack('i', ask(0x8933)[:4]))
"""


def attributes(host):
    """{name: value} of eth0."""
    return dict(line.split(":", 1) for line in
                host.primary(ATTRIBUTES, timeout=60).stdout.decode().split("\n") if line)


def check_folders(host):
    """There is one folder for each interface of /proc/net/dev, which is the domain's too."""
    rows = out(host.primary("cat /proc/net/dev", timeout=60)).strip().split("\n")[2:]
    interfaces = {row.split(":")[0].strip() for row in rows}
    assert {"eth0", "lo"} <= interfaces, interfaces
    # Folders follow soon after the domain is up.
    assert wait_for(lambda: set(out(host.primary("ls /sys/class/net")).split()) == interfaces, 20), (
        interfaces, out(host.primary("ls /sys/class/net")))


def test_sys_class_net(host):
    check_folders(host)
    found = attributes(host)
    said = out(host.primary(["python3", "-c", IOCTLS])).split()
    assert [found["address"], found["mtu"], found["ifindex"]] == said, (found, said)
    assert [found[n] for n in ("operstate", "carrier", "type", "addr_len", "broadcast")] == [
        "up", "1", "1", "6", "ff:ff:ff:ff:ff:ff"], found
    assert found["uevent"] in ("INTERFACE=eth0", "IFINDEX=" + found["ifindex"]), found
    before = {n: int(found["statistics/" + n]) for n in ("rx_packets", "tx_packets", "rx_bytes", "tx_bytes")}
    out(host.primary("ping -c 2 -i 0.2 10.0.2.2"))
    found = attributes(host)
    for n, value in before.items():
        assert int(found["statistics/" + n]) > value, (n, value, found)


def test_sys_class_net_is_written_by_root_and_kept(host):
    mtu = "/sys/class/net/eth0/mtu"
    # Root by its number, but without the right, and somebody else; and a value that is too small.
    for command in ("setpriv --bounding-set -net_admin sh -c 'echo 1400 > %s'",
                    "setpriv --reuid 65534 sh -c 'echo 1400 > %s'", "echo 1 > %s"):
        refused = host.primary(command % mtu)
        assert refused.status, refused
        assert out(host.primary("cat " + mtu)).strip() == "1500"
    try:
        out(host.primary("echo 1400 > " + mtu))
        generation = kill(host, "net")
        # A reader waits for the domain.
        assert out(host.primary("cat " + mtu, timeout=60)).strip() == "1400"
        wait_until_up(host, "net", generation)
        check_folders(host)
        assert attributes(host)["operstate"] == "up"
    finally:
        out(host.primary("echo 1500 > " + mtu, timeout=60))

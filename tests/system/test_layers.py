# SPDX-License-Identifier: GPL-2.0-only
"""What an administrator's tools see of bridges, bonds and VLANs: folders and links of /sys/class/net, and tables of
/proc/net. The network domain has these features here, so the tests stand by themselves."""
from outside import wait_for
from test_kept import BY_IOCTL, answers
from test_recovery import kill, out, wait_until_up

TIMEOUT = 480

FEATURES = r"""
set -e
virtuos down
cd /etc/virtuos
echo 'net_features = [ "bonding", "bridge" ]' >>virtuos.cfg
virtuos up
"""

MAKE = r"""
set -e
ip link add br0 type bridge
ip link add p1 type veth peer name q1
ip link set p1 master br0
ip link add link br0 name br0.7 type vlan id 7
ip link add bond0 type bond mode active-backup
ip link add x1 type veth peer name y1
ip link add x2 type veth peer name y2
ip link set x1 master bond0
ip netns add inner
ip -n inner link add br9 type bridge
"""

# One line for each thing that is not as on an ordinary machine.
HEAD = r"""
cd /sys/class/net
is() { [ "$(eval "$1" 2>&1)" = "$2" ] || echo "$1: '$(eval "$1" 2>&1)', not '$2'"; }
"""
LOOK = HEAD + r"""
is 'cat br0/bridge/stp_state' 0
is 'cat br0/bridge/bridge_id' "8000.$(tr -d : <br0/address)"
is 'ls br0/brif' p1
is 'cat br0/brif/p1/port_no' 0x1
is 'readlink br0/brif/p1' ../../p1/brport
is 'readlink p1/brport/bridge' ../../br0
is 'cat p1/brport/port_no' 0x1
is 'readlink p1/master' ../br0
is 'readlink p1/upper_br0' ../br0
is 'readlink br0/lower_p1' ../p1
is 'readlink br0/upper_br0.7' ../br0.7
is 'readlink br0.7/lower_br0' ../br0
is '[ -e br0.7/brif ] || echo none' none
is 'cat bond0/bonding/mode' 'active-backup 1'
is 'cat bond0/bonding/slaves' x1
is 'cat bonding_masters' bond0
is 'cat x1/bonding_slave/state' active
is 'readlink x1/master' ../bond0
is 'ls -d p1/queues/*' "$(printf 'p1/queues/rx-0\np1/queues/tx-0')"
is 'cat p1/queues/rx-0/rps_flow_cnt' 0
is 'cat eth0/queues/tx-0/byte_queue_limits/hold_time' 1000
is '[ $(wc -c <br0/brforward) -ge 16 ] || echo none' ''
is 'sed -n "s/^Device: //p" /proc/net/vlan/br0.7' br0
is 'sed -n "s/^Slave Interface: //p" /proc/net/bonding/bond0' x1
is 'ls /proc/net/vlan' "$(printf 'br0.7\nconfig')"
is 'cd /; ip netns exec inner ls /sys/class/net' "$(printf 'bonding_masters\nbr9\nlo')"
is 'cd /; ip netns exec inner cat /sys/class/net/br9/bridge/stp_state' 0
"""


# A bond by files alone. Its mode can be set only before it is up, and has interfaces.
WRITE = r"""
set -e
cd /sys/class/net
echo 300 >br0/bridge/hello_time
echo +bond1 >bonding_masters
echo +x2 >bond0/bonding/slaves
echo +bond2 >bonding_masters
echo +bond3 >bonding_masters
echo -bond3 >bonding_masters
ip addr add 10.90.0.1/24 dev bond2
for n in $(seq 50); do [ -e bond2/bonding/mode ] && break; sleep 0.1; done
echo active-backup >bond2/bonding/mode
echo balance-xor >bond2/bonding/mode
echo 70 >bond2/bonding/miimon
ip link add z1 type veth peer name z2
echo +z1 >bond2/bonding/slaves
ip link set bond2 up
"""

# More of them, after the tests that write.
MORE = r"""
is 'cat br0/bridge/hello_time' 300
is 'cat bond0/bonding/slaves' 'x1 x2'
is 'readlink x2/master' ../bond0
is 'cat bonding_masters' 'bond0 bond1 bond2'
is 'cat bond2/bonding/mode' 'balance-xor 2'
is 'cat bond2/bonding/miimon' 70
is 'cat bond2/bonding/arp_ip_target' ''
is 'cat bond2/bonding/slaves' z1
is 'ls /proc/net/bonding' "$(printf 'bond0\nbond1\nbond2')"
is 'sed -n "s/.*VID: \([0-9]*\).*/\1/p" /proc/net/vlan/p1.9' 9
is 'ls -d p1.*' p1.9
"""


def check(host, look):
    """Folders follow soon after a change."""
    found = []

    def as_it_should():
        found[:] = [out(host.primary(look, timeout=60))]
        return not found[0]
    wait_for(as_it_should, 20)
    assert not found[0], found[0]


# If the domain dies meanwhile, ip hears that answers were lost. It tells so, and its status is 0.
NUMBERS = """
for _ in 1 2 3; do
	{ ip -o link; ip -4 -o addr show bond2; } >/tmp/numbers 2>/tmp/errors
	grep -q 'Dump terminated' /tmp/errors || break
done
cat /tmp/errors >&2
sed 's/^\\([0-9]*: [^:]*\\): <.*/\\1/' /tmp/numbers
"""


def numbers(host):
    return out(host.primary(NUMBERS, timeout=60))


def test_what_tools_see(host):
    out(host.dom0(FEATURES, timeout=300))
    assert wait_for(lambda: answers(host), 240, 1)
    out(host.primary(MAKE, timeout=60))
    check(host, LOOK)


def test_what_tools_write(host):
    """An attribute of a bridge, a bond's slaves; and nobody without the right."""
    bridge = "/sys/class/net/br0/bridge/"
    for who in "setpriv --reuid 65534", "setpriv --bounding-set -net_admin":
        for what, where in (("1", bridge + "stp_state"), ("+x2", "/sys/class/net/bond0/bonding/slaves"),
                            ("+bond8", "/sys/class/net/bonding_masters")):
            refused = host.primary("%s sh -c 'echo %s >%s'" % (who, what, where))
            assert refused.status, (who, where)
    out(host.primary(WRITE, timeout=60))
    assert out(host.primary("cat %shello_time; cat /sys/class/net/bonding_masters" % bridge)).split() == [
        "300", "bond0", "bond1", "bond2"]


# What vconfig and ifenslave do, and what a user is refused.
ASK = BY_IOCTL + r"""
import os
def vlan(command, device, value=b''):
    return fcntl.ioctl(L, 0x8983, struct.pack('=i24s24sh2x', command, device.encode(), value, 0))
def bond(command, bond, slave):
    return fcntl.ioctl(S, command, struct.pack('16s24s', bond.encode(), slave.encode()))
def query(command, name, size, value=0):
    there = ctypes.create_string_buffer(struct.pack('=i', value), size)
    fcntl.ioctl(L, command, struct.pack('=16sQ16x', name.encode(), ctypes.addressof(there)))
    return there.raw
def refused(call, *arguments):
    try:
        call(*arguments)
    except OSError as e:
        return e.errno
vlan(0, 'p1', struct.pack('=i', 9))
assert refused(vlan, 0, 'p1', struct.pack('=i', 9)) == 17
vlan(0, 'p1', struct.pack('=i', 10))
vlan(1, 'p1.10')
assert refused(vlan, 1, 'p1') == 22 and refused(vlan, 1, 'none') == 19 and refused(vlan, 77, 'p1') == 95
assert struct.unpack_from('=i', vlan(9, 'p1.9'), 28) == (9,)
assert vlan(8, 'p1.9')[28:31] == b'p1\0'
bond(0x8991, 'bond2', 'z1')                                     # SIOCBONDRELEASE
bond(0x8990, 'bond2', 'z1')                                     # SIOCBONDENSLAVE
assert struct.unpack('=iii', query(0x8994, 'bond2', 12)) == (2, 1, 70)
assert query(0x8993, 'bond2', 28)[4:7] == b'z1\0'
os.seteuid(65534)
assert refused(vlan, 1, 'p1.9') == 1 and refused(bond, 0x8991, 'bond2', 'z1') == 1
"""


def test_what_tools_ask(host):
    """By ioctl()."""
    out(host.primary(["python3", "-c", ASK], timeout=60))
    check(host, HEAD + MORE)


def test_what_the_next_incarnation_has(host):
    before = numbers(host)
    generation = kill(host, "net")
    after = numbers(host)
    assert after == before, (before, after)
    wait_until_up(host, "net", generation)
    check(host, HEAD + MORE)

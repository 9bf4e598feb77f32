# SPDX-License-Identifier: GPL-2.0-only
"""What Debian's ip, nft and wg configure from the primary outlives the network domain, as traffic shows."""
import difflib
import re
import time

from outside import wait_for
from test_recovery import kill, out, wait_until_up
from vexec import VexecError

TIMEOUT = 600

FEATURES = r"""
set -e
! grep -q ^net_features /etc/virtuos/virtuos.cfg || exit 0
virtuos down
cd /etc/virtuos
echo 'net_features = [ "bonding", "bridge", "nftables", "wireguard" ]' >>virtuos.cfg
virtuos up
"""

# A process for each namespace says its name, and who has asked.
SERVERS = r"""
import ctypes, os, socket, sys
for name in sys.argv[1:]:
    if os.fork():
        continue
    if name != 'primary':
        assert ctypes.CDLL(None).setns(os.open('/run/netns/' + name, os.O_RDONLY), 0x40000000) == 0
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(('0.0.0.0', 8000))
    s.listen(16)
    while True:
        c, peer = s.accept()
        c.sendall(('%s %s' % (name, peer[0])).encode())
        c.close()
os.wait()
"""

ASK = r"""
import socket, sys
for to, source in zip(sys.argv[1::2], sys.argv[2::2]):
    address, port = to.split(':')
    try:
        with socket.create_connection((address, int(port)), 8, (source, 0) if source != '-' else None) as s:
            print(s.recv(100).decode())
    except OSError as e:
        print(type(e).__name__)
"""

# Two namespaces on veths, a VLAN over one of them, routes, a rule, NAT.
NETWORK = r"""
set -e
ip netns add inside
ip link add v0 type veth peer name v1 netns inside
ip addr add 10.80.0.1/24 dev v0
ip link set v0 up
ip -n inside addr add 10.80.0.2/24 dev v1
ip -n inside link set v1 up
ip -n inside link set lo up
ip -n inside route add default via 10.80.0.1
ip netns add outside
ip link add w0 type veth peer name w1
ip link set w1 netns outside
ip addr add 10.82.0.1/24 dev w0
ip link set w0 up
ip -n outside addr add 10.82.0.2/24 dev w1
ip -n outside link set w1 up
ip -n outside link set lo up
ip link add link v0 name v0.5 type vlan id 5
ip addr add 10.81.0.1/24 dev v0.5
ip link set v0.5 up
ip -n inside link add link v1 name v1.5 type vlan id 5
ip -n inside addr add 10.81.0.2/24 dev v1.5
ip -n inside link set v1.5 up
sysctl -qw net.ipv4.ip_forward=1
ip addr add 10.83.0.1/24 dev eth0
ip -n outside addr add 10.84.0.1/32 dev lo
ip -n outside addr add 10.85.0.1/32 dev lo
ip -n inside addr add 10.85.0.1/32 dev lo
ip route add 10.84.0.0/24 via 10.82.0.2
ip route add 10.85.0.0/24 via 10.82.0.2
ip route add 10.85.0.0/24 via 10.80.0.2 table 100
ip rule add from 10.83.0.1 lookup 100
nft -f - <<EOF
table ip nat {
	map ports {
		type inet_service : ipv4_addr . inet_service
	}
	chain pre {
		type nat hook prerouting priority dstnat;
		iifname "w0" tcp dport 9000 dnat to 10.80.0.2:8000
		dnat to tcp dport map @ports
	}
	chain post {
		type nat hook postrouting priority srcnat;
		ip saddr 10.80.0.0/24 oifname "w0" masquerade
	}
}
table inet filter {
	set barred {
		type ipv4_addr
		flags interval
	}
	chain in {
		type filter hook input priority filter; policy accept;
		ct state established accept
		ip saddr @barred log prefix "barred " reject with icmp type admin-prohibited
		tcp dport 9001 reject with tcp reset
	}
}
EOF
"""

# Where to, from which address; from which namespace; who answers, and whom it sees.
TRAFFIC = (
    ("", "10.80.0.2:8000", "-", "inside 10.80.0.1"),                # the veth
    ("", "10.81.0.2:8000", "-", "inside 10.81.0.1"),                # the VLAN
    ("inside", "10.81.0.1:8000", "-", "primary 10.81.0.2"),
    ("inside", "10.83.0.1:8000", "-", "primary 10.80.0.2"),         # the address
    ("", "10.84.0.1:8000", "-", "outside 10.82.0.1"),               # the route
    ("", "10.85.0.1:8000", "-", "outside 10.82.0.1"),               # the table main, and by the rule another
    ("", "10.85.0.1:8000", "10.83.0.1", "inside 10.83.0.1"),
    ("inside", "10.82.0.2:8000", "-", "outside 10.82.0.1"),         # masquerade: outside has no way back
    ("outside", "10.82.0.1:9000", "-", "inside 10.82.0.2"),         # dnat
)

TUNNEL = r"""
set -e
umask 077
cd /root
for end in here there; do wg genkey >$end.key; wg pubkey <$end.key >$end.pub; done
ip link add wg0 type wireguard
cat >wg0.conf <<EOF
[Interface]
PrivateKey = $(cat here.key)
ListenPort = 7000
[Peer]
PublicKey = $(cat there.pub)
AllowedIPs = 10.86.0.2/32
Endpoint = 10.82.0.2:7001
EOF
wg setconf wg0 wg0.conf
ip addr add 10.86.0.1/24 dev wg0
ip link set wg0 up
ip -n outside link add wg1 type wireguard
ip netns exec outside wg set wg1 private-key there.key listen-port 7001
ip netns exec outside wg set wg1 peer $(cat here.pub) endpoint 10.82.0.1:7000 allowed-ips 10.86.0.1/32
ip -n outside addr add 10.86.0.2/24 dev wg1
ip -n outside link set wg1 up
"""

TUNNELLED = (
    ("", "10.86.0.2:8000", "-", "outside 10.86.0.1"),
    ("outside", "10.86.0.1:8000", "-", "primary 10.86.0.2"),
)

LOOK = r"""
for n in "" "-n inside" "-n outside"; do
	ip $n -o -d link; ip $n -o -4 addr; ip $n route show table all; ip $n rule
done
nft -a list ruleset
wg showconf wg0; ip netns exec outside wg showconf wg1
wg show wg0 | grep -v -e handshake -e transfer
"""


def answers(host):
    try:
        return host.primary("true", timeout=60).status == 0
    except VexecError:
        return False


def look(host):
    """All that is configured, without what depends on how long ago that was, and addresses by advertisement."""
    text = out(host.primary(LOOK, timeout=60))
    return [re.sub(r"valid_lft.*|state \S+|linkdown|expires \S+|packets \d+ bytes \d+", "", line).strip()
            for line in text.split("\n")
            if "fe80" not in line and "fec0" not in line and "proto ra" not in line]


def traffic(host, expected):
    for netns in sorted({e[0] for e in expected}):
        mine = [e for e in expected if e[0] == netns]
        words = [w for e in mine for w in e[1:3]]
        said = out(host.primary([*(["ip", "netns", "exec", netns] if netns else []), "python3", "-c", ASK, *words],
                                timeout=120)).split("\n")[:-1]
        assert said == [e[3] for e in mine], (netns, mine, said)


def quiet(host):
    """No change was made again in vain."""
    text = host.primary("dmesg | grep -i 'made again' || true").stdout
    assert not text.strip(), text


def start(host, unit, *words):
    out(host.primary(["systemd-run", "-q", "-G", "--unit=" + unit, "-p", "StandardOutput=file:/root/%s.log" % unit,
                      "-p", "StandardError=inherit", *words]))


def log_of(host, unit):
    return out(host.primary(["cat", "/root/%s.log" % unit]))


def servers(host, *names):
    start(host, "servers", "python3", "-c", SERVERS, *names)
    for name in names:
        netns = "ip netns exec %s " % name if name != "primary" else ""
        assert wait_for(lambda: ":8000 " in out(host.primary(netns + "ss -ltn")), 30), name


def only_an_outage(text):
    """A ping's output: no error; one gap, and answers on both sides of it."""
    # Shortly after its start a domain's clock may be some milliseconds off on a busy machine.
    text = re.sub(r".*time of day goes back.*\n", "", text)
    got = [int(n) for n in re.findall(r"icmp_seq=(\d+) ttl", text)]
    assert got and not re.search(r"[Uu]nreachable|error|sendmsg|ping:", text), text
    assert got == sorted(set(got)), text
    gaps = [(a, b) for a, b in zip(got, got[1:]) if b != a + 1]
    assert len(gaps) <= 1, (gaps, text)
    return gaps


def features(host):
    """A network domain that can do all that is tested here; the first test of a machine makes it."""
    out(host.dom0(FEATURES, timeout=300))
    assert wait_for(lambda: answers(host), 240, 1)


def test_all_of_it(host):
    """Addresses, routes, a rule, NAT, a VLAN, namespaces, a tunnel: back by themselves, and twice."""
    features(host)
    out(host.primary(NETWORK, timeout=120))
    out(host.primary(TUNNEL, timeout=60))
    servers(host, "primary", "inside", "outside")
    traffic(host, TRAFFIC + TUNNELLED)
    before = look(host)
    for turn in range(2):
        pings = {"ping%d" % turn: "10.82.0.2", "tunnel%d" % turn: "10.86.0.2", "host%d" % turn: "10.0.2.2"}
        for unit, address in pings.items():
            start(host, unit, "ping", "-n", "-i", "0.5", address)
        for unit in pings:
            assert wait_for(lambda: "icmp_seq=4" in log_of(host, unit), 30), log_of(host, unit)
        generation = kill(host, "net")
        after = look(host)
        assert after == before, (set(after) ^ set(before), after)
        wait_until_up(host, "net", generation)
        quiet(host)
        traffic(host, TRAFFIC + TUNNELLED)
        time.sleep(2)
        out(host.primary("systemctl stop " + " ".join(pings)))
        for unit in pings:
            gaps = only_an_outage(log_of(host, unit))
            print("#", unit, gaps)


MONITOR_SEES = ("add table ip late", "delete table ip late")

# As a firewall's scripts do: checks that change nothing, batches that are refused, deletion by handle.
CHANGES = r"""
set -e
cd /root
cat >other.nft <<EOF
flush ruleset
table ip other { chain c { tcp dport 1 accept; }; }
EOF
nft -c -f other.nft
nft add rule inet filter in tcp dport 8 accept
! nft -f - 2>/dev/null <<EOF
add rule inet filter in tcp dport 1 accept
add rule inet filter in tcp dport 2 accept
add rule inet filter nothing tcp dport 3 accept
EOF
nft -c add rule inet filter in tcp dport 4 accept
handle=$(nft -a -e add rule inet filter in tcp dport 8000 reject with tcp reset | sed -n 's/.*# handle //p')
nft insert rule inet filter in tcp dport 9002 reject with tcp reset
nft delete rule inet filter in handle $handle
nft add rule inet filter in tcp dport 9003 counter drop
nft add element inet filter barred { 10.82.0.2, 10.99.0.0/24 }
nft add element inet filter barred { 10.98.0.1 }
nft delete element inet filter barred { 10.98.0.1 }
nft add element inet filter barred { 10.80.0.2 }
nft delete element inet filter barred { 10.80.0.2 }
nft delete element inet filter barred { 10.82.0.2 }
nft add element ip nat ports { 9005 : 10.80.0.2 . 8000 }
nft add element ip nat ports { 9006 : 10.82.0.2 . 8000 }
nft delete element ip nat ports { 9006 }
nft add element ip nat ports { 9006 : 10.80.0.2 . 8000 }
nft add table ip late
nft add chain ip late c
nft delete table ip late
"""

CHANGED = (
    ("inside", "10.80.0.1:8000", "-", "primary 10.80.0.2"),         # the rule that was deleted by its handle
    ("inside", "10.80.0.1:9002", "-", "ConnectionRefusedError"),
    ("inside", "10.80.0.1:9003", "-", "TimeoutError"),
    ("outside", "10.82.0.1:8000", "-", "primary 10.82.0.2"),        # barred no more
    ("outside", "10.82.0.1:9005", "-", "inside 10.82.0.2"),
    ("outside", "10.82.0.1:9006", "-", "inside 10.82.0.2"),
)

BARRED = (("outside", "10.82.0.1:8000", "-", "OSError"),)


def replaced(host, expected):
    """What is configured is as before in the next incarnation, and lets the same through."""
    traffic(host, expected)
    before = look(host)
    generation = kill(host, "net")
    after = look(host)
    assert after == before, (set(after) ^ set(before), after)
    wait_until_up(host, "net", generation)
    quiet(host)
    traffic(host, expected)


def test_rules_that_change(host):
    """Rules, elements and handles are as before; nft monitor hears of changes, and that some were lost."""
    features(host)
    start(host, "monitor", "stdbuf", "-oL", "nft", "monitor")
    time.sleep(1)
    out(host.primary(CHANGES, timeout=120))
    assert wait_for(lambda: all(w in log_of(host, "monitor") for w in MONITOR_SEES), 20), log_of(host, "monitor")
    replaced(host, CHANGED)
    assert wait_for(lambda: "lost" in log_of(host, "monitor"), 20), log_of(host, "monitor")
    out(host.primary("nft add element inet filter barred { 10.82.0.2 }"))
    assert wait_for(lambda: "10.82.0.2" in log_of(host, "monitor").split("lost")[-1], 20), log_of(host, "monitor")
    replaced(host, BARRED)
    # By the handles that they have now.
    out(host.primary("""set -e
nft delete element inet filter barred { 10.82.0.2 }
nft delete rule inet filter in handle $(nft -a list chain inet filter in | sed -n 's/.*9002.*# handle //p')
nft delete table ip handle $(nft -a list table ip nat | sed -n 's/^table.*# handle //p')
"""))
    replaced(host, (("inside", "10.80.0.1:8000", "-", "primary 10.80.0.2"),
                    ("outside", "10.82.0.1:8000", "-", "primary 10.82.0.2")))


FLUSHED = r"""
set -e
nft -f - <<EOF
flush ruleset
table ip first { }
table ip nat {
	chain post {
		type nat hook postrouting priority srcnat;
		ip saddr 10.80.0.0/24 masquerade
	}
}
EOF
nft list ruleset >/root/all.nft
sed -i '1i flush ruleset' /root/all.nft
nft -f /root/all.nft
for turn in 1 2 3; do
	nft -f - <<EOF
table inet anew
delete table inet anew
table inet anew {
	set barred {
		type ipv4_addr
		elements = { 10.99.0.$turn }
	}
	chain in {
		type filter hook input priority 10;
		tcp dport 8000 ip saddr @barred reject with tcp reset
		tcp dport 900$turn reject with tcp reset
	}
}
EOF
	nft add element inet anew barred { 10.80.0.2 }
	nft delete element inet anew barred { 10.80.0.2 }
done
nft add element inet anew barred { 10.80.0.2 }
nft delete table ip handle $(nft -a list table ip first | sed -n 's/^table.*# handle //p')
"""


def test_all_rules_anew(host):
    """`nft -f` of a whole configuration, twice, and a table deleted by its handle; then none."""
    features(host)
    out(host.primary(FLUSHED, timeout=60))
    replaced(host, (("inside", "10.82.0.2:8000", "-", "outside 10.82.0.1"),
                    ("inside", "10.80.0.1:8000", "-", "ConnectionRefusedError")))
    assert "table ip first" not in out(host.primary("nft list ruleset"))
    out(host.primary("nft delete element inet anew barred { 10.80.0.2 }"))
    replaced(host, (("inside", "10.80.0.1:8000", "-", "primary 10.80.0.2"),))
    out(host.primary("nft flush ruleset"))
    replaced(host, ())
    assert out(host.primary("nft list ruleset")) == ""


SYNC = r"""
set -e
cd /root
wg genkey | wg pubkey >third.pub
wg set wg0 peer $(cat third.pub) allowed-ips 10.86.0.3/32,10.86.0.4/32 persistent-keepalive 25
wg genpsk >psk
wg set wg0 peer $(cat there.pub) preshared-key psk
ip netns exec outside wg set wg1 peer $(cat here.pub) preshared-key psk
wg showconf wg0 | sed '/10.86.0.3/s/, *10.86.0.4.32//; s/ListenPort.*/ListenPort = 7002/' >wg0.conf
wg syncconf wg0 wg0.conf
ip netns exec outside wg set wg1 peer $(cat here.pub) endpoint 10.82.0.1:7002
wg addconf wg0 <(printf '[Peer]\nPublicKey = %s\nAllowedIPs = 10.87.0.0/24\n' $(wg genkey | wg pubkey))
wg set wg0 peer $(cat third.pub) remove
"""


def test_a_tunnel_that_changes(host):
    out(host.primary(SYNC, timeout=60))
    replaced(host, TUNNELLED)
    assert "10.86.0.3" not in out(host.primary("wg show"))


LAYERS = r"""
set -e
ip link add br0 type bridge
for n in 1 2; do
	ip netns add lan$n
	ip link add b$n type veth peer name c0 netns lan$n
	ip link set b$n master br0
	ip link set b$n up
	ip -n lan$n addr add 10.88.0.$((n + 1))/24 dev c0
	ip -n lan$n link set c0 up
done
ip addr add 10.88.0.1/24 dev br0
ip link set br0 up
ip netns add lan3
ip -n lan3 link add br3 type bridge
ip -n lan3 addr add 10.89.0.2/24 dev br3
ip link add bond0 type bond mode active-backup miimon 100
for n in 1 2; do
	ip link add x$n type veth peer name y$n netns lan3
	ip -n lan3 link set y$n master br3 up
	ip link set x$n master bond0
done
ip -n lan3 link set br3 up
ip addr add 10.89.0.1/24 dev bond0
ip link set bond0 up
"""

LAYERED = (
    ("", "10.88.0.2:8000", "-", "lan1 10.88.0.1"),
    ("lan1", "10.88.0.3:8000", "-", "lan2 10.88.0.2"),
    ("", "10.89.0.2:8000", "-", "lan3 10.89.0.1"),
)

LOOK_AT_LAYERS = r"""
for n in "" "-n lan1" "-n lan2" "-n lan3"; do ip $n -o link; ip $n -o -4 addr; ip $n route; done
bridge link; ip -d -o link show bond0 | grep -o 'bond mode [a-z-]*'
"""


def test_a_bridge_and_a_bond(host):
    """Between two namespaces by a bridge; to a third by two links, of which one is set down."""
    features(host)
    def layers():
        text = out(host.primary(LOOK_AT_LAYERS, timeout=60))
        return [re.sub(r"valid_lft.*|state \S+|linkdown", "", line).strip() for line in text.split("\n")]
    out(host.primary("systemctl stop servers; rm -f /root/servers.log"))
    out(host.primary(LAYERS, timeout=60))
    servers(host, "primary", "lan1", "lan2", "lan3")
    traffic(host, LAYERED)
    before = layers()
    generation = kill(host, "net")
    after = layers()
    assert after == before, (set(after) ^ set(before), after)
    wait_until_up(host, "net", generation)
    quiet(host)
    time.sleep(2)                               # a bridge's port forwards and a bond has a link
    traffic(host, LAYERED)
    out(host.primary("ip link set x1 down; sleep 1"))
    traffic(host, LAYERED[2:])
    out(host.primary("ip link set x1 up; sleep 1; ip link set x2 down; sleep 1"))
    traffic(host, LAYERED[2:])


QUICK = r"""
set -e
umask 077
mkdir -p /etc/wireguard
cd /etc/wireguard
for end in a b; do wg genkey >$end.key; wg pubkey <$end.key >$end.pub; done
ip netns add far
ip link add q0 type veth peer name q1 netns far
ip addr add 10.90.0.1/24 dev q0
ip link set q0 up
ip -n far addr add 10.90.0.2/24 dev q1
ip -n far link set q1 up
ip -n far link add wg0 type wireguard
ip netns exec far wg set wg0 private-key b.key listen-port 7004 peer $(cat a.pub) allowed-ips 10.91.0.1/32
ip -n far addr add 10.91.0.2/24 dev wg0
ip -n far link set wg0 up
ip -n far addr add 198.51.100.7/32 dev wg0
cat >quick.conf <<EOF
[Interface]
PrivateKey = $(cat a.key)
Address = 10.91.0.1/24
[Peer]
PublicKey = $(cat b.pub)
AllowedIPs = 0.0.0.0/0
Endpoint = 10.90.0.2:7004
EOF
wg-quick up quick
"""

ALL_THROUGH = (("", "10.91.0.2:8000", "-", "far 10.91.0.1"), ("", "198.51.100.7:8000", "-", "far 10.91.0.1"))


def test_wg_quick(host):
    """All traffic through a tunnel: a mark, rules, a table and an nft table that wg-quick makes."""
    features(host)
    out(host.primary("systemctl stop servers; rm -f /root/servers.log"))
    out(host.primary(QUICK, timeout=60))
    servers(host, "far")
    traffic(host, ALL_THROUGH)
    ask = ("ip rule; ip route show table all | sed -e s/linkdown// -e 's/ expires [0-9]*sec//'; "
           "nft -a list ruleset; wg showconf quick | grep -v ^ListenPort")
    before = out(host.primary(ask))
    generation = kill(host, "net")
    wait_for(lambda: out(host.primary(ask, timeout=60)) == before, 20)  # addresses are tentative first
    after = out(host.primary(ask, timeout=60))
    assert after == before, "\n".join(difflib.unified_diff(before.split("\n"), after.split("\n"), lineterm=""))
    wait_until_up(host, "net", generation)
    quiet(host)
    traffic(host, ALL_THROUGH)
    out(host.primary("wg-quick down quick"))
    assert "wg-quick" not in out(host.primary("nft list ruleset"))
    assert "51820" not in out(host.primary("ip rule"))


def test_an_address_filter_of_systemd(host):
    """Not enforced: systemd says so in the journal."""
    features(host)
    host.primary("systemd-run -q --wait -p IPAddressDeny=any true", timeout=60)
    text = out(host.primary("journalctl -q --no-pager | grep -i -e 'IP firewall' -e 'firewalling'; true"))
    assert "not support" in text, text

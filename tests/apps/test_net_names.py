# SPDX-License-Identifier: GPL-2.0-only
"""dnsmasq: many queries by UDP and TCP, and leases for dhclient in a network namespace."""
from net_common import put, run

TIMEOUT = 290

CONFIG = """
port=5353
listen-address=127.0.0.1,::1
bind-interfaces
no-resolv
no-hosts
user=root
pid-file
addn-hosts=/tmp/dq/hosts
address=/wild.test/10.1.2.3
%s
mx-host=test,mail.test,10
srv-host=_x._tcp.test,one.test,99,1,2
edns-packet-max=4096
""" % "\n".join("txt-record=big.test," + c * 200 for c in "abcdefghijklmnop")

START = r"""
cd /tmp/dq
for i in $(seq 0 119); do printf '10.7.0.%d n%d.test\nfd00::%x n%d.test\n' $i $i $((i + 1)) $i; done >hosts
server log dnsmasq -k -C /tmp/dq/conf
ask() { dig -p 5353 +tries=1 +time=60 "$@"; }
until_ok ask @127.0.0.1 +short n0.test
seq 0 119 | sed 's/.*/n&.test/' >names
seq 0 119 | sed 's/^/10.7.0./' >want
"""

QUERIES = r"""
ask @127.0.0.1 +short -f names >got; same got want
ask @::1 +short -f names >got; same got want
ask @127.0.0.1 +short -t AAAA -f names | grep -c '^fd00::' | grep -x 120 || fail AAAA
[ "$(ask @127.0.0.1 +short any.wild.test)" = 10.1.2.3 ] || fail wild
ask @127.0.0.1 nothing.test | grep 'status: REFUSED\|status: NXDOMAIN' || fail refusal
[ "$(ask @::1 +short -x 10.7.0.17)" = n17.test. ] || fail reverse
ask @127.0.0.1 +short srv _x._tcp.test | grep -qx '1 2 99 one.test.' || fail srv
"""

TCP = r"""
ask @127.0.0.1 +tcp +short -f names >got; same got want
# dnsmasq answers 100 queries by one connection.
ask @::1 +tcp +keepopen +short -f <(head -90 names) >got; head -90 want | cmp - got || fail "one connection"
# Too long for a datagram of 512 bytes: the answer is cut, and dig asks again by TCP.
ask @127.0.0.1 +noedns +ignore txt big.test | grep 'flags:.* tc' || fail "not cut"
ask @127.0.0.1 +noedns txt big.test | grep 'MSG SIZE  rcvd: 3[0-9]*' || fail "by TCP"
ask @127.0.0.1 +bufsize=4096 txt big.test | grep 'MSG SIZE  rcvd: 3[0-9]*' || fail "one large datagram"
"""

PARALLEL = r"""
for i in 1 2 3 4 5 6; do
	at=127.0.0.1; [ $((i % 2)) = 0 ] || at=::1
	tcp=; [ $i -gt 4 ] && tcp=+tcp
	ask @$at $tcp +short -f names >got$i & all="$all $!"
done
wait $all
for i in 1 2 3 4 5 6; do same got$i want; done
"""


def ask(host, script):
    put(host, "/tmp/dq/conf", CONFIG)
    run(host, START + script)


def test_queries_by_udp(host):
    ask(host, QUERIES)


def test_queries_by_tcp(host):
    ask(host, TCP)


def test_many_at_a_time(host):
    ask(host, PARALLEL)


LEASE = r"""
mkdir -p /tmp/dh; cd /tmp/dh; rm -f *
drop() { ip netns del dh 2>/dev/null || true; ip link del dh0 2>/dev/null || true; }
drop
trap 'stop; drop' EXIT
ip netns add dh
ip link add dh0 type veth peer name dh1 netns dh
ip addr add 10.9.0.1/24 dev dh0
ip link set dh0 up
server log dnsmasq -k -C /dev/null -p 0 -i dh0 --bind-interfaces -u root -x '' --dhcp-authoritative \
	--dhcp-range=10.9.0.50,10.9.0.60,255.255.255.0,1h --dhcp-option=3,10.9.0.1 -l /tmp/dh/leases
lease() { ip netns exec dh dhclient -1 -v -sf /tmp/dh/script -lf /tmp/dh/lf -pf /tmp/dh/pf "$@" dh1 2>&1; }
cat >script <<'X'
#!/bin/sh
case $reason in
PREINIT) ip link set $interface up;;
BOUND|RENEW|REBOOT)
	ip addr add $new_ip_address/24 dev $interface 2>/dev/null
	ip route add default via $new_routers;;
RELEASE|STOP) ip addr del $old_ip_address/24 dev $interface;;
esac
X
chmod +x script
lease | tee said | grep -q 'bound to 10.9.0.5' || fail "$(cat said log)"
grep -q 'dh1\|10.9.0.5' leases || fail "no lease: $(cat leases)"
ip netns exec dh ping -c 2 -W 20 10.9.0.1 >/dev/null || fail ping
kill $(cat pf)
lease -r | grep -q DHCPRELEASE || fail release
released() { [ ! -s leases ]; }
until_ok released
"""


def test_dhclient_gets_a_lease(host):
    run(host, LEASE)

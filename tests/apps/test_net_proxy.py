# SPDX-License-Identifier: GPL-2.0-only
"""haproxy in front of two nginx, one of which is killed; chains of socat."""
import re

from net_common import put, run

TIMEOUT = 290

NGINX = """
pid /tmp/ha/pid%d;
error_log /dev/null crit;
events { worker_connections 256; }
http {
    access_log /tmp/ha/access%d;
    server { listen 127.0.0.1:%d; listen [::1]:%d; root /tmp/ha/web; add_header Served-By %d; }
}
"""

HAPROXY = """
global
    maxconn 200
    stats socket /tmp/ha/stats mode 600 level admin
defaults
    mode http
    timeout connect 20s
    timeout client 60s
    timeout server 60s
    retries 5
    option redispatch
frontend web
    bind 127.0.0.1:9000
    bind [::1]:9000
    default_backend two
frontend plain
    mode tcp
    bind 127.0.0.1:9010
    default_backend raw
backend two
    balance roundrobin
    retry-on all-retryable-errors
    option httpchk GET /4
    server a 127.0.0.1:9001 check inter 500ms
    server b [::1]:9002 check inter 500ms
backend raw
    mode tcp
    balance roundrobin
    server a 127.0.0.1:9001
    server b 127.0.0.1:9002
"""

START = r"""
mkdir -p /tmp/ha/web
cd /tmp/ha
[ -e web/4 ] || head -c 4K /dev/urandom >web/4
[ -e web/1024 ] || head -c 1M /dev/urandom >web/1024
rm -f access* stats
server log1 nginx -c /tmp/ha/9001.conf -g 'daemon off;'; first=$pid
server log2 nginx -c /tmp/ha/9002.conf -g 'daemon off;'
until_ok curl -fso /dev/null http://127.0.0.1:9001/4
until_ok curl -fso /dev/null http://127.0.0.1:9002/4
server logh haproxy -db -f /tmp/ha/haproxy.cfg
until_ok curl -fso /dev/null http://127.0.0.1:9000/4
"""


def load(host, script):
    for n in 9001, 9002:
        put(host, "/tmp/ha/%d.conf" % n, NGINX % ((n,) * 5))
    put(host, "/tmp/ha/haproxy.cfg", HAPROXY)
    return run(host, START + script)


def answered(text, requests):
    assert [int(n) for n in re.findall(r"Complete requests:\s+(\d+)", text)] == requests, text
    assert re.findall(r"Failed requests:\s+(\d+)", text) == ["0"] * len(requests), text
    assert "Non-2xx" not in text, text


BOTH = r"""
ab -q -k -c 8 -n 120 http://127.0.0.1:9000/4
ab -q -c 4 -n 40 'http://[::1]:9000/4'
ab -q -c 4 -n 6 http://127.0.0.1:9000/1024
ab -q -c 4 -n 24 http://127.0.0.1:9010/4
for n in 9001 9002; do echo "served $(grep -c ApacheBench access$n)"; done
for at in 127.0.0.1:9000 127.0.0.1:9010; do curl -fsS http://$at/1024 | cmp - web/1024 || fail $at; done
"""


def test_both_servers_are_used(host):
    text = load(host, BOTH)
    answered(text, [120, 40, 6, 24])
    served = [int(n) for n in re.findall(r"served (\d+)", text)]
    assert sum(served) == 190 and min(served) > 60, served


KILLED = r"""
ab -q -k -c 8 -n 240 http://127.0.0.1:9000/4 >ab.out 2>&1 & ab=$!
until_ok sh -c '[ $(grep -c ApacheBench access9001) -gt 20 ]'
kill -KILL -- -$first
wait $ab || fail "$(cat ab.out)"
cat ab.out
down() { curl -fs http://127.0.0.1:9000/4 >/dev/null; echo 'show servers state two' |
	socat - UNIX-CONNECT:/tmp/ha/stats | awk '$4 == "a" { exit $6 != 0 }'; }
until_ok down
was=$(wc -l <access9002)
ab -q -k -c 4 -n 30 http://127.0.0.1:9000/4 >/dev/null
[ $(wc -l <access9002) -ge $((was + 30)) ] || fail "the one left did not serve"
server log1 nginx -c /tmp/ha/9001.conf -g 'daemon off;'
was=$(wc -l <access9001)
again() { curl -fs http://127.0.0.1:9000/4 | cmp - web/4 && [ $(grep -c curl access9001) -gt 0 ]; }
: >access9001
until_ok again
"""


def test_one_is_killed_under_load(host):
    answered(load(host, KILLED), [240])


CHAIN = r"""
rm -rf /tmp/sc; mkdir /tmp/sc; cd /tmp/sc
head -c 1M /dev/urandom >in
server a socat -t 60 TCP6-LISTEN:7001,fork,reuseaddr UNIX-CONNECT:/tmp/sc/u
server b socat -t 60 UNIX-LISTEN:/tmp/sc/u,fork TCP4:127.0.0.1:7002
server c socat -t 60 TCP4-LISTEN:7002,fork,reuseaddr EXEC:cat
listening() { [ $(ss -Htln | grep -cE ':700[12] ') = 2 ] && [ -S u ]; }
until_ok listening
for i in 1 2 3 4; do socat -t 60 - 'TCP6:[::1]:7001' <in >out$i & clients="$clients $!"; done
wait $clients
for i in 1 2 3 4; do same in out$i; done
"""


def test_a_chain_of_socat(host):
    run(host, CHAIN)


KINDS = r"""
rm -rf /tmp/sc; mkdir /tmp/sc; cd /tmp/sc
head -c 200K /dev/urandom >in
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost \
	-keyout key -out cert 2>/dev/null
cat key cert >pem
server tls socat -t 60 OPENSSL-LISTEN:7011,cert=pem,verify=0,fork,reuseaddr EXEC:cat
server udp socat -b 20000 UDP-RECVFROM:7013,fork EXEC:'tr a-z A-Z'
server udp6 socat -b 20000 UDP6-LISTEN:7014,fork EXEC:cat
server proxy socat -t 60 TCP-LISTEN:7015,fork,reuseaddr,nodelay,keepalive,keepidle=5,sndbuf=20000 \
	TCP:127.0.0.1:7011
listening() { [ $(ss -Htuln | grep -cE ':701[1-5] ') = 4 ]; }
until_ok listening
socat -t 60 - OPENSSL:localhost:7011,cafile=cert,pf=ip4 <in >out; same in out
socat -t 60 - OPENSSL:127.0.0.1:7015,verify=0 <in >out; same in out
# ADDRESS FILE: what is answered to the file as one datagram.
ask() {
	: >answer
	{ cat "$2"; until_ok test -s answer; } | socat -b 20000 -t 0.1 - "$1" >answer
}
for i in $(seq 20); do
	echo "datagram $i" >one
	ask UDP:127.0.0.1:7013 one
	[ "$(cat answer)" = "DATAGRAM $i" ] || fail "datagram $i"
done
base64 -w 0 in | head -c 12000 >long || true
ask UDP:127.0.0.1:7013 long
tr a-z A-Z <long | cmp - answer || fail long
ask 'UDP6:[::1]:7014' long
same long answer
"""


def test_kinds_of_addresses_of_socat(host):
    run(host, KINDS)

# SPDX-License-Identifier: GPL-2.0-only
"""Tools that look at the network: netstat, ss, lsof, tcpdump, ethtool; curl's own kinds of use."""
from net_common import put, run

TIMEOUT = 290

# One server, one client whose connection stays while the tools look.
PEERS = """
import socket, sys, time
l = [socket.create_server(('127.0.0.1', 7301)), socket.create_server(('::1', 7302), family=socket.AF_INET6)]
c = [socket.create_connection(s.getsockname()[:2]) for s in l]
a = [s.accept()[0] for s in l]
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(('127.0.0.1', 7303))
c[0].sendall(b'x' * 5000)       # nobody reads it
time.sleep(0.5)
print('ready', flush=True)
time.sleep(1000)
"""

START = r"""
cd /tmp
server /tmp/tl.out python3 /tmp/tl.py; peers=$pid
until_ok grep ready tl.out
"""

LOOKS = r"""
netstat -tlnp >n
grep -E "^tcp +0 +0 127.0.0.1:7301 +0.0.0.0:\* +LISTEN +$peers/python3" n || fail "$(cat n)"
grep -E "^tcp6 +0 +0 ::1:7302 +:::\* +LISTEN +$peers/python3" n || fail "$(cat n)"
netstat -tnp >n
grep -E "^tcp +5000 +0 127.0.0.1:7301 +127.0.0.1:[0-9]+ +ESTABLISHED $peers/python3" n || fail "$(cat n)"
netstat -ulnp | grep -E "^udp .* 127.0.0.1:7303 .*$peers/python3" || fail udp
netstat -s | grep -E '[1-9][0-9]* segments (received|sent out)' || fail statistics
netstat -rn | grep -E '^0.0.0.0 +10.0.2.2 ' || fail routes
netstat -i | grep -E '^lo +65536 +[1-9]' || fail interfaces
ss -tnpi >s
grep -A1 -E "^ESTAB +5000 +0 +127.0.0.1:7301 .*\"python3\",pid=$peers,fd=" s |
	grep -E ' rtt:.* cwnd:.*bytes_received:5000 ' || fail "$(cat s)"
ss -6tlnp | grep -E "\[::1\]:7302 .*pid=$peers," || fail ss6
ss -tn state established '( sport = :7301 )' | grep -c 127.0.0.1:7301 | grep -x 1 || fail "a filter of ss"
ss -tmeno 'dport = :7301' >s
grep -E 'ino:[1-9].* sk:' s && grep -E 'skmem:\(r[0-9]+,rb[1-9]' s || fail "$(cat s)"
lsof -nP -a -p $peers -i >l
grep -E '^python3 .* IPv4 .* TCP 127.0.0.1:7301 \(LISTEN\)' l || fail "$(cat l)"
grep -E '^python3 .* IPv6 .* TCP \[::1\]:[0-9]+->\[::1\]:7302 \(ESTABLISHED\)' l || fail "$(cat l)"
grep -E '^python3 .* IPv4 .* UDP 127.0.0.1:7303' l || fail "$(cat l)"
[ "$(lsof -nP -t -iTCP:7301 -sTCP:LISTEN)" = $peers ] || fail "lsof -t"
"""


def test_tables_name_the_sockets_and_their_owner(host):
    put(host, "/tmp/tl.py", PEERS)
    run(host, START + LOOKS)


DUMP = r"""
read_pcap() { tcpdump -nr pcap "$@" 2>/dev/null; }
mkdir -p /tmp/td; cd /tmp/td; rm -f *
head -c 200000 /dev/urandom | base64 -w 0 >sent
server said tcpdump -i lo -U -w pcap -B 4096 'tcp port 7311 or udp port 7312'
until_ok grep 'listening on' said
dump=$pid
server log socat -u TCP-LISTEN:7311 OPEN:got,creat
until_ok sh -c 'ss -Htln | grep :7311'
socat -u OPEN:sent TCP:127.0.0.1:7311
until_ok cmp sent got
echo datagram | socat -u - UDP:127.0.0.1:7312
until_ok sh -c 'tcpdump -nr /tmp/td/pcap udp 2>/dev/null | grep 7312'
kill -INT $dump
ended() { ! kill -0 $dump; }
until_ok ended
grep -E '^0 packets dropped by kernel' said || fail "$(cat said)"
read_pcap 'tcp[tcpflags] == tcp-syn' | wc -l | grep -x 1 || fail "one SYN"
read_pcap 'tcp[tcpflags] & (tcp-syn|tcp-ack) == (tcp-syn|tcp-ack)' | wc -l | grep -x 1 || fail SYN-ACK
read_pcap 'tcp dst port 7311 and tcp[tcpflags] & tcp-fin != 0' | grep 'Flags \[F' || fail FIN
read_pcap -vv udp | grep 'length 9' || fail datagram
# All that was sent is in the packets, in order.
read_pcap -A 'tcp dst port 7311' | tr -d '\n' | grep -oF "$(head -c 100 sent)" || fail data
# Some may be sent twice.
bytes=$(read_pcap 'tcp dst port 7311' | sed -nE 's/.* seq ([0-9]+):([0-9]+),.*/\1 \2/p' | sort -n |
	awk 'NR == 1 { first = end = $1 } $1 > end { exit } $2 > end { end = $2 } END { print end - first }')
[ $bytes = $(stat -c %s sent) ] || fail "$bytes bytes in packets"
"""


def test_tcpdump_has_each_byte(host):
    run(host, DUMP)


ETHTOOL = r"""
cd /tmp
ethtool -i eth0 | grep -E '^driver: [a-z0-9]+' || fail driver
ethtool eth0 >e 2>&1
grep 'Link detected: yes' e || fail "$(cat e)"
ethtool -k eth0 | grep -E '^(generic-segmentation-offload|generic-receive-offload): o' || fail features
ethtool -k lo | grep -E '^tcp-segmentation-offload: on' || fail lo
was=$(ethtool -k eth0 | sed -n 's/^generic-receive-offload: //p')
ethtool -K eth0 gro off
ethtool -k eth0 | grep -x 'generic-receive-offload: off' || fail "gro stays"
ethtool -K eth0 gro $was
ethtool -S eth0 >e 2>&1 || grep -E 'no stats|not supported' e || fail "$(cat e)"
ethtool -P eth0 | grep -i '52:54:00:12:34:56' || fail address
{ ethtool none 2>&1 || true; } | grep -i 'no such device' || fail "no such"
"""


def test_ethtool(host):
    run(host, ETHTOOL)


CURL = r"""
mkdir -p /tmp/cu/web; cd /tmp/cu
head -c 500K /dev/urandom >web/3
cat >conf <<'X'
pid /tmp/cu/pid;
error_log /tmp/cu/error;
events {}
http {
    access_log /tmp/cu/access;
    server {
        listen [::1]:8701 ipv6only=on;
        root /tmp/cu/web;
        location /put {
            client_max_body_size 20m; client_body_temp_path /tmp/cu/body; client_body_in_file_only on;
            proxy_pass http://[::1]:8701/3; proxy_method GET; proxy_pass_request_body off;
            proxy_set_header Content-Length ""; }
    }
}
X
rm -rf body; : >access
server log nginx -c /tmp/cu/conf -g 'daemon off;'
until_ok curl -gfso /dev/null 'http://[::1]:8701/3'
c() { curl -gfsS "$@"; }
for i in 1 2 3; do c 'http://[::1]:8701/3' | cmp - web/3 || fail $i; done
c -6 --resolve six.test:8701:[::1] http://six.test:8701/3 | cmp - web/3 || fail name
c --interface ::1 --local-port 40000-40100 'http://[::1]:8701/3' | cmp - web/3 || fail "a port of its own"
[ "$(c -o /dev/null -w '%{local_ip} %{remote_ip} %{remote_port} %{size_download}' 'http://[::1]:8701/3')" = \
	"::1 ::1 8701 512000" ] || fail addresses
c -T web/3 'http://[::1]:8701/put' | cmp - web/3 || fail put
cmp body/* web/3 || fail "what was put"
curl -fsS -Z --resolve six:8701:[::1] -o 'got#1' 'http://six:8701/3?[1-6]'
for i in $(seq 6); do same got$i web/3; done
c 'http://[::1]:8709/' 2>&1 && fail refused || [ $? = 7 ] || fail "status of a refusal"
c 'http://127.0.0.1:8701/' 2>&1 && fail "IPv4 is taken" || [ $? = 7 ] || fail "status by IPv4"
awk '$1 != "::1" { exit 1 }' access || fail "$(cat access)"
"""


def test_curl_by_ipv6(host):
    run(host, CURL)

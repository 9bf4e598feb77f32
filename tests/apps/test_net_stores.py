# SPDX-License-Identifier: GPL-2.0-only
"""redis under redis-benchmark, two of them as copies of each other; memcached."""
import re

from net_common import put, run

TIMEOUT = 290

START = r"""
rm -rf /tmp/rd; mkdir -p /tmp/rd/a /tmp/rd/b
cd /tmp/rd
cli() { redis-cli -p "$@"; }
redis() {	# PORT FOLDER ARGUMENTS
	server $2.log redis-server --port $1 --dir /tmp/rd/$2 --bind 127.0.0.1 -::1 \
		--enable-debug-command local "${@:3}"
	until_ok cli $1 ping
}
"""

ALL = r"""
redis 6390 a --save '' --unixsocket /tmp/rd/sock
redis-benchmark -p 6390 -c 8 -n 60 -d 100 --csv
"""


def rows(text):
    """Requests a second by the name of a test of redis-benchmark."""
    return dict(re.findall(r'^"([^"]+)","([\d.]+|inf)"', text, re.M))


def test_each_of_redis_benchmark(host):
    rates = rows(run(host, START + ALL))
    assert len(rates) >= 19 and all(float(r) > 0 for r in rates.values()), rates


PIPELINED = r"""
redis 6390 a --save ''
redis-benchmark -p 6390 -c 4 -n 4000 -P 32 -d 512 --csv -t set,get,incr,lpush,mset
redis-benchmark -p 6390 -h ::1 -c 4 -n 1000 -P 16 --csv -t ping_mbulk
redis-benchmark -p 6390 -c 4 -n 60 -d 200000 --csv -t set,get
# What was counted is what was sent.
[ $(cli 6390 get counter:__rand_int__) = 4000 ] || fail incr
[ $(cli 6390 llen mylist) = 4000 ] || fail lpush
[ $(cli 6390 strlen key:__rand_int__) = 200000 ] || fail strlen
"""


def test_pipelines_and_large_values(host):
    text = run(host, START + PIPELINED)
    assert len(re.findall(r'^"[A-Z]', text, re.M)) == 8, text


REPLICA = r"""
redis 6390 a --save '' --repl-diskless-sync-delay 0
redis 6391 b --save ''
cli 6390 debug populate 20000 first 100 >/dev/null
cli 6391 replicaof 127.0.0.1 6390 >/dev/null
redis-benchmark -p 6390 -c 4 -n 2000 -P 8 -r 500 -d 300 -q -t set,lpush,sadd,hset >/dev/null &
load=$!
up() { cli 6391 info replication | grep -q master_link_status:up; }
until_ok up
wait $load
cli 6390 set end here >/dev/null
until_ok sh -c 'redis-cli -p 6391 get end | grep -q here'
[ "$(cli 6390 debug digest)" = "$(cli 6391 debug digest)" ] || fail "the contents differ"
[ $(cli 6391 dbsize) -gt 20000 ] || fail "only $(cli 6391 dbsize) keys"
# The copy is cut off, misses writes, comes back and has them.
cli 6390 client kill type replica >/dev/null
redis-benchmark -p 6390 -c 4 -n 500 -r 500 -q -t set,lpush >/dev/null
cli 6390 set end again >/dev/null
until_ok sh -c 'redis-cli -p 6391 get end | grep -q again'
[ "$(cli 6390 debug digest)" = "$(cli 6391 debug digest)" ] || fail "the contents differ afterwards"
"""


def test_a_replica_is_equal(host):
    run(host, START + REPLICA)


KEPT = r"""
redis 6390 a --save '' --appendonly yes --appendfsync everysec
redis-benchmark -p 6390 -c 4 -n 1000 -P 4 -r 300 -q -t set,lpush,zadd >/dev/null
was=$(cli 6390 debug digest)
cli 6390 bgrewriteaof >/dev/null
rewritten() { cli 6390 info persistence | grep -q aof_rewrite_in_progress:0; }
until_ok rewritten
cli 6390 shutdown || true
redis 6390 a --save '' --appendonly yes
[ "$(cli 6390 debug digest)" = "$was" ] || fail "the log has other contents"
"""


def test_the_log_has_it_all(host):
    run(host, START + KEPT)


SUBSCRIBE = r"""
redis 6390 a --save ''
for i in 1 2 3; do
	redis-cli -p 6390 --csv subscribe news >sub.$i &
	subs="$subs $!"
done
three() { [ "$(cli 6390 pubsub numsub news | tail -1)" = 3 ]; }
until_ok three
seq 500 | sed 's/^/publish news /' | cli 6390 >/dev/null
for i in 1 2 3; do until_ok grep -q '"news","500"' sub.$i; done
kill $subs
for i in 1 2 3; do
	grep -o '"message","news","[0-9]*"' sub.$i | tr -dc '0-9\n' | cmp - <(seq 500) || fail "subscriber $i"
done
"""


def test_subscribers_hear_all_in_order(host):
    run(host, START + SUBSCRIBE)


MEMCACHED = r"""
import hashlib, socket, sys, threading, time

def value(n):
    size = (10, 100, 3000, 70000, 900000)[n % 5] if n % 50 < 5 else n
    return (hashlib.sha256(b'%d' % n).digest() * (size // 32 + 1))[:size]

def client(me, family, at, errors):
    try:
        s = socket.socket(family)
        s.connect(at)
        f = s.makefile('rb')
        mine = range(me, 240, 8)
        for n in mine:
            s.sendall(b'set k%d 0 0 %d\r\n%s\r\n' % (n, len(value(n)), value(n)))
            assert f.readline() == b'STORED\r\n'
        s.sendall(b'get %s\r\n' % b' '.join(b'k%d' % n for n in mine))      # all at once
        for n in mine:
            assert f.readline() == b'VALUE k%d 0 %d\r\n' % (n, len(value(n)))
            assert f.read(len(value(n)) + 2) == value(n) + b'\r\n', n
        assert f.readline() == b'END\r\n'
        s.sendall(b'incr count 1\r\n' * 100)
        for n in range(100):
            f.readline()
    except Exception as e:
        errors.append(repr(e))

errors = []
first = socket.create_connection(('127.0.0.1', 11222))
first.sendall(b'set count 0 0 1\r\n0\r\n')
assert first.recv(100) == b'STORED\r\n'
places = [(socket.AF_INET, ('127.0.0.1', 11222)), (socket.AF_INET6, ('::1', 11222))]
threads = [threading.Thread(target=client, args=(n, *places[n % 2], errors)) for n in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
assert not errors, errors
first.sendall(b'get count\r\n')
assert first.recv(100).split(b'\r\n')[1] == b'800'

# By UDP: a header of eight bytes before each datagram. The values are short.
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.settimeout(60)
for n in [n for n in range(240) if n % 50 > 4]:
    u.sendto(b'\0\x01\0\0\0\x01\0\0get k%d\r\n' % n, ('127.0.0.1', 11222))
    want = b'VALUE k%d 0 %d\r\n%s\r\nEND\r\n' % (n, len(value(n)), value(n))
    assert u.recv(2000)[8:] == want, n
print('equal')
"""

SERVE = r"""
server /tmp/mc.log memcached -u nobody -p 11222 -U 11222 -l 127.0.0.1 -l ::1 -t 3 -m 200
until_ok sh -c 'printf "version\r\nquit\r\n" | busybox nc -w 2 127.0.0.1 11222 | grep VERSION'
python3 /tmp/mc.py
"""


def test_memcached_by_threads_and_udp(host):
    put(host, "/tmp/mc.py", MEMCACHED)
    assert run(host, SERVE).strip().endswith("equal")

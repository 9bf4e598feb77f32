# SPDX-License-Identifier: GPL-2.0-only
"""The exceptionless door under unmodified programs, and over the deaths of the domains
behind it. (What single programs do to it: doortest, in test_programs.)"""
import re
import time

from host import LIBRARY
from image import SLOW
from outside import wait_for
from test_recovery import calls_wait, kill, states, wait_until_up

TIMEOUT = 300


def out(result):
    assert result.status == 0, (result.status, result.stdout, result.stderr)
    return result.stdout.decode()


def carried(text):
    """Sums of the library's counters: calls through the door by kind."""
    sums = {}
    for kind, n in re.findall(r"virtuos-door: (recv|send|read|write) door (\d+)", text):
        sums[kind] = sums.get(kind, 0) + int(n)
    return sums


PROGRAMS = r"""
set -e
rm -rf /tmp/door; mkdir -m 1777 /tmp/door
export LD_PRELOAD=%s
door() { VIRTUOS_DOOR_STATS=/tmp/door/$1.$2 "${@:3}"; }

# nginx, a page of 8 KiB on storage, one worker that answers all
head -c 8192 /dev/urandom | base64 > /var/www/html/page
VIRTUOS_DOOR_STATS=/tmp/door/nginx nginx -g 'daemon off; master_process off; pid /tmp/nginx.pid;' \
    -c /tmp/nginx.conf & nginx=$!
for i in $(seq 60); do LD_PRELOAD= curl -s -o /dev/null http://127.0.0.1:8081/page && break; sleep 0.2; done
for i in 1 2 3; do
    LD_PRELOAD= curl -s --max-time 20 http://127.0.0.1:8081/page http://127.0.0.1:8081/page http://127.0.0.1:8081/page > /tmp/got
    cat /var/www/html/page /var/www/html/page /var/www/html/page | cmp - /tmp/got
done
kill $nginx; wait $nginx || true

# redis: 2,000 requests of two kinds
VIRTUOS_DOOR_STATS=/tmp/door/redis redis-server --port 6380 --save '' --appendonly no > /tmp/redis.log & redis=$!
for i in $(seq 60); do LD_PRELOAD= redis-cli -p 6380 ping 2>/dev/null | grep -q PONG && break; sleep 0.2; done
redis-benchmark -p 6380 -q -n 300 -c 4 -t set,get > /tmp/redis.out
redis-cli -p 6380 set door open | grep -q OK
redis-cli -p 6380 get door | grep -q open
redis-cli -p 6380 shutdown nosave || true; wait $redis || true

# memcached, asked by python3
VIRTUOS_DOOR_STATS=/tmp/door/memcached memcached -u nobody -p 11212 -l 127.0.0.1 -t 2 & mc=$!
VIRTUOS_DOOR_STATS=/tmp/door/python python3 /tmp/mc.py
kill $mc; wait $mc || true

# sqlite3 and fio
rm -f /root/door.db
VIRTUOS_DOOR_STATS=/tmp/door/sqlite sqlite3 /root/door.db 'pragma journal_mode=memory; pragma cache_size=10;
    create table t(a integer primary key, b);
    with recursive n(i) as (select 1 union all select i+1 from n where i<3000)
    insert into t select i, hex(randomblob(20)) from n; select sum(length(b)) from t;
    pragma integrity_check' | tail -1 | grep -q ok
VIRTUOS_DOOR_STATS=/tmp/door/fio fio --name=v --thread --filename=/root/door.dat --size=2m --bs=4k \
    --rw=randrw --verify=crc32c --do_verify=1 --ioengine=psync --end_fsync=1 > /tmp/fio.txt
grep -q 'err= 0' /tmp/fio.txt
for p in nginx redis memcached python sqlite fio; do
    echo "== $p"; cat /tmp/door/$p
done
"""

NGINX = """
events {}
http {
    access_log off;
    sendfile off;
    server { listen 127.0.0.1:8081; root /var/www/html; }
}
"""

MEMCACHED = """
import socket, time
for i in range(100):
    try:
        s = socket.create_connection(('127.0.0.1', 11212))
        break
    except OSError:
        time.sleep(0.1)
s.settimeout(60)    # so python waits in poll(), and receives what is there, which is the door's
for i in range(300):
    value = b'%d' % i * 50
    s.sendall(b'set k%d 0 0 %d\\r\\n%s\\r\\n' % (i, len(value), value))
    assert s.recv(100) == b'STORED\\r\\n'
for i in range(300):
    value = b'%d' % i * 50
    want = b'VALUE k%d 0 %d\\r\\n%s\\r\\nEND\\r\\n' % (i, len(value), value)
    s.sendall(b'get k%d\\r\\n' % i)
    got = b''
    while len(got) < len(want):
        got += s.recv(65536)
    assert got == want, (got, want)
"""


def test_unmodified_programs_pass_it(host):
    host.primary(["sh", "-c", "cat > /tmp/nginx.conf"], stdin=NGINX.encode(), check=True)
    host.primary(["sh", "-c", "cat > /tmp/mc.py"], stdin=MEMCACHED.encode(), check=True)
    text = out(host.primary(PROGRAMS % LIBRARY, timeout=250))
    parts = dict(re.findall(r"== (\w+)\n(.*?)(?=== |\Z)", text, re.S))
    counts = {name: carried(part) for name, part in parts.items()}
    for name, part in counts.items():
        print("#   %-10s %s" % (name, part))
    for name, kind in (("nginx", "recv"), ("nginx", "send"), ("redis", "recv"), ("redis", "send"),
                       ("memcached", "recv"), ("memcached", "send"), ("python", "recv"), ("python", "send"),
                       ("sqlite", "write"), ("fio", "read"), ("fio", "write")):
        assert counts.get(name, {}).get(kind, 0) > 0, (name, kind, counts)


WRITER = r"""
import os, sys
f = os.open('/root/unsynced', os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
n = 0
def put(i):
    assert os.pwrite(f, (b'%08d' % i) * 16, i * 128) == 128
for i in range(400):
    put(i)
print('written', flush=True)
sys.stdin.readline()
for i in range(400, 500):
    put(i)
for i in range(500):
    assert os.pread(f, 128, i * 128) == (b'%08d' % i) * 16, i
print('the same', flush=True)
"""


def unsynced(host, outage):
    """Written through the door, answered, never synced; then outage() happens."""
    import threading
    lines = []
    host.primary(["sh", "-c", "cat > /root/writer.py; rm -f /run/go /run/went; mkfifo /run/go"],
                 stdin=WRITER.encode(), check=True)
    result = []

    def work():
        result.append(host.primary(
            "LD_PRELOAD=%s VIRTUOS_DOOR_STATS=/dev/stderr python3 /root/writer.py < /run/go" % LIBRARY,
            timeout=120, on_stdout=lambda d: lines.append(d.decode())))
    t = threading.Thread(target=work)
    t.start()
    holder = threading.Thread(target=lambda: host.primary(
        "exec 3> /run/go; while ! [ -e /run/went ]; do sleep 0.2; done; echo >&3", timeout=120))
    holder.start()
    assert wait_for(lambda: "written" in "".join(lines), 40), lines
    outage()
    host.primary("touch /run/went", timeout=60, check=True)
    t.join(100 * SLOW)
    holder.join(60 * SLOW)
    assert result and result[0].status == 0, result and (result[0].status, result[0].stderr)
    assert "the same" in "".join(lines), (lines, result[0].stderr)
    assert carried(result[0].stderr.decode()).get("write", 0) > 300, result[0].stderr
    # What another process, without the library, finds in the file.
    text = out(host.primary("dd if=/root/unsynced bs=128 skip=399 count=1 2>/dev/null"))
    assert text == "00000399" * 16, text


def test_what_was_not_synced_survives_the_storage_domain(host):
    unsynced(host, lambda: wait_until_up(host, "storage", kill(host, "storage"), 60))


def test_what_was_not_synced_survives_a_long_outage(host):
    """Longer than calls wait: they fail, and what had been answered is there afterwards."""
    def outage():
        generation = kill(host, "storage")
        # Even this may fail meanwhile.
        assert wait_for(lambda: states(host)["storage"]["generation"] > generation and host.primary(
            "cat /sys/kernel/virtuos/storage/state", timeout=60).stdout.strip() == b"up", 60, 0.3), states(host)
    with calls_wait(host, 1):
        unsynced(host, outage)


IN_PLACE = r"""
import os, random, sys, time
PAGES = 256
f = os.open('/root/inplace', os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
os.write(f, b'%016d' % 0 * 256 * PAGES)
os.fsync(f)
os.close(f)
f = os.open('/root/inplace', os.O_RDWR)
version = [0] * PAGES
end, calls, worst = time.monotonic() + float(sys.argv[1]), 0, 0
while time.monotonic() < end:
    begun = time.monotonic()
    i, j = random.randrange(PAGES), random.randrange(PAGES)
    version[i] += 1
    assert os.pwrite(f, b'%016d' % version[i] * 32, i * 4096) == 512
    assert os.pread(f, 512, j * 4096) == b'%016d' % version[j] * 32, (j, version[j])
    worst = max(worst, time.monotonic() - begun)
    calls += 2
for i in range(PAGES):
    assert os.pread(f, 4096, i * 4096) == b'%016d' % version[i] * 32 + b'%016d' % 0 * 224, i
os.fsync(f)
print('calls', calls, 'worst %.1f' % worst, 'sum', sum(version))
"""

# What the disk holds, seen without the library and without what is cached.
ON_DISK = r"""
import os
os.sync()
open('/proc/sys/vm/drop_caches', 'w').write('3')
with open('/root/inplace', 'rb') as f:
    print(sum(int(f.read(4096)[:16]) for i in range(256)))
"""


def test_files_in_place_outlive_the_storage_domain(host):
    """Read and written in place, never synced before the end; the domain dies meanwhile."""
    import threading
    result = []
    host.primary(["sh", "-c", "cat > /root/inplace.py"], stdin=IN_PLACE.encode(), check=True)
    t = threading.Thread(target=lambda: result.append(host.primary(
        "LD_PRELOAD=%s VIRTUOS_DOOR_STATS=/dev/stderr python3 /root/inplace.py %d" % (LIBRARY, 10 + 15 * SLOW), timeout=200)))
    t.start()
    time.sleep(4)
    wait_until_up(host, "storage", kill(host, "storage"), 60)
    t.join(210 * SLOW)
    calls, worst, total = re.search(r"calls (\d+) worst ([\d.]+) sum (\d+)", out(result[0])).groups()
    text = result[0].stderr.decode()
    in_place, channels = (int(re.search(r"%s (\d+)" % x, text).group(1)) for x in ("in-place", "channels"))
    print("#   %d of %s calls in place, the longest took %s s" % (in_place, calls, worst))
    assert in_place > 1000 and channels >= 2, text
    assert out(host.primary("unset LD_PRELOAD; python3 -c '%s'" % ON_DISK.replace("'", '"'))) == total + "\n"


LOAD = r"""
import os, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
s.connect(s.getsockname())
s.settimeout(2)
end, lost, after = time.time() + float(sys.argv[1]), 0, 0
worst = 0
while time.time() < end and not (after > 1000 and after % 100 == 0 and os.path.exists('/root/enough')):
    begun = time.time()
    try:
        s.send(b'x' * 100)
        assert s.recv(200) == b'x' * 100
        after += 1
    except OSError:
        lost, after = lost + 1, 0
        time.sleep(0.05)
    worst = max(worst, time.time() - begun)
print('lost', lost, 'then', after, 'worst %.1f' % worst)
"""


def through_death(host, provoke, seconds=240):
    """Datagrams to oneself through the door, while something happens to net."""
    import threading
    result = []
    host.primary(["sh", "-c", "rm -f /root/enough; cat > /root/load.py"], stdin=LOAD.encode(), check=True)
    t = threading.Thread(target=lambda: result.append(host.primary(
        "LD_PRELOAD=%s VIRTUOS_DOOR_STATS=/dev/stderr python3 /root/load.py %d" % (LIBRARY, seconds),
        timeout=seconds + 60)))
    t.start()
    time.sleep(5)
    generation = states(host)["net"]["generation"]
    provoke()
    wait_until_up(host, "net", generation, 120)
    host.primary("touch /root/enough", timeout=60, check=True)
    t.join(seconds + 60)
    r = result[0]
    assert r.status == 0, (r.stdout, r.stderr)
    lost, after, worst = re.search(r"lost (\d+) then (\d+) worst ([\d.]+)", r.stdout.decode()).groups()
    text = r.stderr.decode()
    opened = re.search(r"channels (\d+)", text)
    print("#   %s calls failed, %s went through afterwards, the longest took %s s; %s" % (
        lost, after, worst, carried(text)))
    assert int(after) > 10, (r.stdout, text)
    assert int(opened.group(1)) >= 2, text          # the door was taken again


def test_it_is_taken_again_after_a_death(host):
    through_death(host, lambda: out(host.dom0("virtuos kill net")))


def test_a_hung_domain_is_replaced(host):
    """A paused domain is as good as hung: no heartbeat, no answers."""
    through_death(host, lambda: out(host.dom0("xl pause net")))


IDLE = r"""
import os, signal, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
s.connect(s.getsockname())
for i in range(50):
    s.send(b'x')
    s.recv(10)
f = os.open('/root/idle', os.O_RDWR | os.O_CREAT)
os.pwrite(f, b'x' * 4096, 0)
for i in range(50):
    os.pread(f, 10, 0)
print(os.getpid(), flush=True)
signal.pause()
"""



def processor_time(host, seconds):
    """What each domain uses in so many seconds, by Xen: in tenths, as xl list shows it."""
    script = "xl list > /tmp/a; sleep %d; xl list > /tmp/b; cat /tmp/a /tmp/b" % seconds
    text = out(host.dom0(script, timeout=60))
    halves = [{w[0]: float(w[-1]) for w in (x.split() for x in half.split("\n")[1:]) if len(w) == 6}
              for half in text.split("Name ")[1:]]
    return {d: round(halves[1][d] - halves[0][d], 1) for d in ("primary", "net", "storage")}


def test_idle_uses_no_processor(host):
    """What polls does so in each interval. What is written back for tests before ends."""
    import threading
    lines = []
    # Access times of what ran before are still to be written back.
    host.primary(["sh", "-c", "cat > /root/idle.py; sync"], stdin=IDLE.encode(), check=True)
    time.sleep(3)
    # A slow machine makes timers and heart beats dear, with a door and without. The least counts:
    # what else went on is not told apart.
    measured = [processor_time(host, 10) for _ in range(2)]
    without = {d: min(m[d] for m in measured) for d in measured[0]}
    t = threading.Thread(target=lambda: host.primary(
        "LD_PRELOAD=%s timeout 70 python3 /root/idle.py" % LIBRARY, timeout=120,
        on_stdout=lambda d: lines.append(d.decode())))
    t.start()
    try:
        assert wait_for(lambda: lines, 40)
        time.sleep(3)
        for _ in range(3):
            used = processor_time(host, 10)
            print("#   processor time over 10 s, an open door in an idle process: %s s, without: %s s" % (
                used, without))
            # 0.1 is what one tenth more or less makes of 1 %.
            if all(seconds <= max(0.2 * SLOW, without[d] + 0.1) for d, seconds in used.items()):
                return
        assert False, (used, without)
    finally:
        host.primary("kill %s" % "".join(lines), timeout=60)
        t.join(120)

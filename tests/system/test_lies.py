# SPDX-License-Identifier: GPL-2.0-only
"""The kernel of a service domain lies. The primary and the other domain live, whoever waits
can be killed, what the liar holds of the primary's is bounded; where it can be seen that
it lies it is cut off and told of, and what comes next serves."""
import concurrent.futures
import json
import re
import threading
import time

from lies import HANG_TIMEOUT, granted, liar, out, read, told
from outside import wait_for

TIMEOUT = 300
# The primary says that it has been lied to, and the liar that it lies.
KNOWN_SPLATS = [r"protocol violation", r"no answer", r"could not be unmapped"]

# Three processes call the network domain until they are killed; then the storage domain is used.
VICTIMS = r"""
import os, signal, socket, sys, time
def work():
    while True:
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.bind(('127.0.0.1', 0))
                s.connect(s.getsockname())
                for i in range(100):
                    s.send(b'x' * 64)
                    s.recv(2000)
        except OSError:
            time.sleep(0.01)
pids = []
for i in range(3):
    pid = os.fork()
    if not pid:
        work()
    pids.append(pid)
time.sleep(float(sys.argv[1]))
begun = time.time()
for pid in pids:
    os.kill(pid, signal.SIGKILL)
for pid in pids:
    os.waitpid(pid, 0)
took = time.time() - begun
name = '/root/well-%d' % os.getpid()
with open(name, 'wb+', 0) as f:
    f.write(b'well' * 1000)
    os.fsync(f.fileno())
    assert os.pread(f.fileno(), 4000, 0) == b'well' * 1000
os.unlink(name)
print(took)
"""


def victims(host, seconds=1.5, door=False):
    """Have the network domain called, and the callers killed while it lies."""
    env = "LD_PRELOAD=/usr/lib/virtuos/libsyscall-forward.so " if door else ""
    took = float(out(host.primary(env + "python3 - %s" % seconds, stdin=VICTIMS.encode(), timeout=60)))
    assert took < 2, "killed processes ended after %.1f s" % took
    return took


DATAGRAM = r"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.bind(('127.0.0.1', 0))
s.connect(s.getsockname())
s.send(b'well')
print(s.recv(100).decode())
"""


def net_is_well(host):
    assert out(host.primary("python3 -", stdin=DATAGRAM.encode(), timeout=60)).strip() == "well"


def listeners_are_well(host):
    """nginx has listened since long before the lies; it is told of none of them."""
    out(host.primary("curl -s --max-time 20 -o /dev/null http://127.0.0.1/", timeout=60))


def ends(host, lie, provoke, says, what, service="net"):
    """The liar is cut off and told of: its connection ends (@what: devid), because the domain
    serves others, too, or the domain does (@what: generation). The next one serves."""
    liar_ = liar(host, service)
    before, said = liar_.state(), told(host, says)
    provoke(lambda: liar_.tell(lie))
    assert wait_for(lambda: liar_.state()[what] > before[what], 120, 0.2), "%s: not cut off" % lie
    if what == "devid":
        liar_.tell("truth")
    liar_.wait_for_next(before, what)
    assert told(host, says) > said, "%s: not told of" % lie
    assert what == "generation" or liar_.state()["id"] == before["id"], "%s: others are served" % lie
    net_is_well(host)


def connection_ends(host, lie, provoke, says):
    with liar(host, "net").serves_others():
        ends(host, lie, provoke, says, "devid")


def domain_ends(host, lie, provoke, says, service="net"):
    """And nothing of the primary's is kept."""
    pages = granted(host)
    ends(host, lie, provoke, says, "generation", service)
    assert wait_for(lambda: granted(host) < pages + 100, 10), (lie, pages, granted(host))


def with_victims(host):
    def provoke(tell):
        tell()
        print("#   killed in %.2f s" % victims(host))
    return provoke


CUT_OFF = [
    ("twice", "completion ring"),
    ("wrong-tag", "completion ring"),
    ("long-result", "violation (result)"),
    ("odd-result", "violation (result)"),
    ("ahead", "submission ring"),
    ("back", "submission ring"),
]


def test_answers_and_indices(host):
    liar(host, "net")
    before = granted(host)
    for lie, says in CUT_OFF:
        connection_ends(host, lie, with_victims(host), says)
        listeners_are_well(host)
    assert wait_for(lambda: granted(host) <= before, 10), (before, granted(host))


def back(host, service):
    """The service's directory of the connection."""
    now = liar(host, service).state()
    return "/local/domain/%d/backend/virtuos/%s/%d" % (
        now["id"], out(host.dom0("xl domid primary")).strip(), now["devid"])


def test_states_in_xenstore(host):
    net = liar(host, "net")
    with net.serves_others():
        # What means nothing now is ignored.
        before = net.state()
        for state in ("1", "2", "3", "7", "8", "99", "-1", "4"):
            out(host.dom0(["xenstore-write", "--", back(host, "net") + "/state", state]))
        net_is_well(host)
        assert net.state()["devid"] == before["devid"], "cut off"
        # What ends the connection, or cannot be understood.
        for state in ("5", "6", "abc", ""):
            before = net.state()
            out(host.dom0(["xenstore-write", "--", back(host, "net") + "/state", state]))
            net.wait_for_next(before, "devid")
            net_is_well(host)
        before = net.state()
        out(host.dom0(["xenstore-rm", back(host, "net") + "/state"]))
        net.wait_for_next(before, "devid")
        net_is_well(host)


def test_keys_in_xenstore(host):
    net = liar(host, "net")
    where, words = back(host, "net"), []
    with net.serves_others():
        before = net.state()
        for value in ("-1", "", "9" * 30, "x" * 2000, "4\x1b[31m"):
            for key in ("versions", "features", "online", "longest-turn", "long-turns", "frontend-id", "feature-x"):
                words += [where + "/" + key, value]
        for device in ("0/-1", "0/abc", "99999/0", "abc/0", "-1/4294967296"):
            words += ["/local/domain/%d/backend/virtuos/%s/online" % (net.state()["id"], device), "1"]
        out(host.dom0(["xenstore-write", "--", *words]))
        assert json.loads(out(host.dom0("virtuos list --json"))) and host.dom0("virtuos status").status == 0
        victims(host, 0.5)
        net_is_well(host)
        assert net.state()["devid"] == before["devid"], "cut off"
        # And who is connected to it is found among all that.
        out(host.dom0(["xenstore-write", "--", where + "/state", "5"]))
        net.wait_for_next(before, "devid")
        assert net.state()["id"] == before["id"]


RATE = ("cd /sys/kernel/virtuos/net; t=$(date +%s%N); a=$(cat interrupts); sleep 1; "
        "b=$(cat interrupts); u=$(date +%s%N); echo $(((b - a) * 1000000000 / (u - t)))")


def storm(host, lie):
    """(interrupts a second, those throttled) while events come as fast as they can be sent"""
    before = int(read(host, "/sys/kernel/virtuos/net/throttled"))
    liar(host, "net").tell(lie)
    time.sleep(0.3)
    rate = int(out(host.primary(RATE, timeout=60)))
    took = victims(host, 0.5)
    throttled = int(read(host, "/sys/kernel/virtuos/net/throttled")) - before
    liar(host, "net").tell("truth")
    print("#   %s: %d interrupts a second, %d throttled, killed in %.2f s" % (lie, rate, throttled, took))
    return rate, throttled


# What tells of nothing is throttled soon, what seems to tell of something when it is too much.
def test_event_storms(host):
    rate, throttled = storm(host, "storm")
    assert throttled > 0 and rate < 10000, (rate, throttled)
    for lie in ("storm-objects", "storm-doors"):
        rate, throttled = storm(host, lie)
        assert rate < 70000, (lie, rate, throttled)
    sent = re.findall(r"virtuos-lie: (\d+) events in (\d+) ms", host.consoles()["guest-net"])
    print("#   events sent a second: %s" % [int(n) * 1000 // int(ms) for n, ms in sent])
    assert len(sent) == 3, sent
    net_is_well(host)


# Who is charged too much is served as before, and the primary says what it refused.
def test_costs(host):
    net = liar(host, "net")
    before, refused = net.state(), int(read(host, "/sys/kernel/virtuos/net/cost_refused"))
    net.tell("costs")
    took = victims(host, 0.5)
    net_is_well(host)
    net.tell("truth")
    more = int(read(host, "/sys/kernel/virtuos/net/cost_refused")) - refused
    print("#   %d ticks refused, killed in %.2f s" % (more, took))
    assert more > 0 and net.state()["devid"] == before["devid"], (more, before, net.state())
    net_is_well(host)


CONTROL = r"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.bind(('127.0.0.1', 0))
s.connect(s.getsockname())
for i in range(20):
    s.send(b'well')
    print(*s.recvmsg(100, 40 + 40 * i))
"""


def test_control_messages_of_any_kind(host):
    foreign = "/sys/module/virtuos_net/parameters/foreign_control"
    before = int(read(host, foreign))
    liar(host, "net").tell("control")
    lines = out(host.primary("python3 -", stdin=CONTROL.encode(), timeout=60)).strip().split("\n")
    liar(host, "net").tell("truth")
    assert len(lines) == 20 and all(x.startswith("b'well' [] ") for x in lines), lines
    assert int(read(host, foreign)) > before
    net_is_well(host)


# N processes open a door with a channel to the network domain, say so, and end together.
DOORS = r"""
import ctypes, os, sys
libc = ctypes.CDLL(None)
prctl, opened, info = 0x44534f56, 0, ctypes.create_string_buffer(256)
ready, said = os.pipe()
end, never = os.pipe()
for i in range(int(sys.argv[1])):
    if not os.fork():
        os.close(never)
        os.close(ready)
        if not libc.prctl(prctl, 1, info, 0, 0):
            os.write(said, b'y' if not libc.prctl(prctl, 2, 0, info, 0) else b'n')
        else:
            os.write(said, b'n')
        os.close(said)
        os.read(end, 1)
        os._exit(0)
os.close(said)
answers = b''
while True:
    more = os.read(ready, 4096)
    if not more:
        break
    answers += more
print(answers.count(b'y'))
"""


def open_doors(host, n):
    """Open n doors at a time, and let their processes end. How many there were."""
    return int(out(host.primary("python3 - %d" % n, stdin=DOORS.encode(), timeout=120)))


# A domain that eats calls, or keeps pages, has the memory of a connection that ended: it is
# given one more connection, and ends after that.
def test_one_operation_eaten(host):
    connection_ends(host, "eat-recv", with_victims(host), "no answer to RECVMSG")


# Calls of the kernel, and on lanes of processes.
def test_all_calls_eaten_while_the_heart_beats(host):
    def provoke(tell):
        tell()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda door: victims(host, 1.5, door), (False, True)))
    domain_ends(host, "eat-all", provoke, "no answer to")


def test_pages_kept_after_close(host):
    def provoke(tell):
        tell()
        assert open_doors(host, 3) == 3
    connection_ends(host, "keep-pages", provoke, "pages kept")


def test_closes_eaten(host):
    def provoke(tell):
        tell()
        n = open_doors(host, 200)
        assert n > 100, n
    domain_ends(host, "eat-close", provoke, "no answer to UCHAN_CLOSE")


def test_connection_made_anew_on_one_device(host):
    domain_ends(host, "reconnect", with_victims(host), "service domain lost")


def test_an_honest_one_follows(host):
    liar(host, "net").make_honest()
    domain_ends(host, "wrong-tag", with_victims(host), "completion ring")
    liar(host, "net").tell("wrong-tag")
    net_is_well(host)


# Uses the network domain, and has processes ask the storage domain for what is not known, who
# are killed soon. All that it needs itself it has when it says so.
OF_STORAGE = r"""
import os, signal, socket, sys, time
def net_is_well():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.bind(('127.0.0.1', 0))
        s.connect(s.getsockname())
        s.send(b'well')
        assert s.recv(100) == b'well'
def ask(i):
    try:
        os.stat('/root/none-%d-%d' % (os.getpid(), i))
    except OSError:
        pass
    os._exit(0)
net_is_well()
print('ready', flush=True)
end, worst, i = time.time() + 9, 0, 0
while time.time() < end:
    i += 1
    pid = os.fork()
    if not pid:
        ask(i)
    net_is_well()
    time.sleep(0.5)
    os.kill(pid, signal.SIGKILL)
    begun = time.time()
    os.waitpid(pid, 0)
    worst = max(worst, time.time() - begun)
print(worst, flush=True)
"""


def with_victims_of_storage(host):
    def provoke(tell):
        said, result = [], []
        t = threading.Thread(target=lambda: result.append(host.primary(
            ["python3", "-c", OF_STORAGE], timeout=100, on_stdout=lambda data: said.append(data.decode()))))
        t.start()
        assert wait_for(lambda: "ready" in "".join(said), 60)
        tell()
        t.join(100)
        out(result[0])
        worst = float("".join(said).split()[1])
        print("#   killed in %.2f s at most" % worst)
        assert worst < 2, worst
    return provoke


def test_storage_eats_calls(host):
    domain_ends(host, "eat-all", with_victims_of_storage(host), "no answer to NOP", "storage")


# Processes of a user who is lied to about files: all that a program may ask of a file, with names
# below its own folder. What they need of other files they have before they become that user. A
# listing may have no end. They say how many calls had a result.
GARBLED = r"""
import array, fcntl, mmap, os, random, shutil, signal, sys, time
seconds, home = float(sys.argv[1]), '/root/garbled'
os.chmod('/root', 0o711)
os.makedirs(home, exist_ok=True)
os.chown(home, 4711, 4711)
os.chdir(home)
names = ['f%d' % i for i in range(6)] + ['d', 'd/e', 'l', '.']
name = lambda: random.choice(names)
any_number = lambda: random.choice((0, 1, 4095, 4096, 70000, 1 << 33))
def with_file(f):
    fd = os.open(name(), random.choice((os.O_RDONLY, os.O_RDWR, os.O_RDWR | os.O_CREAT, os.O_RDWR | os.O_APPEND)), 0o644)
    try:
        f(fd)
    finally:
        os.close(fd)
def map_it(fd):
    with mmap.mmap(fd, 8192) as m:
        m[0] = m[5000] = 1
def listing(where):
    with os.scandir(where) as entries:
        for i, e in enumerate(entries):
            if i == 500:
                break
            e.stat(follow_symlinks=False)
of_files = [
    lambda fd: os.pread(fd, 70000, any_number()), lambda fd: os.pwrite(fd, b'x' * 9000, random.choice((0, 4095, 70000))),
    lambda fd: os.write(fd, b'y' * 100), lambda fd: os.ftruncate(fd, random.choice((0, 10000))), os.fstat, os.fsync, map_it,
    lambda fd: os.posix_fallocate(fd, 0, 20000), lambda fd: os.lseek(fd, any_number(), random.choice((os.SEEK_DATA, os.SEEK_HOLE, os.SEEK_END))),
    lambda fd: fcntl.ioctl(fd, 0x80086601, bytes(8)), lambda fd: fcntl.ioctl(fd, 0xc020660b, array.array('Q', [0, (1 << 64) - 1, 1, 4] + [0] * 28)),
    lambda fd: os.copy_file_range(fd, fd, 5000, 0, 30000), lambda fd: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB),
    lambda fd: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 10), os.fstatvfs]
of_names = [
    lambda: listing(name()), lambda: os.stat(name()), lambda: os.lstat(name()), lambda: os.readlink(name()), lambda: os.mkdir(name()),
    lambda: os.symlink('f1', 'l'), lambda: os.link(name(), name()), lambda: os.rename(name(), name()), lambda: os.unlink(name()),
    lambda: os.rmdir(name()), lambda: os.setxattr(name(), 'user.a', b'b' * 50), lambda: os.getxattr(name(), 'user.a'),
    lambda: os.listxattr(name()), lambda: os.statvfs(name()), lambda: os.chmod(name(), 0o755), lambda: os.utime(name()),
    lambda: os.truncate(name(), any_number() % 80000), lambda: os.access(name(), os.R_OK)]
def work(end, said):
    os.setgid(4711)
    os.setuid(4711)
    n = 0
    while time.time() < end:
        try:
            if random.random() < 0.5:
                with_file(random.choice(of_files))
            else:
                random.choice(of_names)()
            n += 1
        except (OSError, ValueError, BufferError):
            pass
        if n % 50 == 49:
            os.write(said, b'.')
            n = 0
print('ready', flush=True)
heard, said = os.pipe2(os.O_NONBLOCK)
end, pids = time.time() + seconds, []
while time.time() < end:                # a mapping's fault may end one
    while len(pids) < 3:
        pid = os.fork()
        if not pid:
            work(end + 100, said)
        pids.append(pid)
    time.sleep(0.2)
    pids = [pid for pid in pids if os.waitpid(pid, os.WNOHANG)[0] == 0]
begun = time.time()
for pid in pids:
    os.kill(pid, signal.SIGKILL)
for pid in pids:
    os.waitpid(pid, 0)
print(time.time() - begun, 50 * len(os.read(heard, 1 << 16)), flush=True)
"""


# What it says of files is nonsense, and well formed: no kernel is disturbed, nor another user's file.
def test_storage_garbles_replies(host):
    storage = liar(host, "storage")
    before = granted(host)
    said, result = [], []
    t = threading.Thread(target=lambda: result.append(host.primary(
        ["python3", "-c", GARBLED, "20"], timeout=200, on_stdout=lambda data: said.append(data.decode()))))
    t.start()
    assert wait_for(lambda: "ready" in "".join(said), 60), said
    storage.tell("garble")
    t.join(200)
    out(result[0])
    storage.tell("truth")
    took, calls = (float(x) for x in "".join(said).split()[1:])
    print("#   killed in %.2f s; %d calls had a result" % (took, calls))
    assert took < 2 and calls > 100, said
    net_is_well(host)
    out(host.primary("echo well >/root/well && sync && grep -q well /root/well && rm /root/well"))
    host.primary("rm -rf /root/garbled")
    assert wait_for(lambda: granted(host) <= before + 100, 10), (before, granted(host))


def test_storage_says_too_much(host):
    liar(host, "storage").make_honest()
    domain_ends(host, "long-result", with_victims_of_storage(host), "violation (reply)", "storage")


# One request takes longer than HANG_TIMEOUT. The machine's disk does that, from outside.
def test_a_slow_disk_is_no_lie(host):
    before = liar(host, "storage").state()
    host.machine.qmp.hmp("block_set_io_throttle data 32000 0 0 0 0 0")
    begun = time.monotonic()
    try:
        out(host.primary("dd if=/dev/zero of=/root/slow bs=256k count=1 conv=fsync 2>/dev/null", timeout=100))
    finally:
        host.machine.qmp.hmp("block_set_io_throttle data 0 0 0 0 0 0")
    took = time.monotonic() - begun
    print("#   %.0f s" % took)
    assert took > HANG_TIMEOUT + 3, took
    assert liar(host, "storage").state()["generation"] == before["generation"], "taken for a hang"
    net_is_well(host)

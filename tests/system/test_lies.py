# SPDX-License-Identifier: GPL-2.0-only
"""A network domain's kernel lies. The primary and the other domain live; what it holds of the
primary's is bounded; it is cut off, and an honest one takes its place."""
import time

from lies import Liar, counter, granted, out

TIMEOUT = 240
# The primary says that it has been lied to, and the liar that it lies.
KNOWN_SPLATS = [r"protocol violation", r"no heartbeat", r"could not be unmapped"]

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


def other_is_well(host):
    out(host.primary("rm -f /root/well && echo well >/root/well && sync && grep well /root/well", timeout=60))


def test_event_storm_is_throttled(host):
    with Liar(host, "net") as liar:
        liar.tell("storm")
        time.sleep(0.5)
        text = out(host.primary("cd /sys/kernel/virtuos/net; t=$(date +%s%N); a=$(cat interrupts); sleep 1; "
                                "b=$(cat interrupts); u=$(date +%s%N); echo $(((b - a) * 1000000000 / (u - t)))",
                                timeout=60))
        other_is_well(host)
        time.sleep(3)
        throttled = counter(host, "net", "throttled")
    print("#   %s interrupts a second, %d throttled" % (text.strip(), throttled))
    assert throttled > 0
    assert int(text) < 10000, text


def test_pages_kept_after_close(host):
    with Liar(host, "net") as liar:
        before = granted(host)
        liar.tell("keep-pages")
        assert open_doors(host, 3) == 3
        assert liar.is_replaced(60), "not cut off"
        other_is_well(host)
    assert granted(host) < before + 100, (before, granted(host))


def test_reconnection_on_the_same_device(host):
    with Liar(host, "net") as liar:
        before = granted(host)
        liar.tell("reconnect")
        assert liar.is_replaced(60), "not cut off"
        other_is_well(host)
    assert granted(host) < before + 100, (before, granted(host))


# 256 channels whose end is never answered; then the domain stops altogether.
def test_unanswered_closes_do_not_hide_a_hang(host):
    with Liar(host, "net") as liar:
        liar.tell("eat-close")
        n = open_doors(host, 256)
        print("#   %d channels" % n)
        assert n > 200, n
        other_is_well(host)
        out(host.dom0("xl pause %d" % liar.domid))
        assert liar.is_replaced(90), "the hang was not found"
        other_is_well(host)

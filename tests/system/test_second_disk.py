# SPDX-License-Identifier: GPL-2.0-only
"""A second storage domain with an xfs, in short. test_filesystems.py has the other types, and the way that a user goes."""
import concurrent.futures
import threading

from host import LIBRARY
from image import DEBUG, SLOW
from outcome import Skip
from outside import wait_for
from test_door import carried
from test_filesystems import DOMAIN, killed_meanwhile, make, put, rounds
from test_recovery import calls_wait, kill, out, states, wait_until_up

TIMEOUT = 300

# virtuosd reads a configuration when it starts a system. The next one finds this in its place, and starts what is missing.
ADD = r"""
set -e
cd /run/virtuos
sed -i 's/^services = .*/services = [ "net", "storage", "xfs" ]/' primary.cfg
cat >>primary.cfg
kill -9 $(systemctl show -p MainPID --value virtuos.service)
modprobe loop
until virtuos up 2>/dev/null; do sleep 0.5; done
"""


def have_xfs(host):
    """Have the second storage domain running; it is mounted nowhere."""
    if DEBUG:
        raise Skip("the debug kernel is built without other file systems")
    if "xfs" in states(host):
        return
    with make("xfs") as image:
        put(host, "xfs", image)
    out(host.dom0(ADD, stdin=DOMAIN.format(name="xfs", access="rw").encode()))
    mount = "mkdir -p /mnt/xfs && mount -t virtuosfs xfs /mnt/xfs && umount /mnt/xfs"
    assert wait_for(lambda: host.primary(mount).status == 0, 60, 1)


def test_an_xfs_beside_the_root(host):
    """Files on it are changed while its domain dies, and the root file system notices nothing."""
    generation = states(host)["storage"]["generation"]
    have_xfs(host)
    out(host.primary("mount -t virtuosfs xfs /mnt/xfs"))
    with calls_wait(host, 120):
        assert killed_meanwhile(host, "xfs", lambda: rounds(host, "xfs", 6), 2) >= 1
    out(host.primary("umount /mnt/xfs"))
    # It has a connection again with the next mount, and its domain goes on.
    generations = {n: s["generation"] for n, s in states(host).items()}
    for _ in range(3):
        out(host.primary("mount -t virtuosfs xfs /mnt/xfs && ls /mnt/xfs && umount /mnt/xfs", timeout=100))
    assert {n: s["generation"] for n, s in states(host).items()} == generations
    assert states(host)["storage"]["generation"] == generation


# Records by the door, read again by the trap door. A new file does not have it from its first record on.
WRITE = r"""
import os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_TRUNC)
for n in range(int(sys.argv[2])):
    assert os.pwrite(fd, b'%07d\n' % n, 8 * n) == 8
    if n == 600:
        print("half", flush=True)
    time.sleep(0.002)
"""


def written(host, path, count, on_half=lambda _: None):
    """How many records of a writer with the door went by it; all are in the file afterwards."""
    r = host.primary(["env", "LD_PRELOAD=" + LIBRARY, "VIRTUOS_DOOR_STATS=/dev/stderr", "python3", "/root/write.py",
                      path, str(count)], timeout=150, on_stdout=on_half)
    assert r.status == 0, r
    assert out(host.primary(["cat", path])) == "".join("%07d\n" % i for i in range(count))
    return carried(r.stderr.decode()).get("write", 0)


def test_doors_lead_to_the_root(host):
    """Files of the first storage domain have the door, whatever else is mounted; those of the second have not."""
    have_xfs(host)
    host.primary(["sh", "-c", "cat >/root/write.py"], stdin=WRITE.encode(), check=True)
    out(host.primary("mount -t virtuosfs xfs /mnt/xfs"))
    half = threading.Event()
    with calls_wait(host, 120), concurrent.futures.ThreadPoolExecutor(1) as pool:
        writer = pool.submit(written, host, "/root/records", 1200, lambda _: half.set())
        assert half.wait(100)
        generation = kill(host, "storage")
        by_door = writer.result()
        assert by_door > 200, by_door
        wait_until_up(host, "storage", generation)
    by_door = written(host, "/mnt/xfs/records", 700)
    assert not by_door, by_door
    out(host.primary("umount /mnt/xfs"))
    by_door = written(host, "/root/records", 700)
    assert by_door > 200, by_door

# SPDX-License-Identifier: GPL-2.0-only
"""A second storage domain with an xfs, in short. test_filesystems.py has the other types, and the way that a user goes."""
from image import DEBUG
from outcome import Skip
from outside import wait_for
from test_filesystems import DOMAIN, killed_meanwhile, make, put, rounds
from test_recovery import calls_wait, out, states

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


def test_an_xfs_beside_the_root(host):
    """Files on it are changed while its domain dies, and the root file system notices nothing."""
    if DEBUG:
        raise Skip("the debug kernel is built without other file systems")
    with make("xfs") as image:
        put(host, "xfs", image)
    generation = states(host)["storage"]["generation"]
    out(host.dom0(ADD, stdin=DOMAIN.format(name="xfs", access="rw").encode()))
    assert wait_for(lambda: host.primary("mkdir -p /mnt/xfs && mount -t virtuosfs xfs /mnt/xfs").status == 0, 60, 1)
    with calls_wait(host, 60):
        assert killed_meanwhile(host, "xfs", lambda: rounds(host, "xfs", 6), 2) >= 1
    out(host.primary("umount /mnt/xfs"))
    # It has a connection again with the next mount, and its domain goes on.
    generations = {n: s["generation"] for n, s in states(host).items()}
    for _ in range(3):
        out(host.primary("mount -t virtuosfs xfs /mnt/xfs && ls /mnt/xfs && umount /mnt/xfs", timeout=100))
    assert {n: s["generation"] for n, s in states(host).items()} == generations
    assert states(host)["storage"]["generation"] == generation

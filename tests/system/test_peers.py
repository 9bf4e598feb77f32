# SPDX-License-Identifier: GPL-2.0-only
"""The systems that ours is measured against: each boots the same userland on the same
kernel version, reaches network and disk in its own way, and has what it should have."""
import glob
import os

from host import Host
from image import BUILD
from outcome import Skip
from outside import Page, fetch, wait_for

MACHINE = False
TIMEOUT = 420           # a state that is not there yet has to be made first

WRITE = ("dd if=/dev/urandom of=/root/peer bs=64k count=16 conv=fsync 2>/dev/null && sum=$(md5sum </root/peer) && "
         "echo 3 >/proc/sys/vm/drop_caches && [ \"$sum\" = \"$(md5sum </root/peer)\" ] && rm /root/peer && echo sound")
DEVICES = r"""
echo $(ls /sys/block | grep -v -e loop -e ram)
cat /sys/bus/pci/devices/*/class 2>/dev/null | grep -c -e 0x010601 -e 0x020000
basename $(readlink /sys/class/net/eth0/device/driver)
ls -d /proc/xen 2>/dev/null || echo no xen
"""


def out(result):
    assert result.status == 0, (result.status, result.stdout, result.stderr)
    return result.stdout.decode()


def release():
    """The version of the primary's kernel, which is what the build made of it."""
    with open(os.path.join(BUILD, "kernel/primary/include/config/kernel.release")) as f:
        return f.read().strip()


def check(system, disk, pci, driver, xen):
    """One restored machine: the same userland everywhere, its own devices."""
    if Host.door != "trap":
        raise Skip("they have no door")
    if not glob.glob(os.path.join(BUILD, "initrd/peer.img")):
        raise Skip("no kernels for it: make peers")
    with Host.restore(system=system) as h, Page(b"hello peer\n") as page:
        h.forget_consoles()
        assert out(h.primary("uname -r; hostname; nproc")).split() == [release(), "primary", "1"]
        assert int(out(h.primary("awk '/MemTotal/ { print $2 }' /proc/meminfo"))) in range(650000, 768 * 1024)
        assert "ext4" in out(h.primary("awk '$2 == \"/\" { print $3 }' /proc/mounts"))
        assert out(h.primary("curl -sS --max-time 20 " + page.url)) == "hello peer\n"
        assert out(h.primary(WRITE)) == "sound\n"
        port = h.forward(80)
        assert b"VirtuOS" in (wait_for(lambda: fetch(port), 20) or b"")
        assert h.primary("exit 7").status == 7
        lines = out(h.primary(DEVICES)).split("\n")
        assert lines[0].split() == [disk], lines
        assert int(lines[1]) == pci and lines[2:4] == [driver, xen], lines
        assert not h.splats(), h.splats()


def test_native():
    # The second AHCI controller is the chipset's own; no disk is on it.
    check("native", "sda", 3, "e1000e", "no xen")


def test_pv():
    check("pv", "sda", 2, "e1000e", "/proc/xen")


def test_driver_domain():
    check("driver-domain", "xvda", 0, "vif", "/proc/xen")

# SPDX-License-Identifier: GPL-2.0-only
"""docs/tutorial.md as it stands, typed in a dom0 that has nothing but Debian's Xen.

The machine has a blank disk and a network card, both in use by dom0's own drivers, the repository
of `make repo` in /srv/virtuos, and an archive of a Debian for the primary. Every line of the document that begins
with "dom0# " is typed; one that fails, or lasts too long, ends the test.
"""
import contextlib
import os
import re
import subprocess
import tempfile
import time
import urllib.request

import image
import state
from host import Host
from image import CACHE, TOP, Lock, digest, find_deb, say
from outside import wait_for

MACHINE = False
TIMEOUT = 3600
TEXT = os.path.join(TOP, "docs/tutorial.md")
LINE = re.compile(r"^    dom0# (.*)$", re.M)
# What the tutorial says that the archive has.
ARCHIVE = re.compile(r"^    any# (mmdebstrap .*) primary\.tar\.gz$", re.M)
NIC, DISK = "0000:00:03.0", "0000:01:00.0"

# The rig hides both devices from dom0. A host that has just been installed uses them, with the
# drivers that Debian loads.
FRESH = """
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
for d in %s %s; do
	echo $d > /sys/bus/pci/drivers/pciback/unbind
	echo $d > /sys/bus/pci/drivers/pciback/remove_slot
done
modprobe e1000e && modprobe ahci
for d in %s; do echo $d > /sys/bus/pci/drivers_probe; done
for i in $(seq 50); do [ -b /dev/sda ] && break; sleep 0.2; done
[ -b /dev/sda ]
""" % (NIC, DISK, " ".join((NIC, DISK)))
# A host whose only disk has a file system in use.
ONE_DISK = "mkfs.ext4 -q /dev/sda && mkdir -p /var/lib/virtuos && mount /dev/sda /var/lib/virtuos && modprobe loop"
# Under emulation virtual processors that share real ones are ten times slower.
PINNED = """sed -i 's/^primary_vcpus = .*/primary_vcpus = 1\\nprimary_cpus = "1"\\nnet_cpus = "2"\\nstorage_cpus = "3"\\n'\\
'primary_memory = 768/; /^primary_memory = 1024/d' /etc/virtuos/virtuos.cfg"""


def text():
    with open(TEXT) as f:
        return f.read()


def commands(*sections):
    """The commands of these sections, in the order that is asked for."""
    parts = {int(re.match(r"\d+", p).group()): p for p in re.split(r"^## (?=\d)", text(), flags=re.M)[1:]}
    return [line for n in sections for line in LINE.findall(parts[n])]


def archive():
    """What the tutorial's command makes; kept in the cache, for it takes minutes."""
    (command,) = ARCHIVE.findall(text())
    made = os.environ.get("VIRTUOS_PRIMARY_TAR")
    if made:
        return made
    place = os.path.join(CACHE, "images", "base-tutorial-" + digest(command))
    with Lock("base-tutorial"):
        if not os.path.exists(place):
            with tempfile.TemporaryDirectory(dir=os.path.join(CACHE, "images")) as tmp:
                image.run(command.split() + [os.path.join(tmp, "primary.tar.gz")])
                os.mkdir(os.path.join(tmp, "new"))
                os.rename(os.path.join(tmp, "primary.tar.gz"), os.path.join(tmp, "new", "primary.tar.gz"))
                os.rename(os.path.join(tmp, "new"), place)
    return os.path.join(place, "primary.tar.gz")


def repository(where):
    packages = image.companions(find_deb())
    env = {**os.environ, "XDG_DATA_HOME": where}
    subprocess.run([os.path.join(TOP, "scripts/repo.sh"), os.path.join(where, "virtuos"), *packages],
                   check=True, env=env, stdout=subprocess.DEVNULL)
    return os.path.join(where, "virtuos")


@contextlib.contextmanager
def fresh_host(where):
    """dom0 without VirtuOS, with a blank disk, and what the first section made in /srv."""
    disk = os.path.join(where, "disk.raw")
    with open(disk, "wb") as f:
        f.truncate(12 << 30)
    place, _ = state.bare(None, find_deb())
    with Host(state.resumed(place, (disk, "raw"))) as host:
        typed(host, FRESH)
        host.copy([repository(where), archive()], "dom0", "/srv")
        typed(host, "cd /srv && mv -n *.tar.gz primary.tar.gz; ls")
        yield host


def reboot(host):
    """dom0 restarts the machine. The rig's QEMU would end at that."""
    host.machine.qmp.command("set-action", reboot="reset")
    host.dom0("systemctl --no-block reboot", check=True)
    for port in host.machine.ports:
        port.close()
    time.sleep(10)
    for port in host.machine.ports:
        port.reset(state.BOOT_TIMEOUT)
    host.dom0(["systemctl", "is-system-running", "--wait"], timeout=state.BOOT_TIMEOUT)


def typed(host, command):
    begun = time.time()
    if command == "systemctl reboot":
        reboot(host)
        said = ""
    else:
        r = host.dom0(command, timeout=400)
        said = (r.stdout + r.stderr).decode(errors="replace")
        assert r.status == 0, "%s: %s\n%s" % (command, said, state.consoles(host.machine))
    say("dom0# %s   (%d s)\n%s" % (command, time.time() - begun, said))
    return said


def page(port):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d/" % port, timeout=10) as f:
            return b"nginx" in f.read()
    except OSError:
        return False


def evening(host, sections):
    """Type the sections; while the system is up, the page is there from outside."""
    port = None
    for command in commands(*sections):
        typed(host, command)
        if "scan --write" in command:
            typed(host, PINNED)
        elif "virtuos list" in command:
            port = port or forwarded(host)
            assert wait_for(lambda: page(port), 180, 2), "no page from outside after: " + command


def forwarded(host):
    """A port of this machine that leads to the address which the network domain got."""
    said = []

    def address():
        r = host.dom0("virtuos exec -- ip -4 -o address show scope global")
        said[:] = re.findall(r"inet ([\d.]+)/", r.stdout.decode(errors="replace"))
        return said
    assert wait_for(address, 120, 2), "the network domain got no address"
    return host.forward(80, said[0])


def test_the_evening_as_the_tutorial_has_it():
    with tempfile.TemporaryDirectory() as where:
        with fresh_host(where) as host:
            evening(host, (2, 3, 4, 5, 6, 7, 8, 10))
            left = typed(host, "xl list; ls -d /etc/virtuos /usr/lib/virtuos /var/log/virtuos 2>&1 || true")
            assert "primary" not in left, left


def test_one_network_card_and_one_disk():
    with tempfile.TemporaryDirectory() as where:
        with fresh_host(where) as host:
            typed(host, ONE_DISK)
            evening(host, (2, 11, 5, 6, 7))

# SPDX-License-Identifier: GPL-2.0-only
"""virtuos adopt on images of small Debians: changed, given back, refused, interrupted."""
import contextlib
import glob
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import uuid
import zlib

from image import BUILD, companions

MACHINE = False
VIRTUOS = os.path.join(BUILD, "dom0-tools/virtuos")
WHERE = "/dev/shm"		# each run waits for the disk several times
MIB = 1 << 20
SECTOR = 512
PARTITION_AT = 1 * MIB
SIZE = 24 * MIB
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"
ROOT = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
FSTAB = """# made by the installer
UUID=1234 / ext4 errors=remount-ro 0 1
UUID=ABCD-12 /boot/efi vfat umask=0077 0 1
/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0
/swapfile none swap sw 0 0
tmpfs /tmp tmpfs defaults 0 0
/srv/a /srv/b none bind 0 0
"""
# As the above, with what has no disk in a primary left out.
FSTAB_AFTER = """# made by the installer
# virtuos adopt: UUID=1234 / ext4 errors=remount-ro 0 1
# virtuos adopt: UUID=ABCD-12 /boot/efi vfat umask=0077 0 1
# virtuos adopt: /dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0
# virtuos adopt: /swapfile none swap sw 0 0
tmpfs /tmp tmpfs defaults 0 0
/srv/a /srv/b none bind 0 0
"""
DEBIAN = {
    "usr/lib/os-release": 'PRETTY_NAME="Debian"\nVERSION_ID="12"\nID=debian\n',
    "usr/lib/systemd/systemd": "", "usr/sbin/init": "", "boot/vmlinuz-6.1": "kernel", "etc/fstab": FSTAB,
    "etc/crypttab": "data UUID=77 none luks\n", "etc/network/interfaces": "auto lo\niface lo inet loopback\n"
    "allow-hotplug ens3\niface ens3 inet dhcp\n", "var/lib/dpkg/status": "",
}


def file_system(where, files, size=SIZE, room=None):
    """An ext4 with a Debian, these files, and a shell of this machine; None: without that one."""
    path, tree = os.path.join(where, "fs.img"), os.path.join(where, "tree")
    files = {name: text for name, text in {**DEBIAN, **files}.items() if text is not None}
    for name, text in files.items():
        os.makedirs(os.path.dirname(os.path.join(tree, name)), exist_ok=True)
        with open(os.path.join(tree, name), "w") as f:
            f.write(text)
    os.makedirs(os.path.join(tree, "usr/bin"), exist_ok=True)
    shutil.copy("/usr/bin/dash", os.path.join(tree, "usr/bin/dash"))
    wants = os.path.join(tree, "etc/systemd/system/getty.target.wants")
    os.makedirs(wants, exist_ok=True)
    os.symlink("/lib/systemd/system/serial-getty@.service", os.path.join(wants, "serial-getty@ttyS0.service"))
    os.symlink("usr/sbin", os.path.join(tree, "sbin"))
    os.chmod(os.path.join(tree, "etc/fstab"), 0o640)
    os.utime(os.path.join(tree, "etc/fstab"), (1e9, 1e9))
    with open(path, "wb") as f:
        f.truncate(size)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-m", "0", "-d", tree, path] + (room or []), check=True)
    shutil.rmtree(tree)
    return path


def gpt(path, parts):
    """A disk image with a GPT; parts: (type, file with the contents)."""
    entries, at, placed = b"", PARTITION_AT, []
    for kind, content in parts:
        size = os.path.getsize(content)
        entries += struct.pack("<16s16sQQQ72s", uuid.UUID(kind).bytes_le, uuid.uuid4().bytes_le, at // SECTOR,
                               (at + size) // SECTOR - 1, 0, b"")
        placed.append((at, content))
        at += size
    entries, sectors = entries.ljust(128 * 128, b"\0"), (at + MIB) // SECTOR
    disk = uuid.uuid4().bytes_le

    def header(here, other, table):
        parts = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, here, other, 34, sectors - 34,
                            disk, table, 128, 128, zlib.crc32(entries))
        return parts[:16] + struct.pack("<I", zlib.crc32(parts)) + parts[20:]

    with open(path, "wb") as f:
        f.truncate(sectors * SECTOR)
        f.seek(446)
        f.write(struct.pack("<BBBBBBBBII", 0, 0, 2, 0, 0xee, 255, 255, 255, 1, sectors - 1))
        f.seek(510)
        f.write(b"\x55\xaa" + header(1, sectors - 1, 2).ljust(SECTOR, b"\0") + entries)
        f.seek((sectors - 33) * SECTOR)
        f.write(entries + header(sectors - 1, 1, sectors - 33))
        for at, content in placed:
            f.seek(at)
            with open(content, "rb") as c:
                shutil.copyfileobj(c, f)
    return path


def mbr(path, content):
    """A disk image with an old partition table, whose first partition has these contents."""
    size = os.path.getsize(content)
    with open(path, "wb") as f:
        f.truncate(PARTITION_AT + size)
        f.seek(446)
        f.write(struct.pack("<BBBBBBBBII", 0x80, 0, 2, 0, 0x83, 255, 255, 255, PARTITION_AT // SECTOR, size // SECTOR))
        f.seek(510)
        f.write(b"\x55\xaa")
        f.seek(PARTITION_AT)
        with open(content, "rb") as c:
            shutil.copyfileobj(c, f)
    return path


@contextlib.contextmanager
def device(image):
    """A block device with what an image has."""
    path = subprocess.run(["losetup", "-f", "--show", image], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()
    try:
        yield path
    finally:
        subprocess.run(["losetup", "-d", path], check=True)
        wait_for_loops(image)


def inside(image, script, at=0, options="ro"):
    """What a script prints in the root file system of an image."""
    with tempfile.TemporaryDirectory() as where:
        r = subprocess.run(["unshare", "-m", "sh", "-ec",
                            "mount -o loop,%s,offset=%d %s %s; cd %s; %s" % (options, at, image, where, where, script)],
                           stdout=subprocess.PIPE, text=True, check=True)
    wait_for_loops(image)
    return r.stdout


def wait_for_loops(image):
    """A loop device goes a moment after its last user."""
    for _ in range(100):
        if not subprocess.run(["losetup", "-j", image], stdout=subprocess.PIPE, check=True).stdout:
            return
        time.sleep(0.05)
    raise AssertionError("a loop device is left on " + image)


def listing(image, at=0):
    """All files with owner, mode, size, time, target and contents; directories with owner and mode."""
    return inside(image, "find . -path ./lost+found -prune -o -type d -printf '%p %U %m\\n' -o "
                  "-printf '%p %U %G %m %s %T@ %l\\n'; find . -type f -exec sha256sum {} +", at).splitlines()


def adopt(image, *options, ok=True):
    r = subprocess.run([VIRTUOS, "adopt", "--parts", parts(), *options, image], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=60)
    assert (r.returncode == 0) == ok, r.stdout
    wait_for_loops(image)
    return r.stdout


def parts():
    return os.path.join(PARTS.name, "usr/lib/virtuos")


PARTS = tempfile.TemporaryDirectory(prefix="virtuos-parts-")


def setup():
    if not os.path.exists(parts()):
        (deb,) = glob.glob(os.path.join(BUILD, "virtuos_*.deb"))
        (guest,) = [p for p in companions(deb) if "virtuos-guest_" in p]
        subprocess.run(["dpkg-deb", "--extract", guest, PARTS.name], check=True)
        os.remove(os.path.join(parts(), "virtuos-agent.service"))		# a link to /
        shutil.copy(os.path.join(PARTS.name, "lib/systemd/system/virtuos-agent.service"), parts())


@contextlib.contextmanager
def debian(files=None, **more):
    setup()
    with tempfile.TemporaryDirectory(prefix="virtuos-adopt-", dir=WHERE) as where:
        yield file_system(where, files or {}, **more)


def digest(path):
    return subprocess.run(["sha256sum", path], stdout=subprocess.PIPE, check=True).stdout


def refused(image, *options):
    """It is refused, and has no byte changed."""
    before = digest(image)
    said = adopt(image, *options, ok=False)
    assert digest(image) == before, said
    return said


def test_adopted_and_given_back():
    with debian() as image:
        before = listing(image)
        said = adopt(image)
        for words in ("sets up ens3", "/boot/efi", "serial-getty@ttyS0.service is masked", "storage_device"):
            assert words in said, said
        assert inside(image, "cat etc/fstab") == FSTAB_AFTER
        assert inside(image, "stat -c %a etc/fstab usr/lib/virtuos/virtuos-agent").split() == ["640", "755"]
        assert inside(image, "readlink etc/systemd/system/serial-getty@ttyS0.service") == "/dev/null\n"
        assert inside(image, "cat etc/crypttab").startswith("# virtuos adopt: data")
        assert inside(image, "cat boot/vmlinuz-6.1") == "kernel"
        adopted = listing(image)
        assert "is adopted already" in adopt(image)
        assert listing(image) == adopted
        adopt(image, "--undo")
        assert listing(image) == before, sorted(set(listing(image)) ^ set(before))
        assert "not adopted" in adopt(image, "--undo")
        assert listing(image) == before


def test_what_was_changed_since_is_not_lost_by_the_way():
    with debian() as image:
        before = listing(image)
        adopt(image)
        inside(image, "echo tmpfs /x tmpfs >> etc/fstab", options="rw")
        assert "/etc/fstab in the image: was changed since" in refused(image, "--undo")
        adopt(image, "--undo", "--force")
        assert listing(image) == before


def test_partition_is_found():
    with debian() as image:
        for disk in (gpt(image + ".gpt", [(LINUX, image)]), mbr(image + ".mbr", image)):
            before = listing(disk, PARTITION_AT)
            said = adopt(disk)
            assert 'storage_device = "/dev/xvda1"' in said, said
            assert inside(disk, "cat etc/fstab", PARTITION_AT) == FSTAB_AFTER
            adopt(disk, "--undo")
            assert listing(disk, PARTITION_AT) == before


def test_block_devices():
    with debian() as image:
        disk = mbr(image + ".mbr", image)
        for path, at in ((image, 0), (disk, PARTITION_AT)):
            before = listing(path, at)
            with device(path) as block:
                assert 'target=%s"' % block in adopt(block)
            assert inside(path, "cat etc/fstab", at) == FSTAB_AFTER
            with device(path) as block:
                adopt(block, "--undo")
            assert listing(path, at) == before


def test_a_device_that_is_looked_at():
    """As udevd does when it appears: that ends soon. What stays open is refused."""
    with debian() as image, device(image) as block:
        for seconds, ok in (("1", True), ("60", False)):
            with open(block, "rb") as f, subprocess.Popen(["sleep", seconds], stdin=f) as p:
                f.close()
                said = adopt(block, ok=ok)
                p.kill()
            assert ok or "is open in process %d (sleep)" % p.pid in said, said


def test_several_partitions():
    with debian() as image:
        two = gpt(image + ".two", [(LINUX, image), (LINUX, image)])
        assert "partitions 1 2 have root file systems; choose one by --partition" in refused(two)
        assert "has no partition 3" in refused(two, "--partition", "3")
        said = adopt(two, "--partition", "2")
        assert "/dev/xvda2" in said, said
        assert inside(two, "cat etc/fstab", PARTITION_AT) == FSTAB
        assert inside(two, "cat etc/fstab", PARTITION_AT + SIZE) == FSTAB_AFTER
        called = gpt(image + ".called", [(LINUX, image), (ROOT, image)])
        assert "/dev/xvda2" in adopt(called)


def test_what_is_refused():
    other = {"usr/lib/os-release": 'VERSION_ID="11"\nID=debian\n'}
    for files, words in ((other, "is not Debian 12 or 13, but debian 11"),
                         ({"usr/lib/os-release": "ID=fedora\nVERSION_ID=41\n"}, "but fedora 41"),
                         ({"usr/lib/os-release": ""}, "there is no /usr/lib/os-release"),
                         ({"var/lib/dpkg/status": None}, "has no /var/lib"),
                         ({"etc/fstab": "UUID=1 /var ext4\n"}, "/var is on another file system"),
                         ({"var/lib/virtuos-adopted/record": "rubbish\n"}, "cannot be understood"),
                         ({"var/lib/virtuos-adopted/record": "virtuos adopt 1\nwas 1 ../../etc/passwd\n"},
                          "cannot be understood")):
        with debian(files) as image:
            said = refused(image)
            assert words in said, said
    with debian(size=8 * MIB, room=["-N", "80", "-O", "^has_journal", "-g", "8192"]) as image:
        full = int(inside(image, "df --output=avail -k . | tail -1")) - 1500
        inside(image, "head -c %dK /dev/zero > filler" % full, options="rw")
        assert "has too little room" in refused(image)


def test_damage_and_use_are_refused():
    with debian() as image:
        with device(image) as block:
            r = subprocess.run([VIRTUOS, "adopt", "--parts", parts(), image], stderr=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, text=True)
            assert r.returncode == 1 and "is in use as " + block in r.stderr, r.stderr
        with open(image, "r+b") as f:
            f.seek(1024 + 0x60)
            byte = f.read(1)[0]
            f.seek(1024 + 0x60)
            f.write(bytes([byte | 4]))
        said = refused(image)
        assert "was not unmounted" in said and "e2fsck -f" in said, said
        subprocess.run(["e2fsck", "-f", "-y", image], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        subprocess.run(["debugfs", "-w", "-R", "clri /etc/fstab", image], stderr=subprocess.DEVNULL,
                       check=True)
        assert "e2fsck finds errors" in refused(image)
        with open(image, "wb") as f:
            f.truncate(8 * MIB)
        assert "no file system that virtuos adopt knows" in refused(image)


def test_killed_runs_are_taken_back():
    """Killed after some milliseconds, then run again, or taken back. The unit test kills at each step."""
    with debian() as image:
        before, took = listing(image), []
        start = time.monotonic()
        adopt(image)
        took = time.monotonic() - start
        adopted = [line.split()[0] for line in listing(image) if "-adopted" not in line]
        adopt(image, "--undo")
        for n in range(12):
            undo = n % 2 == 1
            if undo:
                adopt(image)
            p = subprocess.Popen([VIRTUOS, "adopt", "--parts", parts()] + ["--undo"] * undo + [image],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(took * (n + 1) / 13)
            p.send_signal(signal.SIGKILL)
            p.wait()
            wait_for_loops(image)
            if n % 4 < 2:
                adopt(image)
                assert [line.split()[0] for line in listing(image) if "-adopted" not in line] == adopted
            adopt(image, "--undo")
            assert listing(image) == before, (n, sorted(set(listing(image)) ^ set(before)))


def test_interrupted_run_takes_itself_back():
    with debian() as image:
        before = listing(image)
        for n in range(6):
            p = subprocess.Popen([VIRTUOS, "adopt", "--parts", parts(), image], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True)
            time.sleep(0.02 * (n + 1))
            p.send_signal(signal.SIGTERM)
            said = p.communicate()[1]
            wait_for_loops(image)
            if p.returncode:
                assert listing(image) == before, said
            else:
                adopt(image, "--undo")

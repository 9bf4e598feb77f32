# SPDX-License-Identifier: GPL-2.0-only
"""One emulated Xen host: the QEMU process, its disks, its control channels. With a
Linux given instead of dom0's directory, the same machine without Xen.

The machine has VT-d, an e1000e NIC (0000:00:03.0 in dom0) and a disk controller
behind which the primary's userland lies: AHCI behind a root port (0000:01:00.0)
or an NVMe (0000:00:04.0). dom0's root is virtio-blk; four virtio serial ports
carry commands.

Invariant: everything a machine makes lies in its own temporary directory, which
goes away with it; images given to it are only read.
Used by state.py (boot, save, restore) and host.py.
"""
import collections
import contextlib
import ctypes
import glob
import gzip
import os
import shutil
import signal
import subprocess
import tempfile
import time

from image import BUILD, CACHE, DEBUG, HOST, digest
from qmp import Qmp, QmpError
from vexec import Vexec

# CPUs of the primary. Each vCPU of the machine has a CPU of its own: where two take
# turns on one, programs lose vector registers under QEMU 10.0 (in any PV guest, a plain Debian's too).
MAX_VCPUS = 4
VCPUS = os.environ.get("VCPUS") or "1"
if VCPUS not in map(str, range(1, MAX_VCPUS + 1)):
    raise SystemExit("VCPUS=%s: the primary may have 1 to %d processors" % (VCPUS, MAX_VCPUS))
VCPUS = int(VCPUS)

QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
# MiB. Kernels that check themselves have a shadow of their memory.
MEMORY = 4096 if DEBUG else 3072
# "rep movsb" is emulated byte by byte; without these two, copies go by words.
CPU = "max,erms=off,fsrm=off"
PORTS = 4
START_TIMEOUT = 600         # QEMU may be a script that waits for its turn
XEN_INSTALLED = "/boot/xen-4.17-amd64.gz"
XEN_ARGS = ("console=com1 dom0_mem=1024M,max:1024M dom0_max_vcpus=1 dom0_vcpus_pin "
            "loglvl=warning guest_loglvl=warning")
DOM0_ARGS = "console=hvc0 root=/dev/vda ro quiet fsck.mode=skip"
DISKS = {
    "ahci": ["-device", "pcie-root-port,id=rp,addr=4.0,slot=4,chassis=1",
             "-device", "ahci,id=ah,bus=rp", "-device", "ide-hd,bus=ah.0,drive=data"],
    "nvme": ["-device", "nvme,drive=data,serial=virtuos,addr=4.0"],
}


# What a machine boots that has no Xen: kernel, initramfs, kernel command line.
Linux = collections.namedtuple("Linux", "kernel initrd args")


class MachineError(Exception):
    pass


class started_with:
    """Machines that are started within have further arguments of QEMU's, and emulate
    their CPUs in threads of their own ("multi") or in turn ("single", for -icount)."""
    extra, thread = [], "multi"

    def __init__(self, *extra, thread="multi"):
        self.mine = (list(extra), thread)

    def __enter__(self):
        started_with.extra, started_with.thread = self.mine

    def __exit__(self, *_):
        started_with.extra, started_with.thread = [], "multi"


def xen_elf(which=None):
    """The hypervisor as QEMU's multiboot loader wants it: not compressed.

    which: stock or patched as `make hypervisor` left it, or a path. The default is what XEN= says, or stock.
    """
    which = which or os.environ.get("XEN") or "stock"
    if which in ("stock", "patched"):
        if HOST != "bookworm":
            which += "-" + HOST
        path = os.path.join(BUILD, "xen", which)
        if not os.path.exists(path):
            if which != "stock":
                raise MachineError("no hypervisor %s: XEN=%s is not built" % (path, which))
            path = XEN_INSTALLED
    else:
        path = which
    if not os.path.exists(path):
        raise MachineError("no hypervisor at %s" % path)
    with open(path, "rb") as f:
        packed = f.read(2) == b"\x1f\x8b"
    if not packed:
        return path
    out = os.path.join(CACHE, "xen-%s.elf" % digest(("file", path)))
    if not os.path.exists(out):
        os.makedirs(CACHE, exist_ok=True)
        tmp = "%s.%d" % (out, os.getpid())
        with gzip.open(path) as src, open(tmp, "wb") as dst:
            shutil.copyfileobj(src, dst)
        os.rename(tmp, out)
    return out


def qemu_version():
    out = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True)
    return out.stdout.split("\n")[0]


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)      # PR_SET_PDEATHSIG
    os.setpgrp()                                    # the terminal's ^C is ours alone


def sweep():
    """Remove what machines of killed processes left behind."""
    for left in glob.glob(os.path.join(tempfile.gettempdir(), "virtuos-[0-9]*-*")):
        with contextlib.suppress(ValueError, OSError):
            owner = int(os.path.basename(left).split("-")[1])
            if not os.path.exists("/proc/%d" % owner) and os.stat(left).st_uid == os.getuid():
                shutil.rmtree(left, ignore_errors=True)


def forwards(spec):
    """HOSTFWD: "HOST:GUEST ..." or "HOST-HOST:GUEST" no; udp by a leading "udp:"."""
    out = []
    for word in (spec or "").replace(",", " ").split():
        proto, rest = ("udp", word[4:]) if word.startswith("udp:") else ("tcp", word.removeprefix("tcp:"))
        parts = rest.split(":")
        if len(parts) != 2 or not all(p.isdigit() and 0 < int(p) < 65536 for p in parts):
            raise MachineError("HOSTFWD: %r is not HOSTPORT:GUESTPORT" % word)
        out.append("hostfwd=%s:127.0.0.1:%s-:%s" % (proto, *parts))
    return out


class Machine:
    """A running (or paused) emulated host."""

    def __init__(self, dom0_disk, data_disk, boot, incoming=None, hostfwd="", disk="ahci",
                 xen=None, keep_data=None, flushes=False):
        """Start QEMU.

        dom0_disk, data_disk: (path, format) of what the overlays lie over; no Xen: no dom0_disk.
        boot: directory with dom0's vmlinuz and initrd.img, or a Linux.
        incoming: file of a saved state; the machine then stays paused.
        keep_data: the data disk's overlay lies in this file and stays; used as it is if there.
        flushes: what the data disk has flushed is in its overlay, whenever QEMU is killed.
        """
        if disk not in DISKS:
            raise MachineError("DISK=%s: ahci or nvme" % disk)
        sweep()
        self.dir = tempfile.mkdtemp(prefix="virtuos-%d-" % os.getpid())
        self.proc = self.qmp = None
        self.ports = []
        self.faults = []            # what the consoles told while it came up
        try:
            self.dom0_overlay = self._overlay("dom0.qcow2", *dom0_disk) if dom0_disk else None
            self.data_overlay = self._overlay(keep_data or "data.qcow2", *data_disk)
            self._start(self._command(boot, xen, hostfwd, disk, flushes), incoming)
        except BaseException:
            self.close()
            raise

    def path(self, name):
        return os.path.join(self.dir, name)

    def _overlay(self, name, backing, fmt):
        out = os.path.join(self.dir, name)      # `name` may be an absolute path
        if os.path.exists(out):
            return out
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", fmt, "-b", backing, out],
                       check=True)
        return out

    def _command(self, boot, xen, hostfwd, disk, flushes):
        argv = [QEMU, "-machine", "q35,kernel-irqchip=split", "-accel", "tcg,thread=" + started_with.thread,
                "-cpu", CPU, "-smp", str(3 + VCPUS), "-m", str(MEMORY), "-nodefaults", "-display", "none",
                "-no-reboot", "-serial", "file:" + self.path("serial.log"),
                "-qmp", "unix:%s,server=on,wait=off" % self.path("qmp"),
                "-monitor", "unix:%s,server=on,wait=off" % self.path("monitor"),    # for people
                "-device", "intel-iommu,intremap=on,eim=on",
                "-netdev", ",".join(["user,id=n0"] + forwards(hostfwd)),
                "-device", "e1000e,netdev=n0,addr=3.0",
                "-drive", "file=%s,if=none,id=data,cache=%s" % (self.data_overlay, "writeback" if flushes else "unsafe"),
                *DISKS[disk]]
        if self.dom0_overlay:
            argv += ["-drive", "file=%s,if=none,id=root,cache=unsafe" % self.dom0_overlay,
                     "-device", "virtio-blk-pci,drive=root,addr=5.0"]
        argv += ["-device", "virtio-serial-pci,id=vser,addr=6.0"]
        for n in range(PORTS):
            argv += ["-chardev", "socket,id=vexec%d,path=%s,server=on,wait=off" % (n, self.path("vexec%d" % n)),
                     "-device", "virtserialport,bus=vser.0,nr=%d,chardev=vexec%d,name=vexec%d" % (n + 1, n, n)]
        if isinstance(boot, Linux):
            return argv + ["-kernel", boot.kernel, "-append", boot.args, "-initrd", boot.initrd]
        return argv + ["-kernel", xen_elf(xen), "-append", XEN_ARGS,
                       "-initrd", "%s/vmlinuz %s,%s/initrd.img" % (boot, DOM0_ARGS, boot)]

    def _start(self, argv, incoming):
        argv = argv + started_with.extra
        if incoming:
            argv += ["-S", "-incoming", "exec:cat < %s" % incoming]
        with open(self.path("qemu.log"), "wb") as log:
            self.proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         preexec_fn=_die_with_parent)
        end = time.monotonic() + START_TIMEOUT
        while not os.path.exists(self.path("qmp")):
            self.alive()
            if time.monotonic() > end:
                raise MachineError("QEMU does not answer")
            time.sleep(0.01)
        for _ in range(100):            # the socket's file exists before it listens
            try:
                self.qmp = Qmp(self.path("qmp"))
                break
            except ConnectionRefusedError:
                time.sleep(0.01)
        self.ports = [Vexec(self.path("vexec%d" % n), self.alive) for n in range(PORTS)]
        if incoming:
            end = time.monotonic() + 60
            while self.qmp.command("query-status")["status"] == "inmigrate":
                if time.monotonic() > end:
                    raise MachineError("the saved state does not load within 60 s")
                time.sleep(0.01)

    def alive(self):
        """Raise when QEMU has ended; its output and the serial line say why."""
        if self.proc and self.proc.poll() is not None:
            raise MachineError("the machine ended (QEMU status %d)\n%s%s" % (
                self.proc.returncode, self.log("qemu.log"), self.log("serial.log")))

    def log(self, name, tail=3000):
        try:
            with open(self.path(name), "rb") as f:
                text = f.read().decode(errors="replace").replace("\r", "")
        except FileNotFoundError:
            return ""
        return text[-tail:] if tail else text

    def forward(self, host_port, guest_port, address=""):
        """Lead a loopback port of this machine to a TCP port of the network domain, or of @address."""
        text = self.qmp.hmp("hostfwd_add n0 tcp:127.0.0.1:%d-%s:%d" % (host_port, address, guest_port))
        if text.strip():
            raise MachineError(text.strip())

    def resume(self):
        self.qmp.command("cont")

    def save(self, into):
        """Stop the machine for good; its state and its disks' overlays go to `into`."""
        for port in self.ports:
            port.close()
        self.qmp.command("stop")
        self.qmp.command("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
        self.qmp.command("migrate", uri="exec:cat > %s" % os.path.join(into, "state"))
        self.qmp.wait_migration(120)
        self.qmp.command("quit")
        self.proc.wait(20)
        if self.dom0_overlay:
            shutil.move(self.dom0_overlay, os.path.join(into, "dom0.qcow2"))
        shutil.move(self.data_overlay, os.path.join(into, "data.qcow2"))

    def close(self):
        for port in self.ports:
            port.close()
        if self.proc and self.proc.poll() is None:
            try:
                self.qmp.command("quit")
                self.proc.wait(10)
            except (QmpError, OSError, AttributeError, subprocess.TimeoutExpired):
                self.proc.kill()
                self.proc.wait()
        if self.qmp:
            self.qmp.close()
        shutil.rmtree(self.dir, ignore_errors=True)

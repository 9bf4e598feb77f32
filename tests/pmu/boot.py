# SPDX-License-Identifier: GPL-2.0-only
"""Machines with a performance monitoring unit: QEMU of scripts/qemu-pmu.sh, its serial
line, and the counting plugin's file.

    with Boot("-kernel", path) as m:
        text = m.wait_for("end")

Invariant: what a machine makes lies in its own temporary directory.
Used by the tests here.
"""
import functools
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

from image import BUILD
from machine import _die_with_parent
from qmp import Qmp

QEMU = os.path.join(BUILD, "pmu/qemu-system-x86_64")
GUEST = os.path.join(BUILD, "pmu/guest/guest.elf")
PLUGIN = os.path.join(BUILD, "bench/count.so")
# QEMU of the packages looks there for firmware.
FIRMWARE = ["/usr/share/qemu", "/usr/share/seabios", "/usr/lib/ipxe/qemu"]
# Xen and Linux use the unit on a processor of Intel's. "rep movsb" by bytes is slow.
CPU = "max,vendor=GenuineIntel,erms=off,fsrm=off,pmu=on"


def serial(path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(path)
    return sock


class Boot:
    """One machine, from power-on or from a saved state."""

    def __init__(self, *args, cpu=CPU, plugin=False, incoming=None):
        self.dir = tempfile.mkdtemp(prefix="virtuos-%d-" % os.getpid())
        self.counts = os.path.join(self.dir, "counts")
        self.seen = ""
        argv = [QEMU, *[x for d in FIRMWARE for x in ("-L", d)],
                "-machine", "q35,kernel-irqchip=split", "-accel", "tcg,thread=multi", "-cpu", cpu,
                "-nodefaults", "-display", "none", "-no-reboot",
                "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
                "-chardev", "socket,id=serial,path=%s/serial,server=on,wait=on" % self.dir,
                "-serial", "chardev:serial", "-qmp", "unix:%s/qmp,server=on,wait=off" % self.dir, *args]
        if plugin:
            argv += ["-plugin", "%s,out=%s" % (PLUGIN, self.counts)]
        if incoming:
            argv += ["-incoming", "exec:cat < %s" % incoming]
        with open(os.path.join(self.dir, "log"), "wb") as log:
            self.proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         preexec_fn=_die_with_parent)
        self.serial = self.connect(serial, "serial")
        self.qmp = self.connect(Qmp, "qmp")

    def connect(self, client, name):
        """QEMU makes its sockets one after the other."""
        end = time.monotonic() + 60
        while True:
            try:
                return client(os.path.join(self.dir, name))
            except OSError:
                assert self.proc.poll() is None and time.monotonic() < end, self.log()
                time.sleep(0.02)

    def log(self):
        with open(os.path.join(self.dir, "log"), "rb") as f:
            return f.read().decode(errors="replace")

    def wait_for(self, pattern, timeout=60):
        """All that the machine has printed, once a line matches."""
        end = time.monotonic() + timeout
        while not re.search("^%s" % pattern, self.seen, re.M):
            self.serial.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.serial.recv(65536)
            except socket.timeout:
                data = b""
            assert data, "no line %r within %d s:\n%s%s" % (pattern, timeout, self.log(), self.seen[-3000:])
            self.seen += data.decode(errors="replace").replace("\r", "")
        return self.seen

    def go_on(self):
        """Out of a saved state."""
        end = time.monotonic() + 60
        while self.qmp.command("query-status")["status"] == "inmigrate":
            assert time.monotonic() < end, self.log()
            time.sleep(0.02)
        self.qmp.command("cont")

    def save(self, path):
        self.qmp.command("stop")
        self.qmp.command("migrate", uri="exec:cat > %s" % path)
        self.qmp.wait_migration(60)

    def marks(self):
        """What the plugin wrote at each mark, with the instructions of all vCPUs."""
        with open(self.counts) as f:
            return [json.loads(line) for line in f]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proc.kill()
        self.proc.wait()
        self.serial.close()
        self.qmp.close()
        shutil.rmtree(self.dir, ignore_errors=True)


def once(function):
    """What a function returns or raises, from one run of it."""
    @functools.lru_cache(maxsize=None)
    def result():
        try:
            return function(), None
        except Exception as e:      # each test that asks has it
            return None, e

    def ask():
        value, error = result()
        if error:
            raise error
        return value
    return ask


def lines(text, word):
    """The lines that begin with a word, each as a dict of its numbers; "" is a second word."""
    found = []
    for line in text.split("\n"):
        if line.split(" ")[0] == word:
            pairs = [x.partition("=") for x in line.split()[1:]]
            found.append({k if eq else "": int(v, 16) if eq else k for k, eq, v in pairs})
    return found

# SPDX-License-Identifier: GPL-2.0-only
"""The systems that are compared, and a restored machine of each.

    with Machine("virtuos, both doors") as m:
        for line in m.vosbench("pread", "-s", "4096"): ...

Used by run.py, count.py and lifecycle.py.
"""
import inspect
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(os.environ.get("VIRTUOS_BUILD", os.path.join(TOP, "build")), "bench")
sys.path.insert(0, os.path.join(TOP, "tests/host"))

import host                                                     # noqa: E402
from vexec import VexecError                                    # noqa: E402

NATIVE, PV, DRIVER, TRAP, BOTH = "native", "pv", "driver-domain", "virtuos, trap door", "virtuos, both doors"
SYSTEMS = (NATIVE, PV, DRIVER, TRAP, BOTH)
SHORT = {"virtuos-trap": TRAP, "virtuos-both": BOTH}            # as SYSTEMS='...' names them
LIBRARY = host.LIBRARY


def note(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def build():
    """vosbench, built anew if need be."""
    subprocess.run(["make", "-s", "--no-print-directory", "-C", os.path.join(HERE, "load"), "OUT=" + OUT],
                   check=True, stdout=subprocess.DEVNULL)
    return os.path.join(OUT, "vosbench")


def chosen(words):
    """The systems that the user named, all without a name; (there, [why not])."""
    names = [SHORT.get(w, w) for w in words.split()] or list(SYSTEMS)
    there, lacking = [], []
    for name in names:
        if name not in SYSTEMS:
            lacking.append("%s: no such system; there are %s" % (name, ", ".join(SHORT.get(s, s) for s in SYSTEMS)))
        elif name in (NATIVE, PV, DRIVER) and name not in host.SYSTEMS:
            lacking.append("%s: left out, the emulated host does not have it yet" % name)
        else:
            there.append(name)
    return there, lacking


class Lacking(Exception):
    """This system cannot be measured here."""


class Machine:
    """One restored machine with vosbench in /root of its userland."""

    def __init__(self, system):
        self.system = system
        kind = "virtuos" if system in (TRAP, BOTH) else system
        more = {"system": kind} if "system" in inspect.signature(host.Host.restore).parameters else {}
        host.Host.door = "trap"         # not by DOOR: each system has its own, below
        self.host = host.Host.restore(**more)
        self.door = ""                  # before every command
        try:
            self.host.copy([build()], "primary", "/root")
            if system == BOTH:
                if self.host.primary(["test", "-e", LIBRARY]).status:
                    raise Lacking("%s: left out, there is no %s" % (system, LIBRARY))
                self.door = "env LD_PRELOAD=%s " % LIBRARY
        except BaseException:
            self.host.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.host.close()

    def sh(self, command, timeout=120, check=True):
        """A shell command in the userland; its output."""
        r = self.host.primary(command, timeout=timeout)
        if check and r.status:
            raise VexecError("%s: %s\nstatus %d: %s" % (self.system, command, r.status,
                                                        (r.stdout + r.stderr).decode(errors="replace")[-2000:]))
        return r.stdout.decode(errors="replace")

    def vosbench(self, words, timeout=120):
        """Run vosbench; the objects that it printed. Words are quoted already."""
        text = self.sh("%s/root/vosbench %s" % (self.door, words), timeout)
        return [json.loads(line) for line in text.split("\n") if line.startswith("{")]

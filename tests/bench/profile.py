#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Where the instructions of a call go, by function: what a missed target is explained with.

  profile.py SYSTEM 'WORDS FOR VOSBENCH' [CALLS]

  profile.py virtuos-both '-s 1024 preadgrow' 500

Counts as count.py does (exact, by the plugin in QEMU), for the first case that the words
select. Functions are named by the kernels' symbol tables; modules are found by their code.
"""
import bisect
import os
import subprocess
import sys
import tempfile

import count
import systems
from systems import BOTH, SHORT, TOP, TRAP, Machine

from machine import started_with

# What runs on which vCPU of the emulated host: see images/virtuos.cfg.
ROLES = {1: "primary", 2: "network", 3: "storage"}
MODULES = 0xffffffffa0000000
USER_END = 0x800000000000
SHOWN = 60


def symbols(path):
    """Functions of an ELF file: ([addresses], [names]), sorted."""
    out = subprocess.run(["nm", "-n", path], capture_output=True, text=True, check=True).stdout
    found = [(int(a, 16), n) for a, t, n in (line.split() for line in out.split("\n") if len(line.split()) == 3)
             if t in "tTwW"]
    return [a for a, _ in found], [n for _, n in found]


def text_of(path):
    """The section of an ELF file, and its address in there (0 in a module)."""
    with tempfile.NamedTemporaryFile() as f:
        subprocess.run(["objcopy", "-O", "binary", "-j", ".text", path, f.name], check=True, stderr=subprocess.DEVNULL)
        text = f.read()
    headers = subprocess.run(["objdump", "-h", "-j", ".text", path], capture_output=True, text=True, check=True).stdout
    return text, int(next(line for line in headers.split("\n") if ".text" in line).split()[3], 16)


class Names:
    """Function names of one domain's kernel and modules."""

    def __init__(self, role, blocks):
        build = os.path.join(TOP, "build")
        self.parts = [(0xffffffff80000000, symbols(os.path.join(build, "kernel", role, "vmlinux")), 0, MODULES)]
        modules = os.path.join(build, "modules", role)
        for at, _, files in os.walk(modules):
            for name in files:
                if name.endswith(".ko"):
                    self.add(os.path.join(at, name), [b for b in blocks if b[0] >= MODULES])
        if role == "primary":
            for path in (os.path.join(build, "libsyscall-forward", os.path.basename(systems.LIBRARY)),
                         os.path.join(systems.OUT, "vosbench")):
                self.add(path, [b for b in blocks if b[0] < USER_END])

    def add(self, path, blocks):
        """A file's place is where most of its code is found."""
        (text, start), votes = text_of(path), {}
        for pc, code in blocks:
            at = text.find(code)
            # Modules, libraries and programs begin on a page.
            if len(code) > 6 and at >= 0 and not (pc - at - start) & 0xfff:
                votes[pc - at - start] = votes.get(pc - at - start, 0) + 1
        if votes:
            base = max(votes, key=votes.get)
            self.parts.append((base + start, symbols(path), base, base + start + len(text)))

    def of(self, pc):
        fit = [p for p in self.parts if p[0] <= pc < p[3]]
        if not fit:
            return "a module" if pc >= MODULES else "user"
        _, (addresses, names), base, _ = max(fit, key=lambda p: p[0])
        i = bisect.bisect_right(addresses, pc - base) - 1
        return names[i] if i >= 0 else "?"


def measured(system, words, calls):
    """The first section's lines, and how many calls it made."""
    with tempfile.NamedTemporaryFile("r") as marks, tempfile.NamedTemporaryFile("r") as blocks:
        with started_with("-plugin", "%s,out=%s,profile=%s" % (count.plugin(), marks.name, blocks.name),
                          thread="multi"):
            m = Machine(system)
        with m:
            if system in (TRAP, BOTH):
                count.be_patient(m)
            line = m.vosbench("-m %d %s" % (calls, words), timeout=300)[0]
        # The second of five sections: the first still warms up.
        return blocks.read().split("end\n")[1].split("\n"), line["n"] * line["calls"], line["case"]


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    system = SHORT.get(sys.argv[1], sys.argv[1])
    lines, calls, case = measured(system, sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 300)
    by_vcpu = {}
    for line in filter(None, lines):
        vcpu, pc, insns, times, code = (line.split(" ") + [""])[:5]
        by_vcpu.setdefault(int(vcpu), []).append((int(pc, 16), int(insns) * int(times), bytes.fromhex(code)))
    print("%s, %s: instructions per call, waiting included" % (system, case))
    for vcpu, blocks in sorted(by_vcpu.items()):
        role = ROLES.get(vcpu)
        names = Names(role, [(pc, code) for pc, _, code in blocks]) if role else None
        total = {}
        for pc, n, _ in blocks:
            name = "dom0" if not names else "Xen" if 0xffff800000000000 <= pc < 0xffff880000000000 else names.of(pc)
            total[name] = total.get(name, 0) + n
        print("\n  vCPU %d, %s: %.0f" % (vcpu, role or "dom0", sum(total.values()) / calls))
        for name, n in sorted(total.items(), key=lambda x: -x[1])[:SHOWN if role else 1]:
            print("    %8.1f  %s" % (n / calls, name))
    return 0


if __name__ == "__main__":
    sys.exit(main())

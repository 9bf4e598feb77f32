# SPDX-License-Identifier: GPL-2.0-only
"""Exact counts: what one call costs, by domain, as the plugin in QEMU saw it.

run_counts(systems) returns the sections and the figures that targets.py judges.

vosbench makes a fixed number of calls between two marks, five times over; the plugin
writes the counts of every vCPU at each mark. The difference, divided by the number of
calls, is what one costs. The five sections are the spread: what differs between them
is the clock's ticks and other programs, not the call.
Used by run.py.
"""
import json
import os
import statistics
import subprocess
import tempfile

import systems
from systems import BOTH, DRIVER, NATIVE, PV, TOP, TRAP, Lacking, Machine, note

from machine import started_with

USER, KERNEL, XEN = range(3)
# Xen's numbers of hypercalls. A PV guest's clock ticks, and they alone, use vcpu_op.
IRET, GRANT_TABLE, VCPU_OP = "23", "20", "24"
DOM0, CALLER = 0, 1         # vCPUs of the emulated host: see images/virtuos.cfg
# Words for vosbench, calls between two marks.
GROUPS = (("null", 100), ("-s 32,4096,65536 pread", 200), ("-s 4096,65536 pwrite", 100),
          ("-s 512,4096,65536 direct", 200), ("-s 1,4096 tcprr", 60))
VIRTUOS_ONLY = ("direct",)

PARTS = ("caller, user", "caller, kernel", "caller, Xen", "service domains", "waiting: caller",
         "waiting: service domains")
EVENTS = ("hypercalls of the caller", "hypercalls of the services", "event-channel sends", "grant operations",
          "returns to user mode by iret hypercall")
COPIES = ("caller", "service domains")


def plugin():
    subprocess.run([os.path.join(TOP, "scripts/qemu-plugin.sh")], check=True, stdout=subprocess.DEVNULL)
    return os.path.join(systems.OUT, "count.so")


def difference(before, after):
    """What happened between two marks, a dict for each vCPU."""
    out = []
    for b, a in zip(before["vcpus"], after["vcpus"]):
        d = {k: [y - x for x, y in zip(b[k], a[k])] for k in ("insns", "rep_extra", "wait", "rep_bytes", "copied")}
        d.update({k: a[k] - b[k] for k in ("syscalls", "xen_exits", "sends")})
        d["hypercalls"] = {n: v - b["hypercalls"].get(n, 0) for n, v in a["hypercalls"].items()}
        out.append(d)
    return out


def path(vcpu, where):
    return vcpu["insns"][where] - vcpu["rep_extra"][where] - vcpu["wait"][where]


def calls_in(vcpu):
    """Hypercalls; without iret, which is how any PV system call ends, and the clock's."""
    return sum(n for nr, n in vcpu["hypercalls"].items() if nr not in (IRET, VCPU_OP))


def copies(vcpu):
    """Bytes copied, Xen's few apart."""
    return sum(vcpu[how][where] for how in ("rep_bytes", "copied") for where in (USER, KERNEL))


def per_call(vcpus, caller, calls, dom0):
    """The figures of one section. Without Xen there is no dom0 and nobody serves."""
    me = vcpus[caller]
    others = [v for i, v in enumerate(vcpus) if i not in (caller, dom0)] if dom0 is not None else []
    guests = [me] + others
    figures = {
        "caller, user": path(me, USER), "caller, kernel": path(me, KERNEL), "caller, Xen": path(me, XEN),
        "service domains": sum(path(v, w) for v in others for w in (USER, KERNEL, XEN)),
        "waiting: caller": sum(me["wait"]), "waiting: service domains": sum(sum(v["wait"]) for v in others),
        "hypercalls of the caller": calls_in(me), "hypercalls of the services": sum(map(calls_in, others)),
        "event-channel sends": sum(v["sends"] for v in guests),
        "grant operations": sum(v["hypercalls"].get(GRANT_TABLE, 0) for v in guests),
        "returns to user mode by iret hypercall": me["hypercalls"].get(IRET, 0),
        "system calls of the caller": me["syscalls"],
        "copied: caller": copies(me), "copied: service domains": sum(map(copies, others)),
    }
    return {k: v / calls for k, v in figures.items()}


def be_patient(m):
    """The steady state in which callers poll, however slow the emulation: let them poll for
    20 ms (waiting is not counted), and take no slow service domain for one that hangs."""
    m.sh("cd /sys/module/virtuos*core/parameters && echo 20000 > spin_us && echo 60 > hang_timeout", check=False)
    if m.system == BOTH:
        m.door += "VIRTUOS_DOOR_SPIN_US=20000 "


class Marks:
    """The file that the plugin writes."""

    def __init__(self, file):
        self.file = file

    def new(self):
        return [json.loads(line) for line in self.file.readlines()]


def count_group(m, marks, words, calls, counted):
    """Run a group; add to counted: {case: [figures of each section]}."""
    marks.new()
    pin = "taskset -c 1 " if m.system == NATIVE else ""
    m.door, door = pin + m.door, m.door
    try:
        lines = m.vosbench("-m %d %s" % (calls, words), timeout=300)
    finally:
        m.door = door
    seen = marks.new()
    if len(seen) != 2 * len(lines):
        raise ValueError("%s: %d marks for %d sections" % (words, len(seen), len(lines)))
    for line, begin, end in zip(lines, seen[::2], seen[1::2]):
        dom0 = None if m.system == NATIVE else DOM0
        figures = per_call(difference(begin, end), end["vcpu"], line["n"] * line["calls"], dom0)
        for service in ("net", "storage"):
            for name, value in line.get(service, {}).items():
                # The counters also saw the calls just before the first mark.
                figures["counter: %s %s" % (service, name)] = value / ((line["n"] + line["warm"]) * line["calls"])
        counted.setdefault(line["case"], []).append(figures)


def count_system(system, groups, icount=False):
    """{case: [figures]} of one system."""
    counted = {}
    extra = ["-icount", "shift=0,sleep=off"] if icount else []
    with tempfile.NamedTemporaryFile("r", prefix="virtuos-count-") as file:
        with started_with("-plugin", "%s,out=%s" % (plugin(), file.name), *extra,
                          thread="single" if icount else "multi"):
            m = Machine(system)
        with m:
            marks = Marks(file)
            if system in (TRAP, BOTH):
                be_patient(m)
            for words, calls in groups:
                if words.split()[-1] in VIRTUOS_ONLY and system not in (TRAP, BOTH):
                    continue
                try:
                    count_group(m, marks, words, calls, counted)
                except (ValueError, systems.VexecError) as e:
                    note("failed: counting %s on %s: %s" % (words, system, str(e).strip()))
    return counted


def row(case, name, values):
    return {"case": case, "system": name, "median": statistics.median(values), "low": min(values),
            "high": max(values), "rounds": values}


def rows(counted, names, key=lambda name: name):
    return [row(case, name, [f[key(name)] for f in sections])
            for case, sections in counted.items() for name in names]


def whole(figures):
    return sum(figures[p] for p in PARTS[:3])


def clock(figures):
    """Instructions of the kernel and Xen in a section in which the caller asked them for nothing and
    nobody sent it an event: the clock's ticks, which interrupt it."""
    asked = figures["system calls of the caller"] or figures["event-channel sends"]
    return 0 if asked else figures["caller, kernel"] + figures["caller, Xen"]


def own(figures):
    """Instructions of the call itself."""
    return whole(figures) - clock(figures)


def sections_of(results):
    """results: {system: counted}."""
    out = []
    for system, counted in results.items():
        if system in (NATIVE, PV, DRIVER):
            continue
        out += [
            {"name": "Instructions per call: " + system, "kind": "counts", "unit": "instructions",
             "note": "Path length by who executes it. Passes of polling loops that found nothing are waiting and "
                     "stand apart.", "plot": "none", "rows": rows(counted, PARTS)},
            {"name": "Hypercalls, events, grants per call: " + system, "kind": "counts", "unit": "per call",
             "plot": "none", "rows": rows(counted, EVENTS)},
            {"name": "Bytes copied per call: " + system, "kind": "counts", "unit": "bytes",
             "note": "By rep movs, by the kernels' memcpy() and by vector stores of programs.",
             "plot": "none", "rows": rows(counted, COPIES, lambda name: "copied: " + name)},
        ]
    out.append({"name": "Instructions of the caller per call, all systems", "kind": "counts",
                "unit": "instructions", "logy": True,
                "note": "User, kernel and Xen together, waiting not counted.",
                "rows": [row(case, system, [whole(f) for f in sections]) for system, counted in results.items()
                         for case, sections in counted.items()]})
    return [dict(s, targets=s.get("targets", [])) for s in out]


def run_counts(names, quick, icount=False):
    """Count on the named systems; (sections, {system: counted})."""
    groups = [g for g in GROUPS if not quick or "tcprr" not in g[0]]
    results = {}
    for system in names:
        note("counting: " + system)
        try:
            results[system] = count_system(system, groups, icount)
        except Lacking as e:
            note(str(e))
    return sections_of(results), results

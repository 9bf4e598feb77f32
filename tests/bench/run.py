#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""`make bench`: all benchmarks, interleaved; a table, results.json and report.html.

  run.py [--quick]      --quick: fewer sizes, two rounds; `make bench-quick`

Settings from the environment, as the Makefile passes them:
  ROUNDS=5      how often every system is measured by the clock
  SYSTEMS='...' of native pv driver-domain virtuos-trap virtuos-both
  CASES='a,b'   only sections whose name has one of these
  PARTS='...'   of ring count system where lifecycle
  COUNT=icount  count under -icount; does not get far yet, see docs/benchmark.md
Exit status 0 when everything ran, whether or not targets were met; 1 when a load
failed; 125 when the machine could not be brought up.
"""
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time

import count
import lifecycle
import sets
import systems
import table
import targets
import where
from systems import BOTH, HERE, OUT, TRAP, Lacking, Machine, note

from host import CRASHED
from image import ImageError
from machine import MachineError, qemu_version
from qmp import QmpError
from state import StateError
from vexec import VexecError

PARTS = ("ring", "count", "system", "where", "lifecycle")
BROKEN = (ImageError, StateError, MachineError, VexecError, QmpError)


class Settings:
    def __init__(self, env, quick):
        self.quick = quick
        self.rounds = int(env.get("ROUNDS") or (2 if self.quick else 5))
        self.cases = env.get("CASES") or ""
        self.parts = (env.get("PARTS") or " ".join(PARTS)).split()
        self.icount = env.get("COUNT") == "icount"
        self.systems, self.lacking = systems.chosen(env.get("SYSTEMS") or "")
        bad = set(self.parts) - set(PARTS)
        if bad:
            sys.exit("PARTS: no %s; there are %s" % (", ".join(sorted(bad)), " ".join(PARTS)))


def describe(settings):
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        names = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    head = subprocess.run(["git", "-C", systems.TOP, "describe", "--always", "--dirty"], capture_output=True,
                          text=True, check=False).stdout.strip()
    return {"processor": names[0] if names else platform.machine(), "cores": os.cpu_count(),
            "kernel": platform.release(), "emulator": qemu_version(), "commit": head,
            "date": time.strftime("%Y-%m-%d %H:%M"), "rounds": settings.rounds,
            "set": "quick" if settings.quick else "full", "systems": ", ".join(settings.systems)}


def ring(settings, results):
    if not os.path.exists(os.path.join(HERE, "ring.py")):
        note("the ring's own benchmark is not there; left out")
        return
    from ring import run_ring
    note("the ring library on the real processor")
    part = run_ring(11 if settings.quick else 31)
    results["machine"].update(part.get("machine", {}))
    results["sections"] += part["sections"]


def counts(settings, results):
    names = settings.systems
    if settings.quick:      # one of those without rings is enough to compare with
        names = [n for n in names if n != systems.DRIVER and n != systems.NATIVE]
    sections, counted = count.run_counts(names, settings.quick, settings.icount)
    sections[-1]["targets"] = targets.judge_counts(counted)
    results["sections"] += sections


def measured(settings, results, name, load):
    """One machine, one load; None if this system is not to be had. Faults are told."""
    try:
        with Machine(name) as m:
            yield from load(m)
            for console, line in m.host.splats():
                results["faults"].append("%s, console of %s: %s" % (name, console, line))
                note("fault: " + results["faults"][-1])
    except Lacking as e:
        note(str(e))
        settings.systems.remove(name)
        settings.lacking.append(str(e))
    except (*BROKEN, OSError, ValueError) as e:
        results["faults"].append("%s: %s" % (name, str(e).strip()[-300:]))
        note("failed: " + results["faults"][-1])


def system_load(settings, results):
    def load(m):
        loads = sets.Set(m, settings.quick, settings.cases)
        try:
            yield from loads.run()
            for item in lifecycle.memory(m):
                yield item
        finally:
            results["faults"] += loads.failed
    return load


def sections_of(values, about, judge=None):
    """values: {(section, case, system): {round: value}}."""
    out = []
    for name, (unit, _, text) in about.items():
        rows = [{"case": case, "system": system, "median": statistics.median(v.values()),
                 "low": min(v.values()), "high": max(v.values()), "rounds": list(v.values())}
                for (section, case, system), v in values.items() if section == name]
        if rows:
            out.append({"name": name, "kind": "wall-emulated", "unit": unit, "note": text, "rows": rows,
                        "targets": judge(values, name) if judge else []})
    return out


def system(settings, results):
    values = {}
    for number in range(settings.rounds):
        for name in list(settings.systems):
            begun = time.monotonic()
            for section, case, value in measured(settings, results, name, system_load(settings, results)):
                values.setdefault((section, case, name), {})[number] = value
            note("round %d of %d, %s: %.0f s" % (number + 1, settings.rounds, name, time.monotonic() - begun))
    results["sections"] += sections_of(values, sets.SECTIONS, targets.judge_section)
    for s in sections_of(values, {lifecycle.MEMORY: lifecycle.SECTIONS[lifecycle.MEMORY]}):
        results["sections"].append(dict(s, kind="counts"))


def whereabouts(settings, results):
    """Where the time of four loads goes; once, as each has a closure of its own."""
    found = []

    def load(m):
        yield where.run_where(m, 5 if settings.quick else 10, results["faults"])

    for name in [n for n in (TRAP, BOTH) if n in settings.systems]:
        note("where the time goes: " + name)
        found += filter(None, measured(settings, results, name, load))
    if found:
        where.store(found)
        results["sections"] += found


def life(settings, results):
    if TRAP not in settings.systems:
        return
    values = {}
    for number in range(1 if settings.quick else min(settings.rounds, 3)):
        note("killing service domains, round %d" % (number + 1))
        for section, case, value in measured(settings, results, TRAP, lifecycle.outages):
            values.setdefault((section, case, "virtuos"), {})[number] = value
    results["sections"] += sections_of(values, lifecycle.SECTIONS)


def store(results):
    os.makedirs(OUT, exist_ok=True)
    with open(os.path.join(OUT, "results.json"), "w", encoding="utf-8") as f:
        json.dump(results, f, indent=1)
    report = os.path.join(HERE, "report.py")
    if os.path.exists(report) and subprocess.run([sys.executable, report], check=False).returncode:
        note("the report could not be made")


def main():
    if sys.argv[1:] not in ([], ["--quick"]):
        print(__doc__)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    settings = Settings(os.environ, sys.argv[1:] == ["--quick"])
    results = {"machine": describe(settings), "sections": [], "faults": []}
    for text in settings.lacking:
        note(text)
    begun = time.monotonic()
    try:
        for part, run in (("ring", ring), ("count", counts), ("system", system), ("where", whereabouts),
                          ("lifecycle", life)):
            if part in settings.parts:
                run(settings, results)
                store(results)
    except BROKEN as e:
        note(str(e))
        return CRASHED
    except KeyboardInterrupt:
        return 130
    results["lacking"] = settings.lacking
    store(results)
    print(table.whole(results))
    for text in settings.lacking + results["faults"]:
        print("  " + text)
    note("%.0f s; %s/results.json, report.html" % (time.monotonic() - begun, OUT))
    return 1 if results["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())

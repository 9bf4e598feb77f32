#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The ring library on the real processor: builds ringbench (tests/bench/ring/), runs
it and puts its figures into the form that report.py shows.

  ring.py [-p PROCESSES] [-r ROUNDS] [-t MS] [-o FILE]
                default: 7 processes of 7 rounds each, build/bench/ring.json

run_ring() is for the runner of all benchmarks. It returns a results dict with
this section's part: {"machine", "sections", "raw"}; see report.py.

A target compares two cases of the same run. What counts is the ratio within each
round, and of those the median: the two were measured within a second of each other,
while the rounds may differ by what else the machine did. The rounds are those of
several processes, as the medians of two runs of one program may differ by a quarter,
the ping-pong's more than the ring's: it settles into a phase. Slices are short, so
that on a busy machine most of them pass undisturbed.
"""
import argparse
import json
import os
import platform
import subprocess
import sys

from targets import target

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(os.environ.get("VIRTUOS_BUILD", os.path.join(TOP, "build")), "bench")

PINGPONG = "ping-pong"      # it waits as the ring's consumers do; not "ping-pong, tight"
RING = "ring"
MARKS = {"median": 0.5, "min": 0, "max": 1, "p10": 0.1, "p90": 0.9}
URING = "io_uring SQPOLL"


def build():
    """Returns the path of ringbench, built anew if need be."""
    subprocess.run(["make", "-s", "--no-print-directory", "-C", os.path.join(HERE, "ring"),
                    "OUT=" + OUT], check=True, stdout=subprocess.DEVNULL)
    return os.path.join(OUT, "ringbench")


def run_once(program, rounds, slice_ms):
    """Returns what ringbench prints; its table goes to our stderr."""
    out = subprocess.run([program, "-r", str(rounds), "-t", str(slice_ms)],
                         check=True, stdout=subprocess.PIPE).stdout
    return json.loads(out)


def quantile(values, q):
    values = sorted(values)
    at = q * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (at - low) * (values[high] - values[low])


def measure(processes, rounds, slice_ms):
    """Returns the same as run_once(), of the rounds of all processes."""
    program = build()
    raw, *more = [run_once(program, rounds, slice_ms) for _ in range(processes)]
    for i, case in enumerate(raw["cases"]):
        for other in more:
            case["rounds"] += other["cases"][i]["rounds"]
        for mark, q in MARKS.items():
            case[mark] = quantile(case["rounds"], q)
    raw["rounds"] *= processes
    raw["processes"] = processes
    return raw


def find(raw, system, depth):
    for case in raw["cases"]:
        if (case["system"], case["depth"]) == (system, depth):
            return case
    return None


def best(raw, system):
    """The depth at which a system answers most calls per second."""
    cases = [c for c in raw["cases"] if c["system"] == system and c["depth"] > 1]
    return max(cases, key=lambda c: c["median"], default=None)


def compare(text, relation, limit, case, other):
    """One comparison; relation is "<=" or ">=". Not judged where a case is missing."""
    want = f"{relation} {limit}"
    if not case or not other:
        return target(text, want, None, None)
    ratios = [a / b for a, b in zip(case["rounds"], other["rounds"])]
    got = quantile(ratios, 0.5)
    spread = f"{quantile(ratios, 0.1):.2f} to {quantile(ratios, 0.9):.2f}"
    return target(text, want, f"{got:.2f} ({spread})", got <= limit if relation == "<=" else got >= limit)


def row(case, label):
    return {"case": label, "system": case["system"], "x": case["depth"],
            "median": case["median"], "low": case["p10"], "high": case["p90"],
            "rounds": case["rounds"]}


def latency_section(raw):
    ring, uring = find(raw, RING, 1), find(raw, URING, 1)
    return {
        "name": "Ring: null call, one at a time", "kind": "wall-real", "unit": "ns",
        "note": "Two threads on two processors, no emulator. A null call is a NOP from "
                "vos_ring_push to the completion that vos_ring_pop takes, as the kernels and "
                "the library do it. The ping-pong moves one cache line each way. All wait with a pause after each "
                "look, but for \"tight\", which does not pause and is shown only.",
        "plot": "bars",
        "rows": [row(c, "round trip") for c in raw["cases"] if c["depth"] == 1],
        "targets": [
            compare("null call / bare ping-pong", "<=", 1.5, ring,
                   find(raw, PINGPONG, 1)),
            compare("null call / io_uring SQPOLL no-op", "<=", 0.7, ring, uring),
        ],
    }


def pipelined_section(raw):
    ring, uring = best(raw, RING), best(raw, URING)
    depths = (f" (ring at depth {ring['depth']}, io_uring at {uring['depth']}, each its best)"
              if ring and uring else "")
    return {
        "name": "Ring: null calls, pipelined", "kind": "wall-real", "unit": "million calls/s",
        "note": "Depth: calls under way. A side looks whether to notify once for what it has "
                "put in at a time.",
        "plot": "lines", "xlabel": "calls under way", "logx": True,
        "rows": [row(c, f"depth {c['depth']}") for c in raw["cases"] if c["depth"] > 1],
        "targets": [
            compare("null calls/s / io_uring SQPOLL no-ops/s" + depths, ">=", 2, ring, uring),
        ],
    }


def describe_machine(raw):
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        names = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    return {"processor": names[0] if names else platform.machine(), "cores": os.cpu_count(),
            "kernel": platform.release(),
            "io_uring": raw["io_uring"] or "none: " + raw["io_uring_reason"]}


def run_ring(processes=7, rounds=7, slice_ms=2):
    """Build, measure, judge."""
    raw = measure(processes, rounds, slice_ms)
    return {"machine": describe_machine(raw), "raw": raw,
            "sections": [latency_section(raw), pipelined_section(raw)]}


def main():
    p = argparse.ArgumentParser(description="the ring library's benchmark")
    p.add_argument("-p", "--processes", type=int, default=7)
    p.add_argument("-r", "--rounds", type=int, default=7)
    p.add_argument("-t", "--slice-ms", type=int, default=2)
    p.add_argument("-o", "--output", default=os.path.join(OUT, "ring.json"))
    args = p.parse_args()
    results = run_ring(args.processes, args.rounds, args.slice_ms)
    with open(args.output, "w", encoding="utf-8") as f:
        json.dump(results, f, indent=1)
    for t in (t for s in results["sections"] for t in s["targets"]):
        verdict = {True: "met", False: "NOT MET", None: "not judged"}[t["met"]]
        print(f"{verdict}: {t['text']}: want {t['want']}, got {t['got']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: GPL-2.0-only
"""Where the time of loads goes, as the report of `make bench` has it (tests/bench/where.py)."""
import os
import sys

from host import Host
from machine import VCPUS
from outcome import Skip

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "bench"))

import parts                                                    # noqa: E402
import report                                                   # noqa: E402
import systems                                                  # noqa: E402
import where                                                    # noqa: E402

MACHINE = False
TIMEOUT = 300
SECONDS = 4


def test_the_report_names_the_costs_of_each_load(_=None):
    if Host.door != "trap" or VCPUS > 1:
        raise Skip("DOOR=trap runs it, with one processor for each domain")
    failed = []
    with systems.Machine(systems.TRAP) as m:
        found = where.run_where(m, SECONDS, failed)
        assert not m.host.splats(), m.host.splats()
    assert not failed, failed
    for text in found["said"]:
        print("#   " + text)
    for t in found["targets"]:
        assert t["met"], (t["got"], t["cause"])
    loads = list(found["summaries"])
    assert len(loads) == len(where.LOADS), loads
    value = {(r["case"], r["system"]): r["median"] for r in found["rows"]}
    for load in loads:
        every = sum(value[parts.name_of(p), load] for p in parts.PARTS)
        assert abs(every - 400) < 8, (load, every)      # four processors
        assert len(found["summaries"][load]) == 6, found["summaries"][load]
    # Who is asked: the network by the first two, storage by the others.
    for load in ("nginx", "redis", "like PostgreSQL"):
        assert value["network domain: calls", load] > 1, (load, value)
    for load in ("sqlite", "like PostgreSQL"):
        assert value["storage domain: calls", load] > 1, (load, value)
    assert value["storage domain: calls", "sqlite"] > value["storage domain: calls", "redis"], value
    picture = report.section_stack(found)
    assert all(load in picture for load in loads) and "storage domain: background" in picture, picture[:300]

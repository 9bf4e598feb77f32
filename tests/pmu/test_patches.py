# SPDX-License-Identifier: GPL-2.0-only
"""What Xen's patches change for a PV guest: pv/, a kernel of our own, is domain 0 of
Debian's Xen and of ours. A PV kernel is in ring 3, as its programs are."""
import functools
import os

from boot import Boot, lines
from image import BUILD
from machine import xen_elf
from test_linux import growth, pairs

MACHINE = False
TIMEOUT = 300
PV = os.path.join(BUILD, "pmu/pv/pv.elf")
XEN_ARGS = ("console=com1 dom0_mem=64M,max:64M dom0_max_vcpus=1 dom0_vcpus_pin loglvl=all "
            "xpti=0 pv-l1tf=0 vpmu=%s")
PATTERN = 0x5a5a5a5a
EIO = 5
EINVAL = 22
CACHED = 1


@functools.lru_cache(maxsize=None)
def ran(xen, vpmu):
    with Boot("-m", "512", "-kernel", xen_elf(xen), "-append", XEN_ARGS % vpmu, "-initrd", PV, plugin=True) as m:
        return m.wait_for("end", 120), m.marks()


def printed(word, xen, vpmu="1"):
    found = lines(ran(xen, vpmu)[0], word)
    assert found, "nothing printed for %s:\n%s" % (word, ran(xen, vpmu)[0])
    return found


NONE = {when: (1, 0, 0) for when in ("uninitialised", "before", "stopped")}


def by_name(rows):
    return {x[""]: (x["faults"], x["read"], x["cr4"]) for x in rows}


def test_stock_xen_gives_no_rdpmc():
    assert by_name(printed("rdpmc", "stock")) == NONE


def test_rdpmc_by_cr4_pce():
    """Only while the guest has the bit set, which it can read back; and its own value,
    whether the counter runs or not. Before XENPMU_init, with the bit set, it still faults."""
    assert by_name(printed("rdpmc", "patched")) == {
        "uninitialised": (1, 0, 0x100), "before": (1, 0, 0), "stopped": (0, PATTERN, 0x100),
        "after": (0, PATTERN, 0x100), "taken": (1, 0, 0)}


def test_no_rdpmc_without_vpmu():
    for xen in "stock", "patched":
        assert by_name(printed("rdpmc", xen, "0")) == NONE


def test_rdpmc_counts_exactly():
    by_turns = {}
    for x in printed("around", "patched"):
        by_turns.setdefault(x["turns"], set()).add(x["counted"])
    assert all(len(found) == 1 for found in by_turns.values()), by_turns
    rows = [{"turns": turns, "counted": min(found)} for turns, found in sorted(by_turns.items())]
    assert growth(rows, "counted") == [2, 2], rows


def test_rdpmc_does_not_enter_xen():
    """The plugin has no instruction of Xen's between two readings, but where a clock ticks."""
    rows = printed("around", "patched")
    quiet = [x for x, plugin in pairs(rows, ran("patched", "1")[1]) if plugin["insns"][2] == 0]
    assert len(quiet) >= 0.8 * len(rows), (len(quiet), len(rows))


def flushed(xen, vpmu):
    return [(x["cached"], x["error"], x["loaded"] == x["control"]) for x in printed("flush", xen, vpmu)]


def test_stock_xen_loads_forbidden_events():
    """vpmu=arch refuses an event where a register is written, and not where the page is flushed."""
    assert printed("forbidden", "stock", "arch") == [{"faults": 1, "virq": 0}]
    assert flushed("stock", "arch") == [(1, 0, True), (1, 0, True)]


def test_forbidden_events_are_refused():
    assert printed("forbidden", "patched", "arch") == [{"faults": 1, "virq": 0}]
    assert flushed("patched", "arch") == [(1, 0, True), (1, EIO, False)]


def test_all_events_without_the_filter():
    assert printed("forbidden", "patched") == [{"faults": 0, "virq": 0}]
    assert flushed("patched", "1") == [(1, 0, True), (1, 0, True)]


def test_stock_xen_refuses_to_cache():
    assert printed("caches", "stock") == [{"error": EINVAL}]


def test_counters_are_started_in_the_page():
    """Before any register was written, and exactly; a second call leaves the page alone."""
    for vpmu in "1", "arch":
        assert printed("caches", "patched", vpmu) == [{"error": 0}]
        rows = printed("cache", "patched", vpmu)
        assert growth(rows, "counted") == [2, 2], rows
        assert all((x["error"], x["flush"], x["flags"], x["kept"]) == (0, 0, CACHED, 0x1234) for x in rows), rows


def test_page_and_registers_are_one():
    assert printed("flushed", "patched") == [{"register": 0x5678}]
    assert printed("cached", "patched") == [{"page": 0x9abc}]

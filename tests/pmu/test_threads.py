# SPDX-License-Identifier: GPL-2.0-only
"""Thread switches of the primary's kernel in a PV guest (linux/threads.c): on Xen with our
patches the counters are changed in Xen's page. vpmu=split tells the program from its kernel,
so that its count can be compared with the plugin's. The plugin counts domain 0's polling as
well, but domain 0 makes no calls for counters."""
import collections
import functools
import os

from boot import Boot, lines, once
from machine import xen_elf
from test_domains import DOM0
from test_linux import KERNEL, growth

MACHINE = False
TIMEOUT = 500
XEN_ARGS = ("console=com1 dom0_mem=1024M,max:1024M dom0_max_vcpus=1 dom0_vcpus_pin loglvl=all "
            "vpmu=%s xpti=0 pv-l1tf=0")
XENPMU_OP = "40"
KERNEL_MODE = 1


def boot(xen, vpmu, what):
    with Boot("-m", "2048", "-kernel", xen_elf(xen), "-append", XEN_ARGS % vpmu,
              "-initrd", "%s console=hvc0 quiet panic=-1 %s,%s" % (KERNEL, what, DOM0), plugin=True) as m:
        return m.wait_for("end", 400), m.marks()


RAN = {"patched": once(functools.partial(boot, "patched", "per-domain,split,arch", "threads")),
       "stock": once(functools.partial(boot, "stock", "1", "threads-stock"))}


def printed(word, xen="patched"):
    text = RAN[xen]()[0]
    found = lines(text, "guest." + word)
    assert found and not lines(text, "guest.failed"), "%s:\n%s" % (word, text)
    return found


def rows(xen, counters):
    """Each row with what the plugin counted meanwhile: calls of xenpmu_op, accesses of kernels
    to registers, the program's instructions, Xen's."""
    marks = [m for m in RAN[xen]()[1] if m["mark"] in (5, 6)]
    found = printed("threads", xen)
    assert len(marks) == 2 * len(found)
    for row, a, b in zip(found, marks[::2], marks[1::2]):
        a, b = a["vcpus"][0], b["vcpus"][0]
        if row["counters"] == counters:
            yield (row, b["hypercalls"].get(XENPMU_OP, 0) - a["hypercalls"].get(XENPMU_OP, 0),
                   b["msrs"][KERNEL_MODE] - a["msrs"][KERNEL_MODE],
                   [y - x for x, y in zip(a["insns"], b["insns"])])


def show(xen, counters):
    for row, calls, msrs, insns in rows(xen, counters):
        n = row["switches"]
        print("#   %s, counters %d: a switch has %.2f calls for counters, %.2f accesses that trap, "
              "instructions of kernels %.0f, of Xen %.0f" % (
                  xen, counters, calls / n, msrs / n, insns[1] / n, insns[2] / n))


def test_a_switch_makes_two_calls():
    """And no access to a register: none at all in rows that domain 0 does not disturb."""
    show("patched", 0)
    show("patched", 4)
    assert {calls / row["switches"] for row, calls, _, _ in rows("patched", 4)} == {2.0}
    assert {calls for _, calls, _, _ in rows("patched", 0)} == {0}
    assert min(msrs for _, _, msrs, _ in rows("patched", 4)) == 0


def test_counts_are_exact():
    """As many switches have as many instructions each time. The plugin has as many, but for a
    few beside the marks: in rows that domain 0's own program does not disturb."""
    by_switches = collections.defaultdict(list)
    for row, _, _, insns in rows("patched", 4):
        by_switches[row["switches"]].append((row["user"], row["user"] - insns[0]))
    print("#   ", {n: collections.Counter(x).most_common(3) for n, x in by_switches.items()})
    assert len(by_switches) == 3
    assert all(len({user for user, _ in x}) == 1 for x in by_switches.values()), by_switches
    assert len({max(apart for _, apart in x) for x in by_switches.values()}) == 1, by_switches


def test_each_period_has_its_sample():
    for x in printed("sampled"):
        assert x["samples"] == x["counted"] // x["period"] >= 20, x


def test_a_refused_event_stops_no_other():
    found = printed("beside")
    assert growth(found, "counted") == [2, 2], found
    assert all(x["refused"] == 0 for x in found), found


def test_stock_xen_has_the_old_way():
    show("stock", 4)
    assert min(msrs / row["switches"] for row, _, msrs, _ in rows("stock", 4)) > 15
    assert all(x["user"] > 0 for x, *_ in rows("stock", 4))
    assert all(x["refused"] > 0 for x in printed("beside", "stock"))

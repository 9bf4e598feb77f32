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


def boot(xen, vpmu, what, *args):
    with Boot("-m", "2048", *args, "-kernel", xen_elf(xen), "-append", XEN_ARGS % vpmu,
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


def usual(values):
    """The most frequent one; a tick or domain 0's polling disturbs few rows."""
    found = collections.Counter(values).most_common()
    assert found[0][1] > sum(n for _, n in found) / 3, found
    return found[0][0]


def per_switch(xen, counters):
    """What each row's switch takes: calls of xenpmu_op, accesses of kernels to registers."""
    found = [(calls / row["switches"], msrs / row["switches"], insns[2] / row["switches"])
             for row, calls, msrs, insns in rows(xen, counters)]
    calls, msrs, xens = (list(x) for x in zip(*found))
    print("#   %s, counters %d: a switch has %s calls for counters, %s accesses that trap; the least of "
          "instructions of Xen %.0f" % (xen, counters, collections.Counter(calls).most_common(4),
                                        collections.Counter(msrs).most_common(4), min(xens)))
    return calls, msrs


def test_a_switch_makes_two_calls():
    """And no access to a counter's register: as many accesses as without counters."""
    none, four = ([usual(x) for x in per_switch("patched", n)] for n in (0, 4))
    assert none[0] == 0 and four[0] == 2 and none[1] == four[1] <= 1, (none, four)


def test_counts_are_exact():
    """As many switches have as many instructions each time. The plugin has as many, but for
    what lies beside the marks."""
    by_switches = collections.defaultdict(list)
    for row, _, _, insns in rows("patched", 4):
        by_switches[row["switches"]].append((row["user"], row["user"] - insns[0]))
    print("#  ", {n: collections.Counter(x).most_common(3) for n, x in by_switches.items()})
    assert len(by_switches) == 3
    assert all(len({user for user, _ in x}) == 1 for x in by_switches.values()), by_switches
    # What domain 0 does in a row makes the plugin's count larger.
    assert len({max(apart for _, apart in x) for x in by_switches.values()}) == 1, by_switches


def test_each_period_has_its_sample():
    for x in printed("sampled"):
        assert x["samples"] == x["counted"] // x["period"] >= 20, x


def test_a_refused_event_stops_no_other():
    found = printed("beside")
    assert growth(found, "counted") == [2, 2], found
    assert all(x["refused"] == 0 for x in found), found


def test_stock_xen_has_the_old_way():
    """Its switches last so long that most rows have a tick, which only adds accesses."""
    none, four = (min(per_switch("stock", n)[1]) for n in (0, 4))
    assert four - none > 15, (none, four)
    assert growth(printed("beside", "stock"), "counted")[0] > 0

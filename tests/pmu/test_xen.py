# SPDX-License-Identifier: GPL-2.0-only
"""Debian's own Xen with vpmu=1 and Debian's own Linux as its dom0, which is a PV guest:
perf_event_open(2) of linux/ goes through Xen's driver for Intel's unit.

What a PV guest calls user mode is ring 3, in which its kernel runs as well: a count of
the program's has the kernel's work for it, and for clock ticks. The least of 30 runs has
no tick in it."""
from boot import Boot, lines, once
from machine import xen_elf
from test_linux import INITRD, KERNEL, growth, pairs

MACHINE = False
TIMEOUT = 400
XEN_ARGS = ("console=com1 dom0_mem=1024M,max:1024M dom0_max_vcpus=1 dom0_vcpus_pin loglvl=all "
            "vpmu=%s xpti=0 pv-l1tf=0")


def boot(xen, vpmu):
    """What Linux prints as its dom0, and the plugin's marks."""
    # To read a counter by rdpmc ends a program in a PV guest.
    with Boot("-m", "2048", "-kernel", xen_elf(xen), "-append", XEN_ARGS % vpmu,
              "-initrd", "%s console=hvc0 quiet panic=-1 nordpmc,%s" % (KERNEL, INITRD), plugin=True) as m:
        return m.wait_for("end", 300), m.marks()


@once
def ran():
    return boot("stock", "1")


def printed(word):
    found = lines(ran()[0], word)
    assert found, "nothing printed for %s:\n%s" % (word, ran()[0])
    return found


def test_xen_has_it():
    text = ran()[0]
    assert "VPMU: version 0.1" in text, text
    assert "\npmu_mode self\n" in text, text
    assert not lines(text, "failed"), text


def test_counts_in_a_pv_guest():
    for name, each in ("instructions", 2), ("branches", 1):
        rows = [x for x in printed("count") if x[""] == name and x["modes"] == 1]
        assert growth(rows, "least") == [each] * 3, rows
        assert all(x["same"] >= 3 for x in rows), rows


def test_plugin_counts_the_same():
    """What the plugin has in the program and the guest's kernel; nothing of Xen's."""
    undisturbed = {}
    for x, plugin in pairs(printed("marks"), ran()[1]):
        undisturbed.setdefault(x["turns"], []).append((x["counted"], plugin["insns"]))
    assert len(undisturbed) == 5
    apart = set()
    for found in undisturbed.values():
        least = min(counted for counted, _ in found)
        same = [insns[0] + insns[1] for counted, insns in found if counted == least]
        assert len(same) >= 5 and len(set(same)) == 1, found
        apart.add(least - same[0])
    assert len(apart) == 1, apart


def test_samples_in_a_pv_guest():
    """One at the end of each period, unless the kernel, which is counted as well, was stopping
    the counter then. Those of a million instructions are in the loop."""
    [x] = printed("samples")
    assert 0 <= x["counted"] // x["period"] - x["samples"] <= 2 and x["samples"] >= 100, x
    assert x["inside"] >= 80 and x["others"] == 0, x


def per_switch():
    """By how many counters each of two processes has: what a switch takes, without counters
    what it takes, and with them, what more."""
    rows, base = {}, None
    for x, plugin in pairs(printed("switches"), ran()[1], 3):
        now = [n / x["switches"] for n in (plugin["msrs"][1], plugin["insns"][1], plugin["insns"][2])]
        base = base or now
        rows[x["counters"]] = now if now is base else [a - b for a, b in zip(now, base)]
    return rows


def test_traps_of_a_thread_switch():
    """The kernel's accesses to registers, each of which traps. Xen's patches are to end it."""
    rows = per_switch()
    for counters, (msrs, kernel, xen) in rows.items():
        print("#   counters %d: %s%.1f accesses that trap, %.0f instructions of the kernel, %.0f of Xen, a switch" % (
            counters, "+" if counters else "", msrs, kernel, xen))
    assert 7 <= rows[1][0] <= 11 and 11 <= rows[2][0] <= 16 and 20 <= rows[4][0] <= 28, rows

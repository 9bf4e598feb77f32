# SPDX-License-Identifier: GPL-2.0-only
"""Switches of vCPUs between two domains that have counters (pv/switches.c, apart.c, active.c),
on Xen with our patches: how many registers Xen moves, that each domain counts itself alone and
exactly, and that it reads no value of the other's. Once on one processor, with the plugin, and
once while domain 0 moves both between two processors."""
import collections
import functools

from boot import Boot, lines, once
from machine import xen_elf
from test_domains import DOM0, XEN_ARGS
from test_linux import KERNEL, growth, pairs

MACHINE = False
TIMEOUT = 500
XEN = 2
SIDES = ("ping", "pong")
# What a round of two switches takes of the counters' registers: each vCPU out and in again. A switch
# out stops the counters and reads the status, one in starts them; each counter that runs, or whose
# stopped value is not what the other one left there, is read and written. A vCPU whose neighbour
# has none loaded finds its own values where they were.
ACCESSES = {"stopped-alone": 3, "one-alone": 1 + 3, "four-alone": 4 + 3,
            "one": 2 * (2 * 1 + 3), "four": 2 * (2 * 4 + 3), "seven": 2 * (2 * 7 + 3), "left": 2 * (2 * 4 + 3)}
# For each vCPU with counters, LVTPC is masked and unmasked: an MSR with x2APIC.
LVTPC = {name: 2 if name.endswith("-alone") else 2 * 2 for name in ACCESSES}
# What Xen writes at two switches for itself. It sets its timer at each, unless another time comes before.
ITSELF, TIMER = 4, 2


def boot(what, *args, plugin=False):
    with Boot("-m", "2048", *args, "-kernel", xen_elf("patched"), "-append", XEN_ARGS,
              "-initrd", "%s console=hvc0 quiet panic=-1 %s,%s" % (KERNEL, what, DOM0), plugin=plugin) as m:
        return m.wait_for("end", 400), m.marks() if plugin else []


ONE = once(functools.partial(boot, "pair", plugin=True))
TWO = once(functools.partial(boot, "pair-moves", "-smp", "2"))


def printed(ran, word):
    text = ran()[0]
    found = lines(text, word)
    assert found and not lines(text, "late"), "%s:\n%s" % (word, text)
    return found


def test_a_switch_moves_what_has_changed():
    """Most rows have no tick and no polling of domain 0."""
    by_name = collections.defaultdict(list)
    for row, plugin in pairs(printed(ONE, "ping.row"), ONE()[1]):
        by_name[row[""]].append(plugin["msrs"][XEN] / row["rounds"])
    print("#  ", {name: collections.Counter(found).most_common(3) for name, found in by_name.items()})
    for name, found in by_name.items():
        least = ITSELF + ACCESSES.get(name, 0) + LVTPC.get(name, 0)
        undisturbed = [x for x in found if least <= x <= least + TIMER]
        assert len(undisturbed) > len(found) / 3, (name, least, found)


def check_exact(ran):
    """As many turns have as many instructions each time, and each turn has two more."""
    for side in SIDES:
        by_name = collections.defaultdict(lambda: collections.defaultdict(set))
        for row in printed(ran, side + ".row"):
            by_name[row[""]][row["turns"], row["rounds"]].add(row["counted"])
        counting = {name: found for name, found in by_name.items() if found != {key: {0} for key in found}}
        assert set(counting) >= {"one", "four", "seven"}, (side, set(counting))
        for name, found in counting.items():
            assert all(len(counts) == 1 for counts in found.values()), (side, name, found)
            rows = [{"turns": turns * rounds, "counted": min(counts)} for (turns, rounds), counts in
                    sorted(found.items())]
            assert growth(rows, "counted") == [2, 2], (side, name, rows)


def check_apart(ran):
    for side in SIDES:
        [found] = printed(ran, side + ".apart")
        assert found["foreign"] == found["wrong"] == found["faults"] == 0 and found["rounds"] >= 600, (side, found)


def check_status(ran):
    """An overflow is its vCPU's until it clears it, and nobody else's."""
    for side, after in zip(SIDES, (1, 0)):
        found = {x[""]: x["overflows"] for x in printed(ran, side + ".status")}
        assert found == {"before": 0, "after": after, "cleared": 0}, (side, found)


def test_counts_are_exact_over_switches():
    check_exact(ONE)


def test_no_value_of_another_domain():
    check_apart(ONE)


def test_overflows_stay_with_their_domain():
    check_status(ONE)


def test_all_of_it_while_they_move():
    """Between two processors, some 50 times a second: each has another one's registers."""
    check_exact(TWO)
    check_apart(TWO)
    check_status(TWO)


def test_active_time():
    """Cycles of reference and Xen's runstate area leave out what the other domain ran; the time
    stamp counter does not."""
    for side in SIDES:
        assert printed(ONE, side + ".runstate") == [{"error": 0}]
    alone, beside = printed(ONE, "ping.active")
    assert beside["tsc"] / beside["ran"] > 1.5 * alone["tsc"] / alone["ran"], (alone, beside)
    rates = [x["cycles"] / x["ran"] for x in (alone, beside)]
    assert 0.8 < rates[0] / rates[1] < 1.25, (alone, beside)

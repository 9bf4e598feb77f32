# SPDX-License-Identifier: GPL-2.0-only
"""The primary's kernel with two virtual processors in a PV guest (linux/smp.c), on Xen with our
patches: each changes its counters in its own page (patch 0005). Once both share a processor,
with the plugin, and once domain 0 moves each between two processors, some 50 times a second."""
import collections
import functools

from boot import lines, once
from test_linux import growth
from test_threads import KERNEL_MODE, boot

MACHINE = False
TIMEOUT = 500
VPMU = "per-domain,split,arch"
PLACES = {"one": once(functools.partial(boot, "patched", VPMU, "smp")),
          "two": once(functools.partial(boot, "patched", VPMU, "smp-moves", "-smp", "2"))}


def printed(word, place):
    text = PLACES[place]()[0]
    found = lines(text, "guest." + word)
    assert found and not lines(text, "guest.failed") and not lines(text, "late"), "%s:\n%s" % (word, text)
    return found


def check_exact(place):
    """The same work has the same instructions each time, whichever processor runs it."""
    assert printed("processors", place) == [{"online": 2}]
    by_name = collections.defaultdict(lambda: collections.defaultdict(set))
    for row in printed("smp", place):
        by_name[row[""]][row["turns"]] |= {row["user"], row["again"]}
    assert len(by_name) == 5, set(by_name)
    for name, found in by_name.items():
        assert all(len(counts) == 1 for counts in found.values()), (name, dict(found))
        rows = [{"turns": turns, "counted": min(counts)} for turns, counts in sorted(found.items())]
        assert growth(rows, "counted") == [2, 2], (name, rows)
    for side in ("first", "second"):
        assert by_name[side + "-0"] == by_name[side + "-1"], by_name


def test_counts_of_both_are_exact():
    check_exact("one")


def test_counts_are_exact_while_they_move():
    check_exact("two")


def test_neither_takes_the_way_by_registers():
    """A switch of threads by that way takes more than fifteen (test_threads.py)."""
    [switched] = printed("switched", "one")
    a, b = (m["vcpus"][0]["msrs"][KERNEL_MODE] for m in PLACES["one"]()[1] if m["mark"] in (5, 6))
    print("#   %d accesses of kernels to registers at no less than %d switches" % (b - a, switched["least"]))
    assert b - a < 4 * switched["least"], (a, b, switched)

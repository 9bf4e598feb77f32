# SPDX-License-Identifier: GPL-2.0-only
"""Xen with our patches and vpmu=split, and Debian's own Linux as its dom0: user mode, the
guest's kernel and Xen are told apart, where test_xen.py has all of ring 3 in one count."""
import collections

from boot import lines, once
from test_linux import growth, pairs
from test_xen import boot

MACHINE = False
TIMEOUT = 400


@once
def ran():
    return boot("patched", "split")


def printed(word):
    found = lines(ran()[0], word)
    assert found, "nothing printed for %s:\n%s" % (word, ran()[0])
    return found


def test_counts_of_a_program_are_exact():
    """Each run counts the same, however many ticks of the clock come in between."""
    for name, each in ("instructions", 2), ("branches", 1):
        rows = [x for x in printed("count") if x[""] == name and x["modes"] == 1]
        assert growth(rows, "least") == [each] * 3, rows
        assert all(x["same"] == x["runs"] for x in rows), rows


def apart(value, mode):
    """What each row's counter has more than the plugin between the marks, most frequent first.
    A clock tick beside the marks is in the counter alone."""
    rows = list(pairs(printed("marks"), ran()[1]))[5:]
    found = collections.Counter(x[value] - plugin["insns"][mode] for x, plugin in rows)
    return found.most_common(), len(rows)


def test_the_program_alone():
    found, rows = apart("counted", 0)
    assert len(found) == 1, found


def test_the_guests_kernel_alone():
    """Nothing of Xen's, which each of a row's system calls enters; and of the program nothing."""
    found, rows = apart("kernel", 1)
    near = sum(n for value, n in found if abs(value - found[0][0]) <= 20)
    assert near >= rows / 2, found


def test_samples_of_the_program():
    """One at the end of each period, and all of them in the loop."""
    [x] = printed("samples")
    assert x["samples"] == x["counted"] // x["period"] >= 100, x
    assert x["inside"] == x["samples"] and x["others"] == 0, x

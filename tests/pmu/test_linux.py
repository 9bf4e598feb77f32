# SPDX-License-Identifier: GPL-2.0-only
"""Debian's own Linux on the bare machine: perf_event_open(2) of linux/."""
import os
import re
import subprocess

from boot import Boot, lines, once
from image import BUILD

MACHINE = False
TIMEOUT = 400
KERNEL = os.path.join(BUILD, "pmu/vmlinuz")
HARDWARE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../hardware/perf.sh")
INITRD = os.path.join(BUILD, "pmu/linux/init.cpio")


@once
def ran():
    # On a busy machine the emulator may stand still where the kernel tries its timer.
    with Boot("-m", "512", "-kernel", KERNEL, "-initrd", INITRD, "-append",
              "console=ttyS0 quiet panic=-1 nmi_watchdog=0 tsc=reliable no_timer_check", plugin=True) as m:
        return m.wait_for("end", 300), m.marks()


def printed(word):
    found = lines(ran()[0], word)
    assert found, "nothing printed for %s:\n%s" % (word, ran()[0])
    return found


def pairs(rows, marks, mark=1):
    """Each printed row with what the plugin counted from this mark to the next one."""
    marks = [m for m in marks if m["mark"] in (mark, mark + 1)]
    assert len(marks) == 2 * len(rows)
    for row, a, b in zip(rows, marks[::2], marks[1::2]):
        a, b = a["vcpus"][0], b["vcpus"][0]
        yield row, {k: [y - x for x, y in zip(a[k], b[k])] for k in ("insns", "msrs")}


def growth(rows, value):
    """What each row has more than the first, for each turn of the loop that it has more."""
    first, *rest = rows
    assert rest
    return [(r[value] - first[value]) / (r["turns"] - first["turns"]) for r in rest]


def test_all_of_it_ran():
    assert not lines(ran()[0], "failed"), ran()[0]
    printed("pmu")


def test_counts_of_a_program_are_exact():
    """Each run counts the same, however many ticks of the clock come in between."""
    for name, each in ("instructions", 2), ("branches", 1):
        rows = [x for x in printed("count") if x[""] == name and x["modes"] == 1]
        assert growth(rows, "least") == [each] * 3, rows
        assert all(x["same"] == x["runs"] for x in rows), rows


def test_counts_with_the_kernel():
    rows = [x for x in printed("count") if x[""] == "instructions" and x["modes"] == 3]
    user = [x for x in printed("count") if x[""] == "instructions" and x["modes"] == 1]
    assert all(a["least"] > b["least"] for a, b in zip(rows, user))
    assert growth(rows, "least")[0] == 2, rows          # short enough to have no tick in it


def test_plugin_counts_the_same():
    """Between the marks and between start and stop lies the same but a constant. In the first
    round the program's pages come; a block that faults counts again for the plugin."""
    rows = [(x["turns"], x["counted"], plugin["insns"][0]) for x, plugin in pairs(printed("marks"), ran()[1])]
    apart = {counted - plugin for _, counted, plugin in rows[5:]}
    assert len(apart) == 1, rows
    assert len({(turns, counted) for turns, counted, _ in rows}) == 5, rows


def test_a_program_reads_its_counter_by_rdpmc():
    """Without entering the kernel, and to the instruction."""
    rows = printed("rdpmc")
    assert all(x["least"] == x["most"] and x["quiet"] > 10 for x in rows), rows
    assert growth(rows, "least") == [2, 2], rows


def test_samples_come_after_each_period():
    [x] = printed("samples")
    assert x["samples"] == x["counted"] // x["period"] >= 100, x
    assert x["inside"] == x["samples"] and x["others"] == 0, x


def test_what_a_real_host_measures():
    """tests/hardware/perf.sh: all that it knows the right value of is right to 1 %. This machine
    has one processor, so that no thread moves."""
    rows = re.findall("^(?:row|without) .*", ran()[0], re.M)
    table = subprocess.run(["sh", HARDWARE, "table"], input="\n".join(rows), capture_output=True, text=True)
    assert table.returncode == 0, table.stdout
    assert [x for x in rows if x.startswith("without")] == ["without instructions-moved"], table.stdout
    assert re.search(r"^chains-with-all-callers .* 0\.0000%", table.stdout, re.M), table.stdout

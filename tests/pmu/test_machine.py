# SPDX-License-Identifier: GPL-2.0-only
"""The unit by itself: a program for the bare machine (guest/) says what it reads, this
what it must be."""
import os
import tempfile
import time

from boot import CPU, GUEST, Boot, lines, once

MACHINE = False
TIMEOUT = 400
WIDTH = 48


@once
def ran():
    """What the program printed, and the plugin's marks. The machine is saved on the way."""
    with tempfile.TemporaryDirectory() as tmp, Boot("-kernel", GUEST, plugin=True) as m:
        text, state = m.wait_for("waiting", 200), os.path.join(tmp, "state")
        marks = m.marks()
        m.save(state)
        with Boot("-kernel", GUEST, incoming=state) as other:
            other.go_on()
            time.sleep(0.2)         # the loop that waits for the byte turns meanwhile
            other.serial.sendall(b"x")
            return text + other.wait_for("end"), marks


def printed(word):
    found = lines(ran()[0], word)
    assert found, "nothing printed for %s" % word
    return found


def test_leaf():
    [leaf] = printed("leaf")
    assert leaf["eax"] == 2 | 4 << 8 | WIDTH << 16 | 7 << 24
    assert leaf["ebx"] == 1 << 3 | 1 << 4 | 1 << 6      # absent: caches, branch misses
    assert leaf["edx"] == 3 | WIDTH << 5


def test_without_it():
    """With pmu=off, or AMD's name as in all our other machines, there is no leaf and rdpmc is
    undefined, as in QEMU without our patch."""
    for cpu in "max,pmu=on", CPU.replace("pmu=on", "pmu=off"):
        with Boot("-kernel", GUEST, cpu=cpu) as m:
            text = m.wait_for("end")
            assert [set(x.values()) for x in lines(text, "leaf")] == [{0}], text
            assert lines(text, "rdpmc") == [{"faults": 1}], text


def test_sections_are_exact():
    sections = printed("section")
    assert len({s[""] for s in sections}) >= 20
    for s in sections:
        assert s["insns"] == s["fixed"] == s["want_insns"], s
        assert s["branches"] == s["want_branches"], s


def test_plugin_counts_the_same():
    """Between the marks of a section are four instructions more. The plugin counts what
    has begun, so a fault is one more to it; blocks that begin twice cannot be compared."""
    sections, marks = printed("section"), ran()[1]
    assert len(marks) == 2 * len(sections)
    compared = 0
    for s, (a, b) in zip(sections, zip(marks[::2], marks[1::2])):
        plugin = sum(b["vcpus"][0]["insns"]) - sum(a["vcpus"][0]["insns"])
        if s["restarts"]:
            assert plugin >= s["insns"] + 4, (s, plugin)
        else:
            assert plugin == s["insns"] + s["faults"] + 4, (s, plugin)
            compared += 1
    assert compared >= 2 * 20


def test_modes_are_told_apart():
    """100 instructions in ring 3, of which 49 jump and one is int; then ring 0's."""
    none, user, kernel, both = printed("modes")
    assert (none["insns"], none["fixed"], none["branches"]) == (0, 0, 0)
    assert (user["insns"], user["fixed"], user["branches"]) == (100, 100, 50)
    assert kernel["insns"] == kernel["fixed"] == kernel["kernel_insns"]
    assert kernel["branches"] == 1                      # the iret to ring 3
    assert both["insns"] == both["fixed"] == 100 + both["kernel_insns"]
    assert both["branches"] == 51


def test_overflow_comes_after_the_period():
    """The first instruction of a period is the wrmsr that starts it, the rest are nops of
    one byte; nothing else is counted until the handler stops the counter."""
    for kind in "overflow", "nmi":
        found = printed(kind)
        assert len(found) == 12
        for x in found:
            assert x["samples"] == 1, x
            assert x["distance"] == x["period"] - 1, x
            assert x["counter"] == x["handler_insns"], x
            assert x["status"] == 1, x
            assert x["lvtpc"] & 0x10000, x              # masked by the delivery


def test_overflow_of_branches():
    for x in printed("branch_overflow"):
        assert x["samples"] == 1 and x["distance"] == 2 * x["period"], x


def test_period_that_ends_in_the_other_mode():
    """Ring 0 has the first 10 instructions of the period."""
    for x in printed("across"):
        assert x["samples"] == 1 and x["distance"] == x["period"] - 10, x


def test_no_interrupt_when_none_is_wanted():
    [x] = printed("masked")
    assert x["samples"] == 0 and x["status"] == 1 and x["cleared"] == 0, x
    # a sled of 110,000, the wrmsr before it, two moves after it
    assert x["counter"] == 110000 + 3 - 1000, x
    [x] = printed("silent")
    assert x["samples"] == 0 and x["status"] == 1 and not x["lvtpc"] & 0x10000, x


def test_a_hundred_periods():
    """One after the other in ring 3; what ring 0 does in between does not count."""
    [x] = printed("periodic")
    assert x["samples"] == x["exact"] == 110, x
    assert x["left"] == (1 << WIDTH) - 1000 + 1, x      # int ends ring 3


def test_rdpmc_needs_pce():
    without, with_pce = printed("user_rdpmc")
    assert without["faults"] == 1 and without["read"] == 0, without
    assert with_pce["faults"] == 0 and with_pce["read"] == 0x5a5a5a5a, with_pce
    assert without["kernel_faults"] == with_pce["kernel_faults"] == 0


def test_absent_registers_and_bits_fault():
    for x in printed("absent"):
        assert x["read_faults"] == x["write_faults"] == 1, x
    for x in printed("refused"):
        assert x["faults"] == 1, x
    for x in printed("kept"):
        assert x["faults"] == 0 and x["read"] == x["wrote"], x
    assert {x["ecx"]: x["faults"] for x in printed("index")} == {
        0: 0, 3: 0, 4: 1, 1 << 30: 0, 1 << 30 | 2: 0, 1 << 30 | 3: 1, 1 << 31: 1}


def test_general_counter_is_written_with_sign():
    [x] = printed("extended")
    assert x["read"] == x["rdpmc"] == 0xffff80000000, x


def test_cycles_are_ticks_of_the_tsc():
    [x] = printed("cycles")
    assert 20000000 <= x["all"] <= x["ticks"], x
    assert x["kernel"] <= x["all"] and x["kernel"] >= 0.99 * x["all"] and x["user"] == 0, x
    found = printed("halted")
    assert min(x["counted"] / x["ticks"] for x in found) < 0.2, found
    [x] = printed("cycle_overflow")
    assert x["samples"] == 1 and x["status"] == 1 and x["ticks"] >= 5000000, x


def test_saved_machine_keeps_its_counters():
    [x] = printed("saved")
    assert x["byte"] == ord("x")
    assert x["counted"] == x["executed"] > 1000, x
    assert x["status"] == 1, x                          # an overflow before it was saved
    assert x["lvtpc"] & 0x10000, x
    assert x["stopped_fixed"] == 0x123456789abc and x["stopped"] == 77, x
    assert x["evtsel"] == 0x100c4, x

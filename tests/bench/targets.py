# SPDX-License-Identifier: GPL-2.0-only
"""What is asked for, and whether it was reached.

Counts and wall-clock ratios are judged apart. A ratio is taken within each round, in
which the systems were measured one after the other; of those the median counts.
CAUSES says, for a target that was missed, why and what comes next.
Used by run.py.
"""
import statistics

from count import whole
from sets import APPLICATIONS, PREAD, PREADGROW, PWRITE, SECTIONS
from systems import BOTH, DRIVER, PV, TRAP

NULL_CASES = ("pread 1 B", "UDP send + recv, 1 B")
SMALL = ("32 B", "256 B", "1 KiB")
MIDDLE = ("2 KiB", "4 KiB", "16 KiB", "32 KiB")
LARGE = ("64 KiB", "256 KiB", "1 MiB", "2 MiB")

# By the beginning of a target's text: cause; next idea. Kept by whoever measures.
CAUSES = {
    "pread, cached file that grows": "Counted: the service executes 1,900 instructions for a byte (its look at the ring, "
    "handle, credentials, ext4's read), which a short call is worth; from 16 KiB on the two copies, page cache to arena "
    "and arena to program, outweigh what the trap costs pv, which copies once. Next: windows whose size may grow.",
    "pwrite, cached file: pwrite 1 KiB": "Counted: the first write to a page that is clean is a fault and page_mkwrite() "
    "(pwrite 4 KiB 3,400 instructions of the kernel, by the trap door, 2,240, which finds the page by itself). That rounds "
    "differ by a factor of two (1.08 to 1.97) is not explained. Next: faults counted beside.",
    "pwrite, cached file: pwrite 64 KiB": "Writes above 32 KiB take the trap door into the primary's page cache, as pv's "
    "do; what differs is the FUSE client's share. Next: in place as well where the pages are dirty already.",
    "exceptionless null call": "Of pread's user instructions 206 are the call when the answer is there at once "
    "(tests/unit/test_door_cost.c), some 30 vosbench's; the rest is the wait's bookkeeping, for the service needs "
    "longer. What the kernel and Xen execute are clock ticks. Next: that bookkeeping by function "
    "(tests/bench/profile.py).",
    "trap door's null call": "By function (tests/bench/profile.py): 700 of its instructions are Xen's, for the trap itself, "
    "and 230 entry and exit (getppid: 915 in all); of the kernel's 1,630 some 250 are seven pairs of locks, 210 taking "
    "and giving back a slot, 140 the ring's two ends, 130 copies of entries and of the request, 60 the completion. Next: "
    "a session's link by RCU, a slot for each processor, one section with interrupts off for both rings.",
    "virtuos, ": "By number (tests/bench/count.py): in a steady section of 400 calls there are the clock's alone, which are "
    "not judged; where there are more, another process ran in between (multicall, set_segment_base) or the service "
    "lost its processor to one and had to be woken. Next: more sections.",
    "nginx": "Counted by request: 7 forwarded calls (recv, writev, sendfile, two setsockopt(TCP_CORK), and the client's "
    "own send and recv), 2.5 sleeps and 2.3 interrupts (/sys/kernel/virtuos/net). A forwarded call by the trap door "
    "executes twice what pv's whole call does. Next: setsockopt() that nobody waits for, sendfile() by the door.",
    "redis": "Counted by request (/sys/kernel/virtuos/net): four forwarded calls, two of either process; by the trap door "
    "0.04 sends, 0.2 interrupts and 1.4 context switches, since whoever polls for his own answer sees the other's events; "
    "by the door 0.7 sends, 2.3 interrupts and 2.4 switches, presumably since each delivery then has to interrupt a "
    "processor that polls in user mode (not traced). Next: that trace; events that a polling program's next trap collects.",
    "sqlite": "Counted by run (/sys/kernel/debug/virtuosfs/stats): 30 FSYNC, 29 WRITE (by the door 10, and 112 calls of "
    "its own), 12 SETATTR (37 before fdatasync() ceased to save times); half of all calls sleep, for they wait for the "
    "disk, and a wake-up between processors is dear under emulation. Next: WRITE and FSYNC of one file in one request.",
}


def target(text, want, value, met):
    """value: None where it was not measured."""
    t = {"text": text, "want": want, "got": "not measured" if value is None else value, "met": met}
    if met is False:
        t["cause"] = next((c for start, c in CAUSES.items() if text.startswith(start)), "not looked into yet")
    return t


def counted_median(results, system, case, key):
    sections = results.get(system, {}).get(case)
    if not sections:
        return None
    return statistics.median(key(f) if callable(key) else f[key] for f in sections)


def at_most(text, value, limit, unit="", beside=""):
    if value is None:
        return target(text, "<= %s%s" % (format(limit, ","), unit), None, None)
    return target(text, "<= %s%s" % (format(limit, ","), unit),
                  "%s%s%s" % (format(round(value, 3 if limit < 10 else 0), ",g"), unit, beside), value <= limit)


def judge_counts(results):
    """Targets of part 2."""
    out = []

    def instructions(system, case, limit, text):
        value = counted_median(results, system, case, whole)
        wait = counted_median(results, system, case, "waiting: caller")
        out.append(at_most("%s (%s): instructions of the caller" % (text, case), value, limit,
                           beside="" if value is None else " (and %d waiting)" % round(wait)))
    for case in NULL_CASES:
        instructions(BOTH, case, 300, "exceptionless null call")
    instructions(TRAP, "getsockname", 2000, "trap door's null call")
    for system, case in ((BOTH, NULL_CASES[0]), (BOTH, NULL_CASES[1]), (TRAP, "getsockname")):
        for what in ("hypercalls of the caller", "hypercalls of the services", "event-channel sends",
                     "grant operations"):
            # A clock tick in the section is not the call's: less than one in a hundred calls is none.
            value = counted_median(results, system, case, what)
            out.append(target("%s, %s: %s per call in the polled steady state" % (system, case, what), "0",
                              None if value is None else format(round(value, 4), "g"),
                              None if value is None else value < 0.01))
    for system, case, size in ((BOTH, "pread 64 KiB", 65536), (BOTH, "pwrite 64 KiB", 65536),
                               (TRAP, "pread past the cache 64 KiB", 65536), (TRAP, "pwrite 64 KiB", 65536)):
        value = counted_median(results, system, case, "copied: caller")
        # Less than the data itself was copied by instructions that the plugin does not see.
        if value is not None and value < size / 2:
            value = None
        out.append(at_most("%s, %s: copies on the caller's side" % (system, case),
                           None if value is None else value / size, 1.02))
    return out


def ratios(rows, section, case, ours, other):
    """Our speed over the other's, of each round that has both."""
    mine, theirs = rows.get((section, case, ours), {}), rows.get((section, case, other), {})
    more_is_better = SECTIONS[section][1]
    both = [(mine[r], theirs[r]) for r in mine if r in theirs and mine[r] and theirs[r]]
    return [a / b if more_is_better else b / a for a, b in both]


def at_least(text, limit, values):
    if not values:
        return target(text, ">= %gx" % limit, None, None)
    got = statistics.median(values)
    return target(text, ">= %gx" % limit, "%.2fx (%.2f to %.2f)" % (got, min(values), max(values)), got >= limit)


def judge_section(rows, section):
    """Targets of one section of part 3. rows: {(section, case, system): {round: value}}."""
    cases = list(dict.fromkeys(c for s, c, _ in rows if s == section))
    out = []
    if section in (PREAD, PREADGROW, PWRITE):
        for sizes, limit in ((SMALL, 1.7), (MIDDLE, 1.2), (LARGE, 1.0)):
            for case in cases:
                if case.split(" ", 1)[1] in sizes:
                    out.append(at_least("%s: %s, both doors against pv" % (section, case), limit,
                                        ratios(rows, section, case, BOTH, PV)))
    if section in APPLICATIONS:
        for case in cases:
            for other, limit in ((DRIVER, 1.5), (PV, 1.0)):
                out.append(at_least("%s, %s: both doors against %s" % (section, case, other), limit,
                                    ratios(rows, section, case, BOTH, other)))
    return out



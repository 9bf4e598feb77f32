# SPDX-License-Identifier: GPL-2.0-only
"""What is asked for, and whether it was reached.

Counts and wall-clock ratios are judged apart. A ratio is taken within each round, in
which the systems were measured one after the other; of those the median counts.
CAUSES says, for a target that was missed, why and what comes next.
Used by run.py.
"""
import statistics

from count import clock, own
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
    "null call / ": "The caller's and the service's own work between two looks, 50 ns of 150 (processors near each other) and "
    "130 of 540 (far); a message is one line each way, as the ping-pong's is. Before an entry told of itself whether it is "
    "new it was 1.43 to 2.30 of the ping-pong and 0.44 to 1.2 of io_uring. Next: cache misses counted on a machine that lets us.",
    "null calls/s": "Far processors: a line each way for each call, as for io_uring, whose rate is the same; near ones: 2.1. "
    "Next: two completions in one line.",
    "exceptionless null call": "Where the service or the caller slept once in a section, that is in the figure (hypercalls, "
    "sends and iret of the same row tell). Next: more sections.",
    "trap door's null call": "Without hardening 1,955 to 2,012 in six runs, and 180 more with it (docs/hardening.md); 700 are Xen's, for "
    "the trap itself, and 230 entry and exit; what differs are the clock's ticks, as many as came in the section. Next: who is root, asked once "
    "and not with each call (36); the two looks for the link in one (20).",
    "virtuos, ": "By number (tests/bench/count.py): in a steady section of 100 calls there are the clock's alone, which are "
    "not judged; where there are more, another process ran in between (multicall, set_segment_base) or the service "
    "lost its processor to one and had to be woken. Next: more sections.",
    "nginx": "Counted by request, 8 connections: 67,400 instructions of the primary, pv's 77,100. 16,000 of them wait, the client "
    "for its send above all, which the service carries through TCP to its receiver before it answers; 19,000 are the "
    "programs', 17,600 in pv; 7,800 Xen's, 15,900 in pv. pv and driver-domain forward nothing of the first two loads, whose "
    "client is in the userland, on 127.0.0.1; only ab's bytes cross a domain there. Sends without waiting were tried: slower "
    "(docs/decisions/0042-sends-are-not-posted.md). Next: received bytes handed to the process before it asks.",
    "redis": "Counted by request (/sys/kernel/virtuos/net): four calls, 0.05 event-channel sends, 0.15 to 0.25 interrupts, 1.7 "
    "context switches (0.7, 2.3 and 2.4 before): 2,000 requests/s and more on a quiet machine, 800 when the two cores "
    "give the emulator less, for two domains poll at once where pv has one. Next: a machine with a core for each domain.",
    "sqlite": "Measured by request (/sys/kernel/debug/virtuosfs/stats), means of five: of 434 ms 107 wait for the storage "
    "domain: 30 FSYNC 72 ms, 4 MKNOD 11, 4 UNLINK 10, 13 SETATTR 8 (17 before a chown to the same owner was no commit), 4 "
    "GETXATTR 0.5 (11 before absent capabilities were kept in mind), the rest 5. By its clocks (bash's time, another hour) the "
    "program computes for 210 ms, in pv for 180, and waits for 100, in pv for 45; so 1.5 of driver-domain, whose 300 ms became "
    "200, would be less than it computes. Next: names made and unlinked without a commit, and redone after a death.",
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
        value = counted_median(results, system, case, own)
        if value is None:
            beside = ""
        else:
            beside = " (and %d waiting, %d of clock ticks)" % (
                round(counted_median(results, system, case, "waiting: caller")),
                round(counted_median(results, system, case, clock)))
        out.append(at_most("%s (%s): instructions of the caller" % (text, case), value, limit, beside=beside))
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



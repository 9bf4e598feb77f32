#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What `make bench` says of where the time goes (tests/bench/parts.py), for readings that are made up."""
import os
import re
import sys

from findings import TOP, tell

sys.path.insert(0, os.path.join(TOP, "tests/bench"))
import parts                                                    # noqa: E402

KHZ = 2000000
SERVICE = """service %s
state up
died 0
door_ticks %d
poll_ticks %d
running_ns %d
service_ticks %d
"""


def text(seconds, user, kernel, idle, net, storage):
    """What a primary says; times in s. net, storage: (called, by the other door, poll, running)."""
    cpu = "cpu  %d 0 %d %d 0 0 0 0 0 0\n" % tuple(100 * t for t in (user, kernel, idle))
    return cpu + "virtuos-snapshot 1\nmonotonic_ns %d\ntsc_khz %d\n" % (seconds * 1e9, KHZ) + "".join(
        SERVICE % (name, door * KHZ * 1e3, poll * KHZ * 1e3, running * 1e9, called * KHZ * 1e3)
        for name, (called, door, poll, running) in (("net", net), ("storage", storage))) + \
        "threads\ntid tgid comm service\n1 1 poll_ticks net\nend\n"


def reading(seconds, xen, *primary):
    return {"seconds": seconds, "primary": text(seconds, *primary),
            "xen": dict(zip(("Domain-0", "primary", "net", "storage"), (t * 1e9 for t in xen)))}


ZERO = (0, 0, 0, 0)
BEFORE = reading(10, (1, 2, 3, 4), 5, 5, 5, ZERO, ZERO)
# In ten seconds: the primary 2 of user, 4 of kernel; of these it polled 1; Xen ran it 8.
AFTER = reading(20, (1.5, 10, 8, 6), 7, 9, 9, (2, 0.5, 1, 5), (1, 0, 0.5, 2))


def close(a, b):
    return abs(a - b) < 1e-6


def parts_are_differences():
    w = parts.Window(BEFORE, AFTER, 1)
    want = {("primary", "user"): 20, ("primary", "kernel"): 30, ("primary", "waiting in calls"): 10,
            ("primary", "idle loop"): 20, ("primary", "idle"): 20, ("net", "calls"): 20, ("net", "background"): 20,
            ("net", "poll"): 10, ("net", "idle"): 50, ("storage", "calls"): 10, ("storage", "background"): 5,
            ("storage", "poll"): 5, ("storage", "idle"): 80, ("dom0", "its work"): 5, ("dom0", "idle"): 95}
    return w.values.keys() == want.keys() and all(close(w.values[k], v) for k, v in want.items()) and \
        close(w.doors["net"], 5)


def parts_are_closed():
    w = parts.Window(BEFORE, AFTER, 1)
    sums = sum(w.sum_of(sort) for sort in (parts.WORK, parts.WAITING, parts.IDLE))
    return close(w.closure(), 100) and all(close(w.closure(d), 100) for d in parts.XEN_NAMES) and close(sums, 400)


def too_much_is_not_closed():
    # The primary's clock says 6 s, Xen ran it 4; the network domain says 5 s of the 4 that it ran.
    after = reading(20, (1.5, 6, 7, 6), 7, 9, 9, (2, 0, 1, 5), (1, 0, 0.5, 2))
    w = parts.Window(BEFORE, after)
    return close(w.closure("primary"), 150) and close(w.closure("net"), 125) and close(w.closure("storage"), 100) and \
        close(w.closure(), 100 * 13.5 / 10.5)


def too_little_is_not_closed():
    # Xen ran the storage domain 4 s, and it speaks of 2.
    w = parts.Window(BEFORE, reading(20, (1.5, 10, 8, 8), 7, 9, 9, (2, 0, 1, 5), (1, 0, 0.5, 2)))
    return close(w.closure("storage"), 50)


def refused(word, function, *arguments):
    try:
        function(*arguments)
    except ValueError as e:
        return word in str(e)
    return False


def what_is_not_known_is_refused():
    def changed(was, is_):
        return dict(AFTER, primary=re.sub(was, is_, AFTER["primary"], count=1, flags=re.M))

    return (refused("died meanwhile", parts.Window, BEFORE, changed("^died 0", "died 1")) and
            refused("poll_ticks", parts.Window, BEFORE, changed("^poll_ticks .*\n", "")) and
            refused("net", parts.Window, BEFORE, changed("^service net\n", "service other\n")) and
            refused("no reading", parts.Window, BEFORE, changed("end\n", "")) and
            refused("no time", parts.Window, BEFORE, BEFORE) and
            refused("cannot count", parts.spun, "<not supported>;;virtuos/spin-ns/;0;0;;\n") and
            refused("cannot count", parts.spun, ""))


def the_largest_are_named():
    w = parts.Window(BEFORE, AFTER, 1)
    ops = parts.operations("# started\n\n300.00;msec;virtuos/service-ns,service=1,op=24/;1;100.00;;\n"
                           "1200.50;msec;virtuos/service-ns,service=1,op=25/;1;100.00;;\n"
                           "<not supported>;;virtuos/service-ns,service=2,op=65/;0;0.00;;\n")
    if ops != {(1, 23): 300e6, (1, 24): 1200.5e6}:
        return False
    inside = parts.by_operation(w, "net", {23: 300e6, 24: 1200.5e6}, {23: "SENDMSG", 24: "RECVMSG"})
    said = parts.sentence("nginx", parts.summary(w, {"net": inside}))
    return said == ("nginx: 1. primary: kernel 30 %; 2. primary: user 20 %; 3. network domain: calls 20 % (RECVMSG 12, "
                    "exceptionless calls 5.0, SENDMSG 3.0). Besides, polling 45 %, idle 245 %. Closure 100.0 %.")


def polling_is_read():
    return close(parts.spun("12.50;msec;virtuos/spin-ns/;1;100.00;;\n# b\n<not counted>;msec;virtuos/spin-ns/;0;;\n"
                            "1000.00;msec;virtuos/spin-ns/;1;100.00;;\n"), 1.0125)


TESTS = (parts_are_differences, parts_are_closed, too_much_is_not_closed, too_little_is_not_closed,
         what_is_not_known_is_refused, the_largest_are_named, polling_is_read)


def main():
    good = [tell(test(), "where the time goes: " + test.__name__.replace("_", " ")) for test in TESTS]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

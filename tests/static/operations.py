#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Check that each operation and each interposed function has what docs/howto/add-an-operation.md
asks for and neither the compiler nor a unit test reports.

operations.list excuses what is not met. Prints one line of TAP for each kind of finding.
"""
import collections
import glob
import os
import re
import sys

from findings import TOP, excuses, tell

TABLE = "include/virtuos/ops.h"
ROW = re.compile(r"^\tX\((\w+), +\w+, +0x\w+, (\w+), +(\w+),", re.M)
Row = collections.namedtuple("Row", "name class_ origin")
CALLERS = {"KERNEL": "linux-patches/new/virtuos", "PROCESS": "libsyscall-forward"}
HOSTILE = "tests/system/door/hostile.c"
INTERPOSED = "libsyscall-forward/interpose.c"
# Functions of libc's under their own names: the others are aliases and checks around these.
FUNCTION = re.compile(r"^EXPORT [\w *]+?\b([a-z]\w*)\(", re.M)
FAKE = "tests/unit/door/fake.c"
UNIT = "tests/unit"
FUZZER = "tests/fuzz/fuzz_library.c"
MANUAL = "libsyscall-forward/doc/libsyscall-forward.7"
KINDS = {
    "text": "%s says of each row what its arguments are" % TABLE,
    "caller": "each row has a caller in the folders of those that may submit it",
    "hostile": "%s makes each call of a process to a service" % HOSTILE,
    "fake": "%s answers each call of a process to a service" % FAKE,
    "unit": "a unit test calls each interposed function",
    "fuzz": "%s calls each interposed function" % FUZZER,
    "manual": "%s names each interposed function" % MANUAL,
}


def read(path):
    with open(os.path.join(TOP, path)) as f:
        return f.read()


def folder(path, pattern="*.[ch]"):
    """The text of all such files in and below a folder."""
    return "".join(read(f) for f in sorted(glob.glob("%s/**/%s" % (path, pattern), root_dir=TOP, recursive=True)))


def of_rows(rows):
    text, peers = read(TABLE), {"hostile": read(HOSTILE), "fake": read(FAKE)}
    code = {origin: folder(path) for origin, path in CALLERS.items()}
    for row in rows:
        if not re.search(r"^ \*\t%s\b" % row.name, text, re.M):
            yield "text", row.name
        opcode = re.compile(r"\bVOS_OP_%s\b" % row.name)
        if not any(opcode.search(code[o]) for o in CALLERS if row.origin in (o, "ANYBODY")):
            yield "caller", row.name
        if row.class_ != "CORE" and row.origin != "KERNEL":
            yield from ((kind, row.name) for kind, peer in peers.items() if not opcode.search(peer))


def of_functions(functions):
    callers, manual = {"unit": folder(UNIT, "test_door_*.c"), "fuzz": read(FUZZER)}, read(MANUAL)
    for name in functions:
        call = re.compile(r"\b%s\(" % name)
        yield from ((kind, name) for kind, text in callers.items() if not call.search(text))
        if not re.search(r"^\.BR %s \(2\)" % name, manual, re.M):
            yield "manual", name


def main():
    rows = [Row(*m) for m in ROW.findall(read(TABLE))]
    functions = FUNCTION.findall(read(INTERPOSED))
    found = list(of_rows(rows)) + list(of_functions(functions))
    excused = excuses("operations")
    bad = [x for x in found if not [e for e in excused if e.covers(*x)]]
    good = [tell(functions and len(rows) == read(TABLE).count("\n\tX("), "operations: rows and functions are found")]
    for kind, promise in KINDS.items():
        mine = [name for k, name in bad if k == kind]
        good.append(tell(not mine, "operations: " + promise, mine))
    idle = ["%s %s" % (e.kind, e.pattern) for e in excused if not e.used]
    good.append(tell(not idle, "operations: every line of the list is of use", idle))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""sparse over our modules: __user, __rcu, __peer, byte order, contexts of locks.

The objects are there already (make modules); kbuild's C=2 checks every source without
compiling it again. Warnings in the kernel's own headers are not ours.
"""
import os
import re
import subprocess
import sys

from findings import BUILD, TOP, report, sources

LINE = re.compile(r"^(\S+?):(\d+):\d+: (?:warning|error): (.*)")
ROLES = ("primary", "network", "storage")


def check_role(role):
    """What sparse says about the modules of one role."""
    r = subprocess.run([os.path.join(TOP, "scripts/modules.sh"), role, "sparse"],
                       capture_output=True, text=True)
    log = os.path.join(BUILD, "logs/sparse-%s.log" % role)
    with open(log) as f:
        found = [LINE.match(line) for line in f]
    if r.returncode:
        return [("failed", role, r.stdout + r.stderr)]
    out = []
    for m in filter(None, found):
        path = os.path.relpath(os.path.realpath(m[1]), TOP)
        if not path.startswith(".."):
            out.append((m[3].split(" (")[0].replace(" ", "_"), path, "%s:%s: %s" % (path, m[2], m[3])))
    return out


def main():
    found = {x for role in ROLES for x in check_role(role)}
    return report("sparse", sources(".c"), sorted(found))


if __name__ == "__main__":
    sys.exit(main())

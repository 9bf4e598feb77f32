#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""kernel-doc of the kernel's own tree over all our kernel code: what has a kernel-doc comment
has a whole one."""
import os
import re
import subprocess
import sys

from findings import OF_TESTS, ROOTS, TOP, kernel_source, report, sources

LINE = re.compile(r"^(\S+?):(\d+): (?:warning|error): (.*)")


def main():
    files = sources(".c", ".h", roots=ROOTS + OF_TESTS)
    r = subprocess.run([os.path.join(kernel_source(), "scripts/kernel-doc"), "-none", "-Wall", *files],
                       cwd=TOP, capture_output=True, text=True)
    found = [LINE.match(line) for line in r.stderr.splitlines()]
    return report("kerneldoc", files, [("doc", m[1], m[0]) for m in found if m])


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""checkpatch.pl --strict of the kernel's own tree over all our kernel code."""
import concurrent.futures
import os
import re
import subprocess
import sys

from findings import BUILD, OF_TESTS, ROOTS, TOP, kernel_source, report, sources

LINE = re.compile(r"^(\S+?):(\d+): (?:ERROR|WARNING|CHECK):(\w+): (.*)")


def known_words(path):
    """A copy in which __peer is __user: checkpatch knows that, and takes ours for a factor."""
    copy = os.path.join(BUILD, "checkpatch", path)
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    with open(os.path.join(TOP, path)) as f, open(copy, "w") as g:
        g.write(f.read().replace("__peer ", "__user "))
    return copy


def look_at(path):
    """What is said about one file, as (kind, path, text)."""
    r = subprocess.run([os.path.join(kernel_source(), "scripts/checkpatch.pl"), "--no-tree", "--strict",
                        "--terse", "--show-types", "--no-summary", "-f", known_words(path)],
                       cwd=BUILD, capture_output=True, text=True)     # it leaves a file there
    found = [LINE.match(line.removeprefix(os.path.join(BUILD, "checkpatch") + "/")) for line in r.stdout.splitlines()]
    if r.returncode and not any(found):
        return [("FAILED", path, "%s: %s%s" % (path, r.stdout, r.stderr))]
    return [(m[3], m[1], "%s:%s: %s: %s" % m.groups()) for m in found if m]


def main():
    files = sources(".c", ".h", roots=ROOTS + OF_TESTS)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [x for part in pool.map(look_at, files) for x in part]
    return report("checkpatch", files, found)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""checkpatch.pl --strict of the kernel's own tree over all our kernel code and our patches of the kernel."""
import concurrent.futures
import os
import re
import subprocess
import sys

from findings import BUILD, OF_TESTS, ROOTS, TOP, kernel_source, report, sources

PATCHES = ("linux-patches", "tests/host/debug")
LINE = re.compile(r"^(\S+?):(\d+): (?:ERROR|WARNING|CHECK):(\w+): (.*)")


def known_words(path):
    """A copy in which __peer is __user: checkpatch knows that, and takes ours for a factor."""
    copy = os.path.join(BUILD, "checkpatch", path)
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    with open(os.path.join(TOP, path)) as f, open(copy, "w") as g:
        g.write(f.read().replace("__peer ", "__user "))
    return copy


def subject(path):
    """git am's subject: a subsystem, then what is done."""
    with open(os.path.join(TOP, path)) as f:
        line = next(x for x in f if x.startswith("Subject: "))
    if re.match(r"Subject: \[PATCH\] [\w/, -]+: \S", line):
        return []
    return [("SUBJECT", path, "%s: no subsystem in its subject" % path)]


def check_file(path):
    """What is said about one file, as (kind, path, text)."""
    patch = path.endswith(".patch")
    what = ["--ignore", "FILE_PATH_CHANGES", os.path.join(TOP, path)] if patch else ["-f", known_words(path)]
    r = subprocess.run([os.path.join(kernel_source(), "scripts/checkpatch.pl"), "--no-tree", "--strict",
                        "--terse", "--show-types", "--no-summary", *what],
                       cwd=BUILD, capture_output=True, text=True)     # it leaves a file there
    found = [LINE.match(line.removeprefix(os.path.join(BUILD, "checkpatch") + "/")) for line in r.stdout.splitlines()]
    if r.returncode and not any(found):
        return [("FAILED", path, "%s: %s%s" % (path, r.stdout, r.stderr))]
    found = [(m[3], m[1].removeprefix(TOP + "/"), "%s:%s: %s: %s" % m.groups()) for m in found if m]
    return found + subject(path) if patch else found


def main():
    files = sources(".c", ".h", roots=ROOTS + OF_TESTS) + sources(".patch", roots=PATCHES)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [x for part in pool.map(check_file, files) for x in part]
    return report("checkpatch", files, found)


if __name__ == "__main__":
    sys.exit(main())

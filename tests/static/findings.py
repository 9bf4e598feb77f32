# SPDX-License-Identifier: GPL-2.0-only
"""What a checker of sources finds, against a list of what is excused.

A list has lines "KIND PATTERN  reason": findings of that kind (as the checker names it) in files
that match the pattern are not counted. A line that excuses nothing fails as well, so that
the list does not outlive what it is about. Prints one line of TAP for each folder of sources.
"""
import fnmatch
import os

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("VIRTUOS_BUILD", os.path.join(TOP, "build"))
ROOTS = ("include", "linux-patches/new", "service-domain")
OF_TESTS = ("tests/liar",)


def sources(*endings, roots=ROOTS):
    """Our kernel code, by path within the tree."""
    return sorted(os.path.relpath(os.path.join(at, f), TOP)
                  for root in roots for at, _, files in os.walk(os.path.join(TOP, root))
                  for f in files if f.endswith(endings))


def kernel_source():
    """The tree that the primary's kernel was built in."""
    return os.path.dirname(os.path.realpath(os.path.join(BUILD, "kernel/primary")))


class Excuse:
    def __init__(self, text):
        self.kind, self.pattern, self.reason = text.split(None, 2)
        self.used = False

    def covers(self, kind, path):
        hit = self.kind == kind and fnmatch.fnmatchcase(path, self.pattern)
        self.used |= hit
        return hit


def excuses(name):
    path = os.path.join(HERE, name + ".list")
    if not os.path.exists(path):
        return []
    with open(path) as f:
        return [Excuse(t) for t in f if t.strip() and not t.startswith("#")]


def tell(good, name, comments=()):
    print("%s %s" % ("ok" if good else "not ok", name))
    for c in comments:
        print("#   " + c)
    return good


def report(checker, files, found):
    """found: (kind, path, text). Prints the outcome; the program's exit status."""
    excused = excuses(checker)
    bad = {}
    for kind, path, text in found:
        if not [x for x in excused if x.covers(kind, path)]:
            bad.setdefault(os.path.dirname(path), []).append(text)
    good = [tell(at not in bad, "%s: %s" % (checker, at), bad.get(at, ()))
            for at in sorted({os.path.dirname(f) for f in files} | set(bad))]
    if excused:
        idle = ["%s %s" % (x.kind, x.pattern) for x in excused if not x.used]
        good.append(tell(not idle, "%s: every line of the list is of use" % checker, idle))
    return 0 if all(good) else 1

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Are the built kernels hardened as Debian's is? Prints one line of TAP for each kernel.

Debian's configuration is that of the package linux-config-6.12; ours are the ones
that the kernels under build/kernel were built with. hardening.list says what is compared, and
gives the reason for each difference.
"""
import fnmatch
import glob
import lzma
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("VIRTUOS_BUILD", os.path.join(TOP, "build"))
DEBIAN = "/usr/src/linux-config-6.12/config.amd64_none_amd64.xz"
ROLES = ("primary", "network", "storage")
NAMES = {"all": ROLES, "primary": ROLES[:1], "service": ROLES[1:]}


class Line:
    """A difference that has a reason."""

    def __init__(self, text):
        who, self.pattern, self.reason = text.split(None, 2)
        self.roles = NAMES[who]
        self.used = False

    def excuses(self, role, option):
        hit = role in self.roles and fnmatch.fnmatchcase(option, self.pattern)
        self.used |= hit
        return hit


def read_list(path):
    """(options compared beyond security/, lines with reasons)"""
    options, lines = [], []
    with open(path) as f:
        for text in (t.strip() for t in f):
            if text.startswith("+"):
                options += text[1:].split()
            elif text and not text.startswith("#"):
                lines.append(Line(text))
    return options, lines


def options_of(source):
    """What the kernel's own security folder and x86's mitigations can be set to."""
    found = set()
    files = glob.glob(os.path.join(source, "security/**/Kconfig*"), recursive=True)
    assert files, "no kernel source at %s" % source
    for path in files + [os.path.join(source, "arch/x86/Kconfig")]:
        with open(path) as f:
            names = re.findall(r"^\s*(?:menu)?config (\w+)", f.read(), re.M)
        found.update(n for n in names if "/security/" in path or n.startswith("MITIGATION_"))
    return found


def settings(text):
    return dict(re.findall(r"^CONFIG_(\w+)=(.*)$", text, re.M))


def differences(role, options, debian, ours):
    return [(role, o, debian.get(o, "n"), ours.get(o, "n"))
            for o in sorted(options) if debian.get(o, "n") != ours.get(o, "n")]


def report(good, name, complaints=()):
    print("%s hardening: %s" % ("ok" if good else "not ok", name))
    for c in complaints:
        print("#   " + c)
    return good


def check(role, options, debian, lines):
    tree = os.path.join(BUILD, "kernel", role)
    with open(os.path.join(tree, ".config")) as f:
        ours = settings(f.read())
    source = os.path.dirname(os.path.realpath(tree))
    differ = differences(role, options_of(source) | set(options), debian, ours)
    bad = ["%s: Debian has %s, the %s kernel %s, and no reason is given" % (o, d, role, v)
           for _, o, d, v in differ if not [x for x in lines if x.excuses(role, o)]]
    return report(not bad, "%s kernel, %d differences with a reason" % (role, len(differ) - len(bad)), bad)


def main():
    options, lines = read_list(os.path.join(HERE, "hardening.list"))
    with lzma.open(DEBIAN, "rt") as f:
        debian = settings(f.read())
    good = [check(role, options, debian, lines) for role in ROLES]
    idle = ["%s (%s)" % (x.pattern, x.reason) for x in lines if not x.used]
    good.append(report(not idle, "every line of the list is of use", idle))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

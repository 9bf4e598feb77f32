#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""How the modules hang together: names, includes, calls, lengths of files.

docs/architecture.md has the table of modules: where each lies and what it may use. Names and
calls come from the built objects (make modules lib agent), the rest from the sources.
structure.list excuses what is not met yet, or never will be. Prints one line of TAP for
each kind of finding.
"""
import collections
import itertools
import os
import re
import subprocess
import sys

from findings import BUILD, TOP, excuses, tell

TABLE = "docs/architecture.md"
ROW = re.compile(r"^\| `([\w-]+)` \| `([\w/-]+)/` \|(?: `(\w+)`)? \|([^|]*)\|$", re.M)
# Where the objects of a folder of sources are, by the start of its path.
OBJECTS = {
    "linux-patches/new/virtuos/": ("modules/primary/",),
    "service-domain/": ("modules/network/", "modules/storage/"),
    "libsyscall-forward": ("libsyscall-forward/",),
    "dom0-tools/": ("dom0-tools/obj/",),
}
# What every program or kernel module has one of.
OF_A_PROGRAM = {"main", "init_module", "cleanup_module"}
LONG = 400
# What a kind of finding is, in the order in which they are told of.
KINDS = {
    "unbuilt": "every source is in a built object",
    "direction": "includes and calls go the ways that %s allows" % TABLE,
    "prefix": "external names begin with their module's prefix",
    "twice": "no external name is defined twice",
    "near": "no two external names differ by one letter",
    "tag": "no tag of a struct, union or enum is defined twice",
    "includes": "no circle of includes",
    "calls": "no circle of calls among files of core, of engine",
    "long": "no file has more than %d lines" % LONG,
}
WITHOUT_CIRCLES = ("core", "engine")


class Module:
    def __init__(self, name, folder, prefix, uses):
        self.name, self.folder, self.prefix = name, folder, prefix
        self.uses = set(re.findall(r"`([\w-]+)`", uses))
        self.group = folder.split("/")[0]       # what may be linked together
        self.files = sorted(os.path.join(folder, f) for f in os.listdir(os.path.join(TOP, folder))
                            if f.endswith((".c", ".h")))
        self.objects = {f: o for f in self.files if f.endswith(".c") and (o := object_of(f))}


def read(path):
    with open(os.path.join(TOP, path)) as f:
        return f.read()


def object_of(source):
    """The built object of a source, or None."""
    for start, places in OBJECTS.items():
        if source.startswith(start):
            rest = source[len(start):].lstrip("/")[:-1] + "o"
            built = [p for p in (os.path.join(BUILD, at, rest) for at in places) if os.path.exists(p)]
            return built[0] if built else None
    return None


def modules():
    """The table's rows. Each uses only rows above it, so modules are in no circle."""
    found = [Module(*m) for m in ROW.findall(read(TABLE))]
    assert found, "no table of modules in %s" % TABLE
    above = set()
    for m in found:
        assert m.uses <= above, "%s: no row above %s is for %s" % (TABLE, m.name, m.uses - above)
        above.add(m.name)
    return found


class Symbols:
    """External names of a module: which of its files define and use them."""

    def __init__(self, module):
        self.defines = collections.defaultdict(set)
        self.uses = collections.defaultdict(set)
        for source, path in module.objects.items():
            # gcc's, since it also reads what the link-time optimiser is to have
            for line in subprocess.run(["gcc-nm", "--extern-only", "--format=posix", path], check=True,
                                       capture_output=True, text=True).stdout.splitlines():
                name, kind = line.split()[:2]
                if not name.startswith(("__", ".")):
                    (self.uses if kind in "Uw" else self.defines)[name].add(source)


def prefixes(mods, every):
    return [("prefix", "%s:%s" % (m.name, name), ", ".join(sorted(files)))
            for m in mods for name, files in sorted(every[m.name].defines.items())
            if not (name + "_").startswith(m.prefix) and name not in OF_A_PROGRAM]


def twice(every):
    where = collections.defaultdict(set)
    for s in every.values():
        for name, files in s.defines.items():
            where[name] |= files
    return [("twice", name, ", ".join(sorted(files))) for name, files in sorted(where.items())
            if len(files) > 1 and name not in OF_A_PROGRAM]


def near(every):
    """Pairs of names that become one by leaving out at most one letter of each, at one place."""
    names = {n for s in every.values() for n in s.defines}
    shorter = collections.defaultdict(set)
    for n in names:
        for i in range(len(n)):
            shorter[i, n[:i] + n[i + 1:]].add(n)
    pairs = {p for alike in shorter.values() for p in itertools.combinations(sorted(alike), 2)}
    pairs |= {tuple(sorted((n, x))) for (_, x), more in shorter.items() if x in names for n in more}
    return [("near", "%s/%s" % p, "") for p in sorted(pairs)]


def tags(mods):
    where = collections.defaultdict(list)
    for m in mods:
        for f in m.files:
            for tag in re.findall(r"^\s*(?:typedef )?(?:struct|union|enum) (\w+) \{", read(f), re.M):
                where[tag].append(f)
    return [("tag", tag, ", ".join(files)) for tag, files in sorted(where.items()) if len(files) > 1]


def circles(edges):
    """The strongly connected components of more than one node, by Tarjan."""
    index, low, stack, found = {}, {}, [], []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in edges.get(v, ()):
            if w not in index:
                visit(w)
            if w in stack:
                low[v] = min(low[v], low[w])
        if low[v] == index[v]:
            at = stack.index(v)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for v in sorted(edges):
        if v not in index:
            visit(v)
    return found


def includes(mods):
    """Which file includes which of ours."""
    paths = {f for m in mods for f in m.files}
    edges = {}
    for f in sorted(paths):
        edges[f] = set()
        for angle, name in re.findall(r'^\s*#\s*include\s+([<"])([^">]+)[">]', read(f), re.M):
            beside = os.path.normpath(os.path.join(os.path.dirname(f), name))
            if angle == '"' and beside in paths:
                edges[f].add(beside)
            else:
                edges[f].update(p for p in paths if p.endswith("/" + name) and same_group(f, p))
    return edges


def same_group(a, b):
    return b.startswith("include/") or a.split("/")[0] == b.split("/")[0]


def call_edges(symbols):
    """Which file of a module uses what another one of it defines."""
    edges = collections.defaultdict(set)
    for name, users in symbols.uses.items():
        for definer in symbols.defines.get(name, ()):
            for user in users - {definer}:
                edges[user].add(definer)
    return edges


def against(mods, include_edges, every):
    """Includes, and calls or other uses of symbols, that no row of the table allows; and what a row
    allows in vain."""
    of = {f: m for m in mods for f in m.files}
    found = []
    # what has nothing but headers may be had by way of another module's
    idle = {(m.name, u.name) for m in mods for u in mods if u.name in m.uses and u.objects}
    for f, targets in include_edges.items():
        found += [("direction", "%s->%s" % (f, t), "include") for t in sorted(targets)
                  if of[f] is not of[t] and of[t].name not in of[f].uses]
        idle -= {(of[f].name, of[t].name) for t in targets}
    for m in mods:
        for name, users in sorted(every[m.name].uses.items()):
            givers = {x.name for x in mods if x.group == m.group and name in every[x.name].defines}
            if givers and not givers & (m.uses | {m.name}):
                found += [("direction", "%s->%s" % (u, "/".join(sorted(givers))), name + "()")
                          for u in sorted(users)]
            idle -= {(m.name, g) for g in givers}
    return found + [("direction", "%s->%s" % x, "nothing of it is used") for x in sorted(idle)]


def findings():
    mods = modules()
    every = {m.name: Symbols(m) for m in mods}
    edges = includes(mods)
    found = [("unbuilt", f, "") for m in mods for f in m.files if f.endswith(".c") and f not in m.objects]
    found += against(mods, edges, every) + prefixes(mods, every) + twice(every) + near(every) + tags(mods)
    found += [("includes", c[0], " ".join(c)) for c in circles(edges)]
    for name in WITHOUT_CIRCLES:
        found += [("calls", "%s:%d" % (name, len(c)), " ".join(os.path.basename(f) for f in c))
                  for c in circles(call_edges(every[name]))]
    for f in sorted({f for m in mods for f in m.files}):
        lines = read(f).count("\n")
        if lines > LONG:
            found.append(("long", f, "%d lines" % lines))
    return found


def main():
    excused = excuses("structure")
    found = findings()
    good = []
    for kind, promise in KINDS.items():
        mine = [x for x in found if x[0] == kind]
        bad = [x for x in mine if not [e for e in excused if e.covers(*x[:2])]]
        good.append(tell(not bad, "structure: %s, but %d excused" % (promise, len(mine) - len(bad))
                         if len(bad) < len(mine) else "structure: " + promise,
                         ["%s %s%s" % (k, subject, text and ": " + text) for k, subject, text in bad]))
    idle = ["%s %s" % (e.kind, e.pattern) for e in excused if not e.used]
    good.append(tell(not idle, "structure: every line of the list is of use", idle))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

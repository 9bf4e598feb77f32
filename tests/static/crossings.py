#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Count the files that a recv() by the trap door passes in the primary, if it finds data, and its
calls from net to core.

Starts at vnet_recvmsg() and follows every call of a function of net, core and the rings, except
those that crossings.list names as not taken on this way, each with the reason. Fails above the
limits, and if a line of the list leaves nothing out. Reads sources, so it needs no build.
"""
import glob
import os
import re
import sys

from findings import HERE, TOP, tell

START = "vnet_recvmsg"
FOLDERS = {"net": "linux-patches/new/virtuos/net", "core": "linux-patches/new/virtuos/core",
           "rings": "include/virtuos"}
FILES, CROSSINGS = 12, 4
DEFINITION = re.compile(r"^(?![#*/\s])[^;{}#]*?\b(\w+)\((?:[^;{}]*?)\)[^;{}]*\n\{\n(.*?)^\}", re.M | re.S)
COMMENT = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"", re.S)
CALL = re.compile(r"\b([a-z_]\w*)\(")


class Function:
    def __init__(self, module, path, body):
        self.module, self.path = module, path
        self.calls = CALL.findall(body)


def functions():
    """By file and name: a static function's name may stand in several files."""
    found = {}
    for module, folder in FOLDERS.items():
        for path in sorted(glob.glob(os.path.join(TOP, folder, "*.[ch]"))):
            with open(path) as f:
                text = COMMENT.sub("", f.read())
            name = os.path.relpath(path, TOP)
            for m in DEFINITION.finditer(text):
                found.setdefault(m[1], {})[name] = Function(module, name, m[2])
    return found


def resolve(every, name, caller):
    """The function that a call means: the caller's file's own, or the only one."""
    places = every.get(name, {})
    if caller and caller.path in places:
        return places[caller.path]
    return next(iter(places.values())) if len(places) == 1 else None


def not_taken():
    with open(os.path.join(HERE, "crossings.list")) as f:
        return {line.split(None, 1)[0] for line in f if line.strip() and not line.startswith("#")}


def walk(every, left_out):
    """Return the functions on the way, the calls from net to core, and what was left out."""
    todo, seen, crossings, used = [(START, "", None)], {}, [], set()
    while todo:
        name, caller_name, caller = todo.pop()
        f = resolve(every, name, caller)
        if not f:
            continue
        listed = {name, "%s:%s" % (caller_name, name)} & left_out
        if listed:
            used |= listed
            continue
        if caller and (caller.module, f.module) == ("net", "core"):
            crossings.append(name)
        if (name, f.path) not in seen:
            seen[name, f.path] = f
            todo += [(callee, name, f) for callee in f.calls if callee != name]
    return seen, crossings, used


def main():
    left_out = not_taken()
    seen, crossings, used = walk(functions(), left_out)
    files = sorted({path for _, path in seen if path.endswith(".c")})
    if "-v" in sys.argv:
        for name, path in sorted(seen, key=lambda x: (x[1], x[0])):
            print("#   %s: %s" % (path, name))
    good = [
        tell(0 < len(files) <= FILES, "crossings: recv() passes %d files, of at most %d" % (len(files), FILES), files),
        tell(0 < len(crossings) <= CROSSINGS,
             "crossings: net calls core %d times, at most %d" % (len(crossings), CROSSINGS), sorted(crossings)),
        tell(used == left_out, "crossings: the list has only what it leaves out", sorted(left_out - used)),
    ]
    return not all(good)


if __name__ == "__main__":
    sys.exit(main())

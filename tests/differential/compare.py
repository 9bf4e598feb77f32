# SPDX-License-Identifier: GPL-2.0-only
"""What vosdiff printed: episodes and their steps, and where two of them differ first.

Used by run (`make diff`) and by tests/system/test_differential.py.
"""
import os
import subprocess
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
MODES = ("net", "names", "data")
RECORDED = os.path.join(HERE, "recorded")


def build(out):
    """The program; dynamic, since the exceptionless door's library is preloaded into it."""
    files = sorted(os.path.join(HERE, f) for f in os.listdir(HERE) if f.endswith(".c"))
    os.makedirs(os.path.dirname(out), exist_ok=True)
    subprocess.run([os.environ.get("CC", "cc"), "-O1", "-g", "-Wall", "-Wextra", "-Wno-missing-field-initializers",
                    "-D_GNU_SOURCE", "-rdynamic", "-pthread", "-o", out, *files], check=True, capture_output=True)
    return out


def command(mode, seed, first, count, steps=None):
    """The shell command of some episodes; its folder is where it runs."""
    return "./vosdiff %s --seed %d --first %d --count %d%s ." % (
        mode, seed, first, count, " --steps " + ",".join(map(str, steps)) if steps is not None else "")


def episodes(text):
    """{number: [line, ...]} of a program's output."""
    found, lines = {}, []
    for line in text.split("\n"):
        if line.startswith("# "):
            lines = found.setdefault(int(line.split()[3]), [])
        elif line:
            lines.append(line)
    return found


def first_difference(ours, theirs):
    """The index of the first line that differs, or None."""
    for n in range(max(len(ours), len(theirs))):
        if ours[n:n + 1] != theirs[n:n + 1]:
            return n
    return None


def marks(lines):
    """Two digits for each line, for a record: they tell which line differs first."""
    return "".join("%02x" % (zlib.crc32(line.encode(errors="replace")) & 0xff) for line in lines)


def record_path(mode):
    return os.path.join(RECORDED, mode)


def read_record(mode):
    """(seed, {episode: marks}) of a recorded run of SYSTEM=pv."""
    with open(record_path(mode)) as f:
        lines = [line.split() for line in f if line.strip() and not line.startswith("#")]
    return int(lines[0][1]), {int(number): text for number, text in lines[1:]}


def write_record(mode, seed, found, origin):
    os.makedirs(RECORDED, exist_ok=True)
    with open(record_path(mode), "w") as f:
        f.write("# What %s prints; made by tests/differential/run --record\nseed %d\n" % (origin, seed))
        for number, lines in sorted(found.items()):
            f.write("%d %s\n" % (number, marks(lines)))

# SPDX-License-Identifier: GPL-2.0-only
"""Random programs of calls give what they gave on SYSTEM=pv; see tests/differential."""
import os
import sys

from host import LIBRARY, Host
from outcome import FAILED, PASSED, SKIPPED, Part

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "differential"))

import compare                          # noqa: E402

TIMEOUT = 400
PROGRAM = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "tests", "vosdiff")
FOLDER = "/root/vosdiff"


def run(host, mode, seed, first, count):
    preload = "LD_PRELOAD=%s " % LIBRARY if Host.door != "trap" else ""
    command = compare.command(mode, seed, first, count)
    r = host.primary(preload + command, cwd=FOLDER, timeout=300)
    return compare.episodes(r.stdout.decode(errors="backslashreplace"))


def differing_line(lines, marks):
    """The number of the first line that is not the recorded one, or None."""
    ours = compare.marks(lines)
    if ours == marks:
        return None
    return next((n for n in range(len(lines)) if ours[2 * n:2 * n + 2] != marks[2 * n:2 * n + 2]), len(lines))


def explain(mode, seed, number, lines, at):
    shown = lines[:at] + ["--> " + "".join(lines[at:at + 1] or ["(the record goes on)"])]
    return "%s\nthe last line is not SYSTEM=pv's; to see that one:\n" \
        "tests/differential/run --seed %d --first %d --count 1 --doors %s %s" % (
            "\n".join(shown), seed, number, "trap" if Host.door == "trap" else "both", mode)


def differences(host, mode):
    """What differs from the record each time that its episode runs: texts."""
    seed, record = compare.read_record(mode)
    found, texts = run(host, mode, seed, 0, max(record) + 1), []
    for number, lines in sorted(found.items()):
        if number not in record:
            continue
        for _ in range(2):
            at = differing_line(lines, record[number])
            if at is None:
                break
            lines = run(host, mode, seed, number, 1).get(number, [])
        at = differing_line(lines, record[number])
        if at is not None:
            texts.append(explain(mode, seed, number, lines, at))
    if len(found) < len(record):
        texts.append("only %d episodes of %d ran" % (len(found), len(record)))
    return texts


def test_random_programs(host):
    """A slice of what `make diff` tries without end, against a record of SYSTEM=pv."""
    compare.build(PROGRAM)
    host.copy([PROGRAM], cwd=FOLDER)
    parts = []
    for mode in compare.MODES:
        if not os.path.exists(compare.record_path(mode)):
            parts.append(Part(mode, SKIPPED, "no record: tests/differential/run --record"))
            continue
        texts = differences(host, mode)
        parts.append(Part(mode, FAILED if texts else PASSED, "\n".join(texts)))
    return parts

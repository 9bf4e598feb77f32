# SPDX-License-Identifier: GPL-2.0-only
"""Results as text: one table for each section, a column for each system.

Used by run.py; report.py makes the page of the same results.
"""
KINDS = {"counts": "counted", "wall-emulated": "wall clock, emulated",
         "time-emulated": "processor time, emulated", "wall-real": "wall clock, real processor"}


def shown(value):
    return "{:,.0f}".format(value) if abs(value) >= 100 else "{:.3g}".format(value)


def cell(row):
    """Median, and half the spread in percent of it."""
    if row is None:
        return "-"
    text = shown(row["median"])
    if row["median"] and len(row["rounds"]) > 1:
        text += " ±%.0f%%" % (50 * (row["high"] - row["low"]) / abs(row["median"]))
    return text


def lines(cells):
    widths = [max(len(r[i]) for r in cells) for i in range(len(cells[0]))]
    for r in cells:
        yield "  " + "  ".join([r[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(r[1:], widths[1:])]).rstrip()


def section(s):
    yield "%s [%s, %s]" % (s["name"], KINDS[s["kind"]], s["unit"])
    if not s["rows"]:
        yield "  nothing was measured"
        return
    cases = list(dict.fromkeys(r["case"] for r in s["rows"]))
    names = list(dict.fromkeys(r["system"] for r in s["rows"]))
    known = {(r["case"], r["system"]): r for r in s["rows"]}
    yield from lines([["", *names]] + [[c] + [cell(known.get((c, n))) for n in names] for c in cases])
    for text in s.get("said", ()):
        yield "  " + text


def targets(sections):
    """Every target of a run; met ones first as they come."""
    words = {True: "met", False: "MISSED", None: "-"}
    every = [t for s in sections for t in s["targets"]]
    if not every:
        return
    yield "Targets"
    yield from lines([["", "wanted", "measured", ""]] +
                     [[t["text"], t["want"], t["got"], words[t["met"]]] for t in every])
    for t in every:
        if t["met"] is False:
            yield "  missed: %s\n    %s" % (t["text"], t.get("cause", ""))


def whole(results):
    out = []
    for s in results["sections"]:
        out += [*section(s), ""]
    return "\n".join(out + list(targets(results["sections"])))

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes the tables of `make bench` from build/bench/results.json into docs/figures.md.

A table lies between two marks and is replaced if the results have it; one that was not measured
stays as it is. All else in that file is written by hand.
"""
import json
import os
import re
import sys

from sets import NGINX, PREAD, PREADGROW, PWRITE, REDIS, SQLITE, STREAM, TCPRR
from systems import OUT, SYSTEMS, TOP
from table import shown

FIGURES = os.path.join(TOP, "docs/figures.md")
SIZES = ("32 B", "1 KiB", "4 KiB", "16 KiB", "64 KiB", "1 MiB")
WANTED = {PREAD: SIZES, PREADGROW: SIZES, PWRITE: SIZES, TCPRR: ("1 B", "1 KiB", "16 KiB"), STREAM: ("1 KiB", "64 KiB"),
          NGINX: (), REDIS: (), SQLITE: ()}       # (): every case
COUNTED = "Instructions of the caller per call, all systems"
MARKS = r"(?<=<!-- begin %s -->\n).*?(?=<!-- end %s -->)"


def wanted(section, case):
    sizes = WANTED.get(section, None)
    return sizes is not None and (not sizes or any(case.endswith(" " + s) for s in sizes))


def label(section, case):
    if section == PREADGROW:
        return case + ", file that grows"
    return "%s: %s" % (section, case) if section in (NGINX, REDIS, SQLITE) else case


def rows_of(section):
    """{case: {system: figure}}, in the order of the results."""
    rows = {}
    for r in section["rows"]:
        rows.setdefault(r["case"], {})[r["system"]] = shown(r["median"])
    return rows


def table(head, rows):
    """Rows of (text cells, {system: figure}), as Markdown; a column for each system that has a figure."""
    names = [s for s in SYSTEMS if any(s in values for _, values in rows)]
    yield "| %s |" % " | ".join([*head, *names])
    yield "|" + " --- |" * len(head) + " ---: |" * len(names)
    for cells, values in rows:
        yield "| %s |" % " | ".join([*cells, *(values.get(n, "–") for n in names)])


def origin(machine):
    return "Measured %s at commit %s: %s, %s cores; set %s, rounds %s." % tuple(
        machine.get(k, "?") for k in ("date", "commit", "processor", "cores", "set", "rounds"))


def rates(sections):
    rows = [((label(s["name"], case), s["unit"]), values) for s in sections
            for case, values in rows_of(s).items() if wanted(s["name"], case)]
    return list(table(("what", "unit"), rows)) if rows else []


def counts(sections):
    rows = [((case,), values) for s in sections if s["name"] == COUNTED for case, values in rows_of(s).items()]
    return list(table(("call",), rows)) if rows else []


def where(sections):
    """Of each system: the parts by load, and the three largest costs of each load."""
    for s in sections:
        if s.get("plot") != "stack":
            continue
        loads = list(s["summaries"])
        known = {(r["case"], r["system"]): shown(r["median"]) for r in s["rows"]}
        yield from ("%s, %s:" % (s["name"].split(": ", 1)[1], s["unit"]), "", "| part | %s |" % " | ".join(loads),
                    "| --- |" + " ---: |" * len(loads))
        for case in dict.fromkeys(r["case"] for r in s["rows"]):
            yield "| %s | %s |" % (case, " | ".join(known[case, load] for load in loads))
        yield from ("", "| load | largest cost | second | third | polling | idle | closure |",
                    "| --- | --- | --- | --- | ---: | ---: | ---: |")
        for load, words in s["summaries"].items():
            yield "| %s | %s |" % (load, " | ".join(words))
        yield ""


def replace(text, name, lines):
    """@text with @lines between the marks of @name."""
    text, found = re.subn(MARKS % (name, name), lambda _: "\n".join(lines) + "\n", text, flags=re.S)
    if found != 1:
        sys.exit("%s: %d places for %s" % (FIGURES, found, name))
    return text


def main():
    with open(os.path.join(OUT, "results.json"), encoding="utf-8") as f:
        results = json.load(f)
    with open(FIGURES, encoding="utf-8") as f:
        text = f.read()
    for name, make in (("rates", rates), ("counts", counts), ("where", where)):
        lines = list(make(results["sections"]))
        if lines:
            text = replace(text, name, [origin(results["machine"]), "", *lines])
            print("%s: %s" % (FIGURES, name))
    with open(FIGURES, "w", encoding="utf-8") as f:
        f.write(text)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Prints README's table of `make bench` from build/bench/results.json, in Markdown."""
import json
import os

from sets import NGINX, PREAD, PREADGROW, PWRITE, REDIS, SQLITE, STREAM, TCPRR
from systems import OUT, SYSTEMS
from table import shown

SIZES = ("32 B", "1 KiB", "4 KiB", "16 KiB", "64 KiB", "1 MiB")
WANTED = {PREAD: SIZES, PREADGROW: SIZES, PWRITE: SIZES, TCPRR: ("1 B", "1 KiB", "16 KiB"), STREAM: ("1 KiB", "64 KiB"),
          NGINX: (), REDIS: (), SQLITE: ()}       # (): every case


def wanted(section, case):
    sizes = WANTED.get(section, None)
    return sizes is not None and (not sizes or any(case.endswith(" " + s) for s in sizes))


def main():
    with open(os.path.join(OUT, "results.json"), encoding="utf-8") as f:
        results = json.load(f)
    names = [s for s in SYSTEMS if any(r["system"] == s for t in results["sections"] for r in t["rows"])]
    print("| what | unit |", " | ".join(names), "|")
    print("| --- | --- |" + " ---: |" * len(names))
    for section in results["sections"]:
        rows = {}
        for r in section["rows"]:
            if wanted(section["name"], r["case"]):
                rows.setdefault(r["case"], {})[r["system"]] = shown(r["median"])
        for case, values in rows.items():
            what = case if section["name"] != PREADGROW else case + ", file that grows"
            if section["name"] in (NGINX, REDIS, SQLITE):
                what = "%s: %s" % (section["name"], case)
            print("| %s | %s |" % (what, section["unit"]), " | ".join(values.get(n, "–") for n in names), "|")


if __name__ == "__main__":
    main()

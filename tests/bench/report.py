#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes one HTML page, plots included, from the results of the benchmarks.

  report.py [RESULTS.json [REPORT.html]]
                default: results.json and report.html in build/bench

The results:

  {"machine": {"processor": "...", "cores": 2, ...},     any keys; shown as they are
   "sections": [
     {"name": "...",                     the heading
      "kind": "counts" | "wall-emulated" | "time-emulated" | "wall-real",   what the figures are
      "unit": "ns",
      "rows": [{"case": "...",           what was done
                "system": "...",         by which system
                "median": 1.0, "low": 0.9, "high": 1.2,   low, high: the spread (p10, p90)
                "rounds": [...]}],       every measurement; may be empty
      "targets": [{"text": "...", "want": "<= 1.5", "got": "1.32",
                   "met": true | false | null,            null: could not be judged
                   "cause": "..."}],                      optional: why it was missed

      "note": "...",                     optional: a sentence under the heading
      "said": ["...", ...],              optional: what the figures say, in words
      "plot": "bars" | "lines" | "stack" | "none", optional, default bars; stack: a bar for
                                         each system, in it the cases from below; every row
                                         then has a "sort": work, waiting or idle
      "logy": true,                      optional
      "xlabel": "...", "logx": true      lines only; every row then has a number "x"
     }]}

For a section of another form use plot_bars(), plot_lines(), table() and page()
directly: each returns a piece of HTML. gnuplot (gnuplot-nox) draws the plots.
"""
import html
import itertools
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(os.environ.get("VIRTUOS_BUILD", os.path.join(TOP, "build")), "bench")

KINDS = {
    "counts": "Counted, not timed: the same in every run.",
    "wall-emulated": "Wall-clock time in the emulated machine. Good for comparing systems side "
                     "by side in one run; emulation exaggerates mode and page-table switches.",
    "time-emulated": "Processor time in the emulated machine, by the counters of Xen and of VirtuOS. Good "
                     "for comparing parts of one run.",
    "wall-real": "Wall-clock time on the real processor, no emulator.",
}
COLOURS = ["#1f5fa8", "#d1701f", "#3c8d3c", "#8a4fa3", "#b03a48", "#5f6b73"]
# Of a stack: strong ones for each domain's work, pale ones for its waiting; idle is grey.
STACK = {"primary": ("#1f5fa8", "#5b8fd0", "#9dbfe6", "#c9dcf2"), "network domain": ("#d1701f", "#e69a5c", "#f3cfae"),
         "storage domain": ("#3c8d3c", "#79b679", "#bfdebf"), "dom0": ("#8a4fa3",)}
NOTHING = "#e4e4e4"
STYLE = """
body { font: 16px/1.5 sans-serif; color: #222; background: #fff; max-width: 62em;
       margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; margin: 1em 0; font-size: 14px; }
th, td { border-bottom: 1px solid #ccc; padding: .2em .9em .2em 0; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.met { color: #1d6b2c; font-weight: bold; } .missed { color: #a3222e; font-weight: bold; }
.kind { color: #555; } td.cause { padding-left: 2em; color: #555; } svg { max-width: 100%; height: auto; }
"""
plot_ids = itertools.count(1)
colours = {}                # of each system, the same in all the plots of a page


# --- plots ----------------------------------------------------------------------

def quoted(text):
    """A string constant of gnuplot's."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def gnuplot(script, height=380):
    """Runs a script; returns its plot as an <svg> element."""
    terminal = (f"set terminal svg size 860,{height} dynamic noenhanced font 'sans,13' "
                f"name 'plot{next(plot_ids)}'\n")
    r = subprocess.run(["gnuplot", "-"], input=terminal + script, text=True,
                       capture_output=True, check=False)
    at = r.stdout.find("<svg")
    if r.returncode or at < 0:
        raise RuntimeError("gnuplot: " + r.stderr.strip())
    return r.stdout[at:].replace('id="gnuplot_canvas" ', "")     # the same in each


def colour(system):
    return colours.setdefault(system, COLOURS[len(colours) % len(COLOURS)])


def number(value):
    return "NaN" if value is None else repr(float(value))


def block(name, lines):
    """A named block of gnuplot data; each line is a list of fields."""
    return "".join([f"${name} << EOD\n", *(" ".join(l) + "\n" for l in lines), "EOD\n"])


def axes(title, unit, logy):
    return (f"set title {quoted(title)}\nset ylabel {quoted(unit)}\nset grid ytics lt 1 lc '#dddddd'\n"
            "set key outside below\nset border 3\nset tics nomirror\n"
            "set errorbars small lt 1 lw 1 lc '#333333'\n"
            + ("set logscale y\n" if logy else "set yrange [0:*]\n"))


def plot_bars(title, series, unit="", logy=False):
    """Groups of bars with their spread.

    series: {system: {case: (median, low, high)}}; a group for each case, a bar for
    each system. A system may lack a case.
    """
    cases = list(dict.fromkeys(c for values in series.values() for c in values))
    none = (None, None, None)
    script = axes(title, unit, logy)
    script += ("set style data histograms\nset style histogram errorbars gap 1 lw 1\n"
               "set style fill solid 0.9 noborder\n")
    many = len(cases) > 6
    if many:
        script += "set xtics rotate by -25\n"
    plots = []
    for i, (system, values) in enumerate(series.items()):
        # No escapes in data: a quotation mark would end the label.
        script += block(f"d{i}", ([quoted(c.replace('"', "'")),
                                   *map(number, values.get(c, none))] for c in cases))
        plots.append(f"$d{i} using 2:3:4:xtic(1) title {quoted(system)} "
                     f"lc rgb '{colour(system)}'")
    return gnuplot(script + "plot " + ", ".join(plots) + "\n", 460 if many else 380)


def plot_lines(title, x, series, unit="", xlabel="", logx=False, logy=False):
    """Lines with their spread. series: {system: [(median, low, high) or None per x]}."""
    script = axes(title, unit, logy)
    script += f"set xlabel {quoted(xlabel)}\n"
    script += f"set xrange [{min(x) * 0.9}:{max(x) * 1.1}]\n"
    if logx:
        script += "set logscale x 2\n"
    script += "set xtics (" + ", ".join(f"'{v:g}' {v}" for v in x) + ")\n"
    plots = []
    for i, (system, values) in enumerate(series.items()):
        script += block(f"d{i}", ([number(at), *map(number, v)]
                                  for at, v in zip(x, values) if v))
        lc = f"lc rgb '{colour(system)}'"
        plots += [f"$d{i} using 1:2 with lines lw 2 {lc} notitle",
                  f"$d{i} using 1:2:3:4 with yerrorbars pt 7 ps 0.6 {lc} "
                  f"title {quoted(system)}"]
    return gnuplot(script + "plot " + ", ".join(plots) + "\n")


def stack_colours(cases):
    """{case: colour} of the cases of a stack; a case is "DOMAIN: PART", and those of idle are alike."""
    found, used = {}, {}
    for case, sort in cases.items():
        domain = case.split(":", 1)[0]
        shades = STACK.get(domain, COLOURS)
        found[case] = NOTHING if sort == "idle" else shades[used.get(domain, 0) % len(shades)]
        used[domain] = used.get(domain, 0) + (sort != "idle")
    return found


def plot_stack(title, values, cases, unit=""):
    """A bar for each system, of parts that stand on each other.

    values: {system: {case: value}}; cases: {case: sort}, from below; idle parts come on top.
    """
    order = sorted(cases, key=lambda c: cases[c] == "idle")
    colour_of = stack_colours(cases)
    script = axes(title, unit, False)
    script += ("set style data histograms\nset style histogram rowstacked\nset boxwidth 0.6\n"
               "set style fill solid 1.0 border lc '#ffffff'\nset key outside right center vertical maxcols 1 Left reverse invert\n")
    # No escapes in data: a quotation mark would end the label.
    script += block("d", ([quoted(system.replace('"', "'")), *(number(of.get(c)) for c in order)]
                          for system, of in values.items()))
    titles = {c: f"title {quoted(c)}" if cases[c] != "idle" else "notitle" for c in order}
    if cases[order[-1]] == "idle":
        titles[order[-1]] = 'title "idle"'
    plots = [f"$d using {i}{':xtic(1)' if i == 2 else ''} {titles[c]} lc rgb '{colour_of[c]}'"
             for i, c in enumerate(order, 2)]
    return gnuplot(script + "plot " + ", ".join(plots) + "\n", 460)


# --- tables ---------------------------------------------------------------------

def shown(value):
    """A figure with the digits that mean something."""
    if not isinstance(value, (int, float)):
        return "" if value is None else str(value)
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def cell(value):
    number_class = ' class="number"' if isinstance(value, (int, float)) else ""
    return f"<td{number_class}>{html.escape(shown(value))}</td>"


def table(rows):
    """rows: the first is the heading; numbers are set to the right."""
    head, *body = rows
    out = ["<table><tr>", *(f"<th>{html.escape(str(h))}</th>" for h in head), "</tr>"]
    for r in body:
        out += ["<tr>", *map(cell, r), "</tr>"]
    return "".join(out) + "</table>\n"


def targets_table(targets):
    verdicts = {True: ("met", "met"), False: ("missed", "not met"), None: ("", "not judged")}
    out = ["<table><tr><th>target</th><th>wanted</th><th>measured</th><th></th></tr>"]
    for t in targets:
        css, verdict = verdicts[t["met"]]
        out.append("<tr>" + cell(t["text"]) + cell(str(t["want"])) + cell(str(t["got"]))
                   + f'<td class="{css}">{verdict}</td></tr>')
        if t["met"] is False and t.get("cause"):
            out.append(f'<tr><td colspan="4" class="cause">{html.escape(t["cause"])}</td></tr>')
    return "".join(out) + "</table>\n"


# --- the page -------------------------------------------------------------------

def spread(row):
    return (row["median"], row["low"], row["high"])


def section_bars(s):
    series = {}
    for r in s["rows"]:
        series.setdefault(r["system"], {})[r["case"]] = spread(r)
    return plot_bars(s["name"], series, s["unit"], s.get("logy", False))


def section_lines(s):
    x = sorted({r["x"] for r in s["rows"]})
    systems = dict.fromkeys(r["system"] for r in s["rows"])
    known = {(r["system"], r["x"]): spread(r) for r in s["rows"]}
    series = {name: [known.get((name, at)) for at in x] for name in systems}
    return plot_lines(s["name"], x, series, s["unit"], s.get("xlabel", ""),
                      s.get("logx", False), s.get("logy", False))


def section_stack(s):
    values, cases = {}, {}
    for r in s["rows"]:
        values.setdefault(r["system"], {})[r["case"]] = r["median"]
        cases[r["case"]] = r["sort"]
    return plot_stack(s["name"], values, cases, s["unit"])


PLOTS = {"bars": section_bars, "lines": section_lines, "stack": section_stack}


def section(s):
    out = [f"<h2>{html.escape(s['name'])}</h2>\n",
           f'<p class="kind">{html.escape(KINDS[s["kind"]])}</p>\n']
    if s.get("note"):
        out.append(f"<p>{html.escape(s['note'])}</p>\n")
    if s.get("targets"):
        out.append(targets_table(s["targets"]))
    plot = s.get("plot", "bars")
    if plot != "none" and s["rows"]:
        out.append(PLOTS[plot](s))
    if s.get("said"):
        out.append("<ul>" + "".join(f"<li>{html.escape(t)}</li>\n" for t in s["said"]) + "</ul>\n")
    out.append(table([("case", "system", f"median, {s['unit']}", "low", "high", "rounds")]
                     + [(r["case"], r["system"], r["median"], r["low"], r["high"],
                         len(r["rounds"])) for r in s["rows"]]))
    return "".join(out)


def page(title, *parts):
    """A whole document of pieces of HTML."""
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>\n"
            f"<h1>{html.escape(title)}</h1>\n" + "\n".join(parts) + "</body></html>\n")


def report(results):
    """Returns the page for a results dict."""
    machine = table([("machine", "")] + list(results["machine"].items()))
    every = [dict(t, text=f"{s['name']}: {t['text']}")
             for s in results["sections"] for t in s.get("targets", [])]
    summary = "<h2>Targets</h2>\n" + targets_table(every) if every else ""
    return page("VirtuOS benchmarks", machine, summary, *map(section, results["sections"]))


def main(argv):
    source = argv[1] if len(argv) > 1 else os.path.join(OUT, "results.json")
    where = argv[2] if len(argv) > 2 else os.path.join(OUT, "report.html")
    with open(source, encoding="utf-8") as f:
        results = json.load(f)
    with open(where, "w", encoding="utf-8") as f:
        f.write(report(results))
    print(where)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

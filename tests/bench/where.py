#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Where the time of four loads goes, over all domains, by our own counters.

  where.py [SYSTEM [SECONDS]]     this part alone; SYSTEM as SYSTEMS='...' has it

Each load runs for some seconds between two readings: what Xen ran of each domain, /proc/stat of the
primary, and `virtuos-perf snapshot`. parts.py makes parts of their differences. While a load runs,
perf counts in the primary how long its programs poll for answers, and what operations cost.

run_where() returns sections for report.py, and leaves where.tsv and a picture of each
system in build/bench. Used by run.py.
"""
import contextlib
import glob
import json
import os
import re
import subprocess
import sys
import threading

import parts
import report
from systems import BOTH, OUT, SHORT, TOP, TRAP, Machine, note

from vexec import VexecError

ABOUT = ("Processor time of each domain while a load runs, in percent of one processor, by our own counters "
         "(docs/benchmark.md). Emulated: what flushes the TLB is some ten times too dear, the primary's kernel and "
         "user time before all.")
CLOSED = 2              # percent by which parts may miss what Xen says
SETTLE = 0.5            # s; services renew their sums four times a second

# In dom0: runs what reads the primary, and asks Xen right after it.
READING = r"""
import glob, json, subprocess, sys, time
sys.path[:0] = glob.glob("/usr/lib/xen-*/lib/python")
from xen.lowlevel import xc, xs
xen, store = xc.xc(), xs.xs()
name = lambda domid: (store.read("", "/local/domain/%d/name" % domid) or b"?").decode()
names = {d["domid"]: name(d["domid"]) for d in xen.domain_getinfo()}
text = subprocess.run(["virtuos", "exec", "--", "sh", "-c", sys.argv[1]], stdout=subprocess.PIPE, check=True).stdout
now = time.monotonic()
ran = {names[d["domid"]]: d["cpu_time"] for d in xen.domain_getinfo() if d["domid"] in names}
print(json.dumps({"seconds": now, "xen": ran, "primary": text.decode()}))
"""
OF_PRIMARY = "sleep %g; grep '^cpu ' /proc/stat; virtuos-perf snapshot -n 1" % SETTLE

SQL = "/root/where.sql"
NGINX_BEGIN = "systemctl stop nginx; head -c 4096 /dev/zero | tr '\\0' v > /var/www/html/4k.html; %snginx"
REDIS_BEGIN = ("%sredis-server --port 6380 --save '' --appendonly no --daemonize yes >/dev/null; "
               "for i in $(seq 50); do redis-cli -p 6380 ping 2>/dev/null | grep -q PONG && exit; sleep 0.2; done; "
               "exit 1")
AGAIN = "end=$(($(date +%%s) + %d)); while [ $(date +%%s) -lt $end ]; do %s; done"


def reading(m):
    r = m.host.dom0(["python3", "-c", READING, OF_PRIMARY], timeout=60, check=True)
    return json.loads(r.stdout)


def opcodes():
    """{service number: {opcode: name}} of include/virtuos/ops.h."""
    with open(os.path.join(TOP, "include/virtuos/ops.h"), encoding="utf-8") as f:
        rows = re.findall(r"^\tX\((\w+), +\w+, +(0x[0-9a-f]+), (NET|STORAGE), ", f.read(), re.M)
    found = {1: {}, 2: {}}
    for name, number, service in rows:
        found[1 if service == "NET" else 2][int(number, 0)] = name
    return found


# What programs at work ask for. Each is one more event on the path of every call, so not all.
COUNTED = ("SENDMSG", "RECVMSG", "ACCEPT", "SOCKET", "CONNECT", "SETSOCKOPT", "FUSE", "READ", "WRITE", "COMMIT")


def counted(command, pids):
    """The command under perf: operations on all processors, polling of the command and of servers."""
    ops = ["-e virtuos/service-ns,service=%d,op=%d/" % (service, op + 1)
           for service, names in opcodes().items() for op, name in names.items() if name in COUNTED]
    spin = "perf stat -x \\; -o /root/where.%s -e virtuos/spin-ns/ %s -- "
    text = "perf stat -a -x \\; -o /root/where.ops %s -- " % " ".join(ops)
    if pids:
        text += spin % ("servers", "-p " + ",".join(pids))
    return "rm -f /root/where.servers; " + text + spin % ("load", "") + command


class Load:
    """One load on one machine. begin, end: shell commands; server: its processes' name."""

    def __init__(self, name, begin="", end="", server="", outside=None):
        self.name, self.begin, self.end, self.server, self.outside = name, begin, end, server, outside

    def command(self, m, seconds):
        raise NotImplementedError

    def run(self, m, seconds):
        """Between two readings; returns the window and {service number: {opcode: ns}}."""
        if self.begin:
            m.sh(self.begin % m.door if "%s" in self.begin else self.begin)
        try:
            pids = m.sh("pidof " + self.server).split() if self.server else []
            before = reading(m)
            self.work(m, counted(self.command(m, seconds), pids), seconds)
            after = reading(m)
        finally:
            if self.end:
                with contextlib.suppress(VexecError):
                    m.sh(self.end, check=False)
        spun = parts.spun(m.sh("cat /root/where.load; cat /root/where.servers 2>/dev/null || true"))
        return parts.Window(before, after, spun), parts.operations(m.sh("cat /root/where.ops"))

    def work(self, m, command, seconds):
        m.sh(command + " >/root/where.out", timeout=60 + 4 * seconds)


class Nginx(Load):
    """ab asks from the build machine, so the command in the primary only marks the time."""

    def __init__(self):
        super().__init__("nginx", NGINX_BEGIN, "nginx -s stop", "nginx")

    def command(self, m, seconds):
        return "sleep %d" % (seconds + 1)

    def work(self, m, command, seconds):
        port, failed = m.host.forward(80), []

        def ab():
            try:
                r = subprocess.run(["ab", "-q", "-k", "-c", "8", "-t", str(seconds), "-n", "1000000",
                                    "http://127.0.0.1:%d/4k.html" % port], capture_output=True, text=True, check=False,
                                   timeout=60 + 4 * seconds)
            except (OSError, subprocess.TimeoutExpired) as e:
                failed.append("ab: %s" % e)
                return
            if not re.search(r"^Complete requests: +[1-9]", r.stdout, re.M) or "Non-2xx" in r.stdout:
                failed.append("ab: " + (r.stderr + r.stdout)[-500:])

        asks = threading.Thread(target=ab)
        asks.start()
        super().work(m, command, seconds)
        asks.join()
        if failed:
            raise ValueError(failed[0])


class Redis(Load):
    def __init__(self):
        super().__init__("redis", REDIS_BEGIN, "redis-cli -p 6380 shutdown nosave", "redis-server")

    def command(self, m, seconds):
        return "%ssh -c '%s'" % (m.door, AGAIN % (seconds, "redis-benchmark -p 6380 -q -c 10 -n 1000 -t set,get"))


class Sqlite(Load):
    def __init__(self):
        super().__init__("sqlite")

    def command(self, m, seconds):
        from sets import SQL as script
        m.host.primary("cat > " + SQL, stdin=script.encode(), timeout=30)
        once = "rm -f /root/where.db*; sqlite3 /root/where.db < %s >/dev/null" % SQL
        return "%ssh -c '%s'" % (m.door, AGAIN % (seconds, once))


class Transactions(Load):
    """PostgreSQL is not in the userland; `vosbench transact` makes the calls that it would make."""

    def __init__(self):
        super().__init__("like PostgreSQL")

    def command(self, m, seconds):
        return "%s/root/vosbench -t %d transact" % (m.door, 1000 * seconds)


LOADS = (Nginx, Redis, Sqlite, Transactions)


def measured(m, seconds, failed):
    """{load: (window, operations)} of one machine; what failed is told and left out."""
    windows = {}
    for kind in LOADS:
        load = kind()
        try:
            windows[load.name] = load.run(m, seconds)
        except (VexecError, OSError, ValueError, LookupError) as e:
            failed.append("%s, where the time goes, %s: %s" % (m.system, load.name, str(e).strip()[-500:]))
            note("failed: " + failed[-1])
    return windows


def closure_target(system, load, w):
    got = w.closure()
    return {"text": "%s, %s: parts against what Xen ran of all domains" % (system, load),
            "want": "100 ± %d %%" % CLOSED, "got": "%.1f %%" % got, "met": abs(got - 100) <= CLOSED,
            "cause": "; ".join("%s %.1f %%" % (d, w.closure(d)) for d in parts.XEN_NAMES)}


def section(system, windows):
    names, rows, summaries = opcodes(), [], {}
    for load, (w, ops) in windows.items():
        rows += [{"case": parts.name_of(p), "system": load, "median": w.value(p), "low": w.value(p), "high": w.value(p),
                  "rounds": [w.value(p)], "sort": p[2]} for p in parts.PARTS]
        inside = {s: parts.by_operation(w, s, {op: ns for (n, op), ns in ops.items() if n == i}, names[i])
                  for i, s in enumerate(parts.SERVICES, 1)}
        summaries[load] = parts.summary(w, inside)
    return {"name": "Where the time goes: " + system, "kind": "time-emulated", "unit": "% of one processor",
            "note": ABOUT, "plot": "stack", "rows": rows, "summaries": summaries,
            "said": [parts.sentence(load, words) for load, words in summaries.items()],
            "targets": [closure_target(system, load, w) for load, (w, _) in windows.items()]}


def tsv(sections):
    """One line for each system, load and part."""
    yield "system\tload\tpart\tsort\tpercent of a processor"
    for s in sections:
        for r in s["rows"]:
            yield "\t".join((s["name"].split(": ", 1)[1], r["system"], r["case"], r["sort"], "%.2f" % r["median"]))


def store(sections):
    os.makedirs(OUT, exist_ok=True)
    with open(os.path.join(OUT, "where.tsv"), "w", encoding="utf-8") as f:
        f.write("\n".join(tsv(sections)) + "\n")
    for s in sections:
        name = "where-%s.svg" % re.sub(r"\W+", "-", s["name"].split(": ", 1)[1])
        with open(os.path.join(OUT, name), "w", encoding="utf-8") as f:
            f.write(report.section_stack(s))


def run_where(m, seconds, failed):
    """The section of one machine, or None if no load ran."""
    windows = measured(m, seconds, failed)
    return section(m.system, windows) if windows else None


def main():
    import table
    system = sys.argv[1] if len(sys.argv) > 1 else "virtuos-trap"
    failed = []
    with Machine(SHORT.get(system, system)) as m:
        found = run_where(m, int(sys.argv[2]) if len(sys.argv) > 2 else 5, failed)
    if found:
        store([found])
        print("\n".join([*table.section(found), "", *table.targets([found])]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

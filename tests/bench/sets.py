# SPDX-License-Identifier: GPL-2.0-only
"""What is measured by the clock on every system: small loads and three applications.

Each function yields (section, case, value); SECTIONS says what a section's values are.
A load that fails is told in `failed` and does not end the run.
Used by run.py.
"""
import contextlib
import csv
import os
import re
import subprocess
import sys

from systems import note

import outside
from vexec import VexecError

NULL, PREAD, PREADGROW, PWRITE, NAMES = ("Smallest calls", "pread, cached file", "pread, cached file that grows",
                                       "pwrite, cached file", "Names")
THREADS, TCPRR, OUTSIDE, STREAM = "Threads", "TCP request + response", "TCP to the outside", "TCP stream"
NGINX, REDIS, SQLITE = "nginx", "redis", "sqlite"
APPLICATIONS = (NGINX, REDIS, SQLITE)

# unit, is more better, note
SECTIONS = {
    NULL: ("µs/call", False, "A call and next to nothing done: send, recv and pread of a byte are forwarded by either "
           "door; getppid never is."),
    PREAD: ("MB/s", True, "16 MiB, read once before. The trap door serves it from the primary's page cache; the "
            "exceptionless door reads that in place."),
    PREADGROW: ("MB/s", True, "The same of a file to which a byte is appended every 512 reads: the exceptionless door's "
                "reads go through the ring to the storage domain's page cache."),
    PWRITE: ("MB/s", True, "Over what is there, not synchronised."),
    NAMES: ("µs", False, "create + close + unlink, stat, open + close. virtuos makes a change durable before it "
            "answers, the others do not."),
    THREADS: ("MB/s", True, "pread of 4 KiB by 1 to 16 threads of one process."),
    TCPRR: ("µs", False, "Two processes of the userland over 127.0.0.1; one round trip of the size."),
    OUTSIDE: ("µs", False, "With an echo server on the build machine, through the emulated NIC."),
    STREAM: ("MB/s", True, "Two processes of the userland over 127.0.0.1, written in pieces of the size."),
    NGINX: ("requests/s", True, "A page of 4 KiB, kept connections. vosbench asks from within the userland, ab "
            "from the build machine."),
    REDIS: ("requests/s", True, "redis-benchmark in the userland, 10 connections, nothing saved to disk."),
    SQLITE: ("s", False, "The sqlite3 program: 1,000 rows in one transaction, 20 in one each, an index, 200 "
             "queries."),
}

QUICK_SIZES = {PREAD: "32,1024,4096,16384,65536,1048576", PREADGROW: "32,1024,16384,65536", PWRITE: "32,1024,16384,65536", TCPRR: "1,1024,16384,65536",
               OUTSIDE: "1,4096", STREAM: "1024,16384,65536"}
FULL_SIZES = {PREAD: "32,256,1024,2048,4096,16384,32768,65536,262144,1048576,2097152",
              PREADGROW: "32,256,1024,2048,4096,16384,32768,65536,262144,1048576,2097152",
              PWRITE: "32,256,1024,2048,4096,16384,32768,65536,262144,1048576,2097152",
              TCPRR: "1,32,256,1024,4096,16384,32768,65536,262144,1048576", OUTSIDE: "1,1024,4096,65536",
              STREAM: "1,32,256,1024,4096,16384,32768,65536,262144,1048576"}

SQL = """pragma journal_mode=wal;
create table t(a integer primary key, b text, c integer);
begin;
with recursive n(i) as (select 1 union all select i+1 from n where i<1000)
insert into t select i, hex(randomblob(40)), i%97 from n;
commit;
""" + "insert into t(b,c) values('one of its own', 7);\n" * 20 + \
    "create index u on t(c);\n" + "select count(*), max(b) from t where c=%d;\n" * 200 % tuple(range(200))


class Set:
    """The loads for one machine."""

    def __init__(self, machine, quick, only=""):
        self.m = machine
        self.ms = 80 if quick else 200
        self.sizes = QUICK_SIZES if quick else FULL_SIZES
        self.quick = quick
        self.only = only.split(",") if only else []
        self.failed = []

    def wanted(self, section):
        return not self.only or any(w.strip().lower() in section.lower() for w in self.only)

    def run(self):
        """All that is wanted: yields (section, case, value)."""
        for section, load in ((NULL, self.null), (PREAD, self.sized("pread")), (PREADGROW, self.sized("preadgrow")),
                              (PWRITE, self.sized("pwrite")), (NAMES, self.names), (THREADS, self.threads),
                              (TCPRR, self.sized("tcprr")), (OUTSIDE, self.outside),
                              (STREAM, self.sized("tcpstream")), (NGINX, self.nginx), (REDIS, self.redis),
                              (SQLITE, self.sqlite)):
            if not self.wanted(section):
                continue
            try:
                for case, value in load(section):
                    yield section, case, value
            except (VexecError, OSError, ValueError) as e:
                text = "%s, %s: %s" % (self.m.system, section, str(e).strip())
                self.failed.append(text)
                note("failed: " + text)

    def group(self, words, key, timeout=150):
        for line in self.m.vosbench("-t %d %s" % (self.ms, words), timeout):
            yield line["case"], line[key] / 1000 if key == "ns" else line[key]

    def null(self, _):
        return self.group("null", "ns")

    def names(self, _):
        return self.group("files", "ns")

    def threads(self, _):
        return self.group("-n %s threads" % ("1,4,16" if self.quick else "1,2,4,8,16"), "mbs")

    def sized(self, group):
        def load(section):
            return self.group("-s %s %s" % (self.sizes[section], group), "ns" if group == "tcprr" else "mbs")
        return load

    def outside(self, section):
        with outside.Echo() as echo:
            yield from self.group("-a %s -s %s tcprr" % (echo.address, self.sizes[section]), "ns")

    def nginx(self, _):
        self.m.sh("systemctl stop nginx; head -c 4096 /dev/zero | tr '\\0' v > /var/www/html/4k.html; "
                  "%snginx" % self.m.door)
        port = self.m.host.forward(80)
        try:
            for connections in (1, 8):
                for case, us in self.group("httpget /4k.html %d" % connections, "ns"):
                    yield case, 1e6 / us
            yield "ab, 8 connections", self.ab(port)
        finally:
            with contextlib.suppress(VexecError):
                self.m.sh("nginx -s stop", check=False)

    def ab(self, port):
        r = subprocess.run(["ab", "-q", "-k", "-c", "8", "-t", "2" if self.quick else "4", "-n", "100000",
                            "http://127.0.0.1:%d/4k.html" % port], capture_output=True, text=True, timeout=90)
        found = re.search(r"^Requests per second: +([0-9.]+)", r.stdout, re.M)
        if not found or re.search(r"^(Non-2xx responses|Failed requests): +[1-9]", r.stdout, re.M):
            raise ValueError("ab: " + (r.stderr + r.stdout)[-500:])
        return float(found.group(1))

    def redis(self, _):
        self.m.sh("%sredis-server --port 6380 --save '' --appendonly no --daemonize yes >/dev/null; "
                  "for i in $(seq 50); do redis-cli -p 6380 ping 2>/dev/null | grep -q PONG && exit; sleep 0.2; done; "
                  "exit 1" % self.m.door)
        try:
            text = self.m.sh("%sredis-benchmark -p 6380 --csv -c 10 -n %d -t set,get" %
                             (self.m.door, 500 if self.quick else 2000), timeout=150)
            for words in csv.reader(text.strip().split("\n")):
                if words and words[0] in ("SET", "GET"):
                    yield words[0], float(words[1])
        finally:
            with contextlib.suppress(VexecError):
                self.m.sh("redis-cli -p 6380 shutdown nosave", check=False)

    def sqlite(self, _):
        self.m.host.primary("cat > /root/bench.sql", stdin=SQL.encode(), timeout=30)
        for line in self.m.vosbench("exec sqlite3 sh -c 'rm -f /root/bench.db*; "
                                    "sqlite3 /root/bench.db < /root/bench.sql >/dev/null'", 150):
            yield "script", line["ns"] / 1e9

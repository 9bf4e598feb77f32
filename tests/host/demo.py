# SPDX-License-Identifier: GPL-2.0-only
"""The demonstration that `make run` shows: a partitioned system at work, and its
service domains being killed while everything else goes on.

Exit status 0 when every line of the closing table says "yes".
"""
import os
import sys
import threading
import time

from host import CRASHED, Host
from image import ImageError, say
from machine import MachineError
from outside import Page, fetch, free_port, wait_for
from qmp import QmpError
from state import StateError
from vexec import VexecError

HERE = os.path.dirname(os.path.abspath(__file__))
OUTAGE_LIMIT = 60           # how long is waited; what is asked for is 15 s
WANTED = 15


class Load:
    """demo_load.py running in the primary; notes when each attempt began and ended."""

    def __init__(self, host, kind, where):
        self.kind = kind
        self.attempts = []              # (began, ended, outcome), host's clock
        self.rest = b""
        self.error = None
        self.thread = threading.Thread(target=self.run, args=(host, where), daemon=True)
        self.thread.start()

    def run(self, host, where):
        try:
            host.primary(["python3", "/root/demo_load.py", self.kind, where],
                         timeout=None, on_stdout=self.seen)
        except Exception as e:          # also: the machine is closed under our feet
            self.error = e

    def seen(self, data):
        now = time.monotonic()
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            _, took, what = line.decode().split(" ", 2)
            self.attempts.append((now - float(took), now, what))

    def succeeded(self, since, until=None):
        return [a for a in list(self.attempts)
                if a[2] == "ok" and a[0] >= since and (until is None or a[1] <= until)]

    def first_success(self, since, timeout):
        """End of the first attempt that began after `since` and succeeded, or None."""
        return wait_for(lambda: (self.succeeded(since) or [(0, 0)])[0][1], timeout, 0.02)

    def failures(self, since):
        return sorted({a[2] for a in list(self.attempts) if a[1] >= since and a[2] != "ok"})


class Demo:
    def __init__(self, host, out=sys.stdout):
        self.host = host
        self.out = out
        self.table = []                 # (what, result, ok)

    def print(self, text=""):
        self.out.write(text + "\n")
        self.out.flush()

    def heading(self, text):
        self.print("\n" + text)

    def note(self, what, result, ok):
        self.table.append((what, result, bool(ok)))

    def show(self, where, command, timeout=60):
        """Run a command, print it and what it says."""
        self.print("  %s# %s" % (where, command))
        r = self.host.run(where, command, timeout=timeout)
        text = (r.stdout + r.stderr).decode(errors="replace").rstrip("\n")
        for line in text.split("\n")[:40]:
            self.print("    " + line)
        return r.status, text

    def domains(self):
        self.heading("The domains, seen from dom0")
        status, text = self.show("dom0", "virtuos list")
        self.note("primary, network and storage domain run", "", status == 0 and len(text.split("\n")) >= 4)

    def nothing_inside(self):
        self.heading("What the primary has: no TCP/IP, no NIC, no disk")
        _, text = self.show("primary", "uname -sr; ls /sys/class/net")
        self.note("no network interface but lo in the primary", "", text.split()[2:] == ["lo"])
        status, text = self.show("primary", "ls -A /sys/block /sys/bus/pci/devices 2>/dev/null; true")
        lines = [x for x in text.split("\n") if x and not x.endswith(":")]
        self.note("no disk and no PCI device in the primary", "", status == 0 and not lines)
        status, text = self.show("primary", "zcat /proc/config.gz | grep -w CONFIG_INET")
        self.note("no TCP/IP in the primary's kernel", "", "# CONFIG_INET is not set" in text)
        self.show("primary", "findmnt -n / 2>/dev/null || grep ' / ' /proc/mounts")

    def reach_out(self, page):
        self.heading("curl in the primary fetches a page from this machine")
        status, text = self.show("primary", "curl -sS --max-time 20 " + page.url)
        self.note("curl in the primary reaches the outside", "", status == 0 and "outside world" in text)

    def reach_in(self, port):
        self.heading("nginx in the primary serves a page from the storage domain to this machine")
        self.show("primary", "systemctl is-active nginx || systemctl start nginx; ls -l /var/www/html/index.html")
        body = wait_for(lambda: fetch(port), 20) or b""
        self.print("  host$ curl http://127.0.0.1:%d/" % port)
        for line in body.decode(errors="replace").rstrip().split("\n"):
            self.print("    " + line)
        self.note("nginx in the primary is reached from outside", "", b"nginx in the primary" in body)

    def database(self):
        self.heading("sqlite3 writes on the storage domain")
        status, text = self.show("primary", "rm -f /root/demo.db; sqlite3 /root/demo.db 'create table t(a,b); begin; "
                                 "with recursive n(i) as (select 1 union all select i+1 from n where i<1000) "
                                 "insert into t select i, hex(randomblob(16)) from n; commit; "
                                 "select count(*) from t; pragma integrity_check;'", timeout=120)
        self.note("sqlite3 writes 1000 rows and finds them sound", "", status == 0 and text.split() == ["1000", "ok"])

    def kill(self, domain, load, other):
        """Kill one service domain under load; measure its outage, watch the other load."""
        self.heading("Killing %s while both loads run" % domain)
        kind = {"net": "network", "storage": "file"}
        boot_id = self.host.primary("cat /proc/sys/kernel/random/boot_id").stdout
        # The outage is counted from before the command to the end of the first attempt that
        # began when it had returned: the domain is dead by then, whatever came before.
        killed = time.monotonic()
        r = self.host.dom0("virtuos kill " + domain, timeout=60)
        dead = time.monotonic()
        back = load.first_success(dead, OUTAGE_LIMIT)
        outage = back - killed if back else None
        meanwhile = len(other.succeeded(dead, back))
        if back:
            time.sleep(0.5)
        same = self.host.primary("cat /proc/sys/kernel/random/boot_id", timeout=60).stdout == boot_id
        self.print("  virtuos kill %s: status %d" % (domain, r.status))
        self.print("  errors the load saw meanwhile: %s" % (", ".join(load.failures(killed)) or "none"))
        if outage is None:
            self.print("  no success within %d s" % OUTAGE_LIMIT)
        self.note("%s killed: it works again" % domain,
                  "after %.1f s" % outage if outage else "not within %d s" % OUTAGE_LIMIT,
                  outage is not None and outage <= WANTED)
        self.note("%s killed: primary and its processes live on" % domain, "",
                  same and load.thread.is_alive() and other.thread.is_alive())
        self.note("%s killed: %s calls went on meanwhile" % (domain, kind[other.kind]),
                  "%d succeeded" % meanwhile, meanwhile > 0)

    def kills(self, page):
        self.host.copy([os.path.join(HERE, "demo_load.py")], "primary", "/root")
        net, storage = Load(self.host, "net", page.url), Load(self.host, "storage", "/root/demo")
        begun = time.monotonic()
        ok = all([x.first_success(begun, 30) for x in (net, storage)])
        self.note("load on network and storage runs", "", ok)
        if ok:
            self.kill("net", net, storage)
            self.kill("storage", storage, net)
            self.domains_again()

    def domains_again(self):
        self.heading("The domains afterwards")
        self.show("dom0", "virtuos list")

    def result(self):
        found = self.host.splats()
        for name, line in found:
            self.print("  fault on the console of %s: %s" % (name, line))
        self.note("no kernel complained", "", not found)
        width = max(len(what) for what, _, _ in self.table)
        self.heading("Result")
        for what, result, ok in self.table:
            self.print("  %-*s  %-3s  %s" % (width, what, "yes" if ok else "NO", result))
        return 0 if all(ok for _, _, ok in self.table) else 1

    def run(self, port):
        with Page() as page:
            self.domains()
            self.nothing_inside()
            self.reach_out(page)
            self.reach_in(port)
            self.database()
            self.kills(page)
        return self.result()


def main():
    env = os.environ.get
    hostfwd = env("HOSTFWD") or "%d:80" % free_port()
    port = int(hostfwd.split()[0].split(":")[0])
    disk = env("DISK") or "ahci"
    try:
        xen = env("XEN") or None
        h = Host.restore(hostfwd=hostfwd, xen=xen) if disk == "ahci" else Host.cold(disk, hostfwd, xen)
        with h:
            try:
                return Demo(h).run(port)
            except VexecError as e:
                say(str(e))
                h.print_consoles()
                return CRASHED
    except (ImageError, StateError, MachineError, VexecError, QmpError) as e:
        say(str(e))
        return CRASHED
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

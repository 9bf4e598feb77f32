# SPDX-License-Identifier: GPL-2.0-only
"""The emulated Xen host as tests and `make run` see it.

    with Host.restore(hostfwd="8080:80") as h:
        r = h.primary("cat /proc/net/dev", timeout=20)
        h.dom0("virtuos kill net", check=True)
        assert not h.splats()

Host.restore(system="pv") is the same userland on another system (peers.py).

Any number of threads may call dom0() and primary() of one host; four commands
run at a time, further ones wait for a port.

Invariant: a Host owns its machine; close() leaves nothing behind.
Used by run, shell, dev, demo.py and tests/system.
"""
import contextlib
import fcntl
import os
import queue
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
import tty

import peers
import splats
import state
from image import SLOW, ImageError, say
from machine import MachineError
from outside import free_port
from qmp import QmpError
from state import StateError
from vexec import VexecError, VexecTimeout

TIMED_OUT = 124
CRASHED = 125
SYSTEMS = ("virtuos",) + peers.SYSTEMS
# The exceptionless door: off, for the commands that are run, for every program.
DOORS = ("trap", "program", "both")
LIBRARY = "/usr/lib/virtuos/libsyscall-forward.so"

SCAN_PRIMARY = "cd /sys/kernel/debug && { [ -e kmemleak ] || mount -t debugfs debug .; } && echo scan >/sys/kernel/debug/kmemleak"
# Init of a service domain answers on its console: debug/service.sh.
SCAN_SERVICES = r"""
for dom in $(xl list | awk 'NR > 1 && $1 != "Domain-0" && $1 != "primary" { print $1 }'); do
	log=/var/log/xen/console/guest-$dom.log
	was=$(grep -c 'virtuos: scanned' $log)
	echo scan >$(xenstore-read /local/domain/$(xl domid $dom)/console/tty)
	for i in $(seq 300); do
		[ $(grep -c 'virtuos: scanned' $log) = $was ] || break
		sleep 0.2
	done
	[ $(grep -c 'virtuos: scanned' $log) != $was ] || { echo "$dom does not scan" >&2; exit 1; }
done
"""


class DomainCrash(Exception):
    """The primary is gone while a command ran in it."""


class Host:
    door = os.environ.get("DOOR") or "trap"

    def __init__(self, machine, native=False):
        """native: the userland runs on the machine itself, there is no dom0."""
        self.machine = machine
        self.native = native
        self.free = queue.Queue()
        for port in machine.ports:
            self.free.put(port)
        self.texts = {}
        self.owner = threading.get_ident()
        Host.live.append(self)

    live = []                   # all that have not been closed

    @classmethod
    def restore(cls, kind="up", hostfwd="", xen=None, deb=None, system="virtuos", cpus=1, flushes=False):
        """A machine of one's own out of the saved state; made first if there is none.

        system: what the userland runs on; on a peer, cpus: how many CPUs it has. flushes: see Machine."""
        if system != "virtuos":
            host = cls(peers.resumed(system, xen, deb, hostfwd, cpus), native=system == "native")
            host.door = "trap"
            if not host.native:
                host.set_clock()
            return host
        place = state.up(xen, deb) if kind == "up" else state.bare(xen, deb)[0]
        host = cls(state.resumed(place, xen=xen, hostfwd=hostfwd, flushes=flushes))
        host.machine.faults = state.faults_of(place)
        if kind == "up":
            host.set_clock()
            host.open_doors()
        return host

    @classmethod
    def cold(cls, disk="ahci", hostfwd="", xen=None, deb=None, keep_data=None):
        """A machine booted from power-on. keep_data: a qcow2 file to use as the data disk
        itself; it is made over the primary's image when it is not there."""
        host = cls(state.cold(xen, deb, disk, keep_data, hostfwd))
        host.open_doors()
        return host

    def set_clock(self):
        """The primary does not follow dom0's clock, which was set when the machine woke."""
        self.dom0(["virtuos", "exec", "--", "date", "-s", "@%.2f" % time.time()], timeout=60, check=True)

    def open_doors(self):
        """DOOR=both: every program started from now on has the library; so has nginx."""
        if self.door == "both":
            self.dom0(["virtuos", "exec", "--", "sh", "-c",
                       "echo %s > /etc/ld.so.preload && systemctl restart nginx" % LIBRARY],
                      timeout=60, check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.machine.close()
        if self in Host.live:
            Host.live.remove(self)

    def forward(self, guest_port, address=""):
        """Lead a free port of this machine's loopback to the network domain, or to an address; returns it."""
        port = free_port()
        self.machine.forward(port, guest_port, address)
        return port

    @contextlib.contextmanager
    def _port(self):
        port = self.free.get()
        try:
            yield port
        finally:
            if not port.ready:
                port.close()            # the next user starts with a RESET
            self.free.put(port)

    def dom0(self, command, timeout=120, cwd="/root", **kw):
        """Run a command in dom0: a shell text, or a list of words. Returns vexec.Result."""
        argv = command if isinstance(command, list) else ["bash", "-c", command]
        with self._port() as port:
            return port.run(self.reach("dom0", argv), cwd=cwd, timeout=timeout and timeout * SLOW, **kw)

    def primary(self, command, timeout=120, cwd="/root", **kw):
        """Run a command in the primary."""
        argv = command if isinstance(command, list) else ["bash", "-c", command]
        # An empty command word is what `cd` cannot hide: the status is the command's own.
        if self.door == "program":
            argv = ["env", "LD_PRELOAD=" + LIBRARY, *argv]
        inner = ["sh", "-c", 'cd "$0" && exec "$@"', cwd, *argv]
        flag = ["-i"] if kw.get("stdin") is not None else []
        with self._port() as port:
            return port.run(self.reach("primary", inner, *flag), cwd="/", timeout=timeout and timeout * SLOW, **kw)

    def reach(self, where, argv, *flags):
        """What the machine's agent has to run so that argv runs there: in the primary, it is
        `virtuos exec` in dom0, unless the agent is in the userland itself."""
        if where == "dom0" and self.native:
            raise StateError("IN=dom0: there is none with SYSTEM=native")
        if where == "primary" and not self.native:
            return ["virtuos", "exec", *flags, "--", *argv]
        return argv

    def run(self, where, command, **kw):
        return {"dom0": self.dom0, "primary": self.primary}[where](command, **kw)

    def copy(self, files, where="primary", cwd="/root"):
        """Copy host files and directories into a directory there."""
        words = []
        for f in files:
            path = os.path.abspath(f)
            if not os.path.exists(path):
                raise StateError("FILES: %s: no such file" % f)
            words += ["-C", os.path.dirname(path), os.path.basename(path)]
        tar = subprocess.Popen(["tar", "-chf", "-", "--owner=0", "--group=0", *words], stdout=subprocess.PIPE)
        try:
            self.run(where, ["sh", "-c", 'mkdir -p "$0" && cd "$0" && tar --warning=no-timestamp -xf -', cwd],
                     cwd="/", stdin=tar.stdout.fileno(), timeout=300, check=True)
        finally:
            tar.stdout.close()
            tar.wait()
        if tar.returncode:
            raise StateError("tar failed on %s" % " ".join(files))

    def consoles(self):
        """What each domain, dom0's kernel and Xen printed so far, by name."""
        if self.native:
            return {"primary": self.machine.log("serial.log", 0)}
        r = self.dom0(["sh", "-c", state.NEW_OUTPUT], timeout=60, check=True)
        name = None
        for line in r.stdout.decode(errors="replace").replace("\r", "").split("\n"):
            if line.startswith("== "):
                name = line[3:]
            elif name and line:
                self.texts.setdefault(name, []).append(line)
        return {k: "\n".join(v) for k, v in self.texts.items()}

    def forget_consoles(self):
        """Start afresh: what was printed until now is not looked at again."""
        self.consoles()
        self.texts.clear()

    def splats(self):
        """Signs of a kernel or hypervisor fault, as (console, line)."""
        found = [(name, line) for name, text in sorted(self.consoles().items())
                 for line in splats.scan(text)]
        if self.native:             # its console is the serial line
            return found
        return found + [("serial", line) for line in splats.scan(self.machine.log("serial.log", 0))]

    def scan_for_leaks(self):
        """DEBUG=1: let kmemleak look twice in every domain; what it finds is on the consoles.

        An object must be five seconds old and unchanged since the scan before."""
        for _ in range(2):
            self.dom0(["sleep", "6"])
            self.primary(SCAN_PRIMARY, check=True)
            self.dom0(SCAN_SERVICES, check=True)

    def print_consoles(self, out=sys.stderr, lines=40, only=None):
        try:
            texts = self.consoles()
        except (VexecError, MachineError) as e:
            texts = {"serial": self.machine.log("serial.log")}
            out.write("dom0 does not answer: %s\n" % e)
        for name, text in sorted(texts.items()):
            if only is None or only in name:
                out.write("---- console of %s ----\n%s\n" % (name, "\n".join(text.split("\n")[-lines:])))
        out.flush()

    def watch_primary(self, gone):
        """Set the event `gone` when the primary dies; a thread, for as long as the machine runs."""
        if self.native:             # the machine dies with it, which is noticed anyway
            return
        # The first line comes at once, for nothing.
        script = ("xenstore-watch @releaseDomain | { read x; while read x; do "
                  "xl list primary 2>/dev/null | awk 'NR == 2 && $5 !~ /[sc]/ { ok = 1 } END { exit !ok }' "
                  "|| echo gone; done; }")

        def seen(data):
            if b"gone" in data:
                gone.set()

        def watch():
            with contextlib.suppress(Exception):     # the machine is closed under our feet
                self.dom0(["sh", "-c", script], timeout=None, on_stdout=seen)
        threading.Thread(target=watch, daemon=True).start()


def to_fd(stream):
    def sink(data):
        stream.buffer.write(data)
        stream.buffer.flush()
    return sink


def interactive(h, where, cwd):
    """A shell on this terminal, in dom0 or the primary."""
    if not os.isatty(0):
        raise StateError("an interactive shell needs a terminal; CMD='...' runs a command")
    size = struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8))
    argv = ["sh", "-c", 'stty rows "$1" cols "$2"; mkdir -p "$0"; cd "$0"; shift 2; exec "$@"', cwd,
            str(size[0] or 24), str(size[1] or 80)]
    argv += h.reach(where, ["bash", "-l"], "-it")
    saved = termios.tcgetattr(0)
    with h._port() as port:
        port.reset()
        signal.signal(signal.SIGWINCH, lambda *_: port.winsize(
            *struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8))[:2]))
        try:
            tty.setraw(0)
            return port.run(argv, stdin=0, pty=True, on_stdout=to_fd(sys.stdout), on_stderr=to_fd(sys.stderr),
                            env=["TERM=" + os.environ.get("TERM", "vt100")]).status
        finally:
            termios.tcsetattr(0, termios.TCSADRAIN, saved)


def run_command(h, where, command, cwd, timeout):
    """Run with output as it comes; (status, reason to print consoles or None)."""
    gone = threading.Event()

    def crashed():
        if gone.is_set():
            raise DomainCrash()
    if where == "primary":
        h.watch_primary(gone)
    try:
        r = h.run(where, command, cwd=cwd, timeout=timeout, poll=crashed,
                  on_stdout=to_fd(sys.stdout), on_stderr=to_fd(sys.stderr))
        return r.status, None
    except VexecTimeout:
        return TIMED_OUT, "no end within %g s" % timeout
    except DomainCrash:
        return CRASHED, "the primary has crashed or is gone"


def main_run(command, where="primary", files=(), hostfwd="", timeout=600, kind="up", cwd="/root",
             show=False, shell=False, xen=None, disk="ahci", system="virtuos"):
    """What the commands run, shell and dev have in common. Returns the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        h = (Host.restore(kind, hostfwd, xen, system=system) if disk == "ahci"
             else Host.cold(disk, hostfwd, xen))
        with h:
            if files:
                h.copy(files, where, cwd)
            elif cwd != "/root":
                h.run(where, ["mkdir", "-p", cwd], cwd="/")
            if shell:
                return interactive(h, where, cwd)
            status, reason = run_command(h, where, command, cwd, timeout)
            if reason:
                say(reason)
                h.print_consoles(only=None if where == "dom0" else "primary")
                h.print_consoles(only="hypervisor", lines=15)
            elif show:
                h.print_consoles(lines=2000)
            for name, line in [] if reason else h.splats():
                say("fault on the console of %s: %s" % (name, line))
            return status
    except (ImageError, StateError, MachineError, VexecError, QmpError) as e:
        say(str(e))
        return CRASHED
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141

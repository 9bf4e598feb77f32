# SPDX-License-Identifier: GPL-2.0-only
"""What the domains did between two readings, as parts of processor time. No I/O.

A reading has the time of dom0's clock ("seconds"), the processor time of each domain as Xen counts
it ("xen": {name: ns}), and the primary's text ("primary"): the first line of /proc/stat, then what
`virtuos-perf snapshot` says. Times are percentages of one processor.

Invariant: what Xen ran of a domain is made up of that domain's parts but idle. Where the domain's
own counters say more than Xen, closure() says by how much; nothing is scaled to fit.
Used by where.py; tests/static/where.py tests it.
"""
import re

PRIMARY, DOM0 = "primary", "dom0"
SERVICES = {"net": "network domain", "storage": "storage domain"}
XEN_NAMES = {DOM0: "Domain-0", PRIMARY: "primary", "net": "net", "storage": "storage"}
USER_HZ = 100

# Each part: its domain, what it is, and its sort. Work is what somebody asked for; waiting executes
# instructions as well, and is what polling costs; idle executes none.
WORK, WAITING, IDLE = "work", "waiting", "idle"
PARTS = ((PRIMARY, "user", WORK), (PRIMARY, "kernel", WORK), (PRIMARY, "waiting in calls", WAITING),
         (PRIMARY, "idle loop", WAITING), (PRIMARY, "idle", IDLE),
         *((s, what, sort) for s in SERVICES for what, sort in
           (("calls", WORK), ("background", WORK), ("poll", WAITING), ("idle", IDLE))),
         (DOM0, "its work", WORK), (DOM0, "idle", IDLE))
NEEDED = ("died", "service_ticks", "poll_ticks", "running_ns", "door_ticks")


def name_of(part):
    domain, what, _ = part
    return "%s: %s" % (SERVICES.get(domain, domain), what)


def decode(text):
    """The primary's text: its times in s, the rate of ticks, and {service: {counter: value}}."""
    stat = re.search(r"^cpu +(.*)$", text, re.M)
    khz = re.search(r"^tsc_khz (\d+)$", text, re.M)
    if not stat or not khz or not text.endswith("end\n"):
        raise ValueError("this is no reading of a primary: " + text[:200])
    user, nice, system, _, _, irq, softirq = (int(n) / USER_HZ for n in stat[1].split()[:7])
    services = {}
    for block in re.split(r"^service ", text.split("\nthreads\n")[0], flags=re.M)[1:]:
        name, _, lines = block.partition("\n")
        services[name] = {key: int(n) for key, n in re.findall(r"^(\w+) (\d+)$", lines, re.M)}
    return {"khz": int(khz[1]), "user": user + nice, "kernel": system + irq + softirq, "services": services}


def grown(service, was, is_):
    """By how much a service's counters have grown."""
    lacking = [k for k in NEEDED if k not in was or k not in is_]
    if lacking:
        raise ValueError("%s: not known: %s" % (service, ", ".join(lacking)))
    if is_["died"] != was["died"]:
        raise ValueError("%s: the domain died meanwhile" % service)
    return {k: is_[k] - was[k] for k in is_ if k in was}


class Window:
    """What happened between two readings. spin: s that callers polled in the primary's kernel."""

    def __init__(self, before, after, spin=0.0):
        was, is_ = decode(before["primary"]), decode(after["primary"])
        self.seconds = after["seconds"] - before["seconds"]
        if self.seconds <= 0:
            raise ValueError("no time has passed")
        self.ran = {d: (after["xen"][x] - before["xen"][x]) / 1e9 for d, x in XEN_NAMES.items()}
        self.values, self.doors = {}, {}
        self._primary(is_["user"] - was["user"], is_["kernel"] - was["kernel"], spin)
        for s in SERVICES:
            self._service(s, grown(s, was["services"].get(s, {}), is_["services"].get(s, {})), is_["khz"] * 1e3)
        self._put(DOM0, "its work", self.ran[DOM0])
        self._put(DOM0, "idle", self.seconds - self.ran[DOM0])

    def _put(self, domain, what, seconds):
        self.values[domain, what] = max(0.0, seconds) * 100 / self.seconds

    def _primary(self, user, kernel, spin):
        spin = min(spin, kernel)
        self._put(PRIMARY, "user", user)
        self._put(PRIMARY, "kernel", kernel - spin)
        self._put(PRIMARY, "waiting in calls", spin)
        # Linux counts the idle loop, in which it polls for answers, as idle; Xen as running.
        self._put(PRIMARY, "idle loop", self.ran[PRIMARY] - user - kernel)
        self._put(PRIMARY, "idle", self.seconds - self.ran[PRIMARY])

    def _service(self, s, grew, rate):
        called, poll = grew["service_ticks"] / rate, grew["poll_ticks"] / rate
        self._put(s, "calls", called)
        self._put(s, "poll", poll)
        self._put(s, "background", grew["running_ns"] / 1e9 - called - poll)
        self._put(s, "idle", self.seconds - self.ran[s])
        self.doors[s] = grew["door_ticks"] / rate * 100 / self.seconds

    def value(self, part):
        return self.values[part[0], part[1]]

    def ran_percent(self, domain):
        return self.ran[domain] * 100 / self.seconds

    def closure(self, domain=None):
        """Percent of what Xen ran of a domain (all: None) that its parts make up."""
        domains = [domain] if domain else list(XEN_NAMES)
        ours = sum(self.value(p) for p in PARTS if p[0] in domains and p[2] != IDLE)
        return 100 * ours / sum(self.ran_percent(d) for d in domains)

    def sum_of(self, sort):
        return sum(self.value(p) for p in PARTS if p[2] == sort)

    def largest(self, sort=WORK, n=3):
        return sorted((p for p in PARTS if p[2] == sort), key=lambda p: -self.value(p))[:n]


def operations(text):
    """{(service number, opcode): ns} of what `perf stat -x ;` wrote for service-ns with op."""
    found = {}
    for line in text.splitlines():
        words = line.split(";")
        name = re.search(r"service-ns,service=(\d+),op=(\d+)/", line)
        if name and re.fullmatch(r"[0-9.]+", words[0]):
            # In msec, as sysfs has its unit; op is the opcode plus 1.
            found[int(name[1]), int(name[2]) - 1] = float(words[0]) * 1e6
    return found


def spun(text):
    """Seconds of what `perf stat -x ;` wrote for spin-ns. What never ran, perf has not counted; it is 0."""
    counts = [line.split(";")[0] for line in text.splitlines() if "spin-ns" in line]
    if not counts or "<not supported>" in counts:
        raise ValueError("perf cannot count how long callers poll: " + text[-300:])
    return sum(float(n) for n in counts if re.fullmatch(r"[0-9.]+", n)) / 1e3


def shown(percent):
    return "%.0f" % percent if percent >= 10 else "%.1f" % percent


def by_operation(window, service, ops, names, n=3):
    """The dearest operations of a service's calls: [(name, percent)]. ops: {opcode: ns}."""
    found = [(names[op], ns / 1e7 / window.seconds) for op, ns in ops.items()]
    found.append(("exceptionless calls", window.doors[service]))
    return [f for f in sorted(found, key=lambda f: -f[1])[:n] if f[1] >= 0.05]


def costs(window, operations_of):
    """The three largest costs in words. operations_of: {service: [(name, percent)]}."""
    for part in window.largest():
        inside = operations_of.get(part[0]) if part[1] == "calls" else None
        of_it = " (%s)" % ", ".join("%s %s" % (name, shown(p)) for name, p in inside) if inside else ""
        yield "%s %s %%%s" % (name_of(part), shown(window.value(part)), of_it)


def summary(window, operations_of):
    """A load in words: three costs, polling, idle, closure."""
    return [*costs(window, operations_of), *("%s %%" % shown(window.sum_of(s)) for s in (WAITING, IDLE)),
            "%.1f %%" % window.closure()]


def sentence(load, words):
    """The same as one sentence. words: as summary() gives them."""
    *dearest, polling, idle, closure = words
    return "%s: %s. Besides, polling %s, idle %s. Closure %s." % (
        load, "; ".join("%d. %s" % (i, c) for i, c in enumerate(dearest, 1)), polling, idle, closure)

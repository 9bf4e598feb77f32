# SPDX-License-Identifier: GPL-2.0-only
"""What domains cost and how fast they come: memory, time to boot, outage at a kill.

Each function yields (section, case, value) for one machine; SECTIONS says what the
values are. Used by run.py, with virtuos alone where the others have no such thing.
"""
import json
import os
import re
import time

from systems import NATIVE, PV, DRIVER, TOP

from demo import Load
from outside import Page

MEMORY, BOOT, OUTAGE = "Memory", "Boot of a domain", "Outage at a kill"
LIMIT = 60

SECTIONS = {
    MEMORY: ("MiB", False, "What each domain was given."),
    BOOT: ("s", False, "Kernel's clock at the last line that it or its /init had written when it served, in a "
           "domain started anew."),
    OUTAGE: ("s", False, "From before `virtuos kill` to the end of the first attempt that began after it and "
             "succeeded; a page fetched from outside, a file written, synchronised and read."),
}


def memory(m):
    """Of the guests; the whole machine's where there are none."""
    if m.system == NATIVE:
        kib = int(re.search(r"MemTotal: +(\d+)", m.sh("cat /proc/meminfo")).group(1))
        yield MEMORY, "the whole machine", kib / 1024
        return
    if m.system in (PV, DRIVER):
        text = m.host.dom0("xl list", check=True).stdout.decode()
        for name, _, size in re.findall(r"^(\S+) +(\d+) +(\d+)", text, re.M):
            if name != "Domain-0":
                yield MEMORY, name, float(size)
        return
    for d in json.loads(m.host.dom0("virtuos list --json", check=True).stdout):
        yield MEMORY, d["role"], float(d["memory_mib"])


def boot_time(text):
    """The last kernel time stamp on a console since the kernel began."""
    begun = text.rfind("] Linux version")
    stamps = re.findall(r"^\[ *(\d+\.\d+)\]", text[max(begun - 20, 0):], re.M)
    return float(stamps[-1]) if stamps else None


def killed(m, service, load):
    """Kill a service domain under load; yields its outage and its time to boot."""
    m.host.forget_consoles()
    begun = time.monotonic()
    m.host.dom0("virtuos kill " + service, timeout=60, check=True)
    back = load.first_success(time.monotonic(), LIMIT)
    if not back:
        raise ValueError("%s is not back after %d s" % (service, LIMIT))
    yield OUTAGE, service, back - begun
    for name, text in m.host.consoles().items():
        if service in name and "Linux version" in text:
            t = boot_time(text)
            if t:
                yield BOOT, service, t


def outages(m):
    m.host.copy([os.path.join(TOP, "tests/host/demo_load.py")], "primary", "/root")
    with Page() as page:
        loads = {"net": Load(m.host, "net", page.url), "storage": Load(m.host, "storage", "/root/demo")}
        begun = time.monotonic()
        for service, load in loads.items():
            if not load.first_success(begun, 30):
                raise ValueError("the load on %s does not run" % service)
        for service, load in loads.items():
            yield from killed(m, service, load)

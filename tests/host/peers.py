# SPDX-License-Identifier: GPL-2.0-only
"""The peers: systems that the partitioned one is measured against, on the same machine
with the same userland image.

  native         Linux itself, without Xen
  pv             one ordinary guest that owns the NIC and the disk controller
  driver-domain  a guest with netfront and blkfront, served by two driver domains

They have our kernels' version and options (peers/*.config, scripts/kernel.sh), the
primary's memory and, unless told otherwise, its one CPU; driver domains have the memory
and CPUs of service domains. Their guest is called "primary" as well, and stands in
xenstore where `virtuos exec` looks for it, so that it is used in the same way.

A saved state each, kept as state.py keeps its own. Called by host.py.
"""
import os
import sys
import tempfile

import image
import state
from image import BUILD, HERE, TOP, Lock, digest
from machine import Linux, Machine, MachineError
from state import Progress, StateError
from vexec import VexecError

# The domains of each, in the order in which they are created.
DOMAINS = {"native": [], "pv": ["primary"], "driver-domain": ["net", "storage", "primary"]}
SYSTEMS = tuple(DOMAINS)
SETTINGS = os.path.join(HERE, "peers")
FORMAT = "1"            # raise when the way peers are brought up changes
MAX_CPUS = 3            # of four; dom0 has the first
# The primary's 768 MiB. The clock is the TSC, which is steady here but does not say so;
# a watchdog that doubted it would turn every look at the time into an access to a device.
NATIVE_ARGS = ("console=ttyS0 panic=-1 mem=768M nr_cpus=%d tsc=reliable "
               "ip=10.0.2.15::10.0.2.2:255.255.255.0::eth0:off peer.root=/dev/sda")

# In dom0: create a domain.
CREATE = 'cd /root/peers && xl create -q "$0.cfg"'
# In dom0: wait until a driver domain says that it offers its device.
READY = r"""
id=$(xl domid "$0") || exit 1
for i in $(seq 300); do
	[ "$(xenstore-read /local/domain/$id/data/ready 2>/dev/null)" = 1 ] && exit 0
	xl domid "$0" >/dev/null || exit 1
	sleep 0.2
done
exit 1
"""
# In dom0: what virtuosd notes of a primary that runs, as far as `virtuos exec` reads it.
MEET = r"""
at=/virtuos/primary/domain/primary
xenstore-write $at/role primary $at/domid "$(xl domid primary)" $at/state running
"""


def kernels(system):
    """What the domains boot, by the names that their configurations use."""
    found = {}
    for role in ["peer"] + ["driver"] * (system == "driver-domain"):
        found[role + ".vmlinuz"] = os.path.join(BUILD, "kernel", role, "arch/x86/boot/bzImage")
        found[role + ".img"] = os.path.join(BUILD, "initrd", role + ".img")
    for path in found.values():
        if not os.path.exists(path):
            raise StateError("no %s: run `make peers` first" % os.path.relpath(path, TOP))
    return found


def configuration(system, domain, cpus):
    """An xl configuration, the userland's domain with so many CPUs."""
    with open(os.path.join(SETTINGS, system, domain + ".cfg")) as f:
        text = f.read()
    if domain == "primary" and cpus > 1:
        pins = ", ".join('"%d"' % n for n in range(1, cpus + 1))
        text = text.replace("vcpus = 1\n", "vcpus = %d\n" % cpus).replace('cpus = "1"\n', "cpus = [ %s ]\n" % pins)
    return text


def check_cpus(system, cpus):
    most = 1 if system == "driver-domain" else MAX_CPUS
    if not 1 <= cpus <= most:
        raise StateError("%s: the userland may have 1 to %d CPUs" % (system, most))


def exec_client(deb):
    """The `virtuos` program out of our package; nothing else of it is installed."""
    with tempfile.TemporaryDirectory() as tmp:
        image.run(["dpkg-deb", "-x", deb, tmp])
        with open(os.path.join(tmp, "usr/sbin/virtuos"), "rb") as f:
            return f.read()


def put(dom0, path, data, mode="644"):
    dom0.run(["sh", "-c", 'mkdir -p "${0%/*}" && cat > "$0" && chmod "$1" "$0"', path, mode],
             stdin=data, timeout=60, check=True)


def install(dom0, system, client, cpus):
    """Everything that the domains need, into dom0."""
    put(dom0, "/usr/sbin/virtuos", client, "755")
    for name, path in kernels(system).items():
        with open(path, "rb") as f:
            put(dom0, "/root/peers/" + name, f.read())
    for domain in DOMAINS[system]:
        put(dom0, "/root/peers/%s.cfg" % domain, configuration(system, domain, cpus).encode())


def create(dom0, domain, progress):
    dom0.run(["sh", "-c", CREATE, domain], timeout=120, check=True, poll=progress.tick)
    if domain == "primary":
        dom0.run(["sh", "-c", MEET], timeout=20, check=True)
    else:
        dom0.run(["sh", "-c", READY, domain], timeout=90, check=True, poll=progress.tick)
    progress.step("%s runs" % domain)


def on_xen(system, xen, deb, cpus):
    """The directory of the state in which the userland runs in a guest."""
    client = exec_client(deb)
    base, base_key = state.bare(xen, deb)
    data, data_key = image.image("primary", deb)
    key = digest(base_key, data_key, client.hex(), FORMAT, state.FORMAT,
                 *[configuration(system, d, cpus) for d in DOMAINS[system]],
                 *[("file", path) for path in kernels(system).values()])
    place = os.path.join(state.STATES, "%s-%s" % (system, key))
    with Lock("%s-%s" % (system, key)):
        if not state.valid(place):
            progress = Progress("bringing up SYSTEM=" + system)
            with open(os.path.join(base, "needs")) as f:
                dom0 = f.read().split()[0]
            m = state.resumed(base, (os.path.join(data, "disk.raw"), "raw"), xen=xen)
            try:
                install(m.ports[0], system, client, cpus)
                for domain in DOMAINS[system]:
                    create(m.ports[0], domain, progress)
                state.wait_primary(m.ports[0], progress)
                state.store(m, place, [dom0, base, data])
            except (VexecError, StateError):
                sys.stderr.write(state.consoles(m))
                raise
            finally:
                m.close()
            progress.step("saved")
    return place


def native_boot(cpus):
    found = kernels("native")
    return Linux(found["peer.vmlinuz"], found["peer.img"], NATIVE_ARGS % cpus)


def native(deb, cpus):
    """The directory of the state in which the userland runs without Xen."""
    data, data_key = image.image("primary", deb)
    boot = native_boot(cpus)
    key = digest(data_key, state.code_key(), FORMAT, boot.args, ("file", boot.kernel), ("file", boot.initrd))
    place = os.path.join(state.STATES, "native-" + key)
    with Lock("native-" + key):
        if not state.valid(place):
            progress = Progress("bringing up SYSTEM=native")
            m = Machine(None, (os.path.join(data, "disk.raw"), "raw"), boot)
            try:
                for port in m.ports:
                    port.reset(state.BOOT_TIMEOUT, progress.tick)
                m.ports[0].run(["systemctl", "is-system-running", "--wait"],
                               timeout=state.UNITS_TIMEOUT, poll=progress.tick)
                state.store(m, place, [data])
            except (VexecError, MachineError):
                sys.stderr.write(m.log("serial.log"))
                raise
            finally:
                m.close()
            progress.step("saved")
    return place


def resumed(system, xen=None, deb=None, hostfwd="", cpus=1):
    """A machine of one's own on which the system runs; its state is made first if there is none."""
    if system not in SYSTEMS:
        raise StateError("SYSTEM=%s: there are virtuos, %s" % (system, ", ".join(SYSTEMS)))
    check_cpus(system, cpus)
    deb = state.need_deb(deb)
    if system != "native":
        return state.resumed(on_xen(system, xen, deb, cpus), xen=xen, hostfwd=hostfwd)
    place = native(deb, cpus)
    m = Machine(None, (os.path.join(place, "data.qcow2"), "qcow2"), native_boot(cpus),
                incoming=os.path.join(place, "state"), hostfwd=hostfwd)
    try:
        m.resume()
        m.ports[0].reset(30)
        state.set_clock(m.ports[0])
    except BaseException:
        m.close()
        raise
    return m

# SPDX-License-Identifier: GPL-2.0-only
"""Saved states of the emulated host: boot once, then restore in seconds.

Two kinds, the second made from the first:
  bare  dom0 has booted, no guest runs;
  up    on top of it the virtuos package installed, `virtuos up` done, the
        primary's userland booted and answering.
Each lies in the cache under a key over all that went in: images, hypervisor,
QEMU's version and command line, package, configuration.

Invariant: a state directory is complete once it has its final name; what it was
made from is never changed. Called by host.py.
"""
import os
import shutil
import sys
import tempfile
import time

import image
import splats
from image import CACHE, DEBUG, HERE, SETTINGS, SLOW, Lock, digest, say
from machine import (CPU, DISKS, DOM0_ARGS, MEMORY, PORTS, VCPUS, XEN_ARGS, Machine, qemu_version,
                     xen_elf)
from vexec import VexecError, VexecTimeout

STATES = os.path.join(CACHE, "states")
KEEP = int(os.environ.get("VIRTUOS_CACHE_KEEP", 3))
BOOT_TIMEOUT = 300
UP_TIMEOUT = 240 * SLOW
UNITS_TIMEOUT = 120 * SLOW
FORMAT = "2"

# Prints what consoles said since the last call, each piece under a "== name" line.
# hypervisor.log is what xenconsoled takes from Xen's ring.
NEW_OUTPUT = r"""
mkdir -p /run/rig && cd /run/rig || exit 1
new() {
	was=$(cat "$1.mark" 2>/dev/null || echo 0)
	now=$(stat -c %s "$2")
	[ "$now" -lt "$was" ] && was=0
	if [ "$now" -gt "$was" ]; then
		echo "== $1"
		tail -c +$((was + 1)) "$2" | tail -c 400000
		echo
	fi
	echo "$now" > "$1.mark"
}
for f in /var/log/xen/console/*.log; do
	[ -f "$f" ] && n=${f##*/} && new "${n%.log}" "$f"
done
dmesg > dmesg.txt && new dom0 dmesg.txt
true
"""


class StateError(Exception):
    pass


def kind(name):
    """The name of a kind of state; those of other userlands are kept and pruned apart."""
    suites = [image.SUITES[role] for role in ("dom0", "primary")]
    name += image.apps_of("primary")
    return name if suites == ["bookworm"] * 2 else "@".join([name] + suites)


class Progress:
    """One line per step, with its time; while a step lasts, a sign of life every 10 s."""

    def __init__(self, what):
        self.what = what
        self.begun = self.last = time.monotonic()

    def step(self, text):
        self.last = time.monotonic()
        say("%s: %s (%.0f s)" % (self.what, text, self.last - self.begun))

    def tick(self):
        if time.monotonic() - self.last >= 10:
            self.step("still at it")


def valid(place):
    """Is the state there, with everything its disks lie over? Marks all of it as used."""
    try:
        with open(os.path.join(place, "needs")) as f:
            needs = f.read().split()
        for path in [place] + needs:
            os.utime(path)
    except FileNotFoundError:
        return False
    return True


def store(machine, place, needs, faults=()):
    """Save a machine as `place`; @faults: what its consoles told while it came up."""
    os.makedirs(STATES, exist_ok=True)
    tmp = tempfile.mkdtemp(prefix="tmp-", dir=STATES)
    try:
        machine.save(tmp)
        with open(os.path.join(tmp, "needs"), "w") as f:
            f.write("\n".join(needs) + "\n")
        with open(os.path.join(tmp, "faults"), "w") as f:
            f.writelines(line + "\n" for line in faults)
        shutil.rmtree(place, ignore_errors=True)
        os.rename(tmp, place)
    finally:
        shutil.rmtree(tmp, ignore_errors=True)
    image.prune("states/%s-*/" % os.path.basename(place).split("-")[0], KEEP)


def faults_of(place):
    """What the consoles of the machine saved in `place` told while it came up: lines."""
    with open(os.path.join(place, "faults")) as f:
        return f.read().splitlines()


def code_key():
    """QEMU's version and command line."""
    return digest(qemu_version(), CPU, str(VCPUS), XEN_ARGS, DOM0_ARGS, str(MEMORY), str(PORTS), repr(DISKS), FORMAT)


class Miscalibrated(Exception):
    """The machine's timers do not go with its clock."""


def check_timers(dom0):
    """Xen measures the processor's timer at boot, in some milliseconds. Where the build
    machine was busy just then, timers are off by a factor: a second's sleep took minutes in
    a machine that was saved so, and every test in it failed."""
    begun = time.monotonic()
    try:
        dom0.run(["sleep", "2"], timeout=20, check=True)
    except VexecTimeout:
        pass
    took = time.monotonic() - begun
    if not 1 < took < 10:
        raise Miscalibrated("a sleep of 2 s in dom0 took %.1f s: the machine is too busy to boot Xen on" % took)


def boot(dom0, data, xen, disk="ahci", progress=None, **kw):
    """Power on; returns a machine whose dom0 is up and whose agents answer."""
    progress = progress or Progress("host")
    progress.step("powering on, dom0 takes 30 to 60 s")
    m = Machine((os.path.join(dom0, "disk.raw"), "raw"), data, dom0, xen=xen, disk=disk, **kw)
    try:
        for port in m.ports:
            port.reset(BOOT_TIMEOUT, progress.tick)
        progress.step("dom0 answers")
        # Every unit has settled; whether one failed is not the rig's question.
        m.ports[0].run(["systemctl", "is-system-running", "--wait"], timeout=BOOT_TIMEOUT,
                       poll=progress.tick)
        m.ports[0].run(["xl", "info"], timeout=30, check=True)
        m.ports[0].run(["sh", "-c", NEW_OUTPUT], timeout=60, check=True)
        check_timers(m.ports[0])
        progress.step("dom0 is up")
        return m
    except BaseException:
        say("serial line:\n" + m.log("serial.log"))
        m.close()
        raise


def boot_again(dom0, data, xen, progress):
    """boot(), up to three times where only the timers are wrong."""
    for _ in range(2):
        try:
            return boot(dom0, data, xen, progress=progress)
        except Miscalibrated as e:
            say("%s; once more" % e)
    return boot(dom0, data, xen, progress=progress)


def set_clock(agent):
    """A restored machine shows when it was saved."""
    agent.run(["date", "-s", "@%.2f" % time.time()], timeout=60, check=True)


def resumed(place, data=None, **kw):
    """Restore a state; `data` replaces the data disk that the state was saved with."""
    image_of = "/images/%s-" % image.place_of("dom0")
    dom0 = [n for n in open(os.path.join(place, "needs")).read().split() if image_of in n][0]
    m = Machine((os.path.join(place, "dom0.qcow2"), "qcow2"),
                data or (os.path.join(place, "data.qcow2"), "qcow2"), dom0,
                incoming=os.path.join(place, "state"), **kw)
    try:
        m.resume()
        m.ports[0].reset(30)
        set_clock(m.ports[0])
    except BaseException:
        m.close()
        raise
    return m


def bare(xen=None, deb=None):
    """The directory of the state with dom0 alone, and its key."""
    dom0, dom0_key = image.image("dom0", deb)
    key = digest(dom0_key, ("file", xen_elf(xen)), code_key())
    place = os.path.join(STATES, "%s-%s" % (kind("bare"), key))
    with Lock("bare-" + key):
        if not valid(place):
            data, _ = image.image("primary", deb)
            progress = Progress("dom0 alone")
            m = boot_again(dom0, (os.path.join(data, "disk.raw"), "raw"), xen, progress)
            try:
                store(m, place, [dom0, data])
            finally:
                m.close()
            progress.step("saved")
    return place, key


def primary_cpus():
    """The CPUs that the primary's vCPUs have."""
    return [1] + list(range(4, 3 + VCPUS))


def settings(folder):
    """The lines of a virtuos.cfg, by their first word; comments and blanks by their number."""
    with open(os.path.join(folder, "virtuos.cfg")) as f:
        return {line.split(" = ")[0] if " = " in line else n: line for n, line in enumerate(f)}


def config(disk="ahci"):
    """The rig's virtuos.cfg, for the chosen disk controller."""
    lines = settings(SETTINGS)
    if DEBUG:
        lines.update((k, v) for k, v in settings(os.path.join(HERE, "debug")).items() if isinstance(k, str))
    if image.BARE:
        lines["primary_extra"] = lines["primary_extra"].rstrip('"\n') + ' init=%s"\n' % image.BARE_INIT_AT
    text = "".join(lines.values())
    if disk == "nvme":
        text = text.replace("0000:01:00.0", "0000:00:04.0").replace("/dev/sda", "/dev/nvme0n1")
    if VCPUS > 1:
        text = text.replace("primary_vcpus = 1", "primary_vcpus = %d" % VCPUS)
        text = text.replace('primary_cpus = "1"', 'primary_cpus = "%s"' % ",".join(map(str, primary_cpus())))
    return text


def bring_up(m, deb, disk, progress):
    """In a running dom0: install the package, configure, bring everything up. Lines that
    tell of a kernel's fault on the way."""
    dom0 = m.ports[0]
    for path in image.companions(deb):
        with open(path, "rb") as f:
            dom0.run(["sh", "-c", "cat > /root/%s" % os.path.basename(path)], stdin=f.read(), timeout=60, check=True)
    dom0.run(["sh", "-c", "cd /root && DEBIAN_FRONTEND=noninteractive dpkg -i *.deb && rm *.deb"],
             timeout=300, check=True, poll=progress.tick)
    dom0.run(["sh", "-c", "mkdir -p /etc/virtuos && cat > /etc/virtuos/virtuos.cfg"],
             stdin=config(disk).encode(), timeout=20, check=True)
    progress.step("virtuos is installed in dom0")
    dom0.run(["systemctl", "start", "virtuos.service"], timeout=UP_TIMEOUT, check=True, poll=progress.tick)
    progress.step("virtuos.service has started")
    for i, cpu in enumerate(primary_cpus()):
        dom0.run(["xl", "vcpu-pin", "primary", str(i), str(cpu)], timeout=120, check=True)
    wait_primary(dom0, progress)
    progress.step("the primary answers")
    wait_services(dom0, progress)
    # What was printed until now is looked at here; each run looks at its own part.
    new = dom0.run(["sh", "-c", NEW_OUTPUT], timeout=120, check=True)
    faults = [line.strip() for line in splats.scan(new.stdout.decode(errors="replace"))]
    for line in faults:
        say("fault while coming up: %s" % line)
    return faults


def wait_primary(dom0, progress):
    """Wait until the primary's agent answers and its units have settled."""
    end = time.monotonic() + UP_TIMEOUT
    while True:
        r = dom0.run(["virtuos", "exec", "--", "true"], timeout=60, poll=progress.tick)
        if r.status == 0:
            break
        why = r.stderr.decode(errors="replace")
        # A domain that is waiting will be started again; one that has failed will not.
        if "is failed" in why or time.monotonic() > end:
            raise StateError("the primary does not answer: %s" % why)
        dom0.run(["sleep", "0.5"])
    try:
        dom0.run(["virtuos", "exec", "--", "systemctl", "is-system-running", "--wait"],
                 timeout=UNITS_TIMEOUT, poll=progress.tick)
    except VexecTimeout:
        say("some unit of the primary has not settled; going on without it")


# Prints the services that the primary does not use yet.
DOWN = "cd /sys/kernel/virtuos && for s in */; do grep -q up $s/state || echo $s; done"


def wait_services(dom0, progress):
    """Until the primary uses every service. Under load a NIC's driver may have got no
    interrupt (pciback answers too late); its domain then gets a second chance."""
    second = time.monotonic() + UNITS_TIMEOUT / 2
    end = second + UNITS_TIMEOUT
    while True:
        r = dom0.run(["virtuos", "exec", "--", "sh", "-c", DOWN], timeout=60, poll=progress.tick)
        down = r.stdout.decode().split()
        if r.status == 0 and not down:
            return
        now = time.monotonic()
        if now > end:
            raise StateError("services that do not come up: %s" % " ".join(down))
        if now > second:
            second = end
            for service in down:
                progress.step("%s is not there, restarting it" % service)
                dom0.run(["virtuos", "restart", service], timeout=60, poll=progress.tick)
        dom0.run(["sleep", "0.5"])


def consoles(m, lines=60):
    """What the guests, Xen and the serial line last said; for a machine that did not come up."""
    script = ("for f in /var/log/xen/console/guest-*.log; do [ -f $f ] && echo == $f && tail -n %d $f; done; "
              "for f in /var/log/xen/xl-*.log; do [ -f $f ] && echo == $f && tail -n 15 $f; done; "
              "echo == xl list; xl list; echo == xl dmesg; xl dmesg | tail -n 20; "
              "journalctl -u 'virtuos*' --no-pager -q | grep -v '| \\[ *[0-9]' | tail -n 40; tail -n 30 /var/log/virtuos/*" % lines)
    try:
        port = m.ports[2]
        port.reset(10)
        return port.run(["sh", "-c", script], timeout=30).stdout.decode(errors="replace")
    except Exception as e:          # the machine may be in any state
        return "(dom0 does not answer: %s)\n%s" % (e, m.log("serial.log"))


def need_deb(deb):
    deb = deb or image.find_deb()
    if not deb:
        raise StateError("no virtuos package under build/: run `make deb` first")
    return deb


def up(xen=None, deb=None):
    """The directory of the state with everything up."""
    deb = need_deb(deb)
    base, base_key = bare(xen, deb)
    data, data_key = image.image("primary", deb)
    key = digest(base_key, data_key, *[("file", p) for p in image.companions(deb)], config(), FORMAT)
    place = os.path.join(STATES, "%s-%s" % (kind("up"), key))
    with Lock("up-" + key):
        if not valid(place):
            progress = Progress("bringing up")
            with open(os.path.join(base, "needs")) as f:
                dom0 = f.read().split()[0]
            m = resumed(base, (os.path.join(data, "disk.raw"), "raw"), xen=xen)
            try:
                faults = bring_up(m, deb, "ahci", progress)
                store(m, place, [dom0, base, data], faults)
            except (VexecError, StateError):
                sys.stderr.write(consoles(m))
                raise
            finally:
                m.close()
            progress.step("saved")
    return place


def cold(xen=None, deb=None, disk="ahci", keep_data=None, hostfwd=""):
    """A machine booted from power-on, with everything up; nothing is saved."""
    deb = need_deb(deb)
    dom0, _ = image.image("dom0", deb)
    data, _ = image.image("primary", deb)
    progress = Progress("cold boot, DISK=%s" % disk)
    m = boot(dom0, (os.path.join(data, "disk.raw"), "raw"), xen, disk, progress,
             keep_data=keep_data, hostfwd=hostfwd)
    try:
        m.faults = bring_up(m, deb, disk, progress)
    except BaseException:
        sys.stderr.write(consoles(m))
        m.close()
        raise
    return m

# SPDX-License-Identifier: GPL-2.0-only
"""Domains beside domain 0 (dom0/), on Xen with our patches and vpmu=per-domain: who has
counters and who has none, and the primary's kernel as a PV guest that has them."""
import functools
import os

from boot import Boot, lines, once
from image import BUILD
from machine import xen_elf
from test_linux import KERNEL, growth

MACHINE = False
TIMEOUT = 500
DOM0 = os.path.join(BUILD, "pmu/dom0/init.cpio")
XEN_ARGS = ("console=com1 dom0_mem=1024M,max:1024M dom0_max_vcpus=1 dom0_vcpus_pin loglvl=all "
            "vpmu=per-domain,arch xpti=0 pv-l1tf=0")
ENOENT = 2
COUNTERS = 7


def boot(what):
    with Boot("-m", "2048", "-kernel", xen_elf("patched"), "-append", XEN_ARGS,
              "-initrd", "%s console=hvc0 quiet panic=-1 %s,%s" % (KERNEL, what, DOM0)) as m:
        return m.wait_for("end", 400)


RAN = {what: once(functools.partial(boot, what)) for what in ("neighbours", "guest")}


def printed(what, word):
    text = RAN[what]()
    found = lines(text, word)
    assert found, "nothing printed for %s:\n%s" % (word, text)
    return found


def test_a_domain_with_counters():
    """Its values stay its own, whoever runs in between, and it counts nobody else."""
    [leaf], [init] = printed("neighbours", "with.leaf"), printed("neighbours", "with.init")
    assert leaf["eax"] & 0xff == 2 and init["error"] == 0, (leaf, init)
    [kept] = printed("neighbours", "with.kept")
    assert kept["wrong"] == kept["faults"] == 0, kept
    first, *others = printed("neighbours", "with.counted")
    assert growth([first, *others], "insns") == [2, 2], (first, others)


def test_a_domain_without():
    """No leaf, no page, registers that read zero; rdpmc faults each time."""
    [leaf], [init] = printed("neighbours", "without.leaf"), printed("neighbours", "without.init")
    assert leaf == {"eax": 0, "edx": 0} and init["error"] == ENOENT, (leaf, init)
    [spied] = printed("neighbours", "without.spied")
    assert spied["rdpmc_faults"] == spied["rounds"] * COUNTERS, spied
    assert spied["seen"] == spied["cr4"] == 0, spied


def test_the_primarys_kernel_counts():
    for name, each in ("instructions", 2), ("branches", 1):
        rows = [x for x in printed("guest", "guest.count") if x[""] == name and x["modes"] == 1]
        assert growth(rows, "least") == [each] * 3, rows


def test_its_programs_read_counters_by_rdpmc():
    rows = printed("guest", "guest.rdpmc")
    assert growth(rows, "least") == [2, 2], rows


def test_its_samples():
    """A period has none that ends while the kernel, which is counted as well, stops the counter."""
    [x] = printed("guest", "guest.samples")
    assert 0 <= x["counted"] // x["period"] - x["samples"] <= 2 and x["samples"] >= 100, x
    assert x["inside"] >= 80 and x["others"] == 0, x


def test_its_samples_have_all_callers():
    """The kernel of Debian's own Xen guests, without patch 0021, has the leaf alone."""
    [x] = [x for x in RAN["guest"]().split("\n") if x.startswith("guest.row chains-with-all-callers")]
    known, measured = map(int, x.split()[2:])
    assert known >= 50 and measured >= 0.99 * known, x

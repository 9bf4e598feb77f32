# SPDX-License-Identifier: GPL-2.0-only
"""Xen's files for counters as a program (model/): two processors, three PV guests and an HVM guest
that do what comes to their mind, vCPUs that move, interrupts that come late, units that are given
up and taken again, suspend. Each guest must find its own values and nobody else's, exactly. This is
what emulation cannot show: its interrupts come at once, and HVM guests do not boot."""
import collections
import os
import shutil
import subprocess
import tempfile

from boot import lines
from image import BUILD
from test_switches import ACCESSES

MACHINE = False
TIMEOUT = 300
SOURCES = os.path.join(BUILD, "xen/sources")
MODEL = os.path.join(BUILD, "pmu/model/model")
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "model")
INTEL, COMMON = "xen/arch/x86/cpu/vpmu_intel.c", "xen/arch/x86/cpu/vpmu.c"
# Each a line that patch 0006 or 0007 is not right without.
NEEDED = {
    "a write that an overflow has overtaken": (INTEL, "    core2_vpmu_forget();\n\n    if ("),
    "an HVM vCPU whose counters start on entry": (COMMON, "    if ( is_hvm_vcpu(v) )\n        core2_vpmu_forget();"),
    "a counter that is written": (INTEL, "        priv->changed |= 1ULL << index;"),
    "a counter that is started": (INTEL, "    priv->changed |= core2_vpmu_cxt->global_ctrl & *enabled_cntrs;"),
    "a counter that is loaded running": (INTEL, "        priv->changed |= core2_vpmu_cxt->global_ctrl & "
                                                "priv->enabled_cntrs;"),
    "suspend": (INTEL, " + system_reset_counter"),
    "the status": (INTEL, "        wrmsrl(MSR_CORE_PERF_GLOBAL_OVF_CTRL, status & ~global_ovf_ctrl_mask);"),
    "an overflow amid a flush": (INTEL, " | VPMU_CACHED"),
    "whose counters are stopped": (INTEL, " && (!loaded || loaded == v || !hw_followed(v))"),
    "whose counters are saved": (INTEL, " if ( hw->loaded == v && priv->cpu == smp_processor_id() )"),
    "the width of a counter": (INTEL, "        if ( xen_pmu_cntr_pair[i].counter & arch_counters_mask )\n"
                                      "            return -EINVAL;"),
}


def run(program, *args):
    r = subprocess.run([program, *map(str, args)], capture_output=True, text=True)
    return r.returncode, r.stdout


def runs(program, steps, seeds):
    """The outcomes, each way of the processor and of Xen by turns."""
    for seed in range(1, seeds + 1):
        yield seed, run(program, steps, seed, seed & 1, seed >> 1 & 1, (1, 3, 40, 400)[seed >> 2 & 3])


def test_each_finds_its_own():
    total = collections.Counter()
    for seed, (status, text) in runs(MODEL, 200000, 64):
        assert status == 0, (seed, text)
        [done] = lines(text, "done")
        total.update(done)
    print("#   %d steps, %d switches, %d checks" % (total["steps"], total["switches"], total["checks"]))
    assert total["checks"] > total["steps"] / 2


def test_what_a_switch_takes():
    """The same as test_switches.py finds on an emulated processor."""
    for split in 0, 1:
        status, text = run(MODEL, "cost", split)
        assert status == 0, text
        assert {x[""]: x["accesses"] for x in lines(text, "cost")} == {"none": 0, **ACCESSES}, text


def test_it_finds_what_is_left_out():
    with tempfile.TemporaryDirectory(prefix="virtuos-%d-" % os.getpid()) as at:
        tree, out = os.path.join(at, "xen"), os.path.join(at, "out")
        os.mkdir(out)
        shutil.copytree(SOURCES, tree)
        for what, (file, text) in NEEDED.items():
            with open(os.path.join(SOURCES, file)) as f:
                source = f.read()
            assert source.count(text) == 1, what
            with open(os.path.join(tree, file), "w") as f:
                f.write(source.replace(text, "    if (" if text.endswith("if (") else ""))
            subprocess.run(["make", "-s", "-B", "-C", FOLDER, "OUT=" + out, "XEN=" + tree], check=True)
            with open(os.path.join(tree, file), "w") as f:
                f.write(source)
            failed = [seed for seed, (status, _) in runs(os.path.join(out, "model"), 200000, 16) if status]
            print("#   %s: %d of 16 fail" % (what, len(failed)))
            assert failed, what
